"""From the results of decompositions to the records of their figures."""

from __future__ import annotations

from typing import Any

from gofal.errors import InputError
from gofal.figures.base import Figure
from gofal.figures.parts import shares, waterfall
from gofal.language import Text, word
from gofal.typing import Lang

__all__ = ["shares_of", "waterfall_of"]


def waterfall_of(result: Any, lang: Lang, texts: dict[str, Any]) -> Figure:
    """Draw the difference of two populations from the second to the first, part by part."""
    rows = result.to_arrow().to_pylist()
    about = result.to_arrow("glance").to_pylist()[0]
    if "rate_second" in about:
        start, end = (about["second"], about["rate_second"]), about["first"]
    else:
        pairs = {r["second"] for r in rows}
        if len(pairs) > 1:
            message = "a waterfall compares two populations; name two in populations=[…]"
            raise InputError(message, kind="option", column="kind", got=sorted(pairs))
        crude = {
            r["group"]: r["estimate"]
            for r in result.to_arrow("standardised").to_pylist()
            if r["term"] == "crude"
        }
        start, end = (rows[0]["second"], crude[rows[0]["second"]]), rows[0]["first"]
    records = [{"label": _label(r, lang), "value": r["estimate"]} for r in rows]
    scale = max(abs(start[1]), *(abs(r["value"]) for r in records))
    decimals = 1 if scale >= 10 else 3
    return waterfall(records, x=Text("rate", "cyfradd"), start=start, end=end, decimals=decimals,
                     **texts)  # fmt: skip


def shares_of(result: Any, lang: Lang, texts: dict[str, Any]) -> Figure:
    """Draw the parts as shares of the whole, with limits where the result has them on that scale."""
    rows = [r for r in result.to_arrow().to_pylist() if r.get("component") != "total"]
    on_scale = "component" not in rows[0] or "variance" in rows[0]
    records = [
        {"label": _label(r, lang), "value": r["estimate"],
         "conf_low": r.get("conf_low"), "conf_high": r.get("conf_high")}
        if on_scale
        else {"label": _label(r, lang), "value": r["share"]}
        for r in rows
        if r["estimate"] is not None and (on_scale or r["share"] is not None)
    ]  # fmt: skip
    return shares(records, x=Text("share", "cyfran"), **texts)


def _label(row: dict[str, Any], lang: Lang) -> str:
    parts = [
        word(str(row[k]), lang) for k in ("component", "level", "term") if row.get(k) is not None
    ]
    return ": ".join(parts)
