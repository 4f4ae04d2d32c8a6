"""The rate limiter: no request leaves without its permit.

rates: what a setting may say · ledger: the arithmetic, without clock and I/O · feedback: what the
headers say · books: where the ledger is kept, in memory or in a file for all processes of the
host · desk: where a process gives out permits, to all its event loops · gate: what the request path
asks, in one of them.
"""

from leadgenius_async._http.limiter.books import (
    Local as Local,
    Shared as Shared,
    file_name as file_name,
)
from leadgenius_async._http.limiter.gate import (
    PERMIT_LIFE as PERMIT_LIFE,
    Gate as Gate,
    NoTurn as NoTurn,
)
from leadgenius_async._http.limiter.ledger import USED as USED
from leadgenius_async._http.limiter.rates import (
    WINDOW as WINDOW,
    Rate as Rate,
    Windows as Windows,
    parse_rate as parse_rate,
)
