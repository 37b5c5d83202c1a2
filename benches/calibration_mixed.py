"""Coverage of intervals of VPC, median odds ratio and change in variance; writes docs/explanation/calibration-mixed.md.

    python benches/calibration_mixed.py [--share 1.0] [--out docs/explanation/calibration-mixed.md]

Fixed seeds: the same page every time. About ten minutes of one core; `--share 0.1` for a tenth of the simulations.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from gofal import _core
from gofal.errors import GofalError
from gofal.mixed import mixed_request, random_of

ROWS = 7
GROUPS = (5, 22, 150)
SHARES = (0.0, 0.02, 0.1, 0.4)
LEVEL = 0.95
N_SHARES, N_CHANGES, N_LARGE = 1000, 300, 100
Z = 1.959963984540054
Limits = tuple[float, float] | None


class Design:
    """k groups of seven rows, a covariate of the groups with variance one."""

    def __init__(self, k: int) -> None:
        self.k = k
        self.groups = [f"g{i // ROWS}" for i in range(k * ROWS)]
        scores = [statistics.NormalDist().inv_cdf((i + 0.5) / k) for i in range(k)]
        spread = statistics.stdev(scores)
        random.Random(k).shuffle(scores)
        self.x = [s / spread for s in scores]
        self.rows = [self.x[i // ROWS] for i in range(k * ROWS)]

    def fit(self, y: list[float], formula: str, reml: bool = True) -> _core.Mixed:
        table = pa.table({"y": y, "g": self.groups, "x": self.rows})
        asked, parsed = mixed_request(table, formula, None)
        return _core.Mixed(asked.source.stream, asked.spec, random_of(parsed), reml, None, 1)

    def draw(self, tau: float, beta: float, draw: random.Random) -> list[float]:
        level = [math.sqrt(tau) * draw.gauss(0, 1) + beta * x for x in self.x]
        return [level[i // ROWS] + draw.gauss(0, 1) for i in range(self.k * ROWS)]


def squares(design: Design, y: list[float]) -> tuple[float, float]:
    """Mean squares between and within groups."""
    means = [statistics.fmean(y[i : i + ROWS]) for i in range(0, len(y), ROWS)]
    between = ROWS * statistics.variance(means)
    within = sum((v - means[i // ROWS]) ** 2 for i, v in enumerate(y)) / (len(y) - design.k)
    return between, within


def wald_share(k: int, share: float) -> Limits:
    """Estimate ± z se: the delta method (Swiger and others 1964), what a Wald interval of the share is."""
    n = k * ROWS
    se = (
        math.sqrt(2 * (n - 1) / (ROWS**2 * (n - k) * (k - 1)))
        * (1 - share)
        * (1 + (ROWS - 1) * share)
    )
    return share - Z * se, share + Z * se


def variance_se(k: int, between: float, within: float) -> float:
    return math.sqrt(2 / ROWS**2 * (between**2 / (k - 1) + within**2 / (k * (ROWS - 1))))


def profiled(model: _core.Mixed, shares: bool) -> Limits:
    low, high = _core.mixed_profile(model, LEVEL, shares, 1)[0][4:]
    return low or 0.0, math.inf if high is None else high


def one_way(design: Design, tau: float, seed: int) -> dict[str, Limits]:
    """Every interval of one simulated table; those of the variance as `mor:`."""
    y = design.draw(tau, 0.0, random.Random(seed))
    model = design.fit(y, "y ~ 1 + (1 | g)")
    full = design.fit(y, "y ~ 1 + (1 | g)", reml=False)
    between, within = squares(design, y)
    parts = dict(model.facts())
    theta = model.theta()[0][2]
    share, variance = theta**2 / (1 + theta**2), (theta * parts["sigma"]) ** 2
    rho = _core.mixed_exact(model, "ratio", LEVEL, 1_999, seed, 1)
    f = _core.mixed_exact(model, "f", LEVEL, 1_999, seed, 1)
    se = variance_se(design.k, between, within)
    sd = profiled(full, False)
    out: dict[str, Limits] = {
        "vpc:exact": (rho[0] / (1 + rho[0]), rho[1] / (1 + rho[1])),
        "vpc:f": (f[0] / (1 + f[0]), f[1] / (1 + f[1])),
        "vpc:profile": profiled(model, True),
        "vpc:Wald (delta)": wald_share(design.k, share),
        "mor:exact": _core.mixed_exact(model, "between", LEVEL, 1_999, seed, 1),
        "mor:profile, ML (lme4)": (sd[0] ** 2, sd[1] ** 2),
        "mor:Wald, variance (statsmodels)": (variance - Z * se, variance + Z * se),
        "mor:Wald, log SD (glmmTMB)": None,
    }
    reml = profiled(model, False)
    out["mor:profile"] = (reml[0] ** 2, reml[1] ** 2)
    if variance > 1e-8:
        width = math.exp(min(Z * se / variance, 700.0))
        out["mor:Wald, log SD (glmmTMB)"] = (variance / width, variance * width)
    return out


def change(design: Design, tau: float, beta: float, seed: int) -> dict[str, Limits]:
    y = design.draw(tau, beta, random.Random(seed))
    full, null = (design.fit(y, f"y ~ {f} + (1 | g)") for f in ("x", "1"))
    columns = _core.mixed_bootstrap(full, null, 199, seed, 1)
    found = [(c[4], c[5]) for c in columns if c[1] == "g" and c[3] == "variance"]
    (after, draws), (before, null_draws) = found
    if before <= 0:
        return dict.fromkeys(f"change:{h}" for h in ("percentile", "basic", "bca", "normal"))
    pairs = zip(draws, null_draws, strict=True)
    values = [(b - a) / b for a, b in pairs if a is not None and b is not None and b > 0]
    estimate = (before - after) / before
    out: dict[str, Limits] = {}
    for how in ("percentile", "basic", "bca", "normal"):
        try:
            low, high = _core.replicate_limits(values, estimate, LEVEL, how, 0.0)
            out[f"change:{how}"] = (min(low, estimate), max(high, estimate))
        except GofalError:
            out[f"change:{how}"] = None
    return out


def coverage(
    truth: Callable[[str], float], results: list[dict[str, Limits]]
) -> dict[str, tuple[float, float, float]]:
    """Per interval: share that holds the truth, median length, share without an interval."""
    out = {}
    for name in results[0]:
        given = [r[name] for r in results]
        want = truth(name)
        # Shares and variances have no values below 0: a lower limit there is one at 0.
        held = [i is not None and i[0] - 1e-12 <= want <= i[1] + 1e-12 for i in given]
        lengths = [i[1] - max(i[0], -9.0) for i in given if i is not None]
        none = sum(i is None for i in given) / len(given)
        out[name] = (
            statistics.fmean(held),
            statistics.median(lengths) if lengths else math.nan,
            none,
        )
    return out


def run(share: float) -> list[tuple[str, int, float, float, float, float]]:
    rows = []
    for k in GROUPS:
        design = Design(k)
        for v in SHARES:
            tau = v / (1 - v)
            n = (
                max(20, round(N_SHARES * share)),
                max(20, round((N_CHANGES if k < 100 else N_LARGE) * share)),
            )
            shares = [one_way(design, tau, 1_000_000 * k + i) for i in range(n[0])]
            found = coverage(
                lambda name, v=v, tau=tau: v if name.startswith("vpc") else tau, shares
            )  # type: ignore[misc]
            beta2 = tau / 3 if tau > 0 else 0.05
            changes = [
                change(design, tau, math.sqrt(beta2), 2_000_000 * k + i) for i in range(n[1])
            ]
            found |= coverage(lambda _, b=beta2, tau=tau: b / (b + tau), changes)  # type: ignore[misc]
            rows += [(name, k, v, *values) for name, values in found.items()]
            print(k, v, {m: round(c[0], 3) for m, c in found.items()}, flush=True)
    return rows


def page(rows: list[Any], share: float) -> str:
    titles = {
        "vpc": "Variance partition coefficient",
        "mor": "Variance between groups and median odds ratio",
        "change": "Proportional change in variance",
    }
    n, few, least = (max(20, round(v * share)) for v in (N_SHARES, N_CHANGES, N_LARGE))
    error, third, last = (100 * math.sqrt(0.95 * 0.05 / v) for v in (n, few, least))
    out = [HEAD.format(share=share, n=n, few=few, least=least, error=error, third=third, last=last)]
    for kind, title in titles.items():
        names = list(dict.fromkeys(r[0] for r in rows if r[0].startswith(kind + ":")))
        cells = [(k, v) for k in GROUPS for v in SHARES]
        out.append(f"\n## {title}\n")
        out.append("| groups | VPC | " + " | ".join(n.split(":", 1)[1] for n in names) + " |")
        out.append("| --- | --- | " + " | ".join("---" for _ in names) + " |")
        for k, v in cells:
            shown = []
            for name in names:
                held, _, none = next(r[3:] for r in rows if r[:3] == (name, k, v))
                shown.append(f"{100 * held:.1f}" + (f" ({100 * none:.0f} none)" if none else ""))
            out.append(f"| {k} | {v} | " + " | ".join(shown) + " |")
        out.append(NOTES[kind])
    return "\n".join(out) + "\n"


HEAD = """# Calibration of the intervals of mixed models

