"""The report: every study as files and one page per language, and the check that nothing moved."""

from gofal.report.build import build as build
from gofal.report.golden import Move as Move
from gofal.report.golden import check as check
from gofal.report.golden import update as update
