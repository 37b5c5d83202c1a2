"""Shapley shares, models step by step, Oaxaca-Blinder, nested variance: references, identities, bad input."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal.errors import InputError, NumericalError

from . import decomposition_cases as reference


def rows(result: gf.Result, which: str = "tidy") -> list[dict[str, Any]]:
    return list(result.to_arrow(which).to_pylist())


def invented(n: int, seed: int) -> dict[str, list[Any]]:
    """Areas with correlated predictors, a factor, a 0/1 outcome and clusters."""
    draw = random.Random(seed)
    table: dict[str, list[Any]] = {k: [] for k in ("y", "a", "b", "c", "f", "d", "g", "cluster")}
    for i in range(n):
        a, b = draw.gauss(0, 1), draw.gauss(0, 1)
        b += 0.6 * a
        c, f, g = draw.gauss(0, 1), draw.choice("xyz"), draw.choice(["one", "two"])
        mean = a + 0.5 * b + (f == "y") + 0.8 * (g == "one") * (1 + a)
        for key, v in zip(table, (mean + draw.gauss(0, 1), a, b, c, f,
                                  int(draw.random() < 1 / (1 + math.exp(-mean))), g, f"k{i % 12}"),
                          strict=True):  # fmt: skip
            table[key].append(v)
    return table


# Shapley shares.


@reference.needs_reference
@pytest.mark.parametrize("name", reference.names("relative_importance"))
def test_lmg_agrees_with_relaimpo(name: str) -> None:
    case = reference.case("relative_importance", name)
    outcome, right = case["args"]["formula"].split(" ~ ")
    found = gf.shapley(
        reference.data(case["dataset"]["data"]), outcome, right.split(" + "), interval="none"
    )
    reference.assert_key(case, "r2", rows(found, "glance")[0]["r_squared"])
    key = {"lmg": "estimate", "first": "alone", "last": "last", "pratt": "pratt"}
    for r in rows(found):
        for kind, column in key.items():
            reference.assert_key(case, f"{kind}:{r['term']}", r[column])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_shares_are_efficient_symmetric_and_give_a_dummy_nothing(seed: int) -> None:
    table = invented(30, seed)
    found = gf.shapley(table, "y", ["a", "b", "c", "f"], interval="none")
    # A level of one row has no HC3 error; only R² is asked here.
    whole = gf.lm(table, "y ~ a + b + c + f", vcov="classical")
    total = rows(found, "glance")[0]["r_squared"]
    assert sum(r["estimate"] for r in rows(found)) == pytest.approx(total, abs=1e-12)
    assert total == pytest.approx(rows(whole, "glance")[0]["r_squared"], abs=1e-10)
    # The order of the predictors and the units they are measured in do not matter.
    turned = {**table, "a": [37 * v + 5 for v in table["a"]]}
    again = {
        r["term"]: r["estimate"]
        for r in rows(gf.shapley(turned, "y", list("fcba"), interval="none"))
    }
    for r in rows(found):
        assert again[r["term"]] == pytest.approx(r["estimate"], abs=1e-10)
    # A residual of c on everything explains nothing on top, alone nearly nothing.
    by_size = [r for r in rows(found, "dominance") if r["term"] == "a"]
    mean = sum(r["estimate"] for r in by_size) / len(by_size)
    assert mean == pytest.approx(rows(found)[0]["estimate"], abs=1e-12)


def test_groups_stay_together_and_always_is_set_aside() -> None:
    table = invented(60, 3)
    grouped = gf.shapley(table, "y", {"ab": ["a", "b"], "rest": ["c", "f"]}, interval="none")
    assert [r["term"] for r in rows(grouped)] == ["ab", "rest"]
    held = gf.shapley(table, "y", ["a", "b"], always=["c", "f"], interval="none")
    about = rows(held, "glance")[0]
    base = rows(gf.lm(table, "y ~ c + f", vcov="classical"), "glance")[0]["r_squared"]
    assert about["r_squared_always"] == pytest.approx(base, abs=1e-10)
    assert "pratt" not in rows(held)[0]


def test_refitted_measures_are_the_brute_force_average() -> None:
    table = invented(80, 5)
    found = gf.shapley(table, "d", ["a", "b"], measure="mcfadden")

    def likelihood(right: str) -> float:
        return float(rows(gf.glm(table, f"d ~ {right}"), "glance")[0]["log_lik"])

    null, a, b, ab = (likelihood(r) for r in ("1", "a", "b", "a + b"))
    want = ((1 - a / null) + (1 - ab / null) - (1 - b / null)) / 2
    assert rows(found)[0]["estimate"] == pytest.approx(want, abs=1e-9)
    deviance = gf.shapley(table, "d", ["a", "b"], measure="deviance")
    # For 0/1 rows the saturated likelihood is 1: both measures are the same.
    assert rows(deviance)[0]["estimate"] == pytest.approx(want, abs=1e-9)


@pytest.mark.parametrize("interval", ["percentile", "bca"])
def test_resampled_shares_are_the_same_at_any_number_of_threads(interval: str) -> None:
    table = invented(40, 8)
    made = []
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            made.append(gf.shapley(table, "y", ["a", "b", "c"], interval=interval, n_resamples=300,
                                   cluster="cluster"))  # fmt: skip
    assert made[0] == made[1] == made[2]
    assert all(r["conf_low"] <= r["estimate"] <= r["conf_high"] for r in rows(made[0])[:2])


def test_shapley_refuses_what_it_cannot_use() -> None:
    table = invented(30, 1)
    table["twice"] = [2 * v for v in table["a"]]
    with pytest.raises(NumericalError, match="twice"):
        gf.shapley(table, "y", ["a", "twice"])
    with pytest.raises(InputError, match="constant"):
        gf.shapley({**table, "y": [1.0] * 30}, "y", ["a", "b"])
    many = {f"p{i}": [random.Random(i * 99 + j).random() for j in range(40)] for i in range(27)}
    with pytest.raises(InputError, match="25"):
        gf.shapley(many, "p0", [f"p{i}" for i in range(1, 27)])
    with pytest.raises(InputError, match="predictors"):
        gf.shapley(table, "y", {"one": ["a"], "two": ["a"]})
    with pytest.raises(InputError, match="mcfadden"):
        gf.shapley(table, "d", ["a"], family="binomial")


def test_steps_are_the_r_squared_of_their_models() -> None:
    table = invented(50, 2)
    found = gf.sequential(table, "y", {"people": ["a", "b"], "place": "f"}, n_resamples=200)
    want = [
        rows(gf.lm(table, f"y ~ {r}"), "glance")[0]["r_squared"] for r in ("a + b", "a + b + f")
    ]
    assert [r["r_squared"] for r in rows(found)] == pytest.approx(want, abs=1e-10)
    assert all(r["conf_low"] <= r["estimate"] <= r["conf_high"] for r in rows(found))
    assert [r["df_model"] for r in rows(found)] == [2, 2]


# Oaxaca-Blinder.


def parts(table: Any, formula: str, group: str, **options: Any) -> dict[str, float]:
    return {
        r["component"]: r["estimate"] for r in rows(gf.oaxaca(table, formula, group, **options))
    }


@reference.needs_reference
def test_oaxaca_agrees_with_stata_and_r() -> None:
    for name in ("oax-ccard-stata", "oax-chicago"):
        case = reference.case("oaxaca_blinder", name)
        args = case["args"]
        rename = {
            k: k.replace(".", "_") for k in [args["response"], *args["predictors"], args["group"]]
        }
        table = {
            rename[k]: v for k, v in reference.data(case["dataset"]["data"]).items() if k in rename
        }
        formula = (
            f"{rename[args['response']]} ~ {' + '.join(rename[p] for p in args['predictors'])}"
        )
        side = {"first": args["A"], "second": args["B"], "normalise": False}
        word = {"w0": "second", "w1": "first", "w05": "half", "cotton": "cotton",
                "neumark": "neumark", "pooled_with_group": "pooled"}  # fmt: skip
        three = gf.oaxaca(table, formula, rename[args["group"]], fold="three", **side)
        about = rows(three, "glance")[0]
        got = {"gap": about["difference"], "mean_A": about["mean_first"], "mean_B": about["mean_second"],
               "n_A": about["n_first"], "n_B": about["n_second"]}  # fmt: skip
        got |= {r["component"]: r["estimate"] for r in rows(three)}
        back = {v: k for k, v in rename.items()} | {"(intercept)": "(Intercept)"}
        got |= {f"{r['component']}:{back[r['term']]}": r["estimate"] for r in rows(three, "terms")}
        for key, reference_word in word.items():
            found = parts(table, formula, rename[args["group"]], reference=reference_word, **side)
            got |= {f"{component}:{key}": v for component, v in found.items()}
        for key in case["expected"]:
            reference.assert_key(case, key, got[key])


def test_equal_coefficients_leave_nothing_unexplained() -> None:
    table = invented(60, 4)
    # The outcome is an exact function of the covariates, the same in both groups.
    table["y"] = [2 * a - b + 1 for a, b in zip(table["a"], table["b"], strict=True)]
    for reference_word in ("pooled", "first", "second", "neumark", "cotton", 0.3):
        found = parts(table, "y ~ a + b", "g", first="one", second="two", reference=reference_word)
        assert found["unexplained"] == pytest.approx(0.0, abs=1e-10)


@pytest.mark.parametrize("family", ["gaussian", "binomial"])
def test_swapping_the_groups_turns_the_sign_and_normalised_levels_do_not_depend_on_the_base(
    family: str,
) -> None:
    table = invented(200, 6)
    outcome = "y" if family == "gaussian" else "d"
    options: dict[str, Any] = {"family": family}
    one = gf.oaxaca(table, f"{outcome} ~ a + f", "g", first="one", second="two", **options)
    two = gf.oaxaca(table, f"{outcome} ~ a + f", "g", first="two", second="one", **options)
    for r, s in zip(rows(one), rows(two), strict=True):
        assert r["estimate"] == pytest.approx(-s["estimate"], abs=1e-9)
        assert r["std_error"] == pytest.approx(s["std_error"], rel=1e-6)
    based = gf.oaxaca(table, f'{outcome} ~ a + C(f, Treatment("z"))', "g", first="one", second="two",
                      **options)  # fmt: skip

    def level(r: dict[str, Any]) -> tuple[str, str]:
        return r["component"], r["term"].rsplit("=", 1)[-1]

    want = {level(r): r["estimate"] for r in rows(one, "terms")}
    for r in rows(based, "terms"):
        assert r["estimate"] == pytest.approx(want[level(r)], abs=1e-8)
    assert {t for _, t in want} >= {"x", "y", "z"}


@pytest.mark.parametrize(("family", "vcov"), [("gaussian", None), ("binomial", None),
                                               ("gaussian", "cluster")])  # fmt: skip
def test_errors_agree_with_the_bootstrap(family: str, vcov: str | None) -> None:
    table = invented(240, 9)
    outcome = "y" if family == "gaussian" else "d"
    if vcov:
        shift = {k: random.Random(k).gauss(0, 1) for k in set(table["cluster"])}
        table["y"] = [y + shift[k] for y, k in zip(table["y"], table["cluster"], strict=True)]
    options: dict[str, Any] = {"first": "one", "second": "two", "family": family}
    found = gf.oaxaca(table, f"{outcome} ~ a + b", "g",
                      vcov=gf.Cluster("cluster") if vcov else None, **options)  # fmt: skip
    draw, drawn = random.Random(11), []
    clusters = sorted(set(table["cluster"]))
    members = {k: [i for i, c in enumerate(table["cluster"]) if c == k] for k in clusters}
    for _ in range(250):
        if vcov:
            picked = [i for k in draw.choices(clusters, k=len(clusters)) for i in members[k]]
        else:
            picked = draw.choices(range(240), k=240)
        again = {k: [v[i] for i in picked] for k, v in table.items()}
        drawn.append(list(parts(again, f"{outcome} ~ a + b", "g", **options).values()))
    for j, r in enumerate(rows(found)):
        values = [d[j] for d in drawn]
        mean = sum(values) / len(values)
        sd = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        assert r["std_error"] == pytest.approx(sd, rel=0.25 if vcov else 0.15), (family, r)


def test_counts_of_a_rate_are_split_by_exposure() -> None:
    draw = random.Random(12)
    n = 120
    table: dict[str, list[Any]] = {
        "g": [draw.choice(["e", "w"]) for _ in range(n)],
        "poor": [draw.random() for _ in range(n)],
        "children": [draw.randint(500, 4000) for _ in range(n)],
    }
    table["cla"] = [
        round(c * 0.008 * math.exp(p + 0.3 * (g == "w")))
        for g, p, c in zip(table["g"], table["poor"], table["children"], strict=True)
    ]
    found = gf.oaxaca(table, "cla ~ poor", "g", first="w", second="e", family="poisson",
                      exposure="children")  # fmt: skip
    crude = {
        g: sum(c for c, h in zip(table["cla"], table["g"], strict=True) if h == g)
        / sum(c for c, h in zip(table["children"], table["g"], strict=True) if h == g)
        for g in "ew"
    }
    about = rows(found, "glance")[0]
    assert about["difference"] == pytest.approx(crude["w"] - crude["e"], rel=1e-9)
    assert "unexplained" in found.say().en
    assert "discriminat" not in found.say().en + found.to_text("en")


def test_oaxaca_refuses_what_it_cannot_use() -> None:
    table = invented(60, 7)
    options: dict[str, Any] = {"first": "one", "second": "two"}
    with pytest.raises(InputError, match="a value that occurs"):
        gf.oaxaca(table, "y ~ a", "g", first="one", second="three")
    with pytest.raises(InputError, match="covariate"):
        gf.oaxaca(table, "y ~ a + g", "g", **options)
    with pytest.raises(InputError, match="intercept"):
        gf.oaxaca(table, "y ~ 0 + a", "g", **options)
    with pytest.raises(InputError, match="weight between"):
        gf.oaxaca(table, "y ~ a", "g", reference=1.5, **options)
    lacking = {
        **table,
        "f": ["x" if g == "two" else f for f, g in zip(table["f"], table["g"], strict=True)],
    }
    with pytest.raises(NumericalError, match="merge levels"):
        gf.oaxaca(lacking, "y ~ a + f", "g", **options)
    few = {k: v[:60] for k, v in table.items()}
    few["g"] = ["two", *["one"] * 59]
    with pytest.raises(InputError, match="two"):
        gf.oaxaca(few, "y ~ a", "g", **options)


# Nested variance.


def test_variance_shares_of_a_balanced_table_are_the_anova_ones() -> None:
    table = {"area": [c for c in "abcdef" for _ in range(4)]}
    draw = random.Random(1)
    effect = {c: draw.gauss(0, 3) for c in "abcdef"}
    table["y"] = [effect[c] + draw.gauss(0, 1) for c in table["area"]]  # type: ignore[misc]
    found = gf.variance_shares(table, "y", "area", interval="none")
    means = {
        c: sum(y for y, a in zip(table["y"], table["area"], strict=True) if a == c) / 4
        for c in "abcdef"
    }  # type: ignore[misc]
    grand = sum(means.values()) / 6
    between = 4 * sum((m - grand) ** 2 for m in means.values()) / 5
    within = sum((y - means[a]) ** 2 for y, a in zip(table["y"], table["area"], strict=True)) / 18  # type: ignore[operator]
    got = {r["component"]: r["variance"] for r in rows(found)}
    assert got["rows"] == pytest.approx(within, rel=1e-12)
    assert got["between_groups"] == pytest.approx((between - within) / 4, rel=1e-12)


def test_chance_alone_is_not_signal_and_levels_are_labelled() -> None:
    draw = random.Random(5)
    n = 300
    table = {
        "region": [f"r{i % 3}" for i in range(n)],
        "authority": [f"a{i % 15}" for i in range(n)],
        "children": [draw.randint(800, 1600) for _ in range(n)],
    }
    table["cla"] = [
        sum(draw.random() < 0.01 for _ in range(c))
        for c in table["children"]  # type: ignore[misc]
    ]
    found = gf.variance_shares(
        table, None, ["region", "authority"], events="cla", population="children", n_resamples=200
    )
    about = rows(found, "glance")[0]
    assert about["reliability"] < 0.25
    assert [r["level"] for r in rows(found)] == ["region", "authority", None]
    assert [r["n_groups"] for r in rows(found)] == [3, 15, 300]
    for r in rows(found):
        assert r["estimate"] is None or r["conf_low"] <= r["estimate"] <= r["conf_high"]


def test_variance_shares_are_the_same_bits_at_any_number_of_threads() -> None:
    table = invented(48, 3)
    made = []
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            made.append(gf.variance_shares(table, "y", "cluster", n_resamples=200))
    assert made[0] == made[1] == made[2]


def test_variance_shares_refuse_what_they_cannot_use() -> None:
    table = invented(20, 3)
    table["own"] = [str(i) for i in range(20)]
    with pytest.raises(NumericalError, match=r"own|rows"):
        gf.variance_shares(table, "y", "own")
    with pytest.raises(InputError, match="groups"):
        gf.variance_shares(table, "y")
    with pytest.raises(InputError, match="give one"):
        gf.variance_shares(table, None, "g")
    with pytest.raises(InputError, match="give both"):
        gf.variance_shares(table, None, "g", events="d")
