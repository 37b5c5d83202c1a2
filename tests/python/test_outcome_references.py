"""Firth, conditional, ordinal, multinomial, zero-inflated and hurdle models through the public face, against
logistf, brglm2, survival, ordinal, nnet and pscl."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import gofal as gf

from .reference_cases import cases, check, coded, data, needs_reference, term_of

pytestmark = needs_reference


def rows(fit: Any, *keys: str) -> dict[Any, dict[str, Any]]:
    return {tuple(r[k] for k in keys): r for r in fit.to_arrow().to_pylist()}


def glance(fit: Any) -> dict[str, Any]:
    return dict(fit.to_arrow("glance").to_pylist()[0])


@pytest.mark.parametrize("case", cases("firth"))
def test_firth(case: dict[str, Any]) -> None:
    frame, levels = data(case["dataset"]["data"])
    formula, trials = case["args"]["formula"], None
    if formula.startswith("cbind"):
        frame = frame.with_columns(trials=pl.col("grahami") + pl.col("opalinus"))
        formula, trials = formula.replace("cbind(grahami, opalinus)", "grahami"), "trials"
    fit = gf.firth(frame, coded(formula, levels), trials=trials)
    found = rows(fit, "term")
    names = {"coef": "estimate", "se": "std_error", "plr": "statistic", "p": "p_value",
             "profile_lower": "conf_low", "profile_upper": "conf_high"}  # fmt: skip
    for key in case["expected"]:
        what, _, term = key.partition(":")
        if term:
            check(case, key, found[(term_of(term),)][names[what]])
        else:
            check(case, key, glance(fit)["penalised_log_lik"])


@pytest.mark.parametrize("case", cases("conditional_logistic"))
def test_clogit(case: dict[str, Any]) -> None:
    frame, levels = data(case["dataset"]["data"])
    used = {k: v for k, v in levels.items() if k != case["args"]["strata"]}
    fit = gf.clogit(frame, coded(case["args"]["formula"], used), strata=case["args"]["strata"])
    found, about = rows(fit, "term"), glance(fit)
    tests = {r["method"]: r["statistic"] for r in fit.to_arrow("tests").to_pylist()}
    whole = {"loglik": about["log_lik"], "n": about["n_obs"], "events": about["events"], "score": tests["score"],
             "lr": tests["likelihood ratio"], "wald": tests["wald"]}  # fmt: skip
    for key in case["expected"]:
        what, _, term = key.partition(":")
        if term:
            check(case, key, found[(term,)]["estimate" if what == "coef" else "std_error"])
        elif what in whole:
            check(case, key, whole[what])


@pytest.mark.parametrize("case", cases("ordinal"))
def test_ordinal(case: dict[str, Any]) -> None:
    frame, levels = data(case["dataset"]["data"])
    order = levels.pop("Sat")
    formula, weight = (
        coded(case["args"]["formula"], levels),
        gf.frequency(case["args"]["weights"]),
    )
    fit = gf.ordinal(frame, formula, levels=order, link=case["args"]["link"], weight=weight)
    found = rows(fit, "term")
    for key in case["expected"]:
        what, _, term = key.partition(":")
        if term:
            column = "std_error" if what.endswith("se") else "estimate"
            check(case, key, found[(term,)][column])
        else:
            check(case, key, glance(fit)["log_lik"])
    by_type = gf.ordinal(
        frame.with_columns(pl.col("Sat").cast(pl.Enum(order))), formula, link=case["args"]["link"],
        weight=weight,
    )  # fmt: skip
    assert by_type.to_arrow() == fit.to_arrow()


@pytest.mark.parametrize("case", cases("multinomial"))
def test_multinomial(case: dict[str, Any]) -> None:
    frame, levels = data(case["dataset"]["data"])
    levels.pop("partic")
    formula = coded(case["args"]["formula"], levels)
    fit = gf.multinomial(frame, formula, reference=case["args"]["reference"])
    found = rows(fit, "group", "term")
    for key in case["expected"]:
        what, _, rest = key.partition(":")
        if rest:
            level, term = rest.split(":", 1)
            column = "estimate" if what == "coef" else "std_error"
            check(case, key, found[(level, term_of(term))][column])
        else:
            check(case, key, glance(fit)["log_lik"])


@pytest.mark.parametrize("case", cases("zero_inflated"))
def test_zero_inflated_and_hurdle(case: dict[str, Any]) -> None:
    frame, levels = data(case["dataset"]["data"])
    formula = coded(case["args"]["formula"], levels)
    models = {"": gf.zero_inflated(frame, formula), "hurdle_": gf.hurdle(frame, formula)}
    for key in case["expected"]:
        what, _, term = key.partition(":")
        fit = models["hurdle_" if what.startswith("hurdle_") else ""]
        if term:
            part = what.removeprefix("hurdle_").removesuffix("_se")
            column = "std_error" if what.endswith("_se") else "estimate"
            check(case, key, rows(fit, "part", "term")[(part, term_of(term))][column])
        else:
            check(case, key, glance(fit)["log_lik"])
