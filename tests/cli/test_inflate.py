"""What the command unpacks gzip with."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Generator

import aiohttp
import pytest
from aiohttp.compression_utils import ZLibBackend

from leadgenius_async.cli.inflate import use_fast_inflate


@pytest.fixture(autouse=True)
def as_it_was() -> Generator[None]:
    yield
    aiohttp.set_zlib_backend(zlib)  # pyright: ignore[reportArgumentType] # it reads constants


def test_isal_is_used_where_it_is_installed() -> None:
    use_fast_inflate()
    assert ZLibBackend.name == "isal.isal_zlib"


def test_without_it_zlib_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    use_fast_inflate()
    assert ZLibBackend.name == "zlib"
