"""The figures of a trigger-trio analysis."""

from __future__ import annotations

from typing import Any

from gofal._trio_words import label, named
from gofal.errors import InputError
from gofal.figures import trio
from gofal.figures.base import Figure
from gofal.language import Text
from gofal.typing import Lang
from gofal.wales import AUTHORITIES

__all__ = ["KINDS", "draw"]

KINDS = ("upset", "forest", "dose", "heterogeneity")
_NAMES = {a.code: a for a in AUTHORITIES}


def draw(
    result: Any,
    kind: str,
    *,
    lang: Lang,
    note: Text,
    title: Text | None = None,
    by: str | None = None,
) -> Figure:
    """Draw one of `KINDS` of a trio result.

    Parameters
    ----------
    result
        What `gofal.trigger_trio` returned.
    kind
        ``upset``, ``forest``, ``dose`` or ``heterogeneity``.
    lang
        Language.
    note
        Source note.
    title
        Heading; one that fits the figure by default.
    by
        Column whose groups ``heterogeneity`` shows; the last one asked for by default.
    """
    base = result.to_arrow("glance").to_pylist()[0]["base"]
    per = Text(f"per {base:,.0f} children", f"fesul {base:,.0f} o blant")
    if kind == "upset":
        return _upset(result, per, lang, note, title)
    if kind == "dose":
        return _dose(result, per, lang, note, title)
    if kind == "forest":
        return _forest(result, per, lang, note, title)
    return _heterogeneity(result, lang, note, title, by)


def _span(rows: list[dict[str, Any]]) -> tuple[str, str]:
    known = [r["estimate"] for r in rows if r["estimate"] is not None]
    return (f"{min(known):,.1f}", f"{max(known):,.1f}") if known else ("–", "–")


def _upset(result: Any, per: Text, lang: Lang, note: Text, title: Text | None) -> Figure:
    rows = result.to_arrow("patterns").to_pylist()
    factors = list(
        dict.fromkeys(f for r in rows if r["term"] != "none" for f in r["term"].split(" + "))
    )
    records = [
        {"label": label(r["term"], lang),
         "present": [] if r["term"] == "none" else [named(f, lang) for f in r["term"].split(" + ")],
         **{k: r[k] for k in ("estimate", "conf_low", "conf_high", "population", "events")}}
        for r in rows
    ]  # fmt: skip
    low, high = _span(rows)
    children = f"{sum(r['population'] for r in rows):,}"
    return trio.upset(
        records,
        factors=[named(f, lang) for f in factors],
        x=Text(f"Rate {per.en}, with exact 95% interval", f"Cyfradd {per.cy}, gyda chyfwng union 95%")
        if _level(result) == "95%" else Text(f"Rate {per.en}, with interval", f"Cyfradd {per.cy}, gyda chyfwng"),
        title=title or Text("The factors alone and together", "Y ffactorau ar eu pen eu hunain a gyda'i gilydd"),
        subtitle=Text(f"{children} children; at the right the rate (events of children)",
                      f"{children} o blant; ar y dde y gyfradd (digwyddiadau o blant)"),
        alt=Text(f"Rates {per.en} of {len(rows)} patterns of {len(factors)} factors, from {low} to {high}, with "
                 "intervals.",
                 f"Cyfraddau {per.cy} ar gyfer {len(rows)} patrwm o {len(factors)} ffactor, o {low} i {high}, gyda "
                 f"chyfyngau."),
        note=note,
        lang=lang,
    )  # fmt: skip


def _level(result: Any) -> str:
    return f"{100 * result.to_arrow('glance').to_pylist()[0]['conf_level']:g}%"


def _dose(result: Any, per: Text, lang: Lang, note: Text, title: Text | None) -> Figure:
    rows = result.to_arrow("dose").to_pylist()
    trend = result.to_arrow("trend").to_pylist()[0]
    low, high = _span(rows)
    level, most = _level(result), len(rows) - 1
    ratio = [f"{trend[k]:.2f}" for k in ("estimate", "conf_low", "conf_high")]
    return trio.dose(
        [{"count": int(r["term"]), **{k: r[k] for k in ("estimate", "conf_low", "conf_high", "population")}}
         for r in rows],
        x=Text("Number of factors present", "Nifer y ffactorau sy'n bresennol"),
        y=Text(f"Rate {per.en}", f"Cyfradd {per.cy}"),
        title=title or Text("Rate by number of factors", "Cyfradd fesul nifer y ffactorau"),
        subtitle=Text(f"One factor more, adjusted: odds ratio {ratio[0]} ({level} interval {ratio[1]} to {ratio[2]})",
                      f"Un ffactor yn fwy, wedi'i addasu: cymhareb ods {ratio[0]} (cyfwng {level} {ratio[1]} i "
                      f"{ratio[2]})"),
        alt=Text(f"The rate {per.en} goes from {low} to {high} as the number of factors goes from 0 to {most}.",
                 f"Mae'r gyfradd {per.cy} yn mynd o {low} i {high} wrth i nifer y ffactorau fynd o 0 i {most}."),
        note=note,
        lang=lang,
    )  # fmt: skip


