"""Where the variance lies: between authorities, over time, and what goes with it."""

from __future__ import annotations

from functools import cache
from typing import Any

from gofal.decomposition.importance import ShapleyResult
from gofal.decomposition.rates import KitagawaResult
from gofal.language import Text
from gofal.studies import variation_figures as figures
from gofal.studies.inputs import source_ids
from gofal.studies.model import Finding, Study, StudyFigure
from gofal.studies.variation_models import (
    Models,
    between,
    model_claims,
    models,
    panel,
    sequence_table,
    share,
)
from gofal.studies.variation_parts import (
    convergence,
    explained,
    growth,
    part_claims,
    part_tables,
    rise,
)

__all__ = ["variation"]

MEASURES = (
    ("care_and_support", "crcs_rate_per_10000_under18"),
    ("deprivation", "wimd_score"),
    ("covariates", "gp_register_mental_health_prevalence_pct"),
    ("covariates", "alcohol_admissions_easr"),
    ("covariates", "police_recorded_violence_sexual_damage_rate"),
    ("spending", "social_services_net_current_expenditure_gbp_thousand"),
    ("population", "pop_0_17_approx"),
    ("population", "pop_0_17"),
    ("looked_after", "cla_rate_per_10000_under18"),
    ("wales_series", "cla_31march_count"),
    ("wales_series", "cla_by_legal_status"),
)
CAVEATS = (
    Text("These are ecological associations of 22 authorities. What lies between authorities is not an effect of "
         "authorities: who lives there differs too.",
         "Cydberthyniadau ecolegol o 22 awdurdod yw'r rhain. Nid effaith awdurdodau yw'r hyn sydd rhwng awdurdodau: "
         "mae pwy sy'n byw yno yn wahanol hefyd."),
    Text("The trio itself has not been published by authority. Two of the three proxies are known only by health board "
         "or police force, and all three are later than the rates: that they explain nothing says little about the "
         "trio.",
         "Ni chyhoeddwyd y triawd ei hun fesul awdurdod. Dim ond fesul bwrdd iechyd neu heddlu y gwyddys dau o'r tri "
         "mesur procsi, ac mae'r tri yn ddiweddarach na'r cyfraddau: nid yw'r ffaith nad ydynt yn egluro dim yn dweud "
         "llawer am y triawd."),
    Text("Care costs money: spend per child follows the number of children in care as well as the other way round.",
         "Mae gofal yn costio arian: mae gwariant y plentyn yn dilyn nifer y plant mewn gofal yn ogystal "
         "â'r gwrthwyneb."),
    Text("No table of authorities by court has been published. Notebook 04 shows the crossed analysis on synthetic "
         "children.",
         "Ni chyhoeddwyd tabl o awdurdodau yn ôl llys. Mae llyfr nodiadau 04 yn dangos y dadansoddiad croes ar blant "
         "synthetig."),
)  # fmt: skip


@cache
def _models() -> Models:
    """Fit once: the intervals of the steps are bootstraps of mixed models."""
    return models(panel())


def variation() -> Study:
    """Ask where the variance of care rates lies, and how much of it has been accounted for.

    Returns
    -------
    Study
        Mixed models of the care-and-support rate (22 authorities, 2017 to 2023), the variance left step by step,
        Shapley shares, trends by authority, convergence; the rise of the looked-after rate split by authority and
        by legal status.
    """
    table = panel()
    found = _models()
    parts, years, split = explained(table), convergence(table), rise()
    return Study(
        id="variation",
        title=Text("Variation between authorities", "Amrywiad rhwng awdurdodau"),
        question=Text(
            "How much of the difference in rates lies between authorities and over time, and what goes with it?",
            "Faint o'r gwahaniaeth mewn cyfraddau sydd rhwng awdurdodau a thros amser, a beth sy'n mynd gydag ef?",
        ),
        findings=(*_where(found, years), *_why(found, parts), *_rise(split)),
        figures=(
            StudyFigure("levels", lambda lang: figures.levels(found, lang)),
            StudyFigure("steps", lambda lang: figures.steps(found, lang)),
            StudyFigure("shares", lambda lang: figures.shares(parts, lang)),
            StudyFigure("paths", lambda lang: figures.paths(table, lang)),
            StudyFigure("trends", lambda lang: figures.trends(found, lang)),
            StudyFigure("rise", lambda lang: figures.rises(split, lang)),
        ),
        tables=(sequence_table(found), *part_tables(found, parts, years)),
        claims=(*model_claims(table, found), *part_claims(years)),
        caveats=CAVEATS,
        sources=source_ids(*MEASURES),
    )


