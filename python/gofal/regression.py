"""Least squares and generalised linear models, on rows or cells, with errors that hold for few areas."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from gofal import _core
from gofal._call import columns_of
from gofal._check import level, one_of
from gofal._models import (
    Request,
    facts_of,
    fit,
    glance_of,
    notes_on_inference,
    request,
    tidy_of,
    without_errors,
)
from gofal.covariances import Vcov, said
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import GLM_FAMILIES, GLM_INTERVALS, GLM_LINKS, GlmFamily, GlmInterval, GlmLink
from gofal.weights import Weight

__all__ = ["RegressionResult", "glm", "lm"]


class RegressionResult(Result):
    """Coefficients, one row each; ``augment()`` has fitted values and influence. See :func:`lm`."""

    _title: ClassVar[Text] = Text("Linear regression", "Atchweliad llinol")
    _about: ClassVar[tuple[str, ...]] = (
        "n_missing",
        "n_clusters",
        "r_squared",
        "r_squared_adjusted",
        "sigma",
        "vcov",
    )

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the inference."""
        row = self.to_arrow("glance").to_pylist()[0]
        return notes_on_inference(row, self.to_arrow().to_pylist())

    def covariance(self) -> Any:
        """Return the covariance of the coefficients, one row and one column for each."""
        return self.table("covariance")


class GlmResult(RegressionResult):
    """Coefficients of a generalised linear model. See :func:`glm`."""

    _title: ClassVar[Text] = Text("Generalised linear model", "Model llinol cyffredinoledig")
    _about = (
        "n_missing",
        "n_clusters",
        "family",
        "link",
        "deviance",
        "dispersion",
        "theta",
        "vcov",
    )
    _hidden = ("df",)


