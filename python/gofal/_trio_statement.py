"""The findings of the trio in plain words, in both languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gofal.language import Text

__all__ = ["ASSOCIATION", "statement"]

ASSOCIATION = Text(
    "Associations in these records, adjusted for what the model holds. They do not show that removing a factor "
    "would change what happens, nor that recording of the factors is complete.",
    "Cysylltiadau yn y cofnodion hyn, wedi'u haddasu am yr hyn y mae'r model yn ei gynnwys. Nid ydynt yn dangos y "
    "byddai dileu ffactor yn newid yr hyn sy'n digwydd, na bod y cofnodi o'r ffactorau'n gyflawn.",
)
Rows = Sequence[Mapping[str, Any]]


def statement(tables: Mapping[str, Rows], *, synthetic: bool) -> Text:
    """Return what was and was not shown."""
    parts = [
        Text("Synthetic data: nobody here exists.", "Data synthetig: nid oes neb yma'n bodoli.") if synthetic else None,
        _risks(tables), _joint(tables), _fraction(tables), *_groups(tables), ASSOCIATION,
    ]  # fmt: skip
    said = [p for p in parts if p is not None]
    return Text(" ".join(p.en for p in said), " ".join(p.cy for p in said))


def _every(rows: Rows) -> str:
    return str(max((r["term"] for r in rows), key=lambda t: t.count(" + ")))


def _risks(tables: Mapping[str, Rows]) -> Text:
    rows, glance = tables["tidy"], tables["glance"][0]
    every = _every(rows)
    found = {(r["term"], r["measure"]): r for r in rows}
    none, joint = found["none", "risk"], found[every, "risk"]
    ratio = found[every, "risk_ratio"]
    both = every.count(" + ") == 1
    if ratio["estimate"] is None or joint["estimate"] is None:
        return Text(
            f"How {'both' if both else 'all three'} factors together go with the outcome is not shown: too few "
            "children.",
            f"Ni ddangosir sut mae'r {'ddau' if both else 'tri'} ffactor gyda'i gilydd yn cyd-fynd â'r canlyniad: rhy "
            "ychydig o blant.",
        )  # fmt: skip
    base, spread = f"{glance['base']:,.0f}", f"{100 * glance['conf_level']:g}%"
    risks = f"{none['estimate']:.1f}", f"{joint['estimate']:.1f}", f"{ratio['estimate']:.1f}"
    limits = f"{ratio['conf_low']:.1f}", f"{ratio['conf_high']:.1f}"
    return Text(
        f"Of children without any of the factors {risks[0]} per {base} had the outcome, of children with "
        f"{'both' if both else 'all three'} {risks[1]} per {base}, other characteristics alike: {risks[2]} times as "
        f"likely ({spread} interval {limits[0]} to {limits[1]}).",
        f"O blant heb yr un o'r ffactorau cafodd {risks[0]} fesul {base} y canlyniad, o blant gyda'r "
        f"{'ddau' if both else 'tri'} {risks[1]} fesul {base}, a nodweddion eraill yn debyg: {risks[2]} gwaith mor "
        f"debygol (cyfwng {spread} {limits[0]} i {limits[1]}).",
    )  # fmt: skip


def _joint(tables: Mapping[str, Rows]) -> Text | None:
    name = _every(tables["tidy"]).replace(" + ", ":")
    measure = "reri_total" if name.count(":") > 1 else "reri"
    row = next(
        r for r in tables["interaction"]
        if r["scale"] == "standardised" and r["term"] == name and r["measure"] == measure
    )  # fmt: skip
    if row["estimate"] is None:
        return None
    if row["conf_low"] > 0:
        said = Text("more than the sum of what each adds alone",
                    "mwy na swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun")  # fmt: skip
    elif row["conf_high"] < 0:
        said = Text("less than the sum of what each adds alone",
                    "llai na swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun")  # fmt: skip
    else:
        said = Text("no clear departure from the sum of what each adds alone",
                    "dim gwyriad clir oddi wrth swm yr hyn y mae pob un yn ei ychwanegu ar ei ben ei hun")  # fmt: skip
    return Text(
        f"Together the factors showed {said.en}.", f"Gyda'i gilydd dangosodd y ffactorau {said.cy}."
    )


def _fraction(tables: Mapping[str, Rows]) -> Text:
    row = next(r for r in tables["attributable"] if r["measure"] == "total")
    share = [f"{100 * row[k]:.0f}" for k in ("estimate", "conf_low", "conf_high")]
    return Text(
        f"If the factors were causes and nothing else confounded them, {share[0]}% of the outcome ({share[1]} to "
        f"{share[2]}%) would be attributable to them.",
        f"Pe bai'r ffactorau'n achosion a dim byd arall yn eu drysu, byddai {share[0]}% o'r canlyniad ({share[1]} i "
        f"{share[2]}%) yn briodoladwy iddynt.",
    )  # fmt: skip


def _groups(tables: Mapping[str, Rows]) -> list[Text]:
    from gofal._trio_words import named

    out = []
    for row in tables.get("homogeneity", ()):
        if row["p_value"] is None:
            continue
        by = Text(named(row["by"], "en"), named(row["by"], "cy"))
        p = "p < 0.001" if row["p_value"] < 0.001 else f"p = {row['p_value']:.3f}"
        if row["p_value"] < 0.05:
            out.append(Text(f"What one factor more goes with differs by {by.en} ({p}).",
                            f"Mae'r hyn sy'n cyd-fynd ag un ffactor yn fwy yn amrywio fesul {by.cy} "
                            f"({p})."))  # fmt: skip
        else:
            out.append(Text(f"By {by.en} no difference was shown in what one factor more goes with ({p}).",
                            f"Fesul {by.cy} ni ddangoswyd gwahaniaeth yn yr hyn sy'n cyd-fynd ag un ffactor yn fwy "
                            f"({p})."))  # fmt: skip
    return out
