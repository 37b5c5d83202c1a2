"""Editions of the Welsh Index of Multiple Deprivation: areas and cut points.

Source: Welsh Government, WIMD technical reports. Ranks run from 1, the most deprived small area.
Cuts of 2014, 2019 and 2025 are those of the published tables; 2008 and 2011 are rounded shares.
"""

from __future__ import annotations

from dataclasses import dataclass

from gofal.errors import InputError

__all__ = ["EDITIONS", "SHARES", "Edition", "edition_for"]

SHARES = (10, 20, 30, 50)
"""Worst shares in per cent that Welsh publications cut at."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition.

    Attributes
    ----------
    year
        Year of publication.
    n_areas
        Lower-layer super output areas ranked.
    geography
        Census whose small areas are ranked.
    cuts
        Last rank inside the worst 10, 20, 30 and 50%.
    """

    year: int
    n_areas: int
    geography: str
    cuts: tuple[int, int, int, int]

    def cut(self, share: int) -> int:
        """Return the last rank inside the worst ``share`` per cent."""
        if share not in SHARES:
            message = f"share={share!r}; expected one of {SHARES}"
            raise InputError(message, kind="option", column="share", got=share)
        return self.cuts[SHARES.index(share)]


EDITIONS = (
    Edition(2008, 1896, "LSOA 2001", (190, 379, 569, 948)),
    Edition(2011, 1896, "LSOA 2001", (190, 379, 569, 948)),
    Edition(2014, 1909, "LSOA 2011", (191, 382, 573, 955)),
    Edition(2019, 1909, "LSOA 2011", (191, 382, 573, 955)),
    Edition(2025, 1917, "LSOA 2021", (191, 382, 574, 958)),
)


def edition_for(year: int) -> Edition:
    """Return the edition in force in a year: the latest published by then.

    Raises
    ------
    InputError
        Before 2008.

    Examples
    --------
    >>> from gofal.wales import edition_for
    >>> edition_for(2021).year, edition_for(2021).cut(10)
    (2019, 191)
    """
    known = [e for e in EDITIONS if e.year <= year]
    if not known:
        message = f"year={year}; the first edition held is {EDITIONS[0].year}"
        raise InputError(message, kind="option", column="year", got=year)
    return known[-1]
