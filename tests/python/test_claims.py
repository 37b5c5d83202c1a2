"""Claims: a published number beside a computed one."""

from __future__ import annotations

import json
import math
import pickle
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gofal as gf
from gofal import errors
from gofal.results import Provenance, Result

InputError = errors.InputError


def check(published: Any, computed: Any, **changes: Any) -> gf.Claim:
    given = {"id": "r-2003", "text_en": "r in 2003", "text_cy": "r yn 2003", "source": "WCPP 2019"}
    return gf.Claim.check(published, computed, **{**given, **changes})


@pytest.mark.parametrize(
    ("published", "computed", "rule", "verdict", "matched", "rounding"),
    [
        ("0.45", 0.4478, None, "reproduced", "both", "0.01"),
        ("0.45", 0.4449, None, "differs", "none", "0.01"),
        ("0.14", 0.145, None, "reproduced", "half-even", "0.01"),
        ("0.15", 0.145, None, "reproduced", "half-up", "0.01"),
        ("0.15", 0.14499999999999996, None, "reproduced", "half-up", "0.01"),
        ("0.15", 0.1449, None, "differs", "none", "0.01"),
        ("-0.07", -0.0651, None, "reproduced", "both", "0.01"),
        ("\N{MINUS SIGN}0.07", -0.0651, None, "reproduced", "both", "0.01"),
        ("6,407", 6407.2, None, "reproduced", "both", "integer"),
        ("647", 646, None, "differs", "none", "integer"),
        ("+93.2%", 93.16, None, "reproduced", "both", "0.1"),
        ("£1,234", 1233.6, "integer", "reproduced", "both", "integer"),
        ("7,320", 7318, "10", "reproduced", "both", "10"),
        ("7,320", 7326, "10", "differs", "none", "10"),
        ("0.50", 0.504, None, "reproduced", "both", "0.01"),
        ("0.5", 0.504, None, "reproduced", "both", "0.1"),
        ("0.50", 0.51, None, "differs", "none", "0.01"),
        (0.2006, 0.20061, "0.0001", "reproduced", "both", "0.0001"),
        ("22", 22, "exact", "reproduced", "exact", "exact"),
        ("22", 22.0000001, "exact", "differs", "none", "exact"),
        ("0.45", 0.46, (0.44, 0.46), "reproduced", "interval", "[0.44, 0.46]"),
        ("0.45", 0.47, (0.44, 0.46), "differs", "none", "[0.44, 0.46]"),
    ],
)
def test_the_rounding_rule(
    published: Any, computed: float, rule: Any, verdict: str, matched: str, rounding: str
) -> None:
    claim = check(published, computed, rounding=rule)
    assert (claim.verdict, claim.matched, claim.rounding) == (verdict, matched, rounding)


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_that_is_printed_is_reproduced_and_its_neighbours_are_not(
    value: float, decimals: int
) -> None:
    step = Decimal(1).scaleb(-decimals)
    printed = Decimal(f"{value:.12g}").quantize(step, ROUND_HALF_UP)
    assert check(f"{printed:,}", value).verdict == "reproduced"
    for wrong in (printed - 2 * step, printed + 2 * step):
        assert check(str(wrong), value).verdict == "differs"


def test_a_difference_may_be_the_finding() -> None:
    assert check("7,320", 7210, finding=True).verdict == "finding"
    assert check("7,210", 7210, finding=True).verdict == "reproduced"


def test_what_is_not_available_is_not_compared() -> None:
    claim = check("0.45", gf.NotAvailable("year not published"))
    assert claim.verdict == "not_available"
    data = json.loads(claim.to_json())
    assert data["computed"] is None
    assert data["reason"] == "year not published"
    assert "ddim ar gael" in claim.say("cy")


def test_json_is_stable_and_complete() -> None:
    claim = check("56%", 0.5642, scale=100.0)
    assert claim.to_json() == check("56%", 0.5642, scale=100.0).to_json()
    assert json.loads(claim.to_json()) == {
        "id": "r-2003",
        "text_en": "r in 2003",
        "text_cy": "r yn 2003",
        "published": "56%",
        "computed": 56.42,
        "reason": None,
        "rounding": "integer",
        "matched": "both",
        "source": "WCPP 2019",
        "verdict": "reproduced",
    }
    assert pickle.loads(pickle.dumps(claim)) == claim
    assert claim.text("cy") == "r yn 2003"
    assert claim.say("en") == "r-2003: 56% / 56.4200: reproduced"


@pytest.mark.parametrize(
    ("published", "computed", "changes", "complaint"),
    [
        ("about half", 0.5, {}, "published"),
        ("", 0.5, {}, "published"),
        ("nan", 0.5, {}, "published"),
        ("0.5", math.nan, {}, "computed"),
        ("0.5", math.inf, {}, "computed"),
        ("0.5", 0.5, {"rounding": "two"}, "rounding"),
        ("0.5", 0.5, {"rounding": "0"}, "rounding"),
        ("0.5", 0.5, {"rounding": "-0.1"}, "rounding"),
        ("0.5", 0.5, {"rounding": (1.0, 0.0)}, "rounding"),
    ],
)
def test_a_claim_that_cannot_be_checked_is_refused(
    published: str, computed: float, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        check(published, computed, **changes)


def test_a_claim_cannot_contradict_itself() -> None:
    given = {
        "id": "a",
        "text_en": "a",
        "text_cy": "a",
        "published": "1",
        "rounding": "integer",
        "source": "s",
    }
    with pytest.raises(InputError, match="verdict"):
        gf.Claim(computed=1.0, verdict="not_available", **given)
    with pytest.raises(InputError, match="verdict"):
        gf.Claim(computed=1.0, verdict="fine", **given)  # type: ignore[arg-type]


def test_a_result_claims_one_of_its_numbers() -> None:
    result = Result.build(
        tidy={
            "y": ["rate", "flat"],
            "estimate": [0.4479, None],
            "reason": [None, "value is missing"],
        },
        glance={"n_obs": 22},
        provenance=Provenance(function="correlate", n_obs=22),
    )
    words = {"id": "r", "text_en": "r", "text_cy": "r", "source": "WCPP 2019"}
    assert result.claim("0.45", where={"y": "rate"}, **words).verdict == "reproduced"
    assert result.claim("0.45", where={"y": "flat"}, **words).verdict == "not_available"
    assert result.claim("0.44", where={"y": "rate"}, **words).verdict == "differs"
