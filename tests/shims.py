"""What stands in the documentation's commands for programs that a test does not run.

python -P tests/shims.py NAME [ARGUMENT …], with pyproject.toml's folder in PROJECT.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import subprocess
import sys
import tomllib
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent


def duckdb(arguments: list[str]) -> None:
    """Run a query, of `-c` or of stdin, in a file or in memory."""
    import duckdb as engine  # noqa: PLC0415 - takes time to load

    query = arguments[arguments.index("-c") + 1] if "-c" in arguments else sys.stdin.read()
    file = arguments[0] if arguments and not arguments[0].startswith("-") else ":memory:"
    with engine.connect(file) as connection:
        rows = connection.execute(query).fetchall()
    sys.stdout.writelines(f"{row}\n" for row in rows)


def pip(arguments: list[str]) -> None:
    """Check that what is to be installed is this project, or is known to it; install nothing."""
    project: dict[str, Any] = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    groups = project["dependency-groups"]
    known = re.findall(r"[\w.-]+", " ".join(map(str, [*groups.values(), *extras.values()])))
    assert arguments[0] == "install", arguments
    for wanted in arguments[1:]:
        name, _, extra = wanted.removesuffix("]").partition("[")
        if name in {".", project["project"]["name"]}:
            assert not extra or extra in extras, f"{wanted}: no such extra"
        else:
            assert name in known, f"{wanted}: pyproject.toml does not know it"


def uv(arguments: list[str]) -> None:
    """`uv pip install`."""
    assert arguments[0] == "pip", arguments
    pip(arguments[1:])


def nox(arguments: list[str]) -> None:
    """Check that there is such a session; run none."""
    sessions = re.findall(r"\ndef (\w+)\(session", (PROJECT / "noxfile.py").read_text())
    asked = [name for flag, name in pairwise(arguments) if flag == "-s"]
    assert set(asked) <= {*sessions}, f"nox -s {asked}: there are {sessions}"


def curl(arguments: list[str]) -> None:
    """Send a request: `-H`, `-d` and `-X` of curl's options."""
    headers, options, url = {}, {}, ""
    left = iter(arguments)
    for argument in left:
        if argument == "-H":
            name, _, value = next(left).partition(":")
            headers[name] = value.strip()
        elif argument in {"-d", "-X"}:
            options[argument] = next(left)
        elif not argument.startswith("-"):
            url = argument
    data = options.get("-d")
    method = options.get("-X", "GET" if data is None else "POST")
    request = urllib.request.Request(  # noqa: S310 - the page's own server
        url, data=None if data is None else data.encode(), headers=headers, method=method
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the same
        sys.stdout.write(f"{answer.read().decode()}\n")


def crontab(arguments: list[str]) -> None:
    """Run what each line of a file would run."""
    variable = re.compile(r"\w+=.*")
    moment = re.compile(r"(?:[\d*/,-]+\s+){5}(?P<command>.*)")
    for line in Path(arguments[0]).read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if variable.fullmatch(line):
            name, _, value = line.partition("=")
            os.environ[name] = os.environ.get(name, value)
            continue
        found = moment.fullmatch(line)
        assert found, f"not a line of a crontab: {line}"
        subprocess.run(["sh", "-c", found["command"].replace("\\%", "%")], check=True)  # noqa: S607


def systemctl(arguments: list[str]) -> None:
    """Run what the service of a unit would run, as it stands in this folder."""
    name = Path(arguments[-1]).stem
    timer, service = (_unit(f"{name}.{kind}") for kind in ("timer", "service"))
    assert timer["Timer"]["OnCalendar"]
    assert timer["Install"]["WantedBy"]
    assert service["Service"]["Type"] == "oneshot"
    for variable in service["Service"].get("Environment", "").split():
        key, _, value = variable.partition("=")
        os.environ[key] = os.environ.get(key, value)
    command = service["Service"]["ExecStart"].replace("$$", "$").replace("%%", "%")
    subprocess.run(shlex.split(command), check=True)


def _unit(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # names as they are written
    assert unit.read(name), f"there is no {name} here"
    return unit


def python3(arguments: list[str]) -> None:
    """Run Python; of an environment, make one that has what the test's has."""
    if arguments[:2] != ["-m", "venv"]:
        command = [sys.executable, "-P", *arguments]
        os.execv(command[0], command)  # noqa: S606 - in the place of this one
    programs = Path(arguments[2]) / "bin"
    programs.mkdir(parents=True)
    for program in Path(os.environ["PROGRAMS"]).iterdir():
        (programs / program.name).symlink_to(program)
    (programs / "activate").write_text(f'PATH="{programs.absolute()}:$PATH"\n')


SHIMS = {
    "crontab": crontab,
    "curl": curl,
    "duckdb": duckdb,
    "nox": nox,
    "pip": pip,
    "python": python3,
    "python3": python3,
    "systemctl": systemctl,
    "uv": uv,
}

if __name__ == "__main__":
    SHIMS[sys.argv[1]](sys.argv[2:])
