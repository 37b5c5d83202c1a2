"""Published analyses as pure functions: tables in, results, figures and claims out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gofal.studies.care_orders import care_orders as care_orders
from gofal.studies.care_rates import care_rates as care_rates
from gofal.studies.model import Finding as Finding
from gofal.studies.model import Study as Study
from gofal.studies.model import StudyFigure as StudyFigure
from gofal.studies.model import StudyTable as StudyTable
from gofal.studies.placements import placements as placements
from gofal.studies.spending import spending as spending
from gofal.studies.trigger_trio import trigger_trio as trigger_trio
from gofal.studies.variation import variation as variation

STUDIES: Mapping[str, Callable[[], Study]] = MappingProxyType(
    {
        "care_rates": care_rates,
        "spending": spending,
        "placements": placements,
        "care_orders": care_orders,
        "trigger_trio": trigger_trio,
        "variation": variation,
    }
)
"""Every study by name, in the order of the report."""
