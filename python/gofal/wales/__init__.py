"""Wales as the field describes it: authorities, deprivation editions, code lists, periods.

No statistics here. Every list names its source.
"""

from gofal.wales.authorities import AUTHORITIES as AUTHORITIES
from gofal.wales.authorities import Authority as Authority
from gofal.wales.authorities import authority as authority
from gofal.wales.codes import LEGAL_STATUS as LEGAL_STATUS
from gofal.wales.codes import NEED as NEED
from gofal.wales.codes import NOTE_CODES as NOTE_CODES
from gofal.wales.codes import PLACEMENTS as PLACEMENTS
from gofal.wales.codes import PlacementCode as PlacementCode
from gofal.wales.deprivation import EDITIONS as EDITIONS
from gofal.wales.deprivation import Edition as Edition
from gofal.wales.deprivation import edition_for as edition_for
from gofal.wales.periods import Period as Period
from gofal.wales.periods import parse_period as parse_period
