"""Where settings come from, and what of them goes where."""

from __future__ import annotations

import errno
import json
import os
import warnings
from pathlib import Path

import pytest

from leadgenius_async import LeadGenius, Secret, _settings, errors
from leadgenius_async._credentials_file import CredentialsFile

HOME_URL = "https://last.leadgenius.app"


@pytest.fixture
def file(no_settings_from_outside: Path) -> Path:
    return no_settings_from_outside / ".leadgenius_auth.json"


def store(file: Path, **values: str) -> None:
    """Write a credentials file as another tool would."""
    file.write_text(json.dumps(values))
    file.chmod(0o600)


def write_profiles(home: Path, profiles: object) -> None:
    folder = home / ".config" / "leadgenius"
    folder.mkdir(parents=True)
    file = folder / "profiles.json"
    file.write_text(json.dumps(profiles))
    file.chmod(0o600)


def test_the_order_of_sources(
    file: Path, no_settings_from_outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argument > environment > profile > credentials file > default."""
    seen: list[str] = []

    def look(user_id: str | None = None) -> None:
        profile = "work" if len(seen) >= 2 else None
        settings = _settings.load(profile=profile, user_id=user_id)
        seen.append(settings.user_id or "default")

    look()
    store(file, user_id="from file", token="t")
    look()
    write_profiles(no_settings_from_outside, {"work": {"user_id": "from profile"}})
    look()
    monkeypatch.setenv("LGP_USER_ID", "from the older variable")
    look()
    monkeypatch.setenv("LEADGENIUS_USER_ID", "from environment")
    look()
    look(user_id="from argument")
    assert seen == ["default", "from file", "from profile", "from the older variable",
                    "from environment", "from argument"]  # fmt: skip
    assert _settings.load().base_url == HOME_URL


def test_stored_credentials_stay_with_their_origin(file: Path) -> None:
    """A key that was saved for one server is not sent to another."""
    store(file, api_key="lgp_1", user_id="u", token="t", base_url=HOME_URL + "/api")
    assert _settings.load().api_key == Secret("lgp_1")
    elsewhere = _settings.load(base_url="https://elsewhere.example")
    assert elsewhere.api_key is None
    assert elsewhere.access_token is None
    assert elsewhere.user_id is None


def test_a_profile_that_is_not_there(no_settings_from_outside: Path) -> None:
    """The message names the file, and what it has."""
    with pytest.raises(errors.ConfigurationError, match=r"profiles\.json"):
        _settings.load(profile="work")
    write_profiles(no_settings_from_outside, {"home": {}})
    with pytest.raises(errors.ConfigurationError, match="home"):
        _settings.load(profile="work")


@pytest.mark.parametrize("text", ["[]", "{", "\xff"])
def test_a_broken_credentials_file_is_named(file: Path, text: str) -> None:
    """It is not silently passed over, and not overwritten."""
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(errors.ConfigurationError, match="leadgenius_auth"):
        _settings.load()
    with pytest.raises(errors.ConfigurationError):
        CredentialsFile(file).update({"token": "t"})
    assert file.read_text() == text


def test_a_rate_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong setting is a configuration error, wherever it comes from."""
    monkeypatch.setenv("LEADGENIUS_RATE", "quick")
    with pytest.raises(errors.ConfigurationError, match="quick"):
        LeadGenius()


def test_a_key_without_its_user_id() -> None:
    """The service would answer 401; the reason is known beforehand."""
    with pytest.raises(errors.CredentialsMissing, match="LEADGENIUS_USER_ID"):
        LeadGenius(api_key="lgp_1")


def test_a_file_that_others_can_read_is_tightened_once(file: Path) -> None:
    """Other tools write it readable by all: it is used, with one warning."""
    store(file, token="t")
    file.chmod(0o644)
    with pytest.warns(UserWarning, match="0600"):
        assert CredentialsFile(file).read() == {"token": "t"}
    assert file.stat().st_mode & 0o777 == 0o600
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CredentialsFile(file).read()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EPERM])
def test_a_file_that_cannot_be_tightened_is_used(
    monkeypatch: pytest.MonkeyPatch, file: Path, number: int
) -> None:
    """Its file system is read-only: that is a warning, also where a key is given beside it."""

    def fchmod(_descriptor: int, _mode: int) -> None:
        raise OSError(number, os.strerror(number))

    store(file, token="t")
    file.chmod(0o644)
    monkeypatch.setattr(os, "fchmod", fchmod)
    with pytest.warns(UserWarning, match=f"stays so: {os.strerror(number)}"):
        assert CredentialsFile(file).read() == {"token": "t"}
    with pytest.warns(UserWarning, match="can be read by other users"):
        LeadGenius(api_key="lgp_1", user_id="u")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_stays_a_link(file: Path, tmp_path: Path, is_there: bool) -> None:  # noqa: FBT001
    """What it leads to is written, in its own folder."""
    (folder := tmp_path / "secrets").mkdir()
    target = folder / "auth.json"
    if is_there:
        store(target, theirs="x")
    file.symlink_to(target)
    CredentialsFile(file).update({"token": "t"})
    assert file.is_symlink()
    kept = {"theirs": "x"} if is_there else {}
    assert json.loads(target.read_text()) == {**kept, "token": "t"}
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["auth.json"]


def test_an_update_keeps_what_it_does_not_know(file: Path) -> None:
    """Keys of other tools stay; None removes one; nothing temporary is left."""
    store(file, token="old", id_token="i", their_own="x")
    before = os.umask(0)
    try:
        CredentialsFile(file).update({"token": "new", "id_token": None})
    finally:
        os.umask(before)
    assert json.loads(file.read_text()) == {"token": "new", "their_own": "x"}
    assert file.stat().st_mode & 0o777 == 0o600
    assert not list(file.parent.glob(".leadgenius*.tmp"))


def test_a_new_file_is_private_from_its_first_byte(file: Path) -> None:
    """Also where the umask would let everyone read it."""
    before = os.umask(0)
    try:
        CredentialsFile(file).update({"token": "t"})
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_clients_repr_shows_no_credentials() -> None:
    """A LeadGenius in a log line names its origin alone."""
    client = LeadGenius(api_key="lgp_canary", user_id="u")
    assert repr(client) == f"LeadGenius(base_url='{HOME_URL}')"
    assert "canary" not in repr(vars(client)) + repr(_settings.load(api_key="lgp_canary"))


def test_credentials_that_cannot_be_sent() -> None:
    """What cannot become a header is a configuration error, said before anything is sent."""
    with pytest.raises(errors.ConfigurationError, match="control character"):
        LeadGenius(api_key="lgp_1", user_id="u\r\nX-Admin: 1")
    with pytest.raises(errors.ConfigurationError, match="accessToken"):
        LeadGenius(cookies={"idToken": "i"})


def test_a_client_that_was_not_made_still_prints() -> None:
    """A crash report with locals may hold one whose construction failed."""
    assert repr(LeadGenius.__new__(LeadGenius)) == "LeadGenius(…)"
