"""Mixed models of the care-and-support rate: 22 authorities in seven years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gofal.icc import icc
from gofal.language import Text
from gofal.mixed import LmmResult, lmm
from gofal.results import Claim
from gofal.studies.inputs import CODES, column
from gofal.studies.model import StudyTable
from gofal.variance_shapley import shapley_variance

__all__ = [
    "GROUPS",
    "YEARS",
    "Models",
    "between",
    "model_claims",
    "models",
    "panel",
    "sequence_table",
    "share",
]

YEARS = tuple(range(2017, 2024))
RATE = ("care_and_support", "crcs_rate_per_10000_under18")
SPEND = ("spending", "social_services_net_current_expenditure_gbp_thousand")
SOURCE = "R 4.2.2, lme4 1.1-31 on StatsWales care and support rates and WIMD 2019"
GROUPS = {
    "deprivation": (Text("Deprivation", "Amddifadedd"), ("score",)),
    "trio": (Text("Proxies of the trio", "Mesurau procsi'r triawd"), ("mental", "alcohol", "violence")),
    "spend": (Text("Spend per child", "Gwariant y plentyn"), ("spend",)),
}  # fmt: skip
"""Covariates of authorities by group: name and columns, in the order they enter."""


def panel() -> dict[str, list[Any]]:
    """Return one row per authority and year: the rate and what authorities differ in."""
    spend = column(*SPEND, "2016-17", "children and families")
    children = column("population", "pop_0_17_approx", "mid-2016")
    fixed: dict[str, list[Any]] = {
        "authority": list(CODES),
        "score": column("deprivation", "wimd_score", "2019"),
        "mental": column("covariates", "gp_register_mental_health_prevalence_pct", "2024"),
        "alcohol": column("covariates", "alcohol_admissions_easr", "2023/24"),
        "violence": column("covariates", "police_recorded_violence_sexual_damage_rate", "year ending Sep 2024"),
        "spend": [None if s is None or not c else 1000 * s / c
                  for s, c in zip(spend, children, strict=True)],
    }  # fmt: skip
    table = {name: values * len(YEARS) for name, values in fixed.items()}
    table["rate"] = [v for y in YEARS for v in column(*RATE, f"{y}-03-31")]
    table["year"] = [y for y in YEARS for _ in CODES]
    table["since"] = [y - YEARS[0] for y in table["year"]]
    return table


def fit(table: dict[str, list[Any]], fixed: str, random: str = "(1 | authority)", *,
        reml: bool = True) -> LmmResult:  # fmt: skip
    """Return the mixed model of the rate with these fixed and random parts."""
    return lmm(table, f"rate ~ {fixed} + {random}", reml=reml)


def between(model: LmmResult, factor: str = "authority") -> float:
    """Return the variance of a factor's intercepts, or the residual variance."""
    rows = model.to_arrow("variance_components").to_pylist()
    return float(next(r["estimate"] for r in rows if r["factor"] == factor))


def share(model: LmmResult) -> float:
    """Return the variance partition coefficient of the authorities."""
    return float(model.to_arrow("vpc")["estimate"][0].as_py())


@dataclass(frozen=True)
class Models:
    """The fits that the study reads from."""

    null: LmmResult
    year: LmmResult
    score: LmmResult
    adjusted: LmmResult
    trends: LmmResult
    steps: tuple[dict[str, Any], ...]
    shares: tuple[dict[str, Any], ...]


def sequence(table: dict[str, list[Any]]) -> tuple[dict[str, Any], ...]:
    """Return null → year → deprivation → proxies of the trio → spend, each with what it leaves."""
    steps = [(Text("Null", "Nwl"), "1"), (Text("+ year", "+ blwyddyn"), "C(year)")]
    terms = ["C(year)"]
    for name, columns in GROUPS.values():
        terms += columns
        steps.append((Text(f"+ {name.en[0].lower()}{name.en[1:]}", f"+ {name.cy[0].lower()}{name.cy[1:]}"),
                      " + ".join(terms)))  # fmt: skip
    rows: list[dict[str, Any]] = []
    for label, fixed in steps:
        restricted, full = fit(table, fixed), fit(table, fixed, reml=False)
        variance, about = between(restricted), full.to_arrow("glance").to_pylist()[0]
        # Against the model with years alone: years hold nothing that authorities differ in.
        limits = _change(restricted) if len(rows) > 1 else dict.fromkeys(("change", "low", "high"))
        rows.append({
            "model": label, "between": variance, "residual": between(restricted, "residual"),
            "share": share(restricted), "aic": about["aic"], "r_squared": about["r_squared_marginal"],
            "step": variance - rows[-1]["between"] if rows else None,
            **limits,
        })  # fmt: skip
    return tuple(rows)


def _change(model: LmmResult) -> dict[str, float | None]:
    """Return the change in variance from the model with years alone, in per cent, with limits."""
    changed = model.change_in_variance("rate ~ C(year) + (1 | authority)", factor="authority")
    row = changed.to_arrow().to_pylist()[0]
    # Every draw is a search that ends within about 1e-8: further digits of its quantiles hang on the processor.
    low, high = (round(100 * row[k], 4) for k in ("conf_low", "conf_high"))
    return {"change": 100 * row["estimate"], "low": low, "high": high}


