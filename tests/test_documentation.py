"""Every block of the README and the documentation runs, and every link leads somewhere."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import shell
from accounts import connect
from anyio import to_thread
from pages import CI, PAGES, ROOT, Block, blocks, blocks_of, executing, executor_of, functions
from site_links import anchors, links
from world import running_world

from leadgenius_async import LeadGenius
from leadgenius_async.emulator import Emulator

TESTS = Path(__file__).parent
PYTHON = [block for block in blocks() if "::test_the_block_runs[" in (executor_of(block) or "")]
SHELL = sorted(
    {block.page for block in blocks() if "::test_the_commands_run[" in (executor_of(block) or "")}
)


@pytest.mark.parametrize("place", [block.place for block in PYTHON])
async def test_the_block_runs(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A reader may copy it: it runs as it stands, with the account in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("base_url", "api_key", "user_id"):
        monkeypatch.setenv(f"LEADGENIUS_{name.upper()}", getattr(emulator.ready, name))
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    with executing(f"test_documentation.py::test_the_block_runs[{place}]") as blocks:
        for block in blocks:
            shell.write_files([other for other in on(block.page) if other.title], tmp_path)
            await run_python(block, emulator)


async def run_python(block: Block, emulator: Emulator) -> None:
    """Run a block, and with a client or the emulator whatever it defines."""
    if "asyncio.run(" in block.code:
        # It brings its own event loop, so it gets a thread of its own; the emulator stays here.
        await to_thread.run_sync(functions, block)
        return
    found = functions(block)
    assert found, f"{block.place} runs nothing"
    async with LeadGenius() as lg:
        fixtures = {"leadgenius_emulator": emulator}
        for function in found:
            names = inspect.signature(function).parameters
            await function(*(fixtures.get(name, lg) for name in names))


@pytest.mark.parametrize("page", SHELL)
def test_the_commands_run(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One after the other, in a folder of their own, each ends as the page says."""
    with (
        executing(f"test_documentation.py::test_the_commands_run[{page}]") as blocks,
        running_world(leads=600, source_leads=200, clients=3, login_attempts=1000) as world,
    ):
        world.portal.call(add_clients, world.emulator)
        environment = world.environment() | stores_of(page, request)
        found = list(blocks)
        ran = shell.run(found, tmp_path, environment)
    assert ran == [block.place for block in found]


async def add_clients(emulator: Emulator) -> None:
    """Make what commands name besides `acme-corp`: a client with leads of its own."""
    async with connect(emulator) as lg:
        client = await lg.clients.create(clientName="Beta Inc")
        await lg.leads.create({"firstName": "B", "lastName": "C"}, client_id=client.client_id)


