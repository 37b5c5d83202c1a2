"""Matched data: conditional logistic regression."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import threads
from gofal._check import level, names
from gofal._models import request
from gofal._outcome_models import OutcomeResult, outcome_result, said
from gofal.covariances import Vcov, score_vcov
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.weights import Weight, weight_of

__all__ = ["ClogitResult", "clogit"]


class ClogitResult(OutcomeResult):
    """Log odds ratios within strata; ``table("tests")`` tests all of them. See :func:`clogit`."""

    _title: ClassVar[Text] = Text("Conditional logistic regression", "Atchweliad logistaidd amodol")
    _about = ("n_obs", "n_missing", "events", "n_informative", "n_groups", "n_clusters", "vcov")

    def notes(self) -> tuple[Text, ...]:
        """Say how many strata told nothing."""
        row = self.to_arrow("glance").to_pylist()[0]
        silent = row["n_groups"] - row["n_informative"]
        if not silent:
            return super().notes()
        return (Text(f"{silent} of {row['n_groups']} strata hold only cases or only controls and say nothing.",
                     f"Mae {silent} o'r {row['n_groups']} haen yn cynnwys achosion yn unig neu reolyddion yn unig, ac "
                     "nid ydynt yn dweud dim."), *super().notes())  # fmt: skip


def clogit(
    table: Any,
    formula: str,
    *,
    strata: str | Iterable[str],
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> ClogitResult:
    """Conditional logistic regression by the exact conditional likelihood.

    Each stratum has an intercept of its own that is conditioned away: matched sets, siblings, the children
    of one court. What does not vary within strata cannot be estimated.

    Parameters
    ----------
    table
        Rows, or `gf.cells` made by the strata too; rows with a null in any named column are dropped and
        counted.
    formula
        ``"looked_after ~ domestic_abuse + age"``; the outcome is 0 or 1.
    strata
        Column whose levels are the matched sets, or several whose combinations are.
    weight
        ``gf.frequency("n")``: rows that a row stands for, in its stratum.
    vcov
        ``"classical"`` (observed information), ``gf.HC(0)`` and ``gf.HC(1)`` by stratum, or
        ``gf.Cluster("authority")`` with clusters of whole strata: CR1, the factor G/(G − 1), t with G − 1
        degrees of freedom.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    ClogitResult
        ``tidy()``: ``term, estimate`` (log odds ratio), ``std_error, statistic, df, p_value, conf_low,
        conf_high, ratio, ratio_low, ratio_high``. ``glance()``: ``events`` (cases), ``n_groups`` (strata),
        ``n_informative`` (strata with cases and controls), ``log_lik``. ``table("tests")``: likelihood-ratio,
        score and Wald test of all coefficients; ``covariance()``.

    Raises
    ------
    InputError
        Outcomes other than 0 and 1, no stratum with cases and controls, clusters that cut strata.
    NumericalError
        Columns that do not vary within strata, or are combinations of others there.
    SeparationError
        Cases that always lie on one side of their controls.

    References
    ----------
    Breslow and Day (1980), Statistical Methods in Cancer Research I, chapter 7; Gail, Lubin and Rubinstein
    (1981), Biometrika 68:703.

    Examples
    --------
    >>> import gofal as gf
    >>> pairs = {"set": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5], "case": [1, 0] * 5,
    ...          "abuse": [1, 0, 1, 0, 0, 1, 1, 0, 1, 1]}
    >>> fit = gf.clogit(pairs, "case ~ abuse", strata="set")
    >>> round(fit.statistic("ratio", term="abuse").value, 6)  # discordant pairs: 3 to 1
    3.0
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    chosen = score_vcov(vcov)
    sets = names("strata", strata)
    if not sets:
        message = "strata: name the column whose levels are the matched sets"
        raise InputError(message, kind="option", column="strata", got=strata)
    asked = request(
        table, formula, family="binomial", vcov=chosen, reads=sets,
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    asked.spec["clusters"] = [*sets, *asked.spec["clusters"]]
    with progress("rows") as report:
        got = _core.clogit(asked.source.stream, asked.spec, len(sets), conf, threads(), report)
    facts = dict(got[2])
    df = float(len(got[1]))
    found = [facts[k] for k in ("lr", "score", "wald")]
    tests = {"method": ["likelihood ratio", "score", "wald"], "statistic": found, "df": [df] * 3,
             "p_value": [_core.chi2_sf(v, df) for v in found]}  # fmt: skip
    return outcome_result(
        ClogitResult, asked, got, function="clogit", ratios=True, more={"tests": tests},
        arguments={"strata": tuple(sets), "weight": weight, "vcov": said(chosen), "conf_level": conf},
        glance={"vcov": asked.spec["vcov"], "conf_level": conf},
    )  # fmt: skip
