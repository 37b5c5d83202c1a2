"""A number that does not exist, with the reason: never a silent NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from gofal.language import phrase, word
from gofal.typing import Lang

__all__ = ["NotAvailable"]


@dataclass(frozen=True, slots=True, repr=False)
class NotAvailable:
    """What stands where a value cannot be computed.

    It is false, prints its reason, and refuses arithmetic and ordering, so that it cannot turn
    into a number on the way to a table.

    Parameters
    ----------
    reason
        Why there is no value.

    Examples
    --------
    >>> nothing = NotAvailable("fewer than three areas")
    >>> bool(nothing), nothing
    (False, not available: fewer than three areas)
    """

    reason: str

    def __bool__(self) -> bool:
        """Return False, so that ``value or fallback`` reads well."""
        return False

    def say(self, lang: Lang | None = None) -> str:
        """Return the sentence for people."""
        return f"{phrase('not_available', lang)}: {word(self.reason, lang)}"

    def __repr__(self) -> str:
        """Return the sentence in English, the same under any option."""
        return self.say("en")

    def __str__(self) -> str:
        """Return the sentence in the language of the options."""
        return self.say()

    def to_json(self) -> dict[str, str]:
        """Return the reason as plain data."""
        return {"not_available": self.reason}

    def _refuse(self, *_: object) -> NoReturn:
        from gofal.errors import InputError

        raise InputError(f"a value that is not available cannot be used: {self.reason}")

    __float__ = __int__ = __index__ = __complex__ = __round__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse
    __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = _refuse
