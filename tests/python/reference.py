"""Reading `../shared/reference`: cases that others computed. Absent folder: no cases, and a test that says so."""

from __future__ import annotations

import csv
import json
import math
import re
from typing import Any

import pyarrow as pa

from .contract.project import ROOT

FOLDER = ROOT / "../shared/reference"
ABSENT = "no ../shared/reference beside the project"


def cases(*families: str, call: str | None = None) -> list[dict[str, Any]]:
    """Every case of the families, in order of file names; none where the folder is absent."""
    paths = [p for family in families for p in sorted((FOLDER / "cases" / family).glob("*.json"))]
    read = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [c for c in read if call is None or c["call"] == call]


def table(name: str) -> pa.Table:
    """A data set, its categories as dictionaries in the order of the levels."""
    about = json.loads((FOLDER / "data" / f"{name}.meta.json").read_text(encoding="utf-8"))
    kinds = {column["name"]: column for column in about["columns"]}
    with (FOLDER / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return pa.table(
        {column: _column([row[column] for row in rows], kinds[column]) for column in kinds}
    )


def _column(cells: list[str], about: dict[str, Any]) -> pa.Array:
    if about["type"] == "category":
        levels = [str(level) for level in about["levels"]]
        codes = [None if cell == "" else levels.index(cell) for cell in cells]
        return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(levels))
    if about["type"] in ("text", "string", "str"):
        return pa.array([cell or None for cell in cells])
    if about["type"] in ("bool", "logical"):
        return pa.array([None if cell == "" else int(cell == "true") for cell in cells])
    number = int if about["type"] == "int" else float
    return pa.array([None if cell == "" else number(cell) for cell in cells])


def formula(text: str, outcome: str, dataset: str) -> str:
    """R's formula in our spelling: the outcome as a column, the first level of a category as reference."""
    right = text.split("~", 1)[1]
    about = json.loads((FOLDER / "data" / f"{dataset}.meta.json").read_text(encoding="utf-8"))
    for column in about["columns"]:
        if column["type"] == "category":
            coded = f'C({column["name"]}, Treatment("{column["levels"][0]}"))'
            right = re.sub(rf"(?<![\w.\"]){re.escape(column['name'])}(?![\w.\"])", coded, right)
    right = re.sub(r"factor\((\w+)\)", r"C(\1)", right)
    right = re.sub(r"\b([A-Za-z]\w*(?:\.\w+)+)\b", r"`\1`", right)
    return f"{outcome} ~ {right.replace('^', '**')}"


def meets(case: dict[str, Any], key: str, got: float | None) -> None:
    """Assert that ``got`` has the digits (or the absolute difference) that the case asks for."""
    want = float(str(case["expected"][key]).replace("Inf", "inf"))
    digits = case["tolerance"]["lre"]
    for rule in case["tolerance"].get("by_key", []):
        if re.search(rule["pattern"], key):
            digits = rule["lre"]
    near = [r["abs"] for r in case["tolerance"].get("abs", []) if re.search(r["pattern"], key)]
    assert got is not None, f"{case['id']} {key}: nothing, want {want!r}"
    if got == want or (near and abs(got - want) <= near[-1]):
        return
    reached = lre(got, want)
    assert reached >= digits, (
        f"{case['id']} {key}: got {got!r}, want {want!r}: {reached:.2f} of {digits}"
    )


def lre(got: float, want: float) -> float:
    """Digits of agreement, at most 15."""
    if got == want:
        return 15.0
    gap = abs(got) if want == 0 else abs(got - want) / abs(want)
    return min(15.0, -math.log10(gap))
