"""Files scanned: the same cells and the same models as from the rows, in bounded memory."""

from __future__ import annotations

import gzip
import itertools
import pickle
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

import gofal as gf
from gofal.errors import InputError

N = 45_000
KEYS = ["authority", "abuse", "age_band", "quintile"]


def children(n: int = N, seed: int = 11) -> pa.Table:
    """Rows with nulls in a key and in the outcome, and one continuous column."""
    rng = np.random.default_rng(seed)
    area = rng.integers(0, 22, n)
    abuse = (rng.random(n) < 0.2).astype(np.int8)
    band = rng.integers(0, 5, n)
    fifth = rng.integers(1, 6, n)
    score = rng.normal(size=n)
    care = rng.random(n) < 1 / (
        1 + np.exp(2.5 - 1.1 * abuse - 0.2 * fifth - 0.1 * score - 0.03 * area)
    )
    nothing = rng.random(n) < 0.01
    return pa.table(
        {
            "authority": [f"area {a:02}" for a in area],
            "abuse": pa.array(abuse),
            "age_band": pa.array(
                [None if d else f"band {b}" for d, b in zip(nothing, band, strict=True)]
            ),
            "quintile": pa.array(fifth.astype(np.int16)),
            "score": score,
            "visits": pa.array(rng.poisson((1 + abuse) * rng.gamma(2, 0.5, n)), pa.int32()),
            "care": pa.array(
                [None if d else bool(c) for d, c in zip(rng.random(n) < 0.02, care, strict=True)]
            ),
            "child": np.arange(n),
        }
    )


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    return children()


