"""A published number beside the computed one, the rounding rule between them, and a verdict."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NoReturn

from gofal.language import format_number, word
from gofal.results.not_available import NotAvailable
from gofal.results.statistic import Statistic
from gofal.typing import VERDICTS, Lang, Verdict

__all__ = ["Claim"]

# Computed numbers carry noise in the last bits: 0.145 may arrive as 0.14499999999999999. Twelve
# digits keep every tie a printed table can hold and none of the noise.
_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One published number, checked. Made by `Claim.check` or by `Result.claim`.

    Parameters
    ----------
    id
        Stable identifier.
    text_en, text_cy
        What is claimed, in one sentence.
    published
        The number as printed, such as ``"0.45"``, ``"6,407"`` or ``"56%"``.
    computed
        The number computed, in the units of the printed one, or why there is none.
    rounding
        Rule of the comparison in words a reader can check.
    source
        Where the number was published.
    verdict
        ``reproduced``; ``differs``; ``finding`` (it differs, and that is what we report);
        ``not_available``.
    matched
        Which rounding gives the printed number: ``half-even``, ``half-up``, ``both``,
        ``interval``, ``exact`` or ``none``.
    """

    id: str
    text_en: str
    text_cy: str
    published: str
    computed: float | NotAvailable
    rounding: str
    source: str
    verdict: Verdict
    matched: str = "none"

    def __post_init__(self) -> None:
        """Refuse a verdict outside the list, or one that contradicts the value."""
        if self.verdict not in VERDICTS:
            _refuse(f"verdict: expected one of {', '.join(VERDICTS)}; got {self.verdict!r}")
        if (self.verdict == "not_available") != isinstance(self.computed, NotAvailable):
            _refuse(f'claim "{self.id}": verdict {self.verdict} with computed {self.computed!r}')

    @classmethod
    def check(
        cls,
        published: str | float,
        computed: float | Statistic | NotAvailable,
        *,
        id: str,  # noqa: A002 (the field's name in claims.json)
        text_en: str,
        text_cy: str,
        source: str,
        rounding: str | tuple[float, float] | None = None,
        scale: float = 1.0,
        finding: bool = False,
    ) -> Claim:
        """Compare a computed number with a published one.

        Parameters
        ----------
        published
            The number as printed. Thousands separators, ``%``, ``£``, ``+`` are understood.
        computed
            The number computed.
        id, text_en, text_cy, source
            See `Claim`.
        rounding
            The step it was rounded to, such as ``"0.01"``, ``"integer"``, ``"10"``; ``"exact"``;
            an interval ``(low, high)`` that the computed number must lie in; None takes the step
            from the digits printed.
        scale
            Factor from the computed unit to the printed one: 100 from a proportion to a
            percentage.
        finding
            Whether a difference is itself the finding, as with a total that does not foot.

        Returns
        -------
        Claim
            With ``reproduced`` when either way of rounding a tie gives the printed number.

        Examples
        --------
        >>> c = Claim.check("0.45", 0.4478, id="r", text_en="r", text_cy="r", source="WCPP 2019")
        >>> c.verdict, c.matched, c.rounding
        ('reproduced', 'both', '0.01')
        """
        printed = published if isinstance(published, str) else repr(published)
        rule = _rule(rounding, printed)
        value: float | NotAvailable
        if isinstance(computed, NotAvailable):
            value, matched = computed, "none"
            verdict: Verdict = "not_available"
        else:
            value = _clean(float(computed) * scale)
            matched = _match(_decimal(printed), value, rule)
            verdict = "reproduced" if matched != "none" else "finding" if finding else "differs"
        return cls(
            id=id,
            text_en=text_en,
            text_cy=text_cy,
            published=printed,
            computed=value,
            rounding=rule if isinstance(rule, str) else f"[{rule[0]!r}, {rule[1]!r}]",
            source=source,
            verdict=verdict,
            matched=matched,
        )

    def text(self, lang: Lang) -> str:
        """Return what is claimed, in a language."""
        return self.text_cy if lang == "cy" else self.text_en

    def say(self, lang: Lang | None = None) -> str:
        """Return one line: published, computed, verdict."""
        found = self.computed
        shown = found.say(lang) if isinstance(found, NotAvailable) else format_number(found, 6)
        return f"{self.id}: {self.published} / {shown}: {word(self.verdict, lang)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the claim as plain data, keys in a fixed order."""
        found = self.computed
        missing = isinstance(found, NotAvailable)
        return {
            "id": self.id,
            "text_en": self.text_en,
            "text_cy": self.text_cy,
            "published": self.published,
            "computed": None if missing else found,
            "reason": found.reason if isinstance(found, NotAvailable) else None,
            "rounding": self.rounding,
            "matched": self.matched,
            "source": self.source,
            "verdict": self.verdict,
        }

    def to_json(self) -> str:
        """Return the claim as JSON text: the same bytes for the same claim."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2, allow_nan=False)


def _rule(rounding: str | tuple[float, float] | None, printed: str) -> str | tuple[float, float]:
    """Return the rule: a step as text, ``"exact"``, or an interval."""
    if rounding is None:
        exponent = int(_decimal(printed).as_tuple().exponent)
        return "integer" if exponent >= 0 else f"{Decimal(1).scaleb(exponent):f}"
    if isinstance(rounding, tuple):
        low, high = rounding
        if not low <= high:
            _refuse(f"rounding: expected an interval (low, high); got {rounding!r}")
        return float(low), float(high)
    if rounding not in ("integer", "exact") and _step(rounding) <= 0:
        _refuse(f"rounding: expected a positive step; got {rounding!r}")
    return rounding


def _match(published: Decimal, value: float, rule: str | tuple[float, float]) -> str:
    if isinstance(rule, tuple):
        return "interval" if rule[0] <= value <= rule[1] else "none"
    computed = Decimal(repr(value))
    if rule == "exact":
        return "exact" if computed == published else "none"
    step = Decimal(1) if rule == "integer" else _step(rule)
    even = (computed / step).quantize(Decimal(1), ROUND_HALF_EVEN) * step == published
    up = (computed / step).quantize(Decimal(1), ROUND_HALF_UP) * step == published
    return {(True, True): "both", (True, False): "half-even", (False, True): "half-up"}.get(
        (even, up), "none"
    )


def _clean(value: float) -> float:
    if not math.isfinite(value):
        _refuse(f"computed: expected a finite number or NotAvailable; got {value!r}")
    return float(f"{value:.{_DIGITS}g}")


def _decimal(printed: str) -> Decimal:
    """Return the number in a printed figure: ``"+93.2%"``, ``"£1,234"``, ``"−0.05"``."""
    bare = re.sub(r"[\s,£%+]", "", printed.replace("\N{MINUS SIGN}", "-"))
    return _number(bare, f"published: expected a number; got {printed!r}")


def _step(rounding: str) -> Decimal:
    return _number(rounding, f'rounding: expected a step such as "0.01"; got {rounding!r}')


def _number(text: str, complaint: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        _refuse(complaint)
    if not number.is_finite():
        _refuse(complaint)
    return number


def _refuse(message: str) -> NoReturn:
    from gofal.errors import InputError

    raise InputError(message)
