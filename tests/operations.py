"""Every operation of the API, and where each side of the house has it.

`python tests/operations.py` writes docs/coverage.md from this table; tests/test_operations.py
runs every example and every command that it names, and holds the page equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leadgenius_async.emulator import LoggedRequest

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        call: Method and path, as the emulator's route has them.
        sdk: The method of `LeadGenius` that sends it; its docstring has the example.
        command: The command that sends it; it is run as it stands here.
        what: What tells it apart from others of the same method and path.
        admin: Whether it takes an admin's login.
        having: A query parameter or member of the body that its form of the call has.
        lacking: One that it has not.
    """

    call: str
    sdk: str
    command: str
    what: str = ""
    admin: bool = False
    having: str = ""
    lacking: str = ""

    @property
    def name(self) -> str:
        """What the tests call it."""
        return self.sdk

    def fits(self, request: LoggedRequest) -> bool:
        """Whether a request of its method and path has its form."""
        names = {*request.query, *request.members}
        return (not self.having or self.having in names) and self.lacking not in names


_LEAD = '{"firstName": "Mia", "lastName": "Sample"}'
_URL = '{"companyUrl": "https://urls.example"}'
_AGENT = '{"enrichment1AgentId": "agent-1"}'
_SDR = '{"message1AgentId": "agent-1"}'

AUTH = [
    Operation("POST /api/auth", "auth.login", "auth login"),
    Operation("POST /api/auth/refresh", "auth.refresh", "auth login && leadgenius auth refresh"),
]
API_KEYS = [
    Operation(
        "POST /api/agent-api-keys", "api_keys.create", 'generate-key --name "Production Agent"'
    ),
    Operation("GET /api/agent-api-keys", "api_keys.list", "api-keys list"),
]
BULK = [
    Operation("GET /api/enrich-leads/list", "enrich_leads.export", "export enrich-leads --out out"),
    Operation("GET /api/source-leads/list", "source_leads.export", "export source-leads --out out"),
]
CLIENTS = [
    Operation("GET /api/clients", "clients.list", "clients list", lacking="clientId"),
    Operation(
        "GET /api/clients",
        "clients.get",
        "clients get acme-corp",
        "one, by clientId",
        having="clientId",
    ),
    Operation("POST /api/clients", "clients.create", "clients create --name Northwind"),
    Operation("PUT /api/clients", "clients.update", "clients update {client} --name Acme"),
    Operation("DELETE /api/clients", "clients.delete", "clients delete {client} --purge --yes"),
]
LEADS = [
    Operation(
        "GET /api/leads",
        "leads.list",
        "leads list --client-id acme-corp",
        "of a client",
        having="client_id",
    ),
    Operation(
        "GET /api/leads",
        "leads.search",
        'leads find --full-name "First Last"',
        "search",
        lacking="client_id",
    ),
    Operation(
        "GET /api/find-lead",
        "leads.find",
        "leads find --email ada@sample.example --client-id acme-corp",
    ),
    Operation("GET /api/enrich-leads/{id}", "leads.get", "leads get lead_1"),
    Operation("GET /api/enrich-leads/{id}", "enrich_leads.get", "leads get lead_1", "bulk section"),
    Operation(
        "PUT /api/enrich-leads/{id}",
        "enrich_leads.update",
        """leads update lead_1 --enriched --data '{"title": "CTO"}'""",
    ),
    Operation(
        "POST /api/leads",
        "leads.create",
        f"leads create --client-id acme-corp --data '{_LEAD}'",
        lacking="leads",
    ),
    Operation(
        "POST /api/leads",
        "leads.create_batch",
        f"leads create-batch --client-id acme-corp --data '[{_LEAD}]'",
        "batch",
        having="leads",
    ),
    Operation(
        "PUT /api/leads",
        "leads.update",
        """leads update lead_1 --data '{"title": "CTO"}'""",
        lacking="leads",
    ),
    Operation(
        "PUT /api/leads",
        "leads.update_batch",
        """leads update-batch --data '[{"id": "lead_1", "title": "CTO"}]'""",
        "batch",
        having="leads",
    ),
    Operation("DELETE /api/leads", "leads.delete", "leads delete lead_1 --yes", having="id"),
    Operation(
        "DELETE /api/leads",
        "leads.delete_batch",
        "leads delete lead_1 lead_2 --yes",
        "batch",
        having="ids",
    ),
]

