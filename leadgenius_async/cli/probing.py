"""`leadgenius selftest --probe`: its course, and how it is printed."""

from __future__ import annotations

import dataclasses
import sys
from collections import Counter

from leadgenius_async.cli.notes import note, one_line
from leadgenius_async.cli.options import Connection
from leadgenius_async.cli.output import Show
from leadgenius_async.cli.probe import MOST_REQUESTS, Probe, Seen
from leadgenius_async.cli.probe_reads import READS
from leadgenius_async.cli.probe_writes import Writes

_NOT_ASKED = "it writes: give --yes"


async def run_probe(connection: Connection, show: Show, *, writes: bool, settle: float) -> None:
    """Look at all facts and print what was seen.

    Args:
        connection: How the service is reached.
        show: How it is printed.
        writes: Whether facts are looked at that need something written.
        settle: Seconds that a list may take to show what was written.

    Raises:
        CredentialsMissing: There are no credentials.
        LeadGeniusError: The service cannot be reached, or refuses them.
    """
    async with Probe(connection, settle=settle) as probe:
        if writes:
            probe.keep_some()
        seen = await probe.look(READS)
        seen += await _written(probe) if writes else _not_written(probe)
    _print(seen, probe.wire.sent, show)


async def _written(probe: Probe) -> list[Seen]:
    """Look at what needs writes, and clean up, whatever happened."""
    work = Writes(probe)
    try:
        return await probe.look(work.facts)
    finally:
        probe.use_all()
        if left := await work.clean_up():
            note(left)


def _not_written(probe: Probe) -> list[Seen]:
    facts = Writes(probe).facts
    return [Seen(fact.name, fact.assumed, "not tried", _NOT_ASKED) for fact in facts]


def _print(seen: list[Seen], requests: int, show: Show) -> None:
    members = [dataclasses.asdict(one) for one in seen]
    counts = Counter(one.outcome for one in seen)
    match show.chosen:
        case "json":
            show.one({"requests": requests, "facts": members})
        case "table":  # in full: what is seen is why it was asked
            sys.stdout.writelines(f"{_line(one)}\n" for one in seen)
            said = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
            note(f"{said}; {requests} requests of {MOST_REQUESTS} at the most")
        case _:
            show.rows(members, ())


def _line(one: Seen) -> str:
    seen = f"{one.outcome}: {one.detail}" if one.detail else one.outcome
    return one_line(f"{one.fact} (assumed: {one.assumed}): {seen}")
