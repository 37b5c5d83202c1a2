"""Least squares for tables of areas."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import level, names, one_of
from gofal._table import read
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import COVARIANCES, Covariance
from gofal.weights import Weight, weight_of

__all__ = ["RegressionResult", "lm"]


class RegressionResult(Result):
    """Coefficients, one row each; ``augment()`` has fitted values and influence. See :func:`lm`."""

    _title: ClassVar[Text] = Text("Linear regression", "Atchweliad llinol")
    _about = ("n_obs", "n_missing", "r_squared", "r_squared_adjusted", "sigma", "vcov")


def lm(
    table: Any,
    outcome: str,
    predictors: str | Iterable[str],
    *,
    weight: Weight | None = None,
    vcov: Covariance = "HC3",
    conf_level: float | None = None,
) -> RegressionResult:
    """Linear regression with an intercept.

    Parameters
    ----------
    table
        One row per area; rows with a null in any named column are dropped and counted.
    outcome
        Numeric column.
    predictors
        Numeric columns.
    weight
        ``gf.analytic("population")``: variance of row i is σ²/w.
    vcov
        ``"HC3"`` (close to the jackknife, the safest of the family for 22 areas) or
        ``"classical"``, ``"HC0"``, ``"HC1"``, ``"HC2"``.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    RegressionResult
        ``tidy()``: ``term, estimate, std_error, statistic, df, p_value, conf_low, conf_high``;
        ``glance()``: fit criteria; ``augment()``: ``row, fitted, resid, leverage, std_resid``
        (externally studentised), ``cooks_distance``.

    Raises
    ------
    InputError
        Unknown or unusable columns, too few rows.
    NumericalError
        Collinear predictors, named.

    References
    ----------
    MacKinnon and White (1985), Journal of Econometrics 29:305; Cook (1977).

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [243, 338, 261, 159, 169, 252], "score": [18.3, 16.8, 18.3, 22.9, 15.5, 19.7]}
    >>> fit = gf.lm(t, "rate", "score", vcov="classical")
    >>> round(fit.statistic(term="score").value, 2)
    -9.13
    """
    one_of("vcov", vcov, COVARIANCES)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    source = read(table)
    columns = names("predictors", predictors)
    weighted = weight_of(weight, allowed=("analytic",))
    column = None if weighted is None else weighted.column
    tidy, rows, facts, _ = _core.lm(source.stream, outcome, columns, column, vcov, conf, threads())
    fit = dict(facts)
    n, missing = int(fit["n_obs"]), int(fit["n_missing"])
    glance = {
        "n_obs": [n], "n_missing": [missing], "r_squared": [fit["r_squared"]],
        "r_squared_adjusted": [fit["adj_r_squared"]], "sigma": [fit["sigma"]],
        "df_residual": [fit["df_residual"]], "log_lik": [fit["log_lik"]], "aic": [fit["aic"]],
        "bic": [fit["bic"]], "vcov": [vcov], "statistic": [fit.get("statistic")],
        "p_value": [fit.get("p_value")],
    }  # fmt: skip
    arguments = {
        "outcome": outcome, "predictors": tuple(columns), "weight": weighted, "vcov": vcov,
        "conf_level": conf,
    }  # fmt: skip
    used = [outcome, *columns, *([column] if column else [])]
    return RegressionResult.build(
        tidy=columns_of(tidy),
        glance=glance,
        augment=columns_of(rows),
        provenance=provenance_of("lm", source, used, arguments, n_obs=n, n_missing=missing),
        source=source,
    )
