"""`gf.lm`, `gf.glm` against R (stats, sandwich, clubSandwich, MASS) and NIST, key by key."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import gofal as gf

from . import reference
from .reference import cases, meets

# Keys of the reference that no public result holds, with the reason.
NOT_HELD = {
    "bp": "Breusch-Pagan: HC3 is the default, so the test decides nothing",
    "reset": "RESET: not offered",
    "shapiro": "Shapiro-Wilk: normal residuals are not assumed",
    "gvif": "variance inflation: not offered",
}


@pytest.mark.skipif(not reference.FOLDER.is_dir(), reason=reference.ABSENT)
def test_the_reference_is_here() -> None:
    assert len(cases("ols", "glm")) >= 19


def ids(case: dict[str, Any]) -> str:
    return str(case["id"])


def prepared(case: dict[str, Any], text: str | None = None) -> tuple[pa.Table, str, dict[str, Any]]:
    """Table, formula and options of a case."""
    args, t = case["args"], reference.table(case["dataset"]["data"])
    text = text or args["formula"]
    left, options = text.split("~")[0].strip(), {}
    if left.startswith("cbind"):
        a, b = (name.strip() for name in left[6:-1].split(","))
        t = t.append_column("trials_", pc.add(t[a], t[b]))
        left, options = a, {"trials": "trials_"}
    elif left.startswith("log("):
        t = t.append_column("y_", pc.ln(t[left[4:-1]]))
        left = "y_"
    offset = args.get("offset")
    if offset:
        options["exposure"] = re.fullmatch(r"log\((\w+)\)", offset)[1]  # type: ignore[index]
    if args.get("weights"):
        options["weight"] = gf.analytic(args["weights"])
    return t, reference.formula(text, left, case["dataset"]["data"]), options


def by_term(fit: gf.Result) -> dict[str, dict[str, Any]]:
    rows = fit.to_arrow().to_pylist()
    return {r["term"].replace("(intercept)", "(Intercept)"): r for r in rows}


def glance(fit: gf.Result) -> dict[str, Any]:
    row: dict[str, Any] = fit.to_arrow("glance").to_pylist()[0]
    return row


def family_of(case: dict[str, Any]) -> dict[str, Any]:
    family = case["args"]["family"].replace("quasip", "quasi-p")
    return {"family": family, "link": case["args"].get("link")}


@pytest.mark.parametrize("case", cases("glm", call="glm"), ids=ids)
def test_generalised_linear_models_agree_with_r(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    options |= family_of(case)
    fit = gf.glm(t, formula, **options)
    profile = None
    rows, about = by_term(fit), glance(fit)
    names = {"coef": "estimate", "se": "std_error", "stat": "statistic", "p": "p_value"}
    whole = {"df_resid": "df_residual", "loglik": "log_lik"}
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if kind.startswith("profile"):
            profile = profile or by_term(gf.glm(t, formula, **options, interval="profile"))
            got = profile[term]["conf_low" if kind == "profile_lower" else "conf_high"]
        elif term:
            got = rows[term][names[kind]]
        elif kind == "pearson_chi2":
            got = about["dispersion"] * about["df_residual"]
        else:
            got = about[whole.get(kind, kind)]
        # R stops where the deviance no longer moves: under a link that is not canonical, and in a tail of
        # 1e-11, its digits end at the seventh (tests/rust/regression.rs shows that the score here is 0).
        link = case["args"]["link"]
        canonical = {"binomial": "logit", "poisson": "log"}[fit_family(case)]
        tail = kind == "p" and case["expected"][key] < 1e-9
        if (link != canonical and (term or kind in ("pearson_chi2", "dispersion"))) or tail:
            assert got == pytest.approx(case["expected"][key], rel=1e-5 if kind == "p" else 1e-7)
        else:
            meets(case, key, got)


def fit_family(case: dict[str, Any]) -> str:
    return str(case["args"]["family"]).removeprefix("quasi")


@pytest.mark.parametrize("case", cases("glm_robust"), ids=ids)
def test_robust_errors_of_likelihoods_agree_with_sandwich(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    options |= family_of(case)
    kinds = {"CL0": "CR0", "CL1": "CR1", "CL1S": "CR1S"}
    fits: dict[str, dict[str, dict[str, Any]]] = {}
    for key in case["expected"]:
        kind, _, term = key.removeprefix("se_").partition(":")
        if kind not in fits:
            vcov = (
                gf.Cluster(case["args"]["cluster"], kind=kinds[kind])  # type: ignore[arg-type]
                if kind in kinds
                else gf.HC(int(kind[2:]))
            )
            fits[kind] = by_term(gf.glm(t, formula, **options, vcov=vcov))
        meets(case, key, fits[kind][term]["std_error"])


@pytest.mark.parametrize("case", cases("negative_binomial"), ids=ids)
def test_the_negative_binomial_agrees_with_mass(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    fit = gf.glm(t, formula, family="negative-binomial", **options)
    rows, about = by_term(fit), glance(fit)
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if kind == "se_observed":
            continue  # of the coefficients: tests/rust/regression.rs; the result has the expected ones
        if term:
            got = rows[term]["estimate" if kind == "coef" else "std_error"]
        elif kind == "alpha":
            got = 1 / about["theta"]
        else:
            got = about[
                {"se_theta_observed": "theta_std_error", "loglik": "log_lik"}.get(kind, kind)
            ]
        meets(case, key, got)


@pytest.mark.parametrize("case", cases("ols", call="ols"), ids=ids)
def test_least_squares_agrees_with_r(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    fit = gf.lm(t, formula, **options, vcov="classical")
    rows, about = by_term(fit), glance(fit)
    names = {"coef": "estimate", "se": "std_error", "t": "statistic", "p": "p_value",
             "ci_lower": "conf_low", "ci_upper": "conf_high"}  # fmt: skip
    whole = {"r2": "r_squared", "adj_r2": "r_squared_adjusted", "F": "statistic", "p_F": "p_value",
             "df_resid": "df_residual", "loglik": "log_lik", "nobs": "n_obs"}  # fmt: skip
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if term:
            got = rows[term][names[kind]]
        elif kind == "rss":
            got = about["sigma"] ** 2 * about["df_residual"]
        else:
            got = about[whole.get(kind, kind)]
        meets(case, key, got)


@pytest.mark.parametrize("case", cases("ols_robust"), ids=ids)
def test_robust_errors_agree_with_sandwich(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    fits = {k: by_term(gf.lm(t, formula, **options, vcov=gf.HC(k))) for k in range(6)}
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if kind == "F_HC3":
            test = gf.joint_test(t, formula, slopes(formula), **options, vcov=gf.HC(3))
            meets(case, key, test.statistic("statistic", method="wald").value)
            continue
        row = fits[int(kind[-1])][term]
        meets(case, key, row["p_value" if kind.startswith("p_") else "std_error"])


@pytest.mark.parametrize("case", cases("ols_cluster"), ids=ids)
def test_clustered_errors_agree_with_clubsandwich(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    args = case["args"]
    fits = {
        kind: gf.lm(t, formula, **options, vcov=gf.Cluster(args["cluster"], kind=kind))  # type: ignore[arg-type]
        for kind in args["vcov"]
    }
    rows = {kind: by_term(fit) for kind, fit in fits.items()}
    if args.get("cluster2"):
        two = gf.lm(t, formula, **options, vcov=gf.Cluster([args["cluster"], args["cluster2"]]))
        rows["twoway"] = by_term(two)
    for key in case["expected"]:
        kind, _, term = key.partition(":")
        if kind.startswith("HTZ") and case["expected"]["HTZ_df"] <= 0:
            # clubSandwich prints an F with fewer than no degrees of freedom; there is no test to be had.
            with pytest.raises(gf.errors.InputError, match="joint test of 5 coefficients"):
                gf.joint_test(
                    t, formula, slopes(formula), **options, vcov=gf.Cluster(args["cluster"])
                )
            continue
        if kind.startswith("HTZ"):
            test = gf.joint_test(
                t, formula, slopes(formula), **options, vcov=gf.Cluster(args["cluster"])
            )
            row = test.to_arrow().to_pylist()[0]
            meets(case, key, row[{"HTZ_F": "statistic", "HTZ_df": "df2", "HTZ_p": "p_value"}[kind]])
            continue
        if kind == "n_clusters":
            got = glance(fits["CR2"])["n_clusters"]
        else:
            what, _, which = kind.partition("_")
            column = {"se": "std_error", "df": "df", "p": "p_value"}[what]
            got = rows[which][term][column]
        meets(case, key, got)


@pytest.mark.parametrize("case", cases("ols_diagnostics"), ids=ids)
def test_influence_agrees_with_r(case: dict[str, Any]) -> None:
    t, formula, options = prepared(case)
    rows = gf.lm(t, formula, **options, vcov="classical").augment().to_pylist()
    worst = sorted(rows, key=lambda r: -r["cooks_distance"])
    left = 0
    for key in case["expected"]:
        kind, _, rank = key.partition(":")
        if any(kind.startswith(name) for name in NOT_HELD):
            left += 1
            continue
        at = int(rank or 1) - 1
        got = {
            "sum_h2": sum(r["leverage"] ** 2 for r in rows),
            "max_hat": max(r["leverage"] for r in rows),
            "press": sum((r["resid"] / (1 - r["leverage"])) ** 2 for r in rows),
            "cook_top": worst[at]["cooks_distance"],
            "rstudent_top": worst[at]["std_resid"],
            "row_top": worst[at]["row"] + 1,
        }[kind]
        meets(case, key, got)
    assert left in (10, 11)


def powers(case: dict[str, Any]) -> str:
    terms = [t for t in case["args"]["terms"] if t != "(Intercept)"]
    right = " + ".join(t if "^" not in t else f"I({t.replace('^', '**')})" for t in terms)
    return f"y ~ {'' if '(Intercept)' in case['args']['terms'] else '0 + '}{right}"


@pytest.mark.parametrize("case", cases("nist_linreg"), ids=ids)
def test_nist_is_met_to_nine_digits(case: dict[str, Any]) -> None:
    fit = gf.lm(reference.table(case["dataset"]["data"]), powers(case), vcov="classical")
    rows, about = by_term(fit), glance(fit)
    least = 15.0
    for key, want in case["expected"].items():
        kind, _, term = key.partition(":")
        name = re.sub(r"^x\^(\d+)$", r"I(x^\1)", term)
        got = rows[name]["estimate" if kind == "coef" else "std_error"] if term else about[
            {"sigma": "sigma", "r2": "r_squared"}[kind]
        ]  # fmt: skip
        meets(case, key, got)
        if want == 0:
            assert abs(got) < 1e-9
        else:
            least = min(least, reference.lre(got, want))
    print(case["id"], round(least, 1))
    assert least >= 9


def slopes(formula: str) -> list[str]:
    """Every term of a formula but the intercept."""
    from gofal.formula import parse

    columns = re.findall(r"[A-Za-z_][\w.]*", formula)
    return [":".join(p[2] for p in term) for term in parse(formula, columns).terms if term]


@pytest.mark.parametrize("case", cases("glm", call="glm_lr"), ids=ids)
def test_likelihood_ratio_and_score_tests_agree_with_r(case: dict[str, Any]) -> None:
    t, formula, _ = prepared(case, case["args"]["formula1"])
    fit = gf.joint_test(t, formula, ["race", "ptl"], family="binomial")
    rows = {r["method"]: r for r in fit.to_arrow().to_pylist()}
    meets(case, "lr", rows["likelihood-ratio"]["statistic"])
    meets(case, "p_lr", rows["likelihood-ratio"]["p_value"])
    meets(case, "score", rows["score"]["statistic"])
    meets(case, "p_score", rows["score"]["p_value"])
    meets(case, "df", rows["score"]["df"])
    # Wald's is asymptotically the same and not equal.
    assert rows["wald"]["statistic"] == pytest.approx(rows["score"]["statistic"], rel=0.2)


@pytest.mark.parametrize(
    ("case", "terms"),
    list(
        zip(
            cases("ols", call="nested_f"),
            [["rank:discipline", "sex"], ["Catholic", "Infant_Mortality", "Agriculture"]],
            strict=False,
        )
    ),
    ids=["salaries", "swiss"] if reference.FOLDER.is_dir() else [],
)
def test_nested_least_squares_agree_with_r(case: dict[str, Any], terms: list[str]) -> None:
    t, formula, _ = prepared(case, case["args"]["formula1"])
    _, small, _ = prepared(case, case["args"]["formula0"])
    row = gf.joint_test(t, formula, terms, vcov="classical").to_arrow().to_pylist()[0]
    meets(case, "F", row["statistic"])
    meets(case, "p_value", row["p_value"])
    meets(case, "df1", row["df"])
    meets(case, "df2", row["df2"])
    for key, text in (("rss0", small), ("rss1", formula)):
        about = glance(gf.lm(t, text, vcov="classical"))
        meets(case, key, about["sigma"] ** 2 * about["df_residual"])
