"""The embedded tables as the studies use them: one column per measure, one row per authority."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gofal.data import records
from gofal.errors import InputError
from gofal.wales import AUTHORITIES

__all__ = ["CODES", "column", "columns", "national", "source_ids"]

CODES = tuple(a.code for a in AUTHORITIES)
"""The 22 codes, in the order every column of a study has."""


def column(dataset: str, measure: str, period: str, category: str = "all") -> list[float | None]:
    """Return one measure for the 22 authorities, in the order of `CODES`."""
    held: Mapping[str, Any] = {
        r["area_code"]: r["value"]
        for r in records(
            dataset, measure=measure, period=period, category=category, area="authorities"
        )
    }
    return [held.get(code) for code in CODES]


def columns(**wanted: Sequence[float | None]) -> dict[str, list[Any]]:
    """Return a table of the 22 authorities: ``area`` and the columns named.

    Raises
    ------
    InputError
        A column that does not have 22 values.
    """
    for name, values in wanted.items():
        if len(values) != len(CODES):
            message = f"column {name!r} has {len(values)} values; the studies need {len(CODES)}"
            raise InputError(message, kind="length", column=name, expected=22, got=len(values))
    return {"area": list(CODES), **{name: list(values) for name, values in wanted.items()}}


def source_ids(*wanted: tuple[str, str]) -> tuple[str, ...]:
    """Return the sources of (dataset, measure) pairs, in order."""
    ids = {r["source_id"] for d, m in wanted for r in records(d, measure=m)}
    return tuple(sorted(ids))


def national(dataset: str, measure: str, period: str, category: str = "all") -> float:
    """Return one figure for Wales.

    Raises
    ------
    InputError
        If there is none, or it is suppressed.
    """
    rows = records(dataset, measure=measure, period=period, category=category, area="wales")
    if not rows or rows[0]["value"] is None:
        message = f"{dataset}: no {measure} for Wales in {period}"
        raise InputError(message, kind="values", column=measure, got=period)
    return float(rows[0]["value"])
