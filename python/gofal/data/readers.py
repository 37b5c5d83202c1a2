"""Readers for tables of one's own: the tidy form and the StatsWales form. They refuse, with rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gofal._table import read
from gofal.data.checks import check
from gofal.errors import InputError
from gofal.wales.authorities import WALES, authority
from gofal.wales.codes import NOTE_CODES

__all__ = ["read_statswales", "read_tidy"]

_TIDY = ("area_code", "period", "measure", "category", "value", "unit", "status", "source_id")
_STATSWALES = ("YearCode", "AreaCode", "Data", "Measure")


def _arrow(table: Any) -> Any:
    if isinstance(table, str | Path):
        path = Path(table)
        if path.suffix == ".parquet":
            import pyarrow.parquet as pq

            return pq.read_table(path)
        import pyarrow.csv as pc

        return pc.read_csv(path)
    return read(table).to_arrow()


def _require(arrow: Any, columns: tuple[str, ...]) -> None:
    missing = [c for c in columns if c not in arrow.column_names]
    if missing:
        message = f"no column {missing}; the table has {', '.join(arrow.column_names)}"
        raise InputError(message, kind="unknown_column", column=missing[0])


def read_tidy(table: Any) -> Any:
    """Read a table in the tidy form and check it.

    Parameters
    ----------
    table
        A CSV or Parquet path, or a table with the columns of :func:`gofal.data.load`.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        Missing columns, and everything :func:`gofal.data.check` refuses.
    """
    arrow = _arrow(table)
    _require(arrow, _TIDY)
    rows = arrow.to_pylist()
    check([{**r, "area_code": str(r["area_code"]), "period": str(r["period"])} for r in rows])
    return arrow


def read_statswales(table: Any, *, unit: str, source_id: str) -> Any:
    """Read a table in the new StatsWales form into the tidy one.

    Parameters
    ----------
    table
        A CSV path or table with ``YearCode, AreaCode, Data, Measure`` and, if present,
        ``NoteCodes``.
    unit, source_id
        Stated by the caller: the file does not say.

    Returns
    -------
    pyarrow.Table
        Tidy columns; cells with note code ``c`` are suppressed.

    Raises
    ------
    InputError
        Unknown areas or note codes, empty cells without a note, duplicates.

    Examples
    --------
    >>> from gofal.data import read_statswales
    >>> raw = {"YearCode": ["202324"], "AreaCode": [552], "Data": [1040.0], "Measure": ["cla"]}
    >>> read_statswales(raw, unit="count", source_id="own")["area_code"].to_pylist()
    ['W06000015']
    """
    import pyarrow as pa

    arrow = _arrow(table)
    _require(arrow, _STATSWALES)
    out = []
    for i, row in enumerate(arrow.to_pylist()):
        notes = [n for n in str(row.get("NoteCodes") or "").replace(",", " ").split() if n]
        strange = [n for n in notes if n not in NOTE_CODES]
        if strange:
            message = f'column "NoteCodes", row {i}: unknown note code {strange}'
            raise InputError(message, kind="values", column="NoteCodes", rows=[i], n=1, got=strange)
        code = str(row["AreaCode"])
        year = str(row["YearCode"])
        period = f"{year[:4]}-{year[4:]}" if len(year) == 6 else year
        out.append(
            {
                "area_code": WALES if code in {"596", WALES} else authority(code).code,
                "period": period,
                "measure": str(row["Measure"]),
                "category": "all",
                "value": None if "c" in notes else row["Data"],
                "unit": unit,
                "status": "suppressed" if "c" in notes else "exact",
                "source_id": source_id,
                "vintage": "",
                "note": " ".join(notes),
            }
        )
    check(out)
    return pa.Table.from_pylist(out)
