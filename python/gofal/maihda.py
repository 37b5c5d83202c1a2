"""Strata of several characteristics: how much of the difference between them is more than additive (MAIHDA)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal._call import columns_of, provenance_of
from gofal._check import level, names, one_of
from gofal._table import read
from gofal.cells import TOTAL, TOTAL_SQ, Cells, N, as_cells, cells
from gofal.errors import InputError, NumericalError
from gofal.glmm import GlmmResult, glmm
from gofal.language import Text
from gofal.mixed import MixedResult, lmm
from gofal.options import get_options
from gofal.results import Result
from gofal.typing import COMPONENT_INTERVALS, MAIHDA_FAMILIES, ComponentInterval, MaihdaFamily
from gofal.weights import Weight

__all__ = ["MaihdaResult", "maihda"]

_STRATUM = "stratum"
_READING = Text(
    "The share between strata says how well strata tell people apart, not what causes the outcome; an interaction "
    "is a departure from adding up on the scale of the model.",
    "Mae'r gyfran rhwng strata yn dweud pa mor dda y mae strata'n gwahaniaethu pobl, nid beth sy'n achosi'r canlyniad; "
    "gwyriad oddi wrth adio ar raddfa'r model yw rhyngweithiad.",
)


class MaihdaResult(Result):
    """Shares of variance, one row each; ``strata()`` has every stratum. See :func:`maihda`."""

    _title: ClassVar[Text] = Text(
        "Strata: additive and interaction shares", "Strata: cyfrannau adiol a rhyngweithiol"
    )
    _notes: ClassVar[tuple[Text, ...]] = (_READING,)
    _about: ClassVar[tuple[str, ...]] = ("n_obs", "n_missing", "n_groups", "family", "singular")

    def strata(self) -> Any:
        """Return one row per stratum: size, fitted value, what main effects alone give, the interaction.

        ``group``, the strata's columns, ``n_obs, fitted, additive`` (both on the scale of the outcome),
        ``estimate, std_error, conf_low, conf_high`` (interaction on the scale of the model: conditional mode and
        its conditional standard deviation, main effects and variance taken as known).
        """
        return self.table("strata")


def maihda(
    table: Any,
    outcome: str,
    strata: str | Iterable[str],
    *,
    family: MaihdaFamily = "binomial",
    trials: str | None = None,
    weight: Weight | None = None,
    n_quadrature: int = 1,
    interval: ComponentInterval = "none",
    conf_level: float | None = None,
) -> MaihdaResult:
    """Multilevel analysis of individual heterogeneity and discriminatory accuracy.

    People are nested in strata, the combinations of several characteristics. A model without covariates gives the share
    of the variance that lies between strata; a second with the main effects of the characteristics leaves what
    is more (or less) than additive.

    Parameters
    ----------
    table
        One row per child (or per stratum with ``trials``), or a `gf.scan`; rows with a null in a named column are left
        out and counted.
    outcome
        0/1, successes, or a score.
    strata
        Two or more columns: ``["domestic_abuse", "substance_misuse", "mental_ill_health", "wimd_quintile"]``; each is
        taken as a factor.
    family
        ``"binomial"`` (logit link) or ``"gaussian"`` (maximum likelihood).
    trials
        Column of the number of trials; the outcome then counts successes.
    weight
        ``gf.frequency("n")``: rows that a row stands for.
    n_quadrature
        Nodes of adaptive quadrature (binomial); 1 is Laplace.
    interval
        ``"profile"``: limits of the shares and ratios from the profile likelihood of each variance (binomial).
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    MaihdaResult
        ``tidy()``: ``measure, model, estimate``, with an interval ``conf_low, conf_high``: ``vpc`` of the null and
        the main-effects model, ``additive_share`` (the proportional change in variance), ``interaction_share`` (the
        rest), and for binomial outcomes ``median_odds_ratio`` of both; ``strata()``; ``table("coefficients")``: the
        main effects.

    Raises
    ------
    InputError
        Fewer than two columns of strata, a column with one level, as many main effects as strata.
    NumericalError
        No variance between strata at all: it has no additive share.

    References
    ----------
    Merlo (2018), SSM - Population Health 5:208; Evans, Williams, Onnela and Subramanian (2018), Social Science and
    Medicine 203:64.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "abuse": [0, 0, 0, 1, 1, 1] * 2,
    ...     "quintile": [1, 3, 5] * 4,
    ...     "sex": [*"FFFFFFMMMMMM"],
    ...     "care": [14, 9, 5, 52, 35, 21, 16, 8, 6, 60, 33, 28],
    ...     "children": [1000] * 12,
    ... }
    >>> fit = gf.maihda(t, "care", ["abuse", "quintile", "sex"], trials="children")
    >>> fit.to_arrow()["measure"].to_pylist()[:3]
    ['vpc', 'vpc', 'additive_share']
    """
    one_of("family", family, MAIHDA_FAMILIES)
    one_of("interval", interval, COMPONENT_INTERVALS)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    columns = names("strata", strata)
    if len(columns) < 2:
        message = "strata: name two or more columns; their combinations are the strata"
        raise InputError(message, kind="option", column="strata", got=columns)
    if family == "gaussian" and (trials is not None or interval != "none" or n_quadrature != 1):
        message = 'family="gaussian" takes no trials, no n_quadrature and interval="none"'
        raise InputError(message, kind="option", column="family", got=family)
    grouped = _grouped(table, outcome, columns, trials=trials, weight=weight)
    main = " + ".join(f"C({c})" for c in columns)
    formulas = [f"{outcome} ~ {right} + (1 | {_STRATUM})" for right in ("1", main)]
    null, full = (_fit(grouped, f, family, n_quadrature, conf) for f in formulas)
    arguments = {
        "outcome": outcome, "strata": columns, "family": family, "trials": trials, "weight": weight,
        "n_quadrature": n_quadrature, "interval": interval, "conf_level": conf,
    }  # fmt: skip
    return _result(table, grouped, columns, (null, full), arguments)


def _grouped(
    table: Any, outcome: str, columns: list[str], *, trials: str | None, weight: Weight | None
) -> Cells:
    """One row per stratum with n, Σy, Σy² and its name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if trials is None:
        made = cells(table, outcome, columns, weight=weight)
        found, missing = made.table, made.n_missing
    else:
        if weight is not None:
            message = "weight, trials: trials say already how often; give one of them"
            raise InputError(message, kind="option", column="weight", got=str(weight))
        whole = read(table).to_arrow()
        for name in (outcome, trials, *columns):
            if name not in whole.column_names:
                message = (
                    f'no column named "{name}"; the table has: {", ".join(whole.column_names)}'
                )
                raise InputError(
                    message, kind="unknown_column", column=name, available=whole.column_names
                )
        used = whole.select([outcome, trials, *columns]).drop_null()
        missing = whole.num_rows - used.num_rows
        by = used.group_by(columns, use_threads=False).aggregate(
            [(trials, "sum"), (outcome, "sum")]
        )
        found = pa.table(
            {
                **{c: by[c] for c in columns},
                N: by[f"{trials}_sum"],
                TOTAL: by[f"{outcome}_sum"],
                TOTAL_SQ: by[f"{outcome}_sum"],
            }
        )
    complete = found.drop_null()
    missing += int(pc.sum(found[N]).as_py() or 0) - int(pc.sum(complete[N]).as_py() or 0)
    for column in columns:
        if len(complete[column].unique()) < 2:
            message = f'strata: column "{column}" has one level only; leave it out'
            raise InputError(message, kind="constant", column=column, n=complete.num_rows)
    rows = zip(*(complete[c].to_pylist() for c in columns), strict=True)
    labels = [" × ".join(f"{c}={v}" for c, v in zip(columns, row, strict=True)) for row in rows]
    main = 1 + sum(len(complete[c].unique()) - 1 for c in columns)
    if main >= len(labels):
        message = f"strata: {len(labels)} strata for {main} main effects: nothing is left to be an interaction"
        raise InputError(message, kind="option", column="strata", got=columns)
    made = as_cells(
        complete.append_column(_STRATUM, pa.array(labels)), outcome, n=N, total=TOTAL, total_sq=TOTAL_SQ
    )  # fmt: skip
    return Cells(made.table, outcome, made.by, made.n_rows, missing, made.columns)


