"""Logging in, and staying so, against the emulator."""

from __future__ import annotations

import json
from pathlib import Path

import anyio
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, Secret, errors
from leadgenius_async._credentials_file import CredentialsFile
from leadgenius_async.emulator import Emulator


async def refresh_token_of(emulator: Emulator) -> str:
    """Return the refresh token of a new login."""
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        login = await lg.auth.login(emulator.ready.username, Secret(emulator.ready.password))
    assert login.tokens.refresh is not None
    return login.tokens.refresh.reveal()


async def test_a_login_does_not_print(emulator: Emulator) -> None:
    """Whose it is and when it ends may be shown; its tokens may not."""
    ready = emulator.ready
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        login = await lg.auth.login(ready.username, ready.password)
    shown = repr(login) + str(vars(login.tokens))
    for token in (login.tokens.access, login.tokens.id_token, login.tokens.refresh):
        assert token is not None
        assert token.reveal() not in shown
    assert ready.user_id in repr(login)
    assert login.expires_at is not None


@pytest.mark.parametrize(
    ("username", "password"), [("abc", "x" * 8), ("a" * 128, "x" * 128)], ids=["least", "most"]
)
async def test_lengths_within_the_range_are_sent(
    emulator: Emulator, username: str, password: str
) -> None:
    """The service has the last word on them."""
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        with pytest.raises(errors.NotFound):
            await lg.auth.login(username, password)
    assert len(emulator.log) == 1


@pytest.mark.parametrize(
    ("username", "password"),
    [("ab", "x" * 8), ("a" * 129, "x" * 8), ("abc", "x" * 7), ("abc", "x" * 129)],
)
async def test_lengths_beyond_it_are_not(username: str, password: str) -> None:
    """They would only use up one of five attempts; the message has the length, not the value."""
    async with Wire(reply()) as wire, LeadGenius(base_url=wire.url, rate="off") as lg:
        with pytest.raises(ValueError, match="characters; the service takes") as caught:
            await lg.auth.login(username, password)
    assert not wire.requests
    assert password not in str(caught.value)


async def test_without_a_login_there_is_nothing_to_refresh(emulator: Emulator) -> None:
    """The error says what to do; nothing is sent."""
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        with pytest.raises(errors.AuthenticationError, match="auth login"):
            await lg.auth.refresh()
    assert not len(emulator.log)


async def test_mmake_calls_with_a_dead_token_make_one_refresh() -> None:
    """Each gets its answer; the service sees one refresh, also where its tokens rotate."""
    async with Emulator(
        leads=0, source_leads=0, clients=1, rate="off", rotate_refresh_tokens=True
    ) as emulator:
        refresh = await refresh_token_of(emulator)
        async with (
            LeadGenius(
                base_url=emulator.base_url, access_token="dead", refresh_token=refresh, rate="off"
            ) as lg,
            anyio.create_task_group() as group,
        ):
            for _ in range(40):
                group.start_soon(lg.company.get)
        assert emulator.log.count(path="/api/auth/refresh") == 1
        assert emulator.log.count(path="/api/company", status=200) == 40


async def test_a_refresh_goes_on_from_the_last_one() -> None:
    """Where refresh tokens rotate, the one before is void."""
    async with Emulator(
        leads=0, source_leads=0, clients=1, rate="off", rotate_refresh_tokens=True
    ) as emulator:
        first = await refresh_token_of(emulator)
        async with LeadGenius(
            base_url=emulator.base_url, access_token="dead", refresh_token=first, rate="off"
        ) as lg:
            for _ in range(3):
                login = await lg.auth.refresh()
                assert login.user_id == emulator.ready.user_id
        async with LeadGenius(
            base_url=emulator.base_url, access_token="dead", refresh_token=first, rate="off"
        ) as lg:
            with pytest.raises(errors.AuthenticationError):
                await lg.company.get()


