"""Ordered categories: proportional and partial proportional odds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import level, names, one_of
from gofal._models import request
from gofal._outcome_models import OutcomeResult, levels_of, outcome_result, said
from gofal.covariances import Vcov, score_vcov
from gofal.errors import InputError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.typing import ORDINAL_LINKS, OrdinalLink
from gofal.weights import Weight, weight_of

__all__ = ["OrdinalResult", "ordinal"]

_DOUBT = 0.05


class OrdinalResult(OutcomeResult):
    """Thresholds and effects; ``table("proportionality")`` tests the effects. See :func:`ordinal`."""

    _title: ClassVar[Text] = Text("Ordinal regression", "Atchweliad trefnol")
    _about = ("n_obs", "n_missing", "n_clusters", "link", "log_lik", "vcov")

    def notes(self) -> tuple[Text, ...]:
        """Say where the effects are not the same at every threshold."""
        if "proportionality" not in self.tables:
            return super().notes()
        free = set(self.provenance.argument("partial") or ())
        tests = self.to_arrow("proportionality").to_pylist()
        doubtful = [r["term"] for r in tests
                    if r["method"] == "score" and r["p_value"] < _DOUBT and r["term"] != "(all)"
                    and not free & set(r["term"].split(":"))]  # fmt: skip
        if not doubtful:
            return super().notes()
        listed = ", ".join(doubtful)
        return (Text(f"The effect of {listed} differs between thresholds (score test, p < {_DOUBT}); see "
                     'table("proportionality") and partial=.',
                     f"Mae effaith {listed} yn amrywio rhwng trothwyon (prawf sgôr, p < {_DOUBT}); gweler "
                     'table("proportionality") a partial=.'), *super().notes())  # fmt: skip


def ordinal(
    table: Any,
    formula: str,
    *,
    levels: Sequence[Any] | None = None,
    link: OrdinalLink = "logit",
    partial: str | Iterable[str] = (),
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    conf_level: float | None = None,
) -> OrdinalResult:
    """Regression of an ordered outcome, such as the number of placement moves in bands.

    P(Y ≤ j) = F(τ_j − x′β): a positive effect shifts the outcome upwards. Thresholds take the place of an
    intercept.

    Parameters
    ----------
    table
        Rows, or `gf.cells` made by the outcome too (``gf.cells(table, by=["moves", …])``); rows with a null
        in any named column are dropped and counted.
    formula
        ``"moves ~ age_band + kinship"``.
    levels
        Levels of the outcome from the lowest to the highest. By default those of an ordered category
        (polars ``Enum``, pandas ordered ``Categorical``), numbers ascending; text without an order is
        refused.
    link
        ``"logit"`` (proportional odds), ``"probit"``, ``"cloglog"`` (proportional hazards of a grouped
        time).
    partial
        Columns whose effect may differ by threshold (partial proportional odds); every term they take part
        in gets a coefficient for each threshold.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    vcov
        ``"classical"`` (observed information), ``gf.HC(0)``, ``gf.HC(1)``, or ``gf.Cluster("authority")``:
        CR1, the factor G/(G − 1), t with G − 1 degrees of freedom.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    OrdinalResult
        ``tidy()``: ``part`` (threshold or effect), ``group`` (the threshold that an effect belongs to, null
        where it is the same at all), ``term, estimate, std_error, statistic, df, p_value, conf_low,
        conf_high``; under the logit link also ``ratio, ratio_low, ratio_high`` of effects (odds ratios of a
        higher level). ``table("proportionality")``: likelihood-ratio and score test that the effects of each
        term, and of all, are the same at every threshold; ``table("levels")``; ``covariance()``.

    Raises
    ------
    InputError
        Text without an order, levels that do not match, weights that are all 0.
    NumericalError
        Collinear columns; a level listed that nobody has; thresholds of partial effects that cross, which
        is said with a row.
    SeparationError
        An outcome that a combination of columns predicts without error.

    References
    ----------
    McCullagh (1980), Journal of the Royal Statistical Society B 42:109; Peterson and Harrell (1990), Applied
    Statistics 39:205; Brant (1990), Biometrics 46:1171.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"moves": ["0", "1", "2+", "0", "1", "0", "2+", "1", "2+", "1"] * 4,
    ...      "age": [1, 4, 9, 3, 2, 8, 14, 13, 6, 11] * 4}
    >>> fit = gf.ordinal(t, "moves ~ age", levels=["0", "1", "2+"])
    >>> round(fit.statistic("ratio", term="age").value, 2)
    1.25
    """
    one_of("link", link, ORDINAL_LINKS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    chosen = score_vcov(vcov)
    asked = request(
        table, formula, family="categorical", vcov=chosen, each_value=True,
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    free = names("partial", partial)
    for name in free:
        if name not in asked.formula.columns:
            message = (
                f'partial: the formula has no "{name}"; it has {", ".join(asked.formula.columns)}'
            )
            raise InputError(message, kind="option", column="partial", got=name)
    order = levels_of(asked, levels, ordered=True)
    with progress("rows") as report:
        got = _core.ordinal(
            asked.source.stream, asked.spec, order, link, free, conf, threads(), report
        )
    effects = [part == "effect" for part in columns_of(got[0])["part"]]
    return outcome_result(
        OrdinalResult, asked, got, function="ordinal", ratios=effects if link == "logit" else False,
        arguments={"levels": None if levels is None else tuple(map(str, levels)), "link": link,
                   "partial": tuple(free), "weight": weight, "vcov": said(chosen), "conf_level": conf},
        glance={"link": link, "vcov": asked.spec["vcov"], "conf_level": conf},
    )  # fmt: skip
