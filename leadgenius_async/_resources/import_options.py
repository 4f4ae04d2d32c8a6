"""What an import may be asked for: its options by name, their defaults, and their checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, get_args

from leadgenius_async._extract.formats import check_choice
from leadgenius_async._resources import checks
from leadgenius_async._writes.defaults import BATCH, SETTLE
from leadgenius_async._writes.report import BulkProgress, Mode, OnExisting
from leadgenius_async._writes.rules import KeyField, Rules, Unknown

#: The service's documented ceiling for a batch.
MAX_BATCH = 100


class UpsertOptions(TypedDict, total=False):
    """Options of `create_many`, which says what each means, that go for `upsert_many` as well."""

    client_id: str | None
    columns: Mapping[str, str] | None
    batch_size: int
    mode: Mode
    settle: float
    unknown: Unknown
    names_from_email: bool
    stop_on_error: bool
    journal: str | Path | None
    report: str | Path | None
    company_id: str | None
    on_progress: Callable[[BulkProgress], None] | None


class ImportOptions(UpsertOptions, total=False):
    """All options of `lg.leads.create_many`, which says what each means."""

    on_existing: OnExisting
    key: KeyField | None
    require_email: bool


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The options of an import, each with its value.

    Attributes:
        rules: What of them is about the rows.

    Raises:
        ValueError: One is out of range.
    """

    client_id: str | None = None
    columns: Mapping[str, str] | None = None
    batch_size: int = BATCH
    mode: Mode = "verified"
    settle: float = SETTLE
    on_existing: OnExisting = "skip"
    key: KeyField | None = None
    unknown: Unknown = "keep"
    require_email: bool = False
    names_from_email: bool = False
    stop_on_error: bool = False
    journal: str | Path | None = None
    report: str | Path | None = None
    company_id: str | None = None
    on_progress: Callable[[BulkProgress], None] | None = None
    rules: Rules = field(init=False)

    def __post_init__(self) -> None:
        """Refuse what could only fail later."""
        check_choice("mode", self.mode, get_args(Mode))
        check_choice("on_existing", self.on_existing, get_args(OnExisting))
        checks.whole("batch_size", self.batch_size, 1, MAX_BATCH)
        _check_settle(self.settle)
        rules = Rules(
            client_id=self.client_id,
            unknown=self.unknown,
            key=self.key,
            require_email=self.require_email,
            names_from_email=self.names_from_email,
        )
        object.__setattr__(self, "rules", rules)


def _check_settle(value: object) -> None:
    if not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise ValueError(
            f"settle is {value!r}: give the seconds that an answer may be late, 0 or more"
        )
