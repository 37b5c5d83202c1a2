"""Results for people: numbers, words, text, HTML, LaTeX, side by side."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal import errors, language
from gofal.language import Text, format_number, format_value
from gofal.results import Provenance, Result
from gofal.results.latex import _SPECIAL, escape

InputError = errors.InputError


class Rates(Result):
    _title = Text("Rates", "Cyfraddau")
    _notes = (Text("Areas & children", "Ardaloedd a phlant"),)
    _formats = {"estimate": "rate"}  # noqa: RUF012


def rates(names: list[str], values: list[float], **changes: object) -> Rates:
    arguments = {"events": "looked_after", "population": "children"}
    n = len(names)
    return Rates.build(
        tidy={
            "area_name": names,
            "events": [1234] * n,
            "estimate": values,
            "conf_low": [v - 5.25 for v in values],
            "conf_high": [v + 5.25 for v in values],
            "conf_level": [0.95] * n,
            "interval": ["exact"] * n,
            "n_obs": [n] * n,
        },
        glance={"n_obs": n, "mean": sum(values) / n},
        provenance=Provenance(function="rate", arguments=arguments, **changes),
    )


TWO = rates(["Gwynedd", "Ynys Môn"], [104.25, -3.0])

ENGLISH = """\
Rates
Interval: exact; n: 2

Area      Events  Estimate  95% confidence interval
───────────────────────────────────────────────────
Gwynedd    1,234     104.2            99.0 to 109.5
Ynys Môn   1,234      -3.0              -8.2 to 2.2
───────────────────────────────────────────────────
Note: Areas & children
Call: gf.rate(table, events="looked_after", population="children")"""

WELSH = """\
Cyfraddau
Cyfwng: union; n: 2

Ardal     Digwyddiadau  Amcangyfrif  Cyfwng hyder 95%
─────────────────────────────────────────────────────
Gwynedd          1,234        104.2      99.0 i 109.5
Ynys Môn         1,234         -3.0        -8.2 i 2.2
─────────────────────────────────────────────────────
Nodyn: Ardaloedd a phlant
Galwad: gf.rate(table, events="looked_after", population="children")"""


def test_text_in_both_languages() -> None:
    assert TWO.to_text("en") == ENGLISH
    assert TWO.to_text("cy") == WELSH
    assert repr(TWO) == ENGLISH
    with gf.options(lang="cy"):
        assert repr(TWO) == WELSH
    with pytest.raises(InputError, match="lang"):
        TWO.to_text("fr")  # type: ignore[arg-type]


def test_synthetic_data_say_so_first() -> None:
    made = rates(["A"], [1.0], synthetic=True)
    assert "Note: Synthetic data" in made.to_text("en")
    assert "Nodyn: Data synthetig" in made.to_text("cy")
    assert "Synthetic data" in made.to_html("en")
    assert "Synthetic data" in made.to_latex("en")


def test_facts_of_the_whole_stand_above_the_table() -> None:
    class Told(Rates):
        _about = ("mean", "r_squared")

    told = Told.build(
        tidy=TWO.to_arrow(), glance={"mean": 50.625}, provenance=Provenance(function="rate")
    )
    assert told.sheet("en").facts_line() == "Interval: exact; n: 2; Mean: 50.62"


def test_the_number_of_observations_is_said_once() -> None:
    table = {"rate": [243, 338, 261, 159, 169, 252], "score": [18.3, 16.8, 18.3, 22.9, 15.5, 19.7]}
    facts = str(gf.lm(table, "rate ~ score")).splitlines()[1]
    assert facts.count("n: 6") == 1


def test_a_long_table_is_cut_in_the_repr_only() -> None:
    long = rates([f"area {i}" for i in range(50)], [float(i) for i in range(50)])
    assert "… and 10 more rows" in repr(long)
    assert "area 49" not in repr(long)
    assert "area 49" in long.to_text()
    assert len(long.sheet().rows) == 50


def test_an_empty_table_prints() -> None:
    empty = Result.build(
        tidy={"term": [], "estimate": []},
        glance={"n_obs": 0},
        provenance=Provenance(function="f"),
    )
    for shown in (empty.to_text(), empty.to_latex(), empty.to_html()):
        assert shown


class Cells(HTMLParser):
    """The text of body cells, as a browser would show it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.cells: list[str] = []
        self.tags: set[str] = set()
        self.open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "td" and "gt_row" in (dict(attrs).get("class") or ""):
            self.open = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.open = False

    def handle_data(self, data: str) -> None:
        if self.open:
            self.cells[-1] += data


