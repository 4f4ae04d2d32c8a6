"""`LeadGenius` itself: what it is given."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from leadgenius_async import LeadGenius


@pytest.mark.parametrize("name", ["timeout", "deadline"])
@pytest.mark.parametrize("value", [0, -1, -0.5, math.nan, -math.inf])
def test_seconds_that_nothing_can_be_done_in(name: str, value: float) -> None:
    """They are refused with their bound, before a call fails by them."""
    options: dict[str, Any] = {name: value}
    says = re.escape(f"{name} is {value:g}: give more than 0 seconds")
    with pytest.raises(ValueError, match=says):
        LeadGenius(**options)


@pytest.mark.parametrize("value", [0.001, 1, 86_400, math.inf])
async def test_seconds_above_zero(value: float) -> None:
    """However few, however many; infinity is no limit."""
    async with LeadGenius(timeout=value, deadline=value) as lg:
        assert lg.base_url
