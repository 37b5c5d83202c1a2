"""Reference cases that others computed, where ``../shared/reference`` lies beside the project."""

from __future__ import annotations

import csv
import json
import math
import re
from typing import Any

import pytest

from .contract.project import ROOT

FOLDER = ROOT.parent / "shared" / "reference"
needs_reference = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no ../shared/reference beside the project"
)


def case(family: str, name: str) -> dict[str, Any]:
    """One case by family and id."""
    return dict(json.loads((FOLDER / "cases" / family / f"{name}.json").read_text("utf-8")))


def names(family: str) -> list[str]:
    """Ids of a family's cases; none where the folder is absent."""
    return sorted(p.stem for p in (FOLDER / "cases" / family).glob("*.json"))


def data(name: str) -> dict[str, list[Any]]:
    """A data set as columns: numbers where every cell is one, empty cells as None."""
    with (FOLDER / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {key: _column([row[key] for row in rows]) for key in rows[0]}


def _column(cells: list[str]) -> list[Any]:
    try:
        return [float(c) if c else None for c in cells]
    except ValueError:
        return [c or None for c in cells]


def assert_key(which: dict[str, Any], key: str, got: float) -> None:
    """Compare with the digits (or the absolute difference) that the case asks for."""
    want = float(which["expected"][key])
    tolerance = which["tolerance"]
    digits = tolerance["lre"]
    for rule in tolerance.get("by_key", []):
        digits = rule["lre"] if re.search(rule["pattern"], key) else digits
    if got == want:
        return
    gap = abs(got - want) / abs(want) if want else abs(got)
    assert -math.log10(gap) >= digits, f"{which['id']} {key}: got {got!r}, want {want!r}"
