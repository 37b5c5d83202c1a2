"""Intervals and tests of mixed models that hold with few groups and at a variance of zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, threads
from gofal._check import count, level, one_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import BOOTSTRAP_INTERVALS, BootstrapInterval

__all__ = [
    "MixedBootstrapResult",
    "MixedFit",
    "MixedTestResult",
    "bootstrap",
    "conf_of",
    "exact_limits",
    "limits_of",
    "model_of",
    "terms_test",
]

N_DRAWS = 9_999
"""Draws of the null distribution of an exact test."""


class MixedFit(Result):
    """A fitted mixed model with what is needed to ask it more, or to fit it again."""

    _held: Any

    def model_frame(self) -> Any:
        """Return the columns that the fit used, as a ``pyarrow.Table``: enough to fit it again."""
        return self._held["frame"]


class MixedTestResult(Result):
    """A test of terms of a mixed model."""

    _title: ClassVar[Text] = Text("Test of a mixed model", "Prawf o fodel cymysg")


class MixedBootstrapResult(Result):
    """Parametric bootstrap of a mixed model: estimates with intervals, and ``table("replicates")``."""

    _title: ClassVar[Text] = Text(
        "Parametric bootstrap of a mixed model", "Bootstrap parametrig o fodel cymysg"
    )
    _about: ClassVar[tuple[str, ...]] = ("n_resamples", "n_failed", "interval", "seed")


def conf_of(conf_level: float | None) -> float:
    """Return the level asked for, or that of the options."""
    return level("conf_level", get_options().conf_level if conf_level is None else conf_level)


def model_of(fit: MixedFit) -> _core.Mixed:
    """Return the fitted model in the kernel, fitted again from its table where it was pickled."""
    held: dict[str, Any] = fit._held
    if held.get("model") is None:
        held["model"] = _core.Mixed(
            held["frame"], held["spec"], held["random"], held["reml"], held["theta"], threads()
        )
    model: _core.Mixed = held["model"]
    return model


def exact_limits(
    fit: MixedFit, how: str, conf: float, n_draws: int, seed: int
) -> tuple[float, float]:
    """Return limits of the ratio of the variances (``"ratio"``, ``"f"``) or of the variance (``"between"``)."""
    with progress("draws") as report:
        return _core.mixed_exact(model_of(fit), how, conf, n_draws, seed, threads(), report)


def limits_of(
    values: Sequence[float | None], estimate: float, conf: float, how: BootstrapInterval
) -> tuple[float, float]:
    """Return the limits of an estimate from its replicates."""
    kept = [v for v in values if v is not None]
    return _core.replicate_limits(kept, estimate, conf, how, 0.0)


def terms_test(fit: MixedFit, terms: Sequence[str], df: str) -> MixedTestResult:
    """Return the F test that coefficients of the fixed part are all zero."""
    known = fit.to_arrow()["term"].to_pylist()
    chosen: list[int] = []
    for term in terms:
        # "age_band" stands for its dummies, "x" for itself.
        found = [i for i, k in enumerate(known) if k == term or k.startswith(f"{term}=")]
        if not found:
            message = f'terms: no coefficient of "{term}"; the model has: {", ".join(known)}'
            raise InputError(message, kind="option", column="terms", got=term)
        chosen += [i for i in found if i not in chosen]
    rows = [[1.0 if j == i else 0.0 for j in range(len(known))] for i in chosen]
    f, df1, df2, p = _core.mixed_f(model_of(fit), df, rows)
    tidy = {
        "term": [", ".join(terms)],
        "estimate": [None],
        "reason": ["several coefficients"],
        "statistic": [f],
        "df": [df1],
        "df2": [df2],
        "p_value": [p],
    }
    if len(chosen) == 1:
        tidy |= {"estimate": [fit.to_arrow()["estimate"][chosen[0]].as_py()], "reason": [None]}
    return MixedTestResult.build(
        tidy=tidy,
        glance={"distribution": ["f"], "df_method": [df]},
        provenance=fit.provenance,
        source=None,
    )


def bootstrap(
    fit: MixedFit,
    n_resamples: int,
    seed: int,
    interval: BootstrapInterval,
    conf_level: float | None,
) -> MixedBootstrapResult:
    """Return the parametric bootstrap of every number of a fit."""
    count("n_resamples", n_resamples, 99)
    one_of("interval", interval, BOOTSTRAP_INTERVALS)
    conf = conf_of(conf_level)
    columns = replicates(fit, None, n_resamples, seed)
    failed = sum(v is None for v in columns[0][5])
    tidy: dict[str, list[Any]] = {
        k: [] for k in ("factor", "term", "quantity", "estimate", "bias", "std_error", "conf_low", "conf_high")
    }  # fmt: skip
    long: dict[str, list[Any]] = {
        k: [] for k in ("resample", "factor", "term", "quantity", "estimate")
    }
    for _, factor, term, quantity, estimate, values in columns:
        kept = [v for v in values if v is not None]
        mean = sum(kept) / len(kept)
        spread = (sum((v - mean) ** 2 for v in kept) / (len(kept) - 1)) ** 0.5
        low, high = limits_of(kept, estimate, conf, interval)
        row = (factor, term, quantity, estimate, mean - estimate, spread, low, high)
        for name, value in zip(tidy, row, strict=True):
            tidy[name].append(value)
        for i, value in enumerate(values):
            if value is not None:
                for name, v in zip(long, (i, factor, term, quantity, value), strict=True):
                    long[name].append(v)
    return MixedBootstrapResult.build(
        tidy=tidy,
        glance={
            "n_resamples": [n_resamples],
            "n_failed": [failed],
            "interval": [interval],
            "conf_level": [conf],
            "seed": [seed],
        },
        extra={"replicates": long},
        provenance=fit.provenance,
        source=None,
    )


def replicates(
    fit: MixedFit, other: MixedFit | None, n_resamples: int, seed: int = DEFAULT_SEED
) -> list[Any]:
    """Return the numbers of every replicate of a fit, and of another on the same draws."""
    second = None if other is None else model_of(other)
    with progress("resamples") as report:
        return _core.mixed_bootstrap(model_of(fit), second, n_resamples, seed, threads(), report)
