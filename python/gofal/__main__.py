"""``python -m gofal``."""

from gofal.cli import main

main(prog_name="gofal")
