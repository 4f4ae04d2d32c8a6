"""The one table of lead fields: name, type, group and where the knowledge comes from.

Row structs, Arrow schemas, the emulator's tables and the reference are made from it.
Sources: `D` the platform's documentation, `O` observed in production by its users,
`A` assumed.

Nearly every field is an optional string on the wire, and text is the one type that loses
nothing: an object or a list becomes its compact JSON, a number its digits as they were sent.
A field is declared as something else only where the platform documents it so.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

FieldType = Literal["text", "number"]
Group = Literal[
    "identity", "person", "company", "notes", "enrichment", "message", "ai", "engagement",
    "settings", "scrape",
]  # fmt: skip
Source = Literal["D", "O", "A"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a lead.

    Attributes:
        name: The service's own name, as it stands in the JSON.
        type: `text` (Arrow `string`) or `number` (Arrow `float64`).
        group: What the field is about; documentation and reports are ordered by it.
        source: `D` documented, `O` observed, `A` assumed.
        why: Why the type is what it is, where that is not plain text.
    """

    name: str
    type: FieldType = "text"
    group: Group = "identity"
    source: Source = "D"
    why: str = ""


def _texts(group: Group, names: Iterable[str], source: Source = "D") -> Iterator[Field]:
    return (Field(name, "text", group, source) for name in names)


def _numbered(stem: str, last: int = 10) -> list[str]:
    return [f"{stem}{n}" for n in range(1, last + 1)]


_IDENTITY = (
    *_texts("identity", ["id", "owner", "company_id", "client_id", "createdAt", "updatedAt",
                         "status", "source"]),
)  # fmt: skip
_PERSON = (
    *_texts("person", ["firstName", "lastName", "fullName", "contactName", "email", "title",
                       "headline", "seniority", "phoneNumber", "sanitizedPhoneNumber",
                       "linkedinUrl", "city", "state", "country"]),
    *_texts("person", ["phone", "departments"], "O"),
)  # fmt: skip
_COMPANY = (
    *_texts("company", ["companyName", "companyDomain", "companyUrl", "companyLinkedinUrl",
                        "industry"]),
    *_texts("company", ["estimatedNumEmployees", "companyValueProp", "valueProposition",
                        "companyAnalysisResult"], "O"),
)  # fmt: skip

#: The AI fields that a setting can hand to an agent, in the order of the documentation.
AI_AGENT_FIELDS = (
    "aiLeadScore", "aiQualification", "aiNextAction", "aiColdEmail", "aiInterest",
    "aiLinkedinConnect", "aiCompetitorAnalysis", "aiEngagementLevel", "aiPurchaseWindow",
    "aiDecisionMakerRole", "aiSentiment", "aiSocialEngagement", "aiNurturingStage",
    "aiBudgetEstimation", "aiRiskScore", "aiProductFitScore",
)  # fmt: skip
#: Every field that holds an AI text, in the order of the documentation.
AI_FIELDS = (*AI_AGENT_FIELDS, "aiScoreJustification", "aiScoreRecommendation")

#: What `processing` can be asked for: enrichment services, copyright processes by their number,
#: and fields that agents write.
SERVICES = ("companyUrl", "emailFinder", *_numbered("enrichment"))
PROCESSES = tuple(range(1, 11))
SDR_FIELDS = (*_numbered("message"), *AI_AGENT_FIELDS)

#: What each of the three settings holds, by the last part of its path.
SETTINGS = {
    "url": (*SERVICES, *(f"{name}_Apikey" for name in SERVICES)),
    "agent": ("projectId", *(f"enrichment{n}AgentId" for n in PROCESSES)),
    "sdr-ai": ("projectId", *(f"{name}AgentId" for name in SDR_FIELDS)),
}

ENRICH_LEAD_FIELDS: tuple[Field, ...] = (
    *_IDENTITY,
    *_PERSON,
    *_COMPANY,
    Field("notes", "text", "notes"),
    *_texts("enrichment", _numbered("enrichment")),
    *_texts("enrichment", ["leadSource", "enrichmentSource", "capture_all"], "O"),
    *_texts("message", _numbered("message")),
    *_texts("ai", AI_FIELDS),
    *_texts("ai", [*_numbered("ai", 3), "aiScoreValue", "justification", "recommandation",
                   "leadQualify", "isLikelyToEngage"], "O"),
    Field("engagementScore", "number", "engagement", "D", "documented as a number"),
    Field("engagementHistory", "text", "engagement", "D", "a list or JSON text: kept as JSON text"),
    Field("lastEngagementAt", "text", "engagement"),
    *_texts("settings", ["emailFinder", "projectId",
                         *(f"{name}AgentId" for name in SDR_FIELDS)],
            "A"),
)  # fmt: skip

SOURCE_LEAD_FIELDS: tuple[Field, ...] = (
    *_IDENTITY,
    *_PERSON,
    *_COMPANY,
    *_texts("scrape", ["searchHistoryId", "apifyActorId", "runId", "scrapedAt", "sourceUrl",
                       "rawData"], "A"),
)  # fmt: skip

#: The two bulk tables by the name that the package uses for them.
TABLES: dict[str, tuple[Field, ...]] = {
    "enrich_leads": ENRICH_LEAD_FIELDS,
    "source_leads": SOURCE_LEAD_FIELDS,
}

#: Always asked for: tenant check, duplicates and sweep need them.
KEY_FIELDS = ("id", "company_id", "client_id")


def near_field(table: str, name: str) -> str | None:
    """Return the field of a table that `name` is most likely a misspelling of."""
    known = [field.name for field in TABLES[table]]
    plain = {_plain(field): field for field in known}
    if same := plain.get(_plain(name)):
        return same
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.8)
    # `enrichment11` is no misspelling of `enrichment1`: names that differ in digits alone are
    # new fields of a numbered row.
    if not close or close[0].rstrip("0123456789") == _plain(name).rstrip("0123456789"):
        return None
    return plain[close[0]]


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").replace(" ", "").lower()
