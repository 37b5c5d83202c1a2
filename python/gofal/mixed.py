"""Linear mixed models: how much of the variation lies between authorities, courts, areas and years."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import one_of
from gofal._mixed_verbs import MixedVerbs
from gofal._models import Request, request
from gofal._table import Source, read
from gofal.cells import source_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.mixed_inference import MixedFit, conf_of
from gofal.progress import progress
from gofal.random_terms import MixedFormula, parse_mixed
from gofal.results.frames import into_frame
from gofal.typing import MIXED_DFS, MixedDf
from gofal.weights import Weight, weight_of

__all__ = ["LmmResult", "MixedResult", "lmm"]

_SINGULAR = Text(
    "Singular fit: a variance is estimated as 0, or a correlation as ±1; the data do not show more.",
    "Ffit hynod: amcangyfrifir bod amrywiant yn 0, neu gydberthynas yn ±1; nid yw'r data'n dangos mwy.",
)
_FEW = Text(
    "Fewer than five levels in a grouping factor: its variance is hardly known; a fixed effect may serve better.",
    "Llai na phum lefel mewn ffactor grwpio: prin y gwyddys ei amrywiant; gall effaith sefydlog fod yn well.",
)
_MOST_EFFECTS = 1_000
"""Above this many random effects degrees of freedom are found on request only."""


class MixedResult(MixedFit):
    """Fixed effects, one row each; variances, modes and the search beside them. See :func:`lmm`."""

    _title: ClassVar[Text] = Text("Linear mixed model", "Model cymysg llinol")
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "sigma", "method", "singular")

    def __getstate__(self) -> tuple[Any, ...]:
        # The kernel's object stays behind: it is made again when it is asked for.
        return (*super().__getstate__(), {**(self._held or {}), "model": None})

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        super().__setstate__(state[:4])
        object.__setattr__(self, "_held", state[4] if len(state) > 4 else None)

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the fit."""
        said = [_SINGULAR] if self.to_arrow("glance")["singular"][0].as_py() else []
        if min(self.to_arrow("factors")["n_groups"].to_pylist()) < 5:
            said.append(_FEW)
        return tuple(said)

    def variance_components(self) -> Any:
        """Return variances, covariances and correlations of the random effects, and the residual variance.

        ``factor, term, estimate`` (variance or covariance), ``sd, r`` (correlation), ``share`` (of the variance
        of a row, beside a factor's first column).
        """
        return self.table("variance_components")

    def vpc(self) -> Any:
        """Return the variance partition coefficients: ``factor, estimate``, and all factors together (the ICC)."""
        return self.table("vpc")

    def modes(self) -> Any:
        """Return the conditional modes: ``factor, group, term, estimate, std_error`` (conditional SD)."""
        return self.table("modes")

    def covariance(self) -> Any:
        """Return the covariance of the fixed effects, one row and one column for each."""
        return self.table("covariance")

    def predict(self, table: Any, *, random: Literal["modes", "none"] = "modes") -> Any:
        """Return predictions for new rows.

        Parameters
        ----------
        table
            Rows with the columns of the formula; the outcome is not needed.
        random
            ``"modes"``: with the conditional modes, 0 for a level that the fit did not see; ``"none"``: Xβ alone.

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
        source = read(table)
        rows = linear_predictions(self, source, with_modes=random == "modes")
        return into_frame(rows, source.kind)


class LmmResult(MixedVerbs, MixedResult):
    """A linear mixed model: what `MixedResult` says, with intervals and tests. See :func:`lmm`."""


def lmm(
    table: Any,
    formula: str,
    *,
    reml: bool = True,
    weight: Weight | None = None,
    df: MixedDf = "auto",
    conf_level: float | None = None,
) -> LmmResult:
    """Linear mixed model by restricted (or full) maximum likelihood.

    Parameters
    ----------
    table
        One row per observation, or `gf.cells` of them; rows with a null in any named column are dropped and
        counted. Tables above 20,000 rows without a continuous column are grouped into cells first: the
        estimates are the same.
    formula
        ``"rate ~ score + C(year) + (1 | authority)"``. Random terms: ``(1 | g)`` intercepts, ``(1 + x | g)`` with a
        correlated slope, ``(x || g)`` with an independent one, ``(0 + x | g)`` a slope alone, ``(1 | a/b)`` b within a,
        ``(1 | a:b)`` combinations; several factors may be nested or crossed. ``C(x)`` makes a fixed factor; a
        grouping column always is one.
    reml
        Restricted likelihood (variances allow for the fixed effects); False: full likelihood, for comparing
        fixed parts.
    weight
        ``gf.analytic("population")``: variance of row i is σ²/w; ``gf.frequency("n")``: rows that a row stands for.
    df
        Degrees of freedom of the fixed effects: ``"satterthwaite"`` (standard errors as they are);
        ``"kenward-roger"`` (restricted likelihood; standard errors are enlarged too: the better choice for 22
        authorities of unequal size); ``"residual"`` (n − p: too many for what varies between groups only); ``"none"``
        (normal). ``"auto"``: Satterthwaite, and none above 1,000 random effects.
    conf_level
        Level of the limits; the option ``conf_level`` by default.

    Returns
    -------
    LmmResult
        ``tidy()``: ``term, estimate, std_error, statistic, df, p_value, conf_low, conf_high``; ``glance()``: sizes,
        ``log_lik, criterion`` (−2 log likelihood), ``aic, bic, singular``, the search; ``augment()`` (of rows):
        ``row, fitted, resid``; ``variance_components()``, ``vpc()``, ``change_in_variance(null)``,
        ``test_variance(factor)``, ``f_test(terms)``, ``likelihood_ratio(other)``, ``conf_int()``, ``bootstrap()``,
        ``modes()``, ``predict(table)``; ``table("factors")``, ``table("theta")``, ``table("optimiser")``.

    Raises
    ------
    InputError
        A factor with one level or as many effects as rows, two factors that group alike, a formula that cannot
        be read, a constant outcome.
    NumericalError
        Collinear fixed effects or slopes, named; no residual variance.
    ConvergenceError
        The search did not end at a minimum; the message holds its record.

    References
    ----------
    Bates, Mächler, Bolker and Walker (2015), Journal of Statistical Software 67(1); Johnson (2014) for shares with
    random slopes; Nakagawa and Schielzeth (2013).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [81, 84, 92, 60, 61, 66, 110, 118, 121], "area": [*"aaabbbccc"]}
    >>> fit = gf.lmm(t, "rate ~ 1 + (1 | area)")
    >>> round(fit.statistic(term="(intercept)").value, 1)
    88.1
    >>> [round(v, 3) for v in fit.vpc()["estimate"].to_pylist()]
    [0.967, 0.967]
    """
    one_of("df", df, MIXED_DFS)
    conf = conf_of(conf_level)
    asked, parsed = mixed_request(table, formula, weight)
    with progress("rows") as report:
        model = _core.Mixed(
            asked.source.stream, asked.spec, random_of(parsed), reml, None, threads(), report
        )
    word = _df_of(df, model)
    tidy = columns_of(_core.mixed_coefficients(model, word, conf))
    return _result(asked, parsed, model, tidy, reml=reml, weight=weight, df=(word, conf))


def _df_of(df: MixedDf, model: _core.Mixed) -> str:
    effects = sum(n for _, n, _ in model.factors())
    return df if df != "auto" else "satterthwaite" if effects <= _MOST_EFFECTS else "none"


def mixed_request(table: Any, formula: str, weight: Weight | None) -> tuple[Request, MixedFormula]:
    """Return a formula with random terms in the kernel's words."""
    source, held = source_of(table)
    available = source.columns
    if held is not None and held.outcome is not None:
        available = [held.outcome, *(c for c in available if c not in held.columns)]
    parsed = parse_mixed(formula, available)
    weighted = weight_of(weight, allowed=("frequency", "analytic"))
    asked = request(table, parsed.fixed.text, family="gaussian", weight=weighted)
    for factor in parsed.random:
        if parsed.fixed.outcome in factor.columns:
            message = (
                f'formula: "{parsed.fixed.outcome}" is the outcome and cannot be in a random term'
            )
            raise InputError(message, kind="option", column="formula", got=formula)
    return asked, parsed


