"""Figures of wholes and their parts: waterfall of a difference, shares with their limits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from gofal.figures.base import Figure, Record, make
from gofal.figures.theme import BLUE, GREY, INK, ORANGE, SEQUENTIAL, SOFT, TURQUOISE
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["shares", "waterfall"]

_UP = Text("adds", "yn ychwanegu")
_DOWN = Text("takes away", "yn tynnu")
_WHOLE = Text("level", "lefel")


def waterfall(
    records: Sequence[Record],
    *,
    x: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    start: tuple[str, float] | None = None,
    end: str | None = None,
    decimals: int = 1,
    subtitle: Text | None = None,
) -> Figure:
    """From one level to another by parts, each bar beginning where the one above it ends.

    Parameters
    ----------
    records
        ``label, value`` of the parts, in order.
    x
        Axis title.
    start
        Label and value of the level that the parts begin from; 0 without a bar by default.
    end
        Label of the level that they lead to.
    decimals
        Decimals of the values.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    level = 0.0 if start is None else float(start[1])
    shown: list[dict[str, Any]] = []
    if start is not None:
        shown.append(_bar(start[0], 0.0, level, _WHOLE.say(lang), f"{level:,.{decimals}f}"))
    for r in records:
        value = float(r["value"])
        kind = (_UP if value >= 0 else _DOWN).say(lang)
        # Without the added 0 a part that rounds to nothing prints as -0.0.
        text = f"{round(value, decimals) + 0.0:+,.{decimals}f}"
        shown.append(_bar(str(r["label"]), level, level + value, kind, text))
        level += value
    if end is not None:
        shown.append(_bar(end, 0.0, level, _WHOLE.say(lang), f"{level:,.{decimals}f}"))
    order = [s["label"] for s in shown]
    links = [{"x": s["to"], "label": s["label"], "next": t["label"]}
             for s, t in pairwise(shown)]  # fmt: skip
    names = [k.say(lang) for k in (_UP, _DOWN, _WHOLE)]
    y: dict[str, Any] = {"field": "label", "type": "nominal", "sort": order, "title": None,
                         "axis": {"labelLimit": 300}}  # fmt: skip
    place: dict[str, Any] = {
        "y": y,
        "x": {"field": "from", "type": "quantitative", "title": x.say(lang),
              "axis": {"grid": True}},
        "x2": {"field": "to"},
    }  # fmt: skip
    layers = [
        {"mark": {"type": "bar", "height": {"band": 0.62}},
         "encoding": {**place, "color": {"field": "kind", "type": "nominal", "title": None,
                      "scale": {"domain": names, "range": [ORANGE, TURQUOISE, BLUE]}}}},
        {"data": {"values": links}, "mark": {"type": "rule", "color": SOFT, "strokeDash": [2, 2]},
         "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": y,
                      "y2": {"field": "next"}}},
        {"mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
         "encoding": {"y": y, "x": {"field": "right", "type": "quantitative"},
                      "text": {"field": "text"}}},
    ]  # fmt: skip
    return make("waterfall", lang=lang, title=title, alt=alt, note=note, records=shown,
                layers={"data": {"values": shown}, "layer": layers}, width=480,
                height=34 * len(shown), subtitle=subtitle)  # fmt: skip


def _bar(label: str, start: float, to: float, kind: str, text: str) -> dict[str, Any]:
    return {"label": label, "from": start, "to": to, "right": max(start, to), "kind": kind,
            "text": text}  # fmt: skip


def shares(
    records: Sequence[Record],
    *,
    x: Text,
    title: Text,
    alt: Text,
    note: Text,
    lang: Lang,
    subtitle: Text | None = None,
) -> Figure:
    """Bars of the parts of a whole, largest first, with their limits where there are any.

    Parameters
    ----------
    records
        ``label, value`` and, where known, ``conf_low, conf_high``, in the unit of the axis.
    x
        Axis title.
    title, subtitle, alt, note, lang
        Texts and language.
    """
    shown = sorted(records, key=lambda r: -float(r["value"]))
    order = [str(r["label"]) for r in shown]
    limited = [r for r in shown if r.get("conf_low") is not None]
    ends = [
        {**r, "right": max(float(r.get("conf_high") or 0), float(r["value"]), 0.0)} for r in shown
    ]
    y: dict[str, Any] = {"field": "label", "type": "nominal", "sort": order, "title": None,
                         "axis": {"labelLimit": 300}}  # fmt: skip
    axis = {"type": "quantitative", "title": x.say(lang), "axis": {"grid": True, "format": "~%"}}
    layers = [
        {"data": {"values": list(shown)},
         "mark": {"type": "bar", "height": {"band": 0.62}, "color": SEQUENTIAL[2]},
         "encoding": {"y": y, "x": {"field": "value", **axis}}},
        {"data": {"values": limited}, "mark": {"type": "rule", "color": GREY, "strokeWidth": 2},
         "encoding": {"y": y, "x": {"field": "conf_low", **axis}, "x2": {"field": "conf_high"}}},
        {"data": {"values": limited},
         "mark": {"type": "tick", "color": GREY, "thickness": 2, "size": 10},
         "encoding": {"y": y, "x": {"field": "conf_low", **axis}}},
        {"data": {"values": limited},
         "mark": {"type": "tick", "color": GREY, "thickness": 2, "size": 10},
         "encoding": {"y": y, "x": {"field": "conf_high", **axis}}},
        {"data": {"values": ends}, "mark": {"type": "text", "align": "left", "dx": 8, "color": INK},
         "encoding": {"y": y, "x": {"field": "right", **axis},
                      "text": {"field": "value", "type": "quantitative", "format": ".1%"}}},
    ]  # fmt: skip
    return make("shares", lang=lang, title=title, alt=alt, note=note, records=shown,
                layers={"layer": layers}, width=480, height=34 * len(shown),
                subtitle=subtitle)  # fmt: skip
