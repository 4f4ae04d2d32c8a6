"""The emulator's own page: what is asked of it, and what it is told to do wrong.

`page` has its files, which anyone may load; `state` gathers the figures, and `events` sends them,
to those alone who have the control token. Nothing of it runs while nobody looks.
"""

from __future__ import annotations

from leadgenius_async.emulator.console.events import CONSOLE as CONSOLE, Console as Console
from leadgenius_async.emulator.console.page import page as page

__all__ = ["CONSOLE", "Console", "page"]
