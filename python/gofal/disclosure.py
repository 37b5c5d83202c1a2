"""What rounding leaves possible: the whole counts that can lie behind printed percentages."""

from __future__ import annotations

from collections.abc import Sequence

from gofal import _core
from gofal.errors import InputError

__all__ = ["possible_count_sets", "possible_counts"]

_LIMIT = 10_000


def possible_counts(percent: float, n: int, *, decimals: int = 0) -> tuple[int, int] | None:
    """The lowest and the highest count of ``n`` that rounds to a printed percentage.

    Parameters
    ----------
    percent
        The percentage as printed.
    n
        The whole it is a percentage of, above 0.
    decimals
        Decimals it is printed with. A half may round either way.

    Returns
    -------
    tuple of int or None
        None if no count can give it: the percentage or the n is wrong (the GRIM test).

    Raises
    ------
    InputError
        ``n`` below 1 or a percentage outside 0 to 100.

    References
    ----------
    Brown and Heathers (2017), Social Psychological and Personality Science 8:363.

    Examples
    --------
    >>> import gofal as gf
    >>> gf.possible_counts(30, 1076), gf.possible_counts(33, 79), gf.possible_counts(21, 44)
    ((318, 328), (26, 26), None)
    """
    _check([percent], n)
    return _core.possible_counts(float(percent), n, decimals)


def possible_count_sets(
    percents: Sequence[float], n: int, *, decimals: int = 0
) -> list[tuple[int, ...]]:
    """Every set of counts that rounds to the printed percentages and adds up to ``n``.

    Parameters
    ----------
    percents
        Percentages as printed, one per category of a whole.
    n
        The whole.
    decimals
        Decimals they are printed with.

    Returns
    -------
    list of tuple
        In lexicographic order; empty if there is none; at most 10,000 sets.

    Raises
    ------
    InputError
        As :func:`possible_counts`.

    Examples
    --------
    >>> import gofal as gf
    >>> gf.possible_count_sets([71, 19, 10], 79)
    [(56, 15, 8)]
    """
    _check(percents, n)
    sets = _core.possible_sets([float(p) for p in percents], n, decimals, _LIMIT)
    return [tuple(s) for s in sets]


def _check(percents: Sequence[float], n: int) -> None:
    if n < 1 or any(not 0 <= p <= 100 for p in percents):
        message = f"expected n of at least 1 and percentages from 0 to 100; got n={n}, {percents}"
        raise InputError(message, kind="values", column="percent", got=list(percents))
