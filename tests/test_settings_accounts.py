"""Credentials of one account and origin are never mixed with another's, and never shown."""

from __future__ import annotations

import errno
import json
import os
import traceback
from pathlib import Path
from typing import Any

import pytest

from leadgenius_async import Secret, _settings, errors
from leadgenius_async._credentials_file import CredentialsFile, Profile
from leadgenius_async._settings import Settings

DEFAULT = "https://last.leadgenius.app"
STAGING = "https://staging.example"


@pytest.fixture
def home(no_settings_from_outside: Path) -> Path:
    return no_settings_from_outside


def save(home: Path, **values: object) -> CredentialsFile:
    """Write the credentials file as a login leaves it."""
    file = CredentialsFile.default()
    assert file.path.parent == home
    file.update({name: str(value) for name, value in values.items()})
    return file


def profiles(home: Path, **entries: dict[str, str]) -> None:
    folder = home / ".config" / "leadgenius"
    folder.mkdir(parents=True)
    file = folder / "profiles.json"
    file.write_text(json.dumps(entries))
    file.chmod(0o600)


def login_of(settings: Settings) -> tuple[str | None, ...]:
    """Return the three tokens in the clear."""
    tokens = (settings.access_token, settings.id_token, settings.refresh_token)
    return tuple(token.reveal() if token else None for token in tokens)


# Where each comes from


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("LEADGENIUS_API_KEY", "api_key"),
        ("LGP_API_KEY", "api_key"),
        ("LEADGENIUS_USER_ID", "user_id"),
        ("LGP_USER_ID", "user_id"),
        ("LEADGENIUS_ACCESS_TOKEN", "access_token"),
        ("LEADGENIUS_REFRESH_TOKEN", "refresh_token"),
        ("LEADGENIUS_USERNAME", "username"),
        ("LEADGENIUS_PASSWORD", "password"),
    ],
)
def test_each_variable_is_read(monkeypatch: pytest.MonkeyPatch, variable: str, name: str) -> None:
    """An empty one counts as none."""
    monkeypatch.setenv(variable, "a value")
    found = getattr(_settings.load(), name)
    assert (found.reveal() if isinstance(found, Secret) else found) == "a value"
    monkeypatch.setenv(variable, "")
    assert getattr(_settings.load(), name) is None


def test_origin_rate_and_profile_are_read_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """With or without `/api`; a tier or a number."""
    profiles(home, work={"user_id": "of-work"})
    monkeypatch.setenv("LEADGENIUS_PROFILE", "work")
    monkeypatch.setenv("LEADGENIUS_BASE_URL", f"{STAGING}/api/")
    monkeypatch.setenv("LEADGENIUS_RATE", "250")
    settings = _settings.load(base_url=None)
    assert (settings.base_url, settings.rate) == (STAGING, 250)
    assert settings.user_id is None  # the profile's home is the default origin
    assert _settings.load(base_url=DEFAULT).user_id == "of-work"


def test_all_keys_of_the_file_are_read(home: Path) -> None:
    """Under the names that its other readers use; a value that is no text is passed over."""
    values = {"token": "a", "id_token": "i", "refresh_token": "r", "email": "me@x.example",
              "user_id": "u", "api_key": "k", "base_url": f"{STAGING}/api"}  # fmt: skip
    save(home, **values)
    settings = _settings.load()
    assert login_of(settings) == ("a", "i", "r")
    assert settings.api_key == Secret("k")
    assert (settings.username, settings.user_id) == ("me@x.example", "u")
    assert settings.base_url == STAGING
    CredentialsFile.default().path.write_text('{"token": 7, "user_id": null, "api_key": ""}')
    assert _settings.load() == Settings()


# One origin


def test_a_profile_of_another_origin_does_not_take_the_files_credentials_there(home: Path) -> None:
    """Each source's credentials go to the origin that it names, and to no other."""
    save(home, token="of-production", api_key="of-production", user_id="u")
    profiles(home, staging={"base_url": STAGING}, both={"base_url": STAGING, "token": "of-staging"})
    settings = _settings.load(profile="staging")
    assert settings.base_url == STAGING
    assert settings == Settings(base_url=STAGING)
    settings = _settings.load(profile="both")
    assert login_of(settings) == ("of-staging", None, None)
    assert settings.api_key is None


def test_a_profile_that_names_no_origin_belongs_to_the_files(home: Path) -> None:
    """It is one more account of the same service."""
    save(home, base_url=STAGING, token="of-the-file")
    profiles(home, second={"api_key": "k", "user_id": "u"})
    settings = _settings.load(profile="second")
    assert settings.base_url == STAGING
    assert settings.api_key == Secret("k")
    assert _settings.load(profile="second", base_url=DEFAULT).api_key is None


