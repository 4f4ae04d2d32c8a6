"""aiohttp, and what of it must not get any further: its limits, its bodies, its errors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import aiohttp
from yarl import URL

from leadgenius_async import errors
from leadgenius_async._http.call import Call
from leadgenius_async._http.flight import Connector
from leadgenius_async._http.origin import is_loopback
from leadgenius_async._version import __version__

SOCK_CONNECT = 5.0  # seconds
SOCK_READ = 30.0  # seconds without a byte; the service's gateway gives up at 30 s itself
KEEP_ALIVE = 15.0  # seconds; shorter than a server's, so that a dead socket is rare
#: Bytes of an answer as it comes; the service's own gateway lets about 6 MB through.
MAX_WIRE = 32 * 2**20
#: How many times its own size an answer may unpack to, from a MiB on: JSON stays below 50.
MAX_RATIO = 200
_ANY_RATIO = 2**20  # bytes


def open_session(trace_configs: Sequence[aiohttp.TraceConfig]) -> aiohttp.ClientSession:
    """Return a session that keeps no cookies, reads no proxy settings and queues nothing."""
    return aiohttp.ClientSession(
        connector=Connector(
            limit=0,  # no pool to queue in: the gate is the only place to wait
            keepalive_timeout=KEEP_ALIVE,
            resolver=aiohttp.ThreadedResolver(),
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=SOCK_CONNECT, sock_read=SOCK_READ),
        trust_env=False,
        trace_configs=list(trace_configs),
        read_bufsize=2**18,
        headers={
            "User-Agent": f"leadgenius-async/{__version__}",
            "Accept": "application/json",
        },
    )


async def read_body(response: aiohttp.ClientResponse, call: Call, cap: int) -> bytes:
    """Return an answer's body: at once if it is small and has come with its head, else in chunks.

    Raises:
        BodyTooLarge: See `read_capped`.
    """
    content = response.content
    if content.is_eof() and content.total_bytes <= min(cap, _ANY_RATIO):
        return content.read_nowait()
    return await read_capped(response, call, cap)


async def read_capped(response: aiohttp.ClientResponse, call: Call, cap: int) -> bytes:
    """Return an answer's body.

    Raises:
        BodyTooLarge: It has more than `cap` bytes after decompression, more than `MAX_WIRE`
            before, or unpacks to more than `MAX_RATIO` times its size.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in _chunks(response):
        size += len(chunk)
        if excess := _excess(size, response.content.total_raw_bytes, cap):
            response.close()
            raise errors.BodyTooLarge(f"{call.name}: the answer {excess}; ask for a smaller page")
        chunks.append(chunk)
    return b"".join(chunks)


def _excess(size: int, packed: int, cap: int) -> str | None:
    """Return what is too much of an answer, as far as it has come."""
    if size > cap:
        return f"is larger than {cap:,} bytes"
    if packed > MAX_WIRE:
        return f"is larger than {MAX_WIRE:,} bytes on the wire"
    if size > max(_ANY_RATIO, packed * MAX_RATIO):
        return f"unpacks to more than {MAX_RATIO} times its size, as no honest one does"
    return None


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except RuntimeError:
        # aiohttp's word for a session that was closed while its answer was being read.
        raise aiohttp.ClientConnectionError("closed") from None


def own_error(error: Exception, base_url: str) -> errors.LeadGeniusError:
    """Return our error for one of aiohttp's, without a trace of theirs."""
    match error:
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return _proxy_error(error, base_url)
        case aiohttp.ClientSSLError():
            return _failed(errors.TLSFailed, base_url, error, sent=False)
        case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
            return _failed(errors.ConnectionFailed, base_url, error, sent=False)
        case aiohttp.ServerTimeoutError():
            return errors.TimedOut(f"{base_url} sent no byte for {SOCK_READ:g} s")
        case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
            return errors.ProtocolError(
                f"{base_url}: the answer is broken off or malformed ({type(error).__name__})"
            )
        case _:
            return _failed(errors.ConnectionFailed, base_url, error, sent=True)


def _proxy_error(error: aiohttp.ClientError, base_url: str) -> errors.ProxyFailed:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return proxy_refusal(error.status, base_url)
    return errors.ProxyFailed(
        f"cannot connect to the proxy on the way to {base_url}: check `proxy` (LEADGENIUS_PROXY)"
    )


def proxy_refusal(status: int, base_url: str) -> errors.ProxyFailed:
    """Return the error of a proxy that answers in the service's place; 407 is about its login."""
    remedy = "its user and password" if status == 407 else "whether it may reach that host"
    failure = errors.ProxyFailed(f"the proxy answered {status} for {base_url}: check {remedy}")
    if status < 500:
        failure.outcome = "rejected"  # and will be again
    return failure


def _failed(
    class_: type[errors.ConnectionFailed], base_url: str, error: Exception, *, sent: bool
) -> errors.ConnectionFailed:
    cause = getattr(error, "os_error", None) or error
    reason = getattr(cause, "strerror", None) or type(cause).__name__
    what = "lost the connection to" if sent else "cannot connect to"
    failure = class_(f"{what} {base_url}: {reason}; {_remedy(base_url)}")
    failure.outcome = None if sent else "not_sent"
    return failure


def _remedy(base_url: str) -> str:
    if is_loopback(URL(base_url).host or ""):
        return "that is this machine: is the emulator running there?"
    return "check the base URL and the network"
