"""`leadgenius selftest --probe`: asks the service about what is assumed of it, fact by fact.

A fact is a function that sends a request or two and returns what it saw, where that is what was
assumed. What it prints are statuses, counts and names of members, never their values.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Self

import aiohttp

from leadgenius_async import _settings, errors
from leadgenius_async._client import LeadGenius
from leadgenius_async.cli.options import Connection
from leadgenius_async.cli.probe_wire import Answer, NotTried, Wire, members_of

#: Requests in all; the last of them are kept for cleaning up, where something is written.
MOST_REQUESTS = 60
_FOR_CLEANING = 6
_DEADLINE = 35.0  # seconds of a request; a gateway gives up after 30
_TIMEOUT = aiohttp.ClientTimeout(total=_DEADLINE)
_MISSING = (
    "there are no credentials: set LEADGENIUS_API_KEY and LEADGENIUS_USER_ID, or run "
    "`leadgenius auth login`"
)

Outcome = Literal["confirmed", "otherwise", "not tried"]
By = Literal["key", "login"]


class Otherwise(Exception):
    """The service does not do what was assumed; the message says what it does."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is assumed, and how it is looked at.

    Attributes:
        name: What it is about.
        assumed: What the package takes it for.
        look: Returns what was seen, where that is as assumed.
    """

    name: str
    assumed: str
    look: Callable[[Probe], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of a fact.

    Attributes:
        fact: What it is about.
        assumed: What the package takes it for.
        outcome: `confirmed`, `otherwise` or `not tried`.
        detail: What was seen, or why nothing was.
    """

    fact: str
    assumed: str
    outcome: Outcome
    detail: str = ""


class Probe:
    """One account, asked with each kind of its credentials.

    Args:
        connection: How it is reached.
        settle: Seconds that a list may take to show what was written.

    Attributes:
        wire: What was sent.
        settle: As given.
        company_id: The account's company; empty if no client names it.
        client_id: Its first client; empty if it has none.
    """

    def __init__(self, connection: Connection, *, settle: float) -> None:
        self.wire: Wire = Wire(MOST_REQUESTS)
        self.settle: float = settle
        self.company_id: str = ""
        self.client_id: str = ""
        self._connection = connection
        self._settings = _settings.load(profile=connection.profile, base_url=connection.base_url)
        self._by: dict[By | None, LeadGenius] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open the account.

        Raises:
            CredentialsMissing: There are no credentials.
            LeadGeniusError: The service cannot be reached, or refuses them.
        """
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _open(self) -> None:
        whole = self._connection.open(trace_configs=[self.wire.trace])
        self._by[None] = await self._stack.enter_async_context(whole)
        if not whole.credentials:
            raise errors.CredentialsMissing(_MISSING)
        deadline = min(_DEADLINE, self._connection.deadline)
        reply = await whole.request("GET", "/clients", deadline=deadline)
        self._remember(Answer(reply.status, reply.headers, members_of(reply.body)))
        settings = self._settings
        by = partial(self._only, base_url=settings.base_url)
        if settings.api_key and settings.user_id:
            self._by["key"] = await by(api_key=settings.api_key, user_id=settings.user_id)
        if "login" in whole.credentials:
            self._by["login"] = await by(access_token=(await whole.auth.current()).tokens.access)

    def _remember(self, answer: Answer) -> None:
        for client in answer.listed("clients"):
            self.company_id = self.company_id or str(client.get("company_id") or "")
            self.client_id = self.client_id or str(client.get("client_id") or "")

    async def _only(self, **credentials: Any) -> LeadGenius:
        """Return the account by one kind of credentials alone."""
        lg = LeadGenius(
            isolated=True,
            rate=self._connection.rate,
            deadline=_DEADLINE,
            trace_configs=[self.wire.trace],
            **credentials,
        )
        return await self._stack.enter_async_context(lg)

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        by: By | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and return what was answered, an error too.

        Args:
            method: HTTP method.
            path: Path.
            json: The body.
            by: Whose credentials; those that the SDK would send if not given.
            query: Its parameters.

        Raises:
            NotTried: There are no such credentials, or no answer.
        """
        lg = self._by.get(by)
        if lg is None:
            raise NotTried(f"there is no {'API key' if by == 'key' else by}")
        try:
            reply = await lg.request(method, path, query=query, json=json)
        except errors.APIStatusError as error:
            return self._refused(error)
        except errors.LeadGeniusError as error:
            raise NotTried(f"no answer ({type(error).__name__})") from None
        return Answer(reply.status, reply.headers, members_of(reply.body))

    async def bare(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Send a GET as it stands: with these headers, and no credentials but those in them.

        Raises:
            NotTried: There was no answer.
        """
        proxy = self._settings.proxy.reveal() if self._settings.proxy else None
        url = f"{self._settings.base_url}/api{path}"
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT, trace_configs=[self.wire.trace]) as session,
                session.get(url, headers=headers, proxy=proxy, allow_redirects=False) as reply,
            ):
                return Answer(reply.status, reply.headers, members_of(await reply.read()))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NotTried(f"no answer ({type(error).__name__})") from None

    def key_headers(self) -> dict[str, str]:
        """Return the headers of the API key.

        Raises:
            NotTried: There is none.
        """
        if not (self._settings.api_key and self._settings.user_id):
            raise NotTried("there is no API key")
        return {"x-api-key": self._settings.api_key.reveal(), "x-user-id": self._settings.user_id}

    def _refused(self, error: errors.APIStatusError) -> Answer:
        status, headers = self.wire.answers[-1] if self.wire.answers else (error.status, {})
        if status == 429:
            raise NotTried("the rate limit is reached") from None
        members = {"errorType": error.error_type, "recommendation": error.recommendation}
        given = {name: value for name, value in members.items() if value is not None}
        # Of a login that is refused the SDK says that it has expired, without a status.
        return Answer(error.status or status, headers, given)

    async def look(self, facts: Sequence[Fact]) -> list[Seen]:
        """Look at facts, one after the other."""
        return [await self._seen(fact) for fact in facts]

    async def _seen(self, fact: Fact) -> Seen:
        try:
            detail = await fact.look(self)
        except Otherwise as found:
            return Seen(fact.name, fact.assumed, "otherwise", str(found))
        except NotTried as why:
            return Seen(fact.name, fact.assumed, "not tried", str(why))
        except Exception as error:  # noqa: BLE001 - an answer of some other shape
            return Seen(fact.name, fact.assumed, "not tried", type(error).__name__)
        return Seen(fact.name, fact.assumed, "confirmed", detail)

    def keep_some(self) -> None:
        """Keep the last requests for cleaning up."""
        self.wire.most = MOST_REQUESTS - _FOR_CLEANING

    def use_all(self) -> None:
        """Let the kept requests be sent."""
        self.wire.most = MOST_REQUESTS


def expect(answer: Answer, *statuses: int) -> str:
    """Return what was answered, if its status is one of these.

    Raises:
        Otherwise: It is not.
    """
    if answer.status not in statuses:
        raise Otherwise(answer.said)
    return answer.said


def need(answer: Answer) -> Answer:
    """Return an answer that went well.

    Raises:
        NotTried: It did not.
    """
    if answer.status >= 400:
        raise NotTried(f"answered {answer.said}")
    return answer
