"""Times gofal and its peers in one run: CPU seconds, best of several, one thread; ratios and agreement.

``make bench`` prints the tables of every family; ``BENCH="--only regression"`` those of one, or of one workload
(``--only logit-1e6``); ``--write`` also puts them on docs/explanation/benchmarks.md. R peers run where Rscript
and their packages are installed; otherwise the row says that they were skipped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from typing import Any

import harness
import timing

for variable in harness.THREADS:
    os.environ[variable] = "1"


def child(family: str, name: str, who: str) -> None:
    """One subject of one workload, in this process."""
    import gofal as gf

    gf.set_options(threads=1, progress=False)
    workload = next(w for w in harness.load(family).workloads() if w.name == name)
    subject = next(s for s in workload.subjects if s.name == who)
    print(json.dumps(harness.measure(workload, subject)))


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="a family or a workload")
    parser.add_argument("--write", action="store_true", help="put the tables on the page")
    parser.add_argument("--list", action="store_true", help="name the workloads")
    parser.add_argument("--own", action="store_true", help="gofal alone, without its peers")
    parser.add_argument(
        "--child", nargs=3, metavar=("FAMILY", "WORKLOAD", "SUBJECT"), help=argparse.SUPPRESS
    )
    asked = parser.parse_args()
    if asked.child:
        child(*asked.child)
        return
    with tempfile.TemporaryDirectory(prefix="gofal-bench-") as folder:
        os.environ.setdefault("GOFAL_BENCH_DATA", folder)
        for family in harness.families():
            module = harness.load(family)
            if not hasattr(module, "workloads"):
                if asked.only in (None, family) and not asked.list:
                    own_table(module, write=asked.write)
                continue
            chosen = [w for w in module.workloads() if asked.only in (None, family, w.name)]
            if not chosen:
                continue
            print(f"\n## {module.TITLE}\n", flush=True)
            if asked.list:
                print("\n".join(f"{w.name}: {w.title}" for w in chosen))
                continue
            print(harness.HEAD, flush=True)
            rows = [row for w in chosen for row in harness.compare(family, w, own_only=asked.own)]
            if asked.write and asked.only in (None, family) and not asked.own:
                text = f"{module.NOTES}\n\n{harness.HEAD}\n" + "\n".join(rows)
                timing.put_section(module.TITLE, text)


def own_table(module: Any, *, write: bool) -> None:
    """A family that makes its table itself."""
    import gofal as gf

    gf.set_options(threads=1, progress=False)
    text = module.run()
    print(f"\n## {module.TITLE}\n\n{text}", flush=True)
    if write:
        timing.put_section(module.TITLE, text)


if __name__ == "__main__":
    sys.path.insert(0, str(harness.HERE))
    main()
