"""All that takes many leads in, for the calls that do: loaded by the first of them.

A client without imports is spared 30 ms of its start, a tenth, and SQLite.
"""

from leadgenius_async._extract.lock import Lock as Lock
from leadgenius_async._writes import changes
from leadgenius_async._writes.change_rows import (
    IdIntake as IdIntake,
    UpdateIntake as UpdateIntake,
    client_refused as client_refused,
    read_leads as read_leads,
)
from leadgenius_async._writes.changes import Changes as Changes
from leadgenius_async._writes.engine import Import as Import
from leadgenius_async._writes.intake import Intake as Intake, UpToRefused as UpToRefused
from leadgenius_async._writes.jobs import JOURNAL as JOURNAL, locked as locked
from leadgenius_async._writes.journal import Journal as Journal
from leadgenius_async._writes.preview import preview_of as preview_of, take_in as take_in
from leadgenius_async._writes.records import ImportSpec as ImportSpec, new_import as new_import
from leadgenius_async._writes.report_file import (
    check_report as check_report,
    report_file as report_file,
)
from leadgenius_async._writes.service import LeadService as LeadService
from leadgenius_async._writes.source import Rows as Rows, read_rows as read_rows
from leadgenius_async._writes.work import Options as Options

ChangeOptions = changes.Options
