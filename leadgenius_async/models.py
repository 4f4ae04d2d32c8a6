"""The public names of all payload structs."""

from leadgenius_async._accounts.report import (
    TenantReport as TenantReport,
    TenantsReport as TenantsReport,
)
from leadgenius_async._extract.options import (
    ExportOptions as ExportOptions,
    TenantOptions as TenantOptions,
)
from leadgenius_async._extract.report import (
    CompactReport as CompactReport,
    ExportEstimate as ExportEstimate,
    ExportReport as ExportReport,
    Pace as Pace,
    PartitionReport as PartitionReport,
    PartReport as PartReport,
    Progress as Progress,
)
from leadgenius_async._extract.scan import Scan as Scan
from leadgenius_async._http.call import Reply as Reply
from leadgenius_async._lead_structs import EnrichLead as EnrichLead, SourceLead as SourceLead
from leadgenius_async._report.figures import DatasetReport as DatasetReport
from leadgenius_async._resources.admin import User as User
from leadgenius_async._resources.analytics import Pipeline as Pipeline
from leadgenius_async._resources.api_keys import ApiKey as ApiKey, NewApiKey as NewApiKey
from leadgenius_async._resources.auth import Login as Login
from leadgenius_async._resources.campaigns import Campaign as Campaign
from leadgenius_async._resources.clients import Client as Client
from leadgenius_async._resources.company import Company as Company
from leadgenius_async._resources.email import (
    EmailCheck as EmailCheck,
    EmailVerification as EmailVerification,
)
from leadgenius_async._resources.enrichment import EnrichmentJob as EnrichmentJob
from leadgenius_async._resources.import_options import (
    ImportOptions as ImportOptions,
    UpsertOptions as UpsertOptions,
)
from leadgenius_async._resources.integrations import (
    ChatReply as ChatReply,
    Scrape as Scrape,
    ScrapeStatus as ScrapeStatus,
    UnipileAccount as UnipileAccount,
)
from leadgenius_async._resources.lead_bulk import InvisibleLeads as InvisibleLeads
from leadgenius_async._resources.leads import BatchCreated as BatchCreated
from leadgenius_async._resources.listing import Listing as Listing, Page as Page
from leadgenius_async._resources.maintenance import MaintenanceReport as MaintenanceReport
from leadgenius_async._resources.processing import (
    LeadReport as LeadReport,
    Processing as Processing,
)
from leadgenius_async._resources.purge import PurgeReport as PurgeReport
from leadgenius_async._resources.search_history import Search as Search
from leadgenius_async._resources.tasks import TaskRun as TaskRun
from leadgenius_async._resources.territory import TerritoryCompany as TerritoryCompany
from leadgenius_async._resources.webhooks import (
    CreatedWebhook as CreatedWebhook,
    Webhook as Webhook,
)
from leadgenius_async._settings_structs import (
    AgentSettings as AgentSettings,
    SdrSettings as SdrSettings,
    UrlSettings as UrlSettings,
)
from leadgenius_async._writes.change_report import (
    BulkChanges as BulkChanges,
    ChangeProgress as ChangeProgress,
    ChangeResult as ChangeResult,
)
from leadgenius_async._writes.report import (
    BulkPreview as BulkPreview,
    BulkProgress as BulkProgress,
    BulkReport as BulkReport,
    RowChange as RowChange,
    RowResult as RowResult,
)

__all__ = [
    "AgentSettings",
    "ApiKey",
    "BatchCreated",
    "BulkChanges",
    "BulkPreview",
    "BulkProgress",
    "BulkReport",
    "Campaign",
    "ChangeProgress",
    "ChangeResult",
    "ChatReply",
    "Client",
    "CompactReport",
    "Company",
    "CreatedWebhook",
    "DatasetReport",
    "EmailCheck",
    "EmailVerification",
    "EnrichLead",
    "EnrichmentJob",
    "ExportEstimate",
    "ExportOptions",
    "ExportReport",
    "ImportOptions",
    "InvisibleLeads",
    "LeadReport",
    "Listing",
    "Login",
    "MaintenanceReport",
    "NewApiKey",
    "Pace",
    "Page",
    "PartReport",
    "PartitionReport",
    "Pipeline",
    "Processing",
    "Progress",
    "PurgeReport",
    "Reply",
    "RowChange",
    "RowResult",
    "Scan",
    "Scrape",
    "ScrapeStatus",
    "SdrSettings",
    "Search",
    "SourceLead",
    "TaskRun",
    "TenantOptions",
    "TenantReport",
    "TenantsReport",
    "TerritoryCompany",
    "UnipileAccount",
    "UpsertOptions",
    "UrlSettings",
    "User",
    "Webhook",
]
