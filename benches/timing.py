"""What every benchmark shares: CPU seconds, rows of the table, sections of the page."""

from __future__ import annotations

import os
import re
import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ[name] = "1"

PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "benchmarks.md"


@dataclass(frozen=True)
class Row:
    """One comparison: seconds of gofal, seconds of a peer (None: skipped), seconds of the bare loop."""

    what: str
    ours: float
    peer: str
    theirs: float | None
    floor: float | None = None


def cpu(call: Callable[[], object], repeats: int = 3) -> float:
    """Least user and system seconds of several calls."""
    best = float("inf")
    for _ in range(repeats):
        start = resource.getrusage(resource.RUSAGE_SELF)
        call()
        end = resource.getrusage(resource.RUSAGE_SELF)
        best = min(best, end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    return best


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = [
        "| workload | gofal | peer | peer's | ratio | gofal / floor |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        shown = "skipped" if row.theirs is None else f"{row.theirs:.2f}"
        ratio = "" if row.theirs is None else f"{row.theirs / row.ours:.1f}"
        floor = "" if row.floor is None else f"{row.ours / row.floor:.1f}"
        lines.append(f"| {row.what} | {row.ours:.3f} | {row.peer} | {shown} | {ratio} | {floor} |")
    return "\n".join(lines)


def put_section(title: str, text: str, page: Path = PAGE) -> None:
    """Replace one section of the page (or add it at the end); the others stay as they are."""
    held = page.read_text(encoding="utf-8")
    new = f"## {title}\n\n{text}\n"
    pattern = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.M | re.S)
    if pattern.search(held) is None:
        held = f"{held.rstrip()}\n\n{new}"
    held = pattern.sub(lambda _: f"{new}\n", held, count=1)
    page.write_text(f"{held.rstrip()}\n", encoding="utf-8")
