"""What a model says about everybody: risks, their ratios and differences, interaction, attributable fractions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, threads
from gofal._check import level, names, one_of
from gofal._effects import Effects, Resampling, build, factors_of, model_of, resampled, scenarios_of
from gofal.covariances import Vcov
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.options import get_options
from gofal.typing import INTERACTION_SCALES, EffectInterval, InteractionScale, RiskFamily
from gofal.weights import Weight

__all__ = [
    "AttributableResult",
    "InteractionResult",
    "RiskResult",
    "attributable_fraction",
    "interaction",
    "risk",
]


class RiskResult(Effects):
    """Standardised risks and their contrasts. See :func:`risk`."""

    _title: ClassVar[Text] = Text("Standardised risks", "Risgiau safonedig")
    _hidden = ("df", "statistic")


class InteractionResult(Effects):
    """Interaction on two scales. See :func:`interaction`."""

    _title: ClassVar[Text] = Text("Interaction of exposures", "Rhyngweithiad amlygiadau")


class AttributableResult(Effects):
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
    interval: EffectInterval = "delta",
    n_resamples: int = 2000,
    seed: int = DEFAULT_SEED,
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
        A column of the formula (each level is compared with the first, or with the one that
        ``C(name, Treatment("level"))`` makes the reference), or several binary columns
        (each pattern is compared with none of them).
    family
        ``"logistic"``, ``"log-binomial"``, ``"modified-poisson"`` (robust ``vcov`` needed), ``"linear"``.
    base
        Risks and differences are per this many people.
    trials, weight
        As in `gf.glm`.
    vcov
        ``"classical"``, ``gf.HC(1)``, ``gf.Cluster("authority")``.
    interval
        ``"delta"``; ``"bca"`` or ``"percentile"``: the model is fitted again to rows drawn with replacement, or
        to whole clusters where ``vcov`` names them. With 22 clusters ``"delta"`` under CR2 holds better.
    n_resamples, seed
        Of the bootstrap.
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
    asked, model = model_of(
        table, formula, exposures, family=family, trials=trials, weight=weight, vcov=vcov
    )
    scenarios = scenarios_of(asked, model, exposures)
    tidy = columns_of(_core.standardised(model, scenarios, conf, threads()))
    how, failed = Resampling(interval, n_resamples, seed), 0
    if how.asked:
        failed = resampled(model, tidy, "risk", how, conf, scenarios=scenarios)
    scale = [base if m in ("risk", "risk_difference") else 1.0 for m in tidy["measure"]]
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        tidy[name] = [None if v is None else v * s for v, s in zip(tidy[name], scale, strict=True)]
    # A test that a risk is one half would say nothing.
    for name in ("statistic", "p_value"):
        tidy[name] = [
            None if m == "risk" else v for v, m in zip(tidy[name], tidy["measure"], strict=True)
        ]
    arguments = {
        "exposure": tuple(exposures), "family": family, "base": base, "trials": trials, "weight": weight,
        "vcov": vcov, "conf_level": conf,
    }  # fmt: skip
    return build(RiskResult, "risk", asked, model, tidy, arguments, how, failed, base=base)


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
    n_resamples: int = 2000,
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
        As in :func:`risk`.
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
    asked, model = model_of(
        table, formula, listed, family=family, trials=trials, weight=weight, vcov=vcov
    )
    factors = factors_of(asked, model, listed)
    tidy = columns_of(_core.interaction(model, factors, scale == "standardised", conf))
    how, failed = Resampling(interval, n_resamples, seed), 0
    if how.asked:
        failed = resampled(model, tidy, scale, how, conf, factors=factors)
    arguments = {
        "exposures": tuple(listed), "scale": scale, "family": family, "trials": trials,
        "weight": weight, "vcov": vcov, "conf_level": conf,
    }  # fmt: skip
    return build(InteractionResult, "interaction", asked, model, tidy, arguments, how, failed)


def attributable_fraction(
    table: Any,
    formula: str,
    exposures: str | Iterable[str],
    *,
    family: RiskFamily = "logistic",
    trials: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    interval: EffectInterval = "delta",
    n_resamples: int = 2000,
    seed: int = DEFAULT_SEED,
    conf_level: float | None = None,
) -> AttributableResult:
    """Share of the outcome that would not have occurred without the exposures, if they are causes.

    Parameters
    ----------
    table, formula, family, trials, weight, vcov
        As in :func:`risk`.
    exposures
        Binary columns of the formula, in the order in which the sequential fractions remove them.
    interval, n_resamples, seed
        As in :func:`risk`.
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
    asked, model = model_of(
        table, formula, listed, family=family, trials=trials, weight=weight, vcov=vcov
    )
    factors = factors_of(asked, model, listed)
    tidy = columns_of(_core.attributable(model, factors, conf))
    how, failed = Resampling(interval, n_resamples, seed), 0
    if how.asked:
        failed = resampled(model, tidy, "attributable", how, conf, factors=factors)
    arguments = {
        "exposures": tuple(listed), "family": family, "trials": trials, "weight": weight,
        "vcov": vcov, "conf_level": conf,
    }  # fmt: skip
    return build(
        AttributableResult, "attributable_fraction", asked, model, tidy, arguments, how, failed
    )
