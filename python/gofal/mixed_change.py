"""How much of the variance between groups do predictors account for: models on common rows, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

from gofal._call import DEFAULT_SEED
from gofal._check import count, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.language import Text
from gofal.mixed_inference import MixedFit, conf_of, limits_of, replicates
from gofal.random_terms import parse_mixed, without_fixed
from gofal.results import Result
from gofal.typing import BOOTSTRAP_INTERVALS, BootstrapInterval
from gofal.weights import Weight

if TYPE_CHECKING:
    import pyarrow as pa


__all__ = ["ChangeResult", "SequentialModelsResult", "change", "sequential_models"]

_SHOWN = ("model", "quantity", "estimate", "conf_low", "conf_high", "reason")
_NO_VARIANCE = "the null model has no variance between groups"


class ChangeResult(Result):
    """The proportional change in variance between two models of the same rows."""

    _title: ClassVar[Text] = Text(
        "Proportional change in variance", "Newid cyfrannol mewn amrywiant"
    )
    _about: ClassVar[tuple[str, ...]] = ("n_differ", "n_resamples", "n_failed", "interval")
    _formats: ClassVar[dict[str, str]] = {"estimate": "fixed3"}

    def notes(self) -> tuple[Text, ...]:
        """Say on which rows both models stand."""
        row = self.to_arrow("glance").to_pylist()[0]
        if not row["n_differ"]:
            return ()
        return (Text(f"Both models were fitted on the {row['n_obs']} rows that both can use; "
                     f"{row['n_differ']} more could be used by one of them.",
                     f"Ffitiwyd y ddau fodel ar y {row['n_obs']} rhes y gall y ddau eu defnyddio; "
                     f"gallai un ohonynt ddefnyddio {row['n_differ']} arall."),)  # fmt: skip


class SequentialModelsResult(Result):
    """Models that grow step by step, on common rows."""

    _title: ClassVar[Text] = Text("Sequential models", "Modelau dilyniannol")
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "n_resamples", "interval")


def usable(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """Return the rows without a null or a NaN in the columns."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kept = None
    for name in columns:
        values = table[name]
        good = pc.is_valid(values)
        if pa.types.is_floating(values.type):
            good = pc.and_kleene(good, pc.invert(pc.is_nan(values)))
        kept = good if kept is None else pc.and_(kept, pc.fill_null(good, False))
    return table if kept is None else table.filter(kept)


def _columns(fit: MixedFit) -> list[str]:
    frame = fit.model_frame()
    return list(frame.column_names)


def _joined(fit: MixedFit, null: MixedFit) -> pa.Table:
    """The columns of both fits, where they are of the same rows."""
    full, other = fit.model_frame(), null.model_frame()
    shared = [c for c in other.column_names if c in full.column_names]
    if full.num_rows != other.num_rows or not all(full[c].equals(other[c]) for c in shared):
        message = "null: the two models were fitted from different tables; fit both from one"
        raise InputError(message, kind="option", column="null", got=other.num_rows)
    for name in other.column_names:
        if name not in shared:
            full = full.append_column(name, other[name])
    return full


def change(
    fit: MixedFit,
    null: str | MixedFit | None,
    factor: str | None,
    interval: BootstrapInterval,
    n_resamples: int,
    seed: int,
    conf_level: float | None,
) -> ChangeResult:
    """Return the change of variance from a null model; see `LmmResult.change_in_variance`."""
    from gofal.mixed import lmm

    one_of("interval", interval, BOOTSTRAP_INTERVALS)
    count("n_resamples", n_resamples, 99)
    conf = conf_of(conf_level)
    if fit._held["cells"]:
        message = (
            "change_in_variance: cells do not keep the rows that both models need; fit from rows"
        )
        raise InputError(message, kind="option", column="table", got="cells")
    text = str(fit.provenance.argument("formula"))
    frame = _joined(fit, null) if isinstance(null, MixedFit) else fit.model_frame()
    if isinstance(null, MixedFit):
        less = str(null.provenance.argument("formula"))
    else:
        less = null if null is not None else without_fixed(text)
    names = [*_columns(fit), *parse_mixed(less, frame.column_names).columns]
    common = usable(frame, list(dict.fromkeys(names)))
    reml, weight = fit._held["reml"], fit._held["weight"]
    full = lmm(common, text, reml=reml, weight=weight, df="none")
    base = lmm(common, less, reml=reml, weight=weight, df="none")
    alone = lmm(frame, less, reml=reml, weight=weight, df="none")
    n, *others = (int(f.provenance.n_obs or 0) for f in (full, alone, fit))
    differ = max(others) - n
    rows = _changes(full, base, factor, interval, n_resamples, seed, conf)
    return ChangeResult.build(
        tidy={k: [r[k] for r in rows] for k in rows[0]},
        glance={
            "n_obs": [n], "n_differ": [differ], "n_resamples": [n_resamples], "n_failed": [rows[0]["n_failed"]],
            "interval": [interval], "conf_level": [conf], "seed": [seed], "method": ["REML" if reml else "ML"],
        },
        provenance=fit.provenance,
        source=None,
    )  # fmt: skip


