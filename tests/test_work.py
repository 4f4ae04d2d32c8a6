"""What a page costs, by counts: a loop over rows that comes in unseen fails here, not a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from broken_json import GET, answer
from counting import lines_of, memory_of
from peers.render import render
from peers.shapes import SHAPES, Shape

from leadgenius_async._extract import columns, ids
from leadgenius_async._extract.chain import PagePlace, RawPage
from leadgenius_async._extract.columns import ArrowDecoder
from leadgenius_async._extract.envelope import has_rows, read_token
from leadgenius_async._extract.lenient_reader import LenientReader
from leadgenius_async._extract.lines import LineDecoder
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.query import Query, make_query
from leadgenius_async._extract.sinks import Decoder, RowDecoder

FEW, MANY = 250, 1_000  # rows of the pages that are compared
CLIENTS = 4

#: Lines of Python that a page of any number of rows takes: 440 for 115 columns, 110 for 5, and a
#: quarter for what later versions of Python and Arrow may want.
PAGE_LINES = {"full": 550, "projected": 135}
#: Lines of Python that NDJSON takes: for a row 5, one for each of its keys and one for its id; of
#: a projection 14, since the keys that nobody wanted are taken out again; and for a page 675.
ROW_LINES = {"full": 5, "projected": 14}
PAGE_LINES_OF_NDJSON = 850
#: Lines for a cell of a column that has held odd values: 9, and 3 where nobody declared it.
CELL_LINES = 10
#: The most memory, in bodies of the page. Parquet: 1.0 for the full page, since the check that it
#: fits has a slice for each cell; lenient reading takes 2.2. NDJSON: 1.1, which is the lines; of a
#: projection 3.3 of its small bodies.
MOST_MEMORY: dict[tuple[type[RowDecoder], str], float] = {
    (ArrowDecoder, "full"): 1.3,
    (ArrowDecoder, "projected"): 0.1,
    (LineDecoder, "full"): 1.4,
    (LineDecoder, "projected"): 4.0,
}
#: The most that Arrow's own pool has: the column `_extra`, 0.001 to 0.03; keys of NDJSON, 0.02 to
#: 0.4.
MOST_IN_ARROW: dict[type[RowDecoder], float] = {ArrowDecoder: 0.05, LineDecoder: 0.5}


@dataclass(frozen=True)
class Sample:
    """Rows of the emulator's, without habits, and what asks for them."""

    query: Query
    rows: Sequence[bytes]

    def page(self, count: int, *, odd: Iterable[str] = ()) -> RawPage:
        """Return a page of so many rows; each tenth has an object in the `odd` fields."""
        rows = [*self.rows[:: len(self.rows) // count]]
        for place in range(0, count, 10):
            cells = msgspec.json.decode(rows[place], type=dict[str, object])
            rows[place] = msgspec.json.encode(cells | {name: {"score": place} for name in odd})
        body = b'{"success":true,"data":[%b],"nextToken":"t","meta":{}}' % b",".join(rows)
        start = PagePlace(Partition("enrich_leads", None), 0, None, "t")
        return RawPage(start, body, limit=count)

    def lines(self, decode: Decoder, *, odd: Iterable[str] = ()) -> tuple[int, int]:
        """Return the lines that pages of few and of many rows take, not the first of their kind."""
        decode(self.page(FEW, odd=odd))
        few, many = (lines_of(partial(decode, self.page(rows, odd=odd))) for rows in (FEW, MANY))
        return few, many


@pytest.fixture(scope="module", params=["full", "projected"])
def shape(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    found: dict[str, Sample] = {}
    for name, fields in {"full": None, "projected": ["fullName", "email"]}.items():
        folder = tmp_path_factory.mktemp(name)
        pages = Shape(MANY, SHAPES[name].fields)
        there = render(folder, pages, rows=MANY, chains=CLIENTS, compress=False)
        query = make_query("enrich_leads", company_id=there.company_id, fields=fields)
        found[name] = Sample(query, Path(there.lines).read_bytes().splitlines())
    return found


@pytest.fixture
def sample(samples: dict[str, Sample], shape: str) -> Sample:
    return samples[shape]


def test_a_page_takes_the_fast_road(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sample rows are read by arrow-rs, and no column is made of Python's values."""
    decode, page = ArrowDecoder(sample.query), sample.page(500)
    monkeypatch.setattr(LenientReader, "read", None)
    monkeypatch.setattr(pa, "array", None)
    assert decode(page).rows == 500


def test_rows_cost_no_python(sample: Sample, shape: str) -> None:
    """On the fast road a page of 1,000 rows takes as many lines as one of 250."""
    few, many = sample.lines(ArrowDecoder(sample.query))
    assert few == many <= PAGE_LINES[shape]


def test_lines_of_json_cost_a_few_per_row(sample: Sample, shape: str) -> None:
    """NDJSON looks at each row's keys, and puts the row of a projection together again."""
    few, many = sample.lines(LineDecoder(sample.query))
    per_row = (many - few) / (MANY - FEW)
    assert per_row <= ROW_LINES[shape]
    assert few - FEW * per_row <= PAGE_LINES_OF_NDJSON


@pytest.mark.parametrize(
    "odd", [["aiLeadScore"], ["new"], ["aiLeadScore", "aiRiskScore", "aiSentiment", "new"]]
)
def test_odd_values_cost_their_columns_alone(
    samples: dict[str, Sample], odd: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once they were seen, a page with them takes the fast road, but for their columns' cells."""
    sample = samples["full"]
    decode = ArrowDecoder(sample.query)
    decode(sample.page(FEW, odd=odd))
    monkeypatch.setattr(LenientReader, "read", None)
    few, many = sample.lines(decode, odd=odd)
    assert many - few <= CELL_LINES * len(odd) * (MANY - FEW)


@pytest.mark.parametrize("read", [partial(read_token, call=GET), has_rows])
def test_the_event_loop_looks_at_no_row(sample: Sample, read: Callable[[Any], object]) -> None:
    """What is done with a page before a thread decodes it: 10 lines and 2, and no copy of it."""
    works: list[Callable[[], object]] = []
    for rows in (FEW, MANY):
        body = sample.page(rows).body
        works.append(partial(read, body if read is has_rows else answer(body)))
    few, many = map(lines_of, works)
    assert few == many <= 15
    assert max(memory_of(work).python for work in works) < 4_000


def test_tenants_are_checked_once_each(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a page's companies and clients each comes out of Arrow once, and not once a row."""
    checked: list[int] = []

    def counted(_path: str, companies: Sequence[Any], clients: Sequence[Any], **_: Any) -> None:
        checked.extend((len(companies), len(clients)))

    monkeypatch.setattr(columns, "check_tenant", counted)
    ArrowDecoder(sample.query)(sample.page(MANY))
    assert checked == [1, CLIENTS]


@pytest.mark.parametrize("decoder", [ArrowDecoder, LineDecoder])
def test_a_page_takes_memory_by_its_size(
    sample: Sample, shape: str, decoder: type[RowDecoder]
) -> None:
    """A bounded share of the body while it is decoded, and nothing once its rows are written."""
    decode, page = decoder(sample.query), sample.page(500)
    assert decode(page).size <= page.size  # which for Parquet is arrow-rs's
    taken = memory_of(partial(decode, page))
    assert taken.python <= MOST_MEMORY[decoder, shape] * page.size
    assert taken.arrow <= MOST_IN_ARROW[decoder] * page.size
    assert taken.left < 8_000


def _missing(files: Mapping[int, Path]) -> object:
    return ids.missing([*files.values()], [*files.values()])


@pytest.mark.parametrize("compare", [ids.duplicates, _missing])
def test_ids_are_compared_in_arrow(tmp_path: Path, compare: Callable[[Any], object]) -> None:
    """Rows that came twice, or not at all, are found by as many lines for any number of rows."""
    works: list[Callable[[], object]] = []
    for rows in (FEW, MANY):
        names, clients = [f"{n:06}" for n in range(rows)], ["client"] * rows
        path = tmp_path / f"{rows}.arrow"
        ids.write_keys(path, pa.table({"id": names, "client_id": clients}, ids.KEYS))
        works.append(partial(compare, {0: path}))
    works[0]()
    few, many = map(lines_of, works)
    assert few == many
    assert max(memory_of(work).python for work in works) < 8_000
