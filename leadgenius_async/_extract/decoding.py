"""One page on its way through the decoder, beside others."""

from __future__ import annotations

from typing import Any

import anyio
from anyio import to_thread

from leadgenius_async import errors
from leadgenius_async._extract.chain import RawPage
from leadgenius_async._extract.columns import Decoded
from leadgenius_async._extract.plan import Partition
from leadgenius_async._extract.sinks import Decoder

#: Pages that are decoded at a time. arrow-rs lets go of the interpreter lock for half of it: on two
#: cores an export of full rows took 81 ms a page with one, and 49 with two. More were not tried.
DECODERS = 2


class Decoding:
    """The decoding of one page.

    Args:
        page: The page.

    Attributes:
        partition: Its chain's partition.
        size: Bytes of its body.
    """

    def __init__(self, page: RawPage) -> None:
        self.partition: Partition = page.place.partition
        self.size: int = page.size
        self._done = anyio.Event()
        self._outcome: Decoded[Any] | Exception = RuntimeError("a page was not decoded")

    async def run(self, decoder: Decoder, page: RawPage) -> None:
        """Decode the page; what comes of it, an error too, is for `result` to say."""
        try:
            content = await to_thread.run_sync(decoder, page)
            page.check_count(content.read + len(content.rejects))
            self._outcome = content
        except RecursionError:  # at a depth that one look at a page takes, and another does not
            self._outcome = errors.ProtocolError("a page of rows: nested too deep to be read")
        except Exception as error:  # noqa: BLE001 - raised when its turn has come
            self._outcome = error
        finally:
            self._done.set()

    async def result(self) -> Decoded[Any]:
        """Wait for the page's content.

        Raises:
            Exception: What its decoding ended with.
        """
        await self._done.wait()
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome
