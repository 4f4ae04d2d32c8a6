"""One request's way to the wire, as a chain of steps, each one concern.

deadline → credentials → retry → permit → send → read (capped) → error

`timeout` bounds one try, from its permit on. `deadline` bounds everything: queueing for the
permit, sleeps between tries, a refresh of the login. aiohttp's own exceptions never get out:
their repr holds the request's headers, and so the credentials.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

import aiohttp
import anyio
from yarl import URL

from leadgenius_async import errors
from leadgenius_async._http import auth, decode, origin
from leadgenius_async._http.call import Call, Kind, Meter, Reply
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.retry import wait_before_retry
from leadgenius_async._version import __version__

TIMEOUT = 60.0  # seconds, one try
DEADLINE = 600.0  # seconds, the whole call
MAX_BODY = 64 * 2**20  # bytes, after decompression
_SOCK_CONNECT = 5.0  # seconds
_SOCK_READ = 30.0  # seconds without a byte; the service's gateway gives up at 30 s itself
_KEEP_ALIVE = 15.0  # seconds; shorter than a server's, so that a dead socket is rare

_log = logging.getLogger("leadgenius_async.http")


@dataclass(slots=True)
class _Try:
    """One try of a call: its permit and its time limit, renewed where aiohttp re-sends."""

    gate: Gate
    meter: Meter
    timeout: float
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    granted: float = 0.0

    async def middleware(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        # aiohttp re-sends a GET by itself when a kept-alive socket dies; this runs again then.
        self.granted = await self.gate.permit()
        self._start_clock()
        self.meter.sends += 1
        return await handler(request)

    async def connected(self) -> None:
        """Take a new permit if dialling has used up the first one's life."""
        granted = await self.gate.renew(self.granted)
        if granted != self.granted:
            self.granted = granted
            self._start_clock()

    def _start_clock(self) -> None:
        self.scope.deadline = anyio.current_time() + self.timeout


