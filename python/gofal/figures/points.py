"""Figures of estimates: scatter, caterpillar, forest, funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gofal.figures.base import Figure, Record, make
from gofal.figures.theme import BLUE, GREY, INK, ORANGE, PINK, SOFT, TURQUOISE
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["caterpillar", "forest", "funnel_plot", "scatter"]


def _axis(field: str, title: str, **scale: Any) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"zero": False, **scale},
    }


def scatter(
    records: Sequence[Record],
    *,
    x: Text,
    y: Text,
    line: tuple[float, float],
    band: Sequence[Record],
    named: Sequence[str],
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Points with a fitted line and its confidence band; some points named.

    Parameters
    ----------
    records
        ``label, x, y, influence`` (change of the correlation when the area is left out).
    x, y
        Axis titles.
    line
        Intercept and slope.
    band
        ``x, low, high`` of the band.
    named
        Labels to print; the others are in the data file.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    xs = [float(r["x"]) for r in records]
    middle = (min(xs) + max(xs)) / 2
    ends = [{"x": v, "y": line[0] + line[1] * v} for v in (min(xs), max(xs))]
    shown = [{**r, "name": r["label"] if r["label"] in named else "",
              "side": "right" if r["x"] > middle + 0.25 * (max(xs) - min(xs)) else "left"}
             for r in records]  # fmt: skip
    text = {"type": "text", "fontSize": 12, "dy": -9}
    layers = {
        "layer": [
            {"data": {"values": list(band)}, "mark": {"type": "area", "color": BLUE, "opacity": 0.12},
             "encoding": {"x": _axis("x", x.say(lang)), "y": _axis("low", y.say(lang)),
                          "y2": {"field": "high"}}},
            {"data": {"values": ends}, "mark": {"type": "line", "color": BLUE, "strokeWidth": 2},
             "encoding": {"x": _axis("x", x.say(lang)), "y": _axis("y", y.say(lang))}},
            {"data": {"values": shown}, "layer": [
                {"mark": {"type": "circle", "color": BLUE, "opacity": 0.85, "stroke": "white"},
                 "encoding": {"size": {"field": "influence", "type": "quantitative",
                              "scale": {"range": [40, 420]},
                              "legend": None}}},
                {"transform": [{"filter": "datum.side == 'left'"}],
                 "mark": {**text, "align": "left", "dx": 6}, "encoding": {"text": {"field": "name"}}},
                {"transform": [{"filter": "datum.side == 'right'"}],
                 "mark": {**text, "align": "right", "dx": -6},
                 "encoding": {"text": {"field": "name"}}},
            ], "encoding": {"x": _axis("x", x.say(lang)), "y": _axis("y", y.say(lang))}},
        ],
    }  # fmt: skip
    return make("scatter", lang=lang, title=title, alt=alt, note=note, records=records,
                layers=layers, height=420, subtitle=subtitle)  # fmt: skip


def caterpillar(
    records: Sequence[Record],
    *,
    x: Text,
    reference: tuple[float, Text] | None,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw ranked estimates with intervals, largest on top.

    Parameters
    ----------
    records
        ``label, estimate, conf_low, conf_high``.
    x
        Axis title.
    reference
        Value and name of a reference line.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    order = [r["label"] for r in sorted(records, key=lambda r: -float(r["estimate"]))]
    axis = {"field": "label", "type": "nominal", "sort": order, "title": None,
            "axis": {"grid": True, "labelLimit": 220}}  # fmt: skip
    layers: list[Mapping[str, Any]] = []
    if reference is not None:
        value, name = reference
        rule = {"data": {"values": [{"v": value, "name": name.say(lang)}]}}
        layers += [
            {**rule, "mark": {"type": "rule", "color": ORANGE, "strokeWidth": 2},
             "encoding": {"x": {"field": "v", "type": "quantitative"}}},
            {**rule, "mark": {"type": "text", "align": "left", "dx": 5, "dy": -8, "color": "#b34514",
                              "fontWeight": "bold", "baseline": "bottom"},
             "encoding": {"x": {"field": "v", "type": "quantitative"}, "y": {"value": 0},
                          "text": {"field": "name"}}},
        ]  # fmt: skip
    data = {"data": {"values": list(records)}}
    layers += [
        {**data, "mark": {"type": "rule", "color": BLUE, "strokeWidth": 2, "opacity": 0.55},
         "encoding": {"y": axis, "x": _axis("conf_low", x.say(lang)), "x2": {"field": "conf_high"}}},
        {**data, "mark": {"type": "circle", "color": BLUE, "size": 80, "opacity": 1},
         "encoding": {"y": axis, "x": _axis("estimate", x.say(lang))}},
    ]  # fmt: skip
    return make("caterpillar", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"layer": layers}, width=520, height=21 * len(records), subtitle=subtitle)  # fmt: skip


def forest(
    records: Sequence[Record],
    *,
    x: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    zero: float = 0.0,
    subtitle: Text | None = None,
) -> Figure:
    """Estimates with intervals in the order given, grouped by heading; a line at no effect.

    Parameters
    ----------
    records
        ``label, group, estimate, conf_low, conf_high``; records without limits draw a point.
    x
        Axis title.
    zero
        Where the line of no effect stands.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    groups = list(dict.fromkeys(str(r.get("group", "")) for r in records))
    colours = [BLUE, TURQUOISE, PINK, ORANGE, GREY][: len(groups)]
    order = list(dict.fromkeys(str(r["label"]) for r in records))
    several = len(groups) > 1
    place: dict[str, Any] = {
        "y": {"field": "label", "type": "nominal", "sort": order, "title": None,
              "axis": {"grid": True, "labelLimit": 330}},
        "color": {"field": "group", "type": "nominal", "sort": groups, "scale": {"range": colours},
                  "title": None, "legend": {} if several else None},
    }  # fmt: skip
    # Side by side only where a row has several estimates; else the dots leave their grid line.
    if len(order) < len(records):
        place["yOffset"] = {"field": "group", "type": "nominal", "sort": groups}
    layers = [
        {"data": {"values": [{"v": zero}]}, "mark": {"type": "rule", "color": SOFT},
         "encoding": {"x": {"field": "v", "type": "quantitative"}}},
        {"data": {"values": [r for r in records if r.get("conf_low") is not None]},
         "mark": {"type": "rule", "strokeWidth": 2.5, "opacity": 0.6},
         "encoding": {**place, "x": _axis("conf_low", x.say(lang)), "x2": {"field": "conf_high"}}},
        {"data": {"values": list(records)}, "mark": {"type": "circle", "size": 75, "opacity": 1},
         "encoding": {**place, "x": _axis("estimate", x.say(lang))}},
    ]  # fmt: skip
    return make("forest", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"layer": layers}, width=430, height=(42 if len(order) < len(records) else 26) * len(order),
                subtitle=subtitle)  # fmt: skip


