"""Ray Data: the leads of many tenants as a Dataset."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import ray
import ray.data
from canaries import SECRET
from pages import executing
from ray_cluster import Services, running_cluster, running_services, toml

from leadgenius_async import Tenant
from leadgenius_async.integrations.ray_data import LeadsDatasource

# Ray's own code warns of what it is going to change.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Generator[Services]:
    with running_services(tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture(scope="module")
def tenants(services: Services) -> list[Tenant]:
    """Four tenants of three accounts."""
    return [
        services.tenant("first", "env", 0, 0),
        services.tenant("second", "file", 1, 0),
        services.tenant("third", "profile", 1, 1),
        services.tenant("again", "profile", 1, 0),
    ]


@pytest.fixture(scope="module")
def session(services: Services, tenants: list[Tenant]) -> Generator[Path]:
    """Run the cluster, and give the folder with its logs."""
    assert len(tenants) == 4
    with running_cluster(services) as folder:
        yield folder


def test_a_dataset(services: Services, tenants: list[Tenant], session: Path) -> None:
    """It has every row of every tenant, which it names, and one schema."""
    leads: Any = ray.data.read_datasource(LeadsDatasource(tenants, fields=["id", "country"]))
    rows = leads.take_all()
    assert leads.schema().names == ["id", "country", "_extra", "tenant"]
    for tenant in tenants:
        emulator, company, _ = services.whose[tenant.name]
        ids = [row["id"] for row in rows if row["tenant"] == tenant.name]
        services.portal.call(lambda: emulator.assert_rows_equal(ids, company_id=company))  # noqa: B023
    assert leads.count() == len(rows)
    for path in session.rglob("*.*"):
        if path.is_file() and not path.is_symlink():
            assert not SECRET.search(path.read_bytes()), path


def test_a_few_rows(tenants: list[Tenant], session: Path) -> None:
    """Whoever wants a few reads no more than a few pages, and ends cleanly."""
    del session
    leads: Any = ray.data.read_datasource(LeadsDatasource(tenants[:1]))
    assert len(leads.take(3)) == 3


def test_columns_that_differ(services: Services, tenants: list[Tenant]) -> None:
    """One schema: tenants that name different fields are refused, unless fields are given."""
    odd = services.tenant("odd", "profile", 1, 0, fields=["email"])
    with pytest.raises(ValueError, match="different fields"):
        LeadsDatasource([*tenants, odd])
    with pytest.raises(TypeError, match="list of names"):
        LeadsDatasource(tenants, fields="email")
    assert len(LeadsDatasource([*tenants, odd], fields=["id"]).get_read_tasks(1)) == 5


def test_a_key_that_is_missing(session: Path) -> None:
    """The Dataset fails, and says what is missing."""
    del session
    missing = Tenant(name="missing", api_key_env="NO_SUCH_KEY", user_id="nobody")
    leads: Any = ray.data.read_datasource(LeadsDatasource([missing]))
    with pytest.raises(ray.exceptions.RayError, match="NO_SUCH_KEY"):
        leads.count()


def test_the_page_runs(
    tenants: list[Tenant],
    session: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It runs as it stands, with a file of tenants."""
    del session
    (tmp_path / "tenants.toml").write_text("".join(map(toml, tenants)))
    with executing("integrations/test_ray_data.py::test_the_page_runs") as blocks:
        for block in blocks:
            names: dict[str, Any] = {}
            exec(compile(block.code, block.place, "exec"), names)  # noqa: S102 - the subject
            names["main"](str(tmp_path / "tenants.toml"))
    assert "'tenant': 'third', 'count()': 20" in capsys.readouterr().out
