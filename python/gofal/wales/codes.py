"""Code lists of the looked-after-children census of Wales.

Source: Welsh Government, Looked After Children Census guidance, as coded in public derivation
scripts for linked data; note codes: StatsWales shorthand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gofal.language import Text

__all__ = ["LEGAL_STATUS", "NEED", "NOTE_CODES", "PLACEMENTS", "Kind", "Place", "PlacementCode"]


class Kind(StrEnum):
    """Kind of placement."""

    KINSHIP_FOSTER = "kinship_foster"
    FOSTER_AUTHORITY = "foster_authority"
    FOSTER_AGENCY = "foster_agency"
    PLACED_WITH_PARENTS = "placed_with_parents"
    RESIDENTIAL = "residential"
    ADOPTION_PLACEMENT = "adoption_placement"
    INDEPENDENT_LIVING = "independent_living"
    OTHER = "other"


class Place(StrEnum):
    """Where the placement is."""

    INSIDE_AUTHORITY = "inside_authority"
    OUTSIDE_AUTHORITY = "outside_authority"
    OUTSIDE_AUTHORITY_WALES = "outside_authority_wales"
    OUTSIDE_WALES = "outside_wales"
    NOT_CODED = "not_coded"


@dataclass(frozen=True, slots=True)
class PlacementCode:
    """A placement code: its kind and, where the code says so, its place."""

    code: str
    kind: Kind
    place: Place = Place.NOT_CODED


PLACEMENTS: dict[str, PlacementCode] = {
    c.code: c
    for c in (
        PlacementCode("F1", Kind.KINSHIP_FOSTER, Place.INSIDE_AUTHORITY),
        PlacementCode("F2", Kind.FOSTER_AUTHORITY, Place.INSIDE_AUTHORITY),
        PlacementCode("F3", Kind.FOSTER_AGENCY, Place.INSIDE_AUTHORITY),
        PlacementCode("F4", Kind.KINSHIP_FOSTER, Place.OUTSIDE_AUTHORITY),
        PlacementCode("F5", Kind.FOSTER_AUTHORITY, Place.OUTSIDE_AUTHORITY),
        PlacementCode("F6", Kind.FOSTER_AGENCY, Place.OUTSIDE_AUTHORITY),
        PlacementCode("A3", Kind.ADOPTION_PLACEMENT),
        PlacementCode("A4", Kind.ADOPTION_PLACEMENT),
        PlacementCode("A5", Kind.ADOPTION_PLACEMENT),
        PlacementCode("A6", Kind.ADOPTION_PLACEMENT),
        PlacementCode("A8", Kind.ADOPTION_PLACEMENT),
        PlacementCode("P1", Kind.PLACED_WITH_PARENTS),
        PlacementCode("P2", Kind.INDEPENDENT_LIVING),
        PlacementCode("P3", Kind.INDEPENDENT_LIVING),
        PlacementCode("H1", Kind.RESIDENTIAL, Place.INSIDE_AUTHORITY),
        PlacementCode("H21", Kind.RESIDENTIAL, Place.OUTSIDE_AUTHORITY_WALES),
        PlacementCode("H22", Kind.RESIDENTIAL, Place.OUTSIDE_WALES),
        PlacementCode("H3", Kind.RESIDENTIAL, Place.INSIDE_AUTHORITY),
        PlacementCode("H4", Kind.RESIDENTIAL, Place.OUTSIDE_AUTHORITY),
        PlacementCode("H5", Kind.RESIDENTIAL),
        PlacementCode("R1", Kind.RESIDENTIAL),
        PlacementCode("R2", Kind.OTHER),
        PlacementCode("R3", Kind.RESIDENTIAL),
        PlacementCode("R4", Kind.OTHER),
        PlacementCode("R5", Kind.OTHER),
        PlacementCode("S1", Kind.RESIDENTIAL),
        PlacementCode("M1", Kind.OTHER),
        PlacementCode("M2", Kind.OTHER),
        PlacementCode("M3", Kind.OTHER),
        PlacementCode("Z1", Kind.OTHER),
    )
}

LEGAL_STATUS: dict[str, Text] = {
    "C1": Text("interim care order", "gorchymyn gofal interim"),
    "C2": Text("care order", "gorchymyn gofal"),
    "D1": Text("freeing order", "gorchymyn rhyddhau"),
    "E1": Text("placement order", "gorchymyn lleoli"),
    "L1": Text("police protection", "amddiffyniad yr heddlu"),
    "L2": Text("emergency protection order", "gorchymyn amddiffyn brys"),
    "L3": Text("child assessment order", "gorchymyn asesu plentyn"),
    "V1": Text("short breaks", "seibiannau byr"),
    "V2": Text("voluntary accommodation", "llety gwirfoddol"),
    "W1": Text("wardship", "wardiaeth"),
}

NEED: dict[str, Text] = {
    "N1": Text("abuse or neglect", "cam-drin neu esgeulustod"),
    "N2": Text("child's disability", "anabledd y plentyn"),
    "N3": Text("parental illness or disability", "salwch neu anabledd rhiant"),
    "N4": Text("family in acute stress", "teulu dan straen difrifol"),
    "N5": Text("family dysfunction", "camweithrediad teuluol"),
    "N6": Text("socially unacceptable behaviour", "ymddygiad cymdeithasol annerbyniol"),
    "N7": Text("low income", "incwm isel"),
    "N8": Text("absent parenting", "rhianta absennol"),
}

NOTE_CODES: dict[str, Text] = {
    "a": Text("average", "cyfartaledd"),
    "b": Text("break in series", "toriad yn y gyfres"),
    "c": Text("confidential", "cyfrinachol"),
    "e": Text("estimated", "amcangyfrif"),
    "f": Text("forecast", "rhagolwg"),
    "k": Text("low figure", "ffigur isel"),
    "u": Text("low reliability", "dibynadwyedd isel"),
    "x": Text("missing", "ar goll"),
    "z": Text("not applicable", "amherthnasol"),
    "w": Text("not recorded", "heb ei gofnodi"),
    "p": Text("provisional", "dros dro"),
    "r": Text("revised", "diwygiedig"),
    "t": Text("total", "cyfanswm"),
}
