"""What proves that a row is absent, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator

import pytest

from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.records import ImportSpec, NewRow, Outgoing, Seen, new_import
from leadgenius_async._writes.report import State

SETTLE = 90.0
SPEC = ImportSpec(
    service="https://s.example",
    company_id="company-1",
    client_id="acme",
    mode="verified",
    on_existing="skip",
)


@pytest.fixture
def journal() -> Generator[Journal]:
    """A journal with one row, which is on its way."""
    journal = Journal(None, new_import(SPEC))
    journal.add([NewRow(1, b"digest", "acme", b"key", State.PENDING, b"{}", (), None)])
    journal.mark_sent([0])
    yield journal
    journal.close()


def look(journal: Journal, *times: float) -> dict[State, int]:
    """Search in vain at these times, and return where the row is."""
    for now in times:
        journal.proof.miss(now, SETTLE, "acme")
        journal.proof.give_up(resend=True)
    return journal.counts()


def test_a_row_under_way_is_not_absent(journal: Journal) -> None:
    """A request may take longer than the time between two searches."""
    assert look(journal, 1_000, 1_020, 1_040) == {State.SENT: 1}
    assert journal.proof.next_look(SETTLE) == float("inf")


@pytest.mark.fault("S5")
def test_two_searches_after_the_answer_prove_it(journal: Journal) -> None:
    """Searches before the answer was lost count for nothing."""
    look(journal, 1_000)
    journal.answer([(State.SENT, 0)], now=1_030)
    assert journal.proof.next_look(SETTLE) == 1_120
    assert look(journal, 1_119, 1_120) == {State.SENT: 1}
    assert look(journal, 1_125) == {State.SENT: 1}
    assert look(journal, 1_130) == {State.PENDING: 1}


def test_a_new_clock(journal: Journal) -> None:
    """After a restart of the machine, times of before say nothing, even of rows at their end."""
    journal.answer([(State.SENT, 0)], now=900_000)
    look(journal, 900_090, 900_100)
    journal.mark_sent([0])
    journal.proof.forget_time(50)
    assert journal.proof.next_look(SETTLE) == 140
    journal.answer([(State.CREATED, 0)], now=900_200)
    journal.proof.forget_time(60)
    assert journal.proof.last_resent() == 60


def test_a_row_under_way_is_seen_once_its_answer_is_there(journal: Journal) -> None:
    """A listing tells which lead it is; its end is its answer's to say, and a later listing's."""
    lead = Seen("lead_1", (b"key",))
    journal.proof.see([lead])
    assert journal.counts() == {State.SENT: 1}
    journal.answer([(State.ACKED, 0)], now=1_000)
    [row] = journal.proof.open_of("acme")
    assert (row.lead, row.payload) == ("lead_1", b"{}")
    journal.proof.see([lead])
    assert journal.counts() == {State.CREATED: 1}
    assert journal.proof.doubles() == 0


def test_other_rows_do_not_make_a_look_due(journal: Journal) -> None:
    """What is looked for is these rows, and not what lies between them."""
    row = NewRow(2, b"digest", "acme", b"other", State.PENDING, b"{}", (), None)
    journal.add([row, row._replace(key=b"third")])
    rows = journal.take(State.PENDING, -1, 3)
    journal.mark_sent([1, 2])
    journal.answer([(State.ACKED, 1)], now=5)
    journal.answer([(State.ACKED, 0), (State.ACKED, 2)], now=1_000)
    assert journal.proof.next_look(SETTLE) == 5 + SETTLE
    assert journal.proof.next_look(SETTLE, [rows[-1]]) == 1_000 + SETTLE


def test_a_row_seen_alone_says_nothing_of_batches(journal: Journal) -> None:
    """Its batch was refused, and then it was sent by itself."""
    row = Outgoing(0, "acme", b"key", b"{}", alone=False, attempt=1, lead=None)
    journal.answer([(State.ACKED, 0)], now=1_000, alone=True)
    journal.proof.see([Seen("lead_1", (b"key",))])
    assert journal.counts() == {State.CREATED: 1}
    assert not journal.proof.batch_seen([row])


DIGESTS = """
from leadgenius_async._writes.records import encode

class Thing:
    pass

print(encode({"b": {"x", "y", "z", "w"}, "a": Thing(), "c": {1, "one", None}}).hex())
"""


def test_a_row_is_the_same_in_every_process() -> None:
    """A set has no order, and an object no place."""
    found = {
        subprocess.run(
            [sys.executable, "-P", "-c", DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            check=True,
            capture_output=True,
        ).stdout
        for seed in range(3)
    }
    assert len(found) == 1
