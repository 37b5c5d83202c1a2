"""The public face of the methods: identities, bad input, agreement of routes."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import gofal as gf
from gofal.data import records
from gofal.errors import InputError, NumericalError

numbers = st.lists(st.integers(-50, 50), min_size=6, max_size=30)


def table() -> dict[str, list[float]]:
    """The 22 authorities: score, rates of 2021 and 2023, population."""

    def column(dataset: str, measure: str, period: str) -> dict[str, float]:
        return {
            r["area_code"]: r["value"]
            for r in records(dataset, measure=measure, period=period, area="authorities")
        }

    score = column("deprivation", "wimd_score", "2019")
    out = {"score": score}
    for year in (2021, 2023):
        out[f"y{year}"] = column("care_and_support", "crcs_rate_per_10000_under18", f"{year}-03-31")
    out["children"] = {
        r["area_code"]: r["value"]
        for r in records(
            "population", measure="population_0_17", period="2020-06-30", area="authorities"
        )
    }
    return {"area": list(score), **{k: [v[c] for c in score] for k, v in out.items()}}


@settings(max_examples=60, deadline=None)
@given(numbers, st.randoms(use_true_random=False))
def test_correlations_agree_with_scipy(x: list[int], random: object) -> None:
    y = [v + random.randint(-20, 20) for v in x]  # type: ignore[attr-defined]
    t = {"x": x, "y": y}
    r = gf.correlate(
        t, "x", "y", method=["pearson", "spearman", "kendall"], interval="fisher", p="analytic"
    )
    rows = r.to_arrow().to_pylist()
    if len(set(x)) < 2 or len(set(y)) < 2:
        assert all(row["estimate"] is None and row["reason"] for row in rows)
        return
    expected = (stats.pearsonr(x, y), stats.spearmanr(x, y), stats.kendalltau(x, y))
    for row, want in zip(rows, expected, strict=True):
        assert row["estimate"] == pytest.approx(want.statistic, abs=1e-12)
    assert rows[0]["p_value"] == pytest.approx(expected[0].pvalue, abs=1e-12)


def test_symmetry_and_invariance() -> None:
    t = table()
    plain = gf.correlate(t, "score", "y2021").to_arrow().to_pylist()[0]
    turned = gf.correlate(t, "y2021", "score").to_arrow().to_pylist()[0]
    t["affine"] = [3 * v - 7 for v in t["score"]]
    affine = gf.correlate(t, "affine", "y2021").to_arrow().to_pylist()[0]
    for key in ("estimate", "conf_low", "conf_high"):
        assert plain[key] == pytest.approx(turned[key], abs=1e-12)
        assert plain[key] == pytest.approx(affine[key], abs=1e-9)


def test_partial_is_the_correlation_of_residuals() -> None:
    t = table()
    a = gf.lm(t, "y2021", "score").augment()["resid"].to_pylist()
    b = gf.lm(t, "y2023", "score").augment()["resid"].to_pylist()
    direct = (
        gf.correlate({"a": a, "b": b}, "a", "b", interval="fisher")
        .to_arrow()["estimate"][0]
        .as_py()
    )
    partial = gf.correlate(t, "y2021", "y2023", controls="score").to_arrow()["estimate"][0].as_py()
    assert partial == pytest.approx(direct, abs=1e-12)


def test_equal_weights_change_nothing_and_bare_weights_are_refused() -> None:
    t = {**table(), "w": [2.0] * 22}
    plain = (
        gf.correlate(t, "score", "y2021", interval="fisher", p="analytic").to_arrow().to_pylist()[0]
    )
    weighted = gf.correlate(t, "score", "y2021", weight=gf.analytic("w")).to_arrow().to_pylist()[0]
    for key in ("estimate", "conf_low", "conf_high", "p_value"):
        assert weighted[key] == pytest.approx(plain[key], abs=1e-12)
    with pytest.raises(InputError, match="analytic"):
        gf.correlate(t, "score", "y2021", weight="w")  # type: ignore[arg-type]


def test_a_constant_column_spoils_only_its_own_pair() -> None:
    t = {**table(), "flat": [1.0] * 22}
    rows = gf.correlate(t, ["flat", "score"], "y2021").to_arrow().to_pylist()
    assert rows[0]["estimate"] is None
    assert "constant" in rows[0]["reason"]
    assert rows[1]["estimate"] == pytest.approx(0.4479, abs=1e-4)


def test_a_pair_uses_the_rows_it_has() -> None:
    t = table()
    t["holed"] = [None, *t["y2021"][1:]]
    rows = (
        gf.correlate(t, "score", ["holed", "y2021"], interval="fisher", p="analytic")
        .to_arrow()
        .to_pylist()
    )
    assert [(r["n_obs"], r["n_missing"]) for r in rows] == [(21, 1), (22, 0)]


def test_by_splits_and_keeps_the_frame() -> None:
    frame = pl.DataFrame(
        {"year": [1] * 5 + [2] * 5, "x": [1, 2, 3, 4, 6] * 2, "y": [2, 1, 4, 3, 5, 5, 3, 4, 1, 2]}
    )
    out = gf.correlate(frame, "x", "y", by="year", interval="fisher", p="analytic").tidy()
    assert isinstance(out, pl.DataFrame)
    assert out["year"].to_list() == [1, 2]
    assert out["estimate"][0] > 0 > out["estimate"][1]


def test_leaving_one_out_equals_recomputing() -> None:
    t = table()
    left = gf.correlate(t, "score", "y2021", label="area").table("influence")
    for i in (0, 9, 21):
        rest = {k: v[:i] + v[i + 1 :] for k, v in t.items()}
        direct = (
            gf.correlate(rest, "score", "y2021", interval="fisher", p="analytic")
            .to_arrow()["estimate"][0]
            .as_py()
        )
        assert left["estimate"][i].as_py() == pytest.approx(direct, abs=1e-12)


@pytest.mark.parametrize(
    "bad",
    [
        {"interval": "bcb"}, {"method": "kendal"}, {"p": "exact"}, {"conf_level": 95}, {"n_resamples": 0},
        {"alternative": "both"}, {"adjust": "fdr"}, {"controls": ["nothing"]}, {"n_resamples": 10},
    ],
)  # fmt: skip
def test_bad_options_are_refused(bad: dict[str, object]) -> None:
    if bad == {"n_resamples": 10}:
        row = gf.correlate(table(), "score", "y2021", n_resamples=10).to_arrow().to_pylist()[0]
        assert row["conf_low"] is None
        assert "raise n_resamples" in row["reason"]
        return
    with pytest.raises(InputError):
        gf.correlate(table(), "score", "y2021", **bad)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "people", "message"),
    [
        ([-1, 2], [10, 10], "0 or more"), ([1, 2], [0, 10], "above 0"), ([1.5, 2], [10, 10], "whole"),
    ],
)  # fmt: skip
def test_impossible_counts_are_refused_by_row(
    events: list[float], people: list[float], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        gf.rate({"e": events, "p": people}, "e", "p", interval="exact")
    assert caught.value.rows == [0]


def test_more_events_than_people_and_repeated_keys_are_refused() -> None:
    with pytest.raises(InputError, match="no more events"):
        gf.proportion({"x": [5], "n": [4]}, "x", "n")
    with pytest.raises(InputError, match="duplicate"):
        gf.rate({"la": ["A", "A"], "e": [1, 2], "p": [9, 9]}, "e", "p", keys="la")


def test_a_missing_count_gives_a_row_with_a_reason() -> None:
    r = gf.rate({"e": [1, None], "p": [9, 9]}, "e", "p")
    rows = r.to_arrow().to_pylist()
    assert (rows[1]["estimate"], rows[1]["reason"]) == (None, "missing")
    assert r.to_arrow("glance")["n_missing"][0].as_py() == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 300))
def test_intervals_hold_the_estimate_and_widen_with_the_level(x: int, n: int) -> None:
    t = {"x": [min(x, n)], "n": [n]}
    for kind in ("wilson", "exact", "jeffreys", "midp"):
        narrow, wide = (
            gf.proportion(t, "x", "n", interval=kind, conf_level=c).to_arrow().to_pylist()[0]
            for c in (0.8, 0.99)
        )
        assert wide["conf_low"] <= narrow["conf_low"] <= narrow["estimate"] + 1e-12
        assert narrow["estimate"] <= narrow["conf_high"] + 1e-12
        assert narrow["conf_high"] <= wide["conf_high"] + 1e-12


def test_turning_the_ranking_turns_the_index() -> None:
    t = {"r": [1, 2, 3, 4, 5], "v": [10.0, 12, 15, 15, 21]}
    up = gf.slope_index(t, "v", "r", most_deprived="highest").to_arrow().to_pylist()
    down = gf.slope_index(t, "v", "r", most_deprived="lowest").to_arrow().to_pylist()
    assert up[0]["estimate"] == pytest.approx(-down[0]["estimate"])
    assert up[1]["estimate"] == pytest.approx(1 / down[1]["estimate"])
    c = (
        gf.concentration_index(t, "v", "r", most_deprived="highest")
        .to_arrow()["estimate"]
        .to_pylist()
    )
    assert c[0] > 0


def test_an_unbounded_ratio_says_so() -> None:
    tenths = {"t": list(range(1, 11)), "r": [15, 17, 25, 34, 34, 47, 64, 75, 100, 159]}
    rows = gf.slope_index(tenths, "r", "t", most_deprived="highest").to_arrow().to_pylist()
    assert rows[1]["conf_low"] is None
    assert "unbounded" in rows[1]["reason"]
    poisson = (
        gf.slope_index(tenths, "r", "t", most_deprived="highest", model="poisson")
        .to_arrow()
        .to_pylist()
    )
    assert poisson[1]["conf_low"] < poisson[1]["estimate"] < poisson[1]["conf_high"]


def test_a_bootstrap_of_the_slope_index_holds_it() -> None:
    t = table()
    for kind in ("bca", "percentile", "basic"):
        fit = gf.slope_index(
            t,
            "y2021",
            "score",
            most_deprived="highest",
            weight=gf.analytic("children"),
            interval=kind,
            n_resamples=2000,
        )
        row = fit.to_arrow().to_pylist()[0]
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
        assert row["std_error"] > 0
    with pytest.raises(InputError, match="bootstrap"):
        gf.slope_index(
            t, "y2021", "score", most_deprived="highest", model="poisson", interval="bca"
        )


def test_collinear_predictors_are_named() -> None:
    t = table()
    t["twice"] = [2 * v for v in t["score"]]
    with pytest.raises(NumericalError, match="twice"):
        gf.lm(t, "y2021", ["score", "twice"])


def test_residuals_are_orthogonal_and_cook_equals_refitting() -> None:
    t = table()
    fit = gf.lm(t, "y2021", ["score", "children"], vcov="classical")
    rows = fit.augment().to_pylist()
    assert math.fsum(r["resid"] for r in rows) == pytest.approx(0, abs=1e-9)
    assert math.fsum(
        r["resid"] * s for r, s in zip(rows, t["score"], strict=True)
    ) == pytest.approx(0, abs=1e-7)
    assert math.fsum(r["leverage"] for r in rows) == pytest.approx(3)
    rest = {k: v[1:] for k, v in t.items()}
    refit = gf.lm(rest, "y2021", ["score", "children"], vcov="classical")
    at = [1.0, t["score"][0], t["children"][0]]
    gap = (
        math.fsum(b * v for b, v in zip(refit.to_arrow()["estimate"].to_pylist(), at, strict=True))
        - rows[0]["fitted"]
    )
    leverage = rows[0]["leverage"]
    assert -gap == pytest.approx(rows[0]["resid"] * leverage / (1 - leverage), rel=1e-9)