async def test_a_saved_login_is_renewed_in_its_file(
    emulator: Emulator, no_settings_from_outside: Path
) -> None:
    """Private, with what others keep there, and without the password."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    file.write_text(
        json.dumps(
            {
                "token": "dead",
                "refresh_token": await refresh_token_of(emulator),
                "email": emulator.ready.username,
                "base_url": emulator.base_url,
                "theirs": {"kept": True},
            }
        )
    )
    file.chmod(0o600)
    async with LeadGenius(password=emulator.ready.password, rate="off") as lg:
        await lg.company.get()
    saved = json.loads(file.read_text())
    assert saved["token"] != "dead"
    assert saved["user_id"] == emulator.ready.user_id
    assert saved["theirs"] == {"kept": True}
    assert emulator.ready.password not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


async def renew_thrice() -> None:
    async with LeadGenius(rate="off") as lg:
        for _ in range(3):
            await lg.auth.refresh()
            await lg.company.get()


async def test_a_saved_login_of_a_read_only_home_is_renewed_in_memory(
    no_settings_from_outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No call fails, one warning says so, and the dead tokens are not read again."""

    def refuse(self: CredentialsFile, _data: bytes) -> None:
        raise errors.ConfigurationError(f"{self.path} cannot be written: Read-only file system")

    async with Emulator(
        leads=0, source_leads=0, clients=1, rate="off", rotate_refresh_tokens=True
    ) as emulator:
        ready = emulator.ready
        async with LeadGenius(base_url=ready.base_url, rate="off") as lg:
            tokens = (await lg.auth.login(ready.username, ready.password)).tokens
        assert tokens.refresh is not None
        kept: dict[str, object] = {
            "token": tokens.access.reveal(),
            "refresh_token": tokens.refresh.reveal(),
            "base_url": ready.base_url,
        }
        file = CredentialsFile(no_settings_from_outside / ".leadgenius_auth.json")
        file.update(kept)
        monkeypatch.setattr(CredentialsFile, "_replace", refuse)
        with pytest.warns(UserWarning, match=r"cannot be saved .*Read-only") as told:
            await renew_thrice()
        assert len(told) == 1
        assert file.read() == kept


async def test_an_ended_login_begins_again_by_password(emulator: Emulator) -> None:
    """Where name and password are at hand, nobody has to be asked."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=emulator.base_url,
        access_token="dead",
        refresh_token="dead",
        username=ready.username,
        password=ready.password,
        rate="off",
    ) as lg:
        assert (await lg.company.get()).company_id == ready.company_id
    assert [request.path for request in emulator.log] == [
        "/api/company", "/api/auth/refresh", "/api/auth", "/api/company",
    ]  # fmt: skip


async def test_a_login_as_somebody_else_leaves_the_saved_one(
    emulator: Emulator, no_settings_from_outside: Path
) -> None:
    """Neither the new tokens nor those that follow them are written into another's file."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    kept = {"token": "of-a", "refresh_token": "of-a", "email": "a@sample.example",
            "base_url": emulator.base_url}  # fmt: skip
    file.write_text(json.dumps(kept))
    file.chmod(0o600)
    async with LeadGenius(rate="off") as lg:
        await lg.auth.login(emulator.ready.username, emulator.ready.password)
        await lg.auth.refresh()
    assert json.loads(file.read_text()) == kept


async def test_the_current_login_is_made_when_it_is_asked_for(emulator: Emulator) -> None:
    """Once; then it stands."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=emulator.base_url, username=ready.username, password=ready.password, rate="off"
    ) as lg:
        assert (await lg.auth.current()).user_id == ready.user_id
        assert (await lg.auth.current()).user_id == ready.user_id
    assert [request.path for request in emulator.log] == ["/api/auth"]
    async with LeadGenius(base_url=emulator.base_url, rate="off") as lg:
        with pytest.raises(errors.AuthenticationError, match="auth login"):
            await lg.auth.current()
