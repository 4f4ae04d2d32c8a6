"""The two companies of the sample: their users, API keys and clients."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from random import Random

from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.identity import Role
from leadgenius_async.emulator.sample.texts import COMPANIES
from leadgenius_async.emulator.structs import Client

_OTHER_CLIENTS = 3
_OTHER_LEAST, _OTHER_MOST = 20, 2_000
#: When the sample companies and their clients were created.
SINCE = "2024-01-15T09:30:00.000Z"


@dataclass(frozen=True, slots=True)
class SampleUser:
    """One user of a company.

    Attributes:
        user_id: The user's `sub`.
        username: Sign-in name.
        password: Sign-in password.
        role: What the user may do.
    """

    user_id: str
    username: str
    password: str
    role: Role


@dataclass(frozen=True, slots=True)
class SampleTenant:
    """One company with its users.

    Attributes:
        company_id: Business identifier of the company.
        name: Its name.
        owner: The user who owns all rows.
        admin: A user who may do everything.
        member: A user who may change nothing of the company.
        api_key: Key of the owner, valid together with the owner's id.
        clients: The company's clients; the first holds most rows.
        rows: Rows per bulk table.
    """

    company_id: str
    name: str
    owner: SampleUser
    admin: SampleUser
    member: SampleUser
    api_key: str
    clients: tuple[Client, ...]
    rows: dict[str, int]


def sample_tenants(config: EmulatorConfig) -> tuple[SampleTenant, SampleTenant]:
    """The first company, as large as the options say, and a small second one."""
    rows = {"enrich_leads": config.leads, "source_leads": config.source_leads}
    other_rows = {table: _other_rows(count) for table, count in rows.items()}
    return (
        _tenant(1, "Sample Company One", config.seed, config.clients, rows),
        _tenant(2, "Sample Company Two", config.seed, _OTHER_CLIENTS, other_rows),
    )


def _other_rows(count: int) -> int:
    return min(max(_OTHER_LEAST, count // 100), _OTHER_MOST)


def _tenant(number: int, name: str, seed: int, clients: int, rows: dict[str, int]) -> SampleTenant:
    dice = Random(f"{seed}/tenant/{number}")
    company_id = f"company-{number}"
    owner = SampleUser(
        _uuid(dice), f"demo@{company_id}.example", f"sample-password-{number}", "owner"
    )
    others = Random(f"{seed}/users/{number}")
    return SampleTenant(
        company_id=company_id,
        name=name,
        owner=owner,
        admin=_user("admin", others, number, company_id),
        member=_user("member", others, number, company_id),
        api_key=f"lgp_{dice.getrandbits(160):040x}",
        clients=tuple(_client(place, dice, owner.user_id, company_id) for place in range(clients)),
        rows=rows,
    )


def _user(role: Role, dice: Random, number: int, company_id: str) -> SampleUser:
    password = f"sample-{role}-password-{number}"
    return SampleUser(_uuid(dice), f"{role}@{company_id}.example", password, role)


def _client(place: int, dice: Random, owner: str, company_id: str) -> Client:
    """Clients take turns with a readable client_id and a UUID: its shape tells nothing."""
    name, label = COMPANIES[dice.randrange(len(COMPANIES))]
    return Client(
        id=_uuid(dice),
        client_id=_uuid(dice) if place % 2 else f"{label}-{place + 1}",
        clientName=name,
        companyURL=f"https://www.{label}.example" if place % 5 else None,
        description=f"Sample client {place + 1}" if place % 3 else None,
        owner=owner,
        company_id=company_id,
        createdAt=SINCE,
        updatedAt=SINCE,
    )


def _uuid(dice: Random) -> str:
    return str(uuid.UUID(int=dice.getrandbits(128), version=4))
