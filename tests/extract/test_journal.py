"""What is durable of an export, and what is refused."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from leadgenius_async import errors
from leadgenius_async._extract.dataset import Dataset
from leadgenius_async._extract.files import describe
from leadgenius_async._extract.journal import (
    TOKEN_DIGEST,
    Job,
    Journal,
    Spec,
    Step,
    create_journal,
    new_job,
    token_digest,
)
from leadgenius_async._extract.report import PartitionReport, PartReport


def spec(**changes: object) -> Spec:
    """Return what an export was asked for."""
    given: dict[str, object] = {
        "service": "https://leads.example", "table": "enrich_leads", "company_id": "company-1",
        "clients": [], "fields": None, "format": "parquet", "chains": "all", "sweep": True,
    }  # fmt: skip
    return Spec(**{**given, **changes})  # type: ignore[arg-type] # as they are declared


def begun(folder: Path, *, chains: int = 2) -> Journal:
    """Return the journal of an export that has a plan."""
    journal = create_journal(folder / "journal.db", new_job(spec()))
    journal.add_chains(PartitionReport(client_id=f"client-{n}") for n in range(chains))
    return journal


def reopened(journal: Journal, folder: Path) -> Journal:
    """Return the journal as the next process finds it."""
    journal.close()
    return Journal(folder / "journal.db")


def step(token_in: str | None, *tokens: str | None) -> Step:
    """Return a step over the pages with these tokens behind them, ten rows each."""
    digests = b"".join(token_digest(token) for token in tokens if token is not None)
    return Step(
        pages=len(tokens),
        rows=10 * len(tokens),
        token_in=token_in,
        token_out=tokens[-1],
        tokens=digests,
    )


def part(number: int) -> PartReport:
    return PartReport(f"enrich_leads/part-{number:05d}.parquet", 10, 1_000, "ab" * 32)


def test_a_commit_is_all_of_it_or_nothing(tmp_path: Path) -> None:
    """Part, places, counts and job come back together after a restart."""
    journal = begun(tmp_path)
    assert journal.next_number == 0
    journal.job.totals.rejects = 3
    journal.commit(part(0), {0: step(None, "a", "b"), 1: step(None, "x", None)})
    journal.commit(None, {0: step("b", "c")})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(journal, "next_number", 1)
        with pytest.raises(errors.ExportDamaged, match="UNIQUE"):
            journal.commit(part(7), {0: step("c", "d")})

    journal = reopened(journal, tmp_path)
    first, second = journal.chains
    assert (first.token, first.report.pages, first.report.rows) == ("c", 3, 30)
    assert (second.token, second.report.pages, second.report.done) == (None, 2, True)
    assert not first.report.done
    assert journal.parts == {0: part(0)}
    assert journal.next_number == 2
    assert journal.job.totals.rejects == 3
    journal.close()


def test_the_digest_of_a_chain_is_that_of_its_tokens(tmp_path: Path) -> None:
    """It depends on the tokens and their order."""
    digests: set[str] = set()
    for n, tokens in enumerate([["a", "b"], ["b", "a"], ["a", "c"]]):
        (tmp_path / str(n)).mkdir()
        journal = begun(tmp_path / str(n), chains=1)
        journal.commit(None, {0: step(None, *tokens)})
        digests.add(journal.chains[0].report.tokens_digest)
        journal.close()
    assert len(digests) == 3


def test_tokens_are_known_after_a_restart(tmp_path: Path) -> None:
    """Those that the chain has had since it last began, and no other chain's."""
    journal = begun(tmp_path)
    journal.commit(part(0), {0: step(None, "a", "b"), 1: step(None, "x")})
    journal.commit(part(1), {0: step("b", "c")})
    journal = reopened(journal, tmp_path)
    assert journal.tokens_of(journal.chains[0]) == {token_digest(token) for token in "abc"}
    assert journal.tokens_of(journal.chains[1]) == {token_digest("x")}
    assert len(token_digest("a")) == TOKEN_DIGEST

    journal.restart(journal.chains[0])
    assert journal.tokens_of(journal.chains[0]) == set()
    journal = reopened(journal, tmp_path)
    assert journal.chains[0].report.restarts == 1
    assert journal.tokens_of(journal.chains[0]) == set()
    journal.commit(None, {0: step(None, "a")})
    assert journal.tokens_of(journal.chains[0]) == {token_digest("a")}
    journal.close()


