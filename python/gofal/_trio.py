"""The question of the trigger trio, its cells, and its crude tables."""

from __future__ import annotations

import difflib
import itertools
import re
from dataclasses import dataclass, field
from typing import Any

from gofal._suppression import withheld
from gofal._table import read
from gofal.cells import TOTAL, Cells, N, cells
from gofal.covariances import Vcov
from gofal.errors import InputError, SeparationError
from gofal.formula import parse
from gofal.rates import proportion

__all__ = [
    "COUNT",
    "FEW",
    "SECONDARY",
    "Hidden",
    "Plan",
    "dose",
    "grouped",
    "hide",
    "patterns",
    "prepare",
]

COUNT = "n_factors"
FEW = "fewer events than may be shown"
SECONDARY = "hidden so that a small number cannot be worked out"


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

    def formula(self, *, crude: bool = False) -> str:
        """Return the outcome model, factors multiplied."""
        return f"{self.outcome} ~ {' + '.join([' * '.join(self.factors), *(() if crude else self.adjust)])}"

    def counted(self, *, without: str | None = None) -> str:
        """Return the outcome model with the number of factors, without the terms that hold a column."""
        rest = [
            a
            for a in self.adjust
            if without is None or not re.search(rf"\b{re.escape(without)}\b", a)
        ]
        return f"{self.outcome} ~ {' + '.join([COUNT, *rest])}"

    def labels(self) -> list[str]:
        """Return every pattern, by number of factors."""
        sets = (
            s for k in range(len(self.factors) + 1) for s in itertools.combinations(self.factors, k)
        )
        return [" + ".join(s) or "none" for s in sets]


