"""Results: what methods return, how it is named, checked, printed and compared.

| module | what it holds |
| --- | --- |
| `columns` `labels` | the glossary that is law, with labels in English and Welsh |
| `base` | `Result`: tidy, glance, augment; frozen, equal by content |
| `tables` `lookup` `frames` | Arrow tables in, single numbers and the caller's frames out |
| `provenance` | the call, the data and the counts behind the numbers |
| `statistic` `not_available` | one number; or none, with the reason |
| `claim` | a published number beside the computed one, with a verdict |
| `sheet` `text` `html` `latex` | the table as strings, and its three media |
| `compare` | several results side by side |
"""

from gofal.results.base import Result
from gofal.results.claim import Claim
from gofal.results.columns import GLOSSARY, Column, column
from gofal.results.compare import Comparison, compare
from gofal.results.not_available import NotAvailable
from gofal.results.provenance import Provenance
from gofal.results.statistic import Statistic

__all__ = [
    "GLOSSARY",
    "Claim",
    "Column",
    "Comparison",
    "NotAvailable",
    "Provenance",
    "Result",
    "Statistic",
    "column",
    "compare",
]
