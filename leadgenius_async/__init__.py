"""Asyncio SDK, bulk extractor and command line for the LeadGenius Pro API.

How this house is laid out:
    cli/ → integrations/ (one module a tool) → _report/ (what files hold, as figures and a page)
         → _accounts/ (many tenants at a time)
         → _client → _resources/ (one file per API section)
         → _extract/ (bulk lists to files), _writes/ (rows to leads)
         → _http/ (one request's way to the wire)
         → errors, _fields (the one table of lead fields)
    emulator/ is the service on your own machine; it shares nothing with the rest but _fields.
    Importing the package loads nothing; a name loads what it needs on first use.
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING

from leadgenius_async._version import __version__ as __version__

if TYPE_CHECKING:
    from leadgenius_async import errors as errors, models as models
    from leadgenius_async._accounts.export import export_tenants as export_tenants
    from leadgenius_async._accounts.tenant import Tenant as Tenant
    from leadgenius_async._accounts.tenants_file import read_tenants as read_tenants
    from leadgenius_async._client import LeadGenius as LeadGenius
    from leadgenius_async._extract.compact import compact as compact
    from leadgenius_async._extract.query import UnknownFieldWarning as UnknownFieldWarning
    from leadgenius_async._report.counting import make_report as make_report
    from leadgenius_async._resources.notes import notes_from_ai_fields as notes_from_ai_fields
    from leadgenius_async._secret import Secret as Secret
    from leadgenius_async.emulator import Emulator as Emulator
    from leadgenius_async.errors import LeadGeniusError as LeadGeniusError

_HOMES = {
    "Emulator": "leadgenius_async.emulator",
    "LeadGenius": "leadgenius_async._client",
    "LeadGeniusError": "leadgenius_async.errors",
    "Secret": "leadgenius_async._secret",
    "Tenant": "leadgenius_async._accounts.tenant",
    "UnknownFieldWarning": "leadgenius_async._extract.query",
    "compact": "leadgenius_async._extract.compact",
    "export_tenants": "leadgenius_async._accounts.export",
    "make_report": "leadgenius_async._report.counting",
    "notes_from_ai_fields": "leadgenius_async._resources.notes",
    "read_tenants": "leadgenius_async._accounts.tenants_file",
}

__all__ = [
    "Emulator",
    "LeadGenius",
    "LeadGeniusError",
    "Secret",
    "Tenant",
    "UnknownFieldWarning",
    "__version__",
    "compact",
    "errors",
    "export_tenants",
    "make_report",
    "models",
    "notes_from_ai_fields",
    "read_tenants",
]

# A library does not write to the screen unless it is asked to.
logging.getLogger("leadgenius_async").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    """Load a public name on first use (PEP 562)."""
    if name in {"errors", "models"}:
        return importlib.import_module(f"{__name__}.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
