"""The emulator as an async context manager: load, listen, stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Self

import msgspec
from aiohttp import web

from leadgenius_async._fields import TABLES
from leadgenius_async.emulator.chain import CHAIN
from leadgenius_async.emulator.clock import Clock, timestamp
from leadgenius_async.emulator.config import EmulatorConfig, configured
from leadgenius_async.emulator.console import CONSOLE, Console
from leadgenius_async.emulator.control import url_host
from leadgenius_async.emulator.faults.rules import Faults
from leadgenius_async.emulator.keys import revoke_key
from leadgenius_async.emulator.loading import sample_store
from leadgenius_async.emulator.request_log import RequestLog
from leadgenius_async.emulator.routes import ENDPOINTS
from leadgenius_async.emulator.rows import wanted_fields
from leadgenius_async.emulator.sample.tenants import SampleTenant, SampleUser, sample_tenants
from leadgenius_async.emulator.service import SERVICE, Service, build_service
from leadgenius_async.emulator.store import check_table
from leadgenius_async.emulator.structs import ClientRef, Member, ReadyInfo, Tenant
from leadgenius_async.emulator.truth import RowOrId, compare

#: Seconds that requests under way may take to end when the emulator stops.
_SHUTDOWN = 1.0


class Emulator:
    """A local server of the LeadGenius Pro API over sample data.

        async with Emulator(leads=500) as emulator:
            print(emulator.base_url, emulator.ready.api_key)

    Args:
        config: The options, all at once.
        **options: Single options of `EmulatorConfig`; they win over `config`.

    Attributes:
        clock: The emulator's time, which a test can turn forward.
        faults: Rules for what befalls requests; none at first.
        log: Every request, with its status and its rows.
        page_timer: Seconds that each bulk page took to build, oldest first.

    Raises:
        ValueError: An option has a value outside its range.
        TypeError: There is no such option.
    """

    def __init__(self, config: EmulatorConfig | None = None, **options: object) -> None:
        self._config = configured(config or EmulatorConfig(), options)
        self.log: RequestLog = RequestLog()
        self.clock: Clock = Clock()
        self.faults: Faults = Faults(self._config.seed)
        self.page_timer: list[float] = []
        self._stack = AsyncExitStack()
        self._service: Service | None = None
        self._base_url = ""
        self._tenants = sample_tenants(self._config)

    async def __aenter__(self) -> Self:
        """Load the sample and listen.

        Raises:
            OSError: The port is in use or the host is not of this machine.
            ValueError: `db` is a file with other content.
            RuntimeError: The emulator is running already.
        """
        if self._service is not None:
            raise RuntimeError("The emulator is running already: make another Emulator")
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(sample_store(self.config, self._tenants))
            service = build_service(
                self.config,
                self._tenants,
                store,
                self.clock,
                self.log,
                page_timer=self.page_timer,
                faults=self.faults,
            )
            port = await stack.enter_async_context(_listening(service))
            self._service = service
            self._base_url = f"http://{url_host(self.config.host)}:{port}"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening, close the store and remove it if it was temporary."""
        self._service = None
        await self._stack.aclose()

    @property
    def config(self) -> EmulatorConfig:
        """The options, to be read: as they were given, while it runs with what `change` changed.

        A start goes by what was given, whatever was changed in a run before it.
        """
        return self._config if self._service is None else self._service.config

    @property
    def base_url(self) -> str:
        """Where the emulator listens, without `/api`."""
        self._running()
        return self._base_url

    @property
    def console_url(self) -> str:
        """The page that shows what goes on, with what it needs to steer the emulator."""
        return f"{self.base_url}/#token={self._running().control_token}"

    @property
    def ready(self) -> ReadyInfo:
        """The first company, and where the emulator listens; as JSON it is the ready file."""
        service = self._running()
        tenant = _described(service, self._tenants[0])
        return ReadyInfo(
            base_url=self._base_url,
            console_url=self.console_url,
            control_token=service.control_token,
            other=self.other,
            **msgspec.structs.asdict(tenant),
        )

    @property
    def other(self) -> Tenant:
        """The second company, whose rows the first must never see."""
        return _described(self._running(), self._tenants[1])

    def insert(self, table: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Add rows of your own to the first company, for tests that need certain leads.

        Args:
            table: `enrich_leads` or `source_leads`.
            rows: Members of each row, with its `client_id`. `id`, `owner`, `company_id` and the
                timestamps are filled in where they are absent.
        """
        service, tenant = self._running(), self._tenants[0]
        defaults = {"owner": tenant.owner.user_id, "company_id": tenant.company_id}
        stored = [service.leads.stored({**defaults, **row}, self.clock.now()) for row in rows]
        service.store.insert_rows(check_table(table), stored)

    def update(self, table: str, row_id: str, changes: Mapping[str, object]) -> None:
        """Change a row of the first company while a test goes on, as by another user.

        The row moves to the end of its listing, so an export under way may see it twice: with
        its old values on an earlier page, and with its new ones on a later page.

        Args:
            table: `enrich_leads` or `source_leads`.
            row_id: The row's `id`.
            changes: Members that the row gets. `updatedAt` becomes the present if it is absent.

        Raises:
            ValueError: There is no such row, or `changes` has an `id` or a `company_id`.
        """
        service, company_id = self._settled(), self._tenants[0].company_id
        if fixed := {"id", "company_id"} & changes.keys():
            raise ValueError(f"changes has {', '.join(sorted(fixed))}: a row keeps its own")
        row = service.store.row(check_table(table), company_id, row_id)
        if row is None:
            raise _no_row(table, row_id)
        now = self.clock.now()
        served = msgspec.json.encode(service.builders[table].build([row], None))
        [old] = msgspec.json.decode(served, type=list[dict[str, object]])
        new = service.leads.stored({**old, "updatedAt": timestamp(now), **changes}, now)
        service.store.replace_row(table, new, to_end=True)

    def delete(self, table: str, ids: Iterable[str]) -> None:
        """Delete rows of the first company while a test goes on, as by another user.

        Args:
            table: `enrich_leads` or `source_leads`.
            ids: The `id` of each row.

        Raises:
            ValueError: There is no such row; those before it are gone.
        """
        store = self._settled().store
        for row_id in ids:
            if not store.delete_row(table, self._tenants[0].company_id, row_id):
                raise _no_row(table, row_id)

    def revoke_key(self, key: str | None = None) -> None:
        """Let an API key be good no longer: calls with it are 401 from here on.

        Args:
            key: The key; the one of `ready` if not given.

        Raises:
            ValueError: There is no such key.
        """
        key = self._tenants[0].api_key if key is None else key
        if not revoke_key(self._running().store, key):
            raise ValueError("key is none of this service's, or revoked already")

    def change(self, **switches: object) -> None:
        """Change switches while it runs; writes and batches are counted anew from here.

        With another rate, requests are counted anew too.

        Args:
            **switches: Options of `EmulatorConfig` about leads, logins and the rate, such as
                `batch_create="none"`; a wrong name lists all.

        Raises:
            ValueError: There is no such switch, it is fixed, or its value is outside its range.
        """
        self._settled().change(switches)

    def created(self, *fields: str) -> Counter[tuple[str, ...]]:
        """How often each distinct lead was created by calls, whatever became of it.

        A lead that is stored twice counts twice, one that a batch only claims does not count.

        Args:
            *fields: What tells leads apart, such as `"client_id", "email"`; a value that is no
                text counts by its JSON.
        """
        return Counter(
            tuple(_text(lead.get(name)) for name in fields)
            for lead in self._settled().leads.created
        )

    def rows(
        self, table: str, *, company_id: str | None = None, client_id: str | None = None
    ) -> Iterator[bytes]:
        """The truth: each row's JSON as it is served when all fields are asked for, in order.

        Args:
            table: `enrich_leads` or `source_leads`.
            company_id: Whose rows; the first company's if not given.
            client_id: Only rows of this client_id; all if not given.
        """
        return self._truth(table, None, company_id, client_id)

    def rows_projected(
        self,
        table: str,
        fields: Iterable[str],
        *,
        company_id: str | None = None,
        client_id: str | None = None,
    ) -> Iterator[bytes]:
        """Like `rows`, each row as `fields=` serves it."""
        wanted = wanted_fields(",".join(fields))
        if wanted is None:
            raise ValueError("fields is empty: name a field, or call rows() for all of them")
        return self._truth(table, wanted, company_id, client_id)

    def assert_rows_equal(
        self,
        rows: Iterable[RowOrId],
        *,
        table: str = "enrich_leads",
        company_id: str | None = None,
        client_id: str | None = None,
    ) -> None:
        """Check that rows are those of a table, each once, in any order.

        Args:
            rows: Their ids, or the rows: members, or JSON. A row need not have all members; those
                that it has must be right, and null is the same as absent.
            table: `enrich_leads` or `source_leads`.
            company_id: Whose rows; the first company's if not given.
            client_id: Only rows of this client_id; all if not given.

        Raises:
            AssertionError: They are not; the message counts the missing, the doubled, the foreign
                and the wrong, and names the first ids of each.
        """
        compare(table, self.rows(table, company_id=company_id, client_id=client_id), rows)

    def _truth(
        self,
        table: str,
        fields: tuple[str, ...] | None,
        company_id: str | None,
        client_id: str | None,
    ) -> Iterator[bytes]:
        service = self._settled()
        check_table(table)
        build = service.builders[table].build
        batches = service.store.each(table, company_id or self._tenants[0].company_id, client_id)
        return (msgspec.json.encode(row) for rows in batches for row in build(rows, fields))

    def _settled(self) -> Service:
        service = self._running()
        service.settle()
        return service

    def _running(self) -> Service:
        if self._service is None:
            raise RuntimeError("The emulator is not running: use it inside `async with Emulator()`")
        return self._service


@asynccontextmanager
async def _listening(service: Service) -> AsyncGenerator[int]:
    """Listen for the time of the block, and give the port."""
    app = web.Application(middlewares=CHAIN, client_max_size=service.config.request_cap)
    app[SERVICE] = service
    app[CONSOLE] = Console(service)
    for endpoint in ENDPOINTS:
        # `list` is a call of its own, not an id.
        path = endpoint.path.replace("{id}", "{id:(?!list$)[^{}/]+}")
        app.router.add_route(endpoint.method, path, endpoint.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN)
    await runner.setup()
    service.faults.stopped.clear()
    try:
        await web.TCPSite(runner, service.config.host, service.config.port).start()
        yield runner.addresses[0][1]
    finally:
        service.faults.stopped.set()
        await runner.cleanup()


def _described(service: Service, tenant: SampleTenant) -> Tenant:
    return Tenant(
        api_key=tenant.api_key,
        user_id=tenant.owner.user_id,
        company_id=tenant.company_id,
        username=tenant.owner.username,
        password=tenant.owner.password,
        clients=[ClientRef(client.id, client.client_id) for client in tenant.clients],
        rows={table: service.store.count(table, tenant.company_id) for table in TABLES},
        admin=_member(tenant.admin),
        member=_member(tenant.member),
    )


def _no_row(table: str, row_id: str) -> ValueError:
    return ValueError(f"id={row_id!r} is no row of {table} of the first company: see rows()")


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _member(user: SampleUser) -> Member:
    return Member(user.user_id, user.username, user.password)
