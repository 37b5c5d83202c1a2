"""The trigger trio: domestic abuse, parental substance misuse and parental mental ill health, alone and together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal._call import provenance_of
from gofal._check import level, names
from gofal._models import notes_on_clusters
from gofal._trio import Plan, dose, heterogeneity, patterns, prepare
from gofal.cells import Cells
from gofal.covariances import Cluster, Vcov
from gofal.effects import attributable_fraction, interaction, risk
from gofal.errors import InputError
from gofal.evalue import evalue
from gofal.language import Text
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import Lang

__all__ = ["TRIO", "TrioResult", "trigger_trio"]

TRIO = ("domestic_abuse", "parental_substance_misuse", "parental_mental_ill_health")
"""The columns that `trigger_trio` expects unless others are named."""

_ASSOCIATION = Text(
    "Associations in these records, adjusted for what the model holds. They do not show that removing a factor "
    "would change what happens, nor that recording of the factors is complete.",
    "Cysylltiadau yn y cofnodion hyn, wedi'u haddasu am yr hyn y mae'r model yn ei gynnwys. Nid ydynt yn dangos y "
    "byddai dileu ffactor yn newid yr hyn sy'n digwydd, na bod y cofnodi o'r ffactorau'n gyflawn.",
)


class TrioResult(Result):
    """The trigger-trio analysis. See :func:`trigger_trio`.

    ``tidy()`` has the adjusted effects of every pattern; ``table(name)`` the others: ``patterns``, ``dose``,
    ``trend``, ``interaction``, ``attributable``, ``sensitivity``, and ``heterogeneity`` with
    ``homogeneity`` where asked for.
    """

    _title: ClassVar[Text] = Text(
        "The trigger trio: adjusted effects of every pattern",
        "Y triawd sbardun: effeithiau wedi'u haddasu ar gyfer pob patrwm",
    )
    _figure_kind: ClassVar[str | None] = "upset"
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "n_clusters", "vcov", "base")
    _hidden: ClassVar[tuple[str, ...]] = ("df", "statistic", "std_error")

    def notes(self) -> tuple[Text, ...]:
        """Return what the analysis does not show."""
        row = self.to_arrow("glance").to_pylist()[0]
        return (_ASSOCIATION, *notes_on_clusters(row["vcov"], row.get("n_clusters")))

    def statement(self, lang: Lang | None = None) -> str:
        """Return the findings in plain words, with what was and was not shown.

        Parameters
        ----------
        lang
            ``"en"`` or ``"cy"``; the option ``lang`` by default.
        """
        return _statement(self).say(lang)


def trigger_trio(
    table: Any,
    outcome: str,
    *,
    factors: Iterable[str] = TRIO,
    adjust: str | Iterable[str] = (),
    cluster: str | None = None,
    heterogeneity_by: str | Iterable[str] = (),
    base: float = 1000,
    suppress_below: int | None = None,
    conf_level: float | None = None,
) -> TrioResult:
    """Analyse the trigger trio in one call: patterns, effects, interaction, fractions, heterogeneity, sensitivity.

    Parameters
    ----------
    table
        One row per child, or `gf.cells` (or a `gf.scan`) of them.
    outcome
        Column of 0 and 1, for example ``"looked_after"``.
    factors
        Two or three columns of 0 and 1.
    adjust
        Terms of the formula to adjust for: ``["age_band", "sex", "C(deprivation_quintile)"]``.
    cluster
        Column of the clusters (authorities): CR2 errors with Satterthwaite degrees of freedom; without one
        the errors are those of the model.
    heterogeneity_by
        Columns in whose levels the odds ratio for one factor more is compared (deprivation quintile,
        authority).
    base
        Rates, risks and differences are per this many children.
    suppress_below
        Hide rates that rest on fewer events than this (and more than none).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    TrioResult
        Effects of every pattern against none: standardised risk, risk difference, risk ratio, odds ratio.

    Raises
    ------
    InputError
        Factors that are not 0 and 1, unknown columns.
    SeparationError, NumericalError
        A pattern without events or without rows: named.

    References
    ----------
    Greenland (2004); Hosmer and Lemeshow (1992); Eide and Gefeller (1995); VanderWeele and Ding (2017);
    Bell and McCaffrey (2002).

    Examples
    --------
    >>> import gofal as gf
    >>> sql = {"a": [0, 1, 0, 1], "b": [0, 0, 1, 1], "n": [1000] * 4, "cases": [10, 30, 25, 120]}
    >>> held = gf.as_cells(sql, "care", n="n", total="cases")
    >>> trio = gf.trigger_trio(held, "care", factors=["a", "b"])
    >>> round(trio.statistic(term="a + b", measure="risk_ratio").value, 1)
    12.0
    """
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    listed = tuple(names("factors", factors))
    if not 2 <= len(listed) <= 3:
        message = f"factors: {len(listed)} named; expected two or three"
        raise InputError(message, kind="option", column="factors", got=list(listed))
    vcov: Vcov = "classical" if cluster is None else Cluster(cluster)
    strata = names("heterogeneity_by", heterogeneity_by)
    plan = Plan(outcome, listed, tuple(names("adjust", adjust)), vcov, base, conf, suppress_below)
    held = prepare(table, plan, [*([cluster] if cluster else []), *strata])
    effects = risk(held, plan.formula(), listed, base=base, vcov=vcov, conf_level=conf)
    extra = _tables(held, plan, strata)
    extra["sensitivity"] = _sensitivity(effects, conf)
    glance = effects.to_arrow("glance").to_pydict()
    arguments = {
        "outcome": outcome, "factors": listed, "adjust": plan.adjust, "cluster": cluster,
        "heterogeneity_by": tuple(strata), "base": base, "suppress_below": suppress_below,
        "conf_level": conf,
    }  # fmt: skip
    from gofal._table import read

    source = read(held.table)
    used = [c for c in held.table.column_names if c in held.by]
    return TrioResult.build(
        tidy=effects.to_arrow(),
        glance=glance,
        provenance=provenance_of(
            "trigger_trio", source, used, arguments, n_obs=int(glance["n_obs"][0]),
            n_missing=int(glance["n_missing"][0]),
        ),
        source=source,
        extra=extra,
    )  # fmt: skip


def _tables(held: Cells, plan: Plan, strata: list[str]) -> dict[str, Any]:
    crude, trend = dose(held, plan)
    both = {
        "model": interaction(
            held, plan.formula(), plan.factors, vcov=plan.vcov, conf_level=plan.conf_level
        ),
        "standardised": interaction(
            held, plan.formula(), plan.factors, scale="standardised", vcov=plan.vcov, conf_level=plan.conf_level
        ),
    }  # fmt: skip
    joined: dict[str, list[Any]] = {}
    for scale, found in both.items():
        for name, values in found.to_arrow().to_pydict().items():
            joined.setdefault(name, []).extend(values)
        joined.setdefault("scale", []).extend([scale] * found.to_arrow().num_rows)
    fractions = attributable_fraction(
        held, plan.formula(), plan.factors, vcov=plan.vcov, conf_level=plan.conf_level
    )
    extra: dict[str, Any] = {
        "patterns": patterns(held, plan), "dose": crude, "trend": trend, "interaction": joined,
        "attributable": fractions.to_arrow(),
    }  # fmt: skip
    if strata:
        rows: dict[str, list[Any]] = {}
        tests: dict[str, list[Any]] = {
            k: [] for k in ("by", "statistic", "df", "p_value", "tau2", "ratio")
        }
        for by in strata:
            found_rows, test = heterogeneity(held, plan, by)
            for name, values in found_rows.items():
                rows.setdefault(name, []).extend(values)
            tests["by"].append(by)
            for name in ("statistic", "df", "p_value", "tau2"):
                tests[name].append(test[name])
            tests["ratio"].append(test.get("mean"))
        extra |= {"heterogeneity": rows, "homogeneity": tests}
    return extra


def _sensitivity(effects: Any, conf: float) -> dict[str, list[Any]]:
    """E-values of the risk ratios: how strong a confounder would have to be."""
    out: dict[str, list[Any]] = {
        "term": [],
        "part": [],
        "risk_ratio": [],
        "estimate": [],
        "reason": [],
    }
    for row in effects.to_arrow().to_pylist():
        if row["measure"] != "risk_ratio":
            continue
        found = evalue(
            row["estimate"],
            row["conf_low"],
            row["conf_high"],
            measure="risk_ratio",
            conf_level=conf,
        )
        for e in found.to_arrow().to_pylist():
            out["term"].append(row["term"])
            out["part"].append(e["term"])
            out["risk_ratio"].append(e["risk_ratio"])
            out["estimate"].append(e["estimate"])
            out["reason"].append(e["reason"])
    return out


def _statement(found: TrioResult) -> Text:
    rows = found.to_arrow().to_pylist()
    glance = found.to_arrow("glance").to_pylist()[0]
    every = max((r["term"] for r in rows), key=lambda t: t.count(" + "))
    k = every.count(" + ") + 1

    def pick(term: str, measure: str) -> dict[str, Any]:
        return next(r for r in rows if r["term"] == term and r["measure"] == measure)

    ratio, none, joint = pick(every, "risk_ratio"), pick("none", "risk"), pick(every, "risk")
    inter = found.to_arrow("interaction").to_pylist()
    name = every.replace(" + ", ":")
    measure = "reri_total" if k > 2 else "reri"
    excess = next(r for r in inter if r["scale"] == "standardised" and r["term"] == name
                  and r["measure"] == measure)  # fmt: skip
    more = excess["conf_low"] is not None and excess["conf_low"] > 0
    fewer = excess["conf_high"] is not None and excess["conf_high"] < 0
    total = next(r for r in found.to_arrow("attributable").to_pylist() if r["measure"] == "total")
    base, spread = f"{glance['base']:,.0f}", f"{100 * glance['conf_level']:g}%"
    number = {2: ("both", "y ddau"), 3: ("all three", "y tri")}[k]
    joint_en = (
        "more than the sum of what each adds alone" if more
        else "less than the sum of what each adds alone" if fewer
        else "no clear departure from the sum of what each adds alone"
    )  # fmt: skip
    joint_cy = (
        "mwy na swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun" if more
        else "llai na swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun" if fewer
        else "dim gwyriad clir oddi wrth swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun"
    )  # fmt: skip
    risks = f"{none['estimate']:.1f}", f"{joint['estimate']:.1f}", f"{ratio['estimate']:.1f}"
    limits = f"{ratio['conf_low']:.1f}", f"{ratio['conf_high']:.1f}"
    share = [f"{100 * total[k]:.0f}" for k in ("estimate", "conf_low", "conf_high")]
    return Text(
        f"Of children without any of the factors {risks[0]} per {base} had the outcome, of children with {number[0]} "
        f"{risks[1]} per {base}, other characteristics alike: {risks[2]} times as likely ({spread} interval "
        f"{limits[0]} to {limits[1]}). Together the factors showed {joint_en}. If the factors were causes and nothing "
        f"else confounded them, {share[0]}% of the outcome ({share[1]} to {share[2]}%) would be attributable to them. "
        f"{_ASSOCIATION.en}",
        f"O blant heb yr un o'r ffactorau cafodd {risks[0]} fesul {base} y canlyniad, o blant gyda {number[1]} "
        f"{risks[1]} fesul {base}, a nodweddion eraill yn debyg: {risks[2]} gwaith mor debygol (cyfwng {spread} "
        f"{limits[0]} i {limits[1]}). Gyda'i gilydd dangosodd y ffactorau {joint_cy}. Pe bai'r ffactorau'n achosion a "
        f"dim byd arall yn eu drysu, byddai {share[0]}% o'r canlyniad ({share[1]} i {share[2]}%) yn briodoladwy "
        f"iddynt. {_ASSOCIATION.cy}",
    )
