"""What the service rejects never leaves: rows are mended here, or refused with the reason.

The habits behind the rules were seen in production imports: an empty text, a field `phone` and a
name of one punctuation mark are each answered with a 500, and without `fullName` and
`contactName` the web app shows no name. A single lead that its caller wrote by hand is refused
for the same (`_resources.lead_rows`); in a file of thousands they are mended, and every change is
told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from leadgenius_async._fields import TABLES, near_field
from leadgenius_async._writes.values import (
    UNWRITABLE,
    Unfit,
    as_json,
    as_number,
    as_text,
    damage,
    shown,
)

Unknown = Literal["keep", "refuse"]
KeyField = Literal["email", "linkedinUrl"]
Rule = Literal[
    "empty", "trimmed", "converted", "phone", "mark", "filled", "from_email", "extra", "service"
]

#: What the service sets itself: rows that were exported bring them along.
SERVICE_FIELDS = frozenset({"id", "owner", "company_id", "createdAt", "updatedAt"})
#: Bytes of JSON that a row may have; DynamoDB's limit, less what the service adds (assumed).
MAX_ROW = 390_000

#: An export's column of what nobody declared, as JSON text.
EXTRA = "_extra"
_TABLE = "enrich_leads"
_TYPES = {column.name: column.type for column in TABLES[_TABLE]}
#: Fields that every lead must have, its client apart.
NEEDED = ("firstName", "lastName")
#: Longer names are no misspellings, and comparing them takes long.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an import leaves to the caller.

    Attributes:
        client_id: The client of rows that name none; a row that names another is refused.
        unknown: Whether fields that the platform does not document are kept or their row is
            refused. Near misses of a documented field are refused either way.
        key: What a row must have to be known again; None: nothing.
        require_email: Whether a row without an e-mail address is refused.
        names_from_email: Whether missing first and last names are made from the e-mail address.

    Raises:
        ValueError: `unknown` or `key` is something else, or `client_id` is empty or has blanks
            around it.
    """

    client_id: str | None = None
    unknown: Unknown = "keep"
    key: KeyField | None = None
    require_email: bool = False
    names_from_email: bool = False

    def __post_init__(self) -> None:
        if self.unknown not in {"keep", "refuse"}:
            raise ValueError(f"unknown is {self.unknown!r}: give 'keep' or 'refuse'")
        if self.key not in {None, "email", "linkedinUrl"}:
            raise ValueError(f"key is {self.key!r}: give 'email' or 'linkedinUrl'")
        if self.client_id is not None and as_text(self.client_id) != self.client_id:
            raise ValueError(f"client_id is {shown(self.client_id)}: give a text, no blanks around")


