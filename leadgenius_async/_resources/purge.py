"""A client's leads deleted, however many they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import anyio
import msgspec

from leadgenius_async import errors
from leadgenius_async._http.transport import Transport
from leadgenius_async._resources.account import Account
from leadgenius_async._resources.lead_reads import LeadReads
from leadgenius_async._writes import read_back
from leadgenius_async._writes.change_items import Checked
from leadgenius_async._writes.change_report import ChangeProgress
from leadgenius_async._writes.changes import Changes, Options
from leadgenius_async._writes.rules import Ready

#: Leads that are handed on at a time.
_AT_A_TIME = 1_000


class PurgeReport(msgspec.Struct, kw_only=True):
    """What a purge did.

    Attributes:
        client_id: The client.
        leads: Its leads that were deleted; of a dry run, those that it has.
        dry_run: Whether nothing was deleted.
        requests: HTTP requests of deletes, with retries.
    """

    client_id: str
    leads: int = 0
    dry_run: bool = False
    requests: int = 0


class Purge:
    """Deletes the leads of a client: lists them, deletes what is listed, and looks again.

    Args:
        transport: The way to the wire.
        account: Knows the account's company.
        client_id: The client.
        on_progress: Called twice a second.
    """

    def __init__(
        self,
        transport: Transport,
        account: Account,
        client_id: str,
        on_progress: Callable[[ChangeProgress], None] | None = None,
    ) -> None:
        self._transport = transport
        self._reads = LeadReads(transport, account)
        self._client_id = client_id
        self._tell = on_progress
        self._report = PurgeReport(client_id=client_id)
        #: Hashes of the ids that were sent: an id takes four times as much.
        self._sent: set[int] = set()
        self._stale = 0

    async def count(self) -> int:
        """Return how many leads the client has."""
        count = 0
        async for _ in self._listed():
            count += 1
        return count

    async def run(self) -> PurgeReport:
        """Delete all leads, until a look brings none.

        Raises:
            BulkWriteError: A lead cannot be deleted, or is listed still, 40 s after it was.
            TenantMismatch: The list of the client has leads of another one.
            LeadGeniusError: See `errors`.
        """
        pauses = iter(read_back.LOOKS[1:])
        while True:
            if await self._look():
                pauses = iter(read_back.LOOKS[1:])
            elif not self._stale:
                return self._report
            elif (pause := next(pauses, None)) is not None:
                await anyio.sleep(pause)  # a read may lag behind a delete
            else:
                raise errors.BulkWriteError(
                    f"the list of {self._client_id!r} still has {self._stale:,} leads that were "
                    "deleted: the same call goes on from here, in a while"
                )

    async def _look(self) -> int:
        """Delete what is listed and was not deleted yet; return how many that was."""
        self._stale = 0
        run = Changes(
            self._transport, "delete", self._reads, Options(), on_progress=self._on_progress
        )
        done = await run.run(self._fresh())
        self._report.requests += done.requests
        self._report.leads += done.total - done.refused
        if done.refused:
            row = next(row for row in done.rows if row.state == "refused")
            raise errors.BulkWriteError(
                f"{done.refused:,} leads of {self._client_id!r} cannot be deleted; the service "
                f"says of {row.id!r}: {row.reason}"
            )
        return done.total

    async def _fresh(self) -> AsyncIterator[list[Checked]]:
        """Give what is listed and was not sent yet."""
        rows: list[Checked] = []
        async for lead in self._listed():
            if hash(lead) in self._sent:
                self._stale += 1
                continue
            self._sent.add(hash(lead))
            rows.append((len(self._sent), lead, Ready({"id": lead})))
            if len(rows) == _AT_A_TIME:
                yield rows
                rows = []
        yield rows

    async def _listed(self) -> AsyncIterator[str]:
        async for lead in self._reads.listing(("id", "client_id"), self._client_id):
            if lead.client_id != self._client_id:
                raise errors.TenantMismatch(
                    f"the list of {self._client_id!r} has a lead of {lead.client_id!r}: of such "
                    "a list nothing more is deleted"
                )
            if lead.id is not None:
                yield lead.id

    def _on_progress(self, progress: ChangeProgress) -> None:
        if self._tell is not None:
            before = self._report
            self._tell(
                msgspec.structs.replace(
                    progress,
                    read=progress.read + before.leads,
                    ended=progress.ended + before.leads,
                    requests=progress.requests + before.requests,
                )
            )
