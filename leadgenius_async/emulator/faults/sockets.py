"""Faults of the connection, and of bodies that aiohttp would not send."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from random import Random
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from leadgenius_async.emulator.faults.kinds import Count, Fault, Seconds, When
from leadgenius_async.emulator.faults.wire import CLOSE, Answer, Wire

#: Bytes of a large body that are written, or packed, at once.
_BLOCK = 1024 * 1024
_GZIP_START = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_SUCCESS_START, _SUCCESS_END = b'{"success":true,"data":[]', b"}"
#: Seconds between two writes of a slow answer, and between two slices, at least.
_TICK, _SLICE = 0.05, 0.001


class _OnWire(Fault, frozen=True):
    """The service's answer, sent beneath aiohttp."""

    when: ClassVar[When] = "after"
    on_wire: ClassVar[bool] = True


class Huge(_OnWire, frozen=True, tag="huge"):
    """A 200 with a right JSON body that is mostly spaces.

    Attributes:
        size: Bytes of the body.
        packed: As gzip, a thousandth of it on the wire.
    """

    size: Count = 512 * 1024 * 1024
    packed: bool = False
    when: ClassVar[When] = "before"

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        encoding = {"Content-Encoding": "gzip"} if self.packed else {}
        head = Answer(200, answer.having(encoding), b"").head(more=[CLOSE])
        await wire.write(head)
        # The end of the connection is the end of the body: a length would be a warning.
        for part in self._gzip() if self.packed else self._parts():
            await wire.write(part)

    def _parts(self) -> Iterator[bytes]:
        yield _SUCCESS_START
        spaces = max(0, self.size - len(_SUCCESS_START + _SUCCESS_END))
        block = b" " * _BLOCK
        for _ in range(spaces // _BLOCK):
            yield block
        yield block[: spaces % _BLOCK]
        yield _SUCCESS_END

    def _gzip(self) -> Iterator[bytes]:
        """Each distinct part is packed once; a full flush makes it fit behind any other."""
        packed: dict[bytes, bytes] = {}
        checksum = size = 0
        yield _GZIP_START
        for part in self._parts():
            checksum, size = zlib.crc32(part, checksum), size + len(part)
            if part not in packed:
                packed[part] = _deflated(part)
            yield packed[part]
        last = zlib.compressobj(wbits=-zlib.MAX_WBITS).flush()
        yield last + (checksum).to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")


class HugeHeaders(_OnWire, frozen=True, tag="huge_headers"):
    """The service's answer with many long headers.

    Attributes:
        count: How many more.
        size: Bytes of each.
    """

    count: Count = 1
    size: Count = 100_000

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        more = tuple((f"X-Fault-{n}", "x" * self.size) for n in range(self.count))
        await wire.write(Answer(answer.status, answer.headers + more, answer.body).whole())


class HangUp(_OnWire, frozen=True, tag="hang_up"):
    """The connection is closed without an answer."""

    answered: ClassVar[bool] = False
    when: ClassVar[When] = "before"

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        wire.close()


class Reset(_OnWire, frozen=True, tag="reset"):
    """The connection is reset (RST), without an answer or in its midst.

    Attributes:
        sent: Bytes of the answer that are sent first.
    """

    sent: Annotated[int, Meta(ge=0)] = 0
    answered: ClassVar[bool] = False
    when: ClassVar[When] = "before"

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        if self.sent:
            await wire.write(answer.whole()[: self.sent])
            await wire.pause(_TICK)
        wire.reset()


class Hang(_OnWire, frozen=True, tag="hang"):
    """The request is taken and never answered.

    Attributes:
        seconds: Seconds until the connection is closed; None: when the emulator stops.
    """

    seconds: Seconds | None = None
    answered: ClassVar[bool] = False
    when: ClassVar[When] = "before"

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        await wire.pause(self.seconds)


class Dribble(_OnWire, frozen=True, tag="dribble"):
    """The answer comes slowly.

    Attributes:
        speed: Bytes per second.
    """

    speed: Annotated[float, Meta(gt=0)] = 1.0

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        data, step = answer.whole(), max(1, int(self.speed * _TICK))
        for start in range(0, len(data), step):
            await wire.write(data[start : start + step])
            await wire.pause(step / self.speed)


class Sliced(_OnWire, frozen=True, tag="sliced"):
    """The answer is right, in pieces that end anywhere: within a header, within a letter.

    Attributes:
        pieces: How many; the seed says where they end.
    """

    pieces: Count = 20

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        data = answer.whole()
        cuts = sorted(dice.sample(range(1, len(data)), min(self.pieces, len(data)) - 1))
        for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
            await wire.write(data[start:end])
            await wire.pause(_SLICE)


class Short(_OnWire, frozen=True, tag="short"):
    """The connection is closed before the body is as long as Content-Length says.

    Attributes:
        missing: Bytes that are missing; the whole body at the most.
    """

    missing: Count = 10

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        # An empty body is given a byte that never comes.
        length = len(answer.body) or 1
        head = answer.head(more=[("Content-Length", str(length))])
        await wire.write(head + answer.body[: max(0, length - self.missing)])


class Chunked(_OnWire, frozen=True, tag="chunked"):
    """The body comes in chunks that are wrong.

    Attributes:
        how: A chunk whose size is no number, or no last chunk.
    """

    how: Literal["bad_size", "no_end"] = "no_end"

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        # A chunk of nothing would be the last one.
        body = answer.body or b" "
        half = len(body) // 2
        size = b"zz" if self.how == "bad_size" else b"%x" % (len(body) - half)
        head = answer.head(more=[("Transfer-Encoding", "chunked")])
        first = b"%x\r\n%b\r\n" % (half, body[:half]) if half else b""
        await wire.write(head + first + b"%b\r\n%b\r\n" % (size, body[half:]))


class Interim(_OnWire, frozen=True, tag="interim"):
    """The service's answer after others of 100 to 199.

    Attributes:
        status: Their status.
        count: How many.
    """

    status: Annotated[int, Meta(ge=100, le=199)] = 103
    count: Count = 1

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        await wire.write(Answer(self.status, (), b"").head() * self.count + answer.whole())


class IdleClose(_OnWire, frozen=True, tag="idle_close"):
    """The service's answer, as if more may follow; then the connection is closed.

    Attributes:
        seconds: Seconds from the answer to the end; a request that comes meanwhile is lost.
    """

    seconds: Seconds = 0.0

    async def send(self, wire: Wire, answer: Answer, dice: Random) -> None:
        await wire.write(answer.whole(close=False))
        await wire.pause(self.seconds)


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
