"""What risks, interaction and attributable fractions share: the model, its scenarios, resampled intervals."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import count, one_of
from gofal._models import (
    Request,
    facts_of,
    fit,
    glance_of,
    notes_on_inference,
    request,
    without_errors,
)
from gofal.covariances import Vcov
from gofal.covariances import said as said_of
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import EFFECT_INTERVALS, RISK_FAMILIES, EffectInterval, RiskFamily
from gofal.weights import Weight

__all__ = [
    "Effects",
    "Resampling",
    "build",
    "factors_of",
    "first",
    "model_of",
    "resampled",
    "scenarios_of",
]

_CAUSAL = Text(
    "These contrasts are effects only if the model holds everything that confounds the exposures; otherwise they "
    "describe groups of children, not what would happen if an exposure were removed.",
    "Dim ond os yw'r model yn cynnwys popeth sy'n drysu'r amlygiadau y mae'r cyferbyniadau hyn yn effeithiau; fel "
    "arall maent yn disgrifio grwpiau o blant, nid yr hyn a fyddai'n digwydd pe câi amlygiad ei ddileu.",
)


_RESAMPLED = Text(
    "Bootstrap intervals: the model is fitted again to rows, or whole clusters, drawn with replacement.",
    "Cyfyngau bootstrap: caiff y model ei ffitio eto i resi, neu glystyrau cyfan, a dynnir gyda dychweliad.",
)


class Effects(Result):
    _about: ClassVar[tuple[str, ...]] = (
        "n_missing",
        "n_clusters",
        "family",
        "vcov",
        "base",
        "n_resamples",
    )

    def notes(self) -> tuple[Text, ...]:
        """Return the causal assumption, and what must be known about the inference."""
        row = self.to_arrow("glance").to_pylist()[0]
        said = (_CAUSAL, *notes_on_inference(row, self.to_arrow().to_pylist()))
        return (*said, _RESAMPLED) if row.get("n_resamples") else said


_RATIOS = ("ratio", "risk_ratio", "odds_ratio", "synergy", "ratio_of_ratios")
"""Measures whose standard error is that of their logarithm."""


@dataclass(frozen=True)
class Resampling:
    """How intervals are found, if not by the delta method."""

    interval: EffectInterval
    n_resamples: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse words and numbers without meaning."""
        one_of("interval", self.interval, EFFECT_INTERVALS)
        count("n_resamples", self.n_resamples, 99)

    @property
    def asked(self) -> bool:
        """Whether anything is resampled."""
        return self.interval != "delta"

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the call that took part."""
        if not self.asked:
            return {"interval": self.interval}
        return {"interval": self.interval, "n_resamples": self.n_resamples}


E = TypeVar("E", bound=Effects)


def model_of(
    table: Any,
    formula: str,
    exposures: list[str],
    *,
    family: RiskFamily,
    trials: str | None,
    weight: Weight | None,
    vcov: Vcov,
) -> tuple[Request, _core.Model]:
    one_of("family", family, RISK_FAMILIES)
    base, link = {"logistic": ("binomial", "logit"), "log-binomial": ("binomial", "log"),
                  "modified-poisson": ("poisson", "log"), "linear": ("binomial", "identity")}[family]  # fmt: skip
    if family == "modified-poisson" and vcov == "classical":
        message = (
            'vcov: modified Poisson needs a robust covariance: gf.HC(1) or gf.Cluster("authority") '
            "(a 0/1 outcome varies less than a Poisson count)"
        )
        raise InputError(message, kind="option", column="vcov", got=vcov)
    asked = request(table, formula, family=base, link=link, trials=trials, weight=weight, vcov=vcov)
    if trials is not None:
        # A risk is of children: so is a row of its robust errors, not a row of the printed table.
        asked.spec.update(cells=(trials, None), trials=None)
    for name in exposures:
        if name not in asked.formula.columns:
            message = f'exposure: "{name}" is not in the formula {asked.formula.text!r}'
            raise InputError(message, kind="option", column="exposure", got=name)
    model = fit(asked)
    _, aliased = model.names()
    if aliased:
        message = (
            f"aliased column(s): {', '.join(aliased)}: a pattern of the exposures has no rows of its own; drop "
            "the term"
        )
        raise NumericalError(message, kind="aliased", columns=aliased)
    return asked, model


def _levels(asked: Request, model: _core.Model, name: str) -> list[str]:
    """Return the levels of an exposure, the reference that the formula gives it first."""
    levels = model.levels(name)
    for column, coding, _ in (part for term in asked.formula.terms for part in term):
        reference = coding.partition(":")[2]
        if column == name and coding.startswith("factor:") and reference in levels:
            return [reference, *(v for v in levels if v != reference)]
    return levels


def factors_of(
    asked: Request, model: _core.Model, exposures: list[str]
) -> list[tuple[str, str, str]]:
    """Return (column, reference, exposed) of binary exposures."""
    out = []
    for name in exposures:
        levels = _levels(asked, model, name)
        if len(levels) != 2:
            message = (
                f'exposure "{name}" has {len(levels)} levels; expected two (0 and 1, or no and yes)'
            )
            raise InputError(message, kind="option", column="exposure", got=levels)
        out.append((name, levels[0], levels[1]))
    return out


def scenarios_of(
    asked: Request, model: _core.Model, exposures: list[str]
) -> list[tuple[str, list[tuple[str, str]]]]:
    if len(exposures) == 1:
        (name,) = exposures
        return [(f"{name}={v}", [(name, v)]) for v in _levels(asked, model, name)]
    factors = factors_of(asked, model, exposures)
    out = []
    # By number of exposures, so that the reference is none of them.
    for size in range(len(factors) + 1):
        for on in itertools.combinations(factors, size):
            label = " + ".join(f[0] for f in on) or "none"
            out.append((label, [(c, e if (c, r, e) in on else r) for c, r, e in factors]))
    return out


Factors = list[tuple[str, str, str]]
Scenarios = list[tuple[str, list[tuple[str, str]]]]


def resampled(
    model: _core.Model,
    tidy: dict[str, list[Any]],
    what: str,
    how: Resampling,
    conf_level: float,
    *,
    scenarios: Scenarios | None = None,
    factors: Factors | None = None,
) -> int:
    """Put bootstrap errors and limits in the place of the delta method's; return how many resamples failed."""
    with progress("resamples") as report:
        table, failed = _core.effects_resampled(
            model,
            what,
            scenarios or [],
            factors or [],
            [m in _RATIOS for m in tidy["measure"]],
            how.interval,
            how.n_resamples,
            how.seed,
            conf_level,
            threads(),
            report,
        )
    found = columns_of(table)
    nothing = [None] * len(tidy["estimate"])
    reasons = tidy.get("reason", nothing)
    tidy |= {name: found[name] for name in ("std_error", "conf_low", "conf_high")}
    tidy |= {name: list(nothing) for name in ("statistic", "df", "p_value") if name in tidy}
    tidy["reason"] = [a or b for a, b in zip(reasons, found["reason"], strict=True)]
    return int(failed)


