"""Checks on published tables: what must hold, and what often does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from gofal.disclosure import possible_counts
from gofal.errors import InputError
from gofal.wales.authorities import AUTHORITIES, SUPERSEDED, WALES

__all__ = ["STATUSES", "Footing", "bounds", "check", "footing", "impossible_percentages"]

STATUSES = ("exact", "rounded5", "rounded1", "rounded0.1", "suppressed", "derived")
_CODES = {a.code for a in AUTHORITIES} | {WALES}


def check(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a tidy table that contradicts itself.

    Parameters
    ----------
    rows
        Rows with the tidy columns (see :func:`gofal.data.load`).

    Raises
    ------
    InputError
        Repeated area-period-measure-category cells of one vintage, unknown or superseded area
        codes, unknown statuses, suppressed cells with a value: rows are named (0-based).
    """
    seen: dict[tuple[Any, ...], int] = {}
    for i, row in enumerate(rows):
        code = row["area_code"]
        if code not in _CODES:
            successor = SUPERSEDED.get(code)
            hint = f"; it was replaced by {successor}" if successor else ""
            _refuse("area_code", i, "a code of a Welsh authority or of Wales", f"{code}{hint}")
        if row["status"] not in STATUSES:
            _refuse("status", i, f"one of {', '.join(STATUSES)}", row["status"])
        if (row["status"] == "suppressed") != (row["value"] is None):
            _refuse("value", i, "a value, or none with status suppressed", row["value"])
        key = (
            code, row["period"], row["measure"], row["category"], row.get("vintage", ""),
            row.get("source_id", ""),
        )  # fmt: skip
        if key in seen:
            message = f"duplicate rows {seen[key]} and {i}: {key}"
            raise InputError(
                message, kind="duplicate", columns=["area_code", "period", "measure", "category"],
                rows=[i], n=1, got=str(key),
            )  # fmt: skip
        seen[key] = i


def _refuse(column: str, row: int, expected: str, got: object) -> NoReturn:
    message = f'column "{column}", row {row}: got {got}; expected {expected}'
    raise InputError(
        message, kind="values", column=column, rows=[row], n=1, expected=expected, got=got
    )


def bounds(value: float | None, status: str) -> tuple[float, float]:
    """Return the lowest and highest true value a published cell can stand for.

    Parameters
    ----------
    value
        As published, None if suppressed.
    status
        ``exact`` or ``derived`` (the value itself), ``rounded5`` (± 2), ``rounded1`` (± 0.5), ``rounded0.1`` (± 0.05),
        ``suppressed`` (1 to 4).

    Examples
    --------
    >>> from gofal.data import bounds
    >>> bounds(25, "rounded5"), bounds(None, "suppressed")
    ((23, 27), (1, 4))
    """
    if status == "suppressed" or value is None:
        return (1, 4)
    half = {"rounded5": 2, "rounded1": 0.5, "rounded0.1": 0.05}.get(status, 0)
    return (value - half, value + half)


@dataclass(frozen=True, slots=True)
class Footing:
    """Whether parts add up to a printed total.

    Attributes
    ----------
    total, parts_sum, difference
        As printed; sum of the parts; the sum less the total.
    bound
        Largest difference that rounding each part and the total can make.
    foots
        Whether the parts add up exactly.
    explained
        Whether rounding can explain the difference.
    """

    total: float
    parts_sum: float
    difference: float
    bound: float
    foots: bool
    explained: bool


def footing(total: float, parts: Sequence[float], *, rounding: float) -> Footing:
    """Check that printed parts add up to a printed total.

    Parameters
    ----------
    total, parts
        As printed.
    rounding
        Step each figure was rounded to: 5 or 1; 0 for unrounded figures.

    Returns
    -------
    Footing

    Examples
    --------
    >>> from gofal.data import footing
    >>> f = footing(7210, [4955, 1200, 730, 245, 190], rounding=5)
    >>> f.difference, f.explained
    (110, False)
    """
    added = sum(parts)
    bound = rounding / 2 * (len(parts) + 1)
    gap = added - total
    return Footing(total, added, gap, bound, gap == 0, abs(gap) <= bound)


def impossible_percentages(
    percents: Mapping[str, Sequence[float]], n: Mapping[str, int], *, decimals: int = 0
) -> dict[str, list[float]]:
    """Return, per row, the percentages that no whole count of n can give (the GRIM test).

    Parameters
    ----------
    percents
        Row name to printed percentages.
    n
        Row name to the whole.
    decimals
        Decimals printed.

    Examples
    --------
    >>> from gofal.data import impossible_percentages
    >>> impossible_percentages({"Anglesey": [2, 16, 21, 55]}, {"Anglesey": 44})
    {'Anglesey': [21]}
    """
    bad = {
        name: [p for p in row if possible_counts(p, n[name], decimals=decimals) is None]
        for name, row in percents.items()
    }
    return {name: row for name, row in bad.items() if row}
