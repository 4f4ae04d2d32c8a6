"""Where requests go: the base URL, checked once, and paths below it."""

from __future__ import annotations

import functools
import ipaddress
import os
import re
from urllib.parse import SplitResult, quote, urlsplit

from leadgenius_async._secret import Secret
from leadgenius_async.errors import ConfigurationError

DEFAULT_BASE_URL = "https://last.leadgenius.app"
#: Most ids; `quote` takes 1 µs to see that.
_NEEDS_NO_QUOTING = re.compile(r"[A-Za-z0-9_-]+").fullmatch


def normalize_base_url(text: str) -> str:
    """Return the origin that `text` names, without a trailing `/api`.

    People write the base with and without `/api`; both are accepted.

    Raises:
        ConfigurationError: Not an http(s) URL, or one that holds a user, a query or a fragment,
            or plain http to another machine, which would send the keys in clear text.
    """
    url = _parse(text)
    if "@" in url.netloc or url.query or url.fragment:
        raise ConfigurationError(
            "the base URL holds a user, a query or a fragment: give only scheme, host and port"
        )
    if url.scheme == "http" and not _may_be_plain(url.hostname or ""):
        raise ConfigurationError(
            f"the base URL {text!r} is plain http, which would send credentials in clear text: "
            "use https (LEADGENIUS_ALLOW_HTTP=1 allows http, for an emulator in a container)"
        )
    path = url.path.rstrip("/").removesuffix("/api").rstrip("/")
    return f"{url.scheme}://{url.netloc.lower()}{path}"


def check_proxy(url: Secret | None) -> Secret | None:
    """Return the URL of a proxy as it is; its user and password appear in no message.

    Raises:
        ValueError: It is not an http(s) URL.
    """
    if url is not None:
        try:
            usable = _is_proxy(urlsplit(url.reveal()))
        except ValueError:
            usable = False
        if not usable:
            raise ValueError(
                "the proxy is not an http(s) URL: write it like http://proxy.example:3128"
            )
    return url


def _is_proxy(url: SplitResult) -> bool:
    return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0


def _parse(text: str) -> SplitResult:
    try:
        url = urlsplit(text.strip())
        _ = url.port  # urlsplit checks the port only when it is read
    except ValueError as error:
        raise ConfigurationError(f"the base URL {_shown(text)} is not a URL: {error}") from None
    if url.scheme not in {"http", "https"} or not url.hostname:
        raise ConfigurationError(
            f"the base URL {_shown(text)} is not an http(s) URL: write it like {DEFAULT_BASE_URL}"
        )
    return url


def _shown(text: str) -> str:
    """Return the URL for a message, without the user and password that it may begin with."""
    return repr(text.rpartition("@")[2])


def _may_be_plain(host: str) -> bool:
    return is_loopback(host) or os.environ.get("LEADGENIUS_ALLOW_HTTP") == "1"


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine: `localhost`, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@functools.lru_cache
def api_path(path: str) -> str:
    """Return `path` with `/api` in front exactly once: `/clients` and `/api/clients` are one.

    Raises:
        ValueError: It holds what would split the request or lead elsewhere: a space, a line end,
            a fragment, a part that is `.` or `..`.
    """
    if not _is_plain(path):
        raise ValueError(f"{path!r} is not a path: quote what stands between its slashes")
    trimmed = "/" + path.lstrip("/")
    return trimmed if trimmed == "/api" or trimmed.startswith("/api/") else f"/api{trimmed}"


def _is_plain(path: str) -> bool:
    if not (path.isascii() and path.isprintable()) or " " in path or "#" in path:
        return False
    return "/." not in f"/{path}" or not {".", ".."} & set(path.split("/"))


def segment(value: str) -> str:
    """Return `value` quoted as one path segment.

    Raises:
        ValueError: Empty, or dots alone, which would name another path.
    """
    if _NEEDS_NO_QUOTING(value):
        return value
    if not value.strip("."):
        raise ValueError(f"{value!r} is not an id")
    return quote(value, safe="")
