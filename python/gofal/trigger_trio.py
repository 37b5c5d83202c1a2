"""The trigger trio: domestic abuse, parental substance misuse and parental mental ill health, alone and together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal._call import DEFAULT_SEED, provenance_of
from gofal._check import level, names, one_of
from gofal._models import notes_on_clusters
from gofal._table import read
from gofal._trio import Hidden, Plan, dose, hide, patterns, prepare
from gofal._trio_statement import ASSOCIATION, statement
from gofal._trio_strata import heterogeneity
from gofal._trio_words import PARTS, Patterned
from gofal.cells import Cells
from gofal.covariances import Cluster, Vcov
from gofal.effects import RiskResult, attributable_fraction, interaction, risk
from gofal.errors import InputError, NumericalError
from gofal.evalue import evalue
from gofal.language import Text, language
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import EFFECT_INTERVALS, EffectInterval, Lang

__all__ = ["TRIO", "TrioResult", "trigger_trio"]

TRIO = ("domestic_abuse", "parental_substance_misuse", "parental_mental_ill_health")
"""The columns that `trigger_trio` expects unless others are named."""

_NUMBERS = ("estimate", "std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
Table = dict[str, list[Any]]


class TrioResult(Patterned):
    """The trigger-trio analysis. See :func:`trigger_trio`.

    ``tidy()`` has the adjusted effects of every pattern; ``table(name)`` the others, ``part(name)`` the same as
    results of their own, which print and export; the display shows them all.
    """

    _title: ClassVar[Text] = Text(
        "The trigger trio: adjusted effects of every pattern",
        "Y triawd sbardun: effeithiau wedi'u haddasu ar gyfer pob patrwm",
    )
    _figure_kind: ClassVar[str | None] = "upset"
    _about: ClassVar[tuple[str, ...]] = ("n_missing", "n_clusters", "vcov", "base")
    _hidden: ClassVar[tuple[str, ...]] = ("df", "statistic", "std_error")

    def _prove(self) -> None:
        """Refuse to exist unless the patterns are all the children that were used, and the doses are the patterns."""
        rows = self.to_arrow("patterns").to_pylist()
        by_dose = {r["term"]: r for r in self.to_arrow("dose").to_pylist()}
        for k, whole in by_dose.items():
            members = [r for r in rows if str(_size(r["term"])) == k]
            for name in ("population", "events"):
                parts = [r[name] for r in members]
                if whole[name] is not None and None not in parts and sum(parts) != whole[name]:
                    message = f"patterns of {k} factors hold {sum(parts)} {name}, not {whole[name]}"
                    raise NumericalError(message, kind="undefined", column=name)

    def notes(self) -> tuple[Text, ...]:
        """Return what the analysis does not show."""
        row = self.to_arrow("glance").to_pylist()[0]
        return (ASSOCIATION, *notes_on_clusters(row["vcov"], row.get("n_clusters")))

    def part(self, name: str) -> Result:
        """Return one of the tables as a result of its own.

        Parameters
        ----------
        name
            ``"patterns"``, ``"dose"``, ``"trend"``, ``"interaction"``, ``"attributable"``, ``"heterogeneity"``,
            ``"homogeneity"`` or ``"sensitivity"``.

        Raises
        ------
        InputError
            A table that was not asked for.
        """
        kind = PARTS.get(name)
        if kind is None or name not in self.tables:
            there = ", ".join(p for p in PARTS if p in self.tables)
            message = f"no part {name!r}; there are {there}"
            raise InputError(message, kind="option", column="name", got=name)
        return kind.build(
            tidy=self.to_arrow(name), glance=self.to_arrow("glance"), provenance=self.provenance
        )

    def statement(self, lang: Lang | None = None) -> str:
        """Return the findings in plain words, with what was and was not shown.

        Parameters
        ----------
        lang
            ``"en"`` or ``"cy"``; the option ``lang`` by default.
        """
        tables = {name: self.to_arrow(name).to_pylist() for name in self.tables}
        return statement(tables, synthetic=self.provenance.synthetic).say(lang)

    def _shown(self) -> list[Result]:
        return [self.part(name) for name in PARTS if name in self.tables]

    def to_text(self, lang: Lang | None = None) -> str:
        """Return the statement and every table for a terminal."""
        import textwrap

        said = "\n".join(textwrap.wrap(self.statement(lang), 100))
        # The call and the notes stand once, under the effects.
        parts = [_bare(part, lang).to_text() for part in self._shown()]
        return "\n\n".join([said, *parts[:1], super().to_text(lang), *parts[1:]])

    def to_html(self, lang: Lang | None = None) -> str:
        """Return the statement and every table for a notebook or a page."""
        import html

        said = f'<p lang="{language(lang)}" style="max-width: 46em">{html.escape(self.statement(lang))}</p>'
        parts = [_bare(part, lang).to_html() for part in self._shown()]
        return "\n".join([said, *parts[:1], super().to_html(lang), *parts[1:]])

    def __repr__(self) -> str:
        """Return the statement and every table."""
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def _bare(part: Result, lang: Lang | None) -> Any:
    """A part's sheet without the call."""
    import dataclasses

    return dataclasses.replace(part.sheet(lang), call="")


