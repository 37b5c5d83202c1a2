"""The column glossary, which is law: a result holds these columns and no others.

One row per column: how it is shown (`FORMATS`), its unit, what it means. The printed labels, in
English and Welsh, stand in `labels.py` under the same names. A family that needs a column adds a
row here and a row there; a column that is not here stops the result from being made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NoReturn

from gofal.results.labels import LABELS
from gofal.typing import Lang

__all__ = ["FORMATS", "GLOSSARY", "Column", "Format", "check", "column"]

Format = Literal[
    "text",  # a name or sentence of the data, printed as it is
    "word",  # a word of ours, printed in the reader's language
    "count",  # whole numbers, thousands separated
    "integer",  # whole numbers, bare: a year, a lag, a seed
    "number",  # four significant digits
    "fixed2",  # two decimals: test statistics, z scores
    "fixed3",  # three decimals: correlations, shares of variance
    "rate",  # one decimal, thousands separated: rates per 10,000
    "money",  # two decimals, thousands separated: pounds
    "proportion",  # a proportion, printed as a percentage with one decimal
    "level",  # a confidence level, printed as a percentage without needless zeros
    "p",  # a p-value: three decimals, "<0.001" below
    "flag",  # yes or no
]
FORMATS: tuple[Format, ...] = Format.__args__  # type: ignore[attr-defined]

# name: (format, unit, meaning). A unit of "" is "none or that of the data".
_TABLE: dict[str, tuple[Format, str, str]] = {
    # What the row is about.
    "term": ("text", "", "coefficient, component or effect"),
    "group": ("text", "", "level or stratum"),
    "factor": ("text", "", "grouping factor of random effects"),
    "by": ("text", "", "subset of the rows that the estimate uses"),
    "label": ("text", "", "name for people"),
    "x": ("text", "", "first variable, or the explanatory one"),
    "y": ("text", "", "second variable, or the outcome"),
    "z": ("text", "", "third variable"),
    "controls": ("text", "", "variables held constant"),
    "rank_by": ("text", "", "variable that ranks areas or people, most deprived first"),
    "outcome": ("text", "", "variable explained"),
    "measure": ("text", "", "what is counted or measured"),
    "category": ("text", "", "class within a measure"),
    "model": ("text", "", "name of a model or result in a comparison"),
    "part": ("text", "", "part of a whole"),
    "quantity": ("word", "", "what is estimated: variance, sd, share, change …"),
    "row": ("count", "", "row of the input, from zero"),
    "area_code": ("text", "", "GSS code of an area"),
    "area_name": ("text", "", "name of an area in the language of the input"),
    "period": ("text", "", "year, snapshot date or span of the data"),
    "year_ending": ("integer", "year", "year that ends on 31 March"),
    "edition": ("text", "", "edition of a deprivation index"),
    "left_out": ("text", "", "observation left out"),
    # How it was computed.
    "method": ("word", "", "estimator"),
    "interval": ("word", "", "method of the interval"),
    "scale": ("word", "", "scale of the estimate"),
    "transform": ("word", "", "transform of the outcome"),
    "alternative": ("word", "", "alternative hypothesis of the p-value"),
    "adjust": ("word", "", "adjustment for several tests"),
    "weight": ("text", "", "kind and column of weights"),
    "overdispersion": ("word", "", "how funnel limits allow for overdispersion"),
    "p_value_method": ("word", "", "how the p-value was found: analytic, exact, permutation"),
    "distribution": ("word", "", "reference distribution of the statistic"),
    "vcov": ("text", "", "estimator of the covariance of coefficients"),
    "n_resamples": ("count", "resamples", "bootstrap or permutation replicates"),
    "resample": ("count", "", "bootstrap replicate, from zero"),
    "n_failed": ("count", "resamples", "replicates without an estimate"),
    "seed": ("integer", "", "seed of the random streams"),
    "lag": ("integer", "periods", "lag between x and y, or lags of a covariance"),
    "reason": ("word", "", "why a value is not available"),
    # Estimates and their uncertainty.
    "estimate": ("number", "", "point estimate, on the scale in `scale`"),
    "std_error": ("number", "", "standard error of `estimate`"),
    "statistic": ("fixed2", "", "test statistic"),
    "df": ("number", "", "degrees of freedom of `statistic`"),
    "df2": ("number", "", "denominator degrees of freedom of an F statistic"),
    "p_value": ("p", "", "two-sided unless `alternative` says otherwise"),
    "p_adjusted": ("p", "", "p-value adjusted for several tests, as `adjust` says"),
    "conf_low": ("number", "", "lower end of the interval"),
    "conf_high": ("number", "", "upper end of the interval"),
    "conf_level": ("level", "proportion", "level of the interval"),
    "bias": ("number", "", "mean of the replicates less the estimate"),
    "acceleration": ("number", "", "acceleration constant of a BCa interval"),
    "difference": ("number", "", "first estimate less the second"),
    "ratio": ("number", "", "first estimate over the second"),
    "null_value": ("number", "", "value under the null hypothesis"),
    "range_low": ("number", "", "least estimate that rounded or hidden cells allow"),
    "range_high": ("number", "", "greatest estimate that rounded or hidden cells allow"),
    "ratio_low": ("number", "", "lower end of the interval of `ratio`"),
    "ratio_high": ("number", "", "upper end of the interval of `ratio`"),
    # How many.
    "n_obs": ("count", "rows", "rows used"),
    "n_missing": ("count", "rows", "rows dropped for nulls"),
    "n_groups": ("count", "groups", "levels of the grouping factor"),
    "n_clusters_exposed": (
        "count",
        "",
        "clusters with the rarer value of a covariate that is constant in clusters",
    ),
    "n_clusters": ("count", "clusters", "clusters behind a cluster-robust covariance"),
    "n_cells": ("count", "cells", "unique patterns that the rows were grouped into"),
    "n_areas": ("count", "areas", "areas used"),
    "n_periods": ("count", "periods", "periods used"),
    "n_singletons": ("count", "levels", "levels of fixed effects seen in one row only"),
    "n_components": ("count", "", "parts of a panel that no unit joins"),
    "n_tests": ("count", "tests", "tests adjusted together"),
    "n_outside": ("count", "areas", "areas outside the outer limits"),
    "n_differ": ("count", "rows", "rows that one of two models could not use"),
    "n_available": ("count", "rows", "rows of the result with an estimate"),
    "count": ("count", "", "number in the class"),
    "events": ("count", "events", "events or children counted"),
    "population": ("count", "people", "people in the base"),
    "numerator": ("count", "", "count above the line"),
    "denominator": ("count", "", "count below the line"),
    "base": ("count", "people", "people a rate is expressed per"),
    # Rates, proportions, funnels.
    "rate": ("rate", "per base", "events over population times base"),
    "proportion": ("proportion", "proportion", "numerator over denominator"),
    "percent": ("rate", "percent", "a hundred times a proportion"),
    "expected": ("number", "events", "expected under the reference"),
    "reference": ("number", "per base", "reference or target value"),
    "limit_level": ("level", "proportion", "level of a funnel limit"),
    "limit_low": ("number", "", "lower funnel limit"),
    "limit_high": ("number", "", "upper funnel limit"),
    "z_score": ("fixed2", "standard deviations", "distance from the reference"),
    "z_adjusted": ("fixed2", "standard deviations", "z score that allows for overdispersion"),
    "dispersion": ("fixed2", "", "mean of squared, winsorised z scores"),
    "i_squared": ("proportion", "proportion", "share of the variation that is not chance"),
    "tau2": ("number", "", "variance between areas, added to the sampling variance"),
    "winsorised": ("proportion", "proportion", "share of z scores pulled in at each end"),
    "outside": ("word", "", "which limits the area lies outside: none, inner, outer"),
    # Correlation and its influence.
    "r": ("fixed3", "", "correlation coefficient"),
    "r_squared": ("fixed3", "", "which one is in `r_squared_kind`"),
    "r_squared_kind": ("text", "", "definition of `r_squared`"),
    "r_squared_adjusted": ("fixed3", "", "R squared adjusted for the number of terms"),
    "change": ("number", "", "estimate without the observation less the full estimate"),
    "influence": ("number", "", "change over the standard error of the full estimate"),
    "most_influential": ("text", "", "observation whose removal changes the estimate most"),
    "ties": ("count", "pairs", "pairs tied in either variable"),
    # Inequality.
    "sii": ("number", "", "slope index of inequality: absolute gap across the ranked scale"),
    "rii": ("number", "", "relative index of inequality: ratio across the ranked scale"),
    "ridit": ("fixed3", "proportion", "mean fractional rank, 0 most deprived"),
    "concentration_index": ("fixed3", "", "rank-based inequality of a rate"),
    # Regression.
    "df_method": ("word", "", "how degrees of freedom were found"),
    "df_residual": ("number", "", "residual degrees of freedom"),
    "df_model": ("number", "", "degrees of freedom of the terms"),
    "df_absorbed": ("number", "", "degrees of freedom of absorbed fixed effects"),
    "effects": ("word", "", "panel estimator: which unit or period effects"),
    "sigma": ("number", "", "residual standard deviation"),
    "sigma_unit": ("number", "", "standard deviation of random unit effects"),
    "sigma_within": ("number", "", "standard deviation within units"),
    "theta": (
        "fixed3",
        "",
        "share of a unit's mean taken away; or variance is mean + mean²/theta; or a beta-binomial's precision",
    ),
    "penalised_log_lik": ("fixed2", "", "log likelihood with Jeffreys' penalty"),
    "n_person_periods": ("count", "person-periods", "periods at risk, over all persons"),
    "ms_between": ("number", "", "mean square between groups"),
    "ms_within": ("number", "", "mean square within groups"),
    "n0": ("number", "", "effective size of unequal groups"),
    "criterion": ("fixed2", "", "minus twice the (restricted) log likelihood"),
    "n_nodes": ("count", "", "nodes of the quadrature over a random effect; 1 is Laplace"),
    "pearson_ratio": (
        "fixed2",
        "",
        "Pearson chi-square over residual degrees of freedom, given the random effects",
    ),
    "variance_null": ("number", "", "variance between groups in the null model"),
    "variance_model": ("number", "", "variance between groups in the model"),
    "additive": ("number", "", "fitted value of the main effects alone"),
    "ior_low": ("number", "", "lower end of the middle 80% of ratios between random groups"),
    "ior_high": ("number", "", "upper end of the middle 80% of ratios between random groups"),
    "opposed": ("proportion", "proportion", "share of those ratios on the other side of one"),
    "singular": ("flag", "", "whether a variance is 0 or a correlation ±1"),
    "r_squared_marginal": ("fixed3", "", "share of the variance that the fixed effects explain"),
    "r_squared_conditional": ("fixed3", "", "share that fixed and random effects explain"),
    "n_evaluations": ("count", "", "evaluations of the function minimised"),
    "gradient_norm": ("number", "", "largest slope where the search ended"),
    "log_lik": ("fixed2", "", "log likelihood"),
    "deviance": ("fixed2", "", "twice the log likelihood ratio to the saturated model"),
    "null_deviance": ("fixed2", "", "deviance of the model without terms"),
    "family": ("word", "", "distribution of the outcome"),
    "edge": (
        "text",
        "",
        "patterns whose fitted mean is at the end of its range, so that no error is known",
    ),
    "link": ("word", "", "function of the mean that is linear"),
    "theta_std_error": ("number", "", "standard error of `theta`"),
    "aic": ("fixed2", "", "Akaike's information criterion"),
    "bic": ("fixed2", "", "Bayesian information criterion"),
    "fitted": ("number", "", "fitted value"),
    "resid": ("number", "", "residual"),
    "std_resid": ("fixed2", "", "standardised residual"),
    "leverage": ("fixed3", "", "diagonal of the hat matrix"),
    "cooks_distance": ("number", "", "Cook's distance"),
    "vif": ("fixed2", "", "variance inflation factor"),
    "aliased": ("flag", "", "whether a term is a combination of others"),
    "converged": ("flag", "", "whether the optimiser met its tolerance"),
    "n_iter": ("count", "iterations", "iterations of the optimiser"),
    "stop_reason": ("word", "", "why the optimiser stopped"),
    # Risk tables and imputations.
    "risk_ratio": ("number", "", "risk ratio, or the one that another measure comes to"),
    "n_informative": ("count", "strata", "strata with both groups and both outcomes"),
    "imputation": ("integer", "", "number of the completed data set, from one"),
    "iteration": ("integer", "", "sweep of the chained equations, from one"),
    "n_imputations": ("count", "imputations", "completed data sets"),
    "variance_within": ("number", "", "mean variance within imputations"),
    "variance_between": ("number", "", "variance of the estimates between imputations"),
    "riv": ("fixed3", "", "relative increase in variance due to missing values"),
    "lambda": ("fixed3", "", "share of the variance due to missing values"),
    "fmi": ("fixed3", "", "fraction of missing information"),
    # Summaries and cells.
    "mean": ("number", "", "arithmetic mean"),
    "sd": ("number", "", "standard deviation, n - 1"),
    "cv": ("proportion", "proportion", "standard deviation over mean"),
    "min": ("number", "", "least value"),
    "q1": ("number", "", "lower quartile"),
    "median": ("number", "", "median"),
    "q3": ("number", "", "upper quartile"),
    "max": ("number", "", "greatest value"),
    "total": ("number", "", "sum"),
    "share": ("proportion", "proportion", "part of a whole; the shares sum to one"),
    "value": ("number", "", "value of a cell"),
    "value_low": ("number", "", "least value a rounded or hidden cell allows"),
    "value_high": ("number", "", "greatest value a rounded or hidden cell allows"),
    "unit": ("text", "", "unit of `value`"),
    "status": ("word", "", "exact, rounded5, rounded1, suppressed or derived"),
    "source_id": ("text", "", "entry of the list of sources"),
    "spend_gbp": ("money", "pounds", "spending at the prices of the year"),
    "spend_gbp_real": ("money", "pounds", "spending at the prices of `price_year`"),
    "price_year": ("integer", "year", "year whose prices are used"),
    "rank": ("count", "", "rank, 1 first"),
    "deprivation_rank": ("count", "", "rank of deprivation, 1 most deprived"),
    "deprivation_quintile": ("integer", "", "fifth of deprivation, 1 most deprived"),
    # Decompositions.
    "component": ("word", "", "part of a decomposition"),
    "level": ("text", "", "level of nested groups"),
    "first": ("text", "", "first of two populations: differences are first minus second"),
    "second": ("text", "", "second of two populations"),
    "rate_first": ("number", "", "crude rate of the first population"),
    "rate_second": ("number", "", "crude rate of the second population"),
    "weight_share": ("proportion", "proportion", "group's share of the weights"),
    "value_share": ("proportion", "proportion", "group's share of the sum of the values"),
    "within_groups": ("number", "", "what the group adds to the part within groups"),
    "between_groups": ("number", "", "what the group adds to the part between groups"),
    "index": ("word", "", "index of inequality"),
    "n_populations": ("count", "populations", "populations compared"),
    "size": ("count", "predictors", "predictors already in the model"),
    "alone": ("fixed3", "", "what a predictor explains as the only one"),
    "last": ("fixed3", "", "what a predictor adds to all others"),
    "pratt": ("fixed3", "", "standardised coefficient times correlation"),
    "r_squared_always": ("fixed3", "", "R squared of the columns that are always in the model"),
    "mean_first": ("number", "", "mean of the first group"),
    "mean_second": ("number", "", "mean of the second group"),
    "n_first": ("count", "rows", "rows of the first group"),
    "n_second": ("count", "rows", "rows of the second group"),
    "variance": ("number", "", "variance component"),
    "variance_left": ("number", "", "variance component with every predictor in the model"),
    "observed_share": ("proportion", "proportion", "share of the squares as observed"),
    "sampling_variance": ("number", "", "mean sampling variance of the rows"),
    "reliability": ("proportion", "proportion", "signal over signal and noise"),
    # Claims.
    "claim_id": ("text", "", "identifier of a claim"),
    "published": ("text", "", "number as printed by the source"),
    "computed": ("number", "", "number computed here"),
    "rounding": ("text", "", "rounding rule of the comparison"),
    "verdict": ("word", "", "reproduced, differs, finding or not_available"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One row of the glossary.

    Parameters
    ----------
    name
        Name in every table, in snake case.
    format
        How a value is shown.
    unit
        Unit of a value; empty where it is that of the data.
    meaning
        What it is, in one line.
    en, cy
        Printed label in English and Welsh.
    """

    name: str
    format: Format
    unit: str
    meaning: str
    en: str
    cy: str

    def label(self, lang: Lang) -> str:
        """Return the printed label."""
        return self.cy if lang == "cy" else self.en


