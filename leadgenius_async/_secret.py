"""A value that never prints."""

from __future__ import annotations

import hmac
import re
from typing import NoReturn

_UNSENDABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]").search


class Secret:
    """A credential that repr, str, format and pickle do not give away.

    It is unwrapped in one place only, where the request's headers are made.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str | Secret) -> None:
        text = value.reveal() if isinstance(value, Secret) else value
        if _UNSENDABLE(text):
            # It could otherwise smuggle a second header into the request, or not be sent at all;
            # a lone surrogate is what Python makes of a byte that is no UTF-8.
            del value, text  # a traceback with locals would show them
            raise ValueError(
                "a credential holds a control character, such as a line end: copy it again"
            )
        self._value = text

    def reveal(self) -> str:
        """Return the value itself."""
        return self._value

    def hint(self) -> str:
        """Return the last four characters, for `auth status`; nothing of a short value."""
        return f"…{self._value[-4:]}" if len(self._value) >= 16 else "…"

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __str__(self) -> str:
        return "**********"

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: hand over the settings' source, not the value")
