"""The tables of the trigger-trio analysis, each from the same cells."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gofal import _core
from gofal.cells import TOTAL, Cells, N, cells
from gofal.covariances import Vcov
from gofal.errors import ConvergenceError, InputError, NumericalError, SeparationError
from gofal.formula import parse
from gofal.rates import proportion

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["COUNT", "Plan", "dose", "flags", "heterogeneity", "patterns", "prepare"]

COUNT = "n_factors"


@dataclass(frozen=True)
class Plan:
    """The question: outcome, factors, what is adjusted for, how uncertainty is judged."""

    outcome: str
    factors: tuple[str, ...]
    adjust: tuple[str, ...]
    vcov: Vcov
    base: float
    conf_level: float
    suppress_below: int | None

    def formula(self, joiner: str = " * ", *, without: str | None = None) -> str:
        """Return the outcome model, factors multiplied (or added)."""
        rest = [a for a in self.adjust if without is None or without not in a]
        return f"{self.outcome} ~ {' + '.join([joiner.join(self.factors), *rest])}"

    def counted(self, *, without: str | None = None) -> str:
        """Return the outcome model with the number of factors."""
        rest = [a for a in self.adjust if without is None or without not in a]
        return f"{self.outcome} ~ {' + '.join([COUNT, *rest])}"


def prepare(table: Any, plan: Plan, also: list[str]) -> Cells:
    """Group the rows once, and add the number of factors.

    Raises
    ------
    InputError
        A factor that is not 0 and 1; a column that the cells do not have.
    """
    if isinstance(table, Cells):
        held = table
        missing = [c for c in (*plan.factors, *also) if c not in held.table.column_names]
        if missing:
            message = f"the cells have no column {missing[0]!r}; make them with by={[*plan.factors, *also]}"
            raise InputError(message, kind="unknown_column", column=missing[0])
    else:
        from gofal._table import read

        available = table.columns if hasattr(table, "_cells") else read(table).columns
        wanted = parse(plan.formula(), available).columns
        by = list(dict.fromkeys([*plan.factors, *wanted, *also]))
        held = cells(table, plan.outcome, by=by)
    return _counted(held, plan)


def _counted(held: Cells, plan: Plan) -> Cells:
    import pyarrow as pa
    import pyarrow.compute as pc

    table = held.table
    total: Any = None
    for name in plan.factors:
        column = table[name].combine_chunks()
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.int64())
        values = set(pc.unique(column).to_pylist()) - {None}
        if not values <= {0, 1}:
            message = f'factor "{name}" holds {sorted(map(str, values))[:4]}; expected 0 and 1'
            raise InputError(message, kind="values", column=name, got=sorted(map(str, values))[:4])
        total = column if total is None else pc.add(total, column)
    # Rows in which a factor is missing are in no pattern; the models drop and count them.
    table = table.append_column(COUNT, total.cast(pa.int64()))
    return Cells(table, held.outcome, (*held.by, COUNT), held.n_rows, held.n_missing, held.columns)


def _grouped(held: Cells, by: list[str]) -> list[dict[str, Any]]:
    """Cells of cells: n and Σy by fewer columns, complete ones only, in order."""
    import pyarrow.compute as pc

    n, total, _ = held.columns
    table = held.table
    for name in by:
        table = table.filter(pc.is_valid(table[name]))
    table = table.select([*by, n, total or n])
    for i, name in enumerate(by):
        kind = table.schema.field(name).type
        if hasattr(kind, "value_type"):
            table = table.set_column(i, name, table[name].cast(kind.value_type))
    sums = table.group_by(by).aggregate([(n, "sum"), (total or n, "sum")])
    rows = [
        {**{k: row[k] for k in by}, N: row[f"{n}_sum"], TOTAL: row[f"{total}_sum"]}
        for row in sums.to_pylist()
    ]
    return sorted(rows, key=lambda r: tuple(str(r[k]) for k in by))


def flags(row: dict[str, Any], factors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the factors that are present in a row."""
    return tuple(f for f in factors if row[f])


def _rates(rows: list[dict[str, Any]], labels: list[str], plan: Plan) -> dict[str, list[Any]]:
    """Rates with exact limits; counts below the floor are hidden with what could be computed from them."""
    found = (
        proportion(
            {"x": [int(r[TOTAL]) for r in rows], "n": [int(r[N]) for r in rows]}, "x", "n", base=plan.base,
            interval="exact", conf_level=plan.conf_level,
        ).to_arrow().to_pydict()
    )  # fmt: skip
    floor = plan.suppress_below
    hidden = [floor is not None and 0 < int(r[TOTAL]) < floor for r in rows]
    shown = {k: [None if h else v for v, h in zip(found[k], hidden, strict=True)]
             for k in ("estimate", "conf_low", "conf_high")}  # fmt: skip
    return {
        "term": labels,
        "population": [int(r[N]) for r in rows],
        "events": [None if h else int(r[TOTAL]) for r, h in zip(rows, hidden, strict=True)],
        **shown,
        "reason": ["fewer events than may be shown" if h else None for h in hidden],
    }


