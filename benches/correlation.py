"""Correlations: panels with resampling, one pair, permutations, matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from harness import Numbers, Subject, Workload

TITLE = "Correlation"
NOTES = (
    "780 pairs of 40 indicators over 22 authorities, and 1,909 small areas. R's resampling is scaled from 200 "
    "resamples, scipy's permutations from 500; they draw other numbers, so intervals are not compared. The "
    "floor is the bare inner loop in C."
)
THREE = ["pearson", "spearman", "kendall"]


def columns(n: int, k: int) -> Any:
    import pyarrow as pa

    rng = np.random.default_rng(1)
    base = rng.normal(size=n)
    return pa.table({f"c{j:02}": 0.5 * base + rng.normal(size=n) for j in range(k)})


def _estimates(found: Any) -> Numbers:
    table = found.to_arrow().select(["x", "y", "method", "estimate"]).to_pylist()
    return {f"{r['x']} {r['y']} {r['method']}": r["estimate"] for r in table}


def panel(table: Any) -> Any:
    import gofal as gf

    return lambda: _estimates(
        gf.correlate(
            table,
            table.column_names,
            method=THREE,
            interval="percentile",
            p="analytic",
            n_resamples=10_000,
        )
    )


def permutations(table: Any) -> Any:
    import gofal as gf

    return lambda: _estimates(
        gf.correlate(table, "c00", "c01", interval="fisher", n_permutations=100_000)
    )


def matrices(method: list[str]) -> Any:
    import gofal as gf

    def prepare(table: Any) -> Any:
        return lambda: _estimates(
            gf.correlate(table, table.column_names, method=method, interval="fisher", p="analytic")
        )

    return prepare


def numpy_sketch(table: Any) -> Any:
    """The right algorithm in a few lines of numpy: count matrix, products, ranks and signs by weights."""
    x = np.array([c.to_numpy() for c in table.columns])
    return lambda: _sketch(x, 10_000)


def _sketch(x: np.ndarray, resamples: int) -> Numbers:
    k, n = x.shape
    rng = np.random.default_rng(1)
    c = rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(float)
    i, j = np.triu_indices(k, 1)
    z = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    s, q = c @ z.T, c @ (z * z).T
    sd = np.sqrt(np.maximum(q - s * s / n, 1e-300))
    r = (c @ (z[i] * z[j]).T - s[:, i] * s[:, j] / n) / (sd[:, i] * sd[:, j])
    a, b = np.triu_indices(n, 1)
    signs = np.sign(x[:, a] - x[:, b])
    w = c[:, a] * c[:, b]
    tau = (w @ (signs[i] * signs[j]).T) / np.sqrt(
        np.maximum((w @ (signs**2).T)[:, i] * (w @ (signs**2).T)[:, j], 1e-300)
    )
    order = np.argsort(x, 1)
    ranks = np.empty((resamples, k, n))
    for col in range(k):
        sorted_c = c[:, order[col]]
        below = np.cumsum(sorted_c, 1) - sorted_c
        ranks[:, col, order[col]] = below + (sorted_c - n) / 2
    wr = ranks * c[:, None, :]
    m = np.einsum("rkn,rln->rkl", wr, ranks, optimize=True)
    d = np.sqrt(np.einsum("rkk->rk", m))
    rho = m[:, i, j] / (d[:, i] * d[:, j])
    return {
        f"limit {at}": float(np.quantile(v, 0.025, axis=0)[0]) for at, v in enumerate((r, tau, rho))
    }


def scipy_permutations(table: Any) -> Any:
    from scipy import stats

    x, y = table["c00"].to_numpy(), table["c01"].to_numpy()

    def call() -> Numbers:
        # 100,000 permutations in blocks as large as 500 ask for: 200 times the same work.
        for _ in range(20):
            stats.permutation_test(
                (x,), lambda v: stats.pearsonr(v, y)[0], permutation_type="pairings",
                n_resamples=500, vectorized=False,
            )  # fmt: skip
        return {"c00 c01 pearson": float(stats.pearsonr(x, y)[0])}

    return call


def scipy_matrices(table: Any) -> Any:
    from scipy import stats

    names = table.column_names
    x = [c.to_numpy() for c in table.columns]
    three = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}

    def call() -> Numbers:
        return {
            f"{a} {names[k]} {method}": float(of(x[j], x[k])[0])
            for method, of in three.items() for j, a in enumerate(names) for k in range(j + 1, len(names))
        }  # fmt: skip

    return call


def workloads() -> list[Workload]:
    def small() -> Any:
        return columns(22, 40)

    def large() -> Any:
        return columns(1909, 40)

    def pair() -> Any:
        return columns(1909, 2)

    r = Subject("R (boot, coin, pcaPP)", script="correlation.R", tolerance=None)
    sketch = Subject("numpy sketch", numpy_sketch, tolerance=None, repeats=2)
    some = Subject("scipy, 10,000", scipy_permutations, repeats=1)
    own, all_three = Subject("gofal", panel), Subject("gofal", matrices(THREE))
    return [
        Workload("panel", "780 pairs, three coefficients, 10,000 resamples, n = 22", small,
                 (own, sketch, r), 0.2, 0.5),
        Workload("pair", "one pair, three coefficients, 10,000 resamples, n = 1,909", pair,
                 (own, r), 0.71, 0.9),
        Workload("permutations", "100,000 permutations, one pair, n = 1,909", pair,
                 (Subject("gofal", permutations), some, r), 0.32, 0.6),
        Workload("matrices", "40 × 40 matrices, three coefficients with tests, n = 1,909", large,
                 (all_three, Subject("scipy", scipy_matrices, repeats=1), r), 0.14, 0.1),
        Workload("kendall", "Kendall matrix alone, with tests", large,
                 (Subject("gofal", matrices(["kendall"])), r)),
    ]  # fmt: skip
