"""Small checks of arguments, each with an error that says what would do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TypeVar

from gofal.errors import InputError

__all__ = ["count", "level", "names", "one_of", "some_of"]

T = TypeVar("T", bound=str)


def one_of(option: str, value: object, allowed: Sequence[T]) -> T:
    """``value`` if it is one of ``allowed``; the nearest spelling is offered otherwise."""
    for word in allowed:
        if value == word:
            return word
    near = difflib.get_close_matches(str(value), allowed, n=1)
    hint = f" (did you mean {near[0]!r}?)" if near else ""
    message = f"{option}={value!r}{hint}; expected one of {', '.join(map(repr, allowed))}"
    raise InputError(
        message, kind="option", column=option, expected=list(allowed), got=value,
        nearest=near[0] if near else None,
    )  # fmt: skip


def some_of(option: str, value: str | Iterable[str], allowed: Sequence[T]) -> list[T]:
    """Each of ``value`` (one word or several) checked by :func:`one_of`."""
    return [one_of(option, word, allowed) for word in names(option, value)]


def level(option: str, value: float) -> float:
    """A confidence level strictly between 0 and 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
        hint = f"; for {value} per cent write {value / 100}" if _is_percent(value) else ""
        message = f"{option}={value!r}; expected a number between 0 and 1{hint}"
        raise InputError(message, kind="option", column=option, expected="0 < level < 1", got=value)
    return float(value)


def _is_percent(value: object) -> bool:
    return isinstance(value, int | float) and 1 < value < 100


def count(option: str, value: int, minimum: int) -> int:
    """A whole number of at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum:
        message = f"{option}={value!r}; expected a whole number of at least {minimum}"
        raise InputError(message, kind="option", column=option, expected=minimum, got=value)
    return value


def names(option: str, value: str | Iterable[str]) -> list[str]:
    """One column name or several, as a list without repeats."""
    listed = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(name, str) for name in listed):
        message = f"{option}={value!r}; expected a column name or a list of them"
        raise InputError(message, kind="option", column=option, expected="names", got=value)
    repeated = sorted({name for name in listed if listed.count(name) > 1})
    if repeated:
        message = f"{option}: {repeated} named more than once"
        raise InputError(message, kind="option", column=option, expected="each once", got=repeated)
    return listed
