"""One number out of a result, with what is needed to print it."""

from __future__ import annotations

from dataclasses import dataclass

from gofal.language import format_value, phrase
from gofal.typing import Lang

__all__ = ["Statistic"]


@dataclass(frozen=True, slots=True, repr=False)
class Statistic:
    """A number with its unit, its format and its interval.

    Parameters
    ----------
    value
        The number; ``float(statistic)`` gives it.
    column
        Column of the result it was read from.
    format
        Format of the glossary.
    unit
        Unit of the value; empty where it is that of the data.
    conf_low, conf_high, conf_level
        Interval, where the column has one.

    Examples
    --------
    >>> r = Statistic(0.4479, "estimate", "fixed3", "", 0.032, 0.729, 0.95)
    >>> str(r), f"{r:.2f}"
    ('0.448 (95% confidence interval 0.032 to 0.729)', '0.45')
    """

    value: float
    column: str
    format: str
    unit: str = ""
    conf_low: float | None = None
    conf_high: float | None = None
    conf_level: float | None = None

    def __float__(self) -> float:
        """Return the number."""
        return float(self.value)

    def say(self, lang: Lang | None = None) -> str:
        """Return the number and its interval as people print them."""
        shown = format_value(self.value, self.format, lang)
        if self.conf_low is None or self.conf_high is None:
            return shown
        low = format_value(self.conf_low, self.format, lang)
        high = format_value(self.conf_high, self.format, lang)
        limits = f"{low} {phrase('to', lang)} {high}"
        if self.conf_level is None:
            return f"{shown} ({limits})"
        level = format_value(self.conf_level, "level")
        return f"{shown} ({phrase('confidence', lang, level=level)} {limits})"

    def __str__(self) -> str:
        """Return the number and its interval in the language of the options."""
        return self.say()

    def __repr__(self) -> str:
        """Return the number and its interval in English."""
        return self.say("en")

    def __format__(self, spec: str) -> str:
        """Format the bare number by a specification, or say it in full without one."""
        return format(self.value, spec) if spec else self.say()
