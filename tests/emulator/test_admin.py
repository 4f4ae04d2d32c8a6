"""What an admin sees, and nobody else."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

Session = aiohttp.ClientSession
Headers = dict[str, str]

WHAT = pytest.mark.parametrize("what", ["companies", "users"])


async def _get(session: Session, what: str, headers: Headers) -> tuple[int, Any]:
    async with session.get(f"/api/admin/{what}", headers=headers) as response:
        return response.status, await response.json()


async def test_an_admin_sees_all(emulator: Emulator, session: Session, by_admin: Headers) -> None:
    """Both companies as they are now, and all of their users, without passwords."""
    async with session.put("/api/company", json={"name": "Now"}, headers=by_admin) as response:
        assert response.status == 200
    status, body = await _get(session, "companies", by_admin)
    assert (status, body["success"]) == (200, True)
    names = {company["company_id"]: company["name"] for company in body["companies"]}
    assert names == {"company-1": "Now", "company-2": "Sample Company Two"}

    status, body = await _get(session, "users", by_admin)
    assert (status, body["success"]) == (200, True)
    users = {user["id"]: user for user in body["users"]}
    ours, theirs = emulator.ready, emulator.other
    assert len(users) == 6
    assert users[ours.user_id] == {
        "id": ours.user_id,
        "username": ours.username,
        "email": ours.username,
        "company_id": "company-1",
        "role": "owner",
    }
    assert users[theirs.member.user_id]["role"] == "member"
    assert users[theirs.admin.user_id]["company_id"] == "company-2"
    assert "password" not in str(body)


@WHAT
async def test_nobody_else_does(
    *,
    session: Session,
    by_jwt: Headers,
    by_member: Headers,
    by_key: Headers,
    what: str,
) -> None:
    """An owner and a member are known and refused; a key is no login."""
    for headers, refused in (
        (by_jwt, (403, "insufficient_permissions")),
        (by_member, (403, "insufficient_permissions")),
        (by_key, (401, "no_valid_credentials")),
        ({}, (401, "no_valid_credentials")),
    ):
        status, body = await _get(session, what, headers)
        assert (status, body["errorType"]) == refused
        assert what not in body


@WHAT
async def test_an_admins_cookies_will_do(session: Session, by_admin: Headers, what: str) -> None:
    """They carry the same token."""
    token = by_admin["Authorization"].removeprefix("Bearer ")
    assert (await _get(session, what, {"Cookie": f"accessToken={token}"}))[0] == 200
