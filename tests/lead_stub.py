"""Writes `_lead_structs.pyi` from the table of fields: `python tests/lead_stub.py`."""

from __future__ import annotations

from pathlib import Path

import leadgenius_async
from leadgenius_async._fields import ENRICH_LEAD_FIELDS, SOURCE_LEAD_FIELDS, Field

_PYTHON_TYPES = {"text": "str", "number": "float"}


def render() -> str:
    """Return the text of the stub."""
    classes = {"EnrichLead": ENRICH_LEAD_FIELDS, "SourceLead": SOURCE_LEAD_FIELDS}
    head = "# Generated from _fields.py by tests/lead_stub.py; a test holds the two equal.\n"
    return f"{head}\nimport msgspec\n" + "".join(
        _render_class(name, fields) for name, fields in classes.items()
    )


def _render_class(name: str, fields: tuple[Field, ...]) -> str:
    members = [f"    {field.name}: {_PYTHON_TYPES[field.type]} | None = None" for field in fields]
    extra = "    extra: dict[str, object] = ..."
    return "\n".join(["", f"class {name}(msgspec.Struct, kw_only=True):", *members, extra, ""])


if __name__ == "__main__":
    package = Path(leadgenius_async.__file__).parent
    (package / "_lead_structs.pyi").write_text(render())
