"""What a model says about everybody: risks, their ratios and differences, interaction, attributable fractions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, threads
from gofal._check import level, names, one_of
from gofal._models import Request, facts_of, fit, glance_of, notes_on_clusters, request
from gofal._resampled import resampled
from gofal.covariances import Vcov
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import (
    EFFECT_INTERVALS,
    INTERACTION_SCALES,
    RISK_FAMILIES,
    EffectInterval,
    InteractionScale,
    RiskFamily,
)
from gofal.weights import Weight

__all__ = [
    "AttributableResult",
    "InteractionResult",
    "RiskResult",
    "attributable_fraction",
    "interaction",
    "risk",
]

_CAUSAL = Text(
    "These contrasts are effects only if the model holds everything that confounds the exposures; otherwise they "
    "describe groups of children, not what would happen if an exposure were removed.",
    "Dim ond os yw'r model yn cynnwys popeth sy'n drysu'r amlygiadau y mae'r cyferbyniadau hyn yn effeithiau; fel "
    "arall maent yn disgrifio grwpiau o blant, nid yr hyn a fyddai'n digwydd pe câi amlygiad ei ddileu.",
)


class _Effects(Result):
    _about = ("n_missing", "n_clusters", "family", "vcov", "base")

    def notes(self) -> tuple[Text, ...]:
        """Return the causal assumption, and what must be known about the inference."""
        row = self.to_arrow("glance").to_pylist()[0]
        return (_CAUSAL, *notes_on_clusters(row["vcov"], row.get("n_clusters")))


class RiskResult(_Effects):
    """Standardised risks and their contrasts. See :func:`risk`."""

    _title: ClassVar[Text] = Text("Standardised risks", "Risgiau safonedig")
    _hidden = ("df", "statistic")


class InteractionResult(_Effects):
    """Interaction on two scales. See :func:`interaction`."""

    _title: ClassVar[Text] = Text("Interaction of exposures", "Rhyngweithiad amlygiadau")


class AttributableResult(_Effects):
    """Attributable fractions. See :func:`attributable_fraction`."""

    _title: ClassVar[Text] = Text("Attributable fractions", "Cyfrannau priodoladwy")
    _formats: ClassVar[dict[str, str]] = {"estimate": "proportion"}
    _hidden = ("df", "statistic")

    def _prove(self) -> None:
        """Refuse to exist unless the parts of both decompositions add up to the total."""
        rows = self.to_arrow().to_pylist()
        total = next(r["estimate"] for r in rows if r["measure"] == "total")
        for measure in ("sequential", "average"):
            parts = sum(r["estimate"] for r in rows if r["measure"] == measure)
            if abs(parts - total) > 1e-10 * max(1.0, abs(total)):
                message = f"{measure} fractions add up to {parts!r}, not to {total!r}"
                raise NumericalError(message, kind="undefined", column=measure)


E = TypeVar("E", bound=_Effects)


def _model(
    table: Any,
    formula: str,
    exposures: list[str],
    *,
    family: RiskFamily,
    trials: str | None,
    weight: Weight | None,
    vcov: Vcov,
) -> tuple[Request, _core.Model]:
    one_of("family", family, RISK_FAMILIES)
    base, link = {"logistic": ("binomial", "logit"), "log-binomial": ("binomial", "log"),
                  "modified-poisson": ("poisson", "log"), "linear": ("binomial", "identity")}[family]  # fmt: skip
    if family == "modified-poisson" and vcov == "classical":
        message = (
            'vcov: modified Poisson needs a robust covariance: gf.HC(1) or gf.Cluster("authority") '
            "(a 0/1 outcome varies less than a Poisson count)"
        )
        raise InputError(message, kind="option", column="vcov", got=vcov)
    asked = request(table, formula, family=base, link=link, trials=trials, weight=weight, vcov=vcov)
    for name in exposures:
        if name not in asked.formula.columns:
            message = f'exposure: "{name}" is not in the formula {asked.formula.text!r}'
            raise InputError(message, kind="option", column="exposure", got=name)
    model = fit(asked)
    _, aliased = model.names()
    if aliased:
        message = (
            f"aliased column(s): {', '.join(aliased)}: a pattern of the exposures has no rows of its own; drop "
            "the term"
        )
        raise NumericalError(message, kind="aliased", columns=aliased)
    return asked, model


def _factors(model: _core.Model, exposures: list[str]) -> list[tuple[str, str, str]]:
    """Return (column, reference, exposed) of binary exposures."""
    out = []
    for name in exposures:
        levels = model.levels(name)
        if len(levels) != 2:
            message = (
                f'exposure "{name}" has {len(levels)} levels; expected two (0 and 1, or no and yes)'
            )
            raise InputError(message, kind="option", column="exposure", got=levels)
        out.append((name, levels[0], levels[1]))
    return out


def risk(
    table: Any,
    formula: str,
    exposure: str | Iterable[str],
    *,
    family: RiskFamily = "logistic",
    base: float = 1000,
    trials: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> RiskResult:
    """Risks had everybody each exposure, by marginal standardisation, and their contrasts.

    Parameters
    ----------
    table
        Rows, or `gf.cells` of them.
    formula
        The outcome model, ``"looked_after ~ domestic_abuse * substance_misuse + age_band"``.
    exposure
        A column of the formula (each level is compared with the first), or several binary columns
        (each pattern is compared with none of them).
    family
        ``"logistic"``, ``"log-binomial"``, ``"modified-poisson"`` (robust ``vcov`` needed), ``"linear"``.
    base
        Risks and differences are per this many people.
    trials, weight
        As in `gf.glm`.
    vcov
        ``"classical"``, ``gf.HC(1)``, ``gf.Cluster("authority")``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    RiskResult
        Per pattern: ``risk`` and ``risk_difference`` (per ``base``), ``risk_ratio``, ``odds_ratio`` (of the
        standardised risks); errors of ratios are those of their logarithms. Covariates are held as they are:
        the uncertainty is that of the coefficients (delta method).

    Raises
    ------
    InputError, SeparationError, ConvergenceError
        As `gf.glm`; an exposure that is not in the formula.

    References
    ----------
    Greenland (2004), American Journal of Epidemiology 160:301; Muller and MacLehose (2014); Zou (2004).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"abuse": [0, 1], "cases": [20, 36], "children": [1000, 600]}
    >>> r = gf.risk(t, "cases ~ abuse", "abuse", trials="children")
    >>> round(r.statistic(term="abuse=1", measure="risk_difference").value, 6)
    40.0
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    exposures = names("exposure", exposure)
    asked, model = _model(
        table, formula, exposures, family=family, trials=trials, weight=weight, vcov=vcov
    )
    scenarios = _scenarios(model, exposures)
    tidy = columns_of(_core.standardised(model, scenarios, conf, threads()))
    scale = [base if m in ("risk", "risk_difference") else 1.0 for m in tidy["measure"]]
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        tidy[name] = [v * s for v, s in zip(tidy[name], scale, strict=True)]
    # A test that a risk is one half would say nothing.
    for name in ("statistic", "p_value"):
        tidy[name] = [
            None if m == "risk" else v for v, m in zip(tidy[name], tidy["measure"], strict=True)
        ]
    arguments = {
        "exposure": tuple(exposures), "family": family, "base": base, "trials": trials, "weight": weight,
        "vcov": repr(vcov), "conf_level": conf,
    }  # fmt: skip
    return _build(RiskResult, "risk", asked, model, _first(tidy), arguments, base=base)


