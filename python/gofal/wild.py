"""The wild cluster bootstrap: tests and intervals that hold with few clusters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import DEFAULT_SEED, threads
from gofal._check import count, level, one_of
from gofal._models import facts_of, fit, glance_of, request
from gofal.covariances import Cluster
from gofal.errors import ConvergenceError
from gofal.language import Text
from gofal.options import get_options
from gofal.progress import progress
from gofal.results import Result
from gofal.typing import WILD_FAMILIES, WILD_WEIGHTS, WildFamily, WildWeights
from gofal.weights import Weight

__all__ = ["WildResult", "wild_bootstrap"]


class WildResult(Result):
    """A bootstrap test of one coefficient. See :func:`wild_bootstrap`."""

    _title: ClassVar[Text] = Text("Wild cluster bootstrap", "Bootstrap clwstwr gwyllt")
    _about = ("n_missing", "n_clusters", "n_resamples", "method")

    def notes(self) -> tuple[Text, ...]:
        """Say what few clusters mean for the p-value."""
        row = self.to_arrow("glance").to_pylist()[0]
        if row["n_clusters"] >= 8 or row["method"] != "enumeration":
            return ()
        least = 2.0 ** (1 - row["n_clusters"])
        return (Text(f"With {row['n_clusters']} clusters no p-value below {least:.3g} is possible.",
                     f"Gyda {row['n_clusters']} clwstwr nid oes gwerth p o dan {least:.3g} yn bosibl."),)  # fmt: skip


def wild_bootstrap(
    table: Any,
    formula: str,
    term: str,
    *,
    cluster: str,
    null: float = 0.0,
    impose_null: bool = True,
    family: WildFamily = "gaussian",
    weights: WildWeights = "rademacher",
    n_draws: int = 99_999,
    interval: bool = True,
    trials: str | None = None,
    weight: Weight | None = None,
    conf_level: float | None = None,
    seed: int = DEFAULT_SEED,
) -> WildResult:
    """Test one coefficient by redrawing the signs of the clusters' scores.

    Up to 22 clusters every one of the 2^G sign patterns is visited: no Monte Carlo error is left.

    Parameters
    ----------
    table, formula
        As in `gf.lm` and `gf.glm`.
    term
        Coefficient, as the table of the model names it (``"domestic_abuse"``, ``"age_band=5-9"``).
    cluster
        Column of the clusters.
    null
        Value under the null hypothesis.
    impose_null
        Whether residuals are those of the fit under the null (the more reliable choice).
    family
        ``"gaussian"``; ``"binomial"`` and ``"poisson"`` use the score version.
    weights
        ``"rademacher"`` (signs) or ``"webb"`` (six points, for fewer than about ten clusters).
    n_draws, seed
        Monte Carlo draws where not every pattern is visited.
    interval
        Whether to find the confidence interval by inverting the test.
    trials, weight
        As in `gf.glm`.
    conf_level
        Level; the option ``conf_level`` by default.

    Returns
    -------
    WildResult
        ``term, estimate, statistic, p_value, conf_low, conf_high, null_value``. The p-value is two-sided and
        symmetric, and counts the data's own pattern (with its mirror), so it is never 0.

    Raises
    ------
    InputError
        A term the model does not have; one cluster.
    ConvergenceError
        Limits that cannot be bracketed (the test rejects nothing: too few clusters).

    References
    ----------
    Cameron, Gelbach and Miller (2008); Roodman, Nielsen, MacKinnon and Webb (2019); Kline and Santos (2012).

    Examples
    --------
    >>> import gofal as gf
    >>> x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
    >>> y = [1.2, 1.9, 3.4, 3.8, 5.5, 5.7, 7.1, 8.4, 8.8, 10.3, 10.9, 12.2]
    >>> t = {"x": x, "y": y, "area": [i // 2 for i in range(12)]}
    >>> w = gf.wild_bootstrap(t, "y ~ x", "x", cluster="area", interval=False)
    >>> round(w.statistic("p_value").value, 5)
    0.03125
    """
    one_of("family", family, WILD_FAMILIES)
    one_of("weights", weights, WILD_WEIGHTS)
    count("n_draws", n_draws, 99)
    conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
    asked = request(
        table, formula, family=family, trials=trials, weight=weight, vcov=Cluster(cluster, kind="CR1S")
    )  # fmt: skip
    model = fit(asked)
    estimate, reach = _core.guess(model, term, conf)

    def run(value: float, report: Any = None) -> tuple[float, float, int, bool, int, int, int]:
        return _core.wild_bootstrap(
            model, term, value, impose_null, weights == "webb", n_draws, seed, threads(), report
        )

    with progress("sign patterns") as report:
        t, p, draws, enumerated, clusters, _, _ = run(null, report)
    low = high = None
    if interval:
        low = _limit(lambda v: run(v)[1], estimate, -reach, 1 - conf)
        high = _limit(lambda v: run(v)[1], estimate, reach, 1 - conf)
    tidy = {
        "term": [term], "estimate": [estimate], "statistic": [t], "p_value": [p], "conf_low": [low],
        "conf_high": [high], "null_value": [null],
    }  # fmt: skip
    facts = facts_of(model, asked)
    glance = glance_of(
        facts,
        model,
        method="enumeration" if enumerated else "monte-carlo",
        n_resamples=draws,
        conf_level=conf,
    )
    glance = {k: v for k, v in glance.items() if k != "statistic" and k != "p_value"}
    glance["n_clusters"] = [clusters]
    arguments = {
        "term": term, "cluster": cluster, "null": null, "impose_null": impose_null, "family": family,
        "weights": weights, "trials": trials, "weight": weight, "conf_level": conf,
    }  # fmt: skip
    return WildResult.build(
        tidy=tidy, glance=glance, provenance=asked.provenance("wild_bootstrap", arguments, facts),
        source=asked.source,
    )  # fmt: skip


def _limit(p: Callable[[float], float], estimate: float, reach: float, alpha: float) -> float:
    """Return where the p-value falls to alpha on one side of the estimate, by bisection.

    The p-value is a step function of the null, so the limit is a step: found to one part in 10^4 of the
    reach.
    """
    inner, outer = estimate, estimate + reach
    for _ in range(12):
        if p(outer) < alpha:
            break
        inner, outer = outer, outer + (outer - estimate)
    else:
        message = (
            "the test rejects no value of the coefficient: there are too few clusters for an interval at this "
            "level; pass interval=False"
        )
        raise ConvergenceError(message, kind="no_convergence", column="interval")
    while abs(outer - inner) > 1e-4 * abs(reach):
        middle = (inner + outer) / 2
        if p(middle) < alpha:
            outer = middle
        else:
            inner = middle
    return (inner + outer) / 2
