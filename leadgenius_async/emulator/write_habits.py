"""What befalls the writes of leads: which are lost, late, refused or applied twice.

Nothing happens in the background: a write that is applied late waits for its time by the
emulator's clock, and `settle` applies it before anything else is read or written.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from random import Random

from aiohttp import web

from leadgenius_async.emulator.choices import WRITE_FAULTS, WriteCall
from leadgenius_async.emulator.config import EmulatorConfig
from leadgenius_async.emulator.errors import ApiError


@dataclass(frozen=True, slots=True)
class Write:
    """One write of leads.

    Attributes:
        name: Stands for its content and for how often that has come: what the dice are of.
        fault: The one of `WRITE_FAULTS` that it meets, empty for none.
        copies: How often the leads that it creates are stored.
        due: When it is applied, epoch seconds; None: when it comes.
    """

    name: str
    fault: str = ""
    copies: int = 1
    due: float | None = None

    @property
    def faults(self) -> tuple[str, ...]:
        """The switches whose share it is of."""
        met = (self.fault, "applied_twice" if self.copies > 1 else "")
        return tuple(name for name in met if name)


#: The write that a request is.
WRITE = web.RequestKey("write", Write)


class WriteHabits:
    """Decides what befalls each write, and keeps those that are late.

    A decision depends on the seed, on the write's content and on how often this content has come,
    so it is the same in whatever order writes come, and a write that is sent again may do better.

    Args:
        config: The switches; another one may be set at any time, see `change`.
    """

    def __init__(self, config: EmulatorConfig) -> None:
        self._config = config
        self._seen: Counter[str] = Counter()
        self._writes = 0
        self._batches = 0
        self._late: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()

    def change(self, config: EmulatorConfig) -> None:
        """Go by other switches; writes and batches are counted anew, what is late stays so."""
        self._config = config
        self._writes = self._batches = 0

    def meet(self, call: WriteCall, content: bytes, now: float) -> Write:
        """What befalls a write.

        Args:
            call: Its kind.
            content: Its path, query and body.
            now: Epoch seconds.
        """
        config = self._config
        digest = hashlib.sha256(content).hexdigest()
        name = f"{digest}/{self._seen[digest]}"
        self._seen[digest] += 1
        if config.fault_calls not in {"all", call}:
            return Write(name)
        self._writes += 1
        if config.fault_at not in {None, self._writes}:
            return Write(name)
        fault = self._fault(name)
        twice = call.startswith("create") and config.applied_twice
        return Write(
            name,
            fault,
            copies=1 + (self._dice("twice", name).random() < twice),
            due=now + self._lateness(name) if fault == "applied_late" else None,
        )

    def stored(self, write: Write) -> Callable[[int], bool]:
        """Which leads of a batch create that is applied now are stored, by their place from 1."""
        config = self._config
        self._batches += 1
        times = config.batch_create_times
        if times is not None and self._batches > times:
            return lambda _: True
        dice = self._dice("batch", write.name)
        ways: dict[str, Callable[[int], bool]] = {
            "all": lambda _: True,
            "none": lambda _: False,
            "part": lambda place: place % 2 == 1,
            "first": lambda place: place <= config.batch_first,
            "share": lambda _: dice.random() < config.batch_share,
        }
        return ways[config.batch_create]

    def defer(self, due: float, apply: Callable[[], object]) -> None:
        """Keep a write until its time; by then it may be refused, which nobody is told."""
        heapq.heappush(self._late, (due, next(self._numbers), apply))

    def settle(self, now: float) -> None:
        """Apply what is due; costs a comparison when nothing is."""
        while self._late and self._late[0][0] <= now:
            _, _, apply = heapq.heappop(self._late)
            with suppress(ApiError):
                apply()

    def _fault(self, name: str) -> str:
        draw = self._dice("fault", name).random()
        for fault in WRITE_FAULTS:
            draw -= getattr(self._config, fault)
            if draw < 0:
                return fault
        return ""

    def _lateness(self, name: str) -> float:
        most, least = self._config.late_seconds, self._config.late_least
        return most if least is None else self._dice("late", name).uniform(least, most)

    def _dice(self, purpose: str, name: str) -> Random:
        return Random(f"{purpose}/{self._config.seed}/{name}")