def _scenarios(model: _core.Model, exposures: list[str]) -> list[tuple[str, list[tuple[str, str]]]]:
    if len(exposures) == 1:
        (name,) = exposures
        return [(f"{name}={v}", [(name, v)]) for v in model.levels(name)]
    factors = _factors(model, exposures)
    out = []
    # By number of exposures, so that the reference is none of them.
    for size in range(len(factors) + 1):
        for on in itertools.combinations(factors, size):
            label = " + ".join(f[0] for f in on) or "none"
            out.append((label, [(c, e if (c, r, e) in on else r) for c, r, e in factors]))
    return out


def interaction(
    table: Any,
    formula: str,
    exposures: Iterable[str],
    *,
    scale: InteractionScale = "model",
    family: RiskFamily = "logistic",
    trials: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    interval: EffectInterval = "delta",
    n_resamples: int = 999,
    seed: int = DEFAULT_SEED,
    conf_level: float | None = None,
) -> InteractionResult:
    """Interaction of two or three binary exposures, additive and multiplicative.

    Parameters
    ----------
    table, formula, family, trials, weight, vcov
        As in :func:`risk`; the formula should hold the product terms.
    exposures
        Two or three binary columns of the formula.
    scale
        ``"model"``: ratios of the model (odds ratios of a logistic model, risk ratios of a log model);
        ``"standardised"``: ratios of standardised risks.
    interval, n_resamples, seed
        ``"delta"``, or ``"bootstrap"``: clusters are resampled and the model fitted anew (BCa limits; needs
        ``vcov=gf.Cluster(…)`` with one column).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    InteractionResult
        Per set of exposures: ``ratio`` (against none), ``reri`` (for three, of the third order),
        ``reri_total``, ``ap`` (share of the joint ratio), ``synergy``, ``ratio_of_ratios`` (multiplicative), and
        ``reri_mover`` with limits that need not be symmetric.

    Raises
    ------
    InputError
        Fewer than two or more than three exposures, or one that is not binary.

    References
    ----------
    Hosmer and Lemeshow (1992), Epidemiology 3:452; Zou (2008); VanderWeele (2015), ch. 9 and 10.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "cases": [10, 30, 25, 120], "n": [1000] * 4}
    >>> i = gf.interaction(t, "cases ~ a * b", ["a", "b"], trials="n")
    >>> round(i.statistic(term="a:b", measure="reri").value, 3)
    8.9
    """
    one_of("scale", scale, INTERACTION_SCALES)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    listed = names("exposures", exposures)
    if not 2 <= len(listed) <= 3:
        message = f"exposures: {len(listed)} named; expected two or three"
        raise InputError(message, kind="option", column="exposures", got=listed)
    asked, model = _model(
        table, formula, listed, family=family, trials=trials, weight=weight, vcov=vcov
    )
    one_of("interval", interval, EFFECT_INTERVALS)
    factors, standardised = _factors(model, listed), scale == "standardised"
    tidy = columns_of(_core.interaction(model, factors, standardised, conf))
    said: dict[str, Any] = {}
    if interval == "bootstrap":
        tidy, said = resampled(
            model, factors, tidy, standardised=standardised, vcov=vcov, conf_level=conf,
            n_resamples=n_resamples, seed=seed,
        )  # fmt: skip
    arguments = {
        "exposures": tuple(listed), "scale": scale, "family": family, "trials": trials, "weight": weight,
        "vcov": repr(vcov), "conf_level": conf, "interval": interval if said else None,
        "n_resamples": said.get("n_resamples"), "seed": said.get("seed"),
    }  # fmt: skip
    return _build(InteractionResult, "interaction", asked, model, _first(tidy), arguments, **said)


