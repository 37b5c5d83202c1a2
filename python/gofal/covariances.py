"""How uncertain the coefficients are said to be: typed choices for ``vcov=``.

| choice | for |
| --- | --- |
| ``"classical"`` | what the model assumes |
| ``HC(3)`` | unequal variances, independent rows |
| ``Cluster("authority")`` | rows of an authority alike: CR2 with Satterthwaite degrees of freedom |
| ``Cluster(["authority", "court_area"], kind="CR1S")`` | two groupings at once |
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gofal._check import one_of
from gofal.errors import InputError
from gofal.typing import CLUSTER_KINDS, COVARIANCES, ClusterKind

__all__ = ["HC", "Cluster", "Vcov", "said", "score_vcov", "vcov_of"]


@dataclass(frozen=True, slots=True)
class HC:
    """Heteroskedasticity-consistent covariance of kind 0 to 5 (White 1980; MacKinnon and White 1985).

    Parameters
    ----------
    kind
        3 is close to the jackknife and the safest for 22 areas; 0, 1, 2, 4, 5.
    """

    kind: int = 3

    def __post_init__(self) -> None:
        """Refuse another kind."""
        if self.kind not in range(6):
            message = f"HC({self.kind!r}): expected a kind from 0 to 5"
            raise InputError(message, kind="option", column="vcov", got=self.kind)

    def __repr__(self) -> str:
        """Return the call."""
        return f"gf.HC({self.kind})"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Cluster-robust covariance.

    Parameters
    ----------
    columns
        One column whose levels are the clusters, or two (then ``kind="CR1S"``).
    kind
        ``"CR2"`` (Bell and McCaffrey 2002; Satterthwaite degrees of freedom: the one that holds with 22
        clusters), ``"CR3"`` (jackknife type), ``"jackknife"`` (leaves out one cluster at a time: the most
        careful), ``"CR0"``, ``"CR1"``, ``"CR1S"`` (Stata's).

    Examples
    --------
    >>> Cluster("authority")
    gf.Cluster('authority', kind='CR2')
    """

    columns: str | tuple[str, ...]
    kind: ClusterKind = "CR2"
    _chosen: bool = field(default=False, compare=False)

    def __init__(
        self, columns: str | list[str] | tuple[str, ...], kind: ClusterKind | None = None
    ) -> None:
        names = (columns,) if isinstance(columns, str) else tuple(columns)
        if not 1 <= len(names) <= 2:
            message = f"Cluster({columns!r}): expected one or two columns"
            raise InputError(message, kind="option", column="vcov", got=columns)
        chosen = kind or ("CR2" if len(names) == 1 else "CR1S")
        one_of("kind", chosen, CLUSTER_KINDS)
        if len(names) == 2 and chosen != "CR1S":
            message = f"Cluster({list(names)!r}, kind={chosen!r}): two columns need kind='CR1S'"
            raise InputError(message, kind="option", column="kind", got=chosen)
        object.__setattr__(self, "columns", names[0] if len(names) == 1 else names)
        object.__setattr__(self, "kind", chosen)
        object.__setattr__(self, "_chosen", kind is not None)

    @property
    def names(self) -> list[str]:
        """The columns as a list."""
        return [self.columns] if isinstance(self.columns, str) else list(self.columns)

    def __repr__(self) -> str:
        """Return the call."""
        shown = self.columns if isinstance(self.columns, str) else list(self.columns)
        return f"gf.Cluster({shown!r}, kind={self.kind!r})"


Vcov = str | HC | Cluster


def vcov_of(value: object) -> tuple[str, list[str]]:
    """Return the kernel's word and the cluster columns of a ``vcov`` argument.

    Raises
    ------
    InputError
        For a word that is not one, or another type.
    """
    if isinstance(value, HC):
        return f"HC{value.kind}", []
    if isinstance(value, Cluster):
        return value.kind, value.names
    if isinstance(value, str) and value in CLUSTER_KINDS:
        message = f'vcov={value!r}: name the clusters: gf.Cluster("authority", kind={value!r})'
        raise InputError(message, kind="option", column="vcov", got=value)
    return one_of("vcov", value, COVARIANCES), []


def score_vcov(value: Vcov) -> Vcov:
    """Return the ``vcov`` of a model with several linear predictors.

    Its sandwich is made of row scores; the leverage corrections have no agreed form there. A
    `Cluster` whose kind was left open is CR1.

    Raises
    ------
    InputError
        For HC2 to HC5, CR2, CR3 and two cluster columns.
    """
    word, clusters = vcov_of(value)
    if isinstance(value, Cluster) and not value._chosen and len(clusters) == 1:
        return Cluster(clusters[0], kind="CR1")
    if word in ("classical", "HC0", "HC1") or (
        word in ("CR0", "CR1", "CR1S") and len(clusters) == 1
    ):
        return value
    message = (
        f"vcov={value!r}: this model has the classical covariance, gf.HC(0), gf.HC(1) and "
        'gf.Cluster("…") by one column with kind "CR0", "CR1" or "CR1S"; leverage corrections are those of '
        "models with one linear predictor (gf.glm)"
    )
    raise InputError(message, kind="option", column="vcov", got=word)


def said(value: object) -> str:
    """Return a ``vcov`` argument in words."""
    word, clusters = vcov_of(value)
    return f"{word} by {' and '.join(clusters)}" if clusters else word
