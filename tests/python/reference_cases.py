"""Reading `../shared/reference`, answers computed by others; without the folder nothing is checked."""

from __future__ import annotations

import csv
import json
import math
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from .contract.project import ROOT

FOLDER = ROOT.parent / "shared" / "reference"
needs_reference = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="no ../shared/reference beside the project"
)


def cases(family: str) -> list[Any]:
    """The cases of a family as parameters of a test; none without the folder."""
    paths = sorted((FOLDER / "cases" / family).glob("*.json"))
    return [pytest.param(json.loads(p.read_text(encoding="utf-8")), id=p.stem) for p in paths]


def data(name: str) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """A data set, and the levels of its categories in order."""
    path = FOLDER / "data" / f"{name}.csv"
    meta = json.loads(path.with_suffix("").with_suffix(".meta.json").read_text(encoding="utf-8"))
    levels = {c["name"]: c["levels"] for c in meta["columns"] if c["type"] == "category"}
    with Path(path).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    out: dict[str, list[Any]] = {}
    for c in meta["columns"]:
        kind = {"int": int, "float": float, "number": float}.get(c["type"], str)
        out[c["name"]] = [kind(r[c["name"]]) if r[c["name"]] != "" else None for r in rows]
    return pl.DataFrame(out, strict=False), levels


def coded(formula: str, levels: dict[str, list[str]]) -> str:
    """The formula with the first level listed as the reference of each factor."""
    left, right = formula.split("~")
    for name, order in levels.items():
        right = re.sub(rf"\b{re.escape(name)}\b", f'C({name}, Treatment("{order[0]}"))', right)
    return f"{left.strip()} ~ {right.strip()}"


def check(case: dict[str, Any], key: str, got: float) -> None:
    """The digits asked of a number are there."""
    tolerance, want = case["tolerance"], float(case["expected"][key])
    asked = tolerance["lre"]
    for rule in tolerance.get("by_key", []):
        if re.search(rule["pattern"], key):
            asked = rule["lre"]
    apart = abs(got - want) / abs(want) if want else abs(got)
    digits = 15.0 if apart == 0 else -math.log10(apart)
    assert digits >= asked or abs(got - want) <= tolerance.get("abs", 0), (key, got, want, digits)


def term_of(name: str) -> str:
    """The term as gofal writes it."""
    return "(intercept)" if name == "(Intercept)" else name
