"""By what a row is known again among the leads of its client."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Literal, NamedTuple
from urllib.parse import unquote

_PROFILE = re.compile(
    r"(?:https?:)?(?://)?(?:[a-z0-9-]+\.)?linkedin\.com/(in|pub|sales/lead|sales/people)/([^/?#,]+)",
    re.IGNORECASE,
)


class Key(NamedTuple):
    """What makes a row one lead of one client.

    Attributes:
        client_id: The client.
        kind: What the value is.
        value: The e-mail address, or the address of the LinkedIn profile, in one spelling.
    """

    client_id: str
    kind: Literal["email", "linkedin"]
    value: str


def match_key(row: Mapping[str, object]) -> Key | None:
    """Return the key of a row by the service's field names, None if it has none.

    The e-mail address counts, and where there is none the LinkedIn profile. A row without a key
    cannot be looked for: if the answer to its create is lost, nobody can tell whether it is there.

    Args:
        row: A lead to be written, or one that was read back.

    ```python
    match_key({"client_id": "acme", "email": " Ada@Sample.example"})
    # Key(client_id='acme', kind='email', value='ada@sample.example')
    ```
    """
    client_id = row.get("client_id")
    if not isinstance(client_id, str) or not client_id:
        return None
    email, url = row.get("email"), row.get("linkedinUrl")
    if isinstance(email, str) and (address := canonical_email(email)):
        return Key(client_id, "email", address)
    if isinstance(url, str) and (profile := canonical_profile(url)):
        return Key(client_id, "linkedin", profile)
    return None


def canonical_email(email: str) -> str:
    """Return an e-mail address in one spelling: NFKC, without case, without blanks around it."""
    return _folded(email).strip()


def canonical_profile(url: str) -> str | None:
    """Return the address of a person's LinkedIn profile in one spelling, None if it is none.

    Scheme, country, language, query and percent signs do not count. A name counts without case;
    the id of a lead in the Sales Navigator has its case.
    """
    found = _PROFILE.match(url.strip())
    if not found:
        return None
    kind, name = found[1].lower(), unquote(found[2]).strip()
    if not name:
        return None
    if kind.startswith("sales"):
        return f"linkedin.com/sales/lead/{name}"
    return f"linkedin.com/{kind}/{_folded(name)}"


def _folded(text: str) -> str:
    """Return a text without case: Unicode's NFKC_Casefold, but for what is invisible."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)
