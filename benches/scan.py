"""Scanning files: Parquet to cells beside DuckDB, polars and pyarrow; growth with the number of rows.

Each contender runs in a process of its own, so that peak memory above the start is its own.
GOFAL_BENCH_LARGE=1 adds 10^8 rows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import Row, table

TITLE = "Scanning files"
SIZES = (100_000, 1_000_000, 10_000_000)
LARGE = 100_000_000
REPEATS = 3
KEYS = {
    "authority": 22, "year": 11, "age_band": 5, "sex": 2, "quintile": 5, "domestic_abuse": 2,
    "substance_misuse": 2, "mental_ill_health": 2,
}  # fmt: skip
TEXT = ("authority", "age_band", "sex")
PEERS = ("gofal", "duckdb", "pyarrow", "polars")


def write(path: Path, n: int) -> None:
    """Children of the eight keys, an outcome and three columns nobody asks for; row groups of 2^20, zstd."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(20_190_331)
    schema = None
    writer = None
    for start in range(0, n, 1 << 20):
        m = min(1 << 20, n - start)
        columns: dict[str, pa.Array] = {}
        load = np.zeros(m)
        for name, k in KEYS.items():
            # Two factors in ten children, unequal levels elsewhere.
            p = (
                np.array([0.8, 0.2])
                if k == 2 and name != "sex"
                else np.arange(k, 2 * k) / sum(range(k, 2 * k))
            )
            codes = rng.choice(k, size=m, p=p).astype(np.int32)
            load += codes * (1.0 if k == 2 and name != "sex" else 0.02)
            if name in TEXT:
                levels = pa.array([f"{name} {i:02}" for i in range(k)])
                columns[name] = pa.DictionaryArray.from_arrays(pa.array(codes), levels).cast(
                    pa.string()
                )
            else:
                columns[name] = pa.array(codes + (2014 if name == "year" else 0), pa.int16())
        outcome = rng.random(m) < 1 / (1 + np.exp(4 - load))
        columns["looked_after"] = pa.array(outcome.astype(np.int8))
        columns["child"] = pa.array(np.arange(start, start + m))
        columns["score"] = pa.array(rng.normal(size=m))
        columns["days"] = pa.array(rng.integers(0, 365, size=m).astype(np.int32))
        batch = pa.table(columns)
        if writer is None:
            schema = batch.schema
            writer = pq.ParquetWriter(path, schema, compression="zstd")
        writer.write_table(batch, row_group_size=1 << 20)
    if writer is not None:
        writer.close()


# What each contender runs: {f} is the file; `out` must be (cells, rows, Σy).
CODE = {
    "gofal": """
import gofal as gf
gf.set_options(threads=1, progress=False)
def run():
    t = gf.cells(gf.scan({f!r}), "looked_after", by={keys!r}).to_arrow()
    return t
def facts(t): return t.num_rows, sum(t["n"].to_pylist()), sum(t["total"].to_pylist())
""",
    "duckdb": """
import duckdb
duckdb.execute("SET threads=1")
def run():
    query = "SELECT {sql}, count(*) n, sum(looked_after) total FROM read_parquet('{f}') GROUP BY ALL"
    return duckdb.sql(query).to_arrow_table()
def facts(t): return t.num_rows, sum(t["n"].to_pylist()), sum(map(int, t["total"].to_pylist()))
""",
    "pyarrow": """
import pyarrow as pa, pyarrow.parquet as pq
pa.set_cpu_count(1)
def run():
    t = pq.read_table({f!r}, columns=[*{keys!r}, "looked_after"], read_dictionary={text!r}, use_threads=False)
    t = t.unify_dictionaries().group_by({keys!r}, use_threads=False)
    return t.aggregate([("looked_after", "count"), ("looked_after", "sum")])
def facts(t): return t.num_rows, sum(t["looked_after_count"].to_pylist()), sum(t["looked_after_sum"].to_pylist())
""",
    "polars": """
import polars as pl
def run():
    return (pl.scan_parquet({f!r}).group_by({keys!r})
            .agg(pl.len().alias("n"), pl.col("looked_after").cast(pl.Int64).sum().alias("total"))
            .collect(engine="streaming"))
def facts(t): return t.height, t["n"].sum(), t["total"].sum()
""",
}
FRAME = """
import json, resource
import pyarrow
{code}
def peak():
    with open("/proc/self/status") as f:
        s = dict(line.split(":", 1) for line in f)
    return int(s["VmHWM"].split()[0]) / 1024, int(s["VmRSS"].split()[0]) / 1024
try:
    open("/proc/self/clear_refs", "w").write("5")
except OSError:
    pass
start = peak()[1]
best, out = 1e9, None
for _ in range({repeats}):
    out = None
    a = resource.getrusage(resource.RUSAGE_SELF)
    out = run()
    b = resource.getrusage(resource.RUSAGE_SELF)
    best = min(best, b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime)
print(json.dumps({{"cpu": best, "peak": peak()[0] - start, "facts": facts(out)}}))
"""


