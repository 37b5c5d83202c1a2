"""Correlation: resampled panels, permutations and matrices beside R, scipy and a numpy sketch."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from timing import Row, cpu, table

import numpy as np  # isort: skip (timing sets the thread limits first)
from scipy import stats  # isort: skip

import gofal as gf

TITLE = "Correlation"
HERE = Path(__file__).parent
FLOOR = {"panel": 0.2, "permutations": 0.32, "matrices": 0.14, "pair": 0.71}


def columns(n: int, k: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(1)
    base = rng.normal(size=n)
    return {f"c{j:02}": (0.5 * base + rng.normal(size=n)).tolist() for j in range(k)}


def panel(table: dict[str, list[float]], *, methods: list[str], resamples: int) -> object:
    return gf.correlate(
        table,
        list(table),
        method=methods,
        interval="percentile",
        p="analytic",
        n_resamples=resamples,
    )


def numpy_sketch(table: dict[str, list[float]], resamples: int) -> float:
    """The right algorithm in a few lines of numpy: count matrix, products, ranks and signs by weights."""
    x = np.array(list(table.values()))
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
    out = [np.quantile(v, [0.025, 0.975], axis=0) for v in (r, tau, rho)]
    return float(out[0][0][0])


def r_peers(small: dict[str, list[float]], large: dict[str, list[float]]) -> dict[str, float]:
    """CPU seconds that R says it took, by the name of the workload."""
    if shutil.which("Rscript") is None:
        print("R peers skipped: no Rscript")
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for name, table in (("small", small), ("large", large)):
            rows = zip(*table.values(), strict=True)
            text = ",".join(table) + "\n" + "\n".join(",".join(map(repr, row)) for row in rows)
            (Path(folder) / f"{name}.csv").write_text(text, encoding="utf-8")
        run = subprocess.run(
            ["Rscript", str(HERE / "peers" / "correlation.R"), folder],
            capture_output=True,
            text=True,
            check=False,
        )
    if run.returncode:
        print("R peers skipped:", run.stderr.strip().splitlines()[-1:])
        return {}
    return {k: float(v) for k, v in json.loads(run.stdout.strip().splitlines()[-1]).items()}


def run() -> str:
    """Time everything; the section's text."""
    small, large = columns(22, 40), columns(1909, 40)
    pair = {k: large[k] for k in ("c00", "c01")}
    three = ["pearson", "spearman", "kendall"]
    r = r_peers(small, large)
    rows: list[Row] = []
    ours = cpu(lambda: panel(small, methods=three, resamples=10_000))
    rows.append(Row("panel: 780 pairs, three coefficients, 10,000 resamples, n = 22", ours, "numpy sketch",
                    cpu(lambda: numpy_sketch(small, 10_000), 2), FLOOR["panel"]))  # fmt: skip
    rows.append(Row("", ours, "R boot + cor (scaled from 200 resamples)", r.get("panel"), None))
    ours = cpu(lambda: panel(pair, methods=three, resamples=10_000), 2)
    rows.append(Row("one pair, three coefficients, 10,000 resamples, n = 1,909", ours,
                    "R boot + pcaPP (scaled from 200)", r.get("pair"), FLOOR["pair"]))  # fmt: skip
    ours = cpu(lambda: gf.correlate(pair, "c00", "c01", interval="fisher", n_permutations=100_000))
    rows.append(
        Row(
            "100,000 permutations, one pair, n = 1,909",
            ours,
            "R coin",
            r.get("permutations"),
            FLOOR["permutations"],
        )
    )
    x, y = np.array(pair["c00"]), np.array(pair["c01"])
    scipy_time = cpu(lambda: stats.permutation_test((x,), lambda v: stats.pearsonr(v, y)[0], permutation_type="pairings",  # noqa: E501
                                                    n_resamples=500, vectorized=False), 1) * 200  # fmt: skip
    rows.append(Row("", ours, "scipy (scaled from 500)", scipy_time, None))
    ours = cpu(
        lambda: gf.correlate(large, list(large), method=three, interval="fisher", p="analytic")
    )
    rows.append(Row("40 × 40 matrices, three coefficients with tests, n = 1,909", ours, "R cor + pcaPP",
                    r.get("matrices"), FLOOR["matrices"]))  # fmt: skip
    kendall = cpu(
        lambda: gf.correlate(large, list(large), method="kendall", interval="fisher", p="analytic")
    )
    rows.append(Row("Kendall matrix alone, with tests", kendall, "R pcaPP", r.get("kendall"), None))
    agree = gf.correlate(
        large, "c00", "c01", method="kendall", interval="fisher", p="analytic"
    ).to_arrow()["estimate"][0]
    print("agreement with scipy's Kendall:", abs(agree.as_py() - stats.kendalltau(x, y).statistic))
    return table(rows)
