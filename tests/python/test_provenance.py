"""Provenance: enough to compute a result again."""

from __future__ import annotations

import math
import pickle

import pytest

import gofal as gf
from gofal import errors
from gofal.results import Provenance

InputError = errors.InputError


def test_provenance_gives_the_call_back() -> None:
    made = Provenance(
        function="slope_index",
        arguments={
            "rate": "rate",
            "weight": gf.analytic("population"),
            "conf_level": 0.9,
            "by": ["year", "sex"],
            "labels": {"a": "â"},
            "seed": None,
        },
        seed=7,
    )
    call = made.call_text()
    assert call == (
        'gf.slope_index(table, rate="rate", weight=gf.analytic("population"), conf_level=0.9, '
        'by=["year", "sex"], labels={"a": "â"}, seed=None)'
    )
    plain = made.to_json()
    assert plain["arguments"]["weight"] == {"weight": "analytic", "column": "population"}
    assert plain["arguments"]["labels"] == {"a": "â"}
    assert plain["version"] == gf.__version__
    assert pickle.loads(pickle.dumps(made)) == made
    assert hash(made) == hash(pickle.loads(pickle.dumps(made)))
    assert made.argument("by") == ("year", "sex")
    assert Provenance(function="data.load", arguments={"id": "a"}, subject="").call_text() == (
        'gf.data.load(id="a")'
    )


def test_provenance_refuses_what_cannot_be_written_down() -> None:
    for bad in (object(), math.nan, {"a": {1, 2}}, [math.inf]):
        with pytest.raises(InputError, match=r"arguments\.x"):
            Provenance(function="f", arguments={"x": bad})
