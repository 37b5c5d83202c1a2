"""Decompositions: a whole into parts that add up, or no result.

| module | functions |
| --- | --- |
| `inequality` | `theil`, `inequality_indices` |
| `rates` | `kitagawa`, `das_gupta` |
| `importance` | `shapley`, `sequential` |
| `oaxaca` | `oaxaca` |
| `variance` | `variance_shares` |
"""

from gofal.decomposition.importance import sequential as sequential
from gofal.decomposition.importance import shapley as shapley
from gofal.decomposition.inequality import inequality_indices as inequality_indices
from gofal.decomposition.inequality import theil as theil
from gofal.decomposition.oaxaca import oaxaca as oaxaca
from gofal.decomposition.rates import das_gupta as das_gupta
from gofal.decomposition.rates import kitagawa as kitagawa
from gofal.decomposition.variance import variance_shares as variance_shares
