"""The embedded tables: what there is, and how to get it."""

from __future__ import annotations

import csv
import difflib
import hashlib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NoReturn

from gofal.data.checks import check
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.typing import FrameKind
from gofal.wales.authorities import AUTHORITIES, WALES, authority

__all__ = ["DATASETS", "catalogue", "cite", "data_id", "load", "records", "sources"]

DATASETS = MappingProxyType(
    {
        "looked_after": Text(
            "Children looked after by authority", "Plant sy'n derbyn gofal fesul awdurdod"
        ),
        "care_and_support": Text(
            "Children receiving care and support: rates 2017 to 2023",
            "Plant sy'n derbyn gofal a chymorth: cyfraddau 2017 i 2023",
        ),
        "deprivation": Text(
            "Deprivation by authority and edition", "Amddifadedd fesul awdurdod ac argraffiad"
        ),
        "population": Text("Population by age", "Poblogaeth fesul oedran"),
        "covariates": Text("Social and economic context", "Cyd-destun cymdeithasol ac economaidd"),
        "spending": Text("Social services spending", "Gwariant ar wasanaethau cymdeithasol"),
        "placements": Text(
            "Foster placements by carer and place", "Lleoliadau maeth fesul gofalwr a lle"
        ),
        "placements_reported": Text(
            "Placements as reported at 31 March 2023",
            "Lleoliadau fel yr adroddwyd ar 31 Mawrth 2023",
        ),
        "wales_series": Text("Wales over time, with vintages", "Cymru dros amser, gyda fersiynau"),
        "care_orders": Text(
            "What the study of final care orders printed",
            "Yr hyn a argraffwyd gan yr astudiaeth o orchmynion gofal terfynol",
        ),
        "parental_risk_factors": Text(
            "Parents in care proceedings and matched parents",
            "Rhieni mewn achosion gofal a rhieni cyfatebol",
        ),
    }
)

_FOLDER = files("gofal.data") / "tables"


@cache
def _rows(dataset: str) -> tuple[dict[str, Any], ...]:
    if dataset not in DATASETS:
        _unknown("dataset", dataset, DATASETS)
    text = (_FOLDER / f"{dataset}.csv").read_text(encoding="utf-8")
    out = []
    for row in csv.DictReader(text.splitlines()):
        row["value"] = float(row["value"]) if row["value"] else None
        out.append(row)
    check(out)
    return tuple(out)


@cache
def _sources() -> dict[str, dict[str, str]]:
    text = (_FOLDER / "sources.csv").read_text(encoding="utf-8")
    return {row["source_id"]: row for row in csv.DictReader(text.splitlines())}


@cache
def data_id(dataset: str) -> str:
    """Return the dataset's name and the digest of its content."""
    _rows(dataset)
    content = (_FOLDER / f"{dataset}.csv").read_bytes()
    return f"{dataset}@{hashlib.sha256(content).hexdigest()[:12]}"


def records(
    dataset: str,
    *,
    measure: str | None = None,
    period: str | None = None,
    category: str | None = None,
    area: str | Iterable[str] | None = None,
    vintage: str | None = None,
) -> list[dict[str, Any]]:
    """Return rows of an embedded table as dictionaries; see :func:`load` for the filters."""
    rows = list(_rows(dataset))
    for name, wanted in (("measure", measure), ("period", period), ("category", category)):
        if wanted is None:
            continue
        kept = [r for r in rows if r[name] == wanted]
        if not kept:
            _unknown(name, wanted, {r[name] for r in rows})
        rows = kept
    if area == "authorities":
        rows = [r for r in rows if r["area_code"] != WALES]
    elif area == "wales":
        rows = [r for r in rows if r["area_code"] == WALES]
    elif area is not None:
        codes = {authority(a).code for a in ([area] if isinstance(area, str) else area)}
        rows = [r for r in rows if r["area_code"] in codes]
    rows = _of_vintage(rows, vintage)
    names = {a.code: a.en for a in AUTHORITIES} | {WALES: "Wales"}
    return [{"area_code": r["area_code"], "area_name": names[r["area_code"]], **r} for r in rows]


def _of_vintage(rows: list[dict[str, Any]], vintage: str | None) -> list[dict[str, Any]]:
    """One vintage by name, all of them, or per cell the latest release."""
    if vintage == "all":
        return rows
    if vintage is not None:
        kept = [r for r in rows if r["vintage"] == vintage]
        if not kept:
            _unknown("vintage", vintage, {r["vintage"] for r in rows if r["vintage"]})
        return kept
    latest: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = (row["area_code"], row["period"], row["measure"], row["category"])
        if key not in latest or row["vintage"] >= latest[key]["vintage"]:
            latest[key] = row
    return list(latest.values())


