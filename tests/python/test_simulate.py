"""Synthetic children: the table, its truth, and the mark that every result carries."""

from __future__ import annotations

import pickle

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import gofal as gf
from gofal import figures
from gofal.errors import InputError
from gofal.simulate.wales import AUTHORITY_CODES, areas, rates


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return gf.simulate.children(300_000, 3)


def test_the_small_areas_are_those_of_the_index() -> None:
    held = areas()
    assert set(held) == set(AUTHORITY_CODES)
    assert sum(map(sum, held.values())) == 1909
    # Worst fifth exact; the others, apportioned, within a few of a fifth of 1,909.
    totals = [sum(v[q] for v in held.values()) for q in range(5)]
    assert totals[0] == 382
    assert all(abs(t - 382) <= 12 for t in totals)


def test_the_same_seed_is_the_same_children_at_any_number_of_threads(table: pa.Table) -> None:
    for n in (1, 2, 8):
        with gf.options(threads=n):
            assert gf.simulate.children(300_000, 3).equals(table)
    assert not gf.simulate.children(300_000, 4).equals(table)
    other = gf.simulate.children(300_000, 3, truth=gf.simulate.Assumptions(seed=1))
    assert not other.equals(table)


def test_columns_are_small_and_nested(table: pa.Table) -> None:
    assert table.nbytes <= 14 * table.num_rows + 60_000
    nested = gf.cells(table, by=["authority", "small_area", "deprivation_quintile"])
    assert len(nested) == len(gf.cells(table, by=["small_area"])) == 1909
    for name in (*gf.simulate.TRIO, "looked_after"):
        assert set(table[name].unique().to_pylist()) == {0, 1}
    assert table.column("deprivation_quintile").null_count == 0


def test_expected_rates_are_the_published_ones() -> None:
    for margins in ("authority", "national"):
        assumed = gf.simulate.Assumptions(margins=margins)
        found = gf.simulate.truth(assumed)
        rows = found.to_arrow("authorities").to_pylist()
        same = [abs(r["rate"] / rates()[r["area_code"]] - 1) < 1e-9 for r in rows]
        assert all(same) == (margins == "authority")
        per_1000 = found.to_arrow("glance").to_pylist()[0]["rate"]
        # 114.2 is printed for Wales; the authorities' counts are rounded.
        assert per_1000 == pytest.approx(11.42, abs=0.02)
    doubled = gf.simulate.truth(gf.simulate.Assumptions(rate_per_10k=200.0))
    assert doubled.to_arrow("glance").to_pylist()[0]["rate"] == pytest.approx(20.0, rel=1e-9)


def test_children_agree_with_the_truth(table: pa.Table) -> None:
    held = gf.simulate.truth(table).to_arrow("patterns").to_pylist()
    n = table.num_rows
    for row in held:
        wanted = set() if row["term"] == "none" else set(row["term"].split(" + "))
        keep = pa.array([True] * n)
        for factor in gf.simulate.TRIO:
            keep = pc.and_(keep, pc.equal(table[factor], int(factor in wanted)))
        here = table.filter(keep)
        p, r = row["share"], row["rate"] / 1000
        assert abs(here.num_rows - n * p) < 4.5 * (n * p * (1 - p)) ** 0.5
        events = pc.sum(here["looked_after"]).as_py()
        assert abs(events - here.num_rows * r) < 4.5 * (here.num_rows * r * (1 - r)) ** 0.5


def test_everything_made_from_them_says_so(table: pa.Table) -> None:
    by = gf.cells(table, "looked_after", by=["domestic_abuse", "age_band"])
    results = [
        gf.glm(by, "looked_after ~ domestic_abuse"),
        gf.glm(table, "looked_after ~ domestic_abuse"),
        gf.two_by_two(table, "looked_after", "domestic_abuse"),
        gf.simulate.truth(table),
        gf.risk(by, "looked_after ~ domestic_abuse", "domestic_abuse"),
        gf.describe(table, ["looked_after"]),
    ]
    for result in results:
        assert result.provenance.synthetic, result.provenance.function
        assert "Synthetic data" in result.to_text("en")
        assert "Data synthetig" in result.to_html("cy")
    real = gf.glm(
        gf.cells(pa.table(table.to_pydict()), "looked_after", by=["sex"]), "looked_after ~ sex"
    )
    assert not real.provenance.synthetic
    assert gf.describe(results[0], ["estimate"]).provenance.synthetic


def test_the_figure_of_a_synthetic_result_says_so(table: pa.Table) -> None:
    marked = gf.glm(table, "looked_after ~ domestic_abuse")
    assert "Synthetic data" in figures.of(marked, "forest", lang="en").note
    assert "Data synthetig" in figures.of(marked, "forest", lang="cy").note


def test_truth_is_frozen_and_pickles() -> None:
    found = gf.simulate.truth()
    assert pickle.loads(pickle.dumps(found)) == found
    assumed = gf.simulate.Assumptions(sd_trio=0.3, years=(2020, 2021))
    assert gf.simulate.Assumptions.from_json(assumed.to_json()) == assumed
    assert gf.simulate.truth(gf.simulate.children(10, 1, truth=assumed)) == gf.simulate.truth(
        assumed
    )


@pytest.mark.parametrize(
    ("arguments", "column"),
    [
        ({"prevalence": (0.1, 0.0, 0.1)}, "prevalence"),
        ({"prevalence": (0.1, 0.1)}, "prevalence"),
        ({"co_occurrence": (0.5, 1.0, 0.5)}, "co_occurrence"),
        ({"sd_trio": -1.0}, "sd"),
        ({"elsewhere": 1.5}, "elsewhere"),
        ({"margins": "county"}, "margins"),
        ({"rate_per_10k": 0.0}, "rate_per_10k"),
        ({"years": ()}, "years"),
        ({"seed": -1}, "seed"),
    ],
)
def test_impossible_assumptions_are_named(arguments: dict[str, object], column: str) -> None:
    with pytest.raises(InputError) as caught:
        gf.simulate.children(10, 1, truth=gf.simulate.Assumptions(**arguments))  # type: ignore[arg-type]
    assert caught.value.column == column


def test_bad_calls_are_refused() -> None:
    with pytest.raises(InputError, match="n=0"):
        gf.simulate.children(0, 1)
    with pytest.raises(InputError, match="seed"):
        gf.simulate.children(1, -1)
    with pytest.raises(InputError, match="drawn from"):
        gf.simulate.truth({"a": [1]})
