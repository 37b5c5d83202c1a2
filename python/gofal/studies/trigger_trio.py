"""The trigger trio: what printed percentages of Welsh parents say, and the whole analysis on synthetic children."""

from __future__ import annotations

from functools import cache
from typing import Any

import gofal.figures as fig
from gofal._trio_words import label
from gofal.data import records
from gofal.evalue import evalue
from gofal.figures import Figure, of_trio
from gofal.language import Text
from gofal.results import Claim
from gofal.simulate import Assumptions, children
from gofal.simulate import truth as true_answers
from gofal.studies.model import Finding, Study, StudyFigure, StudyTable
from gofal.trigger_trio import TrioResult
from gofal.trigger_trio import trigger_trio as analyse
from gofal.two_by_two import two_by_two_percentages
from gofal.typing import Lang

__all__ = ["trigger_trio"]

CASES, MATCHED = 8821, 32_006
N, SEED = 200_000, 2024
ADJUST = ("age_band", "sex", "C(deprivation_quintile)", "C(year_ending)")
SOURCE = "Johnson and others 2021, from the printed percentages"
PARENTS = "parents in section 31 proceedings 2011-2019"
WORDS = {
    "parents_with_mental_health_contact_or_admission":
        ("4.06", Text("Mental health contact or admission", "Cyswllt neu dderbyniad iechyd meddwl")),
    "parents_with_substance_use_contact_or_admission":
        ("14.80", Text("Substance use contact or admission", "Cyswllt neu dderbyniad camddefnyddio sylweddau")),
    "parents_with_injury_contact_or_admission":
        ("2.30", Text("Injury contact or admission", "Cyswllt neu dderbyniad anaf")),
    "parents_with_emergency_department_attendance":
        ("2.48", Text("Emergency department attendance", "Mynychu adran achosion brys")),
}  # fmt: skip
NOTE = Text(
    "Source: Johnson and others (2021), linked health records: 8,821 parents in section 31 proceedings in Wales, "
    "2011 to 2019, and 32,006 matched parents. Percentages as printed, with one decimal.",
    "Ffynhonnell: Johnson ac eraill (2021), cofnodion iechyd cysylltiedig: 8,821 o rieni mewn achosion adran 31 yng "
    "Nghymru, 2011 i 2019, a 32,006 o rieni cyfatebol. Canrannau fel y'u printiwyd, gydag un degolyn.",
)
SYNTHETIC = Text(
    f"SYNTHETIC data: {N:,} simulated children, none of whom exists. Margins are published; the factors and their "
    "effects are assumed. Nothing here is a finding about Wales.",
    f"Data SYNTHETIG: {N:,} o blant efelychedig, nad oes yr un ohonynt yn bodoli. Mae'r ymylon yn gyhoeddedig; tybiwyd "
    "y ffactorau a'u heffeithiau. Nid oes dim yma'n ganfyddiad am Gymru.",
)
TITLES = {
    "upset": Text("Synthetic: the factors alone and together", "Synthetig: y ffactorau ar wahân a gyda'i gilydd"),
    "forest": Text("Synthetic: every pattern against none", "Synthetig: pob patrwm yn erbyn dim un"),
    "dose": Text("Synthetic: rate by number of factors", "Synthetig: cyfradd fesul nifer y ffactorau"),
    "heterogeneity": Text("Synthetic: one factor more, by authority", "Synthetig: un ffactor yn fwy, fesul awdurdod"),
}  # fmt: skip


def _parents() -> list[dict[str, Any]]:
    """Odds ratios of proceedings from the printed percentages, with the range that rounding allows."""
    out = []
    for measure, (printed, words) in WORDS.items():
        by_group = {
            r["category"]: r["value"] for r in records("parental_risk_factors", measure=measure)
        }
        cases = by_group.pop(PARENTS)
        (matched,) = by_group.values()
        found = two_by_two_percentages(cases, CASES, matched, MATCHED, decimals=1)
        row = next(r for r in found.to_arrow().to_pylist() if r["term"] == "odds_ratio")
        # Proceedings are rare among parents, and the groups were drawn by them: the odds ratio stands for the
        # risk ratio.
        strength = evalue(
            row["estimate"], row["conf_low"], row["conf_high"], measure="odds_ratio", rare=True
        ).to_arrow().to_pylist()  # fmt: skip
        out.append({
            "measure": measure, "what": words, "printed": printed, "cases": cases, "matched": matched,
            "result": found, "estimate": row["estimate"], "conf_low": row["conf_low"],
            "conf_high": row["conf_high"], "range_low": row["range_low"], "range_high": row["range_high"],
            "evalue": strength[0]["estimate"], "evalue_limit": strength[1]["estimate"],
        })  # fmt: skip
    return out


