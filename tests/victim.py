"""An export or an import in a process of its own, which may kill itself at a named point.

Run as a script it reads lines of JSON, one an order, and forks a child for each, so that it
starts without loading everything anew. It answers a line with how the child ended.
"""

from __future__ import annotations

import asyncio
import functools
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from leadgenius_async import LeadGenius
from leadgenius_async._extract import (
    dataset,
    export,
    folders,
    ids,
    intent,
    layout,
    parts,
    rewrite,
)
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.journal import Journal
from leadgenius_async._extract.parts import PartWriter
from leadgenius_async._resources import lead_imports
from leadgenius_async._writes import rows
from leadgenius_async._writes.journal import Journal as Imported
from leadgenius_async._writes.proof import Proof
from leadgenius_async._writes.service import LeadService

#: Seconds after which a request that was begun is on its way, and most likely not answered.
SOON = 0.002
#: Where an export can die: owner and name of a function, and whether before it, after it, or soon
#: after it began.
POINTS: dict[str, tuple[Any, str, str]] = {
    "before the journal": (dataset, "create_journal", "before"),
    "after the journal": (Journal, "__init__", "after"),
    "after the plan": (Journal, "add_chains", "after"),
    "before a temporary file": (Dataset, "temporary_part", "before"),
    "with a temporary file": (parts, "open_sink", "after"),
    "after a group": (PartWriter, "_write_group", "after"),
    "after the temporary file": (dataset, "describe", "after"),
    "before a sync": (dataset, "sync", "before"),
    "after a sync": (dataset, "sync", "after"),
    "before a rename": (Path, "rename", "before"),
    "after a rename": (Path, "rename", "after"),
    "before a commit": (Journal, "commit", "before"),
    "after a commit": (Journal, "commit", "after"),
    "before the missing are known": (ids, "missing", "after"),
    "after the missing are known": (export.Export, "_find_missing", "after"),
    "before duplicates are dropped": (ids, "duplicates", "before"),
    "with a part written again": (rewrite, "describe", "after"),
    "after a swap is decided": (Journal, "begin_swap", "after"),
    "before a swap is over": (Journal, "end_swap", "before"),
    "after a swap is over": (Journal, "end_swap", "after"),
    "before the manifest": (Dataset, "finish", "before"),
    "in the manifest": (Dataset, "_write", "after"),
    "while the journal goes": (dataset, "forget", "before"),
    "at the very end": (Dataset, "finish", "after"),
}
#: Where it can die while its dataset gets another layout.
LAYOUT_POINTS: dict[str, tuple[Any, str, str]] = {
    "before the layout": (export, "lay_out", "before"),
    "with rows sorted out": (folders, "_spill", "after"),
    "with a file of the layout": (layout, "write_part", "after"),
    "before the intent": (layout, "decide", "before"),
    "after the intent": (layout, "decide", "after"),
    "before a name of the layout": (intent, "hidden", "before"),
    "after the names of the layout": (intent, "sync_folders", "before"),
    "before the old parts go": (intent, "check_parts", "after"),
    "in the manifest of the layout": (intent, "replace", "after"),
    "before the journal goes": (export, "lay_out", "after"),
    "after the journal is gone": (Dataset, "forget", "after"),
}

#: Where an import can die.
IMPORT_POINTS: dict[str, tuple[Any, str, str]] = {
    "with an empty journal": (Imported, "__init__", "after"),
    "in the scan": (Imported, "add_before", "after"),
    "before the scan is over": (Imported, "end_scan", "before"),
    "after the scan": (Imported, "end_scan", "after"),
    "before rows are taken in": (Imported, "add", "before"),
    "after rows are taken in": (Imported, "add", "after"),
    "before rows are marked as sent": (Imported, "mark_sent", "before"),
    "after rows are marked as sent": (Imported, "mark_sent", "after"),
    "with a request under way": (LeadService, "create", "soon"),
    "before an answer is noted": (Imported, "answer", "before"),
    "after an answer is noted": (Imported, "answer", "after"),
    "before the job is saved": (Imported, "save", "before"),
    "after the job is saved": (Imported, "save", "after"),
    "before a page is read back": (Proof, "see", "before"),
    "after a page is read back": (Proof, "see", "after"),
    "before what is absent is noted": (Proof, "miss", "before"),
    "after what is absent is noted": (Proof, "miss", "after"),
    "before the absent are given up": (Proof, "give_up", "before"),
    "after the absent are given up": (Proof, "give_up", "after"),
    "after the repeated have their end": (Imported, "settle_repeated", "after"),
    "before the report": (Imported, "results", "before"),
    "with the report written": (lead_imports, "_write_report", "after"),
}


class Order(msgspec.Struct):
    """One export or import.

    Attributes:
        options: Of the call.
        call: What is to be done.
        point: Where it is to kill itself, and at which passing, from 1.
        kill_after: Seconds after which it is killed, if it has not ended; None for never.
        file_bytes: How large a file may get; None for no limit.
    """

    base_url: str
    api_key: str
    user_id: str
    options: dict[str, Any]
    call: Literal["export", "create_many"] = "export"
    point: str | None = None
    passing: int = 1
    kill_after: float | None = None
    file_bytes: int | None = None


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: str, passing: int) -> None:
    """Let this process kill itself when it passes a point for the nth time."""
    owner, name, when = {**POINTS, **LAYOUT_POINTS, **IMPORT_POINTS}[point]
    original: Callable[..., Any] = getattr(owner, name)
    left = passing

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0 and when == "soon":
            threading.Timer(SOON, kill).start()
        elif left == 0:
            kill()

    @functools.wraps(original)
    def armed(*args: Any, **options: Any) -> Any:
        if when != "after":
            step()
        result = original(*args, **options)
        if when == "after":
            step()
        return result

    setattr(owner, name, armed)


async def run(order: Order) -> None:
    async with LeadGenius(
        base_url=order.base_url, api_key=order.api_key, user_id=order.user_id, rate="off"
    ) as lg:
        if order.call == "create_many":
            await lg.leads.create_many(order.options.pop("rows"), **order.options)
            return
        report = await lg.enrich_leads.export(**order.options)
    assert report.complete, report.incomplete_because


def obey(order: Order) -> int:
    """Do what an order says and return the exit code."""
    rows.BATCH_ROWS = 20  # many additions in a short import
    parts.PART_PAGES = 3  # many commits in a short export
    parts.GROUP_ROWS = 60
    if order.file_bytes is not None:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (order.file_bytes, most))
    if order.point is not None:
        arm(order.point, order.passing)
    try:
        asyncio.run(run(order))
    except Exception:  # noqa: BLE001 - whatever it is, the parent hears of it
        traceback.print_exc()
        return 1
    return 0


def wait(child: int, seconds: float) -> None:
    """Wait so long, or until a child has ended."""
    until = time.monotonic() + seconds
    still = os.WEXITED | os.WNOHANG | os.WNOWAIT
    while time.monotonic() < until and os.waitid(os.P_PID, child, still) is None:
        time.sleep(0.002)


def main() -> None:
    """Fork a child for each order on stdin."""
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        child = os.fork()
        if not child:
            os._exit(obey(order))
        if order.kill_after is not None:
            wait(child, order.kill_after)
            # Nobody has asked how it ended yet, so that its pid is no other process's.
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
