"""How strong unmeasured confounding would have to be to explain an association away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._check import level, one_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Provenance, Result
from gofal.typing import EVALUE_MEASURES, EValueMeasure

__all__ = ["EValueResult", "bounding_factor", "evalue"]


class EValueResult(Result):
    """E-values of an estimate and of the limit nearer to the true value. See :func:`evalue`."""

    _title: ClassVar[Text] = Text("E-values", "Gwerthoedd E")
    _formats: ClassVar[Mapping[str, str]] = {"term": "word"}
    _notes: ClassVar[tuple[Text, ...]] = (
        Text(
            "An E-value says how strong confounding must be, not how strong it is.",
            "Mae gwerth E yn dweud pa mor gryf y mae'n rhaid i ddryswch fod, nid pa mor gryf ydyw.",
        ),
    )


def evalue(
    estimate: float | None = None,
    conf_low: float | None = None,
    conf_high: float | None = None,
    *,
    measure: EValueMeasure = "risk_ratio",
    rare: bool = False,
    true_value: float | None = None,
    counts: Sequence[int] | None = None,
    conf_level: float | None = None,
) -> EValueResult:
    """E-value of an estimate and of its interval (VanderWeele and Ding 2017).

    An unmeasured confounder must be associated with both exposure and outcome by a risk ratio of at
    least the E-value, beyond the measured covariates, to move the estimate to the true value.

    Parameters
    ----------
    estimate, conf_low, conf_high
        On the scale of ``measure``. Limits may be left out, both or none.
    measure
        ``"risk_ratio"``, ``"rate_ratio"``, ``"odds_ratio"``, ``"hazard_ratio"``,
        ``"standardised_difference"`` (of means, 95% limits) or ``"risk_difference"`` (needs
        ``counts`` instead of an estimate).
    rare
        Whether the outcome is rare (below 15%) at the end of follow-up: odds and hazard ratios are
        then read as risk ratios; otherwise by √OR and (1 − 0.5^√HR)/(1 − 0.5^√(1/HR)).
    true_value
        The value to move to, on the scale of ``measure``: no association by default.
    counts
        Exposed cases, exposed, unexposed cases, unexposed: for ``"risk_difference"``.
    conf_level
        Of the limits of a risk difference; the option ``conf_level`` by default.

    Returns
    -------
    EValueResult
        ``tidy()``: rows ``estimate`` and ``limit``; ``estimate`` is the E-value, ``risk_ratio`` the
        (approximate) risk ratio behind it. The E-value of a limit is 1 if the interval holds the
        true value.

    Raises
    ------
    InputError
        Ratios of 0 or below, limits that do not hold the estimate, one limit alone.
    NumericalError
        A risk difference below 0: relabel the exposure.

    Notes
    -----
    Not a test, and no evidence for or against confounding: compare it with the strongest measured
    confounders.

    References
    ----------
    VanderWeele and Ding (2017), Annals of Internal Medicine 167:268.

    Examples
    --------
    >>> import gofal as gf
    >>> e = gf.evalue(3.9, 1.8, 8.7, measure="risk_ratio")
    >>> [round(v, 2) for v in e.to_arrow()["estimate"].to_pylist()]
    [7.26, 3.0]
    """
    one_of("measure", measure, EVALUE_MEASURES)
    arguments = {
        "estimate": estimate, "conf_low": conf_low, "conf_high": conf_high, "measure": measure,
        "rare": rare, "true_value": true_value, "counts": None if counts is None else tuple(counts),
    }  # fmt: skip
    if measure == "risk_difference":
        ratio, near, values = _difference(estimate, true_value, counts, conf_level)
    else:
        if estimate is None or counts is not None:
            message = f'estimate=None: measure="{measure}" takes an estimate and no counts'
            raise InputError(message, kind="option", column="estimate", got=estimate)
        ratio, near, values = _ratio(estimate, (conf_low, conf_high), measure, rare, true_value)
    reason = "no limits given"
    return EValueResult.build(
        tidy={
            "term": ["estimate", "limit"], "estimate": list(values), "risk_ratio": [ratio, near],
            "reason": [None, reason if values[1] is None else None],
        },
        glance={"measure": [measure], "null_value": [_truth(measure, true_value)]},
        provenance=Provenance(
            function="evalue",
            arguments={k: v for k, v in arguments.items() if v is not None},
            subject="",
        ),
    )  # fmt: skip


def bounding_factor(rr_eu: float, rr_ud: float) -> float:
    """The most by which an unmeasured confounder can inflate a risk ratio.

    Divide an observed risk ratio above 1, and both its limits, by it (multiply one below 1) for
    the least association that such a confounder leaves.

    Parameters
    ----------
    rr_eu
        How much more common the confounder is among the exposed, as a risk ratio of at least 1.
    rr_ud
        By how much it raises the risk of the outcome, as a risk ratio of at least 1.

    Returns
    -------
    float
        RR_EU · RR_UD/(RR_EU + RR_UD − 1).

    Raises
    ------
    InputError
        A ratio below 1: use its inverse.

    References
    ----------
    Ding and VanderWeele (2016), Epidemiology 27:368.

    Examples
    --------
    >>> import gofal as gf
    >>> round(gf.bounding_factor(2, 4), 2)
    1.6
    """
    return _core.bounding_factor(float(rr_eu), float(rr_ud))


_Values = tuple[float, float | None, tuple[float, float | None]]


def _truth(measure: str, true_value: float | None) -> float:
    if true_value is not None:
        return float(true_value)
    return 0.0 if measure in {"risk_difference", "standardised_difference"} else 1.0


def _ratio(
    estimate: float,
    limits: tuple[float | None, float | None],
    measure: str,
    rare: bool,
    true_value: float | None,
) -> _Values:
    low, high = limits
    if (low is None) != (high is None):
        message = "conf_low and conf_high: give both or neither"
        raise InputError(message, kind="option", column="conf_low", got=limits)
    given = None if low is None or high is None else (float(low), float(high))
    truth = _truth(measure, true_value)
    ratio, around, value, at_limit = _core.evalue(float(estimate), given, truth, measure, rare)
    # The limit on the estimate's side of the null is the one that confounding must pass.
    near = None if around is None else (around[0] if estimate > truth else around[1])
    return ratio, near, (value, at_limit)


def _difference(
    estimate: Any, true_value: float | None, counts: Sequence[int] | None, conf_level: float | None
) -> _Values:
    if estimate is not None or counts is None or len(counts) != 4:
        message = (
            'measure="risk_difference" takes no estimate but '
            "counts=(exposed cases, exposed, unexposed cases, unexposed)"
        )
        raise InputError(message, kind="option", column="counts", got=counts)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    a, n1, c, n0 = (float(v) for v in counts)
    ratio, _, value, at_limit = _core.evalue_difference(
        (a, n1), (c, n0), _truth("risk_difference", true_value), conf
    )
    return ratio, None, (value, at_limit)