def _fit(grouped: Cells, formula: str, family: str, nodes: int, conf: float) -> MixedResult:
    if family == "gaussian":
        return lmm(grouped, formula, reml=False)
    return glmm(grouped, formula, n_quadrature=nodes, conf_level=conf)


def _result(
    table: Any,
    grouped: Cells,
    columns: list[str],
    fits: tuple[MixedResult, MixedResult],
    arguments: dict[str, Any],
) -> MaihdaResult:
    import pyarrow.compute as pc

    null, full = fits
    variances = [_variance(f) for f in fits]
    if variances[0] == 0:
        message = "the variance between strata is estimated as 0: there is no additive share to take of it"
        raise NumericalError(message, kind="undefined")
    additive = (variances[0] - variances[1]) / variances[0]
    profiled = arguments["interval"] == "profile"
    rows = [
        *((("vpc", name), *_share(f, arguments, limits=profiled)) for name, f in zip(_MODELS, fits, strict=True)),
        (("additive_share", "main"), additive, None, None),
        (("interaction_share", "main"), 1 - additive, None, None),
    ]  # fmt: skip
    if isinstance(null, GlmmResult) and isinstance(full, GlmmResult):
        for name, fit in zip(_MODELS, (null, full), strict=True):
            found = columns_of(
                fit.median_odds_ratio(interval="profile" if profiled else "none", conf_level=arguments["conf_level"])
            )  # fmt: skip
            low, high = (found[c][0] if c in found else None for c in ("ratio_low", "ratio_high"))
            rows.append((("median_odds_ratio", name), found["ratio"][0], low, high))
    tidy: dict[str, list[Any]] = {
        "measure": [key[0] for key, *_ in rows],
        "model": [key[1] for key, *_ in rows],
        "estimate": [r[1] for r in rows],
    }
    if profiled:
        tidy |= {"conf_low": [r[2] for r in rows], "conf_high": [r[3] for r in rows]}
    n = int(pc.sum(grouped.table[N]).as_py())
    singular = any(f.to_arrow("glance")["singular"][0].as_py() for f in fits)
    return MaihdaResult.build(
        tidy=tidy,
        glance={
            "n_obs": [n],
            "n_missing": [grouped.n_missing],
            "n_groups": [len(grouped)],
            "family": [arguments["family"]],
            "singular": [singular],
            "conf_level": [arguments["conf_level"]],
        },
        provenance=provenance_of(
            "maihda", read(grouped.table), [*columns, N, TOTAL], arguments, n_obs=n, n_missing=grouped.n_missing
        ),
        source=None if hasattr(table, "_cells") else read(table),
        keys=tuple(columns),
        extra={
            "strata": _strata(grouped, columns, full, arguments["conf_level"]),
            "coefficients": full.to_arrow(),
        },
    )  # fmt: skip


