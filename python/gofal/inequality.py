"""Inequality along a ranking of deprivation: slope, relative and concentration indices."""

from __future__ import annotations

from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import count, level, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import (
    INDEX_ERRORS,
    MOST_DEPRIVED,
    SLOPE_INTERVALS,
    SLOPE_MODELS,
    SPREADS,
    IndexSpread,
    MostDeprived,
    SlopeInterval,
    SlopeModel,
    Spread,
)
from gofal.weights import Weight, weight_of

__all__ = ["InequalityResult", "concentration_index", "slope_index"]


class InequalityResult(Result):
    """Indices of inequality, one row each."""

    _title: ClassVar[Text] = Text(
        "Inequality along deprivation", "Anghydraddoldeb ar hyd amddifadedd"
    )
    _about = ("n_obs", "n_missing", "model")


def slope_index(
    table: Any,
    value: str,
    rank: str,
    *,
    most_deprived: MostDeprived,
    weight: Weight | None = None,
    std_error: str | None = None,
    model: SlopeModel = "linear",
    spread: Spread = "classical",
    interval: SlopeInterval = "analytic",
    conf_level: float | None = None,
    n_resamples: int = 10_000,
    seed: int = DEFAULT_SEED,
) -> InequalityResult:
    """Slope and relative index of inequality, from grouped rates or from individual rows.

    Parameters
    ----------
    table
        One row per deprivation group or area (with ``weight=gf.analytic("population")``), or one
        per child (no weight, or ``gf.frequency``).
    value
        Column of rates, proportions or outcomes.
    rank
        Column that ranks the rows by deprivation; ties share their mid-point.
    most_deprived
        Which end of ``rank`` is the more deprived: ``"highest"`` (a score) or ``"lowest"`` (a
        WIMD rank, where 1 is the most deprived). The indices are positive (above 1) when values
        are larger among the more deprived.
    weight
        Typed weights; they make the ridits and weight the regression.
    std_error
        Column of standard errors of ``value``, where these are known; else the scatter about the
        line is used.
    model
        ``"linear"``; ``"log"`` or ``"logit"`` (transformed values, as OHID does for rates and
        proportions); ``"poisson"`` (log-linear model of counts or 0/1 outcomes; zeros allowed).
    spread
        ``"classical"`` or ``"robust"`` (HC1).
    interval
        ``"analytic"`` (t or normal; Fieller for the linear RII), or ``"bca"``, ``"percentile"``,
        ``"basic"``: rows resampled, the population ranked anew in every resample.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws of a bootstrap interval.

    Returns
    -------
    InequalityResult
        Rows ``sii`` (in the unit of ``value``), ``rii`` (ratio of the ends), ``rii_mean``
        (SII over the mean): ``estimate, std_error, conf_low, conf_high, p_value, df, reason``.

    Raises
    ------
    InputError
        Zeros under a log, proportions outside (0, 1) under a logit, one distinct rank.

    References
    ----------
    Preston, Haines and Pamuk (1981); Mackenbach and Kunst (1997); Fieller (1954).

    Examples
    --------
    >>> import gofal as gf
    >>> tenths = {"tenth": list(range(1, 11)), "rate": [15, 17, 25, 34, 34, 47, 64, 75, 100, 159]}
    >>> s = gf.slope_index(tenths, "rate", "tenth", most_deprived="highest")
    >>> round(s.statistic(term="sii").value, 2)
    135.15
    """
    one_of("model", model, SLOPE_MODELS)
    one_of("spread", spread, SPREADS)
    one_of("interval", interval, SLOPE_INTERVALS)
    count("n_resamples", n_resamples, 1)
    sign = _sign(most_deprived)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    column, kind = _weight(weight)
    if std_error is not None and model == "poisson":
        message = 'std_error is not used by model="poisson", which takes its own from the counts'
        raise InputError(message, kind="option", column="std_error", got=std_error)
    out, n, missing = _core.slope_index(
        source.stream, value, rank, sign, column, kind, std_error, model, spread, conf, threads()
    )
    tidy = columns_of(out)
    if interval != "analytic":
        if model == "poisson" or std_error is not None:
            message = (
                'interval: a bootstrap needs model "linear", "log" or "logit" and no std_error'
            )
            raise InputError(message, kind="option", column="interval", got=interval)
        with progress("slope_index") as callback:
            drawn = _core.slope_resampled(
                source.stream, value, rank, sign, column, kind, model, interval, conf, n_resamples,
                seed, threads(), callback,
            )  # fmt: skip
        tidy |= columns_of(drawn)
    arguments = {
        "value": value, "rank": rank, "most_deprived": most_deprived, "weight": weight,
        "std_error": std_error, "model": model, "spread": spread, "interval": interval,
        "conf_level": conf, "n_resamples": n_resamples if interval != "analytic" else None,
    }  # fmt: skip
    used = [c for c in (value, rank, column, std_error) if c is not None]
    return _build("slope_index", source, tidy, used, arguments, n, missing, model)


