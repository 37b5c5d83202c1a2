"""Size budget: a file holds one idea (400 lines at most), a function one task (60 at most).

The allow-lists are empty on purpose: split the file, do not list it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from .project import ROOT, python_sources, rust_sources

MAX_FILE, MAX_FUNCTION = 400, 60
ALLOWED_FILES: frozenset[str] = frozenset()
ALLOWED_FUNCTIONS: frozenset[str] = frozenset()

SOURCES = [*rust_sources(), *python_sources()]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_file_is_over_budget(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_FILE or name(path) in ALLOWED_FILES, f"{name(path)}: {lines} lines"


def python_functions(path: Path) -> list[tuple[str, int]]:
    """Name and body length (docstring not counted) of every function."""
    out = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            start = first.end_lineno if ast.get_docstring(node) is not None else node.lineno
            out.append((node.name, (node.end_lineno or 0) - (start or 0)))
    return out


def rust_functions(path: Path) -> list[tuple[str, int]]:
    """Name and length of every function: from its `fn` line to the brace that closes it."""
    out: list[tuple[str, int]] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for i, line in enumerate(lines):
        match = re.match(r"(\s*)(?:pub(?:\([a-z]+\))? )?(?:const )?fn (\w+)", line)
        if match is None:
            continue
        indent, fn_name = match.groups()
        end = next((j for j in range(i, len(lines)) if lines[j].rstrip() == indent + "}"), i)
        out.append((fn_name, end - i + 1))
    return out


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_function_is_over_budget(path: Path) -> None:
    functions = rust_functions(path) if path.suffix == ".rs" else python_functions(path)
    long = [
        f"{name(path)}:{fn} {n} lines"
        for fn, n in functions
        if n > MAX_FUNCTION and f"{name(path)}:{fn}" not in ALLOWED_FUNCTIONS
    ]
    assert not long
