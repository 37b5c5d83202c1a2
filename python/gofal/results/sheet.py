"""A table as strings: what stands between a result and its media.

One immutable value decides once what is shown (columns, order, digits, words); `text`, `html` and
`latex` only lay it out. Constant columns about the method move from the table into one line above
it, and the two ends of an interval share a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gofal.language import format_value, language, phrase
from gofal.options import get_options
from gofal.results.columns import GLOSSARY
from gofal.typing import Lang

if TYPE_CHECKING:
    from gofal.results.base import Result

__all__ = ["Sheet", "sheet_of"]

# Columns said once above the table when every row says the same.
_LIFTED = (
    "method",
    "interval",
    "conf_level",
    "scale",
    "transform",
    "alternative",
    "adjust",
    "p_value_method",
    "overdispersion",
    "limit_level",
    "vcov",
    "weight",
    "base",
    "unit",
    "n_resamples",
    "seed",
    "n_obs",
    "n_missing",
    "n_groups",
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table ready to be laid out.

    Parameters
    ----------
    title
        What the table shows.
    facts
        Method, n and whatever else holds for every row: ``(label, value)``.
    headers
        Label of each column.
    numeric
        Whether each column is set to the right.
    rows
        Cells.
    notes
        Sentences under the table.
    call
        The call that computes it; empty where there is none.
    lang
        Language of the words.
    ident
        Identifier of the content; names the HTML element.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    headers: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]
    call: str
    lang: Lang
    ident: str

    def facts_line(self) -> str:
        """Return the facts in one line."""
        return "; ".join(f"{label}: {value}" for label, value in self.facts)

    def to_text(self) -> str:
        """Return an aligned table for a terminal."""
        from gofal.results.text import to_text

        return to_text(self)

    def to_html(self) -> str:
        """Return a self-contained HTML table."""
        from gofal.results.html import to_html

        return to_html(self)

    def to_latex(self) -> str:
        """Return a LaTeX table in the booktabs style."""
        from gofal.results.latex import to_latex

        return to_latex(self)


def sheet_of(result: Result, lang: Lang | None = None, max_rows: int | None = None) -> Sheet:
    """Return `tidy` of a result as strings.

    Parameters
    ----------
    result
        The result.
    lang
        Language; None is the one of the options.
    max_rows
        Rows shown; the notes say how many are left out.
    """
    lang = language(lang)
    table = result.to_arrow()
    n_rows = table.num_rows
    shown = table if max_rows is None else table.slice(0, max_rows)
    whole: dict[str, list[Any]] = table.to_pydict()
    columns = {
        name: shown.column(name).to_pylist()
        for name, values in whole.items()
        if name not in result._hidden and any(value is not None for value in values)
    }
    facts = _lift(result, columns, whole, lang)
    headers, numeric, cells = _cells(result, columns, whole, lang)
    notes = [note.say(lang) for note in result.notes()]
    if result.provenance.synthetic:
        notes.insert(0, phrase("synthetic", lang))
    if shown.num_rows < n_rows:
        notes.append(phrase("rows_left", lang, n=n_rows - shown.num_rows))
    return Sheet(
        title=result.title().say(lang),
        facts=facts,
        headers=headers,
        numeric=numeric,
        rows=tuple(zip(*cells, strict=True)) if cells else (),
        notes=tuple(notes),
        call=result.provenance.call_text(),
        lang=lang,
        ident=f"gofal-{result.digest[:10]}-{lang}",
    )


def label_of(name: str, lang: Lang) -> str:
    """Return the label of a column; a key column of the input keeps its own name."""
    return GLOSSARY[name].label(lang) if name in GLOSSARY else name


def _lift(
    result: Result, columns: dict[str, list[Any]], whole: Mapping[str, list[Any]], lang: Lang
) -> tuple[tuple[str, str], ...]:
    """Take what every row says out of ``columns``; return it as facts, with those of `glance`."""
    facts = []
    for name in _LIFTED:
        if name not in columns or name in result.keys:
            continue
        values = whole[name]
        if values[0] is None or any(value != values[0] for value in values):
            continue
        del columns[name]
        # The level stands in the header of the interval it belongs to.
        if name != "conf_level" or "conf_low" not in columns:
            facts.append((label_of(name, lang), _show(result, name, values[0], lang)))
    about = result.to_arrow("glance").to_pydict()
    for name in result._about:
        if about.get(name, [None])[0] is not None:
            facts.append((label_of(name, lang), _show(result, name, about[name][0], lang)))
    provenance = result.provenance
    said = "n_obs" in whole or (
        about.get("n_obs", [None])[0] is not None and "n_obs" in result._about
    )
    if not said and provenance.n_obs is not None:
        facts.insert(0, (label_of("n_obs", lang), format_value(provenance.n_obs, "count")))
    return tuple(facts)


def _cells(
    result: Result, columns: Mapping[str, list[Any]], whole: Mapping[str, list[Any]], lang: Lang
) -> tuple[tuple[str, ...], tuple[bool, ...], list[list[str]]]:
    headers, numeric, cells = [], [], []
    for name, values in columns.items():
        if name == "conf_high" and "conf_low" in columns:
            continue
        shown = [_show(result, name, value, lang) for value in values]
        header = label_of(name, lang)
        if name == "conf_low" and "conf_high" in columns:
            ends = [_show(result, "conf_high", value, lang) for value in columns["conf_high"]]
            shown = [_span(low, high, lang) for low, high in zip(shown, ends, strict=True)]
            header = _interval_header(columns, whole, lang)
        headers.append(header)
        numeric.append(not any(isinstance(value, str) for value in values))
        cells.append(shown)
    return tuple(headers), tuple(numeric), cells


def _show(result: Result, name: str, value: Any, lang: Lang) -> str:
    shown = "text" if name in result.keys else result.format_of(name)
    if shown == "text" and value is not None:
        return str(value)
    if not isinstance(value, str | bool | int | float | None):
        return str(value)  # a date
    return format_value(value, shown, lang, get_options().digits)


def _span(low: str, high: str, lang: Lang) -> str:
    return low if low == high == "–" else f"{low} {phrase('to', lang)} {high}"


def _interval_header(
    columns: Mapping[str, list[Any]], whole: Mapping[str, list[Any]], lang: Lang
) -> str:
    # A level that differs between rows kept its own column; one that does not names the header.
    if "conf_level" in whole and "conf_level" not in columns and whole["conf_level"]:
        level = whole["conf_level"][0]
        if level is not None:
            header = phrase("confidence", lang, level=format_value(level, "level"))
            return header[:1].upper() + header[1:]
    return label_of("interval", lang)
