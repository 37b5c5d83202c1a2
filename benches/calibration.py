"""How often nominal 95% intervals of a coefficient hold the truth, when clusters are few.

    python benches/calibration.py --out out/calibration          # minutes; goes on where it stopped
    python benches/calibration.py --out out/calibration --table  # prints the tables of the page

Every replicate has its own stream (seed, scenario, replicate), so a run in parts and a run in one go print the
same table. Replicates are drawn as cells: n rows of a cluster and a level of x have a mean and a sum of squares (or
a binomial count) of known distribution. What statsmodels and pyfixest give is known in closed form from one of our
kinds; the first replicates of every scenario are fitted with the packages themselves, and must agree.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from scipy import stats

import gofal as gf
from gofal.data import records

SEED = 20_190_331
LEVEL = 0.95
CHECKED = 2
WILD = 500  # replicates that the wild bootstrap is done on: it is the slowest
BATCH = 100


@dataclass(frozen=True)
class Scenario:
    """A population of clusters and an outcome."""

    name: str
    sizes: tuple[int, ...]
    family: str
    treated: int = 0

    @property
    def truth(self) -> dict[str, float]:
        return {"cluster": 0.3, "child": 0.2}


def wales(total: int) -> tuple[int, ...]:
    """Children in proportion to the authorities' populations aged 0 to 17."""
    rows = records("population", measure="population_0_17", period="2020-06-30", area="authorities")
    people = [float(r["value"]) for r in rows]
    return tuple(round(total * p / sum(people)) for p in people)


SCENARIOS = [
    *(Scenario(f"22 equal, {f}", (200,) * 22, f) for f in ("linear", "logistic")),
    *(Scenario(f"22 as Wales, {f}", wales(4400), f) for f in ("linear", "logistic")),
    *(Scenario(f"22 as Wales, 4 exposed, {f}", wales(4400), f, 4) for f in ("linear", "logistic")),
    *(Scenario(f"5 clusters, {f}", (100, 150, 200, 250, 300), f) for f in ("linear", "logistic")),
    *(Scenario(f"79 rows, {f}", (1,) * 79, f) for f in ("linear", "logistic")),
]


def stream(scenario: Scenario, replicate: int) -> np.random.Generator:
    return np.random.default_rng([SEED, SCENARIOS.index(scenario), replicate])


def draw(scenario: Scenario, replicate: int) -> gf.Cells:
    """One data set of cells: cluster level and slope of x vary between clusters."""
    rng = stream(scenario, replicate)
    g = len(scenario.sizes)
    level, slope = rng.normal(0, 0.3, g), rng.normal(0, 0.3, g)
    if scenario.treated:
        at_cluster = np.zeros(g)
        at_cluster[rng.permutation(g)[: scenario.treated]] = 1
    else:
        at_cluster = rng.normal(0, 1, g)
    share = rng.uniform(0.1, 0.5, g)
    exposed = np.maximum(1, np.round(share * np.array(scenario.sizes)))
    n = np.stack([np.array(scenario.sizes) - exposed, exposed], axis=1)
    x = np.array([0.0, 1.0])
    truth = scenario.truth
    eta = (level + truth["cluster"] * at_cluster)[:, None] + (truth["child"] + slope)[:, None] * x
    if scenario.family == "linear":
        total = n * eta + rng.normal(0, np.sqrt(n))
        squares = total**2 / n + rng.chisquare(np.maximum(n - 1, 1e-9))
    else:
        total = rng.binomial(n.astype(int), 1 / (1 + np.exp(1 - eta))).astype(float)
        squares = total
    table = pa.table(
        {
            "area": np.repeat(np.arange(g), 2), "cluster": np.repeat(at_cluster, 2),
            "child": np.tile(x, g), "n": n.ravel(), "y": total.ravel(), "y2": squares.ravel(),
        }
    )  # fmt: skip
    return gf.as_cells(table, "care", n="n", total="y", total_sq="y2")


def draw_rows(scenario: Scenario, replicate: int) -> dict[str, Any]:
    """Rows with a skewed covariate, a binary one, and errors that spread with the first."""
    rng = stream(scenario, replicate)
    n = len(scenario.sizes)
    x, b = rng.lognormal(0, 0.7, n), rng.permutation(n) < n // 4
    x = (x - 1.28) / 1.0
    eta = scenario.truth["cluster"] * x + scenario.truth["child"] * b
    if scenario.family == "linear":
        y = eta + rng.normal(0, 1, n) * (0.5 + 0.5 * np.abs(x))
    else:
        y = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(int)
    return {"cluster": x, "child": b.astype(int), "care": y}


