"""Where looked-after children live: kinds of placement, inside or outside the authority, change."""

from __future__ import annotations

import gofal.figures as fig
from gofal.data import footing, records
from gofal.figures import Figure
from gofal.language import Text
from gofal.results import Claim
from gofal.studies.inputs import column, national, source_ids
from gofal.studies.model import Finding, Study, StudyFigure, StudyTable
from gofal.typing import Lang

__all__ = ["placements"]

KINDS = {
    "foster": Text("Foster care", "Gofal maeth"),
    "placed with parents": Text("With parents", "Gyda rhieni"),
    "secure units, children's homes and hostels": Text("Homes and secure units", "Cartrefi ac unedau diogel"),
    "placed for adoption": Text("Placed for adoption", "Wedi'u lleoli i'w mabwysiadu"),
    "other": Text("Other", "Arall"),
}  # fmt: skip
CARERS = {
    "inside LA: LA-provided carer": Text("Inside: authority's carer", "Y tu mewn: gofalwr yr awdurdod"),
    "inside LA: relative or friend": Text("Inside: relative or friend", "Y tu mewn: perthynas neu ffrind"),
    "inside LA: agency carer": Text("Inside: agency carer", "Y tu mewn: gofalwr asiantaeth"),
    "outside LA: agency carer": Text("Outside: agency carer", "Y tu allan: gofalwr asiantaeth"),
    "outside LA: relative or friend": Text("Outside: relative or friend", "Y tu allan: perthynas neu ffrind"),
    "outside LA: LA-provided carer": Text("Outside: authority's carer", "Y tu allan: gofalwr yr awdurdod"),
}  # fmt: skip
NOTE = Text(
    "Source: figures for 31 March 2023 as reported by CoramBAAF from Welsh Government statistics, rounded "
    "to 5. The printed parts add to 7,320, the printed total is 7,210.",
    "Ffynhonnell: ffigurau 31 Mawrth 2023 fel yr adroddwyd gan CoramBAAF o ystadegau Llywodraeth Cymru, "
    "wedi'u talgrynnu i 5. Cyfanswm y rhannau printiedig yw 7,320, y cyfanswm printiedig yw 7,210.",
)
FOSTER_NOTE = Text(
    "Source: Welsh Government (StatsWales), foster placements at 31 March 2019, rounded to 5.",
    "Ffynhonnell: Llywodraeth Cymru (StatsCymru), lleoliadau maeth ar 31 Mawrth 2019, wedi'u talgrynnu i 5.",
)


def _reported() -> dict[str, float]:
    return {r["category"]: r["value"] for r in records("placements_reported")}


def _waffle(reported: dict[str, float], lang: Lang) -> Figure:
    rows = [{"label": KINDS[k].say(lang), "value": reported[k]} for k in KINDS]
    share = 100 * reported["foster"] / sum(reported[k] for k in KINDS)
    return fig.waffle(
        rows,
        title=Text("Where looked-after children live: of every hundred",
                   "Lle mae plant sy'n derbyn gofal yn byw: o bob cant"),
        subtitle=Text("Wales, 31 March 2023; one square is one child in a hundred",
                      "Cymru, 31 Mawrth 2023; un sgwâr yw un plentyn o bob cant"),
        alt=Text(f"One hundred squares by kind of placement: {share:.0f} in foster care, the rest with "
                 f"parents, in homes, placed for adoption or elsewhere (n = 7,320 as printed).",
                 f"Cant o sgwariau yn ôl math o leoliad: {share:.0f} mewn gofal maeth, y gweddill gyda "
                 f"rhieni, mewn cartrefi, wedi'u lleoli i'w mabwysiadu neu fel arall (n = 7,320)."),
        note=NOTE,
        lang=lang,
    )  # fmt: skip


