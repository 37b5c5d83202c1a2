"""Correlation between columns of a table of areas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import count, level, names, one_of, some_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import (
    ADJUSTS,
    ALTERNATIVES,
    CORRELATION_INTERVALS,
    CORRELATION_METHODS,
    P_VALUE_METHODS,
    Adjust,
    Alternative,
    CorrelationInterval,
    CorrelationMethod,
    PValueMethod,
)
from gofal.weights import Weight, weight_of

__all__ = ["CorrelationResult", "adjust_p", "compare_correlations", "correlate"]

_ECOLOGICAL = Text(
    "Ecological association: it describes areas, not the children who live in them.",
    "Cydberthyniad ecolegol: mae'n disgrifio ardaloedd, nid y plant sy'n byw ynddynt.",
)


class CorrelationResult(Result):
    """Correlations, one row per pair and method; see :func:`correlate`."""

    _title: ClassVar[Text] = Text("Correlations between areas", "Cydberthyniadau rhwng ardaloedd")
    _notes: ClassVar[tuple[Text, ...]] = (_ECOLOGICAL,)
    _figure_kind: ClassVar[str | None] = "forest"
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "fixed3"}
    _about: ClassVar[tuple[str, ...]] = ("n_tests", "interval", "p_value_method")


def correlate(
    table: Any,
    x: str | Iterable[str],
    y: str | Iterable[str] | None = None,
    *,
    method: CorrelationMethod | Sequence[CorrelationMethod] = "pearson",
    by: str | Sequence[str] = (),
    weight: Weight | None = None,
    controls: str | Sequence[str] = (),
    interval: CorrelationInterval = "bca",
    p: PValueMethod = "permutation",
    alternative: Alternative = "two-sided",
    adjust: Adjust = "holm",
    conf_level: float | None = None,
    n_resamples: int = 10_000,
    n_permutations: int = 10_000,
    seed: int = DEFAULT_SEED,
    label: str | None = None,
) -> CorrelationResult:
    """Correlate every ``x`` with every ``y``, honestly at n = 22.

    Parameters
    ----------
    table
        One row per area (and whatever ``by`` splits on).
    x, y
        Numeric columns. Without ``y``, every pair among ``x``.
    method
        ``"pearson"``, ``"spearman"``, ``"kendall"`` (tau-b), or several.
    by
        Columns whose combinations split the table; each part gets its own rows.
    weight
        Typed weights, for a weighted Pearson correlation (Fisher's interval with the effective
        number of areas). Not with ``controls`` or other methods.
    controls
        Columns held constant: partial correlation (Fisher's interval).
    interval
        ``"bca"`` (bias-corrected and accelerated bootstrap), ``"percentile"``, ``"basic"``,
        ``"normal"`` or ``"fisher"`` (assumes normal data for Pearson).
    p
        ``"permutation"``, ``"analytic"`` (t or z; Kendall exact without ties below 50 rows) or
        ``"exact"`` (all permutations, at most 9 rows).
    alternative
        ``"two-sided"``, ``"greater"`` or ``"less"``.
    adjust
        Adjustment over all tests of the call: ``"holm"``, ``"bh"``, ``"none"`` …
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, n_permutations, seed
        Draws. Every pair shares its resamples; the answer does not depend on threads.
    label
        Column of area names. With one pair and one method, the result then holds
        ``table("influence")``: the correlation without each area.

    Returns
    -------
    CorrelationResult
        ``tidy()``: ``by`` columns, ``x, y, method, estimate, std_error, conf_low, conf_high,
        statistic, df, p_value, p_adjusted, n_obs, n_missing, reason``. A pair uses the rows where
        both values exist; a pair without a coefficient has a null estimate and a reason.

    Raises
    ------
    InputError
        Unknown column (the nearest is offered), NaN, wrong option; named.

    Notes
    -----
    r = Σ(x - x̄)(y - ȳ)/√(Σ(x - x̄)² Σ(y - ȳ)²); Spearman is r of mid-ranks; tau-b is
    S/√((n₀ - t_x)(n₀ - t_y)).

    References
    ----------
    Fisher (1921); Kendall (1945); Efron (1987); Bonett and Wright (2000); Phipson and Smyth (2010).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"score": [18.3, 16.8, 18.3, 22.9, 15.5, 19.7], "rate": [243, 338, 261, 159, 169, 252]}
    >>> c = gf.correlate(t, "score", "rate", interval="fisher", p="analytic")
    >>> round(c.statistic(x="score").value, 3)
    -0.354
    """
    source = read(table)
    methods = some_of("method", method, CORRELATION_METHODS)
    one_of("interval", interval, CORRELATION_INTERVALS)
    one_of("p", p, P_VALUE_METHODS)
    one_of("alternative", alternative, ALTERNATIVES)
    one_of("adjust", adjust, ADJUSTS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    count("n_resamples", n_resamples, 1)
    count("n_permutations", n_permutations, 1)
    pairs = _pairs(names("x", x), None if y is None else names("y", y))
    keys, held = names("by", by), names("controls", controls)
    weighted = weight_of(weight)
    if weighted is not None and (held or methods != ["pearson"]):
        message = 'weight: only method="pearson" without controls has a weighted form here'
        raise InputError(message, kind="option", column="weight", got=weight)
    adjusted = weighted is not None or bool(held)
    plan = _Plan(pairs, methods, held, weighted, interval, p, alternative, conf, n_resamples,
                 n_permutations, seed)  # fmt: skip
    parts = []
    for key, part in _split(source, keys):
        row = plan.adjusted(part) if adjusted else plan.plain(part)
        n = len(row["x"])
        parts.append({**{k: [v] * n for k, v in zip(keys, key, strict=True)}, **row})
    tidy = {name: [v for part in parts for v in part[name]] for name in parts[0]}
    known = [i for i, v in enumerate(tidy["p_value"]) if v is not None]
    tidy["p_adjusted"] = [None] * len(tidy["p_value"])
    for i, v in zip(
        known, _core.adjust_p([tidy["p_value"][i] for i in known], adjust), strict=True
    ):
        tidy["p_adjusted"][i] = v
    arguments = {
        "x": tuple(names("x", x)), "y": None if y is None else tuple(names("y", y)),
        "method": tuple(methods), "by": tuple(keys), "weight": weighted, "controls": tuple(held),
        "interval": "fisher" if adjusted else interval, "p": "analytic" if adjusted else p,
        "alternative": alternative, "adjust": adjust, "conf_level": conf,
        "n_resamples": n_resamples, "n_permutations": n_permutations,
    }  # fmt: skip
    used = [*keys, *dict.fromkeys(c for pair in pairs for c in pair), *held]
    used += [weighted.column] if weighted else []
    glance = {
        "n_obs": [max(tidy["n_obs"])], "n_missing": [max(tidy["n_missing"])],
        "n_tests": [len(known)], "interval": [arguments["interval"]],
        "p_value_method": [arguments["p"]], "adjust": [adjust], "conf_level": [conf],
    }  # fmt: skip
    extra = {}
    if label is not None:
        extra["influence"] = _influence(source, pairs, methods, keys, adjusted, label)
    return CorrelationResult.build(
        tidy=tidy,
        glance=glance,
        extra=extra,
        provenance=provenance_of(
            "correlate", source, used, arguments, n_obs=max(tidy["n_obs"]),
            n_missing=max(tidy["n_missing"]), seed=seed,
        ),
        source=source,
        keys=tuple(keys),
    )  # fmt: skip


@dataclass(frozen=True)
class _Plan:
    """What to compute on every part of the table."""

    pairs: list[tuple[str, str]]
    methods: list[CorrelationMethod]
    controls: list[str]
    weight: Weight | None
    interval: CorrelationInterval
    p: PValueMethod
    alternative: Alternative
    conf: float
    n_resamples: int
    n_permutations: int
    seed: int

    def plain(self, part: Any) -> dict[str, list[Any]]:
        """All pairs at once, on shared resamples."""
        with progress("correlate") as callback:
            out = _core.correlate(
                part, [a for a, _ in self.pairs], [b for _, b in self.pairs], list(self.methods),
                self.alternative, self.conf, self.interval, self.p, self.n_permutations,
                self.n_resamples, self.seed, threads(), callback,
            )  # fmt: skip
        return columns_of(out)

    def adjusted(self, part: Any) -> dict[str, list[Any]]:
        """Pair by pair, weighted or with controls."""
        rows = [
            columns_of(
                _core.correlate_adjusted(
                    part, a, b, self.weight.column if self.weight else None,
                    self.weight.kind if self.weight else "analytic", self.controls, m,
                    self.alternative, self.conf, threads(),
                )
            )
            for a, b in self.pairs
            for m in self.methods
        ]  # fmt: skip
        return {k: [v for row in rows for v in row[k]] for k in rows[0] if k != "semipartial"}


def _pairs(x: list[str], y: list[str] | None) -> list[tuple[str, str]]:
    if y is None:
        if len(x) < 2:
            message = "x: name at least two columns, or give y"
            raise InputError(message, kind="option", column="x", expected="two or more", got=x)
        return [(a, b) for i, a in enumerate(x) for b in x[i + 1 :]]
    return [(a, b) for a in x for b in y]


def _split(source: Any, keys: list[str]) -> list[tuple[tuple[Any, ...], Any]]:
    """The table's parts by the values of ``keys``, in order of first appearance."""
    if not keys:
        return [((), source.stream)]
    arrow = source.to_arrow()
    missing = [k for k in keys if k not in arrow.column_names]
    if missing:
        message = f"by: no column {missing}; the table has {', '.join(arrow.column_names)}"
        raise InputError(message, kind="unknown_column", column=missing[0])
    values = list(zip(*(arrow[k].to_pylist() for k in keys), strict=True))
    rows: dict[tuple[Any, ...], list[int]] = {}
    for i, value in enumerate(values):
        rows.setdefault(value, []).append(i)
    return [(value, arrow.take(at)) for value, at in rows.items()]


