"""Imputation from the caller's side: kinds of columns and frames, identities, bad input."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import gofal as gf
from gofal.errors import InputError

T = {
    "age": [1, 3, 5, 8, 11, 13, 15, 16, 2, 9],
    "score": [1.5, 2.0, None, 3.25, 4.0, None, 6.5, 6.0, 1.0, 4.5],
    "moves": [1, 1, None, 2, 3, 3, None, 5, 1, 2],
    "kin": ["yes", "no", "no", None, "yes", "other", "no", "other", None, "yes"],
    "girl": [True, None, False, False, True, True, None, False, True, False],
    "case": [1.0, 0.0, 0.0, 1.0, None, 0.0, 1.0, 1.0, 0.0, None],
    "area": ["a", "a", "b", "b", "a", "b", "a", "b", "a", "b"],
    "note": [None, "x", None, "y", "z", None, None, None, "w", "v"],
}
COLUMNS = ["age", "score", "moves", "kin", "girl", "case"]


def test_observed_cells_stay_and_imputed_ones_are_possible() -> None:
    result = gf.impute(T, COLUMNS, m=4, n_iter=3, seed=3)
    tidy = result.to_arrow().to_pydict()
    assert tidy["method"] == ["pmm", "pmm", "pmm", "logit", "logit", "logit"]
    sets = result.complete(T)
    assert len(sets) == 4
    for table in sets:
        got = table.to_pydict()
        assert got["note"] == T["note"]
        assert table.schema.types == pa.table(T).schema.types
        for name in COLUMNS:
            seen = {v for v in T[name] if v is not None}
            for old, new in zip(T[name], got[name], strict=True):
                assert new == old if old is not None else new in seen
    assert len({str(t.to_pydict()) for t in sets}) > 1


def test_every_kind_of_frame_comes_back_as_it_went_in() -> None:
    frame = pl.DataFrame(T).with_columns(pl.col("kin").cast(pl.Categorical))
    a = gf.impute(frame, COLUMNS, m=2, n_iter=2, seed=3).complete(frame)
    assert isinstance(a[0], pl.DataFrame)
    assert a[0]["kin"].dtype == pl.Categorical
    assert a[0]["kin"].null_count() == 0
    panda = pd.DataFrame({"age": T["age"], "score": T["score"], "case": T["case"]})
    b = gf.impute(panda, list(panda), m=2, n_iter=2, seed=3).complete(panda)
    assert isinstance(b[0], pd.DataFrame)
    assert not b[1].isna().any().any()


def test_the_seed_decides_and_m_does_not() -> None:
    t = {name: values * 3 for name, values in T.items()}
    short = gf.impute(t, COLUMNS, m=2, n_iter=2, seed=9, cluster="area")
    long = gf.impute(t, COLUMNS, m=5, n_iter=2, seed=9, cluster="area")
    with gf.options(threads=1):
        alone = gf.impute(t, COLUMNS, m=5, n_iter=2, seed=9, cluster="area")
    assert long == alone
    assert [t.to_pydict() for t in short.complete(t)] == [
        t.to_pydict() for t in long.complete(t)[:2]
    ]
    other = gf.impute(t, COLUMNS, m=5, n_iter=2, seed=10, cluster="area")
    assert other.to_arrow("imputed") != long.to_arrow("imputed")


def test_normal_draws_and_pooling() -> None:
    t = {"x": list(range(30)), "y": [2 * v + (-1) ** v if v % 4 else None for v in range(30)]}
    imputed = gf.impute(t, ["x", "y"], m=10, n_iter=1, method={"y": "normal"}, seed=2)
    fits = [gf.lm(c, "y", "x", vcov="classical") for c in imputed.complete(t)]
    pooled = gf.pool(fits, joint="x")
    slope = pooled.statistic(term="x")
    assert slope.value == pytest.approx(2, abs=0.05)
    row = pooled.to_arrow().to_pylist()[1]
    assert 0.05 < row["fmi"] < 0.8
    assert row["df"] < 28


@pytest.mark.parametrize(
    "call",
    [
        lambda: gf.impute(T, ["age"]),
        lambda: gf.impute(T, ["age", "nowhere"]),
        lambda: gf.impute(T, ["age", "area"]),
        lambda: gf.impute(T, COLUMNS, m=1),
        lambda: gf.impute(T, COLUMNS, method={"kin": "magic"}),  # type: ignore[dict-item]
        lambda: gf.impute(T, COLUMNS, method={"note": "logit"}),
        lambda: gf.impute(T, COLUMNS, method={"kin": "pmm"}),
        lambda: gf.impute(T, COLUMNS, cluster="note"),
        lambda: gf.impute({"a": [None, None], "b": [1, 2]}, ["a", "b"]),
        lambda: gf.impute(T, COLUMNS, m=2, n_iter=1).complete({**T, "age": T["age"][::-1]}),
    ],
)
def test_bad_input_is_refused(call: object) -> None:
    with pytest.raises(InputError):
        call()  # type: ignore[operator]


def two_level() -> dict[str, list[object]]:
    """Children of 12 areas; one area never recorded the item, two have no spending."""
    area = [f"a{i // 20:02}" for i in range(240)]
    item = [
        None if a == "a11" or i % 7 == 0 else int((i * 37 + i // 20 * 11) % 10 < 4)
        for i, a in enumerate(area)
    ]
    score = [None if i % 9 == 0 else (i * 53 % 17) / 4 + i // 20 for i in range(240)]
    spend = [None if a in ("a03", "a08") else 100 + 5 * int(a[1:]) for a in area]
    return {
        "area": area,
        "item": item,
        "score": score,
        "spend": spend,
        "age": [i % 18 for i in range(240)],
    }


def test_two_level_methods_draw_what_can_be() -> None:
    t = two_level()
    method = {"item": "two-level-probit", "score": "two-level", "spend": "cluster-pmm"}
    used = ["item", "score", "spend", "age"]
    result = gf.impute(t, used, m=3, n_iter=2, method=method, cluster="area", seed=5)  # type: ignore[arg-type]
    assert result.to_arrow()["method"].to_pylist()[:3] == list(method.values())
    for table in result.complete(t):
        got = table.to_pydict()
        assert set(got["item"]) <= {0, 1}
        assert all(isinstance(v, float) for v in got["score"])
        for a in ("a03", "a08"):
            assert len({s for s, g in zip(got["spend"], got["area"], strict=True) if g == a}) == 1
        assert set(got["spend"]) <= {v for v in t["spend"] if v is not None}
    with gf.options(threads=1):
        alone = gf.impute(t, used, m=3, n_iter=2, method=method, cluster="area", seed=5)  # type: ignore[arg-type]
    assert alone == result


@pytest.mark.parametrize(
    ("method", "cluster", "says"),
    [
        ({"item": "two-level-probit"}, None, "cluster"),
        ({"score": "two-level-probit"}, "area", "two values"),
        ({"spend": "cluster-pmm"}, "age", "one value"),
        ({"score": "two-level"}, "few", "clusters"),
    ],
)
def test_two_level_methods_say_what_they_lack(
    method: object, cluster: str | None, says: str
) -> None:
    t = {**two_level(), "few": ["x" if i < 120 else "y" for i in range(240)]}
    with pytest.raises(InputError) as caught:
        gf.impute(t, ["item", "score", "spend", "age"], m=2, method=method, cluster=cluster)  # type: ignore[arg-type]
    assert says in str(caught.value)
