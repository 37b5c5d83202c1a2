"""Execute notebooks from top to bottom; fail on the first error. `python tests/notebooks.py notebooks`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


def run(path: Path) -> str | None:
    """The error of the first failing cell, or None; also refuses stored outputs."""
    notebook = nbformat.read(path, as_version=4)
    stored = [i for i, cell in enumerate(notebook.cells) if cell.get("outputs")]
    if stored:
        return f"cells {stored} hold outputs: strip them before committing"
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return str(error)
    return None


def main(folder: str) -> int:
    """Run every notebook of `folder`; the exit status counts the failures."""
    paths = sorted(Path(folder).glob("*.ipynb"))
    failed = 0
    for path in paths:
        start = time.monotonic()
        error = run(path)
        print(f"{path.name}: {'failed' if error else 'ok'} ({time.monotonic() - start:.1f} s)")
        if error:
            failed += 1
            print(error)
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
