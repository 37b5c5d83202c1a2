"""Rates and proportions of areas with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, first_repeat, provenance_of, threads
from gofal._check import level, names, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import PROPORTION_INTERVALS, RATE_INTERVALS, ProportionInterval, RateInterval

__all__ = ["RateResult", "multinomial_proportions", "proportion", "rate", "rate_ratio"]


class RateResult(Result):
    """Rates, proportions or ratios, one row each; see :func:`rate` and :func:`proportion`."""

    _title: ClassVar[Text] = Text("Rates with intervals", "Cyfraddau gyda chyfyngau")
    _figure_kind: ClassVar[str | None] = "caterpillar"
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "rate"}
    _about: ClassVar[tuple[str, ...]] = ("n_obs", "n_missing")


class ProportionResult(RateResult):
    """Proportions."""

    _title: ClassVar[Text] = Text("Proportions with intervals", "Cyfrannau gyda chyfyngau")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "number"}


def rate(
    table: Any,
    events: str,
    population: str,
    *,
    base: float = 10_000,
    keys: str | Sequence[str] = (),
    interval: RateInterval = "byar",
    conf_level: float | None = None,
) -> RateResult:
    """Crude rates per any base.

    Parameters
    ----------
    table
        One row per area (and period).
    events
        Column of counts, 0 or more; whole numbers unless ``interval="byar"``.
    population
        Column of people at risk, above 0.
    base
        What the rate is per: 10,000 children by default.
    keys
        Columns that identify a row (authority, year). They are passed through, and a key that
        comes twice is refused.
    interval
        ``"byar"``; ``"exact"`` (Garwood); ``"midp"``; ``"phe"`` (exact below ten events, else
        Byar).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    RateResult
        ``tidy()``: keys, ``events``, ``population``, ``estimate`` (per base), ``conf_low``,
        ``conf_high``, ``reason``. A null count or population gives a null estimate with reason
        "missing", and is counted in ``n_missing``.

    Raises
    ------
    InputError
        Negative events, zero population, NaN, a repeated key: named by column and row.

    Notes
    -----
    Byar's limits of a count x are x(1 - 1/(9x) - z/(3√x))³ and (x+1)(1 - 1/(9(x+1)) + z/(3√(x+1)))³.

    References
    ----------
    Breslow and Day (1987), Statistical Methods in Cancer Research II, p. 69; Garwood (1936).

    Examples
    --------
    >>> import gofal as gf
    >>> areas = {"area": ["Powys", "Torfaen"], "cla": [250, 390], "children": [24420, 19120]}
    >>> r = gf.rate(areas, "cla", "children", keys="area")
    >>> [round(v, 1) for v in r.to_arrow()["estimate"].to_pylist()]
    [102.4, 204.0]
    """
    one_of("interval", interval, RATE_INTERVALS)
    source, by, conf = _prepare(table, keys, conf_level)
    if not base > 0:
        message = f"base={base!r}; expected a positive number such as 10_000"
        raise InputError(message, kind="option", column="base", expected="> 0", got=base)
    out = columns_of(
        _core.rate(source.stream, events, population, float(base), interval, conf, threads())
    )
    arguments = {
        "events": events, "population": population, "base": base, "keys": tuple(by),
        "interval": interval, "conf_level": conf,
    }  # fmt: skip
    return _result(RateResult, "rate", source, by, (events, population), out, arguments)


def proportion(
    table: Any,
    numerator: str,
    denominator: str,
    *,
    base: float = 1,
    keys: str | Sequence[str] = (),
    interval: ProportionInterval = "wilson",
    population_size: int | None = None,
    conf_level: float | None = None,
) -> RateResult:
    """Proportions, with the finite-population correction where a share of everybody was sampled.

    Parameters
    ----------
    table
        One row per group.
    numerator, denominator
        Columns of whole counts, numerator no larger than denominator.
    base
        1 for proportions, 100 for percentages.
    keys
        Columns that identify a row.
    interval
        ``"wilson"``, ``"exact"`` (Clopper-Pearson; hypergeometric with ``population_size``),
        ``"jeffreys"``, ``"agresti_coull"`` or ``"midp"``.
    population_size
        The finite population that the denominators were drawn from without replacement. Takes
        ``"wilson"`` (effective sample n(N - 1)/(N - n)) or ``"exact"``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    RateResult
        Columns as in :func:`rate`.

    Raises
    ------
    InputError
        More events than the denominator, fractions, NaN, an interval that has no finite form.

    References
    ----------
    Wilson (1927); Clopper and Pearson (1934); Brown, Cai and DasGupta (2001); Wright (1991).

    Examples
    --------
    >>> import gofal as gf
    >>> sample = {"unplanned": [26], "children": [79]}
    >>> s = gf.proportion(sample, "unplanned", "children", base=100, population_size=1076)
    >>> low, high = s.to_arrow()["conf_low"][0].as_py(), s.to_arrow()["conf_high"][0].as_py()
    >>> round(low, 1), round(high, 1)
    (23.9, 43.4)
    """
    one_of("interval", interval, PROPORTION_INTERVALS)
    if population_size is not None and interval not in {"wilson", "exact"}:
        message = f'interval={interval!r}: a finite population takes "wilson" or "exact"'
        raise InputError(message, kind="option", column="interval", got=interval)
    source, by, conf = _prepare(table, keys, conf_level)
    size = None if population_size is None else float(population_size)
    out = columns_of(
        _core.proportion_limits(
            source.stream, numerator, denominator, float(base), interval, conf, size, threads()
        )
    )
    arguments = {
        "numerator": numerator, "denominator": denominator, "base": base, "keys": tuple(by),
        "interval": interval, "population_size": population_size, "conf_level": conf,
    }  # fmt: skip
    return _result(
        ProportionResult, "proportion", source, by, (numerator, denominator), out, arguments
    )


def _prepare(
    table: Any, keys: str | Sequence[str], conf_level: float | None
) -> tuple[Any, list[str], float]:
    source = read(table)
    by = names("keys", keys)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    repeat = first_repeat(source, by)
    if repeat:
        rows, example = repeat
        message = (
            f"duplicate rows for key ({', '.join(by)}): {len(rows)} row(s), first at row "
            f"{rows[0]}: {example}; filter or aggregate first"
        )
        raise InputError(
            message, kind="duplicate", columns=by, rows=rows[:10], n=len(rows), got=example
        )
    return source, by, conf


def _result(
    cls: type[RateResult],
    function: str,
    source: Any,
    by: list[str],
    counts: tuple[str, str],
    out: dict[str, list[Any]],
    arguments: dict[str, Any],
) -> RateResult:
    held = source.to_arrow().select([*by, *counts]).to_pydict()
    labels = ("events", "population") if function == "rate" else ("numerator", "denominator")
    tidy = {name: held[name] for name in by}
    tidy |= {label: held[name] for label, name in zip(labels, counts, strict=True)}
    tidy |= out
    n_missing = sum(v is None for v in out["estimate"])
    n = len(out["estimate"]) - n_missing
    glance = {
        "n_obs": [n], "n_missing": [n_missing], "interval": [arguments["interval"]],
        "conf_level": [arguments["conf_level"]], "base": [float(arguments["base"])],
    }  # fmt: skip
    return cls.build(
        tidy=tidy,
        glance=glance,
        provenance=provenance_of(
            function, source, [*by, *counts], arguments, n_obs=n, n_missing=n_missing
        ),
        source=source,
        keys=tuple(by),
    )


def rate_ratio(
    events: tuple[float, float],
    population: tuple[float, float],
    *,
    conf_level: float | None = None,
) -> dict[str, float]:
    """Ratio of two Poisson rates with exact conditional limits.

    Parameters
    ----------
    events, population
        Counts and people of the first and the second group.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    dict
        ``estimate``, ``conf_low``, ``conf_high`` (infinite if the second count is 0), ``p_value``.

    Raises
    ------
    NumericalError
        Both counts are 0.

    Examples
    --------
    >>> import gofal as gf
    >>> r = gf.rate_ratio((41, 15), (28_010, 19_017))
    >>> round(r["estimate"], 4), round(r["p_value"], 4)
    (1.8558, 0.0409)
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    if min(events) < 0 or any(v != int(v) for v in events) or min(population) <= 0:
        message = "expected whole counts of 0 or more and populations above 0"
        raise InputError(message, kind="values", column="events", got=(events, population))
    estimate, low, high, p = _core.rate_ratio(
        float(events[0]), float(population[0]), float(events[1]), float(population[1]), conf
    )
    return {"estimate": estimate, "conf_low": low, "conf_high": high, "p_value": p}


def multinomial_proportions(
    counts: Sequence[float], *, conf_level: float | None = None
) -> list[tuple[float, float, float]]:
    """Shares of a whole with limits that hold for all of them together (Goodman 1965).

    Parameters
    ----------
    counts
        One count per category, two categories or more.
    conf_level
        Joint level.

    Returns
    -------
    list of tuple
        (share, low, high) per category.

    Raises
    ------
    InputError
        Fewer than two categories, negative counts or a total of 0.

    Examples
    --------
    >>> import gofal as gf
    >>> [tuple(round(100 * v) for v in row) for row in gf.multinomial_proportions([56, 15, 8])]
    [(71, 58, 81), (19, 11, 31), (10, 5, 21)]
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    total = float(sum(counts))
    if len(counts) < 2 or min(counts) < 0 or total <= 0:
        message = "expected two or more counts of 0 or more, not all 0"
        raise InputError(message, kind="values", column="counts", got=list(counts))
    limits = _core.goodman([float(c) for c in counts], conf)
    return [(c / total, low, high) for c, (low, high) in zip(counts, limits, strict=True)]
