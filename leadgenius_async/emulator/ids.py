"""Ids of new records."""

from __future__ import annotations

import uuid
from random import Random

_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class Ids:
    """Gives out ids that look random; the same dice give the same ones.

    Args:
        dice: Where the randomness comes from.
    """

    def __init__(self, dice: Random) -> None:
        self._dice = dice

    def uuid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self._dice.getrandbits(128), version=4))

    def short(self, length: int) -> str:
        """Lower-case letters and digits."""
        return "".join(self._dice.choices(_LETTERS, k=length))
