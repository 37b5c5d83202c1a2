"""The random part of a formula: ``(1 + x | g)`` and its kin, split from the fixed part.

``(1 | authority)`` a random intercept, ``(1 + score | authority)`` with a correlated slope, ``(score || authority)``
with an independent one, ``(0 + score | authority)`` a slope alone, ``(1 | authority/school)`` schools within
authorities (that is ``(1 | authority) + (1 | authority:school)``). Several terms with one grouping factor are
independent parts of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from gofal.errors import InputError
from gofal.formula import Formula, Part, parse

__all__ = ["MixedFormula", "Random", "parse_mixed", "without_fixed"]

_EXAMPLE = "(1 | authority)"


@dataclass(frozen=True)
class Random:
    """A grouping factor and what varies over its levels.

    Attributes
    ----------
    groups
        Columns of the factor; several stand for their combinations.
    parts
        Per independent part its terms, as in `Formula.terms`.
    """

    groups: tuple[str, ...]
    parts: tuple[tuple[tuple[Part, ...], ...], ...]

    @property
    def name(self) -> str:
        """Name of the factor."""
        return ":".join(self.groups)

    @property
    def columns(self) -> list[str]:
        """Columns used, each once."""
        named = [c for part in self.parts for term in part for c, _, _ in term]
        return list(dict.fromkeys([*self.groups, *named]))


@dataclass(frozen=True)
class MixedFormula:
    """A parsed formula with random terms.

    Attributes
    ----------
    fixed
        The fixed part.
    random
        The grouping factors, in the order written.
    text
        The formula as written.
    """

    fixed: Formula
    random: tuple[Random, ...]
    text: str

    @property
    def columns(self) -> list[str]:
        """Columns on the right, each once."""
        return list(
            dict.fromkeys([*self.fixed.columns, *(c for r in self.random for c in r.columns)])
        )


def parse_mixed(text: str, available: Sequence[str]) -> MixedFormula:
    """Parse a formula with random terms.

    Parameters
    ----------
    text
        ``"rate ~ score + (1 | authority)"``.
    available
        Columns of the table.

    Raises
    ------
    InputError
        No random term, one that cannot be read, an unknown column.

    Examples
    --------
    >>> found = parse_mixed("rate ~ score + (1 | area/school)", ["rate", "score", "area", "school"])
    >>> found.fixed.text, [r.name for r in found.random]
    ('rate ~ score', ['area', 'area:school'])
    """
    if not isinstance(text, str) or "~" not in text:
        _refuse(text, f'expected "outcome ~ term + {_EXAMPLE}"')
    outcome, right = text.split("~", 1)
    fixed, bars = _split(right, text)
    if not bars:
        _refuse(text, f"no random term; write one, such as {_EXAMPLE}, or use gf.lm")
    merged: dict[tuple[str, ...], list[tuple[tuple[Part, ...], ...]]] = {}
    for basis, group, independent in bars:
        parts = _basis(basis, outcome, available, independent=independent)
        for groups in _factors(group, available, text):
            merged.setdefault(groups, []).extend(parts)
    random = tuple(Random(groups, tuple(parts)) for groups, parts in merged.items())
    return MixedFormula(parse(f"{outcome.strip()} ~ {fixed}", available), random, text)


def without_fixed(text: str) -> str:
    """Return a formula with its random terms and an intercept only.

    Examples
    --------
    >>> without_fixed("rate ~ score + (1 + log(n) | area) + C(year)")
    'rate ~ 1 + (1 + log(n) | area)'
    """
    outcome, right = text.split("~", 1)
    _, bars = _split(right, text)
    terms = [f"({basis} {'||' if alone else '|'} {group})" for basis, group, alone in bars]
    return " + ".join([f"{outcome.strip()} ~ 1", *terms])


def _split(right: str, text: str) -> tuple[str, list[tuple[str, str, bool]]]:
    """The fixed part, and the (basis, group, independent) of every bracket with a bar."""
    kept: list[str] = []
    bars: list[tuple[str, str, bool]] = []
    at = 0
    while at < len(right):
        if right[at] != "(":
            kept.append(right[at])
            at += 1
            continue
        end = _closing(right, at, text)
        inside = right[at + 1 : end]
        if "|" in inside:
            halves = re.split(r"\|\|?", inside)
            if len(halves) != 2 or not all(h.strip() for h in halves):
                _refuse(text, f"({inside}) is not understood: write {_EXAMPLE} or (1 + x | group)")
            bars.append((halves[0].strip(), halves[1].strip(), "||" in inside))
        else:
            kept.append(right[at : end + 1])
        at = end + 1
    if "|" in "".join(kept):
        _refuse(text, f"put random terms in brackets: {_EXAMPLE}")
    # What a removed term leaves behind: signs that join nothing.
    fixed = re.sub(r"\+(\s*\+)+", "+", "".join(kept)).strip()
    fixed = fixed.strip("+").strip()
    return fixed or "1", bars


def _closing(right: str, start: int, text: str) -> int:
    depth = 0
    for at in range(start, len(right)):
        depth += {"(": 1, ")": -1}.get(right[at], 0)
        if depth == 0:
            return at
    return _refuse(text, "a bracket is not closed")


def _basis(
    basis: str, outcome: str, available: Sequence[str], *, independent: bool
) -> list[tuple[tuple[Part, ...], ...]]:
    """The parts of a basis: one, or with ``||`` one for each term."""
    terms = parse(f"{outcome.strip()} ~ {basis}", available).terms
    if not independent:
        return [terms]
    return [(term,) for term in terms]


def _factors(group: str, available: Sequence[str], text: str) -> list[tuple[str, ...]]:
    """The factors of ``a``, ``a:b`` or ``a/b``."""
    nested = [part.strip() for part in group.split("/")]
    found: list[tuple[str, ...]] = []
    for part in nested:
        names = tuple(name.strip().strip("`") for name in part.split(":"))
        for name in names:
            if name not in available:
                # parse knows how to say what is missing, with the nearest name.
                parse(f"{available[0]} ~ `{name}`", available)
        found.append((*found[-1], *names) if found else names)
    if not all(found) or any(len(set(names)) < len(names) for names in found):
        _refuse(text, f'grouping factor "{group}" names a column twice')
    return found


def _refuse(text: object, complaint: str) -> NoReturn:
    message = f"formula {text!r}: {complaint}"
    raise InputError(message, kind="option", column="formula", got=text)
