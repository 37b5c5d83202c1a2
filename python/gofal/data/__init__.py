"""Published figures inside the package, each with source, licence, unit, status and vintage.

`catalogue` says what there is, `load` gives a table, `sources` and `cite` say where it comes from;
`footing` and `impossible_percentages` check published tables.
"""

from gofal.data.catalogue import catalogue as catalogue
from gofal.data.catalogue import cite as cite
from gofal.data.catalogue import load as load
from gofal.data.catalogue import records as records
from gofal.data.catalogue import sources as sources
from gofal.data.checks import Footing as Footing
from gofal.data.checks import bounds as bounds
from gofal.data.checks import check as check
from gofal.data.checks import footing as footing
from gofal.data.checks import impossible_percentages as impossible_percentages
from gofal.data.readers import read_statswales as read_statswales
from gofal.data.readers import read_tidy as read_tidy
