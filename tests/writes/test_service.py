"""What an import makes of the service's answers."""

from __future__ import annotations

from typing import cast

import pytest

from leadgenius_async import errors
from leadgenius_async._http.call import Call, Meter, Reply
from leadgenius_async._http.decode import status_error
from leadgenius_async._http.transport import Transport
from leadgenius_async._writes.records import Outgoing
from leadgenius_async._writes.service import LeadService, key_hashes

URL = "https://www.linkedin.com/in/ada-sample"
ROW = Outgoing(0, "acme", b"key", b'{"email":"ada@sample.example"}', False, 0, None)


class Answering:
    """A transport on which each call gets the same answer."""

    def __init__(self, status: int, body: bytes) -> None:
        self._status = status
        self._body = body

    async def request(self, call: Call, *, meter: Meter | None = None) -> Reply:
        del meter
        if self._status >= 400:
            raise status_error(self._status, {}, self._body, call=call)
        return Reply(self._status, {}, self._body)


def service(status: int, body: bytes) -> LeadService:
    return LeadService(cast("Transport", Answering(status, body)), "company-1")


PAGE = b"<html>Not Found</html>"
JSON = b'{"success":false,"error":"no"}'


@pytest.mark.fault("H9")
@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, "refused"), (404, "refused"), (409, "exists"), (413, "too_large"), (500, "failed")],
)
async def test_what_the_service_says(status: int, kind: str) -> None:
    """Only the service's own words are about the rows; a gateway's of size are as good."""
    answer = await service(status, JSON).create([ROW])
    assert answer.kind == kind
    if status in {413, 500}:
        answer = await service(status, PAGE).create([ROW])
        assert answer.kind == {413: "too_large", 500: "unknown"}[status]
        return
    with pytest.raises(errors.APIStatusError) as caught:
        await service(status, PAGE).create([ROW])
    assert caught.value.outcome == "rejected"


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"success":true,"created":2,"skipped":["a@sample.example"]}', 2),
        (b'{"success":true,"updated":3}', 3),
        (b'{"success":true}', None),
    ],
)
async def test_how_many_a_batch_has_changed(body: bytes, count: int | None) -> None:
    answer = await service(201, body).create([ROW, ROW])
    assert (answer.kind, answer.count) == ("accepted", count)


async def test_a_lead_that_is_found_is_known_by_all_that_it_has() -> None:
    """Or another row might take it for its own."""
    lead = b'{"id":"lead_1","email":"Ada@sample.example","linkedinUrl":"%b"}' % URL.encode()
    seen = await service(200, b'{"success":true,"lead":%b}' % lead).find(ROW)
    assert seen is not None
    assert seen.keys == (*key_hashes("acme", "ada@sample.example", URL), b"key")
