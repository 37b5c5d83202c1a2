"""Generalised linear mixed models: whether, how often, and how much of that lies between authorities."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import count, level, one_of
from gofal._glmm import GlmmResult
from gofal._models import Request, request
from gofal.cells import source_of
from gofal.errors import InputError
from gofal.mixed import path_of, random_of, rows_as_columns
from gofal.options import get_options
from gofal.progress import progress
from gofal.random_terms import MixedFormula, parse_mixed
from gofal.typing import GLMM_FAMILIES, GLMM_LINKS, GlmmFamily, GlmmLink
from gofal.weights import Weight, weight_of

__all__ = ["GlmmResult", "glmm"]

_CANONICAL = {
    "binomial": "logit",
    "beta-binomial": "logit",
    "poisson": "log",
    "negative-binomial": "log",
}


def glmm(
    table: Any,
    formula: str,
    *,
    family: GlmmFamily = "binomial",
    link: GlmmLink | None = None,
    trials: str | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    weight: Weight | None = None,
    n_quadrature: int = 1,
    conf_level: float | None = None,
) -> GlmmResult:
    """Generalised linear mixed model by maximum likelihood (Laplace or adaptive quadrature).

    Parameters
    ----------
    table
        One row per child, per area or per cell, or `gf.cells` of rows; rows with a null in any named column are
        dropped and counted. Tables above 20,000 rows without a continuous column are grouped into cells first: the
        estimates are the same.
    formula
        ``"looked_after ~ abuse + (1 | authority) + (1 | court)"``; random terms as in `gf.lmm`. A factor with a level
        for each row is allowed for counts and trials: an effect per observation, the Poisson-lognormal model.
    family
        ``"binomial"`` (0/1, or successes with ``trials``), ``"poisson"``, ``"negative-binomial"`` (variance
        μ + μ²/θ, θ by maximum likelihood), ``"beta-binomial"`` (with ``trials``; θ its precision).
    link
        ``logit`` (default), ``probit`` or ``cloglog`` for binomial outcomes; ``log`` for counts.
    trials
        Column of the number of trials; the outcome then counts successes.
    offset, exposure
        Column added to the linear predictor, as it is or by its logarithm.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    n_quadrature
        Nodes of adaptive Gauss-Hermite quadrature, for one ``(1 | group)``; 1 is the Laplace approximation, which
        serves any random terms.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    GlmmResult
        ``tidy()``: ``term, estimate, std_error`` (observed information of all parameters), ``statistic, p_value,
        conf_low, conf_high``, except under probit also ``ratio, ratio_low, ratio_high``; ``glance()``;
        ``augment()`` (of rows): ``row, fitted, resid``; ``variance_components()``, ``vpc(scale=…)``,
        ``median_odds_ratio()``, ``interval_odds_ratio(term)``, ``change_in_variance(null)``, ``modes()``,
        ``predict(table)``; ``table("covariance_conditional")`` takes the variances as known.

    Raises
    ------
    InputError
        Outcomes the family cannot have, a factor with one level, a formula or option that cannot be used.
    SeparationError
        Covariates that predict the outcome without error, or a factor within whose levels it never varies.
    NumericalError
        Collinear fixed effects, named; an effect or a variance that the data cannot identify.
    ConvergenceError
        The search did not end at a minimum; the message holds its record.

    References
    ----------
    Bates, Mächler, Bolker and Walker (2015); Pinheiro and Bates (1995) for adaptive quadrature; Goldstein, Browne and
    Rasbash (2002), Larsen and Merlo (2005), Leckie et al. (2020) for shares and ratios.

    Examples
    --------
    >>> import gofal as gf
    >>> areas = {
    ...     "care": [9, 30, 14, 40, 8, 21, 35, 12],
    ...     "children": [900, 1000, 800, 1100, 700, 900, 1000, 900],
    ...     "authority": [*"aabbccdd"],
    ...     "deprived": [0, 1, 0, 1, 0, 1, 1, 0],
    ... }
    >>> fit = gf.glmm(areas, "care ~ deprived + (1 | authority)", trials="children")
    >>> round(fit.statistic("ratio", term="deprived").value, 2)
    2.46
    """
    one_of("family", family, GLMM_FAMILIES)
    if link is not None:
        one_of("link", link, GLMM_LINKS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    nodes = count("n_quadrature", n_quadrature, 1)
    chosen = link or _CANONICAL[family]
    asked, parsed = _request(
        table, formula, family=family, link=chosen, trials=trials, offset=offset, exposure=exposure, weight=weight
    )  # fmt: skip
    with progress("rows") as report:
        model = _core.Glmm(
            asked.source.stream, asked.spec, random_of(parsed), nodes, None, threads(), report
        )
    arguments = {
        "formula": parsed.text, "family": family, "link": link, "trials": trials, "offset": offset,
        "exposure": exposure, "weight": weight, "n_quadrature": nodes, "conf_level": conf,
    }  # fmt: skip
    return _result(_Fitted(asked, parsed, model, nodes, conf), arguments)


class _Fitted(NamedTuple):
    """A fitted model with what was asked for."""

    asked: Request
    parsed: MixedFormula
    model: _core.Glmm
    nodes: int
    conf: float


def _request(
    table: Any, formula: str, *, weight: Weight | None, **options: Any
) -> tuple[Request, MixedFormula]:
    source, held = source_of(table)
    available = source.columns
    if held is not None and held.outcome is not None:
        available = [held.outcome, *(c for c in available if c not in held.columns)]
    parsed = parse_mixed(formula, available)
    weighted = weight_of(weight, allowed=("frequency",))
    if weighted is not None and options["trials"] is not None:
        message = "weight, trials: trials say already how often; give one of them"
        raise InputError(message, kind="option", column="weight", got=weighted.column)
    asked = request(table, parsed.fixed.text, weight=weighted, **options)
    for factor in parsed.random:
        if parsed.fixed.outcome in factor.columns:
            message = (
                f'formula: "{parsed.fixed.outcome}" is the outcome and cannot be in a random term'
            )
            raise InputError(message, kind="option", column="formula", got=formula)
    return asked, parsed


def _result(fitted: _Fitted, arguments: dict[str, Any]) -> GlmmResult:
    asked, parsed, model = fitted.asked, fitted.parsed, fitted.model
    facts = dict(model.facts())
    factors = model.factors()
    components = columns_of(model.components())
    tidy = columns_of(model.coefficients(fitted.conf))
    terms = tidy["term"]
    link = asked.spec["link"]
    if link != "probit":
        of = (("ratio", "estimate"), ("ratio_low", "conf_low"), ("ratio_high", "conf_high"))
        tidy |= {to: [_exp(v) for v in tidy[name]] for to, name in of}
    frame = _columns_used(asked, parsed)
    result = GlmmResult.build(
        tidy=tidy,
        glance=_glance(fitted, facts, singular=any(f[2] for f in factors)),
        augment=model.rows(),
        provenance=provenance_of(
            "glmm", asked.source, frame.column_names, arguments,
            n_obs=int(facts["n_obs"] or 0), n_missing=int(facts["n_missing"] or 0),
        ),
        source=asked.source,
        keys=tuple(terms),
        extra={
            "variance_components": components,
            "vpc": _shares(components),
            "modes": model.modes(),
            "factors": {
                "factor": [f[0] for f in factors],
                "n_groups": [f[1] for f in factors],
                "singular": [f[2] for f in factors],
            },
            "theta": rows_as_columns(("factor", "term", "estimate"), model.theta()),
            "optimiser": path_of(model),
            "covariance": _square(terms, model.covariance(False)),
            "covariance_conditional": _square(terms, model.covariance(True)),
        },
    )  # fmt: skip
    held = {
        "frame": frame, "facts": facts, "variances": {f[0]: f[3] for f in factors}, "spec": asked.spec,
        "random": random_of(parsed), "nodes": fitted.nodes, "theta": model.theta(),
    }  # fmt: skip
    object.__setattr__(result, "_held", held)
    return result


def _square(terms: list[str], rows: list[list[float]]) -> dict[str, list[Any]]:
    return {"term": list(terms), **{t: [r[j] for r in rows] for j, t in enumerate(terms)}}


def _shares(components: dict[str, list[Any]]) -> dict[str, list[Any]]:
    pairs = zip(components["factor"], components["share"], strict=True)
    shares = [(f, s) for f, s in pairs if s is not None and f != "residual"]
    rows = [*shares, ("total", sum(s for _, s in shares))]
    return rows_as_columns(("factor", "estimate"), rows)


def _glance(
    fitted: _Fitted, facts: dict[str, float | None], *, singular: bool
) -> dict[str, list[Any]]:
    order = ("n_obs", "n_missing", "log_lik", "criterion", "aic", "bic", "theta", "pearson_ratio",
             "n_evaluations", "gradient_norm")  # fmt: skip
    whole = ("n_obs", "n_missing", "n_evaluations")
    row = {k: [int(facts[k] or 0) if k in whole else facts[k]] for k in order}
    spec = fitted.asked.spec
    said = "Laplace" if fitted.nodes == 1 else "adaptive quadrature"
    return {
        **row, "singular": [singular], "family": [spec["family"]], "link": [spec["link"]], "method": [said],
        "n_nodes": [fitted.nodes], "conf_level": [fitted.conf],
    }  # fmt: skip


def _columns_used(asked: Request, parsed: MixedFormula) -> Any:
    spec = asked.spec
    cells = spec["cells"] or ()
    named = [parsed.fixed.outcome if asked.cells is None else spec["outcome"], *parsed.columns]
    named += [c for c in (spec["frequency"], spec["trials"], spec["offset"], *cells) if c]
    return asked.source.to_arrow().select(list(dict.fromkeys(named)))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf
