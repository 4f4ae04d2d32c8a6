"""One saved login and many processes: one refresh for all, and no write that is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import anyio
import filelock
import msgspec
import pytest

from leadgenius_async import LeadGenius, Secret, errors
from leadgenius_async._credentials_file import CredentialsFile, Profile
from leadgenius_async._http import shared_login
from leadgenius_async._http.auth import Session, Tokens
from leadgenius_async._http.call import Call, Reply
from leadgenius_async._http.shared_login import SharedLogin
from leadgenius_async.emulator import Emulator

REFRESH = "/api/auth/refresh"

#: Two hundred tasks, each of which makes a call with the saved login once all are there.
MANY = """
import sys, anyio
from leadgenius_async import LeadGenius

async def main():
    async with LeadGenius(rate="off") as lg:
        sys.stdout.write("ready\\n"); sys.stdout.flush()
        await anyio.to_thread.run_sync(sys.stdin.readline)
        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(lg.request, "GET", "/company")

anyio.run(main)
"""


async def save_login(emulator: Emulator, home: Path) -> None:
    """Log in by name, and save it as the command line does."""
    ready = emulator.ready
    async with LeadGenius(base_url=ready.base_url, rate="off") as lg:
        tokens = (await lg.auth.login(ready.username, ready.password)).tokens
    assert tokens.refresh is not None
    saved = {
        "token": tokens.access.reveal(),
        "refresh_token": tokens.refresh.reveal(),
        "base_url": ready.base_url,
    }
    CredentialsFile(home / ".leadgenius_auth.json").update(saved)


async def start() -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", MANY, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


@pytest.mark.fault("A2", "A3")
async def test_two_hundred_tasks_in_each_of_four_processes_make_one_refresh(
    no_settings_from_outside: Path,
) -> None:
    """At the token's end; the refresh token rotates, so that a second one would fail. No 401."""
    async with Emulator(leads=10, clients=1, rate="off", rotate_refresh_tokens=True) as emulator:
        await save_login(emulator, no_settings_from_outside)
        emulator.clock.advance(2 * 3600.0)
        processes = [await start() for _ in range(4)]
        for process in processes:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write(b"\n")
        assert [await process.wait() for process in processes] == [0, 0, 0, 0]
        assert emulator.log.count(path=REFRESH) == 1
        assert emulator.log.count(path="/api/company", status=200) == 800


class Server:
    """Gives new tokens, each refresh token once."""

    def __init__(self) -> None:
        self.valid = "refresh-0"
        self.refreshes = 0

    async def __call__(self, call: Call) -> Reply:
        given = msgspec.json.decode(call.body or b"")["refreshToken"]
        await anyio.sleep(0.02)
        if given != self.valid:
            raise errors.AuthenticationError("this refresh token is dead")
        self.refreshes += 1
        self.valid = f"refresh-{self.refreshes}"
        tokens = {"accessToken": f"access-{self.refreshes}", "refreshToken": self.valid}
        return Reply(200, {}, msgspec.json.encode({"tokens": tokens}))


class Disk:
    """A saved login in memory."""

    def __init__(self, lock: Path) -> None:
        self.tokens: Tokens | None = Tokens(Secret("access-0"), refresh=Secret("refresh-0"))
        self.lock = lock
        self.shared = SharedLogin(lock, lambda: self.tokens, self.save)

    def save(self, tokens: Tokens) -> None:
        self.tokens = tokens

    def session(self, server: Server) -> Session:
        """Return the session of another process that has read what is saved now."""
        session = Session(self.tokens, shared=self.shared)
        session.bind(server)
        return session


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "lock")


@pytest.mark.fault("A2", "A3")
async def test_whoever_has_the_lock_looks_what_is_saved(disk: Disk) -> None:
    """Four sessions see a 401 together: one refreshes, the others take what it saved."""
    server = Server()
    sessions = [disk.session(server) for _ in range(4)]
    async with anyio.create_task_group() as tasks:
        for session in sessions:
            tasks.start_soon(session.renew, await session.headers())
    assert server.refreshes == 1
    assert {(await session.current()).access.reveal() for session in sessions} == {"access-1"}


