"""gofal: statistics for research on children looked after."""