def random_of(parsed: MixedFormula) -> list[Any]:
    """Return the random terms in the kernel's words."""
    return [
        (list(r.groups), [[list(term) for term in part] for part in r.parts]) for r in parsed.random
    ]


def _result(
    asked: Request,
    parsed: MixedFormula,
    model: _core.Mixed,
    coefficients: dict[str, list[Any]],
    *,
    reml: bool,
    weight: Weight | None,
    df: tuple[str, float],
) -> LmmResult:
    facts = dict(model.facts())
    factors = model.factors()
    components = columns_of(model.components())
    terms = coefficients["term"]
    square = model.covariance()
    arguments = {"formula": parsed.text, "reml": reml, "weight": weight, "df": df[0]}
    frame = _frame(asked, parsed)
    result = LmmResult.build(
        tidy=coefficients,
        glance=_glance(facts, reml=reml, singular=any(s for _, _, s in factors))
        | {"df_method": [df[0]], "conf_level": [df[1]]},
        augment=model.rows(),
        provenance=provenance_of(
            "lmm",
            asked.source,
            frame.column_names,
            arguments,
            n_obs=int(facts["n_obs"]),
            n_missing=int(facts["n_missing"]),
        ),
        source=asked.source,
        keys=tuple(terms),
        extra={
            "variance_components": components,
            "vpc": _vpc(components),
            "modes": model.modes(),
            "factors": {
                "factor": [f for f, _, _ in factors],
                "n_groups": [n for _, n, _ in factors],
                "singular": [s for _, _, s in factors],
            },
            "theta": rows_as_columns(("factor", "term", "estimate"), model.theta()),
            "optimiser": path_of(model),
            "covariance": {
                "term": terms,
                **{t: [r[j] for r in square] for j, t in enumerate(terms)},
            },
        },
    )
    held = {"frame": frame, "model": model, "spec": asked.spec, "random": random_of(parsed), "reml": reml,
            "theta": [v for _, _, v in model.theta()], "weight": weight, "cells": asked.cells is not None}  # fmt: skip
    object.__setattr__(result, "_held", held)
    return result


