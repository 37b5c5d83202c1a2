"""From a table and a formula to a model in the kernel, and from the model to the tables of a result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gofal import _core
from gofal._call import columns_of, provenance_of, threads
from gofal._check import names
from gofal._table import Source
from gofal.cells import Cells, source_of
from gofal.covariances import Vcov, vcov_of
from gofal.errors import InputError
from gofal.formula import Formula, parse, predictors
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Provenance
from gofal.weights import Weight, weight_of

__all__ = [
    "FEW_CLUSTERS",
    "Request",
    "facts_of",
    "fit",
    "glance_of",
    "notes_on_clusters",
    "notes_on_inference",
    "request",
    "tidy_of",
    "without_errors",
]

FEW_CLUSTERS = 40
"""Below this many clusters an interval by CR0 or CR1 is too narrow; the result says so."""


@dataclass(frozen=True)
class Request:
    """What a model was asked for, in the kernel's words."""

    source: Source
    cells: Cells | None
    formula: Formula
    spec: dict[str, Any]
    reads: tuple[str, ...] = ()
    made: tuple[str, ...] = ()

    def provenance(
        self,
        function: str,
        arguments: dict[str, Any],
        facts: dict[str, float],
        *,
        seed: int | None = None,
    ) -> Provenance:
        """Return the call behind a result."""
        return provenance_of(
            function, self.source, _used(self.spec, self.formula, self.reads, self.made),
            {"formula": self.formula.text, **arguments},
            n_obs=int(facts["n_obs"]), n_missing=int(facts["n_missing"]),
            seed=seed,
        )  # fmt: skip


def _used(
    spec: dict[str, Any], formula: Formula, reads: Iterable[str] = (), made: Iterable[str] = ()
) -> list[str]:
    """Return the columns that a model reads."""
    parts = [spec[k] for k in ("trials", "frequency", "prior", "offset") if spec[k]]
    parts += [column for column in spec["cells"] or () if column]
    used = [spec["outcome"], *formula.columns, *spec["clusters"], *parts, *reads]
    return [name for name in dict.fromkeys(used) if name not in made]


def request(
    table: Any,
    formula: str,
    columns: str | Iterable[str] | None = None,
    *,
    family: str,
    link: str | None = None,
    quasi: bool = False,
    trials: str | None = None,
    weight: Weight | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    vcov: Vcov = "classical",
    by_row: bool = False,
    each_value: bool = False,
    reads: Iterable[str] = (),
    made: Iterable[str] = (),
) -> Request:
    """Read the arguments that all models share.

    Parameters
    ----------
    each_value
        The model needs every value of the outcome by itself (a category, a count): cells must have it
        among the columns that make them, and their sums are not read.
    reads
        Columns that the model needs beside those of the formula and the weights.
    made
        Names that the formula may use although they are no columns of the table.

    Raises
    ------
    InputError
        A formula or argument that cannot be used.
    """
    source, held = source_of(table)
    available = [*source.columns, *made]
    if held is not None and held.outcome is not None:
        available = [held.outcome, *(c for c in available if c not in held.columns)]
    if "~" in formula:
        if columns is not None:
            message = "predictors: the formula names them already"
            raise InputError(message, kind="option", column="predictors", got=columns)
        parsed = parse(formula, available)
    else:
        parsed = predictors(formula, names("predictors", columns if columns is not None else ()))
    for name in made:
        if name in source.columns and name in parsed.columns:
            message = f'formula: "{name}" has a meaning of its own here; rename the column "{name}" of the table'
            raise InputError(message, kind="option", column=name, got=formula)
    word, clusters = vcov_of(vcov)
    weighted = weight_of(weight)
    if offset is not None and exposure is not None:
        message = "offset, exposure: give one of them (the offset is the logarithm of the exposure)"
        raise InputError(message, kind="option", column="offset", got=offset)
    spec = {
        "outcome": parsed.outcome, "terms": [list(term) for term in parsed.terms], "family": family,
        "link": link, "quasi": quasi, "trials": trials, "cells": None,
        "frequency": weighted.column if weighted and weighted.kind == "frequency" else None,
        "prior": weighted.column if weighted and weighted.kind != "frequency" else None,
        "offset": offset or exposure, "exposure": exposure is not None, "clusters": clusters,
        "vcov": word, "by_row": by_row,
    }  # fmt: skip
    if weighted is not None and weighted.kind == "probability" and word == "classical":
        message = 'vcov: probability weights need a robust covariance: gf.HC(1) or gf.Cluster("…")'
        raise InputError(message, kind="option", column="vcov", got=word)
    if held is not None and each_value:
        _of_cells_by_value(spec, held, parsed)
    elif held is not None:
        _of_cells(spec, held, parsed)
    else:
        source = source.narrowed(_used(spec, parsed, reads, made))
    return Request(source, held, parsed, spec, tuple(reads), tuple(made))


