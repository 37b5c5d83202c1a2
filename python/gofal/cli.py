"""The command line: ``gofal reproduce`` and ``gofal check``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["main"]


@click.group(
    help="Statistics for research on children looked after: rebuild and check the figures."
)
@click.version_option(package_name="gofal")
def main() -> None:
    """Group of the commands."""


@main.command(
    help="Build every study into a folder: figures, tables, claims, one page per language."
)
@click.option("--out", default="out", show_default=True, type=click.Path(file_okay=False))
@click.option("--lang", default="both", show_default=True, type=click.Choice(["en", "cy", "both"]))
@click.option("--study", "studies", multiple=True, help="Only this study; may be repeated.")
def reproduce(out: str, lang: str, studies: tuple[str, ...]) -> None:
    """Build the report."""
    from gofal.report import build
    from gofal.studies import STUDIES

    unknown = [s for s in studies if s not in STUDIES]
    if unknown:
        raise click.BadParameter(
            f"{unknown[0]!r}; there are {', '.join(STUDIES)}", param_hint="--study"
        )
    langs = ("en", "cy") if lang == "both" else (lang,)
    written = build(out, langs=langs, studies=studies or None)  # type: ignore[arg-type]
    click.echo(f"{len(written)} files in {out}")
    for path in written:
        if path.suffix in {".html", ".json"}:
            click.echo(f"  {path}")
    click.echo(_tally(Path(out) / "claims.json"))


def _tally(path: Path) -> str:
    import json

    claims = json.loads(path.read_text(encoding="utf-8"))
    verdicts = [c["verdict"] for c in claims]
    parts = [f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts)]
    return f"{len(claims)} published numbers: {', '.join(parts)}"


@main.command(
    help="Rebuild every number and compare with the golden set; exit 1 if anything moved."
)
@click.option(
    "--golden", default="tests/golden", show_default=True, type=click.Path(file_okay=False)
)
@click.option("--update", "accept", is_flag=True, help="Accept today's numbers as the golden set.")
def check(golden: str, accept: bool) -> None:
    """Compare with the golden set."""
    from gofal.report import check as compare
    from gofal.report import update

    if accept:
        click.echo(f"written {update(golden)}")
        return
    try:
        moves = compare(golden)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"no golden set in {golden}: run gofal check --update"
        ) from error
    for move in moves:
        click.echo(str(move))
    if moves:
        kinds = [m.kind for m in moves]
        counted = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
        click.echo(f"{len(moves)} moved: {counted}")
        sys.exit(1)
    click.echo("nothing moved")
