"""Which text blocks the rows of each bulk table have."""

from __future__ import annotations

from leadgenius_async._fields import AI_AGENT_FIELDS
from leadgenius_async.emulator.sample.texts import (
    Block,
    Cell,
    agent_id,
    captured,
    digits,
    engagement_history,
    letter,
    make_blocks,
    moment,
    number,
    one_of,
    scraped,
    text,
)

_MESSAGES = [f"message{n}" for n in range(1, 11)]
#: Fields that only a few leads have.
_RARE = 0.02

_COMPANY_TEXTS = (
    Cell("companyValueProp", text(1), 0.7),
    Cell("valueProposition", text(1), 0.5),
    Cell("companyAnalysisResult", text(2), 0.5),
)
_NOTES = (
    Cell("notes", text(2), 0.8),
    *_COMPANY_TEXTS,
    Cell("capture_all", captured, 0.5),
    Cell("leadSource", one_of("webinar", "outbound", "inbound", "event", "partner"), 0.8),
)
_ENRICHMENTS = (
    *(Cell(f"enrichment{n}", text(1), 0.6 if n < 4 else _RARE) for n in range(1, 11)),
    Cell("enrichmentSource", one_of("waterfall", "manual", "agent"), 0.6),
    Cell("emailFinder", one_of("verified", "catch-all", "guessed"), 0.5),
    Cell("projectId", agent_id, 0.2),
)
_MESSAGES_AND_AGENTS = (
    *(Cell(name, letter(2), 0.5 if place < 3 else _RARE) for place, name in enumerate(_MESSAGES)),
    *(Cell(f"{name}AgentId", agent_id, _RARE) for name in (*_MESSAGES, *AI_AGENT_FIELDS)),
)
_AI_OFFER = (
    Cell("aiLeadScore", digits(1, 100), 0.95),
    Cell("aiQualification", text(2), 0.9),
    Cell("aiNextAction", text(1), 0.9),
    Cell("aiColdEmail", letter(3), 0.8),
    Cell("aiInterest", text(1), 0.8),
    Cell("aiLinkedinConnect", text(2), 0.8),
    Cell("aiCompetitorAnalysis", text(1), 0.7),
    Cell("aiEngagementLevel", one_of("High", "Medium", "Low"), 0.9),
)
_AI_READING = (
    Cell("aiPurchaseWindow", one_of("0-3 months", "3-6 months", "6-12 months", "unknown"), 0.8),
    Cell("aiDecisionMakerRole", one_of("Decision maker", "Influencer", "User", "Blocker"), 0.8),
    Cell("aiSentiment", one_of("positive", "neutral", "sceptical"), 0.8),
    Cell("aiSocialEngagement", text(1), 0.5),
    Cell("aiNurturingStage", one_of("awareness", "consideration", "decision"), 0.8),
    Cell("aiBudgetEstimation", text(1), 0.6),
    Cell("aiRiskScore", digits(1, 100), 0.8),
    Cell("aiProductFitScore", digits(1, 100), 0.8),
    Cell("aiScoreJustification", text(2), 0.9),
    Cell("aiScoreRecommendation", text(1), 0.9),
)
_SCORES_AND_ENGAGEMENT = (
    Cell("ai1", text(1), 0.3),
    Cell("ai2", text(1), 0.2),
    Cell("ai3", text(1), 0.1),
    Cell("aiScoreValue", digits(1, 100), 0.7),
    Cell("justification", text(1), 0.6),
    Cell("recommandation", text(1), 0.5),
    Cell("leadQualify", one_of("qualified", "nurture", "disqualified"), 0.6),
    Cell("isLikelyToEngage", one_of("true", "false"), 0.6),
    Cell("engagementScore", number(100), 0.9),
    Cell("engagementHistory", engagement_history, 0.6),
    Cell("lastEngagementAt", moment, 0.6),
)

_PLANS: dict[str, tuple[tuple[Cell, ...], ...]] = {
    "enrich_leads": (
        _NOTES,
        _ENRICHMENTS,
        _MESSAGES_AND_AGENTS,
        _AI_OFFER,
        _AI_READING,
        _SCORES_AND_ENGAGEMENT,
    ),
    "source_leads": ((*_COMPANY_TEXTS, Cell("rawData", scraped, 0.95)),),
}


def blocks_of(table: str, seed: int) -> list[Block]:
    """The text blocks of a bulk table, the same for the same seed."""
    return make_blocks(seed, _PLANS[table])
