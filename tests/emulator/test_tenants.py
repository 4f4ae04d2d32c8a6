"""Two companies of one service: nothing of the second is ever shown to, or changed by, the first.

Every call of the API is sent by the first company's user with every identifier of the second, in
every place of the query, the path and the body that could take one: in all at once, and in one at
a time beside identifiers of the first's own, so that no check of one place hides another's lack.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args, get_origin

import aiohttp
import msgspec
import pytest
from world import service_of

from leadgenius_async.emulator import Emulator
from leadgenius_async.emulator.routes import API
from leadgenius_async.emulator.routes.endpoint import Endpoint

#: Stands in every record that the second company makes, and in no identifier.
CANARY = "Canary"
#: What the second company makes: path, and body with `{client}` for its client_id, `{lead}` for a
#: lead of its own.
MADE = [
    ("/api/search-history", {"searchName": CANARY, "client_id": "{client}"}),
    ("/api/webhook-workbench", {"name": CANARY, "platform": "generic", "client_id": "{client}"}),
    ("/api/territory-workbench/companies", {"companyName": CANARY, "client_id": "{client}"}),
    ("/api/settings/url", {"companyUrl": CANARY, "enrichment1": CANARY}),
    ("/api/settings/agent", {"projectId": CANARY, "enrichment1AgentId": CANARY}),
    ("/api/settings/sdr-ai", {"projectId": CANARY, "message1AgentId": CANARY}),
    ("/api/leads/process/enrich", {"leadId": "{lead}"}),
    ("/api/trigger", {"taskId": CANARY, "payload": {"note": CANARY}}),
    ("/api/start-lead-scrape-complete", {"client_id": "{client}", "input": {"note": CANARY}}),
    ("/api/epsimo-chat", {"message": CANARY}),
    ("/api/campaigns", {"name": CANARY, "campaignType": "abm", "client_id": "{client}"}),
    ("/api/enrichment/trigger", {"leadIds": ["{lead}"]}),
    ("/api/maintenance/bugs", {"description": CANARY, "userEmail": "a@canary.example"}),
    ("/api/maintenance/enhancements", {"description": CANARY, "userEmail": "a@canary.example"}),
    ("/api/agent-api-keys", {"name": CANARY, "description": CANARY}),
]


@dataclass
class Sides:
    """Both companies at one service: how each is asked, and their identifiers.

    Attributes:
        ids: The second's.
        own: The first's, by the name of the place that takes them.
    """

    emulator: Emulator
    session: aiohttp.ClientSession
    ours: dict[str, str]
    theirs: dict[str, str]
    ids: set[str] = field(default_factory=set)
    own: dict[str, str] = field(default_factory=dict)

    async def send(
        self, headers: dict[str, str], method: str, path: str, **options: Any
    ) -> tuple[int, str]:
        async with self.session.request(method, path, headers=headers, **options) as response:
            return response.status, await response.text()


async def _headers(session: aiohttp.ClientSession, tenant: Any) -> dict[str, str]:
    login = {"username": tenant.username, "password": tenant.password}
    async with session.post("/api/auth", json=login) as response:
        token = (await response.json())["tokens"]["accessToken"]
    return {
        "Authorization": f"Bearer {token}",
        "x-api-key": tenant.api_key,
        "x-user-id": tenant.user_id,
    }


@pytest.fixture
async def sides() -> AsyncGenerator[Sides, None]:
    async with (
        Emulator(leads=40, source_leads=20, clients=2, rate="off", run_seconds=0.0) as emulator,
        aiohttp.ClientSession(emulator.base_url) as session,
    ):
        ours = await _headers(session, emulator.ready)
        theirs = await _headers(session, emulator.other)
        sides = Sides(emulator, session, ours, theirs)
        await _make_everything(sides)
        sides.own = await _make_our_own(sides)
        yield sides


async def _make_everything(sides: Sides) -> None:
    status, text = await sides.send(
        sides.theirs, "POST", "/api/clients", json={"clientName": f"{CANARY} client"}
    )
    assert status == 201
    client = msgspec.json.decode(text)["client"]
    lead = {"client_id": client["client_id"], "firstName": CANARY, "lastName": CANARY,
            "email": "a@canary.example", "notes": CANARY}  # fmt: skip
    status, text = await sides.send(sides.theirs, "POST", "/api/leads", json=lead)
    assert status == 201
    names = {"{client}": client["client_id"], "{lead}": msgspec.json.decode(text)["lead"]["id"]}
    sides.ids |= {client["id"], *names.values(), sides.emulator.other.company_id}
    sides.ids |= {sides.emulator.other.user_id}
    for path, body in MADE:
        filled = msgspec.json.encode(body).decode()
        for name, value in names.items():
            filled = filled.replace(name, value)
        headers = {**sides.theirs, "Content-Type": "application/json"}
        status, text = await sides.send(headers, "POST", path, data=filled)
        assert status in {200, 201}, (path, text)
        sides.ids |= {found for found in _ids(msgspec.json.decode(text)) if CANARY not in found}


async def _make_our_own(sides: Sides) -> dict[str, str]:
    """Make what calls take besides another identifier."""
    client_id = sides.emulator.ready.clients[0].client_id
    new = {"client_id": client_id, "firstName": "Our", "lastName": "Own"}
    _, text = await sides.send(sides.ours, "POST", "/api/leads", json=new)
    lead_id = msgspec.json.decode(text)["lead"]["id"]
    _, text = await sides.send(sides.ours, "POST", "/api/epsimo-chat", json={"message": "Hello"})
    return {
        **dict.fromkeys(("client_id", "clientId"), client_id),
        **dict.fromkeys(("id", "ids", "leadId", "leadIds"), lead_id),
        "companyId": sides.emulator.ready.company_id,
        "threadId": msgspec.json.decode(text)["threadId"],
    }


def _ids(value: object) -> Iterator[str]:
    """Give the identifiers in an answer: texts under a name that ends in id or ids."""
    if isinstance(value, dict):
        for name, member in value.items():
            if re.search(r"(^i|_i|I)ds?$", name):
                yield from [member] if isinstance(member, str) else member or []
            else:
                yield from _ids(member)
    elif isinstance(value, list):
        for member in value:
            yield from _ids(member)


@dataclass
class Fill:
    """Gives the values of places: their identifier in one place or in all, our own elsewhere.

    Attributes:
        place: Number of the one place; None for all.
        count: Places so far.
    """

    theirs: str
    own: Mapping[str, str]
    place: int | None = None
    count: int = 0

    def __call__(self, name: str) -> str:
        self.count += 1
        here = self.place in {None, self.count - 1}
        return self.theirs if here else self.own.get(name, "ours")

    def several(self, name: str, value: str) -> list[str]:
        """Return a list with a value; beside our own, where not all is theirs."""
        beside = self.own.get(name) if self.place is not None else None
        return [value] if beside is None else [beside, value]


def _value(annotation: object, name: str, fill: Fill) -> object:
    """Return the first of some values that a declaration takes; the identifier, if it does."""
    parts = list(_parts(annotation))
    structs = [
        part for part in parts if isinstance(part, type) and issubclass(part, msgspec.Struct)
    ]
    choices = [choice for part in parts if get_origin(part) is Literal for choice in get_args(part)]
    if structs:
        inner = _members(structs[0], fill)
        candidates = [inner, [inner]]
    else:
        text = fill(name)
        candidates = [text, *choices, {"id": text}, fill.several(name, text), choices[:1]]
    for candidate in (*candidates, 1, True, 8 * "x"):
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(candidate, annotation)
            return candidate
    raise AssertionError(f"no value for {annotation}")


def _parts(annotation: object) -> Iterator[object]:
    """Give a type and the types that it is made of."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _members(struct: type, fill: Fill) -> dict[str, object]:
    members: dict[str, object] = {}
    for member in msgspec.structs.fields(struct):
        required = member.required
        named_like_one = re.search(r"(^i|_i|I)ds?$", member.encode_name)
        if required or named_like_one or member.encode_name == "leads":
            members[member.encode_name] = _value(member.type, member.encode_name, fill)
    return members