@cache
def _analysis() -> tuple[TrioResult, dict[tuple[str, str], float]]:
    """The whole analysis of synthetic children, and the truth they were drawn from."""
    assumed = Assumptions(sd_trio=0.15)
    found = analyse(
        children(N, SEED, truth=assumed), "looked_after", adjust=ADJUST, cluster="authority",
        heterogeneity_by=["deprivation_quintile", "authority"],
    )  # fmt: skip
    true = {
        (r["term"], r["measure"]): r["estimate"]
        for r in true_answers(assumed).to_arrow().to_pylist()
        if r["scale"] == "standardised"
    }
    return found, true


def _recovered(found: TrioResult, true: dict[tuple[str, str], float]) -> list[dict[str, Any]]:
    """Estimates beside the truth: risk ratios, differences, interaction, fractions."""
    kept = {"risk_ratio": Text("Risk ratio", "Cymhareb risg"),
            "risk_difference": Text("More per 1,000", "Yn fwy fesul 1,000"),
            "reri_total": Text("Excess over the sum (RERI)", "Gormodedd dros y swm (RERI)"),
            "average": Text("Attributable fraction, %", "Ffracsiwn priodoladwy, %"),
            "total": Text("Attributable fraction, %", "Ffracsiwn priodoladwy, %")}  # fmt: skip
    rows = [
        *found.to_arrow().to_pylist(),
        *(r for r in found.to_arrow("interaction").to_pylist() if r["scale"] == "standardised"),
        *found.to_arrow("attributable").to_pylist(),
    ]
    out = []
    for row in rows:
        key = (row["term"], row["measure"])
        if row["measure"] not in kept or key not in true:
            continue
        scale = 100 if row["measure"] in ("average", "total") else 1
        out.append({
            "what": kept[row["measure"]], "term": Text(label(row["term"], "en"), label(row["term"], "cy")),
            "truth": scale * true[key], "estimate": scale * row["estimate"], "conf_low": scale * row["conf_low"],
            "conf_high": scale * row["conf_high"], "measure": row["measure"],
            "inside": Text("yes", "ydy") if row["conf_low"] <= true[key] <= row["conf_high"] else Text("no", "nac ydy"),
        })  # fmt: skip
    return out


def _odds(rows: list[dict[str, Any]], lang: Lang) -> Figure:
    shown = [{"label": r["what"].say(lang), "scale": "odds_ratio",
              **{k: r[k] for k in ("estimate", "conf_low", "conf_high", "range_low", "range_high")}}
             for r in rows]  # fmt: skip
    low, high = f"{min(r['estimate'] for r in rows):.2f}", f"{max(r['estimate'] for r in rows):.2f}"
    return fig.effects(
        shown,
        scales=(("odds_ratio", Text("Odds ratio (log scale), 95% interval", "Cymhareb ods (graddfa log), cyfwng 95%"),
                 True),),
        title=Text("Parents in care proceedings and matched parents", "Rhieni mewn achosion gofal a rhieni cyfatebol"),
        subtitle=Text("Odds ratios from printed percentages, not adjusted",
                      "Cymarebau ods o ganrannau printiedig, heb eu haddasu"),
        alt=Text(f"Odds ratios of {len(rows)} kinds of health contact, from {low} to {high}, with 95% intervals.",
                 f"Cymarebau ods {len(rows)} math o gyswllt iechyd, o {low} i {high}, gyda chyfyngau 95%."),
        note=NOTE,
        lang=lang,
        panel=420,
    )  # fmt: skip


def _tables(
    parents: list[dict[str, Any]], recovered: list[dict[str, Any]]
) -> tuple[StudyTable, ...]:
    low, high = Text("95% low", "95% isaf"), Text("95% high", "95% uchaf")
    return (
        StudyTable(
            "parents",
            Text("Odds ratios of proceedings from printed percentages, and E-values",
                 "Cymarebau ods achosion o ganrannau printiedig, a gwerthoedd E"),
            {"what": Text("In the health records", "Yn y cofnodion iechyd"),
             "cases": Text("In proceedings, %", "Mewn achosion, %"), "matched": Text("Matched, %", "Cyfatebol, %"),
             "estimate": Text("Odds ratio", "Cymhareb ods"), "conf_low": low, "conf_high": high,
             "range_low": Text("Rounding allows from", "Mae talgrynnu'n caniatáu o"),
             "range_high": Text("to", "i"), "evalue": Text("E-value", "Gwerth E"),
             "evalue_limit": Text("of the limit", "o'r terfyn")},
            parents,
            {"cases": 1, "matched": 1, "estimate": 2, "conf_low": 2, "conf_high": 2, "range_low": 2,
             "range_high": 2, "evalue": 1, "evalue_limit": 1},
            Text("Not adjusted, and the matching is not used: the intervals are those of two independent groups. "
                 "E-values read the odds ratio as a risk ratio, proceedings being rare among parents.",
                 "Heb eu haddasu, ac ni ddefnyddir y paru: cyfyngau dau grŵp annibynnol ydynt. Mae gwerthoedd E yn "
                 "darllen y gymhareb ods fel cymhareb risg, gan fod achosion yn brin ymhlith rhieni."),
        ),
        StudyTable(
            "recovered",
            Text("Synthetic: estimates beside the truth", "Synthetig: amcangyfrifon wrth ochr y gwir"),
            {"what": Text("Measure", "Mesur"), "term": Text("Factors", "Ffactorau"), "truth": Text("Truth", "Gwir"),
             "estimate": Text("Estimate", "Amcangyfrif"), "conf_low": low, "conf_high": high,
             "inside": Text("Truth inside", "Y gwir y tu mewn")},
            recovered,
            {"truth": 2, "estimate": 2, "conf_low": 2, "conf_high": 2},
            SYNTHETIC,
        ),
    )  # fmt: skip


