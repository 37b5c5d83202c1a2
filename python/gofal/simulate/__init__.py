"""Synthetic children of Wales with known truth: to try methods and code where real records cannot be shown.

Nobody in these tables exists. Margins (children, small areas, deprivation, ages, care rates) are published figures;
everything else is assumed, and said in `Assumptions`.
"""

from gofal.simulate.answers import TruthResult as TruthResult
from gofal.simulate.answers import truth as truth
from gofal.simulate.assumptions import Assumptions as Assumptions
from gofal.simulate.population import children as children
from gofal.trigger_trio import TRIO as TRIO
