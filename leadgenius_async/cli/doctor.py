"""`leadgenius doctor`: what stands between this machine and the service, a line each."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter
from typing import TYPE_CHECKING

from cyclopts import App

from leadgenius_async.cli import failures
from leadgenius_async.cli.examples import examples
from leadgenius_async.cli.notes import note, one_line
from leadgenius_async.cli.options import DEFAULT, Connection
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from leadgenius_async.cli.examination import Finding

app: App = App(name="doctor", help_epilogue=examples("doctor", "doctor --profile acme --json"))

OUTCOMES = ("ok", "warning", "failed", "skipped")


@app.default
async def doctor(*, show: Show = SHOW, connection: Connection = DEFAULT) -> int:
    """Look at the settings, DNS, proxy, TLS, account, clock, quota and folders, a line each.

    Sends five requests at the most; one that the service fails at is sent up to five times. Writes
    nothing that stays. Each line that is not ok says what to do. Exits with the code of the first
    check that failed.
    """
    from leadgenius_async.cli.examination import examine  # noqa: PLC0415 - loads aiohttp

    found = await examine(connection)
    _print(found, show)
    return next(
        (finding.exit_code for finding in found if finding.outcome == "failed"), failures.OK
    )


def _print(found: list[Finding], show: Show) -> None:
    counts = Counter[str](finding.outcome for finding in found)
    plain = [dataclasses.replace(one, detail=one_line(one.detail)) for one in found]
    members = [dataclasses.asdict(finding) for finding in plain]
    match show.chosen:
        case "json":
            show.one({"ok": not counts["failed"], "checks": members})
        case "table":  # in full: a remedy that is cut off is none
            sys.stdout.writelines(f"{_line(finding)}\n" for finding in found)
            note(", ".join(f"{counts[name]} {name}" for name in OUTCOMES))
        case _:
            show.rows(members, ())


def _line(finding: Finding) -> str:
    words = f"{finding.detail}; {finding.remedy}" if finding.remedy else finding.detail
    return f"{finding.outcome:7}  {finding.check:16}  {one_line(words)}"
