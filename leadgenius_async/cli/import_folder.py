"""What an import goes on from: its journal's folder, and the command that began it."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from leadgenius_async import errors
from leadgenius_async._extract.files import pretty, replace
from leadgenius_async._writes.files import Kind
from leadgenius_async._writes.jobs import COMMAND, JOURNAL, SUFFIX
from leadgenius_async._writes.report import Mode, OnExisting
from leadgenius_async._writes.rules import Unknown
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, Json

STDIN = "-"


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What to make of the file, and where to put it.

    Attributes:
        client: client_id of the client of rows that name none.
        new_client: Name of a client that is made first, for the same.
        map_: COLUMN=FIELD for columns whose name does not say it; COLUMN= leaves a column out.
        keep_columns: Send columns that are no field too, under their own names.
        dry_run: Say what would be sent and what it would take, and send nothing.
        report: File that gets one line of JSON for each row of the input.
        journal: Folder that keeps how far the import is; FILE.import if not given.
        mode: verified proves that each row is there, once; at_most_once never sends a row
            again; fast believes what the service says.
        on_existing: What becomes of a row whose e-mail address or LinkedIn profile the client
            has: skip it, update the lead, or create another one.
        settle: Seconds that a lost answer may take to be applied.
        batch_size: Rows of a request, 1 to 100.
        unknown: Whether fields that the platform does not document are kept, or their row is
            refused.
        require_email: Refuse rows without an e-mail address.
        names_from_email: Make missing names from the e-mail address.
        on_error: Whether the first refused row ends the import (stop) or not (continue).
        encoding: How a CSV file is encoded; found out if not given.
        delimiter: What stands between its values, a character or `tab`; found out if not given.
        kind: csv, ndjson, json or parquet, if the name does not say it.
        unescape: Take off the ' that guards what looks like a formula in a CSV file.
        company_id: The company; the account's own if not given.
        json: Print the report as one JSON object.
        yes: Do not ask whether the columns are matched rightly; needed where there is no terminal
            and a column's name does not say it.
    """

    client: Annotated[str | None, Parameter(name=["--client", "--client-id"])] = None
    new_client: str | None = None
    map_: Annotated[
        list[str],
        Parameter(name="--map", consume_multiple=True, negative=(), show_default=False),
    ] = field(default_factory=list[str])
    keep_columns: Flag = False
    dry_run: Flag = False
    report: str | None = None
    journal: str | None = None
    mode: Mode = "verified"
    on_existing: OnExisting = "skip"
    settle: float = 90.0
    batch_size: int = 50
    unknown: Unknown = "keep"
    require_email: Flag = False
    names_from_email: Flag = False
    on_error: Literal["continue", "stop"] = "continue"
    encoding: str | None = None
    delimiter: str | None = None
    kind: Kind | None = None
    unescape: Flag = False
    company_id: str | None = None
    json: Json = False
    yes: Flag = False


#: Options that say what the rows are; an import goes on with the same ones only.
_OF_ROWS = (
    "new_client", "map_", "keep_columns", "unknown", "require_email", "names_from_email",
    "encoding", "delimiter", "kind", "unescape",
)  # fmt: skip


class Command(msgspec.Struct, kw_only=True):
    """The command that began an import.

    Attributes:
        file: The file, with its whole path; `-` for stdin.
        options: Its options.
        connection: How the service was reached.
        client_id: The client that was made for `--new-client`.
    """

    file: str
    options: ImportOptions
    connection: Connection = DEFAULT
    client_id: str | None = None

    @property
    def line(self) -> str:
        """The command as it is typed."""
        return self._line(self.options)

    @property
    def anew(self) -> str:
        """The command of an import that looks for what this one may have sent."""
        options = self.options
        return self._line(
            dataclasses.replace(
                options,
                client=self.client_id or options.client,
                new_client=None,
                mode="verified" if options.mode == "fast" else options.mode,
                on_existing="skip" if options.on_existing == "create" else options.on_existing,
            )
        )

    def _line(self, options: ImportOptions) -> str:
        parts = [*_written(options), *_written(self.connection)]
        return shlex.join(["leadgenius", "leads", "import", self.file, *parts])


def folder_of(file: str, options: ImportOptions) -> Path:
    """Return the folder of an import's journal.

    Raises:
        ValueError: It must be named, or something else stands there.
    """
    if options.journal is None and file == STDIN:
        raise ValueError("--journal is missing: rows from stdin need a folder for their journal")
    folder = Path(options.journal or f"{file}{SUFFIX}")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder: give another --journal")
    ours = (folder / JOURNAL).exists() or (folder / COMMAND).exists()
    if folder.exists() and not ours and any(folder.iterdir()):
        raise ValueError(f"{folder} holds something else than an import: give another --journal")
    return folder


def read_command(folder: Path) -> Command | None:
    """Return the command that began an import; None if it is not known."""
    try:
        return msgspec.json.decode((folder / COMMAND).read_bytes(), type=Command)
    except (OSError, msgspec.MsgspecError):
        return None


def write_command(folder: Path, command: Command) -> None:
    """Remember the command, with paths that hold from any folder.

    Raises:
        ValueError: The folder cannot be written to.
    """
    options, file = command.options, command.file
    whole = dataclasses.replace(
        options,
        report=None if options.report is None else str(Path(options.report).absolute()),
        journal=str(folder.absolute()),
    )
    saved = msgspec.structs.replace(
        command, options=whole, file=file if file == STDIN else str(Path(file).absolute())
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / COMMAND, pretty(saved))
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be written ({error.strerror}): give another --journal"
        ) from None


def check_same(old: Command, new: Command, folder: Path) -> None:
    """Refuse to go on with an import whose rows would be made otherwise.

    Raises:
        ImportConflict: They would.
    """
    for name in _OF_ROWS:
        was, given = getattr(old.options, name), getattr(new.options, name)
        if was != given:
            raise errors.ImportConflict(
                f"{folder} holds an import whose {_option(name)} was {_shown(was)}, and is "
                f"{_shown(given)} now: ask for the same to go on with it, or give another "
                f"--journal, or `leadgenius jobs discard {shlex.quote(str(folder))}` first"
            )


def _shown(value: object) -> str:
    return "not given" if value in (None, [], False) else repr(value)


def _option(name: str) -> str:
    return "--" + name.rstrip("_").replace("_", "-")


def _written(options: ImportOptions | Connection) -> list[str]:
    """Return options that are not what they are by default, as they are typed."""
    default = type(options)()
    parts: list[str] = []
    for each in dataclasses.fields(options):
        value = getattr(options, each.name)
        if value == getattr(default, each.name):
            continue
        parts.append(_option(each.name))
        if value is not True:
            parts += map(str, value) if isinstance(value, list) else [str(value)]
    return parts
