"""`gf.glmm`: identities, what it refuses, what it says about variances, and results that can be used again."""

from __future__ import annotations

import math
import pickle
import random
from typing import Any

import pyarrow as pa
import pytest

import gofal as gf
from gofal.errors import InputError, NumericalError, SeparationError


def children(n: int = 1200, seed: int = 5, sd: float = 0.7) -> dict[str, list[Any]]:
    """Children in 12 authorities and 4 courts, in care or not."""
    draw = random.Random(seed)
    lift = [draw.gauss(0, sd) for _ in range(12)]
    court = [draw.gauss(0, 0.4) for _ in range(4)]
    rows: dict[str, list[Any]] = {"care": [], "abuse": [], "authority": [], "court": [], "band": []}
    for _ in range(n):
        a, c, x, b = draw.randrange(12), draw.randrange(4), draw.randrange(2), draw.randrange(3)
        eta = -1.2 + 0.9 * x + 0.2 * b + lift[a] + court[c]
        rows["care"].append(int(draw.random() < 1 / (1 + math.exp(-eta))))
        rows["abuse"].append(x)
        rows["authority"].append(f"a{a:02}")
        rows["court"].append(f"c{c}")
        rows["band"].append(b)
    return rows


def counts(n: int = 300, seed: int = 6) -> dict[str, list[Any]]:
    """Children looked after in areas of 15 authorities over years."""
    draw = random.Random(seed)
    lift = [draw.gauss(0, 0.5) for _ in range(15)]
    rows: dict[str, list[Any]] = {
        "care": [],
        "people": [],
        "score": [],
        "authority": [],
        "area": [],
    }
    for i in range(n):
        a, x, m = i % 15, draw.gauss(0, 1), draw.randrange(200, 3000)
        mean = m * math.exp(-5 + 0.3 * x + lift[a]) * draw.gammavariate(3, 1 / 3)
        rows["care"].append(_poisson(draw, mean))
        rows["people"].append(m)
        rows["score"].append(x)
        rows["authority"].append(f"a{a:02}")
        rows["area"].append(f"s{i:03}")
    return rows


def _poisson(draw: random.Random, mean: float) -> int:
    k, left = 0, draw.expovariate(1)
    while left < mean:
        k, left = k + 1, left + draw.expovariate(1)
    return k


def close(a: Any, b: Any, tolerance: float = 1e-7) -> None:
    """Coefficients, errors and variances are the same."""
    for name in ("tidy", "variance_components"):
        one, two = a.to_arrow(name).to_pydict(), b.to_arrow(name).to_pydict()
        order = [one["term"].index(t) for t in two["term"]] if name == "tidy" else None
        for column in ("estimate", "std_error") if name == "tidy" else ("estimate",):
            left = one[column] if order is None else [one[column][i] for i in order]
            assert left == pytest.approx(two[column], rel=tolerance, abs=tolerance), (name, column)


FORMULA = "care ~ abuse + band + (1 | authority)"


def test_cells_and_frequencies_and_trials_give_what_rows_give() -> None:
    rows = children()
    by_row = gf.glmm(rows, FORMULA)
    made = gf.cells(rows, "care", by=["abuse", "band", "authority"])
    close(by_row, gf.glmm(made, FORMULA))
    assert by_row.glance()["log_lik"][0].as_py() == pytest.approx(
        gf.glmm(made, FORMULA).glance()["log_lik"][0].as_py(), abs=1e-8
    )
    counted = gf.cells(rows, by=["care", "abuse", "band", "authority"]).to_arrow()
    close(by_row, gf.glmm(counted, FORMULA, weight=gf.frequency("n")))
    tried = made.to_arrow().rename_columns(
        ["abuse", "band", "authority", "children", "care", "squares"]
    )
    close(by_row, gf.glmm(tried, FORMULA, trials="children"))


def test_large_tables_are_grouped_and_say_the_same() -> None:
    rows = {k: v * 20 for k, v in children().items()}
    table = pa.table(rows)
    fit = gf.glmm(table, FORMULA)
    counted = gf.cells(table, by=["care", "abuse", "band", "authority"]).to_arrow()
    close(fit, gf.glmm(counted, FORMULA, weight=gf.frequency("n")))
    assert fit.glance()["n_obs"][0].as_py() == 24_000