def _attempts(
    endpoint: Endpoint, theirs: str, own: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give requests of a call, path and options: theirs in all places, then in one at a time."""
    for form in (None, *endpoint.bodies):
        everywhere = Fill(theirs, own)
        path, options = _request(endpoint, form, everywhere)
        yield path, options
        if form and options["params"]:
            yield path, {"json": options["json"]}
        for place in range(everywhere.count):
            yield _request(endpoint, form, Fill(theirs, own, place))


def _request(endpoint: Endpoint, form: type | None, fill: Fill) -> tuple[str, dict[str, Any]]:
    path = re.sub(r"{(\w+)}", lambda found: fill(found[1]), endpoint.path)
    query = {name: str(value) for name, value in _members(endpoint.query, fill).items()}
    options: dict[str, Any] = {"params": query}
    if form:
        options["json"] = _members(form, fill)
    return path, options


def _state(emulator: Emulator) -> tuple[object, ...]:
    """Return all that the second company has."""
    company = emulator.other.company_id
    db = service_of(emulator).store.db
    return (
        list(emulator.rows("enrich_leads", company_id=company)),
        list(emulator.rows("source_leads", company_id=company)),
        db.execute("SELECT * FROM clients WHERE company_id = ?", (company,)).fetchall(),
        db.execute("SELECT * FROM companies WHERE company_id = ?", (company,)).fetchall(),
        db.execute("SELECT * FROM documents WHERE company_id = ?", (company,)).fetchall(),
    )


def _secrets(emulator: Emulator) -> set[str]:
    """Return texts of the second company that no request of the first carries."""
    rows = [*emulator.rows("enrich_leads", company_id=emulator.other.company_id)]
    emails = {msgspec.json.decode(row).get("email") for row in rows}
    return {CANARY, *(str(email) for email in emails if email)} - {""}


@pytest.mark.parametrize("endpoint", [pytest.param(e, id=f"{e.method} {e.path}") for e in API])
async def test_nothing_crosses(sides: Sides, endpoint: Endpoint) -> None:
    """The answer is 404, 403, 400 or holds nothing of theirs; and all of theirs stays as it was."""
    before, secrets = _state(sides.emulator), _secrets(sides.emulator)
    assert len(sides.ids) > len(MADE)
    for identifier in sorted(sides.ids):
        for path, options in _attempts(endpoint, identifier, sides.own):
            status, text = await sides.send(sides.ours, endpoint.method, path, **options)
            assert status < 500, text
            found = [secret for secret in secrets if secret in text]
            assert not found, (path, options, text)
    assert _state(sides.emulator) == before


def test_they_have_one_of_everything() -> None:
    """What the second company never made could not cross."""
    by_hand = {"/api/clients", "/api/leads", "/api/company"}
    created = {endpoint.path for endpoint in API if endpoint.status == 201}
    assert created <= by_hand | {path for path, _ in MADE}


async def test_they_see_it_themselves(sides: Sides) -> None:
    """What is looked for above is there for its own company to see."""
    lists = [path for path, _ in MADE if any((e.method, e.path) == ("GET", path) for e in API)]
    assert len(lists) >= 9
    for path in [*lists, "/api/clients", "/api/leads"]:
        texts = [
            (await sides.send(sides.theirs, "GET", path, params={"client_id": identifier}))[1]
            for identifier in sides.ids
        ]
        assert any(CANARY in text for text in texts), path
