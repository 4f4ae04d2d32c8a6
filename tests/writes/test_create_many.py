"""Imports into the emulator: whatever it does to writes, each row comes to one end."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import pickle
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from accounts import connect
from killing_imports import people

from leadgenius_async import LeadGenius, errors
from leadgenius_async._resources.import_options import Asked, ImportOptions
from leadgenius_async._writes import engine
from leadgenius_async._writes.jobs import read_import
from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.report import BulkProgress, BulkReport, RowResult
from leadgenius_async.emulator import Emulator, faults

COUNT = 60
ROWS = people(range(COUNT))
#: Seconds; what the emulator does late here is done within it.
SETTLE = 0.3
LATE = 0.15


class Service:
    """An emulator and a client of it."""

    def __init__(self, emulator: Emulator, lg: LeadGenius) -> None:
        self.emulator = emulator
        self.lg = lg
        [client] = emulator.ready.clients
        self.client = client.client_id

    async def create(self, rows: Any = ROWS, **options: Any) -> BulkReport:
        options = {"settle": SETTLE, "batch_size": 10, "client_id": self.client, **options}
        return await self.lg.leads.create_many(rows, **options)

    def created(self) -> Counter[str]:
        """How often each address was created."""
        return Counter({email: count for (email,), count in self.emulator.created("email").items()})

    def seen(self) -> list[dict[str, Any]]:
        return [msgspec.json.decode(row) for row in self.emulator.rows("enrich_leads")]

    def calls(self, method: str) -> list[int]:
        """Statuses of the calls of leads."""
        return [
            call.status
            for call in self.emulator.log
            if call.path == "/api/leads" and call.method == method
        ]


Start = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def service() -> Start:
    @asynccontextmanager
    async def start(**switches: Any) -> AsyncGenerator[Service]:
        options: dict[str, Any] = {"leads": 0, "source_leads": 0, "clients": 1, "rate": "off"}
        async with Emulator(**{**options, **switches}) as emulator, connect(emulator) as lg:
            yield Service(emulator, lg)

    return start


def ends(report: BulkReport) -> tuple[int, int, int, int]:
    return report.created, report.existing, report.rejected, report.unresolved


def once(rows: Sequence[dict[str, object]] = ROWS) -> Counter[str]:
    return Counter(str(row["email"]) for row in rows)


async def test_a_service_in_health(service: Start) -> None:
    """A probe, batches, and a listing before and after it."""
    async with service() as there:
        report = await there.create()
        assert ends(report) == (COUNT, 0, 0, 0)
        assert (report.batches, report.singles, report.batches_persist) == (7, 0, True)
        assert report.requests <= 1 + 7 + 4  # the account, the writes, the listings
        assert there.created() == once()
        assert {row.id for row in report.rows} == {lead["id"] for lead in there.seen()}


@pytest.mark.parametrize(
    ("switches", "persist"),
    [
        ({"batch_create": "none"}, False),
        ({"batch_create": "part"}, True),
        ({"batch_create": "share"}, True),
        ({"batch_create": "share", "batch_share": 0.9}, True),
        ({"batch_create": "first", "batch_first": 3}, True),
        ({"batch_create": "first", "batch_first": 3, "batch_create_times": 2}, True),
        ({"batch_create": "none", "batch_create_times": 1}, False),
    ],
)
@pytest.mark.fault("S2")
async def test_batches_that_are_stored_in_part(
    service: Start, switches: dict[str, Any], *, persist: bool
) -> None:
    """Answered 201 or not: what is absent is sent again, alone, and what is there is not."""
    async with service(**switches) as there:
        report = await there.create()
        assert ends(report) == (COUNT, 0, 0, 0)
        assert report.batches_persist is persist
        assert there.created() == once()


async def test_batches_that_are_stored_no_more(service: Start) -> None:
    """It is found at the end at the latest, and mended."""
    async with service() as there:
        await there.create(ROWS[:20])
        there.emulator.change(batch_create="none")
        report = await there.create()
        assert ends(report) == (40, 20, 0, 0)
        assert there.created() == once()


@pytest.mark.parametrize("batch_create", ["all", "none"])
@pytest.mark.fault("S6")
async def test_what_the_service_stores_twice_is_told(service: Start, batch_create: str) -> None:
    """Nothing is deleted; the report names the id of each lead too many."""
    async with service(applied_twice=1.0, batch_create=batch_create) as there:
        report = await there.create()
        assert ends(report) == (COUNT, 0, 0, 0)
        assert report.doubled == COUNT
        named = [name for row in report.rows for name in (row.id, *row.doubles)]
        assert sorted(map(str, named)) == sorted(lead["id"] for lead in there.seen())


FAULTS: dict[str, dict[str, Any]] = {
    "lost before": {"lost_before": 0.3},
    "lost after": {"lost_after": 0.3},
    "all lost after": {"lost_after": 1.0},
    "late": {"applied_late": 0.3},
    "late with 504": {"applied_late": 0.3, "late_answer": "timeout"},
    "all late": {"applied_late": 1.0},
    "reads lag": {"read_lag": LATE},
    "find lags": {"find_lag": LATE},
    "lost, late, in part, and reads lag": {
        "lost_before": 0.1, "lost_after": 0.1, "applied_late": 0.1, "batch_create": "share",
        "read_lag": 0.1, "late_seconds": 0.1,
    },
}  # fmt: skip


@pytest.mark.parametrize("faults", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.fault("S3", "S4")
async def test_lost_and_late_writes(service: Start, faults: dict[str, Any], size: int) -> None:
    """Nothing is lost, and nothing doubled."""
    async with service(**{"late_seconds": LATE, **faults}) as there:
        report = await there.create(batch_size=size)
        assert report.created + report.unresolved == COUNT
        assert report.unresolved <= COUNT / 10  # sent three times, and lost three times
        missing = {str(row["email"]) for row, end in zip(ROWS, report.rows, strict=True)
                   if end.state == "unresolved"}  # fmt: skip
        assert once() - Counter(missing) == there.created()
        assert report.doubled == 0


async def test_a_lost_answer_without_a_key(service: Start) -> None:
    """Nobody could tell whether the lead is there: it is sent once, and told."""
    async with service(lost_after=1.0) as there:
        report = await there.create([{"firstName": "Ada", "lastName": "Sample"}])
        assert ends(report) == (0, 0, 0, 1)
        assert len(there.seen()) == 1


@pytest.mark.parametrize("lost", ["lost_before", "lost_after"])
async def test_at_most_once(service: Start, lost: str) -> None:
    """What is lost is looked for, and never sent again."""
    async with service(**{lost: 0.3}) as there:
        report = await there.create(mode="at_most_once")
        assert report.created + report.unresolved == COUNT
        assert len(there.calls("POST")) == report.batches == 7
        assert there.created().total() == report.created
        assert bool(report.unresolved) == (lost == "lost_before")


async def test_fast(service: Start) -> None:
    """Nothing is looked for: what the service says is believed, and what it does not, is told."""
    async with service(lost_before=0.3) as there:
        report = await there.create(mode="fast")
        assert report.created + report.unresolved == COUNT
        assert report.unresolved > 0
        assert not report.verified
        assert there.created().total() == report.created
        assert report.requests <= 2 + 6


@pytest.mark.fault("H1", "H3")
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", ["json", "html"])
@pytest.mark.parametrize("rows", [1, COUNT])
async def test_a_failure_in_passing_rejects_nobody(
    service: Start, status: int, body: str, rows: int
) -> None:
    """Once it is proven that nothing was stored, the rows are sent again."""
    async with service() as there:
        fault = faults.status(status, body=body)  # type: ignore[arg-type] # a parameter here
        there.emulator.faults.add(fault, method="POST", path="/api/leads*", times=1)
        report = await there.create(ROWS[:rows])
        assert ends(report) == (rows, 0, 0, 0)
        assert there.created() == once(ROWS[:rows])


@pytest.mark.parametrize("part", ["none", "part"])
@pytest.mark.parametrize("status", [500, 400])
@pytest.mark.fault("H2")
async def test_poison(service: Start, status: int, part: str) -> None:
    """A row that no batch survives is rejected alone, with the service's words."""
    poison = {"poison": "ada.7@", "poison_status": status, "poison_batch": part}
    async with service(**poison) as there:
        report = await there.create()
        bad = report.rows[7]
        assert bad.state == "rejected"
        assert f"answered {status}" in str(bad.reason)
        assert report.created + report.existing == COUNT - 1
        # A refused batch is taken to have stored nothing; what it stored all the same, exists.
        assert report.existing == 0 or (status, part) == (400, "part")
        assert there.created() == once([*ROWS[:7], *ROWS[8:]])


