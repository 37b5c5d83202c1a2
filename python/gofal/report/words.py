"""The words of the report page."""

from __future__ import annotations

from types import MappingProxyType

from gofal.language import Text

__all__ = ["VERDICT", "WORDS"]

WORDS = MappingProxyType(
    {
        "title": Text("Children's care in Wales: the figures, rebuilt",
                      "Gofal plant yng Nghymru: y ffigurau, wedi'u hailadeiladu"),
        "lead": Text(
            "Every number on this page is computed by one command, from published tables or, where it says so, from "
            "synthetic children. Tables of areas compare areas, not children.",
            "Cyfrifir pob rhif ar y dudalen hon gydag un gorchymyn, o dablau cyhoeddedig neu, lle y dywedir hynny, o "
            "blant synthetig. Mae tablau o ardaloedd yn cymharu ardaloedd, nid plant.",
        ),
        "skip": Text("Skip to content", "Neidio i'r cynnwys"),
        "other": Text("Darllenwch hwn yn Gymraeg", "Read this in English"),
        "contents": Text("Contents", "Cynnwys"),
        "figure": Text("Figure", "Ffigur"),
        "table": Text("Table", "Tabl"),
        "data": Text("Data (CSV)", "Data (CSV)"),
        "caveats": Text("What this does not show", "Yr hyn nad yw hyn yn ei ddangos"),
        "claims": Text("Published numbers, checked", "Rhifau cyhoeddedig, wedi'u gwirio"),
        "claims_lead": Text(
            "Each published number beside the one computed here. A finding is a published number that "
            "cannot be right, or cannot be reproduced, and why.",
            "Pob rhif cyhoeddedig wrth ochr yr un a gyfrifwyd yma. Canfyddiad yw rhif cyhoeddedig na "
            "all fod yn gywir, neu na ellir ei atgynhyrchu, a pham.",
        ),
        "claim": Text("Claim", "Honiad"),
        "published": Text("Published", "Cyhoeddwyd"),
        "computed": Text("Computed", "Cyfrifwyd"),
        "verdict": Text("Verdict", "Dyfarniad"),
        "source": Text("Source", "Ffynhonnell"),
        "sources": Text("Sources", "Ffynonellau"),
        "made": Text("Made with", "Gwnaed gyda"),
        "again": Text("Rebuild it:", "Ailadeiladwch:"),
    }
)  # fmt: skip

VERDICT = MappingProxyType(
    {
        "reproduced": Text("reproduced", "atgynhyrchwyd"),
        "finding": Text("finding", "canfyddiad"),
        "differs": Text("differs", "yn wahanol"),
        "not_available": Text("not available", "ddim ar gael"),
    }
)