def _size(term: str) -> int:
    return 0 if term == "none" else term.count(" + ") + 1


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
    interval: EffectInterval = "delta",
    n_resamples: int = 999,
    seed: int = DEFAULT_SEED,
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
        Hide whatever rests on fewer events than this (and more than none), and as many further numbers as it takes
        that none can be worked out from those shown, the total of events being known.
    interval, n_resamples, seed
        Of the interaction: ``"delta"``, or ``"bca"`` or ``"percentile"`` over resampled rows or, with ``cluster``,
        whole clusters (see `gf.interaction`).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    TrioResult
        ``tidy()``: effects of every pattern against none: standardised risk, risk difference, risk ratio, odds ratio.
        ``table(name)`` or ``part(name)``: ``patterns`` (children, events, rate with exact limits), ``dose`` (by number
        of factors), ``trend`` (one factor more), ``interaction`` (on the scale of the model and of standardised risks),
        ``attributable`` (adjusted: alone, sequential, average, total; and ``total_crude``), ``sensitivity``
        (E-values), ``heterogeneity`` and ``homogeneity``. ``statement("en")`` says it in words; ``plot(kind=…)`` draws
        ``upset``, ``forest``, ``dose``, ``heterogeneity``.

    Raises
    ------
    InputError
        Unknown columns (the nearest is offered), factors that are not 0 and 1 or the same for everybody, an outcome
        other than 0 and 1, a pattern that no child has, fewer than two clusters.
    SeparationError
        A pattern in which nobody or everybody had the outcome: named.

    References
    ----------
    Greenland (2004); Hosmer and Lemeshow (1992); Eide and Gefeller (1995); VanderWeele and Ding (2017);
    Bell and McCaffrey (2002); DerSimonian and Laird (1986); Willenborg and de Waal (2001).

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
    one_of("interval", interval, EFFECT_INTERVALS)
    listed = tuple(names("factors", factors))
    if not 2 <= len(listed) <= 3:
        message = f"factors: {len(listed)} named; expected two or three"
        raise InputError(message, kind="option", column="factors", got=list(listed))
    vcov: Vcov = "classical" if cluster is None else Cluster(cluster)
    strata = names("heterogeneity_by", heterogeneity_by)
    plan = Plan(outcome, listed, tuple(names("adjust", adjust)), vcov, base, conf, suppress_below)
    held = prepare(table, plan, [*([cluster] if cluster else []), *strata])
    hidden = hide(held, plan)
    effects = risk(held, plan.formula(), listed, base=base, vcov=vcov, conf_level=conf)
    tidy = _withhold(effects.to_arrow().to_pydict(), hidden)
    drawn = {"interval": interval, "n_resamples": n_resamples, "seed": seed}
    extra = _tables(held, plan, strata, hidden, drawn if interval != "delta" else {})
    extra["sensitivity"] = _sensitivity(effects, conf, hidden)
    glance = effects.to_arrow("glance").to_pydict()
    # The model counts cells that it leaves out; a reader wants children.
    glance["n_missing"] = [held.n_missing + _children(held) - int(glance["n_obs"][0])]
    arguments = {
        "outcome": outcome, "factors": listed, "adjust": plan.adjust, "cluster": cluster,
        "heterogeneity_by": tuple(strata), "base": base, "suppress_below": suppress_below,
        "conf_level": conf, **(drawn if interval != "delta" else {}),
    }  # fmt: skip
    source = read(held.table)
    used = [c for c in held.table.column_names if c in held.by]
    return TrioResult.build(
        tidy=tidy,
        glance=glance,
        provenance=provenance_of(
            "trigger_trio", source, used, arguments, n_obs=int(glance["n_obs"][0]),
            n_missing=int(glance["n_missing"][0]),
        ),
        source=source,
        extra=extra,
    )  # fmt: skip


