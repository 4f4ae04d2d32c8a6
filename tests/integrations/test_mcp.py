"""The MCP server, as an agent uses it: the protocol's own client, and the command as its child."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pyarrow.dataset as pads
import pytest
from anyio.abc import ByteSendStream, Process
from canaries import ADDRESS, SECRET
from mcp import Client, StdioServerParameters, stdio_client, types
from pages import executing

from leadgenius_async.emulator import Emulator, faults
from leadgenius_async.integrations._mcp.intake import refusals
from leadgenius_async.integrations._mcp.words import told

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "integrations" / "mcp.md"
COMMAND = str(Path(sys.executable).with_name("leadgenius"))
PAGES = "/api/enrich-leads/list"
READ = [
    "get_account", "list_clients", "describe_fields", "count_leads", "estimate_export",
    "export_leads", "list_jobs", "verify_export", "profile_export", "preview_import",
]  # fmt: skip
WRITE = ["import_leads", "update_leads"]
PATIENCE = 60.0  # seconds, for all that a test does: nothing here may hang


class Agent:
    """A client with a server of its own; it keeps all that it is told."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.heard: list[str] = []
        self.progress: list[float] = []
        self.on_progress: Callable[[], None] = lambda: None

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return what a tool answers, which must be no error."""
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        text = result.content[0]
        assert isinstance(text, types.TextContent)
        assert json.loads(text.text) == result.structured_content
        answer: dict[str, Any] = result.structured_content
        return answer

    async def fails(self, tool: str, **arguments: Any) -> str:
        """Return what a tool says went wrong."""
        result = await self._call(tool, arguments)
        assert result.is_error, result.content
        assert result.structured_content is None
        text = result.content[0]
        assert isinstance(text, types.TextContent)
        return text.text

    async def _call(self, tool: str, arguments: dict[str, Any]) -> types.CallToolResult:
        self.progress.clear()
        result = await self.client.call_tool(tool, arguments, progress_callback=self._progressed)
        self.heard.append(result.model_dump_json())
        assert self.progress == sorted(set(self.progress)), "it must rise with each"
        return result

    async def _progressed(self, progress: float, total: float | None, message: str | None) -> None:
        assert total is None
        self.progress.append(progress)
        self.heard.append(str(message))
        self.on_progress()


def account(emulator: Emulator) -> dict[str, str]:
    """Return the account as a user sets it."""
    ready = emulator.ready
    return {
        "LEADGENIUS_BASE_URL": ready.base_url,
        "LEADGENIUS_API_KEY": ready.api_key,
        "LEADGENIUS_USER_ID": ready.user_id,
        "LEADGENIUS_RATE": "off",
    }


@asynccontextmanager
async def agent(
    root: Path,
    *options: str,
    env: dict[str, str] | None = None,
    mode: Literal["auto", "legacy"] = "auto",
) -> AsyncGenerator[Agent, None]:
    """Start the server with an account in its environment; nobody may be named by what it says."""
    command = StdioServerParameters(
        command=COMMAND, args=["mcp", "serve", "--root", str(root), *options], env=env, cwd=root
    )
    log = root.parent / f"{root.name}.stderr"
    with anyio.fail_after(PATIENCE), log.open("a") as errors:
        async with Client(stdio_client(command, errors), mode=mode) as client:
            found = Agent(client)
            yield found
    heard = "\n".join([*found.heard, log.read_text()]).encode()
    for shape in (ADDRESS, SECRET):
        assert not shape.search(heard)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
async def reader(emulator: Emulator, root: Path) -> AsyncGenerator[Agent, None]:
    async with agent(root, env=account(emulator)) as found:
        yield found
    heard = "\n".join(found.heard)
    assert not [row for row in truth(emulator) if str(row.get("fullName") or "…") in heard]


@pytest.fixture
async def writer(emulator: Emulator, root: Path) -> AsyncGenerator[Agent, None]:
    async with agent(root, "--allow-write", env=account(emulator)) as found:
        yield found


def ids_in(folder: Path) -> list[str]:
    """Return the ids in an export's Parquet files."""
    return [str(each) for each in pads.dataset(folder).to_table(columns=["id"])["id"].to_pylist()]