@pytest.mark.parametrize("spelled", [STAGING, f"{STAGING}/", f"{STAGING}/api", STAGING.upper()])
def test_an_origin_is_the_same_however_it_is_spelled(home: Path, spelled: str) -> None:
    """The file may have been written by another tool."""
    save(home, base_url=spelled, token="t")
    assert _settings.load(base_url=STAGING).access_token == Secret("t")


def test_a_file_with_a_broken_origin_gives_nothing_away(home: Path) -> None:
    """Nobody can tell whom its credentials are for."""
    save(home, base_url="nonsense", token="t")
    assert _settings.load(base_url=DEFAULT).access_token is None
    with pytest.raises(errors.ConfigurationError, match="nonsense"):
        _settings.load()


# One login


def test_tokens_of_two_logins_are_not_mixed(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Another login's refresh token would go on as another account, in silence."""
    save(home, token="of-file", id_token="of-file", refresh_token="of-file")
    profiles(home, work={"token": "of-work"})
    assert login_of(_settings.load(profile="work")) == ("of-work", None, None)
    assert login_of(_settings.load(access_token="given")) == ("given", None, None)
    monkeypatch.setenv("LEADGENIUS_ACCESS_TOKEN", "of-environment")
    monkeypatch.setenv("LEADGENIUS_REFRESH_TOKEN", "of-environment")
    assert login_of(_settings.load()) == ("of-environment", None, "of-environment")


def test_a_name_and_password_outrank_another_users_login(home: Path) -> None:
    """Who asks to be somebody else is; who asks to be the same keeps the login."""
    save(home, token="of-a", refresh_token="of-a", email="a@x.example")
    password = "long enough"
    assert login_of(_settings.load(username="b@x.example", password=password))[0] is None
    assert login_of(_settings.load(username="a@x.example", password=password))[0] == "of-a"
    assert login_of(_settings.load(password=password))[0] == "of-a"


def test_a_login_is_written_back_to_where_it_came_from(home: Path) -> None:
    """New tokens of a profile go to its entry; those of an argument or another origin nowhere."""
    file = save(home, token="of-file", base_url=DEFAULT)
    profiles(home, work={"token": "of-work"}, key={"api_key": "k", "user_id": "u"})
    assert _settings.load().saved == file
    assert _settings.load(profile="work").saved == Profile.named("work")
    assert _settings.load(profile="key").saved is None
    assert _settings.load(profile="work", base_url=STAGING).saved is None
    assert _settings.load(access_token=Secret("of-file")).saved is None
    assert _settings.load(base_url=STAGING).saved is None


def test_a_profile_is_an_account_of_its_own(home: Path) -> None:
    """What it does not have is not taken from the credentials file: that may be another account."""
    save(home, token="of-file", api_key="of-file", user_id="of-file", email="me@x.example")
    profiles(home, empty={}, key={"api_key": "of-key", "user_id": "of-key"})
    assert _settings.load(profile="empty") == Settings()
    settings = _settings.load(profile="key")
    assert (settings.api_key, settings.user_id) == (Secret("of-key"), "of-key")
    assert login_of(settings) == (None, None, None)


def test_no_profile_is_one_that_is_named_by_no_text(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """An empty name outranks the environment's and means the credentials file."""
    file = save(home, token="of-file")
    monkeypatch.setenv("LEADGENIUS_PROFILE", "work")
    assert _settings.place(new=True) == Profile.named("work")
    assert _settings.place("home", new=True) == Profile.named("home")
    with pytest.raises(errors.ConfigurationError, match="no profile 'home'"):
        _settings.place("home")
    assert _settings.place("") == file
    assert _settings.load(profile="").saved == file


def test_a_new_profile_is_made_where_it_is_saved(home: Path) -> None:
    """Only a login may name one that is not there; file and folder are their owner's alone."""
    with pytest.raises(errors.ConfigurationError, match="no profile 'work'"):
        _settings.load(profile="work")
    assert _settings.load(profile="work", new=True) == Settings()
    before = os.umask(0)
    try:
        Profile.named("work").update({"token": "t", "email": None})
    finally:
        os.umask(before)
    file = home / ".config" / "leadgenius" / "profiles.json"
    assert json.loads(file.read_text()) == {"work": {"token": "t"}}
    assert file.stat().st_mode & 0o777 == 0o600
    for folder in (file.parent, file.parent.parent):
        assert folder.stat().st_mode & 0o777 == 0o700
    assert login_of(_settings.load(profile="work"))[0] == "t"


def test_a_profile_keeps_what_it_does_not_know(home: Path) -> None:
    """Keys of other tools and other profiles stay; None removes a key."""
    profiles(home, work={"token": "old", "id_token": "i", "theirs": "x"}, spare={"token": "h"})
    Profile.named("work").update({"token": "new", "id_token": None})
    file = home / ".config" / "leadgenius" / "profiles.json"
    assert json.loads(file.read_text()) == {
        "work": {"token": "new", "theirs": "x"},
        "spare": {"token": "h"},
    }


def test_profiles_that_others_can_read_are_tightened(home: Path) -> None:
    """As the credentials file is."""
    profiles(home, work={"token": "t"})
    file = home / ".config" / "leadgenius" / "profiles.json"
    file.chmod(0o644)
    with pytest.warns(UserWarning, match="0600"):
        _settings.load(profile="work")
    assert file.stat().st_mode & 0o777 == 0o600


# Broken sources


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"work": 1}', b'{"\xff": {}}'])
def test_a_broken_profiles_file_is_named(home: Path, data: bytes) -> None:
    """With its path, whatever is wrong with it."""
    profiles(home)
    (home / ".config" / "leadgenius" / "profiles.json").write_bytes(data)
    with pytest.raises(errors.ConfigurationError, match=r"profiles\.json"):
        _settings.load(profile="work")


def test_a_home_that_is_no_folder_is_no_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts of services often have /dev/null; their settings come from the environment."""
    monkeypatch.setenv("HOME", os.devnull)
    assert _settings.load(api_key="k", user_id="u").api_key == Secret("k")


def test_the_file_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Whoever wrote it would choose where our requests go."""
    save(home, token="t")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(errors.ConfigurationError, match="another user"):
        _settings.load()


def test_a_file_that_cannot_be_read_is_named(home: Path) -> None:
    """It is there, so passing over it would be a guess."""
    (home / ".leadgenius_auth.json").mkdir()
    with pytest.raises(errors.ConfigurationError, match="cannot be read"):
        _settings.load()


def test_a_file_appears_whole_or_not_at_all(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A full disk leaves the old one as it was, and nothing beside it."""
    file = save(home, token="old")

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(errors.ConfigurationError, match="No space left"):
        file.update({"token": "new"})
    assert file.read() == {"token": "old"}
    assert not list(home.glob(".lead*.tmp"))
    with pytest.raises(errors.ConfigurationError, match="cannot be written"):
        CredentialsFile(home / "missing" / "file.json").update({"token": "new"})


# What is shown


def test_a_wrong_setting_shows_no_other(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Neither the message nor a traceback with locals holds what environment and file hold."""
    save(home, token="canary-token", api_key="canary-key", refresh_token="canary-refresh")
    monkeypatch.setenv("LEADGENIUS_API_KEY", "canary-api-key")
    monkeypatch.setenv("LEADGENIUS_PASSWORD", "canary-password")
    cases: list[dict[str, Any]] = [{"base_url": "http://elsewhere.example"}, {"rate": "quick"}]
    for given in cases:
        with pytest.raises(errors.ConfigurationError) as caught:
            _settings.load(**given)
        report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        product = [line for frame in report.stack[1:] for line in (frame.locals or {}).values()]
        assert len(product) > 5
        assert "canary" not in str(caught.value) + "".join(product)


def test_a_secret_that_is_refused_is_not_shown() -> None:
    """Its own frame, where the value stood, has let go of it."""
    with pytest.raises(ValueError, match="copy it again") as caught:
        Secret("canary\n")
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in str([frame.locals for frame in report.stack[1:]])


@pytest.mark.parametrize("variable", ["LEADGENIUS_API_KEY", "LEADGENIUS_ACCESS_TOKEN"])
@pytest.mark.parametrize("tail", ["\n", "\r\nX-Admin-Key: 1", "\udcff"])
def test_a_credential_that_cannot_be_sent_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, tail: str
) -> None:
    """By its setting, not by its value."""
    monkeypatch.setenv(variable, f"canary{tail}")
    with pytest.raises(errors.ConfigurationError, match="copy it again") as caught:
        _settings.load()
    assert variable.removeprefix("LEADGENIUS_").lower() in str(caught.value)
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "canary" not in "".join(
        line for f in report.stack[1:] for line in (f.locals or {}).values()
    )
