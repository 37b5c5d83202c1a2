"""Spending on children and families against unemployment, community safety and deprivation."""

from __future__ import annotations

from typing import Any

import gofal.figures as fig
from gofal.correlation import CorrelationResult, correlate
from gofal.figures import Figure
from gofal.language import Text
from gofal.regression import RegressionResult, lm
from gofal.results import Claim
from gofal.studies.inputs import column, columns, national, source_ids
from gofal.studies.model import Finding, Study, StudyFigure, StudyTable
from gofal.typing import Lang

__all__ = ["spending"]

_SPEND = "social_services_net_current_expenditure_gbp_thousand"
DRIVERS = {
    "unemployment": Text("unemployment rate", "cyfradd ddiweithdra"),
    "safety": Text(
        "community-safety deprivation (crime)", "amddifadedd diogelwch cymunedol (trosedd)"
    ),
    "deprivation": Text("overall deprivation", "amddifadedd cyffredinol"),
}
YEARS = {"spend1516": "2015-16", "spend1617": "2016-17"}
NOTE = Text(
    "Source: Welsh Government, net current expenditure on children and families' services; ONS "
    "mid-year population aged 0 to 17 and model-based unemployment; WIMD 2014, share of small areas in "
    "the most deprived fifth. Open Government Licence v3.0.",
    "Ffynhonnell: Llywodraeth Cymru, gwariant cyfredol net ar wasanaethau plant a theuluoedd; SYG, "
    "poblogaeth 0 i 17 oed canol blwyddyn a diweithdra ar sail model; MALlC 2014, cyfran yr ardaloedd "
    "bach yn y pumed mwyaf difreintiedig. Trwydded Llywodraeth Agored v3.0.",
)


def _table() -> dict[str, list[Any]]:
    def per_child(year: str, population: str) -> list[float | None]:
        spend = column("spending", _SPEND, year, "children and families")
        children = column("population", "pop_0_17_approx", population)
        return [
            None if s is None or c is None else 1000 * s / c
            for s, c in zip(spend, children, strict=True)
        ]

    return columns(
        spend1516=per_child("2015-16", "mid-2015"),
        spend1617=per_child("2016-17", "mid-2016"),
        unemployment=column("covariates", "unemployment_model_based_pct", "year ending Mar 2016"),
        safety=column("deprivation", "safety_pct_lsoas_most_deprived_20", "2014"),
        deprivation=column("deprivation", "wimd_pct_lsoas_most_deprived_20", "2014"),
    )


def _forest(rows: list[dict[str, Any]], lang: Lang) -> Figure:
    shown = [
        {"label": DRIVERS[r["x"]].say(lang), "group": YEARS[r["y"]], "estimate": r["estimate"],
         "conf_low": r["conf_low"], "conf_high": r["conf_high"]}
        for r in rows
    ]  # fmt: skip
    low, high = (f(r["estimate"] for r in shown) for f in (min, max))
    return fig.forest(
        shown,
        x=Text("Correlation with spend per child", "Cydberthyniad â gwariant fesul plentyn"),
        title=Text("What goes with spending on children and families",
                   "Beth sy'n mynd gyda gwariant ar blant a theuluoedd"),
        subtitle=Text("Pearson correlation over 22 authorities, 95% bootstrap intervals",
                      "Cydberthyniad Pearson dros 22 awdurdod, cyfyngau bootstrap 95%"),
        alt=Text(f"Correlations of spend per child with three measures in two years, n = 22, from "
                 f"{low:.2f} to {high:.2f}.",
                 f"Cydberthyniadau gwariant fesul plentyn â thri mesur mewn dwy flynedd, n = 22, o "
                 f"{low:.2f} i {high:.2f}."),
        note=NOTE,
        lang=lang,
    )  # fmt: skip


def _models(table: dict[str, list[Any]]) -> tuple[StudyTable, RegressionResult]:
    rows: list[dict[str, Any]] = []
    last: RegressionResult | None = None
    for number, predictors in enumerate(
        (["unemployment"], ["safety"], ["deprivation"], list(DRIVERS)), start=1
    ):
        robust = lm(table, "spend1617", predictors)
        plain = lm(table, "spend1617", predictors, vcov="classical")
        r2 = robust.to_arrow("glance")["r_squared"][0].as_py()
        for a, b in zip(robust.to_arrow().to_pylist(), plain.to_arrow().to_pylist(), strict=True):
            if a["term"] != "(intercept)":
                rows.append(
                    {"model": number, "term": DRIVERS[a["term"]], "b": a["estimate"],
                     "se": b["std_error"], "hc3": a["std_error"], "p": a["p_value"], "r2": r2}
                )  # fmt: skip
        last = robust
    if last is None:
        message = "no model was fitted"
        raise RuntimeError(message)
    return StudyTable(
        "models",
        Text("Spend per child 2016-17 (£): least squares, n = 22",
             "Gwariant fesul plentyn 2016-17 (£): sgwariau lleiaf, n = 22"),
        {
            "model": Text("Model", "Model"), "term": Text("Per percentage point of", "Fesul pwynt canran o"),
            "b": Text("£ per child", "£ y plentyn"), "se": Text("SE", "GS"),
            "hc3": Text("SE (HC3)", "GS (HC3)"), "p": Text("p (HC3)", "p (HC3)"), "r2": Text("R²", "R²"),
        },
        rows,
        {"b": 2, "se": 2, "hc3": 2, "p": 3, "r2": 3},
        Text("With 22 authorities and three related predictors, model 4 shows how little the data can "
             "tell them apart.",
             "Gyda 22 awdurdod a thri rhagfynegydd perthynol, mae model 4 yn dangos cyn lleied y gall y "
             "data wahaniaethu rhyngddynt."),
    ), last  # fmt: skip


