"""What a synthetic Wales assumes, as one frozen value."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, NoReturn

from gofal._check import count, one_of
from gofal.errors import InputError
from gofal.typing import MARGINS, Margins

__all__ = ["Assumptions"]


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """The model that synthetic children are drawn from; log odds throughout.

    logit P(looked after) = intercept of the authority + court area + small area + factors present and their
    interactions + deprivation fifth + age + sex + year. The values are chosen to be plausible in size: none is an
    estimate for Wales.

    Parameters
    ----------
    domestic_abuse, parental_substance_misuse, parental_mental_ill_health
        Log odds ratio of each factor alone.
    pairs
        Interaction of abuse and misuse, abuse and ill health, misuse and ill health.
    triple
        Interaction of the third order.
    prevalence
        Share of children with each factor in the middle fifth.
    prevalence_gradient
        Rise of the log odds of having a factor per fifth more deprived.
    co_occurrence
        Loadings of the factors on their common propensity: two factors have the product as tetrachoric correlation.
    deprivation
        By fifth, the most deprived first.
    age
        By age band: 0-4, 5-9, 10-15, 16-17.
    male
        Boys against girls.
    year
        Per year.
    years
        Years ending 31 March.
    sd_authority, sd_court_area, sd_small_area
        Standard deviations of the random effects; that of the authorities is used with ``margins="national"``.
    sd_trio
        Standard deviation between authorities of the log odds ratio of each factor present.
    elsewhere
        Share of children whose case is heard in a court area other than that of their authority.
    margins
        ``"authority"``: the expected rate of every authority is the published one (mean of 31 March 2023 and 2024);
        ``"national"``: that of Wales is, and authorities differ by ``sd_authority``.
    rate_per_10k
        Expected rate of Wales; the published one if None. Authorities keep their proportions.
    seed
        Of the random effects: the same seed is the same Wales.

    Examples
    --------
    >>> from gofal.simulate import Assumptions
    >>> Assumptions(sd_trio=0.2).domestic_abuse
    0.9
    """

    domestic_abuse: float = 0.9
    parental_substance_misuse: float = 1.4
    parental_mental_ill_health: float = 0.7
    pairs: tuple[float, float, float] = (-0.2, -0.1, -0.15)
    triple: float = 0.1
    prevalence: tuple[float, float, float] = (0.06, 0.04, 0.12)
    prevalence_gradient: float = 0.25
    co_occurrence: tuple[float, float, float] = (0.75, 0.75, 0.65)
    deprivation: tuple[float, float, float, float, float] = (1.2, 0.85, 0.55, 0.25, 0.0)
    age: tuple[float, float, float, float] = (0.0, 0.25, 0.5, 0.65)
    male: float = 0.1
    year: float = 0.02
    years: tuple[int, ...] = (2019, 2020, 2021, 2022, 2023)
    sd_authority: float = 0.25
    sd_court_area: float = 0.15
    sd_small_area: float = 0.35
    sd_trio: float = 0.0
    elsewhere: float = 0.05
    margins: Margins = "authority"
    rate_per_10k: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the shapes; the sizes are checked where the model is solved."""
        one_of("margins", self.margins, MARGINS)
        count("seed", self.seed, 0)
        sizes = {"pairs": 3, "prevalence": 3, "co_occurrence": 3, "deprivation": 5, "age": 4}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, list):
                value = tuple(value)
                object.__setattr__(self, field.name, value)
            wanted = sizes.get(field.name)
            if wanted is not None and len(value) != wanted:
                self._refuse(field.name, f"{wanted} numbers", value)
        if not self.years or not all(isinstance(y, int) and 1900 <= y <= 2200 for y in self.years):
            self._refuse("years", "years such as 2019", self.years)
        if self.rate_per_10k is not None and not 0 < self.rate_per_10k < 10_000:
            self._refuse("rate_per_10k", "a rate above 0 and below 10,000", self.rate_per_10k)

    def _refuse(self, name: str, expected: str, got: object) -> NoReturn:
        message = f"{name}={got!r}; expected {expected}"
        raise InputError(message, kind="option", column=name, expected=expected, got=got)

    def by_pattern(self) -> list[float]:
        """Return the log odds of the eight patterns against none, by bits."""
        single = (
            self.domestic_abuse, self.parental_substance_misuse, self.parental_mental_ill_health
        )  # fmt: skip
        pair = {0b011: self.pairs[0], 0b101: self.pairs[1], 0b110: self.pairs[2]}
        return [
            sum(s for j, s in enumerate(single) if f >> j & 1)
            + sum(s for p, s in pair.items() if f & p == p)
            + (self.triple if f == 0b111 else 0.0)
            for f in range(8)
        ]

    def to_json(self) -> str:
        """Return the assumptions as JSON, for the metadata of a table."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Assumptions:
        """Read what `to_json` wrote."""
        held: dict[str, Any] = json.loads(text)
        return cls(**held)