HOSTILE = ["<script>alert(1)</script>", "a & b", '"q"', "**x** _y_ `z`", "{{ x }}", "&lt;", "5%"]


def test_html_shows_names_as_they_are() -> None:
    page = rates(HOSTILE, [1.0] * len(HOSTILE)).to_html("en")
    reader = Cells()
    reader.feed(page)
    assert reader.cells[::4] == HOSTILE
    assert reader.tags <= {
        "div",
        "style",
        "table",
        "thead",
        "tbody",
        "tfoot",
        "tr",
        "td",
        "th",
        "span",
        "code",
    }
    assert html.escape('events="looked_after"') in page
    assert "−4.2 to 6.2" in page  # a minus sign in numbers, not a hyphen


def test_html_has_one_fixed_id_of_its_content_scrolls_and_names_its_language() -> None:
    page = TWO.to_html("cy")
    assert page.startswith('<div lang="cy"><div id="gofal-')
    assert page.count(f'id="gofal-{TWO.digest[:10]}-cy"') == 1
    assert "overflow-x:auto" in page
    assert rates(["A"], [1.0]).to_html("cy")[:40] != page[:40]
    assert TWO._repr_html_() == TWO.to_html("en")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=30))
@settings(deadline=None)
def test_latex_escapes_are_undone_by_latex_and_leave_no_command(text: str) -> None:
    escaped = escape(text)
    back = {shown: plain for plain, shown in _SPECIAL.items()}
    tokens = sorted(back, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, tokens)))
    if "--" not in text:  # two hyphens and an en dash print alike
        assert pattern.sub(lambda m: back[m.group()], escaped) == text
    assert not set("&#%_^~$\\{}") & set(pattern.sub("", escaped))


def test_latex_sets_a_table_with_rules() -> None:
    source = rates(["A & B_1"], [-3.0]).to_latex("en")
    assert r"A \& B\_1 & 1,234 & $-$3.0 & $-$8.2 to 2.2 \\" in source
    assert source.startswith("% gf.rate(table")
    for piece in (
        r"\toprule",
        r"\midrule",
        r"\bottomrule",
        r"\begin{tabular}{lrrr}",
        r"\caption{Rates. Interval: exact; n: 1}",
        r"Areas \& children",
    ):
        assert piece in source
    assert source.count("{") - source.count(r"\{") == source.count("}") - source.count(r"\}")


# Numbers and words.


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (0.4478923, "number", "0.4479"),
        (104.25, "number", "104.2"),
        (9.99996, "number", "10.00"),
        (54321.4, "number", "54,321"),
        (0.00012, "number", "1.200e-04"),
        (0.0012, "number", "0.001200"),
        (0.0, "number", "0"),
        (-0.0, "number", "0"),
        (float("inf"), "number", "∞"),
        (float("-inf"), "fixed2", "-∞"),
        (-0.001, "fixed2", "0.00"),
        (-1234.567, "fixed2", "-1,234.57"),
        (7198, "count", "7,198"),
        (7198.0, "count", "7,198"),
        (12.5, "count", "12.50"),
        (2024, "integer", "2024"),
        (1234567.891, "money", "1,234,567.89"),
        (0.1234, "proportion", "12.3%"),
        (0.95, "level", "95%"),
        (0.998, "level", "99.8%"),
        (0.999, "level", "99.9%"),
        (0.0009999, "p", "<0.001"),
        (0.001, "p", "0.001"),
        (0.04951, "p", "0.050"),
        (0.9997, "p", ">0.999"),
        (1.0, "p", "1.000"),
        (0, "p", "<0.001"),
        (True, "flag", "yes"),
        (None, "number", "–"),
        ("bca", "word", "BCa"),
        ("bca", "text", "bca"),
        ("unheard of", "word", "unheard of"),
    ],
)
def test_a_value_is_printed_by_its_format(value: object, kind: str, shown: str) -> None:
    assert format_value(value, kind, "en") == shown  # type: ignore[arg-type]
    if kind not in ("flag", "word"):
        assert format_value(value, kind, "cy") == shown  # type: ignore[arg-type]


