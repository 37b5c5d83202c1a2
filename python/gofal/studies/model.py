"""What a study is made of: text in two languages, figures, tables and claims.

A study is a value. It is computed by a pure function from tables to results, holds nothing but
frozen parts, and the same tables give the same study, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gofal.language import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from gofal.figures import Figure
    from gofal.results import Claim
    from gofal.typing import Lang

__all__ = ["Finding", "Study", "StudyFigure", "StudyTable"]


@dataclass(frozen=True)
class Finding:
    """One thing the study found, in words, with the numbers that carry it.

    Attributes
    ----------
    id
        Short name, unique within the study.
    text
        The finding in plain words, uncertainty included.
    """

    id: str
    text: Text


@dataclass(frozen=True)
class StudyTable:
    """A table of a study: column names in order, rows as tuples, both languages' labels.

    Attributes
    ----------
    id
        Short name, unique within the study; the CSV file is named after it.
    title
        Heading.
    columns
        Column name to heading, in order.
    rows
        One mapping per row, by column name.
    formats
        Column name to number of decimals, or ``"text"``; columns not named are shown as they are.
    note
        Printed under the table.
    """

    id: str
    title: Text
    columns: Mapping[str, Text]
    rows: Sequence[Mapping[str, object]]
    formats: Mapping[str, int | str] = field(default_factory=dict)
    note: Text | None = None


@dataclass(frozen=True)
class StudyFigure:
    """A figure of a study: built when asked for, in the language asked for.

    Attributes
    ----------
    id
        Short name, unique within the study; files are named after it.
    build
        Language to :class:`gofal.figures.Figure`.
    """

    id: str
    build: Callable[[Lang], Figure]


@dataclass(frozen=True)
class Study:
    """A whole study.

    Attributes
    ----------
    id
        Name used on the command line.
    title
        Heading.
    question
        What the study asks.
    findings
        What it found, most important first.
    figures
        In the order they are shown.
    tables
        In the order they are shown.
    claims
        Published numbers beside the computed ones.
    caveats
        What the study does not show.
    sources
        Ids of the data sources (see :func:`gofal.data.sources`).
    """

    id: str
    title: Text
    question: Text
    findings: tuple[Finding, ...]
    figures: tuple[StudyFigure, ...]
    tables: tuple[StudyTable, ...]
    claims: tuple[Claim, ...]
    caveats: tuple[Text, ...]
    sources: tuple[str, ...]

    def __post_init__(self) -> None:
        for kind in ("findings", "figures", "tables"):
            ids = [part.id for part in getattr(self, kind)]
            if len(set(ids)) != len(ids):
                msg = f"study {self.id!r}: repeated ids among its {kind}: {ids}"
                raise ValueError(msg)
