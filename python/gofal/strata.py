"""Risk with and without an exposure, common to several strata."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import level, names, one_of
from gofal._table import read
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.two_by_two import cells_table
from gofal.typing import EXACT_INTERVALS, ExactInterval
from gofal.weights import Weight, weight_of

__all__ = ["StrataResult", "mantel_haenszel"]


class StrataResult(Result):
    """Measures common to strata; ``table("tests")``, ``table("cells")``. See :func:`mantel_haenszel`."""

    _title: ClassVar[Text] = Text(
        "Exposure and outcome over strata", "Amlygiad a chanlyniad dros haenau"
    )
    _about: ClassVar[tuple[str, ...]] = ("n_groups", "statistic", "p_value")
    _formats: ClassVar[Mapping[str, str]] = {"term": "word"}


def mantel_haenszel(
    table: Any,
    outcome: str,
    exposure: str,
    strata: str | Sequence[str],
    *,
    weight: Weight | None = None,
    interval: ExactInterval = "exact",
    conf_level: float | None = None,
) -> StrataResult:
    """Odds ratio, risk ratio and risk difference common to strata, and tests of both assumptions.

    Parameters
    ----------
    table
        One row per child; rows with a null in a named column are dropped and counted.
    outcome, exposure
        Columns of 0 and 1, or of false and true.
    strata
        Column or columns of names or codes; each combination is one stratum.
    weight
        ``gf.frequency("n")`` where a row stands for n children.
    interval
        Of the conditional odds ratio: ``"exact"`` or ``"midp"``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    StrataResult
        ``tidy()``: ``odds_ratio`` (Mantel-Haenszel), ``odds_ratio_conditional``, ``risk_ratio``,
        ``risk_difference``. ``table("tests")``: ``cmh`` and ``cmh_corrected`` (no association),
        ``breslow_day`` and ``tarone`` (one odds ratio fits all strata). ``table("cells")``.

    Raises
    ------
    InputError
        Values other than 0 and 1, by row; an exposure that everybody or nobody has.

    Notes
    -----
    When the homogeneity tests speak against one odds ratio, report the strata apart.

    References
    ----------
    Mantel and Haenszel (1959); Robins, Breslow and Greenland (1986); Greenland and Robins (1985);
    Sato (1989); Breslow and Day (1980); Tarone (1985); Gart (1970).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "care": [1, 0, 1, 0] * 2, "poor": [1, 1, 0, 0] * 2,
    ...     "age": ["0-4"] * 4 + ["5-17"] * 4, "n": [12, 5, 6, 14, 9, 11, 4, 20],
    ... }
    >>> r = gf.mantel_haenszel(t, "care", "poor", "age", weight=gf.frequency("n"))
    >>> [round(r.statistic(term=m).value, 2) for m in ("odds_ratio", "risk_difference")]
    [4.77, 0.34]
    """
    one_of("interval", interval, EXACT_INTERVALS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    by = names("strata", strata)
    weighted = weight_of(weight, allowed=("frequency",))
    column = None if weighted is None else weighted.column
    cells, labels, n, missing = _core.risk_cells(
        source.stream, outcome, exposure, by, column, threads()
    )
    tidy, tests, informative = _core.mantel_haenszel(cells, interval, conf)
    tested = columns_of(tests)
    arguments = {
        "outcome": outcome, "exposure": exposure, "strata": tuple(by), "weight": weighted,
        "interval": interval, "conf_level": conf,
    }  # fmt: skip
    used = [outcome, exposure, *by, *([column] if column else [])]
    return StrataResult.build(
        tidy=columns_of(tidy),
        glance={
            "n_obs": [n], "n_missing": [missing], "n_groups": [len(labels)],
            "n_informative": [informative], "statistic": [tested["statistic"][0]],
            "p_value": [tested["p_value"][0]], "conf_level": [conf],
        },
        provenance=provenance_of(
            "mantel_haenszel", source, used, arguments, n_obs=n, n_missing=missing
        ),
        source=source,
        extra={"tests": tested, "cells": cells_table(labels, cells)},
    )  # fmt: skip
