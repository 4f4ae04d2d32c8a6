"""Exports of many tenants: each exact, alone in its failure, and gone on with."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from truth import expected_rows, parquet_rows

from leadgenius_async import Tenant, export_tenants, models
from leadgenius_async._accounts import export as many
from leadgenius_async._accounts.report import Results, folder_of
from leadgenius_async._extract import parts
from leadgenius_async._extract.jobs import read_job
from leadgenius_async.emulator import Emulator, faults

if TYPE_CHECKING:
    from stores import Bucket

PAGES = "/api/enrich-leads/list"


@pytest.fixture
async def services(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[list[Emulator]]:
    """Two services of two companies, each company's key in a variable of its own."""
    options: dict[str, Any] = {"leads": 200, "source_leads": 40, "clients": 3, "rate": "off"}
    async with Emulator(seed=1, **options) as one, Emulator(seed=2, **options) as two:
        for number, emulator in enumerate((one, two)):
            for company, account in enumerate((emulator.ready, emulator.other)):
                monkeypatch.setenv(f"KEY_{number}{company}", account.api_key)
                monkeypatch.setenv(f"USER_{number}{company}", account.user_id)
        yield [one, two]


def tenant_of(emulators: list[Emulator], number: int, company: int, **options: Any) -> Tenant:
    """Return a tenant of an emulator's first or second company."""
    place = f"{number}{company}"
    usual: dict[str, Any] = {
        "name": f"tenant-{place}",
        "api_key_env": f"KEY_{place}",
        "user_id_env": f"USER_{place}",
        "base_url": emulators[number].base_url,
        "rate": "off",
    }
    return Tenant(**{**usual, **options})


@pytest.fixture
def tenants(services: list[Emulator]) -> list[Tenant]:
    return [tenant_of(services, number, company) for number in (0, 1) for company in (0, 1)]


def require_exact(services: list[Emulator], out: Path, table: str = "enrich_leads") -> None:
    """Hold the datasets of `tenants` against the truth."""
    for number, emulator in enumerate(services):
        for company, account in enumerate((emulator.ready, emulator.other)):
            rows = emulator.rows(table, company_id=account.company_id)
            folder = out / f"tenant-{number}{company}" / table
            assert parquet_rows(folder) == expected_rows(rows, table, None)


async def test_all_of_them(services: list[Emulator], tenants: list[Tenant], tmp_path: Path) -> None:
    """Every dataset is exact, has a manifest of its own, and the report says so, in a file too."""
    ended: list[models.TenantReport] = []
    report = await export_tenants(tenants, out=tmp_path / "new" / "out", on_tenant=ended.append)
    require_exact(services, tmp_path / "new" / "out")
    assert report.complete
    assert not report.failed
    assert [tenant.name for tenant in report.tenants] == [tenant.name for tenant in tenants]
    for tenant in report.tenants:
        out = tmp_path / "new" / "out" / tenant.name
        assert tenant.out == str(out)
        manifest = json.loads((out / "manifest.json").read_text())
        assert manifest["rows"] == tenant.rows > 0
        assert (tenant.files, tenant.bytes) == (len(manifest["files"]), manifest["bytes"])
        assert (tenant.requests, tenant.seconds) == (manifest["requests"], manifest["seconds"])
        assert (tenant.status, tenant.complete, tenant.kept) == ("complete", True, False)
    assert sorted(each.name for each in ended) == sorted(each.name for each in tenants)
    told = json.loads((tmp_path / "new" / "out" / "tenants.json").read_text())
    assert told["complete"]
    assert [each["rows"] for each in told["tenants"]] == [each.rows for each in report.tenants]
    for key in ("KEY_00", "KEY_01", "KEY_10", "KEY_11"):
        assert os.environ[key] not in json.dumps(told)


async def test_source_leads_and_options(
    services: list[Emulator], tenants: list[Tenant], tmp_path: Path
) -> None:
    """The other table, and whatever an export takes."""
    await export_tenants(tenants, out=tmp_path / "source", table="source_leads", page_size=10)
    require_exact(services, tmp_path / "source", "source_leads")
    report = await export_tenants(tenants[:1], out=tmp_path / "few", limit=7, format="ndjson")
    assert report.tenants[0].rows == 7
    assert [*(tmp_path / "few" / "tenant-00" / "enrich_leads").glob("*.ndjson.zst")]


