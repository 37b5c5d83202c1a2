"""A sheet for a notebook or a page: self-contained, the same bytes every time.

The only importer of great_tables.
"""

from __future__ import annotations

import html
import re
import warnings
from typing import TYPE_CHECKING

from gofal.language import phrase

if TYPE_CHECKING:
    from gofal.results.sheet import Sheet

__all__ = ["to_html"]

_NEGATIVE = re.compile(r"(?<![\w.])-(?=[\d∞.])")


def to_html(sheet: Sheet) -> str:
    """Return the sheet as one ``<div>`` that scrolls sideways on a narrow screen.

    Its id is the identifier of the content, so two tables of a page do not share one and the
    same table has the same id in every run.
    """
    import great_tables as gt
    import pyarrow as pa

    names = [f"c{i}" for i in range(len(sheet.headers))]
    columns = {
        name: pa.array([_cell(row[i], sheet.numeric[i]) for row in sheet.rows], pa.string())
        for i, name in enumerate(names)
    }
    right = [name for name, numeric in zip(names, sheet.numeric, strict=True) if numeric]
    with warnings.catch_warnings():
        # great_tables calls its reading of pyarrow tables experimental; ours holds strings only.
        warnings.simplefilter("ignore", UserWarning)
        table = gt.GT(pa.table(columns), id=sheet.ident)
    table = (
        table.tab_header(title=sheet.title, subtitle=sheet.facts_line() or None)
        .cols_label(**dict(zip(names, sheet.headers, strict=True)))
        .cols_align("left")
        .cols_align("right", right)
        .tab_options(
            table_font_names=["Liberation Sans", "Arial", "Helvetica", "sans-serif"],
            heading_align="left",
            container_overflow_x="auto",
            container_overflow_y="visible",
        )
    )
    for note in sheet.notes:
        table = table.tab_source_note(gt.html(html.escape(note)))
    if sheet.call:
        call = f"{phrase('call', sheet.lang)}: <code>{html.escape(sheet.call)}</code>"
        table = table.tab_source_note(gt.html(call))
    return f'<div lang="{sheet.lang}">{table.as_raw_html().strip()}</div>'


def _cell(text: str, numeric: bool) -> str:
    """Return a cell; in numbers a hyphen becomes a minus sign, which lines up with digits."""
    return _NEGATIVE.sub("\N{MINUS SIGN}", text) if numeric else text
