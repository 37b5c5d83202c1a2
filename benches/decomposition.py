"""Decompositions: LMG with resamples, Theil's split with resamples, Kitagawa by authority."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Numbers, Subject, Workload, held

TITLE = "Decompositions"
NOTES = (
    "Synthetic small areas, n = 1,909. LMG: 12 correlated predictors, every subset, 1,000 resamples with percentile "
    "limits; pingouin does ten of them only: its whole job takes a hundred times what is shown. Theil: 22 authorities, "
    "population weights, 1,000 resamples; pandas groups every resample anew. Only point estimates are compared."
)
PREDICTORS = [f"x{j:02}" for j in range(12)]


def areas() -> Any:
    """Correlated predictors, an outcome, a rate, children and authorities."""
    import pyarrow as pa

    def make() -> Any:
        rng = np.random.default_rng(12)
        common = rng.normal(size=1909)
        x = {name: 0.6 * common + rng.normal(size=1909) for name in PREDICTORS}
        y = sum((0.1 + 0.05 * j) * v for j, v in enumerate(x.values())) + rng.normal(size=1909) * 2
        authority = rng.integers(0, 22, 1909)
        return pa.table({
            **x, "y": y, "rate": np.exp(4 + 0.3 * common + 0.2 * rng.normal(size=1909)),
            "children": rng.integers(200, 900, 1909).astype(float),
            "authority": [f"W{a:02}" for a in authority],
        })  # fmt: skip

    return held("small_areas", make)


def lmg(table: Any) -> Any:
    import gofal as gf

    def call() -> Numbers:
        found = gf.shapley(table, "y", PREDICTORS, n_resamples=1000)
        return {r["term"]: r["estimate"] for r in found.to_arrow().to_pylist()}

    return call


def pingouin_lmg(table: Any) -> Any:
    import pingouin as pg

    frame = table.to_pandas()
    rng = np.random.default_rng(1)

    def call() -> Numbers:
        for _ in range(10):
            rows = frame.iloc[rng.integers(0, len(frame), len(frame))]
            pg.linear_regression(rows[PREDICTORS], rows["y"], relimp=True)
        found = pg.linear_regression(frame[PREDICTORS], frame["y"], relimp=True)
        held_ = found[found["names"] != "Intercept"]
        return dict(zip(held_["names"], held_["relimp"], strict=True))

    return call


def theil(table: Any) -> Any:
    import gofal as gf

    def call() -> Numbers:
        found = gf.theil(table, "rate", "authority", weight=gf.analytic("children"))
        return {r["component"]: r["estimate"] for r in found.to_arrow().to_pylist()}

    return call


def pandas_theil(table: Any) -> Any:
    frame = table.select(["rate", "children", "authority"]).to_pandas()
    rng = np.random.default_rng(1)

    def split(rows: Any) -> Numbers:
        u = rows["rate"] / np.average(rows["rate"], weights=rows["children"])
        w = rows["children"] / rows["children"].sum()
        parts = (w * u).groupby(rows["authority"]).sum()
        ratio = parts / w.groupby(rows["authority"]).sum()
        total = float((w * u * np.log(u)).sum())
        between = float((parts * np.log(ratio)).sum())
        return {"total": total, "between_groups": between, "within_groups": total - between}

    def call() -> Numbers:
        for _ in range(1000):
            split(frame.iloc[rng.integers(0, len(frame), len(frame))])
        return split(frame)

    return call


def workloads() -> list[Workload]:
    return [
        Workload("lmg", "LMG, 12 predictors, 1,000 resamples, n = 1,909", areas,
                 (Subject("gofal", lmg), Subject("pingouin, 10 resamples", pingouin_lmg, repeats=1)),
                 0.16, 0.3),
        Workload("theil", "Theil in 22 authorities, 1,000 resamples, n = 1,909", areas,
                 (Subject("gofal", theil), Subject("pandas", pandas_theil, repeats=1)), None, 0.02),
    ]  # fmt: skip
