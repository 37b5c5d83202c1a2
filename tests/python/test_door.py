"""The table door: every frame, every type, bad input, signals, forks."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal import _core
from gofal.errors import GofalError, InputError, InternalError, NumericalError

VALUES = {"x": [1.0, 2.0, 4.0], "name": ["a", "b", "c"]}


def mean(table: object, column: str = "x") -> float:
    return gf.describe(table, column).to_arrow()["mean"][0].as_py()


@pytest.mark.parametrize(
    "table",
    [
        VALUES,
        pa.table(VALUES),
        pa.table(VALUES).to_batches()[0],
        pa.table(VALUES).to_reader(),
        pd.DataFrame(VALUES),
        pd.DataFrame(VALUES, index=[7, 7, 9]),
        pl.DataFrame(VALUES),
        pl.LazyFrame(VALUES),
        duckdb.from_arrow(pa.table(VALUES)),
    ],
    ids=[
        "dict",
        "pyarrow",
        "batch",
        "reader",
        "pandas",
        "pandas-index",
        "polars",
        "lazy",
        "duckdb",
    ],
)
def test_every_kind_of_frame_is_read(table: object) -> None:
    assert mean(table) == pytest.approx(7 / 3, rel=1e-15)


@pytest.mark.parametrize(
    "kind",
    [
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    ],
)
def test_every_number_type_is_read(kind: str) -> None:
    column = pa.array([1, 2, None, 4]).cast(getattr(pa, kind)())
    assert mean(pa.table({"x": column})) == pytest.approx(7 / 3, rel=1e-15)


def test_decimals_booleans_dictionaries_chunks_and_slices() -> None:
    decimals = pa.array([Decimal("1.25"), Decimal("2.50")], pa.decimal128(6, 2))
    assert mean(pa.table({"x": decimals})) == 1.875
    assert mean(pa.table({"x": pa.array([True, False, True, True])})) == 0.75
    assert mean(pa.table({"x": pa.array([3.0, 5.0, 3.0]).dictionary_encode()})) == pytest.approx(
        11 / 3
    )
    chunked = pa.table({"x": pa.chunked_array([[1.0, None], [], [5.0]])})
    assert mean(chunked) == 3.0
    assert mean(pa.table({"x": [9.0, 1.0, 3.0, 9.0]}).slice(1, 2)) == 2.0


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"y": [1.0]}, "no column"),
        ({"x": ["a"]}, "numeric"),
        ({"x": [[1.0]]}, "numeric"),
        (pa.table({"x": pa.array([1], pa.date32())}), "numeric"),
        ({"x": [1.0, float("nan")]}, "finite"),
        ({"x": [float("inf")]}, "finite"),
        (pa.table({"x": pa.array([], pa.float64())}), "no rows"),
        ({"x": [2**60]}, "2\\^53"),
        (pd.Series([1.0], name="x"), "put it into a table"),
        ([1.0], "expected a table"),
    ],
)
def test_bad_tables_are_refused_in_words(table: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        mean(table)


def test_a_nan_names_its_row() -> None:
    with pytest.raises(InputError) as caught:
        mean({"x": [1.0, float("nan"), 2.0]})
    assert (caught.value.column, caught.value.rows, caught.value.n) == ("x", [1], 1)


def test_the_nearest_column_is_offered() -> None:
    with pytest.raises(InputError) as caught:
        mean({"rate_2021": [1.0]}, "rate_2012")
    assert caught.value.nearest == "rate_2021"


@pytest.mark.parametrize("kind", _core._error_kinds())
def test_every_error_reaches_python_and_pickles(kind: str) -> None:
    if kind == "interrupted":
        with pytest.raises(KeyboardInterrupt):
            _core._raise_for_test(kind)
        return
    with pytest.raises(GofalError) as caught:
        _core._raise_for_test(kind)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.rows) == (
        type(caught.value),
        str(caught.value),
        caught.value.rows,
    )


def test_a_panic_is_an_internal_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InternalError, match="on purpose"):
        _core._panic_for_test()
    assert "on purpose" in capfd.readouterr().err


def test_progress_is_reported() -> None:
    seen: list[tuple[int, int]] = []
    _core._spin_for_test(20, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (20, 20)


def test_ctrl_c_stops_a_kernel_within_a_fifth_of_a_second() -> None:
    code = "from gofal import _core\nprint('go', flush=True)\n_core._spin_for_test(3000)"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"go\n"
        time.sleep(0.2)
        start = time.monotonic()
        child.send_signal(signal.SIGINT)
        child.wait(timeout=10)
        # The interpreter itself takes a while to leave; a kernel left alone would run for 30 s.
        assert time.monotonic() - start < 5
        assert child.stderr is not None
        assert b"KeyboardInterrupt" in child.stderr.read()


def resampled(threads: int) -> list[float]:
    x = [float((7 * i) % 22) for i in range(22)]
    y = [float((5 * i + i * i) % 19) for i in range(22)]
    with gf.options(threads=threads):
        r = gf.correlate(
            {"x": x, "y": y}, "x", "y", method=["pearson", "spearman", "kendall"], n_resamples=500
        )
    t = r.to_arrow().to_pydict()
    return [*t["conf_low"], *t["conf_high"], *t["p_value"]]


def test_same_bits_on_1_2_and_8_threads() -> None:
    assert resampled(1) == resampled(2) == resampled(8)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_same_bits_in_a_forked_child_and_a_second_process() -> None:
    here = resampled(2)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, repr(resampled(2)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        assert pipe.read().decode() == repr(here)
    os.waitpid(child, 0)
    code = "from tests.python.test_door import resampled; print(repr(resampled(1)))"
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert out.stdout.strip() == repr(here)


def test_ten_million_rows_are_viewed_not_copied() -> None:
    column = pa.array(range(10_000_000), pa.int64()).cast(pa.float64())
    before = pa.total_allocated_bytes()
    out = _core.fingerprint(pa.table({"x": column}), ["x"], 0)
    assert len(out) == 16
    assert pa.total_allocated_bytes() == before


def test_the_data_id_depends_on_content_not_on_form() -> None:
    plain = pa.table({"x": [1.0, 2.0, None]})
    chunked = pa.table({"x": pa.chunked_array([[1.0], [2.0, None]])})
    small = pa.table({"x": pa.array([1, 2, None], pa.int8())})
    ids = {_core.fingerprint(t, ["x"], n) for t in (plain, chunked, small) for n in (1, 8)}
    assert len(ids) == 1
    assert _core.fingerprint(pa.table({"x": [1.0, 2.0, 0.0]}), ["x"]) not in ids


cells = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=2),
)
column = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), max_size=8),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=8),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), max_size=8),
    st.lists(cells, max_size=8),
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(column, column)
def test_no_table_panics(x: list[object], y: list[object]) -> None:
    for call in (
        lambda t: gf.describe(t, ["x", "y"]),
        lambda t: gf.correlate(t, "x", "y", n_resamples=60, n_permutations=20, conf_level=0.8),
        lambda t: gf.rate(t, "x", "y"),
        lambda t: gf.lm(t, "x", "y"),
        lambda t: gf.slope_index(t, "x", "y", most_deprived="highest"),
    ):
        with contextlib.suppress(InputError, NumericalError):
            call({"x": x, "y": y})
