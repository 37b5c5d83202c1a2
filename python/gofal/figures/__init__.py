"""Figures: a Vega-Lite specification plus records, under one theme, in English and Welsh.

Rendered offline by vl-convert, the same bytes every time. Each builder takes plain records and texts
and returns a frozen `Figure` with alt text, a source note and its data.
"""

from gofal.figures.base import Figure as Figure
from gofal.figures.charts import bars as bars
from gofal.figures.charts import heatmap as heatmap
from gofal.figures.charts import trend as trend
from gofal.figures.maps import tile_map as tile_map
from gofal.figures.maps import waffle as waffle
from gofal.figures.of import kinds as kinds
from gofal.figures.of import of as of
from gofal.figures.parts import shares as shares
from gofal.figures.parts import waterfall as waterfall
from gofal.figures.points import caterpillar as caterpillar
from gofal.figures.points import forest as forest
from gofal.figures.points import funnel_plot as funnel_plot
from gofal.figures.points import scatter as scatter
from gofal.figures.trio import dose as dose
from gofal.figures.trio import effects as effects
from gofal.figures.trio import heterogeneity as heterogeneity
from gofal.figures.trio import upset as upset
