"""Rates of children in need of care and support and of looked-after children, and deprivation."""

from __future__ import annotations

from typing import Any

from gofal.correlation import CorrelationResult, correlate
from gofal.funnel import FunnelResult, funnel
from gofal.language import Text
from gofal.rates import RateResult, rate
from gofal.regression import RegressionResult, lm
from gofal.results import Claim
from gofal.studies.inputs import column, columns, source_ids
from gofal.studies.model import Finding, Study, StudyFigure, StudyTable
from gofal.studies.rate_figures import gradient, heat, influence, level, movement, outliers, tiles
from gofal.wales import AUTHORITIES

__all__ = ["care_rates"]

YEARS = tuple(range(2017, 2024))
SUMMARIES = {
    "score": Text("average score", "sgôr gyfartalog"),
    "extent": Text("extent", "maint"),
    "worst10": Text("share in worst 10%", "cyfran yn y 10% gwaethaf"),
    "worst20": Text("share in worst 20%", "cyfran yn yr 20% gwaethaf"),
    "worst30": Text("share in worst 30%", "cyfran yn y 30% gwaethaf"),
    "worst50": Text("share in worst 50%", "cyfran yn y 50% gwaethaf"),
}
# Pearson correlation with the 2019 score and its two-sided p, R 4.2.2 cor.test on the same table.
PEARSON = ("0.526", "0.497", "0.490", "0.384", "0.448", "0.489", "0.297")
P_VALUES = ("0.012", "0.019", "0.021", "0.078", "0.037", "0.021", "0.179")
SPEARMAN = ("0.508", "0.413", "0.339", "0.311", "0.355", "0.457", "0.242")
CV = ("0.341", "0.304", "0.289", "0.287", "0.265", "0.232", "0.228")
SOURCE = "R 4.2.2 on StatsWales care and support rates and WIMD 2019"

_BY_CODE = {a.code: a for a in AUTHORITIES}


def _tables() -> dict[str, list[Any]]:
    shares = {
        f"worst{s}": column("deprivation", f"wimd_pct_lsoas_most_deprived_{s}", "2019")
        for s in (10, 20, 30, 50)
    }
    rates = {
        f"y{y}": column("care_and_support", "crcs_rate_per_10000_under18", f"{y}-03-31")
        for y in YEARS
    }
    return columns(
        score=column("deprivation", "wimd_score", "2019"),
        extent=column("deprivation", "wimd_extent", "2019"),
        **shares,
        **rates,
    )


def _editions() -> CorrelationResult:
    """2021 rates against the share in the worst tenth by edition, one call per edition held."""
    held = {
        f"e{e}": column("deprivation", "wimd_pct_lsoas_most_deprived_10", str(e))
        for e in (2014, 2019, 2025)
    }
    rates = column("care_and_support", "crcs_rate_per_10000_under18", "2021-03-31")
    return correlate(
        columns(y2021=rates, **held), list(held), "y2021", interval="fisher", p="analytic"
    )


def _looked_after() -> tuple[RateResult, FunnelResult]:
    period = "2023-03-31+2024-03-31"
    held = columns(
        count=column("looked_after", "cla_31march_count", period, "two-year sum"),
        children=column("population", "population_0_17", "2020-06-30", "persons"),
    )
    held["name"] = [a.en for a in AUTHORITIES]
    # Counts at two dates over one population: children at risk on two days.
    held["child_dates"] = [None if c is None else 2 * c for c in held["children"]]
    rates = rate(held, "count", "child_dates", keys="name")
    return rates, funnel(held, "count", "child_dates", area="name", overdispersion="none")


