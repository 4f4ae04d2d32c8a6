"""A Ray cluster of two workers on this machine, and eight tenants of six accounts for it."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
import ray
from anyio.from_thread import BlockingPortal, start_blocking_portal

from leadgenius_async import Tenant
from leadgenius_async.emulator import Emulator

#: What a process needs to reach the cluster, which other machines and other users do not.
CLUSTER = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
#: Bytes of the cluster's object store; less is not allowed.
STORE = 100 * 2**20


@dataclass
class Services:
    """Emulators, and who has accounts there.

    Attributes:
        home: A home folder with a profile, and a file for each key.
        environment: What tells a worker the keys; this process does not have it.
        keys: All keys.
        whose: Of each tenant its emulator, company and, where it takes those of one, client.
    """

    home: Path
    portal: BlockingPortal
    emulators: list[Emulator]
    environment: dict[str, str] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    whose: dict[str, tuple[Emulator, str, str | None]] = field(default_factory=dict)

    def tenant(self, name: str, how: str, number: int, company: int, **options: Any) -> Tenant:
        """Return a tenant of an emulator's first or second company.

        Args:
            name: Its name.
            how: Where its key is: `env`, `file` or `profile`.
            number: Which emulator.
            company: Which company of it, 0 or 1.
            options: More of the tenant's fields.
        """
        emulator = self.emulators[number]
        account = emulator.other if company else emulator.ready
        self.keys.add(account.api_key)
        client = next(iter(options.get("clients", ())), None)
        self.whose[name] = (emulator, account.company_id, client)
        reference = getattr(self, f"_by_{how}")(f"{number}{company}", account, emulator.base_url)
        return Tenant(name=name, rate="off", base_url=emulator.base_url, **reference, **options)

    def rows(self, name: str, fields: Sequence[str] | None = None) -> list[bytes]:
        """Return the truth of a tenant."""
        emulator, company, client = self.whose[name]
        whose = {"company_id": company, "client_id": client}
        if fields is None:
            return self.portal.call(lambda: list(emulator.rows("enrich_leads", **whose)))
        projected = emulator.rows_projected
        return self.portal.call(lambda: list(projected("enrich_leads", fields, **whose)))

    def _by_env(self, place: str, account: Any, _: str) -> dict[str, str]:
        self.environment |= {f"KEY_{place}": account.api_key, f"USER_{place}": account.user_id}
        return {"api_key_env": f"KEY_{place}", "user_id_env": f"USER_{place}"}

    def _by_file(self, place: str, account: Any, _: str) -> dict[str, str]:
        path = self.home / f"ready-{place}.json"  # a name that the watch over secrets passes over
        path.write_text(account.api_key + "\n")
        return {"api_key_file": str(path), "user_id": account.user_id}

    def _by_profile(self, place: str, account: Any, base_url: str) -> dict[str, str]:
        path = self.home / ".config" / "leadgenius" / "profiles.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(path.read_text()) if path.exists() else {}
        key = {"api_key": account.api_key, "user_id": account.user_id, "base_url": base_url}
        path.touch(0o600)
        path.write_text(json.dumps({**known, f"at-{place}": key}))
        return {"profile": f"at-{place}"}


@contextmanager
def running_services(home: Path) -> Generator[Services]:
    """Run three emulators, each with two companies."""
    with start_blocking_portal() as portal, ExitStack() as stack:
        emulators = [
            Emulator(leads=leads, source_leads=0, clients=3, rate="off", seed=seed)
            for seed, leads in enumerate((600, 300, 300))
        ]
        for emulator in emulators:
            stack.enter_context(portal.wrap_async_context_manager(emulator))
        yield Services(home, portal, emulators)


@contextmanager
def running_cluster(services: Services) -> Generator[Path]:
    """Run a cluster whose workers know the keys, and give the folder of its logs."""
    with ExitStack() as stack:
        # Not below pytest's own folder: the path of a socket has 107 bytes at the most.
        made = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(made))
        stack.callback(ray.shutdown)
        _start(services, folder)
        assert ray.get_runtime_context().gcs_address.startswith("127.0.0.1:")
        yield folder


def _start(services: Services, folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("LEADGENIUS_", "LGP_")):
                patch.delenv(name)
        # It has been read by now.
        patch.setattr("ray._private.ray_constants.ENABLE_RAY_CLUSTER", False)
        variables = {
            **services.environment,
            **CLUSTER,
            "HOME": str(services.home),
            "XDG_CONFIG_HOME": str(services.home / ".config"),
            "XDG_STATE_HOME": str(services.home / ".state"),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_memory_monitor_refresh_ms": "0",  # others' memory is none of its business
            "RAY_idle_worker_killing_time_threshold_ms": "600000",  # one takes seconds to start
        }
        for name, value in variables.items():
            patch.setenv(name, value)
        patch.chdir(services.home)  # workers look for modules where they were started
        ray.init(
            address="local",
            num_cpus=2,
            include_dashboard=False,
            object_store_memory=STORE,
            log_to_driver=False,
            _node_ip_address="127.0.0.1",
            _temp_dir=str(folder),
        )


def toml(tenant: Tenant) -> str:
    """Return a tenant as its table in a tenants file."""
    members = {name: value for name, value in msgspec.to_builtins(tenant).items() if value}
    return "[[tenant]]\n" + "".join(f"{name} = {json.dumps(members[name])}\n" for name in members)