def test_poisson_counts_add_up_over_cells() -> None:
    rows = counts()
    rows["half"] = [int(x > 0) for x in rows["score"]]
    rows["size"] = [1000 + 500 * (i % 3) for i in range(len(rows["care"]))]
    formula = "care ~ half + (1 | authority)"
    by_row = gf.glmm(rows, formula, family="poisson", exposure="size")
    made = gf.cells(rows, "care", by=["half", "size", "authority"])
    fit = gf.glmm(made, formula, family="poisson", exposure="size")
    close(by_row, fit)
    # Cells of sums do not hold Σ ln y!.
    assert fit.glance()["log_lik"][0].as_py() is None
    with pytest.raises(InputError, match="outcome among their keys"):
        gf.glmm(made, formula, family="negative-binomial", exposure="size")


def test_without_variance_it_is_the_plain_regression() -> None:
    # Two identical halves: the groups do not differ at all.
    half = children(400)
    rows = {k: v * 2 for k, v in half.items()}
    rows["side"] = ["left"] * 400 + ["right"] * 400
    fit = gf.glmm(rows, "care ~ abuse + band + (1 | side)")
    plain = gf.glm(rows, "care ~ abuse + band")
    assert fit.glance()["singular"][0].as_py()
    assert fit.to_arrow("theta")["estimate"].to_pylist() == [0.0]
    for column in ("estimate", "std_error"):
        assert fit.to_arrow()[column].to_pylist() == pytest.approx(
            plain.to_arrow()[column].to_pylist(), rel=1e-8
        )
    assert fit.glance()["log_lik"][0].as_py() == pytest.approx(
        plain.glance()["log_lik"][0].as_py(), abs=1e-8
    )
    assert fit.vpc()["estimate"].to_pylist() == [0.0, 0.0]
    assert fit.median_odds_ratio()["ratio"].to_pylist() == [1.0]


def test_nodes_converge() -> None:
    rows = children(300, seed=11)
    fits = {n: gf.glmm(rows, FORMULA, n_quadrature=n) for n in (1, 2, 9, 25, 49)}

    def sd(n: int) -> float:
        return float(fits[n].to_arrow("theta")["estimate"][0].as_py())

    assert abs(sd(25) - sd(49)) < 1e-7 * sd(49)
    assert abs(sd(9) - sd(49)) < 1e-4 * sd(49)
    assert 1e-6 < abs(sd(1) - sd(49)) < 0.05 * sd(49)


def test_an_offset_moves_the_intercept_alone() -> None:
    rows = counts()
    rows["shift"] = [2.0] * len(rows["care"])
    rows["scaled"] = [m * math.exp(2.0) for m in rows["people"]]
    formula = "care ~ score + (1 | authority)"
    plain = gf.glmm(rows, formula, family="negative-binomial", exposure="people")
    moved = gf.glmm(rows, formula, family="negative-binomial", exposure="scaled")
    one, two = (f.to_arrow().to_pydict() for f in (plain, moved))
    assert one["estimate"][0] - two["estimate"][0] == pytest.approx(2.0, abs=1e-6)
    assert one["estimate"][1] == pytest.approx(two["estimate"][1], rel=1e-6)
    assert one["std_error"] == pytest.approx(two["std_error"], rel=1e-6)
    only = gf.glmm(rows, formula, family="poisson", offset="shift")
    none = gf.glmm(rows, formula, family="poisson")
    assert none.to_arrow()["estimate"][0].as_py() - only.to_arrow()["estimate"][
        0
    ].as_py() == pytest.approx(2.0)


def test_the_order_of_factors_rows_and_labels_does_not_matter() -> None:
    rows = children()
    one = gf.glmm(rows, "care ~ abuse + (1 | authority) + (1 | court)")
    two = gf.glmm(rows, "care ~ abuse + (1 | court) + (1 | authority)")
    shares = [
        dict(zip(*f.vpc().select(["factor", "estimate"]).to_pydict().values(), strict=True))
        for f in (one, two)
    ]
    assert shares[0] == pytest.approx(shares[1], rel=1e-6)
    order = list(range(1200))
    random.Random(2).shuffle(order)
    mixed = {k: [v[i] for i in order] for k, v in rows.items()}
    close(one, gf.glmm(mixed, "care ~ abuse + (1 | authority) + (1 | court)"), 1e-6)
    turned = {**rows, "care": [1 - y for y in rows["care"]]}
    back = gf.glmm(turned, "care ~ abuse + (1 | authority) + (1 | court)")
    assert [-v for v in back.to_arrow()["estimate"].to_pylist()] == pytest.approx(
        one.to_arrow()["estimate"].to_pylist(), rel=1e-6
    )


