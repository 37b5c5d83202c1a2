"""Why two populations differ in a rate: rates and composition (Kitagawa), or K factors (Das Gupta)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import count, names, one_of
from gofal._table import read
from gofal.decomposition._parts import add_up, conf_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import (
    COMPOSITIONS,
    COUNT_LAWS,
    DAS_GUPTA_INTERVALS,
    KITAGAWA_INTERVALS,
    KITAGAWA_PARTS,
    Composition,
    CountLaw,
    DasGuptaInterval,
    KitagawaInterval,
    KitagawaParts,
)

__all__ = ["DasGuptaResult", "KitagawaResult", "das_gupta", "kitagawa"]

_CATEGORY = Text(
    "The composition effect of one category depends on where rates have their zero; only its total "
    "has a meaning of its own.",
    "Mae effaith cyfansoddiad un categori yn dibynnu ar sero'r cyfraddau; dim ond y cyfanswm sydd ag "
    "ystyr ynddo'i hun.",
)
_NOT_CAUSES = Text(
    "The parts are arithmetic: they do not say what would happen if a rate or a composition changed.",
    "Rhifyddeg yw'r rhannau: nid ydynt yn dweud beth fyddai'n digwydd pe bai cyfradd neu gyfansoddiad "
    "yn newid.",
)


class KitagawaResult(Result):
    """Rate and composition effects of a difference. See :func:`kitagawa`."""

    _title: ClassVar[Text] = Text(
        "Difference of two rates: rates and composition",
        "Gwahaniaeth rhwng dwy gyfradd: cyfraddau a chyfansoddiad",
    )
    _about = ("first", "second", "rate_first", "rate_second", "difference")
    _notes = (_CATEGORY, _NOT_CAUSES)
    _figure_kind = "waterfall"

    def _prove(self) -> None:
        about = self.to_arrow("glance").to_pylist()[0]
        scale = max(abs(about["rate_first"]), abs(about["rate_second"]))
        parts = self.to_arrow().to_pydict()
        add_up("Kitagawa's decomposition", parts["estimate"], about["difference"], scale)
        cells = self.to_arrow("categories").to_pylist()
        for name, whole in zip(parts["component"], parts["estimate"], strict=True):
            each = (r["estimate"] for r in cells if r["component"] == name)
            add_up(f"the {name} effect by category", each, whole, scale)


class DasGuptaResult(Result):
    """Effects of factors between populations; ``table("standardised")``. See :func:`das_gupta`."""

    _title: ClassVar[Text] = Text(
        "Difference of rates by factor", "Gwahaniaeth rhwng cyfraddau fesul ffactor"
    )
    _about = ("n_populations", "n_cells")
    _notes = (_NOT_CAUSES,)
    _figure_kind = "waterfall"

    def _prove(self) -> None:
        rows = self.to_arrow().to_pylist()
        crude = [r["estimate"] for r in self.to_arrow("standardised").to_pylist()]
        scale = max(abs(v) for v in crude)
        for second in dict.fromkeys(r["second"] for r in rows):
            own = [r for r in rows if r["second"] == second]
            whole = own[0]["difference"]
            add_up("Das Gupta's decomposition", (r["estimate"] for r in own), whole, scale)


def kitagawa(
    table: Any,
    category: str | Iterable[str],
    *,
    between: str,
    first: Any,
    second: Any,
    population: str,
    events: str | None = None,
    rate: str | None = None,
    parts: KitagawaParts = "two",
    base: float = 10_000,
    law: CountLaw = "poisson",
    composition: Composition = "known",
    interval: KitagawaInterval | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> KitagawaResult:
    """The difference of two crude rates, split into rates and composition.

    Parameters
    ----------
    table
        One row per population and category; a category twice in a population, or missing from
        one of the two, is refused. Other populations are left out.
    category
        Column or columns whose combinations are the categories: authority, age band.
    between
        Column that tells the populations apart: a year, a nation, an authority.
    first, second
        The two values of ``between``; the difference is first minus second.
    population
        Column of people in each category.
    events, rate
        Column of events (rates are events over population, times ``base``), or of rates in a
        unit of your own, which then have no errors. One of them.
    parts
        ``"two"``: rate effect at the mean composition, composition effect at the mean rates;
        ``"three"``: both at the second population, and their interaction.
    base
        People a rate is expressed per.
    law
        ``"poisson"`` (events may repeat) or ``"binomial"`` (each person once at most).
    composition
        ``"known"``: sizes are those of a census; ``"sampled"``: of a sample, and add to errors.
    interval
        ``"delta"``, ``"bootstrap"`` (events drawn anew; percentile), ``"none"``. Delta where
        events are given, none for given rates, by default.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws of the bootstrap.

    Returns
    -------
    KitagawaResult
        ``tidy()``: ``component`` (rate, composition, interaction), ``estimate``, ``share`` of the
        difference, ``std_error`` and limits; ``table("categories")``: each by category;
        ``glance()``: both rates and the difference with its limits. Counts rounded to 5 carry
        their rounding into every part; the limits do not know of it.

    Raises
    ------
    InputError
        Repeated or missing categories, negative counts, events without people.
    NumericalError
        A population of 0; parts that do not add up.

    References
    ----------
    Kitagawa (1955), JASA 50:1168; Wang, Rahman, Siegel and Fisher (2000), Statistics in Medicine
    19:2009.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "year": ["2014", "2014", "2024", "2024"],
    ...     "age": ["0-9", "10-17", "0-9", "10-17"],
    ...     "looked_after": [200, 300, 220, 420],
    ...     "children": [30_000, 25_000, 28_000, 27_000],
    ... }
    >>> k = gf.kitagawa(t, "age", between="year", first="2024", second="2014",
    ...                 events="looked_after", population="children")
    >>> [(r["component"], round(r["estimate"], 1)) for r in k.to_arrow().to_pylist()]
    [('rate', 23.1), ('composition', 2.4)]
    """
    one_of("parts", parts, KITAGAWA_PARTS)
    one_of("law", law, COUNT_LAWS)
    one_of("composition", composition, COMPOSITIONS)
    if (events is None) == (rate is None):
        message = "events, rate: give one of them"
        raise InputError(message, kind="option", column="events", got=events)
    wanted = ("none" if events is None else "delta") if interval is None else interval
    one_of("interval", wanted, KITAGAWA_INTERVALS)
    if events is None and wanted != "none":
        message = f"interval={wanted!r} needs events: a rate alone does not say how sure it is"
        raise InputError(message, kind="option", column="interval", got=wanted)
    conf, by = conf_of(conf_level), names("category", category)
    counts = _counts(events, population, law, composition, base, conf, n_resamples, seed)
    counts["n_resamples"] = {"none": None, "delta": 0, "bootstrap": n_resamples}[wanted]
    source = read(table)
    with progress("resamples") as report:
        effects, cells, facts, n, missing = _core.kitagawa(
            source.stream, by, between, (str(first), str(second)), rate, counts,
            parts == "three", threads(), report,
        )  # fmt: skip
    arguments = {
        "category": tuple(by), "between": between, "first": str(first), "second": str(second),
        "events": events, "rate": rate, "population": population, "parts": parts,
        "base": None if events is None else base, "law": None if events is None else law,
        "composition": composition, "interval": wanted, "conf_level": conf,
        "n_resamples": n_resamples if wanted == "bootstrap" else None,
    }  # fmt: skip
    used = [c for c in (*by, between, events, rate, population) if c is not None]
    glance: dict[str, list[Any]] = {
        "first": [str(first)], "second": [str(second)], **{k: [v] for k, v in facts},
        "n_obs": [n], "n_missing": [missing], "interval": [wanted], "conf_level": [conf],
    }  # fmt: skip
    if events is not None:
        glance["base"] = [base]
    return KitagawaResult.build(
        tidy=columns_of(effects),
        glance=glance,
        provenance=provenance_of(
            "kitagawa", source, used, arguments, n_obs=n, n_missing=missing,
            seed=seed if wanted == "bootstrap" else None,
        ),
        source=source,
        extra={"categories": columns_of(cells)},
    )  # fmt: skip


def das_gupta(
    table: Any,
    factors: str | Iterable[str] = (),
    *,
    between: str,
    populations: Iterable[Any] = (),
    category: str | Iterable[str] = (),
    structure: str | Iterable[str] = (),
    events: str | None = None,
    population: str | None = None,
    base: float = 10_000,
    law: CountLaw = "poisson",
    composition: Composition = "known",
    interval: DasGuptaInterval | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> DasGuptaResult:
    """Effects of several factors on the difference of rates between two or more populations.

    Parameters
    ----------
    table
        One row per population (and cell); cells must be the same in every population.
    factors
        Columns whose product, summed over cells, is the rate.
    between
        Column that tells the populations apart.
    populations
        Its values to compare, the first against each other one; all, in order of appearance, by
        default.
    category
        Columns of cells that are only summed over (an age group of a vector of factors).
    structure
        Crossed columns of a composition (age, sex): the share of each cell is split into one
        factor a column. Needs ``population``.
    events, population
        Columns of events and people of each cell: a factor ``rate`` (times ``base``) is made of
        them, and intervals become possible. ``population`` alone gives the sizes of a structure.
    base
        People the rate is expressed per.
    law, composition
        As in :func:`kitagawa`.
    interval
        ``"bootstrap"`` (events drawn anew; percentile) or ``"none"``; the bootstrap where events
        are given by default.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws.

    Returns
    -------
    DasGuptaResult
        ``tidy()``: ``term`` (factor), ``first, second`` (populations), ``estimate``,
        ``difference`` of the crude rates, ``share`` of it, limits; ``table("standardised")``: the
        rate of every population standardised for all factors but one, and the crude one;
        ``table("cells")`` for two populations: each effect by cell.

    Raises
    ------
    InputError
        Repeated or missing cells, more than 16 factors, impossible counts.
    NumericalError
        Parts that do not add up.

    References
    ----------
    Das Gupta (1993), Standardization and decomposition of rates, Bureau of the Census P23-186.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "year": [1971, 1979],
    ...     "births_per_pregnancy": [25.3, 32.7],
    ...     "pregnancies": [0.214, 0.290],
    ... }
    >>> d = gf.das_gupta(t, ["births_per_pregnancy", "pregnancies"], between="year")
    >>> [round(v, 3) for v in d.to_arrow()["estimate"].to_pylist()]
    [-1.865, -2.204]
    """
    one_of("law", law, COUNT_LAWS)
    one_of("composition", composition, COMPOSITIONS)
    wanted = ("none" if events is None else "bootstrap") if interval is None else interval
    one_of("interval", wanted, DAS_GUPTA_INTERVALS)
    if events is None and wanted != "none":
        message = f"interval={wanted!r} needs events: factors alone do not say how sure they are"
        raise InputError(message, kind="option", column="interval", got=wanted)
    columns, crossed = names("factors", factors), names("structure", structure)
    if population is None and (events is not None or crossed):
        message = "population: name the column of people that events or a structure belong to"
        raise InputError(message, kind="option", column="population", got=None)
    if not columns and events is None and not crossed:
        message = "factors: name at least one column, or events and population"
        raise InputError(message, kind="option", column="factors", got=columns)
    conf, over = conf_of(conf_level), names("category", category)
    asked = [str(p) for p in populations]
    counts = _counts(events, population, law, composition, base, conf, n_resamples, seed)
    counts["n_resamples"] = n_resamples if wanted == "bootstrap" else None
    source = read(table)
    with progress("resamples") as report:
        effects, standard, cells, n, missing = _core.das_gupta(
            source.stream, columns, between, asked, over, crossed, counts, threads(), report
        )
    arguments = {
        "factors": tuple(columns), "between": between, "populations": tuple(asked),
        "category": tuple(over), "structure": tuple(crossed), "events": events,
        "population": population, "base": None if events is None else base,
        "law": None if events is None else law, "composition": composition, "interval": wanted,
        "conf_level": conf, "n_resamples": n_resamples if wanted == "bootstrap" else None,
    }  # fmt: skip
    used = [c for c in (*columns, between, *over, *crossed, events, population) if c is not None]
    tidy, rates = columns_of(effects), columns_of(standard)
    groups = len(dict.fromkeys(rates["group"]))
    return DasGuptaResult.build(
        tidy=tidy,
        glance={
            "n_populations": [groups], "n_cells": [n // groups], "n_obs": [n],
            "n_missing": [missing], "interval": [wanted], "conf_level": [conf],
        },
        provenance=provenance_of(
            "das_gupta", source, used, arguments, n_obs=n, n_missing=missing,
            seed=seed if wanted == "bootstrap" else None,
        ),
        source=source,
        extra={"standardised": rates, "cells": None if cells is None else columns_of(cells)},
    )  # fmt: skip


def _counts(
    events: str | None,
    population: str | None,
    law: str,
    composition: str,
    base: float,
    conf: float,
    n_resamples: int,
    seed: int,
) -> dict[str, Any]:
    if isinstance(base, bool) or not isinstance(base, int | float) or not base > 0:
        message = f"base={base!r}; expected a positive number of people"
        raise InputError(message, kind="option", column="base", got=base)
    return {
        "events": events, "population": population, "binomial": law == "binomial",
        "sampled": composition == "sampled", "base": float(base), "conf_level": conf,
        "n_resamples": count("n_resamples", n_resamples, 1), "seed": count("seed", seed, 0),
    }  # fmt: skip
