"""Outcome models through the public face: rows, weights and cells agree; identities; bad input."""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

import gofal as gf
from gofal.errors import ConvergenceError, InputError, NumericalError, SeparationError

FITS = {
    "firth": lambda t, **o: gf.firth(t, "care ~ abuse * age", **o),
    "multinomial": lambda t, **o: gf.multinomial(t, "place ~ abuse + age", **o),
    "ordinal": lambda t, **o: gf.ordinal(t, "moves ~ abuse + age", **o),
    "partial": lambda t, **o: gf.ordinal(t, "moves ~ abuse + age", partial="abuse", **o),
    "zero_inflated": lambda t, **o: gf.zero_inflated(t, "count ~ abuse + age", zero="abuse", **o),
    "hurdle": lambda t, **o: gf.hurdle(t, "count ~ abuse", zero="abuse + age", **o),
    "clogit": lambda t, **o: gf.clogit(t, "care ~ abuse + age", strata="court", **o),
    "hazard": lambda t, **o: gf.discrete_hazard(t, "care ~ abuse", exit="years", **o),
}


def table(n: int = 400, seed: int = 3) -> pl.DataFrame:
    """Children with outcomes of every kind."""
    draw = random.Random(seed)
    rows = []
    for i in range(n):
        abuse, age, area = int(draw.random() < 0.4), draw.choice([1, 5, 9, 14]), i % 11
        push = 0.8 * abuse - 0.08 * age + 0.2 * (area % 3)
        moves = sum(draw.random() < 1 / (1 + math.exp(-push)) for _ in range(2))
        place = draw.choices(["foster", "home", "kin"], [1, math.exp(push), math.exp(0.05 * age)])[
            0
        ]
        count = (
            0 if draw.random() < 0.4 else sum(draw.random() < 0.3 + 0.2 * abuse for _ in range(5))
        )
        care = int(draw.random() < 0.2 + 0.2 * abuse)
        rows.append(
            (care, abuse, age, f"a{area}", place, moves, count, draw.choice([1, 2, 3]), i % 40)
        )
    names = ["care", "abuse", "age", "area", "place", "moves", "count", "years", "court"]
    return pl.DataFrame(rows, schema=names, orient="row")


def close(a: Any, b: Any, tol: float = 1e-9) -> None:
    """The coefficient tables agree."""
    a, b = a.to_arrow(), b.to_arrow()
    for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high"):
        np.testing.assert_allclose(a[name].to_numpy(), b[name].to_numpy(), rtol=tol, atol=tol)


VCOVS = ["classical", gf.HC(1), gf.Cluster("area", kind="CR1")]


@pytest.mark.parametrize("vcov", VCOVS, ids=str)
@pytest.mark.parametrize("name", [n for n in FITS if n != "clogit"])
def test_rows_weights_and_cells_agree(name: str, vcov: Any) -> None:
    t = table()
    keys = ["care", "abuse", "age", "area", "place", "moves", "count", "years"]
    weighted = t.group_by(keys, maintain_order=True).len("n")
    rows = FITS[name](t, vcov=vcov)
    tol = 1e-6 if name == "firth" else 1e-9
    close(rows, FITS[name](weighted, vcov=vcov, weight=gf.frequency("n")), tol)
    if name in ("firth", "hazard"):
        made = gf.cells(t, "care", by=[k for k in keys if k != "care"])
    else:
        made = gf.cells(t, by=keys)
    close(rows, FITS[name](made, vcov=vcov), tol)
    about = rows.to_arrow("glance").to_pylist()[0]
    assert about["n_obs"] == 400
    assert about.get("n_clusters") == (11 if isinstance(vcov, gf.Cluster) else None)


@pytest.mark.parametrize("name", FITS)
def test_files_give_what_tables_give(name: str, tmp_path: Path) -> None:
    t = table()
    t.write_parquet(tmp_path / "children.parquet")
    close(FITS[name](t), FITS[name](gf.scan(str(tmp_path / "children.parquet"))), 1e-12)


def test_strata_of_cells_are_those_of_rows() -> None:
    t = table()
    for vcov in ("classical", gf.HC(0)):
        rows = FITS["clogit"](t, vcov=vcov)
        close(rows, FITS["clogit"](gf.cells(t, "care", by=["abuse", "age", "court"]), vcov=vcov))
        weighted = t.group_by(["care", "abuse", "age", "court"]).len("n")
        close(rows, FITS["clogit"](weighted, vcov=vcov, weight=gf.frequency("n")))