@pytest.mark.parametrize("by_case", [False, True])
async def test_what_exists_is_known_in_any_case(service: Start, *, by_case: bool) -> None:
    """Whatever the service thinks of case, for an import an address is one in any case."""
    async with service(duplicates_by_case=by_case, find_by_case=by_case) as there:
        loud = [{**row, "email": str(row["email"]).upper()} for row in ROWS]
        await there.create(ROWS[:10])
        report = await there.create([*loud, *ROWS[10:12]])
        assert ends(report) == (COUNT - 10, 12, 0, 0)
        assert report.rows[COUNT].reason == "the same key as line 11"
        assert report.rows[COUNT].id == report.rows[10].id
        assert there.created().total() == COUNT


@pytest.mark.parametrize("size", [1, 10])
@pytest.mark.fault("H5")
async def test_what_somebody_else_creates_meanwhile(service: Start, size: int) -> None:
    """A 409 to one, and a skipped one of a batch, are no creation of ours."""
    async with service(read_lag=0.3) as there:
        await there.create(ROWS[:10], mode="fast")
        report = await there.create(batch_size=size)
        assert ends(report) == (COUNT - 10, 10, 0, 0)
        assert [row.state for row in report.rows[:10]] == ["existing"] * 10
        assert there.created() == once()


@pytest.mark.parametrize("size", [1, 10])
async def test_what_exists_once_more(service: Start, size: int) -> None:
    """Asked for, and where the service makes it, there is a lead for each row, and one before."""
    async with service(duplicate_batch="create", duplicate_create="create") as there:
        await there.create(ROWS[:10])
        report = await there.create([*ROWS, *ROWS[:2]], on_existing="create", batch_size=size)
        assert ends(report) == (COUNT + 2, 0, 0, 0)
        assert report.doubled == 0
        assert len({row.id for row in report.rows}) == COUNT + 2
        assert there.created() == once([*ROWS, *ROWS[:10], *ROWS[:2]])


