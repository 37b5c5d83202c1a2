"""Files as a table that is never held whole: Parquet and CSV, one or many."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gofal import _core
from gofal._call import threads
from gofal._check import names
from gofal._table import Source
from gofal.errors import InputError

__all__ = ["Scan", "scan"]

_PARQUET = (".parquet", ".pq")
_CSV = (".csv", ".csv.gz")
_BLOCK = 1 << 22
"""Bytes of CSV read at a time; the types of columns come from the first such block."""


@dataclass(frozen=True, eq=False)
class Scan:
    """Files that stand for one table; any function that takes a table takes a scan. See :func:`scan`.

    Attributes
    ----------
    files
        The files, in the order they are read.
    format
        ``"parquet"`` or ``"csv"``.
    columns
        Names of the columns, in order.
    n_rows
        Rows, as Parquet files say; None for CSV, which must be read to know.
    """

    files: tuple[str, ...]
    format: str
    columns: tuple[str, ...]
    n_rows: int | None
    _rows: Any

    def select(self, columns: str | Iterable[str]) -> Scan:
        """Return the same files with fewer columns.

        Parameters
        ----------
        columns
            Names of the columns to keep.
        """
        return _open(self.files, self.format, names("columns", columns))

    @property
    def synthetic(self) -> bool:
        """Whether a file says that its rows are simulated."""
        return Source(self._rows, "pyarrow").synthetic

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows over, batch after batch."""
        return self._rows.__arrow_c_stream__(requested_schema)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by the names of the files, which are opened again."""
        return _open, (self.files, self.format, list(self.columns))

    def __repr__(self) -> str:
        """Say what is scanned."""
        kind = {"parquet": "Parquet", "csv": "CSV"}[self.format]
        files = f"{len(self.files)} {kind} file{'s' if len(self.files) > 1 else ''}"
        rows = "" if self.n_rows is None else f"{self.n_rows:,} rows, "
        shown = ", ".join(self.columns[:6]) + (", …" if len(self.columns) > 6 else "")
        return f"Scan of {files}: {rows}{len(self.columns)} columns ({shown})"

    def _cells(
        self,
        outcome: str | None,
        by: list[str],
        weight: str | None,
        report: Callable[[int, int], None] | None,
    ) -> tuple[Any, int, int]:
        """Cells of the rows: the table, rows read, rows left out."""
        if self.format == "parquet":
            out: tuple[Any, int, int] = self._rows.cells(by, outcome, weight, threads(), report)
            return out
        used = [c for c in dict.fromkeys([*by, outcome, weight]) if c is not None]
        return _core.cells_of_stream(
            self._rows.select(used), by, outcome, weight, threads(), report
        )


@dataclass(frozen=True)
class CsvFiles:
    """CSV files, read anew by everybody who asks for a stream."""

    files: tuple[str, ...]
    columns: list[str]
    schema: Any

    @classmethod
    def open(cls, files: tuple[str, ...], columns: list[str] | None) -> CsvFiles:
        """Take the types of the columns from the beginning of the first file."""
        schema = _csv(files[0], None, None).schema
        held = cls(files, list(schema.names), schema)
        return held if columns is None else held.select(columns)

    def select(self, columns: list[str]) -> CsvFiles:
        """Return the same files with fewer columns."""
        for name in columns:
            if name not in self.schema.names:
                message = (
                    f'no column named "{name}"; the files have: {", ".join(self.schema.names)}'
                )
                raise InputError(
                    message, kind="unknown_column", column=name, available=list(self.schema.names)
                )
        return CsvFiles(self.files, list(dict.fromkeys(columns)), self.schema)

    def narrowed(self, columns: list[str]) -> Any:
        """The named columns in memory, text as codes."""
        import pyarrow as pa

        held = self.select(columns)
        schema = pa.schema([self.schema.field(c) for c in held.columns])
        batches = []
        for batch in held._batches():
            coded = [
                c.dictionary_encode() if pa.types.is_string(c.type) else c for c in batch.columns
            ]
            batches.append(pa.table(coded, names=held.columns))
        return pa.concat_tables(batches) if batches else schema.empty_table()

    def _batches(self) -> Iterator[Any]:
        import pyarrow as pa

        types = {c: self.schema.field(c).type for c in self.columns}
        for file in self.files:
            try:
                yield from _csv(file, self.columns, types)
            except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
                message = (
                    f"{file}: {error}; the types of the columns are those of the beginning of {self.files[0]}: "
                    "write the files as Parquet, or mend the column"
                )
                raise InputError(message, kind="file", got=file) from error

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows over, batch after batch."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(c) for c in self.columns])
        reader = pa.RecordBatchReader.from_batches(schema, self._batches())
        return reader.__arrow_c_stream__(requested_schema)


def _csv(file: str, columns: list[str] | None, types: dict[str, Any] | None) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    try:
        return csv.open_csv(
            file,
            read_options=csv.ReadOptions(block_size=_BLOCK, use_threads=False),
            convert_options=csv.ConvertOptions(
                include_columns=columns, column_types=types, strings_can_be_null=True
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, OSError) as error:
        message = f"{file}: not a readable CSV file: {error}"
        raise InputError(message, kind="file", got=file) from error


def scan(
    path: str | Path | Iterable[str | Path], *, columns: str | Iterable[str] | None = None
) -> Scan:
    """Take Parquet or CSV files as one table, without reading them into memory.

    `gf.cells` and the models read such a table in one pass (or a few), row group by row group; see the
    page on cells for what each function holds.

    Parameters
    ----------
    path
        A file, a pattern (``"children/*.parquet"``), a folder (all its Parquet or CSV files, in the order of
        their names; names that begin with ``_`` or ``.`` are passed over), or several of these. ``.csv.gz`` is
        read too. All files must have the same columns, of the same types.
    columns
        Columns to keep; all by default. Functions read only the columns they use, so this is a matter of
        tidiness, except where a function takes whole tables.

    Returns
    -------
    Scan
        ``columns``, ``n_rows`` (Parquet), and the rows for whoever reads Arrow streams. Text comes as dictionary
        codes from Parquet.

    Raises
    ------
    InputError
        No such file, a file that cannot be read, files whose columns differ (file and column are named).

    Examples
    --------
    >>> import gofal as gf, pyarrow as pa, pyarrow.parquet as pq, tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     t = pa.table({"abuse": [0, 1, 1], "care": [0, 0, 1]})
    ...     pq.write_table(t, pathlib.Path(folder) / "2023.parquet")
    ...     pq.write_table(t, pathlib.Path(folder) / "2024.parquet")
    ...     gf.cells(gf.scan(folder), "care", by="abuse").to_arrow()["n"].to_pylist()
    [2, 4]
    """
    files = _files(path)
    return _open(files, _format(files), None if columns is None else names("columns", columns))


def _open(files: tuple[str, ...], kind: str, columns: list[str] | None) -> Scan:
    if kind == "parquet":
        rows = _core.Scan(list(files), columns)
        return Scan(files, kind, tuple(rows.columns), rows.n_rows, rows)
    held = CsvFiles.open(files, columns)
    return Scan(files, kind, tuple(held.columns), None, held)


def _files(path: str | Path | Iterable[str | Path]) -> tuple[str, ...]:
    """Every file meant, each once, in order."""
    listed = [path] if isinstance(path, str | Path) else list(path)
    found: list[str] = []
    for one in listed:
        text = str(one)
        if Path(text).is_dir():
            inside = [p for p in sorted(Path(text).rglob("*")) if _wanted(p, Path(text))]
            found += [str(p) for p in inside]
        elif Path(text).exists():
            found.append(text)
        elif glob.has_magic(text):
            found += sorted(p for p in glob.glob(text, recursive=True) if Path(p).is_file())  # noqa: PTH207
        else:
            message = f"{text}: no such file or folder"
            raise InputError(message, kind="file", got=text)
    if not found:
        message = f"{', '.join(map(str, listed)) or 'path'}: no Parquet or CSV file there"
        raise InputError(message, kind="file", got=[str(p) for p in listed])
    return tuple(dict.fromkeys(found))


def _wanted(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(("_", ".")) for part in path.relative_to(folder).parts)
    return path.is_file() and not hidden and path.name.lower().endswith((*_PARQUET, *_CSV))


def _format(files: tuple[str, ...]) -> str:
    kinds = {file: _kind(file) for file in files}
    unknown = next((f for f, kind in kinds.items() if kind is None), None)
    if unknown is not None:
        message = f"{unknown}: neither Parquet nor CSV; expected .parquet, .pq, .csv or .csv.gz"
        raise InputError(message, kind="file", got=unknown)
    if len(set(kinds.values())) > 1:
        message = "path: Parquet and CSV files together; scan them apart, then merge their cells"
        raise InputError(message, kind="file", got=list(files)[:10])
    return str(kinds[files[0]])


def _kind(file: str) -> str | None:
    name = file.lower()
    if name.endswith(_PARQUET):
        return "parquet"
    if name.endswith(_CSV):
        return "csv"
    try:
        with Path(file).open("rb") as held:
            return "parquet" if held.read(4) == b"PAR1" else None
    except OSError as error:
        message = f"{file}: {error}"
        raise InputError(message, kind="file", got=file) from error
