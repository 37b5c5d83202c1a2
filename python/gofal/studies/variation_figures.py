"""The figures of the study of variation between authorities."""

from __future__ import annotations

from typing import Any

import gofal.figures as fig
from gofal.decomposition.importance import ShapleyResult
from gofal.decomposition.rates import KitagawaResult
from gofal.figures import Figure
from gofal.language import Text
from gofal.mixed import LmmResult
from gofal.studies.variation_models import GROUPS, Models
from gofal.studies.variation_parts import OTHERS
from gofal.typing import Lang
from gofal.wales import AUTHORITIES

__all__ = ["levels", "paths", "rises", "shares", "steps", "trends"]

_BY_CODE = {a.code: a for a in AUTHORITIES}
_NORMAL = 1.959963984540054
CRCS = Text(
    "Source: Welsh Government, Children Receiving Care and Support Census (StatsWales), 31 March 2017 to 2023, rates "
    "rounded to whole numbers; WIMD 2019. Open Government Licence v3.0.",
    "Ffynhonnell: Llywodraeth Cymru, Cyfrifiad Plant sy'n Derbyn Gofal a Chymorth (StatsCymru), 31 Mawrth 2017 i 2023, "
    "cyfraddau wedi'u talgrynnu i rifau cyfan; MALlC 2019. Trwydded Llywodraeth Agored v3.0.",
)
MORE = Text(
    f"{CRCS.en} Proxies of the trio: mental ill health register of general practices 2024 (by health board), alcohol "
    "admissions 2023/24, recorded violence 2024 (by police force). Spend: children and families, 2016-17.",
    f"{CRCS.cy} Mesurau procsi'r triawd: cofrestr salwch meddwl meddygfeydd 2024 (fesul bwrdd iechyd), derbyniadau "
    "alcohol 2023/24, trais a gofnodwyd 2024 (fesul heddlu). Gwariant: plant a theuluoedd, 2016-17.",
)
CLA = Text(
    "Source: Welsh Government (StatsWales), children looked after per 10,000 under 18 at 31 March, rounded; counts of "
    "Wales; ONS population. Six authorities without printed rates for both years are one bar: Wales less the sixteen.",
    "Ffynhonnell: Llywodraeth Cymru (StatsCymru), plant sy'n derbyn gofal fesul 10,000 o dan 18 oed ar 31 Mawrth, "
    "wedi'u talgrynnu; cyfrifon Cymru; poblogaeth SYG. Mae chwe awdurdod heb gyfraddau printiedig ar gyfer y ddwy "
    "flynedd yn un bar: Cymru heb yr un ar bymtheg.",
)


def _modes(model: LmmResult, term: str, centre: float, lang: Lang) -> list[dict[str, Any]]:
    """Modes about the common value, with limits from their conditional standard deviations."""
    return [
        {"label": _BY_CODE[r["group"]].name(lang), "estimate": centre + r["estimate"],
         "conf_low": centre + r["estimate"] - _NORMAL * r["std_error"],
         "conf_high": centre + r["estimate"] + _NORMAL * r["std_error"]}
        for r in model.to_arrow("modes").to_pylist() if r["term"] == term
    ]  # fmt: skip


def _ends(rows: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any]]:
    ranked = sorted(rows, key=lambda r: r["estimate"])
    return ranked[0], ranked[-1]