@pytest.mark.parametrize("size", [1, 10])
async def test_what_exists_is_changed(service: Start, size: int) -> None:
    async with service() as there:
        await there.create(ROWS[:10])
        rows = [{**row, "title": "Owner"} for row in ROWS]
        report = await there.create(rows, on_existing="update", batch_size=size)
        assert (*ends(report), report.updated) == (COUNT - 10, 10, 0, 0, 10)
        assert [row.updated for row in report.rows] == [True] * 10 + [False] * (COUNT - 10)
        assert {lead["title"] for lead in there.seen()} == {"Owner"}


@pytest.mark.parametrize("caps", [{"batch_limit": 20}, {"request_cap": 2_000}])
@pytest.mark.fault("H6")
async def test_batches_that_are_too_large(service: Start, caps: dict[str, int]) -> None:
    """A 400 or a 413 of a batch halves it; of a single row, it is its end."""
    async with service(**caps) as there:
        wide: dict[str, object] = {
            "firstName": "Wide",
            "lastName": "x" * 3_000,
            "email": "wide@sample.example",
        }
        report = await there.create([*ROWS, wide], batch_size=100)
        rejected = "request_cap" in caps
        assert ends(report) == (COUNT + 1 - rejected, 0, int(rejected), 0)
        assert there.created() == once(ROWS if rejected else [*ROWS, wide])


@pytest.mark.fault("R1")
async def test_a_429_pauses_and_repeats(service: Start) -> None:
    async with service(refused_writes=1.0, fault_at=3) as there:
        report = await there.create()
        assert ends(report) == (COUNT, 0, 0, 0)
        assert report.retries == 1
        assert there.created() == once()