def funnel_plot(
    records: Sequence[Record],
    *,
    limits: Sequence[Record],
    target: float,
    x: Text,
    y: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw areas against funnel limits; areas beyond the outer limits are named.

    Parameters
    ----------
    records
        ``label, population, estimate, outside``.
    limits
        ``population, limit_level, limit_low, limit_high``.
    target
        The common value.
    x, y
        Axis titles.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    curves = [{"population": r["population"], "v": r[side], "level": f"{100 * r['limit_level']:g}%",
               "curve": f"{side}{r['limit_level']}"}
              for r in limits for side in ("limit_low", "limit_high")]  # fmt: skip
    levels = list(dict.fromkeys(c["level"] for c in curves))
    named = [{**r, "name": r["label"] if r["outside"] == "outer" else ""} for r in records]
    horizontal = {"field": "population", "type": "quantitative", "title": x.say(lang),
                  "axis": {"format": ",d"}, "scale": {"zero": False}}  # fmt: skip
    layers = [
        {"data": {"values": curves}, "mark": {"type": "line", "strokeWidth": 1.6},
         "encoding": {"x": horizontal, "y": _axis("v", y.say(lang)), "detail": {"field": "curve"},
                      "strokeDash": {"field": "level", "sort": levels, "title": None,
                                     "legend": {"symbolType": "stroke", "orient": "bottom-right"}},
                      "color": {"value": SOFT}}},
        {"data": {"values": [{"v": target}]}, "mark": {"type": "rule", "color": ORANGE},
         "encoding": {"y": _axis("v", y.say(lang))}},
        {"data": {"values": named}, "mark": {"type": "circle", "size": 75, "opacity": 0.95},
         "encoding": {"x": horizontal, "y": _axis("estimate", y.say(lang)),
                      "color": {"condition": {"test": "datum.outside != 'no'", "value": PINK},
                                "value": BLUE}}},
        {"data": {"values": named},
         "mark": {"type": "text", "fontSize": 11.5, "dy": -10, "color": INK},
         "encoding": {"x": horizontal, "y": _axis("estimate", y.say(lang)),
                      "text": {"field": "name"}}},
    ]  # fmt: skip
    return make("funnel", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"layer": layers}, height=420, subtitle=subtitle)  # fmt: skip
