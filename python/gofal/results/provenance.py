"""Where a result comes from: enough to compute it again."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Pairs", "Provenance"]

Json: TypeAlias = Any


class Pairs(tuple[tuple[str, Any], ...]):
    """A mapping that cannot change: pairs in the order given."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The call, the data and the counts behind a result.

    Parameters
    ----------
    function
        Public name of the function, such as ``"correlate"`` or ``"data.load"``.
    arguments
        What it was called with, in the order of its signature, the table left out. Numbers,
        strings, booleans, None, weights, and lists and mappings of them. Leave out arguments at
        their default, and those that cannot change the numbers (threads, progress).
    data_id
        Identifier of the content of the table.
    n_obs, n_missing
        Rows used, and rows dropped for nulls.
    seed
        Seed of the random streams; None where nothing is drawn.
    version
        Version of gofal.
    synthetic
        Whether the data were simulated.
    subject
        How the call names what it was given; empty for a call without a table.

    Examples
    --------
    >>> p = Provenance(function="correlate", arguments={"x": "wimd", "y": ["rate"]}, n_obs=22)
    >>> p.call_text()
    'gf.correlate(table, x="wimd", y=["rate"])'
    """

    function: str
    arguments: Any = ()
    data_id: str = ""
    n_obs: int | None = None
    n_missing: int | None = None
    seed: int | None = None
    version: str = ""
    synthetic: bool = False
    subject: str = "table"

    def __post_init__(self) -> None:
        """Freeze the arguments and fill in the version."""
        pairs = self.arguments.items() if isinstance(self.arguments, Mapping) else self.arguments
        object.__setattr__(self, "arguments", _freeze_pairs(pairs, "arguments"))
        if not self.version:
            from gofal._core import __version__

            object.__setattr__(self, "version", __version__)

    def argument(self, name: str, default: Any = None) -> Any:
        """Return one argument of the call, frozen, or the default when it was not given."""
        return dict(self.arguments).get(name, default)

    def call_text(self) -> str:
        """Return the call as it can be typed again."""
        given = [self.subject] if self.subject else []
        given += [f"{name}={_source(value)}" for name, value in self.arguments]
        return f"gf.{self.function}({', '.join(given)})"

    def to_json(self) -> dict[str, Json]:
        """Return the provenance as plain data, keys in a fixed order."""
        return {
            "function": self.function,
            "arguments": _plain(self.arguments),
            "call": self.call_text(),
            "data_id": self.data_id,
            "n_obs": self.n_obs,
            "n_missing": self.n_missing,
            "seed": self.seed,
            "version": self.version,
            "synthetic": self.synthetic,
        }


def _freeze_pairs(pairs: Iterable[Any], place: str) -> Pairs:
    return Pairs((str(name), _freeze(value, f"{place}.{name}")) for name, value in pairs)


def _freeze(value: Any, place: str) -> Any:
    """Return a value that cannot change and that JSON can say, or refuse."""
    if isinstance(value, float) and not math.isfinite(value):
        return _refuse(value, place)  # JSON has no word for it
    if value is None or isinstance(value, bool | int | float | str) or hasattr(value, "to_json"):
        return value
    if isinstance(value, Pairs):
        return value
    if isinstance(value, Mapping):
        return _freeze_pairs(value.items(), place)
    if isinstance(value, list | tuple):
        return tuple(_freeze(item, place) for item in value)
    return _refuse(value, place)


def _refuse(value: Any, place: str) -> Any:
    from gofal.errors import InputError

    raise InputError(f"{place}: {value!r} cannot be written down and read again")


def _plain(value: Any) -> Json:
    if isinstance(value, Pairs):
        return {name: _plain(item) for name, item in value}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.to_json() if hasattr(value, "to_json") else value


def _source(value: Any) -> str:
    """Return Python source of a frozen value, strings in double quotes as the house writes."""
    if isinstance(value, Pairs):
        return "{" + ", ".join(f"{_source(k)}: {_source(v)}" for k, v in value) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_source, value)) + "]"
    if isinstance(value, Provenance):
        return value.call_text()  # a result among the arguments
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
