"""Likelihood-ratio tests of mixed models: variances on their bound, nested fixed parts."""

from __future__ import annotations

from typing import Any

from gofal import _core
from gofal._call import threads
from gofal.errors import InputError
from gofal.mixed_inference import MixedFit, MixedTestResult, model_of
from gofal.progress import progress
from gofal.typing import VarianceTest

__all__ = ["likelihood_ratio", "mixture_p", "variance_test"]


def mixture_p(ratio: float, df: int) -> float:
    """Return the upper tail of ½χ²(df − 1) + ½χ²(df).

    Parameters
    ----------
    ratio
        The likelihood ratio, 0 or more.
    df
        Parameters tested: one variance and its covariances.

    Examples
    --------
    >>> round(mixture_p(2.7055, 1), 4)
    0.05
    """
    if ratio <= 0:
        return 1.0
    below = _core.chi2_sf(ratio, df - 1) if df > 1 else 0.0
    return 0.5 * below + 0.5 * _core.chi2_sf(ratio, df)


def variance_test(
    fit: MixedFit, factor: str, term: str | None, method: VarianceTest, n_draws: int, seed: int
) -> MixedTestResult:
    """Return the test that a variance is zero; see `LmmResult.test_variance`."""
    model = model_of(fit)
    rows = fit.to_arrow("variance_components").to_pylist()
    columns = [r["term"] for r in rows if r["factor"] == factor and r["sd"] is not None]
    if not columns:
        known = ", ".join(dict.fromkeys(f for f, _, _ in model.theta()))
        message = f'factor: no random term of "{factor}"; the model has: {known}'
        raise InputError(message, kind="option", column="factor", got=factor)
    if term is not None and term not in columns:
        message = f'term: "{term}" does not vary by {factor}; there are: {", ".join(columns)}'
        raise InputError(message, kind="option", column="term", got=term)
    dropped = columns if term is None else [term]
    random = _without(fit, factor, dropped, all_of=len(dropped) == len(columns))
    single = len(model.theta()) == 1
    chosen = method if method != "auto" else "exact" if single else "mixture"
    if chosen == "exact":
        with progress("draws") as report:
            ratio, p = _core.mixed_exact_test(model, n_draws, seed, threads(), report)
        df = 1
    else:
        if chosen == "bootstrap" and not random:
            message = 'method: without random terms nothing is left to draw; use "exact"'
            raise InputError(message, kind="option", column="method", got=method)
        if chosen == "mixture" and len(dropped) > 1:
            message = (
                'method: several variances have no simple mixture; use "bootstrap", or name a term'
            )
            raise InputError(message, kind="option", column="method", got=method)
        null = _smaller(fit, random) if random else None
        zeros = [0.0] * len(model.theta())
        less = dict(null.facts())["criterion"] if null else _core.mixed_criterion(model, zeros)
        ratio = max(less - dict(model.facts())["criterion"], 0.0)
        df = len(model.theta()) - (len(null.theta()) if null else 0)
        if chosen == "mixture":
            p = mixture_p(ratio, df)
        else:
            assert null is not None
            p = _bootstrap_p(null, model, ratio, n_draws, seed)
    estimate = next(r["estimate"] for r in rows if (r["factor"], r["term"]) == (factor, dropped[0]))
    return MixedTestResult.build(
        tidy={
            "factor": [factor], "term": [", ".join(dropped)], "estimate": [estimate], "statistic": [ratio],
            "df": [float(df)], "p_value": [p], "p_value_method": [chosen],
        },
        glance={"method": ["REML" if fit._held["reml"] else "ML"]},
        provenance=fit.provenance,
        source=None,
    )  # fmt: skip


def _without(fit: MixedFit, factor: str, dropped: list[str], *, all_of: bool) -> list[Any]:
    """Return the random part without some columns of a factor."""
    out = []
    for groups, parts in fit._held["random"]:
        if ":".join(groups) != factor:
            out.append((groups, parts))
            continue
        if all_of:
            continue
        kept = [[t for t in part if _label(t) not in dropped] for part in parts]
        if sum(map(len, kept)) + len(dropped) != sum(map(len, parts)):
            message = f"term: {', '.join(dropped)} is one of several columns of a factor; test the whole of it"
            raise InputError(message, kind="option", column="term", got=dropped)
        out.append((groups, [part for part in kept if part]))
    return out


