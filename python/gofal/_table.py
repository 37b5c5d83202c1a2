"""Tables at the door: whatever the caller has, as an Arrow stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gofal.errors import InputError
from gofal.typing import FrameKind

__all__ = ["SYNTHETIC", "Source", "read"]

SYNTHETIC = b"gofal.synthetic"
"""Key of a schema's metadata that marks a table as simulated."""


@dataclass(frozen=True)
class Source:
    """A caller's table.

    Attributes
    ----------
    stream
        Anything with ``__arrow_c_stream__``: what the Rust core reads.
    kind
        The caller's kind of frame: results come back in it.
    marked
        Whether the object that was read says that it is simulated.
    """

    stream: Any
    kind: FrameKind
    marked: bool = False

    @property
    def synthetic(self) -> bool:
        """Whether the table is simulated: its schema says so, or the result that it is."""
        import pyarrow as pa

        metadata = pa.RecordBatchReader.from_stream(self.stream).schema.metadata or {}
        return self.marked or metadata.get(SYNTHETIC) == b"true"

    @property
    def columns(self) -> list[str]:
        """Column names, in order."""
        import pyarrow as pa

        # Only the schema of the stream is read, not its rows.
        return list(pa.RecordBatchReader.from_stream(self.stream).schema.names)

    def narrowed(self, columns: Iterable[str]) -> Source:
        """The same table for a function that reads ``columns`` only: files are read no further than that."""
        narrow = getattr(self.stream, "narrowed", None)
        return self if narrow is None else Source(narrow(list(dict.fromkeys(columns))), self.kind)

    def to_arrow(self) -> Any:
        """The whole table as pyarrow (chunks are viewed, not copied)."""
        import pyarrow as pa

        return pa.table(self.stream)


def read(table: Any) -> Source:
    """Take a table in.

    Parameters
    ----------
    table
        A pandas or polars DataFrame, a polars LazyFrame (collected), a pyarrow Table, RecordBatch
        or RecordBatchReader, a DuckDB relation, a `gf.scan`, a gofal result, anything else that speaks the
        Arrow C stream protocol, or a mapping of column names to sequences. A pandas index is
        not read: reset it into columns first.

    Returns
    -------
    Source
        A stream that can be read more than once, and the caller's kind.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(table, Source):
        return table
    module = type(table).__module__.split(".")[0]
    if isinstance(table, Mapping):
        import pyarrow as pa

        try:
            return Source(pa.table(dict(table)), "pyarrow")
        except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
            message = f"columns of unequal length or mixed types: {error}"
            raise InputError(message, kind="wrong_type") from error
    if hasattr(table, "_cells"):
        # A scan: its files are read by whoever needs them.
        return Source(table._rows, "pyarrow")
    if module == "polars":
        if type(table).__name__ == "LazyFrame":
            return Source(table.collect(), "polars")
        if type(table).__name__ == "DataFrame":
            return Source(table, "polars")
    elif module == "pandas":
        if type(table).__name__ == "DataFrame":
            return Source(_pandas(table), "pandas")
    elif hasattr(table, "__arrow_c_stream__"):
        marked = getattr(getattr(table, "provenance", None), "synthetic", False)
        return Source(_reusable(table), "pyarrow", bool(marked))
    elif hasattr(table, "__arrow_c_array__") and hasattr(table, "schema"):
        import pyarrow as pa

        return Source(pa.Table.from_batches([pa.record_batch(table)]), "pyarrow")
    message = (
        f"expected a table (pandas or polars DataFrame, pyarrow Table, DuckDB relation, mapping of "
        f"columns), got {type(table).__module__}.{type(table).__name__}"
    )
    if type(table).__name__ in {"Series", "Array", "ChunkedArray", "ndarray", "list"}:
        message += "; put it into a table with a column name"
    raise InputError(message, kind="wrong_type", got=type(table).__name__)


def _pandas(table: Any) -> Any:
    """A pandas frame as Arrow; object columns of mixed types cannot cross."""
    import pyarrow as pa

    names = [str(name) for name in table.columns]
    try:
        return pa.Table.from_pandas(table.set_axis(names, axis=1), preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        message = f"a pandas column has mixed or unsupported types: {error}"
        raise InputError(message, kind="wrong_type") from error


def _reusable(table: Any) -> Any:
    """A reader or relation may be read once only: keep what it held."""
    import pyarrow as pa

    if isinstance(table, pa.Table | pa.RecordBatch):
        return table
    try:
        return pa.table(table)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError) as error:
        message = f"not a readable table: {error}"
        raise InputError(message, kind="wrong_type", got=type(table).__name__) from error
