"""Inequality of a column: Theil's indices between and within groups, and the other usual indices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, columns_of, provenance_of, threads
from gofal._check import names, one_of
from gofal._table import read
from gofal.decomposition._parts import add_up, conf_of, resampling
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import THEIL_INDICES, ResamplingInterval, TheilIndex
from gofal.weights import Weight, weight_of

__all__ = ["IndicesResult", "TheilResult", "inequality_indices", "theil"]


class TheilResult(Result):
    """The index, its parts between and within groups, and their shares. See :func:`theil`."""

    _title: ClassVar[Text] = Text(
        "Theil's index between and within groups", "Mynegai Theil rhwng grwpiau ac o'u mewn"
    )
    _about = ("index", "n_obs", "n_missing")
    _hidden = ("n_failed",)
    _figure_kind = "shares"

    def _prove(self) -> None:
        rows = self.to_arrow().to_pylist()
        total = next(r["estimate"] for r in rows if r["component"] == "total")
        parts = [r["estimate"] for r in rows if r["component"] != "total"]
        add_up("Theil's index", parts, total, 1.0)


class IndicesResult(Result):
    """Indices of inequality of one column, one row each. See :func:`inequality_indices`."""

    _title: ClassVar[Text] = Text("Indices of inequality", "Mynegeion anghydraddoldeb")
    _about = ("n_obs", "n_missing")
    _hidden = ("n_failed",)


def theil(
    table: Any,
    value: str,
    groups: str | Iterable[str] = (),
    *,
    weight: Weight | None = None,
    index: TheilIndex = "T",
    interval: ResamplingInterval = "percentile",
    cluster: str | None = None,
    stratify: str | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> TheilResult:
    """Theil's index of a column, split between and within (nested) groups.

    Parameters
    ----------
    table
        One row per area or per child; rows with a null in any named column are dropped and
        counted.
    value
        Column of rates, spending or another quantity of 0 or more.
    groups
        Columns of groups, from coarse to fine, each nested in the one before: the same label in
        two parents is two groups. None: the index alone.
    weight
        ``gf.analytic("population")`` for rates of areas (a child then counts as much as another,
        wherever it lives), ``gf.frequency("n")``, ``gf.probability("w")``.
    index
        ``"T"`` weights groups by their share of the value and allows zeros (0 · ln 0 = 0);
        ``"L"`` (mean log deviation) weights them by population and needs values above 0.
    interval
        ``"percentile"``, ``"bca"``, ``"basic"``, ``"normal"`` from resampled rows; ``"none"``.
        Indices near 0 are biased upwards in resamples; read ``"bca"`` then.
    cluster, stratify
        Column of clusters to draw whole, or of strata to draw within.
    conf_level
        Level; the option ``conf_level`` by default.
    n_resamples, seed
        Draws.

    Returns
    -------
    TheilResult
        ``tidy()``: ``component`` (total, between_groups by ``level``, within_groups),
        ``estimate``, ``share`` of the total, limits; ``table("groups")``: every group's mean,
        shares, own index and what it adds to either part.

    Raises
    ------
    InputError
        Negative values; zeros with ``index="L"``.
    NumericalError
        Only zeros; parts that do not add up.

    References
    ----------
    Theil (1967); Shorrocks (1980), Econometrica 48:613; Cowell (2011), ch. 3.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "region": ["north", "north", "south", "south"],
    ...     "rate": [60.0, 90.0, 120.0, 180.0],
    ...     "children": [20_000, 10_000, 10_000, 20_000],
    ... }
    >>> r = gf.theil(t, "rate", "region", weight=gf.analytic("children"), interval="none")
    >>> round(r.statistic("share", component="between_groups").value, 3)
    0.819
    """
    one_of("index", index, THEIL_INDICES)
    conf = conf_of(conf_level)
    how = resampling(interval, conf, n_resamples, seed, cluster, stratify)
    levels = names("groups", groups)
    source = read(table)
    weighted = weight_of(weight)
    by, kind = (None, None) if weighted is None else (weighted.column, weighted.kind)
    with progress("resamples") as report:
        parts, members, n, missing = _core.theil(
            source.stream, value, levels, by, kind, index, how, threads(), report
        )
    arguments = {
        "value": value, "groups": tuple(levels), "weight": weighted, "index": index,
        "interval": interval, "cluster": cluster, "stratify": stratify,
        **_drawn(how),
    }  # fmt: skip
    used = [c for c in (value, *levels, by, cluster, stratify) if c is not None]
    glance = {"index": [index], "n_obs": [n], "n_missing": [missing], **_said(interval, how)}
    return TheilResult.build(
        tidy=columns_of(parts),
        glance=glance,
        provenance=provenance_of(
            "theil", source, used, arguments, n_obs=n, n_missing=missing,
            seed=None if how is None else seed,
        ),
        source=source,
        extra=None if members is None else {"groups": columns_of(members)},
    )  # fmt: skip


def inequality_indices(
    table: Any,
    value: str,
    *,
    weight: Weight | None = None,
    interval: ResamplingInterval = "none",
    cluster: str | None = None,
    stratify: str | None = None,
    conf_level: float | None = None,
    n_resamples: int = 1000,
    seed: int = DEFAULT_SEED,
) -> IndicesResult:
    """Gini, Theil, Atkinson, coefficient of variation and other indices of one column.

    Parameters
    ----------
    table
        One row per area or per child.
    value
        Column of values of 0 or more.
    weight
        Typed weights; they multiply rows.
    interval, cluster, stratify, conf_level, n_resamples, seed
        As in :func:`theil`; no interval by default: 22 authorities are all there are.

    Returns
    -------
    IndicesResult
        One row per ``measure``: ``mean, gini, gini_corrected`` (times n/(n − 1)), ``theil_t,
        theil_l, atkinson_0.5, atkinson_1, atkinson_2, cv`` (divisor n), ``ge_0.5, ge_2, hoover,
        bottom_fifth_share, herfindahl``; what zeros or weights leave undefined has a ``reason``.

    Raises
    ------
    InputError, NumericalError
        Negative values; only zeros.

    References
    ----------
    Cowell (2011), Measuring Inequality, ch. 2 and 3.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {"rate": [62, 88, 104, 131, 240]}
    >>> round(gf.inequality_indices(t, "rate").statistic(measure="cv").value, 3)
    0.494
    """
    conf = conf_of(conf_level)
    how = resampling(interval, conf, n_resamples, seed, cluster, stratify)
    source = read(table)
    weighted = weight_of(weight)
    by, kind = (None, None) if weighted is None else (weighted.column, weighted.kind)
    with progress("resamples") as report:
        out, n, missing = _core.inequality_indices(
            source.stream, value, by, kind, how, threads(), report
        )
    arguments = {
        "value": value, "weight": weighted, "interval": interval, "cluster": cluster,
        "stratify": stratify, **_drawn(how),
    }  # fmt: skip
    used = [c for c in (value, by, cluster, stratify) if c is not None]
    return IndicesResult.build(
        tidy=columns_of(out),
        glance={"n_obs": [n], "n_missing": [missing], **_said(interval, how)},
        provenance=provenance_of(
            "inequality_indices", source, used, arguments, n_obs=n, n_missing=missing,
            seed=None if how is None else seed,
        ),
        source=source,
    )  # fmt: skip


def _drawn(how: dict[str, Any] | None) -> dict[str, Any]:
    """The arguments that only a resampled interval has."""
    return {} if how is None else {k: how[k] for k in ("conf_level", "n_resamples")}


def _said(interval: str, how: dict[str, Any] | None) -> dict[str, list[Any]]:
    """The same for the glance."""
    said: dict[str, list[Any]] = {k: [v] for k, v in _drawn(how).items()}
    return {"interval": [interval], **said}
