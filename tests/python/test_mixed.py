"""`gf.lmm`: what it refuses, what it says, published Welsh numbers, and results that can be fitted again."""

from __future__ import annotations

import pickle
import random
from typing import Any

import pyarrow as pa
import pytest

import gofal as gf
from gofal.errors import InputError, NumericalError
from gofal.random_terms import parse_mixed


def children(n: int = 240, seed: int = 3) -> dict[str, list[Any]]:
    """Scores of children in schools in authorities, seen in years."""
    draw = random.Random(seed)
    school = [draw.randrange(12) for _ in range(n)]
    lift = [draw.gauss(0, 2) for _ in range(12)]
    year = [draw.randrange(2018, 2024) for _ in range(n)]
    x = [draw.gauss(0, 1) for _ in range(n)]
    y = [10 + lift[s] + lift[s // 4] + 0.5 * (t - 2020) + (1 + lift[s] / 4) * v + draw.gauss(0, 1)
         for s, t, v in zip(school, year, x, strict=True)]  # fmt: skip
    return {
        "y": y,
        "x": x,
        "year": year,
        "school": [f"s{s % 4}" for s in school],
        "authority": [f"a{s // 4}" for s in school],
        "sex": [draw.choice("FM") for _ in range(n)],
    }


def variances(fit: Any) -> dict[tuple[str, str], float]:
    rows = fit.to_arrow("variance_components").to_pylist()
    return {(r["factor"], r["term"]): r["estimate"] for r in rows}


# Formulas.


def test_the_random_terms_of_a_formula() -> None:
    names = ["y", "x", "z", "a", "b"]

    def shape(text: str) -> list[tuple[str, list[int]]]:
        return [(r.name, [len(p) for p in r.parts]) for r in parse_mixed(text, names).random]

    assert shape("y ~ x + (1 | a)") == [("a", [1])]
    assert shape("y ~ (x | a) + x") == [("a", [2])]
    assert shape("y ~ x + (0 + x | a)") == [("a", [1])]
    assert shape("y ~ x + (x || a)") == [("a", [1, 1])]
    assert shape("y ~ (1 | a) + (0 + x | a)") == [("a", [1, 1])]
    assert shape("y ~ (1 | a/b)") == [("a", [1]), ("a:b", [1])]
    assert shape("y ~ (1 | a:b) + (1 + x + z | b)") == [("a:b", [1]), ("b", [3])]
    assert parse_mixed("y ~ (1 | a) + x + (1 | b) + z", names).fixed.text == "y ~ x + z"
    assert parse_mixed("y ~ (1 | a)", names).fixed.text == "y ~ 1"
    assert parse_mixed("y ~ 0 + log(x) + (1 | a)", names).fixed.text == "y ~ 0 + log(x)"


@pytest.mark.parametrize(
    ("formula", "says"),
    [
        ("y ~ x", "no random term"),
        ("y ~ x + 1 | school", "brackets"),
        ("y ~ x + (1 | )", "not understood"),
        ("y ~ x + (1 | scool)", 'did you mean "school"'),
        ("y ~ x + (xx | school)", 'did you mean "x"'),
        ("y ~ x + (1 | school", "not closed"),
        ("y ~ x + (1 | school:school)", "twice"),
        ("y ~ x + (y | school)", "outcome"),
        ("y", "expected"),
    ],
)
def test_a_formula_that_cannot_be_read_says_why(formula: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        gf.lmm(children(), formula)


# Ways to the same numbers.


def test_rows_cells_and_frequencies_agree() -> None:
    t = children(600)
    t["y"] = [float(round(v)) for v in t["y"]]
    formula = "y ~ sex + (1 | authority/school) + (1 | year)"
    rows = gf.lmm(t, formula)
    cells = gf.lmm(gf.cells(t, "y", by=["sex", "authority", "school", "year"]), formula)
    counted = pa.table(t).select(["y", "sex", "authority", "school", "year"])
    counted = counted.group_by(counted.column_names).aggregate([([], "count_all")])
    weighted = gf.lmm(counted, formula, weight=gf.frequency("count_all"))
    for other in (cells, weighted):
        assert other.to_arrow("glance")["criterion"][0].as_py() == pytest.approx(
            rows.to_arrow("glance")["criterion"][0].as_py(), rel=1e-11
        )
        assert variances(other) == pytest.approx(variances(rows), rel=1e-6)
        assert other.to_arrow("glance")["n_obs"][0].as_py() == 600


def test_many_rows_are_compressed_and_say_the_same() -> None:
    t = children(21_000)
    t["y"] = [float(round(v)) for v in t["y"]]
    formula = "y ~ sex + (1 | authority/school) + (1 | year)"
    compressed = gf.lmm({k: t[k] for k in ("y", "sex", "authority", "school", "year")}, formula)
    one = {**t, "one": [1.0] * 21_000}
    rows = gf.lmm(one, formula, weight=gf.analytic("one"))
    assert variances(compressed) == pytest.approx(variances(rows), rel=1e-6)


def test_nested_labels_are_not_crossed_by_accident() -> None:
    # Schools are called s0 to s3 in every authority: (1 | school) alone would mix them.
    fit = gf.lmm(children(), "y ~ x + (1 | authority/school)")
    sizes = {r["factor"]: r["n_groups"] for r in fit.to_arrow("factors").to_pylist()}
    assert sizes == {"authority": 3, "authority:school": 12}
    assert any("five levels" in note.en for note in fit.notes())


def test_independent_slopes_are_two_terms() -> None:
    t = children()
    a = gf.lmm(t, "y ~ x + (x || school)")
    b = gf.lmm(t, "y ~ x + (1 | school) + (0 + x | school)")
    assert variances(a) == variances(b)


def test_analytic_weights_are_scale_free() -> None:
    t = children()
    t["w"] = [1.0 + i % 5 for i in range(240)]
    t["w7"] = [7 * w for w in t["w"]]
    a, b = (gf.lmm(t, "y ~ x + (1 | school)", weight=gf.analytic(w)) for w in ("w", "w7"))
    assert a.to_arrow("glance")["log_lik"][0].as_py() == pytest.approx(
        b.to_arrow("glance")["log_lik"][0].as_py(), rel=1e-12
    )
    assert a.to_arrow()["estimate"].to_pylist() == pytest.approx(
        b.to_arrow()["estimate"].to_pylist(), rel=1e-9
    )


# Results.


def test_fitted_values_are_predictions_for_the_same_rows() -> None:
    t = children()
    t["x"][5] = None
    fit = gf.lmm(t, "y ~ x * sex + C(year) + (x | authority:school)")
    rows = fit.to_arrow("augment")
    assert fit.to_arrow("glance")["n_missing"][0].as_py() == 1
    again = pa.table(fit.predict(t))
    assert again["row"].to_pylist() == rows["row"].to_pylist()
    assert again["estimate"].to_pylist() == pytest.approx(rows["fitted"].to_pylist(), rel=1e-9)
    y = [t["y"][i] for i in rows["row"].to_pylist()]
    resid = [a - b for a, b in zip(y, rows["fitted"].to_pylist(), strict=True)]
    assert rows["resid"].to_pylist() == pytest.approx(resid, abs=1e-9)


def test_a_new_level_of_a_factor_is_predicted_by_the_fixed_part() -> None:
    t = children()
    fit = gf.lmm(t, "y ~ x + (1 | authority:school)")
    new = {"x": [0.5, 0.5], "authority": ["a1", "a9"], "school": ["s1", "s1"]}
    with_modes = pa.table(fit.predict(new))["estimate"].to_pylist()
    fixed = pa.table(fit.predict(new, random="none"))["estimate"].to_pylist()
    assert with_modes[1] == pytest.approx(fixed[1])
    assert fixed[0] == pytest.approx(fixed[1])
    assert with_modes[0] != pytest.approx(fixed[0])
    with pytest.raises(InputError, match='no column named "school"'):
        fit.predict({"x": [1.0], "authority": ["a1"]})
    sexed = gf.lmm(t, "y ~ sex + (1 | school)")
    with pytest.raises(InputError, match="levels that the model was fitted on"):
        sexed.predict({"sex": ["X"], "school": ["s1"]})


def test_a_result_pickles_with_what_is_needed_to_fit_again() -> None:
    fit = gf.lmm(pa.table(children()), "y ~ x + (1 | school) + (1 | year)")
    back = pickle.loads(pickle.dumps(fit))
    assert back == fit
    assert hash(back) == hash(fit)
    assert back.model_frame().column_names == ["y", "x", "school", "year"]
    again = gf.lmm(back.model_frame(), fit.provenance.argument("formula"))
    assert variances(again) == variances(fit)
    assert (
        pa.table(back.predict(children()))["estimate"]
        == pa.table(fit.predict(children()))["estimate"]
    )


def test_the_search_is_part_of_the_result() -> None:
    fit = gf.lmm(children(), "y ~ x + (x | authority:school)")
    path, whole = fit.to_arrow("optimiser").to_pylist(), fit.to_arrow("glance").to_pylist()[0]
    assert [p["estimate"] for p in path[:3]] == [1.0, 0.0, path[2]["estimate"]]
    assert path[-1]["criterion"] <= path[0]["criterion"]
    assert whole["n_evaluations"] < 30
    assert whole["gradient_norm"] < 1e-4
    theta = {t["term"]: t["estimate"] for t in fit.to_arrow("theta").to_pylist()}
    sigma2 = whole["sigma"] ** 2
    assert variances(fit)["authority:school", "(intercept)"] == pytest.approx(
        theta["(intercept)"] ** 2 * sigma2
    )


def test_a_variance_of_zero_is_named() -> None:
    t = {"y": [float(i * 7 % 5) for i in range(30)], "g": [f"g{i // 5}" for i in range(30)]}
    fit = gf.lmm(t, "y ~ 1 + (1 | g)")
    assert fit.to_arrow("glance")["singular"][0].as_py() is True
    assert variances(fit)["g", "(intercept)"] == 0.0
    assert "Singular" in fit.to_text("en")
    assert "hynod" in fit.to_text("cy")
    assert fit.to_arrow("vpc")["estimate"].to_pylist() == [0.0, 0.0]


# Bad input.


@pytest.mark.parametrize(
    ("change", "formula", "says"),
    [
        ({"g": ["one"] * 240}, "y ~ x + (1 | g)", "constant"),
        ({"g": [str(i) for i in range(240)]}, "y ~ x + (1 | g)", "fewer random effects than rows"),
        ({"g": [f"copy {s}" for s in children()["school"]]}, "y ~ x + (1 | school) + (1 | g)", "share one variance"),
        ({"y": [1.0] * 240}, "y ~ x + (1 | school)", "constant"),
        ({"g": [None] * 240}, "y ~ x + (1 | g)", "usable row"),
    ],
)  # fmt: skip
def test_data_that_cannot_tell_are_refused(change: dict[str, Any], formula: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        gf.lmm({**children(), **change}, formula)


def test_collinear_columns_are_named() -> None:
    t = children()
    t["twice"] = [2 * v for v in t["x"]]
    with pytest.raises(NumericalError, match="twice") as caught:
        gf.lmm(t, "y ~ x + twice + (1 | school)")
    assert caught.value.columns == ["twice"]
    t["flat"] = [4.0] * 240
    with pytest.raises(NumericalError, match=r"flat \| school"):
        gf.lmm(t, "y ~ x + (1 + flat | school)")


def test_no_residual_is_no_model() -> None:
    t = {"y": [1.0, 1.0, 2.0, 2.0, 5.0, 5.0], "g": [*"aabbcc"]}
    with pytest.raises(NumericalError, match="residual variance"):
        gf.lmm(t, "y ~ 1 + (1 | g)")


def test_probability_weights_have_no_meaning_here() -> None:
    t = {**children(), "w": [1.0] * 240}
    with pytest.raises(InputError, match="no meaning"):
        gf.lmm(t, "y ~ x + (1 | school)", weight=gf.probability("w"))


@pytest.mark.parametrize("threads", [2, 8])
def test_the_same_bits_on_any_number_of_threads(threads: int) -> None:
    formula = "y ~ x + C(year) + (x | authority:school) + (1 | sex)"
    with gf.options(threads=1):
        one = gf.lmm(children(), formula)
    with gf.options(threads=threads):
        assert gf.lmm(children(), formula) == one


# Published: children receiving care and support, 22 authorities, 2017 to 2023 (R 4.2.2, lme4 1.1-31, REML).


def care_and_support() -> dict[str, list[Any]]:
    rates = gf.data.records("care_and_support", measure="crcs_rate_per_10000_under18")
    scores = {
        r["area_code"]: r["value"]
        for r in gf.data.records("deprivation", measure="wimd_score")
        if r["period"] == "2019"
    }
    rows = [r for r in rates if r["area_code"].startswith("W06")]
    return {
        "rate": [r["value"] for r in rows],
        "year": [r["period"][:4] for r in rows],
        "authority": [r["area_code"] for r in rows],
        "score": [scores[r["area_code"]] for r in rows],
    }


def test_the_care_and_support_models() -> None:
    t = care_and_support()
    null = gf.lmm(t, "rate ~ 1 + (1 | authority)")
    found = variances(null)
    between, residual = found["authority", "(intercept)"], found["residual", ""]
    assert null.statistic(term="(intercept)").value == pytest.approx(277.461039, abs=5e-7)
    assert between == pytest.approx(4965.377281, rel=1e-8)
    # Printed to six decimals by a search that stops at the ninth digit.
    assert residual == pytest.approx(1031.188310, rel=5e-9)
    assert null.to_arrow("vpc")["estimate"][0].as_py() == pytest.approx(0.8280368, abs=5e-8)
    assert null.to_arrow("glance")["log_lik"][0].as_py() == pytest.approx(-787.651508, abs=5e-7)
    years = gf.lmm(t, "rate ~ year + (1 | authority)")
    assert years.to_arrow("vpc")["estimate"][0].as_py() == pytest.approx(0.8309424, abs=5e-8)
    scored = gf.lmm(t, "rate ~ score + (1 | authority)")
    left = variances(scored)["authority", "(intercept)"]
    intercept, slope = scored.to_arrow().to_pylist()
    # The reference is from scores at full precision; those inside the package have five decimals.
    assert intercept["estimate"] == pytest.approx(129.832040, abs=1e-4)
    assert intercept["std_error"] == pytest.approx(60.970203, abs=1e-4)
    assert slope["estimate"] == pytest.approx(6.920227, abs=5e-6)
    assert slope["std_error"] == pytest.approx(2.785424, abs=5e-6)
    assert left == pytest.approx(3954.957684, rel=1e-6)
    assert round(100 * (between - left) / between, 2) == 20.35


def test_an_intraclass_correlation_of_a_balanced_table_is_the_share_of_a_mixed_model() -> None:
    t = care_and_support()
    shares = gf.icc(t, "rate", "authority")
    assert shares.statistic(term="icc1").value == pytest.approx(0.8280368, abs=5e-8)
    assert shares.statistic("statistic", term="icc1").value == pytest.approx(34.7064, abs=5e-5)


def test_raters_must_rate_every_target_once() -> None:
    full = {"y": [1, 2, 4, 3.0, 3, 1], "target": [*"aabbcc"], "rater": [*"xyxyxy"]}
    assert gf.icc(full, "y", "target", rater="rater").to_arrow().num_rows == 6
    with pytest.raises(InputError, match="no rating of c by y"):
        gf.icc({k: v[:5] for k, v in full.items()}, "y", "target", rater="rater")
    twice = {k: [*v, v[0]] for k, v in full.items()}
    with pytest.raises(InputError, match="duplicate"):
        gf.icc(twice, "y", "target", rater="rater")
    with pytest.raises(InputError, match="usable"):
        gf.icc({"y": [1.0, 2.0], "g": ["a", "a"]}, "y", "g")
