"""A service that does to writes whatever a service may, in the event loop's own time."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import anyio
import msgspec

from leadgenius_async._http.call import Meter
from leadgenius_async._writes.engine import Checked
from leadgenius_async._writes.records import Outgoing, Seen
from leadgenius_async._writes.rules import Ready, Rules, apply_rules
from leadgenius_async._writes.service import Answer, key_hashes

CLIENT = "acme-corp"


class Crash(Exception):
    """The process dies: nothing of what it was doing is finished."""


@dataclass(kw_only=True)
class Simulated:
    """A service, as `Service` asks for it.

    Attributes:
        drops: Share of batches that are accepted and stored nowhere.
        parts: Share of batches of which a part is stored.
        loses: Share of writes whose answer is lost.
        late: Most seconds after which a write whose answer was lost is applied.
        lag: Most seconds until a read shows a lead.
        poison: A row with this in its first name fails with all that are with it.
        refused: A row with this in its first name is refused, with all that are with it.
        dedupes: Whether a lead of an e-mail address that is there is refused, or left out of a
            batch and named.
        crashes: How many writes there are between two crashes; None: none.
        stored: All leads: when each is seen, its id and its e-mail address.
        changed: All changes of leads: the id and what it was given, in the order of the answers.
    """

    seed: int = 1
    drops: float = 0.0
    parts: float = 0.0
    loses: float = 0.0
    late: float = 0.0
    lag: float = 0.0
    poison: str | None = None
    refused: str | None = None
    dedupes: bool = False
    crashes: int | None = None
    latency: float = 0.3
    page: int = 5_000
    meter: Meter = field(default_factory=Meter)
    stored: list[tuple[float, str, str]] = field(default_factory=list)
    changed: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - dice, not a secret
        self._writes = 0
        self._places: dict[bytes, list[int]] = {}
        self._shown: list[Seen] = []  # of each lead, made once: listings are many
        self._clients: list[str] = []

    async def create(self, rows: Sequence[Outgoing]) -> Answer:
        self.meter.sends += 1
        self._writes += 1
        at = self._dice.random()
        crash = self.crashes is not None and self._writes % self.crashes == 0
        if crash and at < 0.3:
            raise Crash
        await anyio.sleep(self.latency * self._dice.random())
        leads = [msgspec.json.decode(row.payload, type=dict[str, str]) for row in rows]
        if self.poison and any(self.poison in lead["firstName"] for lead in leads):
            return Answer("failed", "Failed to create lead - no data returned")
        if self.refused and any(self.refused in lead["firstName"] for lead in leads):
            return Answer("refused", "firstName is not allowed")
        if self.dedupes and len(rows) == 1 and self._has(leads[0]):
            return Answer("exists", "already_exists")
        new = {_name(lead): lead for lead in leads if not self._has(lead)}
        stays = [*new.values()] if self.dedupes else leads
        skipped = tuple((Counter(map(_name, leads)) - Counter(map(_name, stays))).elements())
        if len(rows) > 1 and self._dice.random() < self.drops:
            stays = []
        elif len(rows) > 1 and self._dice.random() < self.parts:
            stays = [lead for lead in stays if self._dice.random() < 0.5]
        lost = self._dice.random() < self.loses
        delay = self.late * self._dice.random() if lost else 0.0
        ids = [self.store(lead, delay) for lead in stays]
        if crash:
            raise Crash
        if lost:
            return Answer("unknown", "the answer was lost")
        lead = ids[0] if len(rows) == 1 else None
        return Answer("accepted", lead=lead, skipped=skipped, count=len(leads) - len(skipped))

    def _has(self, lead: Mapping[str, str]) -> bool:
        return any(self._places.get(key) for key in _keys(lead)[:1])

    def store(self, lead: Mapping[str, str], delay: float = 0.0) -> str:
        """Store a lead that is seen from then on, and return its id."""
        name = f"lead_{len(self.stored)}"
        seen = anyio.current_time() + delay + self.lag * self._dice.random()
        self._shown.append(Seen(name, _keys(lead)))
        self._clients.append(lead["client_id"])
        for key in _keys(lead):
            self._places.setdefault(key, []).append(len(self.stored))
        self.stored.append((seen, name, _name(lead)))
        return name

    async def update(self, rows: Sequence[Outgoing]) -> Answer:
        self.meter.sends += 1
        await anyio.sleep(self.latency * self._dice.random())
        for row in rows:
            fields = msgspec.json.decode(row.payload, type=dict[str, object])
            self.changed.append((str(fields["id"]), fields))
        return Answer("accepted", count=len(rows))

    async def listing(self, client_id: str) -> AsyncGenerator[Sequence[Seen], None]:
        now = anyio.current_time()
        both = zip(self._shown, self.stored, self._clients, strict=True)
        seen = [shown for shown, (at, _, _), client in both if at <= now and client == client_id]
        for start in range(0, max(1, len(seen)), self.page):
            self.meter.sends += 1
            await anyio.sleep(self.latency * self._dice.random())
            yield seen[start : start + self.page]

    async def find(self, row: Outgoing) -> Seen | None:
        self.meter.sends += 1
        now = anyio.current_time()
        await anyio.sleep(self.latency * self._dice.random())
        key, *_ = _keys(msgspec.json.decode(row.payload, type=dict[str, str]))
        places = self._places.get(key, ())
        return next((self._shown[n] for n in places if self.stored[n][0] <= now), None)


def _keys(lead: Mapping[str, str]) -> tuple[bytes, ...]:
    return key_hashes(lead["client_id"], lead.get("email"), lead.get("linkedinUrl"))


def _name(lead: Mapping[str, str]) -> str:
    return lead.get("email") or lead["linkedinUrl"]


async def source(
    rows: Sequence[dict[str, object]], *, at_a_time: int = 500, rules: Rules | None = None
) -> AsyncIterator[list[Checked]]:
    """Give rows after the rules, as an import takes them."""
    chosen = rules or Rules(client_id=CLIENT)
    for start in range(0, len(rows), at_a_time):
        part = rows[start : start + at_a_time]
        yield [(start + n + 1, row, apply_rules(row, rules=chosen)) for n, row in enumerate(part)]


def people(count: int, *, start: int = 0) -> list[dict[str, object]]:
    """Return made-up rows."""
    return [
        {"firstName": f"Ada {n}", "lastName": "Sample", "email": f"ada.{n}@sample.example"}
        for n in range(start, start + count)
    ]


def ready(count: int) -> list[Checked]:
    """Return made-up rows that passed the rules; many of them, in no time."""
    return [
        (
            n + 1,
            n,
            Ready(
                {
                    "firstName": "Ada",
                    "lastName": "Sample",
                    "email": f"ada.{n}@sample.example",
                    "client_id": CLIENT,
                }
            ),
        )
        for n in range(count)
    ]
