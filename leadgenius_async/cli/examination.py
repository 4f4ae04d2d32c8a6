"""The checks of `leadgenius doctor`, in the order in which a request needs what they look at."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Literal

import anyio
import platformdirs
from yarl import URL

from leadgenius_async import _settings, errors
from leadgenius_async._client import LeadGenius
from leadgenius_async._http.call import Reply
from leadgenius_async._http.origin import is_loopback
from leadgenius_async._settings import Settings
from leadgenius_async._version import __version__
from leadgenius_async.cli import failures
from leadgenius_async.cli.options import Connection

Outcome = Literal["ok", "warning", "failed", "skipped"]

_PATIENCE = 10.0  # seconds, for an address or a connection
_LONGEST = 60.0  # seconds, for a request with its tries
_SKEW = 60.0  # seconds; logins end by the service's clock
_EXPIRES_SOON = 14  # days
_LITTLE_SPACE = 10**9  # bytes
_NETWORK = ("dns", "proxy", "tls")
_ACCOUNT = ("account", "clock", "quota", "export")
_PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        outcome: `skipped` where an earlier failure leaves nothing to look at.
        detail: What there is.
        remedy: What to do about it; empty where all is well.
        exit_code: The command's, if it failed.
    """

    check: str
    outcome: Outcome = "ok"
    detail: str = ""
    remedy: str = ""
    exit_code: int = failures.OK


async def examine(connection: Connection) -> list[Finding]:
    """Return what all checks found."""
    found = [_versions()]
    try:
        settings = _settings.load(
            profile=connection.profile, base_url=connection.base_url, rate=connection.rate
        )
    except errors.ConfigurationError as error:
        found.append(_failed("settings", error, "mend the setting that it names"))
        return [*found, *_folders()]
    except Exception as error:  # noqa: BLE001 - see `_unexpected`
        return [*found, _unexpected("settings", error), *_folders()]
    found.append(_described(settings))
    network = await _guarded(_NETWORK, _network(settings))
    failed = [finding.check for finding in (found[-1], *network) if finding.outcome == "failed"]
    account = _account(connection, settings, in_the_way=failed)
    return [*found, *network, *await _guarded(_ACCOUNT, account), *_folders()]


async def _guarded(checks: Sequence[str], found: Awaitable[list[Finding]]) -> list[Finding]:
    """Return what checks found; what none of them knew of fails the first, and skips the rest."""
    try:
        return await found
    except Exception as error:  # noqa: BLE001 - see `_unexpected`
        return [_unexpected(checks[0], error), *_skipped(checks[1:], checks[0])]


