"""The company: who may change it, and what of it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from leadgenius_async.emulator import Emulator

Session = aiohttp.ClientSession
Headers = dict[str, str]


async def _put(session: Session, headers: dict[str, str], body: object) -> tuple[int, Any]:
    async with session.put("/api/company", json=body, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("role", ["owner", "admin"])
async def test_owner_and_admin_change_it(
    *, emulator: Emulator, session: Session, by_jwt: Headers, by_admin: Headers, role: str
) -> None:
    """Fields that nobody declared are kept; id and times are the service's own."""
    headers = {"owner": by_jwt, "admin": by_admin}[role]
    emulator.clock.advance(60)
    changes = {"name": "Northwind", "plan": {"seats": 3}, "id": "company-2", "createdAt": "never"}
    status, body = await _put(session, headers, changes)

    assert (status, body["success"]) == (200, True)
    company = body["company"]
    assert (company["name"], company["plan"]) == ("Northwind", {"seats": 3})
    assert company["id"] == company["company_id"] == "company-1"
    assert "never" != company["createdAt"] < company["updatedAt"]
    async with session.get("/api/company", headers=headers) as response:
        assert (await response.json())["company"] == company


async def test_a_member_changes_nothing(session: Session, by_member: Headers) -> None:
    """A member is known, reads the company, and is refused the change."""
    status, body = await _put(session, by_member, {"name": "Northwind"})

    assert (status, body["errorType"]) == (403, "insufficient_permissions")
    async with session.get("/api/company", headers=by_member) as response:
        assert (await response.json())["company"]["name"] == "Sample Company One"


async def test_companies_are_apart(session: Session, by_jwt: Headers, by_other: Headers) -> None:
    """Even an admin changes the own company alone, whatever id the body has."""
    ours = {"id": "company-1", "company_id": "company-1", "name": "Theirs"}
    status, body = await _put(session, by_other, ours)

    assert (status, body["company"]["company_id"]) == (200, "company-2")
    async with session.get("/api/company", headers=by_jwt) as response:
        assert (await response.json())["company"]["name"] == "Sample Company One"


@pytest.mark.parametrize(
    ("existing", "role", "status"),
    [("conflict", "owner", 409), ("update", "owner", 201), ("update", "member", 403)],
)
async def test_a_second_company(started: Any, existing: str, role: str, status: int) -> None:
    """Assumed: whoever has a company cannot make one; the switch changes the one there is."""
    async with started(existing_company=existing) as (emulator, session):
        user = emulator.ready if role == "owner" else emulator.ready.member
        login = {"username": user.username, "password": user.password}
        async with session.post("/api/auth", json=login) as response:
            token = (await response.json())["tokens"]["accessToken"]
        headers = {"Authorization": f"Bearer {token}"}
        async with session.post("/api/company", json={"name": "N"}, headers=headers) as response:
            assert response.status == status


@pytest.mark.parametrize("body", [{"name": ""}, {"name": None}, {"name": 7}])
async def test_a_name_is_a_text(session: Session, by_jwt: Headers, body: object) -> None:
    """A company always has a name."""
    status, _ = await _put(session, by_jwt, body)
    assert status == 400


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
async def test_a_key_is_refused(session: Session, by_key: dict[str, str], method: str) -> None:
    """The company is for logins (documented)."""
    async with session.request(
        method, "/api/company", json={"name": "N"}, headers=by_key
    ) as response:
        assert response.status == 401
