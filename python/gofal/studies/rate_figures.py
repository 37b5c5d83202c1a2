"""The figures of the study of care rates."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import gofal.figures as fig
from gofal.correlation import CorrelationResult
from gofal.data import records
from gofal.figures import Figure
from gofal.funnel import FunnelResult
from gofal.language import Text
from gofal.rates import RateResult
from gofal.regression import RegressionResult
from gofal.typing import Lang
from gofal.wales import AUTHORITIES

__all__ = ["gradient", "heat", "influence", "level", "movement", "outliers", "tiles"]

_BY_CODE = {a.code: a for a in AUTHORITIES}
_BY_NAME = {a.en: a for a in AUTHORITIES}
CRCS = Text(
    "Source: Welsh Government, Children Receiving Care and Support Census (StatsWales), rates rounded "
    "to whole numbers; WIMD 2019, population-weighted. Open Government Licence v3.0.",
    "Ffynhonnell: Llywodraeth Cymru, Cyfrifiad Plant sy'n Derbyn Gofal a Chymorth (StatsCymru), "
    "cyfraddau wedi'u talgrynnu i rifau cyfan; MALlC 2019, wedi'i bwysoli yn ôl poblogaeth. "
    "Trwydded Llywodraeth Agored v3.0.",
)
CLA = Text(
    "Source: Welsh Government (StatsWales), children looked after at 31 March 2023 and 2024, rounded "
    "to 5; ONS mid-2020 population aged 0 to 17. Intervals: Byar, 95%.",
    "Ffynhonnell: Llywodraeth Cymru (StatsCymru), plant sy'n derbyn gofal ar 31 Mawrth 2023 a 2024, "
    "wedi'u talgrynnu i 5; poblogaeth 0 i 17 oed SYG canol 2020. Cyfyngau: Byar, 95%.",
)
RATE = Text("Rate per 10,000 children", "Cyfradd fesul 10,000 o blant")


def gradient(
    table: Mapping[str, list[Any]], fit: RegressionResult, left: CorrelationResult, lang: Lang
) -> Figure:
    """Scatter of the 2021 rate against the deprivation score."""
    a, b = (r["estimate"] for r in fit.to_arrow().to_pylist())
    glance = fit.to_arrow("glance").to_pylist()[0]
    change = {r["left_out"]: r["change"] for r in left.to_arrow("influence").to_pylist()}
    rows = [
        {"label": _BY_CODE[c].name(lang), "x": x, "y": y, "influence": abs(change[c] or 0.0)}
        for c, x, y in zip(table["area"], table["score"], table["y2021"], strict=True)
    ]
    named = [r["label"] for r in sorted(rows, key=lambda r: -r["influence"])[:7]]
    r = float(left.to_arrow()["estimate"][0].as_py())
    span = (min(table["score"]), max(table["score"]))
    return fig.scatter(
        rows,
        x=Text("WIMD 2019 average score (higher: more deprived)",
               "Sgôr gyfartalog MALlC 2019 (uwch: mwy difreintiedig)"),
        y=Text("Children receiving care and support per 10,000, 2021",
               "Plant sy'n derbyn gofal a chymorth fesul 10,000, 2021"),
        line=(a, b),
        band=_band(table["score"], (a, b), glance, span),
        named=named,
        title=Text("More deprived authorities have higher rates, but with much scatter",
                   "Mae gan awdurdodau mwy difreintiedig gyfraddau uwch, ond gyda llawer o wasgariad"),
        subtitle=Text(f"22 authorities; r = {r:.2f}; line and 95% band by least squares; larger dots move r more",
                      f"22 awdurdod; r = {r:.2f}; llinell a band 95%; mae'r dotiau mwy yn symud r yn fwy"),
        alt=Text(f"Scatter of 22 authorities: rate of children receiving care and support in 2021 "
                 f"against deprivation score. The line rises by {b:.1f} per point; r = {r:.2f}.",
                 f"Plot gwasgariad o 22 awdurdod: cyfradd plant sy'n derbyn gofal a chymorth yn 2021 "
                 f"yn erbyn sgôr amddifadedd. Mae'r llinell yn codi {b:.1f} y pwynt; r = {r:.2f}."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip


def _band(
    x: list[float], line: tuple[float, float], glance: Mapping[str, Any], span: tuple[float, float]
) -> list[dict[str, float]]:
    """95% band of the mean: ŷ ± t·s·√(1/n + (x - x̄)²/S_xx); t with 20 df is 2.0860."""
    n, mean = len(x), sum(x) / len(x)
    s_xx = sum((v - mean) ** 2 for v in x)
    out = []
    for i in range(41):
        at = span[0] + (span[1] - span[0]) * i / 40
        half = 2.085963447 * glance["sigma"] * math.sqrt(1 / n + (at - mean) ** 2 / s_xx)
        fitted = line[0] + line[1] * at
        out.append({"x": at, "low": fitted - half, "high": fitted + half})
    return out


def heat(panel: list[dict[str, Any]], summaries: Mapping[str, Text], lang: Lang) -> Figure:
    """Heatmap of the correlations by summary and year."""
    rows = [
        {"row": summaries[r["x"]].say(lang), "column": r["y"][1:], "estimate": r["estimate"],
         "star": "*" if r["p_value"] < 0.05 else "", "p_value": r["p_value"]}
        for r in panel
    ]  # fmt: skip
    stars = sum(r["star"] == "*" for r in rows)
    return fig.heatmap(
        rows,
        title=Text("The choice of summary and year decides \"significance\"",
                   "Dewis y crynodeb a'r flwyddyn sy'n penderfynu \"arwyddocâd\""),
        subtitle=Text("Correlation of the care-and-support rate with six summaries of WIMD 2019; "
                      "* p < 0.05 by permutation, before adjustment",
                      "Cydberthyniad y gyfradd gofal a chymorth â chwe chrynodeb o MALlC 2019; "
                      "* p < 0.05 drwy drynewidiad, cyn addasu"),
        alt=Text(f"Matrix of {len(rows)} correlations over 22 authorities, from "
                 f"{min(r['estimate'] for r in rows):.2f} to {max(r['estimate'] for r in rows):.2f}; "
                 f"{stars} have p below 0.05.",
                 f"Matrics o {len(rows)} cydberthyniad dros 22 awdurdod, o "
                 f"{min(r['estimate'] for r in rows):.2f} i {max(r['estimate'] for r in rows):.2f}; "
                 f"mae gan {stars} p o dan 0.05."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip


def influence(left: CorrelationResult, lang: Lang) -> Figure:
    """Correlation without each authority."""
    rows = [
        {"label": _BY_CODE[r["left_out"]].name(lang), "group": "", "estimate": r["estimate"],
         "conf_low": None, "conf_high": None}
        for r in sorted(left.to_arrow("influence").to_pylist(), key=lambda r: r["estimate"])
    ]  # fmt: skip
    whole = float(left.to_arrow()["estimate"][0].as_py())
    low, high = rows[0], rows[-1]
    return fig.forest(
        rows,
        x=Text("r without this authority", "r heb yr awdurdod hwn"),
        zero=whole,
        title=Text("What one authority does to the correlation",
                   "Beth mae un awdurdod yn ei wneud i'r cydberthyniad"),
        subtitle=Text(f"2021; the vertical line is r with all 22, {whole:.2f}",
                      f"2021; y llinell fertigol yw r gyda phob un o'r 22, {whole:.2f}"),
        alt=Text(f"Correlation without each of 22 authorities: lowest {low['estimate']:.2f} without "
                 f"{low['label']}, highest {high['estimate']:.2f} without {high['label']}.",
                 f"Cydberthyniad heb bob un o 22 awdurdod: isaf {low['estimate']:.2f} heb "
                 f"{low['label']}, uchaf {high['estimate']:.2f} heb {high['label']}."),
        note=CRCS,
        lang=lang,
    )  # fmt: skip


def _shown(rates: RateResult, lang: Lang) -> list[dict[str, Any]]:
    return [
        {"label": _BY_NAME[r["name"]].name(lang), "estimate": r["estimate"],
         "conf_low": r["conf_low"], "conf_high": r["conf_high"]}
        for r in rates.to_arrow().to_pylist()
    ]  # fmt: skip


def tiles(rates: RateResult, lang: Lang) -> Figure:
    """Tile map of the looked-after rates."""
    rows = []
    for r in rates.to_arrow().to_pylist():
        area = _BY_NAME[r["name"]]
        rows.append({"label": area.short(lang), "column": area.tile[0], "row": area.tile[1],
                     "value": r["estimate"]})  # fmt: skip
    low, high = min(rows, key=lambda r: r["value"]), max(rows, key=lambda r: r["value"])
    return fig.tile_map(
        rows,
        legend=Text("per 10,000", "fesul 10,000"),
        title=Text("Children looked after per 10,000 children, 2023-24",
                   "Plant sy'n derbyn gofal fesul 10,000 o blant, 2023-24"),
        subtitle=Text("Mean of 31 March 2023 and 2024; one square per authority",
                      "Cymedr 31 Mawrth 2023 a 2024; un sgwâr i bob awdurdod"),
        alt=Text(f"Tile map of 22 authorities: lowest {low['label']} {low['value']:.0f}, highest "
                 f"{high['label']} {high['value']:.0f} per 10,000.",
                 f"Map teils o 22 awdurdod: isaf {low['label']} {low['value']:.0f}, uchaf "
                 f"{high['label']} {high['value']:.0f} fesul 10,000."),
        note=CLA,
        lang=lang,
    )  # fmt: skip


def level(rates: RateResult, outside: FunnelResult, lang: Lang) -> Figure:
    """Ranked rates with intervals."""
    rows = _shown(rates, lang)
    target = outside.to_arrow("glance")["reference"][0].as_py()
    top, bottom = max(rows, key=lambda r: r["estimate"]), min(rows, key=lambda r: r["estimate"])
    ratio = top["estimate"] / bottom["estimate"]
    return fig.caterpillar(
        rows,
        x=RATE,
        reference=(target, Text(f"Wales {target:.0f}", f"Cymru {target:.0f}")),
        title=Text(f"Looked-after rates differ {ratio:.1f}-fold between authorities",
                   f"Mae cyfraddau gofal yn amrywio {ratio:.1f} gwaith rhwng awdurdodau"),
        subtitle=Text("Children looked after per 10,000, mean of 31 March 2023 and 2024, 95% intervals",
                      "Plant sy'n derbyn gofal fesul 10,000, cymedr 31 Mawrth 2023 a 2024, cyfyngau 95%"),
        alt=Text(f"Ranked rates of 22 authorities with intervals, from {bottom['label']} "
                 f"{bottom['estimate']:.0f} to {top['label']} {top['estimate']:.0f} per 10,000.",
                 f"Cyfraddau 22 awdurdod wedi'u trefnu gyda chyfyngau, o {bottom['label']} "
                 f"{bottom['estimate']:.0f} i {top['label']} {top['estimate']:.0f} fesul 10,000."),
        note=CLA,
        lang=lang,
    )  # fmt: skip


def outliers(outside: FunnelResult, lang: Lang) -> Figure:
    """Funnel of the looked-after rates."""
    glance = outside.to_arrow("glance").to_pylist()[0]
    rows = [
        {**r, "label": _BY_NAME[r["label"]].short(lang)} for r in outside.to_arrow().to_pylist()
    ]
    n, total = glance["n_outside"], glance["n_obs"]
    return fig.funnel_plot(
        rows,
        limits=outside.to_arrow("limits").to_pylist(),
        target=glance["reference"],
        x=Text("Children aged 0 to 17, two dates", "Plant 0 i 17 oed, dau ddyddiad"),
        y=RATE,
        title=Text(f"{n} of {total} authorities lie outside what chance allows",
                   f"Mae {n} o {total} awdurdod y tu allan i'r hyn y mae siawns yn ei ganiatáu"),
        subtitle=Text(f"Exact 95% and 99.8% limits around the Welsh rate; dispersion φ = "
                      f"{glance['dispersion']:.0f}, so the areas differ in more than chance",
                      f"Terfynau union 95% a 99.8% o amgylch cyfradd Cymru; gwasgariad φ = "
                      f"{glance['dispersion']:.0f}, felly nid siawns yn unig sy'n gyfrifol"),
        alt=Text(f"Funnel plot of {total} authorities by number of children; {n} lie outside the "
                 f"95% limits.",
                 f"Plot twndis o {total} awdurdod yn ôl nifer y plant; mae {n} y tu allan i'r "
                 f"terfynau 95%."),
        note=CLA,
        lang=lang,
    )  # fmt: skip


def movement(lang: Lang) -> Figure:
    """National trend since 2003."""
    rows = [
        {
            "year": int(r["period"][:4]),
            "value": r["value"],
            "series": "Cymru" if lang == "cy" else "Wales",
        }
        for r in records("wales_series", measure="cla_31march_count", area="wales")
    ]
    rows = sorted({r["year"]: r for r in rows}.values(), key=lambda r: r["year"])
    first, last = rows[0], rows[-1]
    change = 100 * (last["value"] / first["value"] - 1)
    return fig.trend(
        rows,
        y=Text("Children looked after at 31 March", "Plant sy'n derbyn gofal ar 31 Mawrth"),
        title=Text(f"Children looked after in Wales rose by {change:.0f}% from {first['year']} to {last['year']}",
                   f"Cododd nifer y plant sy'n derbyn gofal {change:.0f}% rhwng {first['year']} a {last['year']}"),
        alt=Text(f"Line of children looked after in Wales: {first['value']:,.0f} in {first['year']}, "
                 f"{last['value']:,.0f} in {last['year']} (n = {len(rows)} years).",
                 f"Llinell plant sy'n derbyn gofal yng Nghymru: {first['value']:,.0f} yn {first['year']}, "
                 f"{last['value']:,.0f} yn {last['year']} (n = {len(rows)} blwyddyn)."),
        note=Text("Source: Welsh Government statistical releases; the latest vintage of each year.",
                  "Ffynhonnell: datganiadau ystadegol Llywodraeth Cymru; fersiwn ddiweddaraf pob blwyddyn."),
        lang=lang,
    )  # fmt: skip