class Transport:
    """Sends calls to one origin with one account's credentials, through one gate.

    Args:
        base_url: Origin, as `origin.normalize_base_url` gives it.
        credentials: What the account has, by kind.
        gate: The account's rate limiter.
        timeout: Seconds for one try.
        deadline: Seconds for a whole call.
        max_body: Bytes that an answer may have.
        trace_configs: aiohttp's trace hooks of the caller's own.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[Kind, auth.Credential],
        gate: Gate,
        *,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
        max_body: int = MAX_BODY,
        trace_configs: list[aiohttp.TraceConfig] | None = None,
    ) -> None:
        self.base_url = base_url
        self.credentials = dict(credentials)
        self.gate = gate
        self._timeout = timeout
        self._deadline = deadline
        self._max_body = max_body
        self._trace_configs = [_renewing_trace(), *(trace_configs or [])]
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, call: Call, *, meter: Meter | None = None, deadline: float | None = None
    ) -> Reply:
        """Send a call and return its successful answer.

        Args:
            call: What to send.
            meter: Counts what it costs.
            deadline: Seconds for everything; the transport's own if not given.

        Raises:
            LeadGeniusError: One of the tree in `errors`.
        """
        seconds = self._deadline if deadline is None else deadline
        meter = meter or Meter()
        sends_before = meter.sends
        with anyio.move_on_after(seconds):
            return await self._with_credentials(call, meter)
        raise _late(call, seconds, sent=meter.sends > sends_before)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _with_credentials(self, call: Call, meter: Meter) -> Reply:
        credential = self._choose(call)
        if credential is None:
            return await self._with_retries(call, {}, meter)
        headers = await credential.headers()
        try:
            return await self._with_retries(call, headers, meter)
        except errors.AuthenticationError:
            # A 401 says that nothing was done, so one replay is safe for any call.
            if not await credential.renew(headers):
                raise
        return await self._with_retries(call, await credential.headers(), meter)

    def _choose(self, call: Call) -> auth.Credential | None:
        if not call.takes:
            return None
        for kind in call.takes:
            if credential := self.credentials.get(kind):
                return credential
        raise _no_credentials(call, self.credentials)

    async def _with_retries(self, call: Call, headers: auth.Headers, meter: Meter) -> Reply:
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try(call, headers, meter)
            except errors.LeadGeniusError as error:
                error.attempts = tries
                wait = wait_before_retry(call, error, tries)
                if wait is None or _ends_before(wait):
                    raise
                await self._sit_out(call, error, wait, meter)

    async def _sit_out(
        self, call: Call, error: errors.LeadGeniusError, wait: float, meter: Meter
    ) -> None:
        meter.retries += 1
        _log.info("%s: %s; next try in %.1f s", call.name, type(error).__name__, wait)
        if isinstance(error, errors.RateLimited):
            # All tasks of the account wait at the gate; none sleeps alone and then sends.
            meter.throttled += max(0.0, wait - self.gate.paused_for)
            self.gate.pause(wait)
        else:
            await anyio.sleep(wait)

    async def _try(self, call: Call, headers: auth.Headers, meter: Meter) -> Reply:
        try:
            return await self._send(call, headers, meter)
        except (errors.ConnectionFailed, errors.TimedOut, errors.ProtocolError) as error:
            if call.repeatable or error.outcome == "not_sent":
                raise
            raise errors.OutcomeUnknown(
                f"{call.name} was sent and its answer lost ({error}): it may have happened, "
                "look it up before sending it again"
            ) from None

    async def _send(self, call: Call, headers: auth.Headers, meter: Meter) -> Reply:
        attempt = _Try(self.gate, meter, self._timeout)
        with attempt.scope, _own_errors(self.base_url):
            async with self._open().request(
                call.method,
                self._url(call),
                data=call.body,
                headers=_reveal(headers, call),
                allow_redirects=False,
                middlewares=(attempt.middleware,),
                trace_request_ctx=attempt,
            ) as response:
                self.gate.observe(_lower(response.headers))
                body = await _read(response, call, self._max_body)
                meter.wire_bytes += len(body)
            return _checked(response.status, _lower(response.headers), body, call)
        raise errors.TimedOut(f"{call.name} took longer than {self._timeout:g} s (`timeout`)")

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # no pool to queue in: the gate is the only place to wait
                    keepalive_timeout=_KEEP_ALIVE,
                    resolver=aiohttp.ThreadedResolver(),
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=_SOCK_CONNECT, sock_read=_SOCK_READ
                ),
                trust_env=False,
                trace_configs=self._trace_configs,
                read_bufsize=2**18,
                headers={
                    "User-Agent": f"leadgenius-async/{__version__}",
                    "Accept": "application/json",
                },
            )
        return self._session

    def _url(self, call: Call) -> URL:
        # `encoded=True`: ids are quoted by `origin.segment`, and must not be unquoted again.
        base = URL(f"{self.base_url}{origin.api_path(call.path)}", encoded=True)
        query = {name: value for name, value in call.query.items() if value is not None}
        return base.update_query(query) if query else base


def _renewing_trace() -> aiohttp.TraceConfig:
    """Return the hook that runs when a new connection is ready, just before the request."""

    async def connected(
        _session: aiohttp.ClientSession,
        context: SimpleNamespace,
        _params: aiohttp.TraceConnectionCreateEndParams,
    ) -> None:
        await context.trace_request_ctx.connected()

    trace = aiohttp.TraceConfig()
    trace.on_connection_create_end.append(connected)
    return trace


def _reveal(headers: auth.Headers, call: Call) -> dict[str, str]:
    plain = {name: secret.reveal() for name, secret in headers.items()}
    if call.body is not None:
        plain["Content-Type"] = "application/json"
    return plain


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


async def _read(response: aiohttp.ClientResponse, call: Call, cap: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > cap:
            response.close()
            raise errors.BodyTooLarge(
                f"{call.name}: the answer is larger than {cap:,} bytes; ask for a smaller page"
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _checked(status: int, headers: Mapping[str, str], body: bytes, call: Call) -> Reply:
    if 300 <= status < 400:
        raise errors.UnexpectedRedirect(
            f"{call.name} answered {status}, a redirect, which is not followed since it would "
            "carry your credentials along: check the base URL"
        )
    if not 200 <= status < 300:
        raise decode.status_error(status, headers, body, call=call)
    if body and not body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        raise errors.ProtocolError(
            f"{call.name} answered {status} with something that is not JSON "
            f"({decode.printable(headers.get('content-type', 'no content type'))}): "
            "a gateway's or a login page; check the base URL"
        )
    if not body and status != 204:
        raise errors.ProtocolError(f"{call.name} answered {status} with nothing")
    return Reply(status, headers, body)


@contextlib.contextmanager
def _own_errors(base_url: str) -> Generator[None, None, None]:
    """Turn aiohttp's errors into ours, without a trace of theirs."""
    try:
        yield
    except aiohttp.ClientSSLError as error:
        raise _failed(errors.TLSFailed, base_url, error, sent=False) from None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise _failed(errors.ConnectionFailed, base_url, error, sent=False) from None
    except aiohttp.ServerTimeoutError:
        raise errors.TimedOut(f"{base_url} sent no byte for {_SOCK_READ:g} s") from None
    except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError) as error:
        raise errors.ProtocolError(
            f"{base_url}: the answer is broken off or malformed ({type(error).__name__})"
        ) from None
    except (aiohttp.ClientError, OSError) as error:
        raise _failed(errors.ConnectionFailed, base_url, error, sent=True) from None


def _failed(
    class_: type[errors.ConnectionFailed], base_url: str, error: Exception, *, sent: bool
) -> errors.ConnectionFailed:
    cause = getattr(error, "os_error", None) or error
    reason = getattr(cause, "strerror", None) or type(cause).__name__
    what = "lost the connection to" if sent else "cannot connect to"
    failure = class_(f"{what} {base_url}: {reason}; check the base URL and the network")
    failure.outcome = None if sent else "not_sent"
    return failure


def _ends_before(wait: float) -> bool:
    return anyio.current_time() + wait > anyio.current_effective_deadline()


def _late(call: Call, seconds: float, *, sent: bool) -> errors.LeadGeniusError:
    text = f"{call.name} was not done within {seconds:g} s (`deadline`)"
    if call.repeatable or not sent:
        error = errors.DeadlineExceeded(text)
        error.outcome = None if sent else "not_sent"
        return error
    return errors.OutcomeUnknown(f"{text}: it may have happened, look it up before sending again")


def _no_credentials(call: Call, held: Mapping[Kind, auth.Credential]) -> errors.CredentialsMissing:
    have = f"only {' and '.join(held)} was given" if held else "none were given"
    return errors.CredentialsMissing(
        f"{call.name} takes {' or '.join(call.takes)}, and {have}: set LEADGENIUS_API_KEY and "
        "LEADGENIUS_USER_ID, or run `leadgenius auth login`"
    )
