"""Generalised linear mixed models: whether, how often, and how much of that lies between authorities."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal, NamedTuple

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import count, level, one_of
from gofal._models import Request, request
from gofal._table import read
from gofal.cells import source_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.mixed import MixedResult, linear_predictions, path_of, random_of, rows_as_columns
from gofal.options import get_options
from gofal.progress import progress
from gofal.random_terms import MixedFormula, parse_mixed
from gofal.results.frames import into_frame
from gofal.typing import (
    GLMM_FAMILIES,
    GLMM_LINKS,
    VARIANCE_INTERVALS,
    VPC_SCALES,
    GlmmFamily,
    GlmmLink,
    VarianceInterval,
    VpcScale,
)
from gofal.weights import Weight, weight_of

__all__ = ["GlmmResult", "glmm"]

_LAPLACE = Text(
    "Few rows per group: the Laplace approximation may put the variance too low; n_quadrature=25 says by how much.",
    "Ychydig o resi fesul grŵp: gall brasamcan Laplace roi'r amrywiant yn rhy isel; n_quadrature=25 a ddywed faint.",
)
_FEW_GROUPS = Text(
    "Fewer than 30 groups: intervals of what varies between groups rest on the normal and are too narrow.",
    "Llai na 30 o grwpiau: mae cyfyngau'r hyn sy'n amrywio rhwng grwpiau yn dibynnu ar y normal ac yn rhy gul.",
)
_CANONICAL = {
    "binomial": "logit",
    "beta-binomial": "logit",
    "poisson": "log",
    "negative-binomial": "log",
}
_SMALL = 10
_FEW = 30


class GlmmResult(MixedResult):
    """Fixed effects, one row each; variances, modes and the search beside them. See :func:`glmm`."""

    _title: ClassVar[Text] = Text(
        "Generalised linear mixed model", "Model cymysg llinol cyffredinoledig"
    )
    _about: ClassVar[tuple[str, ...]] = (
        "n_obs",
        "n_missing",
        "family",
        "link",
        "method",
        "theta",
        "pearson_ratio",
        "singular",
    )

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the fit."""
        said = list(super().notes())
        row = self.to_arrow("glance").to_pylist()[0]
        groups = self.to_arrow("factors")["n_groups"].to_pylist()
        if min(groups) < _FEW:
            said.append(_FEW_GROUPS)
        small = row["n_obs"] / max(groups) < _SMALL and row["family"] == "binomial"
        if small and row["method"] == "Laplace" and len(groups) == 1:
            said.append(_LAPLACE)
        return tuple(said)

    def variance_components(
        self, *, interval: VarianceInterval = "none", conf_level: float | None = None
    ) -> Any:
        """Return variances, covariances and correlations of the random effects, on the scale of the link.

        Parameters
        ----------
        interval
            ``"profile"``: limits from the profile likelihood for factors with one random effect, valid at 0
            (``conf_low`` is then 0); ``"none"``.
        conf_level
            Level; the option ``conf_level`` by default.

        Returns
        -------
        frame
            ``factor, term, estimate, sd, r, share``; ``residual`` is the variance of level 1 that the link
            implies. With an interval ``conf_low, conf_high`` of the variance.
        """
        if one_of("interval", interval, VARIANCE_INTERVALS) == "none":
            return self.table("variance_components")
        limits = self._limits(conf_level)
        rows = self.to_arrow("variance_components").to_pydict()
        first = [_is_first(rows, i) for i in range(len(rows["factor"]))]
        pairs = [limits.get(f) if k else None for f, k in zip(rows["factor"], first, strict=True)]
        rows["conf_low"] = [None if p is None else p[0] ** 2 for p in pairs]
        rows["conf_high"] = [None if p is None or p[1] is None else p[1] ** 2 for p in pairs]
        return self._frame_of(rows)

    def vpc(self, *, scale: VpcScale = "latent", eta: float | None = None) -> Any:
        """Return the variance partition coefficients, one per factor and of all together.

        Parameters
        ----------
        scale
            ``"latent"``: of the linear predictor, with the level-1 variance that the link implies (π²/3 for
            logit, 1 for probit, π²/6 for cloglog; for counts Nakagawa, Johnson and Schielzeth 2017).
            ``"observed"``: the correlation of two outcomes that share the group: exact for counts, by
            quadrature for 0/1 outcomes.
        eta
            Fixed part of the linear predictor at which the observed scale is taken; its mean over the rows by
            default.

        Returns
        -------
        frame
            ``factor, estimate, scale``. On the observed scale the parts do not add up to the total, which two
            outcomes have that share every group.
        """
        one_of("scale", scale, VPC_SCALES)
        if scale == "latent":
            rows = self.to_arrow("vpc").to_pydict()
            return self._frame_of({**rows, "scale": ["latent"] * len(rows["factor"])})
        facts = self._held["facts"]
        glance = self.to_arrow("glance").to_pylist()[0]
        names, variances = self._variances()
        at = facts["mean_eta"] if eta is None else float(eta)
        _, parts, together, total = _core.observed_shares(
            glance["family"], glance["link"], variances, at, glance["theta"]
        )
        shares = [part / total for part in (*parts, together)]
        return self._frame_of(
            {
                "factor": [*names, "total"],
                "estimate": shares,
                "scale": ["observed"] * len(shares),
            }
        )

    def median_odds_ratio(
        self, *, interval: VarianceInterval = "none", conf_level: float | None = None
    ) -> Any:
        """Return the median ratio between two groups drawn at random, the higher over the lower.

        An odds ratio under a logit link, a rate ratio for counts, a hazard ratio under cloglog
        (Larsen and Merlo 2005).

        Parameters
        ----------
        interval
            ``"profile"``: from the limits of the variance, so never below 1; ``"none"``.
        conf_level
            Level; the option ``conf_level`` by default.

        Returns
        -------
        frame
            ``factor, ratio``, with an interval ``ratio_low, ratio_high``.

        Raises
        ------
        InputError
            Under a probit link, whose coefficients are not logarithms of ratios.
        """
        self._refuse_probit("median_odds_ratio")
        names, variances = self._variances()
        rows: dict[str, list[Any]] = {
            "factor": names,
            "ratio": [_core.variance_ratios(v, 0.0)[0] for v in variances],
        }
        if one_of("interval", interval, VARIANCE_INTERVALS) != "none":
            limits = self._limits(conf_level)
            pairs = [limits.get(name, (None, None)) for name in names]
            for column, k in (("ratio_low", 0), ("ratio_high", 1)):
                ends = [p[k] for p in pairs]
                rows[column] = [
                    None if sd is None else _core.variance_ratios(sd**2, 0.0)[0] for sd in ends
                ]
        return self._frame_of(rows)

    def interval_odds_ratio(self, term: str, *, factor: str | None = None) -> Any:
        """Return the ratios for a covariate of groups once the groups themselves are let vary.

        Parameters
        ----------
        term
            A coefficient whose covariate is constant within groups.
        factor
            Grouping factor; the first by default.

        Returns
        -------
        frame
            ``term, factor, ratio``, ``ior_low, ior_high`` (the middle 80% of ratios between a person in a random
            group with the covariate one higher and one in another; IOR-80), ``opposed`` (share of these ratios on
            the other side of 1; POOR).

        Raises
        ------
        InputError
            An unknown term or factor, or a probit link.
        """
        self._refuse_probit("interval_odds_ratio")
        tidy = self.to_arrow().to_pydict()
        one_of("term", term, tidy["term"])
        names, variances = self._variances()
        chosen = names[0] if factor is None else one_of("factor", factor, names)
        beta = tidy["estimate"][tidy["term"].index(term)]
        _, low, high, opposed = _core.variance_ratios(variances[names.index(chosen)], beta)
        return self._frame_of(
            {
                "term": [term],
                "factor": [chosen],
                "ratio": [math.exp(beta)],
                "ior_low": [low],
                "ior_high": [high],
                "opposed": [opposed],
            }
        )

    def predict(
        self,
        table: Any,
        *,
        random: Literal["modes", "none"] = "modes",
        scale: Literal["response", "link"] = "response",
    ) -> Any:
        """Return predictions for new rows.

        Parameters
        ----------
        table
            Rows with the columns of the formula (and of the offset or exposure); the outcome is not needed.
        random
            ``"modes"``: with the conditional modes, 0 for a level that the fit did not see; ``"none"``: without.
        scale
            ``"response"``: the mean (per trial) for a group at those modes, ``"link"``: the linear predictor.

        Returns
        -------
        frame
            ``row, estimate``; a row with a null in a column of the formula is left out.

        Raises
        ------
        InputError
            Unknown columns, or a fixed factor with a level that the fit did not see.
        """
        one_of("random", random, ("modes", "none"))
        one_of("scale", scale, ("response", "link"))
        import pyarrow as pa

        given = self.provenance.arguments
        source = read(table)
        rows = linear_predictions(self, source, with_modes=random == "modes").to_pydict()
        added = given.get("offset") or given.get("exposure")
        if added is not None:
            values = source.to_arrow()[added].to_pylist()
            for i, row in enumerate(rows["row"]):
                value = values[row]
                rows["estimate"][i] += value if given.get("offset") else math.log(value)
        if scale == "response":
            mean = _MEANS[self.to_arrow("glance")["link"][0].as_py()]
            rows["estimate"] = [mean(eta) for eta in rows["estimate"]]
        return into_frame(pa.table(rows), source.kind)

    def _variances(self) -> tuple[list[str], list[float]]:
        """Names of the factors and the variance each puts into a row."""
        factors = self.to_arrow("factors").to_pydict()["factor"]
        return factors, [self._held["variances"][f] for f in factors]

    def _limits(self, conf_level: float | None) -> dict[str, tuple[float, float | None]]:
        """Profile limits of the standard deviations, from a warm refit of the model frame."""
        conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
        held = self._held
        model = _core.Glmm(
            read(held["frame"]).stream, held["spec"], held["random"], held["nodes"],
            [v for _, _, v in held["theta"]], threads(), None,
        )  # fmt: skip
        return {name: (low, high) for name, low, high in model.profile(conf, threads())}

    def _refuse_probit(self, verb: str) -> None:
        if self.to_arrow("glance")["link"][0].as_py() == "probit":
            message = f'{verb}: under link="probit" a coefficient is not the logarithm of a ratio'
            raise InputError(message, kind="option", column="link", got="probit")

    def _frame_of(self, rows: dict[str, list[Any]]) -> Any:
        import pyarrow as pa

        return into_frame(pa.table(rows), self._frame)


def _is_first(rows: dict[str, list[Any]], i: int) -> bool:
    return rows["factor"].index(rows["factor"][i]) == i and rows["sd"][i] is not None


def _expit(eta: float) -> float:
    return 1 / (1 + math.exp(-eta)) if eta >= 0 else math.exp(eta) / (1 + math.exp(eta))


_MEANS = {
    "logit": _expit,
    "probit": lambda eta: 0.5 * math.erfc(-eta / math.sqrt(2)),
    "cloglog": lambda eta: -math.expm1(-math.exp(eta)),
    "log": math.exp,
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
        conf_low, conf_high``, except under probit also ``ratio, ratio_low, ratio_high``; ``glance()``; ``augment()`` (of rows):
        ``row, fitted, resid``; ``variance_components()``, ``vpc(scale=…)``, ``median_odds_ratio()``,
        ``interval_odds_ratio(term)``, ``modes()``, ``predict(table)``; ``table("covariance_conditional")`` takes the
        variances as known.

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
    2.67
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