def _of_cells(spec: dict[str, Any], held: Cells, parsed: Formula) -> None:
    n, total, squares = held.columns
    if parsed.outcome != held.outcome or total is None:
        message = (
            f'the cells hold {held.outcome or "no outcome"!r}; the formula explains "{parsed.outcome}": '
            f'make the cells with gf.cells(table, "{parsed.outcome}", by=[…])'
        )
        raise InputError(message, kind="option", column="formula", got=parsed.text)
    if spec["frequency"] or spec["trials"]:
        message = "weight, trials: cells already say how many rows they stand for"
        raise InputError(message, kind="option", column="weight", got=spec["frequency"])
    spec["cells"] = (n, squares)
    spec["outcome"] = total


def _of_cells_by_value(spec: dict[str, Any], held: Cells, parsed: Formula) -> None:
    if parsed.outcome not in held.by:
        message = (
            f'the cells are not made by "{parsed.outcome}", every value of which counts here: make them with '
            f'gf.cells(table, by=["{parsed.outcome}", …])'
        )
        raise InputError(message, kind="option", column="formula", got=parsed.text)
    if spec["frequency"]:
        message = "weight: cells already say how many rows they stand for"
        raise InputError(message, kind="option", column="weight", got=spec["frequency"])
    spec["frequency"] = held.columns[0]


FEW_EXPOSED = 5
"""Up to this many clusters with the rarer value, errors for a covariate of clusters are not to be trusted."""


def fit(asked: Request) -> _core.Model:
    """Fit the model (a bar appears when it takes long)."""
    with progress("rows") as report:
        return _core.Model(asked.source.stream, asked.spec, threads(), report)


def facts_of(model: _core.Model, asked: Request) -> dict[str, float]:
    """Return the kernel's facts; rows left out when the cells were made are missing rows too."""
    facts = dict(model.facts())
    if asked.cells is not None:
        facts["n_missing"] += asked.cells.n_missing
    return facts


_GLANCE = ("n_obs", "n_missing", "n_cells", "n_groups", "n_informative", "n_person_periods", "n_periods",
           "events", "n_clusters", "df_residual", "r_squared",
           "r_squared_adjusted", "sigma", "statistic", "p_value", "deviance", "null_deviance",
           "dispersion", "theta", "theta_std_error", "log_lik", "penalised_log_lik", "aic", "bic",
           "n_iter")  # fmt: skip
_COUNTS = ("n_obs", "n_missing", "n_cells", "n_groups", "n_informative", "n_person_periods", "n_periods",
           "events", "n_clusters", "n_iter")  # fmt: skip


def glance_of(
    facts: dict[str, float], model: _core.Model | None = None, **said: Any
) -> dict[str, list[Any]]:
    """Return the one row about the whole from the kernel's facts."""
    row: dict[str, list[Any]] = {
        k: [int(facts[k]) if k in _COUNTS else facts[k]] for k in _GLANCE if k in facts
    }
    # Models with several linear predictors have no such facts.
    exposed = [n for _, n in model.clusters_exposed()] if model is not None else []
    if exposed:
        row["n_clusters_exposed"] = [min(exposed)]
    edge = model.edge() if model is not None else []
    if edge:
        more = f" and {len(edge) - 3} more" if len(edge) > 3 else ""
        row["edge"] = ["; ".join(edge[:3]) + more]
    return row | {k: [v] for k, v in said.items()}


_EDGE = "the estimate is on the edge of its range: no standard error is known"


