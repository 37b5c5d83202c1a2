"""Weights are types, because "weights" alone has three meanings that give three standard errors.

| kind | a row with weight w | the sum of weights is |
| --- | --- | --- |
| `frequency` | stands for w identical rows | the number of observations |
| `analytic` | is a mean with variance σ²/w | scale-free; rescaling changes nothing |
| `probability` | was drawn with probability ∝ 1/w | the size of the population |

The population of an area is an *analytic* weight when areas are the units of study: twice the
children make a rate more precise, not twice the areas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn

__all__ = ["Weight", "WeightKind", "analytic", "frequency", "probability", "weight_of"]

WeightKind = Literal["frequency", "analytic", "probability"]


@dataclass(frozen=True, slots=True)
class Weight:
    """A column of weights together with what the weights mean.

    Parameters
    ----------
    column
        Name of the column.
    kind
        What the numbers in it mean.
    """

    column: str
    kind: WeightKind

    def __post_init__(self) -> None:
        """Refuse anything but the name of a column."""
        if not isinstance(self.column, str) or not self.column:
            _refuse(f"{self.kind} weights: expected the name of a column; got {self.column!r}")

    def __repr__(self) -> str:
        """Return the call that makes this weight."""
        return f'gf.{self.kind}("{self.column}")'

    def to_json(self) -> dict[str, str]:
        """Return the weight as plain data."""
        return {"weight": self.kind, "column": self.column}


def frequency(column: str) -> Weight:
    """Return weights that count identical rows (whole numbers, repeats).

    Parameters
    ----------
    column
        Name of the column of counts.

    Examples
    --------
    >>> frequency("n")
    gf.frequency("n")
    """
    return Weight(column, "frequency")


def analytic(column: str) -> Weight:
    """Return weights that give the precision of a row, such as the population of an area.

    Parameters
    ----------
    column
        Name of the column; only the ratios between rows matter.
    """
    return Weight(column, "analytic")


def probability(column: str) -> Weight:
    """Return weights that are inverse sampling probabilities.

    Parameters
    ----------
    column
        Name of the column of survey weights.
    """
    return Weight(column, "probability")


def weight_of(
    value: object,
    *,
    argument: str = "weight",
    allowed: tuple[WeightKind, ...] = ("frequency", "analytic", "probability"),
) -> Weight | None:
    """Check the weight handed to a method.

    Parameters
    ----------
    value
        A `Weight` or None.
    argument
        Name of the argument, for the message.
    allowed
        Kinds the method has a variance for.

    Returns
    -------
    Weight or None
        The value itself.

    Raises
    ------
    InputError
        For a bare string (the message says what to write), another type, or a kind not allowed.
    """
    choices = " or ".join(f'gf.{kind}("{_column(value)}")' for kind in allowed)
    if value is None:
        return None
    if isinstance(value, str):
        _refuse(
            f"{argument}: the name of a column does not say what the weights mean; write {choices}"
        )
    if not isinstance(value, Weight):
        _refuse(f"{argument}: expected {choices}; got {type(value).__name__}")
    if value.kind not in allowed:
        _refuse(f"{argument}: {value!r} has no meaning here; write {choices}")
    return value


def _column(value: object) -> str:
    if isinstance(value, str):
        return value
    return value.column if isinstance(value, Weight) else "population"


def _refuse(message: str) -> NoReturn:
    from gofal.errors import InputError

    raise InputError(message)
