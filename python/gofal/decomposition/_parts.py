"""What the decompositions share: how to resample, and the proof that parts add up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gofal._check import count, level, one_of
from gofal.errors import InputError, NumericalError
from gofal.options import get_options
from gofal.typing import RESAMPLING_INTERVALS

__all__ = ["add_up", "conf_of", "resampling"]


def conf_of(conf_level: float | None) -> float:
    """Return the level asked for, or that of the options."""
    return level("conf_level", get_options().conf_level if conf_level is None else conf_level)


def resampling(
    interval: str,
    conf_level: float,
    n_resamples: int,
    seed: int,
    cluster: str | None,
    stratify: str | None,
) -> dict[str, Any] | None:
    """Return how to resample in the kernel's words; None for no interval.

    Raises
    ------
    InputError
        Options that do not go together.
    """
    one_of("interval", interval, RESAMPLING_INTERVALS)
    count("n_resamples", n_resamples, 1)
    count("seed", seed, 0)
    if cluster is not None and stratify is not None:
        message = (
            "cluster, stratify: give one of them (whole clusters are drawn, or rows within strata)"
        )
        raise InputError(message, kind="option", column="cluster", got=cluster)
    if interval == "none":
        for option, value in (("cluster", cluster), ("stratify", stratify)):
            if value is not None:
                message = f'{option}={value!r} has no meaning without an interval: interval="bca"'
                raise InputError(message, kind="option", column=option, got=value)
        return None
    return {
        "interval": interval, "conf_level": conf_level, "n_resamples": n_resamples, "seed": seed,
        "cluster": cluster, "stratify": stratify,
    }  # fmt: skip


def add_up(what: str, parts: Iterable[float], whole: float, scale: float) -> None:
    """Refuse parts that do not sum to the whole, to rounding of numbers of size ``scale``.

    Raises
    ------
    NumericalError
        When they do not.
    """
    total = sum(parts)
    if abs(total - whole) > 1e-9 * max(abs(scale), abs(whole)):
        message = f"{what}: the parts sum to {total}, the whole is {whole}"
        raise NumericalError(message, kind="undefined")