def _label(term: Any) -> str:
    return ":".join(label for _, _, label in term) or "(intercept)"


def _smaller(fit: MixedFit, random: list[Any]) -> _core.Mixed:
    held = fit._held
    return _core.Mixed(held["frame"], held["spec"], random, held["reml"], None, threads())


def _bootstrap_p(
    null: _core.Mixed, model: _core.Mixed, ratio: float, n_draws: int, seed: int
) -> float:
    with progress("resamples") as report:
        columns = _core.mixed_bootstrap(null, model, n_draws, seed, threads(), report)
    less, more = (c[5] for c in columns if c[3] == "criterion")
    both = [(a, b) for a, b in zip(less, more, strict=True) if a is not None and b is not None]
    above = sum(a - b >= ratio for a, b in both)
    return 1.0 if ratio <= 0 else (above + 1) / (len(both) + 1)


def likelihood_ratio(one: MixedFit, two: MixedFit) -> MixedTestResult:
    """Return the test between two nested fits; see `LmmResult.likelihood_ratio`."""
    less, more = sorted((one, two), key=_size)
    _comparable(less, more)
    whole = [f.to_arrow("glance").to_pylist()[0] for f in (less, more)]
    ratio = max(whole[0]["criterion"] - whole[1]["criterion"], 0.0)
    df = _size(more) - _size(less)
    added = len(_theta(more)) - len(_theta(less))
    # A variance alone, or with its covariances, leaves its bound; coefficients do not have one.
    bound = sum(1 for _, t in _theta(more) - _theta(less) if ":" not in t)
    p = mixture_p(ratio, df) if bound == 1 and added == df else _core.chi2_sf(ratio, df)
    return MixedTestResult.build(
        tidy={
            "term": [f"{more.provenance.argument('formula')} | {less.provenance.argument('formula')}"],
            "estimate": [None], "reason": ["several coefficients"], "statistic": [ratio], "df": [float(df)],
            "p_value": [p], "distribution": ["mixture" if bound == 1 and added == df else "chi2"],
        },
        glance={"method": ["REML" if more._held["reml"] else "ML"]},
        provenance=more.provenance,
        source=None,
    )  # fmt: skip


def _theta(fit: MixedFit) -> set[tuple[str, str]]:
    return {(f, t) for f, t, _ in model_of(fit).theta()}


def _size(fit: MixedFit) -> int:
    return int(fit.to_arrow().num_rows) + len(_theta(fit))


def _comparable(less: MixedFit, more: MixedFit) -> None:
    fixed = [set(f.to_arrow()["term"].to_pylist()) for f in (less, more)]
    reml = [f._held["reml"] for f in (less, more)]
    if fixed[0] != fixed[1] and any(reml):
        message = "likelihood_ratio: different fixed parts compare by full likelihood only; use reml=False"
        raise InputError(message, kind="option", column="reml", got=True)
    if reml[0] != reml[1]:
        message = "likelihood_ratio: one fit is by restricted likelihood and the other is not"
        raise InputError(message, kind="option", column="reml", got=True)
    if not (fixed[0] <= fixed[1] and _theta(less) <= _theta(more)) or _size(less) == _size(more):
        message = "likelihood_ratio: neither model is nested in the other"
        raise InputError(
            message, kind="option", column="other", got=str(less.provenance.argument("formula"))
        )
    frames = [f.model_frame() for f in (less, more)]
    n = [f.provenance.n_obs for f in (less, more)]
    outcome = frames[0].column_names[0]
    same = frames[1].column_names[0] == outcome and frames[0][outcome].equals(frames[1][outcome])
    if n[0] != n[1] or not same or less._held["spec"]["prior"] != more._held["spec"]["prior"]:
        message = f"likelihood_ratio: the fits use other rows, outcomes or weights ({n[0]} and {n[1]} rows)"
        raise InputError(message, kind="option", column="other", got=n[0])