def concentration_index(
    table: Any,
    outcome: str,
    rank: str,
    *,
    most_deprived: MostDeprived,
    weight: Weight | None = None,
    bounds: tuple[float, float] | None = None,
    std_error: IndexSpread = "robust",
    conf_level: float | None = None,
) -> InequalityResult:
    """Concentration index: standard, generalised, Erreygers and Wagstaff.

    Parameters
    ----------
    table
        One row per child or per area.
    outcome
        Column of the outcome.
    rank
        Column that ranks the rows by deprivation.
    most_deprived
        Which end of ``rank`` is the more deprived. Positive indices: the outcome is concentrated
        among the more deprived.
    weight
        Typed weights.
    bounds
        Lowest and highest possible outcome, for Erreygers and Wagstaff; those observed by default.
    std_error
        ``"robust"`` (delta method, HC1), ``"delta"`` (classical), ``"convenience"``,
        ``"kakwani"``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    InequalityResult
        Rows ``standard, generalised, erreygers, wagstaff``.

    Raises
    ------
    InputError, NumericalError
        Outcomes outside the bounds; a mean of 0.

    References
    ----------
    Kakwani, Wagstaff and van Doorslaer (1997); Erreygers (2009); Wagstaff (2005); O'Donnell et al.
    (2008), ch. 8.

    Examples
    --------
    >>> import gofal as gf
    >>> children = {"score": [5.0, 9.0, 20.0, 31.0, 40.0], "in_care": [0, 0, 0, 0, 1]}
    >>> c = gf.concentration_index(children, "in_care", "score", most_deprived="highest")
    >>> round(c.statistic(term="standard").value, 3), round(c.statistic(term="wagstaff").value, 3)
    (0.8, 1.0)
    """
    one_of("std_error", std_error, INDEX_ERRORS)
    sign = _sign(most_deprived)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    column, kind = _weight(weight)
    out, n, missing = _core.concentration_index(
        source.stream, outcome, rank, sign, column, kind, bounds, std_error, conf, threads()
    )
    arguments = {
        "outcome": outcome, "rank": rank, "most_deprived": most_deprived, "weight": weight,
        "bounds": bounds, "std_error": std_error, "conf_level": conf,
    }  # fmt: skip
    used = [c for c in (outcome, rank, column) if c is not None]
    return _build(
        "concentration_index", source, columns_of(out), used, arguments, n, missing, "linear"
    )


def _sign(most_deprived: MostDeprived) -> float:
    one_of("most_deprived", most_deprived, MOST_DEPRIVED)
    return 1.0 if most_deprived == "highest" else -1.0


def _weight(weight: Weight | None) -> tuple[str | None, str | None]:
    checked = weight_of(weight)
    return (None, None) if checked is None else (checked.column, checked.kind)


def _build(
    function: str,
    source: Any,
    tidy: dict[str, list[Any]],
    used: list[str],
    arguments: dict[str, Any],
    n: int,
    missing: int,
    model: str,
) -> InequalityResult:
    glance = {
        "n_obs": [n], "n_missing": [missing], "model": [model],
        "conf_level": [arguments["conf_level"]],
    }  # fmt: skip
    return InequalityResult.build(
        tidy=tidy,
        glance=glance,
        provenance=provenance_of(function, source, used, arguments, n_obs=n, n_missing=missing),
        source=source,
    )
