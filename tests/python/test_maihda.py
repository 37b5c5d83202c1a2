"""`gf.maihda`: shares that add up, interactions found where they were put, equal answers from rows and trials."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

import gofal as gf
from gofal.errors import InputError

STRATA = ["abuse", "misuse", "quintile"]


def children(extra: float, seed: int = 4, n: int = 250) -> dict[str, list[Any]]:
    """Children in 2 × 2 × 5 strata; both factors together add `extra` beyond their sum."""
    draw = random.Random(seed)
    rows: dict[str, list[Any]] = {"care": [], "abuse": [], "misuse": [], "quintile": []}
    for a, m, q in itertools.product((0, 1), (0, 1), range(1, 6)):
        eta = -2.0 + 0.8 * a + 0.6 * m + 0.15 * q + extra * a * m
        p = 1 / (1 + math.exp(-eta))
        for _ in range(n):
            for name, value in zip(("abuse", "misuse", "quintile"), (a, m, q), strict=True):
                rows[name].append(value)
            rows["care"].append(int(draw.random() < p))
    return rows


def measures(fit: Any) -> dict[tuple[str, str], float]:
    return {(r["measure"], r["model"]): r["estimate"] for r in fit.to_arrow().to_pylist()}


def test_shares_add_up_and_follow_from_the_two_models() -> None:
    rows = children(0.0)
    fit = gf.maihda(rows, "care", STRATA)
    found = measures(fit)
    assert found["additive_share", "main"] + found["interaction_share", "main"] == pytest.approx(1)
    labelled = {
        **rows,
        "stratum": [f"{a}{m}{q}" for a, m, q in zip(*(rows[s] for s in STRATA), strict=True)],
    }
    null = gf.glmm(labelled, "care ~ 1 + (1 | stratum)")
    main = gf.glmm(labelled, "care ~ C(abuse) + C(misuse) + C(quintile) + (1 | stratum)")
    v = [f.to_arrow("variance_components")["estimate"][0].as_py() for f in (null, main)]
    assert found["vpc", "null"] == pytest.approx(null.vpc()["estimate"][0].as_py(), rel=1e-6)
    assert found["additive_share", "main"] == pytest.approx((v[0] - v[1]) / v[0], rel=1e-5)
    assert found["median_odds_ratio", "null"] == pytest.approx(
        null.median_odds_ratio()["ratio"][0].as_py(), rel=1e-6
    )


def test_an_interaction_is_found_where_it_was_put() -> None:
    none, strong = (gf.maihda(children(e), "care", STRATA) for e in (0.0, 1.0))
    assert measures(none)["additive_share", "main"] > 0.95
    assert (
        measures(strong)["interaction_share", "main"]
        > 2 * measures(none)["interaction_share", "main"]
    )
    both = [r for r in strong.strata().to_pylist() if r["abuse"] == 1 and r["misuse"] == 1]
    others = [r for r in strong.strata().to_pylist() if r["abuse"] + r["misuse"] == 1]
    assert min(r["estimate"] for r in both) > max(r["estimate"] for r in others)
    assert all(r["fitted"] > r["additive"] for r in both)
    assert sum(r["n_obs"] for r in strong.strata().to_pylist()) == 5000


def test_rows_trials_and_frequencies_agree() -> None:
    rows = children(0.5)
    by_row = gf.maihda(rows, "care", STRATA)
    made = gf.cells(rows, "care", by=STRATA).to_arrow()
    tried = made.rename_columns([*STRATA, "n", "care", "squares"])
    again = gf.maihda(tried, "care", STRATA, trials="n")
    assert measures(by_row) == pytest.approx(measures(again), rel=1e-8)
    counted = gf.cells(rows, by=["care", *STRATA]).to_arrow()
    third = gf.maihda(counted, "care", STRATA, weight=gf.frequency("n"))
    assert measures(by_row) == pytest.approx(measures(third), rel=1e-8)


def test_limits_and_scores() -> None:
    rows = children(0.5)
    fit = gf.maihda(rows, "care", STRATA, interval="profile")
    for row in fit.to_arrow().to_pylist():
        if row["measure"] in ("vpc", "median_odds_ratio"):
            assert row["conf_low"] <= row["estimate"] <= row["conf_high"]
    draw = random.Random(1)
    rows["score"] = [y + draw.gauss(0, 1) for y in rows["care"]]
    scores = gf.maihda(rows, "score", STRATA, family="gaussian")
    assert 0 < measures(scores)["vpc", "null"] < 0.2
    assert ("median_odds_ratio", "null") not in measures(scores)


def test_nulls_are_counted_and_bad_strata_refused() -> None:
    rows = children(0.0, n=20)
    rows["abuse"][3] = None
    rows["care"][5] = None
    fit = gf.maihda(rows, "care", STRATA)
    row = fit.glance().to_pylist()[0]
    assert (row["n_obs"], row["n_missing"], row["n_groups"]) == (398, 2, 20)
    with pytest.raises(InputError, match="two or more"):
        gf.maihda(rows, "care", ["abuse"])
    with pytest.raises(InputError, match="one level"):
        gf.maihda({**rows, "nation": ["Wales"] * 400}, "care", ["abuse", "nation"])
    with pytest.raises(InputError, match="nothing is left"):
        gf.maihda({**rows, "copy": rows["misuse"]}, "care", ["misuse", "copy"])
