"""What a generalised linear mixed model says: variances, shares, ratios between groups, predictions."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Literal

from gofal import _core
from gofal._call import threads
from gofal._check import level, one_of
from gofal._table import read
from gofal.errors import InputError
from gofal.formula import parse
from gofal.language import Text
from gofal.mixed import MixedResult, linear_predictions, rows_as_columns
from gofal.options import get_options
from gofal.results.frames import into_frame
from gofal.typing import COMPONENT_INTERVALS, VPC_SCALES, ComponentInterval, VpcScale

__all__ = ["GlmmResult"]

_LAPLACE = Text(
    "Few rows per group: the Laplace approximation may put the variance too low; n_quadrature=25 says by how much.",
    "Ychydig o resi fesul grŵp: gall brasamcan Laplace roi'r amrywiant yn rhy isel; n_quadrature=25 a ddywed faint.",
)
_FEW_GROUPS = Text(
    "Fewer than 30 groups: intervals of what varies between groups rest on the normal and are too narrow.",
    "Llai na 30 o grwpiau: mae cyfyngau'r hyn sy'n amrywio rhwng grwpiau yn dibynnu ar y normal ac yn rhy gul.",
)
_NO_VARIANCE = Text(
    "the null model has no variance of this factor",
    "nid oes gan y model nwl amrywiant o'r ffactor hwn",
)
_SMALL = 10
_FEW = 30


class GlmmResult(MixedResult):
    """Fixed effects, one row each; variances, modes and the search beside them. See `gf.glmm`."""

    _title: ClassVar[Text] = Text(
        "Generalised linear mixed model", "Model cymysg llinol cyffredinoledig"
    )
    _about: ClassVar[tuple[str, ...]] = (
        "n_obs",
        "n_missing",
        "family",
        "link",
        "method",
        "theta",
        "pearson_ratio",
        "singular",
    )

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the fit."""
        said = list(super().notes())
        row = self.to_arrow("glance").to_pylist()[0]
        groups = self.to_arrow("factors")["n_groups"].to_pylist()
        if min(groups) < _FEW:
            said.append(_FEW_GROUPS)
        rows = row["family"] == "binomial" and self.provenance.argument("trials") is None
        small = rows and row["n_obs"] / max(groups) < _SMALL
        if small and row["method"] == "Laplace" and len(groups) == 1:
            said.append(_LAPLACE)
        return tuple(said)

    def variance_components(
        self, *, interval: ComponentInterval = "none", conf_level: float | None = None
    ) -> Any:
        """Return variances, covariances and correlations of the random effects, on the scale of the link.

        Parameters
        ----------
        interval
            ``"profile"``: limits from the profile likelihood for factors with one random effect, valid at 0
            (``conf_low`` is then 0); ``"none"``.
        conf_level
            Level; the option ``conf_level`` by default.

        Returns
        -------
        frame
            ``factor, term, estimate, sd, r, share``; ``residual`` is the variance of level 1 that the link
            implies. With an interval ``conf_low, conf_high`` of the variance.
        """
        if one_of("interval", interval, COMPONENT_INTERVALS) == "none":
            return self.table("variance_components")
        limits = self._limits(conf_level)
        rows = self.to_arrow("variance_components").to_pydict()
        first = [_is_first(rows, i) for i in range(len(rows["factor"]))]
        pairs = [limits.get(f) if k else None for f, k in zip(rows["factor"], first, strict=True)]
        rows["conf_low"] = [None if p is None else p[0] ** 2 for p in pairs]
        rows["conf_high"] = [None if p is None or p[1] is None else p[1] ** 2 for p in pairs]
        return self._frame_of(rows)

    def vpc(self, *, scale: VpcScale = "latent", eta: float | None = None) -> Any:
        """Return the variance partition coefficients, one per factor and of all together.

        Parameters
        ----------
        scale
            ``"latent"``: of the linear predictor, with the level-1 variance that the link implies (π²/3 for
            logit, 1 for probit, π²/6 for cloglog; for counts Nakagawa, Johnson and Schielzeth 2017).
            ``"observed"``: the correlation of two outcomes that share the group: exact for counts, by
            quadrature for 0/1 outcomes.
        eta
            Fixed part of the linear predictor at which the observed scale is taken; its mean over the rows by
            default.

        Returns
        -------
        frame
            ``factor, estimate, scale``. On the observed scale the parts do not add up to the total, which two
            outcomes have that share every group.
        """
        one_of("scale", scale, VPC_SCALES)
        if scale == "latent":
            rows = self.to_arrow("vpc").to_pydict()
            return self._frame_of({**rows, "scale": ["latent"] * len(rows["factor"])})
        facts = self._held["facts"]
        glance = self.to_arrow("glance").to_pylist()[0]
        names, variances = self._variances()
        at = facts["mean_eta"] if eta is None else float(eta)
        _, parts, together, total = _core.observed_shares(
            glance["family"], glance["link"], variances, at, glance["theta"]
        )
        shares = [part / total for part in (*parts, together)]
        return self._frame_of(
            {
                "factor": [*names, "total"],
                "estimate": shares,
                "scale": ["observed"] * len(shares),
            }
        )

    def median_odds_ratio(
        self, *, interval: ComponentInterval = "none", conf_level: float | None = None
    ) -> Any:
        """Return the median ratio between two groups drawn at random, the higher over the lower.

        An odds ratio under a logit link, a rate ratio for counts, a hazard ratio under cloglog
        (Larsen and Merlo 2005).

        Parameters
        ----------
        interval
            ``"profile"``: from the limits of the variance, so never below 1; ``"none"``.
        conf_level
            Level; the option ``conf_level`` by default.

        Returns
        -------
        frame
            ``factor, ratio``, with an interval ``ratio_low, ratio_high``.

        Raises
        ------
        InputError
            Under a probit link, whose coefficients are not logarithms of ratios.
        """
        self._refuse_probit("median_odds_ratio")
        names, variances = self._variances()
        rows: dict[str, list[Any]] = {
            "factor": names,
            "ratio": [_core.variance_ratios(v, 0.0)[0] for v in variances],
        }
        if one_of("interval", interval, COMPONENT_INTERVALS) != "none":
            limits = self._limits(conf_level)
            pairs = [limits.get(name, (None, None)) for name in names]
            for column, k in (("ratio_low", 0), ("ratio_high", 1)):
                ends = [p[k] for p in pairs]
                rows[column] = [
                    None if sd is None else _core.variance_ratios(sd**2, 0.0)[0] for sd in ends
                ]
        return self._frame_of(rows)

    def interval_odds_ratio(self, term: str, *, factor: str | None = None) -> Any:
        """Return the ratios for a covariate of groups once the groups themselves are let vary.

        Parameters
        ----------
        term
            A coefficient whose covariate is constant within groups.
        factor
            Grouping factor; the first by default.

        Returns
        -------
        frame
            ``term, factor, ratio``, ``ior_low, ior_high`` (the middle 80% of ratios between a person in a random
            group with the covariate one higher and one in another; IOR-80), ``opposed`` (share of these ratios on
            the other side of 1; POOR).

        Raises
        ------
        InputError
            An unknown term or factor, or a probit link.
        """
        self._refuse_probit("interval_odds_ratio")
        tidy = self.to_arrow().to_pydict()
        one_of("term", term, tidy["term"])
        names, variances = self._variances()
        chosen = names[0] if factor is None else one_of("factor", factor, names)
        beta = tidy["estimate"][tidy["term"].index(term)]
        _, low, high, opposed = _core.variance_ratios(variances[names.index(chosen)], beta)
        return self._frame_of(
            {
                "term": [term],
                "factor": [chosen],
                "ratio": [math.exp(beta)],
                "ior_low": [low],
                "ior_high": [high],
                "opposed": [opposed],
            }
        )

    def change_in_variance(self, null: str = "1") -> Any:
        """Return how much less varies between groups than in a model with less in it.

        The null model is fitted anew to the rows that this model used, so both stand on the same sample.

        Parameters
        ----------
        null
            Fixed part of the null model: ``"1"`` or some of the terms of this one; the random terms stay.

        Returns
        -------
        frame
            ``factor, variance_null, variance_model, estimate`` (the proportional change, 1 if nothing is left;
            null where the null model has no variance, with the ``reason``).

        Raises
        ------
        InputError
            A null model with a column that this model does not use.

        Notes
        -----
        Under a logit link the level-1 variance is fixed: a covariate that varies within groups alone makes the
        variances of the larger model larger (Hox, Moerbeek and van de Schoot 2018, §6.5).
        """
        import pyarrow as pa

        held = self._held
        frame = held["frame"].drop_null()
        outcome = self.provenance.argument("formula").split("~")[0].strip()
        fixed = parse(f"{outcome} ~ {null}", [outcome, *frame.column_names])
        spec = {**held["spec"], "terms": [list(term) for term in fixed.terms]}
        model = _core.Glmm(
            read(frame).stream, spec, held["random"], held["nodes"], None, threads(), None
        )
        rows: list[tuple[Any, ...]] = []
        for name, _, _, before in model.factors():
            now = held["variances"][name]
            change = None if before == 0 else (before - now) / before
            rows.append((name, before, now, change, None if before else _NO_VARIANCE.en))
        names = ("factor", "variance_null", "variance_model", "estimate", "reason")
        return into_frame(pa.table(rows_as_columns(names, rows)), self._frame)

    def predict(
        self,
        table: Any,
        *,
        random: Literal["modes", "none"] = "modes",
        scale: Literal["response", "link"] = "response",
    ) -> Any:
        """Return predictions for new rows.

        Parameters
        ----------
        table
            Rows with the columns of the formula (and of the offset or exposure); the outcome is not needed.
        random
            ``"modes"``: with the conditional modes, 0 for a level that the fit did not see; ``"none"``: without.
        scale
            ``"response"``: the mean (per trial) for a group at those modes, ``"link"``: the linear predictor.

        Returns
        -------
        frame
            ``row, estimate``; a row with a null in a column of the formula is left out.

        Raises
        ------
        InputError
            Unknown columns, or a fixed factor with a level that the fit did not see.
        """
        one_of("random", random, ("modes", "none"))
        one_of("scale", scale, ("response", "link"))
        import pyarrow as pa

        given = self.provenance
        source = read(table)
        rows = linear_predictions(self, source, with_modes=random == "modes").to_pydict()
        added = given.argument("offset") or given.argument("exposure")
        if added is not None:
            values = source.to_arrow()[added].to_pylist()
            for i, row in enumerate(rows["row"]):
                value = values[row]
                rows["estimate"][i] += value if given.argument("offset") else math.log(value)
        if scale == "response":
            mean = _MEANS[self.to_arrow("glance")["link"][0].as_py()]
            rows["estimate"] = [mean(eta) for eta in rows["estimate"]]
        return into_frame(pa.table(rows), source.kind)

    def _variances(self) -> tuple[list[str], list[float]]:
        """Names of the factors and the variance each puts into a row."""
        factors = self.to_arrow("factors").to_pydict()["factor"]
        return factors, [self._held["variances"][f] for f in factors]

    def _limits(self, conf_level: float | None) -> dict[str, tuple[float, float | None]]:
        """Profile limits of the standard deviations, from a warm refit of the model frame."""
        conf = level("conf_level", get_options().conf_level if conf_level is None else conf_level)
        held = self._held
        model = _core.Glmm(
            read(held["frame"]).stream, held["spec"], held["random"], held["nodes"],
            [v for _, _, v in held["theta"]], threads(), None,
        )  # fmt: skip
        return {name: (low, high) for name, low, high in model.profile(conf, threads())}

    def _refuse_probit(self, verb: str) -> None:
        if self.to_arrow("glance")["link"][0].as_py() == "probit":
            message = f'{verb}: under link="probit" a coefficient is not the logarithm of a ratio'
            raise InputError(message, kind="option", column="link", got="probit")

    def _frame_of(self, rows: dict[str, list[Any]]) -> Any:
        import pyarrow as pa

        return into_frame(pa.table(rows), self._frame)


def _is_first(rows: dict[str, list[Any]], i: int) -> bool:
    return rows["factor"].index(rows["factor"][i]) == i and rows["sd"][i] is not None


def _expit(eta: float) -> float:
    return 1 / (1 + math.exp(-eta)) if eta >= 0 else math.exp(eta) / (1 + math.exp(eta))


_MEANS = {
    "logit": _expit,
    "probit": lambda eta: 0.5 * math.erfc(-eta / math.sqrt(2)),
    "cloglog": lambda eta: -math.expm1(-math.exp(eta)),
    "log": math.exp,
}