def _carers(lang: Lang) -> Figure:
    held = {r["category"]: r["value"] for r in records("placements", period="2019-03-31", area="wales",
                                                      measure="cla_foster_by_carer_and_location")}  # fmt: skip
    rows = [{"label": CARERS[k].say(lang), "value": held[k]} for k in CARERS]
    inside = sum(v for k, v in held.items() if k.startswith("inside"))
    total = sum(held[k] for k in CARERS)
    return fig.bars(
        rows,
        x=Text("Children in foster care", "Plant mewn gofal maeth"),
        title=Text(f"{100 * inside / total:.0f}% of foster placements are inside the home authority",
                   f"Mae {100 * inside / total:.0f}% o leoliadau maeth o fewn yr awdurdod cartref"),
        subtitle=Text("Foster placements by carer and place, Wales, 31 March 2019",
                      "Lleoliadau maeth yn ôl gofalwr a lle, Cymru, 31 Mawrth 2019"),
        emphasise=[r["label"] for r in rows[3:]],
        alt=Text(f"Bars of foster placements by carer inside and outside the authority (n = {total:,.0f}): "
                 f"{inside:,.0f} inside.",
                 f"Bariau lleoliadau maeth yn ôl gofalwr o fewn a thu allan i'r awdurdod "
                 f"(n = {total:,.0f}): {inside:,.0f} o fewn."),
        note=FOSTER_NOTE,
        lang=lang,
    )  # fmt: skip


def _rate_trend(lang: Lang) -> Figure:
    rows = [{"year": int(r["period"][:4]), "value": r["value"], "series": r["area_name"]}
            for r in records("looked_after", measure="cla_rate_per_10000_under18", category="all")
            if r["value"] is not None and r["period"] <= "2020-12-31"]  # fmt: skip
    if lang == "cy":
        rows = [{**r, "series": "Cymru" if r["series"] == "Wales" else r["series"]} for r in rows]
    name = "Cymru" if lang == "cy" else "Wales"
    own = {r["year"]: r["value"] for r in rows if r["series"] == name}
    areas = len({r["series"] for r in rows}) - 1
    return fig.trend(
        rows,
        y=Text("Children looked after per 10,000", "Plant sy'n derbyn gofal fesul 10,000"),
        highlight=[name],
        title=Text(f"The Welsh rate rose from {own[2003]:.0f} to {own[2020]:.0f} per 10,000, 2003 to 2020",
                   f"Cododd cyfradd Cymru o {own[2003]:.0f} i {own[2020]:.0f} fesul 10,000, 2003 i 2020"),
        subtitle=Text(f"Grey: the {areas} authorities whose series is held, some in part",
                      f"Llwyd: y {areas} awdurdod y mae eu cyfres ar gael, rhai'n rhannol"),
        alt=Text(f"Lines of looked-after rates for Wales and {areas} authorities, 2003 to 2020; Wales "
                 f"{own[2003]:.0f} to {own[2020]:.0f}.",
                 f"Llinellau cyfraddau gofal Cymru a {areas} awdurdod, 2003 i 2020; Cymru "
                 f"{own[2003]:.0f} i {own[2020]:.0f}."),
        note=Text("Source: Welsh Government (StatsWales), rates at 31 March rounded to whole numbers.",
                  "Ffynhonnell: Llywodraeth Cymru (StatsCymru), cyfraddau ar 31 Mawrth yn rifau cyfan."),
        lang=lang,
    )  # fmt: skip


def _claims(share: float, kinds: float, fostered: float) -> tuple[Claim, ...]:
    return (
        Claim.check(
            "10%",
            100 * share,
            id="three-plus-2018",
            text_en="Children with three or more placements, 647 of 6,407",
            text_cy="Plant â thri lleoliad neu fwy, 647 o 6,407",
            source="Welsh Government release, November 2018",
        ),
        Claim.check(
            "7,210",
            kinds,
            id="footing-2023",
            finding=True,
            text_en="Kinds of placement 2023 add to the printed total",
            text_cy="Mathau o leoliad 2023 yn adio i'r cyfanswm printiedig",
            source="CoramBAAF 2023",
        ),
        Claim.check(
            "3,305",
            fostered,
            id="footing-2024",
            finding=True,
            text_en="Foster placements inside the authority 2024 add to the Wales row",
            text_cy="Lleoliadau maeth o fewn yr awdurdod 2024 yn adio i res Cymru",
            source="StatsWales 2024",
        ),
    )


MEASURES = (
    ("placements_reported", "cla_by_placement_reported"),
    ("placements", "cla_foster_by_carer_and_location"),
    ("placements", "cla_foster_location"),
)

