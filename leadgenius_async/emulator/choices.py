"""What options of the emulator can be, and which belong together."""

from __future__ import annotations

from typing import Literal

Login = Literal["ok", "unconfirmed", "mfa", "failing"]
Refreshed = Literal["ok", "no_token", "same_token", "failing", "refused"]
ExpiresIn = Literal["life", "absent"]
ForeignCompany = Literal["forbidden", "empty"]
BatchCreate = Literal["all", "part", "share", "first", "none"]
PoisonBatch = Literal["none", "part"]
PoisonStatus = Literal[400, 500]
DuplicateCreate = Literal["conflict", "create"]
DuplicateBatch = Literal["skip", "create"]
Refusal = Literal[401, 429]
LateAnswer = Literal["lost", "timeout"]
#: Kinds of writes of leads.
WriteCall = Literal[
    "create", "create_batch", "update", "update_batch", "delete", "delete_batch"
]  # fmt: skip
FaultCalls = Literal["all", WriteCall]
UnknownIds = Literal["not_found", "ignored"]
ExistingCompany = Literal["conflict", "update"]

#: The platform's plans, requests per minute per account.
PLANS = {"standard": 100, "premium": 1_000}

#: Shares of the writes of leads, of which one write meets one at the most.
WRITE_FAULTS = ("lost_before", "lost_after", "applied_late", "refused_writes")
#: What the limiter is made of.
RATE_OPTIONS = ("rate", "rate_hour", "rate_day", "rate_model", "bucket_size")
#: The switches by their subject: options that are read at each request.
GROUPS: dict[str, tuple[str, ...]] = {
    "Rate": (*RATE_OPTIONS, "rate_headers"),
    "Writes that fail": (
        *WRITE_FAULTS, "applied_twice", "late_seconds", "late_least", "late_answer", "refusal",
        "apply_refused", "fault_at", "fault_calls",
    ),
    "Creates": (
        "batch_create", "batch_create_times", "batch_share", "batch_first", "batch_limit",
        "poison", "poison_status", "poison_batch", "strip_fields",
    ),
    "Duplicates and ids": (
        "duplicate_create", "duplicate_batch", "duplicates_by_case", "find_by_case",
        "unknown_ids", "move_leads", "purge_limit",
    ),
    "Lag": ("read_lag", "find_lag"),
    "Logins": ("login", "refresh", "access_token_life", "expires_in"),
}  # fmt: skip
#: What `Emulator.change` takes.
CHANGEABLE = tuple(name for names in GROUPS.values() for name in names)
