"""Decompositions of rates and of inequality: what others computed, identities, bad input."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gofal as gf
from gofal.data import records
from gofal.errors import InputError, NumericalError

from . import decomposition_cases as reference

TOTALS = [0.0571, 0.0437, 0.0392, 0.0395, 0.0339, 0.0253, 0.0246]
POSITIVE = st.lists(st.integers(1, 500), min_size=3, max_size=25)


def rows(result: gf.Result, which: str = "tidy") -> list[dict[str, Any]]:
    return list(result.to_arrow(which).to_pylist())


def theil(values: list[float], groups: list[str] | None = None, **options: Any) -> dict[str, float]:
    table = {"x": values, **({} if groups is None else {"g": groups})}
    found = gf.theil(table, "x", "g" if groups else (), interval="none", **options)
    return {r["component"]: r["estimate"] for r in rows(found)}


# What others computed.


@reference.needs_reference
@pytest.mark.parametrize("name", [n for n in reference.names("inequality") if n[0] == "i"])
def test_indices_agree_with_ineq_and_dineq(name: str) -> None:
    case = reference.case("inequality", name)
    table, args = reference.data(case["dataset"]["data"]), case["args"]
    weight = gf.analytic(args["weights"]) if "weights" in args else None
    found = {
        r["measure"]: r["estimate"]
        for r in rows(gf.inequality_indices(table, args["column"], weight=weight))
    }
    for key in case["expected"]:
        got = found.get(key)
        if key == "cv2":
            got = found["cv"] ** 2
        if key == "lorenz_p20":
            got = found["bottom_fifth_share"]
        assert got is not None, key
        reference.assert_key(case, key, got)


@reference.needs_reference
@pytest.mark.parametrize("name", [n for n in reference.names("inequality") if n[0] == "t"])
def test_theil_agrees_with_dineq(name: str) -> None:
    case = reference.case("inequality", name)
    table, args = reference.data(case["dataset"]["data"]), case["args"]
    weight = gf.analytic(args["weights"]) if "weights" in args else None
    for index in ("T", "L"):
        found = gf.theil(
            table, args["column"], args["group"], weight=weight, index=index, interval="none"
        )
        part = {r["component"]: r for r in rows(found)}
        key = f"theil_{index.lower()}"
        reference.assert_key(case, key, part["total"]["estimate"])
        reference.assert_key(case, f"{key}_within", part["within_groups"]["estimate"])
        reference.assert_key(case, f"{key}_between", part["between_groups"]["estimate"])
        share = part["between_groups"]["share"]
        reference.assert_key(case, f"share_between_{index.lower()}", share)
        if index == "T":
            for r in rows(found, "groups"):
                reference.assert_key(case, f"theil_t_group:{r['group']}", r["estimate"])
                reference.assert_key(case, f"contribution_t:{r['group']}", r["within_groups"])


@reference.needs_reference
def test_kitagawa_agrees_with_dasguptr() -> None:
    case = reference.case("decomposition", "kitagawa-titanic")
    raw = reference.data("kit_titanic")
    people: dict[tuple[str, str], list[float]] = {}
    for c, sex, survived, n in zip(
        raw["Class"], raw["Sex"], raw["Survived"], raw["Freq"], strict=True
    ):
        cell = people.setdefault((sex, c), [0.0, 0.0])
        cell[0] += n if survived == "Yes" else 0.0
        cell[1] += n
    table = {
        "sex": [k[0] for k in people],
        "class": [k[1] for k in people],
        "survived": [v[0] for v in people.values()],
        "people": [v[1] for v in people.values()],
    }
    options: dict[str, Any] = {
        "between": "sex", "first": "Female", "second": "Male", "events": "survived",
        "population": "people", "base": 1, "law": "binomial",
    }  # fmt: skip
    two = gf.kitagawa(table, "class", **options)
    three = gf.kitagawa(table, "class", parts="three", **options)
    about = rows(two, "glance")[0]
    got = {"rate_1": about["rate_first"], "rate_2": about["rate_second"],
           "difference": about["difference"]}  # fmt: skip
    got |= {f"{r['component']}_effect": r["estimate"] for r in rows(two)}
    got |= {f"three_{r['component']}": r["estimate"] for r in rows(three)}
    got |= {
        f"{r['component']}_effect:{r['category']}": r["estimate"] for r in rows(two, "categories")
    }
    for key in case["expected"]:
        reference.assert_key(case, key, got[key])


@reference.needs_reference
@pytest.mark.parametrize("name", ["dg-births-abcd", "dg-earnings", "dg-vector"])
def test_das_gupta_agrees_with_dasguptr(name: str) -> None:
    case = reference.case("decomposition", name)
    args, table = case["args"], reference.data(case["dataset"]["data"])
    table[args["population"]] = [
        str(int(v)) if isinstance(v, float) else v for v in table[args["population"]]
    ]
    if "agegroup" in table:
        table["agegroup"] = [str(v) for v in table["agegroup"]]
    found = gf.das_gupta(
        table,
        args["factors"],
        between=args["population"],
        populations=[args["first"], args["second"]],
        category="agegroup" if "agegroup" in table else (),
    )
    got = {f"effect:{r['term']}": r["estimate"] for r in rows(found)}
    got["crude_difference"] = rows(found)[0]["difference"]
    got |= {f"standardised:{r['term']}:{r['group']}": r["estimate"]
            for r in rows(found, "standardised")}  # fmt: skip
    for key in case["expected"]:
        reference.assert_key(case, key, got[key])


@reference.needs_reference
def test_many_populations_and_crossed_structures_agree_with_dasguptr() -> None:
    case = reference.case("decomposition", "dg-npop-reconv")
    raw = reference.data("reconv")
    keep = [i for i, year in enumerate(raw["year"]) if year in case["args"]["keep"]]
    table = {k: [v[i] for i in keep] for k, v in raw.items()}
    table["year"] = [str(int(y)) for y in table["year"]]
    found = gf.das_gupta(
        table, ["prev_rate"], between="year", structure=["Sex", "Age"], population="offenders"
    )
    name = {"Sex": "Sex_struct", "Age": "Age_struct"}
    for r in rows(found, "standardised"):
        key = f"standardised:{name.get(r['term'], r['term'])}:{r['group']}"
        reference.assert_key(case, key, r["estimate"])


# Identities.


@settings(max_examples=60, deadline=None)
@given(POSITIVE, st.integers(2, 9), st.sampled_from(["T", "L"]))
def test_theil_does_not_change_with_scale_or_copies(x: list[int], k: int, index: str) -> None:
    once = theil([float(v) for v in x], index=index)["total"]
    scaled = theil([v * 37.5 for v in x], index=index)["total"]
    copied = theil([float(v) for v in x] * k, index=index)["total"]
    assert once == pytest.approx(scaled, abs=1e-12)
    assert once == pytest.approx(copied, abs=1e-12)
    assert once >= -1e-15


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=3, max_size=25, unique=True), st.data())
def test_a_transfer_from_rich_to_poor_lowers_inequality(x: list[int], data: st.DataObject) -> None:
    values = sorted(float(v) for v in x)
    low, high = sorted(data.draw(st.lists(st.integers(0, len(x) - 1), min_size=2, max_size=2,
                                          unique=True)))  # fmt: skip
    gap = values[high] - values[low]
    after = list(values)
    after[low] += gap / 4
    after[high] -= gap / 4
    for index in ("T", "L"):
        assert theil(after, index=index)["total"] < theil(values, index=index)["total"]
    before, now = (
        {r["measure"]: r["estimate"] for r in rows(gf.inequality_indices({"x": v}, "x"))}
        for v in (values, after)
    )
    for measure in ("gini", "cv", "atkinson_1", "ge_2"):
        assert now[measure] < before[measure]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from("abcd"), st.sampled_from("xyz")),
                min_size=4, max_size=40))  # fmt: skip
def test_nested_parts_add_up_and_levels_refine(cells: list[tuple[int, str, str]]) -> None:
    table = {
        "x": [float(c[0]) for c in cells], "g": [c[1] for c in cells], "h": [c[2] for c in cells],
    }  # fmt: skip
    if not any(table["x"]):
        with pytest.raises(NumericalError):
            gf.theil(table, "x", ["g", "h"], interval="none")
        return
    nested = gf.theil(table, "x", ["g", "h"], interval="none")
    coarse = gf.theil(table, "x", "g", interval="none")
    part = [r["estimate"] for r in rows(nested)]
    assert part[0] == pytest.approx(sum(part[1:]), abs=1e-12)
    assert part[1] == pytest.approx(rows(coarse)[1]["estimate"], abs=1e-12)
    assert all(p >= -1e-12 for p in part)


def crossed(pops: list[list[tuple[int, int]]]) -> dict[str, list[Any]]:
    out: dict[str, list[Any]] = {"pop": [], "cat": [], "events": [], "people": []}
    for p, cells in enumerate(pops):
        for c, (events, people) in enumerate(cells):
            for key, v in zip(out, (str(p), str(c), events, people), strict=True):
                out[key].append(v)
    return out


CELLS = st.lists(st.tuples(st.integers(0, 50), st.integers(51, 900)), min_size=4, max_size=4)


@settings(max_examples=50, deadline=None)
@given(CELLS, CELLS)
def test_kitagawa_turns_its_sign_and_is_das_gupta_with_two_factors(
    a: list[tuple[int, int]], b: list[tuple[int, int]]
) -> None:
    table = crossed([a, b])
    options: dict[str, Any] = {"between": "pop", "events": "events", "population": "people"}
    one = gf.kitagawa(table, "cat", first=0, second=1, **options)
    two = gf.kitagawa(table, "cat", first=1, second=0, **options)
    for r, s in zip(rows(one), rows(two), strict=True):
        assert r["estimate"] == pytest.approx(-s["estimate"], abs=1e-9)
        assert r["std_error"] == pytest.approx(s["std_error"])
    dg = gf.das_gupta(table, structure="cat", interval="none", **options)
    got = {r["term"]: r["estimate"] for r in rows(dg)}
    want = {r["component"]: r["estimate"] for r in rows(one)}
    assert got["rate"] == pytest.approx(want["rate"], abs=1e-9)
    assert got["cat"] == pytest.approx(want["composition"], abs=1e-9)


def test_delta_and_bootstrap_errors_of_kitagawa_agree() -> None:
    table = crossed([[(40, 400), (90, 600), (30, 900)], [(60, 700), (50, 500), (45, 800)]])
    for law, composition in (("poisson", "known"), ("binomial", "sampled")):
        options: dict[str, Any] = {
            "between": "pop", "first": 0, "second": 1, "events": "events", "population": "people",
            "law": law, "composition": composition,
        }  # fmt: skip
        delta = gf.kitagawa(table, "cat", **options)
        drawn = gf.kitagawa(table, "cat", interval="bootstrap", n_resamples=2000, **options)
        for which in ("tidy", "categories"):
            for r, s in zip(rows(delta, which), rows(drawn, which), strict=True):
                assert r["std_error"] == pytest.approx(s["std_error"], rel=0.08), (law, r)


def test_das_gupta_intervals_cover_the_estimates_and_know_their_seed() -> None:
    table = crossed([[(40, 400), (90, 600)], [(60, 700), (50, 500)], [(20, 300), (70, 900)]])
    options: dict[str, Any] = {
        "between": "pop", "structure": "cat", "events": "events", "population": "people",
        "n_resamples": 400,
    }  # fmt: skip
    one = gf.das_gupta(table, **options)
    assert one == gf.das_gupta(table, **options)
    assert all(
        r["conf_low"] < r["estimate"] < r["conf_high"] for r in rows(one) if r["term"] == "rate"
    )
    assert len(rows(one)) == 4
    # The composition is known: with rates drawn anew its effect moves, its factor does not.
    assert all(r["std_error"] > 0 for r in rows(one))


# Resampling.


def authorities() -> dict[str, list[Any]]:
    """Rates of children receiving care and support, 2017 to 2023, 22 authorities."""
    out: dict[str, list[Any]] = {"area": [], "year": [], "rate": []}
    for year in range(2017, 2024):
        for r in records("care_and_support", measure="crcs_rate_per_10000_under18",
                         period=f"{year}-03-31", area="authorities"):  # fmt: skip
            for key, v in zip(out, (r["area_code"], year, r["value"]), strict=True):
                out[key].append(v)
    return out


def test_authorities_converge() -> None:
    table = authorities()
    cv, total = [], []
    for year in range(2017, 2024):
        values = [v for v, y in zip(table["rate"], table["year"], strict=True) if y == year]
        found = {
            r["measure"]: r["estimate"] for r in rows(gf.inequality_indices({"x": values}, "x"))
        }
        # The published coefficients have the divisor n − 1.
        cv.append(round(found["cv"] * math.sqrt(22 / 21), 4))
        total.append(found["theil_t"])
    assert cv == [0.3408, 0.3038, 0.2892, 0.2874, 0.2647, 0.2319, 0.2284]
    # Theil's T falls from 0.0571 to 0.0250, with one step back between 2019 and 2020.
    assert [round(v, 4) for v in total] == TOTALS


@pytest.mark.parametrize("interval", ["percentile", "bca", "basic", "normal"])
def test_resampled_limits_are_the_same_at_any_number_of_threads(interval: str) -> None:
    table = authorities()
    made = []
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            made.append(
                gf.theil(table, "rate", "area", interval=interval, cluster="area", n_resamples=300)
            )
    assert made[0] == made[1] == made[2]
    assert all(r["conf_low"] <= r["conf_high"] for r in rows(made[0]))


def test_strata_keep_their_rows() -> None:
    table = authorities()
    loose = gf.theil(table, "rate", "year", n_resamples=200)
    within = gf.theil(table, "rate", "year", stratify="year", n_resamples=200)
    assert loose != within
    assert rows(loose)[0]["estimate"] == rows(within)[0]["estimate"]


# Bad input.


def test_theil_refuses_what_it_cannot_use() -> None:
    with pytest.raises(InputError) as caught:
        gf.theil({"x": [1.0, -2.0, 3.0]}, "x")
    assert caught.value.rows == [1]
    with pytest.raises(InputError, match='index="T"'):
        gf.theil({"x": [1.0, 0.0, 3.0]}, "x", index="L")
    with pytest.raises(NumericalError, match="are 0"):
        gf.theil({"x": [0.0, 0.0]}, "x")
    with pytest.raises(InputError, match="cluster"):
        gf.theil({"x": [1.0, 2.0], "g": ["a", "b"]}, "x", cluster="g", stratify="g")
    with pytest.raises(InputError, match="interval"):
        gf.theil({"x": [1.0, 2.0], "g": ["a", "b"]}, "x", cluster="g", interval="none")
    with pytest.raises(InputError, match="did you mean"):
        gf.theil({"rate": [1.0, 2.0]}, "raet")
    with pytest.raises(InputError, match="nulls are dropped"):
        gf.theil({"x": [1.0, None], "g": [None, "a"]}, "x", "g")


def test_groups_of_one_and_one_group_are_groups() -> None:
    table = {"x": [1.0, 2.0, 4.0], "g": ["a", "b", "c"], "h": ["z", "z", "z"]}
    alone = {
        r["component"]: r["estimate"] for r in rows(gf.theil(table, "x", "g", interval="none"))
    }
    assert alone["within_groups"] == pytest.approx(0.0, abs=1e-15)
    together = {
        r["component"]: r["estimate"] for r in rows(gf.theil(table, "x", "h", interval="none"))
    }
    assert together["between_groups"] == pytest.approx(0.0, abs=1e-15)


def test_kitagawa_refuses_cells_that_do_not_match() -> None:
    table = crossed([[(4, 40), (9, 60)], [(6, 70), (5, 50)]])
    options: dict[str, Any] = {
        "between": "pop", "first": 0, "second": 1, "events": "events", "population": "people",
    }  # fmt: skip

    def without(row: int) -> dict[str, list[Any]]:
        return {k: [v for i, v in enumerate(column) if i != row] for k, column in table.items()}

    with pytest.raises(InputError, match='"1" has no row of "1"'):
        gf.kitagawa(without(3), "cat", **options)
    twice = {k: [*v, v[0]] for k, v in table.items()}
    with pytest.raises(InputError) as caught:
        gf.kitagawa(twice, "cat", **options)
    assert caught.value.rows == [4]
    with pytest.raises(InputError, match="a value that occurs"):
        gf.kitagawa(table, "cat", **(options | {"second": 7}))
    with pytest.raises(InputError, match="events"):
        gf.kitagawa(table, "cat", between="pop", first=0, second=1, population="people")
    with pytest.raises(InputError, match="interval"):
        gf.kitagawa(table, "cat", between="pop", first=0, second=1, population="people",
                    rate="events", interval="delta")  # fmt: skip
    broken = {**table, "events": [4, 90, 6, 5]}
    with pytest.raises(InputError, match="no more events"):
        gf.kitagawa(broken, "cat", law="binomial", **options)
    empty = {**table, "people": [0, 0, 70, 50], "events": [0, 0, 6, 5]}
    with pytest.raises(NumericalError, match="is 0"):
        gf.kitagawa(empty, "cat", **options)


def test_das_gupta_refuses_what_it_cannot_use() -> None:
    table = crossed([[(4, 40), (9, 60)], [(6, 70), (5, 50)]])
    with pytest.raises(InputError, match="population"):
        gf.das_gupta(table, between="pop", structure="cat")
    with pytest.raises(InputError, match="factors"):
        gf.das_gupta(table, between="pop")
    with pytest.raises(InputError, match="at least 2"):
        gf.das_gupta(table, "events", between="pop", populations=["0"], category="cat")
    with pytest.raises(InputError, match="interval"):
        gf.das_gupta(table, "events", between="pop", category="cat", interval="bootstrap")


def test_results_speak_both_languages() -> None:
    table = crossed([[(4, 40), (9, 60)], [(6, 70), (5, 50)]])
    found = gf.kitagawa(table, "cat", between="pop", first=0, second=1, events="events",
                        population="people")  # fmt: skip
    assert "composition" in found.to_text("en")
    assert "cyfansoddiad" in found.to_text("cy")
    assert "rhwng grwpiau" in gf.theil(authorities(), "rate", "year", interval="none").to_text("cy")
