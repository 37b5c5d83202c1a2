"""Which predictors account for a fit: Shapley shares over all orders, or one order of steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import names, one_of
from gofal._models import Request, request
from gofal.decomposition._parts import add_up, conf_of, resampling
from gofal.errors import InputError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Provenance, Result
from gofal.typing import (
    RESAMPLING_INTERVALS,
    SHAPLEY_FAMILIES,
    SHAPLEY_MEASURES,
    ResamplingInterval,
    ShapleyFamily,
    ShapleyMeasure,
)
from gofal.weights import Weight, weight_of

__all__ = ["SequentialResult", "ShapleyResult", "sequential", "shapley"]

_ALWAYS = "always"

_NOT_CAUSES = Text(
    "Shares of fit, not of causes: a predictor that stands in for another takes part of its share.",
    "Cyfrannau o'r ffit, nid o achosion: mae rhagfynegydd sy'n cynrychioli un arall yn cymryd rhan "
    "o'i gyfran.",
)
_ORDER = Text(
    "What a step adds depends on the order of the steps; gf.shapley averages over all orders.",
    "Mae'r hyn y mae cam yn ei ychwanegu yn dibynnu ar drefn y camau; mae gf.shapley yn cyfartaleddu "
    "dros bob trefn.",
)


class ShapleyResult(Result):
    """Shapley shares, one row a predictor; ``table("dominance")``. See :func:`shapley`."""

    _title: ClassVar[Text] = Text("Shapley shares of fit", "Cyfrannau Shapley o'r ffit")
    _about = ("measure", "r_squared", "r_squared_always", "n_obs", "n_missing")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "fixed3"}
    _notes = (_NOT_CAUSES,)
    _hidden = ("n_failed",)
    _figure_kind = "shares"

    def _prove(self) -> None:
        about = self.to_arrow("glance").to_pylist()[0]
        whole = about["r_squared"] - (about["r_squared_always"] or 0.0)
        add_up("the Shapley shares", self.to_arrow()["estimate"].to_pylist(), whole, 1.0)


class SequentialResult(Result):
    """R² of models that grow, one row a step. See :func:`sequential`."""

    _title: ClassVar[Text] = Text("Models step by step", "Modelau gam wrth gam")
    _about = ("outcome", "n_obs", "n_missing")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "fixed3"}
    _notes = (_ORDER,)
    _hidden = ("n_failed",)

    def _prove(self) -> None:
        rows = self.to_arrow().to_pydict()
        add_up("the steps", rows["estimate"], rows["r_squared"][-1], 1.0)


def shapley(
    table: Any,
    outcome: str,
    predictors: str | Iterable[str] | Mapping[str, str | Iterable[str]],
    *,
    measure: ShapleyMeasure = "r_squared",
    family: ShapleyFamily | None = None,
    always: str | Iterable[str] = (),
    weight: Weight | None = None,
    trials: str | None = None,
    exposure: str | None = None,
    interval: ResamplingInterval | None = None,
    cluster: str | None = None,
    stratify: str | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> ShapleyResult:
    """Shares of R² (LMG) or of the fit of a model, averaged over all orders of the predictors.

    Parameters
    ----------
    table
        One row per area or per child; rows with a null in any named column are dropped.
    outcome
        Column explained.
    predictors
        Columns (text makes a factor, whose levels stay together), or a mapping of names to the
        columns of a group: ``{"deprivation": "wimd", "trio": ["abuse", "substance", "mental"]}``.
        Every subset of up to 25 predictors or groups is visited; nothing is sampled.
    measure
        ``"r_squared"`` of least squares; ``"mcfadden"`` (1 − ln L/ln L₀) or ``"deviance"``
        (1 − D/D₀) of a generalised linear model, refitted for every subset.
    family
        ``"binomial"`` or ``"poisson"``, for the last two measures; binomial by default.
    always
        Columns in every model; their share is set aside as ``r_squared_always``.
    weight
        ``gf.analytic("population")`` or ``gf.frequency("n")``.
    trials, exposure
        As in :func:`gofal.glm`.
    interval
        ``"percentile"``, ``"bca"``, ``"basic"``, ``"normal"``, ``"none"``; percentile limits for R²,
        none for the refitted measures (2^p fits a resample) by default.
    cluster, stratify
        Column of clusters to draw whole (authorities), or of strata to draw within.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws.

    Returns
    -------
    ShapleyResult
        ``tidy()``: ``term``, ``estimate`` (its part of the measure), ``share`` of what the
        predictors explain, ``alone`` (as the only predictor), ``last`` (on top of all others),
        ``pratt`` (R² only; may be negative), limits; ``table("dominance")``: the mean increment of
        each predictor over subsets of each ``size``.

    Raises
    ------
    InputError
        More than 25 players, too few rows.
    NumericalError
        Collinear columns, named; a constant outcome; shares that do not add up.

    References
    ----------
    Shapley (1953); Lindeman, Merenda and Gold (1980); Budescu (1993); Grömping (2007), American
    Statistician 61:139; Azen and Budescu (2003); McFadden (1974); Cameron and Windmeijer (1997).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "rate": [62, 88, 104, 131, 240, 95, 70, 150],
    ...     "poverty": [15, 21, 22, 25, 33, 20, 18, 30],
    ...     "rural": [1, 1, 0, 0, 0, 1, 1, 0],
    ... }
    >>> s = gf.shapley(t, "rate", ["poverty", "rural"], interval="none")
    >>> [round(v, 3) for v in s.to_arrow()["share"].to_pylist()]
    [0.709, 0.291]
    """
    one_of("measure", measure, SHAPLEY_MEASURES)
    kind = _family(measure, family)
    wanted = interval or ("percentile" if measure == "r_squared" else "none")
    one_of("interval", wanted, RESAMPLING_INTERVALS)
    conf = conf_of(conf_level)
    how = resampling(wanted, conf, n_resamples, seed, cluster, stratify)
    weight_of(weight, allowed=("analytic", "frequency"))
    players, fixed = _players("predictors", predictors), names("always", always)
    if fixed:
        players = {_ALWAYS: fixed, **players}
    asked = _request(table, outcome, players, kind, weight, trials=trials, exposure=exposure)
    shown = [name for name in players if name != _ALWAYS or not fixed]
    with progress("subsets") as report:
        shares, dominance, found = _core.shapley(
            asked.source.stream, asked.spec, _owners(asked, players), shown, bool(fixed),
            measure, how, threads(), report,
        )  # fmt: skip
    facts = dict(found)
    arguments = {
        "outcome": outcome, "predictors": _said(players), "measure": measure, "family": family,
        "weight": weight, "trials": trials, "exposure": exposure, "interval": wanted,
        "cluster": cluster, "stratify": stratify, "conf_level": conf,
        "n_resamples": None if how is None else n_resamples,
        "seed": None if how is None else seed,
    }  # fmt: skip
    return ShapleyResult.build(
        tidy=columns_of(shares),
        glance={
            "outcome": [outcome], "measure": [measure], "r_squared": [facts["r_squared"]],
            "r_squared_always": [facts.get("r_squared_always", 0.0) if fixed else None],
            "n_obs": [int(facts["n_obs"])], "n_missing": [int(facts["n_missing"])],
            "interval": [wanted], "conf_level": [conf],
            "n_resamples": [None if how is None else n_resamples],
        },
        provenance=_provenance("shapley", asked, arguments, facts, cluster, stratify),
        source=asked.source,
        extra={"dominance": columns_of(dominance)},
    )  # fmt: skip


def sequential(
    table: Any,
    outcome: str,
    steps: Iterable[str] | Mapping[str, str | Iterable[str]],
    *,
    weight: Weight | None = None,
    interval: ResamplingInterval = "percentile",
    cluster: str | None = None,
    stratify: str | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> SequentialResult:
    """R² of linear models that grow step by step, and what each step adds.

    Parameters
    ----------
    table
        One row per area; only rows complete in every column of every step are used, so that the
        steps are compared on the same rows.
    outcome
        Column explained.
    steps
        Columns added one by one, or a mapping of names of steps to the columns that each adds:
        ``{"deprivation": "wimd", "spend": "spend_gbp_real"}``.
    weight
        ``gf.analytic("population")`` or ``gf.frequency("n")``.
    interval, cluster, stratify, conf_level, n_resamples, seed
        As in :func:`shapley`.

    Returns
    -------
    SequentialResult
        ``tidy()``: ``model``, ``r_squared``, ``estimate`` (what the step adds, with limits),
        ``df_model`` (its columns).

    Raises
    ------
    InputError, NumericalError
        As :func:`shapley`.

    References
    ----------
    Cohen, Cohen, West and Aiken (2003), ch. 5.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "rate": [62, 88, 104, 131, 240, 95, 70, 150],
    ...     "poverty": [15, 21, 22, 25, 33, 20, 18, 30],
    ...     "rural": [1, 1, 0, 0, 0, 1, 1, 0],
    ... }
    >>> s = gf.sequential(t, "rate", ["rural", "poverty"], interval="none")
    >>> [round(v, 3) for v in s.to_arrow()["r_squared"].to_pylist()]
    [0.519, 0.896]
    """
    conf = conf_of(conf_level)
    how = resampling(interval, conf, n_resamples, seed, cluster, stratify)
    weight_of(weight, allowed=("analytic", "frequency"))
    players = _players("steps", steps)
    asked = _request(table, outcome, players, "gaussian", weight)
    with progress("resamples") as report:
        rows, found = _core.sequential(
            asked.source.stream, asked.spec, _owners(asked, players), list(players), how,
            threads(), report,
        )  # fmt: skip
    facts = dict(found)
    arguments = {
        "outcome": outcome, "steps": _said(players), "weight": weight, "interval": interval,
        "cluster": cluster, "stratify": stratify, "conf_level": conf,
        "n_resamples": None if how is None else n_resamples,
        "seed": None if how is None else seed,
    }  # fmt: skip
    return SequentialResult.build(
        tidy=columns_of(rows),
        glance={
            "outcome": [outcome], "n_obs": [int(facts["n_obs"])],
            "n_missing": [int(facts["n_missing"])], "interval": [interval], "conf_level": [conf],
        },
        provenance=_provenance("sequential", asked, arguments, facts, cluster, stratify),
        source=asked.source,
    )  # fmt: skip


def _family(measure: str, family: str | None) -> str:
    if measure == "r_squared":
        if family is not None:
            message = f'family={family!r} has no R²; use measure="mcfadden" or "deviance"'
            raise InputError(message, kind="option", column="family", got=family)
        return "gaussian"
    return one_of("family", family or "binomial", SHAPLEY_FAMILIES)


def _players(
    option: str, given: str | Iterable[str] | Mapping[str, str | Iterable[str]]
) -> dict[str, list[str]]:
    """Names and columns of the players; no column belongs to two."""
    if isinstance(given, Mapping):
        players = {str(name): names(option, columns) for name, columns in given.items()}
    else:
        players = {name: [name] for name in names(option, given)}
    names(option, [column for columns in players.values() for column in columns])
    empty = [name for name, columns in players.items() if not columns]
    if empty or not players:
        message = f"{option}: {empty or 'nothing'} has no columns" if empty else f"{option}: empty"
        raise InputError(message, kind="option", column=option, expected="columns", got=given)
    return players


def _request(
    table: Any,
    outcome: str,
    players: Mapping[str, list[str]],
    family: str,
    weight: Weight | None,
    *,
    trials: str | None = None,
    exposure: str | None = None,
) -> Request:
    columns = names("predictors", [c for own in players.values() for c in own])
    return request(table, outcome, columns, family=family, weight=weight, trials=trials,
                   exposure=exposure, by_row=True)  # fmt: skip


def _owners(asked: Request, players: Mapping[str, list[str]]) -> list[int]:
    """The player of each term of the formula; −1 for the intercept."""
    place = {column: i for i, columns in enumerate(players.values()) for column in columns}
    return [place[term[0][0]] if term else -1 for term in asked.formula.terms]


def _said(players: Mapping[str, list[str]]) -> str:
    return "; ".join(
        name if columns == [name] else f"{name}: {', '.join(columns)}"
        for name, columns in players.items()
    )


def _provenance(
    function: str,
    asked: Request,
    arguments: dict[str, Any],
    facts: dict[str, float],
    cluster: str | None,
    stratify: str | None,
) -> Provenance:
    """Return the call behind a result."""
    spec = asked.spec
    roles = ("outcome", "trials", "frequency", "prior", "offset")
    used = [*asked.formula.columns, *(spec[r] for r in roles), cluster, stratify]
    seed = arguments.pop("seed")
    return provenance_of(
        function, asked.source, [c for c in used if c], arguments,
        n_obs=int(facts["n_obs"]), n_missing=int(facts["n_missing"]), seed=seed,
    )  # fmt: skip
