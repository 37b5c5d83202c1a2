"""`gf.panel`: agreement of routes, bad input, what results say."""

from __future__ import annotations

import math
import random
from typing import Any

import polars as pl
import pyarrow.compute as pc
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal.errors import InputError, NumericalError
from gofal.typing import PANEL_CLUSTER_KINDS, PANEL_EFFECTS

from . import reference


def table(units: int = 12, periods: int = 6, *, holes: bool = False) -> dict[str, list[Any]]:
    """Areas whose level is related to x, with a trend; some rows missing."""
    draw = random.Random(7)
    rows = []
    for u in range(units):
        level = draw.gauss(0, 3)
        for t in range(periods):
            if holes and draw.random() < 0.25:
                continue
            x = level + draw.gauss(0, 1)
            z = draw.gauss(0, 1) + t
            y = 2 + 1.5 * x - 0.5 * z + 2 * level + 0.3 * t + draw.gauss(0, 1)
            rows.append((f"u{u}", 2010 + t, x, z, y, 50.0 + u))
    keys = ("unit", "year", "x", "z", "y", "w")
    return {k: [r[i] for r in rows] for i, k in enumerate(keys)}


def tidy(t: dict[str, list[Any]], **options: Any) -> dict[str, dict[str, Any]]:
    fit = gf.panel(t, "y", ["x", "z"], unit="unit", time="year", **options)
    return {row["term"]: row for row in fit.to_arrow().to_pylist()}


def with_dummies(
    t: dict[str, list[Any]], keys: tuple[str, ...]
) -> tuple[dict[str, Any], list[str]]:
    out, names = dict(t), []
    for key in keys:
        for value in sorted(set(t[key]))[1:]:
            names.append(f"{key}={value}")
            out[names[-1]] = [float(v == value) for v in t[key]]
    return out, names


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize(
    ("effects", "keys"), [("unit", ("unit",)), ("time", ("year",)), ("two-way", ("unit", "year"))]
)
def test_absorbed_effects_are_dummies(effects: str, keys: tuple[str, ...], holes: bool) -> None:
    t = table(holes=holes)
    full, names = with_dummies(t, keys)
    want = gf.lm(full, "y", ["x", "z", *names], vcov="classical").to_arrow().to_pylist()
    got = tidy(t, effects=effects, vcov="classical")
    for row in want[1:3]:
        for key in ("estimate", "std_error", "df", "p_value", "conf_low"):
            assert got[row["term"]][key] == pytest.approx(row[key], rel=1e-9)


cells = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 4), st.integers(-9, 9), st.integers(-9, 9)),
    min_size=14, max_size=30, unique_by=lambda r: r[:2],
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(cells)
def test_any_unbalanced_panel_agrees_with_dummies(rows: list[tuple[int, int, int, int]]) -> None:
    t: dict[str, list[Any]] = {k: [r[i] for r in rows] for i, k in enumerate(("u", "t", "x", "y"))}
    try:
        fit = gf.panel(t, "y", "x", unit="u", time="t", effects="two-way", vcov="classical")
    except (InputError, NumericalError):
        assume(False)
    full: dict[str, Any] = dict(t)
    names = []
    joined = fit.to_arrow("glance")["n_components"][0].as_py()
    assume(joined == 1)
    for key in ("u", "t"):
        for value in sorted(set(t[key]))[1:]:
            names.append(f"{key}{value}")
            full[names[-1]] = [float(v == value) for v in t[key]]
    want = gf.lm(full, "y", ["x", *names], vcov="classical").to_arrow().to_pylist()[1]
    got = fit.to_arrow().to_pylist()[0]
    for key in ("estimate", "std_error", "df"):
        assert got[key] == pytest.approx(want[key], rel=1e-8, abs=1e-10)


@pytest.mark.parametrize("effects", PANEL_EFFECTS)
@pytest.mark.parametrize("kind", PANEL_CLUSTER_KINDS)
def test_every_estimator_has_every_cluster_error(effects: str, kind: str) -> None:
    rows = tidy(table(holes=True), effects=effects, kind=kind)
    for row in rows.values():
        assert row["std_error"] > 0
        assert 0 < row["df"] <= 11
        assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_within_between_holds_the_within_estimate_and_hausman_sees_the_bias() -> None:
    t = table(units=40)
    within = tidy(t, effects="unit")
    fit = gf.panel(t, "y", ["x", "z"], unit="unit", time="year", effects="within-between")
    both = {row["term"]: row for row in fit.to_arrow().to_pylist()}
    for name in ("x", "z"):
        assert both[name]["estimate"] == pytest.approx(within[name]["estimate"], rel=1e-9)
    tests = {row["method"]: row for row in fit.to_arrow("hausman").to_pylist()}
    assert tests["hausman"]["p_value"] < 0.01
    assert tests["mundlak"]["p_value"] < 0.01
    assert tests["mundlak"]["df2"] == 39


def test_driscoll_kraay_has_its_lag_and_needs_time() -> None:
    t = table(periods=20)
    fit = gf.panel(t, "y", "x", unit="unit", time="year", vcov="driscoll-kraay")
    about = fit.to_arrow("glance").to_pylist()[0]
    assert about["lag"] == math.floor(4 * (20 / 100) ** (2 / 9))
    assert about["vcov"] == "driscoll-kraay"
    with pytest.raises(InputError, match="column of periods"):
        gf.panel(t, "y", "x", unit="unit", vcov="driscoll-kraay")
    with pytest.raises(InputError, match="no meaning"):
        gf.panel(t, "y", "x", unit="unit", lag=2)


