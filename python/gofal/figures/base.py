"""A figure as a value: specification, records, alt text, source note, language."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from gofal.errors import InputError
from gofal.figures.theme import config
from gofal.language import Text
from gofal.typing import Lang

__all__ = ["Figure", "Record", "make"]

Record = Mapping[str, Any]
_WIDTH = 86


@dataclass(frozen=True)
class Figure:
    """A chart in one language.

    Attributes
    ----------
    kind
        Name of the builder.
    title, alt, note
        Heading, alternative text, source note.
    lang
        Language.
    records
        The rows that are plotted.
    spec
        The Vega-Lite specification, data included.
    """

    kind: str
    title: str
    alt: str
    note: str
    lang: Lang
    records: tuple[Record, ...]
    spec: Mapping[str, Any]

    def to_json(self) -> str:
        """Return the Vega-Lite specification."""
        return json.dumps(self.spec, ensure_ascii=False, indent=1, allow_nan=False)

    def to_svg(self) -> str:
        """Return the figure as SVG with title and description."""
        import vl_convert as vlc

        svg = str(vlc.vegalite_to_svg(dict(self.spec)))
        head, rest = svg.split(">", 1)
        described = f"<title>{escape(self.title)}</title><desc>{escape(self.alt)}</desc>"
        return f'{head} role="img" aria-label="{escape(self.alt)}">{described}{rest}\n'

    def to_png(self, scale: float = 2) -> bytes:
        """Return the figure as PNG, ``scale`` pixels per unit."""
        import vl_convert as vlc

        return bytes(vlc.vegalite_to_png(dict(self.spec), scale=scale))

    def to_csv(self) -> str:
        """Return the plotted records as CSV."""
        names = list(dict.fromkeys(k for r in self.records for k in r))
        out = io.StringIO()
        writer = csv.DictWriter(out, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(dict(r) for r in self.records)
        return out.getvalue()

    def save(self, path: str | Path) -> Path:
        """Write SVG, PNG, CSV or JSON, by the ending of ``path``."""
        target = Path(path)
        text = {".svg": self.to_svg, ".csv": self.to_csv, ".json": self.to_json}
        if target.suffix == ".png":
            target.write_bytes(self.to_png())
        elif target.suffix in text:
            target.write_text(text[target.suffix](), encoding="utf-8")
        else:
            message = f"cannot save a figure as {target.suffix!r}; expected .svg, .png, .csv, .json"
            raise InputError(message, kind="option", column="path", got=str(path))
        return target

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        png = base64.b64encode(self.to_png(scale=1.5)).decode()
        image = f'<img alt="{escape(self.alt)}" src="data:image/png;base64,{png}">'
        return {"image/png": png, "text/html": image, "text/plain": f"{self.title}: {self.alt}"}


def make(
    kind: str,
    *,
    lang: Lang,
    title: Text,
    alt: Text,
    note: Text,
    records: Sequence[Record],
    layers: Mapping[str, Any],
    width: int = 680,
    height: int | None = None,
    subtitle: Text | None = None,
) -> Figure:
    """Put a figure together: texts wrapped, theme and data added, values checked.

    Raises
    ------
    InputError
        No records, or a record with NaN or infinity.
    """
    if not records:
        message = f"{kind}: no records to draw"
        raise InputError(message, kind="empty", column=kind)
    for i, record in enumerate(records):
        bad = [k for k, v in record.items() if isinstance(v, float) and not math.isfinite(v)]
        if bad:
            message = (
                f"{kind}: record {i} holds NaN or infinity in {bad}; leave the row out instead"
            )
            raise InputError(message, kind="values", column=bad[0], rows=[i], n=1)
    heading: dict[str, Any] = {"text": textwrap.wrap(title.say(lang), 66)}
    if subtitle is not None:
        heading["subtitle"] = textwrap.wrap(subtitle.say(lang), 92)
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": alt.say(lang),
        "title": heading,
        "width": width,
        "padding": {"left": 12, "right": 16, "top": 12, "bottom": 10},
        "autosize": {"type": "pad"},
        "config": config(),
        **layers,
    }
    if height is not None:
        spec["height"] = height
    if "hconcat" in spec:
        # Panels have widths of their own.
        del spec["width"]
    spec = _with_note(spec, textwrap.wrap(note.say(lang), 104), width)
    return Figure(kind, title.say(lang), alt.say(lang), note.say(lang), lang, tuple(records), spec)


def _with_note(spec: dict[str, Any], lines: list[str], width: int) -> dict[str, Any]:
    """Set the source note under the plot, left aligned: a second, empty plot with a title."""
    top = {k: spec.pop(k) for k in ("$schema", "description", "padding", "config", "autosize")}
    foot = {
        "data": {"values": [{}]},
        "mark": {"type": "text", "align": "left", "baseline": "top", "fontSize": 12,
                 "color": "#55585a", "lineHeight": 15, "text": lines},
        "encoding": {"x": {"value": 0}, "y": {"value": 0}},
        "width": width,
        "height": 15 * len(lines),
    }  # fmt: skip
    # A legend stands with its plot only where the figure says so; else it goes under the note.
    if "resolve" in spec:
        top["resolve"] = spec.pop("resolve")
    return {**top, "vconcat": [spec, foot], "spacing": 14, "bounds": "full"}