CAVEATS = (
    Text("A snapshot at 31 March over-represents children who stay long.",
         "Mae ciplun ar 31 Mawrth yn gor-gynrychioli plant sy'n aros yn hir."),
)  # fmt: skip


def placements() -> Study:
    """Ask where do looked-after children live, and how has that changed.

    Returns
    -------
    Study
        Kinds of placement, foster placements inside and outside the authority, the national trend,
        and the footing checks that two published tables fail.
    """
    reported = _reported()
    parts = [reported[k] for k in KINDS]
    kinds = footing(reported["total"], parts, rounding=5)
    inside = [v for v in column("placements", "cla_foster_location", "2024-03-31",
                                "inside own local authority in Wales") if v is not None]  # fmt: skip
    wales = national("placements", "cla_foster_location", "2024-03-31",
                     "inside own local authority in Wales")  # fmt: skip
    fostered = footing(wales, inside, rounding=5)
    three = national("wales_series", "cla_three_plus_placements_in_year", "2017-18")
    stock = national("wales_series", "cla_31march_count", "2018-03-31")
    share = 100 * reported["foster"] / sum(parts)
    rows = [
        {"what": Text("Kinds of placement 2023", "Mathau o leoliad 2023"), "total": kinds.total,
         "parts": kinds.parts_sum, "gap": kinds.difference, "bound": kinds.bound},
        {"what": Text("Foster inside authority 2024", "Maeth o fewn awdurdod 2024"),
         "total": fostered.total, "parts": fostered.parts_sum, "gap": fostered.difference,
         "bound": fostered.bound},
    ]  # fmt: skip
    return Study(
        id="placements",
        title=Text("Placements", "Lleoliadau"),
        question=Text("Where do looked-after children live?", "Lle mae plant sy'n derbyn gofal yn byw?"),
        findings=(
            Finding("kinds", Text(
                f"About {share:.0f} of every hundred looked-after children live in foster care.",
                f"Mae tua {share:.0f} o bob cant o blant sy'n derbyn gofal yn byw mewn gofal maeth.")),
            Finding("moves", Text(
                f"{three:.0f} of {stock:,.0f} children ({100 * three / stock:.0f}%) had three or more "
                f"placements in 2017-18.",
                f"Cafodd {three:.0f} o {stock:,.0f} o blant ({100 * three / stock:.0f}%) dri lleoliad "
                f"neu fwy yn 2017-18.")),
            Finding("footing", Text(
                f"Two published tables do not foot. Kinds of placement in 2023 add to "
                f"{kinds.parts_sum:,.0f}, not {kinds.total:,.0f}: more than rounding can explain. "
                f"Foster placements inside the authority in 2024 add to {fostered.parts_sum:,.0f}, not "
                f"{fostered.total:,.0f}: within rounding.",
                f"Nid yw dau dabl cyhoeddedig yn adio. Mae mathau o leoliad yn 2023 yn adio i "
                f"{kinds.parts_sum:,.0f}, nid {kinds.total:,.0f}: mwy nag y gall talgrynnu ei egluro. Mae "
                f"lleoliadau maeth o fewn yr awdurdod yn 2024 yn adio i {fostered.parts_sum:,.0f}, nid "
                f"{fostered.total:,.0f}: o fewn talgrynnu.")),
        ),
        figures=(
            StudyFigure("kinds", lambda lang: _waffle(reported, lang)),
            StudyFigure("carers", _carers),
            StudyFigure("rates", _rate_trend),
        ),
        tables=(
            StudyTable(
                "footing", Text("Do the published parts add up?", "A yw'r rhannau cyhoeddedig yn adio?"),
                {"what": Text("Table", "Tabl"), "total": Text("Printed total", "Cyfanswm printiedig"),
                 "parts": Text("Sum of parts", "Swm y rhannau"), "gap": Text("Difference", "Gwahaniaeth"),
                 "bound": Text("Rounding allows", "Mae talgrynnu'n caniatáu")},
                rows, {"total": 0, "parts": 0, "gap": 0, "bound": 1},
            ),
        ),
        claims=_claims(three / stock, kinds.parts_sum, fostered.parts_sum),
        caveats=CAVEATS,
        sources=source_ids(*MEASURES),
    )  # fmt: skip
