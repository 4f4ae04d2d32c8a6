"""What an extraction asks for: one table, one company, which clients, which fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from leadgenius_async._fields import KEY_FIELDS, TABLES, Field, near_field

#: The service's own bounds on `limit`, in rows (documented).
MAX_PAGE_SIZE = 5000
#: When a row was changed last.
CHANGED = "updatedAt"
#: Bytes of the `fields` parameter, at most. Gateways and proxies refuse a URL of more than 8 KB
#: or so, and a page token may be long. All declared fields together have 1.6 KB.
MAX_FIELDS_BYTES = 4096


class UnknownFieldWarning(UserWarning):
    """A field that the platform does not document was asked for; it is sent all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One table of one company.

    Attributes:
        table: `enrich_leads` or `source_leads`.
        company_id: The company; empty for the account's own, until that is looked up.
        clients: `client_id`s to take; empty for all rows of the company.
        wanted: Fields that the caller gets, in this order.
        projected: Whether the service is asked for some fields only.
        page_size: Rows per page as the caller set it, or None to learn it.
        since: Only rows that were changed then or later; rows that do not say when are kept.
        limit: Most rows to take in all.
    """

    table: str
    company_id: str
    clients: tuple[str, ...] = ()
    wanted: tuple[Field, ...]
    projected: bool
    page_size: int | None = None
    since: dt.datetime | None = None
    limit: int | None = None

    @property
    def path(self) -> str:
        """The bulk list's path."""
        return f"/{self.table.replace('_', '-')}/list"

    @property
    def read(self) -> tuple[Field, ...]:
        """The fields to read: the wanted ones, and the keys that checks need."""
        names = {field.name for field in self.wanted}
        needed = {*KEY_FIELDS, CHANGED} if self.since else KEY_FIELDS
        keys = (field for field in TABLES[self.table] if field.name in needed)
        return (*self.wanted, *(key for key in keys if key.name not in names))

    @property
    def fields_parameter(self) -> str | None:
        """The `fields` parameter; None asks for all, since they are wanted or too many to name."""
        names = ",".join(field.name for field in self.read)
        return names if self.projected and len(quote(names)) <= MAX_FIELDS_BYTES else None

    @property
    def sent(self) -> tuple[Field, ...]:
        """The fields that the service sends."""
        return TABLES[self.table] if self.fields_parameter is None else self.read

    @property
    def wants_all(self) -> bool:
        """Whether the caller gets every field that the service sends."""
        named = self.fields_parameter is not None
        return len(self.read) == len(self.wanted) and (named or not self.projected)


def make_query(
    table: str,
    *,
    company_id: str | None,
    clients: Iterable[str] = (),
    fields: Iterable[str] | None = None,
    page_size: int | None = None,
    since: dt.datetime | str | None = None,
    limit: int | None = None,
) -> Query:
    """Return a query whose values are checked.

    Raises:
        ValueError: A page size or limit out of range, an empty company, a moment that is none, or
            a field name that is a near miss; the message has the right name.
        TypeError: `clients` or `fields` is one string and not a list of them, or a number is none.
    """
    if company_id == "":
        raise ValueError("company_id is empty: leave it out for the account's own company")
    _check_number("page_size", page_size)
    _check_number("limit", limit)
    if page_size is not None and not 1 <= page_size <= MAX_PAGE_SIZE:
        raise ValueError(f"page_size is {page_size}: the service takes 1 to {MAX_PAGE_SIZE}")
    if limit is not None and limit < 1:
        raise ValueError(f"limit is {limit}: give 1 or more, or leave it out for all")
    wanted = TABLES[table] if fields is None else _resolve(table, _names("fields", fields))
    return Query(
        table=table,
        company_id=company_id or "",
        clients=tuple(dict.fromkeys(_names("clients", clients))),
        wanted=wanted,
        projected=fields is not None,
        page_size=page_size,
        since=None if since is None else moment("since", since),
        limit=limit,
    )


def _check_number(name: str, value: object) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise TypeError(f"{name} is {value!r}: give a whole number, as an int")


def moment(name: str, value: dt.datetime | str) -> dt.datetime:
    """Return a moment in UTC; one without a zone is taken for UTC.

    Raises:
        ValueError: It is not in ISO 8601.
    """
    try:
        found = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value)
        return found.astimezone(dt.UTC) if found.tzinfo else found.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):  # the latter at the ends of time
        raise ValueError(f"{name} is {value!r}: give a date or time like 2026-01-31") from None


def is_since(changed: str | None, since: dt.datetime) -> bool:
    """Return whether a row was changed then or later, or does not say when."""
    try:
        return changed is None or moment(CHANGED, changed) >= since
    except ValueError:
        return True


def keys_query(query: Query) -> Query:
    """Return the query of a sweep: the ids and clients of all rows of the company."""
    wanted = tuple(field for field in TABLES[query.table] if field.name in KEY_FIELDS)
    return dataclasses.replace(query, clients=(), wanted=wanted, projected=True, page_size=None)


def _names(what: str, names: Iterable[str]) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"{what} is one string: give a list of names")
    listed = list(names)
    if any(not name or "," in name for name in listed):
        raise ValueError(f"{what} holds an empty name or one with a comma")
    return listed


def _resolve(table: str, names: Iterable[str]) -> tuple[Field, ...]:
    known = {field.name: field for field in TABLES[table]}
    wanted = tuple(known.get(name) or _undeclared(table, name) for name in dict.fromkeys(names))
    if not wanted:
        raise ValueError("fields is empty: name at least one, or leave it out for all")
    return wanted


def _undeclared(table: str, name: str) -> Field:
    if name == "_extra":
        raise ValueError("'_extra' is a column of every file, not a field: leave it out")
    if any(char in '"\\' or not char.isprintable() for char in name):
        raise ValueError(f"{name!r} is no name of a field: it has a quote or a control character")
    if near := near_field(table, name):
        raise ValueError(f"there is no field {name!r} in {table}; did you mean {near!r}?")
    warnings.warn(
        f"{table} is not known to have a field {name!r}; it is asked for all the same",
        UnknownFieldWarning,
        stacklevel=5,
    )
    return Field(name, "text", "identity", "A", "named by the caller")
