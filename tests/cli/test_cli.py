"""The `leadgenius` command, started as a user would, against an emulator."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

import msgspec
import pyarrow.parquet as pq
import pytest

COMMAND = [sys.executable, "-P", "-m", "leadgenius_async"]
_LIMIT = 60.0  # seconds that any command may take


class Ready(msgspec.Struct):
    base_url: str
    api_key: str
    user_id: str
    company_id: str
    username: str
    password: str
    clients: list[dict[str, str]]


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until another process has written a file."""
    deadline = time.monotonic() + _LIMIT
    while not path.exists():
        assert process.poll() is None, "the process ended early"
        assert time.monotonic() < deadline, "the process took too long"
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Generator[Ready, None, None]:
    """Run `leadgenius emulator` in a process of its own; it must end cleanly on SIGTERM."""
    ready_file = tmp_path_factory.mktemp("emulator") / "ready.json"
    command = [*COMMAND, "emulator", "--leads=3000", "--source-leads=200", "--clients=4",
               "--rate=off", f"--ready-file={ready_file}"]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            wait_for(ready_file, process)
            yield msgspec.json.decode(ready_file.read_bytes(), type=Ready)
        finally:
            process.terminate()
            assert process.stderr is not None
            said = process.stderr.read().decode()
            assert process.wait(_LIMIT) == 0, said
            assert "Traceback" not in said


