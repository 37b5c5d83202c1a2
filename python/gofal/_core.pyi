"""What the extension module holds."""

from collections.abc import Callable
from typing import Any, final

__version__: str
__all__ = [
    "Glmm",
    "Mixed",
    "Model",
    "Scan",
    "Table",
    "World",
    "__version__",
    "_error_kinds",
    "_panic_for_test",
    "_raise_for_test",
    "_spin_for_test",
    "_sum_for_test",
    "adjust_p",
    "attributable",
    "bounding_factor",
    "cells",
    "cells_of_stream",
    "chi2_sf",
    "clogit",
    "compare_dependent",
    "concentration_index",
    "correlate",
    "correlate_adjusted",
    "das_gupta",
    "describe",
    "discrete_hazard",
    "effects_resampled",
    "evalue",
    "evalue_difference",
    "fingerprint",
    "firth",
    "funnel_limits",
    "funnel_scores",
    "goodman",
    "guess",
    "icc",
    "impute",
    "inequality_indices",
    "interaction",
    "joint_test",
    "kitagawa",
    "leave_one_out",
    "mantel_haenszel",
    "merge_cells",
    "mixed_bootstrap",
    "mixed_coefficients",
    "mixed_criterion",
    "mixed_exact",
    "mixed_exact_test",
    "mixed_f",
    "mixed_predict",
    "mixed_profile",
    "multinomial",
    "oaxaca",
    "observed_shares",
    "ordinal",
    "panel",
    "pool",
    "pool_joint",
    "possible_counts",
    "possible_sets",
    "proportion_limits",
    "rate",
    "rate_ratio",
    "replicate_limits",
    "risk_cells",
    "risk_measures",
    "risk_ranges",
    "sequential",
    "shapley",
    "slope_index",
    "slope_resampled",
    "standardised",
    "theil",
    "variance_ratios",
    "variance_shares",
    "wild_bootstrap",
    "zero_counts",
]

@final
class World:
    def __new__(cls, assumed: dict[str, Any], threads: int) -> World: ...
    def children(
        self,
        n: int,
        seed: int,
        names: dict[str, Any],
        threads: int,
        progress: Callable[[int, int], object] | None = None,
    ) -> Table: ...
    def truth(
        self, threads: int
    ) -> tuple[
        list[float],
        list[float],
        list[float],
        float,
        list[float],
        list[float],
        list[float],
        list[float],
        list[tuple[float, float]],
    ]: ...
    def effects(self) -> tuple[list[float], list[float], list[float], list[float]]: ...

