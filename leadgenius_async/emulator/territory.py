"""The companies that a client's leads work for: figures of the stored leads, and what was saved.

How the service counts is not documented: a lead is qualified by its status, its score is
`aiLeadScore`, and its last activity is its last engagement or its last change.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from leadgenius_async.emulator.documents import Documents
from leadgenius_async.emulator.leads import Lead, Leads

#: What of a lead the figures need.
_FIELDS = (
    "companyName", "industry", "country", "status", "aiLeadScore", "lastEngagementAt", "updatedAt",
)  # fmt: skip
_QUALIFIED = "qualified"


class SavedCompany(msgspec.Struct):
    """A company as somebody saved it; what is unset comes from the leads."""

    id: str
    client_id: str
    companyName: str
    industry: str | msgspec.UnsetType | None = msgspec.UNSET
    country: str | msgspec.UnsetType | None = msgspec.UNSET


class TerritoryCompany(msgspec.Struct):
    """A company with the figures of its leads."""

    id: str
    companyName: str
    industry: str | None
    country: str | None
    totalLeads: int
    qualifiedLeads: int
    averageLeadScore: float | None
    lastActivityDate: str | None
    client_id: str


@dataclass(slots=True)
class _Figures:
    """What the leads of one company add up to."""

    name: str
    industry: str | None = None
    country: str | None = None
    total: int = 0
    qualified: int = 0
    scores: list[float] = field(default_factory=list)
    last: str | None = None

    def count(self, lead: Lead) -> None:
        """Add a lead."""
        self.total += 1
        self.qualified += lead.get("status") == _QUALIFIED
        self.industry = self.industry or _text(lead.get("industry"))
        self.country = self.country or _text(lead.get("country"))
        if (score := _score(lead.get("aiLeadScore"))) is not None:
            self.scores.append(score)
        moments = (self.last, _text(lead.get("lastEngagementAt")), _text(lead.get("updatedAt")))
        self.last = max(filter(None, moments), default=None)

    @property
    def average(self) -> float | None:
        """Mean of the scores, to one decimal."""
        return round(sum(self.scores) / len(self.scores), 1) if self.scores else None


class Territory:
    """The territory of one client.

    Args:
        leads: Where the leads are.
        documents: Where saved companies are.
        company_id: The tenant.
        client_id: The client.
    """

    def __init__(self, leads: Leads, documents: Documents, company_id: str, client_id: str) -> None:
        self._leads = leads
        self._documents = documents
        self._company_id = company_id
        self._client_id = client_id

    def companies(self) -> list[TerritoryCompany]:
        """The companies: those that were saved, then those that only leads name."""
        leads = self._leads.each(self._company_id, self._client_id, _FIELDS)
        figures = {self._id(each.name): each for each in _count(leads)}
        listed = self._documents.all(
            SavedCompany, self._company_id, lambda each: each.client_id == self._client_id
        )
        saved = {each.id: each for each in listed}
        return [
            _company(saved.get(each) or self._blank(figures[each].name), figures.get(each))
            for each in dict.fromkeys([*saved, *figures])
        ]

    def save(self, name: str, changes: Mapping[str, Any]) -> TerritoryCompany:
        """Save a company, a new one or the one of this name, and return it."""
        blank = self._blank(name)
        saved = self._documents.get(SavedCompany, self._company_id, blank.id)
        company = msgspec.structs.replace(saved or blank, companyName=name, **changes)
        (self._documents.put if saved else self._documents.add)(self._company_id, company)
        return next(each for each in self.companies() if each.id == company.id)

    def _blank(self, name: str) -> SavedCompany:
        return SavedCompany(self._id(name), self._client_id, name)

    def _id(self, name: str) -> str:
        """The id of a company by its name, without case: the same whether it is saved or not."""
        parts = [self._company_id, self._client_id, name.strip().casefold()]
        return f"territory-{sha256(msgspec.json.encode(parts)).hexdigest()[:16]}"


def _count(leads: Iterable[Lead]) -> Iterable[_Figures]:
    """The figures of each company that leads name."""
    figures: dict[str, _Figures] = {}
    for lead in leads:
        if name := _text(lead.get("companyName")):
            figures.setdefault(name.strip().casefold(), _Figures(name)).count(lead)
    return figures.values()


def _company(saved: SavedCompany, figures: _Figures | None) -> TerritoryCompany:
    counted = figures or _Figures(saved.companyName)
    return TerritoryCompany(
        id=saved.id,
        companyName=saved.companyName,
        industry=counted.industry if saved.industry is msgspec.UNSET else saved.industry,
        country=counted.country if saved.country is msgspec.UNSET else saved.country,
        totalLeads=counted.total,
        qualifiedLeads=counted.qualified,
        averageLeadScore=counted.average,
        lastActivityDate=counted.last,
        client_id=saved.client_id,
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _score(value: object) -> float | None:
    """A score as it was seen: a number, its digits, or an object that has it."""
    if isinstance(value, dict):
        value = value.get("ai_score")
    try:
        score = msgspec.convert(value, float, strict=False)
    except msgspec.ValidationError:
        return None
    return score if math.isfinite(score) else None
