"""Several results side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NoReturn, Self

from gofal.language import PHRASES, Text, format_value, language
from gofal.options import get_options
from gofal.results.base import Result
from gofal.results.columns import GLOSSARY
from gofal.results.provenance import Provenance
from gofal.results.sheet import Sheet, label_of
from gofal.typing import Lang

__all__ = ["Comparison", "compare"]

# Columns that say which estimate a row holds, in the order they are shown.
_IDENTITY: tuple[str, ...] = (
    *("by", "x", "y", "controls", "term", "group", "label", "area_code", "area_name"),
    *("period", "measure", "category", "part", "limit_level"),
)


class Comparison(Result):
    """Results side by side: a row per estimate, a column per result.

    ``tidy`` is long: ``model``, what identifies the estimate, and the columns asked for. The
    display is wide.
    """

    __slots__ = ("results",)

    _title: ClassVar[Text] = PHRASES["comparison"]

    results: tuple[tuple[str, Result], ...]

    def with_results(self, results: tuple[tuple[str, Result], ...]) -> Self:
        """Return the same comparison, holding the results compared (they know their formats)."""
        object.__setattr__(self, "results", results)
        return self

    def sheet(self, lang: Lang | None = None, max_rows: int | None = None) -> Sheet:
        """Return the wide table as strings."""
        lang = language(lang)
        tidy = self.to_arrow().to_pylist()
        identity = [name for name in self.to_arrow().column_names if name in _identity(self.keys)]
        labels = [_label(row, identity) for row in tidy]
        cells = {
            (label, row["model"]): _cell(dict(self.results)[row["model"]], row, lang)
            for label, row in zip(labels, tidy, strict=True)
        }
        models = [name for name, _ in self.results]
        width = max(len(identity), 1)
        rows = [
            (*label, *(cells.get((label, model), "") for model in models))
            for label in dict.fromkeys(labels)
        ]
        return Sheet(
            title=self.title().say(lang),
            facts=(),
            headers=(*([label_of(name, lang) for name in identity] or [""]), *models),
            numeric=(*[False] * width, *[True] * len(models)),
            rows=(*rows[:max_rows], *_about(self, width, lang)),
            notes=tuple(dict.fromkeys(n.say(lang) for _, r in self.results for n in r.notes())),
            call=self.provenance.call_text(),
            lang=lang,
            ident=f"gofal-{self.digest[:10]}-{lang}",
        )

    def __getstate__(self) -> tuple[Any, ...]:
        return (*super().__getstate__(), self.results)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        super().__setstate__(state[:4])
        object.__setattr__(self, "results", state[4] if len(state) > 4 else ())


def compare(
    results: Mapping[str, Result],
    *,
    columns: Sequence[str] = ("estimate", "conf_low", "conf_high"),
    about: Sequence[str] = ("n_obs",),
) -> Comparison:
    """Put results side by side.

    Parameters
    ----------
    results
        Name → result. Rows are matched by what identifies an estimate: ``x`` and ``y``, ``term``,
        ``group``, ``area_code``, ``period``, and the keys the results are split by.
    columns
        Columns of `tidy` to keep. The display shows the estimate with its interval, or with its
        standard error in brackets when ``std_error`` is asked for instead.
    about
        Columns of `glance` to show under the estimates, such as ``"r_squared"``.

    Returns
    -------
    Comparison
        ``tidy``: ``model``, identity, ``columns``; ``glance``: ``n_groups`` (results compared);
        table ``"about"``: ``model`` and the columns of ``about``.

    Raises
    ------
    InputError
        When there is nothing to compare, or a column is in none of the results.
    """
    if not results:
        _refuse("compare: expected at least one result")
    named = tuple(results.items())
    keys = tuple(dict.fromkeys(key for _, result in named for key in result.keys))
    tidy = _stack(named, "tidy", (*_identity(keys), *columns), required=columns)
    _refuse_twins(tidy, keys)
    below = _stack(named, "glance", tuple(about), required=about)
    provenance = Provenance(
        function="compare",
        arguments={
            "results": {name: result.provenance for name, result in named},
            "columns": list(columns),
            "about": list(about),
        },
        synthetic=any(result.provenance.synthetic for _, result in named),
        subject="",
    )
    comparison = Comparison.build(
        tidy=tidy,
        glance={"n_groups": len(named)},
        provenance=provenance,
        keys=keys,
        extra={"about": below},
    )
    object.__setattr__(comparison, "_frame", named[0][1]._frame)
    return comparison.with_results(named)


def _identity(keys: tuple[str, ...]) -> tuple[str, ...]:
    return (*keys, *(name for name in _IDENTITY if name not in keys))


def _stack(
    named: tuple[tuple[str, Result], ...],
    part: str,
    columns: tuple[str, ...],
    required: Sequence[str],
) -> dict[str, list[Any]]:
    """Return the tables of all results under one another, with the union of the columns."""
    tables = [(name, result.to_arrow(part).to_pydict()) for name, result in named]
    for column in required:
        if not any(column in table for _, table in tables):
            _refuse(f'compare: no result has the column "{column}" in {part}')
    kept = [c for c in (*columns, "reason") if any(c in table for _, table in tables)]
    stacked: dict[str, list[Any]] = {"model": [], **{c: [] for c in kept}}
    for name, table in tables:
        n_rows = len(next(iter(table.values())))
        stacked["model"] += [name] * n_rows
        for c in kept:
            stacked[c] += table.get(c, [None] * n_rows)
    return stacked


def _label(row: Mapping[str, Any], identity: Sequence[str]) -> tuple[str, ...]:
    """Return what identifies a row, as strings; at least one, so that a table has a stub."""
    return tuple("–" if row[name] is None else str(row[name]) for name in identity) or ("",)


def _refuse_twins(tidy: Mapping[str, list[Any]], keys: tuple[str, ...]) -> None:
    """Refuse two estimates of one result that nothing tells apart: one would hide the other."""
    names = ("model", *(name for name in _identity(keys) if name in tidy))
    seen = set()
    for row in zip(*(tidy[name] for name in names), strict=True):
        if row in seen:
            told = ", ".join(f"{n}={v!r}" for n, v in zip(names, row, strict=True))
            _refuse(f"compare: two rows with {told}; nothing tells them apart")
        seen.add(row)


def _cell(result: Result, row: Mapping[str, Any], lang: Lang) -> str:
    """Return one estimate with its interval, or its standard error, or the columns asked for."""
    digits = get_options().digits

    def show(name: str) -> str:
        return format_value(row[name], result.format_of(name), lang, digits)

    if row.get("estimate") is None:
        values = [n for n in row if n in GLOSSARY and isinstance(row[n], int | float)]
        return " ".join(map(show, values)) or "–"
    if row.get("conf_low") is not None and row.get("conf_high") is not None:
        to = PHRASES["to"].say(lang)
        return f"{show('estimate')} ({show('conf_low')} {to} {show('conf_high')})"
    if row.get("std_error") is not None:
        return f"{show('estimate')} ({show('std_error')})"
    return show("estimate")


def _about(comparison: Comparison, n_identity: int, lang: Lang) -> list[tuple[str, ...]]:
    """Return the rows under the estimates: n, R squared, and so on."""
    table = comparison.to_arrow("about").to_pydict()
    results = dict(comparison.results)
    rows = []
    for name, values in table.items():
        if name == "model":
            continue
        shown = [
            "" if value is None else format_value(value, results[model].format_of(name), lang)
            for model, value in zip(table["model"], values, strict=True)
        ]
        rows.append((label_of(name, lang), *[""] * (n_identity - 1), *shown))
    return rows


def _refuse(message: str) -> NoReturn:
    from gofal.errors import InputError

    raise InputError(message)
