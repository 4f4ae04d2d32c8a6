"""Sample rows of a bulk table, streamed: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import accumulate
from random import Random

import msgspec

from leadgenius_async.emulator.rows import StoredRow, row_builder
from leadgenius_async.emulator.sample.heads import HeadMaker, members
from leadgenius_async.emulator.sample.tenants import SampleTenant
from leadgenius_async.emulator.sample.texts import TAIL_BITS
from leadgenius_async.emulator.structs import Client

#: Rows made at once.
CHUNK = 5_000

_FIRST_CLIENT_SHARE = 0.6
#: In each stretch of rows one of every kind of oddity stands, at a random place.
_STRETCH = 2_000
#: A sample of fewer rows has no oddities: they would be no exception any more.
_LEAST_ROWS = 100

_Change = Callable[[dict[str, object]], None]


def sample_rows(
    tenant: SampleTenant, table: str, seed: int, *, habits: bool
) -> Iterator[list[StoredRow]]:
    """The tenant's rows of a table in chunks, the same for the same seed.

    Args:
        tenant: Whose rows.
        table: `enrich_leads` or `source_leads`.
        seed: The sample's seed.
        habits: Whether invisible leads and odd rows are among them.
    """
    label = f"{seed}/{table}/{tenant.company_id}"
    dice = Random(label)
    maker = HeadMaker(table, seed, tenant.owner.user_id, tenant.company_id)
    oddities = _Oddities(tenant, table, seed, Random(f"{label}/oddities")) if habits else None
    count = tenant.rows[table]
    weights = list(accumulate(_weights(len(tenant.clients))))
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        clients = dice.choices(tenant.clients, cum_weights=weights, k=size)
        rows = [_row(maker, tenant.company_id, client, dice) for client in clients]
        if oddities:
            oddities.scatter(rows, clients, start, count)
        yield rows


def _weights(clients: int) -> list[float]:
    """The first client's share, then ever smaller ones."""
    if clients == 1:
        return [1.0]
    rest = [1 / place for place in range(1, clients)]
    scale = (1 - _FIRST_CLIENT_SHARE) / sum(rest)
    return [_FIRST_CLIENT_SHARE, *(weight * scale for weight in rest)]


def _row(maker: HeadMaker, company_id: str, client: Client, dice: Random) -> StoredRow:
    bits = dice.getrandbits(128)
    digits = f"{bits:032x}"
    row_id = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
    tail = dice.getrandbits(TAIL_BITS)
    head = maker.head(row_id, client.client_id, bits >> 64, tail)
    return StoredRow(row_id, company_id, client.client_id, head, tail)


class _Oddities:
    """Puts the rows among the others that break a naive reader."""

    def __init__(self, tenant: SampleTenant, table: str, seed: int, dice: Random) -> None:
        self._tenant = tenant
        self._dice = dice
        self._builder = row_builder(table, seed)
        self._changes = _CHANGES[table]
        self._places: dict[int, _Change | None] = {}

    def scatter(self, rows: list[StoredRow], clients: list[Client], start: int, count: int) -> None:
        """Change the rows of a chunk whose places in the table were drawn; in place."""
        if count < _LEAST_ROWS:
            return
        end = start + len(rows)
        for stretch in range(-(-start // _STRETCH), -(-end // _STRETCH)):
            self._draw(stretch * _STRETCH, min(_STRETCH, count) if stretch == 0 else _STRETCH)
        for place in [place for place in self._places if place < end]:
            change, client = self._places.pop(place), clients[place - start]
            row = rows[place - start]
            rows[place - start] = (
                self._hide(row, client) if change is None else self._odd(row, change)
            )

    def _draw(self, start: int, size: int) -> None:
        """Two invisible leads and one of each change in the stretch."""
        kinds = (None, None, *self._changes)
        places = self._dice.sample(range(start, start + size), len(kinds))
        self._places.update(zip(places, kinds, strict=True))

    def _hide(self, row: StoredRow, client: Client) -> StoredRow:
        """The row as if it had been created with the client's record id for its client_id."""
        name = b'"client_id":"%b"'
        head = row.head.replace(name % client.client_id.encode(), name % client.id.encode(), 1)
        return row._replace(client_id=client.id, head=head)

    def _odd(self, row: StoredRow, change: _Change) -> StoredRow:
        [whole] = self._builder.build([(0, row.client_id, row.head, row.tail)], None)
        fields = msgspec.json.decode(msgspec.json.encode(whole), type=dict[str, object])
        change(fields)
        return row._replace(head=members(fields).encode(), tail=None)


def _object_score(fields: dict[str, object]) -> None:
    fields["aiLeadScore"] = {"ai_score": 85, "reason": "Fits in size and industry"}


def _listed_history(fields: dict[str, object]) -> None:
    fields["engagementHistory"] = [{"type": "open", "at": fields["updatedAt"]}, {"type": "visit"}]


def _undeclared_topic(fields: dict[str, object]) -> None:
    fields["intentTopic"] = {"topic": "data quality", "weight": 0.7}


def _object_data(fields: dict[str, object]) -> None:
    fields["rawData"] = {"firstName": fields["firstName"], "openToWork": True}


def _listed_departments(fields: dict[str, object]) -> None:
    fields["departments"] = ["sales", "marketing"]


_CHANGES: dict[str, tuple[_Change, ...]] = {
    "enrich_leads": (_object_score, _listed_history, _undeclared_topic),
    "source_leads": (_object_data, _listed_departments, _undeclared_topic),
}