def _influence(
    source: Any,
    pairs: list[tuple[str, str]],
    methods: list[CorrelationMethod],
    keys: list[str],
    adjusted: bool,
    label: str,
) -> dict[str, list[Any]]:
    if len(pairs) > 1 or len(methods) > 1 or keys or adjusted:
        message = "label: influence is worked out for one plain pair and one method at a time"
        raise InputError(message, kind="option", column="label", got=label)
    x, y = pairs[0]
    left = columns_of(_core.leave_one_out(source.stream, x, y, methods[0], threads()))
    whole = columns_of(
        _core.correlate(source.stream, [x], [y], list(methods), "two-sided", 0.95, "fisher", "analytic",
                        1, 1, 0, threads(), None)
    )["estimate"][0]  # fmt: skip
    held = source.to_arrow()
    if label not in held.column_names:
        message = f"label: no column {label!r}; the table has {', '.join(held.column_names)}"
        raise InputError(message, kind="unknown_column", column=label)
    areas = held[label].to_pylist()
    return {
        "left_out": [str(areas[i]) for i in left["row"]],
        "estimate": left["estimate"],
        "change": [None if v is None else v - whole for v in left["estimate"]],
        "reason": left["reason"],
    }


def compare_correlations(
    table: Any,
    x: str,
    y: str,
    z: str,
    *,
    alternative: Alternative = "two-sided",
    conf_level: float | None = None,
) -> CorrelationResult:
    """Ask whether ``x`` is more strongly correlated with ``y`` than with ``z``.

    Parameters
    ----------
    table
        One row per area; rows with a null in any of the three are dropped.
    x
        The column that both correlations share.
    y, z
        The two columns compared.
    alternative
        ``"greater"`` asks whether r_xy > r_xz.
    conf_level
        Level of Zou's interval of the difference.

    Returns
    -------
    CorrelationResult
        Rows ``williams_t`` and ``steiger_z``: ``estimate`` (r_xy - r_xz), ``conf_low``,
        ``conf_high``, ``statistic``, ``df``, ``p_value``.

    Raises
    ------
    InputError, NumericalError
        Fewer than five areas; collinear columns.

    References
    ----------
    Williams (1959); Steiger (1980), Psychological Bulletin 87:245; Zou (2007), Psychological
    Methods 12:399.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"a": [1, 2, 3, 4, 5, 7], "b": [2, 1, 4, 3, 6, 5], "c": [5, 1, 2, 6, 3, 4]}
    >>> r = gf.compare_correlations(t, "a", "b", "c")
    >>> round(r.statistic(term="williams_t").value, 2)
    0.64
    """
    one_of("alternative", alternative, ALTERNATIVES)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    arrow = source.to_arrow()
    columns = names("columns", [x, y, z])
    unknown = [c for c in columns if c not in arrow.column_names]
    if unknown:
        message = f"no column {unknown}; the table has {', '.join(arrow.column_names)}"
        raise InputError(message, kind="unknown_column", column=unknown[0])
    complete = arrow.select(columns).drop_null()
    base = columns_of(
        _core.correlate(complete, [x, x, y], [y, z, z], ["pearson"], "two-sided", conf, "fisher",
                        "analytic", 1, 1, 0, threads(), None)
    )  # fmt: skip
    bad = next((r for r in base["reason"] if r and base["estimate"][0] is None), None)
    if bad:
        raise InputError(bad, kind="constant")
    r = (base["estimate"][0], base["estimate"][1], base["estimate"][2])
    n, missing = complete.num_rows, arrow.num_rows - complete.num_rows
    return CorrelationResult.build(
        tidy=columns_of(_core.compare_dependent(r, n, alternative, conf)),
        glance={"n_obs": [n], "n_missing": [missing], "n_tests": [2], "conf_level": [conf],
                "interval": ["zou"], "p_value_method": ["analytic"]},
        provenance=provenance_of(
            "compare_correlations", source, columns, {"x": x, "y": y, "z": z,
            "alternative": alternative, "conf_level": conf}, n_obs=n, n_missing=missing,
        ),
        source=source,
    )  # fmt: skip


def adjust_p(p_values: Sequence[float], method: Adjust = "holm") -> list[float]:
    """Adjust p-values for many tests, in the order given.

    Parameters
    ----------
    p_values
        Probabilities.
    method
        ``"holm"``, ``"bonferroni"``, ``"hochberg"``, ``"hommel"``, ``"bh"``, ``"by"``, ``"none"``.

    Returns
    -------
    list of float

    Raises
    ------
    InputError
        A value outside 0 to 1.

    Examples
    --------
    >>> import gofal as gf
    >>> gf.adjust_p([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    one_of("method", method, ADJUSTS)
    return _core.adjust_p([float(p) for p in p_values], method)
