"""What the study of final care orders printed, with the uncertainty it did not print."""

from __future__ import annotations

from typing import Any

import gofal.figures as fig
from gofal.data import records
from gofal.disclosure import possible_count_sets, possible_counts
from gofal.figures import Figure
from gofal.language import Text
from gofal.rates import multinomial_proportions, proportion
from gofal.results import Claim
from gofal.studies.model import Finding, Study, StudyFigure, StudyTable
from gofal.typing import Lang

__all__ = ["care_orders"]

COHORT, SAMPLE = 1076, 79
WORDS = {
    "no change of placement": Text("No move", "Dim symud"),
    "one change of placement": Text("One move", "Un symudiad"),
    "two or more changes (remainder)": Text("Two or more moves", "Dau symudiad neu fwy"),
    "primary need abuse or neglect": Text("Main need: abuse or neglect", "Prif angen: cam-drin neu esgeulustod"),
    "positive outcome": Text("Positive outcome", "Canlyniad cadarnhaol"),
    "mixed outcome": Text("Mixed outcome", "Canlyniad cymysg"),
    "negative outcome": Text("Negative outcome", "Canlyniad negyddol"),
    "unplanned moves": Text("Unplanned moves", "Symudiadau heb eu cynllunio"),
}  # fmt: skip
NOTE = Text(
    "Source: Institute of Public Care (2018), final care orders of April 2012 to March 2013: 1,076 children, "
    "79 of them studied in depth in five authorities. Percentages as printed.",
    "Ffynhonnell: Institute of Public Care (2018), gorchmynion gofal terfynol Ebrill 2012 i Fawrth 2013: "
    "1,076 o blant, 79 ohonynt wedi'u hastudio'n fanwl mewn pum awdurdod. Canrannau fel y'u printiwyd.",
)
SOURCE = "Institute of Public Care 2018"


def _rows() -> list[dict[str, Any]]:
    out = []
    for r in records("care_orders"):
        if r["category"] not in WORDS:
            continue
        n = COHORT if r["measure"].endswith("cohort") else SAMPLE
        counts = possible_counts(r["value"], n)
        if counts is None:
            continue
        middle = (counts[0] + counts[1]) // 2
        one = {"x": [middle], "n": [n]}
        # The cohort is everybody: its interval is about the process, not about other children.
        limits = proportion(one, "x", "n", base=100).to_arrow().to_pylist()[0]
        finite = None
        if n == SAMPLE:
            finite = proportion(
                one, "x", "n", base=100, interval="exact", population_size=COHORT
            ).to_arrow().to_pylist()[0]  # fmt: skip
        out.append(
            {"what": WORDS[r["category"]], "n": n, "printed": r["value"], "fewest": counts[0],
             "most": counts[1], "low": limits["conf_low"], "high": limits["conf_high"],
             "finite_low": finite["conf_low"] if finite else None,
             "finite_high": finite["conf_high"] if finite else None}
        )  # fmt: skip
    return out


def _figure(rows: list[dict[str, Any]], lang: Lang) -> Figure:
    groups = {COHORT: Text("all 1,076 children", "pob un o'r 1,076 o blant"),
              SAMPLE: Text("79 studied in depth", "79 a astudiwyd yn fanwl")}  # fmt: skip
    shown = [{"label": r["what"].say(lang), "group": groups[r["n"]].say(lang),
              "estimate": r["printed"], "conf_low": r["low"], "conf_high": r["high"]} for r in rows]  # fmt: skip
    return fig.forest(
        shown,
        x=Text("Per cent, with 95% Wilson interval", "Y cant, gyda chyfwng Wilson 95%"),
        title=Text("Five years after a final care order", "Bum mlynedd ar ôl gorchymyn gofal terfynol"),
        subtitle=Text("Printed percentages with the intervals that were not printed",
                      "Canrannau printiedig gyda'r cyfyngau na chawsant eu printio"),
        alt=Text(f"{len(shown)} printed percentages with 95% intervals: those of the 79 children studied "
                 f"in depth are wide, those of the 1,076 narrow.",
                 f"{len(shown)} canran brintiedig gyda chyfyngau 95%: mae rhai'r 79 o blant a astudiwyd "
                 f"yn fanwl yn llydan, rhai'r 1,076 yn gul."),
        note=NOTE,
        lang=lang,
    )  # fmt: skip