def truth(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the first company's leads."""
    return [json.loads(row) for row in emulator.rows("enrich_leads")]


def names(tools: Iterable[types.Tool]) -> list[str]:
    return [tool.name for tool in tools]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_what_is_offered_without_credentials(
    root: Path, mode: Literal["auto", "legacy"]
) -> None:
    """Ten tools that change nothing in the account, each of which says what it takes."""
    async with agent(root, mode=mode) as found:
        tools = (await found.client.list_tools()).tools
        fields = await found.call("describe_fields", table="source_leads")
    assert names(tools) == READ
    for tool in tools:
        assert tool.description
        assert tool.title
        assert tool.input_schema["additionalProperties"] is False
        assert tool.output_schema is not None
        assert tool.output_schema["type"] == "object"
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is (tool.name != "export_leads")
        assert tool.annotations.destructive_hint is False
        for name, each in tool.input_schema["properties"].items():
            assert each["description"], (tool.name, name)
    assert {"name": "email", "type": "text", "group": "person"} in fields["fields"]


async def test_what_is_offered_for_writing(emulator: Emulator, root: Path) -> None:
    """A dozen tools; those that change leads say that they may destroy what was there."""
    async with agent(root, "--allow-write", env=account(emulator)) as found:
        tools = (await found.client.list_tools()).tools
        about = await found.call("get_account")
    assert names(tools) == [*READ, *WRITE]
    assert len(tools) <= 12
    assert [
        tool.name for tool in tools if tool.annotations and tool.annotations.destructive_hint
    ] == WRITE
    assert about["may_write"] is True


async def test_from_the_estimate_to_the_counts(
    reader: Agent, emulator: Emulator, root: Path
) -> None:
    """What an agent does that is asked for all leads: look, estimate, export, verify, count."""
    about = await reader.call("get_account")
    assert about["company_id"] == emulator.ready.company_id
    assert about["credentials"] == ["API key"]
    assert (about["clients"], about["root"], about["may_write"]) == (5, str(root), False)
    assert about["requests_per_minute"] is None
    cost = await reader.call("estimate_export", table="enrich_leads")
    assert cost["rows"] == 600
    assert not any(root.iterdir())  # noqa: ASYNC240 - nobody else waits
    done = await reader.call("export_leads", table="enrich_leads", out="leads")
    assert done["complete"] is True
    assert done["out"] == str(root / "leads")
    assert reader.progress
    emulator.assert_rows_equal(ids_in(Path(done["dataset"])))
    checked = await reader.call("verify_export", folder="leads")
    assert checked["ok"] is True
    assert checked["rows"] == done["rows"]
    profile = await reader.call("profile_export", folder=done["out"])
    filled = {each["field"]: each["rows"] for each in profile["fields"]}
    leads = truth(emulator)
    assert filled["id"] == profile["rows"] == len(leads)
    for name in ("email", "title"):
        assert filled[name] == sum(row.get(name) not in {None, ""} for row in leads)
    [job] = (await reader.call("list_jobs"))["jobs"]
    assert (job["kind"], job["state"], job["folder"]) == ("export", "complete", done["out"])
    assert "choose another folder" in await reader.fails(
        "export_leads", table="enrich_leads", out="leads"
    )


async def test_clients_and_counts(reader: Agent, emulator: Emulator) -> None:
    """Which clients there are and how many leads they have, by two requests each."""
    clients = emulator.ready.clients
    listed = await reader.call("list_clients")
    assert [each["client_id"] for each in listed["clients"]] == [each.client_id for each in clients]
    counts = await reader.call("count_leads")
    assert counts["total"] == 600
    assert {each["client_id"]: each["leads"] for each in listed["clients"]}.items() <= (
        counts["by_client"].items()
    )
    part = clients[0].client_id[:6].upper()
    [one] = (await reader.call("list_clients", containing=part, limit=1))["clients"]
    assert one["client_id"] == clients[0].client_id
    assert (await reader.call("list_clients", limit=2))["left_out"] == 3
    none = await reader.call("count_leads", start="1999-01-01", end="1999-12-31")
    assert none["total"] == 0
    assert "31" in await reader.fails("count_leads", start="2026-02-31")


async def test_layouts(reader: Agent, emulator: Emulator, root: Path) -> None:
    """Folders by client and rows as they were sent are counted as plain files are."""
    some = {"table": "enrich_leads", "fields": ["id", "client_id", "email", "status"]}
    await reader.call("export_leads", out="by/client", partition_by="client_id", **some)
    await reader.call("export_leads", out="lines", format="ndjson", **some)
    await reader.call("export_leads", out="plain", **some)
    counted = [
        {
            each["field"]: each["rows"]
            for each in (await reader.call("profile_export", folder=folder))["fields"]
            if each["field"] != "_extra"
        }
        for folder in ("by/client", "lines", "plain")
    ]
    assert counted[0] == counted[1] == counted[2]
    assert counted[0].keys() == {"id", "client_id", "email", "status"}
    one = await reader.call(
        "export_leads",
        table="source_leads",
        out="one",
        clients=[emulator.ready.clients[0].client_id],
        limit=7,
        since="2001-01-01",
    )
    assert one["rows"] == 7
    part = next((root / "plain").rglob("part-*"))
    part.write_bytes(part.read_bytes() + b" ")
    checked = await reader.call("verify_export", folder="plain")
    assert checked["ok"] is False
    assert part.name in checked["problems"][0]


@pytest.fixture
async def large() -> AsyncGenerator[Emulator, None]:
    """A service with more leads than two pages have, whose third page never comes."""
    async with Emulator(leads=5_000, source_leads=0, clients=2, rate="off") as service:
        yield service


async def test_a_cancelled_export_goes_on(large: Emulator, root: Path) -> None:
    """Cancelled by the protocol, it keeps what it has; the same call does what is missing."""
    hang = large.faults.add(faults.hang(), path=PAGES, nth=3)
    async with agent(root, env=account(large)) as found:

        def cancel() -> None:
            if hang.hits and len(found.progress) > 2:  # it has stood still for a while
                tasks.cancel_scope.cancel()

        found.on_progress = cancel
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: found.call("export_leads", table="enrich_leads", out="leads"))
        assert tasks.cancel_scope.cancelled_caught
        assert found.progress == sorted(set(found.progress)), "it must rise with each"
        found.on_progress = lambda: None
        assert not (root / "leads" / "_SUCCESS").exists()
        large.log.clear()
        done = await found.call("export_leads", table="enrich_leads", out="leads")
    assert (done["complete"], done["runs"]) == (True, 2)
    large.assert_rows_equal(ids_in(root / "leads" / "enrich_leads"))
    assert sum(request.rows or 0 for request in large.log) < 5_000


