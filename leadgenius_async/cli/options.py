"""Options that every command shares, as one object."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from cyclopts import Group, Parameter

from leadgenius_async.cli.failures import BadInput, Unconfirmed
from leadgenius_async.cli.keys import without_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp import TraceConfig

    from leadgenius_async._client import LeadGenius
    from leadgenius_async._secret import Secret

T = TypeVar("T")

#: What most commands share stands below their own parameters, in panels of its own.
OUTPUT = Group("Output", sort_key=1)
CONNECTION = Group("Connection", sort_key=2)


@Parameter(name="*", group=CONNECTION)
@dataclass(frozen=True, kw_only=True)
class Connection:
    """How to reach the service.

    Attributes:
        base_url: Origin of the service, with or without /api; LEADGENIUS_BASE_URL, a saved one, or
            https://last.leadgenius.app if not given.
        profile: Name of an entry in profiles.json; LEADGENIUS_PROFILE if not given.
        rate: standard (100 requests a minute), premium (1,000), a number, off, or several limits:
            100/min,1000/hour,10000/day. If not given, what the service says, from standard on.
        timeout: Seconds for one try of a request.
        deadline: Seconds for a whole request with its waits.
    """

    base_url: str | None = None
    profile: str | None = None
    rate: str | None = None
    timeout: float = 60.0
    deadline: float = 600.0

    def open(
        self,
        *,
        username: str | None = None,
        password: Secret | None = None,
        trace_configs: Sequence[TraceConfig] = (),
    ) -> LeadGenius:
        """Return a client with these options; credentials come from environment or file.

        Args:
            username: For a login by name that is asked for here.
            password: The same.
            trace_configs: aiohttp's trace hooks.
        """
        from leadgenius_async._client import LeadGenius  # noqa: PLC0415 - loads aiohttp

        return LeadGenius(
            base_url=self.base_url,
            profile=self.profile,
            username=username,
            password=password,
            rate=self.rate,
            timeout=self.timeout,
            deadline=self.deadline,
            trace_configs=trace_configs,
        )


#: Nothing given: all from environment, profile and file.
DEFAULT = Connection()

Json = Annotated[bool, Parameter(name="--json", negative=(), group=OUTPUT, show_default=False)]
Flag = Annotated[bool, Parameter(negative=(), show_default=False)]
#: Several values behind one option: `--ids a b`.
Names = Annotated[list[str], Parameter(consume_multiple=True, negative=())]
#: JSON of a request.
Data = Annotated[str, Parameter(allow_leading_hyphen=True)]


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given, under the names of the API."""
    return {name: value for name, value in options.items() if value is not None}


def confirm(what: str, *, yes: bool) -> None:
    """Ask before something is lost for good; off a terminal `--yes` is needed.

    Raises:
        Unconfirmed: There is nobody to ask.
        ValueError: The answer was no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise Unconfirmed(f"this would {what}: give --yes")
    sys.stderr.write(f"{what}? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise ValueError(f"nothing was done: {what} was not confirmed")


def require_local(folder: Path) -> None:
    """Refuse the URI of an object store, which a Path leaves with one slash.

    Raises:
        ValueError: It is one.
    """
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(folder)):
        raise ValueError(
            f"{folder} is no folder on this machine: fetch it by the store's own tools"
        )


def read_data(data: str) -> bytes:
    """Return the JSON behind `--data`, compact: the text itself, @FILE, or - for stdin.

    Raises:
        BadInput: It is not JSON, or there is an API key in it on the command line.
    """
    try:
        text = _raw(data).decode()
        compact = msgspec.json.format(text, indent=-1)
        if data != "-" and not data.startswith("@"):
            _refuse_keys(compact)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadInput(f"--data is not JSON: {error}; quote it for the shell") from None
    return compact.encode()


def read_object(data: str) -> dict[str, Any]:
    """Return the JSON object behind `--data`.

    Raises:
        BadInput: It is not a JSON object.
    """
    return _read(data, dict[str, Any], 'an object, like \'{"status": "won"}\'')


def read_objects(data: str) -> list[dict[str, Any]]:
    """Return the JSON array of objects behind `--data`.

    Raises:
        BadInput: It is not a JSON array of objects.
    """
    return _read(data, list[dict[str, Any]], "an array of objects, like '[{…}, {…}]'")


def _read(data: str, type_: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(read_data(data), type=type_)
    except msgspec.ValidationError:
        raise BadInput(f"--data must be {what}") from None


def _refuse_keys(data: str) -> None:
    # Floats stay texts: one that is too large for Python is the service's business.
    _, keys = without_keys(msgspec.json.Decoder(float_hook=str).decode(data))
    if keys:
        names = ", ".join(keys)
        raise BadInput(f"--data would show {names} in the process list: give @FILE, or - for stdin")


def _raw(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    if data.startswith("@"):
        try:
            return Path(data[1:]).read_bytes()
        except OSError as error:
            raise BadInput(f"--data {data}: {error.strerror}") from None
    return data.encode()
