"""gofal: statistics for research on children looked after.

A table goes in (pandas, polars, pyarrow, DuckDB, or anything that speaks Arrow streams), a frozen
`Result` comes out: `tidy`, `glance`, `augment`, text, HTML, LaTeX, a figure, in English or Welsh.

| module | what it holds |
| --- | --- |
| `options` `typing` `weights` `progress` | how to ask: options, the words they accept, weights |
| `language` | English and Welsh |
| `results` | what comes back |
| `describe` `rates` `funnel` `correlation` `inequality` `disclosure` | tables of areas |
| `cells` `scan` `spark` `formula` `covariances` | rows compressed, files scanned; formulas; typed covariances |
| `regression` `panel` `wild` `joint` | least squares and GLMs; fixed effects; few clusters; joint tests |
| `effects` `trigger_trio` | risks for everybody, interaction, attributable fractions; the trio in one call |
| `firth` `clogit` `ordinal` `multinomial` `zero_inflated` `discrete_hazard` | outcomes of other kinds |
| `mixed` `icc` `glmm` `maihda` `variance_shapley` | nested and crossed groups: where the variance lies, and with what |
| `decomposition` | Theil, Kitagawa, Das Gupta, Oaxaca-Blinder, Shapley, nested variance: wholes into parts |
| `two_by_two` `strata` `evalue` `impute` `pool` | risk tables, confounding, imputations |
| `wales` `data` `simulate` | the 22 authorities, code lists; the published tables; synthetic children |
| `figures` `studies` `report` | pictures, published analyses, the report that CI rebuilds |

Each module may import only those above it; pyarrow and the frame libraries load when first used.
"""

# What is inside: published tables, Wales.
from gofal import data as data
from gofal import simulate as simulate
from gofal import wales as wales
from gofal._core import __version__ as __version__

# Rows compressed.
from gofal.cells import Cells as Cells
from gofal.cells import as_cells as as_cells
from gofal.cells import cells as cells

# Methods.
from gofal.clogit import clogit as clogit
from gofal.correlation import adjust_p as adjust_p
from gofal.correlation import compare_correlations as compare_correlations
from gofal.correlation import correlate as correlate
from gofal.covariances import HC as HC
from gofal.covariances import Cluster as Cluster
from gofal.decomposition import das_gupta as das_gupta
from gofal.decomposition import inequality_indices as inequality_indices
from gofal.decomposition import kitagawa as kitagawa
from gofal.decomposition import oaxaca as oaxaca
from gofal.decomposition import sequential as sequential
from gofal.decomposition import shapley as shapley
from gofal.decomposition import theil as theil
from gofal.decomposition import variance_shares as variance_shares
from gofal.describe import describe as describe
from gofal.disclosure import possible_count_sets as possible_count_sets
from gofal.disclosure import possible_counts as possible_counts
from gofal.discrete_hazard import discrete_hazard as discrete_hazard
from gofal.effects import attributable_fraction as attributable_fraction
from gofal.effects import interaction as interaction
from gofal.effects import risk as risk
from gofal.evalue import bounding_factor as bounding_factor
from gofal.evalue import evalue as evalue
from gofal.firth import firth as firth
from gofal.funnel import funnel as funnel
from gofal.glmm import glmm as glmm
from gofal.icc import icc as icc
from gofal.impute import impute as impute
from gofal.inequality import concentration_index as concentration_index
from gofal.inequality import slope_index as slope_index
from gofal.joint import joint_test as joint_test
from gofal.maihda import maihda as maihda
from gofal.mixed import lmm as lmm
from gofal.mixed_change import sequential_models as sequential_models
from gofal.multinomial import multinomial as multinomial

# How to ask.
from gofal.options import Options as Options
from gofal.options import get_options as get_options
from gofal.options import options as options
from gofal.options import set_options as set_options
from gofal.ordinal import ordinal as ordinal
from gofal.panel import panel as panel
from gofal.pool import pool as pool
from gofal.rates import multinomial_proportions as multinomial_proportions
from gofal.rates import proportion as proportion
from gofal.rates import rate as rate
from gofal.rates import rate_ratio as rate_ratio
from gofal.regression import glm as glm
from gofal.regression import lm as lm

# What comes back.
from gofal.results import Claim as Claim
from gofal.results import NotAvailable as NotAvailable
from gofal.results import Result as Result
from gofal.results import Statistic as Statistic
from gofal.results import compare as compare
from gofal.scan import Scan as Scan
from gofal.scan import scan as scan
from gofal.strata import mantel_haenszel as mantel_haenszel
from gofal.trigger_trio import trigger_trio as trigger_trio
from gofal.two_by_two import two_by_two as two_by_two
from gofal.two_by_two import two_by_two_counts as two_by_two_counts
from gofal.two_by_two import two_by_two_percentages as two_by_two_percentages
from gofal.variance_shapley import shapley_variance as shapley_variance
from gofal.weights import Weight as Weight
from gofal.weights import analytic as analytic
from gofal.weights import frequency as frequency
from gofal.weights import probability as probability
from gofal.wild import wild_bootstrap as wild_bootstrap
from gofal.zero_inflated import hurdle as hurdle
from gofal.zero_inflated import zero_inflated as zero_inflated