async def test_they_fail_alone(
    services: list[Emulator], tenants: list[Tenant], tmp_path: Path
) -> None:
    """The report says with what; the others are whole, and the same call does what is missing."""
    services[1].revoke_key()
    other_company = tenant_of(services, 0, 0, name="company", company_id="company-2")
    missing = tenant_of(services, 0, 0, name="missing", api_key_env="NO_SUCH_KEY")
    client = tenant_of(services, 0, 0, name="client", clients=["nobody"])
    odd = tenant_of(services, 0, 0, name="odd", fields=["emial"])
    listed = [*tenants, other_company, missing, client, odd]
    report = await export_tenants(listed, out=tmp_path)
    assert not report.complete
    errors_of = {tenant.name: tenant.error for tenant in report.failed}
    assert errors_of.keys() == {"tenant-10", "company", "missing", "client", "odd"}
    assert "NO_SUCH_KEY is not set" in str(errors_of["missing"])
    assert "did you mean 'email'" in str(errors_of["odd"])
    assert "no client of the account has the client_id 'nobody'" in str(errors_of["client"])
    assert {tenant.status for tenant in report.failed} == {"failed"}
    assert all(tenant.complete for tenant in report.tenants[:2])
    told = json.loads((tmp_path / "tenants.json").read_text())
    assert [each["error"] for each in told["tenants"]] == [each.error for each in report.tenants]


@pytest.mark.parametrize(
    "option",
    [
        {"concurrency": 0},
        {"limit": -3},
        {"since": "yesterday"},
        {"format": "csv"},
        {"chains": "some"},
        {"max_file_bytes": 0},
        {"fields": ["emial"]},
        {"staging": "staging"},
    ],
)
async def test_an_option_that_is_of_no_use(tmp_path: Path, option: dict[str, Any]) -> None:
    """It is the caller's mistake and no tenant's: nothing is begun."""
    tenant = Tenant(name="acme", api_key_env="NO_SUCH_KEY", user_id="u")
    with pytest.raises(ValueError, match="|".join(["emial", *option])):
        await export_tenants([tenant], out=tmp_path / "out", **option)
    assert not (tmp_path / "out").exists()


async def test_a_key_of_no_user_we_know(
    services: list[Emulator], tenants: list[Tenant], tmp_path: Path
) -> None:
    """A home that does not exist is that tenant's own trouble."""
    lost = tenant_of(services, 0, 0, name="lost", api_key_env=None, api_key_file="~nosuchuser/key")
    report = await export_tenants([lost, tenants[0]], out=tmp_path)
    assert [tenant.status for tenant in report.tenants] == ["failed", "complete"]
    assert "~nosuchuser/key cannot be read" in str(report.tenants[0].error)