def attributable_fraction(
    table: Any,
    formula: str,
    exposures: str | Iterable[str],
    *,
    family: RiskFamily = "logistic",
    trials: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> AttributableResult:
    """Share of the outcome that would not have occurred without the exposures, if they are causes.

    Parameters
    ----------
    table, formula, family, trials, weight, vcov
        As in :func:`risk`.
    exposures
        Binary columns of the formula, in the order in which the sequential fractions remove them.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    AttributableResult
        ``alone`` (remove one; these overlap and do not add up), ``sequential`` and ``average`` (over every
        order: the Shapley value), which both add up to ``total`` (remove all).

    Raises
    ------
    InputError
        An exposure that is not binary.
    NumericalError
        Parts that do not add up (the result refuses to exist).

    References
    ----------
    Greenland and Drescher (1993); Eide and Gefeller (1995), Journal of Clinical Epidemiology 48:233.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"abuse": [0, 1], "cases": [20, 36], "children": [1000, 600]}
    >>> a = gf.attributable_fraction(t, "cases ~ abuse", "abuse", trials="children")
    >>> round(a.statistic(measure="total").value, 4)
    0.4286
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    listed = names("exposures", exposures)
    asked, model = _model(
        table, formula, listed, family=family, trials=trials, weight=weight, vcov=vcov
    )
    tidy = columns_of(_core.attributable(model, _factors(model, listed), conf))
    arguments = {
        "exposures": tuple(listed), "family": family, "trials": trials, "weight": weight,
        "vcov": repr(vcov), "conf_level": conf,
    }  # fmt: skip
    return _build(
        AttributableResult, "attributable_fraction", asked, model, _first(tidy), arguments
    )


def _first(tidy: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Put what the row is about in front."""
    return {"term": tidy["term"], "measure": tidy["measure"], **tidy}


def _build(
    kind: type[E],
    function: str,
    asked: Request,
    model: _core.Model,
    tidy: dict[str, list[Any]],
    arguments: dict[str, Any],
    **said: Any,
) -> E:
    facts = facts_of(model, asked)
    glance = glance_of(
        facts,
        vcov=asked.spec["vcov"],
        family=arguments["family"],
        conf_level=arguments["conf_level"],
        **said,
    )
    return kind.build(
        tidy=tidy, glance=glance, provenance=asked.provenance(function, arguments, facts), source=asked.source
    )  # fmt: skip
