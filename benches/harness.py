"""What every family of benchmarks shares: workloads, subjects, one process each, ratios, the page.

A family is a file beside this one with ``TITLE``, ``NOTES`` and ``workloads()`` (or ``TITLE`` and ``run()``, which
times in the process of `run.py` and returns its own table). A workload has a name, a
table and subjects; the first subject is gofal. Every subject runs in a process of its own, on one thread,
and says what it took (CPU seconds: user + system, the least of several calls), its peak memory above what
was held before the call, and some of its numbers, which are compared with gofal's.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
           "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS")  # fmt: skip

Numbers = Mapping[str, float]


@dataclass(frozen=True)
class Subject:
    """One way to do the work.

    Attributes
    ----------
    name
        What it is called in the table.
    prepare
        From the table to the call that is timed; imports and conversions of the table are done here and
        are not counted. The call returns numbers by name.
    script
        An R script in ``peers/`` in place of ``prepare``: it gets the folder of ``table.csv`` and prints a
        JSON object with ``cpu`` and ``numbers``.
    repeats
        Calls at least; more while they are short.
    tolerance
        Greatest relative difference from gofal's numbers that counts as agreement; None where the
        subject answers another question (its numbers are then not compared).
    """

    name: str
    prepare: Callable[[Any], Callable[[], Numbers]] | None = None
    script: str | None = None
    repeats: int = 3
    tolerance: float | None = 1e-6


@dataclass(frozen=True)
class Workload:
    """A piece of work with its table and its subjects (gofal first)."""

    name: str
    title: str
    data: Callable[[], Any]
    subjects: tuple[Subject, ...]
    floor: float | None = None
    goal: float | None = None


def held(name: str, make: Callable[[], Any]) -> Any:
    """A table made once and kept as an Arrow file; every process reads it into memory."""
    import pyarrow as pa

    folder = Path(os.environ["GOFAL_BENCH_DATA"])
    path = folder / f"{name}.arrow"
    if not path.exists():
        table = make()
        with (
            pa.OSFile(str(path) + ".part", "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as writer,
        ):
            writer.write_table(table)
        Path(str(path) + ".part").rename(path)
    with pa.OSFile(str(path), "rb") as source:
        return pa.ipc.open_file(source).read_all()


def _memory(field: str) -> float:
    """Megabytes that /proc says (VmRSS, VmHWM)."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return math.nan
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return float(found.group(1)) / 1024 if found else math.nan


def _timed(call: Callable[[], Numbers]) -> tuple[float, float, Numbers]:
    start, clock = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    numbers = call()
    end, wall = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - clock
    return end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime, wall, numbers


def measure(workload: Workload, subject: Subject) -> dict[str, Any]:
    """Time one subject in this process."""
    assert subject.prepare is not None
    call = subject.prepare(workload.data())
    before = _memory("VmRSS")
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        before = math.nan
    first, wall, numbers = _timed(call)
    peak = _memory("VmHWM") - before
    best, calls, spent = first, 1, first
    while calls < subject.repeats or (spent < 1 and calls < 40):
        if spent > 60:
            break
        taken, clock, numbers = _timed(call)
        best, wall, calls, spent = min(best, taken), min(wall, clock), calls + 1, spent + taken
    return {"cpu": best, "first": first, "wall": wall, "peak": peak, "calls": calls,
            "numbers": {k: float(v) for k, v in numbers.items()}}  # fmt: skip


def _run_python(family: str, workload: Workload, subject: Subject) -> dict[str, Any] | str:
    command = [sys.executable, str(HERE / "run.py"), "--child", family, workload.name, subject.name]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        return f"failed: {last[:160]}"
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def _run_r(workload: Workload, subject: Subject) -> dict[str, Any] | str:
    if shutil.which("Rscript") is None:
        return "no Rscript"
    import pyarrow as pa
    from pyarrow import csv

    with tempfile.TemporaryDirectory() as folder:
        csv.write_csv(pa.table(workload.data()), str(Path(folder) / "table.csv"))
        command = ["Rscript", str(HERE / "peers" / str(subject.script)), folder, workload.name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        return f"failed: {(run.stderr.strip().splitlines() or ['no message'])[-1][:160]}"
    found: dict[str, Any] = json.loads(run.stdout.strip().splitlines()[-1])
    return found


def difference(own: Numbers, theirs: Numbers) -> float | None:
    """Greatest relative difference of the numbers both have."""
    shared = [k for k in own if k in theirs]
    gaps = [abs(own[k] - theirs[k]) / max(abs(own[k]), abs(theirs[k]), 1e-12) for k in shared]
    return max(gaps) if gaps else None


def _seconds(value: float) -> str:
    return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"


def compare(family: str, workload: Workload, *, own_only: bool = False) -> list[str]:
    """Run all subjects of a workload; rows of the table."""
    rows: list[str] = []
    own: dict[str, Any] | None = None
    for subject in workload.subjects[: 1 if own_only else None]:
        run = (
            _run_r(workload, subject) if subject.script else _run_python(family, workload, subject)
        )
        title = workload.title if not rows else ""
        if isinstance(run, str):
            print(f"{workload.name}: {subject.name}: {run}", flush=True)
            rows.append(f"| {title} | {subject.name} | skipped: {run} | | | | | |")
            continue
        gap = difference(own["numbers"], run["numbers"]) if own else None
        agrees = "" if gap is None or subject.tolerance is None else f"{gap:.0e}"
        if gap is not None and subject.tolerance is not None and gap > subject.tolerance:
            agrees += " (differs)"
        ratio = "" if own is None else f"{run['cpu'] / own['cpu']:.1f}"
        goal = "" if own or workload.goal is None else f"{_seconds(workload.goal)}"
        floor = "" if own or workload.floor is None else f"{run['cpu'] / workload.floor:.1f}"
        peak = "" if math.isnan(run.get("peak", math.nan)) else f"{max(run['peak'], 0):.0f}"
        rows.append(
            f"| {title} | {subject.name} | {_seconds(run['cpu'])} | {ratio} | {goal} | {floor} | {peak} | {agrees} |"
        )
        print(rows[-1], flush=True)
        own = own or run
    return rows


HEAD = (
    "| workload | who | CPU s | ratio to gofal | goal | gofal / floor | peak MB | difference |\n"
    "| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def families() -> list[str]:
    """Names of the files that hold workloads."""
    own = {"run", "harness", "timing"}
    return sorted(p.stem for p in HERE.glob("*.py") if p.stem not in own)


def load(family: str) -> Any:
    """The module of a family."""
    return importlib.import_module(family)