def contend(
    peer: str, file: Path, keys: list[str], repeats: int = REPEATS
) -> dict[str, float] | None:
    """CPU seconds, peak MB above the start, and facts of the cells; None where the peer is not installed."""
    code = CODE[peer].format(
        f=str(file), keys=keys, text=[k for k in keys if k in TEXT], sql=", ".join(keys)
    )
    run = subprocess.run(
        [sys.executable, "-c", FRAME.format(code=code, repeats=repeats)],
        capture_output=True, text=True, check=False, env={**os.environ, "POLARS_MAX_THREADS": "1"},
    )  # fmt: skip
    if run.returncode:
        print(f"{peer} skipped:", run.stderr.strip().splitlines()[-1:])
        return None
    return dict(json.loads(run.stdout.strip().splitlines()[-1]))


def ten_times(file: Path) -> Path:
    """A pattern of ten names of one file: ten times its rows."""
    folder = file.parent / "ten"
    folder.mkdir()
    for i in range(10):
        (folder / f"{i}.parquet").hardlink_to(file)
    return folder / "*.parquet"


def run(sizes: tuple[int, ...] = SIZES) -> str:
    """Time everything; the section's text."""
    rows: list[Row] = []
    memory: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for n in (*sizes, *([LARGE] if os.environ.get("GOFAL_BENCH_LARGE") else [])):
            file = Path(folder) / f"{n}.parquet"
            if n == LARGE:
                file = ten_times(Path(folder) / f"{max(sizes)}.parquet")
            else:
                write(file, n)
            both = {f"{n:,} rows, 8 keys": list(KEYS)}
            if n == max(sizes):
                both[f"{n:,} rows, authority × year"] = ["authority", "year"]
            for what, keys in both.items():
                peers = PEERS if n <= max(sizes) else PEERS[:2]
                found = {p: contend(p, file, keys, 1 if n == LARGE else REPEATS) for p in peers}
                ours = found.pop("gofal")
                if ours is None:
                    message = "gofal did not run"
                    raise RuntimeError(message)
                memory.append(f"| {what} | {ours['facts'][0]:,} | {ours['cpu']:.3f} | {ours['peak']:.0f} | "
                              + " | ".join("" if (f := found.get(p)) is None else f"{f['peak']:.0f}"
                                           for p in PEERS[1:]) + " |")  # fmt: skip
                for peer, theirs in found.items():
                    if theirs is not None and theirs["facts"] != ours["facts"]:
                        message = f"{peer} found {theirs['facts']}, gofal {ours['facts']}"
                        raise RuntimeError(message)
                    rows.append(
                        Row(what, ours["cpu"], peer, None if theirs is None else theirs["cpu"])
                    )
    head = ("| workload | cells | CPU-s | peak MB above the start | DuckDB | pyarrow | polars |\n"
            "| --- | --- | --- | --- | --- | --- | --- |\n")  # fmt: skip
    return f"{table(rows)}\n\nCells, Σn and Σy agree with every peer.\n\n{head}" + "\n".join(memory)
