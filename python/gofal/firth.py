"""Logistic regression that stays finite: Firth's penalised likelihood."""

from __future__ import annotations

from typing import Any, ClassVar

from gofal import _core
from gofal._call import threads
from gofal._check import level, one_of
from gofal._models import request
from gofal._outcome_models import OutcomeResult, outcome_result, said
from gofal.covariances import Vcov
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.typing import GLM_INTERVALS, GlmInterval
from gofal.weights import Weight, weight_of

__all__ = ["FirthResult", "firth"]

_PENALISED = Text(
    "Penalised likelihood (Firth): tests and limits from its profile; statistic is χ² on 1 degree of freedom.",
    "Tebygolrwydd â chosb (Firth): profion a therfynau o'i broffil; χ² ar 1 radd rhyddid yw'r ystadegyn.",
)
_FLIC = Text(
    "The intercept is corrected (FLIC): the mean prediction is the observed share. Its error and limits are Wald's.",
    "Cywirwyd y rhyngdoriad (FLIC): cymedr y rhagfynegiadau yw'r gyfran a welwyd. Rhai Wald yw ei gyfeiliornad a'i "
    "derfynau.",
)


class FirthResult(OutcomeResult):
    """Log odds ratios, one row each; ``augment()`` has fitted probabilities. See :func:`firth`."""

    _title: ClassVar[Text] = Text(
        "Logistic regression by penalised likelihood",
        "Atchweliad logistaidd â thebygolrwydd â chosb",
    )
    _about = ("n_obs", "n_missing", "n_clusters", "penalised_log_lik", "interval", "vcov")

    def notes(self) -> tuple[Text, ...]:
        """Return which likelihood the numbers come from."""
        profile = self.to_arrow("glance")["interval"][0].as_py() == "profile"
        flic = self.provenance.argument("flic")
        return (*((_PENALISED,) if profile else ()), *((_FLIC,) if flic else ()), *super().notes())


def firth(
    table: Any,
    formula: str,
    *,
    interval: GlmInterval | None = None,
    flic: bool = False,
    trials: str | None = None,
    weight: Weight | None = None,
    offset: str | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> FirthResult:
    """Firth's logistic regression, for rare outcomes and separated groups.

    Parameters
    ----------
    table
        Rows, or `gf.cells` of them; rows with a null in any named column are dropped and counted.
    formula
        ``"looked_after ~ domestic_abuse * substance_misuse"``; the outcome is 0 or 1.
    interval
        ``"profile"``: limits of the penalised profile likelihood and its ratio test (the default with
        ``vcov="classical"``); ``"wald"``.
    flic
        Re-estimate the intercept so that the mean prediction equals the observed share. Use it to
        predict; the other coefficients do not change.
    trials
        Column of the number of trials; the outcome then counts successes.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    offset
        Column added to the linear predictor.
    vcov
        ``"classical"`` (inverse Fisher information), ``gf.HC(0)`` to ``gf.HC(5)`` or
        ``gf.Cluster("authority")`` (CR2): the sandwich of the modified scores, leverages taken as
        given; Wald tests and limits only.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    FirthResult
        ``tidy()``: ``term, estimate`` (log odds ratio), ``std_error, statistic`` (χ² of the penalised
        likelihood ratio, or Wald's z), ``p_value, conf_low, conf_high, ratio, ratio_low, ratio_high``
        (odds ratios). ``glance()``: sizes, ``penalised_log_lik, log_lik``. ``augment()`` of rows: ``row,
        fitted, leverage``; ``covariance()``.

    Raises
    ------
    InputError
        Outcomes other than 0 and 1, weights that are all 0, options that exclude each other.
    NumericalError
        Collinear columns, named; a factor of one level; ``flic`` where all outcomes are equal.
    ConvergenceError
        A profile that cannot be followed.

    References
    ----------
    Firth (1993), Biometrika 80:27; Heinze and Schemper (2002), Statistics in Medicine 21:2409; Puhr and
    others (2017), Statistics in Medicine 36:2302.

    Examples
    --------
    >>> import gofal as gf
    >>> children = {"care": [0, 0, 0, 0, 0, 1, 1, 1], "abuse": [0, 0, 0, 0, 0, 0, 1, 1]}
    >>> fit = gf.firth(children, "care ~ abuse")
    >>> round(fit.statistic("ratio", term="abuse").value, 1)  # no child with abuse stayed out of care
    18.3
    """
    how = one_of(
        "interval", interval or ("profile" if vcov == "classical" else "wald"), GLM_INTERVALS
    )
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    asked = request(
        table, formula, family="binomial", trials=trials, offset=offset, vcov=vcov,
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    if how == "profile" and asked.spec["vcov"] != "classical":
        message = 'interval="profile" comes from the likelihood; it needs vcov="classical"'
        raise InputError(message, kind="option", column="interval", got=how)
    with progress("rows") as report:
        got = _core.firth(
            asked.source.stream, asked.spec, how == "profile", flic, conf, threads(), report
        )
    return outcome_result(
        FirthResult, asked, got, function="firth", ratios=True,
        arguments={"interval": how, "flic": flic or None, "trials": trials, "weight": weight,
                   "offset": offset, "vcov": said(vcov), "conf_level": conf},
        glance={"interval": how, "vcov": asked.spec["vcov"], "conf_level": conf},
    )  # fmt: skip
