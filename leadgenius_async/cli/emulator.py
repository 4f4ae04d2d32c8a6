"""`leadgenius emulator`: the service on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_type_hints

import anyio
import msgspec
from cyclopts import App, Parameter

from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.failures import BadInput
from leadgenius_async.cli.options import Flag

if TYPE_CHECKING:
    from leadgenius_async.emulator import Emulator

#: Requests that are remembered: at 1,000 a minute all would be 0.66 GB a day.
_LOGGED = 100_000

app: App = App(
    name="emulator",
    help_epilogue=examples(
        "emulator --leads 1000 --rate off",
        "emulator --port 8080 --ready-file ready.json",
        "emulator --set batch_create=none --fault 'GET /api/* status=503'",
    ),
)


@app.default
async def emulator(
    *,
    port: int = 0,
    leads: int = 10_000,
    source_leads: int = 2_000,
    clients: int = 40,
    seed: int = 0,
    rate: str = "standard",
    habits: Literal["on", "off"] = "on",
    db: Path | None = None,
    ready_file: Path | None = None,
    env: Flag = False,
    host: str = "127.0.0.1",
    expose: Flag = False,
    switches: Annotated[list[str] | None, Parameter(name="--set", negative=())] = None,
    rules: Annotated[list[str] | None, Parameter(name="--fault", negative=())] = None,
) -> None:
    """Run the API on this machine, with made-up leads, until Ctrl-C or SIGTERM.

    Args:
        port: Port to listen on; 0 takes a free one.
        leads: EnrichLeads of the first company.
        source_leads: SourceLeads of the first company.
        clients: Clients of the first company.
        seed: The same seed gives the same data and the same habits.
        rate: standard (100 requests a minute), premium (1,000), a number, or off.
        habits: on has short and empty pages, odd rows, and refuses bodies over 6 MB.
        db: File to keep the data in; a temporary one if not given.
        ready_file: JSON file that is written once it listens.
        env: Print what a shell reads to use it (export LEADGENIUS_BASE_URL=…), in place of JSON.
        host: Address to listen on; others than this machine's own need --expose.
        expose: Listen on an address that other machines reach.
        switches: NAME=VALUE, any other option of EmulatorConfig, such as batch_create=none or
            move_leads=false; may be given several times, and a wrong name lists all.
        rules: METHOD PATH FAULT[=VALUE] [KEY=VALUE …] as one argument, such as
            'GET /api/enrich-leads* status=503 nth=3 retry_after=2'; may be given several times,
            and a wrong name lists all.
    """
    from leadgenius_async.emulator import Emulator  # noqa: PLC0415 - loads aiohttp

    options: dict[str, Any] = {
        "port": port,
        "host": host,
        "expose": expose,
        "leads": leads,
        "source_leads": source_leads,
        "clients": clients,
        "seed": seed,
        "rate": int(rate) if rate.isdecimal() else rate,
        "habits": habits == "on",
        "db": db,
    }
    service = Emulator(**options, **read_switches(switches or [], options))
    service.log.most = _LOGGED
    add_faults(service, rules or [])
    if ready_file is not None:  # whoever waits for it takes that of the last start otherwise
        await anyio.Path(ready_file).unlink(missing_ok=True)
    with anyio.CancelScope() as scope:
        # Heard from the start: making a million leads takes half a minute.
        _cancel_on_signals(scope)
        async with service:
            ready = msgspec.json.format(msgspec.json.encode(service.ready), indent=2)
            if ready_file is not None:
                await anyio.to_thread.run_sync(write_whole, ready_file, ready)
            sys.stderr.write(f"leadgenius emulator: listening on {service.base_url}\n")
            sys.stderr.write(f"leadgenius emulator: console at {service.console_url}\n")
            sys.stdout.write(exports(service) if env else f"{ready.decode()}\n")
            sys.stdout.flush()
            await anyio.sleep_forever()


def exports(service: Emulator) -> str:
    """Return lines for a shell that point it at the emulator, as its first company."""
    from leadgenius_async.emulator.exports import exports as lines  # noqa: PLC0415 - loads aiohttp

    ready = service.ready
    return lines(
        base_url=ready.base_url,
        api_key=ready.api_key,
        user_id=ready.user_id,
        rate=service.config.rate,
    )


def add_faults(service: Emulator, texts: Collection[str]) -> None:
    """Give the emulator the fault rules that texts say.

    Raises:
        BadInput: One is no rule; the message names what there is.
    """
    from leadgenius_async.emulator.faults import read_rule  # noqa: PLC0415 - loads aiohttp

    for text in texts:
        try:
            service.faults.place(read_rule(text))
        except ValueError as error:
            raise BadInput(f"--fault {error}") from None


def read_switches(pairs: Collection[str], taken: Collection[str]) -> dict[str, Any]:
    """Return options of `EmulatorConfig`, each of its own type.

    Args:
        pairs: `NAME=VALUE` each.
        taken: Options that have a flag of their own.

    Raises:
        BadInput: There is no such option, or the value is outside its range.
    """
    from leadgenius_async.emulator.config import (  # noqa: PLC0415 - loads aiohttp
        OPTIONS,
        EmulatorConfig,
    )

    types = get_type_hints(EmulatorConfig)
    names = [name for name in OPTIONS if name not in taken]
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if name not in names or not equals:
            raise BadInput(f"--set {pair}: give NAME=VALUE with one of {', '.join(names)}")
        found[name] = _typed(text, types[name])
    try:
        EmulatorConfig(**found)
    except ValueError as error:
        raise BadInput(f"--set {error}") from None
    return found


def _typed(text: str, type_: Any) -> Any:
    """Return a text as the type; as it stands where it is none, for the config to refuse."""
    try:
        return msgspec.convert(text, type_, strict=False)
    except msgspec.ValidationError:
        return text


def _cancel_on_signals(scope: anyio.CancelScope) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C ends the process there
            loop.add_signal_handler(number, scope.cancel)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole: whoever waits for it reads it at once."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)
    # It has keys: private from its first byte on.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)