async def test_one_folder_at_a_time(reader: Agent, root: Path) -> None:
    """Two calls for one folder take turns: the second finds what the first has made."""
    answers: list[types.CallToolResult] = []

    async def export() -> None:
        asked = {"table": "enrich_leads", "out": "leads"}
        answers.append(await reader.client.call_tool("export_leads", asked))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(export)
        tasks.start_soon(export)
    assert [each.is_error for each in answers] == [False, True]
    assert "choose another folder" in str(answers[1].content)
    assert (root / "leads" / "_SUCCESS").exists()


async def test_nothing_outside_the_root(writer: Agent, root: Path, tmp_path: Path) -> None:
    """By whatever way a path leads out, nothing there is written or read."""
    outside = tmp_path / "root-beside"
    outside.mkdir()
    (outside / "people.csv").write_text("id,status\nlead_1,won\n")
    (root / "way").symlink_to(outside)
    (root / "people.csv").symlink_to(outside / "people.csv")
    (root / "mine.csv").write_text("id,status\nlead_1,won\n")
    (root / "holds").mkdir()
    (root / "holds" / "enrich_leads").symlink_to(outside)
    (root / "round").symlink_to(root / "round")
    (root / "mine.csv.import").mkdir()
    (root / "mine.csv.import" / "journal.db").symlink_to(outside / "journal.db")
    for out in ("..", "../root-beside/x", str(outside), "way", "way/x", "holds", "a/../../x"):
        said = await writer.fails("export_leads", table="enrich_leads", out=out)
        assert "lies outside" in said, out
        assert "lies outside" in await writer.fails("verify_export", folder=out), out
        assert "lies outside" in await writer.fails("profile_export", folder=out), out
    for out in ("s3://bucket/prefix", "file:///tmp/x"):
        assert "address" in await writer.fails("export_leads", table="enrich_leads", out=out)
    for out in ("round", "a\0b"):
        assert "no path" in await writer.fails("export_leads", table="enrich_leads", out=out)
    for file in ("people.csv", "way/people.csv", str(outside / "people.csv")):
        for tool in ("preview_import", *WRITE):
            assert "lies outside" in await writer.fails(tool, file=file), (tool, file)
    said = await writer.fails("update_leads", file="mine.csv", report="way/report.ndjson")
    assert "lies outside" in said
    assert "lies outside" in await writer.fails("import_leads", file="mine.csv")
    assert "lies outside" in await writer.fails("list_jobs", folder="..")
    assert [path.name for path in outside.iterdir()] == ["people.csv"]


