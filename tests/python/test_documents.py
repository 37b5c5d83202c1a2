"""What the documents promise: their examples run, their pages and names exist."""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import subprocess
import sys

import pytest

import gofal
import gofal.data
import gofal.studies
import gofal.wales

from .contract.project import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run(page: object) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S)  # type: ignore[attr-defined]
    held: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        for block in blocks:
            exec(compile(block, str(page), "exec"), held)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (ROOT / target).exists(), target


def test_every_public_function_is_documented_with_an_example() -> None:
    reference = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    functions = [
        n
        for n, f in vars(gofal).items()
        if callable(f) and getattr(f, "__module__", "").startswith("gofal.")
    ]
    functions = [
        n for n in functions if n[0].islower() and n not in {"analytic", "frequency", "probability"}
    ]
    functions = [
        n for n in functions if n not in {"options", "set_options", "get_options", "compare"}
    ]
    assert len(functions) > 10
    for name in functions:
        assert name in reference, name
        text = getattr(gofal, name).__doc__ or ""
        for part in ("Parameters", "Returns", "Raises", "Examples"):
            assert part in text, f"{name} lacks {part}"


def test_the_reference_names_each_function_where_it_stands() -> None:
    # A name listed elsewhere than in its own module is left out of the built page without a warning.
    page = (ROOT / "docs/reference/api.md").read_text(encoding="utf-8")
    shown = set()
    entry = r"::: (gofal[\w.]*)\n    options:\n      members:\n((?: {8}- \w+\n)+)"
    for module, listed in re.findall(entry, page):
        held = importlib.import_module(module)
        for name in re.findall(r"- (\w+)", listed):
            assert getattr(held, name).__module__ == module, f"{name} does not stand in {module}"
            assert (module, name) not in shown, f"{module}.{name} stands twice"
            shown.add((module, name))
    assert len(re.findall(r"^:::", page, re.M)) == len(re.findall(entry, page))
    setting = {
        "options",
        "set_options",
        "get_options",
        "compare",
        "analytic",
        "frequency",
        "probability",
    }
    for name, f in vars(gofal).items():
        if callable(f) and name[0].islower() and name not in setting:
            assert (f.__module__, name) in shown, f"{name} is not on the page"


def test_import_is_light() -> None:
    code = (
        "import sys, gofal; heavy = {'pyarrow','pandas','polars','vl_convert','great_tables','numpy','jinja2'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_nothing_names_a_machine() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    pattern = re.compile(r"/(?:work|root|home)/\w|crates\.io|pypi\.org")
    found = [
        name
        for name in tracked
        if (ROOT / name).suffix in {".py", ".rs", ".md", ".toml", ".yml", ".txt", ""} and name != "Cargo.lock"
        and name != "tests/python/test_documents.py" and pattern.search((ROOT / name).read_text(encoding="utf-8"))
    ]  # fmt: skip
    assert not found
