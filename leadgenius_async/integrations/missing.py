"""What to do about a tool that is not installed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from leadgenius_async.errors import ConfigurationError


@contextmanager
def extra(name: str) -> Generator[None]:
    """Say which extra has the tools that are imported within.

    Args:
        name: The extra.

    Raises:
        ConfigurationError: One of them is not installed.
    """
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(f'{error}: pip install "leadgenius-async[{name}]"') from None
