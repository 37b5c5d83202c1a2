"""The 22 local authorities: codes, both names, and a tile layout of our own.

Codes and names: Welsh Government StatsWales lookups; ONS Register of Geographic Codes. Tiles are
(column, row) on a grid that keeps neighbours near each other; every authority is one equal square,
because areas of very different size hold the children.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from gofal.errors import InputError
from gofal.typing import Lang

__all__ = ["AUTHORITIES", "SUPERSEDED", "WALES", "Authority", "authority"]

WALES = "W92000004"
"""Code of Wales as a whole."""

SUPERSEDED = {"W06000007": "W06000023", "W06000017": "W06000024"}
"""Codes before boundary changes and their successors (Powys, Merthyr Tydfil)."""


@dataclass(frozen=True, slots=True)
class Authority:
    """One local authority.

    Attributes
    ----------
    code
        GSS code.
    statswales
        StatsWales area code.
    en, cy
        Names in English and Welsh.
    short_en, short_cy
        Names that fit a tile.
    tile
        Column and row of the tile map, from the top left.
    """

    code: str
    statswales: int
    en: str
    cy: str
    short_en: str
    short_cy: str
    tile: tuple[int, int]

    def name(self, lang: Lang) -> str:
        """Return the name in one language."""
        return self.cy if lang == "cy" else self.en

    def short(self, lang: Lang) -> str:
        """Return the short name in one language."""
        return self.short_cy if lang == "cy" else self.short_en


AUTHORITIES: tuple[Authority, ...] = tuple(
    Authority(*row)
    for row in (
        ("W06000001", 512, "Isle of Anglesey", "Ynys Môn", "Anglesey", "Ynys Môn", (0, 0)),
        ("W06000002", 514, "Gwynedd", "Gwynedd", "Gwynedd", "Gwynedd", (1, 1)),
        ("W06000003", 516, "Conwy", "Conwy", "Conwy", "Conwy", (2, 0)),
        ("W06000004", 518, "Denbighshire", "Sir Ddinbych", "Denbighs.", "Dinbych", (3, 0)),
        ("W06000005", 520, "Flintshire", "Sir y Fflint", "Flintshire", "Y Fflint", (4, 0)),
        ("W06000006", 522, "Wrexham", "Wrecsam", "Wrexham", "Wrecsam", (4, 1)),
        ("W06000023", 524, "Powys", "Powys", "Powys", "Powys", (3, 2)),
        ("W06000008", 526, "Ceredigion", "Ceredigion", "Ceredigion", "Ceredigion", (2, 2)),
        ("W06000009", 528, "Pembrokeshire", "Sir Benfro", "Pembs.", "Benfro", (0, 3)),
        ("W06000010", 530, "Carmarthenshire", "Sir Gaerfyrddin", "Carms.", "Caerfyrddin", (1, 3)),
        ("W06000011", 532, "Swansea", "Abertawe", "Swansea", "Abertawe", (1, 4)),
        ("W06000012", 534, "Neath Port Talbot", "Castell-nedd Port Talbot", "Neath PT", "C-nedd PT",
         (2, 4)),
        ("W06000013", 536, "Bridgend", "Pen-y-bont ar Ogwr", "Bridgend", "Pen-y-bont", (2, 5)),
        ("W06000014", 538, "Vale of Glamorgan", "Bro Morgannwg", "Vale Glam.", "Bro Morg.", (3, 5)),
        ("W06000016", 540, "Rhondda Cynon Taf", "Rhondda Cynon Taf", "RCT", "RhCT", (3, 4)),
        ("W06000024", 542, "Merthyr Tydfil", "Merthyr Tudful", "Merthyr", "Merthyr", (3, 3)),
        ("W06000018", 544, "Caerphilly", "Caerffili", "Caerphilly", "Caerffili", (4, 4)),
        ("W06000019", 545, "Blaenau Gwent", "Blaenau Gwent", "Bl. Gwent", "Bl. Gwent", (4, 3)),
        ("W06000020", 546, "Torfaen", "Torfaen", "Torfaen", "Torfaen", (5, 4)),
        ("W06000021", 548, "Monmouthshire", "Sir Fynwy", "Monmouths.", "Mynwy", (5, 3)),
        ("W06000022", 550, "Newport", "Casnewydd", "Newport", "Casnewydd", (5, 5)),
        ("W06000015", 552, "Cardiff", "Caerdydd", "Cardiff", "Caerdydd", (4, 5)),
    )
)  # fmt: skip

_BY_KEY: dict[str, Authority] = {
    key.casefold(): a for a in AUTHORITIES for key in (a.code, str(a.statswales), a.en, a.cy)
}


def authority(key: str | int) -> Authority:
    """Find an authority by GSS or StatsWales code or by either name.

    Parameters
    ----------
    key
        For example ``"W06000015"``, ``552``, ``"Cardiff"``, ``"caerdydd"``. Superseded codes of
        Powys and Merthyr Tydfil find their successors.

    Returns
    -------
    Authority

    Raises
    ------
    InputError
        For anything else; the nearest name is offered.

    Examples
    --------
    >>> from gofal.wales import authority
    >>> authority("Abertawe").code, authority("W06000007").en
    ('W06000011', 'Powys')
    """
    wanted = SUPERSEDED.get(str(key), str(key)).strip().casefold()
    if wanted in _BY_KEY:
        return _BY_KEY[wanted]
    near = difflib.get_close_matches(wanted, _BY_KEY, n=1)
    nearest = _BY_KEY[near[0]].en if near else None
    hint = f" (did you mean {nearest!r}?)" if nearest else ""
    message = f"no Welsh authority {key!r}{hint}"
    raise InputError(message, kind="values", column="area", got=key, nearest=nearest)
