"""A local server of the LeadGenius Pro API, with the service's real habits.

How this house is laid out: `server` loads the sample and listens; `chain` is a request's way
(log, faults, errors, identity, rate limit) to `routes`, one file per section; `store` keeps the
tables, `rows` turns stored rows into JSON, `sample` makes them; `habits`, `limits` and `tokens`
each hold one habit of the service, `faults` holds what befalls its connections and answers.
Nothing of the SDK but its table of fields is imported.
"""

from __future__ import annotations

from leadgenius_async.emulator import faults as faults
from leadgenius_async.emulator.config import EmulatorConfig as EmulatorConfig
from leadgenius_async.emulator.faults import Fault as Fault, Faults as Faults
from leadgenius_async.emulator.request_log import (
    LoggedRequest as LoggedRequest,
    RequestLog as RequestLog,
)
from leadgenius_async.emulator.server import Emulator as Emulator
from leadgenius_async.emulator.structs import ReadyInfo as ReadyInfo, Tenant as Tenant

__all__ = [
    "Emulator", "EmulatorConfig", "Fault", "Faults", "LoggedRequest", "ReadyInfo", "RequestLog",
    "Tenant", "faults",
]  # fmt: skip