def _partials(table: dict[str, list[Any]]) -> list[dict[str, Any]]:
    out = []
    for driver in DRIVERS:
        others = [d for d in DRIVERS if d != driver]
        row = correlate(table, driver, "spend1617", controls=others).to_arrow().to_pylist()[0]
        out.append({"driver": DRIVERS[driver], "r": row["estimate"], "low": row["conf_low"],
                    "high": row["conf_high"], "p": row["p_value"]})  # fmt: skip
    return out


def _partial_table(partials: list[dict[str, Any]]) -> StudyTable:
    return StudyTable(
        "partial",
        Text(
            "Partial correlations with spend per child 2016-17, the other two held constant",
            "Cydberthyniadau rhannol â gwariant fesul plentyn 2016-17, gan ddal y ddau arall",
        ),
        {
            "driver": Text("Measure", "Mesur"),
            "r": Text("r", "r"),
            "low": Text("95% low", "95% isaf"),
            "high": Text("95% high", "95% uchaf"),
            "p": Text("p", "p"),
        },
        partials,
        {"r": 2, "low": 2, "high": 2, "p": 3},
    )


MEASURES = (
    ("spending", _SPEND),
    ("population", "pop_0_17_approx"),
    ("covariates", "unemployment_model_based_pct"),
    ("deprivation", "safety_pct_lsoas_most_deprived_20"),
)

CAVEATS = (
    Text("Authorities with more deprivation also have more children in care, which costs money: "
         "these correlations do not say that need alone drives spend.",
         "Mae gan awdurdodau mwy difreintiedig hefyd fwy o blant mewn gofal, sy'n costio arian: "
         "nid yw'r cydberthyniadau'n dweud mai angen yn unig sy'n gyrru gwariant."),
    Text("Amounts are nominal. The population aged 0 to 17 of these years is approximate.",
         "Symiau enwol yw'r rhain. Bras yw poblogaeth 0 i 17 oed y blynyddoedd hyn."),
)  # fmt: skip


def spending() -> Study:
    """Ask what goes with spend per child on children and families' services, 2015-16 and 2016-17.

    Returns
    -------
    Study
        Correlations, partial correlations and a table of least-squares models over 22 authorities.
    """
    table = _table()
    panel: CorrelationResult = correlate(table, list(DRIVERS), list(YEARS))
    rows = panel.to_arrow().to_pylist()
    models, full = _models(table)
    partials = _partials(table)
    r2 = full.to_arrow("glance")["r_squared"][0].as_py()
    best = max(rows, key=lambda r: r["estimate"])
    held = sum(r["p_adjusted"] < 0.05 for r in rows)
    before = national("wales_series", "expenditure_on_children_looked_after_gbp_million", "2007-08",
                      "children looked after")  # fmt: skip
    after = national("wales_series", "expenditure_on_children_looked_after_gbp_million", "2017-18",
                     "children looked after")  # fmt: skip
    growth = 100 * (after / before - 1)
    weak = max(p["p"] for p in partials)
    return Study(
        id="spending",
        title=Text("Spending on children and families", "Gwariant ar blant a theuluoedd"),
        question=Text("Is spend per child higher where unemployment, crime and deprivation are?",
                      "A yw gwariant fesul plentyn yn uwch lle mae diweithdra, trosedd ac amddifadedd?"),
        findings=(
            Finding("strongest", Text(
                f"The strongest of six correlations is with {DRIVERS[best['x']].en} in "
                f"{YEARS[best['y']]}: r = {best['estimate']:.2f} ({best['conf_low']:.2f} to "
                f"{best['conf_high']:.2f}); {held} of 6 have p below 0.05 after Holm's adjustment.",
                f"Y cryfaf o chwe chydberthyniad yw'r un â {DRIVERS[best['x']].cy} yn "
                f"{YEARS[best['y']]}: r = {best['estimate']:.2f} ({best['conf_low']:.2f} i "
                f"{best['conf_high']:.2f}); mae gan {held} o 6 p o dan 0.05 ar ôl addasiad Holm.")),
            Finding("together", Text(
                f"Together the three account for {100 * r2:.0f}% of the variance of spend per child in "
                f"2016-17. Holding the other two constant, the weakest partial correlation has "
                f"p = {weak:.2f}: 22 authorities cannot separate them.",
                f"Gyda'i gilydd mae'r tri'n cyfrif am {100 * r2:.0f}% o amrywiant y gwariant fesul "
                f"plentyn yn 2016-17. O ddal y ddau arall yn gyson, p = {weak:.2f} sydd gan y "
                f"cydberthyniad rhannol gwannaf: ni all 22 awdurdod eu gwahanu.")),
            Finding("growth", Text(
                f"Spending on looked-after children rose from £{before:.0f}m in 2007-08 to £{after:.0f}m "
                f"in 2017-18, +{growth:.1f}% before inflation.",
                f"Cododd gwariant ar blant sy'n derbyn gofal o £{before:.0f}m yn 2007-08 i £{after:.0f}m "
                f"yn 2017-18, +{growth:.1f}% cyn chwyddiant.")),
        ),
        figures=(StudyFigure("drivers", lambda lang: _forest(rows, lang)),),
        tables=(
            models,
            _partial_table(partials),
        ),
        claims=(
            Claim.check(
                "+93.2%", growth, id="spend-growth",
                text_en="Change of spending on looked-after children, £147m to £284m",
                text_cy="Newid mewn gwariant ar blant sy'n derbyn gofal, £147m i £284m",
                source="Social Care Wales; arithmetic on the printed amounts",
            ),
        ),
        caveats=CAVEATS,
        sources=source_ids(*MEASURES),
    )  # fmt: skip