def _forest(result: Any, per: Text, lang: Lang, note: Text, title: Text | None) -> Figure:
    rows = [
        r
        for r in result.to_arrow().to_pylist()
        if r["measure"] != "risk" and r["estimate"] is not None
    ]
    if not rows:
        message = "forest: no effect may be shown"
        raise InputError(message, kind="empty", column="forest")
    records = [
        {"label": label(r["term"], lang), "scale": r["measure"],
         **{k: r[k] for k in ("estimate", "conf_low", "conf_high")}} for r in rows
    ]  # fmt: skip
    ratios = [r["estimate"] for r in rows if r["measure"] == "risk_ratio"]
    low, high = f"{min(ratios):.1f}", f"{max(ratios):.1f}"
    return trio.effects(
        records,
        scales=(
            ("risk_ratio", Text("Risk ratio", "Cymhareb risg"), True),
            ("odds_ratio", Text("Odds ratio", "Cymhareb ods"), True),
            ("risk_difference", Text(f"More {per.en}", f"Yn fwy {per.cy}"), False),
        ),
        title=title or Text("Every pattern against none, on three scales",
                            "Pob patrwm yn erbyn dim un, ar dair graddfa"),
        subtitle=Text(f"Standardised, with {_level(result)} intervals", f"Safonedig, gyda chyfyngau {_level(result)}"),
        alt=Text(f"Risk ratios, odds ratios and risk differences of {len(ratios)} patterns; risk ratios from {low} to "
                 f"{high}.",
                 f"Cymarebau risg, cymarebau ods a gwahaniaethau risg {len(ratios)} patrwm; cymarebau risg o {low} i "
                 f"{high}."),
        note=note,
        lang=lang,
    )  # fmt: skip


def _group(group: str, lang: Lang) -> str:
    name, value = group.split("=", 1)
    if value in _NAMES:
        return _NAMES[value].name(lang)
    return label(f"{name}={value}", lang)


def _heterogeneity(
    result: Any, lang: Lang, note: Text, title: Text | None, by: str | None
) -> Figure:
    if "homogeneity" not in result.tables:
        message = 'heterogeneity: ask for it with heterogeneity_by=["authority"]'
        raise InputError(message, kind="option", column="kind", got="heterogeneity")
    tests = {r["by"]: r for r in result.to_arrow("homogeneity").to_pylist()}
    chosen = list(tests)[-1] if by is None else by
    if chosen not in tests or tests[chosen]["ratio"] is None:
        message = f"by={chosen!r}: expected one of {', '.join(tests)} with two groups or more"
        raise InputError(message, kind="option", column="by", got=chosen)
    rows = [
        r
        for r in result.to_arrow("heterogeneity").to_pylist()
        if r["group"].split("=", 1)[0] == chosen
    ]
    drawn = {r["group"]: r for r in rows if r["measure"] == "odds_ratio_shrunken"}
    records = [
        {"label": _group(r["group"], lang), **{k: r[k] for k in ("estimate", "conf_low", "conf_high")},
         "shrunken": drawn[r["group"]]["estimate"], "shrunken_low": drawn[r["group"]]["conf_low"],
         "shrunken_high": drawn[r["group"]]["conf_high"]}
        for r in rows if r["measure"] == "odds_ratio" and r["estimate"] is not None
    ]  # fmt: skip
    test = tests[chosen]
    p = "p < 0.001" if test["p_value"] < 0.001 else f"p = {test['p_value']:.3f}"
    words = Text(named(chosen, "en"), named(chosen, "cy"))
    left = len([r for r in rows if r["measure"] == "odds_ratio"]) - len(records)
    share = f"{100 * test['i_squared']:.0f}%"
    rest = (
        Text(f"; {left} without an estimate", f"; {left} heb amcangyfrif") if left else Text("", "")
    )
    return trio.heterogeneity(
        records,
        x=Text("Odds ratio for one factor more (log scale)", "Cymhareb ods am un ffactor yn fwy (graddfa log)"),
        reference=(test["ratio"], Text(f"mean {test['ratio']:.2f}", f"cymedr {test['ratio']:.2f}")),
        names=(Text("as observed", "fel y'i gwelwyd"), Text("drawn to the mean", "wedi'i thynnu at y cymedr")),
        title=title or Text(f"Does the trio matter more in some groups? By {words.en}",
                            f"A yw'r triawd yn bwysicach mewn rhai grwpiau? Fesul {words.cy}"),
        subtitle=Text(f"Test that all are equal: {p}; {share} of the variation is not chance{rest.en}",
                      f"Prawf bod y cyfan yn gyfartal: {p}; nid hap yw {share} o'r amrywiad{rest.cy}"),
        alt=Text(f"Odds ratios for one factor more in {len(records)} groups, mean {test['ratio']:.2f}, {p}.",
                 f"Cymarebau ods am un ffactor yn fwy mewn {len(records)} grŵp, cymedr {test['ratio']:.2f}, {p}."),
        note=note,
        lang=lang,
    )  # fmt: skip