@pytest.mark.parametrize("duplicates", ["skip", "create"])
async def test_a_429_that_was_applied_all_the_same(service: Start, duplicates: str) -> None:
    """It is taken as not applied; where that is wrong, the report says what came of it."""
    async with service(
        refused_writes=1.0, fault_at=3, apply_refused=True, duplicate_batch=duplicates
    ) as there:
        report = await there.create()
        assert report.created + report.existing == COUNT
        doubled = 10 if duplicates == "create" else 0
        assert (report.existing, report.doubled) == (10 - doubled, doubled)
        assert there.created().total() == COUNT + doubled


@pytest.mark.parametrize("applied", [False, True])
@pytest.mark.fault("A5")
async def test_a_401_ends_it_and_the_journal_stands(
    service: Start, tmp_path: Path, *, applied: bool
) -> None:
    """Credentials are mended, and the same call goes on."""
    async with service(refused_writes=1.0, refusal=401, fault_at=3, apply_refused=applied) as there:
        with pytest.raises(errors.AuthenticationError):
            await there.create(journal=tmp_path / "journal")
        report = await there.create(journal=tmp_path / "journal")
        assert report.created + report.existing == COUNT
        assert report.existing == (10 if applied else 0)
        assert report.runs == 2
        assert there.created() == once()


async def test_the_rate_limit_is_kept(service: Start) -> None:
    """Searches count too, and nothing is answered 429."""
    async with service(rate=600, batch_create="part") as there:
        ready = there.emulator.ready
        async with LeadGenius(
            base_url=ready.base_url, api_key=ready.api_key, user_id=ready.user_id, rate=600
        ) as lg:
            report = await Service(there.emulator, lg).create(ROWS[:20])
        assert ends(report) == (20, 0, 0, 0)
        there.emulator.log.assert_no_429()


@pytest.mark.fault("S14")
async def test_fields_that_the_service_leaves_out(service: Start) -> None:
    """The lead is there, and so the row is created."""
    async with service(strip_fields="title") as there:
        report = await there.create([{**row, "title": "Owner"} for row in ROWS])
        assert ends(report) == (COUNT, 0, 0, 0)


# --- the input, the journal and the report


async def test_every_change_is_told(service: Start, tmp_path: Path) -> None:
    """Of each row, what was mended; of all rows, how often; and of each row one line in a file."""
    rows = [
        {"firstName": " Ada ", "lastName": ".", "email": "ada@sample.example", "phone": "1"},
        {"firstName": "Grace", "lastName": "", "email": "none"},
        {"firstName": "Max", "lastName": "Sample", "email": "max@sample.example", "title": " "},
    ]
    file = tmp_path / "rows.ndjson"
    async with service() as there:
        report = await there.create(rows, report=file)
        assert ends(report) == (2, 0, 1, 0)
        told = [{f"{change.field}:{change.rule}" for change in row.changes} for row in report.rows]
        filled = {"client_id:filled", "fullName:filled", "contactName:filled"}
        assert told[0] == {"firstName:trimmed", "lastName:mark", "phone:phone", *filled}
        assert told[1] == {"lastName:empty", "client_id:filled"}
        assert told[2] == {"title:empty", *filled}
        assert report.changed == dict(Counter(name for names in told for name in names))
        trimmed = report.rows[0].changes[0]
        assert (trimmed.before, trimmed.after) == (" Ada ", "Ada")
        assert "email" in str(report.rows[1].reason)
        assert "lastName" in str(report.rows[1].reason)
        lines = file.read_bytes().splitlines()
        assert [msgspec.json.decode(line, type=RowResult) for line in lines] == report.rows


