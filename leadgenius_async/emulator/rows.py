"""Stored rows to the JSON that is served, whole or projected."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec

from leadgenius_async.emulator.sample import words
from leadgenius_async.emulator.sample.plans import blocks_of
from leadgenius_async.emulator.sample.texts import (
    COMPANIES,
    COMPANY_MARK,
    NAME_MARK,
    VARIANTS,
    Block,
    company_index,
    first_name_index,
)

_NAME_MARK, _COMPANY_MARK = NAME_MARK.encode(), COMPANY_MARK.encode()
_FIRST_NAMES = [first.encode() for first, _ in words.FIRST_NAMES]
_COMPANY_NAMES = [name.encode() for name, _ in COMPANIES]
#: The bits of `tail * pick` that choose a variant: high ones, where the product is well mixed.
_PICK_SHIFT = 44
_PICK_MASK = VARIANTS - 1

#: seq, client_id, head, tail: what serving a row needs of it.
ServedRow = tuple[int, str, bytes, int | None]


class StoredRow(NamedTuple):
    """A row as the store keeps it.

    Attributes:
        id: The row's id.
        company_id: Its company.
        client_id: Its client.
        head: JSON members, without the braces.
        tail: Number that stands for the sample texts that follow; None if the head is all.
    """

    id: str
    company_id: str
    client_id: str
    head: bytes
    tail: int | None


class _Projection(NamedTuple):
    decoder: msgspec.json.Decoder[list[msgspec.Struct]]
    picks: list[tuple[int, list[bytes]]]


_PLAIN = re.compile(r'[^\x00-\x1f"\\]+').fullmatch


def wanted_fields(text: str) -> tuple[str, ...] | None:
    """The names of a `fields=` list, each once and `id` always; None if it names nothing."""
    # A name that JSON would have to escape is no field's.
    names = [name for name in map(str.strip, text.split(",")) if name and _PLAIN(name)]
    if not names:
        return None
    return tuple(dict.fromkeys(("id", *names)))


@lru_cache(maxsize=4)
def row_builder(table: str, seed: int) -> RowBuilder:
    """What builds the rows of a table; making one takes a tenth of a second, so it is kept."""
    return RowBuilder(blocks_of(table, seed))


class RowBuilder:
    """Builds the JSON of one table's rows.

    Args:
        blocks: The table's text blocks.
    """

    def __init__(self, blocks: Sequence[Block]) -> None:
        self._blocks = blocks
        self._all = [(block.pick, block.fragments(None)) for block in blocks]
        self._projection = lru_cache(maxsize=64)(self._make_projection)

    def build(
        self, rows: Iterable[ServedRow], fields: tuple[str, ...] | None
    ) -> list[msgspec.Raw] | list[msgspec.Struct]:
        """The rows, to be encoded as JSON.

        Args:
            rows: Stored rows.
            fields: The fields that each row is cut down to, in this order; None for whole rows.
        """
        if fields is None:
            return [msgspec.Raw(b"{%b}" % members) for members in _members(rows, self._all)]
        projection = self._projection(fields)
        members = _members(rows, projection.picks)
        if not members:
            return []
        return projection.decoder.decode(b"[{%b}]" % b"},{".join(members))

    def _make_projection(self, fields: tuple[str, ...]) -> _Projection:
        wanted = frozenset(fields)
        row = msgspec.defstruct(
            "ProjectedRow",
            [
                (f"field{place}", msgspec.Raw | msgspec.UnsetType, msgspec.UNSET)
                for place in range(len(fields))
            ],
            rename={f"field{place}": name for place, name in enumerate(fields)},
            gc=False,
        )
        # Blocks without a wanted field are left out: a lean page then costs no text at all.
        picks = [
            (block.pick, block.fragments(wanted)) for block in self._blocks if block.names & wanted
        ]
        return _Projection(msgspec.json.Decoder(list[row]), picks)  # type: ignore[valid-type]  # made at run time


def _members(rows: Iterable[ServedRow], picks: list[tuple[int, list[bytes]]]) -> list[bytes]:
    """Each row's JSON members without the braces, its texts taken from `picks`."""
    built: list[bytes] = []
    for _, _, head, tail in rows:
        if tail is None or not picks:
            built.append(head)
            continue
        texts = b"".join(
            [fragments[tail * pick >> _PICK_SHIFT & _PICK_MASK] for pick, fragments in picks]
        )
        texts = texts.replace(_NAME_MARK, _FIRST_NAMES[first_name_index(tail)])
        texts = texts.replace(_COMPANY_MARK, _COMPANY_NAMES[company_index(tail)])
        built.append(head + texts)
    return built
