"""What patterns of the trio are called, in both languages, and the tables of the analysis for people."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import ClassVar

from gofal.language import Text, language
from gofal.results import Result
from gofal.results.sheet import Sheet
from gofal.typing import Lang

__all__ = ["PARTS", "Patterned", "label", "measured", "named"]

_NAMES = {
    "domestic_abuse": Text("domestic abuse", "cam-drin domestig"),
    "parental_substance_misuse": Text("substance misuse", "camddefnyddio sylweddau"),
    "parental_mental_ill_health": Text("mental ill health", "salwch meddwl"),
    "none": Text("none", "dim un"),
    "all": Text("all", "y cyfan"),
    "n_factors": Text("one factor more", "un ffactor yn fwy"),
    "deprivation_quintile": Text("deprivation fifth", "pumed ran amddifadedd"),
    "authority": Text("authority", "awdurdod"),
    "court_area": Text("court area", "ardal llys"),
}


_MEASURES = {
    "risk": Text("risk", "risg"),
    "ratio": Text("ratio to none", "cymhareb i ddim un"),
    "risk_ratio": Text("risk ratio", "cymhareb risg"),
    "odds_ratio": Text("odds ratio", "cymhareb ods"),
    "risk_difference": Text("risk difference", "gwahaniaeth risg"),
    "odds_ratio_shrunken": Text(
        "odds ratio, drawn to the mean", "cymhareb ods, wedi'i thynnu at y cymedr"
    ),
    "reri": Text("RERI", "RERI"),
    "reri_total": Text("RERI, total", "RERI, cyfanswm"),
    "reri_mover": Text("RERI, MOVER limits", "RERI, terfynau MOVER"),
    "ap": Text("attributable proportion", "cyfran briodoladwy"),
    "synergy": Text("synergy index", "mynegai synergedd"),
    "ratio_of_ratios": Text("ratio of ratios", "cymhareb cymarebau"),
    "alone": Text("removed alone", "dileu ar ei ben ei hun"),
    "sequential": Text("removed in turn", "dileu yn ei dro"),
    "average": Text("average of all orders", "cyfartaledd pob trefn"),
    "total": Text("all removed", "dileu'r cyfan"),
    "total_crude": Text("all removed, unadjusted", "dileu'r cyfan, heb addasu"),
    "model": Text("odds ratios of the model", "cymarebau ods y model"),
    "standardised": Text("standardised risks", "risgiau safonedig"),
    "estimate": Text("estimate", "amcangyfrif"),
    "limit": Text("nearer limit", "terfyn agosaf"),
}


def measured(measure: str, lang: Lang | None = None) -> str:
    """Return a measure in words; one that is not known as it is."""
    return _MEASURES[measure].say(lang) if measure in _MEASURES else measure


def named(name: str, lang: Lang | None = None) -> str:
    """Return a factor or column in words; a name that is not known as it is."""
    return _NAMES[name].say(lang) if name in _NAMES else name


def label(term: str, lang: Lang | None = None) -> str:
    """Return a pattern in words: ``"a + b"`` (together) or ``"a:b"`` (their interaction)."""
    if "=" in term:
        name, value = term.split("=", 1)
        return f"{named(name, lang)} {value}"
    for joiner, shown in ((" + ", " + "), (":", " × ")):
        if joiner in term:
            return shown.join(named(t, lang) for t in term.split(joiner))
    return named(term, lang)


class Patterned(Result):
    """A table whose first columns name patterns."""

    def sheet(self, lang: Lang | None = None, max_rows: int | None = None) -> Sheet:
        """Return the table as strings, patterns in words."""
        made = super().sheet(lang, max_rows)
        spoken = language(lang)
        table = self.to_arrow()
        words: dict[str, str] = {}
        for names, say in (
            (("term", "group", "by"), label),
            (("measure", "scale", "part"), measured),
        ):
            for name in names:
                held = set(table[name].to_pylist()) - {None} if name in table.column_names else ()
                words.update({value: say(value, spoken) for value in held})
        rows = tuple(tuple(words.get(cell, cell) for cell in row) for row in made.rows)
        return dataclasses.replace(made, rows=rows)


class Patterns(Patterned):
    """Rates by pattern."""

    _title: ClassVar[Text] = Text(
        "Children and rates by pattern", "Plant a chyfraddau fesul patrwm"
    )
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "rate"}
    _about: ClassVar[tuple[str, ...]] = ("base",)


class Dose(Patterned):
    """Rates by number of factors."""

    _title: ClassVar[Text] = Text("Rates by number of factors", "Cyfraddau fesul nifer y ffactorau")
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "rate"}
    _about: ClassVar[tuple[str, ...]] = ("base",)


class Trend(Patterned):
    """One factor more."""

    _title: ClassVar[Text] = Text(
        "Adjusted odds ratio for one factor more",
        "Cymhareb ods wedi'i haddasu am un ffactor yn fwy",
    )
    _hidden: ClassVar[tuple[str, ...]] = ("std_error",)


class Interaction(Patterned):
    """Interaction on two scales."""

    _title: ClassVar[Text] = Text("Interaction", "Rhyngweithiad")
    _hidden: ClassVar[tuple[str, ...]] = ("std_error",)


class Attributable(Patterned):
    """Attributable fractions."""

    _title: ClassVar[Text] = Text(
        "Attributable fractions, were the factors causes and nothing else confounded them",
        "Ffracsiynau priodoladwy, pe bai'r ffactorau'n achosion a dim byd arall yn eu drysu",
    )
    _formats: ClassVar[Mapping[str, str]] = {"estimate": "proportion"}
    _hidden: ClassVar[tuple[str, ...]] = ("std_error", "statistic", "df", "p_value")


class Heterogeneity(Patterned):
    """One factor more, group by group."""

    _title: ClassVar[Text] = Text(
        "Odds ratio for one factor more, by group", "Cymhareb ods am un ffactor yn fwy, fesul grŵp"
    )
    _hidden: ClassVar[tuple[str, ...]] = ("std_error", "term", "p_value")


class Homogeneity(Patterned):
    """Do the groups differ by more than chance."""

    _title: ClassVar[Text] = Text("Do the groups differ?", "A yw'r grwpiau'n wahanol?")
    _notes: ClassVar[tuple[Text, ...]] = (
        Text(
            "Cochran's Q; between-group variance of the log odds ratio by DerSimonian and Laird.",
            "Q Cochran; amrywiant rhwng grwpiau y log cymhareb ods yn ôl DerSimonian a Laird.",
        ),
    )


class Sensitivity(Patterned):
    """E-values."""

    _title: ClassVar[Text] = Text(
        "E-values: how strong a confounder would have to be",
        "Gwerthoedd E: pa mor gryf y byddai'n rhaid i ddrysydd fod",
    )


PARTS: Mapping[str, type[Patterned]] = {
    "patterns": Patterns, "dose": Dose, "trend": Trend, "interaction": Interaction,
    "attributable": Attributable, "heterogeneity": Heterogeneity, "homogeneity": Homogeneity,
    "sensitivity": Sensitivity,
}  # fmt: skip
"""The tables beside the effects, in the order they are shown."""