def _glance(facts: dict[str, float], *, reml: bool, singular: bool) -> dict[str, list[Any]]:
    counts = ("n_obs", "n_missing", "n_evaluations")
    order = ("n_obs", "n_missing", "sigma", "log_lik", "criterion", "aic", "bic", "r_squared_marginal",
             "r_squared_conditional", "n_evaluations", "gradient_norm")  # fmt: skip
    row: dict[str, list[Any]] = {k: [int(facts[k]) if k in counts else facts[k]] for k in order}
    return {**row, "singular": [singular], "method": ["REML" if reml else "ML"]}


def _vpc(components: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Shares by factor, and their sum."""
    shares = [
        (f, s)
        for f, s in zip(components["factor"], components["share"], strict=True)
        if s is not None and f != "residual"
    ]
    total = sum(s for _, s in shares)
    return rows_as_columns(("factor", "estimate"), [*shares, ("total", total)])


def path_of(model: _core.Mixed | _core.Glmm) -> dict[str, list[Any]]:
    """Return the points of the search, one row for each part of theta."""
    names = [(f, t) for f, t, _ in model.theta()]
    rows = [
        (i, f, t, value, criterion)
        for i, (theta, criterion) in enumerate(model.path())
        for (f, t), value in zip(names, theta, strict=True)
    ]
    return rows_as_columns(("iteration", "factor", "term", "estimate", "criterion"), rows)


def rows_as_columns(names: tuple[str, ...], rows: list[Any]) -> dict[str, list[Any]]:
    """Return the columns of a list of rows."""
    return {name: [row[i] for row in rows] for i, name in enumerate(names)}


def _frame(asked: Request, parsed: MixedFormula) -> Any:
    """The columns of the fit: the caller's own buffers, not a copy."""
    spec = asked.spec
    cells = spec["cells"] or ()
    named = [parsed.fixed.outcome if asked.cells is None else spec["outcome"], *parsed.columns]
    named += [c for c in (spec["frequency"], spec["prior"], *cells) if c]
    source: Source = asked.source
    return source.to_arrow().select(list(dict.fromkeys(named)))


def linear_predictions(fit: MixedResult, source: Source, *, with_modes: bool) -> Any:
    """Return ``row, estimate`` (Xβ, with the modes Zb): rows of the fit and new rows in one table are coded alike."""
    import pyarrow as pa

    frame = fit.model_frame()
    text = fit.provenance.argument("formula")
    # A fit of cells does not hold the outcome's own column.
    parsed = parse_mixed(text, [text.split("~")[0].strip(), *frame.column_names])
    new, fitted = source.to_arrow(), frame.select(parsed.columns)
    for name in parsed.columns:
        if name not in new.column_names:
            message = f'no column named "{name}"; the table has: {", ".join(new.column_names)}'
            raise InputError(
                message, kind="unknown_column", column=name, available=new.column_names
            )
    try:
        both = pa.concat_tables([fitted, new.select(parsed.columns).cast(fitted.schema)])
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError) as error:
        message = f"the columns have other types than those of the fit: {error}"
        raise InputError(message, kind="wrong_type") from error
    both = both.append_column(parsed.fixed.outcome, pa.array([0.0] * both.num_rows))
    asked, parsed = mixed_request(both, parsed.text, None)
    modes = fit.to_arrow("modes").to_pydict()
    known = [_modes_of(modes, r.name) for r in parsed.random] if with_modes else []
    tidy = fit.to_arrow().to_pydict()
    out = _core.mixed_predict(
        asked.source.stream, {**asked.spec, "by_row": True}, random_of(parsed), tidy["term"], tidy["estimate"],
        known, new.num_rows, threads(),
    )  # fmt: skip
    return pa.table(out)


def _modes_of(modes: dict[str, list[Any]], factor: str) -> tuple[list[str], list[float]]:
    rows = [i for i, name in enumerate(modes["factor"]) if name == factor]
    levels = dict.fromkeys(modes["group"][i] for i in rows)
    return list(levels), [modes["estimate"][i] for i in rows]