GLOSSARY: MappingProxyType[str, Column] = MappingProxyType(
    {
        name: Column(name, shown, unit, meaning, *LABELS[name])
        for name, (shown, unit, meaning) in _TABLE.items()
    }
)


def column(name: str) -> Column:
    """Return the glossary's row for a column.

    Parameters
    ----------
    name
        Name of the column.

    Raises
    ------
    InputError
        For a name that the glossary does not hold; the nearest one is offered.

    Examples
    --------
    >>> column("p_value").label("cy")
    'gwerth p'
    """
    if name not in GLOSSARY:
        _unknown(name)
    return GLOSSARY[name]


def check(names: Iterable[str], keys: tuple[str, ...] = ()) -> None:
    """Refuse a column that is neither in the glossary nor one of the input's key columns.

    Parameters
    ----------
    names
        Columns of a result.
    keys
        Columns of the input that a result is split by, such as ``("year",)``.

    Raises
    ------
    InputError
        For the first unknown column.
    """
    for name in names:
        if name not in GLOSSARY and name not in keys:
            _unknown(name)


def _unknown(name: str) -> NoReturn:
    from difflib import get_close_matches

    from gofal.errors import InputError

    near = get_close_matches(name, GLOSSARY, n=1)
    hint = f'; did you mean "{near[0]}"?' if near else ""
    raise InputError(f'column "{name}" is not in the glossary of results{hint}')
