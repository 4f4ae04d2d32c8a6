"""What of the Ray integration stands without Ray: the call, and who may have an account."""

from __future__ import annotations

import importlib
import logging
from pathlib import Path

import pytest

from leadgenius_async import Tenant, errors
from leadgenius_async._accounts.export import Order
from leadgenius_async.emulator import Emulator
from leadgenius_async.integrations import ray
from leadgenius_async.integrations.ray import LEASE, Leases, export_tenants


async def test_the_same_call_in_this_process(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It runs the tenants, and the log says where."""
    caplog.set_level(logging.INFO, "leadgenius_async")
    monkeypatch.setenv("ACME_KEY", emulator.ready.api_key)
    acme = Tenant(
        name="acme",
        api_key_env="ACME_KEY",
        user_id=emulator.ready.user_id,
        base_url=emulator.base_url,
        rate="off",
    )
    report = await export_tenants([acme], out=tmp_path, fields=["id"], accounts=2)
    assert report.complete
    assert (tmp_path / "acme" / "_SUCCESS").exists()
    assert "Ray is not installed" in caplog.text


async def test_an_account_that_cannot_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reports what its tenant fails with, whatever that is."""

    def fail(_: Tenant) -> str:
        raise RuntimeError("of a library")

    monkeypatch.setattr(Tenant, "account", fail)
    tenant = Tenant(name="acme", api_key_env="NO_SUCH_KEY", user_id="u")
    order = Order(out=str(tmp_path), table="enrich_leads", options={})
    report = await ray._take_alone(tenant, order)  # pyright: ignore[reportPrivateUsage]
    assert "NO_SUCH_KEY is not set" in str(report.error)


async def test_places_are_named_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may have been started in another folder: relative ones are this process' own."""
    seen: dict[str, object] = {}

    def note(_: object, **options: object) -> None:
        seen.update(options)
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray, "ray", object())
    monkeypatch.setattr(ray, "Run", note)
    with pytest.raises(KeyboardInterrupt):
        await export_tenants([], out="s3://bucket/leads", staging="staging")
    assert (seen["out"], seen["staging"]) == ("s3://bucket/leads", tmp_path / "staging")


def test_a_dataset_needs_ray() -> None:
    """What is missing is said, with the line that installs it."""
    with pytest.raises(errors.ConfigurationError, match=r'pip install .*\[ray\]" "ray\[data\]"'):
        importlib.import_module("leadgenius_async.integrations.ray_data")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("leadgenius_async.integrations.ray.time.monotonic", lambda: now[0])
    return now


def test_an_account_is_one_holders(clock: list[float]) -> None:
    """Until it is given back, or not renewed in time; other accounts are free."""
    leases = Leases()
    assert leases.take("account", "one")
    assert not leases.take("account", "two")
    assert leases.take("other", "two")
    clock[0] += LEASE - 1
    assert leases.renew("account", "one")
    clock[0] += LEASE - 1
    assert not leases.take("account", "two")
    leases.give_back("account", "two")
    assert not leases.take("account", "two")
    leases.give_back("account", "one")
    assert leases.take("account", "two")
    assert not leases.renew("account", "one")


def test_a_lease_lapses(clock: list[float]) -> None:
    """Whoever comes later has it then, and the first one hears of it."""
    leases = Leases()
    assert leases.take("account", "one")
    clock[0] += LEASE
    assert leases.take("account", "two")
    assert not leases.renew("account", "one")
    leases.give_back("account", "one")
    assert leases.renew("account", "two")


def test_leases_that_were_forgotten(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once Ray has started it again, holders go on, and new ones wait until the old have lapsed."""
    monkeypatch.setattr(ray, "_was_restarted", lambda: True)
    leases = Leases()
    assert not leases.take("account", "two")
    assert leases.renew("account", "one")
    clock[0] += LEASE - 1
    assert not leases.take("other", "two")
    assert leases.renew("account", "one")
    clock[0] += 1
    assert leases.take("other", "two")
    assert not leases.take("account", "two")
