"""Discrete-time hazards: when children leave, return or move, in whole periods."""

from __future__ import annotations

from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import count, level, one_of
from gofal._models import Request, fit, glance_of, request, tidy_of
from gofal._outcome_models import said, with_ratios
from gofal.covariances import Vcov
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.regression import RegressionResult
from gofal.typing import GLM_INTERVALS, HAZARD_LINKS, GlmInterval, HazardLink
from gofal.weights import Weight, weight_of

__all__ = ["HazardResult", "discrete_hazard"]

PERIOD = "period"
_MOST_POWERS = 5


class HazardResult(RegressionResult):
    """Effects on the hazard; ``table("life_table")`` has those at risk. See :func:`discrete_hazard`."""

    _title: ClassVar[Text] = Text("Discrete-time hazard model", "Model perygl amser arwahanol")
    _about = ("n_obs", "n_missing", "n_person_periods", "events", "n_clusters", "link", "vcov")
    _hidden = ("df",)


def discrete_hazard(
    table: Any,
    formula: str,
    *,
    exit: str | None = None,  # noqa: A002 (the field's word for the end of a spell)
    entry: str | None = None,
    period: str | None = None,
    time: str | int | None = "factor",
    link: HazardLink = "logit",
    weight: Weight | None = None,
    vcov: Vcov = "classical",
    interval: GlmInterval = "wald",
    conf_level: float | None = None,
) -> HazardResult:
    """Hazard of an event in whole periods (months, quarters, years of care).

    h_t = P(T = t | T ≥ t), link(h_t) = α_t + x′β. Give either one row per spell (``exit``, and ``entry``
    where observation starts late) or one row per person and period (``period``).

    Parameters
    ----------
    table
        Spells or person-periods, or `gf.cells` of them made by the columns named here; rows with a null in any
        named column are dropped and counted. Spells are counted into cells of (pattern, period); the rows of
        person-periods are never written out.
    formula
        ``"went_home ~ age_band + sex"``. The outcome is 1 for an event in the last period of the spell (in
        the period of the row) and 0 otherwise. With ``exit`` the name ``period`` may be used:
        ``"went_home ~ sex * period"``.
    exit
        Column of the last period observed, a whole number: 1 for a spell seen in its first period only.
    entry
        Column of the number of periods passed before observation started; 0 by default.
    period
        Column of the period of each row, where the table has person-periods.
    time
        ``"factor"``: a hazard for each period; 1 to 5: a polynomial of that degree; None: no terms but the
        formula's. A formula with a term of its own for the period decides alone.
    link
        ``"logit"`` (odds of the event in a period) or ``"cloglog"`` (hazard ratios of the proportional
        hazards model whose times are grouped into periods).
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    vcov
        ``"classical"``: right where spells are independent, whatever the number of periods;
        ``gf.Cluster("authority")`` (CR2, Satterthwaite) or ``gf.HC(k)``.
    interval
        ``"wald"``, or ``"profile"`` (likelihood; classical ``vcov`` only).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    HazardResult
        ``tidy()``: ``term, estimate, std_error, statistic, p_value, conf_low, conf_high, ratio, ratio_low,
        ratio_high`` (odds ratios of the hazard; hazard ratios with ``"cloglog"``). ``glance()``: ``n_obs``
        (spells, or rows of person-periods), ``n_person_periods, n_periods, events``. ``table("life_table")``:
        ``period, population`` (at risk), ``events, proportion`` (hazard); ``covariance()``.

    Raises
    ------
    InputError
        Periods that are no whole numbers, exits before entries, outcomes other than 0 and 1.
    SeparationError
        A period or pattern in which nobody has the event, or everybody.
    NumericalError
        Collinear columns, named.

    References
    ----------
    Allison (1982), Sociological Methodology 13:61; Singer and Willett (1993), Journal of Educational
    Statistics 18:155; Prentice and Gloeckler (1978), Biometrics 34:57.

    Examples
    --------
    >>> import gofal as gf
    >>> spells = {"years": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3], "home": [1, 1, 0, 1, 0, 1, 1, 0, 0, 1],
    ...           "infant": [1, 0, 0, 1, 0, 1, 1, 0, 0, 0]}
    >>> fit = gf.discrete_hazard(spells, "home ~ infant", exit="years", link="cloglog")
    >>> fit.to_arrow("life_table")["population"].to_pylist()
    [10, 7, 4]
    >>> round(fit.statistic("ratio", term="infant").value, 2)
    6.79
    """
    one_of("link", link, HAZARD_LINKS)
    one_of("interval", interval, GLM_INTERVALS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    if (exit is None) == (period is None):
        message = "exit, period: give one of them (exit: a row per spell; period: a row per person and period)"
        raise InputError(message, kind="option", column="exit", got=exit)
    if entry is not None and exit is None:
        message = f"entry={entry!r} belongs to exit; a row per person and period says itself when it was seen"
        raise InputError(message, kind="option", column="entry", got=entry)
    asked = request(
        table, formula, family="binomial", link=link, vcov=vcov, made=(PERIOD,) if exit else (),
        reads=[c for c in (exit, entry, period) if c],
        weight=weight_of(weight, allowed=("frequency",)),
    )  # fmt: skip
    if interval == "profile" and asked.spec["vcov"] != "classical":
        message = 'interval="profile" comes from the likelihood; it needs vcov="classical"'
        raise InputError(message, kind="option", column="interval", got=interval)
    name = PERIOD if period is None else period
    _timed(asked, name, time)
    arguments = {
        "exit": exit, "entry": entry, "period": period, "time": time, "link": link, "weight": weight,
        "vcov": said(vcov), "interval": interval, "conf_level": conf,
    }  # fmt: skip
    if exit is None:
        model = fit(asked)
    else:
        with progress("rows") as report:
            model = _core.discrete_hazard(
                asked.source.stream, asked.spec, exit, entry, name, threads(), report
            )
    return _result(asked, model, name, arguments, profile=interval == "profile")


def _timed(asked: Request, name: str, time: str | int | None) -> None:
    """Put the terms of time behind the intercept."""
    main = any(len(term) == 1 and term[0][0] == name for term in asked.formula.terms)
    if time is None or main:
        return
    if time == "factor":
        wanted = [[(name, "factor", name)]]
    else:
        degree = count("time", time, 1) if not isinstance(time, str) else 0
        if not 1 <= degree <= _MOST_POWERS:
            message = (
                f'time={time!r}: expected "factor", a degree from 1 to {_MOST_POWERS}, or None'
            )
            raise InputError(message, kind="option", column="time", got=time)
        powers = range(2, degree + 1)
        wanted = [
            [(name, "number", name)],
            *([(name, f"power:{k}", f"I({name}^{k})")] for k in powers),
        ]
    terms = asked.spec["terms"]
    place = sum(1 for term in terms if not term)
    asked.spec["terms"] = [*terms[:place], *wanted, *terms[place:]]


def _result(
    asked: Request, model: _core.Model, name: str, arguments: dict[str, Any], *, profile: bool
) -> HazardResult:
    facts = dict(model.facts())
    if asked.cells is not None:
        facts["n_missing"] += asked.cells.n_missing
    terms, aliased = model.names()
    if aliased:
        message = (
            f"aliased column(s): {', '.join(aliased)} (linear combinations of the columns before them); "
            "drop them"
        )
        raise NumericalError(message, kind="aliased", columns=aliased)
    conf = arguments["conf_level"]
    life = model.totals(name)
    if life is None:
        message = f'period: "{name}" has too many distinct values to be periods'
        raise InputError(message, kind="values", column=name)
    risk = columns_of(life)
    risk = {PERIOD: risk.pop(name), **risk}
    facts |= {"n_person_periods": sum(risk["population"]), "n_periods": len(risk["period"]),
              "events": sum(risk["events"])}  # fmt: skip
    square = model.covariance()
    return HazardResult.build(
        tidy=with_ratios(tidy_of(model, conf, profile=profile)),
        glance=glance_of(facts, link=arguments["link"], vcov=asked.spec["vcov"], conf_level=conf),
        provenance=asked.provenance("discrete_hazard", arguments, facts),
        source=asked.source,
        keys=tuple(terms),
        extra={
            "covariance": {"term": list(terms), **{n: [r[j] for r in square] for j, n in enumerate(terms)}},
            "life_table": risk,
        },
    )  # fmt: skip
