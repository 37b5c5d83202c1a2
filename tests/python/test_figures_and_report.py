"""Figures and report: same bytes, both languages, everything that was promised."""

from __future__ import annotations

import json
from html import unescape
from pathlib import Path

import pytest

from gofal.errors import InputError
from gofal.figures import bars
from gofal.language import Text
from gofal.report import build, check, update
from gofal.studies import STUDIES

FIGURES = [(name, f.id) for name, make in STUDIES.items() for f in make().figures]


@pytest.mark.parametrize(("study", "figure"), FIGURES)
def test_every_figure_renders_the_same_bytes_in_both_languages(study: str, figure: str) -> None:
    part = next(f for f in STUDIES[study]().figures if f.id == figure)
    for lang in ("en", "cy"):
        drawn = part.build(lang)
        assert drawn.to_svg() == part.build(lang).to_svg()
        assert drawn.to_png() == part.build(lang).to_png()
        assert drawn.alt
        assert drawn.alt in unescape(drawn.to_svg())
        assert drawn.to_csv().count("\n") == len(drawn.records) + 1
    assert part.build("en").title != part.build("cy").title


def chart(label: str = "a", value: float = 1.0) -> object:
    text = Text("t", "t")
    return bars(
        [{"label": label, "value": value}], x=text, title=text, alt=text, note=text, lang="cy"
    )


def test_welsh_letters_are_drawn() -> None:
    assert chart("ŵ ŷ Ŵ Ŷ").to_png() != chart("        ").to_png()
    assert len(chart("ŵ ŷ Ŵ Ŷ").to_png()) > len(chart("        ").to_png())


def test_nothing_to_draw_and_nan_are_refused() -> None:
    text = Text("t", "t")
    with pytest.raises(InputError, match="no records"):
        bars([], x=text, title=text, alt=text, note=text, lang="en")
    with pytest.raises(InputError, match="NaN"):
        chart(value=float("nan"))


def test_the_report_is_whole_and_byte_stable(tmp_path: Path) -> None:
    first, second = (build(tmp_path / d, studies=["placements", "care_orders"]) for d in ("a", "b"))
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    for lang in ("en", "cy"):
        page = (tmp_path / "a" / f"report.{lang}.html").read_text(encoding="utf-8")
        assert f'<html lang="{lang}">' in page
        assert "http" not in page.split('<section id="sources">')[0].replace(
            "http://www.w3.org", ""
        )
    claims = json.loads((tmp_path / "a" / "claims.json").read_text(encoding="utf-8"))
    assert {c["verdict"] for c in claims} <= {"reproduced", "finding"}


def test_the_check_tells_numbers_from_specs_and_data(tmp_path: Path) -> None:
    target = update(tmp_path)
    assert check(tmp_path) == []
    held = json.loads(target.read_text(encoding="utf-8"))
    where = next(k for k, v in held["number"].items() if isinstance(v, float))
    held["number"][where] += 1
    held["spec"][next(iter(held["spec"]))] = "other"
    held["data"]["population"] = "other"
    target.write_text(json.dumps(held), encoding="utf-8")
    assert sorted(m.kind for m in check(tmp_path)) == ["data", "number", "spec"]