How often does a 95% interval hold the truth? Tables of 5, 22 or 150 groups of seven rows (authorities and years)
were drawn from a linear mixed model with a known share of variance between groups: {n} tables in each row of the
first two sections, {few} in the third ({least} with 150 groups). The figures are percentages; their own standard
error is {error:.1f}, in the third section {third:.1f} to {last:.1f}. `benches/calibration_mixed.py --share {share}`
makes this page, with fixed seeds. An interval that does not exist counts as a miss;
how often that is stands in brackets."""

NOTES: dict[str, str] = {
    "vpc": """
`exact`: the default for one random intercept. `f`: Wald's pivot; at a share of zero only one tail can miss, so 97.5 is
its design. `profile`: the default of other models; wide near zero, because the quantile of χ²₁ is too large at a
bound. The Wald interval is symmetric about the estimate.""",
    "mor": """
The median odds ratio rises with the variance between groups, so its interval covers as often. `profile, ML` is what
lme4's `confint` does; a Wald interval of the variance is what statsmodels prints; one of the log SD is what
glmmTMB prints: it does not exist where the estimate is zero, nor can it hold zero. The peers' formulas were
computed here from the mean squares of the same tables.""",
    "change": """
The covariate of the groups accounts for a quarter of the variance (all of it, 0.05 of the residual variance, where the
VPC is 0). Outcomes are drawn from the larger model and both models fitted to the same draws; 199 replicates. An
interval does not exist where the null model has no variance between groups: there is then no change to speak of.
Where this table is far from 95, report the variances with their own intervals instead of the change.""",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--out", type=Path, default=Path("docs/explanation/calibration-mixed.md"))
    given = parser.parse_args()
    given.out.write_text(page(run(given.share), given.share), encoding="utf-8")


if __name__ == "__main__":
    main()
