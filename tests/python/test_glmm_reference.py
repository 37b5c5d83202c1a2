"""`gf.glmm` on the reference cases, through the public face; the kernel's own test has every key."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from typing import Any

import pytest

import gofal as gf

FOLDER = Path(__file__).parents[2].parent / "shared" / "reference"
pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="../shared/reference is not beside the project"
)


def data(name: str) -> dict[str, list[Any]]:
    with (FOLDER / "data" / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {k: [r[k] for r in rows] for k in rows[0]}


def numbers(values: list[str]) -> list[float]:
    return [float(v) for v in values]


def case(family: str, name: str) -> dict[str, float]:
    text = (FOLDER / "cases" / family / f"{name}.json").read_text(encoding="utf-8")
    expected: dict[str, float] = json.loads(text)["expected"]
    return expected


def cbpp() -> dict[str, list[Any]]:
    d = data("cbpp")
    return {**d, "incidence": numbers(d["incidence"]), "size": numbers(d["size"])}


@pytest.mark.parametrize(
    ("name", "nodes"), [("glmm-cbpp-laplace", 1), ("glmm-cbpp-agq9", 9), ("glmm-cbpp-agq25", 25)]
)
def test_trials_in_herds(name: str, nodes: int) -> None:
    want = case("glmm", name)
    fit = gf.glmm(cbpp(), "incidence ~ period + (1 | herd)", trials="size", n_quadrature=nodes)
    names = ["(Intercept)", "period=2", "period=3", "period=4"]
    tidy = fit.to_arrow().to_pydict()
    assert tidy["estimate"] == pytest.approx([want[f"fixef:{n}"] for n in names], rel=1e-6)
    assert tidy["std_error"] == pytest.approx([want[f"se:{n}"] for n in names], rel=1e-6)
    assert fit.to_arrow("variance_components")["sd"][0].as_py() == pytest.approx(
        want["sd:herd:(Intercept)"], rel=1e-6
    )
    if nodes == 1:
        assert fit.glance()["log_lik"][0].as_py() == pytest.approx(want["loglik"], rel=1e-9)
        square = fit.to_arrow("covariance_conditional").to_pydict()
        errors = [math.sqrt(square[t][i]) for i, t in enumerate(tidy["term"])]
        assert errors == pytest.approx([want[f"se_rx:{n}"] for n in names], rel=1e-5)


def test_the_share_and_the_median_odds_ratio() -> None:
    want = case("icc", "vpc-contraception")
    d = data("contraception")
    table = {**d, "use01": numbers(d["use01"]), "age": numbers(d["age"])}
    fit = gf.glmm(table, "use01 ~ age + I(age^2) + urban + livch + (1 | district)")
    rows = fit.to_arrow("variance_components").to_pydict()
    assert rows["estimate"] == pytest.approx(
        [want["variance:district"], want["residual"]], rel=1e-5
    )
    assert fit.vpc()["estimate"].to_pylist() == pytest.approx(
        [want["vpc:district"], want["icc_total"]], rel=1e-5
    )
    assert fit.median_odds_ratio()["ratio"][0].as_py() == pytest.approx(want["mor"], rel=1e-5)


def test_counts_with_three_factors_and_with_a_dispersion() -> None:
    d = data("grouseticks")
    height = numbers(d["HEIGHT"])
    mean = sum(height) / len(height)
    sd = math.sqrt(sum((h - mean) ** 2 for h in height) / (len(height) - 1))
    table = {**d, "TICKS": numbers(d["TICKS"]), "height": [(h - mean) / sd for h in height]}
    names = ["(Intercept)", "YEAR=96", "YEAR=97", "scale(HEIGHT)"]
    want = case("glmm", "glmm-grouseticks")
    fit = gf.glmm(
        table,
        "TICKS ~ YEAR + height + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        family="poisson",
    )
    assert fit.to_arrow()["estimate"].to_pylist() == pytest.approx(
        [want[f"fixef:{n}"] for n in names], rel=1e-6
    )
    assert fit.glance()["log_lik"][0].as_py() == pytest.approx(want["loglik"], rel=1e-9)
    want = case("glmm", "glmm-grouseticks-nbinom2")
    fit = gf.glmm(
        table, "TICKS ~ YEAR + height + (1 | BROOD) + (1 | LOCATION)", family="negative-binomial"
    )
    assert fit.to_arrow()["estimate"].to_pylist() == pytest.approx(
        [want[f"fixef:{n}"] for n in names], rel=1e-5
    )
    assert fit.glance()["theta"][0].as_py() == pytest.approx(want["dispersion"], rel=1e-5)
