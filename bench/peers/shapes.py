"""The shapes of pages that contestants read."""

from __future__ import annotations

from typing import NamedTuple

from run import LEAN


class Shape(NamedTuple):
    """What pages look like.

    Attributes:
        page_rows: Rows of a page: as many as the service's cap of 6 MB allows, or its limit does.
        fields: The rows' fields; None for all.
        drifts: Whether odd rows are among them, see `peers/drift.py`.
    """

    page_rows: int
    fields: tuple[str, ...] | None
    drifts: bool = False


SHAPES = {
    "full": Shape(1_250, None),
    "lean": Shape(5_000, tuple(LEAN.split(","))),
    "projected": Shape(5_000, ("id", "company_id", "client_id", "fullName", "email")),
    "drifting": Shape(1_250, None, drifts=True),
}
