"""The figure of a result: what `Result.plot()` draws."""

from __future__ import annotations

from typing import Any

from gofal.errors import InputError
from gofal.figures import of_trio
from gofal.figures.base import Figure
from gofal.figures.parts_of import shares_of, waterfall_of
from gofal.figures.points import caterpillar, forest, funnel_plot
from gofal.language import PHRASES, Text
from gofal.options import get_options
from gofal.typing import Lang

__all__ = ["kinds", "of"]

_NOTE = Text("Computed with gofal from the caller's table.", "Cyfrifwyd gyda gofal o dabl y galwr.")


def kinds() -> tuple[str, ...]:
    """Return the kinds of figure there are."""
    return ("bars", "caterpillar", "dose", "effects", "forest", "funnel", "heatmap", "heterogeneity", "scatter",
            "shares", "tile_map", "trend", "upset", "waffle", "waterfall")  # fmt: skip


def of(
    result: Any,
    kind: str,
    *,
    lang: Lang | None = None,
    title: str | None = None,
    by: str | None = None,
) -> Figure:
    """Draw a result.

    Parameters
    ----------
    result
        A gofal result.
    kind
        ``caterpillar``, ``forest``, ``funnel``, ``shares`` or ``waterfall``; of a trigger-trio
        analysis ``upset``, ``forest``, ``dose`` or ``heterogeneity``.
    lang
        Language; the option ``lang`` by default.
    title
        Heading; the result's own by default.
    by
        Column whose groups ``heterogeneity`` shows.
    """
    spoken: Lang = lang or get_options().lang
    if kind in of_trio.KINDS and "patterns" in result.tables:
        named = None if title is None else Text(title, title)
        return of_trio.draw(result, kind, lang=spoken, note=note_of(result), title=named, by=by)
    rows = result.to_arrow().to_pylist()
    heading = result.title() if title is None else Text(title, title)
    known = [r for r in rows if r.get("estimate") is not None]
    alt = Text(f"{heading.en}: {len(known)} estimates.", f"{heading.cy}: {len(known)} amcangyfrif.")
    texts: dict[str, Any] = {"title": heading, "alt": alt, "note": note_of(result), "lang": spoken}
    estimate = Text("estimate", "amcangyfrif")
    if kind == "caterpillar":
        return caterpillar(
            [_ranked(r, result.keys) for r in known], x=estimate, reference=None, **texts
        )
    if kind == "forest":
        shown = [{"label": _name(r, result.keys), "group": str(r.get("method", "")), **_limits(r)}
                 for r in known]  # fmt: skip
        return forest(shown, x=estimate, **texts)
    if kind == "funnel":
        glance = result.to_arrow("glance").to_pylist()[0]
        return funnel_plot(
            rows, limits=result.to_arrow("limits").to_pylist(), target=glance["reference"],
            x=Text("population", "poblogaeth"), y=estimate, **texts,
        )  # fmt: skip
    if kind == "shares":
        return shares_of(result, spoken, texts)
    if kind == "waterfall":
        return waterfall_of(result, spoken, texts)
    known_kinds = "caterpillar, forest, funnel, shares, waterfall"
    message = f"no figure {kind!r} of a result; there are {known_kinds}"
    raise InputError(message, kind="option", column="kind", got=kind)


def note_of(result: Any) -> Text:
    """Return the source note of a result's figure; that of simulated data begins by saying so."""
    if not result.provenance.synthetic:
        return _NOTE
    mark = PHRASES["synthetic"]
    return Text(f"{mark.en}. {_NOTE.en}", f"{mark.cy}. {_NOTE.cy}")


def _limits(row: dict[str, Any]) -> dict[str, Any]:
    return {k: row.get(k) for k in ("estimate", "conf_low", "conf_high")}


def _ranked(row: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {"label": _name(row, keys), **_limits(row)}


def _name(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    parts = [str(row[k]) for k in keys if k in row]
    parts += [str(row[k]) for k in ("x", "y", "term", "label") if row.get(k) is not None]
    return " · ".join(parts) or "1"
