"""Linear mixed models: small areas in authorities crossed with court-years; one factor of many levels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Numbers, Subject, Workload, held

TITLE = "Mixed models"
NOTES = (
    "Synthetic children in 1,909 areas nested in 22 authorities, crossed with 60 court-years, two continuous "
    "covariates and sex; REML; from the Arrow table in memory to the finished result (estimates, variances, modes of "
    "every level). gpboost counts the building of its model. Columns of groups are dictionaries. lme4 is R's."
)
FORMULA = "score ~ need + age + sex + (1 | authority) + (1 | area) + (1 | court_year)"
ONE = "score ~ need + age + (1 | area)"


def children(n: int) -> Any:
    """Children with known variances of areas, authorities and court-years."""
    import pyarrow as pa

    rng = np.random.default_rng(11)
    area = rng.integers(0, 1909, n)
    authority = (area * 22) // 1909
    court = rng.integers(0, 60, n)
    need, age = rng.normal(size=n), rng.uniform(0, 18, n)
    sex = rng.integers(0, 2, n)
    score = (
        10 + 0.5 * need - 0.1 * age + 0.3 * sex
        + rng.normal(0, 0.6, 1909)[area] + rng.normal(0, 0.4, 22)[authority] + rng.normal(0, 0.3, 60)[court]
        + rng.normal(0, 2, n)
    )  # fmt: skip

    def words(codes: Any, stem: str) -> Any:
        levels = [f"{stem}{k:05}" for k in range(int(codes.max()) + 1)]
        return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(levels))

    return pa.table(
        {
            "score": score, "need": need, "age": age, "sex": words(sex, "s"), "area": words(area, "w"),
            "authority": words(authority, "a"), "court_year": words(court, "c"),
        }
    )  # fmt: skip


def grouped(n: int) -> Any:
    """One factor with a tenth as many levels as rows."""
    import pyarrow as pa

    rng = np.random.default_rng(12)
    area = rng.integers(0, n // 10, n)
    need, age = rng.normal(size=n), rng.uniform(0, 18, n)
    score = 10 + 0.5 * need - 0.1 * age + rng.normal(0, 0.7, n // 10)[area] + rng.normal(0, 2, n)
    levels = pa.array([f"w{k:06}" for k in range(n // 10)])
    codes = pa.DictionaryArray.from_arrays(pa.array(area.astype(np.int32)), levels)
    return pa.table({"score": score, "need": need, "age": age, "area": codes})


def gofal(formula: str) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(table: Any) -> Callable[[], Numbers]:
        import gofal as gf

        def call() -> Numbers:
            fit = gf.lmm(table, formula)
            parts = fit.to_arrow("variance_components").to_pylist()
            out = {p["factor"]: p["sd"] for p in parts}
            return {**out, "need": fit.statistic(term="need").value}

        return call

    return prepare


def gpboost(groups: list[str], columns: list[str]) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(table: Any) -> Callable[[], Numbers]:
        import gpboost as gpb

        frame = table.to_pandas()
        codes = np.column_stack([frame[g].cat.codes for g in groups])
        x = np.column_stack(
            [
                np.ones(len(frame)),
                *(frame[c].cat.codes if c == "sex" else frame[c] for c in columns),
            ]
        )
        y = frame["score"].to_numpy()

        def call() -> Numbers:
            model = gpb.GPModel(group_data=codes, likelihood="gaussian")
            model.fit(y=y, X=x, params={"std_dev": True})
            variances = np.asarray(model.get_cov_pars()).ravel()[: len(groups) + 1]
            out = dict(zip(["residual", *groups], np.sqrt(variances), strict=True))
            return {**out, "need": float(np.asarray(model.get_coef()).ravel()[1])}

        return call

    return prepare


def statsmodels_one(table: Any) -> Callable[[], Numbers]:
    import statsmodels.formula.api as smf

    frame = table.to_pandas()

    def call() -> Numbers:
        fit = smf.mixedlm("score ~ need + age", frame, groups=frame["area"]).fit(reml=True)
        return {
            "area": float(np.sqrt(fit.cov_re.iloc[0, 0])),
            "residual": float(np.sqrt(fit.scale)),
            "need": float(fit.fe_params["need"]),
        }

    return call


def workloads() -> list[Workload]:
    """Three factors at 10^5 and 10^6 rows, one factor at the same."""
    out = []
    factors, columns = ["authority", "area", "court_year"], ["need", "age", "sex"]
    for power, goal in ((5, 0.27), (6, 0.6)):
        out.append(
            Workload(
                f"lmm-1e{power}",
                f"areas in authorities × court-years, 10^{power} rows",
                lambda n=10**power: held(f"mixed-{n}", lambda: children(n)),
                (
                    Subject("gofal", gofal(FORMULA)),
                    # gpboost maximises the full likelihood to a looser end.
                    Subject("gpboost", gpboost(factors, columns), repeats=1, tolerance=2e-2),
                    Subject("R lme4", script="mixed.R", repeats=1, tolerance=1e-4),
                ),
                goal=goal,
            )
        )
    for power, goal in ((5, 0.05), (6, 0.2)):
        out.append(
            Workload(
                f"lmm-one-1e{power}",
                f"one factor, 10^{power} rows, 10^{power - 1} levels",
                lambda n=10**power: held(f"mixed-one-{n}", lambda: grouped(n)),
                (
                    Subject("gofal", gofal(ONE)),
                    Subject(
                        "gpboost", gpboost(["area"], ["need", "age"]), repeats=1, tolerance=2e-2
                    ),
                    Subject("statsmodels", statsmodels_one, repeats=1, tolerance=1e-3),
                    Subject("R lme4", script="mixed.R", repeats=1, tolerance=1e-4),
                ),
                goal=goal,
            )
        )
    return out
