"""Where variance lies: between nested groups, between rows, and what is sampling alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import count, names, one_of
from gofal._table import read
from gofal.decomposition._parts import add_up, conf_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import COUNT_LAWS, VARIANCE_INTERVALS, CountLaw, VarianceInterval
from gofal.weights import Weight, weight_of

__all__ = ["VarianceSharesResult", "variance_shares"]

_NOISE = Text(
    "Shares of the variance that is left when the sampling variance of the rates is taken away.",
    "Cyfrannau o'r amrywiant sy'n weddill ar ôl tynnu amrywiant samplu'r cyfraddau.",
)


class VarianceSharesResult(Result):
    """Variance components and their shares, one row a level. See :func:`variance_shares`."""

    _title: ClassVar[Text] = Text("Where the variance lies", "Ble mae'r amrywiant")
    _about = ("sampling_variance", "reliability", "n_obs", "n_missing")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "proportion"}
    _figure_kind = "shares"

    def notes(self) -> tuple[Text, ...]:
        """Return whether sampling variance was taken away."""
        about = self.to_arrow("glance").to_pylist()[0]
        return (_NOISE,) if about["sampling_variance"] is not None else ()

    def _prove(self) -> None:
        rows = self.to_arrow().to_pylist()
        if rows[0]["estimate"] is not None:
            add_up("the shares of variance", (r["estimate"] for r in rows), 1.0, 1.0)
        if rows[0]["observed_share"] is not None:
            add_up("the observed shares", (r["observed_share"] for r in rows), 1.0, 1.0)


def variance_shares(
    table: Any,
    value: str | None = None,
    groups: str | Iterable[str] = (),
    *,
    events: str | None = None,
    population: str | None = None,
    base: float = 10_000,
    law: CountLaw = "poisson",
    weight: Weight | None = None,
    interval: VarianceInterval = "inverted",
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> VarianceSharesResult:
    """Shares of the variance of a column (or rate) at nested levels.

    Parameters
    ----------
    table
        One row per unit: small area, authority-year; rows with a null are dropped and counted.
    value
        Column, or None where ``events`` and ``population`` make a rate of it.
    groups
        Columns of groups from coarse to fine, each nested in the one before.
    events, population
        Counts behind the rate: its sampling variance is then known and taken away, so that the
        shares are of real differences (signal) and not of chance (noise). Without groups, what is
        left is the variance between the rows themselves.
    base
        People the rate is expressed per.
    law
        ``"poisson"`` or ``"binomial"`` (each person once at most).
    weight
        ``gf.analytic("population")`` to weight rows; each counts the same by default.
    interval
        ``"inverted"``: the shares under which the observed one is in neither tail, by a
        parametric bootstrap under normal effects; holds at 0; ``"none"``.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws.

    Returns
    -------
    VarianceSharesResult
        ``tidy()``: ``component`` (between_groups by ``level``, rows), ``n_groups``, ``variance``
        (below 0: set to 0, with a ``reason``), ``estimate`` (share), limits, ``observed_share`` (of
        the squares, nothing taken away); ``glance()``: ``sampling_variance``, ``reliability``
        (signal over signal and noise).

    Raises
    ------
    InputError
        Both a value and events, impossible counts.
    NumericalError
        A level that has one group in each group above it.

    References
    ----------
    Henderson (1953), Biometrics 9:226; Searle, Casella and McCulloch (1992); Carpenter (1999),
    Statistics in Medicine 18:1741.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"area": ["a", "a", "b", "b", "c", "c"], "rate": [1.0, 3.0, 6.0, 8.0, 2.0, 6.0]}
    >>> v = gf.variance_shares(t, "rate", "area", interval="none")
    >>> [round(r["variance"], 2) for r in v.to_arrow().to_pylist()]
    [4.33, 4.0]
    """
    one_of("law", law, COUNT_LAWS)
    one_of("interval", interval, VARIANCE_INTERVALS)
    conf, levels = conf_of(conf_level), names("groups", groups)
    rated = _rated(value, events, population, base, law)
    if rated is None and not levels:
        message = "groups: name at least one level, or events and population of rates"
        raise InputError(message, kind="option", column="groups", got=levels)
    source = read(table)
    weighted = weight_of(weight)
    by, kind = (None, None) if weighted is None else (weighted.column, weighted.kind)
    draws = count("n_resamples", n_resamples, 1) if interval == "inverted" else None
    with progress("resamples") as report:
        out, found = _core.variance_shares(
            source.stream, value, rated, levels, by, kind, conf, draws, count("seed", seed, 0),
            threads(), report,
        )  # fmt: skip
    facts = dict(found)
    n, missing = int(facts["n_obs"]), int(facts["n_missing"])
    noise, signal = facts["sampling_variance"], facts["signal_variance"]
    arguments = {
        "value": value, "groups": tuple(levels), "events": events, "population": population,
        "base": None if rated is None else base, "law": None if rated is None else law,
        "weight": weighted, "interval": interval, "conf_level": conf, "n_resamples": draws,
    }  # fmt: skip
    used = [c for c in (value, *levels, events, population, by) if c is not None]
    return VarianceSharesResult.build(
        tidy=columns_of(out),
        glance={
            "sampling_variance": [noise if rated else None],
            "reliability": [signal / (signal + noise) if rated and signal + noise > 0 else None],
            "n_obs": [n], "n_missing": [missing], "interval": [interval], "conf_level": [conf],
        },
        provenance=provenance_of(
            "variance_shares", source, used, arguments, n_obs=n, n_missing=missing,
            seed=None if draws is None else seed,
        ),
        source=source,
    )  # fmt: skip


def _rated(
    value: str | None, events: str | None, population: str | None, base: float, law: str
) -> dict[str, Any] | None:
    if (events is None) != (population is None):
        message = "events, population: give both (a rate) or neither"
        raise InputError(message, kind="option", column="events", got=events)
    if (value is None) == (events is None):
        message = "value, events: give one of them"
        raise InputError(message, kind="option", column="value", got=value)
    if events is None:
        return None
    if isinstance(base, bool) or not isinstance(base, int | float) or not base > 0:
        message = f"base={base!r}; expected a positive number of people"
        raise InputError(message, kind="option", column="base", got=base)
    return {"events": events, "population": population, "binomial": law == "binomial",
            "base": float(base)}  # fmt: skip
