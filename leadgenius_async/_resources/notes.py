"""The AI fields of a lead as Markdown for its `notes`.

The service stores the AI fields, yet its web app does not show them (observed); `notes` it shows.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping

import msgspec

from leadgenius_async._fields import ENRICH_LEAD_FIELDS
from leadgenius_async._lead_structs import EnrichLead

_NAMES = [field.name for field in ENRICH_LEAD_FIELDS if field.group == "ai"]

# Comments, which Markdown does not show, so that nobody's own heading is taken for ours.
_START, _END = "<!-- ai-fields -->", "<!-- /ai-fields -->"
_SECTION = re.compile(f"{_START}(?:(?!{_START}).)*?{_END}", re.DOTALL)
_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])|[_\s-]+")
#: How the service's words are spelt for people.
_SPELT = {
    "ai": "AI",
    "linkedin": "LinkedIn",
    "qualify": "qualification",
    "recommandation": "recommendation",
}
_DEEPEST = 3  # levels of a list; what is below stays JSON


def notes_from_ai_fields(lead: EnrichLead | Mapping[str, object]) -> str:
    """Return a lead's notes with its AI fields in them as Markdown, which makes them visible.

    The fields stand in a section of their own, between two comments: a heading for each field
    that is not empty, and below it the text, or the members of a JSON score as a list. Notes that
    are there stay above it; the section of an earlier call is replaced at its place, so a second
    call changes nothing.

    Args:
        lead: A lead, or its fields by the service's names.

    Returns:
        The text for `notes`; empty if there is nothing to say, and then it must be left out of
        a create.

    ```python
    from leadgenius_async import notes_from_ai_fields

    lead = await lg.leads.get("lead_1")
    await lg.leads.update("lead_1", {"notes": notes_from_ai_fields(lead)})
    ```
    """
    fields = {name: _field(lead, name) for name in ("notes", *_NAMES)}
    above, *below = _SECTION.split(_text(fields.pop("notes")))
    section, rest = _section(fields), _without_sections(part.strip() for part in below)
    if not section:
        return _without_sections([above.rstrip(), rest])
    return _join([above.rstrip(), section, rest])


def _without_sections(parts: Iterable[str]) -> str:
    """Join texts, without the sections that they hold or that become one as they are joined."""
    text = _join(parts)
    while len(between := _SECTION.split(text)) > 1:
        text = _join([between[0].rstrip(), *(part.strip() for part in between[1:])])
    return text


def _join(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part)


def _field(lead: EnrichLead | Mapping[str, object], name: str) -> object:
    return lead.get(name) if isinstance(lead, Mapping) else getattr(lead, name)


def _section(fields: Mapping[str, object]) -> str:
    shown = {name: _shown(value) for name, value in fields.items()}
    blocks = [f"### {_words(name)}\n\n{text}" for name, text in shown.items() if text]
    if not blocks:
        return ""
    # A comment in a text must not end the section.
    body = "\n\n".join(blocks).replace("<!--", "&lt;!--")
    return f"{_START}\n## AI fields\n\n{body}\n{_END}"


def _shown(value: object) -> str:
    value = _decoded(value)
    return _bullets(value, 1) if isinstance(value, Mapping | list) else _text(value).strip()


def _decoded(value: object) -> object:
    """Return what a JSON text of an object or a list holds; any other value as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


def _bullets(value: Mapping[str, object] | list[object], level: int) -> str:
    """Return an object or a list as a Markdown list; what is empty is left out."""
    if isinstance(value, Mapping):
        heads = [(f"- {_words(name)}:", member) for name, member in value.items()]
    else:
        heads = [("-", member) for member in value]
    lines = [head + text for head, member in heads if (text := _member(member, level))]
    return "\n".join(lines)


def _member(value: object, level: int) -> str:
    """Return what stands behind a bullet: a text, or a list of the next level."""
    if isinstance(value, Mapping | list) and level < _DEEPEST:
        inner = _bullets(value, level + 1)
        return "\n" + textwrap.indent(inner, "  ") if inner else ""
    text = _text(value).strip()
    return " " + text.replace("\n", "\n  ") if text else ""


def _text(value: object) -> str:
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _words(name: str) -> str:
    """Return a field's name in words: `aiLeadScore` as `Lead score`."""
    words = _WORD_ENDS.sub(" ", name).split()
    if len(words) > 1 and words[0] in {"ai", "is"} and not words[1].isdigit():
        del words[0]
    spelt = [_SPELT.get(word.lower(), word if word.isupper() else word.lower()) for word in words]
    text = " ".join(spelt) or name
    return text[:1].upper() + text[1:]