def shares_of_change(table: dict[str, list[Any]]) -> tuple[dict[str, Any], ...]:
    """Return the Shapley shares of the change in between-authority variance, over all orders of the groups."""
    groups = {name: columns for name, (_, columns) in GROUPS.items()}
    found = shapley_variance(table, "rate", groups, always="C(year)")
    return tuple(
        {"name": r["term"], "group": GROUPS[r["term"]][0], "variance": r["estimate"], "share": r["share"],
         "alone": r["alone"]}
        for r in found.to_arrow().to_pylist()
    )  # fmt: skip


def models(table: dict[str, list[Any]]) -> Models:
    """Fit every model of the study."""
    return Models(
        null=fit(table, "1"), year=fit(table, "C(year)"), score=fit(table, "score"),
        adjusted=fit(table, "C(year) + score"),
        trends=fit(table, "since", "(1 + since | authority)"),
        steps=sequence(table), shares=shares_of_change(table),
    )  # fmt: skip


def model_claims(table: dict[str, list[Any]], found: Models) -> tuple[Claim, ...]:
    """Return the published fits beside ours.

    The rates are balanced, so the variances are those of the analysis of variance, exactly; the last digits
    that lme4 printed are those of its search (4965.377281 where the exact value ends in 241) and are not claimed.
    """
    facts = {r["term"]: r for r in found.score.to_arrow().to_pylist()}
    one_way = icc(table, "rate", "authority").to_arrow().to_pylist()[0]
    before, after = between(found.null), between(found.score)
    null = found.null.to_arrow().to_pylist()[0]
    wanted = (
        ("null-intercept", "277.461039", null["estimate"], "Null model: mean rate", "Model nwl: cyfradd gymedrig"),
        ("null-between", "4965.377", before, "Null model: variance between authorities",
         "Model nwl: amrywiant rhwng awdurdodau"),
        ("null-residual", "1031.18831", between(found.null, "residual"), "Null model: residual variance",
         "Model nwl: amrywiant gweddilliol"),
        ("null-icc", "0.8280368", share(found.null), "Null model: share between authorities",
         "Model nwl: cyfran rhwng awdurdodau"),
        ("null-log-likelihood", "-787.651508", found.null.to_arrow("glance")["log_lik"][0].as_py(),
         "Null model: restricted log likelihood", "Model nwl: log tebygolrwydd cyfyngedig"),
        ("anova-icc", "0.8280368", one_way["estimate"], "The same share from the analysis of variance",
         "Yr un gyfran o'r dadansoddiad amrywiant"),
        ("anova-f", "34.7064", one_way["statistic"], "F of authorities on 21 and 132 degrees of freedom",
         "F awdurdodau ar 21 a 132 gradd rhyddid"),
        ("year-icc", "0.8309424", share(found.year), "With year effects: share between authorities",
         "Gydag effeithiau blwyddyn: cyfran rhwng awdurdodau"),
        ("score-intercept", "129.832", facts["(intercept)"]["estimate"], "With WIMD score: intercept",
         "Gyda sgôr MALlC: rhyngdoriad"),
        ("score-slope", "6.9202", facts["score"]["estimate"], "Rate per point of WIMD score",
         "Cyfradd fesul pwynt o sgôr MALlC"),
        ("score-slope-error", "2.7854", facts["score"]["std_error"], "Its standard error", "Ei gyfeiliornad safonol"),
        ("score-between", "3954.96", after, "With WIMD score: variance between authorities",
         "Gyda sgôr MALlC: amrywiant rhwng awdurdodau"),
        ("score-change", "20.35%", 100 * (1 - after / before), "Change in between-authority variance, per cent",
         "Newid yn yr amrywiant rhwng awdurdodau, y cant"),
    )  # fmt: skip
    return tuple(
        Claim.check(published, computed, id=name, text_en=en, text_cy=cy, source=SOURCE)
        for name, published, computed, en, cy in wanted
    )


def sequence_table(found: Models) -> StudyTable:
    """Return the models side by side."""
    return StudyTable(
        "sequence",
        Text("Models of the care-and-support rate that grow step by step, 22 authorities, 2017 to 2023",
             "Modelau o'r gyfradd gofal a chymorth sy'n tyfu gam wrth gam, 22 awdurdod, 2017 i 2023"),
        {"model": Text("Model", "Model"), "between": Text("Variance between", "Amrywiant rhwng"),
         "residual": Text("within", "o fewn"), "share": Text("Share between", "Cyfran rhwng"),
         "step": Text("Step", "Cam"), "change": Text("Accounted for, %", "Wedi'i egluro, %"),
         "low": Text("95% low", "95% isaf"), "high": Text("95% high", "95% uchaf"),
         "r_squared": Text("Marginal R²", "R² ymylol"), "aic": Text("AIC", "AIC")},
        found.steps,
        {"between": 0, "residual": 0, "share": 3, "step": 0, "change": 1, "low": 1, "high": 1, "r_squared": 3,
         "aic": 1},
        Text("Variances by restricted likelihood, R² and AIC by full likelihood, all on the same 154 rows. "
             "\"Accounted for\" is against the model with years; below 0: the step explains less than the degrees of "
             "freedom it costs. Intervals: parametric bootstrap, 999 draws of outcomes from the larger model.",
             "Amrywiannau drwy debygolrwydd cyfyngedig, R² ac AIC drwy debygolrwydd llawn, i gyd ar yr un 154 rhes. "
             "Mae \"wedi'i egluro\" yn erbyn y model â blynyddoedd; o dan 0: mae'r cam yn egluro llai na'r graddau "
             "rhyddid y mae'n eu costio. Cyfyngau: bootstrap parametrig, 999 o dyniadau o'r model mwyaf."),
    )  # fmt: skip
