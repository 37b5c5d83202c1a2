"""Results: the glossary is law, values are frozen, and nothing is silently NaN."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal import errors
from gofal.language import Text
from gofal.results import Provenance, Result
from gofal.results.columns import FORMATS, GLOSSARY, column
from gofal.results.labels import LABELS

GofalError = errors.GofalError
InputError = errors.InputError


class Correlation(Result):
    _title = Text("Correlation", "Cydberthyniad")
    _notes = (Text("Areas, not children", "Ardaloedd, nid plant"),)
    _formats = {"estimate": "fixed3"}  # noqa: RUF012


class Shares(Result):
    def _prove(self) -> None:
        total = sum(self.to_arrow()["share"].to_pylist())
        if abs(total - 1) > 1e-12:
            raise GofalError(f"shares sum to {total}")


def provenance(**changes: Any) -> Provenance:
    given = {"function": "correlate", "arguments": {"x": "wimd", "y": ["rate", "flat"]}}
    return Provenance(**{**given, "n_obs": 22, "n_missing": 1, "data_id": "abc", **changes})


TIDY: dict[str, Any] = {
    "x": ["wimd", "wimd"],
    "y": ["rate", "flat"],
    "method": ["pearson", "pearson"],
    "estimate": [0.4479, None],
    "conf_low": [0.0325, None],
    "conf_high": [0.7294, None],
    "conf_level": [0.95, None],
    "p_value": [0.00004, None],
    "reason": [None, "value is missing"],
}


def make(cls: type[Result] = Correlation, **changes: Any) -> Any:
    given = {"tidy": TIDY, "glance": {"n_obs": 22}, "provenance": provenance()}
    return cls.build(**{**given, **changes})


def tidy_with(**columns: Any) -> dict[str, Any]:
    return {**TIDY, **columns}


# The glossary.


def test_every_column_has_a_label_in_both_languages_a_format_and_a_meaning() -> None:
    assert set(GLOSSARY) == set(LABELS)
    assert len(GLOSSARY) > 130
    for name, entry in GLOSSARY.items():
        assert name == entry.name
        assert name.isidentifier()
        assert name == name.lower()
        assert entry.format in FORMATS
        assert entry.meaning
        assert entry.label("en").strip() == entry.en != ""
        assert entry.label("cy").strip() == entry.cy != ""


def test_an_unknown_column_is_refused_and_the_nearest_is_offered() -> None:
    for part in ("tidy", "glance", "augment"):
        with pytest.raises(InputError, match=r'"p_vlaue".*did you mean "p_value"'):
            make(**{part: {"p_vlaue": [0.5]}})
    with pytest.raises(InputError, match="influence_of"):
        make(extra={"left_out": {"influence_of": [1]}})
    with pytest.raises(InputError, match="zzzz"):
        column("zzzz")


def test_key_columns_of_the_input_are_allowed_and_keep_their_names() -> None:
    split = tidy_with(blwyddyn=[2003, 2004])
    with pytest.raises(InputError, match="blwyddyn"):
        make(tidy=split)
    result = make(tidy=split, keys=("blwyddyn",))
    assert result.keys == ("blwyddyn",)
    assert "blwyddyn" in result.to_text("en")
    assert "2003" in result.to_text("en")


# What a result refuses.


@pytest.mark.parametrize(
    ("tidy", "complaint"),
    [
        (tidy_with(estimate=[math.nan, None]), "row 0: estimate is NaN"),
        (tidy_with(conf_low=[0.9, None]), "row 0: conf_low above conf_high"),
        (tidy_with(p_value=[1.01, None]), "row 0: p_value is 1.01"),
        (tidy_with(p_value=[None, -1e-9]), "row 1: p_value is -1e-09"),
        (tidy_with(conf_level=[95.0, None]), "row 0: conf_level is 95.0"),
        (tidy_with(reason=[None, None]), "row 1: no estimate and no reason"),
        ({"estimate": [None, 1.0]}, "row 0: no estimate and no reason"),
        (pa.table([[1.0], [2.0]], names=["estimate", "estimate"]), "a column twice"),
    ],
    ids=str,
)
def test_tables_that_contradict_themselves_make_no_result(tidy: Any, complaint: str) -> None:
    with pytest.raises(GofalError, match=complaint):
        make(tidy=tidy)


def test_glance_is_one_row_and_nan_is_refused_everywhere() -> None:
    for rows in ([], [1, 2]):
        with pytest.raises(GofalError, match="expected one"):
            make(glance={"n_obs": rows})
    with pytest.raises(GofalError, match="r_squared is NaN"):
        make(glance={"r_squared": math.nan})
    with pytest.raises(GofalError, match="row 1: resid is NaN"):
        make(augment={"resid": [0.0, math.nan]})


def test_an_infinite_limit_is_a_value() -> None:
    result = make(tidy=tidy_with(conf_high=[math.inf, None]))
    assert "to ∞" in result.to_text("en")


def test_a_family_proves_its_identity_when_a_result_is_made() -> None:
    made = make(Shares, tidy={"part": ["a", "b"], "share": [0.25, 0.75]})
    assert made.tables == ("tidy", "glance")
    with pytest.raises(GofalError, match=r"shares sum to 0\.75"):
        make(Shares, tidy={"part": ["a", "b"], "share": [0.25, 0.5]})


def test_a_family_that_names_what_the_glossary_lacks_does_not_load() -> None:
    with pytest.raises(InputError, match="estimat"):
        type("Wrong", (Result,), {"_formats": {"estimat": "rate"}})
    with pytest.raises(InputError, match="nonsense"):
        type("Wrong", (Result,), {"_about": ("nonsense",)})
    with pytest.raises(ValueError, match='no format "percentage"'):
        type("Wrong", (Result,), {"_formats": {"estimate": "percentage"}})


# Tables out.


def test_frames_come_back_in_the_callers_kind_unless_the_option_says_otherwise() -> None:
    import pandas as pd
    import polars as pl

    class Source:
        kind = "polars"

    result = make(source=Source(), augment={"row": [0, 1], "resid": [0.5, None]})
    for frame in (result.tidy(), result.glance(), result.augment()):
        assert isinstance(frame, pl.DataFrame)
    with gf.options(frame="pandas"):
        assert isinstance(result.tidy(), pd.DataFrame)
    with gf.options(frame="pyarrow"):
        assert result.tidy() == result.to_arrow()
    assert isinstance(make().tidy(), pa.Table)
    assert result.tidy()["estimate"].to_list() == [0.4479, None]
    assert pl.DataFrame(result).shape == (2, 9)
    assert pa.table(result) == result.to_arrow("tidy")


def test_augment_that_does_not_exist_says_so() -> None:
    assert isinstance(make().augment(), gf.NotAvailable)
    with pytest.raises(InputError, match="there are tidy, glance"):
        make().to_arrow("augment")


def test_a_family_may_hold_tables_of_its_own() -> None:
    result = make(extra={"influence": {"left_out": ["Gwynedd"], "change": [0.1]}})
    assert result.tables == ("tidy", "glance", "influence")
    assert result.table("influence").to_pydict() == {"left_out": ["Gwynedd"], "change": [0.1]}
    assert result.to_dict()["influence"] == {"left_out": ["Gwynedd"], "change": [0.1]}


def test_the_schema_does_not_depend_on_the_values() -> None:
    blank = make(
        tidy={
            "term": ["a"],
            "estimate": [None],
            "reason": ["value is missing"],
            "n_obs": [None],
            "converged": [None],
            "method": [None],
        }
    )
    types = {field.name: str(field.type) for field in blank.to_arrow().schema}
    assert types["estimate"] == "double"
    assert types["n_obs"] == "int64"
    assert types["converged"] == "bool"
    assert types["method"] == "string"


# Single numbers out.


def test_a_statistic_carries_its_interval() -> None:
    found = make().statistic(y="rate")
    assert float(found) == 0.4479
    assert f"{found:.2f}" == "0.45"
    assert found.say("en") == "0.448 (95% confidence interval 0.033 to 0.729)"
    assert found.say("cy") == "0.448 (cyfwng hyder 95% 0.033 i 0.729)"
    assert make().statistic("p_value", y="rate").say("en") == "<0.001"
    assert make().statistic(where={"y": "rate"}) == found


def test_a_statistic_that_cannot_be_computed_is_not_available() -> None:
    nothing = make().statistic(y="flat")
    assert nothing == gf.NotAvailable("value is missing")
    assert not nothing
    assert nothing.say("cy") == "ddim ar gael: mae'r gwerth ar goll"
    assert repr(nothing) == "not available: value is missing"
    assert pickle.loads(pickle.dumps(nothing)) == nothing
    for use in (
        lambda v: v + 1,
        lambda v: 1 - v,
        lambda v: v * 2,
        lambda v: 2 / v,
        lambda v: -v,
        lambda v: v < 1,
        lambda v: v >= 1,
        float,
        int,
        abs,
        round,
        lambda v: math.sqrt(v),
        lambda v: sum([1.0, v]),
        lambda v: max(1.0, v),
    ):
        with pytest.raises(InputError, match="value is missing"):
            use(nothing)


@pytest.mark.parametrize(
    ("column", "match", "complaint"),
    [
        ("estimate", {}, "2 rows.*say also which y"),
        ("estimate", {"y": "rat"}, "no row with y='rat'.*rate"),
        ("estimat", {}, 'no column "estimat"'),
        ("estimate", {"area": "Gwynedd"}, 'no column "area"'),
        ("method", {"y": "rate"}, "holds words"),
    ],
)
def test_a_lookup_that_finds_not_one_number_is_refused(
    column: str, match: dict[str, str], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        make().statistic(column, **match)


# Value semantics.


def test_a_result_is_frozen() -> None:
    result = make()
    for act in (
        lambda: setattr(result, "provenance", None),
        lambda: setattr(result, "new", 1),
        lambda: delattr(result, "keys"),
    ):
        with pytest.raises(AttributeError, match="frozen"):
            act()


def test_equality_is_by_class_tables_and_provenance() -> None:
    assert make() == make()
    assert hash(make()) == hash(make())
    others = [
        make(Result),
        make(tidy=tidy_with(estimate=[math.nextafter(0.4479, 1), None])),
        make(glance={"n_obs": 21}),
        make(augment={"row": [0]}),
        make(provenance=provenance(seed=1)),
        make(provenance=provenance(synthetic=True)),
    ]
    assert len({make(), *others}) == 1 + len(others)
    assert make() != "a result"
    # Chunks are how a table is stored, not what it says.
    whole = make().to_arrow()
    assert make(tidy=pa.concat_tables([whole.slice(0, 1), whole.slice(1)])) == make()


finite = st.floats(-1e12, 1e12)
name = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    n = draw(st.integers(0, 5))

    def several(element: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(element, min_size=n, max_size=n))

    estimates = several(st.none() | finite)
    return {
        "term": several(name),
        "estimate": estimates,
        "p_value": several(st.none() | st.floats(0, 1)),
        "n_obs": several(st.integers(0, 10**9)),
        "converged": several(st.booleans()),
        "reason": [None if e is not None else "value is missing" for e in estimates],
    }


@given(tables())
@settings(max_examples=60, deadline=None)
def test_any_result_pickles_and_prints_the_same_twice(tidy: dict[str, list[Any]]) -> None:
    schema = {
        "term": pa.string(),
        "estimate": pa.float64(),
        "p_value": pa.float64(),
        "n_obs": pa.int64(),
        "converged": pa.bool_(),
        "reason": pa.string(),
    }
    table = pa.table(tidy, schema=pa.schema(schema))
    one, two = make(tidy=table), make(tidy=table)
    again = pickle.loads(pickle.dumps(one))
    assert one == two == again
    assert hash(one) == hash(again)
    assert again.to_arrow() == table
    for lang in ("en", "cy"):
        assert one.to_text(lang) == two.to_text(lang) == again.to_text(lang)
        assert one.to_latex(lang) == again.to_latex(lang)
    assert one.to_text("en") == one.to_text("en")
    assert "nan" not in one.to_text("en").replace(*_names(tidy))


def _names(tidy: dict[str, list[Any]]) -> tuple[str, str]:
    # A name drawn may itself spell "nan"; take the longest such out of the check.
    guilty = [t for t in tidy["term"] if "nan" in t]
    return (max(guilty, key=len), "") if guilty else ("\x00", "")


def test_html_is_the_same_bytes_twice_and_in_a_second_process() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "import test_results as t, hashlib; r = t.make();"
        "text = r.to_html('cy') + r.to_html('en') + r.to_text() + r.to_latex() + repr(hash(r));"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    from pathlib import Path

    here = str(Path(__file__).parent)
    prints = {
        subprocess.run(
            [sys.executable, "-c", program, here],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(prints) == 1
    assert make().to_html() == make().to_html()


def test_there_is_no_figure_where_the_family_names_none() -> None:
    with pytest.raises(InputError, match="no figure"):
        make().plot()
