"""English and Welsh: words for results, and numbers as people print them.

Welsh official statistics write numbers as English ones do: a point for decimals, a comma for
thousands. So one formatter serves both; only the words differ.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gofal._welsh import WELSH
from gofal.options import get_options
from gofal.typing import LANGS, Lang

__all__ = [
    "PHRASES",
    "REASONS",
    "Text",
    "format_number",
    "format_value",
    "language",
    "phrase",
    "word",
]

Scalar = str | bool | int | float | None


class Text(NamedTuple):
    """The same sentence in both languages.

    Examples
    --------
    >>> Text("rate per 10,000", "cyfradd fesul 10,000").say("cy")
    'cyfradd fesul 10,000'
    """

    en: str
    cy: str

    def say(self, lang: Lang | None = None) -> str:
        """Return the sentence in a language, or in the one the options name."""
        return self.cy if language(lang) == "cy" else self.en


PHRASES: dict[str, Text] = {
    "not_available": Text("not available", "ddim ar gael"),
    "note": Text("Note", "Nodyn"),
    "method": Text("Method", "Dull"),
    "call": Text("Call", "Galwad"),
    "data": Text("Data", "Data"),
    "source": Text("Source", "Ffynhonnell"),
    "missing": Text("missing", "ar goll"),
    "rows_left": Text("… and {n} more rows", "… a {n} rhes arall"),
    "interval": Text("{level} interval", "cyfwng {level}"),
    "confidence": Text("{level} confidence interval", "cyfwng hyder {level}"),
    "to": Text("to", "i"),
    "yes": Text("yes", "ydy"),
    "no": Text("no", "nac ydy"),
    "synthetic": Text(
        "Synthetic data: made by simulation, not observed",
        "Data synthetig: wedi'u creu drwy efelychu, nid eu harsylwi",
    ),
    "ecological": Text(
        "Ecological association: areas, not children",
        "Cysylltiad ecolegol: ardaloedd, nid plant",
    ),
    "comparison": Text("Comparison", "Cymhariaeth"),
    "reproduced": Text("reproduced", "wedi'i atgynhyrchu"),
    "differs": Text("differs", "yn wahanol"),
    "finding": Text("finding", "canfyddiad"),
}

# Words that stand as values in the text columns of results.
_WELSH = WELSH | {
    "reproduced": PHRASES["reproduced"].cy,
    "differs": PHRASES["differs"].cy,
    "finding": PHRASES["finding"].cy,
    "not_available": PHRASES["not_available"].cy,
}

# Why a value is not available: the sentences of the kernels, word for word.
REASONS: dict[str, str] = {
    "value is missing": "mae'r gwerth ar goll",
    "missing": "ar goll",
    "constant without this row": "cyson heb y rhes hon",
    "the profile likelihood does not fall enough: no limit": "nid yw'r debygolrwydd proffil yn gostwng digon: dim "
    "terfyn",
    "fewer events than may be shown": "llai o ddigwyddiadau nag y gellir eu dangos",
    "hidden so that a small number cannot be worked out": "wedi'i guddio fel na ellir canfod rhif bach",
    "too few resamples gave a value": "rhy ychydig o ailsamplau a roddodd werth",
    "no event": "dim digwyddiad",
    "no finite estimate: too few events": "dim amcangyfrif meidraidd: rhy ychydig o ddigwyddiadau",
    "the estimate is on the edge of its range: no standard error is known": "mae'r amcangyfrif ar ymyl ei amrediad: "
    "nid oes cyfeiliornad safonol hysbys",
    "more than 5% of the resamples have no estimate: no interval": "nid oes amcangyfrif gan fwy na 5% o'r "
    "ailsamplau: dim cyfwng",
    "the excess risks are not all positive": "nid yw'r risgiau ychwanegol i gyd yn bositif",
    "too few rows for an interval": "rhy ychydig o resi ar gyfer cyfwng",
    "the mean sits on a bound": "mae'r cymedr ar ffin",
    "no predictor varies within units": "nid oes rhagfynegydd yn amrywio o fewn unedau",
    "there are fewer clusters than unit means": "mae llai o glystyrau na chymedrau unedau",
    "the variance of the difference of the two estimates is not positive": "nid yw amrywiant y gwahaniaeth "
    "rhwng y ddau amcangyfrif yn bositif",
    "every resample of a perfect relation is perfect: no bootstrap interval": "mae pob ailsampl o berthynas "
    "berffaith yn berffaith: dim cyfwng bootstrap",
    "a cell is zero: the ratio and its log have no finite value": "mae cell yn sero: nid oes gwerth meidraidd i'r "
    "gymhareb na'i log",
    "no cases in one group: the risk ratio is 0, infinite or 0/0": "dim achosion mewn un grŵp: mae'r gymhareb risg yn "
    "0, yn anfeidraidd neu'n 0/0",
    "no variation in the outcome: no Wald interval": "dim amrywiad yn y canlyniad: dim cyfwng Wald",
    "no stratum has both exposed and unexposed": "nid oes haen â phobl amlygedig ac anamlygedig",
    "no stratum has exposed, unexposed, cases and others": "nid oes haen â phobl amlygedig, anamlygedig, achosion ac "
    "eraill",
    "too many people for an exact method: use the large-sample limits": "gormod o bobl ar gyfer dull union: "
    "defnyddiwch y terfynau sampl mawr",
    "several coefficients": "sawl cyfernod",
    "the null model has no variance between groups": "nid oes gan y model nwl amrywiant rhwng grwpiau",
    "all values of the group are 0": "mae pob gwerth yn y grŵp yn 0",
    "defined without weights only": "wedi'i ddiffinio heb bwysau yn unig",
    "estimated below 0: set to 0": "amcangyfrif o dan 0: gosodwyd yn 0",
    "no variance beyond sampling": "dim amrywiant y tu hwnt i samplu",
    "one row only": "un rhes yn unig",
    "some values are 0: their logarithm or inverse does not exist": "mae rhai gwerthoedd yn 0: nid oes ganddynt "
    "logarithm na gwrthdro",
    "the statistic is undefined": "nid yw'r ystadegyn wedi'i ddiffinio",
    "no limits given": "ni roddwyd terfynau",
    "unbounded: the fitted value at the less deprived end is not distinguishable from 0": "heb derfyn: ni ellir "
    "gwahaniaethu'r gwerth ffitiedig ar y pen llai difreintiedig oddi wrth 0",
}

# Proper names, which are printed with capitals in both languages.
_NAMES: dict[str, str] = {
    "pearson": "Pearson",
    "hausman": "Hausman",
    "mundlak": "Mundlak",
    "spearman": "Spearman",
    "kendall": "Kendall tau-b",
    "fisher": "Fisher z",
    "bonett-wright": "Bonett-Wright",
    "bca": "BCa",
    "byar": "Byar",
    "midp": "mid-p",
    "wilson": "Wilson",
    "clopper-pearson": "Clopper-Pearson",
    "jeffreys": "Jeffreys",
    "mcfadden": "McFadden",
    "pmm": "PMM",
    "wald": "Wald",
    "haldane": "Haldane-Anscombe",
    "mantel_haenszel": "Mantel-Haenszel",
    "agresti-coull": "Agresti-Coull",
    "erreygers": "Erreygers",
    "wagstaff": "Wagstaff",
    "holm": "Holm",
    "bonferroni": "Bonferroni",
    "hochberg": "Hochberg",
    "hommel": "Hommel",
    "bh": "Benjamini-Hochberg",
    "by": "Benjamini-Yekutieli",
}


def language(lang: Lang | None = None) -> Lang:
    """Return the language asked for, or the one the options name.

    Raises
    ------
    InputError
        For a language other than ``"en"`` and ``"cy"``.
    """
    if lang is None:
        return get_options().lang
    if lang not in LANGS:
        from gofal.errors import InputError

        raise InputError(f'lang: expected "en" or "cy"; got {lang!r}')
    return lang


def phrase(key: str, lang: Lang | None = None, /, **values: object) -> str:
    """Return a phrase of `PHRASES`, with its blanks filled.

    Examples
    --------
    >>> phrase("not_available", "cy")
    'ddim ar gael'
    """
    return PHRASES[key].say(lang).format(**values)


def word(value: str, lang: Lang | None = None) -> str:
    """Return how an option's value is printed; a word not known is printed as it is.

    Examples
    --------
    >>> word("bca"), word("two-sided", "cy")
    ('BCa', 'dwyochrog')
    """
    if value in _NAMES:
        return _NAMES[value]
    if language(lang) == "cy":
        return _WELSH.get(value) or REASONS.get(value, value)
    return value


def format_number(value: float, digits: int = 4) -> str:
    """Return a number with a count of significant digits and no noise.

    Digits before the point are never dropped, so 54,321 at four digits is "54,321"; below one in
    a thousand the exponent is written, because "0.00" would say something else.

    Parameters
    ----------
    value
        A finite or infinite number.
    digits
        Significant digits.

    Examples
    --------
    >>> format_number(0.4478923), format_number(104.25), format_number(54321.4)
    ('0.4479', '104.2', '54,321')
    """
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    digits = max(digits, 1)
    # The exponent after rounding, so that 9.99996 is "10.00" and not "10.000".
    exponent = int(f"{value:.{digits - 1}e}".rsplit("e", 1)[1])
    if exponent < -3:
        return f"{value:.{digits - 1}e}"
    return _fixed(value, max(digits - 1 - exponent, 0))


def format_value(
    value: Scalar, kind: str, lang: Lang | None = None, digits: int | None = None
) -> str:
    """Return a cell as it is printed.

    Parameters
    ----------
    value
        The cell; None prints as an en dash, and the row's reason says why.
    kind
        A format of the glossary (`gofal.results.columns.FORMATS`).
    lang
        Language of words.
    digits
        Overrides the digits of ``number`` (significant) and ``rate`` ``fixed2`` ``fixed3``
        ``proportion`` (decimals).

    Examples
    --------
    >>> format_value(0.0000021, "p"), format_value(7198.0, "count"), format_value(0.95, "level")
    ('<0.001', '7,198', '95%')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return phrase("yes" if value else "no", lang)
    if isinstance(value, str):
        return word(value, lang) if kind == "word" else value
    if math.isinf(value):
        return format_number(value)
    return _number(value, kind, digits)


def _number(value: float, kind: str, digits: int | None) -> str:
    if kind == "p":
        return _p_value(value)
    if kind == "level":
        return f"{100 * value:.6g}%"
    if kind == "integer":
        return f"{value:.0f}" if float(value).is_integer() else str(value)
    if kind == "count":
        # A weighted or expected "count" may be fractional; hiding that would mislead.
        return f"{value:,.0f}" if float(value).is_integer() else format_number(value)
    if kind == "proportion":
        return _fixed(100 * value, 1 if digits is None else digits) + "%"
    decimals = {"fixed2": 2, "fixed3": 3, "rate": 1, "money": 2}.get(kind)
    if decimals is not None:
        fixed = kind == "money" or digits is None
        return _fixed(value, decimals if fixed or digits is None else digits)
    return format_number(value, 4 if digits is None else digits)


def _p_value(value: float) -> str:
    if value < 0.001:
        return "<0.001"
    # 0.9996 must not print as certainty.
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}"


def _fixed(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    # "-0.00" is a zero with a sign nobody measured.
    return text[1:] if text.startswith("-") and not text.strip("-0.,") else text
