"""What proves that a row is absent, and what does not."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from leadgenius_async._writes.journal import Journal
from leadgenius_async._writes.records import ImportSpec, NewRow, new_import
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
