"""What the console shows, gathered from the parts of a running emulator."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.choices import CHANGEABLE
from leadgenius_async.emulator.console.switches import SWITCHES, Switch
from leadgenius_async.emulator.exports import exports
from leadgenius_async.emulator.faults.text import KINDS, told
from leadgenius_async.emulator.limits import Usage
from leadgenius_async.emulator.request_log import LoggedRequest
from leadgenius_async.emulator.sample.tenants import SampleTenant
from leadgenius_async.emulator.service import Service
from leadgenius_async.emulator.store import Store

#: Clients of one company that are listed, those with the most rows first.
_CLIENTS = 100
#: Characters of a path that are shown.
_PATH = 300
#: After counting rows, nothing is counted for so many times as long: a million take 0.2 s.
_REST = 50


class Account(msgspec.Struct):
    """How to sign in to a company of the sample.

    Attributes:
        exports: Lines for a shell.
    """

    company_id: str
    name: str
    api_key: str
    user_id: str
    username: str
    password: str
    exports: str


class Hello(msgspec.Struct):
    """What stays as it is while the emulator runs."""

    accounts: list[Account]
    switches: tuple[Switch, ...]
    faults: list[str]


class Shown(msgspec.Struct):
    """A request of the log, without its query: that may hold an e-mail address.

    Attributes:
        at: Epoch seconds by the machine's clock.
        ms: Milliseconds until there was an answer to send.
        met: The switches and the kind of fault that it met.
    """

    at: float
    method: str
    path: str
    status: int
    rows: int | None
    ms: float
    account: str | None
    met: tuple[str, ...]


class ClientRows(msgspec.Struct):
    """A `client_id` and its rows per bulk table; no name where no client has it."""

    client_id: str
    name: str | None
    rows: list[int]


class CompanyRows(msgspec.Struct):
    """A company, its rows per bulk table, and those of its largest clients."""

    company_id: str
    name: str
    rows: list[int]
    count: int
    clients: list[ClientRows]


class Rate(msgspec.Struct):
    """How full a company's windows are."""

    account: str
    windows: list[Usage]


class State(msgspec.Struct):
    """What may be another after any request.

    Attributes:
        now: Epoch seconds by the emulator's clock.
        ahead: Seconds that the clock is ahead of the machine's.
    """

    now: float
    ahead: float
    rates: list[Rate]
    tables: list[CompanyRows]
    faults: list[dict[str, object]]
    switches: dict[str, object]


def hello(service: Service, url: str) -> Hello:
    """What a page needs once.

    Args:
        service: What it looks at.
        url: Where it has reached that.
    """
    accounts = [_account(tenant, url, service.config.rate) for tenant in service.tenants]
    return Hello(accounts, SWITCHES, list(KINDS))


def state(service: Service, tables: Tables) -> State:
    """The figures of this moment."""
    now = service.clock.now()
    return State(
        now=now,
        ahead=round(now - time.time(), 1),
        rates=[_rate(service, tenant.company_id, now) for tenant in service.tenants],
        tables=tables.counted(),
        faults=[told(placed) for placed in service.faults],
        switches={name: getattr(service.config, name) for name in CHANGEABLE},
    )


def shown(requests: Iterable[LoggedRequest]) -> list[Shown]:
    """Requests of the log as the page lists them."""
    started = time.time() - time.monotonic()
    return [
        Shown(
            at=started + each.at,
            method=each.method,
            path=each.path[:_PATH],
            status=each.status,
            rows=each.rows,
            ms=round(each.seconds * 1e3, 1),
            account=each.account,
            met=each.faults,
        )
        for each in requests
    ]


class Tables:
    """Counts the rows, anew only after something was written, and seldom if it takes long.

    Args:
        store: The tables.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counted: list[CompanyRows] = []
        self._changes = -1
        self._rested = 0.0

    def counted(self) -> list[CompanyRows]:
        """The rows of all companies."""
        changes, started = self._store.db.total_changes, time.monotonic()
        if changes != self._changes and started >= self._rested:
            self._counted, self._changes = self._count(), changes
            ended = time.monotonic()
            self._rested = ended + _REST * (ended - started)
        return self._counted

    def _count(self) -> list[CompanyRows]:
        counts = [self._store.counts(table) for table in TABLES]
        return [
            _company(self._store, company_id, str(members.get("name") or ""), counts)
            for company_id, members in self._store.companies().items()
        ]


def _account(tenant: SampleTenant, url: str, rate: str | int) -> Account:
    owner = tenant.owner
    return Account(
        company_id=tenant.company_id,
        name=tenant.name,
        api_key=tenant.api_key,
        user_id=owner.user_id,
        username=owner.username,
        password=owner.password,
        exports=exports(base_url=url, api_key=tenant.api_key, user_id=owner.user_id, rate=rate),
    )


def _rate(service: Service, account: str, now: float) -> Rate:
    return Rate(account, service.limiter.usage(account, now) if service.limiter else [])


def _company(
    store: Store, company_id: str, name: str, counts: list[dict[tuple[str, str], int]]
) -> CompanyRows:
    names = {client.client_id: client.clientName for client in store.clients(company_id)}
    found = {client_id for count in counts for company, client_id in count if company == company_id}
    clients = [
        ClientRows(each, names.get(each), [count.get((company_id, each), 0) for count in counts])
        for each in {**names, **dict.fromkeys(sorted(found))}
    ]
    clients.sort(key=lambda client: -sum(client.rows))
    totals = [sum(rows) for rows in zip(*(client.rows for client in clients), strict=True)]
    return CompanyRows(
        company_id, name, totals or [0] * len(counts), len(names), clients[:_CLIENTS]
    )
