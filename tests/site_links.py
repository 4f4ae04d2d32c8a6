"""Links of the README and the documentation, and what they lead to."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pages import ROOT

#: The code that a page of the reference is generated from.
_GENERATED = re.compile(r"^::: ([\w.]+)$", re.MULTILINE)


def links(page: str) -> Iterator[str]:
    """Find the targets of a page's relative links and images."""
    for token in _tokens((ROOT / page).read_text("utf-8")):
        target = str(token.attrs.get("href") or token.attrs.get("src") or "")
        if target and not re.match(r"[a-z]+:", target):
            yield target


@functools.cache
def anchors(file: Path) -> frozenset[str]:
    """Return the anchors of a page that hold in a repository's view and on the site."""
    text = file.read_text("utf-8")
    tokens = MarkdownIt().parse(text)
    headings = [
        _words(tokens[number + 1])
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    in_repository, on_site = map(_github, headings), map(_site, headings)
    both = {one for one, other in zip(in_repository, on_site, strict=True) if one == other}
    return frozenset({*both, *_GENERATED.findall(text)})


def _tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt().enable("table").parse(text):
        yield from token.children or ()


def _words(heading: Token) -> str:
    """Return a heading as it is read, without marks."""
    return "".join(child.content for child in heading.children or ())


def _github(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _site(heading: str) -> str:
    """As Python-Markdown's table of contents does."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())
