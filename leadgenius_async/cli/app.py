"""The commands, each loaded when it is called, and what surrounds them."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import signal
import sys
import traceback
from collections.abc import Generator, Sequence
from types import FrameType

import cyclopts

from leadgenius_async._version import __version__
from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import NOTES

app: cyclopts.App = cyclopts.App(
    name="leadgenius",
    help="Take leads out of LeadGenius Pro, and speak its API.",
    help_epilogue=examples(
        "demo",
        "auth login --email ada@sample.example",
        "export enrich-leads --out leads",
        "# each command has examples of its own",
        "export enrich-leads --help",
    ),
    version=f"leadgenius {__version__}",
    suppress_keyboard_interrupt=False,  # `run` says it, in JSON too where that is asked for
)
_log = logging.getLogger("leadgenius_async")
#: Panels of the help, in order. Each command's help stands here as well: asking a lazy command for
#: it would load it.
_COMMANDS = {
    "Getting started": {
        "demo": ("demo:app", "The main job from end to end, on this machine alone."),
        "auth": ("auth:app", "Log in, see what is there, log out."),
        "generate-key": ("api_keys:generate", "Make an API key, save it, and print it once."),
        "doctor": ("doctor:app", "What stands between this machine and the service."),
        "selftest": ("selftest:app", "Try an account out, and clean up after it."),
        "emulator": ("emulator:app", "The service on this machine, with made-up leads."),
        "completion": ("completion:app", "Complete commands by the Tab key: bash, zsh, fish."),
    },
    "Leads and files": {
        "export": ("export:app", "Take leads out into Parquet or NDJSON files."),
        "leads": ("leads:app", "Leads: list, find, create, import, update, delete, move, enrich."),
        "clients": ("clients:app", "Customer workspaces: list, get, create, update, delete."),
        "jobs": ("jobs:app", "Exports and imports in folders: list, show, resume, discard."),
        "verify": ("jobs:check", "Check an export's files against its manifest."),
        "report": ("report:app", "What an export's files hold, in figures or as a page."),
        "compact": ("compact:app", "Put small parts of an export together; promote fields."),
    },
    "Sections of the API": {
        "admin": ("admin:app", "For the platform's admins: companies, users."),
        "api": ("api:app", "Send one call of the API and print its JSON."),
        "api-keys": ("api_keys:app", "API keys of the signed-in user: list."),
        "campaigns": ("campaigns:app", "Campaigns: list, create."),
        "company": ("company:app", "The account's company: show, create, update."),
        "email": ("email:app", "E-mail addresses: validate, verify."),
        "enrichment": ("enrichment:app", "Enrichment jobs: create, get, wait."),
        "integrations": ("integrations:app", "Other services: scrape, status, chat, accounts."),
        "maintenance": ("maintenance:app", "The service itself: bugs, enhancements."),
        "pipeline": ("pipeline:app", "Leads created in a span of days, by status and client."),
        "process": ("process:app", "Process a lead: enrich, copyright, sdr."),
        "search-history": ("search_history:app", "Searches for leads: list, create, update."),
        "settings": ("settings:app", "Services and agents that process leads: show, set."),
        "tasks": ("tasks:app", "Background tasks: trigger, get, recent, wait."),
        "territory": ("territory:app", "Companies that a client's leads work for: list, save."),
        "webhooks": ("webhooks:app", "Webhooks of outreach platforms: list, create."),
    },
    "For programs": {
        "commands": ("commands:app", "Every command with its parameters."),
        "skill": ("skill:app", "How to use all this, for agents."),
        "mcp": ("mcp:app", "For agents that speak the Model Context Protocol: serve."),
    },
}
for _number, (_title, _panel) in enumerate(_COMMANDS.items()):
    _group = cyclopts.Group(_title, sort_key=_number)
    for _name, (_place, _help) in _panel.items():
        app.command(f"leadgenius_async.cli.{_place}", name=_name, help=_help, group=_group)

app["--help"].group = app["--version"].group = cyclopts.Group("Options", sort_key=len(_COMMANDS))

#: Options whose value the whole machine could read in the process list.
_SECRET_OPTIONS = {
    "--password": "set LEADGENIUS_PASSWORD, use --password-stdin, or let it be asked for",
    "--api-key": "set LEADGENIUS_API_KEY and LEADGENIUS_USER_ID",
}


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    failures.install_warnings()
    # A polite end is one end: SIGTERM goes the way of Ctrl-C.
    signal.signal(signal.SIGTERM, _as_interrupt)
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        # A script's background job ignores SIGINT from birth; asyncio's orderly end goes by it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    NOTES.begin(as_json=_asks_for_json(arguments))
    try:
        _log_to_stderr(os.environ.get("LEADGENIUS_LOG"), os.environ.get("LEADGENIUS_LOG_FORMAT"))
        _refuse_secrets(arguments)
        with _explained(arguments[0] if arguments else ""):
            result = app(
                list(arguments),
                exit_on_error=False,
                print_error=False,
                result_action="return_value",
            )
    except KeyboardInterrupt as error:
        failures.tell(error, failures.INTERRUPTED)
        return failures.INTERRUPTED
    except cyclopts.CycloptsError as error:
        failures.tell(error, failures.USAGE, arguments)
        return failures.USAGE
    except BrokenPipeError:
        # The reader of our output is gone, as with `| head`; Python must not flush to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return failures.OTHER
    except Exception as error:  # noqa: BLE001 - each becomes a line and an exit code
        code = failures.exit_code(error)
        failures.tell(error, code, arguments)
        # Its words are told already, and may name somebody's address: a log is kept longer.
        origin = "".join(traceback.format_tb(error.__traceback__))
        _log.debug("%s came from\n%s", type(error).__name__, origin)
        return code
    code = result if isinstance(result, int) else failures.OK
    if code and NOTES.as_json:
        failures.tell(failures.Incomplete("a part of the work was not done"), code)
    return code


@contextlib.contextmanager
def _explained(name: str) -> Generator[None]:
    """Give a command its whole help meanwhile: as a line of the list it has one sentence of it."""
    part = app[name] if any(name in panel for panel in _COMMANDS.values()) else None
    if part is None or not part.default_command or any(not each.startswith("-") for each in part):
        yield
        return
    line, part.help = part.help, part.default_command.__doc__ or ""
    try:
        yield
    finally:
        part.help = line


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    signal.raise_signal(signal.SIGINT)


def _asks_for_json(arguments: Sequence[str]) -> bool:
    pairs = itertools.pairwise(arguments)
    return bool({"--json", "--format=json"} & {*arguments}) or ("--format", "json") in pairs


def _refuse_secrets(arguments: Sequence[str]) -> None:
    for argument in arguments:
        if remedy := _SECRET_OPTIONS.get(argument.partition("=")[0]):
            name = argument.partition("=")[0]
            raise ValueError(f"{name} would show the value in the process list: {remedy}")


def _log_to_stderr(level: str | None, form: str | None) -> None:
    if level:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(_formatter(form or "text"))
        logging.basicConfig(handlers=[handler])
        logging.getLogger("leadgenius_async").setLevel(level.upper())


def _formatter(form: str) -> logging.Formatter:
    if form == "text":
        return logging.Formatter("%(levelname)s %(name)s: %(message)s")
    if form != "json":
        raise ValueError(f"LEADGENIUS_LOG_FORMAT is {form!r}: give text or json")
    from leadgenius_async.logs import JsonFormatter  # noqa: PLC0415 - for those who want it

    return JsonFormatter()
