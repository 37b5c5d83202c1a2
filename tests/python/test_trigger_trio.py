"""The trigger trio: truth recovered, identities, what may be shown, and bad input."""

from __future__ import annotations

import itertools
import math
import pickle
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import gofal as gf
from gofal._suppression import withheld
from gofal.errors import GofalError, InputError, SeparationError
from gofal.simulate import TRIO, Assumptions
from gofal.trigger_trio import TrioResult

FULL = " + ".join(TRIO)
ADJUST = ("age_band", "sex", "C(deprivation_quintile)", "C(year_ending)")


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return gf.simulate.children(1_000_000, 5)


@pytest.fixture(scope="module")
def trio(table: pa.Table) -> TrioResult:
    return gf.trigger_trio(
        table, "looked_after", adjust=[*ADJUST, "authority"], cluster="authority",
        heterogeneity_by=["deprivation_quintile", "authority"],
    )  # fmt: skip


def small(**change: object) -> dict[str, list[object]]:
    """Eight patterns of 500 children with plenty of events."""
    rows: dict[str, list[object]] = {k: [] for k in ("a", "b", "c", "area", "n", "y")}
    for i, (a, b, c) in enumerate(itertools.product((0, 1), repeat=3)):
        for area in range(12):
            for name, value in zip(
                rows, (a, b, c, f"A{area}", 40 + area, 4 + i + area % 3), strict=True
            ):
                rows[name].append(value)
    return {**rows, **change}


def held(rows: dict[str, list[object]]) -> gf.Cells:
    return gf.as_cells(rows, "care", n="n", total="y")


# Truth.


def test_the_truth_is_recovered(trio: TrioResult, table: pa.Table) -> None:
    truth = {
        (r["term"], r["measure"]): r["estimate"]
        for r in gf.simulate.truth(table).to_arrow().to_pylist()
        if r["scale"] == "standardised"
    }
    logs = {"risk_ratio", "odds_ratio", "ratio_of_ratios", "synergy"}
    checked = 0
    every = [
        *trio.to_arrow().to_pylist(), *trio.to_arrow("attributable").to_pylist(),
        *(r for r in trio.to_arrow("interaction").to_pylist() if r["scale"] == "standardised"),
    ]  # fmt: skip
    for row in every:
        key = (row["term"], row["measure"])
        if key not in truth:
            continue
        log = row["measure"] in logs
        off = math.log(row["estimate"] / truth[key]) if log else row["estimate"] - truth[key]
        assert abs(off) < 4 * row["std_error"], (key, off / row["std_error"])
        checked += 1
    assert checked == 8 + 7 * 3 + 3 * 4 + 5 + 10


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    flat = Assumptions(
        margins="national", rate_per_10k=600.0, sd_authority=0.0, sd_court_area=0.0, sd_small_area=0.0,
        prevalence=(0.2, 0.15, 0.25),
    )  # fmt: skip
    truth = gf.simulate.truth(flat, base=1)
    formula = f"looked_after ~ {' * '.join(TRIO)} + age_band + sex + C(deprivation_quintile) + year_ending"
    wanted = {
        "risk_ratio": truth.statistic(term=FULL, measure="risk_ratio").value,
        "risk_difference": truth.statistic(term=FULL, measure="risk_difference").value,
        "total": truth.statistic(measure="total").value,
        "reri_total": truth.statistic(measure="reri_total", scale="standardised").value,
    }
    hits = dict.fromkeys(wanted, 0)
    n = 200
    for seed in range(n):
        made = gf.cells(
            gf.simulate.children(8_000, seed, truth=flat), "looked_after",
            by=[*TRIO, "age_band", "sex", "deprivation_quintile", "year_ending"],
        )  # fmt: skip
        effects = gf.risk(made, formula, TRIO, base=1)
        found = {
            "risk_ratio": effects.statistic(term=FULL, measure="risk_ratio"),
            "risk_difference": effects.statistic(term=FULL, measure="risk_difference"),
            "total": gf.attributable_fraction(made, formula, TRIO).statistic(measure="total"),
            "reri_total": gf.interaction(made, formula, TRIO, scale="standardised").statistic(
                measure="reri_total"
            ),
        }
        for name, value in wanted.items():
            hits[name] += found[name].conf_low <= value <= found[name].conf_high
    # Binomial limits of 200 draws at 0.95, three standard errors wide.
    assert all(0.904 <= hit / n <= 0.996 for hit in hits.values()), hits


