"""Checks of the emulator's options, by their kinds."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeGuard, get_args

from leadgenius_async.emulator.choices import (
    PLANS,
    WRITE_FAULTS,
    BatchCreate,
    DuplicateBatch,
    DuplicateCreate,
    ExistingCompany,
    ExpiresIn,
    FaultCalls,
    ForeignCompany,
    LateAnswer,
    Login,
    PoisonBatch,
    PoisonStatus,
    Refreshed,
    Refusal,
    UnknownIds,
)
from leadgenius_async.emulator.limits import RateHeaders, RateModel

if TYPE_CHECKING:
    from leadgenius_async.emulator.config import EmulatorConfig

_LEAST_COUNT = {
    "leads": 0, "source_leads": 0, "clients": 1, "login_attempts": 1, "batch_limit": 1,
    "purge_limit": 0, "batch_first": 0, "request_cap": 1,
}  # fmt: skip
_CHOICES: dict[str, tuple[object, ...]] = {
    "login": get_args(Login),
    "refresh": get_args(Refreshed),
    "foreign_company": get_args(ForeignCompany),
    "batch_create": get_args(BatchCreate),
    "poison_batch": get_args(PoisonBatch),
    "duplicate_create": get_args(DuplicateCreate),
    "duplicate_batch": get_args(DuplicateBatch),
    "poison_status": get_args(PoisonStatus),
    "refusal": get_args(Refusal),
    "late_answer": get_args(LateAnswer),
    "fault_calls": get_args(FaultCalls),
    "unknown_ids": get_args(UnknownIds),
    "existing_company": get_args(ExistingCompany),
    "rate_model": get_args(RateModel),
    "rate_headers": get_args(RateHeaders),
}
_SWITCHES = (
    "habits", "rotate_refresh_tokens", "bulk_accepts_jwt", "keys_everywhere", "move_leads",
    "list_by_record_id", "list_webhook_urls", "settings_strict", "endless_empty",
    "duplicates_by_case", "find_by_case", "apply_refused", "expose",
)  # fmt: skip
#: Counts that None turns off.
_LIMITS = (
    "slow_above", "loop_pages", "batch_create_times", "fault_at", "rate_hour", "rate_day",
    "bucket_size",
)  # fmt: skip
_SECONDS = ("latency", "read_lag", "run_seconds", "late_seconds")
#: Seconds that None leaves to another option.
_OTHER_SECONDS = ("find_lag", "late_least")
_TEXTS = ("poison", "strip_fields")
_SHARES = ("repeat_share", "run_failures", "batch_share", "applied_twice", *WRITE_FAULTS)
_POSITIVE_SECONDS = ("refresh_token_life", "page_token_life")
_LAST_PORT = 65_535
#: What a sum of shares may be too large by: 0.1 + 0.2 is not 0.3.
_ROUNDING = 1e-9


def check(config: EmulatorConfig) -> None:
    """Refuse values that could only fail later.

    Raises:
        ValueError: An option has a value outside its range.
    """
    for name, least in _LEAST_COUNT.items():
        _require(_is_int(getattr(config, name), least), config, name, f"an int of at least {least}")
    for name, choices in _CHOICES.items():
        chosen = _is_one_of(getattr(config, name), choices)
        _require(chosen, config, name, " or ".join(map(repr, choices)))
    for names, allows, allowed in _KINDS:
        for name in names:
            _require(allows(getattr(config, name)), config, name, allowed)
    _check_host(config)
    _check_write_faults(config)


def _check_host(config: EmulatorConfig) -> None:
    _require(
        config.expose or _is_loopback(config.host),
        config,
        "host",
        "an address of this machine alone, or expose=True (--expose) to let other machines in",
    )


def _check_write_faults(config: EmulatorConfig) -> None:
    most = config.late_seconds
    within = config.late_least is None or config.late_least <= most
    _require(within, config, "late_least", f"no more than late_seconds, {most:g}")
    shares = [getattr(config, name) for name in WRITE_FAULTS]
    _require(
        sum(shares) <= 1 + _ROUNDING,
        config,
        next((name for name in WRITE_FAULTS if getattr(config, name)), WRITE_FAULTS[0]),
        f"shares of {', '.join(WRITE_FAULTS)} that are 1 together at the most",
    )


def _is_one_of(value: object, choices: Iterable[object]) -> bool:
    """Whether it is a choice, of its type too: 429.0 is not 429."""
    return any(value == each and type(value) is type(each) for each in choices)


def _is_int(value: object, least: int | None = None) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return least is None or value >= least


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_number(value: object) -> TypeGuard[int | float]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    return math.isfinite(value)


def _seconds(value: object) -> float:
    """The value as seconds; -1 for what is no number, or none that anybody waits for."""
    try:
        return float(value) if _is_number(value) else -1.0
    except OverflowError:  # an int of more digits than floats have
        return -1.0


def _require(ok: bool, config: EmulatorConfig, name: str, allowed: str) -> None:  # noqa: FBT001 - the condition reads first, as in assert
    if not ok:
        raise ValueError(f"{name}={getattr(config, name)!r} is not allowed: give {allowed}")


def _is_limit(value: object) -> bool:
    return value is None or _is_int(value, 1)


def _is_port(value: object) -> bool:
    return _is_int(value, 0) and 0 <= _seconds(value) <= _LAST_PORT


def _is_rate(value: object) -> bool:
    return value in ("off", *PLANS) or _is_int(value, 1)


#: Options of one kind, what they may be, and that in words.
_KINDS: tuple[tuple[Iterable[str], Callable[[object], bool], str], ...] = (
    (_SWITCHES, lambda value: isinstance(value, bool), "True or False"),
    (_POSITIVE_SECONDS, lambda value: _seconds(value) > 0, "more than 0 seconds"),
    (["seed"], _is_int, "an int"),
    (_SECONDS, lambda value: _seconds(value) >= 0, "0 seconds or more"),
    (
        _OTHER_SECONDS,
        lambda value: value is None or _seconds(value) >= 0,
        "0 seconds or more, or None",
    ),
    (_SHARES, lambda value: 0 <= _seconds(value) <= 1, "0 to 1"),
    (_TEXTS, lambda value: isinstance(value, str), "a text"),
    (_LIMITS, _is_limit, "an int of at least 1 or None"),
    (["port"], _is_port, f"0 to {_LAST_PORT}"),
    (["access_token_life"], _is_number, "seconds"),
    (
        ["expires_in"],
        lambda value: value in get_args(ExpiresIn) or _is_int(value),
        "'life' or 'absent' or an int of seconds",
    ),
    (["rate"], _is_rate, "'standard', 'premium', 'off' or a positive int of requests per minute"),
)
