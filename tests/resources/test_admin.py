"""What an admin sees, from the SDK."""

from __future__ import annotations

import msgspec
import pytest
from wire import Wire, reply

from leadgenius_async import LeadGenius, errors
from leadgenius_async.emulator import Emulator
from leadgenius_async.models import Company, User


async def test_an_admin_sees_all(emulator: Emulator) -> None:
    """The companies and the users of both."""
    admin = emulator.ready.admin
    async with LeadGenius(
        base_url=emulator.base_url, username=admin.username, password=admin.password, rate="off"
    ) as lg:
        companies = [company.company_id async for company in lg.admin.companies()]
        users = [user async for user in lg.admin.users()]
    assert companies == [emulator.ready.company_id, emulator.other.company_id]
    assert {user.company_id for user in users} == set(companies)
    [me] = [user for user in users if user.id == admin.user_id]
    assert (me.username, me.role, me.extra) == (admin.username, "admin", {})


async def test_an_owner_is_refused(emulator: Emulator) -> None:
    """The service's words are in the error."""
    ready = emulator.ready
    async with LeadGenius(
        base_url=emulator.base_url, username=ready.username, password=ready.password, rate="off"
    ) as lg:
        for listing in (lg.admin.companies(), lg.admin.users()):
            with pytest.raises(errors.PermissionDenied, match="an admin") as caught:
                _ = [each async for each in listing]
            assert caught.value.error_type == "insufficient_permissions"


async def test_a_key_is_not_sent(emulator: Emulator, lg: LeadGenius) -> None:
    """The service takes logins here (observed)."""
    with pytest.raises(errors.ConfigurationError):
        _ = [each async for each in lg.admin.users()]
    assert len(emulator.log) == 0


COMPANIES = [{"id": "c", "seats": 3}]
USERS = [{"id": "u", "role": "auditor", "mfa": True}]


@pytest.mark.parametrize(
    "bodies",
    [
        ({"companies": COMPANIES}, {"users": USERS}),
        ({"data": COMPANIES}, {"data": USERS}),
        ({"data": {"items": COMPANIES}}, {"data": {"items": USERS}}),
    ],
)
async def test_lists_are_found_in_any_envelope(bodies: tuple[object, ...]) -> None:
    """Roles are open, and what is new is in `extra`."""
    async with (
        Wire(*(reply(body=msgspec.json.encode(body)) for body in bodies)) as wire,
        LeadGenius(base_url=wire.url, access_token="t", rate="off") as lg,
    ):
        assert [c async for c in lg.admin.companies()] == [Company("c", extra={"seats": 3})]
        assert [u async for u in lg.admin.users()] == [
            User("u", role="auditor", extra={"mfa": True})
        ]
    assert [request.target for request in wire.requests] == [
        "/api/admin/companies",
        "/api/admin/users",
    ]
