"""The gap between two groups: what covariates explain, and what they do not (Oaxaca-Blinder)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import one_of
from gofal._models import request
from gofal.covariances import Cluster
from gofal.decomposition._parts import add_up, conf_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import (
    OAXACA_FAMILIES,
    OAXACA_FOLDS,
    OAXACA_REFERENCES,
    OaxacaFamily,
    OaxacaFold,
    OaxacaReference,
)
from gofal.weights import Weight, weight_of

__all__ = ["OaxacaResult", "oaxaca"]

_WORDING = Text(
    "Unexplained means: not explained by the covariates in the model. It holds whatever they leave out.",
    "Ystyr heb ei esbonio: heb ei esbonio gan y newidynnau yn y model. Mae'n cynnwys popeth y maent "
    "yn ei adael allan.",
)
_FEW = Text(
    "Few clusters: the limits are too narrow below about forty.",
    "Ychydig o glystyrau: mae'r terfynau'n rhy gul o dan tua deugain.",
)


class OaxacaResult(Result):
    """Explained and unexplained parts of a gap; ``table("terms")``. See :func:`oaxaca`."""

    _title: ClassVar[Text] = Text(
        "Gap between two groups: explained and unexplained",
        "Bwlch rhwng dau grŵp: wedi'i esbonio a heb ei esbonio",
    )
    _about = ("first", "second", "mean_first", "mean_second", "difference", "n_clusters")

    def notes(self) -> tuple[Text, ...]:
        """Return what the words mean, and whether clusters are few."""
        n = self.to_arrow("glance").to_pylist()[0]["n_clusters"]
        return (_WORDING, _FEW) if n is not None and n < 40 else (_WORDING,)

    def say(self) -> Text:
        """Return the result in one sentence, in both languages."""
        about = self.to_arrow("glance").to_pylist()[0]
        share = {r["component"]: r["share"] for r in self.to_arrow().to_pylist()}
        part = share.get("explained", share.get("endowments"))
        gap, one, two = about["difference"], about["first"], about["second"]
        if part is None:
            return Text(f"{one} and {two} have the same mean.", f"Yr un yw cymedr {one} a {two}.")
        return Text(
            f"The gap between {one} and {two} is {gap:.4g}; differences in the covariates account for "
            f"{100 * part:.0f}% of it, the rest is unexplained by them.",
            f"Y bwlch rhwng {one} a {two} yw {gap:.4g}; mae gwahaniaethau yn y newidynnau yn cyfrif am "
            f"{100 * part:.0f}% ohono, ac nid ydynt yn esbonio'r gweddill.",
        )

    def _prove(self) -> None:
        about = self.to_arrow("glance").to_pylist()[0]
        rows = self.to_arrow().to_pylist()
        scale = max(abs(about["mean_first"]), abs(about["mean_second"]))
        scale = max(scale, *(abs(r["estimate"]) for r in rows))
        add_up("the gap", (r["estimate"] for r in rows), about["difference"], scale)
        terms = self.to_arrow("terms").to_pylist()
        for row in rows:
            own = [t["estimate"] for t in terms if t["component"] == row["component"]]
            size = max(abs(v) for v in own)
            add_up(f"the {row['component']} part", own, row["estimate"], max(scale, size))


def oaxaca(
    table: Any,
    formula: str,
    group: str,
    *,
    first: Any,
    second: Any,
    fold: OaxacaFold = "two",
    reference: OaxacaReference | float = "pooled",
    family: OaxacaFamily = "gaussian",
    normalise: bool = True,
    weight: Weight | None = None,
    trials: str | None = None,
    exposure: str | None = None,
    vcov: Cluster | None = None,
    conf_level: float | None = None,
) -> OaxacaResult:
    """The gap between the means of two groups, explained by covariates or not.

    Parameters
    ----------
    table
        One row per child or per area; rows with a null in any named column are dropped.
    formula
        ``"outcome ~ covariates"`` without the group.
    group
        Column of groups.
    first, second
        Its two values; the gap is first minus second.
    fold
        ``"two"``: explained and unexplained; ``"three"``: endowments, coefficients, interaction,
        from the side of the second group.
    reference
        Coefficients at which covariates are valued (two parts): ``"pooled"`` (all rows with the
        group as a covariate), ``"neumark"`` (all rows without it), ``"first"``, ``"second"``,
        ``"half"``, ``"cotton"`` (by size), or a number: the weight of the first group's.
    family
        ``"gaussian"``; ``"binomial"`` (logit) or ``"poisson"`` (log): the parts of means, shared out
        among columns by Yun's weights.
    normalise
        Whether factors get coefficients for all levels that sum to 0, so that the unexplained
        part of a level does not depend on the reference level.
    weight
        ``gf.analytic("w")``, ``gf.probability("w")`` or ``gf.frequency("n")``.
    trials, exposure
        As in :func:`gofal.glm`; with an exposure the gap is that of rates.
    vcov
        ``gf.Cluster("authority")``; else every row by itself. Covariates count as random.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    OaxacaResult
        ``tidy()``: ``component``, ``estimate``, ``std_error``, limits, ``p_value``, ``share`` of the
        gap; ``table("terms")``: the same by column of the design, reference levels included;
        ``glance()``: means, gap, sizes; ``say()``: a sentence in both languages.

    Raises
    ------
    InputError
        Unknown groups, too few rows in a group.
    NumericalError
        A level that a group lacks, collinear columns; parts that do not add up.

    References
    ----------
    Oaxaca (1973); Blinder (1973); Cotton (1988); Neumark (1988); Yun (2004, 2005); Jann (2008), Stata
    Journal 8:453.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "court": ["north"] * 5 + ["south"] * 5,
    ...     "weeks": [22, 25, 31, 36, 40, 26, 33, 41, 45, 52],
    ...     "children": [1, 1, 2, 3, 3, 1, 2, 3, 3, 4],
    ... }
    >>> o = gf.oaxaca(t, "weeks ~ children", "court", first="south", second="north")
    >>> [(r["component"], round(r["estimate"], 2)) for r in o.to_arrow().to_pylist()]
    [('explained', 4.88), ('unexplained', 3.72)]
    """
    one_of("fold", fold, OAXACA_FOLDS)
    one_of("family", family, OAXACA_FAMILIES)
    conf = conf_of(conf_level)
    weighted = weight_of(weight)
    if vcov is not None and not isinstance(vcov, Cluster):
        message = f'vcov={vcov!r}; expected gf.Cluster("authority"), or None for rows'
        raise InputError(message, kind="option", column="vcov", got=vcov)
    # The influences are robust of themselves: only the columns of the clusters are asked for.
    asked = request(
        table, formula, family=family, weight=weighted, trials=trials, exposure=exposure,
        vcov="HC1" if vcov is None else vcov, by_row=True,
    )  # fmt: skip
    _check(asked.formula, group, asked.spec["clusters"])
    with progress("rows") as report:
        totals, terms, found = _core.oaxaca(
            asked.source.stream, asked.spec, group, (str(first), str(second)),
            _reference(reference), normalise, conf, threads(), report,
        )  # fmt: skip
    facts = dict(found)
    arguments = {
        "formula": asked.formula.text, "group": group, "first": str(first), "second": str(second),
        "fold": fold, "reference": reference if fold == "two" else None, "family": family,
        "normalise": normalise, "weight": weighted, "trials": trials, "exposure": exposure,
        "vcov": None if vcov is None else repr(vcov), "conf_level": conf,
    }  # fmt: skip
    spec = asked.spec
    roles = ("trials", "frequency", "prior", "offset")
    used = [spec["outcome"], *asked.formula.columns, group, *spec["clusters"]]
    used += [spec[r] for r in roles if spec[r]]
    n = int(facts["n_first"] + facts["n_second"])
    clusters = facts.get("n_clusters")
    glance: dict[str, list[Any]] = {
        "first": [str(first)], "second": [str(second)], "n_obs": [n],
        **{k: [facts[k]] for k in ("mean_first", "mean_second", "difference", "std_error",
                                   "conf_low", "conf_high")},
        **{k: [int(facts[k])] for k in ("n_first", "n_second", "n_missing")},
        "n_clusters": [None if clusters is None else int(clusters)], "conf_level": [conf],
    }  # fmt: skip
    return OaxacaResult.build(
        tidy=_of_fold(columns_of(totals), fold),
        glance=glance,
        provenance=provenance_of(
            "oaxaca", asked.source, used, arguments, n_obs=n, n_missing=int(facts["n_missing"])
        ),
        source=asked.source,
        extra={"terms": _of_fold(columns_of(terms), fold)},
    )


def _reference(value: OaxacaReference | float) -> tuple[str, float]:
    """The kernel's word and the weight of the first group's coefficients."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        message = f"reference={value!r}; expected a word or a weight between 0 and 1"
        raise InputError(message, kind="option", column="reference", got=value)
    if isinstance(value, str):
        one_of("reference", value, OAXACA_REFERENCES)
        return value, {"first": 1.0, "half": 0.5}.get(value, 0.0)
    if not 0 <= value <= 1:
        message = f"reference={value!r}; expected a weight between 0 and 1"
        raise InputError(message, kind="option", column="reference", got=value)
    return "weight", float(value)


def _check(formula: Any, group: str, clusters: list[str]) -> None:
    if group in formula.columns:
        message = f'group: "{group}" is also a covariate; leave it out of the formula'
        raise InputError(message, kind="option", column="group", got=group)
    if () not in formula.terms:
        message = "formula: the decomposition needs an intercept"
        raise InputError(message, kind="option", column="formula", got=formula.text)
    if len(clusters) > 1:
        message = "vcov: one column of clusters"
        raise InputError(message, kind="option", column="vcov", got=clusters)


def _of_fold(table: Mapping[str, list[Any]], fold: str) -> dict[str, list[Any]]:
    keep = [i for i, f in enumerate(table["fold"]) if f == fold]
    return {k: [v[i] for i in keep] for k, v in table.items() if k != "fold"}
