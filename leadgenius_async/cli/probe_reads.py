"""The facts that `leadgenius selftest --probe` reads: nothing is changed by looking at them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from leadgenius_async.cli.probe import By, Fact, Otherwise, Probe, expect, need
from leadgenius_async.cli.probe_wire import Answer, NotTried, names

_BULK = "/enrich-leads/list"
_MOST_ROWS = 5_000
_SKEW = 60.0  # seconds
_MINUTE = 60
#: States of background runs that the package knows.
_STATES = {"QUEUED", "EXECUTING", "COMPLETED", "FAILED", "CANCELED"}

READS: list[Fact] = []

Look = Callable[[Probe], Awaitable[str]]


def _fact(name: str, assumed: str) -> Callable[[Look], Look]:
    def add(look: Look) -> Look:
        READS.append(Fact(name, assumed, look))
        return look

    return add


async def _get(probe: Probe, path: str, **query: str) -> Answer:
    return await probe.ask("GET", path, query=query)


async def _bulk(probe: Probe, *, by: By | None = None, **query: str) -> Answer:
    if not probe.company_id:
        raise NotTried("the company is not known: no client names it")
    return await probe.ask("GET", _BULK, by=by, query={"companyId": probe.company_id, **query})


@_fact("clients by an API key", "taken")
async def _clients_by_key(probe: Probe) -> str:
    return expect(await probe.ask("GET", "/clients", by="key"), 200)


@_fact("clients by a login", "taken")
async def _clients_by_login(probe: Probe) -> str:
    return expect(await probe.ask("GET", "/clients", by="login"), 200)


@_fact("company by an API key", "401")
async def _company_by_key(probe: Probe) -> str:
    return expect(await probe.bare("/company", probe.key_headers()), 401)


@_fact("shape of the company", "`company` with company_id, else id")
async def _company_shape(probe: Probe) -> str:
    company = need(await probe.ask("GET", "/company", by="login")).members.get("company")
    if not isinstance(company, dict):
        raise Otherwise("no `company`")
    found = [name for name in ("company_id", "id") if company.get(name)]
    if not found:
        raise Otherwise(f"its members are {names(company)}")
    return f"has {' and '.join(found)}"


@_fact("bulk list by an API key", "taken")
async def _bulk_by_key(probe: Probe) -> str:
    return expect(await _bulk(probe, by="key", limit="1", fields="id"), 200)


@_fact("bulk list by a login", "401")
async def _bulk_by_login(probe: Probe) -> str:
    return expect(await _bulk(probe, by="login", limit="1", fields="id"), 401)


@_fact("a company that is not the account's", "403, or 200 without rows")
async def _foreign_company(probe: Probe) -> str:
    company = f"probe-{secrets.token_hex(4)}"
    answer = await probe.ask(
        "GET", _BULK, query={"companyId": company, "limit": "1", "fields": "id"}
    )
    if answer.listed("data"):
        raise Otherwise("200 with rows")
    return expect(answer, 200, 403) + (" without rows" if answer.status == 200 else "")


@_fact("`fields` is kept to", "no other members, but for id")
async def _projection(probe: Probe) -> str:
    rows = need(await _bulk(probe, limit="5", fields="id,status")).listed("data")
    if not rows:
        raise NotTried("there are no rows")
    if others := {name: None for row in rows for name in row if name not in {"id", "status"}}:
        raise Otherwise(f"also {names(others)}")
    return f"in {len(rows)} rows"


@_fact("an unknown name in `fields`", "ignored")
async def _unknown_field(probe: Probe) -> str:
    return expect(await _bulk(probe, limit="1", fields="id,noSuchFieldOfAll"), 200)


@_fact("a page above 5,000 rows", "400")
async def _page_above_the_most(probe: Probe) -> str:
    answer = await _bulk(probe, limit=str(_MOST_ROWS + 1), fields="id")
    if answer.status == 200:
        raise Otherwise(f"200 with {len(answer.listed('data')):,} rows")
    return expect(answer, 400)


@_fact("a page of 5,000 whole rows", "413 or 504 above about 6 MB")
async def _large_page(probe: Probe) -> str:
    answer = await _bulk(probe, limit=str(_MOST_ROWS))
    if answer.status == 200 and not answer.members.get("nextToken"):
        raise NotTried(f"there are {len(answer.listed('data')):,} rows alone")
    if answer.status == 200:
        raise Otherwise(f"200 with {len(answer.listed('data')):,} rows")
    return expect(answer, 413, 504)


@_fact("a page token that is none", "400")
async def _wrong_token(probe: Probe) -> str:
    return expect(await _bulk(probe, limit="1", fields="id", nextToken="no-token"), 400)


@_fact("`clientSummary` of a page", "rows of the page by client")
async def _client_summary(probe: Probe) -> str:
    members = need(await _bulk(probe, limit="5", fields="id")).members
    meta, rows = members.get("meta"), len(members.get("data") or [])
    summary = meta.get("clientSummary") if isinstance(meta, dict) else None
    if not isinstance(summary, dict):
        raise Otherwise("it is not there")
    counts = [count for count in summary.values() if isinstance(count, int)]
    if sum(counts) != rows:
        raise Otherwise(f"its counts make {sum(counts):,}, the page has {rows:,} rows")
    return f"{rows:,} rows"


@_fact("a client looked up by its client_id", "found")
async def _client_by_client_id(probe: Probe) -> str:
    client_id = await _a_client(probe)
    found = need(await _get(probe, "/clients", clientId=client_id)).listed("clients")
    if [each.get("client_id") for each in found] != [client_id]:
        raise Otherwise(f"{len(found):,} clients")
    return ""


@_fact("`total` of a list of leads", "rows of the page, not of all")
async def _total_of_a_page(probe: Probe) -> str:
    client_id = await _a_client(probe)
    members = need(await _get(probe, "/leads", client_id=client_id, limit="1")).members
    if not (members.get("nextToken") or members.get("lastKey")):
        raise NotTried("the first client has one lead at the most")
    if members.get("total") != 1:
        raise Otherwise("it is the number of all")
    return f"the token is {'nextToken' if members.get('nextToken') else 'lastKey'}"


@_fact("a page of a search beyond its end", "200, empty")
async def _beyond_the_end(probe: Probe) -> str:
    answer = await _get(probe, "/leads", page="100000", pageSize="1")
    if answer.listed("data"):
        raise Otherwise("200 with rows")
    return expect(answer, 200)


@_fact("a page of a search above 100", "400")
async def _search_above_the_most(probe: Probe) -> str:
    answer = await _get(probe, "/leads", pageSize="101")
    if answer.status == 200:
        raise Otherwise(f"200 with {len(answer.listed('data')):,} rows")
    return expect(answer, 400)


@_fact("a lead of an unknown id", "404 not_found")
async def _unknown_lead(probe: Probe) -> str:
    answer = await probe.ask("GET", f"/enrich-leads/probe-{secrets.token_hex(4)}")
    said = expect(answer, 404)
    if answer.members.get("errorType") != "not_found":
        raise Otherwise(said)
    return ""


@_fact("find without a match", "404")
async def _find_nobody(probe: Probe) -> str:
    email = f"nobody@probe-{secrets.token_hex(4)}.example"
    return expect(await _get(probe, "/find-lead", email=email), 404)


@_fact("a token that is none", "401")
async def _garbage_token(probe: Probe) -> str:
    return expect(await probe.bare("/clients", {"Authorization": "Bearer no-token"}), 401)


@_fact("no credentials", "401 no_valid_credentials")
async def _no_credentials(probe: Probe) -> str:
    answer = await probe.bare("/clients", {})
    if answer.members.get("errorType") != "no_valid_credentials":
        raise Otherwise(answer.said)
    return expect(answer, 401)


@_fact("an API key without its user id", "401")
async def _key_without_user(probe: Probe) -> str:
    headers = {"x-api-key": probe.key_headers()["x-api-key"]}
    return expect(await probe.bare("/clients", headers), 401)


@_fact("shape of a 401", "error, errorType, details and recommendation")
async def _shape_of_401(probe: Probe) -> str:
    answer = await probe.bare("/clients", {})
    if answer.status != 401:
        raise NotTried(f"answered {answer.said}")
    wanted = ("success", "error", "errorType", "details", "recommendation")
    if missing := [name for name in wanted if name not in answer.members]:
        raise Otherwise(f"without {' and '.join(missing)}")
    return names(answer.members)


@_fact("a list of webhooks", "without their URLs")
async def _webhook_urls(probe: Probe) -> str:
    members = need(await probe.ask("GET", "/webhook-workbench")).members
    listed = Answer(200, {}, members).listed("webhooks")
    if not listed:
        raise NotTried("there are no webhooks")
    if any(each.get("webhookUrl") for each in listed):
        raise Otherwise("with webhookUrl")
    return ""


@_fact("the list of all users", "403, but for an admin")
async def _admins_alone(probe: Probe) -> str:
    answer = await probe.ask("GET", "/admin/users", by="login")
    if answer.status == 200:
        raise NotTried("the login is an admin's")
    return expect(answer, 403)


@_fact("states of background runs", "QUEUED, EXECUTING, COMPLETED, FAILED, CANCELED")
async def _run_states(probe: Probe) -> str:
    runs = need(await _get(probe, "/trigger-recent-runs", limit="100")).listed("runs")
    if not runs:
        raise NotTried("there are no runs")
    unknown = {str(each.get("status")): None for each in runs if each.get("status") not in _STATES}
    if unknown:
        raise Otherwise(f"also {names(unknown)}")
    return f"of {len(runs):,} runs"


@_fact("the rate limit", "100 or 1,000 a minute, in X-RateLimit-Limit")
async def _rate_limit(probe: Probe) -> str:
    found = _rate_headers(probe)
    if not found:
        raise Otherwise(_no_headers(probe))
    limit = found[-1][0]
    if limit not in {"100", "1000"}:
        raise Otherwise(limit)
    return limit


@_fact("the end of the window", "X-RateLimit-Reset in epoch seconds")
async def _reset_form(probe: Probe) -> str:
    found = _rate_headers(probe)
    if not found:
        raise Otherwise(_no_headers(probe))
    form = _form(float(found[-1][1]))
    if form != "epoch seconds":
        raise Otherwise(form)
    return ""


@_fact("the window", "not known: right under both")
async def _window(probe: Probe) -> str:
    found = [float(reset) for _, reset in _rate_headers(probe)]
    if not found:
        raise NotTried("no header tells of it")
    if _form(found[-1]) != "epoch seconds":
        raise NotTried("it is not told in epoch seconds")
    if all(reset % _MINUTE == 0 for reset in found):
        return "it ends on the minute: fixed, by the clock, or by chance, as one in 60"
    if found[0] == found[-1]:
        return "its end stays: it began with a request"
    return "its end moves: it slides"


@_fact("answers that are compressed", "gzip, where it is asked for")
async def _compressed(probe: Probe) -> str:
    found = {headers.get("content-encoding", "") for _, headers in probe.wire.answers} - {""}
    if not found:
        raise Otherwise("none is")
    return names(dict.fromkeys(found))


@_fact("ETag of an answer", "none")
async def _etag(probe: Probe) -> str:
    if any("etag" in headers for _, headers in probe.wire.answers):
        raise Otherwise("there is one")
    return ""


@_fact("the service's clock", "within a minute of this machine's")
async def _clock(probe: Probe) -> str:
    _, headers = probe.wire.answers[-1]
    try:
        off = time.time() - parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError, OSError):
        raise NotTried("no usable Date header") from None
    if abs(off) > _SKEW:
        raise Otherwise(f"{abs(off):.0f} s {'behind' if off > 0 else 'ahead'}")
    return ""


async def _a_client(probe: Probe) -> str:
    if not probe.client_id:
        raise NotTried("there are no clients")
    return probe.client_id


def _no_headers(probe: Probe) -> str:
    drafts = any("ratelimit-limit" in headers for _, headers in probe.wire.answers)
    return "RateLimit-Limit and its like" if drafts else "no such header"


def _rate_headers(probe: Probe) -> list[tuple[str, str]]:
    """Return limit and reset of all answers that tell both as numbers."""
    found = (_rate_of(headers) for _, headers in probe.wire.answers)
    return [each for each in found if each]


def _rate_of(headers: Mapping[str, Any]) -> tuple[str, str] | None:
    limit, reset = (str(headers.get(f"x-ratelimit-{name}", "")) for name in ("limit", "reset"))
    return (limit, reset) if limit.isdecimal() and reset.isdecimal() else None


def _form(reset: float) -> str:
    now = time.time()
    if reset < now / 1_000:
        return "seconds to go"
    return "epoch milliseconds" if reset > now * 100 else "epoch seconds"
