"""Times gofal and its peers in one run: CPU seconds, best of several, one thread; ratios and agreement.

`make bench` prints a table a family; `--write` also puts them into docs/explanation/benchmarks.md. Families named
as arguments run alone: `python benches/run.py correlation`. A peer that is not installed is skipped and said to be.
"""

from __future__ import annotations

import sys

import correlation
import timing

import gofal as gf

FAMILIES = {"correlation": correlation}


def main() -> None:
    gf.set_options(threads=1, progress=False)
    named = [a for a in sys.argv[1:] if not a.startswith("-")]
    for name, family in FAMILIES.items():
        if named and name not in named:
            continue
        text = family.run()
        print(f"\n{family.TITLE}\n\n{text}\n", flush=True)
        if "--write" in sys.argv:
            timing.put_section(family.TITLE, text)


if __name__ == "__main__":
    main()
