"""What every request handler can reach: the parts of one running emulator."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from random import Random

from aiohttp import web

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.choices import CHANGEABLE, RATE_OPTIONS
from leadgenius_async.emulator.clock import Clock
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.documents import Documents
from leadgenius_async.emulator.faults.rules import Faults
from leadgenius_async.emulator.habits import Habits
from leadgenius_async.emulator.identity import Caller, Identity
from leadgenius_async.emulator.ids import Ids
from leadgenius_async.emulator.lag import Lag
from leadgenius_async.emulator.leads import Leads
from leadgenius_async.emulator.limits import Together, rate_limiter
from leadgenius_async.emulator.request_log import RequestLog
from leadgenius_async.emulator.rows import RowBuilder, row_builder
from leadgenius_async.emulator.runs import Runs, load_runs
from leadgenius_async.emulator.sample.tenants import SampleTenant
from leadgenius_async.emulator.sessions import Sessions
from leadgenius_async.emulator.store import Store
from leadgenius_async.emulator.tokens import TokenBox
from leadgenius_async.emulator.write_habits import WriteHabits


@dataclass(kw_only=True)
class Service:
    """The parts of one running emulator.

    Attributes:
        config: The options; `change` gives others.
        tenants: The companies of the sample, with what their users sign in by.
        lag: What reads show in place of what was written of late.
        writes: What befalls the writes of leads.
        ids: Gives out the ids of new records.
        limiter: Counts requests per company, None without a limit.
        faults: Rules for what befalls requests.
        builders: What makes the JSON of rows, per bulk table.
        page_timer: Seconds that each bulk page took to build, oldest first.
        control_token: What a request must have that steers the emulator; another one each start.
        error_numbers: Numbers for the `requestId` of errors.
    """

    config: EmulatorConfig
    tenants: Sequence[SampleTenant]
    clock: Clock
    store: Store
    documents: Documents
    leads: Leads
    lag: Lag
    writes: WriteHabits
    runs: Runs
    identity: Identity
    sessions: Sessions
    ids: Ids
    limiter: Together | None
    faults: Faults
    habits: Habits
    tokens: TokenBox
    builders: dict[str, RowBuilder]
    log: RequestLog
    page_timer: list[float]
    control_token: str = field(default_factory=partial(secrets.token_urlsafe, 24))
    error_numbers: Iterator[int] = field(default_factory=partial(count, 1))

    def change(self, switches: Mapping[str, object]) -> None:
        """Go by other switches.

        Raises:
            ValueError: There is no such switch, it is fixed, or its value is outside its range.
        """
        if fixed := sorted(switches.keys() - set(CHANGEABLE)):
            raise ValueError(f"{fixed[0]} cannot be changed: give one of {', '.join(CHANGEABLE)}")
        config = replace(self.config, **switches)  # type: ignore[arg-type]  # checked by EmulatorConfig itself
        if any(getattr(config, name) != getattr(self.config, name) for name in RATE_OPTIONS):
            self.limiter = rate_limiter(config.limits, config.rate_model, config.bucket_size)
        self.config = config
        self.lag.change(config)
        self.writes.change(config)
        self.sessions.config = config

    def settle(self) -> None:
        """Let all that is due by the clock have happened, before anything is read or written."""
        now = self.clock.now()
        self.writes.settle(now)
        self.runs.settle(now)


def build_service(
    config: EmulatorConfig,
    tenants: Sequence[SampleTenant],
    store: Store,
    clock: Clock,
    log: RequestLog,
    *,
    page_timer: list[float],
    faults: Faults,
) -> Service:
    """Put the parts together over a filled store."""
    # From the seed, so that tokens outlive a restart over the same file.
    secret = partial(_secret, config.seed)
    builders = {table: row_builder(table, config.seed) for table in TABLES}
    # Another dice for every state of the file, so that a restart does not give out ids again.
    ids = Ids(Random(f"{config.seed}/ids/{store.highest()}"))
    documents, lag = Documents(store.db), Lag(config)
    leads = Leads(store, builders["enrich_leads"], ids, lag)
    return Service(
        config=config,
        tenants=tenants,
        clock=clock,
        store=store,
        documents=documents,
        leads=leads,
        lag=lag,
        writes=WriteHabits(config),
        runs=load_runs(documents, leads, ids, config),
        ids=ids,
        identity=Identity(store, secret("jwt")),
        sessions=Sessions(store, secret("jwt"), config),
        limiter=rate_limiter(config.limits, config.rate_model, config.bucket_size),
        faults=faults,
        habits=Habits(
            config.seed,
            on=config.habits,
            repeat_share=config.repeat_share,
            endless_empty=config.endless_empty,
        ),
        tokens=TokenBox(secret("page"), config.page_token_life),
        builders=builders,
        log=log,
        page_timer=page_timer,
    )


def _secret(seed: int, purpose: str) -> bytes:
    return hashlib.sha256(f"leadgenius emulator/{seed}/{purpose}".encode()).digest()


SERVICE = web.AppKey("service", Service)
CALLER = web.RequestKey("caller", Caller)
ROWS = web.RequestKey("rows", int)
#: Names of the members of the request's body.
MEMBERS = web.RequestKey("members", tuple[str, ...])
