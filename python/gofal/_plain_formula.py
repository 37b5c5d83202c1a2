"""Plain formulas read here: names, ``f(name)``, ``+ * :``, brackets and the intercept.

Importing formulaic costs seconds of a first call, so what most formulas are made of is read without it, to the same
terms in the same order (a test compares the two). Anything else is left to it: None.
"""

from __future__ import annotations

import re
from itertools import pairwise

__all__ = ["plain_terms"]

Term = tuple[str, ...]
_TOKEN = re.compile(r"\s*([^\W\d]\w*\([^\W\d]\w*\)|[^\W\d]\w*|[01]|[-+*:()])")
_NAME = re.compile(r"[^\W\d]\w*\Z")


class _Other(Exception):  # noqa: N818 (not an error: the formula is another's to read)
    """Not a plain formula."""


def plain_terms(text: str) -> tuple[str, list[Term]] | None:
    """Return the outcome and the factors of each term (an empty term is the intercept).

    Examples
    --------
    >>> plain_terms("y ~ a * C(b)")
    ('y', [(), ('a',), ('C(b)',), ('a', 'C(b)')])
    """
    sides = text.split("~")
    if len(sides) != 2 or not _NAME.match(outcome := sides[0].strip()):
        return None
    try:
        tokens = _tokens(sides[1])
        terms, intercept = _sum(tokens, outer=True)
    except _Other:
        return None
    # `yield` and its like are names to us and mistakes to formulaic: it says so better.
    return None if tokens else (outcome, [*([()] if intercept else []), *terms])


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    at, text = 0, text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _Other
        found.append(match.group(1))
        at = match.end()
    # A word right before a bracket is a function of more than one name.
    if any(_NAME.match(a) and b == "(" for a, b in pairwise(found)):
        raise _Other
    return found[::-1]


def _sum(tokens: list[str], *, outer: bool) -> tuple[list[Term], bool]:
    """Terms joined by plus, and whether there is an intercept; the tokens read are taken off."""
    terms: list[Term] = []
    intercept, said, sign = True, False, "+"
    while True:
        if tokens and tokens[-1] in "01":
            # A numeral inside brackets or said twice has rules of its own.
            if not outer or said:
                raise _Other
            said, intercept = True, (tokens.pop() == "1") == (sign == "+")
        elif sign == "-":
            raise _Other
        else:
            terms += [t for t in _product(tokens) if not _among(t, terms)]
        if not tokens or tokens[-1] not in "+-":
            return terms, intercept
        sign = tokens.pop()


def _product(tokens: list[str]) -> list[Term]:
    left = _interaction(tokens)
    while tokens and tokens[-1] == "*":
        tokens.pop()
        right = _interaction(tokens)
        both = [_joined(a, b) for a in left for b in right]
        left = _distinct([*left, *right, *both])
    return left


def _interaction(tokens: list[str]) -> list[Term]:
    left = _atom(tokens)
    while tokens and tokens[-1] == ":":
        tokens.pop()
        right = _atom(tokens)
        left = _distinct([_joined(a, b) for a in left for b in right])
    return left


def _atom(tokens: list[str]) -> list[Term]:
    token = tokens.pop() if tokens else ""
    if token == "(":
        terms, _ = _sum(tokens, outer=False)
        if not tokens or tokens.pop() != ")":
            raise _Other
        return terms
    if not token or token in "01-+*:)":
        raise _Other
    return [(token,)]


def _joined(a: Term, b: Term) -> Term:
    return (*a, *(factor for factor in b if factor not in a))


def _distinct(terms: list[Term]) -> list[Term]:
    return [term for i, term in enumerate(terms) if not _among(term, terms[:i])]


def _among(term: Term, terms: list[Term]) -> bool:
    return any(set(term) == set(other) for other in terms)
