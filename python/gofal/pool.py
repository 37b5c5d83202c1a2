"""Combining the estimates of several completed data sets by Rubin's rules."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import level, names
from gofal._outcome_models import row_labels
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Provenance, Result

__all__ = ["PooledResult", "pool"]


class PooledResult(Result):
    """Pooled estimates, one row each; ``table("joint")`` where asked. See :func:`pool`."""

    _title: ClassVar[Text] = Text(
        "Estimates pooled over imputations", "Amcangyfrifon wedi'u cyfuno dros briodoliadau"
    )
    _about: ClassVar[tuple[str, ...]] = ("n_imputations", "df_residual")
    _hidden: ClassVar[tuple[str, ...]] = ("variance_within", "variance_between")


def pool(
    results: Iterable[Any],
    *,
    terms: Sequence[str] | None = None,
    joint: str | Sequence[str] | None = None,
    df_complete: float | None = None,
    conf_level: float | None = None,
) -> PooledResult:
    """Pool one fit per imputed data set (Rubin 1987; Barnard and Rubin 1999).

    Parameters
    ----------
    results
        Two or more results with ``term``, ``estimate`` and ``std_error`` (such as those of
        :func:`lm`, :func:`glm`, :func:`firth`, :func:`multinomial`; where a term stands in several rows
        it is called ``part:group:term``), or pairs (estimates, covariance); a pair of numbers is (estimate, variance).
        Ratios must be pooled on the log scale.
    terms
        Names of the estimates, where pairs are given.
    joint
        Terms to test together (D₁: Li, Raghunathan and Rubin 1991; Reiter 2007). More than
        one needs covariances: results with ``table("covariance")``, or pairs.
    df_complete
        Degrees of freedom had nothing been missing. By default, for each term, the smallest of the
        results' ``df_residual`` and of its own ``df`` (few clusters leave few); infinite for pairs.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    PooledResult
        ``tidy()``: ``term, estimate, std_error, statistic, df, p_value, conf_low, conf_high,
        variance_within, variance_between, riv`` (relative increase in variance), ``lambda`` (share
        of it due to missing values), ``fmi`` (fraction of missing information). ``table("joint")``:
        ``term, statistic, df, df2, p_value, riv``.

    Raises
    ------
    InputError
        Fewer than two fits, fits of different terms, variances of 0.

    Notes
    -----
    The rules hold for estimates that are near normal: pool log odds ratios, not odds ratios. They
    cannot repair imputations made without the outcome, or without the clusters.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys; Barnard and Rubin (1999).

    Examples
    --------
    >>> import gofal as gf
    >>> fits = [(1.25, 0.04), (1.31, 0.05), (1.19, 0.045), (1.40, 0.044), (1.26, 0.045)]
    >>> p = gf.pool(fits, terms=["log_odds"], df_complete=119)
    >>> s = p.statistic(term="log_odds")
    >>> round(s.value, 3), round(p.to_arrow()["fmi"][0].as_py(), 3)
    (1.282, 0.166)
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    fits = [_fit(item, terms) for item in results]
    if len(fits) < 2:
        message = f"results: {len(fits)} fit(s); pooling needs two or more"
        raise InputError(message, kind="too_few", column="results", got=len(fits))
    found = fits[0][0]
    for k, (other, *_) in enumerate(fits):
        if other != found:
            message = f"results: fit {k} has the terms {other}, the first one {found}"
            raise InputError(message, kind="values", column="results", rows=[k], got=other)
    whole = [min(column) for column in zip(*(f[3] for f in fits), strict=True)]
    if df_complete is not None:
        whole = [float(df_complete)] * len(found)
    complete = min(whole)
    estimates = [[f[1][j] for f in fits] for j in range(len(found))]
    variances = [[f[2][j][j] or 0.0 for f in fits] for j in range(len(found))]
    tidy: dict[str, list[Any]] = {}
    for j, term in enumerate(found):
        row = columns_of(_core.pool([term], [estimates[j]], [variances[j]], whole[j], conf))
        for name, values in row.items():
            tidy.setdefault(name, []).extend(values)
    extra = None if joint is None else {"joint": _joint(fits, names("joint", joint), whole)}
    flat = read({"q": [v for q in estimates for v in q], "u": [v for u in variances for v in u]})
    arguments = {
        "terms": None if terms is None else tuple(terms),
        "joint": None if joint is None else tuple(names("joint", joint)),
        "df_complete": df_complete if df_complete is None or math.isfinite(df_complete) else None,
        "conf_level": conf,
    }
    return PooledResult.build(
        tidy=tidy,
        glance={
            "n_imputations": [len(fits)], "df_residual": [complete], "conf_level": [conf],
        },
        provenance=Provenance(
            function="pool",
            arguments={k: v for k, v in arguments.items() if v is not None},
            data_id=_core.fingerprint(flat.stream, ["q", "u"], threads()),
            subject="results",
        ),
        extra=extra,
    )  # fmt: skip