@pytest.mark.parametrize("link", ["logit", "probit", "cloglog"])
def test_every_link_finds_the_same_direction(link: Any) -> None:
    fit = gf.glmm(children(), FORMULA, link=link)
    assert fit.statistic(term="abuse").value > 0
    assert ("ratio" in fit.to_arrow().column_names) == (link != "probit")
    latent = fit.to_arrow("variance_components")["estimate"].to_pylist()[-1]
    assert latent == pytest.approx(
        {"logit": math.pi**2 / 3, "probit": 1, "cloglog": math.pi**2 / 6}[link]
    )


def test_a_gamma_effect_per_row_is_the_negative_binomial() -> None:
    # The negative binomial is Poisson with gamma effects; a lognormal effect per row comes close to it.
    rows = counts()
    formula = "care ~ score + (1 | authority)"
    noisy = gf.glmm(rows, formula, family="negative-binomial", exposure="people")
    normal = gf.glmm(rows, f"{formula} + (1 | area)", family="poisson", exposure="people")
    assert noisy.statistic(term="score").value == pytest.approx(
        normal.statistic(term="score").value, abs=0.05
    )
    theta = noisy.glance()["theta"][0].as_py()
    assert 2.0 < theta < 4.5
    flat = gf.glmm(rows, formula, family="poisson", exposure="people")
    assert flat.glance()["pearson_ratio"][0].as_py() > 3
    assert 0.7 < noisy.glance()["pearson_ratio"][0].as_py() < 1.3
    assert noisy.glance()["aic"][0].as_py() < flat.glance()["aic"][0].as_py()


def test_shares_on_both_scales() -> None:
    fit = gf.glmm(children(), "care ~ abuse + (1 | authority) + (1 | court)")
    latent, observed = (fit.vpc(scale=s).to_pydict() for s in ("latent", "observed"))
    assert latent["factor"] == observed["factor"] == ["authority", "court", "total"]
    assert latent["estimate"][2] == pytest.approx(sum(latent["estimate"][:2]))
    # Nearly linear where the risk is in the middle: the observed share is a little below the latent one.
    assert all(
        0.6 * a < b < a for a, b in zip(latent["estimate"], observed["estimate"], strict=True)
    )
    rare = fit.vpc(scale="observed", eta=-6.0).to_pydict()
    assert rare["estimate"][0] < 0.2 * observed["estimate"][0]
    flat = gf.glmm(counts(), "care ~ 1 + (1 | authority)", family="poisson", exposure="people")
    v = flat.to_arrow("variance_components")["estimate"][0].as_py()
    at = flat.vpc(scale="observed", eta=0.5).to_pydict()["estimate"]
    m = math.exp(0.5 + v / 2)
    assert at == pytest.approx([m * math.expm1(v) / (1 + m * math.expm1(v))] * 2, rel=1e-12)


def test_ratios_between_groups() -> None:
    fit = gf.glmm(children(), FORMULA)
    v = fit.to_arrow("variance_components")["estimate"][0].as_py()
    assert fit.median_odds_ratio()["ratio"][0].as_py() == pytest.approx(
        math.exp(math.sqrt(2 * v) * 0.6744897501960817)
    )
    row = fit.interval_odds_ratio("abuse").to_pylist()[0]
    assert row["ior_low"] < row["ratio"] < row["ior_high"]
    assert row["ior_low"] * row["ior_high"] == pytest.approx(row["ratio"] ** 2)
    assert 0 < row["opposed"] < 0.5
    with pytest.raises(InputError, match="probit"):
        gf.glmm(children(), FORMULA, link="probit").median_odds_ratio()
    with pytest.raises(InputError, match="abuse"):
        fit.interval_odds_ratio("abus")


