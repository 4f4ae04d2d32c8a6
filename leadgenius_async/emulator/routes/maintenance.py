"""What users report about the service itself."""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec

from leadgenius_async.emulator.clock import timestamp
from leadgenius_async.emulator.identity import Credentials
from leadgenius_async.emulator.routes.endpoint import Ask, NoQuery, call


class NewReport(msgspec.Struct):
    """The body of a report."""

    description: Annotated[str, msgspec.Meta(min_length=1)]
    userEmail: str | None = None


class Bug(msgspec.Struct):
    """What does not work."""

    id: str
    description: str
    userEmail: str | None
    status: str
    createdAt: str
    updatedAt: str


class Enhancement(Bug):
    """What is wished for."""


class BugList(msgspec.Struct):
    """`GET /api/maintenance/bugs`."""

    bugs: list[Bug]
    success: bool = True


class BugAnswer(msgspec.Struct):
    """One bug."""

    bug: Bug
    success: bool = True


class EnhancementList(msgspec.Struct):
    """`GET /api/maintenance/enhancements`."""

    enhancements: list[Enhancement]
    success: bool = True


class EnhancementAnswer(msgspec.Struct):
    """One enhancement."""

    enhancement: Enhancement
    success: bool = True


@call("GET", "/api/maintenance/bugs", Credentials.KEY_TOO)
async def list_bugs(ask: Ask[NoQuery, None]) -> BugList:
    """The company's bugs."""
    return BugList(ask.service.documents.all(Bug, ask.company_id))


@call("POST", "/api/maintenance/bugs", Credentials.KEY_TOO, status=201)
async def report_bug(ask: Ask[NoQuery, NewReport]) -> BugAnswer:
    """Report a bug."""
    return BugAnswer(_stored(ask, Bug))


@call("GET", "/api/maintenance/enhancements", Credentials.KEY_TOO)
async def list_enhancements(ask: Ask[NoQuery, None]) -> EnhancementList:
    """The company's enhancements."""
    return EnhancementList(ask.service.documents.all(Enhancement, ask.company_id))


@call("POST", "/api/maintenance/enhancements", Credentials.KEY_TOO, status=201)
async def request_enhancement(ask: Ask[NoQuery, NewReport]) -> EnhancementAnswer:
    """Wish for an enhancement."""
    return EnhancementAnswer(_stored(ask, Enhancement))


ENDPOINTS = (list_bugs, report_bug, list_enhancements, request_enhancement)

R = TypeVar("R", bound=Bug)


def _stored(ask: Ask[NoQuery, NewReport], kind: type[R]) -> R:
    body, now = ask.body, timestamp(ask.now)
    report = kind(ask.service.ids.uuid(), body.description, body.userEmail, "open", now, now)
    ask.service.documents.add(ask.company_id, report)
    return report
