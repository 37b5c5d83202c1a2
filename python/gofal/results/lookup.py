"""Find one number in a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from gofal.results.columns import GLOSSARY
from gofal.results.not_available import NotAvailable
from gofal.results.statistic import Statistic

if TYPE_CHECKING:
    from gofal.results.base import Result

__all__ = ["single"]


def single(result: Result, column: str, match: Mapping[str, Any]) -> Statistic | NotAvailable:
    """Return the number in ``column`` of the only row of `tidy` that matches.

    Raises
    ------
    InputError
        For an unknown column, no matching row, several, or a column of words.
    """
    table = result.to_arrow()
    for name in (column, *match):
        if name not in table.column_names:
            _refuse(f'no column "{name}"; there are {", ".join(table.column_names)}')
    rows = table.to_pylist()
    found = [row for row in rows if all(row[name] == value for name, value in match.items())]
    asked = ", ".join(f"{name}={value!r}" for name, value in match.items()) or "no condition"
    if not found:
        offered = {name: sorted({str(row[name]) for row in rows})[:8] for name in match}
        _refuse(f"no row with {asked}; there are {offered}")
    if len(found) > 1:
        telling = [
            name
            for name in table.column_names
            if isinstance(found[0][name], str) and len({row[name] for row in found}) > 1
        ]
        _refuse(f"{len(found)} rows with {asked}; say also which {' or '.join(telling) or 'row'}")
    return _statistic(result, column, found[0])


def _statistic(result: Result, column: str, row: dict[str, Any]) -> Statistic | NotAvailable:
    value = row[column]
    if value is None:
        return NotAvailable(row.get("reason") or "value is missing")
    if not isinstance(value, int | float):
        _refuse(f'column "{column}" holds words, not numbers: {value!r}')
    has_interval = column == "estimate"
    return Statistic(
        value=value,
        column=column,
        format=result.format_of(column),
        unit=GLOSSARY[column].unit if column in GLOSSARY else "",
        conf_low=row.get("conf_low") if has_interval else None,
        conf_high=row.get("conf_high") if has_interval else None,
        conf_level=row.get("conf_level") if has_interval else None,
    )


def _refuse(message: str) -> NoReturn:
    from gofal.errors import InputError

    raise InputError(message)
