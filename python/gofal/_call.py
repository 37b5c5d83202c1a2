"""What every method does on the way to its kernel and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gofal import _core
from gofal._table import Source
from gofal.options import get_options
from gofal.results import Provenance

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["DEFAULT_SEED", "columns_of", "first_repeat", "provenance_of", "threads"]


DEFAULT_SEED = 20_190_331
"""Seed of everything drawn unless another is given: the same call gives the same bits."""


def threads() -> int:
    """The number of threads the options ask for; 0 is all there are."""
    return int(get_options().threads)


def columns_of(table: Any) -> dict[str, list[Any]]:
    """The columns of a kernel's table as lists."""
    import pyarrow as pa

    read: pa.Table = pa.table(table)
    return dict(read.to_pydict())


def provenance_of(
    function: str,
    source: Source,
    columns: Sequence[str],
    arguments: Mapping[str, Any],
    *,
    n_obs: int,
    n_missing: int,
    seed: int | None = None,
) -> Provenance:
    """The call behind a result, with the content hash of the columns it read."""
    return Provenance(
        function=function,
        arguments={k: v for k, v in arguments.items() if v is not None and v != ()},
        data_id=_core.fingerprint(source.stream, list(dict.fromkeys(columns)), threads()),
        n_obs=n_obs,
        n_missing=n_missing,
        seed=seed,
        synthetic=source.synthetic,
    )


def first_repeat(source: Source, keys: Sequence[str]) -> tuple[list[int], str] | None:
    """Rows (0-based) that repeat an earlier key, and the first such key; None if there are none."""
    if not keys:
        return None
    import pyarrow as pa

    held = pa.table(source.stream).select(list(keys)).to_pydict()
    seen: set[tuple[Any, ...]] = set()
    repeats: list[int] = []
    example = ""
    for row, key in enumerate(zip(*held.values(), strict=True)):
        if key in seen:
            repeats.append(row)
            example = example or ", ".join(map(str, key))
        seen.add(key)
    return (repeats, example) if repeats else None
