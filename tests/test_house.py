"""How the house is built: what is imported from where, and what loading it costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from anyio import to_thread
from lead_stub import render
from settings_stub import render as render_settings

import leadgenius_async
from leadgenius_async import errors, models
from leadgenius_async.emulator import Emulator

PACKAGE = Path(leadgenius_async.__file__).parent
TESTS = Path(__file__).parent

#: Layers from the top down; each may import from those below it, and from itself.
LAYERS = [
    ["cli", "__main__"],
    ["integrations"],
    ["models"],
    ["_report"],
    ["_accounts"],
    ["_client"],
    ["_resources"],
    ["_extract", "_writes"],
    ["_settings", "_credentials_file", "_lead_structs", "_settings_structs"],
    ["_http"],
    ["errors", "logs", "_fields", "_private", "_secret", "_version"],
]


#: What takes a second to load, or much memory, and an export has no use for. pyarrow loads numpy.
HEAVY = {"pandas", "polars", "duckdb", "pydantic", "requests", "IPython", "mcp"}
#: Modules that are loaded, ours and all, or would be if they were there: 43 by the package, 44 by
#: its version, 397 by a client and 495 by an export; a tenth more for other versions of others.
MOST_MODULES = {"import": 50, "version": 50, "client": 437, "export": 545}

_LOADED = """
import sys
before, asked = set(sys.modules), set()
class Watch:
    @staticmethod
    def find_spec(name, *_):
        asked.add(name)
sys.meta_path.insert(0, Watch)
{code}
print(*set(sys.modules) - before, *asked, sep="\\n", file=sys.stderr)
"""

EXPORT = """
import asyncio
from leadgenius_async import LeadGenius

async def main():
    async with LeadGenius(rate="off") as lg:
        await lg.enrich_leads.export({out!r}, chains="clients")

asyncio.run(main())
"""


def loaded_by(code: str) -> set[str]:
    """Return the modules that `code` loads in a fresh interpreter, or would if they were there."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", _LOADED.format(code=code)],
        check=True,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.split())


def test_children_import_the_installed_package() -> None:
    """Python puts the folder it is started in first, which here is the source tree; -P does not."""
    starts = re.compile(r"sys\.executable,\s*+(?!\"-[IP]\")")
    wrong = [path.name for path in TESTS.rglob("*.py") if starts.search(path.read_text())]
    assert wrong == []


def test_the_built_wheel_is_what_is_tested() -> None:
    """The tests import the installed package, not the source tree beside them."""
    assert PACKAGE.parent.name == "site-packages"
    assert (PACKAGE / "py.typed").exists()


def test_importing_the_package_loads_neither_pyarrow_nor_aiohttp() -> None:
    """`import leadgenius_async` is lazy."""
    loaded = loaded_by("import leadgenius_async")
    assert not loaded & ({"pyarrow", "aiohttp", "msgspec", "anyio", "numpy"} | HEAVY)
    assert len(loaded) <= MOST_MODULES["import"]


def test_the_version_loads_neither_rich_nor_cyclopts() -> None:
    """`leadgenius --version` answers before anything heavy is imported."""
    setup = "import sys; sys.argv = ['leadgenius', '--version']"
    code = f"{setup}\nfrom leadgenius_async.cli import main\nmain()"
    loaded = loaded_by(code)
    assert not loaded & ({"rich", "cyclopts", "pyarrow", "aiohttp", "asyncio", "numpy"} | HEAVY)
    assert len(loaded) <= MOST_MODULES["version"]


def test_a_client_loads_nothing_heavy() -> None:
    """Nor does it load what reads commands."""
    loaded = loaded_by("from leadgenius_async import LeadGenius\nLeadGenius()")
    assert not loaded & ({"rich", "cyclopts", "pyarrow", "numpy", "filelock"} | HEAVY)
    assert "leadgenius_async._writes.engine" not in loaded
    assert len(loaded) <= MOST_MODULES["client"]


async def test_an_export_loads_no_pandas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To Parquet, of rows as declared, chains per client and a sweep; odd rows and NDJSON may."""
    code = EXPORT.format(out=str(tmp_path / "out"))
    async with Emulator(leads=600, source_leads=0, rate="off", habits=False) as service:
        for name in ("base_url", "api_key", "user_id"):
            monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(service.ready, name))
        loaded = await to_thread.run_sync(loaded_by, code)
    assert (tmp_path / "out" / "_SUCCESS").exists()
    assert not loaded & ({"rich", "cyclopts"} | HEAVY)
    loaded = {name for name in loaded if not name.startswith("numpy.")}  # pyarrow's, if it is there
    assert len(loaded) <= MOST_MODULES["export"]


@pytest.mark.parametrize(
    "command",
    [
        ["auth", "status"],
        ["auth", "logout"],
        ["export", "--help"],
        ["commands"],
        ["skill"],
        ["api", "GET", "/clients", "--dry-run"],
    ],
)
def test_a_command_without_requests_loads_no_network_code(command: list[str]) -> None:
    """What needs no network imports neither aiohttp nor pyarrow."""
    code = f"from leadgenius_async.cli.app import run\nrun({command})"
    assert not loaded_by(code) & {"pyarrow", "aiohttp"}


def layer_of(module: str) -> int | None:
    """Return the layer of a module of the package, by its first name below it."""
    parts = module.split(".")
    if parts[0] != "leadgenius_async" or len(parts) == 1:
        return None
    return next((n for n, names in enumerate(LAYERS) if parts[1] in names), None)


def imports_of(path: Path) -> set[str]:
    """Return the modules of the package that a file imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("leadgenius_async.")}


def test_imports_run_downwards() -> None:
    """No layer imports from one above it."""
    for path in PACKAGE.rglob("*.py"):
        relative = path.relative_to(PACKAGE)
        here = layer_of(f"leadgenius_async.{relative.with_suffix('').parts[0]}")
        if here is None:
            continue
        for name in imports_of(path):
            there = layer_of(name)
            allowed = there is None or there >= here
            # The command starts the emulator; nothing else of the house knows it.
            assert allowed, f"{relative} imports {name}, which lies above it"


def test_every_module_has_its_layer() -> None:
    """A module that no layer lists would escape the rule above."""
    names = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    listed = {name for layer in LAYERS for name in layer}
    assert names - {"__init__", "__pycache__"} == listed | {"emulator", "testing"}


def test_the_emulator_shares_only_the_fields() -> None:
    """A mistake of the SDK is not made a second time by what tests it."""
    for path in (PACKAGE / "emulator").rglob("*.py"):
        for name in imports_of(path):
            assert name.startswith(("leadgenius_async.emulator", "leadgenius_async._fields"))


def test_the_public_names_are_one_list() -> None:
    """`__all__`, what `dir` shows and what can be imported are the same."""
    for module in (leadgenius_async, models):
        for name in module.__all__:
            assert getattr(module, name) is not None
    assert sorted(leadgenius_async.__all__) == dir(leadgenius_async)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = leadgenius_async.nonsense


def test_public_errors_are_reachable() -> None:
    """`leadgenius_async.errors` is the one place for errors."""
    assert leadgenius_async.errors is errors


def test_the_stub_of_the_lead_structs_is_current() -> None:
    """What type checkers see is what the table of fields says."""
    assert (PACKAGE / "_lead_structs.pyi").read_text() == render()


def test_the_stub_of_the_settings_structs_is_current() -> None:
    """The same for the settings."""
    assert (PACKAGE / "_settings_structs.pyi").read_text() == render_settings()
