"""Tests of several coefficients at once: whether a factor, an interaction or a set of terms adds anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from gofal import _core
from gofal._call import columns_of, threads
from gofal._check import names, one_of
from gofal._models import Request, facts_of, fit, glance_of, notes_on_inference, request
from gofal.covariances import Vcov, said
from gofal.errors import InputError, NumericalError
from gofal.language import Text
from gofal.results import Result
from gofal.typing import GLM_FAMILIES, GLM_LINKS, GlmFamily, GlmLink
from gofal.weights import Weight

__all__ = ["JointTestResult", "joint_test"]


class JointTestResult(Result):
    """One row per kind of test. See :func:`joint_test`."""

    _title: ClassVar[Text] = Text("Joint test", "Prawf ar y cyd")
    _about = ("n_missing", "n_clusters", "family", "vcov")

    def notes(self) -> tuple[Text, ...]:
        """Return what must be known about the inference."""
        row = self.to_arrow("glance").to_pylist()[0]
        return notes_on_inference(row, ())


def joint_test(
    table: Any,
    formula: str,
    terms: str | Iterable[str],
    *,
    family: GlmFamily = "gaussian",
    link: GlmLink | None = None,
    trials: str | None = None,
    weight: Weight | None = None,
    offset: str | None = None,
    exposure: str | None = None,
    vcov: Vcov | None = None,
) -> JointTestResult:
    """Test that terms of a formula add nothing to the rest of it.

    Both models use the rows that are complete in all the columns, so they are nested.

    Parameters
    ----------
    table, family, link, trials, weight, offset, exposure
        As in :func:`lm` (``family="gaussian"``) and :func:`glm`.
    formula
        The larger model, ``"looked_after ~ abuse * misuse + age_band"``.
    terms
        Terms of the formula tested together, as written there: ``"age_band"``, ``"abuse:misuse"``. A term
        that is part of an interaction is tested with the interaction only.
    vcov
        As there; ``"HC3"`` for least squares and ``"classical"`` for the others by default.

    Returns
    -------
    JointTestResult
        ``method, statistic, df, df2, p_value``. ``"wald"`` under the covariance asked for: χ² where it
        refers to the normal, F(q, n − p) of least squares (with ``vcov="classical"`` that is the F test of
        nested models), F(q, G − 1) by clusters, Hotelling's approximation (HTZ) under CR2. With
        ``vcov="classical"`` of a likelihood also ``"likelihood-ratio"`` (F where the dispersion is
        estimated) and Rao's ``"score"``.

    Raises
    ------
    InputError
        A term that the formula has not, or that an interaction in it needs; more coefficients than the
        clusters can tell.
    NumericalError
        Collinear columns, named.

    References
    ----------
    Rao (1948); Tipton and Pustejovsky (2015), Journal of Educational and Behavioral Statistics 40:604.

    Examples
    --------
    >>> import gofal as gf
    >>> t = {
    ...     "cases": [12, 30, 25, 71, 14, 22],
    ...     "n": [400, 380, 410, 395, 420, 390],
    ...     "abuse": [0, 1, 0, 1, 0, 1],
    ...     "band": ["a", "a", "b", "b", "c", "c"],
    ... }
    >>> test = gf.joint_test(t, "cases ~ abuse + band", "band", family="binomial", trials="n")
    >>> round(test.statistic("statistic", method="likelihood-ratio").value, 2)
    37.62
    """
    one_of("family", family, GLM_FAMILIES)
    if link is not None:
        one_of("link", link, GLM_LINKS)
    quasi, base = family.startswith("quasi-"), family.removeprefix("quasi-")
    chosen = link or {"gamma": "log", "negative-binomial": "log"}.get(base)
    vcov = ("HC3" if family == "gaussian" else "classical") if vcov is None else vcov
    asked = request(
        table, formula, family=base, link=chosen, quasi=quasi, trials=trials, weight=weight,
        offset=offset, exposure=exposure, vcov=vcov,
    )  # fmt: skip
    listed = names("terms", terms)
    places = _places(asked, listed)
    model = fit(asked)
    _, aliased = model.names()
    if aliased:
        message = f"aliased column(s): {', '.join(aliased)}: drop them from the formula first"
        raise NumericalError(message, kind="aliased", columns=aliased)
    tidy = columns_of(_core.joint_test(model, places, threads()))
    facts = facts_of(model, asked)
    glance = glance_of(facts, model, family=family, vcov=asked.spec["vcov"])
    arguments = {
        "terms": tuple(listed), "family": family, "link": link, "trials": trials, "weight": weight,
        "offset": offset, "exposure": exposure, "vcov": said(vcov),
    }  # fmt: skip
    return JointTestResult.build(
        tidy={"term": [" + ".join(listed)] * len(tidy["method"]), **tidy},
        glance={k: v for k, v in glance.items() if k not in ("statistic", "p_value")},
        provenance=asked.provenance("joint_test", arguments, facts),
        source=asked.source,
    )


def _places(asked: Request, terms: list[str]) -> list[int]:
    """Numbers of terms in the formula; their parts may be written in any order."""
    held = [frozenset(label for _, _, label in parts) for parts in asked.formula.terms]
    shown = [":".join(label for _, _, label in parts) for parts in asked.formula.terms]
    wanted = [frozenset(part.strip() for part in term.split(":")) for term in terms]
    for term, parts in zip(terms, wanted, strict=True):
        if parts not in held:
            written = [name for name in shown if name]
            message = f"terms: {term!r} is not a term of the formula; it has {', '.join(written)}"
            raise InputError(message, kind="option", column="terms", expected=written, got=term)
        for larger, name in zip(held, shown, strict=True):
            if parts < larger and larger not in wanted:
                message = (
                    f"terms: {term!r} is part of {name!r}: what it adds alone depends on the coding; test "
                    f"{name!r} too, or leave that out of the formula"
                )
                raise InputError(message, kind="option", column="terms", got=term)
    return [held.index(parts) for parts in wanted]
