"""Options, words, weights and progress: how a question is asked."""

from __future__ import annotations

import asyncio
import contextvars
import io
import subprocess
import sys
import threading
import typing

import pytest

import gofal as gf
from gofal import errors
from gofal import typing as words
from gofal.progress import Bar, progress
from gofal.weights import weight_of

InputError = errors.InputError

LIGHT = (
    "import sys; before = len(sys.modules); import gofal;"
    "heavy = {'pyarrow', 'pandas', 'polars', 'great_tables', 'vl_convert', 'numpy', 'narwhals',"
    " 'tqdm', 'click'} & set(sys.modules);"
    "print(len(sys.modules) - before, *sorted(heavy))"
)


def test_import_loads_no_heavy_package_and_few_modules() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    loaded, *heavy = done.stdout.split()
    assert heavy == []
    # The package's own hundred and what dataclasses and typing bring.
    assert int(loaded) < 300


def test_a_block_changes_options_and_gives_them_back() -> None:
    before = gf.get_options()
    with gf.options(lang="cy", digits=3) as inside:
        assert inside == gf.get_options()
        assert (inside.lang, inside.digits) == ("cy", 3)
        with gf.options(lang="en"):
            assert (gf.get_options().lang, gf.get_options().digits) == ("en", 3)
        assert gf.get_options().lang == "cy"
    assert gf.get_options() == before


def test_a_block_gives_options_back_after_an_error() -> None:
    def broken() -> None:
        with gf.options(lang="cy"):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert gf.get_options().lang == "en"


def test_one_block_can_be_entered_inside_itself_and_used_as_a_decorator() -> None:
    welsh = gf.options(lang="cy")
    with welsh, welsh:
        assert gf.get_options().lang == "cy"
    assert gf.get_options().lang == "en"

    @welsh
    def spoken() -> str:
        return gf.get_options().lang

    assert (spoken(), spoken(), gf.get_options().lang) == ("cy", "cy", "en")


def test_a_block_holds_for_its_own_thread_only() -> None:
    seen = []
    with gf.options(lang="cy"):
        # A thread of its own context, which is what a thread has unless it copies its parent's.
        ask = contextvars.Context().run
        thread = threading.Thread(target=lambda: seen.append(ask(gf.get_options).lang))
        thread.start()
        thread.join()
    assert seen == ["en"]


def test_two_tasks_do_not_see_each_others_blocks() -> None:
    async def speak(lang: str, mine: asyncio.Event, other: asyncio.Event) -> str:
        with gf.options(lang=lang):
            mine.set()
            await other.wait()
            return gf.get_options().lang

    async def both() -> list[str]:
        a, b = asyncio.Event(), asyncio.Event()
        return await asyncio.gather(speak("en", a, b), speak("cy", b, a))

    assert asyncio.run(both()) == ["en", "cy"]


def test_the_session_is_seen_by_every_thread() -> None:
    seen = []
    try:
        gf.set_options(conf_level=0.9)
        thread = threading.Thread(target=lambda: seen.append(gf.get_options().conf_level))
        thread.start()
        thread.join()
    finally:
        gf.set_options(conf_level=0.95)
    assert seen == [0.9]
    assert gf.get_options() == gf.Options()


@pytest.mark.parametrize(
    "bad",
    [
        {"lang": "fr"},
        {"frame": "spark"},
        {"threads": -1},
        {"threads": True},
        {"threads": 1.5},
        {"progress": "yes"},
        {"progress": 1},
        {"digits": -1},
        {"digits": 18},
        {"conf_level": 95},
        {"conf_level": 0},
        {"conf_level": 1.0},
        {"conf_level": "0.95"},
        {"conf_level": float("nan")},
        {"colour": "red"},
    ],
    ids=str,
)
def test_a_bad_option_is_refused_at_once_and_changes_nothing(bad: dict[str, object]) -> None:
    for ask in (gf.options, gf.set_options):
        with pytest.raises(InputError, match=next(iter(bad))):
            ask(**bad)
    assert gf.get_options() == gf.Options()


def test_every_literal_has_its_tuple_of_words() -> None:
    literals = {
        typing.get_args(value)
        for name, value in vars(words).items()
        if typing.get_origin(value) is typing.Literal and name != "Literal"
    }
    tuples = {v for n, v in vars(words).items() if n.isupper() and isinstance(v, tuple)}
    assert literals == tuples
    assert len(literals) >= 15
    assert all(len(set(t)) == len(t) for t in tuples)


def test_a_weight_says_what_it_means() -> None:
    weights = [gf.frequency("n"), gf.analytic("n"), gf.probability("n")]
    assert len(set(weights)) == 3
    assert [w.kind for w in weights] == ["frequency", "analytic", "probability"]
    assert [w.column for w in weights] == ["n"] * 3
    for weight in weights:
        assert eval(repr(weight), {"gf": gf}) == weight
        assert weight_of(weight) is weight
        assert weight.to_json() == {"weight": weight.kind, "column": "n"}
    assert weight_of(None) is None


def test_a_bare_name_is_not_a_weight_and_the_message_says_what_to_write() -> None:
    with pytest.raises(InputError) as caught:
        weight_of("population", allowed=("analytic", "frequency"))
    assert 'gf.analytic("population")' in str(caught.value)
    assert 'gf.frequency("population")' in str(caught.value)
    assert "probability" not in str(caught.value)
    with pytest.raises(InputError, match="no meaning here"):
        weight_of(gf.probability("w"), allowed=("analytic",))
    with pytest.raises(InputError, match="got list"):
        weight_of([1.0, 2.0])
    for bad in ("", 3, None):
        with pytest.raises(InputError):
            gf.analytic(bad)  # type: ignore[arg-type]


def test_no_bar_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress("resamples") as report:
        assert report is None
    with gf.options(progress=False), progress("resamples") as report:
        assert report is None


def test_a_bar_counts_and_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with gf.options(progress=True), progress("resamples") as report:
        assert report is not None
        for done in range(0, 1001, 250):
            report(done, 1000)
    assert "resamples" in screen.getvalue()
    assert "/1000" in screen.getvalue()


def test_short_work_shows_no_bar() -> None:
    bar = Bar("resamples", delay=60.0)
    for done in range(5):
        bar(done, 5)
    assert bar._bar is None
    bar.close()
