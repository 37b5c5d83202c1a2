"""gofal: statistics for research on children looked after.

A table goes in (pandas, polars, pyarrow, DuckDB, or anything that speaks Arrow streams), a frozen
`Result` comes out: `tidy`, `glance`, `augment`, text, HTML, LaTeX, a figure, in English or Welsh.

| module | what it holds |
| --- | --- |
| `options` `typing` `weights` `progress` | how to ask: options, the words they accept, weights |
| `language` | English and Welsh |
| `results` | what comes back |

Each module may import only those above it; pyarrow and the frame libraries load when first used.
"""

from gofal._core import __version__ as __version__

# How to ask.
from gofal.options import Options as Options
from gofal.options import get_options as get_options
from gofal.options import options as options
from gofal.options import set_options as set_options

# What comes back.
from gofal.results import Claim as Claim
from gofal.results import NotAvailable as NotAvailable
from gofal.results import Result as Result
from gofal.results import Statistic as Statistic
from gofal.results import compare as compare
from gofal.weights import Weight as Weight
from gofal.weights import analytic as analytic
from gofal.weights import frequency as frequency
from gofal.weights import probability as probability
