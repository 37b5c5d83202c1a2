"""Compress once, analyse many: rows grouped into unique patterns with n, Σy and Σy²."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gofal import _core
from gofal._call import threads
from gofal._check import names
from gofal._table import SYNTHETIC, Source, read
from gofal.errors import InputError
from gofal.progress import progress
from gofal.weights import Weight, weight_of

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TOTAL", "TOTAL_SQ", "Cells", "N", "as_cells", "cells"]

N, TOTAL, TOTAL_SQ = "n", "total", "total_sq"


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows grouped into unique patterns; any function that takes a table takes cells.

    Attributes
    ----------
    table
        One row per pattern: the columns of ``by``, ``n`` (rows), ``total`` (Σy), ``total_sq`` (Σy²).
    outcome
        The column that was summed; None if rows were only counted.
    by
        The columns that make the patterns.
    n_rows, n_missing
        Rows read; rows left out because the outcome (or the weight) was missing.
    columns
        Names of the columns of n, Σy and Σy² (the last may be None for 0/1 outcomes).
    """

    table: pa.Table
    outcome: str | None
    by: tuple[str, ...]
    n_rows: int
    n_missing: int
    columns: tuple[str, str | None, str | None] = (N, TOTAL, TOTAL_SQ)

    def __len__(self) -> int:
        """Return the number of patterns."""
        return int(self.table.num_rows)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the table to any library that reads Arrow streams."""
        return self.table.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pa.Table:
        """Return the table."""
        return self.table

    def merge(self, *others: Cells) -> Cells:
        """Return the cells of all rows behind these cells and others.

        Parameters
        ----------
        *others
            Cells of other rows (another year, another partition) with the same outcome and columns.

        Raises
        ------
        InputError
            Cells of another outcome, or by other columns.

        Examples
        --------
        >>> import gofal as gf
        >>> north = gf.cells({"abuse": [0, 1], "care": [0, 1]}, "care", by="abuse")
        >>> south = gf.cells({"abuse": [1, 1], "care": [0, 1]}, "care", by="abuse")
        >>> north.merge(south).to_arrow()["n"].to_pylist()
        [1, 3]
        """
        import pyarrow as pa

        every = (self, *others)
        for other in others:
            if other.outcome != self.outcome or set(other.by) != set(self.by):
                message = (
                    f"merge: cells of {other.outcome!r} by {sorted(other.by)} do not go with cells of "
                    f"{self.outcome!r} by {sorted(self.by)}"
                )
                raise InputError(message, kind="option", column="by", got=sorted(other.by))
        tables = [(c.table, *c.columns) for c in every]
        counted = all(c.columns[1] is not None for c in every)
        out = _core.merge_cells(tables, list(self.by), counted, threads())
        n_rows, n_missing = sum(c.n_rows for c in every), sum(c.n_missing for c in every)
        made = pa.table(out)
        if any(_marked(c) for c in every):
            made = made.replace_schema_metadata({SYNTHETIC: b"true"})
        return Cells(made, self.outcome, self.by, n_rows, n_missing)

    def __repr__(self) -> str:
        """Say what was compressed into what."""
        return (
            f"{len(self):,} cells of {self.n_rows:,} rows: {self.outcome or 'rows'} by {', '.join(self.by)}"
            f" ({self.n_missing:,} rows left out)"
        )


def cells(
    table: Any,
    outcome: str | None = None,
    by: str | Iterable[str] = (),
    *,
    weight: Weight | None = None,
) -> Cells:
    """Group rows into cells, in one parallel pass.

    Estimates, and errors clustered by one of the columns in ``by``, are exactly those of the rows.

    Parameters
    ----------
    table
        Rows, or a `gf.scan` of files. Files, record-batch readers and DuckDB relations are read batch after
        batch and need not fit into memory.
    outcome
        Column to sum (0/1 or numeric); rows where it is missing are left out and counted.
    by
        Columns whose combinations make the cells: covariates, authority, year. A null is a level of
        its own here; a regression drops it.
    weight
        ``gf.frequency("n")``: rows that a row stands for (cells of cells).

    Returns
    -------
    Cells
        Patterns in order of their levels, whatever order the rows come in and whatever the number of threads.

    Raises
    ------
    InputError
        No column in ``by``, unknown columns, outcomes that are not finite.

    References
    ----------
    Wong, Forsell, Lewis, Mao and Wardrop (2021), You Only Compress Once.

    Examples
    --------
    >>> import gofal as gf
    >>> children = {"abuse": [0, 0, 1, 1, 1], "sex": ["F", "M", "F", "F", "M"], "care": [0, 1, 1, 0, 1]}
    >>> gf.cells(children, "care", by=["abuse", "sex"]).to_arrow()["n"].to_pylist()
    [1, 1, 2, 1]
    """
    import pyarrow as pa

    columns = names("by", by)
    if not columns:
        message = "by: name the columns whose combinations make the cells"
        raise InputError(message, kind="option", column="by", got=by)
    frequency = weight_of(weight, allowed=("frequency",))
    with progress("rows") as report:
        counts = frequency.column if frequency else None
        if hasattr(table, "_cells"):
            out, n_rows, n_missing = table._cells(outcome, columns, counts, report)
            synthetic = table.synthetic
        elif _passes(table):
            synthetic = _marked(table)
            out, n_rows, n_missing = _core.cells_of_stream(
                table, columns, outcome, counts, threads(), report
            )
        else:
            source = read(table)
            synthetic = source.synthetic
            out, n_rows, n_missing = _core.cells(
                source.stream, columns, outcome, counts, threads(), report
            )
    made = pa.table(out)
    if synthetic:
        made = made.replace_schema_metadata({SYNTHETIC: b"true"})
    return Cells(made, outcome, tuple(columns), n_rows, n_missing)


def _marked(table: Any) -> bool:
    """Whether a table that goes by says that it is simulated."""
    if getattr(getattr(table, "provenance", None), "synthetic", False):
        return True
    metadata = getattr(getattr(getattr(table, "table", table), "schema", None), "metadata", None)
    return (metadata or {}).get(SYNTHETIC) == b"true"


def _passes(table: Any) -> bool:
    """Whether a table goes by, batch after batch, and is never held (a reader, a DuckDB relation)."""
    held = {"Table", "RecordBatch", "DataFrame"}
    return hasattr(table, "__arrow_c_stream__") and type(table).__name__ not in held


def as_cells(table: Any, outcome: str, *, n: str, total: str, total_sq: str | None = None) -> Cells:
    """Take cells that somebody else made (SQL in DuckDB, a polars group_by) as they are.

    Parameters
    ----------
    table
        One row per pattern.
    outcome
        Name that formulas use for the outcome.
    n, total, total_sq
        Columns of the number of rows, the sum of the outcome and the sum of its squares; the last is not
        needed for an outcome of 0 and 1.

    Returns
    -------
    Cells
        The table as it is, ready for `gf.glm` and all that take cells.

    Raises
    ------
    InputError
        A column that the table does not have; sums that are not numbers, or null.

    Examples
    --------
    >>> import gofal as gf
    >>> sql = {"abuse": [0, 1, 2], "children": [900, 300, 80], "in_care": [9, 12, 8]}
    >>> made = gf.as_cells(sql, "care", n="children", total="in_care")
    >>> round(gf.glm(made, "care ~ abuse").statistic("ratio", term="abuse").value, 2)
    3.35
    """
    source = read(table)
    held = source.columns
    used = [c for c in (n, total, total_sq) if c is not None]
    for name in used:
        if name not in held:
            message = f'no column named "{name}"; the table has: {", ".join(held)}'
            raise InputError(message, kind="unknown_column", column=name, available=held)
    arrow = source.to_arrow()
    import pyarrow as pa
    import pyarrow.compute as pc

    for name in used:
        kind = arrow.schema.field(name).type
        if not (
            pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        ):
            message = f'column "{name}" has type {kind}; expected numbers'
            raise InputError(
                message, kind="wrong_type", column=name, expected="numbers", got=str(kind)
            )
        if arrow[name].null_count:
            rows = pc.indices_nonzero(pc.is_null(arrow[name])).to_pylist()
            message = (
                f'column "{name}": sums of cells must be without nulls, first at row(s) {rows[0]}'
            )
            raise InputError(message, kind="values", column=name, rows=rows[:10], n=len(rows))
    by = tuple(c for c in held if c not in used)
    return Cells(arrow, outcome, by, int(pc.sum(arrow[n]).as_py()), 0, (n, total, total_sq))


def source_of(table: Any) -> tuple[Source, Cells | None]:
    """Return the table at the door and, where it is cells, the cells."""
    return (read(table.table), table) if isinstance(table, Cells) else (read(table), None)
