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
CorrelationInterval = Literal["bca", "percentile", "basic", "normal", "fisher"]
PValueMethod = Literal["permutation", "analytic", "exact"]

# Rates and proportions.
RateInterval = Literal["byar", "exact", "midp", "phe"]
ProportionInterval = Literal["wilson", "exact", "jeffreys", "agresti_coull", "midp"]
Overdispersion = Literal["none", "additive", "multiplicative"]
FunnelKind = Literal["rate", "proportion"]

# Correlation and inequality.
CorrelationMethod = Literal["pearson", "spearman", "kendall"]
MostDeprived = Literal["highest", "lowest"]
Spread = Literal["classical", "robust"]
IndexSpread = Literal["delta", "robust", "convenience", "kakwani"]
SlopeInterval = Literal["analytic", "bca", "percentile", "basic"]
SlopeModel = Literal["linear", "log", "logit", "poisson"]

# Risk tables.
OddsRatioInterval = Literal["wald", "exact", "midp"]
ExactInterval = Literal["exact", "midp"]
Zero = Literal["not_available", "haldane"]
EValueMeasure = Literal[
    "risk_ratio",
    "rate_ratio",
    "odds_ratio",
    "hazard_ratio",
    "standardised_difference",
    "risk_difference",
]

# Imputation.
ImputationMethod = Literal["pmm", "normal", "logit", "two-level", "two-level-probit", "cluster-pmm"]

# Nulls and regression.
Covariance = Literal["classical", "HC0", "HC1", "HC2", "HC3", "HC4", "HC5"]
ClusterKind = Literal["CR0", "CR1", "CR1S", "CR2", "CR3", "jackknife"]
GlmFamily = Literal[
    "binomial",
    "poisson",
    "gaussian",
    "gamma",
    "negative-binomial",
    "quasi-poisson",
    "quasi-binomial",
]
GlmLink = Literal["identity", "log", "logit", "probit", "cloglog", "inverse"]
GlmInterval = Literal["wald", "profile"]
OrdinalLink = Literal["logit", "probit", "cloglog"]
HazardLink = Literal["logit", "cloglog"]
RiskFamily = Literal["logistic", "log-binomial", "modified-poisson", "linear"]
InteractionScale = Literal["model", "standardised"]
EffectInterval = Literal["delta", "bca", "percentile"]
Margins = Literal["authority", "national"]
WildFamily = Literal["gaussian", "binomial", "poisson"]
WildWeights = Literal["rademacher", "webb"]

# Mixed models.
GlmmFamily = Literal["binomial", "poisson", "negative-binomial", "beta-binomial"]
GlmmLink = Literal["logit", "probit", "cloglog", "log"]
VpcScale = Literal["latent", "observed"]
ComponentInterval = Literal["none", "profile"]
MaihdaFamily = Literal["binomial", "gaussian"]

# Panels.
PanelEffects = Literal[
    "unit", "time", "two-way", "random", "between", "first-difference", "within-between", "pooled"
]
PanelCovariance = Literal["cluster", "classical", "driscoll-kraay"]
PanelClusterKind = Literal["CR0", "CR1", "CR2", "CR3"]

# Mixed models.
MixedDf = Literal["auto", "satterthwaite", "kenward-roger", "residual", "none"]
MixedDfTest = Literal["kenward-roger", "satterthwaite"]
BootstrapInterval = Literal["percentile", "bca", "basic", "normal"]
MixedInterval = Literal[
    "auto", "exact", "f", "profile", "percentile", "bca", "basic", "normal", "none"
]
VarianceTest = Literal["auto", "exact", "mixture", "bootstrap"]

# Decompositions.
ResamplingInterval = Literal["percentile", "bca", "basic", "normal", "none"]
TheilIndex = Literal["T", "L"]
KitagawaParts = Literal["two", "three"]
KitagawaInterval = Literal["delta", "bootstrap", "none"]
DasGuptaInterval = Literal["bootstrap", "none"]
CountLaw = Literal["poisson", "binomial"]
Composition = Literal["known", "sampled"]
ShapleyMeasure = Literal["r_squared", "mcfadden", "deviance"]
ShapleyFamily = Literal["binomial", "poisson"]
OaxacaFold = Literal["two", "three"]
OaxacaReference = Literal["pooled", "neumark", "first", "second", "half", "cotton"]
OaxacaFamily = Literal["gaussian", "binomial", "poisson"]
VarianceInterval = Literal["inverted", "none"]

