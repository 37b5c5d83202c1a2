"""Cells made in Spark, in local mode. Skipped where pyspark or Java is absent: the reason is printed."""

from __future__ import annotations

import os
import pickle
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import gofal as gf
import gofal.spark
from gofal.errors import InputError
from gofal.spark import Partial, _merged

KEYS = ["authority", "abuse", "quintile"]


def children(n: int) -> pa.Table:
    rng = np.random.default_rng(5)
    abuse = [None if v < 0.05 else bool(v < 0.3) for v in rng.random(n)]
    return pa.table(
        {
            "authority": [f"area {v}" for v in rng.integers(0, 22, n)],
            "abuse": pa.array(abuse),
            "quintile": rng.integers(1, 6, n),
            "cost": pa.array([None if v < 0.02 else v for v in rng.normal(size=n)]),
            "care": rng.integers(0, 2, n),
            "times": rng.integers(0, 3, n),
        }
    )


def test_what_runs_in_a_partition_survives_pickling_and_its_parts_merge() -> None:
    """The worker's side and the driver's side without Spark between them."""
    rows = children(3000)
    partial = pickle.loads(pickle.dumps(Partial(tuple(KEYS), (True, False, False), "cost", None)))
    parts = [rows.slice(a, b - a) for a, b in ((0, 700), (700, 700), (700, 3000))]
    batches = [b for part in parts for b in partial(iter(part.to_batches(500)))]
    found = _merged(pa.Table.from_batches(batches), "cost", KEYS)
    want = gf.cells(rows, "cost", by=KEYS)
    assert (found.n_rows, found.n_missing) == (want.n_rows, want.n_missing)
    for name in (*KEYS, "n"):
        assert found.to_arrow()[name].to_pylist() == want.to_arrow()[name].to_pylist()
    for name in ("total", "total_sq"):
        np.testing.assert_allclose(found.to_arrow()[name], want.to_arrow()[name], rtol=1e-12)
    assert list(partial(iter([]))) == []


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="pyspark is not installed (pip install gofal[spark])")
    if shutil.which("java") is None:
        pytest.skip("no Java runtime: Spark cannot start")
    from pyspark.sql import SparkSession

    # The workers run the Python that runs the tests.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    made = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .getOrCreate()
    )
    made.sparkContext.setLogLevel("ERROR")
    yield made
    made.stop()


@pytest.mark.filterwarnings("ignore")
def test_spark_makes_the_same_cells(session: Any) -> None:
    rows = children(20_000)
    df = session.createDataFrame(rows).repartition(4)
    for outcome in ("care", "cost", None):
        found, want = (
            gofal.spark.cells(df, outcome, by=KEYS),
            gf.cells(rows, outcome, by=KEYS),
        )
        assert (found.n_rows, found.n_missing) == (want.n_rows, want.n_missing)
        assert found.to_arrow().column_names == want.to_arrow().column_names
        for name in (*KEYS, "n"):
            assert found.to_arrow()[name].to_pylist() == want.to_arrow()[name].to_pylist()
        if outcome is not None:
            for name in ("total", "total_sq"):
                np.testing.assert_allclose(
                    found.to_arrow()[name], want.to_arrow()[name], rtol=1e-12
                )
    held = gofal.spark.cells(df, "care", by=KEYS, weight=gf.frequency("times"))
    same = gf.cells(rows, "care", by=KEYS, weight=gf.frequency("times"))
    assert held.to_arrow().to_pydict() == same.to_arrow().to_pydict()
    formula, cluster = "care ~ abuse + C(quintile)", gf.Cluster("authority")
    of_spark = gf.glm(gofal.spark.cells(df, "care", by=KEYS), formula, vcov=cluster)
    of_rows = gf.glm(rows, formula, vcov=cluster)
    for name in ("estimate", "std_error"):
        np.testing.assert_allclose(of_spark.to_arrow()[name], of_rows.to_arrow()[name], rtol=1e-8)


@pytest.mark.filterwarnings("ignore")
def test_spark_refuses_what_cannot_be_grouped(session: Any) -> None:
    df = session.createDataFrame(children(100))
    with pytest.raises(InputError, match="no column"):
        gofal.spark.cells(df, "care", by="abuze")
    with pytest.raises(InputError, match="name the columns"):
        gofal.spark.cells(df, "care")
    with pytest.raises(InputError, match="no rows"):
        gofal.spark.cells(df.filter("care > 5"), "care", by=KEYS)
    dated = df.selectExpr("current_date() AS day", "care")
    with pytest.raises(InputError, match="of type date"):
        gofal.spark.cells(dated, "care", by="day")
