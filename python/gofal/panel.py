"""Panels: areas observed over years."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import count, level, names, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import (
    PANEL_CLUSTER_KINDS,
    PANEL_COVARIANCES,
    PANEL_EFFECTS,
    PanelClusterKind,
    PanelCovariance,
    PanelEffects,
)
from gofal.weights import Weight, weight_of

__all__ = ["PanelResult", "panel"]

_COUNTS = ("n_obs", "n_missing", "n_groups", "n_periods", "n_clusters", "n_singletons")
_NEEDS_TIME = ("time", "two-way", "first-difference")

_WITHIN = Text(
    "Fixed effects compare a unit with itself: what never changes within units cannot be estimated.",
    "Mae effeithiau sefydlog yn cymharu uned â hi ei hun: ni ellir amcangyfrif yr hyn nad yw'n newid o fewn uned.",
)
_RANDOM = Text(
    'Random effects are biased when unit effects are related to the predictors: see table("hausman").',
    "Mae effeithiau ar hap yn dueddol pan fo effeithiau'r unedau'n gysylltiedig â'r rhagfynegyddion: "
    'gweler table("hausman").',
)
_NO_SPREAD = Text(
    "The variance between units is estimated as 0: random effects are the pooled estimator here.",
    "Amcangyfrifir bod yr amrywiant rhwng unedau yn 0: yr amcangyfrifydd cyfun yw effeithiau ar hap yma.",
)
_FEW = Text(
    "Few clusters: intervals rest on Satterthwaite degrees of freedom, in the column df.",
    "Ychydig o glystyrau: mae'r cyfyngau'n dibynnu ar raddau rhyddid Satterthwaite, yn y golofn df.",
)


class PanelResult(Result):
    """Coefficients, one row each; ``table("hausman")`` for random effects. See :func:`panel`."""

    _title: ClassVar[Text] = Text("Panel regression", "Atchweliad panel")
    _about = ("effects", "n_missing", "n_groups", "n_periods", "r_squared", "vcov")

    def notes(self) -> tuple[Text, ...]:
        """Return what to keep in mind with this estimator."""
        about = self.to_arrow("glance").to_pylist()[0]
        said = []
        if about["effects"] in ("unit", "two-way"):
            said.append(_WITHIN)
        if about["effects"] in ("random", "within-between"):
            said.append(_RANDOM)
            if about["theta"] == 0:
                said.append(_NO_SPREAD)
        few = about["n_clusters"] is not None and about["n_clusters"] < 40
        if few and about["vcov"] in ("cluster CR2", "cluster CR3"):
            said.append(_FEW)
        return tuple(said)


def panel(
    table: Any,
    outcome: str,
    predictors: str | Iterable[str],
    *,
    unit: str,
    time: str | None = None,
    effects: PanelEffects = "unit",
    vcov: PanelCovariance = "cluster",
    kind: PanelClusterKind = "CR2",
    cluster: str | None = None,
    lag: int | None = None,
    weight: Weight | None = None,
    conf_level: float | None = None,
) -> PanelResult:
    """Regression on units observed over periods.

    Parameters
    ----------
    table
        One row per unit and period, in any order, balanced or not; rows with a null in any named
        column are dropped and counted. A unit twice in a period is refused, naming the rows.
    outcome
        Numeric column.
    predictors
        Numeric columns.
    unit
        Column of units (text or whole numbers): authorities.
    time
        Column of periods; needed by ``"time"``, ``"two-way"``, ``"first-difference"`` and
        ``vcov="driscoll-kraay"``. Ordered as numbers, or as text (ISO dates sort rightly).
    effects
        ``"unit"`` fixed effects (within), ``"time"``, ``"two-way"``; ``"random"`` unit effects
        (Swamy-Arora); ``"within-between"``: random effects with unit means as further predictors
        (Mundlak); ``"between"`` unit means only; ``"first-difference"`` between adjacent periods;
        ``"pooled"`` none.
    vcov
        ``"cluster"``; ``"classical"``; ``"driscoll-kraay"`` for errors related across units and
        over time (needs many periods).
    kind
        ``"CR2"`` and ``"CR3"`` with Satterthwaite degrees of freedom, for few clusters; ``"CR1"``
        G/(G−1)·(N−1)/(N−K); ``"CR0"``. The full hat matrix is used: absorbed effects that cross
        the clusters count.
    cluster
        Column of clusters; the units by default.
    lag
        Lags of Driscoll and Kraay; ⌊4 (T/100)^(2/9)⌋ by default.
    weight
        ``gf.analytic("population")``: variance of a row is σ²/w; pooled and fixed effects only.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    PanelResult
        ``tidy()``: ``term, estimate, std_error, statistic, df, p_value, conf_low, conf_high``;
        ``glance()``: sizes, ``r_squared`` (of the transformed columns: within R² for fixed
        effects), ``sigma``, ``theta``, ``sigma_unit``, ``sigma_within``, ``df_absorbed``;
        ``augment()``: ``row, fitted, resid``; ``table("hausman")`` for random effects: Hausman's
        test and its cluster-robust regression form.

    Raises
    ------
    InputError
        Unknown or unusable columns, repeated rows, too few units, periods or clusters.
    NumericalError
        Predictors without variation within units, or collinear ones, named.

    References
    ----------
    Swamy and Arora (1972); Baltagi and Chang (1994); Mundlak (1978); Hausman (1978); Bell and
    McCaffrey (2002); Pustejovsky and Tipton (2018); Driscoll and Kraay (1998).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "area": ["a"] * 3 + ["b"] * 3 + ["c"] * 3,
    ...     "year": [2021, 2022, 2023] * 3,
    ...     "rate": [80, 84, 91, 60, 61, 66, 110, 118, 121],
    ...     "poverty": [20, 21, 24, 15, 15, 17, 28, 30, 32],
    ... }
    >>> fit = gf.panel(t, "rate", "poverty", unit="area", time="year", vcov="classical")
    >>> round(fit.statistic(term="poverty").value, 3)
    2.707
    """
    one_of("effects", effects, PANEL_EFFECTS)
    one_of("vcov", vcov, PANEL_COVARIANCES)
    one_of("kind", kind, PANEL_CLUSTER_KINDS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    if lag is not None:
        count("lag", lag, 0)
    _check_together(effects, vcov, time, cluster, lag)
    source = read(table)
    columns = names("predictors", predictors)
    weighted = weight_of(weight, allowed=("analytic",))
    by = None if weighted is None else weighted.column
    tidy, rows, tests, facts = _core.panel(
        source.stream, outcome, columns, unit, time, effects, vcov, kind, cluster, lag, by, conf, threads(),
    )  # fmt: skip
    fit = dict(facts)
    arguments = {
        "outcome": outcome, "predictors": tuple(columns), "unit": unit, "time": time, "effects": effects,
        "vcov": vcov, "kind": kind if vcov == "cluster" else None, "cluster": cluster, "lag": lag,
        "weight": weighted, "conf_level": conf,
    }  # fmt: skip
    used = [name for name in (outcome, *columns, unit, time, cluster, by) if name is not None]
    n, missing = int(fit["n_obs"]), int(fit["n_missing"])
    return PanelResult.build(
        tidy=columns_of(tidy),
        glance=_glance(fit, effects, f"cluster {kind}" if vcov == "cluster" else vcov),
        augment=rows,
        provenance=provenance_of("panel", source, used, arguments, n_obs=n, n_missing=missing),
        source=source,
        extra=None if tests is None else {"hausman": columns_of(tests)},
    )


def _check_together(
    effects: str, vcov: str, time: str | None, cluster: str | None, lag: int | None
) -> None:
    """Refuse options that another option leaves without meaning."""
    if time is None and (effects in _NEEDS_TIME or vcov == "driscoll-kraay"):
        asked = f"effects={effects!r}" if effects in _NEEDS_TIME else f"vcov={vcov!r}"
        message = f"{asked} needs time: name the column of periods"
        raise InputError(message, kind="option", column="time", expected="a column", got=None)
    for option, value, meant in (("cluster", cluster, "cluster"), ("lag", lag, "driscoll-kraay")):
        if value is not None and vcov != meant:
            message = (
                f"{option}={value!r} has no meaning with vcov={vcov!r}; it belongs to {meant!r}"
            )
            raise InputError(message, kind="option", column=option, expected=meant, got=vcov)


def _glance(fit: Mapping[str, float], effects: str, vcov: str) -> dict[str, list[Any]]:
    """One row; what an estimator does not have is null."""
    optional = ("df_absorbed", "sigma_unit", "sigma_within", "theta")
    whole = {name: [int(fit[name]) if name in fit else None] for name in (*_COUNTS, "n_components")}
    return {
        "effects": [effects],
        **whole,
        "r_squared": [fit["r_squared"]],
        "sigma": [fit["sigma"]],
        "df_residual": [fit["df_residual"]],
        **{name: [fit.get(name)] for name in optional},
        "vcov": [vcov],
        "lag": [int(fit["lag"]) if "lag" in fit else None],
    }
