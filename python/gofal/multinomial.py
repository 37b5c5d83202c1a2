"""Unordered categories: baseline-category logit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import threads
from gofal._check import level
from gofal._models import request
from gofal._outcome_models import OutcomeResult, level_label, levels_of, outcome_result, said
from gofal.covariances import Vcov, score_vcov
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.weights import Weight, weight_of

__all__ = ["MultinomialResult", "multinomial"]


class MultinomialResult(OutcomeResult):
    """Log odds of each level against the reference. See :func:`multinomial`."""

    _title: ClassVar[Text] = Text("Multinomial regression", "Atchweliad amlenwol")
    _about = ("n_obs", "n_missing", "n_clusters", "reference", "log_lik", "vcov")
    _formats: ClassVar[dict[str, str]] = {"reference": "text"}


def multinomial(
    table: Any,
    formula: str,
    *,
    reference: Any | None = None,
    levels: Sequence[Any] | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> MultinomialResult:
    """Regression of a categorical outcome without an order, such as the kind of placement.

    Parameters
    ----------
    table
        Rows, or `gf.cells` made by the outcome too (``gf.cells(table, by=["placement", …])``); rows with a
        null in any named column are dropped and counted.
    formula
        ``"placement ~ age_band + C(year)"``.
    reference
        Level that the others are compared with; the first by default.
    levels
        All levels of the outcome in order. By default those of an ordered category, or as the values
        sort.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    vcov
        ``"classical"``, ``gf.HC(0)``, ``gf.HC(1)``, or ``gf.Cluster("authority")``: CR1, the factor
        G/(G − 1), t with G − 1 degrees of freedom.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    MultinomialResult
        ``tidy()``: ``group`` (level of the outcome), ``term, estimate`` (log odds against the reference),
        ``std_error, statistic, df, p_value, conf_low, conf_high, ratio, ratio_low, ratio_high`` (odds
        ratios, also called relative risk ratios; they are no risk ratios). ``augment()`` of rows: ``row,
        category, fitted`` (probability); ``table("levels")``; ``covariance()``.

    Raises
    ------
    InputError
        Levels that do not match, more than 50 of them, weights that are all 0.
    NumericalError
        Collinear columns; a level listed that nobody has.
    SeparationError
        A level that a combination of columns predicts without error.

    References
    ----------
    Agresti (2013), Categorical Data Analysis, chapter 8.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"placement": ["foster", "kin", "home", "foster", "kin", "foster", "home", "kin"] * 5,
    ...      "age": [3, 4, 9, 12, 2, 8, 14, 13] * 5}
    >>> fit = gf.multinomial(t, "placement ~ age", reference="foster")
    >>> round(fit.statistic("ratio", group="home", term="age").value, 2)
    1.3
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    chosen = score_vcov(vcov)
    asked = request(
        table, formula, family="categorical", vcov=chosen, each_value=True,
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    order = levels_of(asked, levels, ordered=False)
    base = None if reference is None else level_label(reference)
    with progress("rows") as report:
        got = _core.multinomial(
            asked.source.stream, asked.spec, order, base, conf, threads(), report
        )
    names = dict(got[3])["levels"]
    import pyarrow as pa

    first = pa.table(names)["category"][0].as_py()
    return outcome_result(
        MultinomialResult, asked, got, function="multinomial", ratios=True,
        arguments={"reference": base, "levels": None if levels is None else tuple(map(str, levels)),
                   "weight": weight, "vcov": said(chosen), "conf_level": conf},
        glance={"reference": base or first, "vcov": asked.spec["vcov"], "conf_level": conf},
    )  # fmt: skip
