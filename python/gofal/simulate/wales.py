"""The published margins behind a synthetic Wales, as the kernel takes them."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from gofal import _core
from gofal._call import threads
from gofal.data import records
from gofal.simulate.assumptions import Assumptions
from gofal.wales import AUTHORITIES

__all__ = [
    "AGES",
    "AUTHORITY_CODES",
    "COURT_AREAS",
    "SEXES",
    "SHARE_MALE",
    "areas",
    "rates",
    "world",
]

AGES = {"0-4": "pop_0_4", "5-9": "pop_5_9", "10-15": "pop_10_15", "16-17": "pop_16_17"}
"""Age bands and their measures in the population table."""

SEXES = ("female", "male")
SHARE_MALE = 0.512
"""Assumed share of boys."""

AUTHORITY_CODES = tuple(a.code for a in AUTHORITIES)

COURT_AREAS = ("North Wales", "Swansea and South West Wales", "Cardiff and South East Wales")
"""The three family-court areas. Membership is general knowledge, not read in a source, and Powys and Bridgend are
placed here by us: UNVERIFIED."""

_NORTH = {f"W0600000{i}" for i in range(1, 7)}
_WEST = {"W06000008", "W06000009", "W06000010", "W06000011", "W06000012", "W06000013", "W06000023"}


def _court(code: str) -> int:
    return 0 if code in _NORTH else 1 if code in _WEST else 2


def _by_code(dataset: str, measure: str, period: str) -> dict[str, float]:
    rows = records(dataset, measure=measure, period=period, area="authorities")
    return {r["area_code"]: float(r["value"]) for r in rows}


def _apportion(total: int, weights: tuple[int, ...]) -> list[int]:
    """Whole numbers in proportion to weights, by largest remainders, the first of equals first."""
    exact = [total * w / sum(weights) for w in weights]
    out = [math.floor(e) for e in exact]
    for i in sorted(range(len(out)), key=lambda i: out[i] - exact[i])[: total - sum(out)]:
        out[i] += 1
    return out


@cache
def areas() -> dict[str, tuple[int, ...]]:
    """Small areas of each authority in each fifth of deprivation, the most deprived first (WIMD 2019).

    Published are the counts within the worst 10, 20, 30 and 50%. So the worst fifth and the tenth after it are
    exact; the areas between 30 and 50% are half and half, those beyond in proportion 1 : 2 : 2.
    """
    cut = {
        p: _by_code("deprivation", f"wimd_n_lsoas_most_deprived_{p}", "2019") for p in (20, 30, 50)
    }
    whole = _by_code("deprivation", "n_lsoas", "2019")
    out: dict[str, tuple[int, ...]] = {}
    for code in AUTHORITY_CODES:
        worst, third, half = (int(cut[p][code]) for p in (20, 30, 50))
        second, middle = _apportion(half - third, (1, 1))
        more, fourth, least = _apportion(int(whole[code]) - half, (1, 2, 2))
        out[code] = (worst, third - worst + second, middle + more, fourth, least)
    return out


@cache
def rates() -> dict[str, float]:
    """Children looked after per 10,000 in each authority: mean of 31 March 2023 and 2024 over mid-2020 population."""
    return _by_code("looked_after", "cla_rate_per_10000_aged_0_17_mid2020", "2023-03-31+2024-03-31")


@cache
def _children() -> dict[str, float]:
    return _by_code("population", "population_0_17", "2020-06-30")


@cache
def _ages() -> tuple[float, ...]:
    return tuple(sum(_by_code("population", m, "mid-2020").values()) for m in AGES.values())


@cache
def world(assumed: Assumptions) -> _core.World:
    """Return the solved world of these assumptions (kept: solving takes longer than drawing a small sample)."""
    children, rate = _children(), rates()
    everybody = sum(children.values())
    wales = sum(children[c] * rate[c] for c in AUTHORITY_CODES) / everybody
    scale = 1.0 if assumed.rate_per_10k is None else assumed.rate_per_10k / wales
    shift = [assumed.prevalence_gradient * (2 - q) for q in range(5)]
    held: dict[str, Any] = {
        "places": [
            (children[c], rate[c] * scale / 10_000, _court(c), list(areas()[c])) for c in AUTHORITY_CODES
        ],
        "n_courts": len(COURT_AREAS),
        "elsewhere": assumed.elsewhere,
        "prevalence": [[_shifted(p, s) for p in assumed.prevalence] for s in shift],
        "loading": list(assumed.co_occurrence),
        "trio": assumed.by_pattern(),
        "deprivation": list(assumed.deprivation),
        "ages": list(zip(_ages(), assumed.age, strict=True)),
        "male": (SHARE_MALE, assumed.male),
        "years": [assumed.year * (y - assumed.years[0]) for y in assumed.years],
        "sd": (
            assumed.sd_authority, assumed.sd_court_area, assumed.sd_small_area, assumed.sd_trio
        ),
        "by_authority": assumed.margins == "authority",
        "seed": assumed.seed,
    }  # fmt: skip
    return _core.World(held, threads())


def _shifted(p: float, log_odds: float) -> float:
    """A probability whose log odds are moved; one outside (0, 1) is left for the kernel to refuse."""
    if not 0 < p < 1:
        return p
    return 1 / (1 + (1 - p) / p * math.exp(-log_odds))