LANGS: tuple[Lang, ...] = get_args(Lang)
FRAME_KINDS: tuple[FrameKind, ...] = get_args(FrameKind)
PARTS: tuple[Part, ...] = get_args(Part)
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
ADJUSTS: tuple[Adjust, ...] = get_args(Adjust)
CORRELATION_INTERVALS: tuple[CorrelationInterval, ...] = get_args(CorrelationInterval)
P_VALUE_METHODS: tuple[PValueMethod, ...] = get_args(PValueMethod)
RATE_INTERVALS: tuple[RateInterval, ...] = get_args(RateInterval)
PROPORTION_INTERVALS: tuple[ProportionInterval, ...] = get_args(ProportionInterval)
FUNNEL_KINDS: tuple[FunnelKind, ...] = get_args(FunnelKind)
OVERDISPERSIONS: tuple[Overdispersion, ...] = get_args(Overdispersion)
CORRELATION_METHODS: tuple[CorrelationMethod, ...] = get_args(CorrelationMethod)
MOST_DEPRIVED: tuple[MostDeprived, ...] = get_args(MostDeprived)
SPREADS: tuple[Spread, ...] = get_args(Spread)
INDEX_ERRORS: tuple[IndexSpread, ...] = get_args(IndexSpread)
SLOPE_INTERVALS: tuple[SlopeInterval, ...] = get_args(SlopeInterval)
SLOPE_MODELS: tuple[SlopeModel, ...] = get_args(SlopeModel)
ODDS_RATIO_INTERVALS: tuple[OddsRatioInterval, ...] = get_args(OddsRatioInterval)
EXACT_INTERVALS: tuple[ExactInterval, ...] = get_args(ExactInterval)
ZEROS: tuple[Zero, ...] = get_args(Zero)
EVALUE_MEASURES: tuple[EValueMeasure, ...] = get_args(EValueMeasure)
IMPUTATION_METHODS: tuple[ImputationMethod, ...] = get_args(ImputationMethod)
COVARIANCES: tuple[Covariance, ...] = get_args(Covariance)
GLM_FAMILIES: tuple[GlmFamily, ...] = get_args(GlmFamily)
GLM_LINKS: tuple[GlmLink, ...] = get_args(GlmLink)
GLM_INTERVALS: tuple[GlmInterval, ...] = get_args(GlmInterval)
ORDINAL_LINKS: tuple[OrdinalLink, ...] = get_args(OrdinalLink)
HAZARD_LINKS: tuple[HazardLink, ...] = get_args(HazardLink)
EFFECT_INTERVALS: tuple[EffectInterval, ...] = get_args(EffectInterval)
MARGINS: tuple[Margins, ...] = get_args(Margins)
RISK_FAMILIES: tuple[RiskFamily, ...] = get_args(RiskFamily)
INTERACTION_SCALES: tuple[InteractionScale, ...] = get_args(InteractionScale)
WILD_FAMILIES: tuple[WildFamily, ...] = get_args(WildFamily)
WILD_WEIGHTS: tuple[WildWeights, ...] = get_args(WildWeights)
GLMM_FAMILIES: tuple[GlmmFamily, ...] = get_args(GlmmFamily)
GLMM_LINKS: tuple[GlmmLink, ...] = get_args(GlmmLink)
MAIHDA_FAMILIES: tuple[MaihdaFamily, ...] = get_args(MaihdaFamily)
VPC_SCALES: tuple[VpcScale, ...] = get_args(VpcScale)
COMPONENT_INTERVALS: tuple[ComponentInterval, ...] = get_args(ComponentInterval)
PANEL_EFFECTS: tuple[PanelEffects, ...] = get_args(PanelEffects)
PANEL_COVARIANCES: tuple[PanelCovariance, ...] = get_args(PanelCovariance)
CLUSTER_KINDS: tuple[ClusterKind, ...] = get_args(ClusterKind)
PANEL_CLUSTER_KINDS: tuple[PanelClusterKind, ...] = get_args(PanelClusterKind)
MIXED_DFS: tuple[MixedDf, ...] = get_args(MixedDf)
MIXED_DF_TESTS: tuple[MixedDfTest, ...] = get_args(MixedDfTest)
BOOTSTRAP_INTERVALS: tuple[BootstrapInterval, ...] = get_args(BootstrapInterval)
MIXED_INTERVALS: tuple[MixedInterval, ...] = get_args(MixedInterval)
VARIANCE_TESTS: tuple[VarianceTest, ...] = get_args(VarianceTest)
RESAMPLING_INTERVALS: tuple[ResamplingInterval, ...] = get_args(ResamplingInterval)
THEIL_INDICES: tuple[TheilIndex, ...] = get_args(TheilIndex)
KITAGAWA_PARTS: tuple[KitagawaParts, ...] = get_args(KitagawaParts)
KITAGAWA_INTERVALS: tuple[KitagawaInterval, ...] = get_args(KitagawaInterval)
DAS_GUPTA_INTERVALS: tuple[DasGuptaInterval, ...] = get_args(DasGuptaInterval)
COUNT_LAWS: tuple[CountLaw, ...] = get_args(CountLaw)
COMPOSITIONS: tuple[Composition, ...] = get_args(Composition)
SHAPLEY_MEASURES: tuple[ShapleyMeasure, ...] = get_args(ShapleyMeasure)
SHAPLEY_FAMILIES: tuple[ShapleyFamily, ...] = get_args(ShapleyFamily)
OAXACA_FOLDS: tuple[OaxacaFold, ...] = get_args(OaxacaFold)
OAXACA_REFERENCES: tuple[OaxacaReference, ...] = get_args(OaxacaReference)
OAXACA_FAMILIES: tuple[OaxacaFamily, ...] = get_args(OaxacaFamily)
VARIANCE_INTERVALS: tuple[VarianceInterval, ...] = get_args(VarianceInterval)
