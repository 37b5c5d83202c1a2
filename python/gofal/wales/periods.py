"""Periods as Welsh publications write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gofal.errors import InputError
from gofal.typing import Lang

__all__ = ["Period", "parse_period"]

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September",
           "October", "November", "December"),
    "cy": ("Ionawr", "Chwefror", "Mawrth", "Ebrill", "Mai", "Mehefin", "Gorffennaf", "Awst", "Medi",
           "Hydref", "Tachwedd", "Rhagfyr"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """A date or a year.

    Attributes
    ----------
    kind
        ``snapshot`` (a day), ``year`` (calendar) or ``year_ending`` (to the end of ``month``).
    year
        Calendar year of the day or of the end.
    month, day
        Of the day or of the end; 12 and 31 for a calendar year.
    """

    kind: str
    year: int
    month: int = 12
    day: int = 31

    def label(self, lang: Lang) -> str:
        """Return the period in words."""
        month = _MONTHS["cy" if lang == "cy" else "en"][self.month - 1]
        if self.kind == "snapshot":
            return f"{self.day} {month} {self.year}"
        if self.kind == "year_ending":
            ending = "blwyddyn hyd at fis" if lang == "cy" else "year ending"
            return f"{ending} {month} {self.year}"
        return str(self.year)


def parse_period(text: str) -> Period:
    """Read a period.

    Parameters
    ----------
    text
        ``"2023-03-31"``, ``"2016-17"``, ``"FYE 2022"``, ``"year ending Mar 2015"``, ``"mid-2019"``,
        ``"2019"``.

    Raises
    ------
    InputError
        For anything else.

    Examples
    --------
    >>> from gofal.wales import parse_period
    >>> parse_period("2016-17").year, parse_period("2023-03-31").label("cy")
    (2017, '31 Mawrth 2023')
    """
    day = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
    if day:
        return Period("snapshot", int(day[1]), int(day[2]), int(day[3]))
    financial = re.fullmatch(r"(?:FY )?(\d{4})[-/](\d\d)", text)
    if financial and int(financial[2]) == (int(financial[1]) + 1) % 100:
        return Period("year_ending", int(financial[1]) + 1, 3, 31)
    ending = re.fullmatch(r"FYE (\d{4})", text)
    if ending:
        return Period("year_ending", int(ending[1]), 3, 31)
    rolling = re.fullmatch(r"year ending (\w{3})\w* (\d{4})", text)
    if rolling:
        names = [m[:3] for m in _MONTHS["en"]]
        if rolling[1] in names:
            return Period("year_ending", int(rolling[2]), names.index(rolling[1]) + 1)
    middle = re.fullmatch(r"mid-(\d{4})", text)
    if middle:
        return Period("snapshot", int(middle[1]), 6, 30)
    if re.fullmatch(r"\d{4}", text):
        return Period("year", int(text))
    message = f"cannot read the period {text!r}; expected 2023-03-31, 2016-17, FYE 2022, mid-2019 …"
    raise InputError(message, kind="values", column="period", got=text)
