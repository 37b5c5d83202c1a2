"""2 × 2 tables, strata, E-values and pooling: published numbers, bad input, agreement of routes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import gofal as gf
from gofal.errors import ConvergenceError, InputError, NumericalError

FAMILY = {"y": [1, 0, 1, 0], "x": [1, 1, 0, 0], "n": [12, 5, 6, 14]}
cells = st.integers(0, 40)


def rows(result: gf.Result, table: str = "tidy") -> dict[str, dict[str, object]]:
    return {r["term"]: r for r in result.to_arrow(table).to_pylist()}


@pytest.mark.parametrize(
    ("exposed", "unexposed", "printed"),
    [(43.6, 16.0, 4.06), (19.4, 1.6, 14.80), (41.5, 23.6, 2.30), (59.3, 37.0, 2.48)],
)
def test_odds_ratios_of_parents_in_care_proceedings(
    exposed: float, unexposed: float, printed: float
) -> None:
    r = gf.two_by_two_percentages(
        exposed=exposed, n_exposed=8821, unexposed=unexposed, n_unexposed=32006
    )
    row = rows(r)["odds_ratio"]
    assert round(row["estimate"], 2) == printed  # type: ignore[call-overload]
    assert row["range_low"] < row["estimate"] < row["range_high"]  # type: ignore[operator]
    # The direction does not matter to the odds ratio.
    turned = gf.two_by_two({"y": FAMILY["x"], "x": FAMILY["y"], "n": FAMILY["n"]}, "y", "x",
                           weight=gf.frequency("n"))  # fmt: skip
    plain = gf.two_by_two(FAMILY, "y", "x", weight=gf.frequency("n"))
    assert rows(turned)["odds_ratio"]["estimate"] == pytest.approx(
        rows(plain)["odds_ratio"]["estimate"], rel=1e-14
    )


def test_the_range_is_that_of_all_counts_that_round_so() -> None:
    got = gf.two_by_two_percentages(25, 410, 13, 240, decimals=0)
    (a0, a1), (c0, c1) = gf.possible_counts(25, 410), gf.possible_counts(13, 240)  # type: ignore[misc]
    every = [
        rows(gf.two_by_two_counts(a, 410, c, 240))[t]["estimate"]
        for t in ["risk_ratio"]
        for a in range(a0, a1 + 1)
        for c in range(c0, c1 + 1)
    ]
    row = rows(got)["risk_ratio"]
    assert (row["range_low"], row["range_high"]) == pytest.approx((min(every), max(every)))
    with pytest.raises(InputError, match="no count of 44"):
        gf.two_by_two_percentages(21, 44, 13, 24, decimals=0)


@settings(max_examples=60, deadline=None)
@given(cells, cells, cells, cells)
def test_exact_limits_agree_with_scipy_and_zeros_always_say_why(
    a: int, b: int, c: int, d: int
) -> None:
    if a + b == 0 or c + d == 0:
        with pytest.raises(InputError):
            gf.two_by_two_counts(a, a + b, c, c + d)
        return
    plain = rows(gf.two_by_two_counts(a, a + b, c, c + d))
    for row in plain.values():
        assert (row["estimate"] is None) <= (row["reason"] is not None)
    assert (plain["odds_ratio"]["estimate"] is None) == (0 in (a, b, c, d))
    haldane = rows(gf.two_by_two_counts(a, a + b, c, c + d, zero="haldane"))["odds_ratio"]
    assert haldane["estimate"] is not None
    assert (haldane["method"] == "haldane") == (0 in (a, b, c, d))
    row = rows(gf.two_by_two_counts(a, a + b, c, c + d, interval="exact"))["odds_ratio"]
    if a + c == 0 or b + d == 0:
        assert row["estimate"] is None
        assert row["reason"]
        return
    assert row["p_value"] == pytest.approx(stats.fisher_exact([[a, b], [c, d]])[1], rel=1e-9)
    want = stats.contingency.odds_ratio([[a, b], [c, d]])
    assert row["estimate"] == pytest.approx(want.statistic, rel=1e-5)
    limits = want.confidence_interval()
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((limits.low, limits.high), rel=1e-5)


def test_rows_counts_and_strata_are_one_route() -> None:
    weighted = gf.two_by_two(FAMILY, "y", "x", weight=gf.frequency("n"))
    counts = gf.two_by_two_counts(12, 17, 6, 20)
    assert weighted.to_arrow() == counts.to_arrow()
    y = [v for v, n in zip(FAMILY["y"], FAMILY["n"], strict=True) for _ in range(n)]
    x = [v for v, n in zip(FAMILY["x"], FAMILY["n"], strict=True) for _ in range(n)]
    long = {"y": [bool(v) for v in y] + [None], "x": [*x, 1], "s": ["all"] * (len(y) + 1)}
    single = gf.two_by_two(long, "y", "x")
    assert single.to_arrow() == counts.to_arrow()
    assert single.to_arrow("glance")["n_missing"].to_pylist() == [1]
    pooled = rows(gf.mantel_haenszel(long, "y", "x", "s"))
    for term in ("odds_ratio", "risk_ratio", "risk_difference"):
        assert pooled[term]["estimate"] == pytest.approx(rows(counts)[term]["estimate"], rel=1e-13)
    chi2 = stats.chi2_contingency([[12, 5], [6, 14]], correction=False)
    assert counts.to_arrow("glance")["statistic"][0].as_py() == pytest.approx(chi2.statistic)


def test_strata_of_several_columns_and_their_tests() -> None:
    t = {
        "y": [1, 0, 1, 0] * 4, "x": [1, 1, 0, 0] * 4, "sex": (["f"] * 4 + ["m"] * 4) * 2,
        "age": [0] * 8 + [1] * 8, "n": [12, 5, 6, 14, 9, 11, 4, 20, 3, 8, 2, 9, 7, 7, 3, 0],
    }  # fmt: skip
    r = gf.mantel_haenszel(t, "y", "x", ["sex", "age"], weight=gf.frequency("n"), interval="midp")
    glance = r.to_arrow("glance").to_pylist()[0]
    assert (glance["n_groups"], glance["n_informative"]) == (4, 4)
    tests = rows(r, "tests")
    assert tests["tarone"]["statistic"] <= tests["breslow_day"]["statistic"]  # type: ignore[operator]
    assert tests["cmh_corrected"]["statistic"] < tests["cmh"]["statistic"]  # type: ignore[operator]
    assert tests["tarone"]["df"] == 3
    exact = rows(gf.mantel_haenszel(t, "y", "x", ["sex", "age"], weight=gf.frequency("n")))
    wide, narrow = exact["odds_ratio_conditional"], rows(r)["odds_ratio_conditional"]
    assert wide["conf_low"] < narrow["conf_low"] < narrow["conf_high"] < wide["conf_high"]  # type: ignore[operator]
    assert r.table("cells").num_rows == 8
    assert "Mantel-Haenszel" in r.to_text("cy")


@pytest.mark.parametrize(
    "call",
    [
        lambda: gf.two_by_two({"y": [0, 1, 2], "x": [0, 1, 1]}, "y", "x"),
        lambda: gf.two_by_two({"y": [0, 1, 1], "x": [1, 1, 1]}, "y", "x"),
        lambda: gf.two_by_two(FAMILY, "y", "x", weight="n"),  # type: ignore[arg-type]
        lambda: gf.two_by_two(FAMILY, "y", "x", weight=gf.analytic("n")),
        lambda: gf.two_by_two(FAMILY, "y", "x", interval="exakt"),  # type: ignore[arg-type]
        lambda: gf.two_by_two_counts(5, 4, 1, 3),
        lambda: gf.two_by_two_percentages(143.6, 100, 20, 100),
        lambda: gf.mantel_haenszel(FAMILY, "y", "x", "nowhere"),
        lambda: gf.evalue(0.0),
        lambda: gf.evalue(2.0, 1.5),
        lambda: gf.evalue(2.0, 2.1, 3.0),
        lambda: gf.evalue(2.0, measure="risk_difference"),
        lambda: gf.bounding_factor(0.5, 2),
        lambda: gf.pool([(1.0, 0.1)]),
        lambda: gf.pool([(1.0, 0.1), (1.0, 0.0)]),
        lambda: gf.pool([1.0, 2.0]),
        lambda: gf.pool([(1.0, 0.1), (1.2, 0.1)], terms=["a", "b"]),
        lambda: gf.pool([(1.0, 0.1), (1.2, 0.1)], joint="b"),
    ],
)
def test_bad_input_is_refused(call: object) -> None:
    with pytest.raises(InputError):
        call()  # type: ignore[operator]


def test_evalues() -> None:
    # VanderWeele and Ding (2017): maternal smoking, breast feeding; and moves to other true values.
    values = gf.evalue(0.80, 0.71, 0.91).to_arrow()["estimate"].to_pylist()
    assert values == pytest.approx([1.81, 1.43], abs=0.005)
    assert gf.evalue(0.80).statistic(term="limit").reason == "no limits given"
    assert gf.evalue(2.0, true_value=2.0).statistic(term="estimate").value == 1
    common = gf.evalue(4.0, measure="odds_ratio").statistic(term="estimate").value
    assert common == gf.evalue(2.0).statistic(term="estimate").value
    rare = gf.evalue(4.0, measure="hazard_ratio", rare=True).statistic(term="estimate").value
    assert rare == pytest.approx(4 + math.sqrt(12))
    d = gf.evalue(-0.42, -0.7, -0.14, measure="standardised_difference").to_arrow().to_pylist()
    assert d[0]["risk_ratio"] == pytest.approx(math.exp(-0.91 * 0.42))
    assert 1 < d[1]["estimate"] < d[0]["estimate"]


def test_the_evalue_of_a_risk_difference() -> None:
    # At no difference the bias of the estimate is R1/R0: the E-value is that of the risk ratio.
    counts = (287, 300, 150, 300)
    r = gf.evalue(measure="risk_difference", counts=counts).to_arrow().to_pylist()
    want = gf.evalue((287 / 300) / (150 / 300)).statistic(term="estimate").value
    assert r[0]["estimate"] == pytest.approx(want, rel=1e-12)
    assert 1 < r[1]["estimate"] < r[0]["estimate"]
    # Hammond and Horn's lung cancer deaths, as the R package EValue prints them (grid of 1e-4).
    r = gf.evalue(measure="risk_difference", counts=(397, 78954, 51, 108829)).to_arrow().to_pylist()
    assert [v["estimate"] for v in r] == pytest.approx([20.95, 15.96], abs=0.01)
    with pytest.raises(NumericalError):
        gf.evalue(measure="risk_difference", counts=(10, 100, 20, 100))


def test_pooling_of_regressions_and_of_pairs_agree() -> None:
    tables = [
        {"y": [3.1, 4.9, 7.2, 8.8, 11.1, 12.7 + k], "x": [1, 2, 3, 4, 5, 6 + 0.3 * k]}
        for k in range(4)
    ]
    fits = [gf.lm(t, "y", "x", vcov="classical") for t in tables]
    p = gf.pool(fits, joint="x")
    one = rows(p)["x"]
    pairs = []
    for f in fits:
        tidy = f.to_arrow()
        pairs.append((tidy["estimate"][1].as_py(), tidy["std_error"][1].as_py() ** 2))
    two = rows(gf.pool(pairs, terms=["x"], df_complete=4))["x"]
    assert one == two
    assert 0 < one["df"] < 4  # type: ignore[operator]
    joint = p.to_arrow("joint").to_pylist()[0]
    assert joint["statistic"] == pytest.approx(one["statistic"] ** 2, rel=1e-12)  # type: ignore[operator]
    names = ["(intercept)", "x"]
    whole = []
    for f in fits:
        square = f.to_arrow("covariance").to_pydict()
        cov = [list(r) for r in zip(*(square[n] for n in names), strict=True)]
        whole.append((f.to_arrow()["estimate"].to_pylist(), cov))
    by_result = gf.pool(fits, joint=names, df_complete=100).to_arrow("joint")
    assert by_result == gf.pool(whole, terms=names, joint=names, df_complete=100).to_arrow("joint")
    with pytest.raises(NumericalError, match="too few"):
        gf.pool(fits, joint=names)
    assert p.digest == gf.pool(fits, joint="x").digest


def test_no_call_fails_to_converge_at_large_counts() -> None:
    try:
        r = gf.two_by_two_counts(3846, 8821, 5121, 32006, interval="midp")
    except ConvergenceError as error:  # pragma: no cover
        pytest.fail(str(error))
    row = rows(r)["odds_ratio"]
    wald = rows(gf.two_by_two_counts(3846, 8821, 5121, 32006))["odds_ratio"]
    assert row["estimate"] == pytest.approx(wald["estimate"], rel=1e-3)
    assert row["conf_low"] == pytest.approx(wald["conf_low"], rel=2e-3)
