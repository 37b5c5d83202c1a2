"""What a fitted mixed model can be asked about its variances."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gofal import _core
from gofal._call import DEFAULT_SEED, threads
from gofal._check import count, one_of
from gofal.errors import InputError
from gofal.mixed_change import ChangeResult, change
from gofal.mixed_inference import (
    N_DRAWS,
    MixedBootstrapResult,
    MixedFit,
    MixedTestResult,
    bootstrap,
    conf_of,
    exact_limits,
    limits_of,
    model_of,
    replicates,
    terms_test,
)
from gofal.mixed_ratio import likelihood_ratio, variance_test
from gofal.results.frames import into_frame
from gofal.results.tables import into_table
from gofal.typing import (
    BOOTSTRAP_INTERVALS,
    MIXED_DF_TESTS,
    MIXED_INTERVALS,
    VARIANCE_TESTS,
    BootstrapInterval,
    MixedDfTest,
    MixedInterval,
    VarianceTest,
)

_MOST_EFFECTS = 2_000
"""Above this many random effects an interval is made on request only."""
_MOST_EXACT = 500
"""Above this many levels the exact interval is made on request only; profile limits are then close to it."""
_MEDIAN = 0.6744897501960817  # the normal quantile of 0.75


class MixedVerbs(MixedFit):
    """Variance components, their shares, tests and intervals of a linear mixed model."""

    def variance_components(
        self,
        *,
        interval: MixedInterval = "auto",
        conf_level: float | None = None,
        n_draws: int = N_DRAWS,
        seed: int = DEFAULT_SEED,
    ) -> Any:
        """Return variances, covariances and correlations of the random effects, and the residual variance.

        ``factor, term, estimate`` (variance or covariance), ``sd, r`` (correlation), ``share`` (of the variance
        of a row, beside a factor's first column), ``conf_low, conf_high`` of the variances (open upper ends are
        null), ``interval, conf_level``. See `vpc` for the kinds of interval.
        """
        kind, conf = self._interval(interval, conf_level)
        rows = self.to_arrow("variance_components").to_pydict()
        if kind == "none":
            return self.table("variance_components")
        found: dict[tuple[str, str], tuple[float | None, float | None]] = {}
        if kind in ("exact", "profile"):
            for factor, term, quantity, _, low, high in _core.mixed_profile(
                model_of(self), conf, False, threads()
            ):
                if quantity == "sd":
                    found[factor, term] = _squared(low), _squared(high)
        if kind == "exact":
            between = exact_limits(self, "between", conf, n_draws, seed)
            found[rows["factor"][0], rows["term"][0]] = between
        elif kind in BOOTSTRAP_INTERVALS:
            for _, factor, term, quantity, estimate, values in replicates(
                self, None, n_draws, seed
            ):
                if quantity == "variance":
                    found[factor, term] = limits_of(values, estimate, conf, kind)
        keys = list(zip(rows["factor"], rows["term"], strict=True))
        return self._with_limits(rows, [found.get(k, (None, None)) for k in keys], kind, conf)

    def vpc(
        self,
        *,
        interval: MixedInterval = "auto",
        conf_level: float | None = None,
        n_draws: int = N_DRAWS,
        seed: int = DEFAULT_SEED,
    ) -> Any:
        """Return the variance partition coefficients: each factor's share, and all together (the ICC).

        A random slope counts with the mean of z′Σz over the rows (Johnson 2014).

        Parameters
        ----------
        interval
            ``"exact"`` (one random intercept): the restricted likelihood-ratio test turned round, its null
            distribution simulated: coverage is the level at any share, zero included. ``"f"`` (one random
            intercept): Wald's F pivot, no simulation, 97.5% at a share of zero. ``"profile"``: profile
            likelihood, any model. ``"percentile"``, ``"bca"``, ``"basic"``, ``"normal"``: parametric bootstrap with
            ``n_draws`` replicates. ``"auto"``: exact up to 500 levels where it can be, otherwise profile;
            none above 2,000 random effects. ``"none"``.
        conf_level
            Level; the option ``conf_level`` by default.
        n_draws, seed
            Draws of the null distribution, or replicates.

        Returns
        -------
        frame
            ``factor, estimate, conf_low, conf_high, interval, conf_level``.

        Raises
        ------
        InputError
            ``"exact"`` or ``"f"`` with several random terms or a random slope.

        References
        ----------
        Crainiceanu and Ruppert (2004); Harville and Fenech (1985); Venzon and Moolgavkar (1988).
        """
        kind, conf = self._interval(interval, conf_level)
        rows = self.to_arrow("vpc").to_pydict()
        if kind == "none":
            return self.table("vpc")
        if kind in ("exact", "f"):
            self._one_intercept(kind)
            low, high = exact_limits(self, "f" if kind == "f" else "ratio", conf, n_draws, seed)
            limits: list[Any] = [(low / (1 + low), high / (1 + high))] * len(rows["factor"])
        elif kind == "profile":
            found = _core.mixed_profile(model_of(self), conf, True, threads())
            limits = [(low, high) for *_, low, high in found]
        else:
            columns = replicates(self, None, n_draws, seed)
            limits = [limits_of(c[5], c[4], conf, kind) for c in columns if c[3] == "share"]
        return self._with_limits(rows, limits, kind, conf)

    def median_odds_ratio(
        self,
        *,
        outcome_scale: str | None = None,
        interval: MixedInterval = "auto",
        conf_level: float | None = None,
        n_draws: int = N_DRAWS,
        seed: int = DEFAULT_SEED,
    ) -> Any:
        """Return the median odds ratio exp(√(2τ) z₀.₇₅) of each random intercept, for outcomes that are log odds.

        Parameters
        ----------
        outcome_scale
            ``"log-odds"``: says that the outcome is a log odds (an empirical logit); there is no odds ratio otherwise.
        interval, conf_level, n_draws, seed
            As in `variance_components`.

        Raises
        ------
        InputError
            An outcome that is not said to be a log odds.
        """
        if outcome_scale != "log-odds":
            message = (
                "median_odds_ratio: the outcome of a linear model has odds ratios only where it is a log odds; "
                'say outcome_scale="log-odds", or fit a binomial model'
            )
            raise InputError(message, kind="option", column="outcome_scale", got=outcome_scale)
        table = self.variance_components(
            interval=interval, conf_level=conf_level, n_draws=n_draws, seed=seed
        )
        rows = [r for r in into_table(table).to_pylist() if r["term"] == "(intercept)"]
        names = [n for n in ("conf_low", "conf_high") if rows and n in rows[0]]
        out = {"factor": [r["factor"] for r in rows]}
        out |= {n: [_odds(r[n]) for r in rows] for n in ("estimate", *names)}
        out |= {n: [r[n] for r in rows] for n in ("interval", "conf_level") if names}
        return into_frame(into_table(out), self._frame)

    def conf_int(self, *, conf_level: float | None = None) -> Any:
        """Return profile-likelihood limits of standard deviations, correlations and (``reml=False``) coefficients.

        ``factor, term, quantity, estimate, conf_low, conf_high``; a limit the likelihood does not reach is the bound of
        the parameter, or null where it has none.
        """
        conf = conf_of(conf_level)
        rows = _core.mixed_profile(model_of(self), conf, False, threads())
        names = ("factor", "term", "quantity", "estimate", "conf_low", "conf_high")
        out: dict[str, list[Any]] = {n: [r[i] for r in rows] for i, n in enumerate(names)}
        return into_frame(into_table({**out, "conf_level": [conf] * len(rows)}), self._frame)

    def f_test(
        self, terms: str | Sequence[str], *, df: MixedDfTest = "kenward-roger"
    ) -> MixedTestResult:
        """Return the F test that the coefficients of fixed terms are all zero.

        Parameters
        ----------
        terms
            Coefficients, or factors (all their dummies).
        df
            ``"kenward-roger"`` (restricted likelihood; scales F as well) or ``"satterthwaite"`` (Fai and Cornelius
            1996: its degrees of freedom depend on which contrasts stand for the terms; here the coefficients do).
        """
        one_of("df", df, MIXED_DF_TESTS)
        return terms_test(self, [terms] if isinstance(terms, str) else list(terms), df)

    def test_variance(
        self,
        factor: str,
        term: str | None = None,
        *,
        method: VarianceTest = "auto",
        n_draws: int = N_DRAWS,
        seed: int = DEFAULT_SEED,
    ) -> MixedTestResult:
        """Return the (restricted) likelihood-ratio test that a variance is zero.

        Parameters
        ----------
        factor, term
            The grouping factor, and the column whose variance (and covariances) is tested; all of them by default.
        method
            ``"exact"`` (the model's only random term): simulated null distribution. ``"mixture"``: ½χ²(d−1) + ½χ²(d)
            for one variance with d − 1 covariances. ``"bootstrap"``: parametric bootstrap under the null.
            ``"auto"``: exact where it can be, otherwise mixture.
        n_draws, seed
            Draws, or bootstrap replicates.

        References
        ----------
        Self and Liang (1987); Stram and Lee (1994); Crainiceanu and Ruppert (2004).
        """
        one_of("method", method, VARIANCE_TESTS)
        count("n_draws", n_draws, 99)
        return variance_test(self, factor, term, method, n_draws, seed)

    def likelihood_ratio(self, other: MixedFit) -> MixedTestResult:
        """Return the likelihood-ratio test between this fit and one nested in it, or that it is nested in.

        Fixed parts that differ need ``reml=False`` in both. One variance more is tested against the boundary mixture.

        Raises
        ------
        InputError
            Restricted likelihoods of different fixed parts, other rows, models that are not nested.
        """
        return likelihood_ratio(self, other)

    def change_in_variance(
        self,
        null: str | MixedFit | None = None,
        *,
        factor: str | None = None,
        interval: BootstrapInterval = "percentile",
        n_resamples: int = 999,
        seed: int = DEFAULT_SEED,
        conf_level: float | None = None,
    ) -> ChangeResult:
        """Return the proportional change in variance from a null model, (τ₀ − τ)/τ₀.

        Both models are fitted again on the rows that both can use; the result says how many rows differ.

        Parameters
        ----------
        null
            A formula, a fit from the same table, or None: the random terms alone.
        factor
            Grouping factor; all of them, and the residual variance, by default.
        interval, n_resamples, seed
            Parametric bootstrap: outcomes drawn from this model, both models fitted to the same draws.
        conf_level
            Level; the option ``conf_level`` by default.

        Returns
        -------
        ChangeResult
            ``factor, term, null_value, value`` (the variances), ``quantity, estimate, conf_low, conf_high, reason``.

        Raises
        ------
        InputError
            Models of different tables; a fit from cells.
        """
        return change(self, null, factor, interval, n_resamples, seed, conf_level)

    def bootstrap(
        self,
        n_resamples: int = 999,
        *,
        seed: int = DEFAULT_SEED,
        interval: BootstrapInterval = "percentile",
        conf_level: float | None = None,
    ) -> MixedBootstrapResult:
        """Return the parametric bootstrap of every number of the fit.

        Outcomes are drawn from the fitted model and fitted again: the same draws on any number of threads.

        Returns
        -------
        MixedBootstrapResult
            ``factor, term, quantity, estimate, bias, std_error, conf_low, conf_high``; ``table("replicates")``.
        """
        return bootstrap(self, n_resamples, seed, interval, conf_level)

    def _interval(self, interval: MixedInterval, conf_level: float | None) -> tuple[Any, float]:
        one_of("interval", interval, MIXED_INTERVALS)
        if interval != "auto":
            return interval, conf_of(conf_level)
        effects = self.to_arrow("modes").num_rows
        if "spec" not in (self._held or {}) or effects > _MOST_EFFECTS:
            return "none", conf_of(conf_level)
        exact = self._intercepts() == 1 and effects <= _MOST_EXACT
        return ("exact" if exact else "profile"), conf_of(conf_level)

    def _intercepts(self) -> int:
        terms = [t for _, t, _ in model_of(self).theta()]
        return 1 if terms == ["(intercept)"] else 0

    def _one_intercept(self, kind: str) -> None:
        if self._intercepts() != 1:
            message = (
                f'interval: "{kind}" is for one random intercept; use "profile" or "percentile"'
            )
            raise InputError(message, kind="option", column="interval", got=kind)

    def _with_limits(
        self, rows: dict[str, list[Any]], limits: list[Any], kind: str, conf: float
    ) -> Any:
        n = len(limits)
        whole = {
            **rows,
            "conf_low": [low for low, _ in limits],
            "conf_high": [high for _, high in limits],
            "interval": [kind] * n,
            "conf_level": [conf] * n,
        }
        return into_frame(into_table(whole), self._frame)


def _squared(value: float | None) -> float | None:
    return None if value is None else value * value


def _odds(variance: float | None) -> float | None:
    return None if variance is None else math.exp(math.sqrt(2 * variance) * _MEDIAN)
