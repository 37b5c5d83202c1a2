"""The study of variation: published fits, and parts that add up."""

from __future__ import annotations

import math

import pytest

from gofal.data import records
from gofal.studies import variation_models as vm
from gofal.studies import variation_parts as vp
from gofal.studies.variation import variation


@pytest.fixture(scope="module")
def table() -> dict[str, list[object]]:
    return vm.panel()


def test_every_published_number_is_reproduced() -> None:
    claims = variation().claims
    assert len(claims) == 24
    assert {c.verdict for c in claims} == {"reproduced"}


def test_balanced_rates_have_the_variances_of_the_analysis_of_variance(
    table: dict[str, list[object]],
) -> None:
    rates = [float(str(v)) for v in table["rate"]]
    k, n = len(vm.YEARS), 22
    means = [sum(rates[i::n]) / k for i in range(n)]
    grand = sum(means) / n
    between = k * sum((m - grand) ** 2 for m in means) / (n - 1)
    within = sum((r - means[i % n]) ** 2 for i, r in enumerate(rates)) / (n * (k - 1))
    null = vm.models(table).null
    assert vm.between(null) == pytest.approx((between - within) / k, rel=1e-9)
    assert vm.between(null, "residual") == pytest.approx(within, rel=1e-9)


def test_the_parts_of_the_change_in_variance_are_those_of_the_whole(
    table: dict[str, list[object]],
) -> None:
    found = vm.models(table)
    whole = found.steps[1]["between"] - found.steps[-1]["between"]
    assert math.fsum(r["variance"] for r in found.shares) == pytest.approx(whole, rel=1e-9)
    alone = {r["name"]: r["alone"] for r in found.shares}
    assert 100 * alone["deprivation"] == pytest.approx(found.steps[2]["change"], rel=1e-9)


def test_the_rise_is_that_of_wales_and_not_of_sixteen_authorities() -> None:
    split = vp.rise()
    about = split.to_arrow("glance").to_pylist()[0]
    for year, rate in ((2014, about["rate_second"]), (2020, about["rate_first"])):
        (printed,) = records(
            "looked_after", measure="cla_rate_per_10000_under18", period=f"{year}-03-31",
            area="wales",
        )  # fmt: skip
        assert abs(rate - printed["value"]) <= 0.5
    parts = split.to_arrow("categories").to_pylist()
    assert len({r["category"] for r in parts}) == 17
    assert math.fsum(r["estimate"] for r in parts) == pytest.approx(about["difference"], rel=1e-12)


def test_growth_by_legal_status_adds_up() -> None:
    *parts, everyone = vp.growth()
    assert math.fsum(r["points"] for r in parts) == pytest.approx(everyone["points"], abs=1e-9)
    assert sum(r["change"] for r in parts) == everyone["change"] == 1260


def test_modes_shrink_to_what_the_share_says(table: dict[str, list[object]]) -> None:
    # Balanced: b = (mean - grand mean) · kσ_b² / (kσ_b² + σ²).
    found = vm.models(table).null
    between, within = vm.between(found), vm.between(found, "residual")
    k, n = len(vm.YEARS), 22
    rates = [float(str(v)) for v in table["rate"]]
    grand = sum(rates) / len(rates)
    factor = k * between / (k * between + within)
    for row in found.to_arrow("modes").to_pylist():
        i = [str(a) for a in table["authority"][:n]].index(row["group"])
        assert row["estimate"] == pytest.approx((sum(rates[i::n]) / k - grand) * factor, rel=1e-8)