def patterns(held: Cells, plan: Plan) -> dict[str, list[Any]]:
    """Return the eight patterns: children, events, rate with exact limits."""
    rows = sorted(
        _grouped(held, list(plan.factors)),
        key=lambda r: (len(flags(r, plan.factors)), [-r[f] for f in plan.factors]),
    )
    labels = [" + ".join(flags(r, plan.factors)) or "none" for r in rows]
    return _rates(rows, labels, plan)


def dose(held: Cells, plan: Plan) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the rate by number of factors, and the adjusted odds ratio for one factor more."""
    rows = _grouped(held, [COUNT])
    crude = _rates(rows, [str(r[COUNT]) for r in rows], plan)
    from gofal.regression import glm

    model = (
        glm(held, plan.counted(), vcov=plan.vcov, conf_level=plan.conf_level).to_arrow().to_pylist()
    )
    row = next(r for r in model if r["term"] == COUNT)
    trend = {"term": [COUNT], "measure": ["odds_ratio"], "estimate": [row["ratio"]],
             "std_error": [row["std_error"]], "p_value": [row["p_value"]],
             "conf_low": [row["ratio_low"]], "conf_high": [row["ratio_high"]]}  # fmt: skip
    return crude, trend


def heterogeneity(held: Cells, plan: Plan, by: str) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return the adjusted odds ratio for one factor more in every level of a column, and a test.

    The strata are independent, so Cochran's Q of the log odds ratios is a test of homogeneity; tau² by
    DerSimonian and Laird (1986), I² by Higgins and Thompson (2002).
    """
    import pyarrow.compute as pc

    levels = sorted({str(r[by]) for r in _grouped(held, [by])})
    out: dict[str, list[Any]] = {k: [] for k in ("group", "term", "estimate", "std_error", "conf_low",
                                                 "conf_high", "p_value", "reason")}  # fmt: skip
    logs = []
    for value in levels:
        table = held.table
        column = table[by]
        if hasattr(column.type, "value_type"):
            column = column.cast(column.type.value_type)
        part = table.filter(pc.equal(column.cast("string"), value))
        row, reason = _slope(part, held, plan, by)
        out["group"].append(f"{by}={value}")
        out["term"].append(COUNT)
        out["reason"].append(reason)
        for name, key in (("estimate", "ratio"), ("std_error", "std_error"), ("conf_low", "ratio_low"),
                          ("conf_high", "ratio_high"), ("p_value", "p_value")):  # fmt: skip
            out[name].append(None if row is None else row[key])
        if row is not None:
            logs.append((row["estimate"], row["std_error"]))
    return out, _homogeneity(logs)


def _slope(
    part: pa.Table, held: Cells, plan: Plan, by: str
) -> tuple[dict[str, Any] | None, str | None]:
    """One stratum: its odds ratio for one factor more, or why there is none."""
    from gofal.regression import glm

    inside = Cells(part, held.outcome, held.by, held.n_rows, 0, held.columns)
    # Within one cluster there is nothing to cluster by; strata are compared by model errors.
    try:
        found = glm(inside, plan.counted(without=by), conf_level=plan.conf_level)
    except (SeparationError, ConvergenceError):
        return None, "no finite estimate: too few events"
    except (NumericalError, InputError) as error:
        return None, str(error)
    return next(r for r in found.to_arrow().to_pylist() if r["term"] == COUNT), None


def _homogeneity(logs: list[tuple[float, float]]) -> dict[str, Any]:
    k = len(logs)
    if k < 2:
        return {"statistic": None, "df": None, "p_value": None, "tau2": None}
    w = [1 / s**2 for _, s in logs]
    mean = sum(b * v for (b, _), v in zip(logs, w, strict=True)) / sum(w)
    q = sum(v * (b - mean) ** 2 for (b, _), v in zip(logs, w, strict=True))
    scale = sum(w) - sum(v * v for v in w) / sum(w)
    tau2 = max(0.0, (q - (k - 1)) / scale)
    return {"statistic": q, "df": float(k - 1), "p_value": _core.chi2_sf(q, k - 1.0), "tau2": tau2,
            "mean": math.exp(mean)}  # fmt: skip