COMPANY = [
    Operation("GET /api/company", "company.get", "company show"),
    Operation("POST /api/company", "company.create", "company create --name Northwind"),
    Operation("PUT /api/company", "company.update", "company update --name Northwind"),
]

EMAIL = [
    Operation("POST /api/email-validate", "email.validate", "email validate ada@valid.example"),
    Operation("POST /api/email-verify", "email.verify", "email verify ada@valid.example"),
]
SEARCH_HISTORY = [
    Operation("GET /api/search-history", "search_history.list", "search-history list"),
    Operation(
        "POST /api/search-history",
        "search_history.create",
        "search-history create --name Heads --client-id acme-corp --tags q3 emea",
    ),
    Operation(
        "PUT /api/search-history",
        "search_history.update",
        """search-history update search_1 --status completed --data '{"leadsFound": 120}'""",
    ),
]
SETTINGS = [
    Operation("GET /api/settings/url", "settings.url.get", "settings url show"),
    Operation("POST /api/settings/url", "settings.url.create", f"settings url set --data '{_URL}'"),
    Operation(
        "PUT /api/settings/url",
        "settings.url.update",
        f"settings url set --data '{_URL}' && leadgenius settings url set --data '{_URL}'",
    ),
    Operation("GET /api/settings/agent", "settings.agent.get", "settings agent show"),
    Operation(
        "POST /api/settings/agent", "settings.agent.create", f"settings agent set --data '{_AGENT}'"
    ),
    Operation(
        "PUT /api/settings/agent",
        "settings.agent.update",
        f"settings agent set --data '{_AGENT}' && leadgenius settings agent set --data '{_AGENT}'",
    ),
    Operation("GET /api/settings/sdr-ai", "settings.sdr_ai.get", "settings sdr-ai show"),
    Operation(
        "POST /api/settings/sdr-ai",
        "settings.sdr_ai.create",
        f"settings sdr-ai set --data '{_SDR}'",
    ),
    Operation(
        "PUT /api/settings/sdr-ai",
        "settings.sdr_ai.update",
        f"settings sdr-ai set --data '{_SDR}' && leadgenius settings sdr-ai set --data '{_SDR}'",
    ),
]

INTEGRATIONS = [
    Operation(
        "POST /api/start-lead-scrape-complete",
        "integrations.start_scrape",
        """integrations scrape --client-id acme-corp --data '{"title": "CTO"}'""",
    ),
    Operation(
        "GET /api/lead-generation-status",
        "integrations.scrape_status",
        "integrations status scrape_1",
    ),
    Operation("POST /api/epsimo-chat", "integrations.chat", 'integrations chat "Who is next?"'),
    Operation("GET /api/unipile-accounts", "integrations.accounts", "integrations accounts"),
]
WEBHOOKS = [
    Operation("GET /api/webhook-workbench", "webhooks.list", "webhooks list"),
    Operation(
        "POST /api/webhook-workbench",
        "webhooks.create",
        """webhooks create --name Replies --platform heyreach --data '{"campaignId": 7}'""",
    ),
]

ANALYTICS = [
    Operation(
        "GET /api/analytics/pipeline",
        "analytics.pipeline",
        "pipeline --start 2026-01-01 --end 2026-02-08",
    ),
]
TASKS = [
    Operation(
        "POST /api/trigger",
        "tasks.trigger",
        """tasks trigger score-leads --data '{"client_id": "acme-corp"}'""",
    ),
    Operation("GET /api/trigger-task-status", "tasks.get", "tasks get run_1"),
    Operation("GET /api/trigger-task-status", "tasks.wait", "tasks wait run_1", "to its end"),
    Operation("GET /api/trigger-recent-runs", "tasks.recent", "tasks recent --limit 5"),
]

