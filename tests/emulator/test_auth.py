"""Login and refresh."""

from __future__ import annotations

import base64
import json
from typing import Any

import aiohttp
import pytest

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator

LOGIN = "/api/auth"
REFRESH = "/api/auth/refresh"


def _login(emulator: Emulator, **changed: str) -> dict[str, str]:
    ready = emulator.ready
    return {"username": ready.username, "password": ready.password, **changed}


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


async def test_login(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """A login answers with the documented body; `sub` of the JWT is the user's id."""
    async with session.post(LOGIN, json=_login(emulator)) as response:
        body = await response.json()

    assert response.status == 200
    assert set(body) == {"success", "message", "tokens", "user", "timestamp"}
    assert body["success"] is True
    assert body["user"] == {"username": emulator.ready.username}
    tokens = body["tokens"]
    assert set(tokens) == {"accessToken", "idToken", "refreshToken", "expiresIn"}
    assert tokens["expiresIn"] == 3_600
    claims = _claims(tokens["accessToken"])
    assert claims["sub"] == emulator.ready.user_id
    assert claims["exp"] - claims["iat"] == 3_600


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"password": "not-the-password"}, 401),
        ({"username": "nobody@company-1.example"}, 404),
        ({"username": ""}, 400),
        ({"username": "ab"}, 400),
        ({"username": "a" * 129}, 400),
        ({"password": "1234567"}, 400),
        ({"password": "1" * 129}, 400),
    ],
)
async def test_login_refused(
    emulator: Emulator, session: aiohttp.ClientSession, changed: dict[str, str], status: int
) -> None:
    """A refused login carries `solution`, and neither `errorType` nor `recommendation`."""
    async with session.post(LOGIN, json=_login(emulator, **changed)) as response:
        body = await response.json()

    assert response.status == status
    assert set(body) == {"success", "error", "solution", "requestId"}
    assert body["success"] is False


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b'{"username":"abc","password":"12345678"}', "text/plain"),
        (b'{"username":', "application/json"),
        (b"[]", "application/json"),
        (b'{"username":"\xff"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"password":"12345678"}', "application/json"),
        (b'{"username":7,"password":"12345678"}', "application/json"),
    ],
)
async def test_login_unreadable(
    session: aiohttp.ClientSession, data: bytes, content_type: str
) -> None:
    """Another content type, no JSON object or a missing field is a 400."""
    headers = {"Content-Type": content_type}
    async with session.post(LOGIN, data=data, headers=headers) as response:
        assert response.status == 400
        assert "solution" in await response.json()


@pytest.mark.parametrize(
    ("login", "status", "right", "wrong"),
    [
        ("unconfirmed", 401, errors.AuthenticationError, errors.AuthenticationError),
        ("mfa", 401, errors.AuthenticationError, errors.AuthenticationError),
        ("failing", 500, errors.ServerError, errors.ServerError),
        ("ok", 200, None, errors.AuthenticationError),
    ],
)
async def test_what_a_right_password_leads_to(
    started: Any,
    login: str,
    status: int,
    right: type[errors.APIStatusError] | None,
    wrong: type[errors.APIStatusError],
) -> None:
    """A user who may not log in is told why, without tokens; the SDK raises what it promises."""
    async with started(login=login) as (emulator, session):
        async with session.post(LOGIN, json=_login(emulator)) as response:
            body = await response.json()
        assert response.status == status
        assert ("tokens" in body) == (right is None)
        username, password = emulator.ready.username, emulator.ready.password
        async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
            if right is not None:
                with pytest.raises(right, match=body["error"]) as caught:
                    await lg.auth.login(username, password)
                assert caught.value.status == status
                assert caught.value.recommendation == body["solution"]
            with pytest.raises(wrong):
                await lg.auth.login(username, "not-the-password")


async def test_too_many_logins_of_the_sdk(started: Any) -> None:
    """They are a `RateLimited` that names the seconds, at once: nobody waits for 15 minutes."""
    async with started(login_attempts=1) as (emulator, session):
        async with session.post(LOGIN, json=_login(emulator)) as response:
            assert response.status == 200
        async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
            with pytest.raises(errors.RateLimited) as caught:
                await lg.auth.login(emulator.ready.username, emulator.ready.password)
        assert caught.value.retry_after == 900


