"""Work, counted in what does not depend on the machine's speed."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import pyarrow as pa


def lines_of(work: Callable[[], object]) -> int:
    """Return how many lines of Python something runs, in whatever it calls.

    Each turn of a loop is one at the least, in a comprehension too; calls would not show those.
    """
    count = 0

    def trace(_frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()  # that of the coverage
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


class Memory(NamedTuple):
    """What something takes, in bytes. What arrow-rs has of its own is in none of them.

    Attributes:
        python: The most that Python has at a time.
        arrow: The most that Arrow has.
        left: What both still have when the result is dropped.
    """

    python: int
    arrow: int
    left: int


def memory_of(work: Callable[[], object]) -> Memory:
    """Return what something takes of memory."""
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        work()
        left, peak = tracemalloc.get_traced_memory()
        return Memory(peak, pool.max_memory() or 0, left + pool.bytes_allocated())
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(usual)