_Fit = tuple[list[str], list[float], list[list[float | None]], list[float]]


def _fit(item: Any, terms: Sequence[str] | None) -> _Fit:
    """Terms, estimates, covariance (None off the diagonal where unknown) and degrees of freedom."""
    if isinstance(item, Result):
        return _of_result(item)
    try:
        given, spread = item
    except (TypeError, ValueError):
        message = "results: expected results with std_error, or pairs (estimates, covariance)"
        raise InputError(message, kind="wrong_type", got=type(item).__name__) from None
    q = [float(given)] if _is_number(given) else [float(v) for v in given]
    u = [[float(spread)]] if _is_number(spread) else [[float(v) for v in row] for row in spread]
    if len(u) != len(q) or any(len(row) != len(q) for row in u):
        message = f"results: {len(q)} estimate(s) need a covariance of {len(q)} by {len(q)}"
        raise InputError(message, kind="length", expected=len(q), got=len(u))
    named = [f"term{j + 1}" for j in range(len(q))] if terms is None else list(terms)
    if len(named) != len(q):
        message = f"terms: {len(named)} name(s) for {len(q)} estimate(s)"
        raise InputError(message, kind="length", expected=len(q), got=len(named))
    return named, q, [list(row) for row in u], [math.inf] * len(q)


def _of_result(result: Result) -> _Fit:
    tidy = result.to_arrow()
    lacking = [c for c in ("term", "estimate", "std_error") if c not in tidy.column_names]
    if lacking:
        message = f"{type(result).__name__} has no column {', '.join(lacking)} to pool"
        raise InputError(message, kind="unknown_column", column=lacking[0])
    columns = tidy.to_pydict()
    q, se = columns["estimate"], columns["std_error"]
    found = row_labels(columns)
    missing = [t for t, a, b in zip(found, q, se, strict=True) if a is None or b is None]
    if missing:
        message = f"results: no estimate or standard error for {', '.join(missing)}"
        raise InputError(message, kind="values", column="estimate", got=missing)
    about = result.to_arrow("glance")
    left = about["df_residual"][0].as_py() if "df_residual" in about.column_names else None
    own = columns.get("df", [None] * len(found))
    df = [min(math.inf if v is None else float(v) for v in (left, d)) for d in own]
    return found, q, _covariance(result, found, se), df


def _covariance(result: Result, found: list[str], se: list[float]) -> list[list[float | None]]:
    """The covariance where the result holds that of just these estimates, else its diagonal."""
    k = len(found)
    if "covariance" in result.tables:
        held = result.to_arrow("covariance").to_pydict()
        if held.get("term") == found and all(name in held for name in found):
            full = [[held[name][i] for name in found] for i in range(k)]
            # A corrected intercept (FLIC) has an error of its own.
            if all(math.isclose(full[i][i], se[i] ** 2, rel_tol=1e-6) for i in range(k)):
                return full
    return [[se[i] ** 2 if i == j else None for j in range(k)] for i in range(k)]


def _joint(fits: list[_Fit], tested: list[str], whole: list[float]) -> dict[str, list[Any]]:
    found = fits[0][0]
    unknown = [t for t in tested if t not in found]
    if unknown or not tested:
        message = f"joint={tested}: the terms are {found}"
        raise InputError(message, kind="option", column="joint", expected=found, got=tested)
    at = [found.index(t) for t in tested]
    q = [[f[1][j] for j in at] for f in fits]
    u: list[list[list[float]]] = []
    for f in fits:
        block = [[f[2][i][j] for j in at] for i in at]
        if any(v is None for row in block for v in row):
            message = "joint: several terms need covariances; give pairs (estimates, covariance)"
            raise InputError(message, kind="option", column="joint", got=tested)
        u.append([[float(v) for v in row if v is not None] for row in block])
    statistic, df1, df2, p, riv = _core.pool_joint(q, u, min(whole[j] for j in at))
    return {
        "term": [", ".join(tested)], "statistic": [statistic], "df": [df1], "df2": [df2],
        "p_value": [p], "riv": [riv],
    }  # fmt: skip


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) or (
        hasattr(value, "__float__") and not hasattr(value, "__len__")
    )