def _changes(
    full: MixedFit,
    base: MixedFit,
    factor: str | None,
    interval: BootstrapInterval,
    n_resamples: int,
    seed: int,
    conf: float,
) -> list[dict[str, Any]]:
    """One row for each variance that both models have."""
    columns = replicates(full, base, n_resamples, seed)
    found: list[dict[tuple[str, str], tuple[float, list[float | None]]]] = [{}, {}]
    for model, where, term, quantity, estimate, values in columns:
        if quantity == "variance" and ":" not in term:
            found[model][where, term] = estimate, values
    out: list[dict[str, Any]] = []
    for (where, term), (null_value, null_draws) in found[1].items():
        if (where, term) not in found[0] or (factor is not None and where != factor):
            continue
        estimate, draws = found[0][where, term]
        row: dict[str, Any] = {"factor": where, "term": term, "null_value": null_value, "value": estimate,
                               "quantity": "change", "estimate": None, "conf_low": None, "conf_high": None,
                               "reason": _NO_VARIANCE, "n_failed": 0}  # fmt: skip
        if null_value > 0:
            row |= _one(estimate, null_value, draws, null_draws, conf, interval)
        out.append(row)
    if not out:
        message = f'factor: the models have no variance in common for "{factor}"'
        raise InputError(message, kind="option", column="factor", got=factor)
    return out


def _one(
    value: float,
    null_value: float,
    draws: list[float | None],
    null_draws: list[float | None],
    conf: float,
    interval: BootstrapInterval,
) -> dict[str, Any]:
    """The change with its limits; a draw without variance in the null model has no change."""
    estimate = (null_value - value) / null_value
    pairs = zip(draws, null_draws, strict=True)
    changes = [(b - a) / b for a, b in pairs if a is not None and b is not None and b > 0]
    out = {"estimate": estimate, "reason": None, "n_failed": len(draws) - len(changes)}
    if len(changes) < 2:
        return out | {"reason": "too few rows for an interval"}
    low, high = limits_of(changes, estimate, conf, interval)
    return out | {"conf_low": min(low, estimate), "conf_high": min(max(high, estimate), 1.0)}