def levels(found: Models, lang: Lang) -> Figure:
    """Conditional modes of the authorities once years and deprivation are allowed for."""
    rows = _modes(found.adjusted, "(intercept)", 0.0, lang)
    low, high = _ends(rows)
    apart = sum(r["conf_low"] > 0 or r["conf_high"] < 0 for r in rows)
    return fig.caterpillar(
        rows,
        x=Text("Above or below what year and deprivation lead to expect, per 10,000 children",
               "Uwchlaw neu islaw'r hyn a ddisgwylir o'r flwyddyn a'r amddifadedd, fesul 10,000 o blant"),
        reference=(0.0, Text("as expected", "fel y disgwylir")),
        title=Text("What deprivation does not account for, by authority",
                   "Yr hyn nad yw amddifadedd yn ei egluro, fesul awdurdod"),
        subtitle=Text(f"Modes of a mixed model with 95% intervals; {apart} of 22 lie apart from what is expected",
                      f"Moddau model cymysg gyda chyfyngau 95%; mae {apart} o 22 ar wahân i'r hyn a ddisgwylir"),
        alt=Text(f"Ranked modes of 22 authorities: from {low['label']} {low['estimate']:.0f} to {high['label']} "
                 f"{high['estimate']:+.0f} per 10,000; {apart} intervals leave out 0.",
                 f"Moddau 22 awdurdod wedi'u trefnu: o {low['label']} {low['estimate']:.0f} i {high['label']} "
                 f"{high['estimate']:+.0f} fesul 10,000; nid yw {apart} cyfwng yn cynnwys 0."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip


def trends(found: Models, lang: Lang) -> Figure:
    """Change per year by authority."""
    fixed = {r["term"]: r for r in found.trends.to_arrow().to_pylist()}
    mean = float(fixed["since"]["estimate"])
    rows = _modes(found.trends, "since", mean, lang)
    low, high = _ends(rows)
    down = sum(r["conf_high"] < 0 for r in rows)
    up = sum(r["conf_low"] > 0 for r in rows)
    return fig.caterpillar(
        rows,
        x=Text("Change of the care-and-support rate per year, per 10,000 children",
               "Newid yn y gyfradd gofal a chymorth y flwyddyn, fesul 10,000 o blant"),
        reference=(mean, Text(f"mean {mean:+.1f}", f"cymedr {mean:+.1f}")),
        title=Text("Some authorities rise, some fall", "Mae rhai awdurdodau'n codi, rhai'n disgyn"),
        subtitle=Text(f"Random slopes with 95% intervals, 2017 to 2023: {up} intervals lie above 0, {down} below",
                      f"Goleddau hap gyda chyfyngau 95%, 2017 i 2023: mae {up} cyfwng uwchlaw 0, {down} islaw"),
        alt=Text(f"Ranked yearly changes of 22 authorities: from {low['label']} {low['estimate']:+.1f} to "
                 f"{high['label']} {high['estimate']:+.1f} per 10,000 a year, mean {mean:+.1f}.",
                 f"Newidiadau blynyddol 22 awdurdod wedi'u trefnu: o {low['label']} {low['estimate']:+.1f} i "
                 f"{high['label']} {high['estimate']:+.1f} fesul 10,000 y flwyddyn, cymedr {mean:+.1f}."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip


def steps(found: Models, lang: Lang) -> Figure:
    """Variance between authorities, step by step."""
    rows = found.steps
    last = rows[-1]
    return fig.waterfall(
        [{"label": r["model"].say(lang), "value": r["step"]} for r in rows[1:]],
        x=Text("Variance of the rate between authorities", "Amrywiant y gyfradd rhwng awdurdodau"),
        start=(Text("Null model", "Model nwl").say(lang), rows[0]["between"]),
        end=Text("Left over", "Yn weddill").say(lang),
        decimals=0,
        title=Text("Half of the variance goes with what has been measured"
                   if 45 <= last["change"] <= 55 else
                   f"{last['change']:.0f}% of the variance between authorities goes with what has been measured",
                   "Mae hanner yr amrywiant yn mynd gyda'r hyn a fesurwyd"
                   if 45 <= last["change"] <= 55 else
                   f"Mae {last['change']:.0f}% o'r amrywiant rhwng awdurdodau yn mynd gyda'r hyn a fesurwyd"),
        subtitle=Text(f"Accounted for: {last['change']:.0f}%, 95% interval {last['low']:.0f} to {last['high']:.0f}%. A "
                      "step may add: it costs degrees of freedom",
                      f"Wedi'i egluro: {last['change']:.0f}%, cyfwng 95% {last['low']:.0f} i {last['high']:.0f}%. Gall "
                      "cam ychwanegu: mae'n costio graddau rhyddid"),
        alt=Text(f"Waterfall of the variance between 22 authorities from {rows[0]['between']:,.0f} in the null model "
                 f"to {last['between']:,.0f} with deprivation, proxies of the trio and spend.",
                 f"Rhaeadr yr amrywiant rhwng 22 awdurdod o {rows[0]['between']:,.0f} yn y model nwl i "
                 f"{last['between']:,.0f} gydag amddifadedd, mesurau procsi'r triawd a gwariant."),
        note=MORE,
        lang=lang,
    )  # fmt: skip


def shares(explained: ShapleyResult, lang: Lang) -> Figure:
    """Shapley shares of R²."""
    whole = explained.to_arrow("glance")["r_squared"][0].as_py()
    rows = [
        {"label": GROUPS[r["term"]][0].say(lang), "value": r["estimate"], "conf_low": r["conf_low"],
         "conf_high": r["conf_high"]}
        for r in explained.to_arrow().to_pylist()
    ]  # fmt: skip
    top = max(rows, key=lambda r: r["value"])
    return fig.shares(
        rows,
        x=Text("Part of R² (all orders averaged), 95% interval", "Rhan o R² (cyfartaledd pob trefn), cyfwng 95%"),
        title=Text("Spend goes with the differences more than deprivation does",
                   "Mae gwariant yn mynd gyda'r gwahaniaethau yn fwy nag amddifadedd"),
        subtitle=Text(f"Mean rates of 22 authorities; together R² = {whole:.2f}; intervals are wide, and spend follows "
                      "care as well as the other way round",
                      f"Cyfraddau cymedrig 22 awdurdod; gyda'i gilydd R² = {whole:.2f}; mae'r cyfyngau'n llydan, ac "
                      "mae gwariant yn dilyn gofal yn ogystal â'r gwrthwyneb"),
        alt=Text(f"Bars of the parts of R² of three groups, largest {top['label']} {100 * top['value']:.0f}%; together "
                 f"{100 * whole:.0f}%.",
                 f"Barrau rhannau R² tri grŵp, y mwyaf {top['label']} {100 * top['value']:.0f}%; gyda'i gilydd "
                 f"{100 * whole:.0f}%."),
        note=MORE,
        lang=lang,
    )  # fmt: skip


def rises(split: KitagawaResult, lang: Lang) -> Figure:
    """Waterfall of the rise of the Welsh rate by authority."""
    about = split.to_arrow("glance").to_pylist()[0]
    cells = split.to_arrow("categories").to_pylist()
    moved = sum(r["estimate"] for r in cells if r["component"] == "composition")
    names = {OTHERS: Text("Six others together", "Chwech arall gyda'i gilydd").say(lang)}
    parts = sorted(
        ({"label": names.get(r["category"]) or _BY_CODE[r["category"]].name(lang), "value": r["estimate"]}
         for r in cells if r["component"] == "rate"),
        key=lambda r: -float(r["value"]),
    )  # fmt: skip
    parts.append(
        {"label": Text("Where children live", "Ble mae plant yn byw").say(lang), "value": moved}
    )
    start, end = about["rate_second"], about["rate_first"]
    down = sum(r["value"] < 0 for r in parts[:-1])
    return fig.waterfall(
        parts,
        x=Text("Children looked after per 10,000 children of Wales",
               "Plant sy'n derbyn gofal fesul 10,000 o blant Cymru"),
        end=Text("Rise of Wales", "Cynnydd Cymru").say(lang),
        title=Text("Where the rise came from", "O ble y daeth y cynnydd"),
        subtitle=Text(f"Wales rose from {start:.0f} to {end:.0f} per 10,000, 2014 to 2020. Each bar: change of rate "
                      "times share of children",
                      f"Cododd Cymru o {start:.0f} i {end:.0f} fesul 10,000, 2014 i 2020. Pob bar: newid y gyfradd "
                      "wedi'i luosi â'r gyfran o'r plant"),
        alt=Text(f"Waterfall of the rise of {end - start:.1f} per 10,000: {parts[0]['label']} adds most "
                 f"({parts[0]['value']:.1f}); {down} authorities take away.",
                 f"Rhaeadr y cynnydd o {end - start:.1f} fesul 10,000: {parts[0]['label']} sy'n ychwanegu fwyaf "
                 f"({parts[0]['value']:.1f}); mae {down} awdurdod yn tynnu."),
        note=CLA,
        lang=lang,
    )  # fmt: skip


def paths(table: dict[str, list[Any]], lang: Lang) -> Figure:
    """Rates of the 22 authorities over the years; the ends of the first year named."""
    rows = [
        {"year": y, "value": v, "series": _BY_CODE[a].name(lang)}
        for y, v, a in zip(table["year"], table["rate"], table["authority"], strict=True)
    ]
    first = sorted((r for r in rows if r["year"] == rows[0]["year"]), key=lambda r: r["value"])
    named = [first[i]["series"] for i in (-1, -2, 1, 0)]
    return fig.trend(
        rows,
        y=Text("Children receiving care and support per 10,000 children",
               "Plant sy'n derbyn gofal a chymorth fesul 10,000 o blant"),
        highlight=named,
        title=Text("The authorities have drawn together", "Mae'r awdurdodau wedi dod yn nes at ei gilydd"),
        subtitle=Text("22 authorities; named are the two highest and the two lowest of 2017",
                      "22 awdurdod; enwir y ddau uchaf a'r ddau isaf yn 2017"),
        alt=Text(f"Lines of 22 authorities 2017 to 2023: in 2017 from {first[0]['value']:.0f} ({named[3]}) to "
                 f"{first[-1]['value']:.0f} ({named[0]}); the lines draw together.",
                 f"Llinellau 22 awdurdod 2017 i 2023: yn 2017 o {first[0]['value']:.0f} ({named[3]}) i "
                 f"{first[-1]['value']:.0f} ({named[0]}); mae'r llinellau'n dod at ei gilydd."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip
