"""What an analysis of synthetic children should find, computed without drawing any."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from gofal._call import threads
from gofal._table import read
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.results import Provenance, Result
from gofal.simulate.assumptions import Assumptions
from gofal.simulate.population import ASSUMED
from gofal.simulate.wales import AUTHORITY_CODES, COURT_AREAS, rates, world
from gofal.trigger_trio import TRIO

__all__ = ["TruthResult", "truth"]

_ANSWERS = (
    "share", "crude", "risk", "overall", "fractions", "sequential", "average", "by_authority",
    "by_fifth",
)  # fmt: skip
_UPPER_QUARTILE = 0.6744897501960817  # of the standard normal
Table = dict[str, list[Any]]


class TruthResult(Result):
    """The true answers behind synthetic children. See :func:`truth`."""

    _title: ClassVar[Text] = Text(
        "True answers of the synthetic model", "Gwir atebion y model synthetig"
    )
    _about: ClassVar[tuple[str, ...]] = ("base",)

    def _prove(self) -> None:
        """Refuse to exist unless patterns add up to everybody and fractions to their total."""
        rows = self.to_arrow("patterns").to_pylist()
        whole = sum(r["share"] for r in rows)
        events = sum(r["share"] * r["rate"] for r in rows)
        overall = self.to_arrow("glance").to_pylist()[0]["rate"]
        if abs(whole - 1) > 1e-12 or abs(events - overall) > 1e-9 * overall:
            message = f"patterns hold {whole!r} of the children and {events!r} of {overall!r}"
            raise NumericalError(message, kind="undefined", column="share")


def truth(of: Any = None, *, base: float = 1000) -> TruthResult:
    """Return the exact answers of the model that synthetic children are drawn from.

    Parameters
    ----------
    of
        A table from `gofal.simulate.children`, or `Assumptions`; the default ones if None.
    base
        Risks and differences are per this many children.

    Returns
    -------
    TruthResult
        ``tidy()``: ``term, measure, scale, estimate``: per pattern the standardised ``risk``, ``risk_ratio``,
        ``risk_difference`` and ``odds_ratio`` (scale ``standardised``) and the ``odds_ratio`` of the model
        (``conditional``); ``reri``, ``reri_total``, ``ap``, ``synergy``, ``ratio_of_ratios``; the fractions
        ``alone``, ``sequential``, ``average``, ``total``. ``table("patterns")``: share and crude rate;
        ``table("authorities")``: expected and published rate per 10,000, log odds of the intercept and of the trio
        slope; ``table("variance")``: standard deviations, variance partition coefficients and median odds ratios.

    Raises
    ------
    InputError
        A table that does not say what it was drawn from.

    Examples
    --------
    >>> import gofal as gf
    >>> t = gf.simulate.truth()
    >>> 5 < t.statistic(term=" + ".join(gf.simulate.TRIO), measure="risk_ratio").value < 20
    True
    """
    assumed = _assumed(of)
    solved = world(assumed)
    found: dict[str, Any] = dict(zip(_ANSWERS, solved.truth(threads()), strict=True))
    effects = solved.effects()
    tidy: Table = {"term": [], "measure": [], "scale": [], "estimate": []}
    _risks(tidy, found["risk"], assumed.by_pattern(), base)
    _interactions(tidy, "standardised", [r / found["risk"][0] for r in found["risk"]])
    _interactions(tidy, "conditional", [math.exp(v) for v in assumed.by_pattern()])
    _fractions(tidy, found)
    order = _ordered()
    codes = {"area_code": list(AUTHORITY_CODES)}
    given = {"of": None if of is None else assumed.to_json(), "base": base}
    return TruthResult.build(
        tidy=tidy,
        glance={"rate": [base * found["overall"]], "base": [base]},
        provenance=Provenance(
            function="simulate.truth", arguments={k: v for k, v in given.items() if v is not None},
            subject="", synthetic=True,
        ),
        extra={
            "patterns": {
                "term": [name(f) for f in order], "share": [found["share"][f] for f in order],
                "rate": [base * found["crude"][f] for f in order],
            },
            "authorities": {
                **codes, "rate": [10_000 * r for r in found["by_authority"]],
                "reference": [rates()[c] for c in AUTHORITY_CODES], "value": effects[0],
                "change": effects[2],
            },
            "fifths": {
                "deprivation_quintile": list(range(1, 6)), "share": [s for s, _ in found["by_fifth"]],
                "rate": [10_000 * r for _, r in found["by_fifth"]],
            },
            "court_areas": {"group": list(COURT_AREAS), "value": effects[1]},
            "variance": _variance(assumed, effects),
        },
    )  # fmt: skip


def name(pattern: int, joiner: str = " + ") -> str:
    """Return the name of a pattern of factors, as the trio's tables write it."""
    return joiner.join(t for j, t in enumerate(TRIO) if pattern >> j & 1) or "none"


def _ordered() -> list[int]:
    """Patterns by number of factors, then in the order of the factors."""
    sets = [c for k in range(4) for c in itertools.combinations(range(3), k)]
    return [sum(1 << j for j in c) for c in sets]


def _assumed(of: Any) -> Assumptions:
    if of is None:
        return Assumptions()
    if isinstance(of, Assumptions):
        return of
    import pyarrow as pa

    held = pa.RecordBatchReader.from_stream(read(of).stream).schema.metadata or {}
    if ASSUMED not in held:
        message = (
            "the table does not say what it was drawn from: give it as gf.simulate.children made it, "
            "or the Assumptions"
        )
        raise InputError(message, kind="wrong_type", column="of")
    return Assumptions.from_json(held[ASSUMED].decode())


def _add(tidy: Table, *row: Any) -> None:
    for column, value in zip(tidy.values(), row, strict=True):
        column.append(value)


def _risks(tidy: Table, risk: Sequence[float], log_odds: Sequence[float], base: float) -> None:
    odds = [r / (1 - r) for r in risk]
    for f in _ordered():
        _add(tidy, name(f), "risk", "standardised", base * risk[f])
        if f == 0:
            continue
        _add(tidy, name(f), "risk_ratio", "standardised", risk[f] / risk[0])
        _add(tidy, name(f), "odds_ratio", "standardised", odds[f] / odds[0])
        _add(tidy, name(f), "risk_difference", "standardised", base * (risk[f] - risk[0]))
        _add(tidy, name(f), "odds_ratio", "conditional", math.exp(log_odds[f]))


def _interactions(tidy: Table, scale: str, ratio: Sequence[float]) -> None:
    for f in _ordered():
        members = [1 << j for j in range(3) if f >> j & 1]
        k = len(members)
        if k < 2:
            continue
        subsets = [q for q in range(8) if q & ~f == 0]
        sign = {q: (-1) ** (k - q.bit_count()) for q in subsets}
        reri = sum(sign[q] * ratio[q] for q in subsets)
        total = ratio[f] - sum(ratio[m] for m in members) + k - 1
        label = name(f, ":")
        _add(tidy, label, "reri", scale, reri)
        if k > 2:
            _add(tidy, label, "reri_total", scale, total)
        _add(tidy, label, "ap", scale, total / ratio[f])
        _add(tidy, label, "synergy", scale, (ratio[f] - 1) / sum(ratio[m] - 1 for m in members))
        product = math.prod(ratio[q] ** sign[q] for q in subsets)
        _add(tidy, label, "ratio_of_ratios", scale, product)


def _fractions(tidy: Table, found: Mapping[str, Any]) -> None:
    for measure in ("alone", "sequential", "average"):
        for j, factor in enumerate(TRIO):
            value = found["fractions"][1 << j] if measure == "alone" else found[measure][j]
            _add(tidy, factor, measure, "standardised", value)
    _add(tidy, "all", "total", "standardised", found["fractions"][7])


def _variance(assumed: Assumptions, effects: Sequence[Sequence[float]]) -> Table:
    drawn = dict(zip(("authority", "court_area", "trio", "small_area"), effects, strict=True))
    realised = {k: _sd(v) for k, v in drawn.items()}
    fixed = assumed.margins == "authority"
    sd = {
        "authority": realised["authority"] if fixed else assumed.sd_authority,
        "court_area": assumed.sd_court_area, "small_area": assumed.sd_small_area,
    }  # fmt: skip
    out: Table = {"term": [], "measure": [], "estimate": []}
    total = sum(v * v for v in sd.values()) + math.pi**2 / 3
    for term, value in sd.items():
        _add(out, term, "sd", value)
        _add(out, term, "sd_realised", realised[term])
        _add(out, term, "vpc", value * value / total)
        _add(out, term, "median_odds_ratio", math.exp(math.sqrt(2) * value * _UPPER_QUARTILE))
    _add(out, "trio", "sd", assumed.sd_trio)
    _add(out, "trio", "sd_realised", realised["trio"])
    return out


def _sd(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))
