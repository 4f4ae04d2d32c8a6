"""Whose rows are on a page: one of another company or client, and nothing of it is used."""

from __future__ import annotations

from collections.abc import Iterable

from leadgenius_async import errors


def check_tenant(
    path: str,
    company_ids: Iterable[str | None],
    client_ids: Iterable[str | None],
    *,
    company_id: str | None,
    client_id: str | None,
) -> None:
    """Refuse a page that holds a row of another company, or of another client than asked for.

    A row that does not say whose it is passes.

    Args:
        path: What was asked.
        company_ids: The companies of the page's rows.
        client_ids: Their clients.
        company_id: The company that was asked for; None if it is not known.
        client_id: The client; None for all.

    Raises:
        TenantMismatch: It does; nothing of the page is to be used.
    """
    strangers: set[str | None] = set()
    if company_id is not None:
        strangers |= set(company_ids) - {company_id, None}
    if client_id is not None:
        strangers |= set(client_ids) - {client_id, None}
    if strangers:
        raise errors.TenantMismatch(
            f"{path}: the service sent rows of {', '.join(sorted(filter(None, strangers)))} "
            f"for company {company_id or 'of the account'}, client {client_id or 'ALL'}; nothing "
            "of that page is used: tell the service's support"
        )
