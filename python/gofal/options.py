"""Options that hold for a whole session or for one block.

``set_options(lang="cy")`` changes the session; ``with options(lang="cy"):`` changes a block, and
only for the thread and the asyncio task that entered it. ``get_options()`` reads the sum of both.
"""

from __future__ import annotations

import threading
from contextlib import ContextDecorator
from contextvars import ContextVar
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, NoReturn

from gofal.typing import FRAME_KINDS, LANGS, FrameKind, Lang

__all__ = ["Options", "get_options", "options", "set_options"]


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _member(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        _refuse(name, value, "one of " + ", ".join(allowed))


def _refuse(name: str, value: object, expected: str) -> NoReturn:
    from gofal.errors import InputError

    raise InputError(f"{name}: expected {expected}; got {value!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options in force.

    | option | default | why |
    | --- | --- | --- |
    | ``lang`` | ``"en"`` | labels, notes and figures; ``"cy"`` is Welsh |
    | ``frame`` | ``"auto"`` | tables come back in the kind they came in |
    | ``threads`` | ``0`` | every core; the numbers are the same at any count |
    | ``progress`` | ``"auto"`` | a bar in a terminal or notebook, after half a second |
    | ``digits`` | ``None`` | each column's own digits; a number overrides estimates |
    | ``conf_level`` | ``0.95`` | the field's convention |
    """

    lang: Lang = "en"
    frame: FrameKind = "auto"
    threads: int = 0
    progress: Literal["auto"] | bool = "auto"
    digits: int | None = None
    conf_level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse a value that no function could honour."""
        _member("lang", self.lang, LANGS)
        _member("frame", self.frame, FRAME_KINDS)
        if self.progress != "auto" and not isinstance(self.progress, bool):
            _refuse("progress", self.progress, '"auto", True or False')
        if not _is_count(self.threads):
            _refuse("threads", self.threads, "a whole number, 0 for every core")
        if self.digits is not None and not (_is_count(self.digits) and self.digits <= 17):
            _refuse("digits", self.digits, "None or a whole number from 0 to 17")
        level = self.conf_level
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0 < level < 1:
            _refuse("conf_level", level, "a number between 0 and 1, such as 0.95")


NAMES = tuple(field.name for field in fields(Options))

_session = Options()
_session_lock = threading.Lock()
# The changes of each block entered here, outermost first.
_blocks: ContextVar[tuple[dict[str, Any], ...]] = ContextVar("gofal_options", default=())


def get_options() -> Options:
    """Return the options in force here: the session's, changed by the blocks entered.

    Examples
    --------
    >>> get_options().conf_level
    0.95
    """
    changes: dict[str, Any] = {}
    for block in _blocks.get():
        changes.update(block)
    return replace(_session, **changes) if changes else _session


def set_options(**changes: Any) -> Options:
    """Change options for the whole session, in every thread, and return them.

    Parameters
    ----------
    **changes
        Fields of `Options`: ``lang``, ``frame``, ``threads``, ``progress``, ``digits``,
        ``conf_level``.

    Raises
    ------
    InputError
        For an unknown option or a value it cannot take.
    """
    global _session
    _known(changes)
    with _session_lock:
        _session = replace(_session, **changes)
    return _session


class options(ContextDecorator):  # noqa: N801 (reads as a statement: `with gf.options(...)`)
    """Change options inside a ``with`` block, or around a function as a decorator.

    Parameters
    ----------
    **changes
        Fields of `Options`.

    Examples
    --------
    >>> with options(lang="cy"):
    ...     get_options().lang
    'cy'
    >>> get_options().lang
    'en'
    """

    def __init__(self, **changes: Any) -> None:
        _known(changes)
        replace(Options(), **changes)  # refuse a bad value here, not at the block's first use
        self._changes = changes

    def __enter__(self) -> Options:
        """Enter the block and return the options in force in it."""
        _blocks.set((*_blocks.get(), self._changes))
        return get_options()

    def __exit__(self, *exc: object) -> None:
        """Leave the block."""
        _blocks.set(_blocks.get()[:-1])


def _known(changes: dict[str, Any]) -> None:
    for name in changes:
        _member("option", name, NAMES)
