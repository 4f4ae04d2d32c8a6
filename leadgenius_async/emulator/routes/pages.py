"""Pages of the lists that have a token and are no table of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from leadgenius_async.emulator.routes.endpoint import Ask
from leadgenius_async.emulator.tokens import Cursor

T = TypeVar("T")


def cut(
    ask: Ask[Any, None], found: Sequence[T], token: str, size: int
) -> tuple[Sequence[T], str | None]:
    """The page of a list that begins at a token, and the next page's token.

    Args:
        ask: The request; a token is good for a request with the same filters alone.
        found: The whole list.
        token: Where the page begins; empty for the first.
        size: Most items of the page.
    """
    filters = {
        name: value
        for name, value in sorted(ask.request.query.items())
        if name not in {"cursor", "nextToken", "limit"}
    }
    listing = f"{ask.request.path}?{urlencode(filters)}"
    start = Cursor(table=listing, company_id=ask.company_id, client_id=None)
    place = ask.service.tokens.open(token, start, ask.now) if token else start
    end = place.after + size
    if end >= len(found):
        return found[place.after :], None
    following = msgspec.structs.replace(start, after=end)
    return found[place.after : end], ask.service.tokens.seal(following, ask.now)
