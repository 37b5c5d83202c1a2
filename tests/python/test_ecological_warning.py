"""The warning example of the methods page: English authorities, 2020, where domestic abuse seems to protect."""

from __future__ import annotations

from pathlib import Path

import pytest

import gofal as gf

from .contract.project import ROOT

SHARED = ROOT.parent / "shared" / "data"
FACTORS = (
    "Alcohol_Misuse_parent",
    "Drug_Misuse_parent",
    "Domestic_Abuse_parent",
    "Mental_Health_parent",
)
# A run by others on another file of that year: 148 authorities (coefficient, standard error), R² 0.6262.
PUBLISHED = (
    (2.00523, 0.90222), (1.80214, 0.77269), (-1.97858, 0.45453), (0.08662, 0.41115), (4.36008, 0.33918),
)  # fmt: skip


def shared() -> Path:
    if not (SHARED / "england_cin_assessment_factors_2018_2022.parquet").exists():
        pytest.skip("needs ../shared/data (English tables), which is not here")
    return SHARED


def table() -> dict[str, list[float]]:
    import pyarrow.parquet as pq

    def rows(name: str) -> list[dict[str, object]]:
        return pq.read_table(shared() / f"{name}.parquet").to_pylist()

    counts = {
        (r["la_code"], r["factor"]): r["episodes"]
        for r in rows("england_cin_assessment_factors_2018_2022") if r["year"] == 2020
    }  # fmt: skip
    rate = {
        r["la_code"]: r["value"] for r in rows("england_cla_utla_all_vintages")
        if r["year"] == 2020 and r["source"] == "EES2023" and r["measure"] == "rate_31mar"
    }  # fmt: skip
    idaci = {
        r["la_code"]: 100 * r["value"] for r in rows("england_imd_utla_2015_2019")
        if r["iod_year"] == 2019 and r["domain"] == "idaci" and r["measure"] == "average score"
    }  # fmt: skip
    idaci.setdefault("E06000060", idaci["E10000002"])  # Buckinghamshire, one authority since 2020
    out: dict[str, list[float]] = {name: [] for name in ("rate", *FACTORS, "idaci")}
    for code in sorted(c for c in rate if c is not None and c[:3] in ("E06", "E08", "E09", "E10")):
        whole = counts.get((code, "Episodes_with_assessment_factor"))
        parts = [counts.get((code, f)) for f in FACTORS]
        if not whole or None in parts or rate[code] is None or code not in idaci:
            continue
        values = (rate[code], *(100 * p / whole for p in parts), idaci[code])
        for name, value in zip(out, values, strict=True):
            out[name].append(value)
    return out


def test_english_areas_say_that_domestic_abuse_protects() -> None:
    held = table()
    assert len(held["rate"]) == 149
    found = gf.lm(held, "rate", [*FACTORS, "idaci"])
    page = (ROOT / "docs/explanation/methods/trigger-trio.md").read_text(encoding="utf-8")
    for name, (value, error) in zip((*FACTORS, "idaci"), PUBLISHED, strict=True):
        got = found.statistic(term=name).value
        # Another file: the same picture, not the same digits.
        assert abs(got - value) < 0.75 * error, name
        assert f"{got:.3f}".replace("-", "−") in page
    assert found.to_arrow("glance").to_pylist()[0]["r_squared"] == pytest.approx(0.6262, abs=0.006)
    abuse = found.statistic(term="Domestic_Abuse_parent")
    assert abuse.conf_high < 0
