"""Where the time of a page goes: CPU of each step of its way into a file, `python bench/steps.py`.

Medians over pages of the shapes that `bench/versus.py` serves, in one process and one thread. The
steps that let go of the interpreter lock run beside the others in an export.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
from peers.render import render
from peers.shapes import SHAPES

from leadgenius_async._extract.batch_reader import BatchReader
from leadgenius_async._extract.chain import PagePlace, RawPage
from leadgenius_async._extract.columns import ArrowDecoder
from leadgenius_async._extract.envelope import read_token, rows_of
from leadgenius_async._extract.lenient_reader import LenientReader
from leadgenius_async._extract.lines import LineDecoder
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import MAX_PAGE_SIZE, make_query
from leadgenius_async._extract.sinks import NdjsonSink, ParquetSink
from leadgenius_async._http.call import KEY_OR_SESSION, Call, Reply

_PAGES = 8
_GROUP = 4  # pages of a row group
_ROUNDS = 7
_SHAPES = ("full", "lean", "drifting")
_CALL = Call(method="GET", path="/enrich-leads/list", takes=KEY_OR_SESSION, repeatable=True)
_PLACE = PagePlace(Partition("enrich_leads", None), 0, None, None)


def milliseconds(step: Callable[[bytes], object], pages: Sequence[bytes]) -> float:
    """CPU of a step per page."""
    taken: list[float] = []
    for _ in range(_ROUNDS):
        started = time.process_time()
        for page in pages:
            step(page)
        taken.append((time.process_time() - started) / len(pages) * 1e3)
    return statistics.median(taken)


def steps(shape: str, folder: Path) -> dict[str, Callable[[bytes], object]]:
    """The steps of a shape's pages; their files are never finished."""
    query = make_query("enrich_leads", company_id="company-1", fields=SHAPES[shape].fields)
    closed = not query.projected
    lenient = LenientReader(query.read, closed=closed)
    check = BatchReader(query.read, closed=closed)
    batches, lines = ArrowDecoder(query), LineDecoder(query)

    def to_batch(page: bytes) -> pa.RecordBatch:
        return batches(RawPage(_PLACE, page, MAX_PAGE_SIZE)).content

    def to_lines(page: bytes) -> bytes:
        return lines(RawPage(_PLACE, page, MAX_PAGE_SIZE)).content

    parquet = ParquetSink(folder / "part.parquet", batches.schema)
    ndjson = NdjsonSink(folder / "part.ndjson.zst")
    group: list[pa.RecordBatch] = []

    def to_parquet(page: bytes) -> None:
        group.append(to_batch(page))
        if len(group) == _GROUP:
            parquet.write(group)
            group.clear()

    def to_ndjson(page: bytes) -> None:
        ndjson.write([to_lines(page)])

    return {
        "its token, by its end": lambda page: read_token(Reply(200, {}, page), call=_CALL),
        "a skip over its rows": rows_of,
        "the check of its fields": lambda page: suppress_misfit(check, page),
        "→ record batch, check included": to_batch,
        "→ record batch, row by row": lenient.read,
        "→ record batch → Parquet": to_parquet,
        "→ lines": to_lines,
        "→ lines → NDJSON, zstd": to_ndjson,
    }


def suppress_misfit(reader: BatchReader, page: bytes) -> None:
    """Check a page, whatever comes of it."""
    with contextlib.suppress(msgspec.ValidationError):
        reader.check(page)


def main() -> None:
    """Take the figures, a column for each shape."""
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name:
        for shape in _SHAPES:
            folder = Path(name) / shape
            folder.mkdir()
            rows = SHAPES[shape].page_rows * _PAGES
            render(folder, SHAPES[shape], rows=rows, chains=1, compress=False)
            pages = [path.read_bytes() for path in sorted(folder.glob("0/*.json"))]
            found[shape] = {
                step: milliseconds(run, pages) for step, run in steps(shape, folder).items()
            }
    print(f"| ms of CPU per page | {' | '.join(_SHAPES)} |")
    print(f"| --- |{' --- |' * len(_SHAPES)}")
    for step in found["full"]:
        print(f"| {step} | {' | '.join(f'{found[shape][step]:.2f}' for shape in _SHAPES)} |")


if __name__ == "__main__":
    main()