# Identities.


def test_patterns_are_the_children_and_the_statement_says_the_tables_numbers(
    trio: TrioResult, table: pa.Table
) -> None:
    rows = trio.to_arrow("patterns").to_pylist()
    assert rows[0]["term"] == "none"
    assert len(rows) == 8
    assert sum(r["population"] for r in rows) == table.num_rows
    assert sum(r["events"] for r in rows) == pc.sum(table["looked_after"]).as_py()
    for row in rows:
        exact = gf.proportion(
            {"x": [row["events"]], "n": [row["population"]]}, "x", "n", base=1000, interval="exact"
        )
        limits = exact.to_arrow().to_pylist()[0]
        assert (row["conf_low"], row["conf_high"]) == (limits["conf_low"], limits["conf_high"])
    doses = trio.to_arrow("dose").to_pylist()
    assert [d["term"] for d in doses] == ["0", "1", "2", "3"]
    assert sum(d["events"] for d in doses) == sum(r["events"] for r in rows)
    ratio = trio.statistic(term=FULL, measure="risk_ratio")
    fraction = next(r for r in trio.to_arrow("attributable").to_pylist() if r["measure"] == "total")
    for lang in ("en", "cy"):
        said = trio.statement(lang)
        assert f"{ratio.value:.1f}" in said
        assert f"{ratio.conf_low:.1f}" in said
        assert f"{100 * fraction['estimate']:.0f}%" in said
    assert "Synthetic" in trio.statement("en")
    assert "synthetig" in trio.statement("cy")


def test_rows_cells_and_another_order_of_rows_give_the_same(table: pa.Table) -> None:
    part = table.slice(0, 60_000)
    options = {"adjust": ["age_band"], "cluster": "authority"}
    rows = gf.trigger_trio(part, "looked_after", **options)
    cells = gf.trigger_trio(
        gf.cells(part, "looked_after", by=[*TRIO, "age_band", "authority"]),
        "looked_after",
        **options,
    )
    turned = gf.trigger_trio(part.take(list(reversed(range(60_000)))), "looked_after", **options)
    for other in (cells, turned):
        for name in rows.tables:
            assert rows.to_arrow(name).equals(other.to_arrow(name)), name
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            again = gf.trigger_trio(part, "looked_after", **options)
        assert again == rows
    assert pickle.loads(pickle.dumps(rows)) == rows


def test_without_adjustment_standardised_risks_are_the_crude_rates() -> None:
    found = gf.trigger_trio(held(small()), "care", factors=["a", "b", "c"])
    crude = {r["term"]: r["estimate"] for r in found.to_arrow("patterns").to_pylist()}
    for row in found.to_arrow().to_pylist():
        if row["measure"] == "risk":
            assert row["estimate"] == pytest.approx(crude[row["term"]], rel=1e-10)
    fractions = {r["measure"]: r["estimate"] for r in found.to_arrow("attributable").to_pylist()}
    assert fractions["total_crude"] == pytest.approx(fractions["total"], rel=1e-10)
    events, children = sum(small()["y"]), sum(small()["n"])
    assert fractions["total"] == pytest.approx(
        1 - crude["none"] / (1000 * events / children), rel=1e-10
    )


def test_two_factors_are_a_duo() -> None:
    found = gf.trigger_trio(held(small()), "care", factors=["a", "b"], cluster="area")
    assert [r["term"] for r in found.to_arrow("patterns").to_pylist()] == [
        "none",
        "a",
        "b",
        "a + b",
    ]
    assert "both" in found.statement("en")
    assert "gyda'r ddau" in found.statement("cy")


