"""A secret is given away by no way of printing it."""

from __future__ import annotations

import logging
import pickle
import traceback

import pytest

from leadgenius_async import LeadGenius, Secret, errors

CANARY = "canary-value-0123456789"


def test_no_way_of_printing_shows_it() -> None:
    """repr, str, format, percent, containers and logs show stars."""
    secret = Secret(CANARY)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "key %s %r", (secret, secret), None)
    for text in (repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{[secret]}",
                 record.getMessage(), "%s" % secret):  # fmt: skip # noqa: UP031 - a way to print
        assert "canary" not in text
    assert secret.reveal() == CANARY
    assert secret.hint() == "…6789"
    assert Secret("short").hint() == "…"


def test_a_traceback_with_locals_does_not_show_it() -> None:
    """A crash report holds the variable, not its value."""
    secret = Secret(CANARY)
    with pytest.raises(ValueError, match="crash") as caught:
        int("crash")
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert secret
    shown = [line for line in "".join(report.format()).splitlines() if "secret" in line]
    assert any("**********" in line for line in shown)
    assert not any("canary" in line for line in shown)


def test_it_is_not_pickled() -> None:
    """It would lie in a queue or on a disk."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(CANARY))


def test_it_compares_by_value() -> None:
    """Equal values are equal secrets; a plain string is not one."""
    assert Secret(CANARY) == Secret(Secret(CANARY))
    assert hash(Secret(CANARY)) == hash(Secret(CANARY))
    assert Secret(CANARY) != Secret("other")
    assert Secret(CANARY) != CANARY
    assert not Secret("")


@pytest.mark.parametrize("text", ["a\r\nX-Admin: 1", "a\n", "a\0b", "a\x7f"])
def test_a_line_end_cannot_be_smuggled_in(text: str) -> None:
    """A credential becomes a header; a second header must not come with it."""
    with pytest.raises(ValueError, match="control character"):
        Secret(text)


@pytest.mark.parametrize("name", ["api_key", "access_token", "refresh_token", "password", "proxy"])
def test_a_client_does_not_show_what_it_was_given(name: str) -> None:
    """Neither where another setting is wrong, nor where the credential itself is."""
    given: list[dict[str, str]] = [
        {name: CANARY, "base_url": "ftp://service.example"},
        {name: f"{CANARY}\n"},
    ]
    for settings in given:
        with pytest.raises(errors.ConfigurationError) as caught:
            LeadGenius(**settings)  # type: ignore[arg-type]  # all of these are texts
        own = 1 if "base_url" in settings else 2  # what cannot be hidden is still an argument
        for frame, _ in list(traceback.walk_tb(caught.value.__traceback__))[own:]:
            assert CANARY not in repr(frame.f_locals)
