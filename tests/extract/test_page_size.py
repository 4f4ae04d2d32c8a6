"""The page size is learned, and a refusal is remembered."""

from __future__ import annotations

from leadgenius_async._extract.page_size import PageSize
from leadgenius_async._fields import ENRICH_LEAD_FIELDS


def test_it_starts_at_what_the_fields_suggest() -> None:
    """All fields make pages of about 1,250 rows; a few fields the most that the service gives."""
    assert 1_000 <= PageSize(ENRICH_LEAD_FIELDS).limit <= 1_400
    assert PageSize(ENRICH_LEAD_FIELDS[:5]).limit == 5_000


def test_it_follows_the_rows() -> None:
    """Sparse rows allow larger pages, rich ones smaller, and empty pages say nothing."""
    size = PageSize(ENRICH_LEAD_FIELDS)
    size.observe(100, 100 * 1_000)
    assert size.limit == 5_000
    size.observe(100, 100 * 54_000)
    assert size.limit == 100
    assert size.guess == 100 * 54_000
    size.observe(0, 300)
    assert size.limit == 100


def test_a_refused_size_is_never_asked_for_again() -> None:
    """413 halves the page for good, whatever later rows suggest."""
    size = PageSize(ENRICH_LEAD_FIELDS[:5])
    assert size.refuse(5_000)
    assert size.limit == 2_500
    size.observe(100, 100)
    assert size.limit == 2_500
    assert not PageSize(ENRICH_LEAD_FIELDS, fixed=1).refuse(1)


def test_the_callers_own_size_is_kept_until_it_is_refused() -> None:
    """`page_size` is not learned over, but a 413 outranks it."""
    size = PageSize(ENRICH_LEAD_FIELDS, fixed=3_000)
    size.observe(100, 100 * 9_000)
    assert size.limit == 3_000
    size.refuse(3_000)
    assert size.limit == 1_500