def lm(
    table: Any,
    outcome: str,
    predictors: str | Iterable[str] | None = None,
    *,
    weight: Weight | None = None,
    vcov: Vcov = "HC3",
    conf_level: float | None = None,
) -> RegressionResult:
    """Linear regression.

    Parameters
    ----------
    table
        One row per area or per child, or `gf.cells`; rows with a null in any named column are dropped and
        counted. Tables above 20,000 rows without a continuous column are grouped into cells first: the
        estimates are the same.
    outcome
        A formula (``"rate ~ score * rural + C(year)"``) or the name of the outcome.
    predictors
        Columns, where ``outcome`` is a name; an intercept is added.
    weight
        ``gf.analytic("population")``: variance of row i is σ²/w; ``gf.frequency("n")``: rows that a row
        stands for.
    vcov
        ``"HC3"`` (close to the jackknife, the safest of the family for 22 areas), ``"classical"``,
        ``gf.HC(0)`` to ``gf.HC(5)``, ``gf.Cluster("authority")``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    RegressionResult
        ``tidy()``: ``term, estimate, std_error, statistic, df, p_value, conf_low, conf_high``;
        ``glance()``: fit criteria; ``augment()`` (of rows): ``row, fitted, resid, leverage, std_resid``
        (externally studentised), ``cooks_distance``; ``table("covariance")``.

    Raises
    ------
    InputError
        Unknown or unusable columns, too few rows, a formula that cannot be read.
    NumericalError
        Collinear predictors, named.

    References
    ----------
    MacKinnon and White (1985), Journal of Econometrics 29:305; Bell and McCaffrey (2002); Cook (1977).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [243, 338, 261, 159, 169, 252], "score": [18.3, 16.8, 18.3, 22.9, 15.5, 19.7]}
    >>> fit = gf.lm(t, "rate", "score", vcov="classical")
    >>> round(fit.statistic(term="score").value, 2)
    -9.13
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    asked = request(table, outcome, predictors, family="gaussian", weight=weight, vcov=vcov)
    arguments = {"weight": weight, "vcov": said(vcov), "conf_level": conf}
    return _result(RegressionResult, "lm", asked, arguments, conf)


def glm(
    table: Any,
    formula: str,
    *,
    family: GlmFamily = "binomial",
    link: GlmLink | None = None,
    trials: str | None = None,
    weight: Weight | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    vcov: Vcov = "classical",
    interval: GlmInterval = "wald",
    conf_level: float | None = None,
) -> GlmResult:
    """Generalised linear model by maximum likelihood.

    Parameters
    ----------
    table
        Rows, or `gf.cells` of them; see :func:`lm`.
    formula
        ``"looked_after ~ domestic_abuse * substance_misuse + age_band"``.
    family
        ``"binomial"`` (0/1, or successes with ``trials``), ``"poisson"`` (counts; with 0/1 outcomes and a
        robust ``vcov`` this is modified Poisson, whose coefficients are log risk ratios),
        ``"negative-binomial"`` (dispersion by maximum likelihood), ``"gamma"``, ``"gaussian"``,
        ``"quasi-poisson"``, ``"quasi-binomial"``.
    link
        ``logit probit cloglog log identity inverse``; the canonical one by default (log for the negative
        binomial and gamma).
    trials
        Column of the number of trials; the outcome then counts successes.
    weight
        ``gf.frequency``, ``gf.analytic`` (prior weights) or ``gf.probability`` (needs a robust ``vcov``).
    offset, exposure
        Column added to the linear predictor, as it is or by its logarithm.
    vcov
        ``"classical"``, ``gf.HC(k)``, ``gf.Cluster("authority")`` (CR2, Satterthwaite).
    interval
        ``"wald"``, or ``"profile"`` (likelihood; classical ``vcov`` only).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    GlmResult
        ``tidy()``: on the scale of the link; under a log or logit link also ``ratio, ratio_low,
        ratio_high``.

    Raises
    ------
    InputError
        Outcomes the family cannot have, a formula or option that cannot be used.
    SeparationError
        A pattern that predicts the outcome without error: columns and pattern are named.
    ConvergenceError
        The iteration did not settle.

    References
    ----------
    McCullagh and Nelder (1989); Zou (2004) for modified Poisson; Liang and Zeger (1986); Bell and McCaffrey (2002).

    Examples
    --------
    >>> import gofal as gf
    >>> cells = {"abuse": [0, 1], "looked_after": [20, 36], "children": [1000, 600]}
    >>> fit = gf.glm(cells, "looked_after ~ abuse", trials="children")
    >>> round(fit.statistic("ratio", term="abuse").value, 3)
    3.128
    """
    one_of("family", family, GLM_FAMILIES)
    one_of("interval", interval, GLM_INTERVALS)
    if link is not None:
        one_of("link", link, GLM_LINKS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    quasi, base = family.startswith("quasi-"), family.removeprefix("quasi-")
    chosen = link or {"gamma": "log", "negative-binomial": "log"}.get(base)
    asked = request(
        table, formula, family=base, link=chosen, quasi=quasi, trials=trials, weight=weight,
        offset=offset, exposure=exposure, vcov=vcov,
    )  # fmt: skip
    if interval == "profile" and asked.spec["vcov"] != "classical":
        message = 'interval="profile" comes from the likelihood; it needs vcov="classical"'
        raise InputError(message, kind="option", column="interval", got=interval)
    if base == "negative-binomial" and link not in (None, "log"):
        message = 'link: the negative binomial has link="log"'
        raise InputError(message, kind="option", column="link", got=link)
    arguments = {
        "family": family, "link": link, "trials": trials, "weight": weight, "offset": offset,
        "exposure": exposure, "vcov": said(vcov), "interval": interval, "conf_level": conf,
    }  # fmt: skip
    return _result(GlmResult, "glm", asked, arguments, conf, profile=interval == "profile")


R = TypeVar("R", bound=RegressionResult)
_CANONICAL = {"binomial": "logit", "poisson": "log", "gaussian": "identity"}


def _result(
    kind: type[R],
    function: str,
    asked: Request,
    arguments: dict[str, Any],
    conf: float,
    *,
    profile: bool = False,
) -> R:
    model = fit(asked)
    facts = facts_of(model, asked)
    terms, aliased = model.names()
    if aliased:
        message = (
            f"aliased column(s): {', '.join(aliased)} (linear combinations of the columns before them); "
            "drop them"
        )
        raise NumericalError(message, kind="aliased", columns=aliased)
    tidy = without_errors(model, tidy_of(model, conf, profile=profile))
    shown: dict[str, Any] = {"vcov": asked.spec["vcov"], "conf_level": conf}
    if function != "lm":
        link = asked.spec["link"] or _CANONICAL[asked.spec["family"]]
        shown |= {"family": arguments["family"], "link": link}
        if link in ("log", "logit"):
            tidy |= {to: [None if v is None else _exp(v) for v in tidy[of]] for to, of in
                     (("ratio", "estimate"), ("ratio_low", "conf_low"), ("ratio_high", "conf_high"))}  # fmt: skip
    rows = model.rows()
    return kind.build(
        tidy=tidy,
        glance=glance_of(facts, model, **shown),
        augment=None if rows is None else columns_of(rows),
        provenance=asked.provenance(function, arguments, facts),
        source=asked.source,
        keys=tuple(terms),
        extra={"covariance": _square(model, terms)},
    )


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _square(model: _core.Model, terms: list[str]) -> dict[str, list[Any]]:
    rows = model.covariance()
    return {"term": list(terms), **{name: [r[j] for r in rows] for j, name in enumerate(terms)}}
