"""Formulas: the grammar is formulaic's, the coding of the columns our kernels'.

``"looked_after ~ domestic_abuse * substance_misuse + age_band + C(year) + log(income)"``: a name is a
column (text makes a factor, numbers stay numbers), ``C(x)`` makes any column a factor,
``C(x, Treatment("b"))`` with another reference level, ``I(x**2)``, ``log exp sqrt`` transform a number,
``a:b`` multiplies, ``a*b`` is ``a + b + a:b``, ``0 +`` leaves out the intercept.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

from gofal.errors import InputError

__all__ = ["Formula", "parse", "predictors"]

Part = tuple[str, str, str]
_CALLS = {"log": "log", "exp": "exp", "sqrt": "sqrt", "np.log": "log", "np.exp": "exp",
          "np.sqrt": "sqrt"}  # fmt: skip
_HELP = "write a name, C(name), log(name), exp(name), sqrt(name) or I(name**2)"


@dataclass(frozen=True)
class Formula:
    """A parsed formula.

    Attributes
    ----------
    outcome
        Column on the left.
    terms
        Per term its parts ``(column, coding, label)``; an empty term is the intercept.
    text
        The formula as written.
    """

    outcome: str
    terms: tuple[tuple[Part, ...], ...]
    text: str

    @property
    def columns(self) -> list[str]:
        """Columns on the right, each once, in order."""
        return list(dict.fromkeys(column for term in self.terms for column, _, _ in term))


def parse(text: str, available: Sequence[str]) -> Formula:
    """Parse a formula and check its names.

    Parameters
    ----------
    text
        The formula.
    available
        Columns of the table.

    Raises
    ------
    InputError
        A formula that cannot be read, a name that is not a column (the nearest is offered), a function
        that is not understood.

    Examples
    --------
    >>> parse("care ~ abuse * misuse", ["care", "abuse", "misuse"]).terms[3]
    (('abuse', 'auto', 'abuse'), ('misuse', 'auto', 'misuse'))
    """
    if not isinstance(text, str) or "~" not in text:
        _refuse(text, 'expected "outcome ~ term + term"')
    return _parsed(text, tuple(available))


@lru_cache(maxsize=256)
def _parsed(text: str, available: tuple[str, ...]) -> Formula:
    """The same formula of the same columns is read once: reading costs more than a small fit."""
    from formulaic.errors import FormulaicError
    from formulaic.parser import DefaultFormulaParser

    try:
        sides: Any = DefaultFormulaParser().get_terms(text)
    except (FormulaicError, SyntaxError) as error:
        plain = str(error).split("\n")[0]
        hint = "; random terms (1 | group) belong to gf.lmm and gf.glmm" if "|" in text else ""
        _refuse(text, plain + hint)
    left = [str(term) for term in sides.lhs]
    if len(left) != 1:
        _refuse(text, "expected one outcome on the left")
    outcome = left[0].strip("`")
    _known(outcome, available, text)
    terms = [tuple(part for f in term.factors if (part := _part(f.expr, available, text)) is not None)
             for term in sides.rhs]  # fmt: skip
    # By order of interaction, as R has it: formulaic's parser leaves them as written.
    terms.sort(key=len)
    return Formula(outcome, tuple(terms), text)


def predictors(outcome: str, columns: Sequence[str]) -> Formula:
    """Return the formula with an intercept and these columns."""
    terms: list[tuple[Part, ...]] = [(), *(((name, "auto", name),) for name in columns)]
    return Formula(outcome, tuple(terms), f"{outcome} ~ {' + '.join(columns) or '1'}")


def _part(expression: str, available: Sequence[str], text: str) -> Part | None:
    """One factor of a term; None for the 1 of the intercept."""
    if expression == "1":
        return None
    name = expression.strip("`")
    if name in available:
        return name, "auto", name
    try:
        node = ast.parse(expression.replace("`", ""), mode="eval").body
    except SyntaxError:
        _refuse(text, f"{expression!r} is not understood: {_HELP}")
    if isinstance(node, ast.Name):
        _known(node.id, available, text)
    if not isinstance(node, ast.Call):
        _refuse(text, f"{expression!r} is not understood: {_HELP}; or compute the column first")
    function = ast.unparse(node.func)
    if function == "C":
        return _factor(node, expression, available, text)
    if function == "I" and len(node.args) == 1:
        return _power(node.args[0], expression, available, text)
    if function in _CALLS and len(node.args) == 1 and isinstance(node.args[0], ast.Name):
        column = node.args[0].id
        _known(column, available, text)
        return column, _CALLS[function], f"{_CALLS[function]}({column})"
    return _refuse(text, f"{expression!r} is not understood: {_HELP}; or compute the column first")


def _factor(node: ast.Call, expression: str, available: Sequence[str], text: str) -> Part:
    if not node.args or not isinstance(node.args[0], ast.Name):
        _refuse(text, f"{expression!r}: expected C(name)")
    column = node.args[0].id
    _known(column, available, text)
    wanted = [*node.args[1:], *(k.value for k in node.keywords)]
    if not wanted:
        return column, "factor", column
    level = wanted[0]
    if isinstance(level, ast.Call) and ast.unparse(level.func) == "Treatment":
        inner = [*level.args, *(k.value for k in level.keywords)]
        level = inner[0] if inner else level
    if not isinstance(level, ast.Constant):
        _refuse(text, f'{expression!r}: expected C(name, Treatment("level"))')
    return column, f"factor:{level.value!s}", column


def _power(node: ast.expr, expression: str, available: Sequence[str], text: str) -> Part:
    power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.BitXor)
    if (
        power
        and isinstance(node, ast.BinOp)
        and isinstance(node.left, ast.Name)
        and isinstance(node.right, ast.Constant)
    ):
        _known(node.left.id, available, text)
        k = node.right.value
        if isinstance(k, int | float):
            return node.left.id, f"power:{k}", f"I({node.left.id}^{k})"
    if isinstance(node, ast.Name):
        _known(node.id, available, text)
        return node.id, "number", node.id
    return _refuse(text, f"{expression!r} is not understood: {_HELP}; or compute the column first")


def _known(name: str, available: Sequence[str], text: str) -> None:
    if name in available:
        return
    near = difflib.get_close_matches(name, available, n=1)
    hint = f' (did you mean "{near[0]}"?)' if near else ""
    message = (
        f'formula "{text}": no column named "{name}"{hint}; the table has: {", ".join(available)}'
    )
    raise InputError(
        message, kind="unknown_column", column=name, nearest=near[0] if near else None,
        available=list(available),
    )  # fmt: skip


def _refuse(text: object, complaint: str) -> NoReturn:
    message = f"formula {text!r}: {complaint}"
    raise InputError(message, kind="option", column="formula", got=text)
