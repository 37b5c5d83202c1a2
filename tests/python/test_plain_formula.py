"""The formulas that gofal reads itself are read as formulaic reads them; the rest is left to it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gofal._plain_formula import plain_terms
from gofal.formula import _by_formulaic, parse

names = st.sampled_from(["a", "b_2", "ŵ", "C(a)", "log(b_2)", "d"])
sides = st.recursive(
    names,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" + ", "*", " : "]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=7,
)
intercepts = st.sampled_from(["{}", "0 + {}", "{} - 1", "1 + {}", "{} + 0", "{} + 1"])


def sorted_terms(found: tuple[str, list[tuple[str, ...]]]) -> tuple[str, list[frozenset[str]]]:
    """As `parse` uses them: "1" and the empty term are the intercept; by order of interaction."""
    outcome, terms = found
    plain = [tuple(e for e in term if e != "1") for term in terms]
    return outcome, [frozenset(term) for term in sorted(plain, key=len)]


@settings(deadline=None, max_examples=300)
@given(side=sides, intercept=intercepts)
@example(side="a*b_2*d", intercept="{}")
@example(side="(a + d)*(b_2 + C(a))", intercept="{} - 1")
@example(side="a : a + a", intercept="{}")
@example(side="a : (a*b_2)", intercept="{}")
def test_plain_formulas_have_the_terms_of_formulaic(side: str, intercept: str) -> None:
    text = f"y ~ {intercept.format(side)}"
    found = plain_terms(text)
    assert found is not None
    assert sorted_terms(found) == sorted_terms(_by_formulaic(text))


@pytest.mark.parametrize(
    "text",
    ["y ~ I(a**2)", "y ~ a / b", "y ~ a ** 2", "y ~ `a b`", "log(y) ~ a", "y ~ a - b", "y ~ .", "y ~ a ~ b",
     "y ~ C(a, Treatment('x'))", "y ~ (a + 1) * b", "y ~ 0 + 0 + a", "y ~ a b", "y ~ a +", "y ~ (a", "y ~ 2*a",
     "y ~ f (a)", "y ~ (1 | a)", "y ~ "],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_formulaic(text: str) -> None:
    assert plain_terms(text) is None


def test_a_plain_formula_does_not_import_formulaic() -> None:
    code = (
        "import sys; from gofal.formula import parse; parse('y ~ a*b + C(c)', ['y', 'a', 'b', 'c']);"
        "print('formulaic' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_terms_come_by_order_of_interaction() -> None:
    terms = parse("y ~ a*b*c", ["y", "a", "b", "c"]).terms
    assert [len(term) for term in terms] == [0, 1, 1, 1, 2, 2, 2, 3]
