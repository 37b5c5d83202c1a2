"""Give tables back in the caller's own kind of frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gofal.options import get_options
from gofal.typing import FrameKind

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["into_frame"]


def into_frame(table: pa.Table, kind: FrameKind) -> Any:
    """Return an Arrow table as a frame.

    Parameters
    ----------
    table
        The table.
    kind
        Kind the caller used; the option ``frame`` overrides it unless it is ``"auto"``. When
        neither says, the table stays pyarrow, which is always installed.
    """
    wanted = get_options().frame
    if wanted == "auto":
        wanted = kind
    if wanted == "pandas":
        return table.to_pandas()
    if wanted == "polars":
        import polars as pl

        return pl.from_arrow(table)
    return table