def test_the_change_in_variance_stands_on_the_same_rows() -> None:
    rows = counts()
    rows["score"][7] = None
    fit = gf.glmm(rows, "care ~ score + (1 | authority)", family="poisson", exposure="people")
    kept = {k: [x for i, x in enumerate(v) if i != 7] for k, v in rows.items()}
    null = gf.glmm(kept, "care ~ 1 + (1 | authority)", family="poisson", exposure="people")
    before, now = (f.to_arrow("variance_components")["estimate"][0].as_py() for f in (null, fit))
    row = fit.change_in_variance().to_pylist()[0]
    assert row["variance_null"] == pytest.approx(before, rel=1e-6)
    assert row["estimate"] == pytest.approx((before - now) / before, rel=1e-6)
    assert fit.change_in_variance("score").to_pylist()[0]["estimate"] == pytest.approx(0, abs=1e-9)
    with pytest.raises(InputError, match="no column"):
        fit.change_in_variance("area")


def test_profile_limits_hold_the_estimate_and_start_at_zero_where_they_should() -> None:
    fit = gf.glmm(children(), FORMULA)
    row = fit.variance_components(interval="profile").to_pylist()[0]
    assert 0 < row["conf_low"] < row["estimate"] < row["conf_high"]
    ratio = fit.median_odds_ratio(interval="profile").to_pylist()[0]
    assert 1 < ratio["ratio_low"] < ratio["ratio"] < ratio["ratio_high"]
    wide = fit.variance_components(interval="profile", conf_level=0.99).to_pylist()[0]
    assert wide["conf_low"] < row["conf_low"]
    assert wide["conf_high"] > row["conf_high"]
    small = gf.glmm(children(400, sd=0.0), FORMULA)
    low = small.variance_components(interval="profile").to_pylist()[0]
    assert low["conf_low"] == 0
    assert low["conf_high"] > 0
    assert fit.variance_components(interval="profile").to_pylist()[0] == row


def test_the_same_bits_on_any_threads_and_after_pickling() -> None:
    rows = pa.table(children(3000))
    fits = []
    for n in (1, 2, 8):
        with gf.options(threads=n):
            fits.append(gf.glmm(rows, "care ~ abuse + (1 | authority) + (1 | court)"))
    assert fits[0] == fits[1] == fits[2]
    again = pickle.loads(pickle.dumps(fits[0]))
    assert again == fits[0]
    assert again.variance_components(interval="profile").equals(
        fits[0].variance_components(interval="profile")
    )


def test_predictions_are_the_fitted_values() -> None:
    rows = children(200)
    fit = gf.glmm(rows, FORMULA)
    assert fit.predict(rows)["estimate"].to_pylist() == pytest.approx(
        fit.augment()["fitted"].to_pylist(), rel=1e-10
    )
    new = {"abuse": [1], "band": [0], "authority": ["elsewhere"]}
    unknown = fit.predict(new).to_pylist()[0]["estimate"]
    assert unknown == pytest.approx(fit.predict(new, random="none").to_pylist()[0]["estimate"])
    eta = fit.predict(new, scale="link").to_pylist()[0]["estimate"]
    assert unknown == pytest.approx(1 / (1 + math.exp(-eta)))
    areas = counts(60)
    count = gf.glmm(areas, "care ~ score + (1 | authority)", family="poisson", exposure="people")
    assert count.predict(areas)["estimate"].to_pylist() == pytest.approx(
        count.augment()["fitted"].to_pylist(), rel=1e-10
    )


def test_an_authority_without_any_case_is_shrunk_not_infinite() -> None:
    rows = children()
    rows["care"] = [
        0 if a == "a03" else y for y, a in zip(rows["care"], rows["authority"], strict=True)
    ]
    fit = gf.glmm(rows, FORMULA)
    modes = {r["group"]: r for r in fit.modes().to_pylist()}
    assert modes["a03"]["estimate"] == min(m["estimate"] for m in modes.values())
    assert math.isfinite(modes["a03"]["estimate"])
    assert modes["a03"]["std_error"] > 0


