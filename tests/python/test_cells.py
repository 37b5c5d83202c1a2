"""Cells: mergeable, and the same whoever makes them."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal.errors import InputError

ROW = st.tuples(
    st.sampled_from(["Powys", "Môn", "Gwynedd", None]),
    st.sampled_from([0, 1, 7, 5000, None]),
    st.booleans() | st.none(),
    st.integers(-3, 3) | st.none(),
)


def table(rows: list[tuple[object, ...]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) if rows else [[], [], [], []]
    types = [pa.string(), pa.int32(), pa.bool_(), pa.float64()]
    names = ["area", "code", "abuse", "y"]
    arrays = [pa.array(c, t) for c, t in zip(columns, types, strict=True)]
    return pa.table(dict(zip(names, arrays, strict=True)))


@settings(deadline=None, max_examples=50)
@given(st.lists(ROW, min_size=1, max_size=60), st.data())
def test_merged_cells_are_the_cells_of_all(
    rows: list[tuple[object, ...]], data: st.DataObject
) -> None:
    parts = data.draw(st.lists(st.integers(0, 3), min_size=len(rows), max_size=len(rows)))
    whole = gf.cells(table(rows), "y", by=["area", "code", "abuse"])
    made = [
        gf.cells(table(part), "y", by=["area", "code", "abuse"])
        for k in range(4)
        if (part := [r for r, p in zip(rows, parts, strict=True) if p == k])
    ]
    merged = made[0].merge(*made[1:])
    assert merged.to_arrow().to_pydict() == whole.to_arrow().to_pydict()
    assert (merged.n_rows, merged.n_missing) == (whole.n_rows, whole.n_missing)


@settings(deadline=None, max_examples=50)
@given(st.lists(ROW, min_size=1, max_size=60), st.sampled_from([1, 2, 8]))
def test_cells_are_those_of_a_plain_grouping(rows: list[tuple[object, ...]], threads: int) -> None:
    with gf.options(threads=threads):
        found = gf.cells(table(rows), "y", by=["area", "code", "abuse"])
    want: dict[tuple[object, ...], list[float]] = {}
    for *key, y in rows:
        if y is not None:
            cell = want.setdefault(tuple(key), [0, 0, 0])
            for i, v in enumerate((1, y, y * y)):
                cell[i] += v
    got = {
        (r["area"], r["code"], None if r["abuse"] is None else bool(r["abuse"])): [
            r["n"], r["total"], r["total_sq"],
        ]
        for r in found.to_arrow().to_pylist()
    }  # fmt: skip
    assert got == want
    assert found.n_missing == sum(r[3] is None for r in rows)


def test_merging_keeps_squares_and_takes_cells_of_any_maker() -> None:
    rng = np.random.default_rng(4)
    n = 4000
    rows = pa.table(
        {"area": [f"a{v}" for v in rng.integers(0, 5, n)], "poor": rng.integers(0, 2, n), "y": rng.normal(size=n)}
    )  # fmt: skip
    whole = gf.cells(rows, "y", by=["area", "poor"])
    half = [rows.slice(0, 1500), rows.slice(1500)]
    sql = duckdb.from_arrow(half[0]).aggregate("area, poor, count(*) m, sum(y) s, sum(y * y) q")
    frame = (
        pl.DataFrame(half[1])
        .group_by("poor", "area")
        .agg(
            pl.len().alias("k"), pl.col("y").sum().alias("t"), (pl.col("y") ** 2).sum().alias("t2")
        )
    )
    one = gf.as_cells(sql, "y", n="m", total="s", total_sq="q")
    two = gf.as_cells(frame, "y", n="k", total="t", total_sq="t2")
    merged = one.merge(two)
    for name in ("n", "total", "total_sq"):
        np.testing.assert_allclose(merged.to_arrow()[name], whole.to_arrow()[name], rtol=1e-12)
    of_cells, of_rows = (gf.lm(t, "y ~ area + poor", vcov="classical") for t in (merged, rows))
    for name in ("estimate", "std_error"):
        np.testing.assert_allclose(of_cells.to_arrow()[name], of_rows.to_arrow()[name], rtol=1e-10)


def test_cells_that_do_not_go_together_are_refused() -> None:
    rows = table([("Powys", 1, True, 1), ("Môn", 1, True, 0)])
    one = gf.cells(rows, "y", by=["area", "code"])
    with pytest.raises(InputError, match="do not go with"):
        one.merge(gf.cells(rows, "y", by="area"))
    with pytest.raises(InputError, match="do not go with"):
        one.merge(gf.cells(rows, by=["area", "code"]))
    with pytest.raises(InputError, match="without nulls") as caught:
        gf.as_cells({"area": ["x", "z"], "n": [2, 3], "s": [1, None]}, "y", n="n", total="s")
    assert (caught.value.column, caught.value.rows) == ("s", [1])
    with pytest.raises(InputError, match="expected numbers"):
        gf.as_cells({"area": ["x"], "n": ["2"], "s": [1]}, "y", n="n", total="s")
    half = gf.as_cells({"area": ["x"], "n": [2.5], "s": [1]}, "y", n="n", total="s")
    with pytest.raises(InputError, match="whole number"):
        gf.cells(rows, "y", by="area").merge(half)


def test_levels_that_come_late_one_by_one_cost_no_more() -> None:
    """Sorted by a column of many levels, each new level widens the table: it must not be moved each time."""
    n, levels = 60_000, 6000
    rows = pa.table(
        {
            "small_area": np.arange(n) * levels // n,
            "abuse": np.arange(n) % 2,
            "care": np.arange(n) % 3 == 0,
        }
    )
    found = gf.cells(rows, "care", by=["small_area", "abuse"])
    assert len(found) == 2 * levels
    assert set(found.to_arrow()["n"].to_pylist()) == {5}


def test_rows_dropped_are_counted_alike_from_rows_and_cells() -> None:
    rng = np.random.default_rng(8)
    n = 3000
    rows = pa.table(
        {
            "abuse": pa.array([None if v < 0.1 else int(v < 0.4) for v in rng.random(n)]),
            "care": pa.array([None if v < 0.05 else int(v < 0.3) for v in rng.random(n)]),
        }
    )
    glance = [
        gf.glm(t, "care ~ abuse").to_arrow("glance").to_pylist()[0]
        for t in (rows, gf.cells(rows, "care", by="abuse"))
    ]
    for name in ("n_obs", "n_missing"):
        assert glance[0][name] == glance[1][name]
