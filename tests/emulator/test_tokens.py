"""The opaque tokens of the bulk lists."""

from __future__ import annotations

import msgspec
import pytest

from leadgenius_async.emulator.errors import ApiError
from leadgenius_async.emulator.tokens import Cursor, TokenBox

START = Cursor(table="enrich_leads", company_id="company-1", client_id="acme")
BOX = TokenBox(b"secret", life=60.0)


def test_round_trip() -> None:
    """A token gives back the place that it was made from."""
    place = msgspec.structs.replace(START, after=17, empties=2)

    assert BOX.open(BOX.seal(place, now=0.0), START, now=59.9) == place


def test_expires() -> None:
    """A token is good for its life and no longer."""
    token = BOX.seal(START, now=0.0)
    with pytest.raises(ApiError, match="invalid_format") as caught:
        BOX.open(token, START, now=60.0)
    assert "expired" in caught.value.details


@pytest.mark.parametrize(
    "change", [{"table": "source_leads"}, {"company_id": "company-2"}, {"client_id": None}]
)
def test_bound_to_its_listing(change: dict[str, str | None]) -> None:
    """A token opens no other table, company or filter."""
    token = BOX.seal(START, now=0.0)
    with pytest.raises(ApiError, match="invalid_format"):
        BOX.open(token, msgspec.structs.replace(START, **change), now=1.0)


def test_every_character_counts() -> None:
    """A token with any character changed opens nothing."""
    token = BOX.seal(START, now=0.0)
    for place, old in enumerate(token):
        garbled = token[:place] + ("A" if old != "A" else "B") + token[place + 1 :]
        with pytest.raises(ApiError):
            BOX.open(garbled, START, now=1.0)


def test_must_be_encoded_in_a_url() -> None:
    """Among tokens are those with characters that mean something else in a URL."""
    tokens = [BOX.seal(START, now=float(second)) for second in range(50)]
    assert any("+" in token for token in tokens)