async def test_too_many_logins(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """The sixth attempt of an address within 15 minutes is a 429 with `retryAfter` in ms."""
    for _ in range(5):
        async with session.post(LOGIN, json=_login(emulator)) as response:
            assert response.status == 200
    async with session.post(LOGIN, json=_login(emulator)) as response:
        body = await response.json()

    assert response.status == 429
    assert body["retryAfter"] == 900_000
    assert "errorType" not in body


async def _tokens(session: aiohttp.ClientSession, path: str, body: object) -> dict[str, Any]:
    async with session.post(path, json=body) as response:
        assert response.status == 200
        tokens: dict[str, Any] = (await response.json())["tokens"]
        return tokens


async def test_refresh(emulator: Emulator, session: aiohttp.ClientSession) -> None:
    """A refresh answers with the same kind of tokens; the refresh token stays good."""
    first = await _tokens(session, LOGIN, _login(emulator))
    second = await _tokens(session, REFRESH, {"refreshToken": first["refreshToken"]})

    assert set(second) == set(first)
    assert second["refreshToken"] == first["refreshToken"]
    assert second["accessToken"] != first["accessToken"]
    assert _claims(second["accessToken"])["sub"] == emulator.ready.user_id


async def test_rotated_refresh(started: Any) -> None:
    """With rotation, a refresh token is good for one refresh."""
    async with started(rotate_refresh_tokens=True) as (emulator, session):
        first = await _tokens(session, LOGIN, _login(emulator))
        second = await _tokens(session, REFRESH, {"refreshToken": first["refreshToken"]})
        async with session.post(REFRESH, json={"refreshToken": first["refreshToken"]}) as response:
            assert response.status == 401
            assert "solution" in await response.json()
        await _tokens(session, REFRESH, {"refreshToken": second["refreshToken"]})


@pytest.mark.parametrize(("body", "status"), [({}, 400), ({"refreshToken": "unknown"}, 401)])
async def test_refresh_refused(
    session: aiohttp.ClientSession, body: dict[str, str], status: int
) -> None:
    """A refresh without a token is a 400, with an unknown one a 401."""
    async with session.post(REFRESH, json=body) as response:
        assert response.status == status


async def test_expired_refresh(started: Any) -> None:
    """An expired refresh token is a 401."""
    async with started(refresh_token_life=1e-9) as (emulator, session):
        tokens = await _tokens(session, LOGIN, _login(emulator))
        async with session.post(REFRESH, json={"refreshToken": tokens["refreshToken"]}) as response:
            assert response.status == 401


async def _refreshed(started: Any, **switches: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """The tokens of a login, and of a refresh under other switches."""
    async with started() as (emulator, session):
        first = await _tokens(session, LOGIN, _login(emulator))
        emulator.change(**switches)
        return first, await _tokens(session, REFRESH, {"refreshToken": first["refreshToken"]})


async def test_refresh_without_a_token(started: Any) -> None:
    """A refresh may answer 200 and have no token."""
    _, second = await _refreshed(started, refresh="no_token")
    assert set(second) == {"refreshToken", "expiresIn"}


async def test_refresh_with_the_same_token(started: Any) -> None:
    """A refresh may give the access token that it was to replace."""
    first, second = await _refreshed(started, refresh="same_token")
    assert second["accessToken"] == first["accessToken"]


@pytest.mark.parametrize(("refresh", "status"), [("failing", 500), ("refused", 401)])
async def test_refresh_that_fails(started: Any, refresh: str, status: int) -> None:
    """A right refresh token may be refused, and is good again afterwards."""
    async with started(refresh=refresh) as (emulator, session):
        first = await _tokens(session, LOGIN, _login(emulator))
        body = {"refreshToken": first["refreshToken"]}
        async with session.post(REFRESH, json=body) as response:
            assert response.status == status
            assert "solution" in await response.json()
        emulator.change(refresh="ok")
        await _tokens(session, REFRESH, body)


@pytest.mark.parametrize("life", [0, -60])
async def test_a_token_that_never_lived(started: Any, life: float) -> None:
    """A life of nothing is said, and meant."""
    async with started(access_token_life=life) as (emulator, session):
        tokens = await _tokens(session, LOGIN, _login(emulator))
        assert tokens["expiresIn"] == life
        bearer = {"Authorization": f"Bearer {tokens['accessToken']}"}
        async with session.get("/api/clients", headers=bearer) as response:
            assert response.status == 401
            assert (await response.json())["errorType"] == "token_expired"


@pytest.mark.parametrize("told", [0, -5, "absent"])
async def test_what_a_token_is_said_to_live(started: Any, told: int | str) -> None:
    """`expiresIn` may be wrong or absent, while the token is good."""
    async with started(expires_in=told) as (emulator, session):
        tokens = await _tokens(session, LOGIN, _login(emulator))
        renewed = await _tokens(session, REFRESH, {"refreshToken": tokens["refreshToken"]})
        for each in (tokens, renewed):
            assert each.get("expiresIn", "absent") == told
            bearer = {"Authorization": f"Bearer {each['accessToken']}"}
            async with session.get("/api/clients", headers=bearer) as response:
                assert response.status == 200


async def test_revoked_key(
    emulator: Emulator, session: aiohttp.ClientSession, by_key: dict[str, str]
) -> None:
    """A key is revoked while it is used; another company's stays good."""
    for status in (200, 401):
        async with session.get("/api/clients", headers=by_key) as response:
            assert response.status == status
        if status == 200:
            emulator.revoke_key()
    with pytest.raises(ValueError, match="revoked already"):
        emulator.revoke_key()
    emulator.revoke_key(emulator.other.api_key)
