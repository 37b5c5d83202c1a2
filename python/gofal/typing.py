"""The words options accept, each declared once, and the protocols a table may speak.

Every option is a ``Literal`` for the reader of a signature and a tuple of the same words for the
check at run time, so the two cannot drift: ``ALTERNATIVES == get_args(Alternative)``.
"""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias, get_args, runtime_checkable


@runtime_checkable
class ArrowStream(Protocol):
    """A table that hands over its columns as an Arrow C stream.

    pandas (3.0 on), polars, pyarrow tables and readers, DuckDB relations, arro3.
    """

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@runtime_checkable
class ArrowArray(Protocol):
    """One batch of rows that speaks the Arrow C array interface (pyarrow ``RecordBatch``)."""

    def __arrow_c_array__(
        self, requested_schema: object | None = None
    ) -> tuple[object, object]: ...


IntoTable: TypeAlias = ArrowStream | ArrowArray | Any
"""What a *table* parameter takes: a stream, a batch, or a frame of pandas, polars or pyarrow."""

Columns: TypeAlias = str | list[str] | tuple[str, ...]
"""One column name or several."""

# What results look like.
Lang = Literal["en", "cy"]
FrameKind = Literal["auto", "pandas", "polars", "pyarrow"]
Part = Literal["tidy", "glance", "augment"]
Verdict = Literal["reproduced", "differs", "finding", "not_available"]

# Tests and intervals.
Alternative = Literal["two-sided", "less", "greater"]
Adjust = Literal["none", "bonferroni", "holm", "hochberg", "hommel", "bh", "by"]
IntervalMethod = Literal[
    "analytic", "fisher", "bonett-wright", "percentile", "basic", "bca", "studentised", "none"
]
ResampleInterval = Literal["percentile", "basic", "bca", "studentised", "normal"]
PValueMethod = Literal["auto", "analytic", "exact", "permutation"]

# Rates and proportions.
RateInterval = Literal["byar", "exact", "midp", "normal"]
ProportionInterval = Literal["wilson", "clopper-pearson", "jeffreys", "wald", "agresti-coull"]
Overdispersion = Literal["none", "additive", "multiplicative"]

# Correlation and inequality.
CorrelationMethod = Literal["pearson", "spearman", "kendall"]
IndexTransform = Literal["none", "log", "logit"]
SlopeModel = Literal["linear", "log-linear"]
ConcentrationKind = Literal["standard", "generalised", "erreygers", "wagstaff"]

# Nulls and regression.
Missing = Literal["drop", "refuse"]
Covariance = Literal[
    "classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2", "CR3", "newey-west"
]

LANGS: tuple[Lang, ...] = get_args(Lang)
FRAME_KINDS: tuple[FrameKind, ...] = get_args(FrameKind)
PARTS: tuple[Part, ...] = get_args(Part)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
ADJUSTS: tuple[Adjust, ...] = get_args(Adjust)
INTERVAL_METHODS: tuple[IntervalMethod, ...] = get_args(IntervalMethod)
RESAMPLE_INTERVALS: tuple[ResampleInterval, ...] = get_args(ResampleInterval)
P_VALUE_METHODS: tuple[PValueMethod, ...] = get_args(PValueMethod)
RATE_INTERVALS: tuple[RateInterval, ...] = get_args(RateInterval)
PROPORTION_INTERVALS: tuple[ProportionInterval, ...] = get_args(ProportionInterval)
OVERDISPERSIONS: tuple[Overdispersion, ...] = get_args(Overdispersion)
CORRELATION_METHODS: tuple[CorrelationMethod, ...] = get_args(CorrelationMethod)
INDEX_TRANSFORMS: tuple[IndexTransform, ...] = get_args(IndexTransform)
SLOPE_MODELS: tuple[SlopeModel, ...] = get_args(SlopeModel)
CONCENTRATION_KINDS: tuple[ConcentrationKind, ...] = get_args(ConcentrationKind)
MISSINGS: tuple[Missing, ...] = get_args(Missing)
COVARIANCES: tuple[Covariance, ...] = get_args(Covariance)
