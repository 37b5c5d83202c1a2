"""Counts with more zeros than Poisson counts have: zero-inflated and hurdle models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from gofal import _core
from gofal._call import threads
from gofal._check import level, names
from gofal._models import request
from gofal._outcome_models import OutcomeResult, outcome_result, said
from gofal.cells import source_of
from gofal.covariances import Vcov, score_vcov
from gofal.formula import Formula, parse, predictors
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.weights import Weight, weight_of

__all__ = ["HurdleResult", "ZeroInflatedResult", "hurdle", "zero_inflated"]


class ZeroInflatedResult(OutcomeResult):
    """Count part (log rate ratios) and zero part (log odds ratios). See :func:`zero_inflated`."""

    _title: ClassVar[Text] = Text("Zero-inflated Poisson model", "Model Poisson â sero ychwanegol")
    _notes = (
        Text("The zero part is about the odds of being a child to whom nothing could have happened (a structural "
             "zero).",
             "Mae'r rhan sero yn ymwneud â'r ods o fod yn blentyn na allai dim fod wedi digwydd iddo (sero "
             "strwythurol)."),
    )  # fmt: skip

    def notes(self) -> tuple[Text, ...]:
        """Say what the zero part is about."""
        return (*self._notes, *super().notes())


class HurdleResult(ZeroInflatedResult):
    """Count part (log rate ratios) and zero part (log odds ratios). See :func:`hurdle`."""

    _title: ClassVar[Text] = Text("Hurdle Poisson model", "Model clwyd Poisson")
    _notes = (
        Text("The zero part is about the odds of any event; the count part about how many, given one.",
             "Mae'r rhan sero yn ymwneud â'r ods o unrhyw ddigwyddiad; y rhan gyfrif â faint, o gael un."),
    )  # fmt: skip


def zero_inflated(
    table: Any,
    formula: str,
    *,
    zero: str | Iterable[str] | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> ZeroInflatedResult:
    """Zero-inflated Poisson regression: a structural zero, or a Poisson count.

    Parameters
    ----------
    table
        Rows, or `gf.cells` made by the count too (``gf.cells(table, by=["moves", …])``); rows with a null in
        any named column are dropped and counted.
    formula
        The count part: ``"moves ~ age + kinship"``; the outcome holds whole numbers from 0.
    zero
        Right-hand side of the zero part (``"age + C(year)"``, ``"1"``), or its columns; that of the count
        part by default.
    offset, exposure
        Column added to the count part's linear predictor, as it is or by its logarithm.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    vcov
        ``"classical"`` (observed information), ``gf.HC(0)``, ``gf.HC(1)``, or ``gf.Cluster("authority")``:
        CR1, the factor G/(G − 1), t with G − 1 degrees of freedom.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    ZeroInflatedResult
        ``tidy()``: ``part`` (count or zero), ``term, estimate, std_error, statistic, df, p_value, conf_low,
        conf_high, ratio, ratio_low, ratio_high`` (rate ratios of the count part, odds ratios of a structural
        zero); ``covariance()``.

    Raises
    ------
    InputError
        Outcomes that are no counts, weights that are all 0.
    NumericalError
        Collinear columns; no zeros, or nothing but zeros.
    SeparationError
        Structural zeros that columns predict without error, or none at all.

    References
    ----------
    Lambert (1992), Technometrics 34:1.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"moves": [0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 2, 0, 0, 5, 0] * 5,
    ...      "age": [1, 5, 2, 9, 4, 3, 8, 12, 6, 5, 14, 9, 3, 14, 11, 10] * 5}
    >>> fit = gf.zero_inflated(t, "moves ~ age", zero="1")
    >>> round(fit.statistic("ratio", part="count", term="age").value, 2)
    1.33
    """
    return _fit(
        ZeroInflatedResult,
        "zero_inflated",
        table,
        formula,
        zero,
        offset,
        exposure,
        weight,
        vcov,
        conf_level,
    )


def hurdle(
    table: Any,
    formula: str,
    *,
    zero: str | Iterable[str] | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> HurdleResult:
    """Poisson hurdle regression: any event (logit), and how many, given one (Poisson cut off at zero).

    Parameters
    ----------
    table
        Rows, or `gf.cells` made by the count too; rows with a null in any named column are dropped and
        counted.
    formula
        The count part: ``"moves ~ age + kinship"``; the outcome holds whole numbers from 0.
    zero
        Right-hand side of the part about any event, or its columns; that of the count part by default.
    offset, exposure
        Column added to the count part's linear predictor, as it is or by its logarithm.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    vcov
        As of :func:`zero_inflated`.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    HurdleResult
        As of :func:`zero_inflated`; the zero part is about the odds of *any* event, so its signs are the
        opposite of a zero-inflated model's.

    Raises
    ------
    InputError
        Outcomes that are no counts, weights that are all 0.
    NumericalError
        Collinear columns; no zeros, or nothing but zeros.
    SeparationError
        Events that columns predict without error.

    References
    ----------
    Mullahy (1986), Journal of Econometrics 33:341.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"moves": [0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 2, 0, 0, 5, 0] * 5,
    ...      "age": [1, 5, 2, 9, 4, 3, 8, 12, 6, 5, 14, 9, 3, 14, 11, 10] * 5}
    >>> fit = gf.hurdle(t, "moves ~ age")
    >>> round(fit.statistic("ratio", part="zero", term="age").value, 2)
    1.35
    """
    return _fit(
        HurdleResult, "hurdle", table, formula, zero, offset, exposure, weight, vcov, conf_level
    )


R = TypeVar("R", bound=ZeroInflatedResult)


def _fit(
    kind: type[R],
    function: str,
    table: Any,
    formula: str,
    zero: str | Iterable[str] | None,
    offset: str | None,
    exposure: str | None,
    weight: Weight | None,
    vcov: Vcov,
    conf_level: float | None,
) -> R:
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    chosen = score_vcov(vcov)
    source, held = source_of(table)
    part = None if zero is None else _zero(formula, zero, source.columns)
    asked = request(
        source if held is None else table, formula, family="poisson", vcov=chosen, offset=offset,
        exposure=exposure, each_value=True, reads=part.columns if part else (),
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    part = part or asked.formula
    terms = [list(term) for term in part.terms]
    with progress("rows") as report:
        got = _core.zero_counts(
            asked.source.stream, asked.spec, terms, function == "hurdle", conf, threads(), report
        )
    return outcome_result(
        kind, asked, got, function=function, ratios=True,
        arguments={"zero": part.text.split("~")[1].strip(), "offset": offset, "exposure": exposure,
                   "weight": weight, "vcov": said(chosen), "conf_level": conf},
        glance={"vcov": asked.spec["vcov"], "conf_level": conf},
    )  # fmt: skip


def _zero(formula: str, zero: str | Iterable[str], available: list[str]) -> Formula:
    """The formula of the zero part, with the outcome of the count part."""
    outcome = formula.split("~")[0].strip().strip("`")
    if isinstance(zero, str):
        return parse(f"`{outcome}` ~ {zero.removeprefix('~')}", available)
    columns = names("zero", zero)
    parse(f"`{outcome}` ~ {' + '.join(f'`{c}`' for c in columns) or '1'}", available)
    return predictors(outcome, columns)