@dataclass(frozen=True)
class Hidden:
    """What may not be shown: pattern or number of factors to the reason."""

    patterns: dict[str, str] = field(default_factory=dict)
    dose: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Return whether anything is hidden."""
        return bool(self.patterns or self.dose)

    def of(self, term: str) -> str | None:
        """Return why a number about a pattern (``a + b``) or an interaction (``a:b``) may not be shown."""
        joiner = ":" if ":" in term else " + "
        members = [] if term == "none" else term.split(joiner)
        # An interaction is made of all patterns of its factors; a contrast of one pattern and none.
        sets = [
            s for k in range(len(members) + 1) for s in itertools.combinations(members, k)
        ] if joiner == ":" else [(), tuple(members)]  # fmt: skip
        found = [self.patterns.get(" + ".join(s) or "none") for s in sets]
        return next((r for r in found if r is not None), None)


def prepare(table: Any, plan: Plan, also: list[str]) -> Cells:
    """Group the rows once, add the number of factors, and look whether the question can be asked.

    Raises
    ------
    InputError
        A column that is not there; a factor that is not 0 and 1, or the same for everybody; an outcome
        other than 0 and 1; a pattern that no child has.
    SeparationError
        A pattern in which nobody, or everybody, had the outcome.
    """
    # What can be read once only is read here, before its columns are looked at.
    given = table if isinstance(table, Cells) or hasattr(table, "_cells") else read(table)
    held = table if isinstance(table, Cells) else None
    available = list(given.columns if held is None else held.table.column_names)
    for name in dict.fromkeys([*plan.factors, *also]):
        if name not in available:
            _unknown(name, available, cells=held is not None)
    if held is None:
        wanted = parse(plan.formula(), available).columns
        held = cells(given, plan.outcome, by=list(dict.fromkeys([*plan.factors, *wanted, *also])))
    held = _counted(held, plan)
    _look(held, plan)
    return held


def _unknown(name: str, available: list[str], *, cells: bool) -> None:
    near = difflib.get_close_matches(name, available, n=1)
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    what = "the cells have (make them with it in by=)" if cells else "the table has"
    message = f'no column named "{name}"{hint}; {what}: {", ".join(available)}'
    raise InputError(
        message, kind="unknown_column", column=name, nearest=near[0] if near else None,
        available=list(available),
    )  # fmt: skip


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
        shown = sorted(map(str, values))[:4]
        if not values <= {0, 1}:
            message = f'factor "{name}" holds {", ".join(shown)}; expected 0 and 1: recode it first'
            raise InputError(message, kind="values", column=name, got=shown)
        if len(values) < 2:
            what = f"is {shown[0]} for every child" if values else "holds nulls only"
            message = f'factor "{name}" {what}: nobody can be compared; leave it out of factors'
            raise InputError(message, kind="constant", column=name, got=shown)
        total = column if total is None else pc.add(total, column)
    # Rows in which a factor is missing are in no pattern; the models drop and count them.
    table = table.append_column(COUNT, total.cast(pa.int64()))
    return Cells(table, held.outcome, (*held.by, COUNT), held.n_rows, held.n_missing, held.columns)


def _look(held: Cells, plan: Plan) -> None:
    n, total, squares = held.columns
    if total is None or held.outcome != plan.outcome:
        message = f'the cells hold {held.outcome or "no outcome"!r}; expected "{plan.outcome}"'
        raise InputError(message, kind="option", column="outcome", got=held.outcome)
    for row in held.table.select([c for c in (n, total, squares) if c]).to_pylist():
        if not 0 <= row[total] <= row[n] or (squares and row[squares] != row[total]):
            message = f'outcome "{plan.outcome}" holds values other than 0 and 1: recode it first'
            raise InputError(message, kind="values", column=plan.outcome, expected="0 and 1")
    found = {label_of(r, plan.factors): r for r in grouped(held, list(plan.factors))}
    for label in plan.labels():
        if label not in found:
            message = f'no child has the pattern "{label}": its risk cannot be estimated; name fewer factors'
            raise InputError(message, kind="empty", column=label, n=0)
        row = found[label]
        if row[TOTAL] in (0, row[N]):
            who = "none" if row[TOTAL] == 0 else "every one"
            message = (
                f'pattern "{label}": {who} of {row[N]:,} children had the outcome; no finite estimate exists: name '
                "fewer factors, take more years together, or use gf.firth"
            )
            raise SeparationError(
                message, kind="separation", columns=label.split(" + "), n=int(row[N])
            )


def grouped(held: Cells, by: list[str]) -> list[dict[str, Any]]:
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
    # Numbers by size, words by alphabet.
    return sorted(rows, key=lambda r: tuple((isinstance(r[k], str), r[k]) for k in by))


def label_of(row: dict[str, Any], factors: tuple[str, ...]) -> str:
    """Return the pattern of a row."""
    return " + ".join(f for f in factors if row[f]) or "none"


def hide(held: Cells, plan: Plan) -> Hidden:
    """Decide what may not be shown: small numbers of events, and what would give them away."""
    if plan.suppress_below is None:
        return Hidden()
    found = {label_of(r, plan.factors): r for r in grouped(held, list(plan.factors))}
    labels = plan.labels()
    counts = [int(found[label][TOTAL]) for label in labels]
    sizes = [int(found[label][N]) for label in labels]
    sums: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        k = 0 if label == "none" else label.count(" + ") + 1
        sums.setdefault(str(k), []).append(i)
    cells_hidden, sums_hidden = withheld(counts, sizes, sums, plan.suppress_below)

    def reason(events: int) -> str:
        return FEW if 0 < events < (plan.suppress_below or 0) else SECONDARY

    return Hidden(
        {labels[i]: reason(counts[i]) for i in cells_hidden},
        {k: reason(sum(counts[i] for i in sums[k])) for k in sums_hidden},
    )


def _rates(
    rows: list[dict[str, Any]], labels: list[str], plan: Plan, reasons: dict[str, str]
) -> dict[str, list[Any]]:
    """Rates with exact limits; what may not be shown is null, with the reason."""
    found = (
        proportion(
            {"x": [int(r[TOTAL]) for r in rows], "n": [int(r[N]) for r in rows]}, "x", "n", base=plan.base,
            interval="exact", conf_level=plan.conf_level,
        ).to_arrow().to_pydict()
    )  # fmt: skip
    why = [reasons.get(label) for label in labels]
    shown = {k: [None if h else v for v, h in zip(found[k], why, strict=True)]
             for k in ("estimate", "conf_low", "conf_high")}  # fmt: skip
    return {
        "term": labels,
        "population": [int(r[N]) for r in rows],
        "events": [None if h else int(r[TOTAL]) for r, h in zip(rows, why, strict=True)],
        **shown,
        "reason": why,
    }


def patterns(held: Cells, plan: Plan, hidden: Hidden) -> dict[str, list[Any]]:
    """Return the eight patterns: children, events, rate with exact limits."""
    found = {label_of(r, plan.factors): r for r in grouped(held, list(plan.factors))}
    labels = plan.labels()
    return _rates([found[label] for label in labels], labels, plan, hidden.patterns)


def dose(
    held: Cells, plan: Plan, hidden: Hidden
) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Return the rate by number of factors, and the adjusted odds ratio for one factor more."""
    rows = grouped(held, [COUNT])
    crude = _rates(rows, [str(r[COUNT]) for r in rows], plan, hidden.dose)
    from gofal.regression import glm

    model = (
        glm(held, plan.counted(), vcov=plan.vcov, conf_level=plan.conf_level).to_arrow().to_pylist()
    )
    row = next(r for r in model if r["term"] == COUNT)
    trend = {"term": [COUNT], "measure": ["odds_ratio"], "estimate": [row["ratio"]],
             "std_error": [row["std_error"]], "p_value": [row["p_value"]],
             "conf_low": [row["ratio_low"]], "conf_high": [row["ratio_high"]]}  # fmt: skip
    return crude, trend
