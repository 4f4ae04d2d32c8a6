"""The short part of sample rows: identity, person, company and scrape fields as JSON members.

Fields that belong together (city and country, a company and its domain) are made once as
fragments of JSON, so that a row is one formatted string: a million rows take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

import msgspec

from leadgenius_async.emulator.sample import words
from leadgenius_async.emulator.sample.texts import (
    COMPANIES,
    company_index,
    first_name_index,
    moment,
)

_STATUSES = ("new", "contacted", "qualified", "nurture", "won", "lost")
_SOURCES = ("apollo", "webinar", "import", "linkedin", "referral", "trade-fair")
_MOMENTS = 4096
_RUNS = 16


def members(fields: dict[str, object]) -> str:
    """The fields as JSON members, without the braces."""
    return msgspec.json.encode(fields).decode()[1:-1]


@dataclass(frozen=True, slots=True)
class _Fragments:
    """What heads are put together from: JSON members, and times in order."""

    moments: list[str]
    companies: list[str]
    places: list[str]
    jobs: list[str]
    runs: list[str]


@lru_cache(maxsize=2)
def _fragments(seed: int) -> _Fragments:
    dice = Random(f"{seed}/heads")
    return _Fragments(
        moments=sorted(moment(dice) for _ in range(_MOMENTS)),
        companies=[_company(place, dice) for place in range(len(COMPANIES))],
        places=[_place(*place) for place in words.PLACES],
        jobs=[_job(*job) for job in words.JOBS],
        runs=[_run(dice) for _ in range(_RUNS)],
    )


class HeadMaker:
    """Formats the heads of one table's rows.

    Args:
        table: `enrich_leads` or `source_leads`.
        seed: The sample's seed.
        owner: User id of the rows' owner.
        company_id: The rows' company.
    """

    def __init__(self, table: str, seed: int, owner: str, company_id: str) -> None:
        self._owner = members({"owner": owner, "company_id": company_id})
        self._scrapes = table == "source_leads"
        self._fragments = _fragments(seed)

    def head(self, row_id: str, client_id: str, dice: int, tail: int) -> bytes:
        """The head of one row; `dice` gives 64 random bits, `tail` fixes name and company."""
        parts = self._fragments
        first, first_mail = words.FIRST_NAMES[first_name_index(tail)]
        last, last_mail = words.LAST_NAMES[dice & 63]
        company = company_index(tail)
        label = COMPANIES[company][1]
        created = dice >> 6 & 2047
        updated = created + (dice >> 17 & 2047)
        slug = f"{first_mail}.{last_mail}{dice >> 28 & 1023}"
        head = (
            f'"id":"{row_id}",{self._owner},"client_id":"{client_id}",'
            f'"createdAt":"{parts.moments[created]}","updatedAt":"{parts.moments[updated]}",'
            f'"status":"{_STATUSES[(dice >> 38 & 1023) % 6]}",'
            f'"source":"{_SOURCES[(dice >> 48 & 1023) % 6]}",'
            f'"firstName":"{first}","lastName":"{last}","fullName":"{first} {last}",'
            f'"contactName":"{first} {last}","email":"{slug}@{label}.example",'
            f'"linkedinUrl":"https://linkedin.example/in/{slug}",'
            f"{_phone(dice >> 28 & 127)}{parts.jobs[dice >> 35 & 15]},"
            f"{parts.places[dice >> 39 & 31]},{parts.companies[company]}"
        )
        if self._scrapes:
            head += f',{parts.runs[dice >> 44 & 15]},"sourceUrl":"https://directory.example/{slug}"'
        return head.encode()


def _phone(number: int) -> str:
    """A number of the range kept for fiction, with a comma behind; every fourth row has none."""
    if number >= 100:
        return '"phoneNumber":null,' if number & 1 else ""
    plain = f"+155501{number:02}"
    spaced = f"+1-555-01{number:02}"
    phone = f'"phone":"{spaced}",' if number < 5 else ""
    return f'{phone}"phoneNumber":"{spaced}","sanitizedPhoneNumber":"{plain}",'


def _company(place: int, dice: Random) -> str:
    name, label = COMPANIES[place]
    return members(
        {
            "companyName": name,
            "companyDomain": f"{label}.example",
            "companyUrl": f"https://www.{label}.example",
            "companyLinkedinUrl": f"https://linkedin.example/company/{label}",
            "industry": dice.choice(words.INDUSTRIES),
            "estimatedNumEmployees": str(dice.randint(2, 30_000)) if dice.random() < 0.8 else None,
        }
    )


def _place(city: str, state: str | None, country: str) -> str:
    if state is None:
        return members({"city": city, "state": None, "country": country})
    return members({"city": city, "state": state, "country": country})


def _job(title: str, seniority: str | None, departments: str) -> str:
    headline = f"{title} | {departments} | always learning"
    fields: dict[str, object] = {"title": title, "headline": headline, "departments": departments}
    if seniority is not None:
        fields["seniority"] = seniority
    return members(fields)


def _run(dice: Random) -> str:
    return members(
        {
            "searchHistoryId": f"search-{dice.getrandbits(40):010x}",
            "apifyActorId": f"actor-{dice.getrandbits(32):08x}",
            "runId": f"run-{dice.getrandbits(48):012x}",
            "scrapedAt": moment(dice),
        }
    )
