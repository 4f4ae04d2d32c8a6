"""Bugs and enhancements: one shape under two names."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

Session = aiohttp.ClientSession
Headers = dict[str, str]

KINDS = pytest.mark.parametrize("kind", ["bug", "enhancement"])


async def _post(session: Session, kind: str, headers: Headers, body: object) -> tuple[int, Any]:
    path = f"/api/maintenance/{kind}s"
    async with session.post(path, json=body, headers=headers) as response:
        return response.status, await response.json()


async def _listed(session: Session, kind: str, headers: Headers) -> list[dict[str, Any]]:
    async with session.get(f"/api/maintenance/{kind}s", headers=headers) as response:
        listed: list[dict[str, Any]] = (await response.json())[f"{kind}s"]
    return listed


@KINDS
async def test_what_is_reported_is_listed(
    session: Session, by_key: Headers, other_key: Headers, kind: str
) -> None:
    """By its own company alone, under its own kind alone, oldest first."""
    made: list[object] = []
    for body in ({"description": "a", "userEmail": "you@company.example"}, {"description": "b"}):
        status, answer = await _post(session, kind, by_key, body)
        assert (status, answer["success"]) == (201, True)
        made.append(answer[kind])
    listed = await _listed(session, kind, by_key)

    assert listed == made
    assert [report["description"] for report in listed] == ["a", "b"]
    assert [report["userEmail"] for report in listed] == ["you@company.example", None]
    assert {report["status"] for report in listed} == {"open"}
    assert await _listed(session, kind, other_key) == []
    other = {"bug": "enhancement", "enhancement": "bug"}[kind]
    assert await _listed(session, other, by_key) == []


@KINDS
@pytest.mark.parametrize("body", [{}, {"description": ""}, {"description": "a", "userEmail": 7}])
async def test_what_is_malformed(
    session: Session, by_key: Headers, kind: str, body: object
) -> None:
    """A description must be there."""
    status, answer = await _post(session, kind, by_key, body)
    assert (status, answer["success"]) == (400, False)
    assert await _listed(session, kind, by_key) == []


@KINDS
async def test_credentials(session: Session, by_jwt: Headers, kind: str) -> None:
    """A login will do, nothing will not."""
    assert (await _post(session, kind, by_jwt, {"description": "a"}))[0] == 201
    assert (await _post(session, kind, {}, {"description": "a"}))[0] == 401
    async with session.get(f"/api/maintenance/{kind}s") as response:
        assert response.status == 401