def test_groups_are_compared_and_drawn_together(trio: TrioResult) -> None:
    rows = trio.to_arrow("heterogeneity").to_pylist()
    ratios = {r["group"]: r for r in rows if r["measure"] == "odds_ratio"}
    drawn = {r["group"]: r for r in rows if r["measure"] == "odds_ratio_shrunken"}
    assert len(ratios) == 5 + 22
    assert list(ratios)[:5] == [f"deprivation_quintile={q}" for q in range(1, 6)]
    tests = {r["by"]: r for r in trio.to_arrow("homogeneity").to_pylist()}
    assert tests["authority"]["df"] == 21
    for group, row in drawn.items():
        mean = tests[group.split("=")[0]]["ratio"]
        low, high = sorted((mean, ratios[group]["estimate"]))
        assert low - 1e-12 <= row["estimate"] <= high + 1e-12
        assert row["std_error"] <= ratios[group]["std_error"] + 1e-12


def test_a_trio_that_matters_more_in_some_authorities_is_found() -> None:
    uneven = Assumptions(sd_trio=0.4, rate_per_10k=300.0)
    made = gf.simulate.children(200_000, 9, truth=uneven)
    found = gf.trigger_trio(
        made, "looked_after", adjust=["C(deprivation_quintile)"], heterogeneity_by="authority"
    )
    test = found.to_arrow("homogeneity").to_pylist()[0]
    assert test["p_value"] < 1e-6
    realised = next(
        r["estimate"] for r in gf.simulate.truth(made).to_arrow("variance").to_pylist()
        if r["term"] == "trio" and r["measure"] == "sd_realised"
    )  # fmt: skip
    assert math.sqrt(test["tau2"]) == pytest.approx(realised, rel=0.35)


def test_the_display_is_whole_in_both_languages(trio: TrioResult) -> None:
    english, welsh = trio.to_text("en"), trio.to_text("cy")
    assert "domestic abuse + substance misuse + mental ill health" in english
    assert "cam-drin domestig + camddefnyddio sylweddau + salwch meddwl" in welsh
    for name in trio.tables[2:]:
        part = trio.part(name)
        assert part.title().en in english
        assert part.title().cy in welsh
        assert (
            part.title().cy.replace("'", "&#x27;") in trio.to_html("cy").replace("&#39;", "&#x27;")
            or "'" in part.title().cy
        )
    assert "risk_ratio" not in english
    assert trio.to_html("cy") == trio.to_html("cy")
    with pytest.raises(InputError, match="no part"):
        trio.part("upset")


# What may be shown.


def reachable(
    table: tuple[list[int], list[int], dict[str, list[int]]],
    cells: set[int],
    names: set[str],
    floor: int,
) -> list[set[int]]:
    """Every value that each hidden cell can have, by trying all: the independent judge of `withheld`."""
    counts, sizes, sums = table
    primary = {i for i, c in enumerate(counts) if 0 < c < floor}
    hidden = sorted(cells)
    shown = [list(range(len(counts))), *(m for k, m in sums.items() if k not in names)]
    ranges = [range(1, floor) if i in primary else range(sizes[i] + 1) for i in hidden]
    out: list[set[int]] = [set() for _ in hidden]
    for values in itertools.product(*ranges):
        guess = dict(zip(hidden, values, strict=True))
        if all(sum(guess.get(i, counts[i]) for i in m) == sum(counts[i] for i in m) for m in shown):
            for seen, value in zip(out, values, strict=True):
                seen.add(value)
    return [seen for i, seen in zip(hidden, out, strict=True) if i in primary]


def test_no_hidden_number_can_be_worked_out() -> None:
    rng = random.Random(1)
    sums = {"0": [0], "1": [1, 2, 3], "2": [4, 5, 6], "3": [7]}
    floor, some = 4, 0
    for _ in range(120):
        counts = [12, *(rng.choice([0, 1, 2, 3, 4, 5, 6]) for _ in range(7))]
        sizes = [c + rng.randrange(1, 5) for c in counts]
        cells, names = withheld(counts, sizes, sums, floor)
        primary = {i for i, c in enumerate(counts) if 0 < c < floor}
        assert primary <= cells
        if len(cells) > 5:
            continue  # too many to try; the small ones decide
        some += bool(primary)
        for values in reachable((counts, sizes, sums), cells, names, floor):
            assert len(values) > 1, (counts, sizes, cells, names)
    assert some > 40


