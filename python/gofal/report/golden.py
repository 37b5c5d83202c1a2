"""Has anything moved? The numbers, figures and data of today against a stored set.

The golden file holds, per study, every number of tables, claims and figure records rounded to ten
significant digits (processors may differ in the last bits), a digest of each figure's
specification without its data, and the digest of each embedded table. So a move can be told apart:
the *data* changed, a *number* changed while the data did not, or only the *spec* (look or words) of
a figure did.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gofal.data.catalogue import DATASETS, data_id
from gofal.language import Text
from gofal.report.build import claims_of
from gofal.results import NotAvailable
from gofal.studies import STUDIES, Study

__all__ = ["Move", "check", "snapshot", "update"]

_FILE = "report.json"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that differs from the golden set.

    Attributes
    ----------
    kind
        ``data``, ``number``, ``spec``, ``added`` or ``removed``.
    where
        Study and place.
    before, after
        Golden value and today's.
    """

    kind: str
    where: str
    before: object
    after: object

    def __str__(self) -> str:
        """Return the move as one line."""
        return f"{self.kind:8} {self.where}: {self.before} → {self.after}"


def _round(value: object) -> object:
    if isinstance(value, Text):
        return value.en
    if isinstance(value, float):
        return float(f"{value:.10g}")
    if isinstance(value, NotAvailable):
        return str(value)
    return value


def _numbers(study: Study) -> Iterator[tuple[str, object]]:
    for table in study.tables:
        for i, row in enumerate(table.rows):
            for name in table.columns:
                yield f"{study.id}/table {table.id}/{i}/{name}", _round(row.get(name))
    for figure in study.figures:
        for i, row in enumerate(figure.build("en").records):
            for name, value in row.items():
                yield f"{study.id}/figure {figure.id}/{i}/{name}", _round(value)
    for _, claim in claims_of([study]):
        yield f"{study.id}/claim {claim.id}", _round(claim.computed)
        yield f"{study.id}/claim {claim.id}/verdict", claim.verdict


def _spec(spec: Any) -> Any:
    """Return a specification without its data."""
    if isinstance(spec, dict):
        return {k: _spec(v) for k, v in spec.items() if k not in {"values", "description", "text"}}
    if isinstance(spec, list | tuple):
        return [_spec(v) for v in spec]
    return _round(spec)


def snapshot() -> dict[str, dict[str, Any]]:
    """Return numbers, figure specifications and data digests of today."""
    studies = [make() for make in STUDIES.values()]
    specs = {}
    for study in studies:
        for figure in study.figures:
            text = json.dumps(_spec(dict(figure.build("en").spec)), sort_keys=True)
            specs[f"{study.id}/{figure.id}"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return {
        "data": {name: data_id(name) for name in DATASETS},
        "number": dict(pair for study in studies for pair in _numbers(study)),
        "spec": specs,
    }


def update(folder: str | Path) -> Path:
    """Store today's set as the golden one.

    Parameters
    ----------
    folder
        Where the golden file lives.

    Returns
    -------
    Path
        The file written.
    """
    target = Path(folder) / _FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(snapshot(), ensure_ascii=False, indent=0, sort_keys=True)
    target.write_text(text + "\n", encoding="utf-8")
    return target


def check(folder: str | Path) -> list[Move]:
    """Compare today's set with the golden one.

    Parameters
    ----------
    folder
        Where the golden file lives.

    Returns
    -------
    list of Move
        Empty if nothing moved.

    Raises
    ------
    FileNotFoundError
        If there is no golden set.
    """
    before = json.loads((Path(folder) / _FILE).read_text(encoding="utf-8"))
    # Through JSON once, so that what JSON cannot tell apart (tuples, integers as floats) is the same.
    after = json.loads(json.dumps(snapshot(), ensure_ascii=False))
    moves = []
    for kind in ("data", "number", "spec"):
        old, new = before[kind], after[kind]
        for where in [*old, *(k for k in new if k not in old)]:
            if where not in new:
                moves.append(Move("removed", where, old[where], None))
            elif where not in old:
                moves.append(Move("added", where, None, new[where]))
            elif not _same(old[where], new[where]):
                moves.append(Move(kind, where, old[where], new[where]))
    return moves


def _same(a: object, b: object) -> bool:
    """Equal, or numbers equal to nine digits: the tenth may round either way."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    return a == b
