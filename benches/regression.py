"""Risk regressions: logit and modified Poisson on child records, wild cluster bootstrap, fixed effects, Firth."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from harness import Numbers, Subject, Workload, held

TITLE = "Regression"
NOTES = (
    "Synthetic child records: the trigger trio with all interactions, 18 years of age, sex, deprivation fifth and 22 "
    "authorities (51 coefficients), errors clustered by authority; from the Arrow table in memory to the finished "
    "result. gofal's errors are CR2 with Satterthwaite degrees of freedom, the peers' CR1; only coefficients are "
    "compared. Columns are int8, boolean or dictionaries unless the row says strings. A refit is another model on "
    "`gf.cells` of the same table. The wild bootstrap visits 2^21 sign patterns, each for itself and its mirror, so "
    "all there are; pyfixest draws 99,999. "
    "Floors: rows to 63,360 cells (10^7 rows), all sign patterns, two-way sums, in C."
)
FORMULA = "looked_after ~ domestic_abuse * substance_misuse * mental_health + C(age) + sex + C(quintile) + authority"
RIGHT = FORMULA.split("~")[1].replace("C(age)", "age").replace("C(quintile)", "quintile")
LETTERS = [f"W060000{k:02}" for k in range(1, 23)]


def children(n: int) -> Any:
    """Records with known dependence; authorities as unequal as those of Wales."""
    import pyarrow as pa

    rng = np.random.default_rng(7)
    share = np.linspace(0.4, 2.2, 22)
    authority = rng.choice(22, n, p=share / share.sum()).astype(np.int8)
    quintile = rng.integers(1, 6, n, dtype=np.int8)
    age = rng.integers(0, 18, n, dtype=np.int8)
    sex = rng.integers(0, 2, n, dtype=np.int8)
    burden = rng.normal(size=n).astype(np.float32) + 0.2 * (3 - quintile)
    trio = [(burden + rng.normal(size=n) > cut) for cut in (1.6, 1.9, 1.8)]
    eta = (
        -3.2
        + 0.8 * trio[0]
        + 0.6 * trio[1]
        + 0.5 * trio[2]
        - 0.3 * (trio[0] & trio[1])
        - 0.02 * age
    )
    eta += 0.1 * sex - 0.15 * (quintile - 3) + np.linspace(-0.4, 0.4, 22)[authority]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(np.int8)

    def words(codes: Any, levels: list[str]) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(levels))

    return pa.table(
        {
            "looked_after": y,
            "domestic_abuse": trio[0].astype(np.int8),
            "substance_misuse": trio[1].astype(np.int8),
            "mental_health": pa.array(trio[2]),
            "age": age,
            "sex": words(sex, ["female", "male"]),
            "quintile": quintile,
            "authority": words(authority, LETTERS),
        }
    )


def table(n: int) -> Callable[[], Any]:
    """The records as the commonest kinds of column."""
    return lambda: held(f"children-{n}", lambda: children(n))


def strings(n: int) -> Callable[[], Any]:
    """The same with text in place of dictionaries and of small numbers."""

    def make() -> Any:
        import pyarrow as pa

        found = table(n)()
        for name in ("sex", "authority", "quintile"):
            at = found.column_names.index(name)
            found = found.set_column(at, name, found[name].cast(pa.string()))
        return found

    return lambda: held(f"strings-{n}", make)


def ours(family: str) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(data: Any) -> Callable[[], Numbers]:
        import gofal as gf

        def call() -> Numbers:
            fit = gf.glm(data, FORMULA, family=family, vcov=gf.Cluster("authority"))
            return _named(fit)

        return call

    return prepare


def refit(data: Any) -> Callable[[], Numbers]:
    import gofal as gf

    by = [
        "domestic_abuse",
        "substance_misuse",
        "mental_health",
        "age",
        "sex",
        "quintile",
        "authority",
    ]
    cells = gf.cells(data, "looked_after", by=by)
    return lambda: _named(gf.glm(cells, FORMULA, vcov=gf.Cluster("authority")))


def _named(fit: Any) -> Numbers:
    rows = fit.to_arrow().select(["term", "estimate"]).to_pydict()
    found = dict(zip(rows["term"], rows["estimate"], strict=True))
    trio = ("domestic_abuse", "substance_misuse", "mental_health")
    return {
        "one": found[trio[0]],
        "two": found[f"{trio[0]}:{trio[1]}"],
        "three": found[":".join(trio)],
        "age": found["age=17"],
        "sex": found["sex=male"],
        "quintile": found["quintile=5"],
        "authority": found[f"authority={LETTERS[-1]}"],
    }


def _pandas(data: Any) -> Any:
    frame = data.to_pandas()
    for name in ("age", "quintile", "sex", "authority"):
        frame[name] = frame[name].astype("category")
    for name in ("domestic_abuse", "substance_misuse", "mental_health", "looked_after"):
        frame[name] = frame[name].astype(float)
    return frame


TRIO = ("domestic_abuse", "substance_misuse", "mental_health")


def _peer_names(find: Callable[[str], float]) -> Numbers:
    return {"one": find(TRIO[0]), "two": find(":".join(TRIO[:2])), "three": find(":".join(TRIO))}


def glum(family: str) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(data: Any) -> Callable[[], Numbers]:
        from glum import GeneralizedLinearRegressor

        frame = _pandas(data)

        def call() -> Numbers:
            model = GeneralizedLinearRegressor(
                family=family, alpha=0, formula=RIGHT,
                drop_first=True, fit_intercept=True, gradient_tol=1e-9,
            )  # fmt: skip
            model.fit(frame, frame["looked_after"], store_covariance_matrix=False)
            model.covariance_matrix(
                frame, frame["looked_after"], clusters=frame["authority"].cat.codes.to_numpy()
            )
            found = dict(zip(model.feature_names_, model.coef_, strict=True))
            return _peer_names(lambda name: found[name])

        return call

    return prepare


def pyfixest(family: str) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(data: Any) -> Callable[[], Numbers]:
        import pyfixest as pf

        frame = _pandas(data)
        formula = f"looked_after ~ {RIGHT.replace(' + authority', '')} | authority"

        def call() -> Numbers:
            if family == "poisson":
                fit = pf.fepois(formula, frame, vcov={"CRV1": "authority"}, iwls_tol=1e-10)
            else:
                fit = pf.feglm(
                    formula, frame, family="logit", vcov={"CRV1": "authority"}, iwls_tol=1e-10
                )
            return _peer_names(lambda name: float(fit.coef()[name]))

        return call

    return prepare


def statsmodels(family: str) -> Callable[[Any], Callable[[], Numbers]]:
    def prepare(data: Any) -> Callable[[], Numbers]:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf

        frame = _pandas(data)
        kind = sm.families.Poisson() if family == "poisson" else sm.families.Binomial()

        def call() -> Numbers:
            fit = smf.glm(FORMULA, frame, family=kind).fit(
                cov_type="cluster", cov_kwds={"groups": frame["authority"].cat.codes}
            )
            return _peer_names(lambda name: float(fit.params[name]))

        return call

    return prepare


def polars_cells(family: str) -> Callable[[Any], Callable[[], Numbers]]:
    """Group with polars, fit the cells with statsmodels; a few lines give the clustered errors."""

    def prepare(data: Any) -> Callable[[], Numbers]:
        import polars as pl
        import statsmodels.api as sm
        from formulaic import model_matrix

        frame = pl.from_arrow(data)
        assert isinstance(frame, pl.DataFrame)
        by = [c for c in frame.columns if c != "looked_after"]
        kind = sm.families.Poisson() if family == "poisson" else sm.families.Binomial()

        def call() -> Numbers:
            cells = (
                frame.group_by(by)
                .agg(pl.len().alias("n"), pl.col("looked_after").cast(pl.Int64).sum())
                .to_pandas()
            )
            for name in TRIO:
                cells[name] = cells[name].astype(float)
            x = model_matrix(FORMULA.split("~")[1], cells)
            n = cells["n"].to_numpy(dtype=float)
            rate = cells["looked_after"].to_numpy() / n
            fit = sm.GLM(rate, x, family=kind, freq_weights=n).fit()
            residual = ((rate - fit.fittedvalues) * n).to_numpy()
            scores = x.to_numpy() * residual[:, None]
            codes = cells["authority"].astype("category").cat.codes.to_numpy()
            summed = np.zeros((codes.max() + 1, x.shape[1]))
            np.add.at(summed, codes, scores)
            bread = np.asarray(fit.normalized_cov_params)
            bread @ summed.T @ summed @ bread
            return _peer_names(lambda name: float(fit.params[name]))

        return call

    return prepare


def _risk(family: str, n: int, goal: float, floor: float | None, *, full: bool) -> Workload:
    peers = [Subject("polars, statsmodels on cells", polars_cells(family))]
    if n <= 10**6:
        # At 10^7 rows each of these takes a minute or more, and 3 to 9 GB.
        peers += [
            Subject("glum", glum(family), repeats=1),
            Subject("pyfixest", pyfixest(family), repeats=1),
        ]
    if full:
        peers.append(Subject("statsmodels", statsmodels(family), repeats=1))
    word = "logit" if family == "binomial" else "modified Poisson"
    size = f"10^{round(math.log10(n))}"
    short = "logit" if family == "binomial" else "poisson"
    return Workload(f"{short}-1e{round(math.log10(n))}", f"{word}, {size} rows", table(n),
                    (Subject("gofal", ours(family)), *peers), floor, goal)  # fmt: skip


def records(n: int) -> Callable[[], Any]:
    """Records with a continuous outcome and covariate, for the linear workloads."""

    def make() -> Any:
        import pyarrow as pa

        rng = np.random.default_rng(11)
        found = children(n).select(["domestic_abuse", "substance_misuse", "authority", "quintile"])
        unit = rng.integers(0, 1909, n, dtype=np.int32)
        year = rng.integers(2003, 2023, n, dtype=np.int32)
        x = rng.normal(size=n) + 0.3 * np.sin(unit)
        y = 0.2 * x + np.cos(unit) + 0.02 * (year - 2003) + rng.normal(size=n)
        y += 0.1 * found["domestic_abuse"].to_numpy()
        return (found.append_column("unit", pa.array(unit)).append_column("year", pa.array(year))
                .append_column("x", pa.array(x)).append_column("y", pa.array(y)))  # fmt: skip

    return lambda: held(f"records-{n}", make)


def wild(data: Any) -> Callable[[], Numbers]:
    import gofal as gf

    def call() -> Numbers:
        found = gf.wild_bootstrap(
            data,
            "y ~ x + domestic_abuse + substance_misuse",
            "domestic_abuse",
            cluster="authority",
            interval=False,
        )
        row = found.to_arrow().to_pylist()[0]
        return {"estimate": row["estimate"], "statistic": row["statistic"], "p": row["p_value"]}

    return call


def pyfixest_wild(data: Any) -> Callable[[], Numbers]:
    import pyfixest as pf

    frame = data.to_pandas()
    for name in ("domestic_abuse", "substance_misuse"):
        frame[name] = frame[name].astype(float)
    frame["authority"] = frame["authority"].cat.codes

    def call() -> Numbers:
        fit = pf.feols(
            "y ~ x + domestic_abuse + substance_misuse", frame, vcov={"CRV1": "authority"}
        )
        found = fit.wildboottest(param="domestic_abuse", reps=99_999, cluster="authority", seed=1)
        return {
            "estimate": float(fit.coef()["domestic_abuse"]),
            "statistic": float(found["t value"]),
        }

    return call


def absorbed(data: Any) -> Callable[[], Numbers]:
    import gofal as gf

    def call() -> Numbers:
        fit = gf.panel(
            data,
            "y",
            ["x", "domestic_abuse"],
            unit="unit",
            time="day",
            effects="two-way",
            kind="CR1",
        )
        return {"x": fit.statistic(term="x").value}

    return call


def panel(n: int) -> Callable[[], Any]:
    """Units over periods, each once: 1,909 areas (or as many as fit) by years."""

    def make() -> Any:
        import pyarrow as pa

        rng = np.random.default_rng(13)
        periods = n // 1909 + 1
        unit = np.repeat(np.arange(1909, dtype=np.int32), periods)[:n]
        day = np.tile(np.arange(periods, dtype=np.int32), 1909)[:n]
        abuse = (rng.random(n) < 0.3).astype(np.int8)
        x = rng.normal(size=n) + 0.3 * np.sin(unit)
        y = 0.2 * x + 0.1 * abuse + np.cos(unit) + np.sin(day) + rng.normal(size=n)
        return pa.table({"unit": unit, "day": day, "domestic_abuse": abuse, "x": x, "y": y})

    return lambda: held(f"panel-{n}", make)


def pyfixest_fixed(data: Any) -> Callable[[], Numbers]:
    import pyfixest as pf

    frame = data.to_pandas()

    def call() -> Numbers:
        fit = pf.feols("y ~ x + domestic_abuse | unit + day", frame, vcov={"CRV1": "unit"})
        return {"x": float(fit.coef()["x"])}

    return call


def linearmodels_fixed(data: Any) -> Callable[[], Numbers]:
    from linearmodels.iv.absorbing import AbsorbingLS

    frame = data.to_pandas()
    absorb = frame[["unit", "day"]].astype("category")

    def call() -> Numbers:
        fit = AbsorbingLS(frame["y"], frame[["x", "domestic_abuse"]], absorb=absorb).fit(
            cov_type="clustered", clusters=frame["unit"]
        )
        return {"x": float(fit.params["x"])}

    return call


def workloads() -> list[Workload]:
    wildly = (
        Subject("gofal, all 2^21 patterns", wild),
        Subject("pyfixest, 99,999 draws", pyfixest_wild, repeats=1),
    )
    ways = (Subject("gofal", absorbed), Subject("pyfixest", pyfixest_fixed),
            Subject("linearmodels", linearmodels_fixed, repeats=1))  # fmt: skip
    return [
        _risk("binomial", 10**5, 0.01, None, full=True),
        _risk("binomial", 10**6, 0.035, None, full=False),
        _risk("binomial", 10**7, 0.15, 0.019, full=False),
        _risk("poisson", 10**6, 0.035, None, full=False),
        _risk("poisson", 10**7, 0.15, 0.019, full=False),
        Workload(
            "strings-1e6",
            "logit, 10^6 rows, strings",
            strings(10**6),
            (Subject("gofal", ours("binomial")),),
        ),
        Workload(
            "strings-1e7",
            "logit, 10^7 rows, strings",
            strings(10**7),
            (Subject("gofal", ours("binomial")),),
        ),
        Workload(
            "refit",
            "a further logit on the cells of 10^6 rows",
            table(10**6),
            (Subject("gofal", refit),),
            None,
            0.02,
        ),
        Workload(
            "wild",
            "wild cluster bootstrap, 22 clusters, 10^6 rows",
            records(10**6),
            wildly,
            0.055,
            0.17,
        ),
        Workload("two-way", "two-way fixed effects, 10^6 rows", panel(10**6), ways, 0.015, 0.08),
    ]
