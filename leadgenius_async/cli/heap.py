"""The C library's heap, where this process is ours."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys

_M_ARENA_MAX = -8  # of glibc's <malloc.h>
_ARENAS = 2


def use_few_arenas() -> None:
    """Let glibc have two arenas, and not one a thread.

    Pages are decoded in some threads and freed in others, and what is free in one arena is of no
    use to another: an export of full rows had its peak at 339 MB, and has it at 310, in less
    time. A script has the same by MALLOC_ARENA_MAX=2 in its environment, which goes first.
    """
    if sys.platform != "linux" or "MALLOC_ARENA_MAX" in os.environ:
        return
    with contextlib.suppress(AttributeError, OSError):  # another C library
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
