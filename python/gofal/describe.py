"""What is in a table: counts, means, spread of its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import names
from gofal._table import read
from gofal.language import Text
from gofal.results import Result

__all__ = ["DescribeResult", "describe"]


class DescribeResult(Result):
    """One row per column; see :func:`describe`."""

    _title: ClassVar[Text] = Text("Columns of the table", "Colofnau'r tabl")


def describe(table: Any, columns: str | Iterable[str]) -> DescribeResult:
    """Describe numeric columns.

    Parameters
    ----------
    table
        Any table.
    columns
        Names of numeric columns.

    Returns
    -------
    DescribeResult
        ``term, n_obs, n_missing, mean, sd, min, median, max``; nulls are dropped per column.

    Raises
    ------
    InputError
        Unknown or non-numeric column; NaN or infinity (write missing values as null).

    Examples
    --------
    >>> import gofal as gf
    >>> d = gf.describe({"rate": [1.0, None, 3.0]}, "rate").to_arrow()
    >>> d["mean"][0].as_py(), d["n_missing"][0].as_py()
    (2.0, 1)
    """
    source = read(table)
    listed = names("columns", columns)
    tidy = columns_of(_core.describe(source.stream, listed, threads()))
    n = source.to_arrow().num_rows
    missing = max(tidy["n_missing"])
    return DescribeResult.build(
        tidy=tidy,
        glance={"n_obs": [n], "n_missing": [missing]},
        provenance=provenance_of(
            "describe", source, listed, {"columns": tuple(listed)}, n_obs=n, n_missing=missing
        ),
        source=source,
    )