def sequential_models(
    table: Any,
    outcome: str,
    *,
    steps: Mapping[str, str] | Sequence[str],
    random: str = "(1 | authority)",
    factor: str | None = None,
    reml: bool = True,
    weight: Weight | None = None,
    interval: BootstrapInterval = "percentile",
    n_resamples: int = 999,
    seed: int = DEFAULT_SEED,
    conf_level: float | None = None,
) -> SequentialModelsResult:
    """Fit models that grow step by step and say what is left of the variance between groups.

    All models are fitted on the rows that the last one can use.

    Parameters
    ----------
    table
        One row per observation.
    outcome
        Numeric column.
    steps
        Terms added at each step: ``{"deprivation": "score", "trio": "abuse + misuse"}``, or a list of terms. The null
        model comes first without being named.
    random
        Random terms of every model.
    factor
        Grouping factor whose variance is followed; the first by default.
    reml, weight
        As in `gf.lmm`.
    interval, n_resamples, seed
        Parametric bootstrap of each model beside the null model, on the same draws.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    SequentialModelsResult
        ``model, quantity, estimate, conf_low, conf_high, reason``: ``variance`` between groups, ``residual variance``,
        ``share`` (VPC), ``change`` from the null model, ``change from previous`` step (no interval).

    Raises
    ------
    InputError
        No steps, an unknown column or factor.

    References
    ----------
    Merlo and others (2005), J Epidemiol Community Health 59:443, for the proportional change in variance.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [81, 84, 92, 60, 61, 66, 110, 118, 121, 70, 77, 79], "area": [*"aaabbbcccddd"]}
    >>> t["score"] = [20, 20, 20, 12, 12, 12, 30, 30, 30, 19, 19, 19]
    >>> s = gf.sequential_models(t, "rate", steps=["score"], random="(1 | area)", n_resamples=199)
    >>> round(s.statistic(model="score", quantity="change").value, 2)
    0.97
    """
    from gofal.mixed import lmm

    one_of("interval", interval, BOOTSTRAP_INTERVALS)
    count("n_resamples", n_resamples, 99)
    conf = conf_of(conf_level)
    named = dict(steps) if isinstance(steps, Mapping) else {s: s for s in steps}
    if not named:
        raise InputError("steps: name at least one", kind="option", column="steps", got=())
    source = read(table)
    frame = source.to_arrow()
    texts = [f"{outcome} ~ 1 + {random}"]
    for added in named.values():
        texts.append(f"{texts[-1].removesuffix(f' + {random}')} + {added} + {random}")
    used = [outcome, *parse_mixed(texts[-1], frame.column_names).columns]
    used += [weight.column] if weight is not None else []
    common = usable(frame.select(list(dict.fromkeys(used))), used)
    fits = [lmm(common, t, reml=reml, weight=weight, df="none") for t in texts]
    where = factor if factor is not None else fits[0].to_arrow("factors")["factor"][0].as_py()
    rows: list[dict[str, Any]] = []
    for name, fit in zip(["null", *named], fits, strict=True):
        rows += _step(name, fit, fits[0], where, (interval, n_resamples, seed, conf))
    _add_previous(rows)
    last = fits[-1].provenance
    return SequentialModelsResult.build(
        tidy={k: [r.get(k) for r in rows] for k in _SHOWN},
        glance={"n_obs": [last.n_obs], "n_missing": [frame.num_rows - common.num_rows], "factor": [where],
                "n_resamples": [n_resamples], "interval": [interval], "conf_level": [conf], "seed": [seed]},
        provenance=last,
        source=source,
    )  # fmt: skip


def _step(
    name: str, fit: Any, null: MixedFit, where: str, how: tuple[Any, int, int, float]
) -> list[dict[str, Any]]:
    interval, n_resamples, seed, conf = how
    from gofal.results.tables import into_table

    parts = into_table(fit.variance_components(conf_level=conf, seed=seed)).to_pylist()
    shares = into_table(fit.vpc(conf_level=conf, seed=seed)).to_pylist()
    picked = [p for p in parts if p["factor"] == where][:1]
    if not picked:
        message = f'factor: no random term of "{where}"'
        raise InputError(message, kind="option", column="factor", got=where)
    residual = next(p for p in parts if p["factor"] == "residual")
    share = next(s for s in shares if s["factor"] == where)
    rows = [("variance", picked[0]), ("residual variance", residual), ("share", share)]
    limits = ("estimate", "conf_low", "conf_high")
    out = [{"model": name, "quantity": q, **{k: r.get(k) for k in limits}} for q, r in rows]
    if fit is not null:
        one = _changes(fit, null, where, interval, n_resamples, seed, conf)[0]
        kept = ("estimate", "conf_low", "conf_high", "reason")
        out.append({"model": name, "quantity": "change", **{k: one[k] for k in kept}})
    return out


def _add_previous(rows: list[dict[str, Any]]) -> None:
    """The change of variance from one step to the next."""
    variances = [(r["model"], r["estimate"]) for r in rows if r["quantity"] == "variance"]
    for (_, before), (model, after) in pairwise(variances):
        row = {"model": model, "quantity": "change from previous", "reason": _NO_VARIANCE}
        if before > 0:
            row |= {"estimate": (before - after) / before, "reason": None}
        at = max(i for i, r in enumerate(rows) if r["model"] == model)
        rows.insert(at + 1, row)
