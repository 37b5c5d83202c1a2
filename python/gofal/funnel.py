"""Funnel plots: which areas lie outside what chance allows at their size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import level, one_of
from gofal._table import read
from gofal.language import Text
from gofal.results import Result
from gofal.typing import FUNNEL_KINDS, OVERDISPERSIONS, FunnelKind, Overdispersion

__all__ = ["FunnelResult", "funnel"]

_GRID = 120


class FunnelResult(Result):
    """Areas against funnel limits; ``table("limits")`` holds the curves. See :func:`funnel`."""

    _title: ClassVar[Text] = Text(
        "Areas against funnel limits", "Ardaloedd yn erbyn terfynau twndis"
    )
    _figure_kind: ClassVar[str | None] = "funnel"
    _formats: ClassVar[Mapping[str, str]] = {
        "estimate": "rate",
        "limit_low": "rate",
        "limit_high": "rate",
    }
    _about: ClassVar[tuple[str, ...]] = ("n_obs", "dispersion", "tau2", "n_outside")


def funnel(
    table: Any,
    events: str,
    population: str,
    *,
    area: str,
    kind: FunnelKind = "rate",
    base: float = 10_000,
    target: float | None = None,
    limits: tuple[float, float] = (0.95, 0.998),
    overdispersion: Overdispersion = "none",
    trim: float = 0.1,
) -> FunnelResult:
    """Funnel limits around a common value, exact or widened for overdispersion.

    Parameters
    ----------
    table
        One row per area.
    events, population
        Columns of whole counts and of people (denominators if ``kind="proportion"``).
    area
        Column of area names.
    kind
        ``"rate"`` (Poisson) or ``"proportion"`` (binomial).
    base
        What estimates and limits are per.
    target
        Common value per base; the pooled one by default.
    limits
        Two levels, inner and outer.
    overdispersion
        ``"none"``: exact limits. ``"multiplicative"``: standard errors times √φ.
        ``"additive"``: variance τ² added. φ and τ² are reported in every case.
    trim
        Share of the lowest and of the highest scores that is winsorised before φ is taken.

    Returns
    -------
    FunnelResult
        ``tidy()``: ``area_code``-like ``label``, ``events``, ``population``, ``estimate``,
        ``z_score``, ``z_adjusted`` (τ² added), ``limit_low`` and ``limit_high`` of the inner
        level, ``outside`` ("no", "inner", "outer"). ``glance()``: ``reference`` (the target),
        ``dispersion`` (φ), ``tau2``, ``n_outside``. ``table("limits")``: curves by population.

    Raises
    ------
    InputError
        As :func:`gofal.rate`.

    Notes
    -----
    Exact limits interpolate between whole counts so that the tail is met (Spiegelhalter 2005,
    appendix A.1.1). With φ much above 1 the plain funnel flags nearly every area: the areas differ,
    and the question is which differ from the others more than areas do.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185; Spiegelhalter et al. (2012), JRSS A 175:1.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"la": ["A", "B", "C", "D"], "cla": [50, 61, 140, 44], "pop": [5000, 6100, 6900, 4100]}
    >>> f = gf.funnel(t, "cla", "pop", area="la")
    >>> f.to_arrow()["outside"].to_pylist()
    ['inner', 'inner', 'outer', 'no']
    """
    one_of("kind", kind, FUNNEL_KINDS)
    one_of("overdispersion", overdispersion, OVERDISPERSIONS)
    inner, outer = (level("limits", value) for value in sorted(limits))
    source = read(table)
    goal = None if target is None else target / base
    scores, centre, phi, tau2 = _core.funnel_scores(
        source.stream, events, population, kind, goal, float(trim), threads()
    )
    s = columns_of(scores)
    held = source.to_arrow().select([area, events, population]).take(s["row"]).to_pydict()
    spread = {"none": (1.0, 0.0), "multiplicative": (max(phi, 1.0), 0.0)}.get(
        overdispersion, (1.0, tau2)
    )
    sizes = [float(v) for v in held[population]]
    near = _core.funnel_limits(sizes, centre, kind, inner, *spread)
    far = _core.funnel_limits(sizes, centre, kind, outer, *spread)
    outside = [
        "outer" if not f[0] <= v <= f[1] else "inner" if not n[0] <= v <= n[1] else "no"
        for v, n, f in zip(s["estimate"], near, far, strict=True)
    ]
    tidy = {
        "label": [str(v) for v in held[area]],
        "events": held[events],
        "population": held[population],
        "estimate": [base * v for v in s["estimate"]],
        "z_score": s["z_score"],
        "z_adjusted": s["z_adjusted"],
        "limit_low": [base * v[0] for v in near],
        "limit_high": [base * v[1] for v in near],
        "outside": outside,
    }
    n, missing = len(outside), source.to_arrow().num_rows - len(outside)
    glance = {
        "n_obs": [n], "n_missing": [missing], "reference": [base * centre], "dispersion": [phi],
        "tau2": [tau2], "n_outside": [sum(v != "no" for v in outside)], "base": [float(base)],
        "overdispersion": [overdispersion],
    }  # fmt: skip
    arguments = {
        "events": events, "population": population, "area": area, "kind": kind, "base": base,
        "target": target, "limits": (inner, outer), "overdispersion": overdispersion, "trim": trim,
    }  # fmt: skip
    return FunnelResult.build(
        tidy=tidy,
        glance=glance,
        extra={"limits": _curves(sizes, centre, kind, (inner, outer), spread, base)},
        provenance=provenance_of(
            "funnel", source, [area, events, population], arguments, n_obs=n, n_missing=missing
        ),
        source=source,
    )


def _curves(
    sizes: list[float],
    centre: float,
    kind: str,
    levels: tuple[float, float],
    spread: tuple[float, float],
    base: float,
) -> dict[str, list[float]]:
    """The limits over a grid from a little below the smallest area to a little above the largest."""
    low, high = 0.7 * min(sizes), 1.08 * max(sizes)
    grid = [round(low + (high - low) * (i / (_GRID - 1)) ** 1.5) for i in range(_GRID)]
    out: dict[str, list[float]] = {
        k: [] for k in ("population", "limit_level", "limit_low", "limit_high")
    }
    for at in levels:
        for size, (a, b) in zip(
            grid,
            _core.funnel_limits([float(g) for g in grid], centre, kind, at, *spread),
            strict=True,
        ):
            out["population"].append(float(size))
            out["limit_level"].append(at)
            out["limit_low"].append(base * a)
            out["limit_high"].append(base * b)
    return out
