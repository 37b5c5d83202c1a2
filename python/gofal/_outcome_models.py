"""What models of binary, categorical, matched and counted outcomes share on their way back from the kernel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from gofal._call import columns_of
from gofal._models import FEW_CLUSTERS, Request, glance_of
from gofal.covariances import Vcov, vcov_of
from gofal.errors import InputError
from gofal.language import Text
from gofal.results import Result

__all__ = [
    "OutcomeResult",
    "level_label",
    "levels_of",
    "outcome_result",
    "row_labels",
    "said",
    "with_ratios",
]


class OutcomeResult(Result):
    """Coefficients, one row each; ``covariance()`` holds all of them."""

    _about: ClassVar[tuple[str, ...]] = ("n_obs", "n_missing", "n_clusters", "log_lik", "vcov")
    _formats: ClassVar[Mapping[str, str]] = {"part": "word"}

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the inference."""
        row = self.to_arrow("glance").to_pylist()[0]
        n = row.get("n_clusters")
        if n is None or n >= FEW_CLUSTERS or row["vcov"] not in ("CR0", "CR1", "CR1S"):
            return ()
        return (Text(f"{n} clusters are few for {row['vcov']}: its intervals tend to be too narrow. Leave out one "
                     "cluster at a time, and say how many clusters there were.",
                     f"Mae {n} clwstwr yn brin ar gyfer {row['vcov']}: mae ei gyfyngau'n tueddu i fod yn rhy gul. "
                     "Hepgorwch un clwstwr ar y tro, a dywedwch faint o glystyrau oedd."),)  # fmt: skip

    def covariance(self) -> Any:
        """Return the covariance of the coefficients, one row and one column for each."""
        return self.table("covariance")


R = TypeVar("R", bound=OutcomeResult)


def said(vcov: Vcov) -> str:
    """Return the covariance as it is written into a provenance."""
    word, clusters = vcov_of(vcov)
    return f"{word} by {' and '.join(clusters)}" if clusters else word


def levels_of(
    asked: Request, levels: Sequence[Any] | None, *, ordered: bool
) -> tuple[list[str], bool] | None:
    """Return the levels of a categorical outcome in order, and whether only the data's dictionary says so.

    Levels that only a dictionary declares and no row has are left out; those that a caller lists must all
    occur. None leaves the order to the values: numbers ascending, text by code point.

    Raises
    ------
    InputError
        Text without an order where one is needed; a level twice.
    """
    import pyarrow as pa

    outcome = asked.spec["outcome"]
    if levels is not None:
        if (
            isinstance(levels, str)
            or len({level_label(v) for v in levels}) != len(levels)
            or len(levels) < 2
        ):
            message = f'levels={levels!r}: expected the levels of "{outcome}" in order, each once, two or more'
            raise InputError(message, kind="option", column="levels", got=levels)
        return [level_label(v) for v in levels], False
    kind = pa.RecordBatchReader.from_stream(asked.source.stream).schema.field(outcome).type
    if pa.types.is_dictionary(kind) and kind.ordered:
        column = pa.table(asked.source.stream).column(outcome).combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.unify_dictionaries().chunk(0)
        return [level_label(v) for v in column.dictionary.to_pylist()], True
    text = pa.types.is_dictionary(kind) or not (
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )
    if text and ordered:
        message = (
            f'levels: "{outcome}" is text without an order; give levels=[lowest, …, highest] or an ordered '
            "category (polars Enum, pandas ordered Categorical)"
        )
        raise InputError(message, kind="option", column="levels", got=None)
    return None


def level_label(value: Any) -> str:
    """A level as the kernel writes it: whole numbers without a decimal point, true and false as 1 and 0."""
    if isinstance(value, bool):
        return str(int(value))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def with_ratios(
    tidy: dict[str, list[Any]], where: Iterable[bool] | None = None
) -> dict[str, list[Any]]:
    """Return the table with e to the power of the estimates and limits, null where that has no meaning."""
    held = [True] * len(tidy["estimate"]) if where is None else list(where)
    pairs = (("ratio", "estimate"), ("ratio_low", "conf_low"), ("ratio_high", "conf_high"))
    return tidy | {to: [_exp(v) if ok and v is not None else None for v, ok in zip(tidy[of], held, strict=True)]
                   for to, of in pairs}  # fmt: skip


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def row_labels(tidy: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return one name for each row: its term where that is enough, else ``part:group:term``."""
    terms = [str(t) for t in tidy["term"]]
    if len(set(terms)) == len(terms):
        return terms
    keys = [tidy[name] for name in ("part", "group", "term") if name in tidy]
    return [":".join(str(v) for v in row if v is not None) for row in zip(*keys, strict=True)]


def outcome_result(
    kind: type[R],
    asked: Request,
    got: tuple[Any, list[list[float]], list[tuple[str, float]], list[tuple[str, Any]]],
    *,
    function: str,
    arguments: dict[str, Any],
    glance: Mapping[str, Any],
    ratios: Iterable[bool] | bool,
    more: Mapping[str, Any] | None = None,
) -> R:
    """Return the result of what the kernel gave: coefficients, covariance, facts, further tables."""
    table, covariance, given, extra = got
    facts, tables = dict(given), dict(extra)
    if asked.cells is not None:
        facts["n_missing"] += asked.cells.n_missing
    tidy = columns_of(table)
    labels = row_labels(tidy)
    if ratios is not False:
        tidy = with_ratios(tidy, None if ratios is True else ratios)
    square = {"term": labels, **{n: [r[j] for r in covariance] for j, n in enumerate(labels)}}
    augment = tables.pop("augment", None)
    return kind.build(
        tidy=tidy,
        glance=glance_of(facts, **glance),
        augment=augment,
        provenance=asked.provenance(function, arguments, facts),
        source=asked.source,
        keys=tuple(labels),
        extra={"covariance": square, **tables, **(more or {})},
    )