def test_digits_override_estimates_but_not_counts_or_money() -> None:
    assert format_value(0.123456, "number", digits=2) == "0.12"
    assert format_value(0.123456, "fixed3", digits=5) == "0.12346"
    assert format_value(1234, "count", digits=1) == "1,234"
    assert format_value(1.5, "money", digits=0) == "1.50"
    with gf.options(digits=3):
        assert "104.250" in TWO.to_text("en")


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 12))
def test_a_printed_number_is_right_to_its_digits(value: float, digits: int) -> None:
    shown = float(format_number(value, digits).replace(",", ""))
    assert abs(shown - value) <= 0.5000001 * 10.0 ** (1 - digits) * abs(value)


def test_every_phrase_and_word_exists_in_both_languages() -> None:
    for text in language.PHRASES.values():
        assert text.en
        assert text.cy
        blanks = [set(re.findall(r"{(\w+)}", said)) for said in text]
        assert blanks[0] == blanks[1]
    from gofal import typing as words

    proper = set(language._NAMES) | set(language._WELSH)
    spoken = (
        words.ALTERNATIVES,
        words.ADJUSTS,
        words.CORRELATION_INTERVALS,
        words.RATE_INTERVALS,
        words.PROPORTION_INTERVALS,
        words.OVERDISPERSIONS,
        words.CORRELATION_METHODS,
        words.SLOPE_MODELS,
        words.P_VALUE_METHODS,
        words.VERDICTS,
        words.PANEL_EFFECTS,
    )
    assert {w for several in spoken for w in several} - proper == set()


# Side by side.


def test_results_side_by_side() -> None:
    other = rates(["Gwynedd", "Cymru"], [90.0, 80.0])
    both = gf.compare({"2003": TWO, "2023": other}, about=["n_obs", "mean"])
    assert (
        both.to_text("en") == """\
Comparison

Area                       2003                 2023
────────────────────────────────────────────────────
Gwynedd   104.2 (99.0 to 109.5)  90.0 (84.8 to 95.2)
Ynys Môn     -3.0 (-8.2 to 2.2)
Cymru                            80.0 (74.8 to 85.2)
n                             2                    2
Mean                      50.62                85.00
────────────────────────────────────────────────────
Note: Areas & children
"""
        "Call: " + both.provenance.call_text()
    )
    assert both.provenance.call_text().startswith('gf.compare(results={"2003": gf.rate(table, ')
    assert both.to_arrow().to_pydict()["model"] == ["2003", "2003", "2023", "2023"]
    assert "Cymhariaeth" in both.to_html("cy")
    assert both.to_latex()


def test_a_comparison_is_a_result() -> None:
    import pickle

    both = gf.compare({"a": TWO, "b": TWO})
    again = pickle.loads(pickle.dumps(both))
    assert again == both
    assert again.to_text("cy") == both.to_text("cy")
    assert both != gf.compare({"a": TWO})


def test_a_comparison_that_would_hide_a_row_is_refused() -> None:
    twins = rates(["Gwynedd", "Gwynedd"], [1.0, 2.0])
    with pytest.raises(InputError, match="nothing tells them apart"):
        gf.compare({"a": twins})
    with pytest.raises(InputError, match="at least one"):
        gf.compare({})
    with pytest.raises(InputError, match='"std_error"'):
        gf.compare({"a": TWO}, columns=["std_error"])
