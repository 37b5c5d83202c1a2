"""Figures of factors that occur together: patterns, effects on three scales, dose, groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gofal.figures.base import Figure, Record, make
from gofal.figures.theme import BLUE, INK, ORANGE, SOFT, TURQUOISE
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["dose", "effects", "heterogeneity", "upset"]

_ROW = 34
_FAINT = "#d5d9dc"
_HIDDEN = Text("not shown", "ni ddangosir")


def _number(value: float, decimals: int, lang: Lang) -> str:
    return f"{value:,.{decimals}f}"


def upset(
    records: Sequence[Record],
    *,
    factors: Sequence[str],
    x: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw patterns of factors: which are present, the rate with its interval, children and events.

    Parameters
    ----------
    records
        In the order of the rows: ``label, present`` (names of the factors present), ``estimate, conf_low,
        conf_high, population, events``; a null estimate is drawn as not shown.
    factors
        Names of the factors, in order.
    x
        Axis title.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    order = [str(r["label"]) for r in records]
    dots = [
        {"label": r["label"], "factor": f, "on": f in r["present"]}
        for r in records
        for f in factors
    ]
    spans = []
    for r in records:
        on = [f for f in factors if f in r["present"]]
        if len(on) > 1:
            spans.append({"label": r["label"], "from": on[0], "to": on[-1]})
    # Layers of different data would merge their domains in alphabetical order: each is spelt out.
    row = {
        "field": "label",
        "type": "ordinal",
        "sort": order,
        "scale": {"domain": order},
        "axis": None,
    }
    place: dict[str, Any] = {
        "y": row,
        "x": {"field": "factor", "type": "ordinal", "sort": list(factors), "title": None,
              "scale": {"domain": list(factors)},
              "axis": {"orient": "top", "labelAngle": -32, "labelAlign": "left", "labelBaseline": "bottom",
                       "labelLimit": 260, "domain": False, "labelPadding": 4}},
    }  # fmt: skip
    matrix = {
        "width": 44 * len(factors), "height": _ROW * len(order),
        "layer": [
            {"data": {"values": dots}, "mark": {"type": "circle", "size": 150, "opacity": 1},
             "encoding": {**place, "color": {"condition": {"test": "datum.on", "value": INK}, "value": _FAINT}}},
            {"data": {"values": spans}, "mark": {"type": "rule", "strokeWidth": 3, "color": INK},
             "encoding": {"y": row, "x": {**place["x"], "field": "from"}, "x2": {"field": "to"}}},
        ],
    }  # fmt: skip
    bars = [{**r, "present": " + ".join(r["present"])} for r in records]
    seen = [r for r in bars if r["estimate"] is not None]
    said = [{"label": r["label"], "text": _line(r, lang)} for r in bars]
    axis = {"type": "quantitative", "title": x.say(lang), "scale": {"zero": True, "nice": True},
            "axis": {"grid": True, "format": "~r", "tickCount": 4, "labelOverlap": True}}  # fmt: skip
    rates = {
        "width": 300, "height": _ROW * len(order),
        "layer": [
            {"data": {"values": seen},
             "mark": {"type": "bar", "height": {"band": 0.58}, "color": BLUE, "opacity": 0.85},
             "encoding": {"y": row, "x": {**axis, "field": "estimate"}}},
            {"data": {"values": seen}, "mark": {"type": "rule", "strokeWidth": 2, "color": ORANGE},
             "encoding": {"y": row, "x": {**axis, "field": "conf_low"}, "x2": {"field": "conf_high"}}},
        ],
    }  # fmt: skip
    words = {
        "width": 190, "height": _ROW * len(order), "data": {"values": said},
        "mark": {"type": "text", "align": "left", "fontSize": 12.5},
        "encoding": {"y": row, "x": {"value": 0}, "text": {"field": "text"}},
    }  # fmt: skip
    return make("upset", lang=lang, title=title, alt=alt, note=note, records=bars,
                layers={"hconcat": [matrix, rates, words], "spacing": 16}, width=660, subtitle=subtitle)  # fmt: skip


def _line(r: Record, lang: Lang) -> str:
    """Rate, events and children of a pattern in one line."""
    of = "o" if lang == "cy" else "of"
    if r["estimate"] is None:
        return f"{_HIDDEN.say(lang)} ({r['population']:,})"
    return f"{r['estimate']:,.1f}  ({r['events']:,} {of} {r['population']:,})"


def effects(
    records: Sequence[Record],
    *,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    scales: Sequence[tuple[str, Text, bool]],
    panel: int = 158,
    subtitle: Text | None = None,
) -> Figure:
    """Draw the same contrasts on several scales side by side.

    Parameters
    ----------
    records
        ``label, scale, estimate, conf_low, conf_high``, in the order of the rows.
    scales
        Name, axis title, and whether it is a ratio (drawn on a log scale with a line at 1; else a line at 0).
    panel
        Width of each scale.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    order = list(dict.fromkeys(str(r["label"]) for r in records))
    panels = []
    for i, (name, heading, ratio) in enumerate(scales):
        rows = [r for r in records if r["scale"] == name]
        none = 1.0 if ratio else 0.0
        kind: dict[str, Any] = {"type": "log", "nice": False} if ratio else {"zero": True}
        if ratio:
            low = min(none, *(float(r["conf_low"]) for r in rows))
            high = max(none, *(float(r["conf_high"]) for r in rows))
            kind["domain"] = [low / 1.08, high * 1.08]
            ticks = [
                v
                for v in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
                if low / 1.08 <= v <= high * 1.08
            ]
        axis: dict[str, Any] = {"type": "quantitative", "title": heading.say(lang), "scale": kind,
                                "axis": {"grid": True, "format": "~r", "tickCount": 5}}  # fmt: skip
        if ratio:
            axis["axis"]["values"] = ticks
        side = {"labelLimit": 460, "grid": True} if i == 0 else {"labels": False, "grid": True}
        place = {"y": {"field": "label", "type": "nominal", "sort": order, "title": None,
                       "scale": {"domain": order}, "axis": side}}  # fmt: skip
        panels.append({
            "width": panel, "height": _ROW * len(order),
            "layer": [
                {"data": {"values": [{"v": none}]}, "mark": {"type": "rule", "color": SOFT},
                 "encoding": {"x": {**axis, "field": "v"}}},
                {"data": {"values": rows}, "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.6, "color": BLUE},
                 "encoding": {**place, "x": {**axis, "field": "conf_low"}, "x2": {"field": "conf_high"}}},
                {"data": {"values": rows}, "mark": {"type": "circle", "size": 75, "opacity": 1, "color": BLUE},
                 "encoding": {**place, "x": {**axis, "field": "estimate"}}},
            ],
        })  # fmt: skip
    return make("effects", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"hconcat": panels, "spacing": 22}, width=520, subtitle=subtitle)  # fmt: skip


