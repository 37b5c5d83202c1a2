"""Risk with and without an exposure: one 2 × 2 table from rows, counts or percentages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import count, level, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Provenance, Result
from gofal.typing import ODDS_RATIO_INTERVALS, ZEROS, OddsRatioInterval, Zero
from gofal.weights import Weight, weight_of

__all__ = [
    "TwoByTwoResult",
    "cells_table",
    "two_by_two",
    "two_by_two_counts",
    "two_by_two_percentages",
]

_HALDANE = Text(
    "A half was added to every cell where the method says haldane.",
    "Ychwanegwyd hanner at bob cell lle mae'r dull yn dweud haldane.",
)


class TwoByTwoResult(Result):
    """Measures of one 2 × 2 table; ``table("cells")`` has the counts. See :func:`two_by_two`."""

    _title: ClassVar[Text] = Text("Exposure and outcome", "Amlygiad a chanlyniad")
    _about: ClassVar[tuple[str, ...]] = ("statistic", "p_value")
    _formats: ClassVar[Mapping[str, str]] = {"term": "word"}

    def notes(self) -> tuple[Text, ...]:
        """Say where cells were corrected."""
        used = self.to_arrow()["method"].to_pylist()
        return (_HALDANE,) if "haldane" in used else ()


def two_by_two(
    table: Any,
    outcome: str,
    exposure: str,
    *,
    weight: Weight | None = None,
    interval: OddsRatioInterval = "wald",
    zero: Zero = "not_available",
    conf_level: float | None = None,
) -> TwoByTwoResult:
    """Odds ratio, risk ratio, risk difference and attributable fractions of a 0/1 exposure.

    The odds ratio reads both ways: that of the outcome by exposure equals that of the exposure by
    outcome. So it alone can be read from a case-control sample, where how many cases there are was
    chosen; the risk ratio, the risk difference and the population fraction need a cohort, a
    cross-section or a census.

    Parameters
    ----------
    table
        One row per child; rows with a null in a named column are dropped and counted.
    outcome, exposure
        Columns of 0 and 1, or of false and true.
    weight
        ``gf.frequency("n")`` where a row stands for n children.
    interval
        Of the odds ratio: ``"wald"`` (on the log); ``"exact"`` (conditional estimate, Fisher's
        limits and p) or ``"midp"``. The others have Wald limits always.
    zero
        What becomes of ratios when a cell is 0: ``"not_available"``, with the reason, or
        ``"haldane"``: ½ is added to all four cells, and ``method`` says so. The exact odds ratio
        needs neither: it may be 0 or infinite, with one limit.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    TwoByTwoResult
        ``tidy()``: ``term, estimate, conf_low, conf_high, p_value`` (exact odds ratio only),
        ``method, interval, reason``; ``glance()``: Pearson's chi-square; ``table("cells")``.

    Raises
    ------
    InputError
        Values other than 0 and 1, by row; an exposure that everybody or nobody has.

    References
    ----------
    Woolf (1955); Katz and others (1978); Jewell (2004), Statistics for Epidemiology, p. 84.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"care": [1, 0, 1, 0], "poor": [1, 1, 0, 0], "n": [30, 44, 29, 86]}
    >>> r = gf.two_by_two(t, "care", "poor", weight=gf.frequency("n"))
    >>> round(r.statistic(term="odds_ratio").value, 2)
    2.02
    >>> round(r.statistic(term="attributable_fraction_population").value, 3)
    0.192
    """
    source = read(table)
    weighted = weight_of(weight, allowed=("frequency",))
    column = None if weighted is None else weighted.column
    cells, _, n, missing = _core.risk_cells(source.stream, outcome, exposure, [], column, threads())
    arguments = {
        "outcome": outcome, "exposure": exposure, "weight": weighted, "interval": interval,
        "zero": zero, "conf_level": conf_level,
    }  # fmt: skip
    used = [outcome, exposure, *([column] if column else [])]
    provenance = provenance_of("two_by_two", source, used, arguments, n_obs=n, n_missing=missing)
    a, b, c, d = cells[0]
    return _one_table(
        (a, a + b), (c, c + d), interval, zero, conf_level, provenance, (n, missing), source
    )


def two_by_two_counts(
    exposed_cases: int,
    exposed_total: int,
    unexposed_cases: int,
    unexposed_total: int,
    *,
    interval: OddsRatioInterval = "wald",
    zero: Zero = "not_available",
    conf_level: float | None = None,
) -> TwoByTwoResult:
    """The measures of :func:`two_by_two` from four published counts.

    Which of the two columns is called exposure does not matter to the odds ratio: with cases
    as the "exposed" and a risk factor as the "outcome" it is the same number. The other measures
    do turn round.

    Parameters
    ----------
    exposed_cases, exposed_total
        Cases among the exposed, and all the exposed.
    unexposed_cases, unexposed_total
        The same of the unexposed.
    interval, zero, conf_level
        As in :func:`two_by_two`.

    Returns
    -------
    TwoByTwoResult
        As :func:`two_by_two`.

    Raises
    ------
    InputError
        Fractions, negative counts, more cases than people, an empty group.

    Examples
    --------
    >>> import gofal as gf
    >>> tea = gf.two_by_two_counts(3, 4, 1, 4, interval="exact")
    >>> s = tea.statistic(term="odds_ratio")
    >>> round(s.value, 3), round(tea.to_arrow()["p_value"][0].as_py(), 4)
    (6.408, 0.4857)
    """
    given = {
        "exposed_cases": exposed_cases, "exposed_total": exposed_total,
        "unexposed_cases": unexposed_cases, "unexposed_total": unexposed_total,
    }  # fmt: skip
    for name, value in given.items():
        count(name, value, 1 if name.endswith("total") else 0)
    n = exposed_total + unexposed_total
    arguments = {**given, "interval": interval, "zero": zero, "conf_level": conf_level}
    return _one_table(
        (exposed_cases, exposed_total), (unexposed_cases, unexposed_total), interval, zero,
        conf_level, _call("two_by_two_counts", arguments, n), (n, 0),
    )  # fmt: skip


def two_by_two_percentages(
    exposed: float,
    n_exposed: int,
    unexposed: float,
    n_unexposed: int,
    *,
    decimals: int = 1,
    conf_level: float | None = None,
) -> TwoByTwoResult:
    """The measures of :func:`two_by_two` from printed percentages, with what rounding leaves open.

    The estimates take the percentages as printed. ``range_low`` and ``range_high`` are the least and
    the greatest estimate over all whole counts that round to them. The odds ratio is the same
    whether the percentages are of exposed people with the outcome or of cases with the exposure
    (see :func:`two_by_two`); the others are not.

    Parameters
    ----------
    exposed, unexposed
        Percentage with the outcome in each group, 0 to 100.
    n_exposed, n_unexposed
        Sizes of the groups.
    decimals
        Decimals the percentages are printed with.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    TwoByTwoResult
        As :func:`two_by_two`, and ``range_low``, ``range_high``: infinite where the rounding
        allows no case in a group, null where it allows 0/0.

    Raises
    ------
    InputError
        A percentage that no count of its group rounds to (the GRIM test).

    Examples
    --------
    Mental health problems of parents in care proceedings and of others, 43.6% and 16.0%:

    >>> import gofal as gf
    >>> r = gf.two_by_two_percentages(
    ...     exposed=43.6, n_exposed=8821, unexposed=16.0, n_unexposed=32006, decimals=1
    ... )
    >>> row = r.to_arrow().to_pylist()[0]
    >>> [round(row[k], 2) for k in ("estimate", "range_low", "range_high")]
    [4.06, 4.04, 4.08]
    """
    count("n_exposed", n_exposed, 1)
    count("n_unexposed", n_unexposed, 1)
    count("decimals", decimals, 0)
    low_high = [
        _counts(exposed, n_exposed, decimals, "exposed"),
        _counts(unexposed, n_unexposed, decimals, "unexposed"),
    ]
    arguments = {
        "exposed": exposed, "n_exposed": n_exposed, "unexposed": unexposed,
        "n_unexposed": n_unexposed, "decimals": decimals, "conf_level": conf_level,
    }  # fmt: skip
    ranges = _core.risk_ranges(low_high[0], n_exposed, low_high[1], n_unexposed)
    n = n_exposed + n_unexposed
    return _one_table(
        (exposed * n_exposed / 100, n_exposed), (unexposed * n_unexposed / 100, n_unexposed),
        "wald", "not_available", conf_level, _call("two_by_two_percentages", arguments, n),
        (n, 0), ranges=ranges,
    )  # fmt: skip


def _one_table(
    exposed: tuple[float, float],
    unexposed: tuple[float, float],
    interval: OddsRatioInterval,
    zero: Zero,
    conf_level: float | None,
    provenance: Provenance,
    rows: tuple[int, int],
    source: Any = None,
    ranges: list[tuple[float | None, float | None]] | None = None,
) -> TwoByTwoResult:
    one_of("interval", interval, ODDS_RATIO_INTERVALS)
    one_of("zero", zero, ZEROS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    out, chi2, p = _core.risk_measures(
        (float(exposed[0]), float(exposed[1])), (float(unexposed[0]), float(unexposed[1])),
        zero, interval, conf,
    )  # fmt: skip
    tidy = columns_of(out)
    if ranges is not None:
        tidy["range_low"] = [low for low, _ in ranges]
        tidy["range_high"] = [high for _, high in ranges]
    (a, n1), (c, n0) = exposed, unexposed
    return TwoByTwoResult.build(
        tidy=tidy,
        glance={
            "n_obs": [rows[0]], "n_missing": [rows[1]], "statistic": [chi2], "df": [1.0],
            "p_value": [p], "conf_level": [conf],
        },
        provenance=provenance,
        source=source,
        extra={"cells": cells_table([""], [(a, n1 - a, c, n0 - c)])},
    )  # fmt: skip


def cells_table(
    labels: list[str], cells: Sequence[tuple[float, float, float, float]]
) -> dict[str, list[Any]]:
    """Cases, people and risk of both groups, two rows per stratum."""
    out: dict[str, list[Any]] = {
        "by": [], "group": [], "events": [], "population": [], "proportion": []
    }  # fmt: skip
    for label, (a, b, c, d) in zip(labels, cells, strict=True):
        for group, cases, people in (("exposed", a, a + b), ("unexposed", c, c + d)):
            out["by"].append(label)
            out["group"].append(group)
            out["events"].append(float(cases))
            out["population"].append(float(people))
            out["proportion"].append(cases / people if people else None)
    return out


def _counts(percent: float, n: int, decimals: int, name: str) -> tuple[int, int]:
    if not 0 <= percent <= 100:
        message = f"{name}={percent!r}; expected a percentage from 0 to 100"
        raise InputError(message, kind="values", column=name, got=percent)
    found = _core.possible_counts(float(percent), n, decimals)
    if found is None:
        message = f"{name}={percent!r}: no count of {n} rounds to it with {decimals} decimals"
        raise InputError(message, kind="values", column=name, got=percent)
    return found


def _call(function: str, arguments: dict[str, Any], n: int) -> Provenance:
    given = {k: v for k, v in arguments.items() if v is not None}
    return Provenance(function=function, arguments=given, n_obs=n, n_missing=0, subject="")
