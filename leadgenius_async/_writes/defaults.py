"""What an import or a change does if nothing else is asked for."""

BATCH = 50  # rows of a request, as the service recommends (documented)
SETTLE = 90.0  # seconds that a lost answer may take to be applied