async def test_progress_costs_little(service: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where counting takes long, it is done less often."""
    monkeypatch.setattr(engine, "_TICK", 0.01)
    told: list[BulkProgress] = []
    async with service(lost_before=1.0, fault_at=1) as there:
        await there.create(on_progress=told.append)
        quick = len(told)
        told.clear()
        monkeypatch.setattr(Journal, "counts", slow(Journal.counts))
        there.emulator.change(fault_at=1)
        await there.create(people(range(COUNT, 2 * COUNT)), on_progress=told.append)
    assert quick >= 10
    assert 1 <= len(told) <= 3


def slow(count: Callable[[Journal], Any]) -> Callable[[Journal], Any]:
    def counts(journal: Journal) -> Any:
        time.sleep(0.03)
        return count(journal)

    return counts


async def test_a_report_pickles(service: Start) -> None:
    async with service(applied_twice=1.0) as there:
        report = await there.create([*ROWS[:8], {"firstName": "Ada"}])
        assert report.doubled
        assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes


async def test_a_finished_import_sends_nothing_again(service: Start, tmp_path: Path) -> None:
    """The same call with the same rows reports the same once more."""
    async with service() as there:
        first = await there.create(journal=tmp_path)
        sent = len(there.calls("POST"))
        again = await there.create(journal=tmp_path)
        assert len(there.calls("POST")) == sent
        assert (again.runs, again.rows) == (2, first.rows)


@pytest.mark.parametrize("rows", [ROWS[:-1], [*ROWS[:-1], {**ROWS[-1], "firstName": "Eve"}]])
async def test_a_journal_of_other_rows(service: Start, tmp_path: Path, rows: Any) -> None:
    async with service() as there:
        await there.create(journal=tmp_path)
        with pytest.raises(errors.ImportConflict):
            await there.create(rows, journal=tmp_path)
        assert there.created() == once()


async def test_a_journal_of_another_import(service: Start, tmp_path: Path) -> None:
    async with service() as there:
        await there.create(journal=tmp_path)
        with pytest.raises(errors.ImportConflict, match="mode was verified and is fast"):
            await there.create(journal=tmp_path, mode="fast")


@pytest.mark.fault("C4")
async def test_a_journal_in_use(service: Start, tmp_path: Path) -> None:
    """A second import into the same journal is refused, and the first goes on."""
    async with service(lost_before=1.0, fault_at=1) as there:
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(there.create(journal=tmp_path))
            await asyncio.sleep(0.2)
            with pytest.raises(errors.ImportLocked):
                await there.create(journal=tmp_path)
        assert ends(first.result()) == (COUNT, 0, 0, 0)


async def test_a_journal_that_is_none(service: Start, tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no journal" * 1_000)
    async with service() as there:
        with pytest.raises(errors.ImportDamaged):
            await there.create(journal=tmp_path)
        assert not there.calls("POST")


async def test_it_stops_at_the_first_refused_row(service: Start) -> None:
    rows = [*ROWS, {"firstName": "Ada", "lastName": "Sample", "email": "none"}]
    async with service() as there:
        with pytest.raises(errors.ImportStopped, match="line 61: email"):
            await there.create(rows, stop_on_error=True)


async def test_what_it_stopped_at_is_gone_on_with(service: Start, tmp_path: Path) -> None:
    """Before the refused row all are there, behind it none; the mended row is gone on with."""
    bad: dict[str, object] = {"firstName": "Ada"}
    rows = [*ROWS[:20], bad, *ROWS[20:40], bad, *ROWS[40:]]
    options: dict[str, Any] = {
        "stop_on_error": True,
        "journal": tmp_path,
        "report": tmp_path / "rows.ndjson",
    }
    async with service() as there:
        for _ in range(2):
            with pytest.raises(errors.ImportStopped, match=r"line 21: .*before it 20 created"):
                await there.create(rows, **options)
            assert there.created() == once(ROWS[:20])
            assert len((tmp_path / "rows.ndjson").read_bytes().splitlines()) == 20
        rows[20] = {**ROWS[0], "email": "mended@sample.example"}
        with pytest.raises(errors.ImportStopped, match="line 42: "):
            await there.create(rows, **options)
        assert there.created() == once([*ROWS[:40], rows[20]])
        report = await there.create(rows, journal=tmp_path)
        assert ends(report) == (COUNT + 1, 0, 1, 0)
        again = await there.create(rows, **options)  # each row is known: there is none to stop at
        assert ends(again) == ends(report)


async def test_stopped_it_is_not_done(service: Start, tmp_path: Path) -> None:
    """What comes behind the row that it stopped at is looked for to the end, too."""
    async with service() as there:
        with pytest.raises(errors.ImportStopped):
            await there.create(
                [*ROWS[:5], {"firstName": "Ada"}], journal=tmp_path, stop_on_error=True
            )
    job = read_import(tmp_path)
    assert job is not None
    assert (job.state, job.read, job.created) == ("unfinished", 5, 5)


@pytest.mark.parametrize(
    "field",
    [{"firstName": "\ud800"}, {"id": "\udceb"}, {"Gr\udcf6": 1}, {"_extra": {"a": "\udceb"}}],
)
async def test_bytes_that_are_no_text(service: Start, field: dict[str, object]) -> None:
    """Wherever they stand in a row it is refused alone, and can be told and gone on with."""
    async with service() as there:
        report = await there.create([ROWS[0], {**ROWS[1], **field}, ROWS[2]])
        assert ends(report) == (2, 0, 1, 0)
        assert "has bytes that are no text" in str(report.rows[1].reason)
        assert report.rows[1].line == 2


@pytest.mark.fault("S13")
async def test_rows_of_a_client_that_nobody_has(service: Start) -> None:
    """One for all rows is an error; that of a row is the row's own, and names what is near."""
    async with service() as there:
        with pytest.raises(errors.UnknownClient):
            await there.create(client_id="nobody-corp")
        [record] = [client async for client in there.lg.clients.list()]
        rows = [
            {**ROWS[0], "client_id": there.client},
            {**ROWS[1], "client_id": "nobody-corp"},
            {**ROWS[2], "client_id": record.id},
        ]
        report = await there.create(rows, client_id=None)
        assert ends(report) == (1, 0, 2, 0)
        assert "nobody-corp" in str(report.rows[1].reason)
        assert f"its client_id, {there.client!r}" in str(report.rows[2].reason)
        preview = await there.lg.leads.preview_many(rows)
        assert f"its client_id, {there.client!r}" in str(preview.rows[-1].reason)


@pytest.mark.fault("C3")
async def test_cancelled_it_goes_on(service: Start, tmp_path: Path) -> None:
    """What was on its way when it was cancelled is looked for, not sent again."""
    async with service(applied_late=1.0, late_seconds=LATE) as there:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(there.create(journal=tmp_path), 0.15)
        report = await there.create(journal=tmp_path)
        assert report.created + report.unresolved == COUNT
        assert max(there.created().values()) == 1


async def test_a_preview_takes_what_an_import_takes(service: Start, tmp_path: Path) -> None:
    """The very same options: what they refuse is told beforehand, and nothing is written."""
    async with service() as there:
        same: ImportOptions = {
            "client_id": there.client,
            "key": "email",
            "journal": tmp_path / "journal",
            "report": tmp_path / "report.ndjson",
        }
        preview = await there.lg.leads.preview_many([{**ROWS[0], "email": ""}, ROWS[1]], **same)
        assert (preview.ready, preview.rejected) == (1, 1)
        assert not {"journal", "report.ndjson"} & {*os.listdir(tmp_path)}  # noqa: PTH208 - names
        wrong: dict[str, Any] = {"batchsize": 10}
        for call in (there.lg.leads.create_many, there.lg.leads.preview_many):
            said = rf"{call.__name__}\(\) has no option 'batchsize'; did you mean 'batch_"
            with pytest.raises(TypeError, match=said):
                await call(ROWS, **wrong)
        nowhere = tmp_path / "nowhere" / "report.ndjson"
        with pytest.raises(ValueError, match="there is no folder"):
            await there.lg.leads.preview_many(ROWS, report=nowhere)


async def test_a_preview_ends_where_the_import_would(service: Start) -> None:
    """Under `stop_on_error` the row that is refused is told, and none after it."""
    async with service() as there:
        rows = [ROWS[0], {**ROWS[1], "email": ""}, ROWS[2]]
        preview = await there.lg.leads.preview_many(
            rows, client_id=there.client, require_email=True, stop_on_error=True
        )
        assert (preview.total, preview.ready, preview.rejected) == (2, 1, 1)
        assert [row.state for row in preview.rows] == ["rejected"]


def test_the_options_and_their_defaults_are_the_same() -> None:
    """What can be asked for by name has a value where it is left out, and the other way round."""
    named = {each.name for each in dataclasses.fields(Asked)} - {"rules"}
    assert named == ImportOptions.__annotations__.keys()