def test_sizes_are_reported_and_nulls_dropped() -> None:
    t = table()
    t["x"][3] = None
    t["unit"][9] = None
    fit = gf.panel(pl.DataFrame(t), "y", "x", unit="unit", time="year", effects="two-way")
    about = fit.glance().to_dicts()[0]
    assert (about["n_obs"], about["n_missing"], about["n_groups"], about["n_periods"]) == (
        70,
        2,
        12,
        6,
    )
    assert about["df_absorbed"] == 12 + 6 - 1
    assert about["n_components"] == 1
    rows = fit.augment()
    assert isinstance(rows, pl.DataFrame)
    assert 3 not in rows["row"].to_list()
    assert abs(rows["resid"].sum()) < 1e-9


def test_repeated_rows_are_refused_by_number() -> None:
    t = {k: [*v, v[4], v[7]] for k, v in table().items()}
    t["x"][0] = None
    with pytest.raises(InputError) as caught:
        gf.panel(t, "y", "x", unit="unit", time="year")
    assert caught.value.rows == [72, 73]
    assert "u0, 2014" in str(caught.value)


def test_predictors_without_variation_are_named() -> None:
    t = table()
    with pytest.raises(NumericalError, match=r'"w".*does not vary'):
        gf.panel(t, "y", ["x", "w"], unit="unit", time="year")
    fit = gf.panel(t, "y", ["x", "w"], unit="unit", time="year", effects="within-between")
    assert fit.to_arrow()["term"].to_pylist() == ["(Intercept)", "x", "w", "mean(x)"]


def test_too_little_is_refused() -> None:
    t = table()
    one = {**t, "all": ["a"] * 72, "never": [2020] * 72}
    with pytest.raises(InputError, match="clusters"):
        gf.panel(one, "y", "x", unit="unit", time="year", cluster="all")
    with pytest.raises(InputError, match="periods"):
        gf.panel(
            {k: v[::6] for k, v in t.items()}, "y", "x", unit="unit", time="year", effects="time"
        )
    with pytest.raises(InputError, match="keep the rows of a unit together"):
        gf.panel(t, "y", "x", unit="unit", time="year", effects="random", cluster="year")
    with pytest.raises(InputError, match="two-way"):
        gf.panel(t, "y", "x", unit="unit", time="year", effects="twoway")  # type: ignore[arg-type]


def test_weights_are_analytic_and_scale_free() -> None:
    t = table()
    t["w2"] = [3 * w for w in t["w"]]
    a = tidy(t, effects="two-way", weight=gf.analytic("w"))
    b = tidy(t, effects="two-way", weight=gf.analytic("w2"))
    assert a["x"]["std_error"] == pytest.approx(b["x"]["std_error"], rel=1e-12)
    with pytest.raises(InputError):
        tidy(t, effects="random", weight=gf.analytic("w"))
    t["w"][5] = 0.0
    with pytest.raises(InputError) as caught:
        tidy(t, weight=gf.analytic("w"))
    assert (caught.value.column, caught.value.rows) == ("w", [5])


def test_the_display_speaks_both_languages() -> None:
    fit = gf.panel(table(), "y", "x", unit="unit", time="year", effects="two-way")
    assert "two-way" in fit.to_text("en")
    assert "dwyffordd" in fit.to_text("cy")
    assert "Satterthwaite" in fit.to_text("cy")
    t = table()
    draw = random.Random(3)
    t["y"] = [draw.gauss(0, 1) - (u == "u0") for u in t["unit"]]
    t["y"] = [y - sum(t["y"][i - i % 6 : i - i % 6 + 6]) / 6 for i, y in enumerate(t["y"])]
    none = gf.panel(t, "y", "z", unit="unit", time="year", effects="random")
    assert "pooled" in none.to_text("en")


def test_the_same_bits_on_any_number_of_threads() -> None:
    t = table(holes=True)
    seen = set()
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            seen.add(
                gf.panel(t, "y", ["x", "z"], unit="unit", time="year", effects="two-way").digest
            )
    assert len(seen) == 1


@pytest.mark.parametrize("case", reference.cases("panel"), ids=lambda c: str(c["id"]))
def test_panels_agree_with_plm(case: dict[str, Any]) -> None:
    t = reference.table("produc")
    for name in ("gsp", "pcap", "pc", "emp"):
        t = t.append_column(f"log({name})", pc.ln(t[name]))
    x = ["log(pcap)", "log(pc)", "log(emp)", "unemp"]
    kinds = {"within": "unit", "twoway": "two-way", "random": "random", "between": "between",
             "fd": "first-difference"}  # fmt: skip

    def run(effects: Any, **options: Any) -> Any:
        return gf.panel(t, "log(gsp)", x, unit="state", time="year", effects=effects, **options)

    fits = {k: run(v, vcov="classical") for k, v in kinds.items()}
    fits["arellano"] = run("unit", vcov="cluster", kind="CR0")
    rows = {k: {r["term"]: r for r in f.to_arrow().to_pylist()} for k, f in fits.items()}
    random = fits["random"].to_arrow("glance").to_pylist()[0]
    hausman = fits["random"].to_arrow("hausman").to_pylist()[0]
    within = fits["within"].to_arrow("glance").to_pylist()[0]
    whole = {"within_r2": within["r_squared"], "theta": random["theta"], "hausman": hausman["statistic"],
             "sigma2_idios": random["sigma_within"] ** 2, "sigma2_id": random["sigma_unit"] ** 2,
             "hausman_p": hausman["p_value"]}  # fmt: skip
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if not term:
            reference.meets(case, key, whole[key])
            continue
        model, what = ("arellano", "se") if "arellano" in kind else kind.split("_")
        row = rows[model].get(term) or rows[model][term.replace("(Intercept)", "(drift)")]
        reference.meets(case, key, row["estimate" if what == "coef" else "std_error"])