def test_what_is_refused() -> None:
    rows = children(300)
    with pytest.raises(InputError, match="constant"):
        gf.glmm({**rows, "court": ["c"] * 300}, "care ~ abuse + (1 | court)")
    with pytest.raises(InputError, match="differ"):
        gf.glmm({**rows, "same": rows["authority"]}, "care ~ 1 + (1 | authority) + (1 | same)")
    pure = [int(a < "a06") for a in rows["authority"]]
    with pytest.raises(SeparationError, match="authority"):
        gf.glmm({**rows, "care": pure}, "care ~ 1 + (1 | authority)")
    with pytest.raises(SeparationError):
        gf.glmm({**rows, "copy": rows["care"]}, "care ~ copy + (1 | authority)")
    with pytest.raises((SeparationError, InputError)):
        gf.glmm({**rows, "care": [0] * 300}, FORMULA)
    with pytest.raises(NumericalError, match="aliased"):
        gf.glmm(
            {**rows, "twice": [2 * x for x in rows["abuse"]]},
            "care ~ abuse + twice + (1 | authority)",
        )
    with pytest.raises(InputError, match="0 and 1"):
        gf.glmm({**rows, "care": [2 * y for y in rows["care"]]}, FORMULA)
    with pytest.raises(InputError, match="n_quadrature"):
        gf.glmm(rows, "care ~ 1 + (1 | authority) + (1 | court)", n_quadrature=9)
    with pytest.raises(InputError, match="trials"):
        gf.glmm(rows, FORMULA, family="beta-binomial")
    with pytest.raises(InputError, match="0/1"):
        gf.glmm(rows, FORMULA, family="negative-binomial")
    with pytest.raises(InputError, match="link"):
        gf.glmm(counts(), "care ~ 1 + (1 | authority)", family="poisson", link="logit")
    with pytest.raises(InputError, match="whole"):
        gf.glmm({**counts(), "care": [0.5] * 300}, "care ~ 1 + (1 | authority)", family="poisson")
    with pytest.raises(InputError, match="exposure above 0"):
        gf.glmm(
            {**counts(), "people": [0] * 300},
            "care ~ 1 + (1 | authority)",
            family="poisson",
            exposure="people",
        )
    with pytest.raises(InputError, match="did you mean"):
        gf.glmm(rows, FORMULA, family="binomal")  # type: ignore[arg-type]


def test_a_slope_that_cannot_be_identified_is_refused() -> None:
    # abuse does not vary within authorities: its slope over them is the intercept again.
    rows = children(400)
    rows["abuse"] = [int(a < "a06") for a in rows["authority"]]
    with pytest.raises(NumericalError, match="identify"):
        gf.glmm(rows, "care ~ abuse + (1 + abuse | authority)")


def test_what_the_result_says() -> None:
    fit = gf.glmm(children(), FORMULA)
    said = [t.en for t in fit.notes()]
    assert any("30 groups" in s for s in said)
    assert (
        "Model cymysg llinol cyffredinoledig" in fit.to_text(lang="cy")
        if hasattr(fit, "to_text")
        else True
    )
    pairs = gf.glmm({**children(60), "pair": [i // 2 for i in range(60)]}, "care ~ 1 + (1 | pair)")
    assert any("Laplace" in t.en for t in pairs.notes())


def test_synthetic_wales_gives_back_what_it_was_made_from() -> None:
    assumed = gf.simulate.Assumptions(margins="national", rate_per_10k=1500, sd_court_area=0.0)
    table = gf.simulate.children(200_000, seed=3, truth=assumed)
    fit = gf.glmm(
        table,
        "looked_after ~ domestic_abuse * parental_substance_misuse * parental_mental_ill_health"
        " + C(deprivation_quintile, Treatment(5)) + age_band + sex + (1 | authority) + (1 | small_area)",
    )
    rows = {r["term"]: r for r in fit.to_arrow().to_pylist()}
    for factor in ("domestic_abuse", "parental_substance_misuse", "parental_mental_ill_health"):
        row = rows[factor]
        assert abs(row["estimate"] - getattr(assumed, factor)) < 3.5 * row["std_error"], factor
    row = rows["deprivation_quintile=1"]
    assert abs(row["estimate"] - assumed.deprivation[0]) < 3.5 * row["std_error"]
    truth = {
        (r["term"], r["measure"]): r["estimate"]
        for r in gf.simulate.truth(table).to_arrow("variance").to_pylist()
    }
    found = dict(
        zip(
            *fit.to_arrow("variance_components").select(["factor", "sd"]).to_pydict().values(),
            strict=True,
        )
    )
    assert found["small_area"] == pytest.approx(truth["small_area", "sd_realised"], abs=0.03)
    assert found["authority"] == pytest.approx(truth["authority", "sd_realised"], abs=0.05)
    assert fit.provenance.argument("formula").startswith("looked_after")
