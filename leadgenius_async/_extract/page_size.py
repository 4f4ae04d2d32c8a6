"""How many rows to ask for in a page: learned once per table and projection."""

from __future__ import annotations

from collections.abc import Sequence

from leadgenius_async._extract.query import MAX_PAGE_SIZE
from leadgenius_async._fields import Field

#: The gateway caps a body at about 6 MB (assumed); a tenth is left for rows that run long.
_TARGET_BYTES = 5_400_000
#: A first guess of bytes per field, from rows of real shape: 4.3 KB over 114 fields.
_BYTES_PER_FIELD = 38


class PageSize:
    """The `limit` of all chains of one extraction.

    It starts at what the fields asked for suggest, follows the bytes per row that pages show, is
    halved when a page is refused as too large (413), and never goes above that again.

    Args:
        fields: Fields that are asked for.
        fixed: The caller's own limit, which only a refusal changes.
        most: Rows that are wanted in all.
    """

    def __init__(
        self, fields: Sequence[Field], *, fixed: int | None = None, most: int | None = None
    ) -> None:
        self._ceiling = min(fixed or MAX_PAGE_SIZE, most or MAX_PAGE_SIZE)
        self._fixed = fixed is not None
        self._bytes_per_row = float(_BYTES_PER_FIELD * len(fields))

    @property
    def limit(self) -> int:
        """Rows to ask for now, 1 to 5,000."""
        fits = self._ceiling if self._fixed else int(_TARGET_BYTES / self._bytes_per_row)
        return max(1, min(self._ceiling, fits))

    @property
    def guess(self) -> int:
        """Bytes that a page of `limit` rows will have, as far as is known."""
        return int(self.limit * self._bytes_per_row)

    def observe(self, rows: int, size: int) -> None:
        """Learn from a page of `rows` rows in `size` bytes."""
        if rows:
            self._bytes_per_row = max(1.0, size / rows)

    def refuse(self, limit: int) -> bool:
        """Learn that a page of `limit` rows is too large; return whether a smaller one exists."""
        self._ceiling = min(self._ceiling, max(1, limit // 2))
        return limit > 1