@pytest.fixture
def account(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> Ready:
    """Put the emulator's API key into the environment."""
    monkeypatch.setenv("LEADGENIUS_BASE_URL", ready.base_url)
    monkeypatch.setenv("LEADGENIUS_API_KEY", ready.api_key)
    monkeypatch.setenv("LEADGENIUS_USER_ID", ready.user_id)
    monkeypatch.setenv("LEADGENIUS_RATE", "off")
    return ready


def leadgenius(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command line to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT,
    )


def fails(code: int, done: subprocess.CompletedProcess[str]) -> str:
    """Assert a failure with this code and one line on stderr, and return the line."""
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("leadgenius: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return lines[0]


def test_export_prints_one_json_object(account: Ready, tmp_path: Path) -> None:
    """With --json, stdout is one object with what scripts need."""
    out = tmp_path / "out"
    done = leadgenius("export", "enrich-leads", "--company-id", account.company_id,
                      "--out", str(out), "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["rows"] == 3000
    assert report["complete"] is True
    assert report["requests"] >= report["pages"] > 0
    assert report["bytes"] == sum(Path(file).stat().st_size for file in report["files"])
    assert report["seconds"] > 0
    assert sum(pq.read_metadata(file).num_rows for file in report["files"]) == 3000


def test_export_of_named_clients_and_fields(account: Ready, tmp_path: Path) -> None:
    """`--client` may be given several times or with several names; `--fields` has commas."""
    first, second, third = (client["client_id"] for client in account.clients[:3])
    out = tmp_path / "out"
    done = leadgenius("export", "enrich-leads", "--out", str(out), "--fields", "id,email,client_id",
                      "--client", first, second, "--client", third)  # fmt: skip
    assert done.returncode == 0, done.stderr
    table = pq.read_table(out / "enrich_leads")
    assert table.column_names == ["id", "email", "client_id", "_extra"]
    assert set(table["client_id"].to_pylist()) == {first, second, third}
    assert f"{table.num_rows:,} rows" in done.stdout


def test_export_of_source_leads_as_ndjson(account: Ready, tmp_path: Path) -> None:
    """The second table and the second format, with every option that scripts may give."""
    del account
    done = leadgenius("export", "source-leads", "--out", str(tmp_path / "out"), "--format",
                      "ndjson", "--page-size", "50", "--concurrency", "2", "--rate", "off",
                      "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 200


@pytest.mark.parametrize(
    ("code", "says", "arguments"),
    [
        (2, "not an http", ["--base-url", "nonsense"]),
        (7, "cannot connect", ["--base-url", "http://127.0.0.1:1", "--company-id", "c"]),
        (3, "403", ["--company-id", "company-2"]),
        (4, "no client", ["--client", "nobody"]),
        (2, "did you mean 'email'", ["--fields", "id,emial"]),
        (2, "--page-size", ["--page-size", "5001"]),
        (2, "rate", ["--rate", "fast"]),
        (2, "format", ["--format", "xlsx"]),
        (2, "--nope", ["--nope"]),
        (2, "process list", ["--api-key", "lgp_x"]),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_a_code(
    account: Ready, tmp_path: Path, code: int, says: str, arguments: list[str]
) -> None:
    """What cannot work says so in one line, with the right exit code, and leaves nothing."""
    del account
    out = tmp_path / "out"
    line = fails(code, leadgenius("export", "enrich-leads", "--out", str(out), *arguments))
    assert says in line
    assert not out.exists()


def test_a_wrong_key_is_an_auth_error(
    account: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that the service refuses ends with 3, and is not printed."""
    del account
    monkeypatch.setenv("LEADGENIUS_API_KEY", "lgp_wrong_canary")
    out = tmp_path / "out"
    line = fails(3, leadgenius("export", "enrich-leads", "--out", str(out)))
    assert "401" in line
    assert "canary" not in line
    assert not out.exists()


def test_no_credentials_at_all(ready: Ready, tmp_path: Path) -> None:
    """Without credentials the message says how to give them."""
    out = tmp_path / "out"
    done = leadgenius("export", "enrich-leads", "--out", str(out), "--base-url", ready.base_url)
    assert "LEADGENIUS_API_KEY" in fails(3, done)


def test_a_folder_with_another_export(account: Ready, tmp_path: Path) -> None:
    """A second export to one folder is refused until it is told to overwrite."""
    del account
    export = ["export", "source-leads", "--out", str(tmp_path / "out")]
    assert leadgenius(*export).returncode == 0
    assert "--overwrite" in fails(2, leadgenius(*export))
    assert leadgenius(*export, "--overwrite").returncode == 0


def test_a_folder_that_cannot_be_written(account: Ready, tmp_path: Path) -> None:
    """An output path below a file is named."""
    del account
    (tmp_path / "file").write_text("in the way")
    line = fails(1, leadgenius("export", "enrich-leads", "--out", str(tmp_path / "file" / "out")))
    assert "file" in line


def test_errors_in_json_mode_are_one_object(account: Ready, tmp_path: Path) -> None:
    """With --json, stderr ends in one JSON object that says what went wrong."""
    done = leadgenius("export", "enrich-leads", "--company-id", "company-2",
                      "--out", str(tmp_path / "out"), "--json")  # fmt: skip
    assert done.returncode == 3
    error = json.loads(done.stderr.splitlines()[-1])
    assert error["error"] == "PermissionDenied"
    assert error["status"] == 403
    assert error["error_type"] == "owner_mismatch"
    assert error["exit_code"] == 3
    assert error["request_id"]
    assert account.company_id != "company-2"


def test_an_unknown_field_is_a_warning(account: Ready, tmp_path: Path) -> None:
    """A field that nobody knows is asked for, and the user is told."""
    del account
    done = leadgenius("export", "source-leads", "--out", str(tmp_path / "out"),
                      "--fields", "id,shoeSize")  # fmt: skip
    assert done.returncode == 0
    assert "leadgenius: warning: " in done.stderr
    assert "shoeSize" in done.stderr


@pytest.mark.parametrize("path", ["/clients", "/api/clients", "clients"])
def test_api_prints_the_answer(account: Ready, path: str) -> None:
    """`api GET` works with and without `/api`."""
    done = leadgenius("api", "GET", path)
    assert done.returncode == 0, done.stderr
    found = [client["client_id"] for client in json.loads(done.stdout)["clients"]]
    assert found == [client["client_id"] for client in account.clients]


def test_api_with_a_query(account: Ready) -> None:
    """The query stands in the path, as users write it."""
    first = account.clients[0]
    done = leadgenius("api", "GET", f"/clients?clientId={first['id']}")
    assert [client["id"] for client in json.loads(done.stdout)["clients"]] == [first["id"]]


def test_api_with_json_that_is_none(account: Ready) -> None:
    """A body that is not JSON is bad input, and is not sent."""
    del account
    assert "not JSON" in fails(8, leadgenius("api", "POST", "/clients", "--data", "{name:"))


def test_api_dry_run_sends_nothing() -> None:
    """--dry-run prints the request; no credentials are needed, none are shown."""
    done = leadgenius("api", "POST", "/leads?x=1", "--data", '{"a": 1}', "--dry-run",
                      "--base-url", "http://127.0.0.1:1")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == 'POST http://127.0.0.1:1/api/leads?x=1\n{"a":1}\n'


def test_api_reads_a_body_from_a_file_and_from_stdin(tmp_path: Path) -> None:
    """`@FILE` and `-` are where a body may come from."""
    (tmp_path / "body.json").write_text('{"a": 1}')
    from_file = leadgenius("api", "POST", "/x", "--data", f"@{tmp_path / 'body.json'}", "--dry-run")
    from_stdin = leadgenius("api", "POST", "/x", "--data", "-", "--dry-run", stdin='{"a": 1}')
    assert from_file.stdout == from_stdin.stdout
    assert from_file.stdout.endswith('{"a":1}\n')


def test_a_login_is_saved_used_refreshed_and_forgotten(
    ready: Ready, monkeypatch: pytest.MonkeyPatch, no_settings_from_outside: Path
) -> None:
    """The whole life of a login on the command line."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    login = ["auth", "login", "--email", ready.username, "--base-url", ready.base_url]
    done = leadgenius(*login, "--password-stdin", stdin=f"{ready.password}\n")
    assert done.returncode == 0, done.stderr
    assert ready.password not in done.stdout + done.stderr + file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    token = json.loads(file.read_text())["token"]

    status = leadgenius("auth", "status", "--json")
    assert json.loads(status.stdout)["user_id"] == ready.user_id
    assert token not in status.stdout
    assert "company-1" in leadgenius("api", "GET", "/company").stdout
    assert leadgenius("auth", "refresh").returncode == 0
    assert json.loads(file.read_text())["token"]

    assert leadgenius("auth", "logout").returncode == 0
    assert "token" not in json.loads(file.read_text())
    monkeypatch.setenv("LEADGENIUS_BASE_URL", ready.base_url)
    assert leadgenius("api", "GET", "/company").returncode == 3


def test_a_wrong_password(ready: Ready, monkeypatch: pytest.MonkeyPatch) -> None:
    """A login that fails ends with 3, and stores nothing."""
    monkeypatch.setenv("LEADGENIUS_PASSWORD", "not the password")
    line = fails(3, leadgenius("auth", "login", "--email", ready.username,
                               "--base-url", ready.base_url))  # fmt: skip
    assert "401" in line


def test_a_password_in_the_command_line_is_refused() -> None:
    """The process list is readable by everyone on the machine."""
    assert "LEADGENIUS_PASSWORD" in fails(2, leadgenius("auth", "login", "--password", "secret"))


def test_no_prompt_without_a_terminal() -> None:
    """A script is told what is missing; it does not hang at a prompt."""
    assert "--email" in fails(3, leadgenius("auth", "login"))
    assert "LEADGENIUS_PASSWORD" in fails(3, leadgenius("auth", "login", "--email", "a@b.example"))


def test_status_without_credentials() -> None:
    """There is nothing to show, and the exit code says so."""
    done = leadgenius("auth", "status")
    assert done.returncode == 3
    assert "LEADGENIUS_API_KEY" in done.stderr


def test_a_port_in_use() -> None:
    """The emulator says that it cannot listen, and ends."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = fails(1, leadgenius("emulator", "--port", str(port), "--leads=0"))
    assert str(port) in line
    assert "choose another --port" in line


def test_an_emulator_can_be_stopped_while_it_loads(tmp_path: Path) -> None:
    """SIGTERM is heard from the start, ends with 0, and leaves no half-made database."""
    command = [*COMMAND, "emulator", "--leads=1000000", f"--db={tmp_path / 'leads.db'}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + _LIMIT
        while not any(tmp_path.glob("leads.db*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
        process.terminate()
        _, said = process.communicate(timeout=_LIMIT)
    assert process.returncode == 0, said
    assert said == b""
    assert not any(tmp_path.glob("leads.db*"))


@pytest.mark.parametrize(
    ("says", "arguments"),
    [("leads", ["--leads=-1"]), ("--expose", ["--host=0.0.0.0"]), ("rate", ["--rate=quick"])],
)
def test_an_emulator_with_bad_options(says: str, arguments: list[str]) -> None:
    """Options out of range are usage errors that name themselves."""
    assert says in fails(2, leadgenius("emulator", *arguments))


def test_ctrl_c_leaves_whole_parts(account: Ready, tmp_path: Path) -> None:
    """An interrupted export ends with 130, says what stands, and leaves no temporary file."""
    del account
    out = tmp_path / "out"
    command = [*COMMAND, "export", "enrich-leads", "--out", str(out), "--page-size=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(out / "enrich_leads", process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=_LIMIT)
    assert process.returncode == 130, said
    assert b"the same command goes on from there" in said
    assert b"Traceback" not in said
    assert not list(out.rglob("*.tmp"))
    assert not (out / "_SUCCESS").exists()
    done = leadgenius("export", "enrich-leads", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert "gone on with: run 2" in done.stdout
    assert (out / "_SUCCESS").exists()


def test_demo_runs_the_main_job(tmp_path: Path) -> None:
    """The demo exports both tables, shows a sample and the line to query the files."""
    out = tmp_path / "demo"
    done = leadgenius(
        "demo", "--out", str(out), "--leads=2500", "--source-leads=300", "--clients=3"
    )
    assert done.returncode == 0, done.stderr
    assert "2,500 rows of enrich_leads" in done.stdout
    assert "300 rows of source_leads" in done.stdout
    assert "duckdb" in done.stdout
    assert pq.read_table(out / "enrich-leads" / "enrich_leads").num_rows == 2500


def test_version() -> None:
    """`--version` prints name and version."""
    for command in (["--version"], ["-V"]):
        assert leadgenius(*command).stdout.startswith("leadgenius 0.")


def test_help_names_the_commands() -> None:
    """`--help` lists what there is, each with one line."""
    done = leadgenius("--help", stdin="")
    for name in ("demo", "emulator", "auth", "export", "api"):
        assert name in done.stdout


def test_output_to_a_closed_pipe_is_no_traceback(account: Ready) -> None:
    """`leadgenius api … | head -1` ends quietly."""
    del account
    line = f"{sys.executable} -P -m leadgenius_async api GET /clients | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, check=False, env=os.environ)
    assert b"Traceback" not in done.stderr


def test_a_background_job_of_a_script_hears_sigterm(account: Ready, tmp_path: Path) -> None:
    """Non-interactive shells have such jobs ignore SIGINT; SIGTERM must end them all the same."""
    del account
    out = tmp_path / "out"
    command = [*COMMAND, "export", "enrich-leads", "--out", str(out), "--page-size=1"]
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # what the child inherits
    try:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        wait_for(out / "enrich_leads", process)
        process.terminate()
        _, said = process.communicate(timeout=_LIMIT)
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    assert not list(out.rglob("*.tmp"))


def test_a_login_is_not_saved_beside_another_servers_key(
    ready: Ready, no_settings_from_outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key in the file would be sent to the new server from then on."""
    file = no_settings_from_outside / ".leadgenius_auth.json"
    file.write_text('{"api_key":"lgp_production","user_id":"u-1"}')
    file.chmod(0o600)
    monkeypatch.setenv("LEADGENIUS_PASSWORD", ready.password)
    login = ["auth", "login", "--email", ready.username, "--base-url", ready.base_url]
    assert "move the file away" in fails(2, leadgenius(*login))
    assert json.loads(file.read_text()) == {"api_key": "lgp_production", "user_id": "u-1"}


def test_a_log_level_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong LEADGENIUS_LOG is a usage error, not a traceback."""
    monkeypatch.setenv("LEADGENIUS_LOG", "loud")
    assert "LOUD" in fails(2, leadgenius("auth", "status"))


def test_a_log_format_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """So is a wrong LEADGENIUS_LOG_FORMAT."""
    monkeypatch.setenv("LEADGENIUS_LOG", "debug")
    monkeypatch.setenv("LEADGENIUS_LOG_FORMAT", "xml")
    assert "give text or json" in fails(2, leadgenius("auth", "status"))


@pytest.mark.parametrize("form", ["text", "json"])
def test_logs_go_to_stderr_in_the_format_asked_for(
    monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """A line each; where a failure came from is told at debug."""
    monkeypatch.setenv("LEADGENIUS_LOG", "debug")
    monkeypatch.setenv("LEADGENIUS_LOG_FORMAT", form)
    done = leadgenius("clients", "list")
    assert (done.returncode, done.stdout) == (3, "")
    said = "CredentialsMissing came from"
    logged = [line for line in done.stderr.splitlines() if said in line]
    if form == "text":
        assert logged == [f"DEBUG leadgenius_async: {said}"]
    else:
        assert json.loads(logged[0])["level"] == "debug"
