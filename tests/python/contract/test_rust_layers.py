"""A Rust module never looks up, and each outside crate has one owner."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .project import ROOT, rust_sources

SRC = ROOT / "src"
LAYER = {
    "error": 0, "parallel": 0, "rng": 0,
    "num": 1,
    "design": 2, "frame": 2,
    "resample": 3, "multiplicity": 3, "disclosure": 3, "pooling": 3,
    "rates": 4, "correlation": 4, "inequality": 4, "regression": 4,
    "risk": 4, "imputation": 4, "panel": 4,
    "effects": 5, "mixed": 5,
    "decomposition": 6,
    "simulate": 6,
    "python": 7,
}  # fmt: skip
# Inside one layer: error and the random streams stand below everything, and the frame may build
# design types. Families do not know each other.
SIDEWAYS = {("parallel", "error"), ("rng", "error"), ("frame", "design")}
OWNERS = {
    "arrow_array": {"frame", "python"},
    "arrow_buffer": {"frame", "python"},
    "arrow_data": {"frame", "python"},
    "arrow_schema": {"frame", "python"},
    "faer": {"num/linalg"},
    "pulp": {"num/lanes"},
    "parquet": {"frame/scan"},
    "rand": {"rng"},
    "rand_chacha": {"rng"},
    "rayon": {"parallel"},
    "statrs": {"num/dist"},
    "libm": {"num"},
    "pyo3": {"python"},
}


def module(path: Path) -> str:
    return path.relative_to(SRC).with_suffix("").parts[0]


def code(path: Path) -> str:
    """The file without its comments and without its unit tests."""
    text = path.read_text(encoding="utf-8").split("#[cfg(test)]\nmod tests")[0]
    return re.sub(r"//.*", "", text)


FILES = [p for p in rust_sources() if p.name != "lib.rs"]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SRC).as_posix())
def test_no_module_looks_up(path: Path) -> None:
    own = module(path)
    assert own in LAYER, f"{own} has no layer: add it here and to the map in lib.rs"
    used = set(re.findall(r"\bcrate::(\w+)", code(path)))
    for grouped in re.findall(r"\bcrate::\{([^}]*)\}", code(path)):
        used |= set(re.findall(r"(?:^|,)\s*(\w+)", grouped))
    upward = {
        other
        for other in used - {own}
        if other in LAYER and LAYER[other] >= LAYER[own] and (own, other) not in SIDEWAYS
    }
    assert not upward, f"{path.name} ({own}) imports {upward}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(SRC).as_posix())
def test_each_outside_crate_has_one_owner(path: Path) -> None:
    place = path.relative_to(SRC).with_suffix("").as_posix()
    text = code(path)
    for crate, owners in OWNERS.items():
        if re.search(rf"(?<![\w:]){crate}::", text):
            assert any(place == o or place.startswith(f"{o}/") for o in owners), (
                f"{place} uses {crate}; its owner is {sorted(owners)}"
            )


def test_every_module_is_on_the_map() -> None:
    header = (SRC / "lib.rs").read_text(encoding="utf-8").split("pub mod")[0]
    on_map = set(re.findall(r"\[`(\w+)`\]", header)) | {"python"}
    assert set(LAYER) == on_map


def test_no_panicking_shortcuts_outside_tests() -> None:
    pattern = re.compile(
        r"\.unwrap\(\)|\.expect\(|\bpanic!|\btodo!|\bunimplemented!|\bunreachable!"
    )
    allowed = {"python/testing.rs"}  # the hidden hooks that the door's tests pull
    found = [
        f"{p.relative_to(SRC)}: {line.strip()}"
        for p in FILES
        if p.relative_to(SRC).as_posix() not in allowed
        for line in code(p).splitlines()
        if pattern.search(line)
    ]
    assert not found
