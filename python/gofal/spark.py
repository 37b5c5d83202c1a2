"""Cells of a Spark DataFrame: the same kernel in every partition, merged here; everything after is local.

Needs ``pip install "gofal[spark]"`` on the driver, and gofal on the workers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from gofal import _core
from gofal._call import threads
from gofal._check import names
from gofal.cells import Cells
from gofal.errors import InputError
from gofal.weights import Weight, weight_of

__all__ = ["cells"]

_NUMBERS = {"tinyint", "smallint", "int", "bigint", "float", "double", "boolean"}
_SUMS = ("n", "total", "total_sq", "rows_read", "rows_missing")


@dataclass(frozen=True)
class Partial:
    """What runs in a partition: its batches in, its cells out. Pickled by reference to this module.

    Attributes
    ----------
    by, text
        Keys, and which of them are text.
    outcome, weight
        Columns, or None.
    """

    by: tuple[str, ...]
    text: tuple[bool, ...]
    outcome: str | None
    weight: str | None

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield one batch: a row per cell, and one for the counts of rows; nothing for no rows."""
        import pyarrow as pa

        filled = (b for b in batches if b.num_rows > 0)
        first = next(filled, None)
        if first is None:
            return
        reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], filled))
        out, n_rows, n_missing = _core.cells_of_stream(
            reader, list(self.by), self.outcome, self.weight, 1, None
        )
        held = pa.table(out)
        columns = [_plain(held[k], text=text) for k, text in zip(self.by, self.text, strict=True)]
        for name in _SUMS[:3]:
            if name in held.column_names:
                columns.append(held[name].cast(pa.float64()))
            else:
                columns.append(pa.array([0.0] * held.num_rows))
        arrays = [c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c for c in columns]
        # A last row without keys and with n = 0 carries the counts.
        nothing = [pa.nulls(1, a.type) for a in arrays[: len(self.by)]]
        last = [*nothing, *[pa.array([0.0])] * 3]
        arrays = [pa.concat_arrays([a, b]) for a, b in zip(arrays, last, strict=True)]
        for count in (n_rows, n_missing):
            arrays.append(pa.array([0] * held.num_rows + [count], pa.int64()))
        yield pa.RecordBatch.from_arrays(arrays, names=[*_keys(self.by), *_SUMS])


def _keys(by: Iterable[str]) -> list[str]:
    """Names that cannot be those of the sums."""
    return [f"key{i}" for i, _ in enumerate(by)]


def _plain(column: Any, *, text: bool) -> Any:
    import pyarrow as pa

    kind = pa.string() if text else pa.float64()
    if column.null_count == len(column):
        return pa.nulls(len(column), kind)
    return column.cast(kind)


def cells(
    df: Any,
    outcome: str | None = None,
    by: str | Iterable[str] = (),
    *,
    weight: Weight | None = None,
) -> Cells:
    """Group the rows of a Spark DataFrame into cells; only cells travel to the driver.

    Parameters
    ----------
    df
        A Spark DataFrame (4 or later).
    outcome, by, weight
        As in `gofal.cells`.

    Returns
    -------
    Cells
        The same cells as `gofal.cells` makes of the same rows, ready for `gf.glm` and all that take cells.

    Raises
    ------
    InputError
        No column in ``by``, unknown columns, keys that are neither text nor numbers.

    References
    ----------
    Wong, Forsell, Lewis, Mao and Wardrop (2021), You Only Compress Once.

    Examples
    --------
    >>> import gofal.spark
    >>> spark = SparkSession.builder.getOrCreate()  # doctest: +SKIP
    >>> children = spark.read.parquet("children/")  # doctest: +SKIP
    >>> held = gofal.spark.cells(children, "care", by=["abuse", "authority"])  # doctest: +SKIP
    """
    columns = names("by", by)
    if not columns:
        message = "by: name the columns whose combinations make the cells"
        raise InputError(message, kind="option", column="by", got=by)
    frequency = weight_of(weight, allowed=("frequency",))
    counts = frequency.column if frequency else None
    kinds = dict(df.dtypes)
    used = [c for c in dict.fromkeys([*columns, outcome, counts]) if c is not None]
    for name in used:
        if name not in kinds:
            message = f'no column named "{name}"; the table has: {", ".join(kinds)}'
            raise InputError(message, kind="unknown_column", column=name, available=list(kinds))
    text = tuple(_is_text(name, kinds[name]) for name in columns)
    partial = Partial(tuple(columns), text, outcome, counts)
    keys = [f"{k} {'string' if t else 'double'}" for k, t in zip(_keys(columns), text, strict=True)]
    sums = [f"{name} {'double' if i < 3 else 'long'}" for i, name in enumerate(_SUMS)]
    chosen = df.select(*[f"`{name}`" for name in used])
    held = chosen.mapInArrow(partial, ", ".join([*keys, *sums])).toArrow()
    return _merged(held, outcome, columns)


def _is_text(name: str, kind: str) -> bool:
    if kind == "string" or kind.startswith(("varchar", "char")):
        return True
    if kind in _NUMBERS:
        return False
    message = f'column "{name}" is of type {kind}; cells are made by text, whole numbers, floats or booleans'
    raise InputError(message, kind="wrong_type", column=name, got=kind)


def _merged(held: Any, outcome: str | None, by: list[str]) -> Cells:
    """The second pass: cells of the cells of all partitions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    n_rows, n_missing = (int(pc.sum(held[name]).as_py() or 0) for name in _SUMS[3:])
    if n_rows == 0:
        message = "the Spark table has no rows"
        raise InputError(message, kind="empty", column="df")
    total, squares = _SUMS[1:3] if outcome is not None else (None, None)
    found = _core.merge_cells(
        [(held, "n", total, squares)], _keys(by), outcome is not None, threads()
    )
    out = pa.table(found)
    out = out.rename_columns([*by, *out.column_names[len(by) :]])
    return Cells(out, outcome, tuple(by), n_rows, n_missing)