MAINTENANCE = [
    Operation("GET /api/maintenance/bugs", "maintenance.bugs.list", "maintenance bugs list"),
    Operation(
        "POST /api/maintenance/bugs",
        "maintenance.bugs.create",
        'maintenance bugs report --desc "The list is empty"',
    ),
    Operation(
        "GET /api/maintenance/enhancements",
        "maintenance.enhancements.list",
        "maintenance enhancements list",
    ),
    Operation(
        "POST /api/maintenance/enhancements",
        "maintenance.enhancements.create",
        'maintenance enhancements request --desc "Dark mode"',
    ),
]
TERRITORY = [
    Operation(
        "GET /api/territory-workbench/companies",
        "territory.list",
        "territory list --client-id acme-corp --sort-by totalLeads --min-leads 2",
    ),
    Operation(
        "POST /api/territory-workbench/companies",
        "territory.save",
        'territory save --client-id acme-corp --name "Sample Company" --industry Software',
    ),
]

ADMIN = [
    Operation("GET /api/admin/companies", "admin.companies", "admin companies", admin=True),
    Operation("GET /api/admin/users", "admin.users", "admin users", admin=True),
]
PROCESSING = [
    Operation("POST /api/leads/process/enrich", "processing.enrich", "process enrich lead_1"),
    Operation(
        "POST /api/leads/process/enrich",
        "processing.enrich_many",
        "leads enrich --ids lead_1 lead_2",
        "many leads",
    ),
    Operation(
        "POST /api/leads/process/copyright",
        "processing.copyright",
        "process copyright lead_1 --processes 1 2",
    ),
    Operation(
        "POST /api/leads/process/sdr",
        "processing.sdr",
        "process sdr lead_1 --fields message1 aiLeadScore --overwrite --wait",
    ),
]
CAMPAIGNS = [
    Operation("GET /api/campaigns", "campaigns.list", "campaigns list"),
    Operation("POST /api/campaigns", "campaigns.create", 'campaigns create --name "Q3 Expansion"'),
]
ENRICHMENT = [
    Operation(
        "POST /api/enrichment/trigger",
        "enrichment.create",
        "enrichment create lead_1 lead_2",
    ),
    Operation("GET /api/enrichment/status/{jobId}", "enrichment.get", "enrichment get job_1"),
    Operation(
        "GET /api/enrichment/status/{jobId}",
        "enrichment.wait",
        "enrichment wait job_1",
        "to its end",
    ),
]

OPERATIONS = [
    *AUTH,
    *API_KEYS,
    *BULK,
    *CLIENTS,
    *LEADS,
    *COMPANY,
    *EMAIL,
    *SEARCH_HISTORY,
    *WEBHOOKS,
    *TERRITORY,
    *CAMPAIGNS,
    *SETTINGS,
    *TASKS,
    *PROCESSING,
    *ENRICHMENT,
    *INTEGRATIONS,
    *ANALYTICS,
    *MAINTENANCE,
    *ADMIN,
]


def render() -> str:
    """Return docs/coverage.md."""
    head = (
        "# Coverage\n\n"
        "Every operation of the API: where the SDK, the command and the emulator have it, and the\n"
        "tests that run both. Made by `python tests/operations.py`; a test holds it equal.\n\n"
        "| operation | SDK | command | emulator route | test |\n"
        "| --- | --- | --- | --- | --- |\n"
    )
    return head + "".join(_row(operation) for operation in OPERATIONS)


def _row(operation: Operation) -> str:
    what = f" ({operation.what})" if operation.what else ""
    command = operation.command.replace("|", "\\|")
    cells = (
        f"`{operation.call}`{what}",
        f"`{operation.sdk}`",
        f"`leadgenius {command}`",
        f"`{_route(operation)}`",
        f"`test_operations.py[{operation.name}]`",
    )
    return f"| {' | '.join(cells)} |\n"


def _route(operation: Operation) -> str:
    from leadgenius_async.emulator.routes import API  # noqa: PLC0415 - for the page alone

    [handler] = {
        f"{endpoint.handler.__module__.rpartition('.')[2]}.{endpoint.handler.__name__}"
        for endpoint in API
        if f"{endpoint.method} {endpoint.path}" == operation.call
    }
    return handler


if __name__ == "__main__":
    PAGE.write_text(render())