def load(
    dataset: str,
    *,
    measure: str | None = None,
    period: str | None = None,
    category: str | None = None,
    area: str | Iterable[str] | None = None,
    vintage: str | None = None,
    wide: bool = False,
    frame: FrameKind = "auto",
) -> Any:
    """Load an embedded table.

    Parameters
    ----------
    dataset
        An id of :func:`catalogue`.
    measure, period, category
        Keep one of each; all by default.
    area
        ``"authorities"``, ``"wales"``, or names or codes of authorities.
    vintage
        A release by name, or ``"all"``; the latest release of every cell by default.
    wide
        One row per area and period with a column per measure (and category where there are
        several), instead of the tidy form.
    frame
        Kind of frame; the option ``frame`` by default.

    Returns
    -------
    DataFrame or pyarrow.Table
        Tidy columns: ``area_code, area_name, period, measure, category, value, unit, status,
        source_id, vintage, note``. Suppressed cells are null with status ``suppressed``.

    Raises
    ------
    InputError
        An unknown id or filter value; the nearest is offered.

    Examples
    --------
    >>> import gofal as gf
    >>> t = gf.data.load("care_and_support", period="2021-03-31", area="authorities", frame="pyarrow")
    >>> t.num_rows
    22
    """
    import pyarrow as pa

    from gofal.results.frames import into_frame

    rows = records(
        dataset, measure=measure, period=period, category=category, area=area, vintage=vintage
    )
    if wide:
        if vintage == "all":
            message = 'wide=True holds one figure per cell: name a vintage instead of "all"'
            raise InputError(message, kind="option", column="vintage", got=vintage)
        rows = _wide(rows)
    columns = list(dict.fromkeys(k for r in rows for k in r))
    table = pa.table({c: [r.get(c) for r in rows] for c in columns})
    table = table.replace_schema_metadata({"gofal:data_id": data_id(dataset)})
    return into_frame(table, get_options().frame if frame == "auto" else frame)


def _wide(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    categories: dict[str, set[str]] = {}
    for row in rows:
        categories.setdefault(row["measure"], set()).add(row["category"])
    out: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["area_code"], row["period"])
        name = row["measure"]
        if len(categories[name]) > 1:
            name = f"{name}: {row['category']}"
        held = out.setdefault(key, {k: row[k] for k in ("area_code", "area_name", "period")})
        held[name] = row["value"]
    return list(out.values())


def catalogue(*, frame: FrameKind = "auto") -> Any:
    """List the embedded tables.

    Returns
    -------
    DataFrame or pyarrow.Table
        ``dataset, title, title_cy, n_rows, n_measures, periods, n_areas, sources, data_id``.

    Examples
    --------
    >>> import gofal as gf
    >>> "care_and_support" in gf.data.catalogue(frame="pyarrow")["dataset"].to_pylist()
    True
    """
    import pyarrow as pa

    from gofal.results.frames import into_frame

    rows = []
    for name, title in DATASETS.items():
        held = _rows(name)
        periods = sorted({r["period"] for r in held})
        rows.append(
            {
                "dataset": name,
                "title": title.en,
                "title_cy": title.cy,
                "n_rows": len(held),
                "n_measures": len({r["measure"] for r in held}),
                "periods": f"{periods[0]} … {periods[-1]}" if len(periods) > 1 else periods[0],
                "n_areas": len({r["area_code"] for r in held}),
                "sources": len({r["source_id"] for r in held}),
                "data_id": data_id(name),
            }
        )
    table = pa.Table.from_pylist(rows)
    return into_frame(table, get_options().frame if frame == "auto" else frame)


def sources(dataset: str) -> list[dict[str, str]]:
    """Return title, publisher, address, licence and basis of every source of a table."""
    used = sorted({r["source_id"] for r in _rows(dataset)})
    return [dict(_sources()[s]) for s in used]


def cite(dataset: str) -> str:
    """Return the sources of a table as one note.

    Examples
    --------
    >>> import gofal as gf
    >>> "Welsh Government" in gf.data.cite("care_and_support")
    True
    """
    return "; ".join(f"{s['title']} ({s['publisher']}; {s['licence']})" for s in sources(dataset))


def source(source_id: str) -> dict[str, str]:
    """Return one source by its id."""
    if source_id not in _sources():
        _unknown("source_id", source_id, _sources())
    return dict(_sources()[source_id])


def _unknown(what: str, got: str, known: Iterable[str]) -> NoReturn:
    listed = sorted(known)
    near = difflib.get_close_matches(got, listed, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    shown = ", ".join(listed[:30]) + (" …" if len(listed) > 30 else "")
    message = f"no {what} {got!r}{hint}; there are: {shown}"
    raise InputError(
        message,
        kind="option",
        column=what,
        got=got,
        available=listed,
        nearest=near[0] if near else None,
    )
