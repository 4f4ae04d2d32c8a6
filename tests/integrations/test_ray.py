"""Ray: many tenants on a cluster of two workers, of which one is killed."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
import ray
from canaries import ADDRESS, SECRET
from pages import executing
from ray_cluster import CLUSTER, Services, running_cluster, running_services, toml
from truth import expected_rows, parquet_rows

from leadgenius_async import Tenant
from leadgenius_async._extract.jobs import ExportJob, read_job
from leadgenius_async.emulator import faults
from leadgenius_async.integrations.ray import export_tenants
from leadgenius_async.models import TenantsReport

# Ray's own code warns of what it is going to change.
pytestmark = pytest.mark.filterwarnings("default")

PAGES = "/api/enrich-leads/list"
SWEEP = "id,company_id,client_id"
LONGEST = 240.0  # seconds of a test; a lease that lapses takes 15

NAMES = ["killed", "small", "profile", "second", "third", "fourth", "chained", "leased"]

LOST = "its worker has lost the lease of its account"
MISSING = Tenant(name="missing", api_key_env="NO_SUCH_KEY", user_id="nobody")

#: Another driver: it runs an export of one tenant by the same cluster.
DRIVER = """
import asyncio, json, sys
import ray
from leadgenius_async import Tenant
from leadgenius_async.integrations.ray import export_tenants
order = json.loads(sys.argv[1])
ray.init(address=order["address"], log_to_driver=False)
tenants = [Tenant(**each) for each in order["tenants"]]
report = asyncio.run(export_tenants(tenants, out=order["out"], page_size=10))
sys.exit(not report.complete)
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Generator[Services]:
    with running_services(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module")
def tenants(services: Services) -> list[Tenant]:
    """Eight tenants of six accounts: one has two by one reference, one has two by two of them."""
    [client, *_] = services.emulators[0].ready.clients
    places = [
        ("env", 0, 0, {"clients": [client.client_id]}),
        ("file", 0, 1, {}),
        ("profile", 1, 0, {}),
        ("env", 1, 1, {}),
        ("env", 2, 0, {}),
        ("file", 2, 1, {}),
        ("profile", 1, 0, {"fields": ["id", "email"]}),
        ("file", 2, 0, {"fields": ["id", "email"]}),
    ]
    return [
        services.tenant(name, how, number, company, **more)
        for name, (how, number, company, more) in zip(NAMES, places, strict=True)
    ]


@pytest.fixture(scope="module")
def session(services: Services, tenants: list[Tenant]) -> Generator[Path]:
    """Run the cluster, and give the folder with its logs."""
    assert len(services.keys) == 6
    assert len(tenants) == 8
    with running_cluster(services) as folder:
        yield folder


async def found(out: Path, state: str) -> ExportJob:
    """Return an export of which a part is durable, once it is in a state."""
    while True:
        job = await anyio.to_thread.run_sync(read_job, out)
        if job is not None and job.state == state and job.rows:
            return job
        await anyio.sleep(0.02)


def object_store(session: Path) -> bytes:
    """Return what is in the memory that the cluster's processes share: an open file of Ray's."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            command = (process / "cmdline").read_bytes().split(b"\0")
            if command[0].endswith(b"raylet") and os.fsencode(session) in b" ".join(command):
                files = (process / "fd").iterdir()
                [memory] = [file for file in files if "plasma" in str(file.readlink())]
                return memory.read_bytes()
    raise AssertionError("there is no raylet of this cluster")


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


async def test_a_killed_worker(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """Every tenant's dataset is exact, each taken up once; no key is where it does not belong."""
    out = tmp_path / "out"
    [client, *_] = services.emulators[0].ready.clients
    rules = services.emulators[0].faults
    rules.add(faults.hang(), path=PAGES, client=client.client_id, since=20)
    with anyio.fail_after(LONGEST):
        under_way = asyncio.create_task(export_tenants(tenants, out=out, page_size=10))
        job = await found(out / "killed", "running")
        assert job.holder is not None
        assert job.holder.pid != os.getpid()
        os.kill(job.holder.pid, signal.SIGKILL)
        rules.clear()
        report = await under_way
    assert [each.error for each in report.tenants] == [None] * 8
    assert report.complete
    for tenant in tenants:
        fields = tenant.fields
        rows = expected_rows(services.rows(tenant.name, fields), "enrich_leads", fields)
        assert parquet_rows(out / tenant.name / "enrich_leads") == rows, tenant.name
    runs = {name: json.loads((out / name / "manifest.json").read_text())["runs"] for name in NAMES}
    assert runs == {**dict.fromkeys(NAMES, 1), "killed": 2}
    told = json.loads((out / "tenants.json").read_text())
    assert [each["name"] for each in told["tenants"]] == NAMES

    shown = ray.put(b"this is found, so that keys would be" * 10_000)
    memory = object_store(session)
    assert b"this is found" in memory
    assert not SECRET.search(memory)
    del shown
    for path in (*files_below(session), out / "tenants.json"):
        assert not SECRET.search(path.read_bytes()), path
        assert not ADDRESS.search(path.read_bytes()), path


async def test_the_same_call_again(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """What is finished is kept, without a page; a key that the workers lack fails alone."""
    del session
    [first, *_] = tenants
    with anyio.fail_after(LONGEST):
        await export_tenants([first], out=tmp_path)
        before = services.emulators[0].log.count(path=PAGES)
        ended: list[str] = []
        report = await export_tenants(
            [MISSING, first], out=tmp_path, on_tenant=lambda each: ended.append(each.status)
        )
    assert services.emulators[0].log.count(path=PAGES) == before
    assert [(each.status, each.kept) for each in report.tenants] == [
        ("failed", False),
        ("complete", True),
    ]
    assert sorted(ended) == ["complete", "failed"]
    assert "NO_SUCH_KEY" in str(report.tenants[0].error)


async def test_a_call_that_is_cancelled(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """Its tasks end as by Ctrl-C, and let go of what they have."""
    del session
    tenant = tenants[NAMES.index("profile")]
    services.emulators[1].faults.add(faults.hang(), path=PAGES, since=20)
    with anyio.fail_after(LONGEST):
        under_way = asyncio.create_task(export_tenants([tenant], out=tmp_path, page_size=10))
        held = await found(tmp_path / tenant.name, "running")
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        services.emulators[1].faults.clear()
        assert (await found(tmp_path / tenant.name, "unfinished")).job_id == held.job_id
        assert (await export_tenants([tenant], out=tmp_path, page_size=10)).complete
    told = json.loads((tmp_path / tenant.name / "manifest.json").read_text())
    assert (told["job_id"], told["runs"]) == (held.job_id, 2)


async def test_leases_that_are_removed(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """Whoever has one ends, and the next call makes them anew."""
    del session
    tenant = tenants[NAMES.index("profile")]
    services.emulators[1].faults.add(faults.hang(), path=PAGES, since=20)
    with anyio.fail_after(LONGEST):
        under_way = asyncio.create_task(export_tenants([tenant], out=tmp_path, page_size=10))
        await found(tmp_path / tenant.name, "running")
        ray.kill(ray.get_actor("leases", namespace="leadgenius"))
        [lost] = (await under_way).tenants
        assert (lost.status, lost.error) == ("failed", LOST)
        services.emulators[1].faults.clear()
        assert (await export_tenants([tenant], out=tmp_path, page_size=10)).complete


async def test_the_page_runs(tenants: list[Tenant], session: Path, tmp_path: Path) -> None:
    """It runs as it stands, with a file of tenants."""
    del session
    first, second, *_ = tenants
    file = tmp_path / "tenants.toml"
    file.write_text(toml(first) + toml(second))
    with executing("integrations/test_ray.py::test_the_page_runs") as blocks:
        for block in blocks:
            names: dict[str, Any] = {}
            exec(compile(block.code, block.place, "exec"), names)  # noqa: S102 - the subject
            await names["main"](str(file), str(tmp_path / "shared"))
    assert (tmp_path / "shared" / first.name / "_SUCCESS").exists()
    assert (tmp_path / "shared" / second.name / "_SUCCESS").exists()


async def test_two_drivers(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """Whoever else works on an account, by whatever name of its key, waits until it is free."""
    del session
    other, mine = tenants[NAMES.index("third")], tenants[NAMES.index("leased")]
    emulator = services.emulators[2]
    emulator.log.clear()
    hung = emulator.faults.add(faults.hang(6), path=PAGES, nth=3)
    order = {
        "address": ray.get_runtime_context().gcs_address,
        "tenants": [msgspec.to_builtins(other)],
        "out": str(tmp_path / "other"),
    }
    command = [sys.executable, "-P", "-c", DRIVER, json.dumps(order)]
    with anyio.fail_after(LONGEST):
        await export_tenants([MISSING], out=tmp_path / "none")  # a worker is there at once then
        environment = {**os.environ, **CLUSTER}
        work = anyio.run_process(command, stderr=sys.stderr, env=environment, cwd=tmp_path)
        driver = asyncio.create_task(work)
        while not hung.hits:
            assert not driver.done()
            await anyio.sleep(0.02)
        report: TenantsReport = await export_tenants([mine], out=tmp_path / "mine", page_size=10)
        await driver
    assert report.complete
    asked = [page.query.get("fields") for page in emulator.log if page.path == PAGES]
    # Each ends with a sweep, which does not tell whose it is.
    whose = ["first" if fields is None else "second" for fields in asked if fields != SWEEP]
    assert whose == sorted(whose)
    assert {*whose} == {"first", "second"}
    emulator.faults.clear()


async def test_a_worker_that_stood_still(
    services: Services, tenants: list[Tenant], session: Path, tmp_path: Path
) -> None:
    """It has lost its lease when it goes on, and ends; the same call brings it to its end."""
    del session
    slow, other = tenants[NAMES.index("third")], tenants[NAMES.index("leased")]
    rules = services.emulators[2].faults
    rules.add(faults.hang(), path=PAGES, nth=20)
    with anyio.fail_after(LONGEST):
        standing = asyncio.create_task(export_tenants([slow], out=tmp_path, page_size=10))
        holder = (await found(tmp_path / slow.name, "running")).holder
        assert holder is not None
        os.kill(holder.pid, signal.SIGSTOP)
        try:
            rules.add(faults.hang(8), path=PAGES, nth=20)
            passing = asyncio.create_task(export_tenants([other], out=tmp_path, page_size=10))
            await found(tmp_path / other.name, "running")
        finally:
            os.kill(holder.pid, signal.SIGCONT)
        [lost] = (await standing).tenants
        assert (lost.status, lost.error) == ("failed", LOST)
        assert not passing.done()
        assert (await passing).complete
        assert (await export_tenants([slow], out=tmp_path, page_size=10)).complete
    rows = expected_rows(services.rows(slow.name), "enrich_leads", None)
    assert parquet_rows(tmp_path / slow.name / "enrich_leads") == rows
    rules.clear()
