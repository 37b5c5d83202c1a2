"""Decompositions: the rise since 2014 by authority, growth by legal status, what accounts for the variance."""

from __future__ import annotations

from typing import Any

from gofal.data import records
from gofal.decomposition import kitagawa, shapley, theil
from gofal.decomposition._parts import add_up
from gofal.decomposition.importance import ShapleyResult
from gofal.decomposition.rates import KitagawaResult
from gofal.describe import describe
from gofal.errors import NumericalError
from gofal.language import Text
from gofal.results import Claim
from gofal.studies.inputs import CODES, column, national
from gofal.studies.model import StudyTable
from gofal.studies.variation_models import GROUPS, YEARS, Models

__all__ = [
    "OTHERS",
    "convergence",
    "explained",
    "falling",
    "growth",
    "part_claims",
    "part_tables",
    "rise",
]

OTHERS = "others"
RISE = (2014, 2020)
_POPULATION = {2014: ("pop_0_17_approx", "mid-2013"), 2020: ("pop_0_17", "mid-2019")}
_CV = ("0.3408", "0.3038", "0.2892", "0.2874", "0.2647", "0.2319", "0.2284")
_LEGAL = {
    "care order": Text("Care order", "Gorchymyn gofal"),
    "single period of accommodation": Text("Accommodated by agreement", "Llety drwy gytundeb"),
    "remand, detained or other compulsory order": Text(
        "Remanded or detained", "Ar remánd neu wedi'u cadw"
    ),
    "other legal status": Text("Other legal status", "Statws cyfreithiol arall"),
}


def _rates(year: int) -> list[float | None]:
    return column("looked_after", "cla_rate_per_10000_under18", f"{year}-03-31")


def rise() -> KitagawaResult:
    """Split the rise of the Welsh rate of looked-after children, 2014 to 2020, by authority.

    Sixteen authorities have printed rates in both years. The other six are one category: the Welsh count less the
    sixteen, over their children; so the parts add up to the rate of Wales and not of sixteen authorities.
    """
    held = [all(v is not None for v in pair) for pair in zip(*map(_rates, RISE), strict=True)]
    rows: dict[str, list[Any]] = {"area": [], "year": [], "rate": [], "children": []}
    for year in RISE:
        children = column("population", *_POPULATION[year])
        count = national("wales_series", "cla_31march_count", f"{year}-03-31")
        others = 0.0
        for code, known, rate, size in zip(CODES, held, _rates(year), children, strict=True):
            if size is None:
                message = f"no population of {code} for {year}"
                raise NumericalError(message, kind="undefined")
            if not known or rate is None:
                others += size
                continue
            count -= rate * size / 10_000
            _add(rows, code, year, rate, size)
        _add(rows, OTHERS, year, 10_000 * count / others, others)
    return kitagawa(
        rows, "area", between="year", first=str(RISE[1]), second=str(RISE[0]), rate="rate",
        population="children",
    )  # fmt: skip


def _add(rows: dict[str, list[Any]], area: str, year: int, rate: float, size: float) -> None:
    for name, value in zip(rows, (area, str(year), rate, size), strict=True):
        rows[name].append(value)


def falling() -> list[str]:
    """Return the authorities whose printed rate fell from 2014 to 2018."""
    pairs = zip(CODES, _rates(2014), _rates(2018), strict=True)
    return [code for code, before, after in pairs if before and after and after < before]


def growth() -> tuple[dict[str, Any], ...]:
    """Return what each legal status adds to the growth of 2017 to 2023, in percentage points.

    Raises
    ------
    NumericalError
        If the contributions do not add up to the growth.
    """
    by_year = [
        {r["category"]: r["value"] for r in records("wales_series", measure="cla_by_legal_status",
                                                    period=f"{y}-03-31", area="wales")}
        for y in (2017, 2023)
    ]  # fmt: skip
    before, after = (sum(v.values()) for v in by_year)
    rows = [
        {"status": words, "before": by_year[0][key], "after": by_year[1][key],
         "change": by_year[1][key] - by_year[0][key],
         "points": 100 * (by_year[1][key] - by_year[0][key]) / before}
        for key, words in _LEGAL.items()
    ]  # fmt: skip
    total = 100 * (after / before - 1)
    add_up("the contributions to growth", (r["points"] for r in rows), total, 100.0)
    rows.append({"status": Text("All", "Pawb"), "before": before, "after": after,
                 "change": after - before, "points": total})  # fmt: skip
    return tuple(rows)


def convergence(table: dict[str, list[Any]]) -> tuple[dict[str, Any], ...]:
    """Return the coefficient of variation and Theil's index of the rate, by year."""
    rows = []
    for year in YEARS:
        values = [v for v, y in zip(table["rate"], table["year"], strict=True) if y == year]
        one = describe({"rate": values}, "rate").to_arrow().to_pylist()[0]
        index = theil({"rate": values}, "rate", interval="bca").to_arrow().to_pylist()[0]
        rows.append({"year": year, "cv": one["sd"] / one["mean"], "theil": 1000 * index["estimate"],
                     "low": 1000 * index["conf_low"], "high": 1000 * index["conf_high"]})  # fmt: skip
    return tuple(rows)