class Change(NamedTuple):
    """What a rule did to a field.

    Attributes:
        field: The field, as it was named in the row.
        rule: `empty` (nothing was in it: left out), `trimmed`, `converted` (it is of another type
            now), `phone` (it is `phoneNumber`), `mark` (a lone punctuation mark for a name),
            `filled` (it was missing), `from_email` (a name made from the address), `extra` (an
            export's `_extra` taken apart), `service` (the service sets it itself: left out).
        before: What the row had; None if nothing.
        after: What is sent; None if nothing.
    """

    field: str
    rule: Rule
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Ready:
    """A row that can be sent.

    Attributes:
        fields: The lead, in the order of the row; what was filled in comes last.
        changes: What the rules did.
    """

    fields: dict[str, object]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that the service would reject, or store where nobody sees it.

    Attributes:
        reasons: Everything that is wrong with it, one sentence each.
        changes: What the rules had done to the rest.
    """

    reasons: tuple[str, ...]
    changes: tuple[Change, ...] = ()

    @property
    def reason(self) -> str:
        """All reasons in one line."""
        return "; ".join(self.reasons)


def apply_rules(row: Mapping[str, object], *, rules: Rules) -> Ready | Refused:
    """Return a row as it is sent for a create, or why it cannot be. Never raises.

    None and a field that is absent are the same. Applied to what it returned it changes nothing.

    Args:
        row: A lead by the service's field names.
        rules: What the caller chose.

    ```python
    done = apply_rules({"firstName": "Ada", "lastName": "."}, rules=Rules(client_id="acme"))
    # Ready(fields={'firstName': 'Ada', 'lastName': '-', 'client_id': 'acme', 'fullName': …
    ```
    """
    work = _Work(rules)
    for name, value in _members(row, work).items():
        work.take(name, value)
    work.rename_phone()
    work.settle_client()
    work.check_email()
    work.check_key()
    if rules.names_from_email:
        work.names_from_email()
    work.settle_names()
    work.check_size()
    if work.faults:
        return Refused(tuple(work.faults), tuple(work.changes))
    return Ready(work.fields, tuple(work.changes))


def apply_update_rules(row: Mapping[str, object], *, unknown: Unknown = "keep") -> Ready | Refused:
    """Return the changes of a lead as they are sent, or why they cannot be. Never raises.

    None clears a field; an empty text, and what pandas has where nothing is, leaves it as it is.
    Where nothing else is in the row, the `id` alone is left.

    Args:
        row: The lead's `id`, and the fields that change, by the service's names.
        unknown: As of `Rules`.

    ```python
    done = apply_update_rules({"id": "lead_1", "phone": "+49 30 1", "title": "", "notes": None})
    # Ready(fields={'id': 'lead_1', 'phoneNumber': '+49 30 1', 'notes': None}, changes=…
    ```
    """
    work = _Work(Rules(unknown=unknown))
    work.take_id(row.get("id"))
    for name, value in _members(row, work).items():
        if value is None:
            work.clear(name)
        elif name != "id":
            work.take(name, value)
    work.rename_phone()
    work.check_email()
    work.mend_marks()
    work.check_size()
    if work.faults:
        return Refused(tuple(work.faults), tuple(work.changes))
    return Ready(work.fields, tuple(work.changes))


def removal(lead_id: object) -> Ready | Refused:
    """Return a lead of which the `id` alone counts, or why it has none."""
    work = _Work(Rules())
    work.take_id(lead_id)
    return Refused(tuple(work.faults)) if work.faults else Ready(work.fields)


@dataclass(slots=True)
class _Work:
    """A row while the rules are applied to it, one method each."""

    rules: Rules
    fields: dict[str, object] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: Fields whose value was refused: they are not missing besides.
    spoilt: set[str] = field(default_factory=set)

    def take(self, name: str, value: object) -> None:
        """Take one field, its value as the service's type."""
        if value is None:
            return
        if name in SERVICE_FIELDS:
            self.changes.append(Change(name, "service", value, None))
            return
        if fault := _name_fault(name, self.rules.unknown):
            self.faults.append(fault)
            return
        try:
            after = _typed(name, value)
        except Unfit as error:
            self.spoilt.add(name)
            self.faults.append(f"{name} {error}")
            return
        if after is None:
            self.changes.append(Change(name, "empty", value, None))
            return
        self.fields[name] = after
        if rule := _conversion(value, after):
            self.changes.append(Change(name, rule, value, after))

    def take_id(self, value: object) -> None:
        """Take the id of a lead that there is."""
        try:
            lead_id = as_text(value)
        except Unfit as error:
            self.faults.append(f"id {error}")
            return
        if lead_id is None:
            self._miss("id")
        else:
            self.fields["id"] = lead_id

    def clear(self, name: str) -> None:
        """Take one field that is to be empty."""
        if name in SERVICE_FIELDS or name == EXTRA:
            return
        if name == "client_id":
            self.faults.append("client_id is None: a lead belongs to a client")
        elif fault := _name_fault(name, self.rules.unknown):
            self.faults.append(fault)
        else:
            self.fields.setdefault("phoneNumber" if name == "phone" else name, None)

    def put(self, name: str, rule: Rule, after: object) -> None:
        """Set a field and record it."""
        self.changes.append(Change(name, rule, self.fields.get(name), after))
        self.fields[name] = after

    def rename_phone(self) -> None:
        """`phone` is `phoneNumber`; where both have a value, that one counts."""
        if "phone" not in self.fields:
            return
        phone = self.fields["phone"]
        if self.fields.get("phoneNumber") is not None:
            del self.fields["phone"]
            self.changes.append(Change("phone", "phone", phone, None))
            return
        self.fields.pop("phoneNumber", None)
        names = {"phone": "phoneNumber"}
        self.fields = {names.get(name, name): value for name, value in self.fields.items()}
        self.changes.append(Change("phone", "phone", phone, phone))

    def settle_client(self) -> None:
        """Fill in the client."""
        own, given = self.fields.get("client_id"), self.rules.client_id
        if own is not None and given is not None and own != given:
            self.faults.append(two_clients(given, own))
        elif own is None and given is not None:
            self.put("client_id", "filled", given)
        elif own is None:
            self._miss("client_id")

    def check_email(self) -> None:
        """Refuse an address that is none."""
        email = self.fields.get("email")
        if isinstance(email, str):
            try:
                address("email", email)
            except ValueError as error:
                self.faults.append(str(error))
        elif self.rules.require_email or self.rules.key == "email":
            self._miss("email")

    def check_key(self) -> None:
        """Refuse a row that would not be known again by its profile."""
        if self.rules.key != "linkedinUrl":
            return
        if "linkedinUrl" not in self.fields:
            self._miss("linkedinUrl")
        if "email" in self.fields:
            self.faults.append(
                "email is there too, and would be the key: leave it out, or take key='email'"
            )

    def names_from_email(self) -> None:
        """Make missing names from the address."""
        missing = [name for name in NEEDED if name not in self.fields.keys() | self.spoilt]
        if not missing or not (made := _names_in(str(self.fields.get("email", "")))):
            return
        for name in missing:
            self.put(name, "from_email", made[name])

    def settle_names(self) -> None:
        """Refuse a row without names, fill in those that the web app shows."""
        for name in NEEDED:
            if name not in self.fields:
                self._miss(name)
        self.mend_marks()
        if all(name in self.fields for name in NEEDED):
            made = shown_names(self.fields["firstName"], self.fields["lastName"])
            for name, full in made.items():
                if name not in self.fields.keys() | self.spoilt:
                    self.put(name, "filled", full)

    def mend_marks(self) -> None:
        """Replace a name of one punctuation mark, at which the service fails."""
        for name in NEEDED:
            if lone_mark(str(self.fields.get(name, ""))):
                self.put(name, "mark", "-")

    def check_size(self) -> None:
        """Refuse a row that no table could hold."""
        if self.faults:
            return
        try:
            size = len(msgspec.json.encode(self.fields))
        except UNWRITABLE as error:
            self.faults.append(f"the row cannot be written as JSON ({error})")
            return
        if size > MAX_ROW:
            self.faults.append(
                f"the row has {size:,} bytes: the service stores up to {MAX_ROW:,} (assumed)"
            )

    def _miss(self, name: str) -> None:
        if name not in self.spoilt:
            self.faults.append(f"{name} is missing or empty: it must have a text")


