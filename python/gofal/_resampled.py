"""Limits of interaction from resampled clusters."""

from __future__ import annotations

from typing import Any

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import count
from gofal.covariances import Cluster, Vcov
from gofal.errors import InputError
from gofal.progress import progress

__all__ = ["FEW_VALUES", "resampled"]

FEW_VALUES = "too few resamples gave a value"
Factors = list[tuple[str, str, str]]


def resampled(
    model: _core.Model,
    factors: Factors,
    tidy: dict[str, list[Any]],
    *,
    standardised: bool,
    vcov: Vcov,
    conf_level: float,
    n_resamples: int,
    seed: int,
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Return the measures with errors and limits of the cluster bootstrap, and what was drawn.

    Raises
    ------
    InputError
        Without one column of clusters; fewer than 199 resamples.
    """
    if not isinstance(vcov, Cluster) or len(vcov.names) != 1:
        message = (
            'interval="bootstrap" resamples clusters: name them with vcov=gf.Cluster("authority")'
        )
        raise InputError(message, kind="option", column="vcov", got=repr(vcov))
    count("n_resamples", n_resamples, 199)
    count("seed", seed, 0)
    with progress("resamples") as report:
        found, failed = _core.interaction_bootstrap(
            model, factors, standardised, conf_level, n_resamples, seed, threads(), report
        )
    limits = columns_of(found)
    # The limits by the method of variance estimates are another answer to the same question.
    kept = [i for i, m in enumerate(tidy["measure"]) if m != "reri_mover"]
    out = {name: [values[i] for i in kept] for name, values in tidy.items()}
    before = out["reason"]
    out |= {name: limits[name] for name in ("std_error", "conf_low", "conf_high")}
    out["p_value"] = [None] * len(kept)
    out["reason"] = [
        r if r or low is not None else FEW_VALUES
        for r, low in zip(before, limits["conf_low"], strict=True)
    ]
    out["interval"] = ["bootstrap"] * len(kept)
    return out, {"n_resamples": n_resamples, "n_failed": failed, "seed": seed}