@pytest.mark.fault("A3")
async def test_a_refresh_that_is_asked_for_uses_the_token_that_is_saved(disk: Disk) -> None:
    """Its own is dead: another process has rotated it."""
    server = Server()
    first, second = disk.session(server), disk.session(server)
    await first.refresh()
    await second.refresh()
    assert server.refreshes == 2
    assert disk.tokens is second.tokens


async def test_another_users_login_is_not_taken(disk: Disk) -> None:
    """Who logs in meanwhile, into the same file, changes nobody's account, nor is overwritten."""
    server = Server()
    session = disk.session(server)
    theirs = Tokens(Secret("h.eyJzdWIiOiJvdGhlciJ9.s"), refresh=Secret("another"))
    disk.tokens = theirs
    await session.renew(await session.headers())
    assert (await session.current()).access == Secret("access-1")
    assert disk.tokens is theirs


async def test_a_logout_elsewhere_does_not_end_what_is_running(disk: Disk) -> None:
    """Nothing is saved any more: the session goes on with what it has."""
    server = Server()
    session = disk.session(server)
    disk.tokens = None
    await session.renew(await session.headers())
    assert (await session.current()).access == Secret("access-1")


async def test_a_lock_that_is_kept_is_waited_for_and_then_passed(
    disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped in the middle keeps it; the deadline ends the wait earlier."""
    monkeypatch.setattr(shared_login, "LONGEST_WAIT", 0.5)
    session = disk.session(Server())
    headers = await session.headers()
    with filelock.FileLock(disk.lock):
        started = time.monotonic()
        with anyio.move_on_after(0.1) as scope:
            await session.renew(headers)
        assert scope.cancelled_caught
        assert time.monotonic() - started < 0.5
        await session.renew(headers)
    assert (await session.current()).access == Secret("access-1")
    with filelock.FileLock(disk.lock, timeout=0):
        pass


async def test_a_folder_without_room_for_a_lock_is_no_reason_to_stop(tmp_path: Path) -> None:
    """The login is renewed all the same; only saving it may fail."""
    (tmp_path / "file").touch()
    disk = Disk(tmp_path / "file" / "lock")
    session = disk.session(Server())
    await session.renew(await session.headers())
    assert (await session.current()).access == Secret("access-1")


KEEP = """
import sys, time, filelock
filelock.FileLock(sys.argv[1]).acquire()
print("held", flush=True)
time.sleep(60)
"""


async def test_a_lock_dies_with_its_owner(disk: Disk) -> None:
    """Killed in the middle of a refresh: the next process goes on at once."""
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", KEEP, disk.lock, stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"held\n"
    owner.kill()
    await owner.wait()
    session = disk.session(Server())
    await session.renew(await session.headers())
    assert (await session.current()).access == Secret("access-1")


# Writes of the file


@pytest.mark.fault("A3")
async def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Each adds a key or a profile of its own: all are there in the end."""
    saved = CredentialsFile(tmp_path / "auth.json")
    profiles = CredentialsFile(tmp_path / "profiles.json")
    async with anyio.create_task_group() as tasks:
        for n in range(20):
            tasks.start_soon(anyio.to_thread.run_sync, saved.update, {f"key{n}": n})
            one = Profile(f"p{n}", profiles)
            tasks.start_soon(anyio.to_thread.run_sync, one.update, {"user_id": str(n)})
    assert saved.read() == {f"key{n}": n for n in range(20)}
    assert Profile("", profiles).entries() == {f"p{n}": {"user_id": str(n)} for n in range(20)}


def test_a_file_that_stays_locked_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its message names the lock; what stands in the file stays."""
    monkeypatch.setattr("leadgenius_async._credentials_file._LONGEST_WAIT", 0.05)
    saved = CredentialsFile(tmp_path / "auth.json")
    saved.update({"a": 1})
    with (
        filelock.FileLock(f"{saved.path}.lock"),
        pytest.raises(errors.ConfigurationError, match=r"auth\.json\.lock"),
    ):
        saved.update({"a": 2})
    assert saved.read() == {"a": 1}
    assert ((tmp_path / "auth.json.lock").stat().st_mode & 0o077) == 0
