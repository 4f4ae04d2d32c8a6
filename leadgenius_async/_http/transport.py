"""One request's way to the wire, as a chain of steps, each one concern.

deadline → credentials → retry → breaker → permit → send → read (capped) → error

`timeout` bounds one try, from its permit on. `deadline` bounds everything: queueing for the
permit, sleeps between tries, a refresh of the login. aiohttp's own exceptions never get out:
their repr holds the request's headers, and so the credentials.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from typing import Any, Self

import aiohttp
import anyio
import msgspec
from yarl import URL

from leadgenius_async import errors
from leadgenius_async._http import auth, decode, origin
from leadgenius_async._http.breaker import Breaker
from leadgenius_async._http.call import Call, Kind, Meter, Reply
from leadgenius_async._http.clock import loop_time
from leadgenius_async._http.flight import Flight, Late, under_way
from leadgenius_async._http.limiter import Gate, NoTurn
from leadgenius_async._http.observe import Observer
from leadgenius_async._http.retry import wait_before_retry
from leadgenius_async._http.wire import open_session, own_error, proxy_refusal, read_body
from leadgenius_async._secret import Secret

TIMEOUT = 60.0  # seconds, one try
DEADLINE = 600.0  # seconds, the whole call
MAX_BODY = 64 * 2**20  # bytes, after decompression
_SMALL = 2**18  # bytes; read through in a fifth of a millisecond

_log = logging.getLogger("leadgenius_async.http")


class Transport:
    """Sends calls to one origin with one account's credentials, through one gate.

    Args:
        base_url: Origin, as `origin.normalize_base_url` gives it.
        credentials: What the account has, by kind.
        gate: The account's rate limiter.
        timeout: Seconds for one try.
        deadline: Seconds for a whole call.
        max_body: Bytes that an answer may have.
        proxy: URL of a proxy, perhaps with a user and password; none of the environment's is used.
        trace_configs: aiohttp's trace hooks of the caller's own.

    Attributes:
        observer: Who follows calls and jobs; nobody at first.
    """

    observer: Observer | None = None

    def __init__(
        self,
        base_url: str,
        credentials: Mapping[Kind, auth.Credential],
        gate: Gate,
        *,
        timeout: float = TIMEOUT,
        deadline: float = DEADLINE,
        max_body: int = MAX_BODY,
        proxy: Secret | None = None,
        trace_configs: list[aiohttp.TraceConfig] | None = None,
    ) -> None:
        self.base_url = base_url
        # A path is put to a URL that is parsed: 1.5 µs, where the parsing of each takes 5.
        self._base = URL(base_url)
        self._prefix = self._base.raw_path.rstrip("/")
        self.credentials: dict[Kind, auth.Credential] = dict(credentials)
        self.gate = gate
        self.breaker: Breaker = Breaker()
        self._timeout = timeout
        self._deadline = deadline
        self._max_body = max_body
        self._proxy = proxy
        self._trace_configs = trace_configs or []
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def twin(self) -> Self:
        """Return one for another event loop: of the same account, paced and logged in with this."""
        twin = type(self)(
            self.base_url,
            {},
            self.gate.twin(),
            timeout=self._timeout,
            deadline=self._deadline,
            max_body=self._max_body,
            proxy=self._proxy,
            trace_configs=self._trace_configs,
        )
        for kind, credential in tuple(self.credentials.items()):  # a login may come meanwhile
            twin.credentials[kind] = credential.twin(twin.request)
        twin.observer = self.observer
        return twin

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
            RuntimeError: It was closed.
        """
        caller = under_way.get()
        seconds = self._deadline if deadline is None else deadline
        if caller is not None:  # a renewal, which goes on when the call that wants it does not
            seconds = max(seconds, DEADLINE, caller.deadline - loop_time())
        flight = Flight(
            self.gate,
            meter or Meter(),
            self._timeout,
            breaker=self.breaker,
            deadline=loop_time() + seconds,
            caller=caller,
        )
        going = self._with_credentials(call, flight)
        if self.observer is not None:
            going = self.observer.call(call, flight, _in_time(going, call, seconds, flight))
        mark = under_way.set(flight)
        try:
            return await going
        except (NoTurn, Late):
            pass
        finally:
            under_way.reset(mark)
        raise _late(call, seconds, flight)

    def is_renewing_here(self) -> bool:
        """Return whether the event loop that runs in this thread is renewing the login."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        return any(credential.is_renewing_in(loop) for credential in self.credentials.values())

    def count_rows(self, table: str, rows: int) -> None:
        """Let whoever follows know that rows of a bulk list came."""
        if self.observer is not None:
            self.observer.read(table, rows)

    async def aclose(self) -> None:
        """Close all connections, for good."""
        self._closed = True
        try:
            for credential in self.credentials.values():
                await credential.aclose()
        finally:
            if self._session is not None:
                await self._session.close()
                self._session = None

    async def _with_credentials(self, call: Call, flight: Flight) -> Reply:
        credential = self._choose(call)
        if credential is None:
            return await self._with_retries(call, {}, flight)
        headers = credential.held
        if headers is None:
            headers = await flight.within(credential.headers())
        try:
            return await self._with_retries(call, headers, flight)
        except errors.AuthenticationError:
            # A 401 says that nothing was done, so one replay is safe for any call.
            if not await flight.within(credential.renew(headers)):
                raise
        headers = await flight.within(credential.headers())
        return await self._with_retries(call, headers, flight)

    def _choose(self, call: Call) -> auth.Credential | None:
        if not call.takes:
            return None
        for kind in call.takes:
            if credential := self.credentials.get(kind):
                return credential
        raise _no_credentials(call, self.credentials)

    async def _with_retries(self, call: Call, headers: auth.Headers, flight: Flight) -> Reply:
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try(call, headers, flight)
            except errors.LeadGeniusError as error:
                error.attempts = flight.tries
                tries = self.breaker.count(error, tries)
                wait = wait_before_retry(call, error, tries)
                if wait is None:
                    raise
                if isinstance(error, errors.RateLimited):
                    self._pause(wait, flight)
                if flight.ends_before(wait):
                    raise
                flight.meter.retries += 1
                self._tell(call, error, wait)
                if not isinstance(error, errors.RateLimited):
                    await anyio.sleep(wait)

    def _tell(self, call: Call, error: errors.LeadGeniusError, wait: float) -> None:
        told = {
            "call": f"{call.method} {call.template}",
            "status": getattr(error, "status", None),
            "error": type(error).__name__,
            "attempt": error.attempts,
            "wait": round(wait, 3),
            "request_id": error.request_id,
        }
        _log.info("%(call)s: %(error)s; next try in %(wait).1f s", told, extra=told)
        if self.observer is not None:
            self.observer.retries(call, error, wait)

    def _pause(self, wait: float, flight: Flight) -> None:
        """Let all tasks of the account wait at the gate; none sleeps alone and then sends."""
        flight.meter.throttled += max(0.0, wait - self.gate.paused_for)
        self.gate.refused(wait, flight.granted)

    async def _try(self, call: Call, headers: auth.Headers, flight: Flight) -> Reply:
        try:
            reply = await self._send(call, headers, flight)
        except (Late, asyncio.CancelledError) as error:
            self._note(call, flight, error)
            raise
        except errors.LeadGeniusError as error:
            self._note(call, flight, error)
            self.breaker.failed(error)
            if _is_doubtful(call, error):
                raise _in_doubt(call, error) from None
            raise
        else:
            self.breaker.served()
            return reply
        finally:
            flight.end()

    def _note(self, call: Call, flight: Flight, error: BaseException) -> None:
        if self.observer is not None:
            self.observer.failed(call, flight, error)

    async def _send(self, call: Call, headers: auth.Headers, flight: Flight) -> Reply:
        failure: errors.LeadGeniusError
        with flight.begin():
            try:
                return await self._exchange(call, headers, flight)
            except (aiohttp.ClientError, OSError) as error:
                failure = own_error(error, self.base_url)
            except asyncio.CancelledError as error:
                # The same one, so that scopes and time-outs know it, without aiohttp's frames: a
                # traceback with locals would show the headers.
                raise error.with_traceback(None) from None
            raise failure  # out here: theirs, which hold the headers, are not even its context
        if loop_time() >= flight.deadline:
            raise Late
        failure = errors.TimedOut(f"{call.name} took longer than {self._timeout:g} s (`timeout`)")
        failure.outcome = None if flight.sent else "not_sent"
        raise failure

    async def _exchange(self, call: Call, headers: auth.Headers, flight: Flight) -> Reply:
        # Without `async with`, which lets go once more of what an answer that was read to its end
        # has let go of itself: 8 µs.
        response = await self._open().request(
            call.method,
            self.url_of(call),
            data=call.body,
            headers=_reveal(headers, call),
            allow_redirects=False,
            proxy=self._proxy.reveal() if self._proxy else None,
        )
        try:
            self.gate.observe(response.headers, flight.granted)
            body = await read_body(response, call, self._max_body)
        finally:
            if not response.closed:
                response.close()
        flight.meter.wire_bytes += len(body)
        flight.meter.latency = loop_time() - flight.granted
        flight.sent = False  # its answer is here: a deadline cannot lose it any more
        if response.status == 407:
            raise proxy_refusal(407, self.base_url)
        return _checked(Reply(response.status, response.headers, body), call)

    def _open(self) -> aiohttp.ClientSession:
        if self._closed:  # a session that is opened now would be closed by nobody
            raise RuntimeError("this LeadGenius is closed: make a new one")
        if self._session is None:
            self._session = open_session(self._trace_configs)
        return self._session

    def url_of(self, call: Call) -> URL:
        """Return where a call goes."""
        # `encoded=True`: ids are quoted by `origin.segment`, and must not be unquoted again.
        url = self._base.with_path(self._prefix + origin.api_path(call.path), encoded=True)
        query = {name: value for name, value in call.query.items() if value is not None}
        return url.with_query(query) if query else url


def _reveal(headers: auth.Headers, call: Call) -> dict[str, str]:
    plain = {name: secret.reveal() for name, secret in headers.items()}
    if call.body is not None:
        plain["Content-Type"] = "application/json"
    return plain


def _checked(reply: Reply, call: Call) -> Reply:
    status, headers, body = reply.status, reply.headers, reply.body
    if 300 <= status < 400:
        raise errors.UnexpectedRedirect(
            f"{call.name} answered {status}, a redirect, which is not followed since it would "
            "carry your credentials along: check the base URL"
        )
    if status < 200:
        raise errors.ProtocolError(f"{call.name} answered {status}: that is not HTTP any more")
    if status >= 300:
        raise decode.status_error(status, headers, body, call=call)
    first = body[:256].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if body and first not in {b"{", b"["}:
        raise errors.ProtocolError(
            f"{call.name} answered {status} with something that is not JSON "
            f"({decode.printable(headers.get('content-type', 'no content type'))}): "
            "a gateway's or a login page; check the base URL"
        )
    if not body and status != 204:
        raise errors.ProtocolError(f"{call.name} answered {status} with nothing")
    _check_whole(reply, call, first)
    return reply


def _check_whole(reply: Reply, call: Call, first: bytes) -> None:
    """Find a body that was cut off in time to ask again; whoever reads a large one does that."""
    body = reply.body
    if len(body) > _SMALL:
        if body[-256:].rstrip()[-1:] not in {b"}", b"]"}:
            raise errors.ProtocolError(f"{call.name}: the answer is cut off")
    elif first == b"{":
        decode.members(reply, call=call)  # which its reader needs anyway
    elif body:
        decode.parse(body, msgspec.Raw, of=call.name)


async def _in_time(
    going: Coroutine[Any, Any, Reply], call: Call, seconds: float, flight: Flight
) -> Reply:
    """Wait for a call that somebody follows, who is to hear of its deadline by an error."""
    with contextlib.suppress(NoTurn, Late):
        return await going
    raise _late(call, seconds, flight)


def _late(call: Call, seconds: float, flight: Flight) -> errors.LeadGeniusError:
    wait = flight.gate.opens_in if flight.queueing else 0.0
    error: errors.LeadGeniusError
    if flight.sent and not call.repeatable:
        error = errors.OutcomeUnknown(
            f"{call.name} was not done within {seconds:g} s (`deadline`): it may have happened, "
            "look it up before sending it again"
        )
    else:
        error = _late_before(call, seconds, flight, wait)
        error.outcome = None if flight.reached else "not_sent"
        error.retry_after = wait or None
    error.attempts = flight.tries
    return error


def _late_before(
    call: Call, seconds: float, flight: Flight, wait: float
) -> errors.DeadlineExceeded:
    text = f"{call.name} was not done within {seconds:g} s (`deadline`)"
    if flight.breaker.out:
        out_for = flight.breaker.out_for
        return errors.DeadlineExceeded(f"{text}: the service has been out for {out_for:.0f} s")
    if flight.queueing:
        return errors.QueuedTooLong(
            f"{call.name} cannot be done within {seconds:g} s (`deadline`): it has to wait for its "
            f"turn at the rate limit{_eta(wait)}; give it longer"
        )
    return errors.DeadlineExceeded(text)


def _is_doubtful(call: Call, error: errors.LeadGeniusError) -> bool:
    """Return whether a call that cannot be repeated may have happened, its answer lost."""
    if call.repeatable or error.outcome in {"not_sent", "rejected"}:
        return False
    return isinstance(error, (errors.ConnectionFailed, errors.TimedOut, errors.ProtocolError))


def _in_doubt(call: Call, error: errors.LeadGeniusError) -> errors.LeadGeniusError:
    if isinstance(error, errors.UnexpectedRedirect):
        error.outcome = "unknown"
        return error
    return errors.OutcomeUnknown(
        f"{call.name} was sent and its answer lost ({error}): it may have happened, "
        "look it up before sending it again"
    )


def _eta(wait: float) -> str:
    return f", which opens in {wait:,.0f} s at the earliest" if wait >= 1 else ""


def _no_credentials(call: Call, held: Mapping[Kind, auth.Credential]) -> errors.CredentialsMissing:
    have = f"only {' and '.join(held)} was given" if held else "none were given"
    return errors.CredentialsMissing(
        f"{call.name} takes {' or '.join(call.takes)}, and {have}: set LEADGENIUS_API_KEY and "
        "LEADGENIUS_USER_ID, or run `leadgenius auth login`"
    )
