"""Figures of amounts over time and categories: trend, bars, heatmap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gofal.figures.base import Figure, Record, make
from gofal.figures.theme import BLUE, ORANGE, PALETTE, SEQUENTIAL
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["bars", "heatmap", "trend"]


def trend(
    records: Sequence[Record],
    *,
    y: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    highlight: Sequence[str] = (),
    zero: bool = True,
    subtitle: Text | None = None,
) -> Figure:
    """Lines over years; highlighted series are coloured and named at their end, others grey.

    Parameters
    ----------
    records
        ``year, value, series``.
    y
        Axis title.
    highlight
        Series to name, six at most.
    zero
        Whether the axis starts at 0.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    chosen = list(highlight) or list(dict.fromkeys(str(r["series"]) for r in records))
    last = {s: max(r["year"] for r in records if r["series"] == s) for s in chosen}
    ends = [r for r in records if r["series"] in last and r["year"] == last[r["series"]]]
    colour = {"field": "series", "type": "nominal", "sort": chosen, "legend": None,
              "scale": {"domain": chosen, "range": list(PALETTE)[: len(chosen)]}}  # fmt: skip
    place: dict[str, Any] = {
        "x": {"field": "year", "type": "quantitative", "title": None,
              "axis": {"format": "d", "tickMinStep": 1}, "scale": {"zero": False, "nice": False}},
        "y": {"field": "value", "type": "quantitative", "title": y.say(lang),
              "scale": {"zero": zero}, "axis": {"format": ",d"}},
    }  # fmt: skip
    layers = [
        {"data": {"values": [r for r in records if r["series"] not in last]},
         "mark": {"type": "line", "color": "#b8bdc1", "strokeWidth": 1.2},
         "encoding": {**place, "detail": {"field": "series"}}},
        {"data": {"values": [r for r in records if r["series"] in last]},
         "mark": {"type": "line", "strokeWidth": 2.6}, "encoding": {**place, "color": colour}},
        {"data": {"values": ends}, "mark": {"type": "circle", "size": 60, "opacity": 1},
         "encoding": {**place, "color": colour}},
        {"data": {"values": ends},
         "mark": {"type": "text", "align": "left", "dx": 7, "fontWeight": "bold", "limit": 150},
         "encoding": {**place, "color": colour, "text": {"field": "series"}}},
    ]  # fmt: skip
    return make("trend", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"layer": layers}, width=600, height=340, subtitle=subtitle)  # fmt: skip


def bars(
    records: Sequence[Record],
    *,
    x: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    decimals: int = 0,
    emphasise: Sequence[str] = (),
    subtitle: Text | None = None,
) -> Figure:
    """Horizontal bars in the order given, each with its value.

    Parameters
    ----------
    records
        ``label, value``.
    x
        Axis title.
    decimals
        Decimals of the values.
    emphasise
        Labels drawn in orange.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    order = [str(r["label"]) for r in records]
    place = {
        "y": {"field": "label", "type": "nominal", "sort": order, "title": None,
              "axis": {"labelLimit": 300}},
        "x": {"field": "value", "type": "quantitative", "title": x.say(lang),
              "axis": {"grid": True, "format": ",.0f"}},
    }  # fmt: skip
    test = " || ".join(f"datum.label == {name!r}" for name in emphasise) or "false"
    layers = [
        {"mark": {"type": "bar", "height": {"band": 0.72}},
         "encoding": {**place, "color": {"condition": {"test": test, "value": ORANGE},
                                         "value": BLUE}}},
        {"mark": {"type": "text", "align": "left", "dx": 5},
         "encoding": {**place, "text": {"field": "value", "type": "quantitative",
                                        "format": f",.{decimals}f"}}},
    ]  # fmt: skip
    return make("bars", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"data": {"values": list(records)}, "layer": layers}, width=460,
                height=32 * len(order), subtitle=subtitle)  # fmt: skip


def heatmap(
    records: Sequence[Record],
    *,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw a matrix of correlations: value in every cell, a star where the p-value is below 0.05.

    Parameters
    ----------
    records
        ``row, column, estimate, star`` (``"*"`` or ``""``).
    title, subtitle, alt, note, lang
        Texts and language.
    """
    rows = list(dict.fromkeys(str(r["row"]) for r in records))
    columns = list(dict.fromkeys(str(r["column"]) for r in records))
    shown = [{**r, "text": f"{r['estimate']:.2f}{r['star']}"} for r in records]
    place = {
        "y": {"field": "row", "type": "nominal", "sort": rows, "title": None,
              "axis": {"labelLimit": 300}},
        "x": {"field": "column", "type": "nominal", "sort": columns, "title": None,
              "axis": {"orient": "top", "labelAngle": 0, "domain": False}},
    }  # fmt: skip
    layers = [
        {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 2},
         "encoding": {**place, "color": {"field": "estimate", "type": "quantitative",
                      "legend": None, "scale": {"domain": [0, 0.6], "clamp": True,
                                                "range": list(SEQUENTIAL)}}}},
        {"mark": {"type": "text", "fontSize": 13},
         "encoding": {**place, "text": {"field": "text"},
                      "color": {"condition": {"test": "datum.estimate > 0.36", "value": "white"},
                                "value": "#1d1d1b"}}},
    ]  # fmt: skip
    return make("heatmap", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"data": {"values": shown}, "layer": layers},
                width=58 * len(columns), height=34 * len(rows), subtitle=subtitle)  # fmt: skip
