"""Figures of the trio: the same bytes, both languages, every mark there, nothing shown that is hidden."""

from __future__ import annotations

import json

import pytest

import gofal as gf
from gofal import figures
from gofal.errors import InputError
from gofal.trigger_trio import TrioResult

KINDS = ("upset", "forest", "dose", "heterogeneity")


@pytest.fixture(scope="module")
def trio() -> TrioResult:
    return gf.trigger_trio(
        gf.simulate.children(60_000, 1), "looked_after", adjust=["sex"], cluster="authority",
        heterogeneity_by=["deprivation_quintile", "authority"],
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_same_bytes_and_both_languages(trio: TrioResult, kind: str) -> None:
    drawn = {lang: trio.plot(kind=kind, lang=lang) for lang in ("en", "cy")}
    for lang, figure in drawn.items():
        assert figure.to_svg() == trio.plot(kind=kind, lang=lang).to_svg()
        assert figure.to_png() == trio.plot(kind=kind, lang=lang).to_png()
        assert figure.alt
        assert figure.kind in figures.kinds()
        assert ("Synthetic" if lang == "en" else "synthetig") in figure.note
    assert drawn["en"].title != drawn["cy"].title
    assert drawn["en"].alt != drawn["cy"].alt


def test_the_default_is_the_upset_and_a_title_can_be_given(
    trio: TrioResult,
) -> None:
    assert trio.plot().kind == "upset"
    assert trio.plot(kind="dose", title="Ours").title == "Ours"
    with pytest.raises(InputError, match="no figure"):
        trio.plot(kind="funnels")


def test_upset_marks_are_the_patterns(trio: TrioResult) -> None:
    figure = trio.plot(lang="en")
    assert len(figure.records) == 8
    matrix, rates, words = figure.spec["vconcat"][0]["hconcat"]
    on = [d for d in matrix["layer"][0]["data"]["values"] if d["on"]]
    assert len(on) == 3 + 2 * 3 + 3
    assert len(rates["layer"][0]["data"]["values"]) == 8
    assert "of" in words["data"]["values"][0]["text"]
    bare = figures.of(trio.part("patterns"), "forest", lang="en")
    assert len(bare.records) == 8


def test_authorities_are_named_in_the_reader_s_language(trio: TrioResult) -> None:
    text = trio.plot(kind="heterogeneity", lang="cy").to_csv()
    assert "Caerdydd" in text
    assert "Cardiff" not in text
    fifths = trio.plot(kind="heterogeneity", lang="en", by="deprivation_quintile").to_csv()
    assert "deprivation fifth 5" in fifths
    with pytest.raises(InputError, match="by='sex'"):
        trio.plot(kind="heterogeneity", by="sex")


def test_hidden_numbers_are_in_no_figure() -> None:
    rows = {
        "a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "n": [7000, 900, 800, 101], "y": [70, 31, 37, 3],
    }  # fmt: skip
    cells = gf.as_cells(rows, "care", n="n", total="y")
    found = gf.trigger_trio(cells, "care", factors=["a", "b"], suppress_below=5)
    figure = found.plot(lang="en")
    assert "not shown" in json.dumps(figure.spec)
    hidden = [r for r in figure.records if r["estimate"] is None]
    assert len(hidden) >= 2
    assert all(r["events"] is None for r in hidden)
    assert "ni ddangosir" in json.dumps(found.plot(lang="cy").spec, ensure_ascii=False)
    with pytest.raises(InputError, match="heterogeneity_by"):
        found.plot(kind="heterogeneity")
