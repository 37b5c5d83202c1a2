"""A Python module imports only what stands before it in the package's order."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .project import PACKAGE, python_sources

# One row a layer, lowest first. A module may import its own layer and the ones above it here.
ORDER = [
    {"_core"},
    {"errors", "typing", "options", "_welsh", "language"},
    {"_table", "_check", "progress", "weights"},
    {"results"},
    {"_call"},
    {"cells", "scan", "spark", "_plain_formula", "formula", "random_terms", "covariances"},
    {"_models", "_outcome_models"},
    {
        "describe",
        "rates",
        "funnel",
        "correlation",
        "inequality",
        "regression",
        "decomposition",
        "disclosure",
        "_suppression",
        "_trio",
        "_trio_statement",
        "_trio_strata",
        "_trio_words",
        "trigger_trio",
        "_effects",
        "effects",
        "panel",
        "wild",
        "joint",
        "two_by_two",
        "strata",
        "impute",
        "evalue",
        "pool",
        "_mixed_verbs",
        "mixed_change",
        "mixed_inference",
        "mixed_ratio",
        "variance_shapley",
        "_glmm",
        "glmm",
        "maihda",
        "firth",
        "clogit",
        "ordinal",
        "multinomial",
        "zero_inflated",
        "discrete_hazard",
        "mixed",
        "icc",
    },
    {"wales"},
    {"data"},
    {"simulate"},
    {"figures"},
    {"studies"},
    {"report"},
    {"cli", "__main__", "__init__"},
]
RANK = {name: i for i, names in enumerate(ORDER) for name in names}
METHODS = ORDER[7]
# `Result.plot()` is the one lazy call upwards, and only inside a function.
LAZY_UPWARD = {("results", "figures"), *((m, "figures") for m in METHODS)}


def top(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path) -> list[tuple[str, bool]]:
    """The gofal modules a file imports, and whether at module level at run time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = package_parts(path)
    found = []
    for node, lazy in walk(tree.body, lazy=False):
        if isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level + 1] if node.level else []
            parts = base + (node.module.split(".") if node.module else [])
            if parts[:1] != ["gofal"]:
                continue
            names = [parts[1]] if len(parts) > 1 else [a.name for a in node.names]
            found += [(n, not lazy) for n in names]
        elif isinstance(node, ast.Import):
            found += [
                (a.name.split(".")[1], not lazy) for a in node.names if a.name.startswith("gofal.")
            ]
    return found


def package_parts(path: Path) -> list[str]:
    relative = path.relative_to(PACKAGE.parent).with_suffix("")
    return list(relative.parts[:-1])


def walk(body: list[ast.stmt], *, lazy: bool) -> list[tuple[ast.stmt, bool]]:
    out: list[tuple[ast.stmt, bool]] = []
    for node in body:
        out.append((node, lazy))
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        inner = lazy or typing_only or isinstance(node, ast.FunctionDef)
        for field in ("body", "orelse", "handlers", "finalbody"):
            children = getattr(node, field, [])
            out += walk([c for c in children if isinstance(c, ast.stmt)], lazy=inner)
    return out


@pytest.mark.parametrize("path", python_sources(), ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_no_module_looks_up(path: Path) -> None:
    own = top(path)
    assert own in RANK, f"{own} has no layer: add it to ORDER and to the architecture page"
    for other, at_import in imports(path):
        if other == own or other not in RANK:
            continue
        lazy_ok = not at_import and (own, other) in LAZY_UPWARD
        assert RANK[other] <= RANK[own] or lazy_ok, f"{path.name} ({own}) imports {other}"


def test_the_wales_package_holds_no_statistics() -> None:
    used = {other for p in (PACKAGE / "wales").rglob("*.py") for other, _ in imports(p)}
    assert not used & METHODS
