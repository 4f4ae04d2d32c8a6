"""Options that every command shares, as one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach the service.

    Attributes:
        base_url: Origin of the service, with or without /api.
        profile: Name of an entry in profiles.json.
        rate: standard (100 requests a minute), premium (1,000), a number, or off.
        timeout: Seconds for one try of a request.
        deadline: Seconds for a whole request with its waits.
    """

    base_url: str | None = None
    profile: str | None = None
    rate: str | None = None
    timeout: float = 60.0
    deadline: float = 600.0

    def open(self) -> LeadGenius:
        """Return a client with these options; credentials come from environment or file."""
        from leadgenius_async._client import LeadGenius  # noqa: PLC0415 - loads aiohttp

        return LeadGenius(
            base_url=self.base_url,
            profile=self.profile,
            rate=self.rate,
            timeout=self.timeout,
            deadline=self.deadline,
        )


#: Nothing given: all from environment, profile and file.
DEFAULT = Connection()

Json = Annotated[bool, Parameter(name="--json", negative=())]
Flag = Annotated[bool, Parameter(negative=())]
