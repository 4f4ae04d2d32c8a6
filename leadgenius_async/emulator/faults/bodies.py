"""Faults of the body alone: aiohttp sends it, with the right length."""

from __future__ import annotations

import gzip
from random import Random
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from leadgenius_async.emulator.faults.kinds import Count, Fault, When
from leadgenius_async.emulator.faults.wire import Answer


class _Body(Fault, frozen=True):
    """The service's answer with another body, of the right length."""

    when: ClassVar[When] = "after"

    def change(self, answer: Answer, dice: Random) -> Answer:
        """The answer with the body that `spoilt` makes."""
        return Answer(answer.status, answer.headers, self.spoilt(answer.body, dice))

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        """The body that is sent."""
        raise NotImplementedError


class Content(_Body, frozen=True, tag="content"):
    """A 200 with given bytes.

    Attributes:
        content: The body; base64 in JSON.
        content_type: What it says to be.
    """

    content: bytes
    content_type: str = "application/json"
    when: ClassVar[When] = "before"

    def change(self, answer: Answer, dice: Random) -> Answer:
        return Answer(200, answer.having({"Content-Type": self.content_type}), self.content)


class Truncated(_Body, frozen=True, tag="truncated"):
    """The body ends early, and its length agrees.

    Attributes:
        share: How much of it there is, 0 to 1.
    """

    share: Annotated[float, Meta(ge=0, le=1)] = 0.5

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        return body[: int(len(body) * self.share)]


class Garbage(_Body, frozen=True, tag="garbage"):
    """Random bytes by the seed.

    Attributes:
        size: How many.
    """

    size: Count = 200

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        return dice.randbytes(self.size)


class BadUtf8(_Body, frozen=True, tag="bad_utf8"):
    """The body's first text begins with a byte that UTF-8 does not have."""

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        found = body.replace(b':"', b':"\xff', 1)
        return found if found != body else b'"\xff"'


class Extra(_Body, frozen=True, tag="extra"):
    """The body with something before or after it.

    Attributes:
        before: Text before it, such as a byte order mark.
        after: Text after it.
    """

    before: str = ""
    after: str = ""

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        return self.before.encode() + body + self.after.encode()


class Deep(_Body, frozen=True, tag="deep"):
    """Lists in lists.

    Attributes:
        depth: How many.
    """

    depth: Count = 100_000

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        return b'{"success":true,"data":' + b"[" * self.depth + b"]" * self.depth + b"}"


class Gzip(_Body, frozen=True, tag="gzip"):
    """The body as gzip.

    Attributes:
        how: Broken in its middle, cut off, or in two members, which is allowed.
    """

    how: Literal["corrupt", "cut", "members"] = "corrupt"

    def change(self, answer: Answer, dice: Random) -> Answer:
        headers = answer.having({"Content-Encoding": "gzip"})
        return Answer(answer.status, headers, self.spoilt(answer.body, dice))

    def spoilt(self, body: bytes, dice: Random) -> bytes:
        if self.how == "members":
            half = len(body) // 2
            return gzip.compress(body[:half], mtime=0) + gzip.compress(body[half:], mtime=0)
        packed = bytearray(gzip.compress(body, mtime=0))
        if self.how == "cut":
            return bytes(packed[: len(packed) // 2])
        # The checksum too: a flipped bit in the middle alone may give another text that fits.
        for place in (len(packed) // 2, -8):
            packed[place] ^= 0xFF
        return bytes(packed)


class Encoding(Fault, frozen=True, tag="encoding"):
    """The plain body with a Content-Encoding that it does not have.

    Attributes:
        encoding: The header.
    """

    encoding: str = "gzip"
    when: ClassVar[When] = "after"

    def change(self, answer: Answer, dice: Random) -> Answer:
        headers = answer.having({"Content-Encoding": self.encoding})
        return Answer(answer.status, headers, answer.body)