@pytest.mark.parametrize(
    "vcov", ["classical", gf.HC(0), gf.HC(1), gf.Cluster("area", kind="CR1")], ids=str
)
def test_two_levels_are_a_logistic_regression(vcov: Any) -> None:
    t = table()
    want = gf.glm(t, "care ~ abuse + age", vcov=vcov).to_arrow().to_pylist()
    unordered = gf.multinomial(t, "care ~ abuse + age", vcov=vcov).to_arrow().to_pylist()
    ordered = gf.ordinal(t, "care ~ abuse + age", vcov=vcov).to_arrow().to_pylist()
    positive = gf.hurdle(t, "count ~ 1", zero="abuse + age", vcov=vcov).to_arrow().to_pylist()[1:]
    above = t.with_columns(any=(pl.col("count") > 0).cast(pl.Int8))
    any_event = gf.glm(above, "any ~ abuse + age", vcov=vcov).to_arrow().to_pylist()
    for got, of in ((unordered, want), (positive, any_event)):
        for a, b in zip(got, of, strict=True):
            for key in ("estimate", "std_error"):
                # HC1 counts all parameters, those of the other part too.
                if key == "estimate" or of is want or vcov != gf.HC(1):
                    assert a[key] == pytest.approx(b[key], rel=1e-8)
    for a, b in zip(ordered, want, strict=True):
        sign = -1 if a["part"] == "threshold" else 1
        assert sign * a["estimate"] == pytest.approx(b["estimate"], rel=1e-8)
        assert a["std_error"] == pytest.approx(b["std_error"], rel=1e-8)