def _claims(analytic: CorrelationResult, ranks: CorrelationResult, fit: RegressionResult,
            cv: dict[int, float]) -> tuple[Claim, ...]:  # fmt: skip
    out = []
    for i, year in enumerate(YEARS):
        where = {"x": "score", "y": f"y{year}"}
        for result, column_, published, name, en, cy in (
            (
                analytic,
                "estimate",
                PEARSON[i],
                "pearson",
                "Pearson correlation",
                "Cydberthyniad Pearson",
            ),
            (
                analytic,
                "p_value",
                P_VALUES[i],
                "p",
                "p-value of the correlation",
                "gwerth-p y cydberthyniad",
            ),
            (
                ranks,
                "estimate",
                SPEARMAN[i],
                "spearman",
                "Spearman correlation",
                "Cydberthyniad Spearman",
            ),
        ):
            out.append(
                result.claim(
                    published, column=column_, where=where, id=f"{name}-{year}", source=SOURCE,
                    text_en=f"{en}: care-and-support rate {year} and WIMD 2019 score",
                    text_cy=f"{cy}: cyfradd gofal a chymorth {year} a sgôr MALlC 2019",
                )
            )  # fmt: skip
        out.append(
            Claim.check(
                CV[i], cv[year], id=f"cv-{year}", source=SOURCE,
                text_en=f"Coefficient of variation of the 22 rates, {year}",
                text_cy=f"Cyfernod amrywiad y 22 cyfradd, {year}",
            )
        )  # fmt: skip
    return (*out, *_claims_2021(analytic, fit))


def _claims_2021(analytic: CorrelationResult, fit: RegressionResult) -> tuple[Claim, ...]:
    out: list[Claim] = []
    out.append(
        Claim.check(
            "0.2006", fit.to_arrow("glance")["r_squared"][0].as_py(), id="r2-2021", source=SOURCE,
            text_en="R² of the 2021 rate on the WIMD 2019 score",
            text_cy="R² cyfradd 2021 ar sgôr MALlC 2019",
        )
    )  # fmt: skip
    out.append(
        fit.claim(
            "6.607", where={"term": "score"}, id="slope-2021", source=SOURCE,
            text_en="Slope of the 2021 rate on the WIMD 2019 score",
            text_cy="Graddiant cyfradd 2021 ar sgôr MALlC 2019",
        )
    )  # fmt: skip
    for column_, published, side in (
        ("conf_low", "0.032", "lower"),
        ("conf_high", "0.731", "upper"),
    ):
        out.append(
            analytic.claim(
                published, column=column_, where={"x": "score", "y": "y2021"}, source=SOURCE,
                id=f"fisher-{side}-2021", text_en=f"Fisher {side} limit of the 2021 correlation",
                text_cy=f"Terfyn Fisher {'isaf' if side == 'lower' else 'uchaf'} cydberthyniad 2021",
            )
        )  # fmt: skip
    return tuple(out)


def _panel_table(panel: CorrelationResult) -> StudyTable:
    rows = [
        {
            "summary": SUMMARIES[r["x"]],
            "year": int(r["y"][1:]),
            "r": r["estimate"],
            "low": r["conf_low"],
            "high": r["conf_high"],
            "p": r["p_value"],
            "p_adjusted": r["p_adjusted"],
        }
        for r in panel.to_arrow().to_pylist()
    ]
    return StudyTable(
        "panel",
        Text("Rate and deprivation by summary and year (Pearson, n = 22)",
             "Cyfradd ac amddifadedd fesul crynodeb a blwyddyn (Pearson, n = 22)"),
        {
            "summary": Text("Deprivation summary", "Crynodeb amddifadedd"),
            "year": Text("Year", "Blwyddyn"),
            "r": Text("r", "r"),
            "low": Text("95% low", "95% isaf"),
            "high": Text("95% high", "95% uchaf"),
            "p": Text("p", "p"),
            "p_adjusted": Text("p (Holm)", "p (Holm)"),
        },
        rows,
        {"r": 2, "low": 2, "high": 2, "p": 3, "p_adjusted": 3},
        Text("Intervals: bias-corrected and accelerated bootstrap, 10,000 resamples. p: permutation.",
             "Cyfyngau: bootstrap BCa, 10,000 o ailsamplau. p: trynewidiad."),
    )  # fmt: skip