def test_suppression_reaches_every_table() -> None:
    # One child with all three factors had the outcome: nothing may say how many.
    y = [4 + i // 12 if i < 84 else int(i == 84) for i in range(96)]
    found = gf.trigger_trio(
        held(small(y=y)), "care", factors=["a", "b", "c"], suppress_below=5, heterogeneity_by="area"
    )
    patterns = {r["term"]: r for r in found.to_arrow("patterns").to_pylist()}
    assert patterns["a + b + c"]["events"] is None
    assert patterns["a + b + c"]["reason"] == "fewer events than may be shown"
    doses = {r["term"]: r for r in found.to_arrow("dose").to_pylist()}
    assert doses["3"]["estimate"] is None
    shown = [r for r in found.to_arrow("dose").to_pylist() if r["events"] is not None]
    assert len(shown) <= 2, "the total less three doses would be the fourth"
    for table in ("tidy", "interaction", "sensitivity"):
        for row in found.to_arrow(table).to_pylist():
            if row["term"].count("a") and row["term"].count("c") and row["term"].count("b"):
                assert row["estimate"] is None
                assert row["reason"]
    singles = [
        r
        for r in found.to_arrow("attributable").to_pylist()
        if r["measure"] not in ("total", "total_crude")
    ]
    assert all(r["estimate"] is None for r in singles)
    assert "not shown" in found.statement("en")
    assert "Ni ddangosir" in found.statement("cy")
    open_ = gf.trigger_trio(held(small()), "care", factors=["a", "b", "c"], suppress_below=5)
    assert all(r["events"] is not None for r in open_.to_arrow("patterns").to_pylist())


# Bad input.


def test_columns_that_are_not_there() -> None:
    with pytest.raises(InputError, match='did you mean "area"') as caught:
        gf.trigger_trio(held(small()), "care", factors=["a", "b", "c"], cluster="aera")
    assert caught.value.nearest == "area"
    rows = {"domestic_abuse": [0, 1], "parental_substance_misuse": [0, 1], "looked_after": [0, 1]}
    with pytest.raises(InputError, match="parental_mental_ill_health"):
        gf.trigger_trio(rows, "looked_after")
    with pytest.raises(InputError, match="two or three"):
        gf.trigger_trio(rows, "looked_after", factors=["domestic_abuse"])
    with pytest.raises(InputError, match="cared"):
        gf.trigger_trio(held(small()), "cared", factors=["a", "b", "c"])


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"a": [0, 2] * 48}, InputError, "expected 0 and 1"),
        ({"a": ["no", "yes"] * 48}, InputError, "expected 0 and 1"),
        ({"b": [1] * 96}, InputError, "is 1 for every child"),
        ({"b": pa.nulls(96, pa.int64())}, InputError, "nulls only"),
        ({"y": [50 + i for i in range(96)]}, InputError, "other than 0 and 1"),
        ({"y": [5 if i < 84 else 0 for i in range(96)]}, SeparationError, "none of"),
        ({"y": [5 if i < 84 else 40 + i % 12 for i in range(96)]}, SeparationError, "every one of"),
    ],
)
def test_factors_and_outcomes_that_cannot_be_used(
    change: dict[str, list[object]], error: type[GofalError], words: str
) -> None:
    with pytest.raises(error, match=words):
        gf.trigger_trio(held(small(**change)), "care", factors=["a", "b", "c"])


def test_a_pattern_that_no_child_has() -> None:
    rows = {k: v[:84] for k, v in small().items()}
    with pytest.raises(InputError, match=r'no child has the pattern "a \+ b \+ c"'):
        gf.trigger_trio(held(rows), "care", factors=["a", "b", "c"])


def test_one_cluster_is_none() -> None:
    with pytest.raises(GofalError, match="cluster"):
        gf.trigger_trio(
            held(small(area=["A"] * 96)), "care", factors=["a", "b", "c"], cluster="area"
        )


