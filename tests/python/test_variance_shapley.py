"""Shapley shares of the variance between groups: the mixed models behind them, by hand."""

from __future__ import annotations

import pickle
from itertools import permutations
from typing import Any

import pytest

import gofal as gf
from gofal.errors import InputError

RANDOM = "(1 | area)"


def invented() -> dict[str, list[Any]]:
    areas = [f"A{i:02}" for i in range(12) for _ in range(4)]
    score = [i % 7 + 0.5 * (i % 3) for i in range(12) for _ in range(4)]
    rural = [i % 2 for i in range(12) for _ in range(4)]
    spend = [(5 * i) % 11 for i in range(12) for _ in range(4)]
    wave = [(7 * k) % 5 - 2.0 for k in range(48)]
    rate = [
        60 + 4 * s + 9 * r + p + 3 * ((i * i) % 5) + w
        for i, s, r, p, w in zip(
            [k // 4 for k in range(48)], score, rural, spend, wave, strict=True
        )
    ]
    return {"rate": rate, "area": areas, "score": score, "rural": rural, "spend": spend,
            "year": [k % 4 for k in range(48)]}  # fmt: skip


def variance(table: dict[str, list[Any]], terms: list[str]) -> float:
    fit = gf.lmm(table, f"rate ~ {' + '.join(['C(year)', *terms])} + {RANDOM}")
    return float(fit.to_arrow("variance_components")["estimate"][0].as_py())


def test_parts_are_the_mean_over_every_order_of_the_models_and_add_up() -> None:
    table, names = invented(), ["score", "rural", "spend"]
    found = gf.shapley_variance(table, "rate", names, random=RANDOM, always="C(year)")
    parts = dict.fromkeys(names, 0.0)
    for order in permutations(names):
        for k, name in enumerate(order):
            before, after = variance(table, list(order[:k])), variance(table, list(order[: k + 1]))
            parts[name] += (before - after) / 6
    rows = {r["term"]: r for r in found.to_arrow().to_pylist()}
    about = found.to_arrow("glance").to_pylist()[0]
    null = variance(table, [])
    assert about["variance"] == pytest.approx(null, rel=1e-9)
    for name, part in parts.items():
        assert rows[name]["estimate"] == pytest.approx(part, rel=1e-6, abs=1e-6 * null)
        assert rows[name]["alone"] == pytest.approx(1 - variance(table, [name]) / null, abs=1e-9)
    whole = about["variance"] - about["variance_left"]
    assert sum(r["estimate"] for r in rows.values()) == pytest.approx(whole, rel=1e-12)
    assert pickle.loads(pickle.dumps(found)) == found


def test_groups_stay_together_and_models_share_their_rows() -> None:
    table = invented()
    table["spend"] = [None if k == 5 else v for k, v in enumerate(table["spend"])]
    found = gf.shapley_variance(
        table, "rate", {"place": ["score", "rural"], "money": "spend"}, random=RANDOM
    )
    about = found.to_arrow("glance").to_pylist()[0]
    assert (about["n_obs"], about["n_missing"]) == (47, 1)
    assert found.to_arrow()["term"].to_pylist() == ["place", "money"]
    rest = {k: [v for i, v in enumerate(vs) if i != 5] for k, vs in table.items()}
    null = (
        gf.lmm(rest, f"rate ~ 1 + {RANDOM}").to_arrow("variance_components")["estimate"][0].as_py()
    )
    assert about["variance"] == pytest.approx(null, rel=1e-9)


def test_what_cannot_be_shared_out_is_refused_by_name() -> None:
    table = invented()
    with pytest.raises(InputError, match="did you mean"):
        gf.shapley_variance(table, "rate", ["scoer"], random=RANDOM)
    with pytest.raises(InputError, match="random intercept"):
        gf.shapley_variance(table, "rate", ["score"], random=RANDOM, factor="court")
    with pytest.raises(InputError, match="expected 1 to 12"):
        gf.shapley_variance(table, "rate", {f"g{i}": "score" for i in range(13)}, random=RANDOM)
    level = {"rate": [1.0, 2.0, 3.0, 4.0] * 6, "area": [f"A{i}" for i in range(6) for _ in range(4)],
             "score": [i for i in range(6) for _ in range(4)]}  # fmt: skip
    with pytest.raises(InputError, match="nothing to share out"):
        gf.shapley_variance(level, "rate", ["score"], random=RANDOM)
