"""`gf.lmm` against lme4 (R 4.2.2; lme4 1.1.31, numDeriv 2016.8.1.1, performance 0.10.2) on the reference cases."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import gofal as gf

FOLDER = Path(__file__).resolve().parents[2] / "../shared/reference"


# Where the reference itself stops short of its optimum: digits to ask, and how that is known.
# insteval: by lme4 1.1.31's own deviance, central differences with h = 1e-3, the slopes in the first two
# parts of theta are 7e-5 and 5e-5 at the reference's theta, 9e-7 and 2e-6 at ours; the third differs by 2.5e-7.
# sleepstudy, likelihood ratio: the reference is from two lmer calls as they stop; the polished case
# lmm-sleepstudy-ml has our criterion for the larger model to the last digit.
SHORT_OF_OPTIMUM = {
    ("lmm-insteval-ml", "se"): 6.5,
    ("lmm-insteval-ml", "t"): 6.5,
    ("lmmlr-sleepstudy-corr", "lr"): 6.4,
}


def cases(*families: str) -> list[Any]:
    found = [p for f in families for p in sorted((FOLDER / "cases" / f).glob("*.json"))]
    if not found:
        why = "skipped: no ../shared/reference beside the project"
        print(why)
        return [pytest.param({}, marks=pytest.mark.skip(reason=why), id="absent")]
    read = [json.loads(p.read_text(encoding="utf-8")) for p in found]
    return [pytest.param(case, id=case["id"]) for case in read]


def table(name: str) -> pa.Table:
    """A data set, its categories as text."""
    meta = json.loads((FOLDER / "data" / f"{name}.meta.json").read_text(encoding="utf-8"))
    path = FOLDER / meta["file"]
    text = {c["name"]: pa.string() for c in meta["columns"] if c["type"] == "category"}
    if path.suffix == ".parquet":
        read = pa.parquet.read_table(path)
        for i, field in enumerate(read.schema):
            if field.name in text:
                read = read.set_column(i, field.name, read[field.name].cast(pa.string()))
        return read
    options = pa.csv.ConvertOptions(column_types=text)
    return pa.csv.read_csv(path, convert_options=options)


def digits(got: float, want: float) -> float:
    if got == want:
        return 15.0
    relative = abs(got - want) / abs(want) if want else abs(got)
    return min(15.0, -math.log10(relative))


def meets(case: dict[str, Any], key: str, got: float) -> str | None:
    """What falls short, or None."""
    want, tolerance = case["expected"][key], case["tolerance"]
    asked = tolerance["lre"]
    for rule in tolerance.get("by_key", []):
        if re.search(rule["pattern"], key):
            asked = rule["lre"]
    for rule in tolerance.get("abs", []):
        if re.search(rule["pattern"], key) and abs(got - want) <= rule["abs"]:
            return None
    asked = SHORT_OF_OPTIMUM.get((case["id"], key.split(":")[0]), asked)
    found = digits(got, want)
    return None if found >= asked else f"{key}: {got!r}, want {want!r}: {found:.2f} of {asked}"


def ours(term: str) -> str:
    return term.replace("(Intercept)", "(intercept)").replace("I(age^2)", "I(age^2)")


class Answers:
    """A fit by the keys of the reference."""

    def __init__(self, fit: Any) -> None:
        self.whole = fit.to_arrow("glance").to_pylist()[0]
        self.fixed = {row["term"]: row for row in fit.to_arrow().to_pylist()}
        self.parts = fit.to_arrow("variance_components").to_pylist()
        self.theta = fit.to_arrow("theta").to_pylist()
        sizes = {r["factor"]: r["n_groups"] for r in fit.to_arrow("factors").to_pylist()}
        # lme4 sorts the terms by the number of levels.
        self.factors = sorted(sizes, key=lambda f: -sizes[f])
        self.modes: dict[tuple[str, str, str], tuple[float, float]] = {
            (r["factor"], r["group"], r["term"]): (r["estimate"], r["std_error"])
            for r in fit.to_arrow("modes").to_pylist()
        }

    def columns(self, factor: str) -> list[str]:
        return [p["term"] for p in self.parts if p["factor"] == factor and p["sd"] is not None]

    def factor(self, rest: str) -> tuple[str, str]:
        """The factor that a key begins with, and what follows; `g.1` is the second term of g."""
        for name in sorted(self.factors, key=len, reverse=True):
            for written in (f"{name}.1:", f"{name}:"):
                if rest.startswith(written):
                    return name, rest[len(written) :]
            if rest == name:
                return name, ""
        raise KeyError(rest)

    def component(self, rest: str, column: str) -> float:
        factor, term = self.factor(rest)
        return next(
            p[column] for p in self.parts if (p["factor"], p["term"]) == (factor, ours(term))
        )

    def mode(self, rest: str) -> tuple[float, float]:
        factor, level = self.factor(rest)
        for term in self.columns(factor):
            bare = level.removesuffix(f":{term.replace('(intercept)', '(Intercept)')}")
            if (factor, bare, term) in self.modes and (
                bare != level or len(self.columns(factor)) == 1
            ):
                return self.modes[factor, bare, term]
        raise KeyError(rest)

    def squares(self, rest: str) -> float:
        factor, term = self.factor(rest)
        wanted = ours(term) or "(intercept)"
        return sum(b**2 for (f, _, t), (b, _) in self.modes.items() if (f, t) == (factor, wanted))

    def relative(self, number: int) -> float:
        ordered = [t["estimate"] for f in self.factors for t in self.theta if t["factor"] == f]
        return float(ordered[number - 1])

    def __getitem__(self, key: str) -> float:
        kind, _, rest = key.partition(":")
        simple = {"criterion": "criterion", "loglik": "log_lik", "aic": "aic", "bic": "bic",
                  "nobs": "n_obs", "sigma": "sigma", "r2_marginal": "r_squared_marginal",
                  "r2_conditional": "r_squared_conditional"}  # fmt: skip
        if kind in simple:
            return float(self.whole[simple[kind]])
        columns = {"fixef": "estimate", "se": "std_error", "t": "statistic"}
        if kind in columns:
            return float(self.fixed[ours(rest)][columns[kind]])
        return {
            "sd": lambda: self.component(rest, "sd"),
            "cor": lambda: self.component(rest, "r"),
            "theta": lambda: self.relative(int(rest)),
            "ranef": lambda: self.mode(rest)[0],
            "condsd": lambda: self.mode(rest)[1],
            "ranef_ss": lambda: self.squares(rest),
        }[kind]()


@pytest.mark.parametrize("case", cases("lmm"))
def test_every_number_of_lme4(case: dict[str, Any]) -> None:
    args = case["args"]
    got = Answers(gf.lmm(table(case["dataset"]["data"]), args["formula"], reml=args["reml"]))
    short = [why for key in case["expected"] if (why := meets(case, key, got[key]))]
    assert not short, "\n".join(short)


@pytest.mark.parametrize(
    "case", [c for c in cases("icc") if c.id.startswith(("r2n", "vpc-p", "abs"))]
)
def test_shares_of_variance(case: dict[str, Any]) -> None:
    args = case["args"]
    fit = gf.lmm(table(case["dataset"]["data"]), args["formula"], reml=args["reml"])
    got: dict[str, float] = {}
    whole = fit.to_arrow("glance").to_pylist()[0]
    got["r2_marginal"], got["r2_conditional"] = (
        whole["r_squared_marginal"],
        whole["r_squared_conditional"],
    )
    for row in fit.to_arrow("vpc").to_pylist():
        got[f"vpc:{row['factor']}"] = row["estimate"]
    got["icc_total"] = got["icc_adjusted"] = got["vpc:total"]
    got["icc_unadjusted"] = got["r2_conditional"] - got["r2_marginal"]
    for row in fit.to_arrow("variance_components").to_pylist():
        got[f"variance:{row['factor']}"] = row["estimate"]
    got["residual"] = got["variance:residual"]
    short = [why for key in case["expected"] if (why := meets(case, key, got[key]))]
    assert not short, "\n".join(short)


@pytest.mark.parametrize(
    "case", [c for c in cases("lmm_inference") if c.id.startswith(("lmmlr", "abs"))]
)
def test_likelihood_ratios(case: dict[str, Any]) -> None:
    data, args = table(case["dataset"]["data"]), case["args"]
    fits = [gf.lmm(data, args[f], reml=False).to_arrow("glance") for f in ("formula0", "formula1")]
    less, more = (f["criterion"][0].as_py() for f in fits)
    assert meets(case, "lr", less - more) is None


@pytest.mark.parametrize(
    "case", [c for c in cases("icc") if c.id.startswith(("icc1", "icc-s", "abs"))]
)
def test_intraclass_correlations(case: dict[str, Any]) -> None:
    args = case["args"]
    found = gf.icc(
        table(case["dataset"]["data"]),
        args["y"],
        args.get("group", args.get("target")),
        rater=args.get("rater"),
    )
    whole = found.to_arrow("glance").to_pylist()[0]
    got = {name: whole[name] for name in ("ms_between", "ms_within", "n0")}
    for row in found.to_arrow().to_pylist():
        name = row["term"]
        got |= {
            name: row["estimate"],
            f"est:{name}": row["estimate"],
            f"F:{name}": row["statistic"],
        }
        got |= {f"lower:{name}": row.get("conf_low"), f"upper:{name}": row.get("conf_high")}
    got["icc_anova_n0"] = got.get("icc1_n0")
    short = [why for key in case["expected"] if (why := meets(case, key, got[key]))]
    assert not short, "\n".join(short)