async def test_a_job_outside_is_not_told_of(writer: Agent, tmp_path: Path, root: Path) -> None:
    """Though a link leads to its journal."""
    await writer.call("export_leads", table="enrich_leads", out="ours")
    (root / "ours").rename(tmp_path / "theirs")
    (root / "linked").mkdir()
    for name in ("manifest.json", "_SUCCESS"):
        (root / "linked" / name).symlink_to(tmp_path / "theirs" / name)
    assert (await writer.call("list_jobs"))["jobs"] == []


@pytest.mark.parametrize(
    "report", ["kept/manifest.json", "kept/_SUCCESS", "kept/enrich_leads/new.ndjson", "mine.csv"]
)
async def test_a_report_takes_the_place_of_nothing_else(
    writer: Agent, root: Path, report: str
) -> None:
    """One wrong path of an agent does not cost an export."""
    await writer.call("export_leads", table="enrich_leads", out="kept")
    (root / "mine.csv").write_text("id,status\nlead_1,won\n")
    said = await writer.fails("update_leads", file="mine.csv", report=report)
    assert f"report is {report}" in said
    assert (await writer.call("verify_export", folder="kept"))["problems"] == []


async def test_a_link_beside_a_report_is_not_followed(
    writer: Agent, tmp_path: Path, root: Path
) -> None:
    """What is written until the end stands beside the report, under a name that can be guessed."""
    (tmp_path / "precious.txt").write_text("precious")
    (root / ".report.ndjson.tmp").symlink_to(tmp_path / "precious.txt")
    (root / "mine.csv").write_text("id,status\nlead_1,won\n")
    await writer.call("update_leads", file="mine.csv", report="report.ndjson")
    assert (tmp_path / "precious.txt").read_text() == "precious"
    assert not (root / "report.ndjson").is_symlink()


