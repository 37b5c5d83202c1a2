"""Make, check and identify the Arrow tables inside a result."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from gofal.results.columns import GLOSSARY, check

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["digest", "into_table", "verify"]

_TEXT = ("text", "word")


def into_table(value: Any) -> pa.Table:
    """Return an Arrow table from a kernel's table, any stream, or a dict of columns.

    A column of nulls only gets the type its format implies, so that the schema of a result does
    not depend on its values. A dict may hold scalars, which make one row.
    """
    import pyarrow as pa

    if isinstance(value, Mapping):
        columns = {k: v if _is_column(v) else [v] for k, v in value.items()}
        table = pa.table(columns)
    else:
        table = pa.table(value)
    for i, field in enumerate(table.schema):
        if pa.types.is_null(field.type):
            wanted = _null_type(field.name)
            table = table.set_column(i, field.name, pa.nulls(table.num_rows, wanted))
    return table.replace_schema_metadata(None).combine_chunks()


def verify(part: str, table: pa.Table, keys: tuple[str, ...]) -> None:
    """Refuse a table that breaks the contract of results.

    Columns from the glossary or among the keys, each once; no NaN; limits in order; p-values
    and levels within 0 and 1; a missing estimate says why in ``reason``; one row of glance.
    """
    import pyarrow.compute as pc

    names = table.column_names
    check(names, keys)
    if len(set(names)) < len(names):
        _refuse(part, f"a column twice among {', '.join(names)}")
    if part == "glance" and table.num_rows != 1:
        _refuse(part, f"{table.num_rows} rows; expected one")
    for name in names:
        if name not in keys:
            _verify_values(part, name, table.column(name))
    for low, high in (("conf_low", "conf_high"), ("limit_low", "limit_high")):
        if low in names and high in names:
            row = _first(pc.greater(table.column(low), table.column(high)))
            if row is not None:
                _refuse(part, f"row {row}: {low} above {high}")
    if part == "tidy" and "estimate" in names:
        blank = pc.is_null(table.column("estimate"))
        if "reason" in names:
            blank = pc.and_(blank, pc.is_null(table.column("reason")))
        row = _first(blank)
        if row is not None:
            _refuse(part, f"row {row}: no estimate and no reason why")


def digest(parts: Iterable[tuple[str, pa.Table]], *extra: str) -> str:
    """Return an identifier of content: equal tables give equal text, on any machine."""
    seal = hashlib.sha256()
    for text in extra:
        seal.update(text.encode() + b"\x00")
    for name, table in parts:
        seal.update(f"{name}\x1f{table.num_rows}\x1e".encode())
        for field in table.schema:
            seal.update(f"{field.name}\x1f{field.type}\x1e".encode())
            for value in table.column(field.name).to_pylist():
                # repr of a float is its shortest exact form: no two floats share one.
                seal.update(f"{value!r}\x1f".encode())
    return seal.hexdigest()


def _is_column(value: Any) -> bool:
    return isinstance(value, list | tuple) or hasattr(value, "__array__") or hasattr(value, "type")


def _null_type(name: str) -> pa.DataType:
    import pyarrow as pa

    shown = GLOSSARY[name].format if name in GLOSSARY else "text"
    if shown in _TEXT:
        return pa.string()
    if shown == "flag":
        return pa.bool_()
    return pa.int64() if shown in ("count", "integer") else pa.float64()


def _verify_values(part: str, name: str, values: pa.ChunkedArray) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_floating(values.type):
        return
    row = _first(pc.is_nan(values))
    if row is not None:
        _refuse(part, f"row {row}: {name} is NaN; expected null and a reason")
    if name in GLOSSARY and GLOSSARY[name].format in ("p", "level"):
        row = _first(pc.or_(pc.less(values, 0.0), pc.greater(values, 1.0)))
        if row is not None:
            _refuse(part, f"row {row}: {name} is {values[row].as_py()!r}; expected 0 to 1")


def _first(flags: pa.ChunkedArray) -> int | None:
    """Return the first row whose flag is true."""
    import pyarrow.compute as pc

    row = int(pc.index(flags, True).as_py())
    return None if row < 0 else row


def _refuse(part: str, complaint: str) -> NoReturn:
    from gofal.errors import GofalError

    # Not the caller's fault: a result that breaks its own contract must not exist.
    raise GofalError(f"{part} of a result: {complaint}")