@final
class Model:
    def __new__(
        cls,
        table: Any,
        spec: dict[str, Any],
        threads: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Model: ...
    def coefficients(self, conf_level: float, profile: bool = False) -> Table: ...
    def levels(self, column: str) -> list[str]: ...
    def totals(self, column: str) -> Table | None: ...
    def names(self) -> tuple[list[str], list[str]]: ...
    def edge(self) -> list[str]: ...
    def clusters_exposed(self) -> list[tuple[str, int]]: ...
    def covariance(self) -> list[list[float]]: ...
    def facts(self) -> list[tuple[str, float]]: ...
    def rows(self) -> Table | None: ...

@final
class Mixed:
    def __new__(
        cls,
        table: Any,
        spec: dict[str, Any],
        random: list[Any],
        reml: bool,
        start: list[float] | None = None,
        threads: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Mixed: ...
    def coefficients(self) -> Table: ...
    def covariance(self) -> list[list[float]]: ...
    def components(self) -> Table: ...
    def modes(self) -> Table: ...
    def theta(self) -> list[tuple[str, str, float]]: ...
    def path(self) -> list[tuple[list[float], float]]: ...
    def facts(self) -> list[tuple[str, float]]: ...
    def factors(self) -> list[tuple[str, int, bool]]: ...
    def rows(self) -> Table | None: ...

def icc(
    table: Any,
    outcome: str,
    group: str,
    rater: str | None,
    conf_level: float,
    threads: int = 0,
) -> tuple[Table, list[tuple[str, float]]]: ...

@final
class Glmm:
    def __new__(
        cls,
        table: Any,
        spec: dict[str, Any],
        random: list[Any],
        nodes: int,
        start: list[float] | None = None,
        threads: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> Glmm: ...
    def coefficients(self, conf_level: float) -> Table: ...
    def covariance(self, conditional: bool) -> list[list[float]]: ...
    def components(self) -> Table: ...
    def modes(self) -> Table: ...
    def theta(self) -> list[tuple[str, str, float]]: ...
    def path(self) -> list[tuple[list[float], float]]: ...
    def facts(self) -> list[tuple[str, float | None]]: ...
    def factors(self) -> list[tuple[str, int, bool, float]]: ...
    def rows(self) -> Table | None: ...
    def profile(
        self, conf_level: float, threads: int = 0
    ) -> list[tuple[str, float, float | None]]: ...

def observed_shares(
    family: str, link: str, variances: list[float], eta: float, theta: float | None = None
) -> tuple[float, list[float], float, float]: ...
def variance_ratios(variance: float, beta: float) -> tuple[float, float, float, float]: ...
def mixed_coefficients(model: Mixed, how: str, conf_level: float) -> Table: ...
def mixed_f(
    model: Mixed, how: str, rows: list[list[float]]
) -> tuple[float, float, float, float]: ...
def mixed_exact(
    model: Mixed,
    how: str,
    conf_level: float,
    n_draws: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[float, float]: ...
def mixed_exact_test(
    model: Mixed,
    n_draws: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[float, float]: ...
def mixed_bootstrap(
    model: Mixed,
    other: Mixed | None,
    n_resamples: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[tuple[int, str, str, str, float, list[float | None]]]: ...
def mixed_profile(
    model: Mixed, conf_level: float, shares: bool, threads: int = 0
) -> list[tuple[str, str, str, float, float | None, float | None]]: ...
def mixed_criterion(model: Mixed, theta: list[float]) -> float: ...
def replicate_limits(
    values: list[float], estimate: float, conf_level: float, how: str, acceleration: float
) -> tuple[float, float]: ...
def mixed_predict(
    table: Any,
    spec: dict[str, Any],
    random: list[Any],
    names: list[str],
    beta: list[float],
    modes: list[tuple[list[str], list[float]]],
    last: int,
    threads: int,
) -> Table: ...
def standardised(
    model: Model,
    scenarios: list[tuple[str, list[tuple[str, str]]]],
    conf_level: float,
    threads: int,
) -> Table: ...
def interaction(
    model: Model, factors: list[tuple[str, str, str]], standardised: bool, conf_level: float
) -> Table: ...
def attributable(model: Model, factors: list[tuple[str, str, str]], conf_level: float) -> Table: ...
def effects_resampled(
    model: Model,
    what: str,
    scenarios: list[tuple[str, list[tuple[str, str]]]],
    factors: list[tuple[str, str, str]],
    logs: list[bool],
    interval: str,
    n_resamples: int,
    seed: int,
    conf_level: float,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> tuple[Table, int]: ...
def joint_test(model: Model, terms: list[int], threads: int) -> Table: ...
def chi2_sf(statistic: float, df: float) -> float: ...
def guess(model: Model, term: str, conf_level: float) -> tuple[float, float]: ...
def wild_bootstrap(
    model: Model,
    term: str,
    null: float,
    impose_null: bool,
    webb: bool,
    n_draws: int,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[float, float, int, bool, int, int, int]: ...
def cells(
    table: Any,
    by: list[str],
    outcome: str | None = None,
    weight: str | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, int, int]: ...
def merge_cells(
    tables: list[tuple[Any, str, str | None, str | None]],
    by: list[str],
    outcome: bool,
    threads: int = 0,
) -> Table: ...
def cells_of_stream(
    stream: Any,
    by: list[str],
    outcome: str | None = None,
    weight: str | None = None,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, int, int]: ...

@final
class Scan:
    def __new__(cls, files: list[str], columns: list[str] | None = None) -> Scan: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def n_rows(self) -> int: ...
    def narrowed(self, columns: list[str]) -> Scan: ...
    def cells(
        self,
        by: list[str],
        outcome: str | None = None,
        weight: str | None = None,
        threads: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> tuple[Table, int, int]: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

@final
class Table:
    @property
    def num_rows(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...
    def __arrow_c_schema__(self) -> Any: ...

def describe(table: Any, columns: list[str], threads: int = 0) -> Table: ...
def fingerprint(table: Any, columns: list[str], threads: int = 0) -> str: ...
def _error_kinds() -> list[str]: ...
def _raise_for_test(kind: str) -> None: ...
def _panic_for_test() -> None: ...
def _spin_for_test(blocks: int, progress: Callable[[int, int], object] | None = None) -> None: ...
def _sum_for_test(n: int, threads: int) -> float: ...
def correlate(
    table: Any,
    x: list[str],
    y: list[str],
    methods: list[str],
    alternative_: str,
    conf_level: float,
    interval_: str,
    p: str,
    n_permutations: int,
    n_resamples: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Table: ...
def correlate_adjusted(
    table: Any,
    x: str,
    y: str,
    weight: str | None,
    weight_kind: str,
    controls: list[str],
    method_: str,
    alternative_: str,
    conf_level: float,
    threads: int = 0,
) -> Table: ...
def leave_one_out(table: Any, x: str, y: str, method_: str, threads: int = 0) -> Table: ...
def compare_dependent(
    r: tuple[float, float, float], n: int, alternative_: str, conf_level: float
) -> Table: ...
def adjust_p(p: list[float], how: str) -> list[float]: ...
def rate(
    table: Any,
    events: str,
    population: str,
    base: float,
    interval: str,
    conf_level: float,
    threads: int = 0,
) -> Table: ...
def proportion_limits(
    table: Any,
    numerator: str,
    denominator: str,
    base: float,
    interval: str,
    conf_level: float,
    size: float | None = None,
    threads: int = 0,
) -> Table: ...
def funnel_scores(
    table: Any,
    events: str,
    population: str,
    kind: str,
    target: float | None,
    trim: float,
    threads: int = 0,
) -> tuple[Table, float, float, float]: ...
def funnel_limits(
    sizes: list[float], target: float, kind: str, level: float, phi: float, tau2: float
) -> list[tuple[float, float]]: ...
def rate_ratio(
    x1: float, t1: float, x2: float, t2: float, conf_level: float
) -> tuple[float, float, float, float]: ...
def goodman(counts: list[float], conf_level: float) -> list[tuple[float, float]]: ...
def possible_counts(percent: float, n: int, decimals: int) -> tuple[int, int] | None: ...
def possible_sets(percents: list[float], n: int, decimals: int, limit: int) -> list[list[int]]: ...
def slope_index(
    table: Any,
    value: str,
    rank: str,
    rank_sign: float,
    weight: str | None,
    weight_kind: str | None,
    std_error: str | None,
    model: str,
    spread: str,
    conf_level: float,
    threads: int = 0,
) -> tuple[Table, int, int]: ...
def concentration_index(
    table: Any,
    outcome: str,
    rank: str,
    rank_sign: float,
    weight: str | None,
    weight_kind: str | None,
    bounds: tuple[float, float] | None,
    std_error: str,
    conf_level: float,
    threads: int = 0,
) -> tuple[Table, int, int]: ...
def slope_resampled(
    table: Any,
    value: str,
    rank: str,
    rank_sign: float,
    weight: str | None,
    weight_kind: str | None,
    model: str,
    interval: str,
    conf_level: float,
    n_resamples: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Table: ...
def risk_cells(
    table: Any,
    outcome: str,
    exposure: str,
    strata: list[str],
    weight: str | None = None,
    threads: int = 0,
) -> tuple[list[tuple[float, float, float, float]], list[str], int, int]: ...
def risk_measures(
    exposed: tuple[float, float],
    unexposed: tuple[float, float],
    zero: str,
    interval: str,
    conf_level: float,
) -> tuple[Table, float | None, float | None]: ...
def risk_ranges(
    exposed: tuple[float, float],
    n_exposed: float,
    unexposed: tuple[float, float],
    n_unexposed: float,
) -> list[tuple[float | None, float | None]]: ...
def mantel_haenszel(
    strata: list[tuple[float, float, float, float]], interval: str, conf_level: float
) -> tuple[Table, Table, int]: ...
def evalue(
    estimate: float,
    limits: tuple[float, float] | None,
    true_value: float,
    measure: str,
    rare: bool,
) -> tuple[float, tuple[float, float] | None, float, float | None]: ...
def evalue_difference(
    exposed: tuple[float, float],
    unexposed: tuple[float, float],
    true_value: float,
    conf_level: float,
) -> tuple[float, tuple[float, float] | None, float, float | None]: ...
def bounding_factor(rr_eu: float, rr_ud: float) -> float: ...
def pool(
    terms: list[str],
    estimates: list[list[float]],
    variances: list[list[float]],
    df_complete: float,
    conf_level: float,
) -> Table: ...
def pool_joint(
    estimates: list[list[float]], covariances: list[list[list[float]]], df_complete: float
) -> tuple[float, float, float, float, float]: ...
def impute(
    table: Any,
    columns: list[str],
    methods: list[str],
    cluster: str | None,
    m: int,
    n_iter: int,
    donors: int,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table]: ...
def panel(
    table: Any,
    outcome: str,
    predictors: list[str],
    unit: str,
    time: str | None,
    effects: str,
    vcov: str,
    kind: str,
    cluster: str | None,
    lag: int | None,
    weight: str | None,
    conf_level: float,
    threads: int = 0,
) -> tuple[Table, Table | None, Table | None, list[tuple[str, float]]]: ...
def firth(
    table: Any,
    spec: dict[str, Any],
    profile: bool,
    flic: bool,
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, list[list[float]], list[tuple[str, float]], list[tuple[str, Table]]]: ...
def multinomial(
    table: Any,
    spec: dict[str, Any],
    levels: tuple[list[str], bool] | None,
    reference: str | None,
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, list[list[float]], list[tuple[str, float]], list[tuple[str, Table]]]: ...
def ordinal(
    table: Any,
    spec: dict[str, Any],
    levels: tuple[list[str], bool] | None,
    link: str,
    partial: list[str],
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, list[list[float]], list[tuple[str, float]], list[tuple[str, Table]]]: ...
def clogit(
    table: Any,
    spec: dict[str, Any],
    n_strata: int,
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, list[list[float]], list[tuple[str, float]], list[tuple[str, Table]]]: ...
def zero_counts(
    table: Any,
    spec: dict[str, Any],
    zero_terms: list[list[tuple[str, str, str]]],
    is_hurdle: bool,
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Table, list[list[float]], list[tuple[str, float]], list[tuple[str, Table]]]: ...
def discrete_hazard(
    table: Any,
    spec: dict[str, Any],
    exit: str,  # noqa: A002
    entry: str | None,
    period: str,
    threads: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Model: ...
def theil(
    table: Any,
    value: str,
    groups: list[str],
    weight: str | None,
    weight_kind: str | None,
    index: str,
    resampling: dict[str, Any] | None = None,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table | None, int, int]: ...
def inequality_indices(
    table: Any,
    value: str,
    weight: str | None,
    weight_kind: str | None,
    resampling: dict[str, Any] | None = None,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, int, int]: ...
def kitagawa(
    table: Any,
    category: list[str],
    between: str,
    populations: tuple[str, str],
    rate: str | None,
    counts: dict[str, Any],
    three: bool,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table, list[tuple[str, float | None]], int, int]: ...
def das_gupta(
    table: Any,
    factors: list[str],
    between: str,
    populations: list[str],
    category: list[str],
    structured: list[str],
    counts: dict[str, Any],
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table, Table | None, int, int]: ...
def shapley(
    table: Any,
    spec: dict[str, Any],
    owner: list[int],
    names: list[str],
    always: bool,
    measure: str,
    resampling: dict[str, Any] | None = None,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table, list[tuple[str, float]]]: ...
def sequential(
    table: Any,
    spec: dict[str, Any],
    owner: list[int],
    names: list[str],
    resampling: dict[str, Any] | None = None,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, list[tuple[str, float]]]: ...
def oaxaca(
    table: Any,
    spec: dict[str, Any],
    group: str,
    levels: tuple[str, str],
    reference: tuple[str, float],
    normalise: bool,
    conf_level: float,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, Table, list[tuple[str, float]]]: ...
def variance_shares(
    table: Any,
    value: str | None,
    rated: dict[str, Any] | None,
    groups: list[str],
    weight: str | None,
    weight_kind: str | None,
    conf_level: float,
    n_resamples: int | None,
    seed: int,
    threads: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[Table, list[tuple[str, float]]]: ...
