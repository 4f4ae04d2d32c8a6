# Generated from _fields.py by tests/settings_stub.py; a test holds the two equal.

from typing import TypedDict

from leadgenius_async._http.record import Record
from leadgenius_async._secret import Secret

class UrlSettings(Record, kw_only=True):
    id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    companyUrl: str | None = None
    emailFinder: str | None = None
    enrichment1: str | None = None
    enrichment2: str | None = None
    enrichment3: str | None = None
    enrichment4: str | None = None
    enrichment5: str | None = None
    enrichment6: str | None = None
    enrichment7: str | None = None
    enrichment8: str | None = None
    enrichment9: str | None = None
    enrichment10: str | None = None
    companyUrl_Apikey: str | None = None
    emailFinder_Apikey: str | None = None
    enrichment1_Apikey: str | None = None
    enrichment2_Apikey: str | None = None
    enrichment3_Apikey: str | None = None
    enrichment4_Apikey: str | None = None
    enrichment5_Apikey: str | None = None
    enrichment6_Apikey: str | None = None
    enrichment7_Apikey: str | None = None
    enrichment8_Apikey: str | None = None
    enrichment9_Apikey: str | None = None
    enrichment10_Apikey: str | None = None

class AgentSettings(Record, kw_only=True):
    id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    projectId: str | None = None
    enrichment1AgentId: str | None = None
    enrichment2AgentId: str | None = None
    enrichment3AgentId: str | None = None
    enrichment4AgentId: str | None = None
    enrichment5AgentId: str | None = None
    enrichment6AgentId: str | None = None
    enrichment7AgentId: str | None = None
    enrichment8AgentId: str | None = None
    enrichment9AgentId: str | None = None
    enrichment10AgentId: str | None = None

class SdrSettings(Record, kw_only=True):
    id: str | None = None
    createdAt: str | None = None
    updatedAt: str | None = None
    projectId: str | None = None
    message1AgentId: str | None = None
    message2AgentId: str | None = None
    message3AgentId: str | None = None
    message4AgentId: str | None = None
    message5AgentId: str | None = None
    message6AgentId: str | None = None
    message7AgentId: str | None = None
    message8AgentId: str | None = None
    message9AgentId: str | None = None
    message10AgentId: str | None = None
    aiLeadScoreAgentId: str | None = None
    aiQualificationAgentId: str | None = None
    aiNextActionAgentId: str | None = None
    aiColdEmailAgentId: str | None = None
    aiInterestAgentId: str | None = None
    aiLinkedinConnectAgentId: str | None = None
    aiCompetitorAnalysisAgentId: str | None = None
    aiEngagementLevelAgentId: str | None = None
    aiPurchaseWindowAgentId: str | None = None
    aiDecisionMakerRoleAgentId: str | None = None
    aiSentimentAgentId: str | None = None
    aiSocialEngagementAgentId: str | None = None
    aiNurturingStageAgentId: str | None = None
    aiBudgetEstimationAgentId: str | None = None
    aiRiskScoreAgentId: str | None = None
    aiProductFitScoreAgentId: str | None = None

class UrlFields(TypedDict, total=False):
    companyUrl: str | None
    emailFinder: str | None
    enrichment1: str | None
    enrichment2: str | None
    enrichment3: str | None
    enrichment4: str | None
    enrichment5: str | None
    enrichment6: str | None
    enrichment7: str | None
    enrichment8: str | None
    enrichment9: str | None
    enrichment10: str | None
    companyUrl_Apikey: str | Secret | None
    emailFinder_Apikey: str | Secret | None
    enrichment1_Apikey: str | Secret | None
    enrichment2_Apikey: str | Secret | None
    enrichment3_Apikey: str | Secret | None
    enrichment4_Apikey: str | Secret | None
    enrichment5_Apikey: str | Secret | None
    enrichment6_Apikey: str | Secret | None
    enrichment7_Apikey: str | Secret | None
    enrichment8_Apikey: str | Secret | None
    enrichment9_Apikey: str | Secret | None
    enrichment10_Apikey: str | Secret | None

class AgentFields(TypedDict, total=False):
    projectId: str | None
    enrichment1AgentId: str | None
    enrichment2AgentId: str | None
    enrichment3AgentId: str | None
    enrichment4AgentId: str | None
    enrichment5AgentId: str | None
    enrichment6AgentId: str | None
    enrichment7AgentId: str | None
    enrichment8AgentId: str | None
    enrichment9AgentId: str | None
    enrichment10AgentId: str | None

class SdrFields(TypedDict, total=False):
    projectId: str | None
    message1AgentId: str | None
    message2AgentId: str | None
    message3AgentId: str | None
    message4AgentId: str | None
    message5AgentId: str | None
    message6AgentId: str | None
    message7AgentId: str | None
    message8AgentId: str | None
    message9AgentId: str | None
    message10AgentId: str | None
    aiLeadScoreAgentId: str | None
    aiQualificationAgentId: str | None
    aiNextActionAgentId: str | None
    aiColdEmailAgentId: str | None
    aiInterestAgentId: str | None
    aiLinkedinConnectAgentId: str | None
    aiCompetitorAnalysisAgentId: str | None
    aiEngagementLevelAgentId: str | None
    aiPurchaseWindowAgentId: str | None
    aiDecisionMakerRoleAgentId: str | None
    aiSentimentAgentId: str | None
    aiSocialEngagementAgentId: str | None
    aiNurturingStageAgentId: str | None
    aiBudgetEstimationAgentId: str | None
    aiRiskScoreAgentId: str | None
    aiProductFitScoreAgentId: str | None
