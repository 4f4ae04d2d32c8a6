"""The emulator's options."""

from __future__ import annotations

import math
from typing import Any

import pytest

from leadgenius_async.emulator import Emulator, EmulatorConfig


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("leads", -1),
        ("leads", 1.5),
        ("source_leads", True),
        ("clients", 0),
        ("seed", "1"),
        ("rate", 0),
        ("rate", True),
        ("rate", "fast"),
        ("port", 65_536),
        ("port", -1),
        ("port", 10**400),
        ("latency", 10**400),
        ("latency", -0.1),
        ("latency", "1"),
        ("habits", "off"),
        ("move_leads", 1),
        ("run_seconds", -0.1),
        ("read_lag", -1),
        ("existing_company", "replace"),
        ("login_attempts", 0),
        ("login", "locked"),
        ("access_token_life", "long"),
        ("refresh", "twice"),
        ("expires_in", 1.5),
        ("rate_hour", 0),
        ("rate_day", "many"),
        ("rate_model", "leaky"),
        ("rate_headers", "date"),
        ("bucket_size", 0),
        ("refresh_token_life", 0),
        ("page_token_life", -1),
        ("foreign_company", "hidden"),
        ("repeat_share", -0.1),
        ("repeat_share", 1.1),
        ("slow_above", 0),
        ("slow_above", 1.5),
        ("loop_pages", 0),
        ("loop_pages", True),
        ("endless_empty", 1),
        ("batch_create", "some"),
        ("batch_create_times", 0),
        ("batch_share", 1.1),
        ("batch_first", -1),
        ("request_cap", 0),
        ("poison", None),
        ("poison_status", 404),
        ("duplicate_batch", "conflict"),
        ("duplicates_by_case", 1),
        ("find_by_case", "no"),
        ("strip_fields", 7),
        ("find_lag", -1),
        ("lost_before", -0.1),
        ("lost_after", 1.5),
        ("applied_late", "1"),
        ("late_seconds", -1),
        ("late_least", 30),
        ("late_least", -1),
        ("late_answer", "500"),
        ("refused_writes", 2),
        ("refusal", 403),
        ("refusal", 429.0),
        ("read_lag", math.inf),
        ("access_token_life", math.nan),
        ("apply_refused", 1),
        ("applied_twice", True),
        ("fault_at", 0),
        ("fault_calls", "purge"),
    ],
)
def test_names_option_and_value(option: str, value: object) -> None:
    """A value out of range is a ValueError that names the option, the value and the remedy."""
    options: dict[str, Any] = {option: value}
    with pytest.raises(ValueError, match=rf"^{option}={value!r} is not allowed: give ."):
        EmulatorConfig(**options)


@pytest.mark.parametrize(
    ("rate", "per_minute"), [("standard", 100), ("premium", 1_000), (7, 7), ("off", None)]
)
def test_rate(rate: str | int, per_minute: int | None) -> None:
    """A rate is the name of a plan, a number of requests per minute, or off."""
    assert EmulatorConfig(rate=rate).per_minute == per_minute


def test_single_options_win() -> None:
    """Single options of the emulator stand above those of a config."""
    emulator = Emulator(EmulatorConfig(leads=7, clients=2), clients=3)

    assert (emulator.config.leads, emulator.config.clients) == (7, 3)


def test_unknown_option() -> None:
    """An option that does not exist is a TypeError, at once."""
    with pytest.raises(TypeError, match="lead"):
        Emulator(lead=7)