def _drawn(kind: str) -> StudyFigure:
    def build(lang: Lang) -> Figure:
        return of_trio.draw(_analysis()[0], kind, lang=lang, note=SYNTHETIC, title=TITLES[kind])

    return StudyFigure(f"synthetic_{kind}", build)


def trigger_trio() -> Study:
    """Ask how much more likely care is where the three factors are present, alone and together.

    Returns
    -------
    Study
        Odds ratios of Welsh parents in proceedings from printed percentages; and the whole analysis on synthetic
        children whose truth is known, marked as such.
    """
    parents = _parents()
    found, true = _analysis()
    recovered = _recovered(found, true)
    hits = sum(r["inside"].en == "yes" for r in recovered)
    most = max(parents, key=lambda r: r["estimate"])
    return Study(
        id="trigger_trio",
        title=Text("The trigger trio", "Y triawd sbardun"),
        question=Text(
            "How much more likely is care where domestic abuse, parental substance misuse and parental mental ill "
            "health are present, alone and together?",
            "Faint yn fwy tebygol yw gofal lle mae cam-drin domestig, camddefnyddio sylweddau gan riant a salwch "
            "meddwl rhiant yn bresennol, ar eu pen eu hunain a gyda'i gilydd?",
        ),
        findings=(
            Finding("parents", Text(
                f"Of parents in care proceedings {most['cases']:g}% had a substance use contact or admission, of "
                f"matched parents {most['matched']:g}%: odds ratio {most['estimate']:.2f} (rounding allows "
                f"{most['range_low']:.2f} to {most['range_high']:.2f}). The four odds ratios lie between "
                f"{min(r['estimate'] for r in parents):.2f} and {most['estimate']:.2f}; none is adjusted.",
                f"O blith rhieni mewn achosion gofal roedd gan {most['cases']:g}% gyswllt neu dderbyniad camddefnyddio "
                f"sylweddau, o blith rhieni cyfatebol {most['matched']:g}%: cymhareb ods {most['estimate']:.2f} (mae "
                f"talgrynnu'n caniatáu {most['range_low']:.2f} i {most['range_high']:.2f}). Mae'r pedair cymhareb ods "
                f"rhwng {min(r['estimate'] for r in parents):.2f} a {most['estimate']:.2f}; nid oes un wedi'i "
                f"haddasu.")),
            Finding("method", Text(
                f"SYNTHETIC: {hits} of {len(recovered)} intervals of the analysis hold the truth that the children "
                f"were drawn from. {found.statement('en')}",
                f"SYNTHETIG: mae {hits} o {len(recovered)} cyfwng y dadansoddiad yn cynnwys y gwir y tynnwyd y plant "
                f"ohono. {found.statement('cy')}")),
        ),
        figures=(
            StudyFigure("parents", lambda lang: _odds(parents, lang)),
            *(_drawn(kind) for kind in TITLES),
        ),
        tables=_tables(parents, recovered),
        claims=_claims(parents),
        caveats=(
            Text("No table of the three factors together by child has been published for Wales; so the second half is "
                 "synthetic and says how the analysis works, not what is the case.",
                 "Ni chyhoeddwyd tabl o'r tri ffactor gyda'i gilydd fesul plentyn ar gyfer Cymru; felly mae'r ail "
                 "hanner yn synthetig ac yn dweud sut mae'r dadansoddiad yn gweithio, nid beth yw'r gwir."),
            Text("A contact in health records is neither a diagnosis nor a need for care, and parents who are not in "
                 "contact with services are counted as without.",
                 "Nid yw cyswllt mewn cofnodion iechyd yn ddiagnosis nac yn angen am ofal, a chyfrifir rhieni nad "
                 "ydynt mewn cysylltiad â gwasanaethau fel rhai heb."),
        ),
        sources=("johnson_2021_ijpds_1723",),
    )  # fmt: skip


def _claims(parents: list[dict[str, Any]]) -> tuple[Claim, ...]:
    return tuple(
        r["result"].claim(
            r["printed"], where={"term": "odds_ratio"}, id=f"parents-{r['measure'].split('_with_')[1].split('_')[0]}",
            text_en=f"Odds ratio of proceedings: {r['what'].en.lower()}",
            text_cy=f"Cymhareb ods achosion: {r['what'].cy.lower()}", source=SOURCE,
        )
        for r in parents
    )  # fmt: skip
