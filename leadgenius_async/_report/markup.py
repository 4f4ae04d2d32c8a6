"""The pieces that the sections of a report's page are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from leadgenius_async._report.words import escape

#: Of an export that has no file yet.
NOTHING_YET = "Nothing is durable yet."


def section(id_: str, title: str, *parts: str, half: bool = False) -> str:
    """Return a section with its heading."""
    class_ = ' class="half"' if half else ""
    head = f'<h2 id="{id_}-title">{escape(title)}</h2>'
    return (
        f'<section id="{id_}"{class_} aria-labelledby="{id_}-title">{head}'
        f"{''.join(parts)}</section>"
    )


def note(text: str) -> str:
    """Return a paragraph that explains."""
    return f'<p class="note">{escape(text)}</p>'


def name(text: str | None) -> str:
    """Return a name that came from the service: whole, though it may be shown cut."""
    if text is None:
        return '<span class="soft">none</span>'
    shown = escape(text)
    return f'<bdi title="{shown}">{shown or "&quot;&quot;"}</bdi>'


def pairs(listed: Iterable[tuple[str, str, str]]) -> str:
    """Return a list of what is told, its explanation, and its figure."""
    rows = "".join(
        f"<div><dt>{escape(what)}{f'<small>{escape(why)}</small>' if why else ''}</dt>"
        f"<dd>{escape(figure)}</dd></div>"
        for what, why, figure in listed
    )
    return f'<dl class="pairs">{rows}</dl>'


def figures(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a chart's figures as a table that is folded up."""
    head = "".join(f'<th scope="col"{"" if n == 0 else _N}>{h}</th>' for n, h in enumerate(heads))
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(c)}</td>" for c in rest)}'
        "</tr>"
        for first, *rest in rows
    )
    return (
        f"<details><summary>{escape(title)}</summary>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>"
    )


_N = ' class="n"'


def absent(what: str, files: int) -> str:
    """Return what is said where so many files have no such column."""
    if not files:
        return note(NOTHING_YET)
    return note(f"The files have no column {what}: the export did not ask for it.")