def without_errors(model: _core.Model, tidy: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return the rows, without errors where the maximum of the likelihood is on the edge of the range of the means."""
    if not model.edge():
        return tidy
    n = len(tidy["estimate"])
    gone = ("std_error", "statistic", "df", "p_value", "conf_low", "conf_high")
    return tidy | {name: [None] * n for name in gone if name in tidy} | {"reason": [_EDGE] * n}


def tidy_of(model: _core.Model, conf_level: float, *, profile: bool) -> dict[str, list[Any]]:
    """Return the coefficients; profile limits that do not exist are null, with the reason."""
    tidy = columns_of(model.coefficients(conf_level, profile))
    if profile:
        tidy["conf_low"], tidy["conf_high"] = tidy.pop("low"), tidy.pop("high")
    return tidy


def notes_on_clusters(vcov: str, n_clusters: int | None) -> tuple[Text, ...]:
    """Return what a reader must know about inference from few clusters."""
    if n_clusters is None:
        return ()
    if vcov == "CR2" and n_clusters >= 10:
        return (Text(f"{n_clusters} clusters; CR2 errors with Satterthwaite degrees of freedom.",
                     f"{n_clusters} clwstwr; cyfeiliornadau CR2 gyda graddau rhyddid Satterthwaite."),)  # fmt: skip
    if n_clusters < 10:
        return (Text(f"Only {n_clusters} clusters: no correction is reliable below ten; use the wild cluster "
                     "bootstrap (gf.wild_bootstrap) and say how many clusters there were.",
                     f"Dim ond {n_clusters} clwstwr: nid oes cywiriad dibynadwy o dan ddeg; defnyddiwch y "
                     "bootstrap clwstwr gwyllt (gf.wild_bootstrap) a dywedwch faint o glystyrau oedd."),)  # fmt: skip
    if n_clusters < FEW_CLUSTERS and vcov in ("CR0", "CR1", "CR1S"):
        return (Text(f"{n_clusters} clusters are few for {vcov}: its intervals are too narrow; CR2 holds better.",
                     f"Mae {n_clusters} clwstwr yn brin ar gyfer {vcov}: mae ei gyfyngau'n rhy gul; mae CR2 yn dal "
                     "yn well."),)  # fmt: skip
    return ()


def notes_on_inference(
    about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> tuple[Text, ...]:
    """Return where the errors must not be trusted, and why."""
    said = list(notes_on_clusters(about["vcov"], about.get("n_clusters")))
    exposed = about.get("n_clusters_exposed")
    if exposed is not None and exposed <= FEW_EXPOSED:
        said.append(_few_exposed(exposed))
    low = sorted(
        {str(r["term"]) for r in rows if about["vcov"] == "CR2" and (r.get("df") or 9) < 4}
    )
    if low:
        said.append(_few_degrees(low))
    if about.get("edge"):
        said.append(_on_the_edge(str(about["edge"])))
    return tuple(said)


def _few_exposed(n: int) -> Text:
    return Text(
        f"A covariate that does not vary within clusters has its rarer value in {n} of them: CR0 and CR1 reject "
        "far too often, and the wild bootstrap with the null imposed hardly ever (MacKinnon and Webb 2017).",
        f"Mae gan newidyn nad yw'n amrywio o fewn clystyrau ei werth prinnaf mewn {n} ohonynt: mae CR0 a CR1 yn "
        "gwrthod yn llawer rhy aml, a'r bootstrap gwyllt o dan y rhagdybiaeth nwl bron byth (MacKinnon a Webb 2017).",
    )


def _few_degrees(terms: Sequence[str]) -> Text:
    listed = ", ".join(terms[:5]) + (" …" if len(terms) > 5 else "")
    return Text(
        f"Fewer than 4 degrees of freedom ({listed}): the t approximation is not to be relied on (Tipton 2015).",
        f"Llai na 4 gradd rhyddid ({listed}): ni ddylid dibynnu ar y brasamcan t (Tipton 2015).",
    )


def _on_the_edge(patterns: str) -> Text:
    return Text(
        f"The likelihood is greatest where a fitted mean reaches the end of its range: {patterns}. Standard "
        'errors do not exist there; use family="modified-poisson" or "logistic".',
        f"Mae'r debygolrwydd ar ei fwyaf lle mae cymedr ffitiedig yn cyrraedd pen ei amrediad: {patterns}. Nid oes "
        'cyfeiliornadau safonol yno; defnyddiwch family="modified-poisson" neu "logistic".',
    )