def address(name: str, value: str) -> str:
    """Return an e-mail address without blanks around it.

    Only the service can tell whether it is somebody's.

    Raises:
        ValueError: It has no text on both sides of one `@`.
    """
    found = value.strip()
    local, at, domain = found.rpartition("@")
    if not (at and local and domain) or "@" in local or len(found.split()) != 1:
        raise ValueError(
            f"{name} is {shown(value)}: an e-mail address reads like name@company.example"
        )
    return found


def lone_mark(name: str) -> bool:
    """Whether a name is one punctuation mark, at which the service fails; it takes `-`."""
    return len(name) == 1 and not name.isalnum() and name != "-"


def shown_names(first: object, last: object) -> dict[str, str]:
    """Return the fields without which the web app shows no name."""
    full = f"{first} {last}"
    return {"fullName": full, "contactName": full}


def two_clients(given: object, own: object) -> str:
    """Return what is said where a lead names another client than the call."""
    return f"client_id is {given!r}, and the lead's own is {own!r}: give one"


@lru_cache(maxsize=4096)
def near_miss(name: str) -> str | None:
    """Return what is said of a name that is most likely a field's misspelling, else None."""
    if name in _TYPES or len(name) > _LONGEST_NAME:
        return None
    near = near_field(_TABLE, name)
    return f"a lead has no field {name!r}; did you mean {near!r}?" if near else None


@lru_cache(maxsize=4096)
def _name_fault(name: object, unknown: Unknown) -> str | None:
    if name in _TYPES:
        return None
    if not isinstance(name, str) or not name.strip():
        return f"a field is named {shown(name)}: give it a name"
    if fault := damage(name):
        return f"the name of the field {shown(name)} {fault}"
    if fault := near_miss(name):
        return fault
    if unknown == "refuse":
        return f"the platform documents no field {shown(name)}: leave it out, or keep such fields"
    return None


def _members(row: Mapping[str, object], work: _Work) -> Mapping[str, object]:
    """Return a row's fields, those in an export's `_extra` among them."""
    text = row.get(EXTRA)
    if text is None:
        return row
    own = {name: value for name, value in row.items() if name != EXTRA}
    try:
        extra = msgspec.convert(
            msgspec.json.decode(text) if isinstance(text, str) and text else text or {},
            dict[str, object],
        )
    except (msgspec.MsgspecError, ValueError, RecursionError):
        work.faults.append(f"{EXTRA} is {shown(text)}: in an export it is a JSON object")
        return own
    work.changes.append(Change(EXTRA, "extra", text, None))
    return own | {name: value for name, value in extra.items() if own.get(name) is None}


def _typed(name: str, value: object) -> object | None:
    type_ = _TYPES.get(name)
    if type_ is None:
        return as_json(value)
    return as_text(value) if type_ == "text" else as_number(value)


def _conversion(before: object, after: object) -> Rule | None:
    if type(before) is not type(after):
        return "converted"
    try:
        if before == after:
            return None
    except RecursionError:  # deeper than Python compares; what JSON could hold of it is the same
        return None
    return "trimmed" if isinstance(after, str) else "converted"


def _names_in(email: str) -> dict[str, str] | None:
    """Return the names that an address is made of: `ada.sample@…`, or `ada@…` and a dash."""
    local = email.partition("@")[0].partition("+")[0]
    parts = [part.capitalize() for part in re.split(r"[\W\d_]+", local) if part]
    if not parts:
        return None
    return {"firstName": parts[0], "lastName": parts[-1] if len(parts) > 1 else "-"}
