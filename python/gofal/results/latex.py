r"""A sheet for a paper: a ``table`` with ``booktabs`` rules.

The preamble needs ``\usepackage{booktabs}`` and an engine that reads UTF-8.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gofal.results.sheet import Sheet

__all__ = ["escape", "to_latex"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "∞": r"$\infty$",
    "£": r"\pounds{}",
}
_NEGATIVE = re.compile(r"(?<![\w.])-(?=\d)")


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    Examples
    --------
    >>> print(escape("5% of A&B_1"))
    5\% of A\&B\_1
    """
    # Control characters (a line break in a name) would end a row or a paragraph.
    return "".join(_SPECIAL.get(c, " " if ord(c) < 32 else c) for c in text)


def to_latex(sheet: Sheet) -> str:
    """Return the sheet as a LaTeX ``table`` environment, without a newline at the end."""
    align = "".join("r" if numeric else "l" for numeric in sheet.numeric)
    caption = escape(sheet.title)
    if sheet.facts:
        caption += ". " + escape(sheet.facts_line())
    lines = [
        r"\begin{table}[htbp]",
        r"\centering",
        rf"\caption{{{caption}}}",
        rf"\label{{tab:{sheet.ident}}}",
        rf"\begin{{tabular}}{{{align}}}",
        r"\toprule",
        " & ".join(map(escape, sheet.headers)) + r" \\",
        r"\midrule",
        *(_row(row, sheet.numeric) for row in sheet.rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    lines += [rf"\par\smallskip\footnotesize {escape(note)}" for note in sheet.notes]
    lines.append(r"\end{table}")
    if sheet.call:
        # A comment: the reader of the source can compute the table again.
        lines.insert(0, "% " + " ".join(sheet.call.split()))
    return "\n".join(lines)


def _row(cells: tuple[str, ...], numeric: tuple[bool, ...]) -> str:
    shown = [
        _NEGATIVE.sub("$-$", escape(cell)) if is_number else escape(cell)
        for cell, is_number in zip(cells, numeric, strict=True)
    ]
    return " & ".join(shown) + r" \\"