def _claims(rows: list[dict[str, Any]]) -> tuple[Claim, ...]:
    by_name = {r["what"].en: r for r in rows}
    (only,) = possible_count_sets([71, 19, 10], SAMPLE)
    out = [
        Claim.check(str(published), only[i], id=f"outcome-{name}", rounding="exact", source=SOURCE,
                    text_en=f"The only count behind the printed share of {name} outcomes of 79",
                    text_cy=f"Yr unig gyfrif y tu ôl i'r gyfran brintiedig o ganlyniadau {cy} o 79")
        for i, (published, name, cy) in enumerate(
            ((56, "positive", "cadarnhaol"), (15, "mixed", "cymysg"), (8, "negative", "negyddol"))
        )
    ]  # fmt: skip
    wilson = (
        proportion({"x": list(only), "n": [SAMPLE] * 3}, "x", "n", base=100).to_arrow().to_pylist()
    )
    for row, (low, high), name in zip(
        wilson,
        (("60.1", "79.7"), ("11.9", "29.0"), ("5.2", "18.7")),
        ("56", "15", "8"),
        strict=True,
    ):
        for published, got, side, cy in ((low, row["conf_low"], "lower", "isaf"),
                                         (high, row["conf_high"], "upper", "uchaf")):  # fmt: skip
            out.append(
                Claim.check(published, got, id=f"wilson-{name}-{side}", source="Wilson (1927), by hand",
                            text_en=f"Wilson {side} 95% limit of {name} of 79, per cent",
                            text_cy=f"Terfyn Wilson 95% {cy} {name} o 79, y cant")
            )  # fmt: skip
    for name, published, key in (("No move", "318", "fewest"), ("No move", "328", "most"),
                                 ("One move", "490", "fewest"), ("One move", "500", "most"),
                                 ("Main need: abuse or neglect", "834", "fewest"),
                                 ("Main need: abuse or neglect", "844", "most"),
                                 ("Unplanned moves", "26", "fewest")):  # fmt: skip
        cy = {v.en: v.cy for v in WORDS.values()}[name]
        out.append(
            Claim.check(published, by_name[name][key], id=f"{key}-{name.split()[0].lower()}",
                        rounding="exact", source="integer arithmetic on the printed percentage",
                        text_en=f"{'Fewest' if key == 'fewest' else 'Most'} children behind \"{name}\"",
                        text_cy=f"{'Lleiaf' if key == 'fewest' else 'Mwyaf'} o blant y tu ôl i \"{cy}\"")
        )  # fmt: skip
    return tuple(out)


def care_orders() -> Study:
    """Ask what can the printed percentages of the final-care-order study say.

    Returns
    -------
    Study
        Whole counts behind every printed percentage, intervals, the joint interval of the three
        outcomes, and the finite-population correction for 79 of 1,076.
    """
    rows = _rows()
    (only,) = possible_count_sets([71, 19, 10], SAMPLE)
    joint = multinomial_proportions(list(only))
    unplanned = next(r for r in rows if r["what"].en == "Unplanned moves")
    return Study(
        id="care_orders",
        title=Text("After a final care order", "Ar ôl gorchymyn gofal terfynol"),
        question=Text("How sure can the printed percentages be?",
                      "Pa mor sicr y gall y canrannau printiedig fod?"),
        findings=(
            Finding("counts", Text(
                f"71%, 19% and 10% of 79 can only be {only[0]}, {only[1]} and {only[2]} children. "
                f"Together their 95% intervals are {100 * joint[0][1]:.0f} to {100 * joint[0][2]:.0f}%, "
                f"{100 * joint[1][1]:.0f} to {100 * joint[1][2]:.0f}% and {100 * joint[2][1]:.0f} to "
                f"{100 * joint[2][2]:.0f}%.",
                f"Dim ond {only[0]}, {only[1]} ac {only[2]} o blant all 71%, 19% a 10% o 79 fod. Gyda'i "
                f"gilydd eu cyfyngau 95% yw {100 * joint[0][1]:.0f} i {100 * joint[0][2]:.0f}%, "
                f"{100 * joint[1][1]:.0f} i {100 * joint[1][2]:.0f}% a {100 * joint[2][1]:.0f} i "
                f"{100 * joint[2][2]:.0f}%.")),
            Finding("finite", Text(
                f"33% of 79 with unplanned moves stands for {unplanned['finite_low']:.0f} to "
                f"{unplanned['finite_high']:.0f}% of all 1,076 if the 79 were drawn at random; they were "
                f"drawn in five authorities, so the true uncertainty is larger.",
                f"Mae 33% o 79 â symudiadau heb eu cynllunio yn cynrychioli "
                f"{unplanned['finite_low']:.0f} i {unplanned['finite_high']:.0f}% o'r 1,076 i gyd pe "
                f"bai'r 79 wedi'u tynnu ar hap; fe'u tynnwyd mewn pum awdurdod, felly mae'r gwir "
                f"ansicrwydd yn fwy.")),
        ),
        figures=(StudyFigure("percentages", lambda lang: _figure(rows, lang)),),
        tables=(
            StudyTable(
                "percentages",
                Text("Printed percentages, possible counts and intervals",
                     "Canrannau printiedig, cyfrifon posibl a chyfyngau"),
                {"what": Text("Share", "Cyfran"), "n": Text("n", "n"), "printed": Text("Printed %", "% printiedig"),
                 "fewest": Text("Fewest", "Lleiaf"), "most": Text("Most", "Mwyaf"),
                 "low": Text("Wilson low", "Wilson isaf"), "high": Text("Wilson high", "Wilson uchaf"),
                 "finite_low": Text("Finite low", "Meidraidd isaf"),
                 "finite_high": Text("Finite high", "Meidraidd uchaf")},
                rows,
                {"n": 0, "printed": 0, "fewest": 0, "most": 0, "low": 1, "high": 1, "finite_low": 1,
                 "finite_high": 1},
                Text("Finite: exact hypergeometric interval for 79 of 1,076.",
                     "Meidraidd: cyfwng hypergeometrig union ar gyfer 79 o 1,076."),
            ),
        ),
        claims=_claims(rows),
        caveats=(
            Text("The five authorities of the sample were not drawn at random: no correction repairs that.",
                 "Ni thynnwyd pum awdurdod y sampl ar hap: nid oes cywiriad a all drwsio hynny."),
        ),
        sources=("ipc_2018_final_care_order",),
    )  # fmt: skip
