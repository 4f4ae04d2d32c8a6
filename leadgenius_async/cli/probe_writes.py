"""The facts that `leadgenius selftest --probe --yes` writes for: in clients of its own.

They are looked at in this order, each with what those before it have made.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping

import anyio

from leadgenius_async.cli.probe import Fact, Otherwise, Probe, expect, need
from leadgenius_async.cli.probe_wire import Answer, NotTried

_LOOK_AGAIN = 1.0  # seconds, and then twice as many each time
#: Leads of a batch that is above the most.
_TOO_MANY = 101
_BATCH = 3


class Writes:
    """What is written to look at facts, and deleted afterwards.

    Args:
        probe: The account.

    Attributes:
        name: How the clients' names begin, unlike any other.
    """

    def __init__(self, probe: Probe) -> None:
        self.name: str = f"probe-{int(time.time())}-{secrets.token_hex(3)}"
        self._probe = probe
        self._client_id = ""
        self._other_id = ""
        self._lead_id = ""

    @property
    def facts(self) -> list[Fact]:
        """The facts, in the order in which they need each other."""
        return [
            _fact("a client that is made", "201", self._make_client),
            _fact("a single create of a lead", "201", self._create),
            _fact("a read after a write", "shown within seconds", self._read_lag),
            _fact("an e-mail that the client has", "409 already_exists", self._duplicate),
            _fact("find, in other capitals", "found", self._find_by_case),
            _fact("an empty text", "500", self._empty_text),
            _fact("a batch of leads", "stored as it was answered", self._batch),
            _fact("an e-mail that the client has, in a batch", "in `skipped`", self._skipped),
            _fact("a batch of 101 leads", "400", self._large_batch),
            _fact("an update of an unknown id", "404", self._update_unknown),
            _fact("a deletion of an unknown id", "404", self._delete_unknown),
            _fact("an update of client_id", "moves the lead", self._move),
        ]

    async def _make_client(self, _: Probe) -> str:
        answer = await self._ask("POST", "/clients", {"clientName": self.name})
        said = expect(answer, 201)
        self._client_id = _id_of(answer, "client", "client_id")
        return said

    async def _create(self, _: Probe) -> str:
        answer = await self._post(self._lead("one"))
        said = expect(answer, 201)
        self._lead_id = _id_of(answer, "lead", "id")
        return said

    async def _read_lag(self, _: Probe) -> str:
        self._need_lead()
        found, waited = await self._see({self._address("one")})
        if not found:
            raise Otherwise(f"not after {waited:.0f} s")
        return f"after {waited:.0f} s"

    async def _duplicate(self, _: Probe) -> str:
        self._need_lead()
        return expect(await self._post(self._lead("one")), 409)

    async def _find_by_case(self, _: Probe) -> str:
        self._need_lead()
        email = self._address("one").upper()
        answer = await self._ask("GET", "/find-lead", email=email, client_id=self._client_id)
        return expect(answer, 200)

    async def _empty_text(self, _: Probe) -> str:
        return expect(await self._post({**self._lead("empty"), "title": ""}), 500)

    async def _batch(self, _: Probe) -> str:
        said = need(await self._post_batch([f"batch-{n}" for n in range(_BATCH)])).members
        created = said.get("created")
        found, _waited = await self._see({self._address(f"batch-{n}") for n in range(_BATCH)})
        if len(found) != created:
            raise Otherwise(f"{len(found)} of {_BATCH} are stored, and {created} were said to be")
        return f"{len(found)} of {_BATCH}"

    async def _skipped(self, _: Probe) -> str:
        self._need_lead()
        skipped = need(await self._post_batch(["one"])).members.get("skipped")
        if not skipped:
            raise Otherwise("it is created again")
        return ""

    async def _large_batch(self, _: Probe) -> str:
        return expect(await self._post_batch([f"many-{n}" for n in range(_TOO_MANY)]), 400)

    async def _update_unknown(self, _: Probe) -> str:
        body = {"id": f"{self.name}-nobody", "title": "CTO"}
        return expect(await self._ask("PUT", "/leads", body), 404)

    async def _delete_unknown(self, _: Probe) -> str:
        return expect(await self._ask("DELETE", "/leads", id=f"{self.name}-nobody"), 404)

    async def _move(self, _: Probe) -> str:
        self._need_lead()
        other = need(await self._ask("POST", "/clients", {"clientName": f"{self.name}-b"}))
        self._other_id = _id_of(other, "client", "client_id")
        need(await self._ask("PUT", "/leads", {"id": self._lead_id, "client_id": self._other_id}))
        answer = need(await self._ask("GET", f"/enrich-leads/{self._lead_id}"))
        if _member(answer, "lead").get("client_id") != self._other_id:
            raise Otherwise("it keeps its own")
        return ""

    async def clean_up(self) -> str:
        """Delete what was made, and return what is left, empty for nothing.

        Clients are looked up by their name: the answer to a create may have been lost.
        """
        left = ""
        with anyio.CancelScope(shield=True):
            try:
                left = await self._delete_all()
            except (NotTried, Otherwise) as error:
                left = f"clients named {self.name} may be left ({error})"
        return left

    async def _delete_all(self) -> str:
        for client in await self._clients():
            # With its leads, which a list may not show yet.
            query = {"id": str(client["id"]), "purge": "true"}
            need(await self._probe.ask("DELETE", "/clients", query=query))
        return f"clients named {self.name} are left" if await self._clients() else ""

    async def _see(self, emails: set[str]) -> tuple[set[str], float]:
        """Look until leads are listed, ever more seldom; return which are, and the seconds."""
        began, pause = anyio.current_time(), _LOOK_AGAIN
        while True:
            found = {
                str(each.get("email")) for each in await self._listed(self._client_id)
            } & emails
            waited = anyio.current_time() - began
            if found == emails or waited + pause > self._probe.settle:
                return found, waited
            await anyio.sleep(pause)
            pause *= 2

    async def _clients(self) -> list[dict[str, object]]:
        found = need(await self._ask("GET", "/clients")).listed("clients")
        return [each for each in found if str(each.get("clientName")).startswith(self.name)]

    async def _listed(self, client_id: str) -> list[dict[str, object]]:
        answer = await self._ask("GET", "/leads", client_id=client_id, limit="1000")
        return need(answer).listed("leads")

    async def _ask(self, method: str, path: str, json: object = None, **query: str) -> Answer:
        return await self._probe.ask(method, path, json=json, query=query)

    async def _post(self, lead: Mapping[str, str]) -> Answer:
        self._need_client()
        return await self._ask("POST", "/leads", lead)

    async def _post_batch(self, labels: list[str]) -> Answer:
        self._need_client()
        return await self._ask("POST", "/leads", {"leads": [self._lead(each) for each in labels]})

    def _lead(self, label: str) -> dict[str, str]:
        return {
            "client_id": self._client_id,
            "firstName": "Probe",
            "lastName": label.title(),
            "email": self._address(label),
        }

    def _address(self, label: str) -> str:
        return f"{label}@{self.name}.example"

    def _need_client(self) -> None:
        if not self._client_id:
            raise NotTried("no client was made")

    def _need_lead(self) -> None:
        if not self._lead_id:
            raise NotTried("no lead was made")


def _fact(name: str, assumed: str, look: Callable[[Probe], Awaitable[str]]) -> Fact:
    return Fact(name, assumed, look)


def _member(answer: Answer, name: str) -> dict[str, object]:
    found = answer.members.get(name)
    return found if isinstance(found, dict) else {}


def _id_of(answer: Answer, name: str, member: str) -> str:
    found = _member(answer, name).get(member)
    if not isinstance(found, str):
        raise Otherwise(f"without `{name}.{member}`")
    return found