def held(scenario: Scenario, fit: gf.Result, z: bool = False, df: Any = None) -> dict[str, Any]:
    """Whether the interval of each coefficient holds the truth, and its width."""
    rows = {r["term"]: r for r in fit.to_arrow().to_pylist()}
    out = {}
    for term, truth in scenario.truth.items():
        row = rows[term]
        q = stats.norm.isf((1 - LEVEL) / 2)
        if df is not None:
            q = stats.t.isf((1 - LEVEL) / 2, df[term])
        elif not z and row["df"] is not None:
            q = stats.t.isf((1 - LEVEL) / 2, row["df"])
        half = q * row["std_error"]
        out[term] = (abs(row["estimate"] - truth) <= half, 2 * half)
    return out


def methods(scenario: Scenario, data: Any, clustered: bool) -> dict[str, dict[str, Any]]:
    def fit(vcov: Any) -> gf.Result:
        if scenario.family == "linear":
            return gf.lm(data, "care ~ cluster + child", vcov=vcov)
        return gf.glm(data, "care ~ cluster + child", vcov=vcov)

    out = {"classical": held(scenario, fit("classical"))}
    if not clustered:
        for k in range(5):
            out[f"HC{k}"] = held(scenario, fit(gf.HC(k)))
        out["statsmodels HC1"] = held(scenario, fit(gf.HC(1)), z=True)
        out["pyfixest hetero"] = held(scenario, fit(gf.HC(1)))
        return out
    for k in (1, 3):
        out[f"HC{k}"] = held(scenario, fit(gf.HC(k)))
    kinds = {
        k: fit(gf.Cluster("area", kind=k))
        for k in ("CR0", "CR1", "CR1S", "CR2", "CR3", "jackknife")
    }
    for k, found in kinds.items():
        out[k] = held(scenario, found)
    df = {r["term"]: r["df"] for r in kinds["CR2"].to_arrow().to_pylist()}
    out["CR3, df of CR2"] = held(scenario, kinds["CR3"], df=df)
    out["jackknife, df of CR2"] = held(scenario, kinds["jackknife"], df=df)
    # statsmodels: CR1S and the normal; pyfixest: CR1S and t(G - 1).
    out["statsmodels cluster"] = held(scenario, kinds["CR1S"], z=True)
    out["pyfixest CRV1"] = held(scenario, kinds["CR1S"])
    return out


def wild(scenario: Scenario, data: Any, replicate: int) -> dict[str, dict[str, Any]]:
    """Coverage is how often the true value is not rejected; the interval itself is not needed."""
    out: dict[str, dict[str, Any]] = {}
    few = len(scenario.sizes) < 10
    for name, options in {
        "wild": {"weights": "webb", "n_draws": 999, "seed": replicate} if few else {},
        "wild, null not imposed": {"impose_null": False, "weights": "webb", "n_draws": 999, "seed": replicate},
    }.items():  # fmt: skip
        out[name] = {}
        for term, truth in scenario.truth.items():
            test = gf.wild_bootstrap(
                data, "care ~ cluster + child", term, cluster="area", null=truth, interval=False,
                family="gaussian" if scenario.family == "linear" else "binomial", **options,
            )  # fmt: skip
            out[name][term] = (test.statistic("p_value").value > 1 - LEVEL, math.nan)
    return out


