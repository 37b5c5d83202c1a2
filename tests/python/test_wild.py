"""`gf.wild_bootstrap`: agreement with enumeration elsewhere, brute force, bits, bad input."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

import gofal as gf
from gofal.errors import ConvergenceError, InputError

from . import reference
from .reference import cases, meets


@pytest.mark.parametrize("case", cases("wild_cluster_bootstrap"), ids=lambda c: str(c["id"]))
def test_enumeration_agrees_with_another(case: dict[str, Any]) -> None:
    args, t = case["args"], reference.table("produc")
    t = t.append_column("y_", pc.ln(t["gsp"]))
    fit = gf.wild_bootstrap(
        t, reference.formula(args["formula"], "y_", "produc"), args["parameter"], cluster=args["cluster"],
        null=args["null"], impose_null=args["impose_null"], interval=False,
    )  # fmt: skip
    row, about = fit.to_arrow().to_pylist()[0], fit.to_arrow("glance").to_pylist()[0]
    meets(case, "t", row["statistic"])
    meets(case, "p_weak", row["p_value"])
    meets(case, "n_draws", about["n_resamples"])
    # Ties and the strict p are parts of p_weak: tests/rust/regression.rs holds them.
    assert set(case["expected"]) == {"t", "p_weak", "n_draws", "n_ties", "p_strict"}


def table(seed: int = 1, groups: int = 6, n: int = 48) -> dict[str, list[Any]]:
    draw = random.Random(seed)
    level = [draw.gauss(0, 0.5) for _ in range(groups)]
    t: dict[str, list[Any]] = {k: [] for k in ("x", "z", "y", "care", "g")}
    for i in range(n):
        g = i % groups if i % 5 else 0
        x, z = draw.gauss(0, 1), draw.gauss(0, 1)
        eta = 0.4 * x + level[g]
        for name, v in (("x", x), ("z", z), ("g", g), ("y", eta + draw.gauss(0, 1)),
                        ("care", int(draw.random() < 1 / (1 + math.exp(-eta))))):  # fmt: skip
            t[name].append(v)
    return t


def brute(t: dict[str, list[Any]], null: float, impose: bool) -> tuple[float, float]:
    """t and p by refitting to every one of the 2^G pseudo-outcomes."""
    x = np.column_stack([np.ones(len(t["y"])), t["x"], t["z"]])
    y, g = np.array(t["y"]), np.array(t["g"])
    labels = np.unique(g)
    n, p = x.shape
    factor = len(labels) / (len(labels) - 1) * (n - 1) / (n - p)
    inverse = np.linalg.inv(x.T @ x)

    def statistic(out: np.ndarray, value: float) -> float:
        b = inverse @ x.T @ out
        u = out - x @ b
        s = np.stack([x[g == k].T @ u[g == k] for k in labels])
        v = factor * inverse @ s.T @ s @ inverse
        return float((b[1] - value) / math.sqrt(v[1, 1]))

    rest = np.delete(x, 1, axis=1)
    free = inverse @ x.T @ y
    if impose:
        held = np.linalg.lstsq(rest, y - null * x[:, 1], rcond=None)[0]
        fitted = rest @ held + null * x[:, 1]
    else:
        fitted = x @ free
    centre = null if impose else free[1]
    seen, found = statistic(y, null), []
    for signs in itertools.product((-1, 1), repeat=len(labels)):
        v = np.array(signs)[np.searchsorted(labels, g)]
        found.append(abs(statistic(fitted + v * (y - fitted), centre)))
    return seen, float(np.mean(np.array(found) >= abs(seen) * (1 - 1e-9)))


@pytest.mark.parametrize("impose", [True, False])
@pytest.mark.parametrize("null", [0.0, 0.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_scores_of_clusters_do_what_refitting_does(
    seed: int, null: float, impose: bool
) -> None:
    t = table(seed)
    fit = gf.wild_bootstrap(
        t, "y ~ x + z", "x", cluster="g", null=null, impose_null=impose, interval=False
    )
    row = fit.to_arrow().to_pylist()[0]
    seen, p = brute(t, null, impose)
    assert row["statistic"] == pytest.approx(seen, rel=1e-9)
    assert row["p_value"] == pytest.approx(p, abs=1e-12)


def test_limits_are_where_the_test_turns() -> None:
    t = table(4, groups=9, n=90)
    fit = gf.wild_bootstrap(t, "y ~ x + z", "x", cluster="g")
    row = fit.to_arrow().to_pylist()[0]
    width = row["conf_high"] - row["conf_low"]

    def p(value: float) -> float:
        r = gf.wild_bootstrap(t, "y ~ x + z", "x", cluster="g", null=value, interval=False)
        return r.statistic("p_value").value

    assert p(row["conf_low"] - 0.01 * width) < 0.05 <= p(row["conf_low"] + 0.01 * width)
    assert p(row["conf_high"] + 0.01 * width) < 0.05 <= p(row["conf_high"] - 0.01 * width)


def test_the_score_version_of_a_linear_likelihood_is_the_wild_bootstrap() -> None:
    t = table(5)
    one = gf.wild_bootstrap(t, "y ~ x", "x", cluster="g", interval=False)
    cells = gf.cells({**t, "x": [round(v) for v in t["x"]]}, "care", by=["x", "g"])
    score = gf.wild_bootstrap(
        cells, "care ~ x", "x", cluster="g", family="binomial", interval=False
    )
    rows = gf.wild_bootstrap(
        {**t, "x": [round(v) for v in t["x"]]}, "care ~ x", "x", cluster="g", family="binomial",
        interval=False,
    )  # fmt: skip
    assert 0 < one.statistic("p_value").value <= 1
    assert score.statistic("p_value").value == rows.statistic("p_value").value
    assert score.statistic("statistic").value == pytest.approx(rows.statistic("statistic").value)


def test_the_same_bits_on_any_number_of_threads() -> None:
    t = table(6, groups=14, n=140)
    for options in ({}, {"weights": "webb", "n_draws": 4999}):
        seen = set()
        for threads in (1, 2, 8):
            with gf.options(threads=threads):
                fit = gf.wild_bootstrap(t, "y ~ x + z", "x", cluster="g", interval=False, **options)  # type: ignore[arg-type]
                seen.add(fit.digest)
        assert len(seen) == 1


def test_what_cannot_be_tested_is_refused() -> None:
    t = table(7)
    with pytest.raises(InputError, match="one of"):
        gf.wild_bootstrap(t, "y ~ x", "w", cluster="g")
    with pytest.raises(InputError, match="clusters"):
        gf.wild_bootstrap({**t, "g": [1] * 48}, "y ~ x", "x", cluster="g")
    with pytest.raises(ConvergenceError, match="too few clusters"):
        gf.wild_bootstrap({**t, "g": [i % 4 for i in range(48)]}, "y ~ x", "x", cluster="g")
    few = gf.wild_bootstrap(t, "y ~ x", "x", cluster="g", interval=False)
    assert "No p-value below" in few.to_text("en").replace("no p", "No p")