def test_missing_factors_are_dropped_and_counted() -> None:
    rows = small()
    rows["c"] = [None if i % 10 == 0 else v for i, v in enumerate(rows["c"])]
    found = gf.trigger_trio(held(rows), "care", factors=["a", "b", "c"])
    dropped = sum(n for n, c in zip(rows["n"], rows["c"], strict=True) if c is None)
    assert found.to_arrow("glance").to_pylist()[0]["n_missing"] == dropped
    assert (
        sum(r["population"] for r in found.to_arrow("patterns").to_pylist())
        == sum(rows["n"]) - dropped
    )


def test_an_area_without_an_event_has_a_reason() -> None:
    rows = small()
    rows["y"] = [0 if area == "A3" else y for y, area in zip(rows["y"], rows["area"], strict=True)]
    found = gf.trigger_trio(held(rows), "care", factors=["a", "b", "c"], heterogeneity_by="area")
    row = next(r for r in found.to_arrow("heterogeneity").to_pylist() if r["group"] == "area=A3")
    assert row["estimate"] is None
    assert row["reason"] == "no event"
    assert "dim digwyddiad" in found.to_text("cy")


def test_a_reader_that_can_be_read_once_is_enough(table: pa.Table) -> None:
    part = table.slice(0, 60_000)
    once = pa.RecordBatchReader.from_batches(part.schema, part.to_batches(max_chunksize=7_000))
    assert (
        gf.trigger_trio(once, "looked_after")
        .to_arrow()
        .equals(gf.trigger_trio(part, "looked_after").to_arrow())
    )


def test_files_are_enough(tmp_path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    part = table.slice(0, 60_000)
    pq.write_table(part, tmp_path / "children.parquet")
    found = gf.trigger_trio(gf.scan(tmp_path / "children.parquet"), "looked_after", adjust="sex")
    assert found.provenance.synthetic
    assert found.to_arrow().equals(gf.trigger_trio(part, "looked_after", adjust="sex").to_arrow())


# Resampled clusters.


def test_the_bootstrap_of_the_interaction_is_near_the_delta_method(table: pa.Table) -> None:
    cells = gf.cells(table, "looked_after", by=[*TRIO, "deprivation_quintile", "authority"])
    formula = f"looked_after ~ {' * '.join(TRIO)} + C(deprivation_quintile)"
    options = {"vcov": gf.Cluster("authority"), "scale": "standardised"}
    delta = {
        (r["term"], r["measure"]): r
        for r in gf.interaction(cells, formula, TRIO, **options).to_arrow().to_pylist()
    }
    found = gf.interaction(cells, formula, TRIO, interval="bca", n_resamples=399, **options)
    for row in found.to_arrow().to_pylist():
        other = delta[row["term"], row["measure"]]
        assert row["estimate"] == other["estimate"]
        assert row["conf_low"] < row["estimate"] < row["conf_high"]
        wide = (row["conf_high"] - row["conf_low"]) / (other["conf_high"] - other["conf_low"])
        assert 0.5 < wide < 1.6, (row["term"], row["measure"], wide)
    glance = found.to_arrow("glance").to_pylist()[0]
    assert (glance["n_resamples"], glance["n_failed"]) == (399, 0)
    for threads in (1, 2, 8):
        with gf.options(threads=threads):
            again = gf.interaction(cells, formula, TRIO, interval="bca", n_resamples=399, **options)
        assert again == found
    other_seed = gf.interaction(
        cells, formula, TRIO, interval="bca", n_resamples=399, seed=1, **options
    )
    assert other_seed != found


def test_the_bootstrap_needs_enough_resamples() -> None:
    with pytest.raises(InputError, match="n_resamples"):
        gf.interaction(
            held(small()),
            "care ~ a * b",
            ["a", "b"],
            vcov=gf.Cluster("area"),
            interval="bca",
            n_resamples=10,
        )
    trio = gf.trigger_trio(
        held(small()),
        "care",
        factors=["a", "b"],
        cluster="area",
        interval="percentile",
        n_resamples=199,
    )
    plain = gf.trigger_trio(held(small()), "care", factors=["a", "b"], cluster="area")
    assert dict(trio.provenance.arguments)["interval"] == "percentile"
    for name in ("estimate", "conf_low"):
        same = trio.to_arrow("interaction")[name] == plain.to_arrow("interaction")[name]
        assert same == (name == "estimate")
