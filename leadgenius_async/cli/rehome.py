"""`leadgenius leads rehome`: invisible leads, brought where they belong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leadgenius_async.cli import failures
from leadgenius_async.cli.changes import Pairs, Progress, pairs
from leadgenius_async.cli.notes import note
from leadgenius_async.cli.options import DEFAULT, Connection, Flag, confirm
from leadgenius_async.cli.output import SHOW, Show

if TYPE_CHECKING:
    from leadgenius_async._client import LeadGenius
    from leadgenius_async.models import InvisibleLeads

_COLUMNS = ("client_id", "leads", "to", "moved", "left")


async def rehome(
    *,
    to: str | None = None,
    map: Pairs | None = None,  # noqa: A002 - the option's name
    dry_run: Flag = False,
    yes: Flag = False,
    show: Show = SHOW,
    connection: Connection = DEFAULT,
) -> int:
    """Find leads whose client_id no client has, and move them; exits 6 if some are left.

    Where the wrong client_id is a client's record id, they go to that client.

    Args:
        to: The client_id of the client that gets the others.
        map: Where those of one wrong client_id go, as WRONG=CLIENT_ID.
        dry_run: Only show them.
        yes: Do not ask first; needed where there is no terminal.
    """
    given = pairs("--map", map or [])
    async with connection.open() as lg:
        found = await lg.leads.find_invisible()
        for name in given.keys() - {each.client_id for each in found}:
            raise ValueError(f"--map: there are no invisible leads of {name!r}")
        targets = {e.client_id: given.get(e.client_id) or e.belongs_to or to for e in found}
        moves = [(each, target) for each in found if (target := targets[each.client_id])]
        moved: dict[str, int] = {}
        left = {each.client_id: len(each.ids) for each in found}
        if moves and not dry_run:
            _tell(moves)
            confirm(f"move {sum(len(each.ids) for each, _ in moves):,} leads", yes=yes)
            moved = await _move(lg, moves)
            left = {each.client_id: len(each.ids) for each in await lg.leads.find_invisible()}
    show.rows(
        [
            {
                "client_id": each.client_id,
                "leads": len(each.ids),
                "to": targets[each.client_id],
                "moved": moved.get(each.client_id, 0),
                "left": left.get(each.client_id, 0),
            }
            for each in found
        ],
        _COLUMNS,
    )
    if not found:
        note("no lead is invisible")
    if None in targets.values():
        note("where the others belong nobody knows: give --to CLIENT_ID, or --map WRONG=CLIENT_ID")
    return failures.PARTIAL if left and not dry_run else failures.OK


def _tell(moves: list[tuple[InvisibleLeads, str]]) -> None:
    for each, target in moves:
        note(f"{len(each.ids):,} leads of {each.client_id!r} go to {target!r}")


async def _move(lg: LeadGenius, moves: list[tuple[InvisibleLeads, str]]) -> dict[str, int]:
    """Move leads, once all targets are known to be clients; return how many by wrong id."""
    for _, target in moves:
        await lg.leads.move_many([], to=target)
    moved: dict[str, int] = {}
    for each, target in moves:
        report = await lg.leads.move_many(each.ids, to=target, verify=True, on_progress=Progress())
        moved[each.client_id] = report.updated
        if report.unverified:
            note(f"{report.unverified:,} leads are not shown at {target!r} yet, or do not move")
    return moved
