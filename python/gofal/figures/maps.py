"""Figures in squares: the tile map of the authorities and the waffle of kinds of placement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gofal.figures.base import Figure, Record, make
from gofal.figures.theme import PALETTE, SEQUENTIAL
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["tile_map", "waffle"]


def tile_map(
    records: Sequence[Record],
    *,
    legend: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    decimals: int = 0,
    subtitle: Text | None = None,
) -> Figure:
    """Draw one equal square per authority.

    Parameters
    ----------
    records
        ``label, column, row, value``; a null value draws an empty square.
    legend
        Title of the colour scale.
    decimals
        Decimals of the printed values.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    values = sorted(float(r["value"]) for r in records if r["value"] is not None)
    cuts = [values[len(values) * k // 5] for k in range(1, 5)]
    shown = [{**r, "dark": r["value"] is not None and r["value"] >= cuts[2],
              "text": "" if r["value"] is None else f"{r['value']:,.{decimals}f}"}
             for r in records]  # fmt: skip
    size = 86
    place: dict[str, Any] = {
        "x": {"field": "column", "type": "ordinal", "axis": None, "scale": {"padding": 0.03}},
        "y": {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0.03}},
    }
    ink = {"condition": {"test": "datum.dark", "value": "white"}, "value": "#1d1d1b"}
    layers = [
        {"mark": {"type": "rect", "cornerRadius": 3},
         "encoding": {**place, "color": {
             "condition": {"test": "datum.value === null", "value": "#f2f2f2"},
             "field": "value", "type": "quantitative", "title": legend.say(lang),
             "scale": {"type": "threshold", "domain": cuts, "range": list(SEQUENTIAL)},
             "legend": {"orient": "right", "format": f",.{decimals}f", "titleLimit": 160}}}},
        {"mark": {"type": "text", "fontSize": 12, "dy": -10},
         "encoding": {**place, "text": {"field": "label"}, "color": ink}},
        {"mark": {"type": "text", "fontSize": 17, "fontWeight": "bold", "dy": 11},
         "encoding": {**place, "text": {"field": "text"}, "color": ink}},
    ]  # fmt: skip
    columns, rows = (1 + max(int(r[k]) for r in records) for k in ("column", "row"))
    return make("tile_map", lang=lang, title=title, alt=alt, note=note, records=records,
                layers={"data": {"values": shown}, "layer": layers}, width=size * columns,
                height=size * rows, subtitle=subtitle)  # fmt: skip


def waffle(
    records: Sequence[Record],
    *,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Draw one hundred squares shared out by largest remainder; one square is one child in a hundred.

    Parameters
    ----------
    records
        ``label, value`` (counts), largest first, six at most.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    total = sum(float(r["value"]) for r in records)
    exact = [100 * float(r["value"]) / total for r in records]
    squares = [math.floor(v) for v in exact]
    for i in sorted(range(len(exact)), key=lambda i: squares[i] - exact[i])[: 100 - sum(squares)]:
        squares[i] += 1
    names = [f"{r['label']}: {n}%" for r, n in zip(records, squares, strict=True)]
    cells: list[dict[str, Any]] = []
    for name, n in zip(names, squares, strict=True):
        for _ in range(n):
            at = len(cells)
            cells.append({"name": name, "column": at % 10, "row": at // 10})
    layers = {
        "data": {"values": cells},
        "mark": {"type": "rect", "cornerRadius": 2},
        "encoding": {
            "x": {"field": "column", "type": "ordinal", "axis": None, "scale": {"padding": 0.08}},
            "y": {"field": "row", "type": "ordinal", "axis": None, "scale": {"padding": 0.08}},
            "color": {"field": "name", "type": "nominal", "sort": names, "title": None,
                      "scale": {"domain": names, "range": list(PALETTE)[: len(names)]},
                      "legend": {"orient": "right", "labelLimit": 320, "rowPadding": 9,
                                 "symbolSize": 190, "labelFontSize": 14}},
        },
    }  # fmt: skip
    counted = [{**r, "squares": n} for r, n in zip(records, squares, strict=True)]
    return make("waffle", lang=lang, title=title, alt=alt, note=note, records=counted,
                layers=layers, width=330, height=330, subtitle=subtitle)  # fmt: skip
