"""Show how far long work has come.

The kernels report ``(done, total)``; this turns the reports into a bar, and into nothing at all
where nobody is looking: a log file, a CI job, or work that ends within half a second.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gofal.options import get_options

__all__ = ["DELAY", "Bar", "progress"]

DELAY = 0.5
"""Seconds of work before a bar appears when the option is ``"auto"``."""


class Bar:
    """A progress bar that a kernel calls as ``bar(done, total)``.

    Parameters
    ----------
    label
        What is counted, for example ``"resamples"``.
    delay
        Seconds before the bar appears.
    """

    def __init__(self, label: str, delay: float = DELAY) -> None:
        self._label = label
        self._delay = delay
        self._start = time.monotonic()
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are done."""
        if self._bar is None:
            if time.monotonic() - self._start < self._delay or done >= total > 0:
                return
            # `auto` picks the notebook's widget and falls back to text; its warning about a
            # missing ipywidgets is no business of the caller.
            import warnings

            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                from tqdm.auto import tqdm

                self._bar = tqdm(total=total, desc=self._label, leave=False)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None] | None]:
    """Yield the callback to hand to a kernel, or None where no bar is wanted.

    Parameters
    ----------
    label
        What is counted.

    Examples
    --------
    >>> from gofal.options import options
    >>> with options(progress=False), progress("resamples") as report:
    ...     report is None
    True
    """
    wanted = get_options().progress
    if wanted is False or (wanted == "auto" and not _somebody_looks()):
        yield None
        return
    bar = Bar(label, delay=DELAY if wanted == "auto" else 0.0)
    try:
        yield bar
    finally:
        bar.close()


def _somebody_looks() -> bool:
    """Return whether output goes to a terminal or a notebook."""
    ipython = sys.modules.get("IPython")
    if ipython is not None:
        shell = ipython.get_ipython()
        if shell is not None and type(shell).__name__ == "ZMQInteractiveShell":
            return True
    stderr = sys.stderr
    return stderr is not None and stderr.isatty()