async def test_what_an_agent_gets_wrong(reader: Agent, emulator: Emulator) -> None:
    """It is told what is wrong and what to do; no request is sent for it."""
    export = {"table": "enrich_leads", "out": "leads"}
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("export_leads", {"out": "leads"}, "missing required field `table`"),
        ("export_leads", export | {"fileds": ["id"]}, "unknown field `fileds`"),
        ("export_leads", export | {"limit": "many"}, "$.limit"),
        ("export_leads", export | {"table": "leads"}, "$.table"),
        ("export_leads", export | {"fields": ["emial"]}, "did you mean 'email'"),
        ("list_clients", {"limit": 0}, ">= 1"),
        ("verify_export", {"folder": "nowhere"}, "no manifest"),
        ("profile_export", {"folder": "nowhere"}, "no manifest"),
        ("list_jobs", {"folder": "nowhere"}, "no folder"),
        ("preview_import", {"file": "nowhere.csv"}, "No such file"),
        ("import_leads", {"file": "people.csv"}, "there is no tool 'import_leads'"),
        ("delete_everything", {}, "there is no tool"),
    ]
    for tool, arguments, said in wrong:
        assert said in await reader.fails(tool, **arguments), (tool, arguments)
    assert len(emulator.log) == 0
    assert "no client" in await reader.fails("export_leads", **export, clients=["nobody"])
    assert "403" in await reader.fails("estimate_export", table="enrich_leads", company_id="other")


async def test_an_empty_table(root: Path) -> None:
    """An export of nothing is no success."""
    async with (
        Emulator(leads=0, source_leads=0, clients=1, rate="off") as service,
        agent(root, env=account(service)) as found,
    ):
        said = await found.fails("export_leads", table="source_leads", out="none")
        assert "no row" in said
        cost = await found.call("estimate_export", table="source_leads")
        assert (cost["rows"], cost["for_rows"]) == (0, 0)


async def test_without_credentials(
    emulator: Emulator, root: Path, no_settings_from_outside: Path
) -> None:
    """The call says what is missing; once it is there, the same server finds it."""
    async with agent(root, env={"LEADGENIUS_RATE": "off"}) as found:
        assert "LEADGENIUS_API_KEY" in await found.fails("get_account")
        assert "LEADGENIUS_API_KEY" in await found.fails("list_clients")
        ready = emulator.ready
        saved = {"api_key": ready.api_key, "user_id": ready.user_id, "base_url": ready.base_url}
        home = no_settings_from_outside / ".leadgenius_auth.json"
        home.write_text(json.dumps(saved))
        home.chmod(0o600)
        assert (await found.call("get_account"))["company_id"] == ready.company_id


async def test_a_service_that_fails(emulator: Emulator, root: Path) -> None:
    """What it says is passed on, but for e-mail addresses; afterwards all goes well again."""
    words = "the lead of ada@sample.example is odd"
    emulator.faults.add(faults.failure(words, status=400), path=PAGES, times=1)
    emulator.faults.add(faults.hang_up(), path="/api/clients", times=9)
    async with agent(root, "--deadline", "1", env=account(emulator)) as found:
        known = emulator.ready.company_id
        export = {"table": "enrich_leads", "out": "leads", "company_id": known}
        said = await found.fails("export_leads", **export)
        assert "the lead of (an e-mail address) is odd" in said
        assert "lost the connection" in await found.fails("get_account")
        emulator.faults.clear()
        assert (await found.call("export_leads", **export))["complete"] is True


async def test_a_chain_that_fails(large: Emulator, root: Path) -> None:
    """The export is not complete, and says why; the same call completes it."""
    last = large.ready.clients[-1].client_id
    large.faults.add(faults.failure("not today", status=400), path=PAGES, client=last)
    export = {
        "table": "enrich_leads",
        "out": "leads",
        "clients": [client.client_id for client in large.ready.clients],
    }
    async with agent(root, env=account(large)) as found:
        done = await found.call("export_leads", **export)
        assert done["complete"] is False
        assert "not today" in done["incomplete_because"]
        [job] = (await found.call("list_jobs"))["jobs"]
        assert "not today" in job["problem"]
        large.faults.clear()
        assert (await found.call("export_leads", **export))["complete"] is True


PEOPLE = """\
Vorname,Last Name,Email,Shoe Size
Mia,Sample,mia@sample.example,38
Noa,Sample,noa at sample,39
Ida,,ida@sample.example,40
Mia,Sample,mia@sample.example,38
"""