@pytest.fixture(scope="module")
def folder(rows: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files: dictionary, plain and mixed encodings, row groups of unequal size, snappy and zstd."""
    path = tmp_path_factory.mktemp("children")
    cuts = [0, 12_345, 12_345 + 20_000, N]
    how = [
        {"compression": "zstd", "row_group_size": 4096},
        {"compression": "snappy", "row_group_size": 1000, "use_dictionary": False},
        {"compression": "none", "row_group_size": 100_000, "use_dictionary": ["authority"]},
    ]
    for i, (a, b) in enumerate(itertools.pairwise(cuts)):
        pq.write_table(rows.slice(a, b - a), path / f"part-{i}.parquet", **how[i])
    (path / "_SUCCESS").write_text("")
    return path


def records(cells: gf.Cells) -> list[tuple[object, ...]]:
    table = cells.to_arrow()
    return list(zip(*[table[c].to_pylist() for c in table.column_names], strict=True))


def test_a_scan_says_what_it_is(folder: Path) -> None:
    scan = gf.scan(folder)
    assert scan.n_rows == N
    assert scan.columns == tuple(children(1).column_names)
    assert repr(scan).startswith(
        "Scan of 3 Parquet files: 45,000 rows, 8 columns (authority, abuse"
    )
    assert gf.scan(folder / "*.parquet").files == scan.files
    assert gf.scan(list(scan.files), columns=["care", "abuse"]).columns == ("care", "abuse")
    again = pickle.loads(pickle.dumps(scan.select("care")))
    assert (again.columns, again.n_rows) == (("care",), N)


def test_a_scan_is_a_table_for_whoever_reads_streams(folder: Path, rows: pa.Table) -> None:
    scan = gf.scan(folder, columns=["child", "authority", "age_band"])
    read = pa.table(scan)
    assert read.column_names == ["child", "authority", "age_band"]
    for name in read.column_names:
        assert read[name].to_pylist() == rows[name].to_pylist()
    assert pl.DataFrame(scan).height == N
    assert gf.describe(scan, "child").to_arrow()["n_obs"].to_pylist() == [N]


def test_cells_of_a_scan_are_the_cells_of_the_rows(folder: Path, rows: pa.Table) -> None:
    held = gf.cells(rows, "care", by=KEYS)
    frame = pl.DataFrame(rows)
    sql = (
        frame.filter(pl.col("care").is_not_null())
        .group_by(KEYS)
        .agg(pl.len(), pl.col("care").sum().alias("y"))
    )
    want = {tuple(r[:4]): r[4:] for r in sql.iter_rows()}
    assert {r[:4]: r[4:6] for r in records(held)} == want
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            scanned = gf.cells(gf.scan(folder), "care", by=KEYS)
        assert scanned.to_arrow().equals(held.to_arrow())
        assert (scanned.n_rows, scanned.n_missing) == (held.n_rows, held.n_missing)


def test_readers_and_relations_go_by_in_batches(folder: Path, rows: pa.Table) -> None:
    held = gf.cells(rows, "care", by=KEYS).to_arrow()
    reader = pa.RecordBatchReader.from_batches(rows.schema, iter(rows.to_batches(1000)))
    assert gf.cells(reader, "care", by=KEYS).to_arrow().equals(held)
    relation = duckdb.read_parquet([str(p) for p in sorted(folder.glob("*.parquet"))])
    assert gf.cells(relation, "care", by=KEYS).to_arrow().equals(held)
    assert gf.cells(pl.DataFrame(rows), "care", by=KEYS).to_arrow().equals(held)
    empty = pa.RecordBatchReader.from_batches(rows.schema, iter([]))
    with pytest.raises(InputError, match="no rows"):
        gf.cells(empty, "care", by=KEYS)


def test_a_stream_that_breaks_says_so(rows: pa.Table) -> None:
    def batches() -> object:
        yield from rows.to_batches(1000)[:3]
        message = "the disk is gone"
        raise OSError(message)

    with pytest.raises(InputError, match="the disk is gone"):
        gf.cells(pa.RecordBatchReader.from_batches(rows.schema, batches()), "care", by=KEYS)


def test_csv_plain_and_gzipped(tmp_path: Path, rows: pa.Table) -> None:
    part = rows.select([*KEYS, "care"]).slice(0, 5000)
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    pa_csv.write_csv(part.slice(0, 2000), first)
    pa_csv.write_csv(part.slice(2000), second)
    packed = tmp_path / "packed"
    packed.mkdir()
    with gzip.open(packed / "all.csv.gz", "wb") as file:
        pa_csv.write_csv(part, file)
    held = gf.cells(part, "care", by=KEYS)
    for scan in (gf.scan([first, second]), gf.scan(packed), gf.scan(tmp_path / "?.csv")):
        assert (scan.format, scan.n_rows) == ("csv", None)
        assert gf.cells(scan, "care", by=KEYS).to_arrow().equals(held.to_arrow())
        by_scan = gf.glm(scan, "care ~ abuse + age_band").to_arrow()
        assert by_scan.equals(gf.glm(part, "care ~ abuse + age_band").to_arrow())
    assert pickle.loads(pickle.dumps(gf.scan(first))).columns == (*KEYS, "care")
    bad = tmp_path / "c.csv"
    bad.write_text('"authority","abuse","age_band","quintile","care"\n"x",often,"y",1,true\n')
    with pytest.raises(InputError, match=r"c\.csv.*often"):
        gf.cells(gf.scan([first, bad]), "care", by=KEYS)
    with pytest.raises(InputError, match=r"c\.csv"):
        gf.glm(gf.scan([first, bad]), "care ~ abuse")


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("care ~ abuse * age_band + C(quintile)", {"vcov": gf.Cluster("authority")}),
        ("care ~ abuse + authority", {"family": "poisson", "vcov": gf.HC(1)}),
        ("visits ~ abuse + C(quintile)", {"family": "poisson"}),
        ("visits ~ abuse + C(quintile)", {"family": "negative-binomial"}),
        ("care ~ abuse + score", {"vcov": gf.Cluster("authority")}),
    ],
)
def test_models_of_a_scan_are_those_of_the_rows(
    folder: Path, rows: pa.Table, formula: str, options: dict[str, object]
) -> None:
    want = gf.glm(rows, formula, **options)
    bits = set()
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            found = gf.glm(gf.scan(folder), formula, **options)
        bits.add(str(found.to_arrow().to_pydict()))
        assert found.to_arrow("glance")["n_missing"] == want.to_arrow("glance")["n_missing"]
        for name in ("estimate", "std_error", "p_value"):
            np.testing.assert_allclose(
                found.to_arrow()[name].to_numpy(), want.to_arrow()[name].to_numpy(), rtol=1e-9
            )
    assert len(bits) == 1


def test_every_estimator_answers_alike_from_rows_cells_and_scans(
    folder: Path, rows: pa.Table
) -> None:
    scan = gf.scan(folder)
    held = gf.cells(scan, "care", by=KEYS)
    sql = gf.as_cells(
        duckdb.sql(
            f"SELECT {', '.join(KEYS)}, count(care) n, sum(care::int) y "
            f"FROM read_parquet('{folder}/*.parquet') WHERE care IS NOT NULL GROUP BY ALL"
        ),
        "care",
        n="n",
        total="y",
    )
    formula, cluster = "care ~ abuse + age_band", gf.Cluster("authority")
    flags = rows.append_column("poor", pa.array(rows["quintile"].to_numpy() > 3))
    asks = {
        "glm": lambda t: gf.glm(t, formula, vcov=cluster),
        "lm": lambda t: gf.lm(t, formula, vcov=cluster),
        "risk": lambda t: gf.risk(t, formula, "abuse", vcov=cluster),
        "attributable": lambda t: gf.attributable_fraction(t, formula, "abuse", vcov=cluster),
    }
    for name, ask in asks.items():
        tables = [ask(t).to_arrow() for t in (rows, scan, held, sql)]
        for other in tables[1:]:
            for column in ("estimate", "conf_low", "conf_high"):
                np.testing.assert_allclose(
                    other[column].to_numpy(zero_copy_only=False).astype(float),
                    tables[0][column].to_numpy(zero_copy_only=False).astype(float),
                    rtol=1e-8, atol=1e-12, err_msg=name,
                )  # fmt: skip
    path = folder / ".." / "flags.parquet"
    pq.write_table(flags, path, row_group_size=5000)
    of_rows, of_scan = (
        gf.trigger_trio(
            t, "care", factors=["abuse", "poor"], adjust="age_band", cluster="authority"
        )
        for t in (flags, gf.scan(path))
    )
    assert of_rows.to_arrow().equals(of_scan.to_arrow())


def test_frequency_weights_and_outcomes_of_any_number(folder: Path, rows: pa.Table) -> None:
    weighted = gf.cells(gf.scan(folder), "score", by="authority", weight=gf.frequency("visits"))
    held = gf.cells(rows, "score", by="authority", weight=gf.frequency("visits"))
    for name in ("n", "total", "total_sq"):
        np.testing.assert_allclose(weighted.to_arrow()[name], held.to_arrow()[name], rtol=1e-12)


def test_what_cannot_be_scanned_is_refused(tmp_path: Path, folder: Path, rows: pa.Table) -> None:
    with pytest.raises(InputError, match="no such file"):
        gf.scan(tmp_path / "absent.parquet")
    with pytest.raises(InputError, match="no Parquet or CSV"):
        gf.scan(tmp_path)
    with pytest.raises(InputError, match="no Parquet or CSV"):
        gf.scan(tmp_path / "*.parquet")
    (tmp_path / "empty.parquet").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.parquet: not a readable Parquet file"):
        gf.scan(tmp_path / "empty.parquet")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="neither Parquet nor CSV"):
        gf.scan(tmp_path / "notes.txt")
    (tmp_path / "x.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match="apart"):
        gf.scan([tmp_path / "x.csv", *folder.glob("*.parquet")])
    other = tmp_path / "other.parquet"
    text = rows.slice(0, 10).set_column(1, "abuse", pa.array(["yes"] * 10))
    pq.write_table(text, other)
    with pytest.raises(InputError, match=r"other\.parquet.*abuse.*text") as caught:
        gf.scan([*sorted(folder.glob("*.parquet")), other])
    assert (caught.value.kind, caught.value.column) == ("file", "abuse")
    with pytest.raises(InputError, match='did you mean "abuse"') as caught:
        gf.cells(gf.scan(folder), "care", by="abuze")
    assert caught.value.nearest == "abuse"
    with pytest.raises(InputError, match="abuze"):
        gf.glm(gf.scan(folder), "care ~ abuze")
    nothing = tmp_path / "nothing.parquet"
    pq.write_table(rows.slice(0, 0), nothing)
    with pytest.raises(InputError, match="no rows"):
        gf.cells(gf.scan(nothing), "care", by="abuse")
    with pytest.raises(InputError, match="no rows"):
        gf.glm(gf.scan(nothing), "care ~ abuse")


def test_files_say_that_they_are_synthetic(tmp_path: Path) -> None:
    marked = children(100).replace_schema_metadata({b"gofal.synthetic": b"true"})
    pq.write_table(marked, tmp_path / "a.parquet")
    scan = gf.scan(tmp_path)
    assert scan.synthetic
    made = gf.cells(scan, "care", by="abuse")
    assert gf.glm(made, "care ~ abuse").provenance.synthetic
    assert gf.glm(scan, "care ~ abuse").provenance.synthetic
    assert gf.glm(made.merge(made), "care ~ abuse").provenance.synthetic


def test_the_data_id_follows_the_bytes_read(folder: Path, tmp_path: Path) -> None:
    def ident(path: Path, formula: str) -> str:
        return gf.glm(gf.scan(path), formula).provenance.data_id

    first = ident(folder, "care ~ abuse")
    assert first == ident(folder, "care ~ abuse")
    assert first != ident(folder, "care ~ age_band")
    pq.write_table(children(seed=12), tmp_path / "other.parquet")
    assert first != ident(tmp_path, "care ~ abuse")


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """Ten times the rows, the same cells: the peak of a process stays within 16 MB."""
    block = children(200_000).select([*KEYS, "care", "child"])
    peaks = []
    for repeats in (1, 10):
        path = tmp_path / f"{repeats}.parquet"
        with pq.ParquetWriter(path, block.schema) as writer:
            for _ in range(repeats):
                writer.write_table(block, row_group_size=100_000)
        code = (
            "import gofal as gf, resource\n"
            "gf.set_options(threads=2, progress=False)\n"
            f"gf.cells(gf.scan({str(path)!r}), 'care', by={KEYS!r})\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
        )
        run = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        peaks.append(float(run.stdout))
    assert peaks[1] - peaks[0] < 16, peaks
