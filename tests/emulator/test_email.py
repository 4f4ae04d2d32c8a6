"""E-mail addresses, judged by their domain."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

Session = aiohttp.ClientSession
Headers = dict[str, str]


async def _post(session: Session, call: str, headers: Headers, body: object) -> tuple[int, Any]:
    async with session.post(f"/api/email-{call}", json=body, headers=headers) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("email", "valid", "mx", "smtp", "catch_all"),
    [
        ("ada@valid.example", True, True, True, False),
        ("Ada@VALID.example", True, True, True, False),
        ("ada@bounce.example", True, True, False, False),
        ("ada@catchall.example", True, True, True, True),
        ("ada@invalid.example", True, False, False, False),
        ("ada@northwind.example", True, True, True, False),
        ("ada@mail.northwind.example", True, True, True, False),
        ("ada@elsewhere.test", True, False, False, False),
        ("ada@sub.bounce.example", True, True, True, False),
        ("ada", False, False, False, False),
        ("ada@", False, False, False, False),
        ("a@b@valid.example", False, False, False, False),
        ("ada @valid.example", False, False, False, False),
        ("ada@valid.example\n", False, False, False, False),
    ],
)
async def test_the_domain_decides(
    *,
    session: Session,
    by_key: Headers,
    email: str,
    valid: bool,
    mx: bool,
    smtp: bool,
    catch_all: bool,
) -> None:
    """Mail arrives where the server takes it; both calls say the same of it."""
    status, checked = await _post(session, "validate", by_key, {"email": email})
    assert status == 200
    assert checked.pop("reason")
    assert checked == {"email": email, "valid": valid, "deliverable": smtp, "success": True}

    status, verified = await _post(session, "verify", by_key, {"email": email})
    assert status == 200
    assert verified.pop("reason")
    assert verified == {**checked, "mx": mx, "smtp": smtp, "catchAll": catch_all}


@pytest.mark.parametrize("call", ["validate", "verify"])
async def test_what_is_no_address(session: Session, by_jwt: Headers, call: str) -> None:
    """A text must be there; a login is as good as a key, and nothing is not."""
    for body in ({}, {"email": ""}, {"email": None}, {"email": 7}):
        assert (await _post(session, call, by_jwt, body))[0] == 400
    assert (await _post(session, call, by_jwt, {"email": "ada"}))[0] == 200
    assert (await _post(session, call, {}, {"email": "ada"}))[0] == 401


async def test_keys_by_switch(started: Any) -> None:
    """That a key is taken is assumed."""
    async with started(keys_everywhere=False) as (emulator, session):
        headers = {"x-api-key": emulator.ready.api_key, "x-user-id": emulator.ready.user_id}
        assert (await _post(session, "verify", headers, {"email": "ada"}))[0] == 401
