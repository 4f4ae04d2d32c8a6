"""Which requests meet which fault."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, get_args

import msgspec
from aiohttp import web

from leadgenius_async.emulator.faults.bodies import (
    BadUtf8,
    Content,
    Deep,
    Encoding,
    Extra,
    Garbage,
    Gzip,
    Truncated,
)
from leadgenius_async.emulator.faults.kinds import (
    Count,
    Delay,
    Empty,
    Failure,
    Fault,
    Headers,
    Redirect,
    Seconds,
    Status,
    When,
    check,
)
from leadgenius_async.emulator.faults.sockets import (
    Chunked,
    Dribble,
    Hang,
    HangUp,
    Huge,
    HugeHeaders,
    IdleClose,
    Interim,
    Reset,
    Short,
    Sliced,
)

AnyFault = (
    Status | Failure | Redirect | Empty | Headers | Content | Truncated | Garbage | BadUtf8
    | Extra | Deep | Gzip | Encoding | Huge | HugeHeaders | HangUp | Reset | Hang | Dribble
    | Sliced | Short | Chunked | Interim | IdleClose | Delay
)  # fmt: skip


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault, and the requests that meet it.

    Attributes:
        fault: What happens to them.
        method: Their HTTP method; `*`: any.
        path: Their path, such as `/api/enrich-leads/*`; `*` stands for anything.
        client: `client_id` in their query or body; None: any.
        nth: Of the requests that match so far, this one alone, counted from 1; None: all.
        since: Of the requests that match so far, those from this one on, counted from 1.
        times: How many of them meet it at the most; None: any number.
        probability: Share of them that meets it, by the seed.
        when: `"before"` the service works on the request, or `"after"`, when it is applied; None:
            as is usual for the fault.
        delay: Seconds before the fault.

    Raises:
        ValueError: A value is of another type, or outside its range.
    """

    fault: AnyFault
    method: str = "*"
    path: str = "*"
    client: str | None = None
    nth: Count | None = None
    since: Count = 1
    times: Count | None = None
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    when: When | None = None
    delay: Seconds = 0.0

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        if type(self.fault) not in get_args(AnyFault):
            raise ValueError(f"fault={self.fault!r} is not allowed: give one of faults.*()")
        check(self, but="fault")
        if not self.path.startswith(("/", "*")):
            raise ValueError(f"path={self.path!r} is not allowed: give one that begins with / or *")

    @property
    def acts(self) -> When:
        """When the fault acts."""
        return self.when or self.fault.when


class PlacedRule:
    """A rule of one emulator, and how often it was met.

    Attributes:
        rule: The rule.
        number: Its place among all that were added, from 1.
        calls: Requests that matched it so far.
        hits: Requests that met its fault.
    """

    def __init__(self, rule: Rule, number: int, seed: int) -> None:
        self.rule: Rule = rule
        self.number: int = number
        self.calls: int = 0
        self.hits: int = 0
        self._name = f"fault/{seed}/{number}"
        self._seen: Counter[str] = Counter()

    def __repr__(self) -> str:
        return f"<{self.hits} hits of {self.calls} calls: {self.rule}>"

    def count(self, request: web.Request, clients: frozenset[str]) -> Random | None:
        """Count a request if it matches; dice of its own if it is one that meets the fault."""
        if not self._matches(request, clients):
            return None
        rule = self.rule
        self.calls += 1
        dice = self._dice(request)
        meets = (
            self.calls >= rule.since
            and rule.nth in {None, self.calls}
            and (rule.times is None or self.hits < rule.times)
            and dice.random() < rule.probability
        )
        return dice if meets else None

    def _matches(self, request: web.Request, clients: frozenset[str]) -> bool:
        rule = self.rule
        return (
            rule.method in {"*", request.method}
            and fnmatchcase(request.path, rule.path)
            and (rule.client is None or rule.client in clients)
        )

    def _dice(self, request: web.Request) -> Random:
        """By what is asked and how often that has come: the same whatever comes between."""
        # A page's token is another one in each run: it says when it expires.
        query = {name: value for name, value in request.query.items() if name != "nextToken"}
        asked = f"{request.method} {request.path} {sorted(query.items())}"
        self._seen[asked] += 1
        return Random(f"{self._name}/{asked}/{self._seen[asked]}")


