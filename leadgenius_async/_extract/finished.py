"""Whether an export that stands in a place is the one that is asked for, finished."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from leadgenius_async import errors
from leadgenius_async._extract.journal import Spec
from leadgenius_async._extract.report import ExportReport


def conflict(
    message: str,
    manifest: bytes | None,
    standing: Mapping[str, int],
    spec: Spec,
    *,
    marked: bool,
) -> errors.ExportConflict:
    """Return the error to raise where an export stands already.

    Args:
        message: What it says.
        manifest: The manifest that stands there; None if none does.
        standing: The files that stand there, and their bytes.
        spec: What is asked for; its company may not be known yet, and then counts for nothing.
        marked: Whether the mark of success stands there.
    """
    if manifest is None or not _is_same(manifest, standing, spec, marked=marked):
        return errors.ExportConflict(message)
    error = errors.AlreadyExported(message)
    error.manifest = manifest
    return error


def _is_same(manifest: bytes, standing: Mapping[str, int], spec: Spec, *, marked: bool) -> bool:
    try:
        report = msgspec.json.decode(manifest, type=ExportReport)
    except msgspec.MsgspecError:
        return False
    return (
        report.asked == spec.digest
        and spec.company_id in {"", report.company_id}
        and (marked or not report.complete)
        and all(standing.get(part.file) == part.bytes for part in report.parts)
    )