def dose(
    records: Sequence[Record],
    *,
    x: Text,
    y: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw the rate by number of factors, with intervals, numbers and children.

    Parameters
    ----------
    records
        ``count, estimate, conf_low, conf_high, population``; a null estimate is left out of the line.
    x, y
        Axis titles.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    children = Text("children", "o blant").say(lang)
    shown = [{**r, "axis": f"{r['count']}|{r['population']:,} {children}"} for r in records]
    seen = [r for r in shown if r["estimate"] is not None]
    for r in seen:
        r["text"] = _number(float(r["estimate"]), 1, lang)
    across = {"field": "axis", "type": "ordinal", "sort": [r["axis"] for r in shown], "title": x.say(lang),
              "scale": {"domain": [r["axis"] for r in shown], "padding": 0.5},
              "axis": {"labelAngle": 0, "labelExpr": "split(datum.value, '|')", "labelLineHeight": 18}}  # fmt: skip
    up = {"type": "quantitative", "title": y.say(lang), "scale": {"zero": True, "nice": True},
          "axis": {"grid": True, "format": ",d"}}  # fmt: skip
    layers = [
        {"data": {"values": seen}, "mark": {"type": "line", "color": BLUE, "strokeWidth": 2, "opacity": 0.5},
         "encoding": {"x": across, "y": {**up, "field": "estimate"}}},
        {"data": {"values": seen}, "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2.5},
         "encoding": {"x": across, "y": {**up, "field": "conf_low"}, "y2": {"field": "conf_high"}}},
        {"data": {"values": seen}, "mark": {"type": "circle", "color": BLUE, "size": 90, "opacity": 1},
         "encoding": {"x": across, "y": {**up, "field": "estimate"}}},
        {"data": {"values": seen},
         "mark": {"type": "text", "align": "right", "dx": -10, "dy": -4, "fontWeight": "bold", "fontSize": 14},
         "encoding": {"x": across, "y": {**up, "field": "estimate"}, "text": {"field": "text"}}},
    ]  # fmt: skip
    return make("dose", lang=lang, title=title, alt=alt, note=note, records=shown,
                layers={"layer": layers}, width=600, height=300, subtitle=subtitle)  # fmt: skip


def heterogeneity(
    records: Sequence[Record],
    *,
    x: Text,
    reference: tuple[float, Text],
    names: tuple[Text, Text],
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw ratios by group, as observed and drawn to their mean, on a log scale.

    Parameters
    ----------
    records
        ``label, estimate, conf_low, conf_high, shrunken, shrunken_low, shrunken_high``.
    x
        Axis title.
    reference
        Mean of the groups and its name.
    names
        Of the observed ratio and of the one drawn to the mean.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    order = [
        r["label"]
        for r in sorted(records, key=lambda r: (-float(r["shrunken"]), -float(r["estimate"])))
    ]
    raw, drawn = (n.say(lang) for n in names)
    points = [
        {"label": r["label"], "what": what, **{k: r[p] for k, p in zip(("v", "low", "high"), keys, strict=True)}}
        for r in records
        for what, keys in ((raw, ("estimate", "conf_low", "conf_high")),
                           (drawn, ("shrunken", "shrunken_low", "shrunken_high")))
    ]  # fmt: skip
    low, high = min(float(p["low"]) for p in points), max(float(p["high"]) for p in points)
    ticks = [
        v for v in (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 16) if low / 1.05 <= v <= high * 1.05
    ]
    axis: dict[str, Any] = {"type": "quantitative", "title": x.say(lang), "axis": {"values": ticks, "format": "~g"},
                            "scale": {"type": "log", "nice": False, "domain": [low / 1.05, high * 1.05]}}  # fmt: skip
    place: dict[str, Any] = {
        "y": {"field": "label", "type": "nominal", "sort": order, "title": None,
              "axis": {"grid": True, "labelLimit": 240}},
        "yOffset": {"field": "what", "type": "nominal", "sort": [raw, drawn]},
        "color": {"field": "what", "type": "nominal", "sort": [raw, drawn], "title": None,
                  "scale": {"domain": [raw, drawn], "range": [TURQUOISE, BLUE]}, "legend": {"orient": "bottom"}},
    }  # fmt: skip
    value, name = reference
    rule = {"data": {"values": [{"v": value, "name": name.say(lang)}]}}
    layers = [
        {**rule, "mark": {"type": "rule", "color": ORANGE, "strokeWidth": 2},
         "encoding": {"x": {**axis, "field": "v"}}},
        {**rule, "mark": {"type": "text", "align": "left", "dx": 5, "dy": -8, "color": "#b34514", "fontWeight": "bold",
                          "baseline": "bottom"},
         "encoding": {"x": {**axis, "field": "v"}, "y": {"value": 0}, "text": {"field": "name"}}},
        {"data": {"values": points}, "mark": {"type": "rule", "strokeWidth": 2, "opacity": 0.6},
         "encoding": {**place, "x": {**axis, "field": "low"}, "x2": {"field": "high"}}},
        {"data": {"values": points}, "mark": {"type": "circle", "size": 55, "opacity": 1},
         "encoding": {**place, "x": {**axis, "field": "v"}}},
    ]  # fmt: skip
    return make("heterogeneity", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"layer": layers, "resolve": {"legend": {"color": "independent"}}}, width=500,
                height=26 * len(order), subtitle=subtitle)  # fmt: skip