class Faults:
    """The fault rules of an emulator; they can be added and cleared while it runs.

        emulator.faults.add(faults.status(503, retry_after=2), path="/api/enrich-leads/*", nth=3)

    A request meets the first rule, in the order in which they were added, that has it; the
    others do count it.

    Args:
        seed: What decides for probabilities, and for random bytes.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._added = 0
        self._rules: list[PlacedRule] = []
        #: Set when the emulator stops: nothing waits any longer.
        self.stopped: asyncio.Event = asyncio.Event()

    def __iter__(self) -> Iterator[PlacedRule]:
        return iter(list(self._rules))

    def __len__(self) -> int:
        return len(self._rules)

    def add(
        self,
        fault: Fault,
        *,
        method: str = "*",
        path: str = "*",
        client: str | None = None,
        nth: int | None = None,
        since: int = 1,
        times: int | None = None,
        probability: float = 1.0,
        when: When | None = None,
        delay: float = 0.0,
    ) -> PlacedRule:
        """Let requests meet a fault.

        Args:
            fault: One of `leadgenius_async.emulator.faults`, such as `faults.hang_up()`.
            method: HTTP method of the requests; `*`: any.
            path: Their path, such as `/api/enrich-leads/*`; `*` stands for anything.
            client: `client_id` in their query or body; None: any.
            nth: Of the requests that match so far, this one alone, counted from 1; None: all.
            since: Of the requests that match so far, those from this one on, counted from 1.
            times: How many of them meet it at the most; None: any number.
            probability: Share of them that meets it, 0 to 1, by the seed.
            when: `"before"` the service works on the request, or `"after"`, when it is applied;
                None: as is usual for the fault.
            delay: Seconds before the fault.

        Returns:
            The rule, whose `hits` count the requests that met it.

        Raises:
            ValueError: A value is of another type, or outside its range.
        """
        return self.place(
            Rule(
                fault=fault,  # type: ignore[arg-type]  # checked by the rule itself
                method=method,
                path=path,
                client=client,
                nth=nth,
                since=since,
                times=times,
                probability=probability,
                when=when,
                delay=delay,
            )
        )

    def place(self, rule: Rule) -> PlacedRule:
        """Add a rule that was made before."""
        self._added += 1
        placed = PlacedRule(rule, self._added, self._seed)
        self._rules.append(placed)
        return placed

    def remove(self, placed: PlacedRule) -> None:
        """Forget one rule.

        Raises:
            ValueError: It is none of these, or was forgotten before.
        """
        if placed not in self._rules:
            raise ValueError(f"{placed!r} is none of the rules: see list(faults)")
        self._rules.remove(placed)

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    async def meet(self, request: web.Request) -> tuple[Rule, Random] | None:
        """The rule whose fault a request meets, and dice of the request's own."""
        if not self._rules:
            return None
        by_client = any(placed.rule.client is not None for placed in self._rules)
        clients = await _clients(request) if by_client else frozenset[str]()
        counted = [(placed, placed.count(request, clients)) for placed in self._rules]
        for placed, dice in counted:
            if dice is not None:
                placed.hits += 1
                return placed.rule, dice
        return None


class _Lead(msgspec.Struct):
    client_id: object = None


class _Clients(msgspec.Struct):
    client_id: object = None
    leads: list[_Lead] = []


async def _clients(request: web.Request) -> frozenset[str]:
    """The clients that a request names."""
    query = (request.query.get("client_id"), request.query.get("clientId"))
    try:
        body = msgspec.json.decode(await request.read(), type=_Clients)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, web.HTTPException):
        body = _Clients()
    named = (*query, body.client_id, *(lead.client_id for lead in body.leads))
    return frozenset(name for name in named if isinstance(name, str))