async def test_an_account_that_cannot_be_told(
    tenants: list[Tenant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever that fails with, the others go on."""
    account = Tenant.account

    def fail(tenant: Tenant) -> str:
        if tenant.name == "tenant-00":
            raise RuntimeError("of a library")
        return account(tenant)

    monkeypatch.setattr(Tenant, "account", fail)
    report = await export_tenants(tenants[:2], out=tmp_path)
    assert report.complete


async def test_an_error_of_nobody_we_know(
    tenants: list[Tenant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words may hold anything: its kind is told."""

    def fail(*_: object) -> Any:
        raise KeyError(address)  # a traceback shows this line

    address = "somebody@company.example"

    monkeypatch.setattr(many, "_export", fail)
    report = await export_tenants(tenants[:1], out=tmp_path)
    assert report.tenants[0].error == "KeyError"


async def test_a_chain_that_fails_is_gone_on_with(
    services: list[Emulator], tenants: list[Tenant], tmp_path: Path
) -> None:
    """An export that lacks a client's rows is incomplete, says so, and is completed by a call."""
    [client, *_] = services[0].ready.clients
    bad = services[0].faults.add(faults.status(404), path=PAGES, client=client.client_id)
    report = await export_tenants(tenants, out=tmp_path, chains="clients")
    [failed] = report.failed
    assert (failed.name, failed.status) == ("tenant-00", "incomplete")
    assert failed.rows
    assert "chains failed" in str(failed.error)
    assert failed.resumable
    assert bad.hits
    services[0].faults.clear()
    again = await export_tenants(tenants, out=tmp_path, chains="clients")
    assert [each.kept for each in again.tenants] == [False, True, True, True]
    assert again.complete
    require_exact(services, tmp_path)


async def test_what_was_interrupted(
    services: list[Emulator],
    tenants: list[Tenant],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same call keeps what is finished, goes on with what is not, and begins the rest."""
    monkeypatch.setattr(parts, "PART_PAGES", 2)
    services[1].faults.add(faults.hang(), path=PAGES, since=6)
    task = asyncio.create_task(
        export_tenants(tenants[:3], out=tmp_path, accounts=1, page_size=10, chains="all")
    )
    with anyio.fail_after(60):
        while not (job := read_job(tmp_path / "tenant-10")) or not job.rows:
            assert not task.done()
            await anyio.sleep(0.01)
    told = json.loads((tmp_path / "tenants.json").read_text())
    statuses = [tenant["status"] for tenant in told["tenants"]]
    assert statuses == ["complete", "complete", "unfinished"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    services[1].faults.clear()
    report = await export_tenants(tenants, out=tmp_path, page_size=10, chains="all")
    assert [tenant.kept for tenant in report.tenants] == [True, True, False, False]
    assert json.loads((tmp_path / "tenant-10" / "manifest.json").read_text())["runs"] == 2
    require_exact(services, tmp_path)


async def test_what_is_kept(services: list[Emulator], tmp_path: Path) -> None:
    """The same export, whole, and of the same company; anything else fails, and says why."""
    one = tenant_of(services, 0, 0, name="one")
    assert (await export_tenants([one], out=tmp_path)).complete
    before = services[0].log.count(path=PAGES)
    [kept] = (await export_tenants([one], out=tmp_path)).tenants
    assert kept.kept
    assert services[0].log.count(path=PAGES) == before
    others = [
        tenant_of(services, 0, 0, name="one", fields=["id"]),
        tenant_of(services, 0, 1, name="one"),  # another account's company
        tenant_of(services, 1, 0, name="one"),  # another service's
    ]
    for other in others:
        [failed] = (await export_tenants([other], out=tmp_path)).tenants
        assert (failed.status, failed.kept) == ("failed", False)
        assert "already holds an export" in str(failed.error)
    [failed] = (await export_tenants([one], out=tmp_path, limit=5)).tenants
    assert failed.status == "failed"
    [anew] = (await export_tenants([one], out=tmp_path, overwrite=True)).tenants
    assert (anew.complete, anew.kept) == (True, False)
    [part] = (tmp_path / "one" / "enrich_leads").iterdir()
    part.unlink()
    [failed] = (await export_tenants([one], out=tmp_path)).tenants
    assert failed.status == "failed"


async def test_accounts_side_by_side(services: list[Emulator], tmp_path: Path) -> None:
    """Tenants of one key, wherever it stands, one after another; of others, at a time."""
    file = tmp_path / "ready.json"
    file.write_text(services[0].ready.api_key)
    by_file = {"api_key_env": None, "api_key_file": str(file)}
    listed = [
        tenant_of(services, 0, 0, name="a"),
        tenant_of(services, 0, 0, name="b", fields=["id", "email"], **by_file),
        tenant_of(services, 1, 0, name="c"),
    ]
    held = services[1].faults.add(faults.hang(), path=PAGES)
    task = asyncio.create_task(export_tenants(listed, out=tmp_path / "out", page_size=10))
    with anyio.fail_after(60):
        while not held.hits or not (tmp_path / "out" / "b" / "_SUCCESS").exists():
            assert not task.done()
            await anyio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    asked = [page.query.get("fields") for page in services[0].log if page.path == PAGES]
    whose = [fields for fields in asked if fields != "id,company_id,client_id"]
    first_of_b = whose.index("id,email,company_id,client_id")
    assert {*whose[:first_of_b]} == {None}
    assert None not in whose[first_of_b:]


async def test_memory_is_bounded_for_all(
    services: list[Emulator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that run at a time share one budget, of which none gets less than it needs."""
    budgets: list[int] = []

    async def note(tenant: Tenant, order: Any, *, budget_bytes: int) -> models.TenantReport:
        budgets.append(budget_bytes // 2**20)
        return models.TenantReport(name=tenant.name, status="failed", out=order.out)

    monkeypatch.setattr(many, "take", note)
    several = [tenant_of(services, n // 2, n % 2) for n in range(4)]
    again = tenant_of(services, 0, 0, name="again")
    lone = [Tenant(name=f"n{n}", api_key_env=f"NONE_{n}", user_id="u") for n in range(12)]
    for listed, accounts in [([*several[:1], again], 4), (several, 3), (several, 4), (lone, 12)]:
        await export_tenants(listed, out=tmp_path, accounts=accounts)
    assert budgets == [64] * 2 + [42] * 4 + [32] * 4 + [16] * 12


async def test_into_a_store(
    services: list[Emulator], tenants: list[Tenant], bucket: Bucket, tmp_path: Path
) -> None:
    """Each tenant stands at its own address, with the report beside them; what is there is kept."""
    staging = tmp_path / "staging"
    uri = bucket.uri("leads")
    report = await export_tenants(tenants[:2], out=f"{uri}/", staging=staging)
    assert report.complete
    assert [tenant.out for tenant in report.tenants] == [f"{uri}/tenant-00", f"{uri}/tenant-01"]
    assert {"tenants.json", "tenant-00/_SUCCESS", "tenant-01/_SUCCESS"} <= {*bucket.names("leads")}
    assert not [path for path in staging.rglob("*") if path.is_file()]
    again = await export_tenants(tenants[:3], out=uri, staging=staging)
    assert [tenant.kept for tenant in again.tenants] == [True, True, False]
    other = tenant_of(services, 1, 1, name="tenant-00")
    [failed] = (await export_tenants([other], out=uri, staging=staging)).tenants
    assert "already holds an export" in str(failed.error)
    told = json.loads(bucket.read("leads/tenants.json"))
    assert [tenant["name"] for tenant in told["tenants"]] == ["tenant-00"]


def test_places_below_an_address() -> None:
    """What is said behind a question mark is of the whole address."""
    assert folder_of("s3://bucket/leads?region=eu", "acme") == "s3://bucket/leads/acme?region=eu"
    assert folder_of("leads?", "acme") == "leads?/acme"
    assert folder_of("/", "acme") == "/acme"


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"accounts": 0}, ValueError, "accounts is 0"),
        ({"table": "leads"}, ValueError, "table"),
        ({"retry_failed": True}, TypeError, "no option 'retry_failed'"),
        ({"out": ""}, ValueError, "out is empty"),
        ({"out": "s3://me:secret@bucket/leads"}, ValueError, "credentials in the address"),
    ],
)
async def test_a_call_that_cannot_go_well(
    options: dict[str, Any], error: type[Exception], says: str, tmp_path: Path
) -> None:
    """It is refused before anything is asked."""
    one = Tenant(name="one", profile="none")
    given: dict[str, Any] = {"out": tmp_path, **options}
    with pytest.raises(error, match=says):
        await export_tenants([one], **given)
    assert not (tmp_path / "tenants.json").exists()


async def test_lists_that_cannot_be_taken(tmp_path: Path) -> None:
    """None, or two of a name."""
    one, two = Tenant(name="one", profile="none"), Tenant(name="One", profile="other")
    with pytest.raises(ValueError, match="there is no tenant"):
        await export_tenants([], out=tmp_path)
    with pytest.raises(ValueError, match="given twice"):
        await export_tenants([one, two], out=tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        await export_tenants([one], out=tmp_path / "file")


async def test_two_calls_with_one_folder(tmp_path: Path) -> None:
    """Neither breaks the other's report; the last one stays, whole, and nothing beside it."""
    tenant = Tenant(name="acme", api_key_env="NO_SUCH_KEY", user_id="u")

    out = tmp_path / "out"

    async def write_often() -> None:
        results = Results([tenant], out=out, table="enrich_leads", on_tenant=None)
        for _ in range(50):
            await results.write()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write_often)
        tasks.start_soon(write_often)
    assert json.loads((out / "tenants.json").read_text())["tenants"]
    assert [*out.glob("*")] == [out / "tenants.json"]


async def test_a_report_that_cannot_be_written_is_told(
    tenants: list[Tenant], tmp_path: Path
) -> None:
    """At the end, and the exports stand."""

    def spoil(_: models.TenantReport) -> None:
        (tmp_path / "tenants.json").unlink()
        (tmp_path / "tenants.json").mkdir()

    with pytest.raises(OSError, match=r"tenants\.json"):
        await export_tenants(tenants[:1], out=tmp_path, on_tenant=spoil)
    assert (tmp_path / "tenant-00" / "_SUCCESS").exists()
