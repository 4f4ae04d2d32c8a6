"""What each group of commands does with input that cannot work."""

from __future__ import annotations

import json
import shlex
from collections.abc import Generator
from typing import get_args

import pytest
from operations import OPERATIONS
from world import World, running_world, service_of

from leadgenius_async.cli import failures
from leadgenius_async.cli.app import run
from leadgenius_async.cli.output import Format

Said = pytest.CaptureFixture[str]

#: Group → command line → what its error says, by exit code. `{client}` is a client's record id.
USAGE = {
    "clients": {
        "list --limit 0": "limit is 0",
        "get": "--client",
        "create": "--name",
        "create --name ''": "clientName is empty",
        "update {client}": "no field to change",
        "update {client} --name ''": "clientName is empty",
        "delete {client}": "give --yes",
        "delete {client} --purge": "and its leads: give --yes",
    },
    "leads": {
        "list --limit 0": "limit is 0",
        "list --client-id acme-corp --limit 0": "limit is 0",
        "list --format xml": "xml",
        "find --email nobody": "e-mail address",
        "list --client-id ''": "--client-id is empty",
        "find": "--full-name, --first-name, --last-name, --email, --company, --status",
        "find --client-id acme-corp": "--email",
        "find --email ''": "e-mail address",
        "find --linkedin-url ''": "--linkedin-url is empty",
        "find --email ada@sample.example --client-id ''": "--client-id is empty",
        "find --full-name Ada --client-id ''": "--email alone",
        "find --full-name Ada --client-id acme-corp": "--email alone",
        "create --client-id acme-corp": "--data",
        "create --data '{{}}'": "--client-id is missing",
        "create --client-id acme-corp --data '{{\"firstName\": \"Ada\"}}'": "lastName",
        (
            "create --client-id acme-corp --data "
            "'{{\"firstName\": \"A\", \"lastName\": \"B\", \"email\": \"nobody\"}}'"
        ): "email",
        "create-batch --client-id acme-corp --data '[]'": "leads",
        "create --client-id '' --data '{{\"firstName\": \"A\"}}'": "--client-id is empty",
        "update lead_1 --data '{{}}'": "no field to change",
        "update lead_1 --data '{{\"phone\": \"1\"}}'": "give phoneNumber",
        "update lead_1 --data '{{\"client_id\": null}}'": "client_id is None",
        "update lead_1 --enriched --data '{{\"id\": \"lead_2\"}}'": "no field to change",
        "update lead_1 --data '{{\"id\": \"lead_2\", \"title\": \"CTO\"}}'": "lead_2",
        "update-batch --data '[{{\"title\": \"CTO\"}}]'": "id",
        "delete": "--ids",
        "delete lead_1": "delete 1 leads: give --yes",
        "delete lead_1 lead_2": "delete 2 leads: give --yes",
        "enrich": "--ids",
        "enrich --ids lead_1 --services phone": "companyUrl",
        "enrich --ids lead_1 --concurrency 0": "concurrency is 0",
    },
    "company": {
        "create": "--name",
        "create --name ''": "name is empty",
        "update": "no field to change",
    },
    "campaigns": {
        "list --status started": "draft, active, paused, completed, archived",
        "list --type cold": "abm, demand_gen, nurture",
        "list --limit 0": "limit is 0",
        "create": "--name",
        "create --name ''": "name is empty",
        "create --name Q3 --type cold": "abm, demand_gen, nurture",
        "create --name Q3 --status completed": "draft, active",
        "create --name Q3 --client-id ''": "--client-id is empty",
    },
    "settings": {
        "url set": "--data",
        "url set --data '{{}}'": "no field to change",
        "url set --data '{{\"enrichment11\": \"x\"}}'": "enrichment10",
        "agent set --data '{{\"agentId\": \"x\"}}'": "projectId",
        "sdr-ai set --data '{{\"aiMoodAgentId\": \"x\"}}'": "projectId",
    },
    "webhooks": {
        "list --limit 0": "limit is 0",
        "create --name Hook": "--platform",
        "create --name '' --platform generic": "name is empty",
        "create --name Hook --platform generic --client-id ''": "--client-id is empty",
        "create --name Hook --platform outreach": "heyreach, woodpecker, lemlist, generic",
    },
    "territory": {
        "list": "--client-id",
        "list --client-id ''": "--client-id is empty",
        "save --client-id '' --name Acme": "--client-id is empty",
        "list --client-id acme-corp --sort-by shoeSize": "totalLeads",
        "list --client-id acme-corp --sort-direction up": "asc, desc",
        "list --client-id acme-corp --min-leads 5 --max-leads 1": "maxLeads",
        "list --client-id acme-corp --start 2026-02-30": "2026-01-31",
        "list --client-id acme-corp --start 2026-02-08 --end 2026-01-01": "comes after",
        "list --client-id acme-corp --limit 0": "limit is 0",
        "save --client-id acme-corp --name ''": "companyName is empty",
    },
    "tasks": {
        "trigger ''": "empty",
        "recent --limit 0": "limit is 0",
        "recent --limit 101": "100",
        "recent --limit many": "many",
        "get ''": "empty",
        "wait": "--run-ids",
    },
    "process": {
        "enrich": "--lead-id",
        "enrich ''": "empty",
        "enrich lead_1 --services phone": "companyUrl, emailFinder, enrichment1",
        "copyright lead_1 --processes 11": "1 to 10",
        "copyright lead_1 --processes 0": "1 to 10",
        "sdr lead_1 --fields aiMood": "message1",
    },
    "email": {
        "validate": "--email",
        "validate nobody": "e-mail address",
        "validate a@b@valid.example": "e-mail address",
        "verify nobody@": "e-mail address",
        "verify ''": "e-mail address",
    },
    "integrations": {
        "scrape --client-id acme-corp": "--data",
        "scrape --client-id '' --data '{{}}'": "--client-id is empty",
        "status ''": "empty",
        "chat ''": "empty",
        "accounts --limit 0": "limit is 0",
    },
    "maintenance": {
        "bugs list --limit 0": "limit is 0",
        "bugs report": "--desc",
        "bugs report --desc ''": "description is empty",
        "bugs report --desc Slow --email nobody": "e-mail address",
        "enhancements list --limit 0": "limit is 0",
        "enhancements request --desc ' '": "description is empty",
        "enhancements request --desc Dark --email nobody": "e-mail address",
    },
    "admin": {"companies --limit 0": "limit is 0", "users --limit 0": "limit is 0"},
    "search-history": {
        "list --status stopped": "initiated, running, completed, failed",
        "list --limit 0": "limit is 0",
        "list --client-id ''": "--client-id is empty",
        "create --name ''": "searchName is empty",
        "create --name Heads --client-id ''": "--client-id is empty",
        "update search_1": "no field to change",
        "update search_1 --status stopped": "initiated, running, completed, failed",
    },
    "enrichment": {"create": "--lead-ids", "get ''": "not an id"},
    "pipeline": {
        "--start 2026-02-08 --end 2026-01-01": "comes after",
        "--end yesterday": "2026-01-31",
    },
}  # fmt: skip
BAD_INPUT = {
    "leads": {
        "create --client-id acme-corp --data '{{name:'": "not JSON",
        "create --client-id acme-corp --data '[]'": "an object",
        "create-batch --client-id acme-corp --data '{{}}'": "an array",
        "create-batch --client-id acme-corp --data '[1]'": "an array",
        "update lead_1 --data title=CTO": "not JSON",
        "update-batch --data ''": "not JSON",
        "update lead_1 --data @nowhere.json": "No such file",
        "update lead_1 --data '\udcff'": "not JSON",
    },
    "company": {
        "create --name Acme --data nope": "not JSON",
        "update --data '\"x\"'": "an object",
    },
    "settings": {
        "url set --data nope": "not JSON",
        'url set --data \'{{"emailFinder_Apikey": "x"}}\'': "give @FILE, or - for stdin",
        'url set --data \'{{"emailFinder_APIKEY": "x"}}\'': "emailFinder_APIKEY",
        "agent set --data '[]'": "an object",
        "sdr-ai set --data 1": "an object",
    },
    "webhooks": {
        "create --name Hook --platform generic --data '{{\"a\": 1'": "not JSON",
        "create --name Hook --platform generic --data '[]'": "an object",
        'create --name Hook --platform generic --data \'{{"apiKey": "x"}}\'': "@FILE",
    },
    "tasks": {
        "trigger score-leads --data nope": "not JSON",
        "trigger score-leads --data '[]'": "an object",
    },
    "integrations": {
        "scrape --client-id acme-corp --data nope": "not JSON",
        "scrape --client-id acme-corp --data '[]'": "an object",
    },
    "search-history": {
        "create --name Heads --data nope": "not JSON",
        "update search_1 --data '[]'": "an object",
    },
}
NOT_FOUND = {
    "clients": {
        "get nobody": "nobody",
        "update nobody --name Acme": "Client not found",
        "delete nobody --yes": "Client not found",
        "delete nobody --purge --yes": "Client not found",
    },
    "leads": {
        "list --client-id nobody": "clients list",
        "list --client-id acme-crop": "did you mean 'acme-corp'",
        "find --client-id nobody --email ada@sample.example": "clients list",
        "get nobody": "nobody",
        'update nobody --data \'{{"title": "CTO"}}\'': "Lead not found",
        'update nobody --enriched --data \'{{"title": "CTO"}}\'': "nobody",
        "delete nobody --yes": "Lead not found",
    },
    "campaigns": {"create --name Q3 --client-id nobody": "clients list"},
    "webhooks": {"create --name Hook --platform generic --client-id nobody": "clients list"},
    "territory": {
        "list --client-id nobody": "clients list",
        "save --client-id nobody --name Acme": "clients list",
    },
    "tasks": {"get nobody": "Run not found"},
    "process": {
        "enrich nobody": "Lead not found",
        "copyright nobody": "Lead not found",
        "sdr nobody": "Lead not found",
    },
    "integrations": {
        "status nobody": "Run not found",
        "scrape --client-id nobody --data '{{}}'": "clients list",
    },
    "search-history": {
        "list --client-id nobody": "clients list",
        "create --name Heads --client-id nobody": "clients list",
        "update nobody --status completed": "Search not found",
    },
    "enrichment": {"get nobody": "nobody"},
}
#: Each command line that takes a client, given the client's record id.
WRONG_ID = [
    "leads list --client-id {client}",
    "leads find --client-id {client} --email ada@sample.example",
    'leads create --client-id {client} --data \'{{"firstName": "A", "lastName": "B"}}\'',
    'leads create-batch --client-id {client} --data \'[{{"firstName": "A", "lastName": "B"}}]\'',
    'leads update lead_1 --data \'{{"client_id": "{client}"}}\'',
    "campaigns create --name Q3 --client-id {client}",
    "webhooks create --name Hook --platform generic --client-id {client}",
    "territory list --client-id {client}",
    "territory save --client-id {client} --name Acme",
    "integrations scrape --client-id {client} --data '{{}}'",
    "search-history list --client-id {client}",
    "search-history create --name Heads --client-id {client}",
]


