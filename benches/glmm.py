"""Generalised linear mixed models: areas, cells of areas and court-years, child rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Numbers, Subject, Workload, held

TITLE = "Generalised linear mixed models"
NOTES = (
    "Children of 1,909 small areas in 22 authorities, seen in 51 court-years; binomial, Laplace. The first workload "
    "has one row per area and areas and authorities as factors; the others add court-years, crossed with areas. "
    "Peers get the same table."
)
FORMULA = "care ~ score + (1 | area) + (1 | authority)"
CROSSED = f"{FORMULA} + (1 | court_year)"
TWO = ["area", "authority"]
THREE = [*TWO, "court_year"]


def rows(n: int, seed: int = 7) -> dict[str, np.ndarray]:
    """Children with a known truth: deprivation of the area, effects of area, authority and court-year."""
    rng = np.random.default_rng(seed)
    authority = np.sort(rng.integers(0, 22, 1909))
    score = rng.normal(size=1909)
    lift = 0.4 * rng.normal(size=1909) + 0.3 * rng.normal(size=22)[authority] + 0.5 * score
    year = 0.2 * rng.normal(size=51)
    area, court = rng.integers(0, 1909, n), rng.integers(0, 51, n)
    eta = -2.5 + lift[area] + year[court]
    care = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(np.int8)
    return {
        "care": care,
        "score": np.round(score[area], 2),
        "area": area,
        "authority": authority[area],
        "court_year": court,
    }


def table(n: int) -> Any:
    import pyarrow as pa

    def make() -> Any:
        return pa.table(rows(n))

    return held(f"glmm{n}", make)


def grouped(n: int, by: tuple[str, ...]) -> Any:
    import pyarrow as pa

    def make() -> Any:
        whole = pa.table(rows(n))
        found = whole.group_by(list(by)).aggregate([("care", "sum"), ("care", "count")])
        return found.rename_columns([*by, "care", "children"]).sort_by(
            [(b, "ascending") for b in by]
        )

    return held(f"glmm{n}{len(by)}", make)


def _numbers(fit: Any) -> Numbers:
    sd = fit.to_arrow("variance_components").to_pydict()
    return {
        **dict(zip(*fit.to_arrow().select(["term", "estimate"]).to_pydict().values(), strict=True)),
        **{f"sd {f}": s for f, s in zip(sd["factor"][:-1], sd["sd"][:-1], strict=True)},
    }


def ours(formula: str, trials: str | None) -> Any:
    def prepare(data: Any) -> Any:
        import gofal as gf

        return lambda: _numbers(gf.glmm(data, formula, trials=trials))

    return prepare


def gpboost(groups: list[str], trials: bool) -> Any:
    def prepare(data: Any) -> Any:
        import gpboost as gpb

        frame = data.to_pandas()
        codes = frame[groups].to_numpy()
        x = np.column_stack([np.ones(len(frame)), frame["score"]])
        y = frame["care"] / frame["children"] if trials else frame["care"]
        kind = "binomial_logit" if trials else "bernoulli_logit"
        weights = {"weights": frame["children"].to_numpy(float)} if trials else {}

        def call() -> Numbers:
            model = gpb.GPModel(group_data=codes, likelihood=kind, **weights)
            model.fit(y=y.to_numpy(float), X=x)
            sd = np.sqrt(np.asarray(model.get_cov_pars()).ravel()[: len(groups)])
            beta = np.asarray(model.get_coef()).ravel()
            return {
                "score": float(beta[1]),
                **{f"sd {g}": float(v) for g, v in zip(groups, sd, strict=True)},
            }

        return call

    return prepare


def workloads() -> tuple[Workload, ...]:
    """What is timed."""
    areas, cells = ("area", "authority", "score"), ("area", "authority", "score", "court_year")
    return (
        Workload(
            "glmm-areas", "1,909 areas", lambda: grouped(200_000, areas),
            (
                Subject("gofal", ours(FORMULA, "children")),
                Subject("gpboost", gpboost(TWO, trials=True), repeats=1, tolerance=2e-2),
                Subject("glmmTMB", script="glmm_tmb.R", tolerance=1e-3),
            ),
            goal=0.06,
        ),
        Workload(
            "glmm-cells", "about 92,600 cells", lambda: grouped(300_000, cells),
            (
                Subject("gofal", ours(CROSSED, "children")),
                Subject("gpboost", gpboost(THREE, trials=True), repeats=1, tolerance=2e-2),
                Subject("glmmTMB", script="glmm_tmb.R", tolerance=1e-3),
            ),
            goal=0.8,
        ),
        Workload(
            "glmm-children-1e5", "10^5 child rows", lambda: table(100_000),
            (
                Subject("gofal", ours(CROSSED, None)),
                Subject("gpboost", gpboost(THREE, trials=False), repeats=1, tolerance=2e-2),
            ),
            goal=0.9,
        ),
        Workload(
            "glmm-children-1e7", "10^7 child rows", lambda: table(10_000_000),
            (Subject("gofal", ours(CROSSED, None), repeats=1),),
        ),
    )  # fmt: skip