def care_rates() -> Study:
    """Ask how far does deprivation explain the rate of care and support, and of care, in Wales.

    Returns
    -------
    Study
        Correlations of the care-and-support rate of 2017 to 2023 with six summaries of the Welsh
        Index of Multiple Deprivation 2019, influence of each authority, rates of looked-after
        children with intervals and funnel, national trend. Areas are the units throughout.
    """
    table = _tables()
    years = [f"y{y}" for y in YEARS]
    panel = correlate(table, list(SUMMARIES), years)
    analytic = correlate(table, "score", years, interval="fisher", p="analytic")
    ranks = correlate(table, "score", years, method="spearman", interval="fisher", p="analytic")
    fit = lm(table, "y2021", "score", vcov="classical")
    left = correlate(table, "score", "y2021", label="area")
    rates, outside = _looked_after()
    cv = {y: _cv(table[f"y{y}"]) for y in YEARS}
    counted = panel.to_arrow().to_pylist()
    return Study(
        id="care_rates",
        title=Text("Care rates and deprivation", "Cyfraddau gofal ac amddifadedd"),
        question=Text(
            "How far does deprivation explain the rate at which children receive care and support "
            "in the 22 authorities?",
            "I ba raddau y mae amddifadedd yn egluro'r gyfradd y mae plant yn derbyn gofal a "
            "chymorth yn y 22 awdurdod?",
        ),
        findings=_findings(counted, fit, left, outside, cv, _editions().to_arrow().to_pylist()),
        figures=(
            StudyFigure("gradient", lambda lang: gradient(table, fit, left, lang)),
            StudyFigure("panel", lambda lang: heat(counted, SUMMARIES, lang)),
            StudyFigure("influence", lambda lang: influence(left, lang)),
            StudyFigure("tiles", lambda lang: tiles(rates, lang)),
            StudyFigure("rates", lambda lang: level(rates, outside, lang)),
            StudyFigure("funnel", lambda lang: outliers(outside, lang)),
            StudyFigure("trend", movement),
        ),
        tables=(_panel_table(panel),),
        claims=_claims(analytic, ranks, fit, cv),
        caveats=CAVEATS,
        sources=source_ids(
            ("care_and_support", "crcs_rate_per_10000_under18"),
            ("deprivation", "wimd_score"),
            ("looked_after", "cla_31march_count"),
            ("population", "population_0_17"),
            ("wales_series", "cla_31march_count"),
        ),
    )


CAVEATS = (
    Text(
        "These are ecological associations: they compare authorities and say nothing about "
        "which children come into care.",
        "Cydberthyniadau ecolegol yw'r rhain: maent yn cymharu awdurdodau ac nid ydynt yn "
        "dweud dim am ba blant sy'n dod i ofal.",
    ),
    Text(
        "Looked-after counts are rounded to 5 and averaged over two dates; the population "
        "is that of mid-2020. Intervals treat counts at the two dates as independent, which "
        "makes them somewhat too narrow.",
        "Mae cyfrifon plant sy'n derbyn gofal wedi'u talgrynnu i 5 a'u cyfartalu dros ddau "
        "ddyddiad; poblogaeth canol 2020 a ddefnyddir. Mae'r cyfyngau'n trin y ddau "
        "ddyddiad yn annibynnol, felly maent braidd yn rhy gul.",
    ),
)


def _cv(values: list[Any]) -> float:
    """Standard deviation (n - 1) over the mean."""
    from gofal.describe import describe

    row = describe({"v": values}, "v").to_arrow().to_pylist()[0]
    return float(row["sd"] / row["mean"])


