"""The embedded tables and Wales: complete, consistent, sourced."""

from __future__ import annotations

import statistics

import pytest

import gofal as gf
from gofal.data import footing, impossible_percentages, records, sources
from gofal.data.catalogue import DATASETS
from gofal.errors import InputError
from gofal.wales import AUTHORITIES, EDITIONS, PLACEMENTS, authority, parse_period


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_table_is_sourced(dataset: str) -> None:
    held = sources(dataset)
    assert held
    assert all(s["title"] and s["publisher"] and s["licence"] for s in held)


def test_care_and_support_is_complete_and_between_its_extremes() -> None:
    for year in range(2017, 2024):
        period = f"{year}-03-31"
        areas = records("care_and_support", period=period, area="authorities")
        assert len({r["area_code"] for r in areas}) == 22
        wales = records("care_and_support", period=period, area="wales")[0]["value"]
        values = [r["value"] for r in areas]
        assert min(values) < wales < max(values)


def test_population_adds_to_wales() -> None:
    for period in ("2019-06-30", "2020-06-30"):
        areas = records("population", measure="population_0_17", period=period, area="authorities")
        wales = records("population", measure="population_0_17", period=period, area="wales")
        assert sum(r["value"] for r in areas) == wales[0]["value"]


def test_the_score_reproduces_the_published_correlation() -> None:
    score = {
        r["area_code"]: r["value"]
        for r in records("deprivation", measure="wimd_score", area="authorities")
    }
    rate = {
        r["area_code"]: r["value"]
        for r in records("care_and_support", period="2021-03-31", area="authorities")
    }
    x, y = [score[c] for c in score], [rate[c] for c in score]
    assert statistics.correlation(x, y) == pytest.approx(
        0.4479293, abs=5e-7
    )  # scores are held to five decimals


def test_the_two_footing_failures_are_found() -> None:
    parts = [r["value"] for r in records("placements_reported") if r["category"] != "total"]
    kinds = footing(7210, parts, rounding=5)
    assert (kinds.parts_sum, kinds.explained) == (7320, False)
    inside = [
        r["value"]
        for r in records(
            "placements", measure="cla_foster_location", period="2024-03-31", area="authorities"
        )
    ]
    foster = footing(3305, inside, rounding=5)
    assert (foster.parts_sum, foster.explained) == (3315, True)


def test_the_two_rows_that_no_count_can_give() -> None:
    rows = {"Anglesey": [2, 16, 21, 55], "Pembrokeshire": [4, 9, 14, 39], "Gwynedd": [4, 4, 7, 32]}
    n = {"Anglesey": 44, "Pembrokeshire": 71, "Gwynedd": 75}
    assert impossible_percentages(rows, n) == {"Anglesey": [21], "Pembrokeshire": [9]}


def test_vintages_are_kept_apart() -> None:
    asked = {"measure": "cla_31march_count", "period": "2019-03-31", "area": "wales"}
    assert [r["value"] for r in records("wales_series", **asked, vintage="all")] == [6846, 6834]
    assert len(records("wales_series", **asked)) == 1


def test_typing_errors_are_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="deprivation"):
        gf.data.load("deprivaton")
    with pytest.raises(InputError, match="Torfaen"):
        authority("Torfean")


def test_a_contradictory_table_is_refused_by_row() -> None:
    good = records("care_and_support", period="2021-03-31")
    gf.data.check(good)
    with pytest.raises(InputError, match="duplicate"):
        gf.data.check([*good, good[0]])
    with pytest.raises(InputError, match="W06000023"):
        gf.data.check([{**good[0], "area_code": "W06000007"}])
    with pytest.raises(InputError, match="suppressed"):
        gf.data.check([{**good[0], "value": None}])


def test_authorities_have_both_names_and_a_tile_each() -> None:
    assert (
        len(AUTHORITIES)
        == len({a.code for a in AUTHORITIES})
        == len({a.tile for a in AUTHORITIES})
        == 22
    )
    assert all(
        a.en and a.cy and len(a.short_en) <= 11 and len(a.short_cy) <= 11 for a in AUTHORITIES
    )
    assert {authority(a.cy).code for a in AUTHORITIES} == {a.code for a in AUTHORITIES}


def test_cut_points_and_codes() -> None:
    edition = next(e for e in EDITIONS if e.year == 2019)
    assert [edition.cut(s) for s in (10, 20, 30, 50)] == [191, 382, 573, 955]
    assert PLACEMENTS["F6"].kind == "foster_agency"


@pytest.mark.parametrize(
    "text", ["2023-03-31", "2016-17", "FYE 2022", "year ending Mar 2015", "mid-2019", "2019"]
)
def test_periods_are_read_and_said(text: str) -> None:
    period = parse_period(text)
    assert str(period.year) in period.label("en")
    assert str(period.year) in period.label("cy")


def test_nonsense_periods_are_refused() -> None:
    with pytest.raises(InputError):
        parse_period("2016-19")