def test_pairs_are_a_regression_of_differences() -> None:
    draw = random.Random(5)
    rows = [
        (i // 2, i % 2, draw.gauss(0.3 * (i % 2), 1), draw.gauss(0, 1), f"a{i // 2 % 9}")
        for i in range(240)
    ]
    t = pl.DataFrame(rows, schema=["set", "case", "x", "z", "area"], orient="row")
    first, second = t.filter(pl.col("case") == 1), t.filter(pl.col("case") == 0)
    # Half of the differences are turned, for an outcome that varies; the likelihood is the same.
    turn = np.where(np.arange(120) % 2 == 0, 1.0, -1.0)
    differences = pl.DataFrame({
        "y": (turn > 0).astype(int), "area": first["area"],
        "x": turn * (first["x"] - second["x"]).to_numpy(), "z": turn * (first["z"] - second["z"]).to_numpy(),
    })  # fmt: skip
    for vcov in ("classical", gf.HC(0), gf.HC(1), gf.Cluster("area", kind="CR1")):
        close(
            gf.clogit(t, "case ~ x + z", strata="set", vcov=vcov),
            gf.glm(differences, "y ~ 0 + x + z", vcov=vcov), 1e-8,
        )  # fmt: skip
    default = gf.clogit(t, "case ~ x + z", strata="set", vcov=gf.Cluster("area"))
    assert default.to_arrow("glance")["vcov"].to_pylist() == ["CR1"]
    assert default.to_arrow()["df"].to_pylist() == [8.0, 8.0]


def row_likelihoods(name: str, t: pl.DataFrame, theta: np.ndarray) -> np.ndarray:
    """ln P of every row, written out."""
    a, g = t["abuse"].to_numpy(), t["age"].to_numpy()
    if name == "multinomial":
        eta = np.column_stack(
            [np.zeros(len(a)), *(v[0] + v[1] * a + v[2] * g for v in theta.reshape(2, 3))]
        )
        code = t["place"].replace_strict({"foster": 0, "home": 1, "kin": 2}).to_numpy()
        return eta[np.arange(len(a)), code] - np.log(np.exp(eta).sum(axis=1))
    if name == "ordinal":
        up = np.column_stack(
            [1 / (1 + np.exp(theta[2] * a + theta[3] * g - tau)) for tau in theta[:2]]
        )
        cumulative = np.column_stack([np.zeros(len(a)), up, np.ones(len(a))])
        return np.log(np.diff(cumulative, axis=1)[np.arange(len(a)), t["moves"].to_numpy()])
    y = t["count"].to_numpy()
    mu, phi = (
        np.exp(theta[0] + theta[1] * a + theta[2] * g),
        1 / (1 + np.exp(-theta[3] - theta[4] * a)),
    )
    factorial = np.array([math.lgamma(v + 1) for v in y])
    poisson = np.exp(y * np.log(mu) - mu - factorial)
    return np.log((1 - phi) * poisson + phi * (y == 0))


@pytest.mark.parametrize("name", ["multinomial", "ordinal", "zero_inflated"])
def test_a_sandwich_is_made_of_the_rows_scores(name: str) -> None:
    t = table()
    plain = FITS[name](t)
    theta = plain.to_arrow()["estimate"].to_numpy()
    bread = np.array([plain.covariance()[c].to_numpy() for c in plain.covariance().columns[1:]])
    scores = np.empty((t.height, len(theta)))
    for j in range(len(theta)):
        h = np.zeros(len(theta))
        h[j] = 1e-5
        scores[:, j] = (
            row_likelihoods(name, t, theta + h) - row_likelihoods(name, t, theta - h)
        ) / 2e-5
    assert row_likelihoods(name, t, theta).sum() == pytest.approx(
        plain.to_arrow("glance")["log_lik"][0].as_py(), rel=1e-10
    )
    assert np.abs(scores.sum(axis=0)).max() < 1e-4
    by_area = np.array(
        [scores[(t["area"] == g).to_numpy()].sum(axis=0) for g in t["area"].unique()]
    )
    for vcov, meat in (
        (gf.HC(0), scores.T @ scores),
        (gf.Cluster("area"), by_area.T @ by_area * 11 / 10),
    ):
        want = np.sqrt(np.diag(bread @ meat @ bread))
        got = FITS[name](t, vcov=vcov).to_arrow()["std_error"].to_numpy()
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_free_thresholds_are_cumulative_logits() -> None:
    t = table()
    fit = gf.ordinal(t, "moves ~ abuse", partial="abuse")
    rows = fit.to_arrow().to_pylist()
    for j, cut in enumerate(("0|1", "1|2")):
        logit = []
        for abuse in (0, 1):
            share = (t.filter(pl.col("abuse") == abuse)["moves"] <= j).mean()
            logit.append(math.log(share / (1 - share)))
        assert rows[j]["estimate"] == pytest.approx(logit[0], abs=1e-9)
        effect = next(r for r in rows if r["group"] == cut)
        assert effect["estimate"] == pytest.approx(logit[0] - logit[1], abs=1e-9)
        assert effect["ratio"] == pytest.approx(math.exp(effect["estimate"]))
    assert rows[0]["ratio"] is None
    tests = {r["method"]: r for r in fit.to_arrow("proportionality").to_pylist()}
    null = gf.ordinal(t, "moves ~ abuse").to_arrow("glance")["log_lik"][0].as_py()
    free = fit.to_arrow("glance")["log_lik"][0].as_py()
    assert tests["likelihood ratio"]["statistic"] == pytest.approx(2 * (free - null), abs=1e-8)
    assert tests["score"]["statistic"] == pytest.approx(
        tests["likelihood ratio"]["statistic"], rel=0.1
    )


def test_an_effect_by_threshold_is_noticed() -> None:
    rows = [(a, y) for a, counts in ((0, (30, 40, 30)), (1, (45, 10, 45))) for y, n in enumerate(counts)
            for _ in range(n)]  # fmt: skip
    t = {"abuse": [r[0] for r in rows], "moves": [r[1] for r in rows]}
    assert "proportionality" in str(gf.ordinal(t, "moves ~ abuse").notes()[0].en)
    assert "abuse" in gf.ordinal(t, "moves ~ abuse").notes()[0].cy
    assert not gf.ordinal(t, "moves ~ abuse", partial="abuse").notes()


def test_thresholds_that_cross_are_said() -> None:
    # The middle level occurs at low x only, where the lines by threshold meet at high x.
    draw = random.Random(2)
    x, y = [], []
    for _ in range(300):
        v = draw.random()
        x.append(v)
        y.append(1 if v < 0.3 and draw.random() < 0.6 else (2 if draw.random() < 0.5 else 0))
    with pytest.raises(NumericalError, match="cross"):
        gf.ordinal({"x": x, "y": y}, "y ~ x", partial="x")
    fit = gf.ordinal({"x": x, "y": y}, "y ~ x")
    tests = fit.to_arrow("proportionality").to_pylist()
    assert tests[0]["statistic"] is None
    assert "cross" in tests[0]["reason"]
    assert tests[1]["statistic"] > 0


def test_firth_limits_penalty_and_the_corrected_intercept() -> None:
    t = table(60)
    fit = gf.firth(t, "care ~ abuse + age")
    wald = gf.firth(t, "care ~ abuse + age", interval="wald")
    assert fit.to_arrow()["estimate"] == wald.to_arrow()["estimate"]
    flic = gf.firth(t, "care ~ abuse + age", flic=True)
    assert flic.to_arrow("augment")["fitted"].to_numpy().mean() == pytest.approx(
        t["care"].mean(), abs=1e-10
    )
    a, b = fit.to_arrow().to_pylist(), flic.to_arrow().to_pylist()
    assert a[1:] == b[1:]
    assert a[0]["estimate"] != b[0]["estimate"]
    assert b[0]["conf_low"] < b[0]["estimate"] < b[0]["conf_high"]
    assert any("FLIC" in n.en for n in flic.notes())
    split = gf.firth({"y": [0, 0, 0, 1, 1], "x": [0, 0, 0, 1, 1]}, "y ~ x")
    assert all(
        v is not None and math.isfinite(v) for v in split.to_arrow()["conf_high"].to_pylist()
    )
    # Jeffreys' prior adds half an event and half a non-event to each of two groups.
    assert split.statistic(term="x").value == pytest.approx(
        math.log(2.5 / 0.5) - math.log(0.5 / 3.5)
    )
    with pytest.raises(SeparationError, match="firth"):
        gf.glm({"y": [0, 0, 0, 1, 1], "x": [0, 0, 0, 1, 1]}, "y ~ x")


@pytest.mark.parametrize("name", FITS)
def test_the_same_bits_on_any_number_of_threads_and_after_pickling(name: str) -> None:
    import pickle

    t = table()
    seen = set()
    for n in (1, 2, 8):
        with gf.options(threads=n):
            seen.add(FITS[name](t, vcov=gf.HC(1)).digest)
    assert len(seen) == 1
    fit = FITS[name](t)
    assert pickle.loads(pickle.dumps(fit)) == fit
    with gf.options(lang="cy"):
        assert fit.to_text()


def test_large_tables_are_grouped_and_say_the_same() -> None:
    t = table()
    many = pl.concat([t] * 60)
    for name in ("multinomial", "ordinal", "zero_inflated", "firth", "hazard"):
        a, b = FITS[name](t), FITS[name](many)
        if name != "firth":  # the penalty counts for less in more rows
            np.testing.assert_allclose(
                a.to_arrow()["estimate"].to_numpy(), b.to_arrow()["estimate"].to_numpy(), rtol=1e-7
            )
        about = b.to_arrow("glance").to_pylist()[0]
        assert about["n_cells"] < 2_000
        assert about["n_obs"] == many.height
    zero_one = many.with_columns(count=pl.col("care"))
    a = gf.hurdle(many.with_columns(count=pl.col("care") * 2), "count ~ 1", zero="abuse")
    with pytest.raises((SeparationError, ConvergenceError)):
        gf.hurdle(zero_one, "count ~ 1", zero="abuse")
    assert a.to_arrow("glance")["n_obs"].to_pylist() == [many.height]


def test_categories_take_the_order_of_the_data() -> None:
    t = table()
    words = t.with_columns(pl.col("moves").replace_strict({0: "none", 1: "one", 2: "many"}))
    order = ["none", "one", "many"]
    want = gf.ordinal(t, "moves ~ abuse + age")
    listed = gf.ordinal(words, "moves ~ abuse + age", levels=order)
    enum = gf.ordinal(
        words.with_columns(pl.col("moves").cast(pl.Enum([*order, "never"]))), "moves ~ abuse + age"
    )
    panda = words.to_pandas()
    import pandas as pd

    panda["moves"] = pd.Categorical(panda["moves"], categories=order, ordered=True)
    for other in (listed, enum, gf.ordinal(panda, "moves ~ abuse + age")):
        close(want, other, 1e-12)
        assert other.to_arrow("levels")["category"].to_pylist() == order
    turned = gf.multinomial(words, "moves ~ abuse", levels=order)
    assert turned.to_arrow("glance")["reference"].to_pylist() == ["none"]
    base = gf.multinomial(words, "moves ~ abuse", reference="none")
    assert turned.statistic(group="one", term="abuse").value == pytest.approx(
        base.statistic(group="one", term="abuse").value
    )
    shares = base.to_arrow("augment").group_by("row").aggregate([("fitted", "sum")])
    np.testing.assert_allclose(shares["fitted_sum"].to_numpy(), 1, rtol=1e-12)


T = table(80)
SEPARATED = {"y": [0, 0, 1, 1, 2, 2] * 5, "x": [0, 0, 1, 1, 2, 2] * 5, "c": [0, 0, 1, 1, 1, 1] * 5}


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: gf.firth(T, "care ~ abusee"), InputError, 'did you mean "abuse"'),
        (lambda: gf.firth(T, "place ~ abuse"), InputError, "place"),
        (lambda: gf.firth(T, "age ~ abuse"), InputError, "0 and 1"),
        (lambda: gf.firth(T, "care ~ abuse", vcov=gf.HC(1), interval="profile"), InputError, "classical"),
        (lambda: gf.firth(T, "care ~ 0 + abuse", flic=True), InputError, "intercept"),
        (lambda: gf.firth(T.with_columns(w=0), "care ~ abuse", weight=gf.frequency("w")), InputError, "all"),
        (lambda: gf.firth(T, "care ~ abuse", weight=gf.analytic("age")), InputError, "frequency"),
        (lambda: gf.firth(T.with_columns(b=2 * pl.col("abuse")), "care ~ abuse + b"), NumericalError, "b"),
        (lambda: gf.firth(T.with_columns(one=pl.lit("k")), "care ~ one"), NumericalError, "one level"),
        (lambda: gf.firth(T.with_columns(care=0), "care ~ abuse", flic=True), NumericalError, "intercept"),
        (lambda: gf.multinomial(T, "place ~ abuse", reference="foste"), InputError, "foster"),
        (lambda: gf.multinomial(T, "place ~ abuse", levels=["foster", "home"]), InputError, "kin"),
        (lambda: gf.multinomial(T, "place ~ abuse", levels=["foster", "home", "kin", "ward"]),
         NumericalError, "ward"),
        (lambda: gf.multinomial(T, "place ~ abuse", vcov=gf.HC(3)), InputError, "leverage"),
        (lambda: gf.multinomial(T, "place ~ abuse", vcov=gf.Cluster("area", kind="CR2")), InputError, "CR1"),
        (lambda: gf.multinomial(T, "place ~ abuse", vcov=gf.Cluster(["area", "court"])), InputError, "one column"),
        (lambda: gf.multinomial({"y": ["a"] * 9, "x": list(range(9))}, "y ~ x"), InputError, "levels"),
        (lambda: gf.multinomial({"y": list(range(60)), "x": list(range(60))}, "y ~ x"), InputError, "at most 50"),
        (lambda: gf.multinomial(SEPARATED, "y ~ x"), SeparationError, '"y"'),
        (lambda: gf.multinomial(T.with_columns(a=pl.lit("k")), "place ~ 1", vcov=gf.Cluster("a")),
         InputError, "clusters"),
        (lambda: gf.ordinal(T, "place ~ abuse"), InputError, "levels="),
        (lambda: gf.ordinal(T, "moves ~ abuse", levels=[0, 0, 1]), InputError, "each once"),
        (lambda: gf.ordinal(T, "moves ~ abuse", partial="age"), InputError, "partial"),
        (lambda: gf.ordinal(T, "moves ~ 1"), InputError, "predictor"),
        (lambda: gf.ordinal(SEPARATED, "y ~ x"), SeparationError, "x"),
        (lambda: gf.ordinal(T, "moves ~ abuse", link="loggit"), InputError, "logit"),  # type: ignore[arg-type]
        (lambda: gf.clogit(T, "care ~ abuse", strata="cuort"), InputError, "court"),
        (lambda: gf.clogit(T.with_row_index("i"), "care ~ abuse", strata="i"), InputError, "both cases and controls"),
        (lambda: gf.clogit(T, "care ~ court", strata="court"), NumericalError, "court"),
        (lambda: gf.clogit(T, "moves ~ abuse", strata="court"), InputError, "0 and 1"),
        (lambda: gf.clogit(T, "care ~ abuse", strata=[]), InputError, "strata"),
        (lambda: gf.clogit(T, "care ~ abuse", strata="court", vcov=gf.Cluster("age")), InputError, "whole strata"),
        (lambda: gf.clogit({"y": [1, 0] * 9, "x": [2, 1] * 9, "s": [i // 2 for i in range(18)]}, "y ~ x",
                           strata="s"), SeparationError, "x"),
        (lambda: gf.zero_inflated(T.with_columns(count=pl.col("count") + 1), "count ~ 1"), NumericalError, "zero"),
        (lambda: gf.zero_inflated(T.with_columns(count=pl.col("count") - 3), "count ~ 1"), InputError, "whole"),
        (lambda: gf.zero_inflated(T, "count ~ abuse", zero="agge"), InputError, "age"),
        (lambda: gf.hurdle(T.with_columns(count=0), "count ~ 1"), NumericalError, "every count"),
        (lambda: gf.hurdle(T, "place ~ 1"), InputError, "place"),
        (lambda: gf.zero_inflated(gf.cells(T, "count", by=["abuse"]), "count ~ abuse"), InputError, "by="),
        (lambda: gf.firth(gf.cells(T, by=["care", "abuse"]), "care ~ abuse"), InputError, "cells"),
    ],
)  # fmt: skip
def test_bad_input_is_said(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert says in str(caught.value)


def test_no_excess_of_zeros_is_said_in_words() -> None:
    draw = random.Random(1)
    counts = [sum(draw.random() < 0.5 for _ in range(4)) for _ in range(300)]
    with pytest.raises(SeparationError, match="structural zeros"):
        gf.zero_inflated({"y": counts, "x": [i % 7 for i in range(300)]}, "y ~ x", zero="1")


def test_nulls_are_dropped_and_counted() -> None:
    t = table(120).with_columns(
        place=pl.when(pl.col("age") == 14).then(None).otherwise(pl.col("place"))
    )
    fit = gf.multinomial(t, "place ~ abuse")
    about = fit.to_arrow("glance").to_pylist()[0]
    assert about["n_missing"] == t["place"].null_count() > 0
    assert about["n_obs"] + about["n_missing"] == 120
    close(fit, gf.multinomial(t.drop_nulls(), "place ~ abuse"), 1e-12)
    assert isinstance(fit.to_arrow(), pa.Table)


def test_results_can_be_pooled_whatever_they_are_of() -> None:
    t = table(240)
    for name, fit in FITS.items():
        one = fit(t)
        pooled = gf.pool([one, one])
        a, b = pooled.to_arrow().to_pylist(), one.to_arrow().to_pylist()
        assert len({r["term"] for r in a}) == len(b)
        for got, want in zip(a, b, strict=True):
            assert got["estimate"] == pytest.approx(want["estimate"], rel=1e-12), name
            assert got["std_error"] == pytest.approx(want["std_error"], rel=1e-12), name
            assert got["riv"] == pytest.approx(0, abs=1e-12)
    clustered = [gf.multinomial(t, "place ~ abuse", vcov=gf.Cluster("area"))] * 2
    pooled = gf.pool(clustered, joint=["home:abuse", "kin:abuse"])
    assert all(df <= 10 for df in pooled.to_arrow()["df"].to_pylist())
    assert pooled.to_arrow("joint")["df"].to_pylist() == [2.0]
    assert gf.pool(clustered, df_complete=5).to_arrow()["df"][0].as_py() < 5


def test_imputed_covariates_carry_through_every_model() -> None:
    t = table(200)
    draw = random.Random(4)
    holed = t.with_columns(
        abuse=pl.Series([None if draw.random() < 0.2 else v for v in t["abuse"]])
    )
    columns = ["care", "abuse", "age", "place", "moves", "count", "years"]
    made = gf.impute(holed, columns, m=3, n_iter=2, cluster="area", seed=1)
    sets = made.complete(holed)
    for name, fit in FITS.items():
        pooled = gf.pool([fit(s) for s in sets])
        rows = [r for r in pooled.to_arrow().to_pylist() if "abuse" in r["term"]]
        assert rows, name
        assert all(r["fmi"] > 0 and r["std_error"] > 0 for r in rows), name