def checked_by_packages(scenario: Scenario, data: gf.Cells) -> None:
    """Fit the rows behind the cells with the packages; their intervals must be those said to be theirs."""
    import pandas as pd
    import pyfixest as pf
    import statsmodels.formula.api as smf

    t = data.to_arrow().to_pandas()
    rows = []
    for r in t.itertuples():
        n, mean = int(r.n), r.y / r.n
        if scenario.family == "logistic":
            y = np.r_[np.ones(int(r.y)), np.zeros(n - int(r.y))]
        else:
            spread = math.sqrt(max(r.y2 - r.y**2 / r.n, 0))
            y = np.full(n, mean)
            if n > 1:
                y[0] += spread / math.sqrt(2)
                y[1] -= spread / math.sqrt(2)
        rows.append(
            pd.DataFrame({"area": r.area, "cluster": r.cluster, "child": r.child, "care": y})
        )
    frame = pd.concat(rows)
    model = smf.ols if scenario.family == "linear" else smf.logit
    theirs = model("care ~ cluster + child", frame).fit(
        disp=0, cov_type="cluster", cov_kwds={"groups": frame["area"]}
    )
    vcov = gf.Cluster("area", kind="CR1S")
    if scenario.family == "linear":
        ours = gf.lm(data, "care ~ cluster + child", vcov=vcov)
        other = pf.feols("care ~ cluster + child", frame, vcov={"CRV1": "area"}).tidy()
        got = other.loc["cluster", ["2.5%", "97.5%"]].to_numpy(float)
        low, high = (
            ours.statistic("conf_low", term="cluster"),
            ours.statistic("conf_high", term="cluster"),
        )
        assert np.allclose(got, [low.value, high.value], rtol=1e-6), (got, low, high)
    else:
        ours = gf.glm(data, "care ~ cluster + child", vcov=vcov)
    mine = ours.statistic("std_error", term="cluster").value
    assert np.isclose(theirs.bse["cluster"], mine, rtol=1e-4), (theirs.bse["cluster"], mine)


def run(scenario: Scenario, replicates: int, out: Path, check: bool) -> None:
    path = out / f"{SCENARIOS.index(scenario):02d}.jsonl"
    done = sum(1 for _ in path.open(encoding="utf-8")) * BATCH if path.exists() else 0
    for first in range(done, replicates, BATCH):
        held_by: dict[str, dict[str, list[float]]] = {}
        for replicate in range(first, first + BATCH):
            single = scenario.sizes[0] == 1
            data = draw_rows(scenario, replicate) if single else draw(scenario, replicate)
            try:
                found = methods(scenario, data, clustered=not single)
                if not single and replicate < WILD:
                    found |= wild(scenario, data, replicate)
                if not single and check and replicate < CHECKED:
                    checked_by_packages(scenario, data)
            except gf.errors.GofalError as error:
                print(scenario.name, replicate, error)
                found = {}
            for method, terms in found.items():
                for term, (covers, width) in terms.items():
                    sums = held_by.setdefault(method, {}).setdefault(term, [0, 0, 0])
                    sums[0] += 1
                    sums[1] += bool(covers)
                    sums[2] += width
        with path.open("a", encoding="utf-8") as file:
            json.dump(held_by, file)
            file.write("\n")
        print(scenario.name, first + BATCH, flush=True)


def read(scenario: Scenario, out: Path) -> dict[str, dict[str, list[float]]]:
    total: dict[str, dict[str, list[float]]] = {}
    path = out / f"{SCENARIOS.index(scenario):02d}.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        for method, terms in json.loads(line).items():
            for term, sums in terms.items():
                so_far = total.setdefault(method, {}).setdefault(term, [0, 0, 0])
                so_far[:] = [a + b for a, b in zip(so_far, sums, strict=True)]
    return total


def tables(out: Path) -> None:
    """One table per family of scenarios: coverage in per cent, cluster-level and child-level covariate."""
    for pick in (lambda s: s.sizes[0] > 1, lambda s: s.sizes[0] == 1):
        found = {s: read(s, out) for s in SCENARIOS if pick(s)}
        chosen = [s for s in found if found[s]]
        names = list(dict.fromkeys(m for s in chosen for m in found[s]))
        print("| intervals | " + " | ".join(s.name for s in chosen) + " |")
        print("| --- |" + " --- |" * len(chosen))
        for method in names:
            cells = []
            for s in chosen:
                terms = found[s].get(method)
                shares = [100 * terms[t][1] / terms[t][0] for t in s.truth] if terms else []
                cells.append(" · ".join(f"{v:.1f}" for v in shares) or "–")
            print(f"| {method} | " + " | ".join(cells) + " |")
        for label, method in (("samples", "classical"), ("samples, wild", "wild")):
            counts = [found[s][method]["child"][0] if method in found[s] else 0 for s in chosen]
            if any(counts):
                print(f"| *{label}* | " + " | ".join(f"{n:.0f}" for n in counts) + " |")
        print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--only", type=int, nargs="*")
    parser.add_argument("--no-check", action="store_true", help="without statsmodels and pyfixest")
    parser.add_argument("--table", action="store_true")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if not args.table:
        for k, scenario in enumerate(SCENARIOS):
            if args.only is None or k in args.only:
                run(scenario, args.replicates, args.out, not args.no_check)
    tables(args.out)


if __name__ == "__main__":
    main()