#: Ways to find a lead → the call that finds it.
FOUND = {
    '--full-name "First Last"': "/api/leads",
    "--first-name First --last-name Last": "/api/leads",
    "--last-name Last --email first.last@valid.example": "/api/leads",
    '--company "Sample Company" --status qualified': "/api/leads",
    "--email first.last@valid.example": "/api/find-lead",
    "--email first.last@valid.example --client-id acme-corp": "/api/find-lead",
}


def cases(table: dict[str, dict[str, str]]) -> pytest.MarkDecorator:
    """Return the command lines of a table, with what each says, as parameters."""
    lines = [
        (f"{group} {line}", says) for group, each in table.items() for line, says in each.items()
    ]
    return pytest.mark.parametrize(("line", "says"), lines, ids=[line for line, _ in lines])


@pytest.fixture(scope="module")
def shared() -> Generator[World, None, None]:
    with running_world(login_attempts=1_000) as world:
        yield world


@pytest.fixture(scope="module")
def record_id(shared: World) -> str:
    return acme(shared)


@pytest.fixture
def world(shared: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The emulator, with a login and a key in the environment; no command here changes it."""
    for name, value in shared.environment().items():
        monkeypatch.setenv(name, value)
    return shared


def acme(world: World) -> str:
    """Return the record id of acme-corp."""
    clients = service_of(world.emulator).store.clients(world.emulator.ready.company_id)
    return next(client.id for client in clients if client.client_id == "acme-corp")


def fails(capsys: Said, line: str, code: int) -> str:
    """Run a command line that must fail with one line on stderr alone, and return it."""
    assert run(shlex.split(line)) == code
    said = capsys.readouterr()
    assert said.out == ""
    [told] = said.err.splitlines()
    assert told.startswith("leadgenius: ")
    return told


def written(world: World) -> list[str]:
    """Return the calls so far that could change anything; a login does not."""
    return [
        f"{request.method} {request.path}"
        for request in world.emulator.log
        if request.method != "GET" and request.path != "/api/auth"
    ]


def test_each_section_is_here() -> None:
    """A command that nobody misused in a test would show what its author forgot."""
    elsewhere = {"api-keys", "auth", "export", "generate-key"}
    assert {operation.command.split()[0] for operation in OPERATIONS} == set(USAGE) | elsewhere


@cases(USAGE)
def test_wrong_usage(world: World, record_id: str, capsys: Said, line: str, says: str) -> None:
    """Exits 2, names the field and what is allowed, and sends nothing at all."""
    before = len(world.emulator.log)
    assert says in fails(capsys, line.format(client=record_id), failures.USAGE)
    assert len(world.emulator.log) == before


@cases(BAD_INPUT)
def test_data_that_is_none(world: World, capsys: Said, line: str, says: str) -> None:
    """Exits 8, says what --data must be, and sends nothing at all."""
    before = len(world.emulator.log)
    told = fails(capsys, line.format(), failures.BAD_INPUT)
    assert "--data" in told
    assert says in told
    assert len(world.emulator.log) == before


@pytest.mark.usefixtures("world")
def test_data_that_is_nested_too_deep(capsys: Said) -> None:
    """Python gives up on it with an error of its own, which is no failure of ours."""
    assert "not JSON" in fails(
        capsys, f"leads update lead_1 --data {'[' * 5000}", failures.BAD_INPUT
    )


@cases(NOT_FOUND)
def test_what_is_not_there(world: World, capsys: Said, line: str, says: str) -> None:
    """Exits 4, and says what is not, or what there is near it."""
    assert says in fails(capsys, line.format(), failures.NOT_FOUND)
    assert world.emulator.ready.rows["enrich_leads"] == 22


@pytest.mark.parametrize("line", WRONG_ID)
def test_a_record_id_in_place_of_a_client_id(
    world: World, record_id: str, capsys: Said, line: str
) -> None:
    """Exits 4, names the right client_id, and writes nothing that nobody would ever see."""
    before = written(world)
    told = fails(capsys, line.format(client=record_id), failures.NOT_FOUND)
    assert "record id" in told
    assert "'acme-corp'" in told
    assert written(world) == before


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("line", ["admin companies", "admin users"])
def test_who_is_no_admin(capsys: Said, line: str) -> None:
    """Exits 3: the login is right, and may not."""
    assert "403" in fails(capsys, line, failures.AUTH)


@pytest.mark.parametrize(
    "line",
    [
        "company show", "settings url show", "territory list --client-id acme-corp",
        "search-history update search_1 --status completed", "admin users",
    ],
)  # fmt: skip
def test_a_key_where_a_login_is_needed(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: Said, line: str
) -> None:
    """Exits 3, and says how to log in."""
    del world
    monkeypatch.delenv("LEADGENIUS_USERNAME")
    monkeypatch.delenv("LEADGENIUS_PASSWORD")
    assert "leadgenius auth login" in fails(capsys, line, failures.AUTH)


@pytest.mark.parametrize("line", ["clients delete {client} --yes", "leads delete lead_1 --yes"])
def test_yes_is_all_that_a_script_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, line: str
) -> None:
    """Off a terminal nobody is asked, and with --yes it is done."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        line = line.format(client=acme(world))
        assert "--yes" in fails(capsys, line.removesuffix(" --yes"), failures.USAGE)
        assert not any(call.startswith("DELETE") for call in written(world))
        assert run(shlex.split(line)) == 0
        assert any(call.startswith("DELETE") for call in written(world))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("format_", get_args(Format))
def test_enrich_where_one_lead_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: Said, format_: Format
) -> None:
    """Exits 6 in each format; the report on stdout has the one that went well too."""
    with running_world() as world:
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        assert run(["settings", "url", "set", "--data", '{"enrichment1": "one"}']) == 0
        capsys.readouterr()
        line = ["leads", "enrich", "--ids", "lead_1", "nobody", "--format", format_]
        assert run(line) == failures.PARTIAL
    said = capsys.readouterr()
    for lead in ("lead_1", "nobody"):
        assert lead in said.out
    if format_ == "json":
        assert json.loads(said.err)["exit_code"] == 6


@pytest.mark.parametrize(("options", "path"), FOUND.items())
def test_a_lead_is_found(world: World, capsys: Said, options: str, path: str) -> None:
    """By its address alone it is looked up among all leads; a search sees 1,000 of them."""
    before = len(world.answered(f"GET {path}"))
    assert run(["leads", "find", *shlex.split(options), "--json"]) == 0
    said = capsys.readouterr()
    assert [lead["id"] for lead in json.loads(said.out)] == ["lead_2"]
    assert said.err == ""
    assert len(world.answered(f"GET {path}")) == before + 1
