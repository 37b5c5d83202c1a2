"""Which groups of predictors account for the variance between groups, averaged over all orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import factorial
from typing import Any, ClassVar

from gofal._call import provenance_of
from gofal._check import names
from gofal._table import read
from gofal.decomposition._parts import add_up
from gofal.errors import InputError
from gofal.language import Text
from gofal.mixed import lmm
from gofal.mixed_change import usable
from gofal.random_terms import parse_mixed
from gofal.results import Result
from gofal.weights import Weight

__all__ = ["VarianceShapleyResult", "shapley_variance"]

MOST = 12
"""Groups of predictors: every subset of them is a mixed model."""


class VarianceShapleyResult(Result):
    """Parts of the change in variance, one row a group of predictors. See :func:`shapley_variance`."""

    _title: ClassVar[Text] = Text(
        "Shapley shares of the variance between groups", "Cyfrannau Shapley o'r amrywiant rhwng grwpiau"
    )  # fmt: skip
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "factor", "variance")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "number"}
    _notes = (
        Text(
            "A part below 0: the group leaves the variance, allowing for the degrees of freedom it costs, larger.",
            "Rhan o dan 0: mae'r grŵp yn gadael yr amrywiant, o ystyried y graddau rhyddid a gostiodd, yn fwy.",
        ),
    )

    def _prove(self) -> None:
        about = self.to_arrow("glance").to_pylist()[0]
        parts = self.to_arrow()["estimate"].to_pylist()
        whole = about["variance"] - about["variance_left"]
        add_up("the parts of the change in variance", parts, whole, about["variance"])


def shapley_variance(
    table: Any,
    outcome: str,
    predictors: Mapping[str, str | Iterable[str]] | Iterable[str],
    *,
    random: str = "(1 | authority)",
    always: str | Iterable[str] = (),
    factor: str | None = None,
    reml: bool = True,
    weight: Weight | None = None,
) -> VarianceShapleyResult:
    """Shapley shares of the change in the variance between groups that predictors bring.

    φ_j = Σ_S |S|!(k−|S|−1)!/k! · [σ²(S) − σ²(S ∪ j)] with σ²(S) the variance of the factor's intercepts in the
    linear mixed model with the groups in S. All 2^k models are fitted on the same rows.

    Parameters
    ----------
    table
        One row per observation; rows with a null in any column of any model are left out and counted.
    outcome
        Numeric column.
    predictors
        Terms, or a mapping of names to the terms of a group: ``{"trio": ["abuse", "misuse"], "spend": "spend"}``; at
        most 12.
    random
        Random terms of every model.
    always
        Terms in every model (``"C(year)"``).
    factor
        Grouping factor whose variance is shared out; the first by default.
    reml, weight
        As in `gf.lmm`.

    Returns
    -------
    VarianceShapleyResult
        ``term``; ``estimate``: its part of the change in variance; ``share`` of the variance without any of them;
        ``alone``: that share as the only one.

    Raises
    ------
    InputError
        No group or more than 12, unknown columns, an unknown factor, no variance to share out.
    NumericalError
        Parts that do not add up (the result refuses to exist).

    References
    ----------
    Shapley (1953); Merlo and others (2005), J Epidemiol Community Health 59:443.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [81, 84, 92, 60, 61, 66, 110, 118, 121, 70, 77, 79], "area": [*"aaabbbcccddd"]}
    >>> t["score"] = [20, 20, 20, 12, 12, 12, 30, 30, 30, 19, 19, 19]
    >>> t["rural"] = [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    >>> s = gf.shapley_variance(t, "rate", ["score", "rural"], random="(1 | area)")
    >>> [round(v, 2) for v in s.to_arrow()["share"].to_pylist()]
    [0.73, 0.24]
    """
    groups = _groups(predictors)
    fixed = names("always", always)
    source = read(table)
    frame = source.to_arrow()

    def formula(chosen: Iterable[str]) -> str:
        terms = [*fixed, *(t for name in chosen for t in groups[name])] or ["1"]
        return f"{outcome} ~ {' + '.join(terms)} + {random}"

    used = [outcome, *parse_mixed(formula(groups), frame.column_names).columns]
    used += [weight.column] if weight is not None else []
    common = usable(frame.select(list(dict.fromkeys(used))), used)
    left: dict[frozenset[str], float] = {}
    for size in range(len(groups) + 1):
        for chosen in combinations(groups, size):
            fit = lmm(common, formula(chosen), reml=reml, weight=weight, df="none")
            found = {r["factor"]: r["estimate"] for r in _intercepts(fit)}
            where = factor if factor is not None else next(iter(found))
            if where not in found:
                message = f'factor: "{where}" has no random intercept; those that have: {", ".join(found)}'
                raise InputError(message, kind="option", column="factor", got=where)
            left[frozenset(chosen)] = found[where]
    null, full = left[frozenset()], left[frozenset(groups)]
    if null <= 0:
        message = f'random: "{where}" does not vary before any predictor is in the model: nothing to share out'
        raise InputError(message, kind="option", column="random", got=random)
    parts = {name: _part(name, groups, left) for name in groups}
    return VarianceShapleyResult.build(
        tidy={
            "term": list(groups), "estimate": list(parts.values()),
            "share": [v / null for v in parts.values()],
            "alone": [(null - left[frozenset({name})]) / null for name in groups],
        },
        glance={"n_obs": [common.num_rows], "n_missing": [frame.num_rows - common.num_rows], "factor": [where],
                "variance": [null], "variance_left": [full]},
        provenance=provenance_of(
            "shapley_variance", source, used,
            {"outcome": outcome, "predictors": {k: tuple(v) for k, v in groups.items()}, "random": random,
             "always": tuple(fixed), "factor": where, "reml": reml, "weight": weight},
            n_obs=common.num_rows, n_missing=frame.num_rows - common.num_rows,
        ),
        source=source,
    )  # fmt: skip


def _groups(predictors: Mapping[str, str | Iterable[str]] | Iterable[str]) -> dict[str, list[str]]:
    named = (
        predictors
        if isinstance(predictors, Mapping)
        else {p: p for p in names("predictors", predictors)}
    )
    groups = {name: names(name, terms) for name, terms in named.items()}
    if not 1 <= len(groups) <= MOST:
        message = f"predictors: {len(groups)} groups; expected 1 to {MOST} (every subset of them is a mixed model)"
        raise InputError(message, kind="option", column="predictors", got=list(groups))
    return groups


def _intercepts(fit: Any) -> list[dict[str, Any]]:
    rows = fit.to_arrow("variance_components").to_pylist()
    return [r for r in rows if r["term"] == "(intercept)"]


def _part(name: str, groups: Mapping[str, Any], left: Mapping[frozenset[str], float]) -> float:
    k, part = len(groups), 0.0
    for others in (s for s in left if name not in s):
        times = factorial(len(others)) * factorial(k - len(others) - 1) / factorial(k)
        part += times * (left[others] - left[others | {name}])
    return part