def test_a_new_chain_follows_those_that_are_there(tmp_path: Path) -> None:
    """A sweep's number is the next one, also after a restart."""
    journal = reopened(begun(tmp_path), tmp_path)
    journal.add_chains([PartitionReport(client_id=None, kind="sweep")])
    journal = reopened(journal, tmp_path)
    assert [(chain.number, chain.report.kind) for chain in journal.chains] == [
        (0, "rows"), (1, "rows"), (2, "sweep"),
    ]  # fmt: skip
    journal.close()


@pytest.mark.parametrize("moved", [False, True])
def test_a_swap_that_was_decided_is_finished(tmp_path: Path, *, moved: bool) -> None:
    """Wherever it was cut off, the next run puts the parts into their places."""
    dataset = Dataset(tmp_path / "out", new_job(spec()), suffix=".parquet")
    for text in (b"old 0", b"old 1", b"old 2"):
        temporary = dataset.temporary_part()
        temporary.write_bytes(text)
        dataset.commit(temporary, {}, rows=10)
    folder = dataset.out / "enrich_leads"
    dataset.swap_folder.mkdir()
    ready = dataset.swap_folder / "part-00000.parquet"
    ready.write_bytes(b"new 0")
    new = describe(ready, "enrich_leads/part-00000.parquet", 9)
    dataset.journal.job.unique = True
    dataset.journal.begin_swap({0: new, 2: None})
    if moved:
        ready.rename(folder / ready.name)
        (folder / "part-00002.parquet").unlink()
    dataset.close()

    dataset = Dataset(tmp_path / "out", new_job(spec()), suffix=".parquet")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "part-00000.parquet": b"new 0",
        "part-00001.parquet": b"old 1",
    }
    assert {number: part.rows for number, part in dataset.journal.parts.items()} == {0: 9, 1: 10}
    assert dataset.journal.parts[0] == new
    assert dataset.journal.swap == {}
    assert dataset.journal.job.unique
    assert not dataset.swap_folder.exists()
    dataset.close()


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA application_id = 7", "is not the journal of an export"),
        ("PRAGMA user_version = 3", r"version 3 of the journal, and this package reads 2"),
        ("PRAGMA user_version = 0", "version 0"),
        ("UPDATE job SET state = '{'", r"damaged .*--repair.*--overwrite"),
        ("DELETE FROM job", "damaged"),
        ("UPDATE chain SET report = '7'", "damaged"),
    ],
)
@pytest.mark.fault("D5")
def test_what_is_no_journal_of_ours_is_refused(
    tmp_path: Path, statement: str, message: str
) -> None:
    """Foreign, newer or damaged: the message says which file, and what to do; nothing changes."""
    path = tmp_path / "journal.db"
    begun(tmp_path).close()
    change(path, "PRAGMA journal_mode = DELETE")
    change(path, statement)
    before = path.read_bytes()
    with pytest.raises(errors.ExportDamaged, match=message) as caught:
        Journal(path)
    assert str(path) in str(caught.value)
    if "PRAGMA" in statement:
        assert path.read_bytes() == before


def test_a_foreign_database_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody else's SQLite file is not even switched to another mode."""
    path = tmp_path / "journal.db"
    change(path, "CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(errors.ExportDamaged, match="not the journal"):
        Journal(path)
    assert path.read_bytes() == before
    assert [*tmp_path.glob("journal*")] == [path]


def test_what_differs_between_two_exports_is_said() -> None:
    """By name, old value and new value."""
    old = spec(clients=["a", "b"], fields=["id"])
    assert old.difference(old) == ""
    new = spec(clients=[], fields=["id", "email"], table="source_leads")
    assert old.difference(new) == (
        "table was enrich_leads and is source_leads; clients was a,b and is all; "
        "fields was id and is id,email"
    )


def test_a_journal_that_cannot_be_made_is_an_error_of_the_files(tmp_path: Path) -> None:
    """SQLite's own errors do not get out."""
    with pytest.raises(OSError, match=r"journal\.db"):
        create_journal(tmp_path / "missing" / "journal.db", Job(
            job_id="1", spec=spec(), started_at="2026-11-01T00:00:00+00:00"
        ))  # fmt: skip