_MODELS = ("null", "main")


def _variance(fit: MixedResult) -> float:
    return float(fit.to_arrow("variance_components")["estimate"][0].as_py())


def _share(
    fit: MixedResult, arguments: dict[str, Any], *, limits: bool
) -> tuple[float, float | None, float | None]:
    """The share between strata on the latent scale, with its limits."""
    components = fit.to_arrow("variance_components").to_pydict()
    rest = components["estimate"][-1]

    def share(variance: float) -> float:
        return float(variance / (variance + rest))

    point = share(components["estimate"][0])
    if not limits or not isinstance(fit, GlmmResult):
        return point, None, None
    conf = arguments["conf_level"]
    found = columns_of(fit.variance_components(interval="profile", conf_level=conf))
    low, high = found["conf_low"][0], found["conf_high"][0]
    return point, share(low), None if high is None else share(high)


def _strata(
    grouped: Cells, columns: list[str], full: MixedResult, conf: float
) -> dict[str, list[Any]]:
    from statistics import NormalDist

    z = NormalDist().inv_cdf(0.5 + conf / 2)
    table = grouped.table
    additive = columns_of(full.predict(table, random="none"))["estimate"]
    fitted = columns_of(full.predict(table, random="modes"))["estimate"]
    modes = full.to_arrow("modes").to_pydict()
    place = {g: i for i, g in enumerate(modes["group"])}
    rows = [place[g] for g in table[_STRATUM].to_pylist()]
    mode = [modes["estimate"][i] for i in rows]
    error = [modes["std_error"][i] for i in rows]
    return {
        "group": table[_STRATUM].to_pylist(),
        **{c: table[c].to_pylist() for c in columns},
        "n_obs": [int(v) for v in table[N].to_pylist()],
        "fitted": fitted,
        "additive": additive,
        "estimate": mode,
        "std_error": error,
        "conf_low": [m - z * e for m, e in zip(mode, error, strict=True)],
        "conf_high": [m + z * e for m, e in zip(mode, error, strict=True)],
    }