def first(tidy: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Put what the row is about in front."""
    return {"term": tidy["term"], "measure": tidy["measure"], **tidy}


def build(
    kind: type[E],
    function: str,
    asked: Request,
    model: _core.Model,
    tidy: dict[str, list[Any]],
    arguments: dict[str, Any],
    how: Resampling,
    failed: int,
    **said: Any,
) -> E:
    """Make the result."""
    facts = facts_of(model, asked)
    tidy = without_errors(model, first(tidy))
    if model.edge():
        # The odds of a risk of 1 are infinite.
        tidy["estimate"] = [
            None if m == "odds_ratio" else v
            for m, v in zip(tidy["measure"], tidy["estimate"], strict=True)
        ]
    if how.asked:
        said |= {"interval": how.interval, "n_resamples": how.n_resamples, "n_failed": failed}
    glance = glance_of(
        facts, model, vcov=asked.spec["vcov"], family=arguments["family"],
        conf_level=arguments["conf_level"], **said,
    )  # fmt: skip
    arguments |= {**how.arguments(), "vcov": said_of(arguments["vcov"])}
    return kind.build(
        tidy=tidy, glance=glance, source=asked.source,
        provenance=asked.provenance(function, arguments, facts, seed=how.seed if how.asked else None),
    )  # fmt: skip
