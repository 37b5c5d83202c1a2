"""Does the trio matter more in some groups: odds ratios by group, a test, and estimates drawn together."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from gofal import _core
from gofal._trio import COUNT, FEW, Plan, grouped
from gofal.cells import TOTAL, Cells
from gofal.errors import ConvergenceError, InputError, NumericalError, SeparationError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["heterogeneity"]

_EMPTY = "no event"
_UNFIT = "no finite estimate: too few events"


def heterogeneity(held: Cells, plan: Plan, by: str) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return the adjusted odds ratio for one factor more in every level of a column, and a test.

    The strata are independent, so Cochran's Q of the log odds ratios is a test of homogeneity; tau² by
    DerSimonian and Laird (1986), I² by Higgins and Thompson (2002). The shrunken ratios are empirical Bayes:
    B = tau²/(tau² + s²), mean + B(b − mean), with variance B s² + (1 − B)² var(mean) (Morris 1983).
    """
    import pyarrow.compute as pc

    names = (
        "group",
        "measure",
        "term",
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "p_value",
        "reason",
    )
    out: dict[str, list[Any]] = {k: [] for k in names}
    table = held.table
    column = table[by]
    if hasattr(column.type, "value_type"):
        column = column.cast(column.type.value_type)
    logs: dict[str, tuple[float, float]] = {}
    for level in grouped(held, [by]):
        group = f"{by}={level[by]}"
        row, reason = _slope(
            table.filter(pc.equal(column, level[by])), held, plan, by, int(level[TOTAL])
        )
        found = [None] * 5 if row is None else [
            row[k] for k in ("ratio", "std_error", "ratio_low", "ratio_high", "p_value")
        ]  # fmt: skip
        _add(out, group, "odds_ratio", COUNT, *found, reason)
        if row is not None:
            logs[group] = (row["estimate"], row["std_error"])
    test = _homogeneity(list(logs.values()))
    if test["tau2"] is not None:
        for group, value in _shrunken(logs, test["tau2"], plan.conf_level).items():
            _add(out, group, "odds_ratio_shrunken", COUNT, *value, None, None)
    return out, test


def _add(out: dict[str, list[Any]], *row: Any) -> None:
    for column, value in zip(out.values(), row, strict=True):
        column.append(value)


def _slope(
    part: pa.Table, held: Cells, plan: Plan, by: str, events: int
) -> tuple[dict[str, Any] | None, str | None]:
    """One stratum: its odds ratio for one factor more, or why there is none."""
    from gofal.regression import glm

    if events == 0:
        return None, _EMPTY
    if plan.suppress_below is not None and events < plan.suppress_below:
        return None, FEW
    inside = Cells(part, held.outcome, held.by, held.n_rows, 0, held.columns)
    # Within one cluster there is nothing to cluster by; strata are compared by model errors.
    try:
        found = glm(inside, plan.counted(without=by), conf_level=plan.conf_level)
    except (SeparationError, ConvergenceError, NumericalError, InputError):
        return None, _UNFIT
    rows = [
        r for r in found.to_arrow().to_pylist() if r["term"] == COUNT and r["estimate"] is not None
    ]
    return (rows[0], None) if rows else (None, _UNFIT)


def _pooled(logs: list[tuple[float, float]], tau2: float) -> tuple[float, float]:
    """Mean of the log odds ratios weighted by 1/(s² + tau²), and its variance."""
    w = [1 / (s**2 + tau2) for _, s in logs]
    return sum(b * v for (b, _), v in zip(logs, w, strict=True)) / sum(w), 1 / sum(w)


def _homogeneity(logs: list[tuple[float, float]]) -> dict[str, Any]:
    k = len(logs)
    if k < 2:
        return dict.fromkeys(("statistic", "df", "p_value", "tau2", "i_squared", "ratio"))
    mean, _ = _pooled(logs, 0.0)
    w = [1 / s**2 for _, s in logs]
    q = sum(v * (b - mean) ** 2 for (b, _), v in zip(logs, w, strict=True))
    scale = sum(w) - sum(v * v for v in w) / sum(w)
    tau2 = max(0.0, (q - (k - 1)) / scale)
    return {
        "statistic": q, "df": float(k - 1), "p_value": _core.chi2_sf(q, k - 1.0), "tau2": tau2,
        "i_squared": max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0, "ratio": math.exp(_pooled(logs, tau2)[0]),
    }  # fmt: skip


def _shrunken(
    logs: dict[str, tuple[float, float]], tau2: float, conf_level: float
) -> dict[str, tuple[float, float, float, float]]:
    """Ratio, error of its log and limits, each drawn to the mean by what its own error leaves."""
    mean, variance = _pooled(list(logs.values()), tau2)
    z = NormalDist().inv_cdf((1 + conf_level) / 2)
    out = {}
    for group, (b, s) in logs.items():
        share = tau2 / (tau2 + s * s)
        error = math.sqrt(share * s * s + (1 - share) ** 2 * variance)
        middle = mean + share * (b - mean)
        out[group] = (
            math.exp(middle),
            error,
            math.exp(middle - z * error),
            math.exp(middle + z * error),
        )
    return out