def _guarded_one(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - see `_unexpected`
        return _unexpected(check, error)


def _versions() -> Finding:
    python = ".".join(map(str, sys.version_info[:3]))
    return Finding(
        check="versions", detail=f"leadgenius {__version__}, Python {python}, {sys.platform}"
    )


def _described(settings: Settings) -> Finding:
    kinds = []
    if settings.access_token or settings.refresh_token:
        kinds.append("a saved login" if settings.saved else "a login's token")
    if settings.username and settings.password:
        kinds.append(f"a password for {settings.username}")
    if settings.api_key:
        of = f"of user {settings.user_id}" if settings.user_id else "without its user id"
        kinds.append(f"API key {settings.api_key.hint()} {of}")
    if not kinds or (settings.api_key and not settings.user_id):
        return Finding(
            check="settings",
            outcome="failed",
            detail=f"{' and '.join(kinds) or 'no credentials'} for {settings.base_url}",
            remedy="set LEADGENIUS_API_KEY and LEADGENIUS_USER_ID, or run `leadgenius auth login`",
            exit_code=failures.AUTH,
        )
    return Finding(check="settings", detail=f"{' and '.join(kinds)} for {settings.base_url}")


async def _network(settings: Settings) -> list[Finding]:
    url = URL(settings.base_url)
    if settings.proxy is not None:  # which looks the name up, and dials
        via = URL(settings.proxy.reveal()).host
        ways = _skipped(("dns", "tls"), why="the proxy does that")
        return [ways[0], Finding(check="proxy", detail=f"all goes through {via}"), ways[1]]
    found = [await _dns(url), _proxy()]
    if found[0].outcome == "failed":
        return [*found, *_skipped(["tls"], "dns")]
    return [*found, await _tls(url)]


async def _dns(url: URL) -> Finding:
    loop = asyncio.get_running_loop()
    try:
        with anyio.fail_after(_PATIENCE):
            addresses = await loop.getaddrinfo(url.host, url.port)
    except (OSError, TimeoutError, UnicodeError) as error:  # the last: a name that none can have
        remedy = "check the base URL's host, the network and its DNS server"
        return _failed("dns", error, remedy, code=failures.NETWORK)
    hosts = sorted({str(address[4][0]) for address in addresses})
    return Finding(check="dns", detail=f"{url.host} is {', '.join(hosts[:3])}")


def _proxy() -> Finding:
    given = [name for name in _PROXIES if os.environ.get(name)]
    if not given:
        return Finding(check="proxy", detail="none is set")
    return Finding(
        check="proxy",
        outcome="warning",
        detail=f"{given[0]} is set, and not used",
        remedy="set LEADGENIUS_PROXY too, if the service is to be reached through it",
    )


async def _tls(url: URL) -> Finding:
    if url.scheme == "http":
        return _plain(url.host or "")
    context = ssl.create_default_context()
    try:
        with anyio.fail_after(_PATIENCE):
            reader, writer = await asyncio.open_connection(url.host, url.port, ssl=context)
    except (OSError, TimeoutError) as error:
        remedy = "check the firewall; where certificates are replaced on the way, set SSL_CERT_FILE"
        return _failed("tls", error, remedy, code=failures.NETWORK)
    del reader
    try:
        return _certificate(writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


def _plain(host: str) -> Finding:
    if is_loopback(host):
        return Finding(check="tls", detail="none: http, on this machine alone")
    return Finding(
        check="tls",
        outcome="warning",
        detail=f"none: http, so {host} and whoever is on the way there can read the credentials",
        remedy="give an https:// base URL, and unset LEADGENIUS_ALLOW_HTTP",
    )


def _certificate(tls: ssl.SSLObject) -> Finding:
    ends = ssl.cert_time_to_seconds(str((tls.getpeercert() or {})["notAfter"]))
    days = int((ends - time.time()) / 86_400)
    return Finding(
        check="tls",
        outcome="ok" if days >= _EXPIRES_SOON else "warning",
        detail=f"{tls.version()}, the certificate is good for {days} days",
        remedy="" if days >= _EXPIRES_SOON else "tell the service's support",
    )


async def _account(
    connection: Connection, settings: Settings, *, in_the_way: Sequence[str]
) -> list[Finding]:
    if in_the_way:
        return _skipped(_ACCOUNT, in_the_way[0])
    began = time.time()
    try:
        async with connection.open() as lg:
            reply = await lg.request("GET", "/clients", query={"limit": "1"}, deadline=_LONGEST)
            now = (began + time.time()) / 2
            detail = f"the credentials are taken; answered in {(now - began) * 2000:.0f} ms"
            return [
                Finding(check="account", detail=detail),
                _guarded_one("clock", lambda: _clock(reply, now)),
                _guarded_one("quota", lambda: _quota(reply.headers, settings)),
                await _export(lg),
            ]
    except errors.LeadGeniusError as error:
        return [_refused("account", error), *_skipped(_ACCOUNT[1:], "account")]


async def _export(lg: LeadGenius) -> Finding:
    """Ask for one lead, as an export would ask for all: it takes an API key."""
    try:
        with anyio.fail_after(_LONGEST):
            found = [lead async for lead in lg.enrich_leads.rows(fields=["id"], limit=1)]
    except errors.LeadGeniusError as error:
        return _refused("export", error)
    except TimeoutError as error:
        return _failed("export", error, "try again later", code=failures.NETWORK)
    except Exception as error:  # noqa: BLE001 - see `_unexpected`
        return _unexpected("export", error)
    return Finding(check="export", detail="leads can be read" if found else "there is no lead")


def _refused(check: str, error: errors.LeadGeniusError) -> Finding:
    match error:
        case errors.CredentialsMissing():
            remedy = "set LEADGENIUS_API_KEY and LEADGENIUS_USER_ID"
        case errors.AuthenticationError():
            remedy = "check key and user id, or run `leadgenius auth login`"
        case errors.PermissionDenied():
            remedy = "use credentials that may read this"
        case errors.RateLimited() | errors.QueuedTooLong():
            remedy = "wait a minute; something else uses the account's quota"
        case errors.NotFound() | errors.ProtocolError():
            remedy = "check the base URL: its path may be at fault"
        case _:
            remedy = "try again, once that is seen to"
    return _failed(check, error, remedy)


def _clock(reply: Reply, now: float) -> Finding:
    try:
        theirs = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (ValueError, OverflowError, OSError):  # no date, or one of another age
        return Finding(check="clock", outcome="skipped", detail="the service sent no usable date")
    off = now - theirs
    if abs(off) <= _SKEW:
        return Finding(check="clock", detail="as the service's, within a minute")
    return Finding(
        check="clock",
        outcome="warning",
        detail=f"{abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} the service's",
        remedy="set this machine's clock (NTP)",
    )


def _quota(headers: Mapping[str, str], settings: Settings) -> Finding:
    limit, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining")
    if limit is None:
        return Finding(
            check="quota",
            outcome="warning",
            detail="the service does not say its limit",
            remedy="give --rate, if the account has more than 100 requests a minute",
        )
    paced = "" if settings.rate is None else "; the pace is set by `rate`"
    return Finding(check="quota", detail=f"{limit} requests a minute, {left or '?'} left{paced}")


def _folders() -> list[Finding]:
    folders: dict[str, Callable[[], Path]] = {
        "work folder": Path.cwd,
        "settings folder": lambda: Path(platformdirs.user_config_dir("leadgenius")),
        "state folder": lambda: platformdirs.user_state_path("leadgenius"),
        "temporary folder": lambda: Path(tempfile.gettempdir()),
    }
    return [_guarded_one(name, partial(_folder, name, find)) for name, find in folders.items()]


def _folder(check: str, find: Callable[[], Path]) -> Finding:
    try:
        folder = find()
    except FileNotFoundError as error:  # it was deleted, with this process in it
        return _failed(check, error, "change to a folder that is there")
    # Not Path.exists, which raises where a folder above it cannot be looked into.
    there = next(path for path in (folder, *folder.parents) if os.path.exists(path))  # noqa: PTH110
    try:
        with tempfile.TemporaryFile(dir=there):
            free = shutil.disk_usage(there).free
    except OSError as error:
        return _failed(check, error, f"make {there} one that you may write to")
    if free < _LITTLE_SPACE:
        return Finding(
            check=check,
            outcome="warning",
            detail=f"{folder}: {free / 1e6:.0f} MB free",
            remedy="make room: an export takes about 1 GB for a million rows",
        )
    return Finding(check=check, detail=f"{folder}: {free / 1e9:.0f} GB free")


def _failed(check: str, error: Exception, remedy: str, *, code: int | None = None) -> Finding:
    words = getattr(error, "strerror", None) or str(error) or "no answer in time"
    return Finding(
        check=check,
        outcome="failed",
        detail=words,
        remedy=remedy,
        exit_code=failures.exit_code(error) if code is None else code,
    )


def _unexpected(check: str, error: Exception) -> Finding:
    """Return what a check found that itself failed: no reason to say nothing of the others."""
    return Finding(
        check=check,
        outcome="failed",
        detail=f"{type(error).__name__}: {error}",
        remedy="look into that; the other checks go by what they found themselves",
        exit_code=failures.exit_code(error),
    )


def _skipped(checks: Sequence[str], failed: str = "", *, why: str = "") -> list[Finding]:
    detail = why or f"{failed} failed"
    return [Finding(check=check, outcome="skipped", detail=detail) for check in checks]
