"""The exceptions of gofal: one tree, with attributes a program can act on.

``GofalError`` → ``InputError`` (a ``ValueError``), ``NumericalError``, ``SeparationError``,
``ConvergenceError``, ``DisclosureError``, ``InternalError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "ConvergenceError",
    "DisclosureError",
    "GofalError",
    "InputError",
    "InternalError",
    "NumericalError",
    "SeparationError",
]

_FIELDS = ("kind", "column", "columns", "rows", "n", "expected", "got", "nearest", "available")


class GofalError(Exception):
    """Base of every exception that gofal raises.

    Parameters
    ----------
    message
        What went wrong, what was expected and what to do.
    **fields
        ``kind``, ``column``, ``columns``, ``rows`` (0-based, the first ten), ``n`` (how many rows),
        ``expected``, ``got``, ``nearest`` (closest name), ``available``; ``None`` where they do not
        apply.
    """

    kind: str | None
    column: str | None
    columns: list[str] | None
    rows: list[int] | None
    n: int | None
    expected: Any
    got: Any
    nearest: str | None
    available: list[str] | None

    def __init__(self, message: str, **fields: Any) -> None:
        unknown = set(fields) - set(_FIELDS)
        if unknown:
            msg = f"unknown error fields: {sorted(unknown)}"
            raise TypeError(msg)
        super().__init__(message)
        for name in _FIELDS:
            setattr(self, name, fields.get(name))

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in _FIELDS}
        return (_rebuild, (type(self), str(self), fields))


def _rebuild(cls: type[GofalError], message: str, fields: Mapping[str, Any]) -> GofalError:
    return cls(message, **fields)


class InputError(GofalError, ValueError):
    """The data or an option cannot be used as given."""


class NumericalError(GofalError, ArithmeticError):
    """A quantity does not exist for these data (aliased columns, 0/0, a matrix not definite)."""


class SeparationError(NumericalError):
    """A pattern of the covariates predicts the outcome perfectly."""


class ConvergenceError(NumericalError):
    """An iteration stopped before it met its tolerance."""


class DisclosureError(GofalError):
    """A figure would disclose a small number of children."""


class InternalError(GofalError):
    """A defect of gofal itself; please report it."""


_CLASSES: dict[str, type[BaseException]] = {
    "unknown_column": InputError,
    "wrong_type": InputError,
    "values": InputError,
    "duplicate": InputError,
    "constant": InputError,
    "too_few": InputError,
    "length": InputError,
    "empty": InputError,
    "file": InputError,
    "option": InputError,
    "aliased": NumericalError,
    "not_positive_definite": NumericalError,
    "undefined": NumericalError,
    "no_convergence": ConvergenceError,
    "separation": SeparationError,
    "interrupted": KeyboardInterrupt,
    "internal": InternalError,
}


def _from_core(kind: str, message: str, fields: Mapping[str, Any]) -> BaseException:
    """Build the exception for an error of the Rust core (called by the extension module)."""
    cls = _CLASSES[kind]
    if not issubclass(cls, GofalError):
        return cls(message)
    return cls(message, kind=kind, **fields)
