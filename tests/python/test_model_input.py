"""What models refuse, and what the refusal says: names, rows, and what to do."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gofal as gf
from gofal.errors import ConvergenceError, InputError, NumericalError, SeparationError

Table = dict[str, list[Any]]


def base(n: int = 40) -> Table:
    """Nothing wrong with it."""
    return {
        "y": [(i * 7) % 3 % 2 for i in range(n)],
        "a": [i % 2 for i in range(n)],
        "b": [i // 2 % 2 for i in range(n)],
        "x": [math.sin(i) * 10 for i in range(n)],
        "g": [f"W{i % 5}" for i in range(n)],
        "w": [1.0] * n,
    }


def test_perfect_separation_names_the_pattern() -> None:
    t = base()
    t["y"] = list(t["a"])
    with pytest.raises(SeparationError) as caught:
        gf.glm(t, "y ~ a + b")
    assert "a" in caught.value.columns
    assert "gf.firth" in str(caught.value)


def test_quasi_separation_names_the_pattern_and_its_rows() -> None:
    t = base()
    t["c"] = [int(i in (3, 9, 11)) for i in range(40)]
    t["y"] = [1 if c else y for c, y in zip(t["c"], t["y"], strict=True)]
    with pytest.raises(SeparationError) as caught:
        gf.glm(t, "y ~ a + c")
    assert caught.value.columns == ["c"]
    assert caught.value.rows == [3, 9, 11]
    assert "3 of 3" in str(caught.value)


@pytest.mark.parametrize("family", ["logistic", "modified-poisson"])
def test_a_pattern_without_events_is_separation(family: Any) -> None:
    t = {"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "cases": [5, 6, 7, 0], "n": [50, 60, 70, 30]}
    with pytest.raises(SeparationError, match="0 of 30"):
        gf.risk(t, "cases ~ a * b", ["a", "b"], trials="n", family=family, vcov=gf.HC(1))
    # On the identity scale a risk of 0 is a number, on the edge of what a risk can be.
    fit = gf.risk(t, "cases ~ a * b", ["a", "b"], trials="n", family="linear")
    rows = {(r["term"], r["measure"]): r for r in fit.to_arrow().to_pylist()}
    assert rows["a + b", "risk"]["estimate"] == pytest.approx(0, abs=1e-3)
    assert "edge" in rows["a + b", "risk"]["reason"]


def test_an_empty_pattern_is_an_aliased_term_and_named() -> None:
    t = {"a": [0, 1, 0], "b": [0, 0, 1], "cases": [5, 6, 7], "n": [50, 60, 70]}
    for call in (gf.risk, gf.interaction, gf.attributable_fraction):
        with pytest.raises(NumericalError, match=r"a:b.*no rows of its own") as caught:
            call(t, "cases ~ a * b", ["a", "b"], trials="n")
        assert caught.value.columns == ["a:b"]


def test_aliased_three_way_terms_are_named() -> None:
    rows = [(a, b, c) for a in (0, 1) for b in (0, 1) for c in (0, 1) if a + b + c < 3] * 6
    t: Table = {k: [r[j] for r in rows] for j, k in enumerate("abc")}
    t["y"] = [(i // 7 + i % 3) % 2 for i in range(len(rows))]
    with pytest.raises(NumericalError) as caught:
        gf.glm(t, "y ~ a * b * c")
    assert caught.value.columns == ["a:b:c"]
    with pytest.raises(NumericalError, match="a:b:c"):
        gf.joint_test(t, "y ~ a * b * c", "a:b:c", family="binomial")


def test_true_collinearity_is_named_in_every_disguise() -> None:
    t = base()
    t["twice"] = [2 * v for v in t["x"]]
    t["percent"] = [100 - v for v in t["x"]]
    t["third"] = [v / 3 for v in t["x"]]
    t["sum"] = [x / 3 + 0.1 * a for x, a in zip(t["x"], t["a"], strict=True)]
    t["size"] = [math.cos(i) for i in range(40)]
    for other in ("twice", "percent", "third"):
        with pytest.raises(NumericalError) as caught:
            gf.lm(t, f"size ~ x + {other} + a")
        assert caught.value.columns == [other]
    with pytest.raises(NumericalError) as caught:
        gf.lm(t, "size ~ x + a + sum")
    assert caught.value.columns == ["sum"]
    # Nearly collinear is not collinear: years and their squares keep their digits.
    t["year"] = [2003 + i % 20 for i in range(40)]
    t["rate"] = [1 + 0.25 * (v - 2013) ** 2 for v in t["year"]]
    fit = gf.lm(t, "rate ~ year + I(year**2)", vcov="classical").to_arrow().to_pylist()
    assert fit[2]["estimate"] == pytest.approx(0.25, rel=1e-10)
    assert fit[1]["estimate"] == pytest.approx(-0.5 * 2013, rel=1e-10)
    # ... and so do the errors that rest on leverages.
    t["far"] = [v - 2013 for v in t["year"]]
    t["rate"] = [r + math.sin(5 * i) for i, r in enumerate(t["rate"])]
    for vcov in (gf.HC(3), gf.Cluster("g"), gf.Cluster("g", kind="CR3")):
        near, plain = (
            gf.lm(t, f"rate ~ {x} + I({x}**2)", vcov=vcov).to_arrow().to_pylist()[2]
            for x in ("year", "far")
        )
        assert near["std_error"] == pytest.approx(plain["std_error"], rel=1e-9)


def test_a_level_that_occurs_once_is_a_level() -> None:
    t = base()
    t["band"] = ["rare" if i == 7 else "often" for i in range(40)]
    t["size"] = [math.cos(i) for i in range(40)]
    plain = gf.lm(t, "size ~ C(band, Treatment('often'))", vcov="classical").to_arrow().to_pylist()
    mean = sum(v for i, v in enumerate(t["size"]) if i != 7) / 39
    assert plain[1]["estimate"] == pytest.approx(t["size"][7] - mean)
    # A row that alone determines a coefficient has leverage 1: HC3 would divide by 0.
    with pytest.raises(NumericalError, match=r"row 7 .*leverage 1.*HC1"):
        gf.lm(t, "size ~ band")
    # Under a likelihood its outcome is predicted without error.
    with pytest.raises(SeparationError, match="of 1 rows"):
        gf.glm(t, "y ~ C(band, Treatment('often'))")


def test_one_level_only_is_refused() -> None:
    t = base()
    t["band"] = ["same"] * 40
    with pytest.raises(NumericalError, match=r'"band".*one level only \(same\)'):
        gf.glm(t, "y ~ band")


def test_a_constant_outcome_is_refused_or_stated() -> None:
    t = base()
    for value in (0, 1):
        t["y"] = [value] * 40
        with pytest.raises(SeparationError):
            gf.glm(t, "y ~ a")
    fit = gf.lm({**t, "y": [3.0] * 40}, "y ~ a", vcov="classical").to_arrow().to_pylist()
    assert fit[0]["estimate"] == pytest.approx(3)
    assert fit[1]["estimate"] == pytest.approx(0, abs=1e-12)


def test_one_cluster_is_refused() -> None:
    t = base()
    t["g"] = ["W0"] * 40
    for call in (
        lambda v: gf.lm(t, "x ~ a", vcov=v),
        lambda v: gf.glm(t, "y ~ a", vcov=v),
        lambda v: gf.risk(t, "y ~ a", "a", vcov=v),
        lambda v: gf.risk(t, "y ~ a", "a", vcov=v, interval="bca"),
    ):
        for kind in ("CR0", "CR2", "jackknife"):
            with pytest.raises(InputError, match="clusters"):
                call(gf.Cluster("g", kind=kind))  # type: ignore[arg-type]


def test_two_way_clusters_that_leave_no_variance_are_refused() -> None:
    # Residuals that cancel in every row and column of the table: V1 + V2 - V12 < 0.
    t: Table = {"g": [], "h": [], "y": [], "a": []}
    for i in range(4):
        for j in range(4):
            t["g"].append(i)
            t["h"].append(j)
            t["y"].append((-1) ** (i + j) + 0.0)
            t["a"].append((i * j) % 3 + 0.1 * i)
    with pytest.raises(NumericalError, match="two-way variance"):
        gf.lm(t, "y ~ 1", vcov=gf.Cluster(["g", "h"]))
    with pytest.raises(InputError, match="two columns need kind='CR1S'"):
        gf.Cluster(["g", "h"], kind="CR2")
    with pytest.raises(InputError, match="one or two"):
        gf.Cluster(["a", "b", "c"])


@pytest.mark.parametrize("weight", [gf.analytic("w"), gf.probability("w"), gf.frequency("w")])
def test_weights_that_are_all_zero_are_refused(weight: gf.Weight) -> None:
    t = base()
    t["w"] = [0.0] * 40
    for call in (
        lambda: gf.lm(t, "x ~ a", weight=weight, vcov=gf.HC(1)),
        lambda: gf.glm(t, "y ~ a", weight=weight, vcov=gf.HC(1)),
    ):
        with pytest.raises(InputError):
            call()


@pytest.mark.parametrize("value", [-1.0, -0.5])
def test_negative_weights_are_refused_by_row(value: float) -> None:
    t = base()
    t["w"][6] = value
    for weight in (gf.analytic("w"), gf.frequency("w")):
        with pytest.raises(InputError) as caught:
            gf.lm(t, "x ~ a", weight=weight)
        assert (caught.value.column, caught.value.rows) == ("w", [6])


def test_an_exposure_of_zero_is_an_offset_of_minus_infinity() -> None:
    t = base()
    t["n"] = [10.0] * 40
    t["n"][4] = 0.0
    with pytest.raises(InputError, match="above 0") as caught:
        gf.glm(t, "y ~ a", family="poisson", exposure="n")
    assert (caught.value.column, caught.value.rows) == ("n", [4])
    t["o"] = [0.0] * 40
    t["o"][5] = -math.inf
    with pytest.raises(InputError) as caught:
        gf.glm(t, "y ~ a", family="poisson", offset="o")
    assert caught.value.column == "o"
    assert caught.value.rows == [5]


@pytest.mark.parametrize(
    ("values", "row"), [([0, 1, 2, 1] * 10, 2), ([0, 1, -1, 1] * 10, 2), ([0, 1, 0.5, 1] * 10, 2)]
)
def test_an_outcome_that_is_not_0_and_1_is_refused_by_row(values: list[float], row: int) -> None:
    t = base()
    t["y"] = values
    for call in (lambda: gf.glm(t, "y ~ a"), lambda: gf.risk(t, "y ~ a", "a")):
        with pytest.raises(InputError, match="0 and 1") as caught:
            call()
        assert caught.value.column == "y"
        assert caught.value.rows[0] == row


def test_rows_of_a_refusal_are_those_of_the_input() -> None:
    t = base()
    t["x"][0] = None
    t["y"][7] = 3
    with pytest.raises(InputError) as caught:
        gf.glm(t, "y ~ a + x")
    assert caught.value.rows == [7]


def test_more_cases_than_children_are_refused() -> None:
    t = {"a": [0, 1, 0, 1], "cases": [5, 61, 7, 8], "n": [50, 60, 70, 30]}
    for call in (
        lambda: gf.glm(t, "cases ~ a", trials="n"),
        lambda: gf.risk(t, "cases ~ a", "a", trials="n"),
        lambda: gf.risk(t, "cases ~ a", "a", trials="n", family="modified-poisson", vcov=gf.HC(1)),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.rows == [1]


def test_shares_need_their_trials_or_a_quasi_likelihood() -> None:
    t = {"a": [0, 1, 0, 1], "share": [0.1, 0.25, 0.2, 0.3]}
    with pytest.raises(InputError, match="quasi-binomial"):
        gf.glm(t, "share ~ a")
    fit = gf.glm(t, "share ~ a", family="quasi-binomial").to_arrow().to_pylist()
    assert fit[0]["estimate"] == pytest.approx(math.log(0.15 / 0.85))


def test_modified_poisson_counts_children_not_rows_of_the_table() -> None:
    t = {"a": [0, 1], "cases": [20, 36], "n": [1000, 600]}
    r = gf.risk(t, "cases ~ a", "a", trials="n", family="modified-poisson", vcov=gf.HC(0))
    row = {r["measure"]: r for r in r.to_arrow().to_pylist() if r["term"] == "a=1"}["risk_ratio"]
    assert row["estimate"] == pytest.approx(3)
    assert row["std_error"] == pytest.approx(
        math.sqrt(1 / 20 - 1 / 1000 + 1 / 36 - 1 / 600), rel=1e-8
    )
    assert r.to_arrow("glance").to_pylist()[0]["n_obs"] == 1600


def test_a_hundred_thousand_levels_are_sent_elsewhere() -> None:
    n = 100_000
    t = {
        "y": [i % 2 for i in range(n)],
        "id": [f"c{i}" for i in range(n)],
        "a": [i % 3 for i in range(n)],
    }
    with pytest.raises(InputError, match=r"3,000 columns.*gf\.panel"):
        gf.glm(t, "y ~ id")
    # As clusters they are no trouble.
    fit = gf.glm(t, "y ~ a", vcov=gf.Cluster("id", kind="CR1"))
    assert fit.to_arrow("glance").to_pylist()[0]["n_clusters"] == n


@pytest.mark.parametrize(
    ("formula", "near"), [("y ~ aa", "a"), ("yy ~ a", "y"), ("y ~ a + xx", "x"), ("y ~ C(bb)", "b")]
)
def test_a_typo_in_a_formula_is_answered_with_the_nearest_name(formula: str, near: str) -> None:
    for call in (gf.lm, gf.glm):
        with pytest.raises(InputError) as caught:
            call(base(), formula)
        assert caught.value.nearest == near
        assert f'did you mean "{near}"' in str(caught.value)


def test_nulls_drop_the_row_and_are_counted() -> None:
    t = base()
    for row, name in enumerate(("y", "a", "x", "g", "w")):
        t[name][row] = None
    fit = gf.glm(t, "y ~ a + x", weight=gf.frequency("w"), vcov=gf.Cluster("g"))
    about = fit.to_arrow("glance").to_pylist()[0]
    # A row that stands for an unknown number of rows is left out, and counts as none.
    assert (about["n_obs"], about["n_missing"]) == (35, 4)
    rest = {k: v[5:] for k, v in t.items()}
    assert fit.to_arrow()["std_error"].to_pylist() == pytest.approx(
        gf.glm(rest, "y ~ a + x", vcov=gf.Cluster("g")).to_arrow()["std_error"].to_pylist()
    )
    lm = gf.lm(t, "x ~ a", vcov=gf.Cluster("g")).to_arrow("glance").to_pylist()[0]
    assert (lm["n_obs"], lm["n_missing"]) == (37, 3)


def test_counts_of_cells_have_no_likelihood_but_the_right_errors() -> None:
    t = {
        "y": [0, 3, 1, 5, 2, 4, 7, 1],
        "a": [0, 0, 0, 0, 1, 1, 1, 1],
        "g": [0, 0, 1, 1, 0, 0, 1, 1],
    }
    held = gf.cells(t, "y", by=["a", "g"])
    for vcov in (gf.HC(1), gf.HC(3), gf.Cluster("g")):
        one, two = (
            gf.glm(x, "y ~ a", family="poisson", vcov=vcov).to_arrow().to_pylist()
            for x in (t, held)
        )
        assert [r["std_error"] for r in one] == pytest.approx(
            [r["std_error"] for r in two], rel=1e-9
        )
    quasi = [gf.glm(x, "y ~ a", family="quasi-poisson").to_arrow().to_pylist() for x in (t, held)]
    assert quasi[0][1]["std_error"] == pytest.approx(quasi[1][1]["std_error"], rel=1e-9)
    with pytest.raises(NumericalError, match="hold sums only"):
        gf.glm(held, "y ~ a", family="negative-binomial")


def test_few_exposed_clusters_and_few_degrees_are_said() -> None:
    t = base(200)
    t["g"] = [i % 22 for i in range(200)]
    t["exposed"] = [int(g < 2) for g in t["g"]]
    t["size"] = [math.cos(3 * i) + 0.1 * t["exposed"][i] for i in range(200)]
    fit = gf.lm(t, "size ~ exposed", vcov=gf.Cluster("g"))
    assert fit.to_arrow("glance").to_pylist()[0]["n_clusters_exposed"] == 2
    for lang, said in (("en", "rarer value in 2"), ("cy", "2 ohonynt")):
        assert said in fit.to_text(lang)  # type: ignore[arg-type]
    assert "Fewer than 4 degrees of freedom" in fit.to_text("en")
    # A covariate that varies within clusters says nothing of the kind.
    fit = gf.lm(t, "size ~ b", vcov=gf.Cluster("g"))
    assert "n_clusters_exposed" not in fit.to_arrow("glance").column_names


@pytest.mark.parametrize(
    "bad", [{"interval": "wald"}, {"interval": "bca", "n_resamples": 5}, {"family": "logit"}]
)
def test_options_of_effects_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        gf.risk(base(), "y ~ a", "a", **bad)


def test_a_bootstrap_that_fails_too_often_says_so() -> None:
    t = {"a": [0, 1], "cases": [1, 12], "n": [30, 30]}
    r = gf.risk(t, "cases ~ a", "a", trials="n", interval="percentile", n_resamples=499)
    about = r.to_arrow("glance").to_pylist()[0]
    # No case among the unexposed in a third of the resamples: no ratio, so no fit.
    assert about["n_failed"] > 100
    row = r.to_arrow().to_pylist()[1]
    assert row["conf_low"] is None
    assert "5% of the resamples" in row["reason"]


def test_terms_of_a_joint_test_are_checked() -> None:
    t = base()
    with pytest.raises(InputError, match="it has a, b, a:b"):
        gf.joint_test(t, "y ~ a * b", "c", family="binomial")
    with pytest.raises(InputError, match=r"part of 'a:b'"):
        gf.joint_test(t, "y ~ a * b", "a", family="binomial")
    both = gf.joint_test(t, "y ~ a * b", ["a", "b:a"], family="binomial")
    assert both.to_arrow()["df"].to_pylist() == [2, 2, 2]
    with pytest.raises((NumericalError, InputError), match="joint test"):
        gf.joint_test(t, "x ~ a + b + y + g", ["a", "b", "y", "g"], vcov=gf.Cluster("g"))


def test_a_search_that_does_not_settle_is_an_error() -> None:
    # Counts that vary less than Poisson counts: theta runs away.
    with pytest.raises((NumericalError, ConvergenceError), match="theta"):
        gf.glm(
            {"y": [3, 3, 3, 3, 3, 4], "a": [0, 1, 0, 1, 0, 1]}, "y ~ a", family="negative-binomial"
        )
