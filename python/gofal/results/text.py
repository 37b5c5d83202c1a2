"""A sheet for a terminal: aligned columns, no colour, no width that depends on the screen."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from gofal.language import phrase

if TYPE_CHECKING:
    from gofal.results.sheet import Sheet

__all__ = ["to_text"]


def to_text(sheet: Sheet) -> str:
    """Return the sheet as lines of text, without a newline at the end."""
    body = [_clean(row) for row in sheet.rows]
    head = _clean(sheet.headers)
    widths = [max(map(_width, (head[i], *(row[i] for row in body)))) for i in range(len(head))]
    rule = "─" * (sum(widths) + 2 * max(len(widths) - 1, 0))
    lines = [sheet.title]
    if sheet.facts:
        lines.append(sheet.facts_line())
    if head:
        lines += ["", _line(head, widths, sheet.numeric), rule]
        lines += [_line(row, widths, sheet.numeric) for row in body]
        lines.append(rule)
    lines += [f"{phrase('note', sheet.lang)}: {note}" for note in sheet.notes]
    if sheet.call:
        lines.append(f"{phrase('call', sheet.lang)}: {sheet.call}")
    return "\n".join(lines)


def _line(cells: list[str], widths: list[int], numeric: tuple[bool, ...]) -> str:
    padded = []
    for cell, width, right in zip(cells, widths, numeric, strict=True):
        space = " " * (width - _width(cell))
        padded.append(space + cell if right else cell + space)
    return "  ".join(padded).rstrip()


def _clean(cells: tuple[str, ...]) -> list[str]:
    # A line break or an escape sequence in a name would tear the table or the terminal.
    return [
        "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in cell)
        for cell in cells
    ]


def _width(cell: str) -> int:
    """Return the columns a string takes: none for a combining mark, two for a wide character."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in cell
    )