async def test_an_import(writer: Agent, emulator: Emulator, root: Path) -> None:
    """Look, map, import, mend, import again: counts and reasons, and nothing of any row."""
    (root / "people.csv").write_text(PEOPLE)
    client = emulator.ready.clients[0].client_id
    asked: dict[str, Any] = {"file": "people.csv", "client_id": client}
    first = await writer.call("preview_import", **asked)
    assert first["not_sent"] == ["Vorname", "Shoe Size"]
    assert (first["rows"], first["ready"], first["refused"]) == (4, 0, 4)
    asked["columns"] = {"Vorname": "firstName"}
    seen = await writer.call("preview_import", **asked)
    assert (seen["ready"], seen["refused"], seen["repeated"]) == (1, 2, 1)
    assert {"column": "Vorname", "field": "firstName"} in seen["columns"]
    reasons = {each["reason"]: each["lines"] for each in seen["refusals"]}
    assert reasons == {"email has a value unfit for it": [3], "lastName is missing or empty": [4]}
    assert not emulator.created("email")
    done = await writer.call("import_leads", **asked, report="report.ndjson")
    counts = ("created", "existing", "refused", "unresolved")
    assert [done[name] for name in counts] == [1, 1, 2, 0]
    assert (done["complete"], done["journal"]) == (False, None)
    lines = (root / "report.ndjson").read_text().splitlines()
    assert [json.loads(line)["state"] for line in lines] == [
        "created", "rejected", "rejected", "existing",
    ]  # fmt: skip
    mended = PEOPLE.replace("noa at ", "noa@").replace("Ida,,", "Ida,Sample,")
    (root / "people.csv").write_text(mended)
    again = await writer.call("import_leads", **asked)
    assert [again[name] for name in counts] == [2, 2, 0, 0]
    assert again["complete"] is True
    assert set(emulator.created("email").values()) == {1}
    assert not (root / "people.csv.import").exists()


async def test_a_cancelled_import_goes_on(writer: Agent, emulator: Emulator, root: Path) -> None:
    """It reports progress; cancelled before anything was sent, the same call does it all."""
    (root / "people.csv").write_text("First Name,Last Name,Email\nMia,Sample,mia@sample.example\n")
    asked = {"file": "people.csv", "client_id": emulator.ready.clients[0].client_id}
    hang = emulator.faults.add(faults.hang(), path=PAGES, times=1)
    async with anyio.create_task_group() as tasks:
        writer.on_progress = lambda: tasks.cancel_scope.cancel() if hang.hits else None
        tasks.start_soon(lambda: writer.call("import_leads", **asked))
    assert tasks.cancel_scope.cancelled_caught
    assert (root / "people.csv.import").is_dir()
    writer.on_progress = lambda: None
    done = await writer.call("import_leads", **asked)
    assert (done["created"], done["complete"]) == (1, True)
    assert (await writer.call("list_jobs"))["jobs"] == []
    assert set(emulator.created("email").values()) == {1}


