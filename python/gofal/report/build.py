"""Building the report: figures, tables, claims and one self-contained page per language."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from gofal._core import __version__
from gofal.data.catalogue import source
from gofal.language import Text
from gofal.report.words import VERDICT, WORDS
from gofal.results import Claim, NotAvailable
from gofal.studies import STUDIES, Study, StudyTable
from gofal.typing import Lang

__all__ = ["build", "cell", "claims_of", "table_csv"]


def build(
    out: str | Path, *, langs: Sequence[Lang] = ("en", "cy"), studies: Sequence[str] | None = None
) -> list[Path]:
    """Build the report into a folder.

    Parameters
    ----------
    out
        Folder, made if absent.
    langs
        Languages.
    studies
        Names of studies; all by default.

    Returns
    -------
    list of Path
        The files written: per study and language SVG, PNG, CSV and alt text of each figure and
        CSV of each table; ``claims.json``; ``report.LANG.html``. The same bytes on every run.
    """
    root = Path(out)
    chosen = [STUDIES[name]() for name in (studies or STUDIES)]
    written: list[Path] = []
    for lang in langs:
        page = [_study(study, lang, root, written) for study in chosen]
        other = next((other for other in langs if other != lang), None)
        target = root / f"report.{lang}.html"
        _write(target, _page(page, chosen, lang, other), written)
    _write(root / "claims.json", _claims_json(chosen), written)
    return written


def _write(path: Path, content: str | bytes, written: list[Path]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(data)
    written.append(path)


def _study(study: Study, lang: Lang, root: Path, written: list[Path]) -> dict[str, Any]:
    figures = []
    for number, part in enumerate(study.figures, start=1):
        figure = part.build(lang)
        base = f"{study.id}/{part.id}.{lang}"
        svg = figure.to_svg()
        _write(root / f"{base}.svg", svg, written)
        _write(root / f"{base}.png", figure.to_png(), written)
        _write(root / f"{base}.csv", figure.to_csv(), written)
        note = f"{figure.title}\n\n{figure.alt}\n\n{figure.note}\n"
        _write(root / f"{base}.alt.txt", note, written)
        size = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg)
        width, height = (round(float(v)) for v in size.groups()) if size else (720, 480)
        figures.append(
            {"id": part.id, "number": number, "title": figure.title, "alt": figure.alt,
             "svg64": base64.b64encode(svg.encode()).decode(), "width": width, "height": height,
             "svg": f"{base}.svg", "png": f"{base}.png", "csv": f"{base}.csv"}
        )  # fmt: skip
    tables = []
    for number, table in enumerate(study.tables, start=1):
        name = f"{study.id}/{table.id}.{lang}.csv"
        _write(root / name, table_csv(table, lang), written)
        tables.append({**_table(table, lang), "number": number, "csv": name})
    return {
        "id": study.id,
        "title": study.title.say(lang),
        "question": study.question.say(lang),
        "findings": [{"id": f.id, "text": f.text.say(lang)} for f in study.findings],
        "figures": figures,
        "tables": tables,
        "caveats": [c.say(lang) for c in study.caveats],
    }


def cell(value: object, shown: int | str | None, lang: Lang) -> str:
    """Return a table cell as text: decimals as the study asks, words in the page's language."""
    if value is None:
        return "–"
    if isinstance(value, Text):
        return value.say(lang)
    if isinstance(value, int | float) and isinstance(shown, int):
        if shown == 3 and 0 <= value < 0.001:
            return "<0.001"
        text = f"{value:,.{shown}f}"
        # −0.00 is 0.00: the sign of a number that rounds to nothing says nothing.
        return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")
    return str(value)


def _table(table: StudyTable, lang: Lang) -> dict[str, Any]:
    numeric = {
        name: any(isinstance(r.get(name), int | float) for r in table.rows)
        for name in table.columns
    }
    return {
        "id": table.id,
        "title": table.title.say(lang),
        "heads": [
            {"label": label.say(lang), "numeric": numeric[name]}
            for name, label in table.columns.items()
        ],
        "rows": [
            [
                {
                    "text": cell(row.get(name), table.formats.get(name), lang),
                    "numeric": numeric[name],
                }
                for name in table.columns
            ]
            for row in table.rows
        ],
        "note": table.note.say(lang) if table.note else "",
    }


def table_csv(table: StudyTable, lang: Lang) -> str:
    """Return a study's table as CSV, numbers unrounded, words in one language."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([label.say(lang) for label in table.columns.values()])
    for row in table.rows:
        values = [row.get(name) for name in table.columns]
        writer.writerow([v.say(lang) if isinstance(v, Text) else v for v in values])
    return out.getvalue()


def claims_of(studies: Sequence[Study]) -> list[tuple[str, Claim]]:
    """Return every claim with the name of its study."""
    return [(study.id, claim) for study in studies for claim in study.claims]


def _claims_json(studies: Sequence[Study]) -> str:
    rows = []
    for name, claim in claims_of(studies):
        computed = claim.computed
        rows.append(
            {
                "study": name,
                "id": claim.id,
                "text_en": claim.text_en,
                "text_cy": claim.text_cy,
                "published": claim.published,
                "computed": None
                if isinstance(computed, NotAvailable)
                else float(f"{computed:.12g}"),
                "rounding": claim.rounding,
                "matched": claim.matched,
                "verdict": claim.verdict,
                "source": claim.source,
            }
        )
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def _page(
    page: list[dict[str, Any]], studies: Sequence[Study], lang: Lang, other: Lang | None
) -> str:
    import jinja2

    folder = files("gofal.report") / "templates"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    import markupsafe

    css = markupsafe.Markup((folder / "report.css").read_text(encoding="utf-8"))
    claims = [claim for _, claim in claims_of(studies)]
    ids = dict.fromkeys(s for study in studies for s in study.sources)
    return template.render(
        lang=lang,
        other_lang=other,
        css=css,
        t={key: text.say(lang) for key, text in WORDS.items()},
        studies=page,
        claims=[_claim(c, lang) for c in claims],
        verdicts=[
            {"key": key, "label": text.say(lang), "n": sum(c.verdict == key for c in claims)}
            for key, text in VERDICT.items()
            if any(c.verdict == key for c in claims)
        ],
        sources=[source(i) for i in ids],
        version=__version__,
    )


def _claim(claim: Claim, lang: Lang) -> dict[str, str]:
    computed = claim.computed
    decimals = len(claim.published.split(".")[1].rstrip("%")) if "." in claim.published else 0
    shown = "–" if isinstance(computed, NotAvailable) else f"{computed:,.{decimals + 2}f}"
    if not isinstance(computed, NotAvailable) and float(computed).is_integer():
        shown = f"{computed:,.0f}"
    return {
        "id": claim.id,
        "text": claim.text_cy if lang == "cy" else claim.text_en,
        "published": claim.published,
        "computed": shown.replace("-", "−"),
        "verdict": claim.verdict,
        "verdict_label": VERDICT[claim.verdict].say(lang),
        "source": claim.source,
    }