def explained(table: dict[str, list[Any]]) -> ShapleyResult:
    """Return the shares of R² of the mean rates of 22 authorities, by group of covariates."""
    n = len(CODES)
    wide = {name: table[name][:n] for _, columns in GROUPS.values() for name in columns}
    wide["rate"] = [sum(table["rate"][i::n]) / len(YEARS) for i in range(n)]
    return shapley(wide, "rate", {name: columns for name, (_, columns) in GROUPS.items()})


def part_claims(years: tuple[dict[str, Any], ...]) -> tuple[Claim, ...]:
    """Return published numbers of convergence, of falling rates and of care orders beside ours."""
    out = [
        Claim.check(published, row["cv"], id=f"cv-{row['year']}",
                    source="R 4.2.2 on StatsWales care and support rates",
                    text_en=f"Coefficient of variation of the rate, {row['year']}",
                    text_cy=f"Cyfernod amrywiad y gyfradd, {row['year']}")
        for published, row in zip(_CV, years, strict=True)
    ]  # fmt: skip
    out.append(
        Claim.check("5", len(falling()), id="falling-2014-2018", rounding="exact",
                    source="StatsWales; count of printed rates",
                    text_en="Of 16 authorities with printed rates: fell from 2014 to 2018",
                    text_cy="O 16 awdurdod â chyfraddau printiedig: disgynnodd rhwng 2014 a 2018")
    )  # fmt: skip
    for year, published in ((2020, "84%"), (2021, "86%"), (2023, "82%")):
        orders = national("wales_series", "cla_by_legal_status", f"{year}-03-31", "care order")
        everyone = national("wales_series", "cla_31march_count", f"{year}-03-31")
        out.append(
            Claim.check(published, 100 * orders / everyone, id=f"care-orders-{year}",
                        source="Welsh Government, children looked after by local authorities",
                        text_en=f"Looked-after children on care orders, per cent, {year}",
                        text_cy=f"Plant sy'n derbyn gofal ar orchmynion gofal, y cant, {year}")
        )  # fmt: skip
    return tuple(out)


def part_tables(
    found: Models, explained_: ShapleyResult, years: tuple[dict[str, Any], ...]
) -> tuple[StudyTable, ...]:
    """Return the tables of shares, of growth and of convergence."""
    shares = {r["term"]: r for r in explained_.to_arrow().to_pylist()}
    low, high = Text("95% low", "95% isaf"), Text("95% high", "95% uchaf")
    return (
        StudyTable(
            "shares",
            Text("What goes with the differences between authorities, over all orders",
                 "Beth sy'n mynd gyda'r gwahaniaethau rhwng awdurdodau, dros bob trefn"),
            {"group": Text("Group", "Grŵp"), "r2": Text("Part of R², %", "Rhan o R², %"), "low": low, "high": high,
             "share": Text("Part of the variance, %", "Rhan o'r amrywiant, %"),
             "alone": Text("alone, %", "ar ei ben ei hun, %")},
            [{"group": r["group"], "r2": 100 * shares[r["name"]]["estimate"],
              "low": 100 * shares[r["name"]]["conf_low"], "high": 100 * shares[r["name"]]["conf_high"],
              "share": 100 * r["share"], "alone": 100 * r["alone"]} for r in found.shares],
            {"r2": 1, "low": 1, "high": 1, "share": 1, "alone": 1},
            Text("R²: least squares on 22 mean rates, intervals from 1,000 resamples of authorities; with five columns "
                 "for 22 authorities it is too high. Variance: of the mixed model with years, which allows for the "
                 "columns used.",
                 "R²: sgwariau lleiaf ar 22 cyfradd gymedrig, cyfyngau o 1,000 o ailsamplau o awdurdodau; gyda phum "
                 "colofn i 22 awdurdod mae'n rhy uchel. Amrywiant: o'r model cymysg â blynyddoedd, sy'n caniatáu am y "
                 "colofnau a ddefnyddiwyd."),
        ),
        StudyTable(
            "growth",
            Text("Growth of looked-after children 2017 to 2023 by legal status",
                 "Twf plant sy'n derbyn gofal 2017 i 2023 fesul statws cyfreithiol"),
            {"status": Text("Legal status", "Statws cyfreithiol"), "before": Text("2017", "2017"),
             "after": Text("2023", "2023"), "change": Text("Change", "Newid"),
             "points": Text("Points of growth", "Pwyntiau o dwf")},
            growth(),
            {"before": 0, "after": 0, "change": 0, "points": 1},
            Text("Counts rounded to 5: their sums are a little off the printed totals.",
                 "Cyfrifon wedi'u talgrynnu i 5: mae eu symiau ychydig yn wahanol i'r cyfansymiau printiedig."),
        ),
        StudyTable(
            "convergence",
            Text("Differences of the care-and-support rate between 22 authorities, by year",
                 "Gwahaniaethau yn y gyfradd gofal a chymorth rhwng 22 awdurdod, fesul blwyddyn"),
            {"year": Text("Year", "Blwyddyn"), "cv": Text("Coefficient of variation", "Cyfernod amrywiad"),
             "theil": Text("Theil's T × 1,000", "T Theil × 1,000"), "low": low, "high": high},
            years,
            {"cv": 4, "theil": 1, "low": 1, "high": 1},
            Text("Every authority counts the same. Intervals: bias-corrected and accelerated, 1,000 resamples.",
                 "Mae pob awdurdod yn cyfrif yr un fath. Cyfyngau: BCa, 1,000 o ailsamplau."),
        ),
    )  # fmt: skip
