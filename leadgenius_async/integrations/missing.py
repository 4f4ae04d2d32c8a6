"""What to do about a tool that is not installed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def extra(name: str) -> Generator[None]:
    """Say which extra has the tools that are imported within.

    Raises:
        ImportError: One of them is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{error.name} is not installed: pip install "leadgenius-async[{name}]"',
            name=error.name,
        ) from None