def _findings(
    panel: list[dict[str, Any]],
    fit: RegressionResult,
    left: CorrelationResult,
    outside: FunnelResult,
    cv: dict[int, float],
    editions: list[dict[str, Any]],
) -> tuple[Finding, ...]:
    score = {r["y"]: r for r in panel if r["x"] == "score"}
    main, low, high = score["y2021"], score["y2023"], score["y2017"]
    below = sum(r["p_value"] < 0.05 for r in panel)
    held = sum(r["p_adjusted"] < 0.05 for r in panel)
    r2 = fit.to_arrow("glance")["r_squared"][0].as_py()
    changes = [r for r in left.to_arrow("influence").to_pylist() if r["change"] is not None]
    weakest = min(changes, key=lambda r: r["estimate"])
    strongest = max(changes, key=lambda r: r["estimate"])
    funnel_row = outside.to_arrow("glance").to_pylist()[0]
    spread = (min(e["estimate"] for e in editions), max(e["estimate"] for e in editions))
    return (
        Finding("association", Text(
            f"In 2021 authorities with higher deprivation scores had higher care-and-support rates: "
            f"r = {main['estimate']:.2f} (95% interval {main['conf_low']:.2f} to "
            f"{main['conf_high']:.2f}, permutation p = {main['p_value']:.3f}, n = 22). Deprivation "
            f"accounts for {100 * r2:.0f}% of the variance between authorities; four fifths is left.",
            f"Yn 2021 roedd gan awdurdodau â sgorau amddifadedd uwch gyfraddau gofal a chymorth uwch: "
            f"r = {main['estimate']:.2f} (cyfwng 95% {main['conf_low']:.2f} i "
            f"{main['conf_high']:.2f}, p trynewidiad = {main['p_value']:.3f}, n = 22). Mae "
            f"amddifadedd yn cyfrif am {100 * r2:.0f}% o'r amrywiant rhwng awdurdodau; mae pedair "
            f"rhan o bump yn weddill.")),
        Finding("choice", Text(
            f"The choice of summary and year decides \"significance\": of {len(panel)} combinations "
            f"{below} have p below 0.05, and {held} after Holm's adjustment. With the average score "
            f"r falls from {high['estimate']:.2f} in 2017 to {low['estimate']:.2f} in 2023; with the "
            f"share in the worst tenth in 2021 it lies between {spread[0]:.2f} and {spread[1]:.2f} "
            f"depending on the edition of the index.",
            f"Dewis y crynodeb a'r flwyddyn sy'n penderfynu \"arwyddocâd\": o {len(panel)} cyfuniad "
            f"mae gan {below} p o dan 0.05, a {held} ar ôl addasiad Holm. Gyda'r sgôr gyfartalog mae "
            f"r yn disgyn o {high['estimate']:.2f} yn 2017 i {low['estimate']:.2f} yn 2023; gyda'r "
            f"gyfran yn y degfed gwaethaf yn 2021 mae rhwng {spread[0]:.2f} a {spread[1]:.2f} yn "
            f"ôl argraffiad y mynegai.")),
        Finding("influence", Text(
            f"One authority moves the answer: without {_BY_CODE[weakest['left_out']].en} r is "
            f"{weakest['estimate']:.2f}, without {_BY_CODE[strongest['left_out']].en} "
            f"{strongest['estimate']:.2f}.",
            f"Mae un awdurdod yn symud yr ateb: heb {_BY_CODE[weakest['left_out']].cy} mae r yn "
            f"{weakest['estimate']:.2f}, heb {_BY_CODE[strongest['left_out']].cy} yn "
            f"{strongest['estimate']:.2f}.")),
        Finding("convergence", Text(
            f"Authorities have grown more alike: the coefficient of variation of the rate fell from "
            f"{cv[2017]:.2f} in 2017 to {cv[2023]:.2f} in 2023.",
            f"Mae awdurdodau wedi dod yn debycach: disgynnodd cyfernod amrywiad y gyfradd o "
            f"{cv[2017]:.2f} yn 2017 i {cv[2023]:.2f} yn 2023.")),
        Finding("funnel", Text(
            f"Looked-after rates differ far more than chance allows: {funnel_row['n_outside']} of "
            f"{funnel_row['n_obs']} authorities lie outside the 95% funnel, and the dispersion is "
            f"{funnel_row['dispersion']:.0f} times that of chance alone.",
            f"Mae cyfraddau plant sy'n derbyn gofal yn amrywio lawer mwy nag y mae siawns yn ei "
            f"ganiatáu: mae {funnel_row['n_outside']} o {funnel_row['n_obs']} awdurdod y tu allan "
            f"i'r twndis 95%, ac mae'r gwasgariad {funnel_row['dispersion']:.0f} gwaith cymaint â "
            f"siawns yn unig.")),
    )  # fmt: skip