def stores_of(page: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """Run an object store for a page that goes into one, and say how it is reached."""
    if not any("s3://" in block.code for block in on(page)):
        return {}
    from stores import Bucket, environment  # noqa: PLC0415 - takes a second to load

    endpoint: str = request.getfixturevalue("s3_endpoint")
    Bucket(endpoint, "bucket")
    return environment(endpoint)


def on(page: str) -> list[Block]:
    """Return the blocks of a page."""
    return [block for block in blocks() if block.page == page]


def test_no_block_is_left_out() -> None:
    """Each has a language that something executes; a test of a tool says which blocks it takes."""
    unknown = [f"{block.place}: {block.language}" for block in blocks() if not executor_of(block)]
    assert unknown == []
    for test in {executor_of(block) or "" for block in blocks()} - {CI}:
        file, _, name = test.partition("[")[0].partition("::")
        text = (TESTS / file).read_text()
        assert f"def {name}(" in text, f"{test} is no test"
        said = (f'"{test}"', f'executing(f"{file}::{name}[', f'executing(f"{file}::test_{{name')
        assert any(words in text for words in said), f"{test} takes no blocks"


def test_every_file_is_used() -> None:
    """A block that is a file is named by a command of its page, or its test reads it."""
    for block in blocks():
        if block.title and "::test_the_commands_run[" in (executor_of(block) or ""):
            others = [other.code for other in on(block.page) if other is not block]
            name = Path(block.title).stem
            assert any(name in code for code in others), f"{block.place}: nothing uses it"


ODD = """
# A page

1. A list

   ```console
   $ true
   ```

~~~ toml title="a.toml"
~~~

> ```
> quoted
> ```

    indented
"""


def test_blocks_are_found_however_they_are_fenced() -> None:
    """Also that those without a language are nobody's."""
    found = list(blocks_of("page.md", ODD))
    assert [block.language for block in found] == ["console", "toml", "", ""]
    assert [block.title for block in found] == [None, "a.toml", None, None]
    assert [bool(executor_of(block)) for block in found] == [True, True, False, False]
    assert [block.place for block in found][:2] == ["page.md:6", "page.md:10"]


def test_what_a_test_skips_is_told() -> None:
    """A test that does not come to its last block fails."""
    place = PYTHON[0].place
    test = f"test_documentation.py::test_the_block_runs[{place}]"
    with pytest.raises(AssertionError, match="not executed"), executing(test) as found:
        next(found)
    with pytest.raises(AssertionError, match="no block is left"), executing("nobody"):
        pass


def test_commands() -> None:
    """Continuations belong to them, output does not; an error that follows is expected."""
    code = "$ export A=… \\\n    B=2\nout\n$ false  # no\nerror: so it is\n"
    first, second = shell.commands(code)
    assert (first.text, first.fails) == ('export A="$A" \\\n    B=2', False)
    assert (second.text, second.fails, second.line) == ("false  # no", True, 3)
    for wrong in ("output\n", "$ leadgenius …\n"):
        with pytest.raises(AssertionError):
            list(shell.commands(wrong))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("$ true\n$ false\n$ true\n", "page.md:3 ended with 1"),
        ("$ true\nerror: no\n", "page.md:2 should fail"),
        ("$ echo $UNSET\n", "UNSET: unbound variable"),
        ("$ pip install leadgenius-async[nonsense]\n", "no such extra"),
        ("$ pip install nonsense\n", "does not know it"),
        ("$ nox -s nonsense\n", "there are"),
    ],
)
def test_a_page_that_is_wrong_fails(tmp_path: Path, code: str, said: str) -> None:
    """By the line, and with what the command said."""
    block = Block("page.md", 1, "", "console", None, code)
    with pytest.raises(AssertionError, match=said):
        shell.run([block], tmp_path, {})


def test_what_a_page_leaves_running_is_ended(tmp_path: Path) -> None:
    """With the page's shell, and at once."""
    code = "$ (trap 'echo ended > ended; exit' TERM; echo ready > ready; sleep 60 & wait) &\n"
    wait = "$ until [ -s ready ]; do sleep 0.01; done\n"
    block = Block("page.md", 1, "", "console", None, code + wait)
    assert shell.run([block], tmp_path, {}) == ["page.md:1"]
    assert (tmp_path / "page" / "ended").read_text() == "ended\n"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    """A relative link is a file of the project, and its anchor a heading, by the site's rules."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), f"{target}: no such file"
        if page != "README.md":
            assert file.resolve().is_relative_to(ROOT / "docs"), f"{target}: not on the site"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


def test_the_loggers_are_listed() -> None:
    """Whoever sets levels goes by their names, and what they log is promised there."""
    names = {
        name.strip('"')
        for path in (ROOT / "leadgenius_async").rglob("*.py")
        if "emulator" not in path.parts  # a service of its own, with nobody's leads
        for name in re.findall(r"getLogger\((.*?)\)", path.read_text())
    }
    page = (ROOT / "docs" / "integrations" / "otel.md").read_text()
    listed = re.search(r"\nThe loggers are (.*?)\.\n", page, re.DOTALL)
    assert listed
    assert set(re.findall(r"`(.*?)`", listed[1])) == names - {"leadgenius_async"}


@pytest.mark.parametrize("page", PAGES)
def test_no_placeholder_is_left(page: str) -> None:
    """A table or a figure that is still to come stands as one word in capitals."""
    text = (ROOT / page).read_text()
    assert re.findall(r"^[ \t]*[A-Z][A-Z_]+[ \t]*$", text, re.MULTILINE) == []
