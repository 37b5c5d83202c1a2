"""What must hold of every model, whatever the data: rows and cells, weights, units, clusters, saturated models."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal.errors import GofalError

Table = dict[str, list[Any]]
KINDS = ("CR0", "CR1", "CR1S", "CR2", "CR3", "jackknife")


def children(seed: int, n: int = 120, groups: int = 8) -> Table:
    """Rows with two exposures, an age band, a continuous score, areas and outcomes of several kinds."""
    draw = random.Random(seed)
    level = [draw.gauss(0, 0.5) for _ in range(groups)]
    t: Table = {k: [] for k in ("a", "b", "band", "x", "area", "care", "count", "size", "w")}
    for i in range(n):
        a, b = int(draw.random() < 0.4), int(draw.random() < 0.5)
        g = i % groups
        eta = -0.4 + 0.7 * a + 0.3 * b + level[g]
        t["a"].append(a)
        t["b"].append(b)
        t["band"].append(draw.choice(["0-4", "5-9", "10+"]))
        t["x"].append(draw.gauss(10, 3))
        t["area"].append(f"W{g}")
        t["care"].append(int(draw.random() < 1 / (1 + math.exp(-eta))))
        t["count"].append(sum(draw.random() < 0.3 for _ in range(6 + 3 * a)))
        t["size"].append(2 * eta + draw.gauss(0, 1))
        t["w"].append(draw.choice([1, 2, 3]))
    return t


def rows_of(fit: gf.Result, *names: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    keys = names or ("term",)
    return {tuple(r[k] for k in keys): r for r in fit.to_arrow().to_pylist()}


def same(
    one: gf.Result, two: gf.Result, keys: tuple[str, ...] = ("term",), rel: float = 1e-8
) -> None:
    """Assert that every number of two tidy tables agrees."""
    a, b = rows_of(one, *keys), rows_of(two, *keys)
    assert set(a) == set(b)
    for key, row in a.items():
        for name, value in row.items():
            other = b[key][name]
            if isinstance(value, float):
                assert other == pytest.approx(value, rel=rel, abs=1e-9), (key, name)
            else:
                assert other == value, (key, name)


def repeated(t: Table, times: str) -> Table:
    return {
        k: [v for v, n in zip(values, t[times], strict=True) for _ in range(n)]
        for k, values in t.items()
    }


def models(vcov: Any) -> dict[str, Any]:
    """Functions of a table, one for each family that 0/1, counts and measurements have."""
    return {
        "lm": lambda t, **k: gf.lm(t, "size ~ a * b + band", vcov=vcov, **k),
        "logit": lambda t, **k: gf.glm(t, "care ~ a * b + band", vcov=vcov, **k),
        "modified": lambda t, **k: gf.glm(
            t, "care ~ a * b + band", family="poisson", vcov=vcov, **k
        ),
        "counts": lambda t, **k: gf.glm(
            t, "count ~ a * b + band", family="poisson", vcov=vcov, **k
        ),
    }


VCOVS = [gf.HC(1), gf.HC(3), *(gf.Cluster("area", kind=k) for k in KINDS)]  # type: ignore[arg-type]


@pytest.mark.parametrize("vcov", ["classical", *VCOVS], ids=str)
@pytest.mark.parametrize("model", ["lm", "logit", "modified", "counts"])
def test_cells_and_rows_and_any_order_of_rows_agree(model: str, vcov: Any) -> None:
    t = children(1)
    outcome = {"lm": "size", "counts": "count"}.get(model, "care")
    order = list(range(len(t["a"])))
    random.Random(2).shuffle(order)
    fit = models(vcov)[model]
    rows = fit(t)
    same(rows, fit({k: [v[i] for i in order] for k, v in t.items()}))
    cells = fit(gf.cells(t, outcome, by=["a", "b", "band", "area"]))
    same(rows, cells)
    one, two = (r.to_arrow("glance").to_pylist()[0] for r in (rows, cells))
    assert one["n_obs"] == two["n_obs"]
    for name in ("deviance", "log_lik", "aic", "dispersion", "r_squared", "sigma"):
        if name in one and name in two:
            assert two[name] == pytest.approx(one[name], rel=1e-9), name
    # Counts that differ within a cell have no likelihood to report; everything else is the same.
    assert ("log_lik" in two) == (model != "counts")


@pytest.mark.parametrize("vcov", ["classical", *VCOVS], ids=str)
@pytest.mark.parametrize("model", ["lm", "logit", "modified", "counts"])
def test_a_frequency_weight_is_a_number_of_rows(model: str, vcov: Any) -> None:
    t = children(3)
    fit = models(vcov)[model]
    same(fit(repeated(t, "w")), fit(t, weight=gf.frequency("w")))


@pytest.mark.parametrize("kind", KINDS)
def test_cells_give_the_same_risks_and_interaction(kind: Any) -> None:
    t = children(4)
    held = gf.cells(t, "care", by=["a", "b", "band", "area"])
    v, f = gf.Cluster("area", kind=kind), "care ~ a * b + band"
    for of in (
        lambda x: gf.risk(x, f, ["a", "b"], vcov=v),
        lambda x: gf.interaction(x, f, ["a", "b"], vcov=v, scale="standardised"),
        lambda x: gf.attributable_fraction(x, f, ["a", "b"], vcov=v),
    ):
        same(of(t), of(held), ("term", "measure"))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(-2, 2), st.floats(0.01, 100))
def test_an_offset_shifts_the_intercept_and_units_scale_a_slope(
    seed: int, shift: float, unit: float
) -> None:
    t = children(seed % 50)
    t["o"], t["z"] = [shift] * len(t["a"]), [v / unit for v in t["x"]]
    for family, outcome in (("binomial", "care"), ("poisson", "count")):
        plain = rows_of(gf.glm(t, f"{outcome} ~ a + x", family=family))  # type: ignore[arg-type]
        moved = rows_of(gf.glm(t, f"{outcome} ~ a + z", family=family, offset="o"))  # type: ignore[arg-type]
        assert moved["(intercept)",]["estimate"] == pytest.approx(
            plain["(intercept)",]["estimate"] - shift, abs=1e-7
        )
        for key, other in ((("x",), ("z",)), (("a",), ("a",))):
            k = unit if key == ("x",) else 1
            assert moved[other]["estimate"] == pytest.approx(
                plain[key]["estimate"] * k, rel=1e-6, abs=1e-8
            )
            assert moved[other]["p_value"] == pytest.approx(
                plain[key]["p_value"], rel=1e-6, abs=1e-10
            )


counts = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 60)), min_size=8, max_size=8)


def pattern_table(cells: list[tuple[int, int]]) -> tuple[Table, dict[tuple[int, ...], float]]:
    """Three exposures, all eight patterns: events and the rest."""
    t: Table = {k: [] for k in ("a", "b", "c", "cases", "n")}
    p = {}
    for bits, (yes, no) in zip(itertools.product((0, 1), repeat=3), cells, strict=True):
        for name, v in zip("abc", bits, strict=True):
            t[name].append(v)
        t["cases"].append(yes)
        t["n"].append(yes + no)
        p[bits] = yes / (yes + no)
    return t, p


@settings(max_examples=30, deadline=None)
@given(counts)
def test_a_saturated_model_gives_the_raw_proportions(cells: list[tuple[int, int]]) -> None:
    t, p = pattern_table(cells)
    f = "cases ~ a * b * c"
    zero = p[0, 0, 0]
    for family, options in (
        ("logistic", {}), ("modified-poisson", {"vcov": gf.HC(0)}), ("log-binomial", {}), ("linear", {}),
    ):  # fmt: skip
        r = rows_of(
            gf.risk(t, f, ["a", "b", "c"], trials="n", base=1, family=family, **options),  # type: ignore[arg-type]
            "term", "measure",
        )  # fmt: skip
        for bits, raw in p.items():
            name = " + ".join(n for n, v in zip("abc", bits, strict=True) if v) or "none"
            assert r[name, "risk"]["estimate"] == pytest.approx(raw, rel=1e-7)
            if any(bits):
                assert r[name, "risk_ratio"]["estimate"] == pytest.approx(raw / zero, rel=1e-7)
                assert r[name, "risk_difference"]["estimate"] == pytest.approx(raw - zero, abs=1e-8)
    # Modified Poisson with the plain sandwich: the textbook error of a log risk ratio.
    r = rows_of(gf.glm(repeated_rows(t), "y ~ a * b * c", family="poisson", vcov=gf.HC(0)))
    n = dict(zip(p, t["n"], strict=True))
    error = math.sqrt(sum((1 - p[k]) / (p[k] * n[k]) for k in ((0, 0, 0), (1, 0, 0))))
    assert r["a",]["std_error"] == pytest.approx(error, rel=1e-8)


def repeated_rows(t: Table) -> Table:
    out: Table = {k: [] for k in ("a", "b", "c", "y")}
    for a, b, c, yes, n in zip(*(t[k] for k in ("a", "b", "c", "cases", "n")), strict=True):
        for y in [1] * yes + [0] * (n - yes):
            for name, v in zip("abcy", (a, b, c, y), strict=True):
                out[name].append(v)
    return out


@settings(max_examples=30, deadline=None)
@given(counts)
def test_the_whole_excess_is_the_sum_of_its_pieces(cells: list[tuple[int, int]]) -> None:
    t, _ = pattern_table(cells)
    r = rows_of(gf.interaction(t, "cases ~ a * b * c", list("abc"), trials="n"), "term", "measure")
    pairs = sum(r[k, "reri"]["estimate"] for k in ("a:b", "a:c", "b:c"))
    total = r["a:b:c", "reri_total"]["estimate"]
    scale = 1 + max(abs(v["estimate"]) for k, v in r.items() if k[1] == "ratio")
    assert total == pytest.approx(r["a:b:c", "reri"]["estimate"] + pairs, abs=1e-9 * scale)
    assert total == pytest.approx(
        r["a:b:c", "ratio"]["estimate"] - sum(r[k, "ratio"]["estimate"] for k in "abc") + 2, abs=1e-9 * scale
    )  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(counts)
def test_the_average_fraction_is_the_mean_over_the_six_orders(cells: list[tuple[int, int]]) -> None:
    t, _ = pattern_table(cells)
    sums = dict.fromkeys("abc", 0.0)
    for order in itertools.permutations("abc"):
        r = rows_of(
            gf.attributable_fraction(t, "cases ~ a * b * c", list(order), trials="n"),
            "term",
            "measure",
        )
        for name in "abc":
            sums[name] += r[name, "sequential"]["estimate"] / 6
    for name in "abc":
        assert r[name, "average"]["estimate"] == pytest.approx(sums[name], abs=1e-10)


def without(t: Table, area: str) -> Table:
    stays = [i for i, v in enumerate(t["area"]) if v != area]
    return {k: [v[i] for i in stays] for k, v in t.items()}


@pytest.mark.parametrize("model", ["lm", "logit", "counts"])
def test_the_jackknife_leaves_out_one_cluster_at_a_time(model: str) -> None:
    t = children(5)
    areas = sorted(set(t["area"]))
    g = len(areas)
    fit = models(gf.Cluster("area", kind="jackknife"))[model]
    found, plain = rows_of(fit(t)), models("classical")[model]
    left = [rows_of(plain(without(t, area))) for area in areas]
    for key, row in found.items():
        square = sum((r[key]["estimate"] - row["estimate"]) ** 2 for r in left)
        assert row["std_error"] == pytest.approx(math.sqrt((g - 1) / g * square), rel=1e-6)
        assert row["df"] == g - 1
    # CR3 is the jackknife itself for least squares, and its first step for a likelihood.
    third = rows_of(models(gf.Cluster("area", kind="CR3"))[model](t))
    for key, row in found.items():
        ratio = third[key]["std_error"] / row["std_error"] / math.sqrt(g / (g - 1))
        assert ratio == pytest.approx(1, rel=1e-8 if model == "lm" else 0.15)


@pytest.mark.parametrize("model", ["lm", "logit", "counts"])
def test_clusters_of_one_row_are_heteroskedastic_rows(model: str) -> None:
    t = children(6)
    t["area"] = list(range(len(t["a"])))
    for hc, kind in ((0, "CR0"), (2, "CR2"), (3, "CR3")):
        one = rows_of(models(gf.HC(hc))[model](t))
        two = rows_of(models(gf.Cluster("area", kind=kind))[model](t))  # type: ignore[arg-type]
        for key, row in one.items():
            assert two[key]["std_error"] == pytest.approx(row["std_error"], rel=1e-8), (hc, key)


def test_two_way_clusters_are_inclusion_and_exclusion() -> None:
    t = children(7)
    t["year"] = [i % 5 for i in range(len(t["a"]))]
    t["both"] = [f"{a} {y}" for a, y in zip(t["area"], t["year"], strict=True)]
    parts = [
        rows_of(gf.lm(t, "size ~ a + b", vcov=gf.Cluster(c, kind="CR1S")))
        for c in ("area", "year", "both")
    ]
    fit = gf.lm(t, "size ~ a + b", vcov=gf.Cluster(["area", "year"]))
    for key, row in rows_of(fit).items():
        v = [p[key]["std_error"] ** 2 for p in parts]
        assert row["std_error"] ** 2 == pytest.approx(v[0] + v[1] - v[2], rel=1e-9)
        assert row["df"] == 4
    # A grouping inside the other adds nothing: V1 + V2 - V12 = V1.
    t["court"] = [{"W0": "N", "W1": "N", "W2": "N"}.get(a, "S") + a[1] for a in t["area"]]
    nested = rows_of(gf.lm(t, "size ~ a + b", vcov=gf.Cluster(["area", "court"])))
    for key, row in rows_of(gf.lm(t, "size ~ a + b", vcov=gf.Cluster("area", kind="CR1S"))).items():
        assert nested[key]["std_error"] == pytest.approx(row["std_error"], rel=1e-9)


@pytest.mark.parametrize("vcov", ["classical", *VCOVS], ids=str)
def test_the_same_bits_on_any_number_of_threads(vcov: Any) -> None:
    t = children(8, n=400)
    for run in (
        *(lambda fit=fit: fit(t) for fit in models(vcov).values()),
        lambda: gf.risk(
            t, "care ~ a * b + band", ["a", "b"], vcov=vcov, interval="bca", n_resamples=199
        ),
        lambda: gf.joint_test(t, "care ~ a * b + band", "band", family="binomial", vcov=vcov),
    ):
        seen = set()
        for threads in (1, 2, 8):
            with gf.options(threads=threads):
                seen.add(run().digest)
        assert len(seen) == 1


def test_a_joint_test_of_one_coefficient_is_its_test() -> None:
    t = children(9)
    for vcov in ("classical", gf.HC(3), gf.Cluster("area"), gf.Cluster("area", kind="CR1")):
        one = rows_of(gf.lm(t, "size ~ a + b + x", vcov=vcov))["x",]
        test = gf.joint_test(t, "size ~ a + b + x", "x", vcov=vcov).to_arrow().to_pylist()[0]
        assert test["statistic"] == pytest.approx(one["statistic"] ** 2, rel=1e-9)
        assert test["df2"] == pytest.approx(one["df"], rel=1e-9)
        assert test["p_value"] == pytest.approx(one["p_value"], rel=1e-8)


def test_a_bootstrap_agrees_with_the_delta_method_on_many_rows() -> None:
    t = children(10, n=4000, groups=40)
    f = "care ~ a * b + band"
    for vcov in ("classical", gf.Cluster("area")):
        wald = rows_of(gf.risk(t, f, ["a", "b"], vcov=vcov), "term", "measure")
        for kind in ("percentile", "bca"):
            boot = rows_of(gf.risk(t, f, ["a", "b"], vcov=vcov, interval=kind, n_resamples=1000), "term", "measure")  # type: ignore[arg-type]  # fmt: skip
            for key, row in wald.items():
                assert boot[key]["estimate"] == row["estimate"]
                assert boot[key]["std_error"] == pytest.approx(row["std_error"], rel=0.2), (
                    key,
                    kind,
                )
                width = row["conf_high"] - row["conf_low"]
                for side in ("conf_low", "conf_high"):
                    assert abs(boot[key][side] - row[side]) < 0.2 * width, (key, kind, side)


def test_a_bootstrap_of_cells_is_one_of_rows() -> None:
    t = children(11)
    held = gf.cells(t, "care", by=["a", "b", "band", "area"])
    for vcov in ("classical", gf.Cluster("area")):
        one, two = (
            gf.interaction(x, "care ~ a * b", ["a", "b"], vcov=vcov, interval="percentile", n_resamples=999)
            for x in (t, held)
        )  # fmt: skip
        a, b = rows_of(one, "term", "measure"), rows_of(two, "term", "measure")
        for key, row in a.items():
            if vcov == "classical":
                # Other draws of the same distribution.
                if row["std_error"] is not None and b[key]["std_error"] is not None:
                    assert b[key]["std_error"] == pytest.approx(row["std_error"], rel=0.35), key
            elif row["conf_low"] is None:
                assert b[key]["conf_low"] is None
            else:
                assert b[key]["conf_low"] == pytest.approx(row["conf_low"], rel=1e-6), key


def test_a_log_binomial_model_finds_its_maximum_where_scoring_walks_out() -> None:
    # Inside: a start from which Fisher scoring leaves the range (R's glm asks for starting values).
    t = {"x": [0, 1, 2, 3, 4], "cases": [1, 6, 10, 14, 19], "n": [20] * 5}
    fit = gf.glm(t, "cases ~ x", trials="n", link="log")
    b = [r["estimate"] for r in fit.to_arrow().to_pylist()]
    score = [
        sum((y - n * math.exp(b[0] + b[1] * x)) / (1 - math.exp(b[0] + b[1] * x)) * x**k
            for x, y, n in zip(t["x"], t["cases"], t["n"], strict=True)) for k in (0, 1)
    ]  # fmt: skip
    edge = fit.to_arrow("glance").to_pylist()[0].get("edge")
    assert edge or max(map(abs, score)) < 1e-6
    # On the edge: all of the most exposed have the outcome, and the line would go on rising.
    t = {"x": [0, 1, 2, 3], "cases": [2, 5, 9, 10], "n": [10] * 4}
    for link, values in (("log", 1.0), ("identity", 1.0)):
        fit = gf.glm(t, "cases ~ x", trials="n", link=link)  # type: ignore[arg-type]
        rows = fit.to_arrow().to_pylist()
        top = rows[0]["estimate"] + 3 * rows[1]["estimate"]
        assert (math.exp(top) if link == "log" else top) == pytest.approx(values, abs=1e-6)
        assert rows[0]["std_error"] is None
        assert "edge" in rows[0]["reason"]
        assert "x = 3" in fit.to_text("en")
        # No other slope through the edge does better.
        best = loglik(t, link, rows[0]["estimate"], rows[1]["estimate"])
        for slope in (0.9, 0.99, 1.01, 1.1):
            k = rows[1]["estimate"] * slope
            low = (0.0 if link == "log" else 1.0) - 1e-9 - 3 * k
            assert loglik(t, link, low, k) < best + 1e-6


def loglik(t: Table, link: str, low: float, slope: float) -> float:
    total = 0.0
    for x, y, n in zip(t["x"], t["cases"], t["n"], strict=True):
        mu = math.exp(low + slope * x) if link == "log" else low + slope * x
        mu = min(max(mu, 1e-12), 1 - 1e-12)
        total += y * math.log(mu) + (n - y) * math.log(1 - mu)
    return total


def test_every_error_is_typed() -> None:
    for bad in ({"a": [1, 1, 1, 1]}, {"care": [0, 0, 0, 0]}):
        t: Table = {"a": [0, 1, 0, 1], "care": [0, 1, 1, 0], **bad}
        with pytest.raises(GofalError):
            gf.glm(t, "care ~ C(a)")
