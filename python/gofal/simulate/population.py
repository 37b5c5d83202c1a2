"""Synthetic children, one row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gofal._call import threads
from gofal._check import count
from gofal._table import SYNTHETIC
from gofal.progress import progress
from gofal.simulate.assumptions import Assumptions
from gofal.simulate.wales import AGES, AUTHORITY_CODES, COURT_AREAS, SEXES, areas, world

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ASSUMED", "COLUMNS", "children"]

ASSUMED = b"gofal.assumptions"
"""Key of the schema's metadata under which the assumptions stand."""

COLUMNS = (
    "authority", "small_area", "court_area", "deprivation_quintile", "domestic_abuse",
    "parental_substance_misuse", "parental_mental_ill_health", "age_band", "sex", "year_ending",
    "looked_after",
)  # fmt: skip


def children(n: int, seed: int, *, truth: Assumptions | None = None) -> pa.Table:
    """Draw synthetic children of Wales from a stated model whose true answers are known.

    Shares of children, small areas, deprivation and ages, and the expected rate of care of every authority, are
    published figures; the rest is assumed (see `gofal.simulate.Assumptions`). `gofal.simulate.truth` gives the exact
    answers. Small areas are called SYN0001 and so on: none is a real place. Children are drawn one by one, with
    replacement: their number in an authority varies.

    Parameters
    ----------
    n
        Number of children.
    seed
        Seed of the draw: the same seed gives the same children, on any machine and number of threads. The effects of
        authorities, courts and small areas hang on the seed of ``truth``.
    truth
        Assumptions; the default ones if None.

    Returns
    -------
    pyarrow.Table
        ``authority, small_area, court_area, deprivation_quintile`` (1 most deprived),
        ``domestic_abuse, parental_substance_misuse, parental_mental_ill_health`` (0 and 1),
        ``age_band, sex, year_ending, looked_after`` (0 and 1). The schema's metadata say that the table is
        synthetic, and every result made from it says so.

    Raises
    ------
    InputError
        No child, a negative seed, assumptions that no population can meet.

    References
    ----------
    Walker (1977), ACM Transactions on Mathematical Software 3:253; Bock and Lieberman (1970).

    Examples
    --------
    >>> import gofal as gf
    >>> children = gf.simulate.children(50_000, seed=1)
    >>> children.num_rows, children.column_names[-1]
    (50000, 'looked_after')
    """
    import pyarrow as pa

    count("n", n, 1)
    count("seed", seed, 0)
    assumed = Assumptions() if truth is None else truth
    n_areas = sum(sum(v) for v in areas().values())
    names = {
        "columns": list(COLUMNS), "authorities": list(AUTHORITY_CODES),
        "areas": [f"SYN{i + 1:04d}" for i in range(n_areas)], "courts": list(COURT_AREAS),
        "ages": list(AGES), "sexes": list(SEXES), "years": list(assumed.years),
    }  # fmt: skip
    with progress("rows") as report:
        drawn = world(assumed).children(n, seed, names, threads(), report)
    metadata = {SYNTHETIC: b"true", ASSUMED: assumed.to_json().encode()}
    return pa.table(drawn).replace_schema_metadata(metadata)
