"""What `leadgenius selftest --probe` sends and is answered: counted, and told without values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aiohttp
import msgspec

_WORD = re.compile(r"[\w.-]{1,40}")


class NotTried(Exception):
    """It could not be seen; the message says why."""


@dataclass(slots=True)
class Wire:
    """What goes over it, counted where it is sent: tries of one call are requests too.

    Attributes:
        most: Requests that may be sent.
        sent: Requests that were.
        answers: Status and headers of each answer, the last one last.
    """

    most: int
    sent: int = 0
    answers: list[tuple[int, Mapping[str, str]]] = field(
        default_factory=list[tuple[int, Mapping[str, str]]]
    )

    @property
    def trace(self) -> aiohttp.TraceConfig:
        """The hooks that count."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._before)
        config.on_request_end.append(self._after)
        return config

    async def _before(self, *_: object) -> None:
        if self.sent >= self.most:
            raise NotTried("no request is left")
        self.sent += 1

    async def _after(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams
    ) -> None:
        self.answers.append((end.response.status, end.response.headers))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered.

    Attributes:
        status: Its status.
        headers: Its headers.
        members: The members of its JSON object; of an error, what the SDK reads of it.
    """

    status: int
    headers: Mapping[str, str]
    members: dict[str, Any]

    @property
    def said(self) -> str:
        """Status and kind of error, as they are told."""
        kind = self.members.get("errorType")
        return (
            f"{self.status} {kind}"
            if isinstance(kind, str) and _is_word(kind)
            else str(self.status)
        )

    def listed(self, name: str) -> list[dict[str, Any]]:
        """Return a list of objects of the answer."""
        found = self.members.get(name)
        listed: list[Any] = found if isinstance(found, list) else []
        return [each for each in listed if isinstance(each, dict)]


def names(members: Mapping[str, object]) -> str:
    """Return names of members as they are told, but none that looks like somebody's."""
    return ", ".join(sorted(filter(_is_word, members))[:8]) or "none"


def members_of(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON object; none of what is no such object."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None
