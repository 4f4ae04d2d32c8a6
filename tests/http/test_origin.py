"""Where requests go, and where they must not."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import example, given, strategies as st

from leadgenius_async._http.call import Call
from leadgenius_async._http.limiter import Gate
from leadgenius_async._http.origin import (
    DEFAULT_BASE_URL,
    api_path,
    is_loopback,
    normalize_base_url,
    segment,
)
from leadgenius_async._http.transport import Transport
from leadgenius_async.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        (DEFAULT_BASE_URL, DEFAULT_BASE_URL),
        ("https://x.example/", "https://x.example"),
        ("https://x.example/api", "https://x.example"),
        (" https://x.example/api/ ", "https://x.example"),
        ("HTTPS://X.Example:8443/api", "https://x.example:8443"),
        ("https://x.example/proxy/api", "https://x.example/proxy"),
        ("https://x.example/apish", "https://x.example/apish"),
        ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_base_url_is_an_origin(text: str, origin: str) -> None:
    """People write it with and without `/api`, with a slash at the end, in capitals."""
    assert normalize_base_url(text) == origin
    assert normalize_base_url(origin) == origin


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x.example",
        "ftp://x.example",
        "https://",
        "https:///api",
        "file:///etc/passwd",
        "https://x.example:99999",
        "https://[::1",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_url_is_refused(text: str) -> None:
    """The message quotes it and shows how one looks."""
    with pytest.raises(ConfigurationError, match="URL") as caught:
        normalize_base_url(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "https://user:hunter2@x.example",
        "https://hunter2@x.example",
        "https://@x.example",
        "https://x.example?key=hunter2",
        "https://x.example/#hunter2",
        r"https://x.example\\@hunter2.example",
        "ftp://user:hunter2@x.example",
        "https://user:hunter2@x.example:port",
    ],
)
def test_a_base_url_holds_no_credentials(text: str) -> None:
    """A user, a query or a fragment is refused, and the message does not repeat a password."""
    with pytest.raises(ConfigurationError) as caught:
        normalize_base_url(text)
    assert "hunter2" not in str(caught.value)


REMOTE = ["http://x.example", "http://10.0.0.7:8080", "http://0.0.0.0", "http://127.0.0.1.example",
          "http://localhost.example", "http://[2001:db8::1]"]  # fmt: skip


@pytest.mark.parametrize("text", REMOTE)
def test_plain_http_to_another_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """It would send the keys in clear text; an emulator in a container is allowed by hand."""
    with pytest.raises(ConfigurationError, match="LEADGENIUS_ALLOW_HTTP=1"):
        normalize_base_url(text)
    monkeypatch.setenv("LEADGENIUS_ALLOW_HTTP", "yes")
    with pytest.raises(ConfigurationError):
        normalize_base_url(text)
    monkeypatch.setenv("LEADGENIUS_ALLOW_HTTP", "1")
    assert normalize_base_url(text) == text


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.0.0.1", True), ("127.255.0.3", True), ("::1", True),
     ("192.168.0.1", False), ("10.0.0.1", False), ("localhost.example", False), ("", False)],
)  # fmt: skip
def test_loopback_is_this_machine(host: str, loopback: bool) -> None:  # noqa: FBT001
    """Nothing that another machine could answer for."""
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("path", "below"),
    [
        ("/clients", "/api/clients"),
        ("clients", "/api/clients"),
        ("/api/clients", "/api/clients"),
        ("api/clients", "/api/clients"),
        ("/api", "/api"),
        ("/apiary", "/api/apiary"),
        ("//elsewhere.example/x", "/api/elsewhere.example/x"),
        ("/a%2F..%2Fb", "/api/a%2F..%2Fb"),
    ],
)
def test_a_path_is_below_api(path: str, below: str) -> None:
    """`/api` stands in front exactly once, and no path is another host."""
    assert api_path(path) == below
    assert api_path(below) == below


@pytest.mark.parametrize("value", ["", ".", "..", "..."])
def test_a_segment_that_names_another_path_is_refused(value: str) -> None:
    """Dots and nothing would lead up, or to the list instead of the item."""
    with pytest.raises(ValueError, match="not an id"):
        segment(value)


IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(lambda s: s.strip("."))


@given(IDS)
@example("../../admin")
@example("..%2f..%2Fadmin")
@example("%2e%2e/x")
@example("a\r\nX-Admin-Key: 1")
@example("//elsewhere.example/x")
@example("a?companyId=other#x")
@example("x\\..\\y")
def test_any_id_stays_within_its_part_of_the_url(value: str) -> None:
    """What goes out is the same path, host and query, whatever an id holds."""
    line = Transport("https://x.example", {}, Gate("off"))
    call = Call(method="GET", path=f"/leads/{segment(value)}/notes", takes=(), query={"limit": 5})
    url = line.url_of(call)
    assert (url.host, url.raw_query_string, url.raw_fragment) == ("x.example", "limit=5", "")
    assert url.raw_parts == ("/", "api", "leads", segment(value), "notes")
    assert str(url).isprintable()


@given(IDS)
def test_any_id_is_one_segment(value: str) -> None:
    """Whatever an id holds, it stays one part of the path, and comes back as it was."""
    quoted = segment(value)
    assert not set(quoted) & set("/?#%\\ \r\n") - {"%"}
    assert unquote(quoted) == value
    assert api_path(f"/clients/{quoted}") == f"/api/clients/{quoted}"
