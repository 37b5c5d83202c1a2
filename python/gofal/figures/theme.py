"""One look for every figure: colour-blind-safe colours, one font that every machine draws.

Colours follow the palette that the Government Analysis Function recommends for charts. The font
family begins with Liberation Sans, which the renderer carries: a family that a machine lacks would
draw no text at all, without an error.
"""

from __future__ import annotations

from typing import Any

__all__ = ["FONT", "PALETTE", "SEQUENTIAL", "config"]

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
BLUE, TURQUOISE, PINK, ORANGE, GREY, PURPLE = PALETTE = (
    "#12436D", "#28A197", "#801650", "#F46A25", "#3D3D3D", "#A285D1",
)  # fmt: skip
INK, SOFT, GRID = "#1d1d1b", "#55585a", "#dfe3e6"
SEQUENTIAL = ("#e6eef5", "#b3cbe0", "#7ba3c7", "#3f78a8", "#12436D")


def config() -> dict[str, Any]:
    """Return the Vega-Lite configuration."""
    return {
        "font": FONT,
        "background": "#ffffff",
        "view": {"stroke": None},
        "title": {
            "anchor": "start", "frame": "group", "font": FONT, "fontSize": 19, "fontWeight": "bold",
            "color": INK, "subtitleFont": FONT, "subtitleFontSize": 14, "subtitleColor": SOFT,
            "subtitlePadding": 6, "offset": 16, "lineHeight": 23, "subtitleLineHeight": 18,
        },
        "axis": {
            "labelFont": FONT, "titleFont": FONT, "labelFontSize": 13, "titleFontSize": 13,
            "titleFontWeight": "normal", "labelColor": INK, "titleColor": SOFT, "gridColor": GRID,
            "domain": False, "ticks": False, "labelPadding": 6, "titlePadding": 10,
        },
        "axisX": {"grid": False, "domain": True, "domainColor": SOFT},
        "axisY": {"titleAngle": 0, "titleAlign": "left", "titleAnchor": "start", "titleY": -12,
                  "titleX": 0},
        "legend": {"labelFont": FONT, "titleFont": FONT, "labelFontSize": 13, "titleFontSize": 13,
                   "titleFontWeight": "normal", "labelColor": INK, "titleColor": SOFT,
                   "orient": "bottom", "symbolType": "square"},
        "text": {"font": FONT, "fontSize": 13, "color": INK},
    }  # fmt: skip
