"""Discrete-time hazards: the cells are the rows written out; grouped proportional hazards; bad input."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import polars as pl
import pytest

import gofal as gf
from gofal.errors import InputError, SeparationError


def spells(n: int = 300, *, censored: bool = True) -> pl.DataFrame:
    """Spells of care with late entries."""
    draw = random.Random(8)
    rows = []
    for i in range(n):
        sex, age = draw.choice("FM"), draw.choice([0, 4, 9, 13])
        start = draw.choice([0, 0, 1, 2]) if censored else 0
        last = draw.choice([3, 4, 5]) if censored else 4
        t, home = start, 0
        while t < last and not home:
            t += 1
            home = int(draw.random() < 0.15 + 0.15 * (sex == "F") + 0.01 * age)
        rows.append((start, t, home if censored else 1, sex, age, f"a{i % 12}"))
    return pl.DataFrame(rows, schema=["entry", "exit", "home", "sex", "age", "area"], orient="row")


def written_out(t: pl.DataFrame) -> pl.DataFrame:
    """One row per person and period."""
    rows = [{**r, "t": p, "y": int(p == r["exit"] and r["home"])}
            for r in t.iter_rows(named=True) for p in range(r["entry"] + 1, r["exit"] + 1)]  # fmt: skip
    return pl.DataFrame(rows)


def numbers(fit: Any) -> dict[str, tuple[float, ...]]:
    keys = ("estimate", "std_error", "p_value", "conf_low", "conf_high")
    return {
        r["term"].replace("period", "t"): tuple(r[k] for k in keys)
        for r in fit.to_arrow().to_pylist()
    }


def same(a: Any, b: Any, tol: float = 1e-8) -> None:
    a, b = numbers(a), numbers(b)
    assert sorted(a) == sorted(b)
    for term, values in a.items():
        np.testing.assert_allclose(values, b[term], rtol=tol, atol=1e-10)


@pytest.mark.parametrize("link", ["logit", "cloglog"])
@pytest.mark.parametrize(
    "vcov", ["classical", gf.HC(1), gf.Cluster("area"), gf.Cluster("area", kind="CR3")], ids=str
)
def test_cells_are_the_rows_written_out(link: Any, vcov: Any) -> None:
    t = spells()
    long = written_out(t)
    fit = gf.discrete_hazard(
        t, "home ~ sex + age", exit="exit", entry="entry", link=link, vcov=vcov
    )
    same(fit, gf.glm(long, "y ~ C(t) + sex + age", link=link, vcov=vcov))
    same(fit, gf.discrete_hazard(long, "y ~ sex + age", period="t", link=link, vcov=vcov))
    made = gf.cells(t, "home", by=["entry", "exit", "sex", "age", "area"])
    same(
        fit,
        gf.discrete_hazard(
            made, "home ~ sex + age", exit="exit", entry="entry", link=link, vcov=vcov
        ),
    )
    about = fit.to_arrow("glance").to_pylist()[0]
    assert about["n_obs"] == t.height
    assert about["n_person_periods"] == long.height
    assert about["events"] == t["home"].sum()
    life = {int(r["period"]): r for r in fit.to_arrow("life_table").to_pylist()}
    for (p,), group in long.group_by("t"):
        assert (life[p]["population"], life[p]["events"]) == (group.height, group["y"].sum())


@pytest.mark.parametrize(
    ("time", "formula", "explicit"),
    [
        (1, "home ~ sex", "y ~ t + sex"),
        (3, "home ~ sex", "y ~ t + I(t**2) + I(t**3) + sex"),
        ("factor", "home ~ sex:period", "y ~ C(t) + sex:t"),
        ("factor", "home ~ sex * period", "y ~ sex * t"),
        (None, "home ~ sex + log(period)", "y ~ sex + log(t)"),
        (None, "home ~ sex", "y ~ sex"),
    ],
)
def test_time_enters_as_asked(time: Any, formula: str, explicit: str) -> None:
    t = spells()
    fit = gf.discrete_hazard(t, formula, exit="exit", entry="entry", time=time)
    want = gf.glm(written_out(t), explicit)
    assert fit.to_arrow("glance")["log_lik"][0].as_py() == pytest.approx(
        want.to_arrow("glance")["log_lik"][0].as_py(), rel=1e-10
    )
    if formula != "home ~ sex:period":
        same(fit, want, 1e-6)


def test_without_censoring_it_is_the_grouped_proportional_hazards_model() -> None:
    # P(T <= t) = 1 - exp(-exp(tau_t + x'b)): the cumulative and the sequential form are one likelihood.
    t = spells(censored=False)
    seen = t.with_columns(
        home=(pl.col("exit") < 4).cast(pl.Int8), exit=pl.min_horizontal("exit", 3)
    )
    hazard = gf.discrete_hazard(seen, "home ~ sex + age", exit="exit", link="cloglog")
    grouped = gf.ordinal(t, "exit ~ sex + age", link="cloglog")
    a = {r["term"]: r for r in hazard.to_arrow().to_pylist()}
    b = {r["term"]: r for r in grouped.to_arrow().to_pylist()}
    for term in ("sex=M", "age"):
        assert a[term]["estimate"] == pytest.approx(-b[term]["estimate"], rel=1e-7)
        # Expected information there, observed here: the same to first order only.
        assert a[term]["std_error"] == pytest.approx(b[term]["std_error"], rel=0.02)
    assert hazard.to_arrow("glance")["log_lik"][0].as_py() == pytest.approx(
        grouped.to_arrow("glance")["log_lik"][0].as_py(), rel=1e-9
    )


def test_many_spells_stay_few_cells_and_profiles_are_limits() -> None:
    t = pl.concat([spells()] * 300)
    fit = gf.discrete_hazard(t, "home ~ sex + age", exit="exit", entry="entry")
    about = fit.to_arrow("glance").to_pylist()[0]
    assert about["n_obs"] == t.height
    assert about["n_cells"] <= 8 * 5
    few = gf.discrete_hazard(spells(), "home ~ sex", exit="exit", entry="entry", interval="profile")
    row = few.to_arrow().to_pylist()[-1]
    assert row["conf_low"] < row["estimate"] < row["conf_high"]
    assert row["ratio_low"] == pytest.approx(math.exp(row["conf_low"]))


S = spells(80)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: gf.discrete_hazard(S, "home ~ sex"), InputError, "exit, period"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exit", period="age"), InputError, "exit, period"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", period="exit", entry="entry"), InputError, "entry"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exti"), InputError, "exit"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="area"), InputError, "whole numbers"),
        (lambda: gf.discrete_hazard(S.with_columns(exit=pl.col("exit") + 0.5), "home ~ sex", exit="exit"),
         InputError, "whole"),
        (lambda: gf.discrete_hazard(S.with_columns(exit=pl.col("entry")), "home ~ sex", exit="exit", entry="entry"),
         InputError, "after the entry"),
        (lambda: gf.discrete_hazard(S.with_columns(exit=pl.col("exit") + 20_190_331), "home ~ sex", exit="exit"),
         InputError, "not dates"),
        (lambda: gf.discrete_hazard(S, "age ~ sex", exit="exit", entry="entry"), InputError, "event"),
        (lambda: gf.discrete_hazard(S, "home ~ sexx", exit="exit"), InputError, 'did you mean "sex"'),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exit", time=9), InputError, "degree"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exit", time="weekly"), InputError, "factor"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exit", link="probit"),  # type: ignore[arg-type]
         InputError, "cloglog"),
        (lambda: gf.discrete_hazard(S, "home ~ sex", exit="exit", vcov=gf.HC(1), interval="profile"),
         InputError, "classical"),
        (lambda: gf.discrete_hazard(S.with_columns(period=1), "home ~ period", exit="exit"), InputError, "rename"),
        (lambda: gf.discrete_hazard(S.with_columns(home=pl.when(pl.col("exit") == 3).then(0).otherwise("home")),
                                    "home ~ sex", exit="exit"), SeparationError, "period=3"),
    ],
)  # fmt: skip
def test_bad_input_is_said(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)
