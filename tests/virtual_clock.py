"""An event loop whose time passes only when nothing is left to do."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

_Ts = TypeVarTuple("_Ts")
#: Seconds that any timer takes at least.
_TICK = 1e-6


class _Selector(selectors.SelectSelector):
    """Turns waiting into a jump of the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or not timeout:
            # With no timer set, only another thread can wake the loop: wait for it in real time.
            return ready or (super().select(None) if timeout is None else [])
        self.now += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in which an hour of sleeping takes no time.

    For code without sockets: what comes from outside does not wait for this clock.
    """

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def call_at(
        self,
        when: float,
        callback: Callable[[*_Ts], object],
        *args: *_Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        # What is still to wait for may be less than a float can tell; on a clock that stands
        # meanwhile, a timer set for it (the gate's) would go off and be set again without end.
        later = max(when, self._clock.now + _TICK)
        return super().call_at(later, callback, *args, context=context)


#: For `anyio_backend`: `@pytest.fixture def anyio_backend(): return VIRTUAL`.
VIRTUAL: tuple[str, dict[str, Any]] = ("asyncio", {"loop_factory": VirtualLoop})
