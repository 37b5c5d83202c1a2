"""Intraclass correlations from mean squares: how alike are rows of a group, or raters of a target."""

from __future__ import annotations

from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import level
from gofal._table import read
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result

__all__ = ["IccResult", "icc"]


class IccResult(Result):
    """Intraclass correlations, one row each. See :func:`icc`."""

    _title: ClassVar[Text] = Text("Intraclass correlation", "Cydberthynas fewnddosbarth")
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "n_groups", "ms_between", "ms_within")
    _formats: ClassVar[dict[str, str]] = {"estimate": "fixed3"}


def icc(
    table: Any,
    outcome: str,
    group: str,
    *,
    rater: str | None = None,
    conf_level: float | None = None,
) -> IccResult:
    """Intraclass correlation by the analysis of variance.

    Parameters
    ----------
    table
        One row per observation (with ``rater``: per target and rater); rows with a null are dropped and counted.
    outcome
        Numeric column.
    group
        Column of groups, or of the targets that are rated.
    rater
        Column of raters, where the same raters rate every target once.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    IccResult
        ``tidy()``: ``term, estimate, statistic, df, df2, p_value`` (F test of no differences between
        groups). Without ``rater``: ``icc1`` (mean group size), ``icc1_n0`` (Donner's n0), ``icc2``
        (reliability of a group's mean). With ``rater`` Shrout and Fleiss's six with limits: ``icc1``
        one-way, ``icc2`` agreement, ``icc3`` consistency, each for one rater and for the mean of all
        (``icc1k`` …). ``glance()``: ``ms_between, ms_within, n0``. Estimates may be negative.

    Raises
    ------
    InputError
        One group, no repeats, a target without a rating by every rater or with two.
    NumericalError
        Raters that differ by a constant only.

    References
    ----------
    Shrout and Fleiss (1979), Psychological Bulletin 86:420; McGraw and Wong (1996); Donner (1986); Bliese (2000).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [81, 84, 92, 60, 61, 66, 110, 118, 121], "area": [*"aaabbbccc"]}
    >>> round(gf.icc(t, "rate", "area").statistic(term="icc1").value, 3)
    0.967
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    tidy, facts = _core.icc(source.stream, outcome, group, rater, conf, threads())
    whole = dict(facts)
    counts = {"n_obs", "n_missing", "n_groups"}
    glance = {k: [int(v) if k in counts else v] for k, v in whole.items()}
    used = [c for c in (outcome, group, rater) if c is not None]
    arguments = {"outcome": outcome, "group": group, "rater": rater, "conf_level": conf}
    return IccResult.build(
        tidy=columns_of(tidy),
        glance={**glance, "conf_level": [conf]},
        provenance=provenance_of(
            "icc",
            source,
            used,
            arguments,
            n_obs=int(whole["n_obs"]),
            n_missing=int(whole["n_missing"]),
        ),
        source=source,
    )