def _where(found: Models, years: tuple[dict[str, Any], ...]) -> tuple[Finding, ...]:
    first, last = years[0], years[-1]
    limits = found.null.vpc().to_pylist()[0]
    low, high = 100 * limits["conf_low"], 100 * limits["conf_high"]
    together = next(
        r["r"] for r in found.trends.to_arrow("variance_components").to_pylist()
        if r["r"] is not None
    )  # fmt: skip
    return (
        Finding("between", Text(
            f"{100 * share(found.null):.0f}% ({low:.0f} to {high:.0f}%) of the variance of the care-and-support rate "
            f"lies between authorities, "
            f"the rest within them over seven years: the standard deviation between authorities is "
            f"{between(found.null) ** 0.5:.0f} per 10,000 children.",
            f"Mae {100 * share(found.null):.0f}% ({low:.0f} i {high:.0f}%) o amrywiant y gyfradd gofal a "
            f"chymorth rhwng awdurdodau, a'r gweddill "
            f"o'u mewn dros saith mlynedd: {between(found.null) ** 0.5:.0f} fesul 10,000 o blant yw'r gwyriad safonol "
            f"rhwng awdurdodau.")),
        Finding("convergence", Text(
            f"Authorities have drawn together: the coefficient of variation fell from {first['cv']:.2f} in 2017 to "
            f"{last['cv']:.2f} in 2023, Theil's index from {first['theil']:.0f} ({first['low']:.0f} to "
            f"{first['high']:.0f}) to {last['theil']:.0f} ({last['low']:.0f} to {last['high']:.0f}) thousandths. Those "
            f"high in 2017 rose less: correlation of level and trend {together:.2f}.",
            f"Mae awdurdodau wedi dod yn nes at ei gilydd: disgynnodd y cyfernod amrywiad o {first['cv']:.2f} yn 2017 "
            f"i {last['cv']:.2f} yn 2023, a mynegai Theil o {first['theil']:.0f} ({first['low']:.0f} i "
            f"{first['high']:.0f}) i {last['theil']:.0f} ({last['low']:.0f} i {last['high']:.0f}) o filfedau. Cododd y "
            f"rhai uchel yn 2017 lai: cydberthynas lefel a thuedd {together:.2f}.")),
    )  # fmt: skip


def _why(found: Models, parts: ShapleyResult) -> tuple[Finding, ...]:
    steps = {s["model"].en: s for s in found.steps}
    deprivation, last = steps["+ deprivation"], found.steps[-1]
    r2 = {r["term"]: r for r in parts.to_arrow().to_pylist()}
    spend, score = r2["spend"], r2["deprivation"]
    return (
        Finding("deprivation", Text(
            f"The WIMD score accounts for {deprivation['change']:.0f}% ({deprivation['low']:.0f} to "
            f"{deprivation['high']:.0f}%) of the variance between authorities; with proxies of the trio and spend per "
            f"child it is {last['change']:.0f}% ({last['low']:.0f} to {last['high']:.0f}%).",
            f"Mae sgôr MALlC yn cyfrif am {deprivation['change']:.0f}% ({deprivation['low']:.0f} i "
            f"{deprivation['high']:.0f}%) o'r amrywiant rhwng awdurdodau; gyda mesurau procsi'r triawd a gwariant y "
            f"plentyn {last['change']:.0f}% ({last['low']:.0f} i {last['high']:.0f}%) ydyw.")),
        Finding("shares", Text(
            f"Over all orders spend has {100 * spend['estimate']:.0f} points of R² ({100 * spend['conf_low']:.0f} to "
            f"{100 * spend['conf_high']:.0f}) and deprivation {100 * score['estimate']:.0f} "
            f"({100 * score['conf_low']:.0f} to {100 * score['conf_high']:.0f}): 22 authorities hardly tell them "
            f"apart.",
            f"Dros bob trefn mae gan wariant {100 * spend['estimate']:.0f} pwynt o R² ({100 * spend['conf_low']:.0f} i "
            f"{100 * spend['conf_high']:.0f}) ac amddifadedd {100 * score['estimate']:.0f} "
            f"({100 * score['conf_low']:.0f} i {100 * score['conf_high']:.0f}): prin y mae 22 awdurdod yn eu "
            f"gwahanu.")),
    )  # fmt: skip


def _rise(split: KitagawaResult) -> tuple[Finding, ...]:
    about = split.to_arrow("glance").to_pylist()[0]
    effects = {r["component"]: r["estimate"] for r in split.to_arrow().to_pylist()}
    cells = [r for r in split.to_arrow("categories").to_pylist() if r["component"] == "rate"]
    down = sum(r["estimate"] < 0 for r in cells)
    orders, everyone = growth()[0], growth()[-1]
    return (
        Finding("rise", Text(
            f"The Welsh rate of looked-after children rose from {about['rate_second']:.0f} in 2014 to "
            f"{about['rate_first']:.0f} per 10,000 in 2020. Changes within authorities make {effects['rate']:.1f} of "
            f"it, where children live {effects['composition']:.1f}; {down} of 16 authorities with printed rates took "
            f"away from it.",
            f"Cododd cyfradd Cymru o blant sy'n derbyn gofal o {about['rate_second']:.0f} yn 2014 i "
            f"{about['rate_first']:.0f} fesul 10,000 yn 2020. Newidiadau o fewn awdurdodau yw {effects['rate']:.1f} "
            f"ohono, a ble mae plant yn byw {effects['composition']:.1f}; tynnodd {down} o 16 awdurdod â chyfraddau "
            f"printiedig oddi arno.")),
        Finding("orders", Text(
            f"Looked-after children grew by {everyone['points']:.1f}% from 2017 to 2023. Children on care orders "
            f"account for {orders['points']:.1f} points of it; the other statuses offset one another. Placements have "
            f"not been published by legal status, so how many live with their parents is not known from these tables.",
            f"Tyfodd nifer y plant sy'n derbyn gofal {everyone['points']:.1f}% rhwng 2017 a 2023. Plant ar orchmynion "
            f"gofal sy'n cyfrif am {orders['points']:.1f} pwynt ohono; mae'r statysau eraill yn canslo ei gilydd. Ni "
            f"chyhoeddwyd lleoliadau yn ôl statws cyfreithiol, felly ni wyddys o'r tablau hyn faint sy'n byw gyda'u "
            f"rhieni.")),
    )  # fmt: skip