def _children(held: Cells) -> int:
    import pyarrow.compute as pc

    return int(pc.sum(held.table[held.columns[0]]).as_py())


def _withhold(tidy: Table, hidden: Hidden) -> Table:
    """Rows about what may not be shown lose their numbers and gain a reason."""
    why = [hidden.of(term) for term in tidy["term"]]
    before = tidy.get("reason", [None] * len(why))
    out = {
        name: [None if w and name in _NUMBERS else v for v, w in zip(values, why, strict=True)]
        for name, values in tidy.items()
    }
    return {**out, "reason": [w or r for w, r in zip(why, before, strict=True)]}


def _tables(
    held: Cells, plan: Plan, strata: list[str], hidden: Hidden, drawn: dict[str, Any]
) -> dict[str, Any]:
    crude, trend = dose(held, plan, hidden)
    joined: Table = {}
    for scale in ("standardised", "model"):
        found = interaction(
            held, plan.formula(), plan.factors, scale=scale, vcov=plan.vcov, conf_level=plan.conf_level, **drawn,
        )  # fmt: skip
        for name, values in found.to_arrow().to_pydict().items():
            joined.setdefault(name, []).extend(values)
        joined.setdefault("scale", []).extend([scale] * found.to_arrow().num_rows)
    extra: dict[str, Any] = {
        "patterns": patterns(held, plan, hidden), "dose": crude, "trend": trend,
        "interaction": _withhold(joined, hidden), "attributable": _fractions(held, plan, hidden),
    }  # fmt: skip
    if strata:
        rows: Table = {}
        tests: Table = {}
        for by in strata:
            found_rows, test = heterogeneity(held, plan, by)
            for name, values in found_rows.items():
                rows.setdefault(name, []).extend(values)
            for name, value in {"by": by, **test}.items():
                tests.setdefault(name, []).append(value)
        extra |= {"heterogeneity": rows, "homogeneity": tests}
    return extra


def _fractions(held: Cells, plan: Plan, hidden: Hidden) -> Table:
    """Adjusted fractions, and that of all factors without adjustment."""
    options: dict[str, Any] = {"vcov": plan.vcov, "conf_level": plan.conf_level}
    adjusted = attributable_fraction(held, plan.formula(), plan.factors, **options)
    tidy: Table = adjusted.to_arrow().to_pydict()
    crude = attributable_fraction(held, plan.formula(crude=True), plan.factors, **options)
    last: Table = crude.to_arrow().to_pydict()
    for name, values in tidy.items():
        values.append("total_crude" if name == "measure" else last[name][-1])
    # The fractions of single factors give the risks of all patterns: with one hidden, only the whole is told.
    whole = [m in ("total", "total_crude") for m in tidy["measure"]]
    if not hidden:
        return {**tidy, "reason": [None] * len(whole)}
    reason = next(iter({**hidden.dose, **hidden.patterns}.values()))
    for name in _NUMBERS:
        tidy[name] = [v if w else None for v, w in zip(tidy[name], whole, strict=True)]
    return {**tidy, "reason": [None if w else reason for w in whole]}


def _sensitivity(effects: RiskResult, conf: float, hidden: Hidden) -> Table:
    """E-values of the risk ratios: how strong a confounder would have to be."""
    out: Table = {name: [] for name in ("term", "part", "risk_ratio", "estimate", "reason")}
    for row in effects.to_arrow().to_pylist():
        if row["measure"] != "risk_ratio":
            continue
        why = hidden.of(row["term"])
        found = evalue(
            row["estimate"], row["conf_low"], row["conf_high"], measure="risk_ratio", conf_level=conf
        )  # fmt: skip
        for e in found.to_arrow().to_pylist():
            out["term"].append(row["term"])
            out["part"].append(e["term"])
            out["risk_ratio"].append(None if why else e["risk_ratio"])
            out["estimate"].append(None if why else e["estimate"])
            out["reason"].append(why or e["reason"])
    return out
