"""Where the project's files are, for the contract tests."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "python" / "gofal"


def rust_sources() -> list[Path]:
    """Every Rust source of the crate."""
    return sorted((ROOT / "src").rglob("*.rs"))


def python_sources() -> list[Path]:
    """Every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))