async def test_updates(writer: Agent, emulator: Emulator, root: Path) -> None:
    """Changes by a file: counted first, then made."""
    row = truth(emulator)[0]
    lines = [{"id": row["id"], "title": "CTO", "notes": None}, {"id": "lead_0", "title": "CEO"}]
    (root / "changes.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    dry = await writer.call("update_leads", file="changes.ndjson", dry_run=True)
    assert (dry["ready"], dry["updated"]) == (2, 0)
    done = await writer.call("update_leads", file="changes.ndjson", verify=True)
    assert (done["updated"], done["missing"], done["complete"]) == (1, 1, False)
    changed = next(each for each in truth(emulator) if each["id"] == row["id"])
    assert changed["title"] == "CTO"
    (root / "nobody.csv").write_text("First Name,Email\nAda,ada@sample.example\n")
    assert "leads' id" in await writer.fails("update_leads", file="nobody.csv")


HEADLESS = {
    "plain.csv": "Ada,Sample,Berlin\nMia,Sample,Hamburg\n",
    "twice.csv": "Ada,Berlin,Berlin\nMia,Sample,Hamburg\n",
    "addressed.csv": "Ada,Sample,ada@sample.example\n",
    "keyed.json": '[{"Ada Sample": "ada@sample.example", "Berlin": 1}]',
    "broken.json": '[{"firstName": "Ada", "email": "ada@sample.example"',
    "empty.csv": "",
}


async def test_files_without_names_of_columns(writer: Agent, root: Path) -> None:
    """Their first lines are somebody's data, and are not told."""
    for name, text in HEADLESS.items():
        (root / name).write_text(text)
        for tool in ("preview_import", *WRITE):
            said = await writer.fails(tool, file=name)
            assert name in said
            assert not re.search("Ada|Sample|Berlin", said)


async def test_columns_that_may_be_values(writer: Agent, emulator: Emulator, root: Path) -> None:
    """A column that reads like an address or a number is told by its place."""
    lead = {"firstName": "Ada", "lastName": "Sample", "ada@sample.example": 1, "+49 30 12345": 2}
    (root / "odd.json").write_text(json.dumps([lead]))
    client = emulator.ready.clients[0].client_id
    seen = await writer.call("preview_import", file="odd.json", client_id=client)
    assert seen["not_sent"] == ["(column 3)", "(column 4)"]
    assert seen["ready"] == 1
    said = await writer.fails("preview_import", file="odd.json", columns={"Vorname": "firstName"})
    assert "no column 'Vorname'" in said


def test_reasons_have_fixed_words() -> None:
    """Whatever a reason quotes, what is told of it is a field and one of a few texts."""
    reasons = [
        "email is 'ada at sample': an e-mail address reads like name@company.example",
        "title is 'a; status is missing or empty: Ada'; lastName is missing or empty: it must …",
        "no client of the account has the client_id 'Ada Sample'; did you mean 'ada'?",
        "has 3 values for 4 columns",
        "Ada Sample is odd",
    ]
    found = refusals(enumerate(reasons, 1))
    assert {each.reason: each.lines for each in found} == {
        "email has a value unfit for it": [1],
        "title has a value unfit for it": [2],
        "status is missing or empty": [2],
        "lastName is missing or empty": [2],
        "client_id is no client's": [3],
        "it has not one value for each column": [4],
        "another reason, which a report has": [3, 5],
    }


def test_errors_that_nobody_expected() -> None:
    """They are told by their class: what they say may be of anybody."""
    assert "Ada" not in told(KeyError("Ada"), of_rows=False)
    assert "KeyError" in told(KeyError("Ada"), of_rows=False)
    assert told(FileNotFoundError(2, "No such file", "x"), of_rows=False) == "x: No such file"


async def test_stdout_is_the_protocols_alone(emulator: Emulator, root: Path) -> None:
    """Warnings and logs go to stderr; each line of stdout is a message."""
    unknown = {"table": "enrich_leads", "out": "leads", "fields": ["id", "ourOwnField"]}
    said = b""
    with anyio.fail_after(PATIENCE):
        async with await started(root, emulator, LEADGENIUS_LOG="debug") as server:
            assert server.stdin
            assert server.stdout
            assert server.stderr
            await send(server.stdin, *HANDSHAKE, {"id": 2, **call_of("export_leads", unknown)})
            async for piece in server.stdout:
                said += piece
                if b'"id":2' in said and said.endswith(b"\n"):
                    await server.stdin.aclose()
            logged = b"".join([piece async for piece in server.stderr])
            assert await server.wait() == 0
    answers = [json.loads(line) for line in said.splitlines()]
    assert [each["id"] for each in answers if "id" in each] == [1, 2]
    assert all(each["jsonrpc"] == "2.0" for each in answers)
    assert b"warning: enrich_leads is not known to have a field 'ourOwnField'" in logged
    assert not ADDRESS.search(logged)


HANDSHAKE: list[dict[str, Any]] = [
    {
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"method": "notifications/initialized"},
]


def call_of(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"method": "tools/call", "params": {"name": tool, "arguments": arguments}}


@pytest.mark.parametrize("end", ["SIGTERM", "SIGINT", "stdin"])
async def test_a_server_that_ends_leaves_what_goes_on(
    large: Emulator, root: Path, end: Literal["SIGTERM", "SIGINT", "stdin"]
) -> None:
    """By a signal though its stdin is open, or by its stdin's end, with an export under way."""
    hang = large.faults.add(faults.hang(), path=PAGES, nth=3)
    asked: dict[str, Any] = {"table": "enrich_leads", "out": "leads", "since": "2001-01-01"}
    export = call_of("export_leads", asked)
    export["params"]["_meta"] = {"progressToken": 7}
    with anyio.fail_after(PATIENCE):
        async with await started(root, large) as server:
            assert server.stdin
            assert server.stdout
            await send(server.stdin, *HANDSHAKE, {"id": 2, **export})
            async for told in server.stdout:
                if hang.hits and b" rows, 2 pages" in told:  # the first is in the writer
                    break
            if end == "stdin":
                await server.stdin.aclose()
            else:
                server.send_signal(signal.Signals[end])
            assert await server.wait() == (0 if end == "stdin" else 130)
    async with agent(root, env=account(large)) as found:
        [job] = (await found.call("list_jobs"))["jobs"]
        assert job["state"] == "unfinished"
        assert 0 < job["rows"] < 5_000
        assert "another query" in await found.fails("export_leads", **asked | {"limit": 9})
        done = await found.call("export_leads", **job["go_on_with"])
    assert (done["complete"], done["runs"]) == (True, 2)
    large.assert_rows_equal(ids_in(root / "leads" / "enrich_leads"))


async def started(root: Path, emulator: Emulator, **env: str) -> Process:
    """Start a server that speaks with the test itself."""
    return await anyio.open_process(
        [COMMAND, "mcp", "serve"], cwd=root, env={**os.environ, **account(emulator), **env}
    )


async def send(stdin: ByteSendStream, *messages: dict[str, Any]) -> None:
    for message in messages:
        await stdin.send(f"{json.dumps({'jsonrpc': '2.0', **message})}\n".encode())


def test_the_extra_is_missing() -> None:
    """The command says what to install; all others work without."""
    code = (
        "import sys; sys.modules['mcp'] = None\n"
        "from leadgenius_async.cli.app import run\n"
        "assert run(['commands']) == 0\n"
        "sys.exit(run(['mcp', 'serve']))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert 'pip install "leadgenius-async[mcp]"' in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_root_that_is_not_there(tmp_path: Path) -> None:
    """It is refused before anything is served."""
    done = await anyio.run_process(
        [COMMAND, "mcp", "serve", "--root", str(tmp_path / "nowhere")], check=False
    )
    assert done.returncode == 2
    assert b"no folder" in done.stderr
    assert done.stdout == b""


def check_configuration(configured: dict[str, Any], emulator: Emulator) -> None:
    entry = configured["mcpServers"]["leadgenius"]
    assert entry["command"] == "leadgenius"
    assert entry["args"][:3] == ["mcp", "serve", "--root"]
    assert entry["env"].keys() <= account(emulator).keys()


async def test_what_the_page_says(emulator: Emulator) -> None:
    """Its configuration starts a server, its table has the tools, and its Python runs."""
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE)
    assert listed == [*READ, *WRITE]
    with executing("integrations/test_mcp.py::test_what_the_page_says") as blocks:
        for block in blocks:
            if block.language == "json":
                check_configuration(json.loads(block.code), emulator)
                continue
            names: dict[str, Any] = {"__name__": "documentation"}
            exec(compile(block.code, block.place, "exec"), names)  # noqa: S102 - the subject
