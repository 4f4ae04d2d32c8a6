"""The public names of all payload structs."""

from leadgenius_async._extract.report import (
    ExportReport as ExportReport,
    PartitionReport as PartitionReport,
    PartReport as PartReport,
    Progress as Progress,
)
from leadgenius_async._http.call import Reply as Reply
from leadgenius_async._lead_structs import EnrichLead as EnrichLead, SourceLead as SourceLead
from leadgenius_async._resources.auth import Login as Login
from leadgenius_async._resources.clients import Client as Client
from leadgenius_async._resources.company import Company as Company
from leadgenius_async._resources.listing import Listing as Listing, Page as Page

__all__ = [
    "Client",
    "Company",
    "EnrichLead",
    "ExportReport",
    "Listing",
    "Login",
    "Page",
    "PartReport",
    "PartitionReport",
    "Progress",
    "Reply",
    "SourceLead",
]
