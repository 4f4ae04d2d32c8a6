"""Tenants: who they are, where their keys are, and the file that says so."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest

from leadgenius_async import LeadGenius, Tenant, errors, read_tenants

#: As the emulator's, so that the watch over all tests knows it; files named so may hold it.
KEY = "lgp_" + "0123456789" * 4
NAME = "ready-{}.json"
#: One that a file holds which must not.
MISPLACED = KEY[:36]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "give one of profile, api_key_env, api_key_file, and not none of them"),
        ({"profile": "a", "api_key_env": "A"}, "and not profile and api_key_env"),
        ({"api_key_env": "A"}, "a key needs its user: give one of user_id and user_id_env"),
        ({"api_key_env": "A", "user_id": "u", "user_id_env": "U"}, "give one of user_id and"),
        ({"profile": "a", "user_id": "u"}, "profile says whose it is: leave user_id out"),
        ({"profile": ""}, "profile is empty"),
        ({"api_key_env": "ACME-KEY", "user_id": "u"}, "to name an environment variable"),
        ({"api_key_env": KEY, "user_id": "u"}, "api_key_env: a key does not belong here"),
        ({"profile": "a", "company_id": ""}, "company_id is empty"),
        ({"profile": "a", "rate": "fast"}, "rate is 'fast'"),
        ({"profile": "a", "name": "a/b"}, "it names a folder"),
        ({"profile": "a", "name": "../b"}, "it names a folder"),
        ({"profile": "a", "name": "Tenants.json"}, "and neither tenants.json"),
        ({"profile": "a", "name": "acme."}, "no '.' last"),
        ({"profile": "a", "name": "con"}, "a device of Windows"),
        ({"profile": "a", "name": "NUL.txt"}, "a device of Windows"),
        ({"profile": "a", "name": "Com1"}, "a device of Windows"),
        ({"profile": "a", "name": "acme\n"}, "it names a folder"),
        ({"profile": "a", "clients": [KEY]}, "clients: a key does not belong here"),
        ({"profile": "a", "fields": ["id", KEY]}, "fields: a key does not belong here"),
    ],
)
def test_what_can_only_fail_later(options: dict[str, Any], says: str) -> None:
    """It is refused at once, and no key is repeated."""
    with pytest.raises(ValueError, match=says) as caught:
        Tenant(**{"name": "acme", **options})
    assert KEY not in str(caught.value)


def test_other_mistakes() -> None:
    """One name where a list belongs; a place that keys are not sent to."""
    with pytest.raises(TypeError, match="clients is one string"):
        Tenant(name="acme", profile="a", clients="acme-corp")
    with pytest.raises(TypeError, match="fields is one string"):
        Tenant(name="acme", profile="a", fields="email")
    with pytest.raises(errors.ConfigurationError, match="plain http"):
        Tenant(name="acme", profile="a", base_url="http://elsewhere.example")


def test_a_key_is_found_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And it is in no tenant: neither in its text nor in its pickle."""
    file = tmp_path / NAME.format("key")
    file.write_text(KEY + "\n")
    monkeypatch.setenv("ACME_KEY", KEY)
    monkeypatch.setenv("ACME_USER", "user-1")
    by_env = Tenant(name="a", api_key_env="ACME_KEY", user_id_env="ACME_USER")
    by_file = Tenant(name="b", api_key_file=str(file), user_id="user-1")
    assert by_env.account() == by_file.account()
    assert by_env.reference != by_file.reference
    elsewhere = Tenant(
        name="c", api_key_file=str(file), user_id="u", base_url="https://elsewhere.example"
    )
    assert elsewhere.account() != by_env.account()
    for tenant in (by_env, by_file):
        assert KEY not in repr(tenant) + tenant.account()
        assert KEY.encode() not in pickle.dumps(tenant)
        assert pickle.loads(pickle.dumps(tenant)) == tenant  # noqa: S301 - our own bytes


def test_a_key_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the place, and nothing of what stands there."""
    monkeypatch.setenv("ODD_KEY", f"{KEY}\n{KEY}")
    (tmp_path / NAME.format("odd")).write_text(f"{KEY}\n{KEY}")
    (tmp_path / NAME.format("bytes")).write_bytes(b"\xff\xfe" + KEY.encode())
    (tmp_path / NAME.format("empty")).write_text("\n")
    places = [
        ("the environment variable NO_SUCH_KEY is not set here", {"api_key_env": "NO_SUCH_KEY"}),
        ("the environment variable ODD_KEY: .* control character", {"api_key_env": "ODD_KEY"}),
        (
            r"absent\.json cannot be read: No such file",
            {"api_key_file": str(tmp_path / NAME.format("absent"))},
        ),
        (
            r"odd\.json is to hold an API key and nothing",
            {"api_key_file": str(tmp_path / NAME.format("odd"))},
        ),
        (
            r"bytes\.json is to hold an API key and nothing",
            {"api_key_file": str(tmp_path / NAME.format("bytes"))},
        ),
        (r"empty\.json is empty", {"api_key_file": str(tmp_path / NAME.format("empty"))}),
    ]
    for says, place in places:
        tenant = Tenant(name="acme", user_id="u", **place)
        with pytest.raises(errors.ConfigurationError, match=says) as caught:
            tenant.open()
        assert KEY not in str(caught.value)
    with pytest.raises(errors.ConfigurationError, match="there is no profile 'acme'"):
        Tenant(name="acme", profile="acme").account()


def write_profiles(home: Path, **profiles: dict[str, str]) -> None:
    path = home / ".config" / "leadgenius" / "profiles.json"
    path.parent.mkdir(parents=True)
    path.touch(0o600)
    path.write_text(json.dumps(profiles))


async def test_a_tenant_stays_with_its_own(
    no_settings_from_outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the environment's key, nor a saved login, nor another's service is used for it."""
    write_profiles(
        no_settings_from_outside,
        acme={"api_key": KEY, "user_id": "u", "base_url": "https://acme.example"},
        other={"base_url": "https://acme.example"},
        usual={"api_key": KEY, "user_id": "u"},
    )
    login = no_settings_from_outside / ".leadgenius_auth.json"
    login.touch(0o600)
    login.write_text(json.dumps({"token": "t", "api_key": "lgp_1", "user_id": "someone"}))
    monkeypatch.setenv("LEADGENIUS_API_KEY", "lgp_2")
    monkeypatch.setenv("LEADGENIUS_USER_ID", "somebody")
    monkeypatch.setenv("LEADGENIUS_ACCESS_TOKEN", "t")
    monkeypatch.setenv("LEADGENIUS_PROFILE", "other")
    acme = Tenant(name="acme", profile="acme")
    monkeypatch.setenv("ACME_KEY", KEY)
    usual = Tenant(name="usual", api_key_env="ACME_KEY", user_id="u")
    async with acme.open() as lg:
        assert lg.base_url == "https://acme.example"
    there = Tenant(
        name="there", api_key_env="ACME_KEY", user_id="u", base_url="https://acme.example/api"
    )
    assert acme.account() == there.account()
    assert usual.account() == Tenant(name="usual", profile="usual").account()
    with pytest.raises(errors.CredentialsMissing, match="profile 'other' holds no credentials"):
        Tenant(name="other", profile="other").account()
    with pytest.raises(errors.CredentialsMissing, match=r"for https://last\.leadgenius\.app"):
        Tenant(name="acme", profile="acme", base_url="https://last.leadgenius.app").account()
    monkeypatch.setenv("LEADGENIUS_BASE_URL", "https://proxy.example")
    async with usual.open() as lg, acme.open() as its_own, LeadGenius(isolated=True) as nobody:
        assert lg.base_url == nobody.base_url == "https://proxy.example"
        assert its_own.base_url == "https://acme.example"
        # The environment's outranks the credentials file's, which is the usual one at the most.
        login.write_text(json.dumps({"token": "t", "base_url": "https://file.example"}))
        async with Tenant(name="usual", profile="usual").open() as by_profile:
            assert by_profile.base_url == "https://proxy.example"
            assert by_profile.credentials == []  # which were made for another service
        monkeypatch.delenv("LEADGENIUS_BASE_URL")
        async with Tenant(name="usual", profile="usual").open() as by_profile:
            assert by_profile.base_url == "https://file.example"
            assert by_profile.credentials == its_own.credentials
        monkeypatch.setenv("LEADGENIUS_BASE_URL", "https://proxy.example")
        with pytest.raises(errors.CredentialsMissing):
            await nobody.request("GET", "/clients")


def read(folder: Path, text: str) -> list[Tenant]:
    path = folder / "tenants.toml"
    path.write_text(text)
    return read_tenants(path)


def test_a_file(tmp_path: Path) -> None:
    """Defaults hold where a tenant has none of its own; credentials are one thing."""
    found = read(
        tmp_path,
        """
        [defaults]
        profile = "agency"
        rate = 600
        fields = ["id", "email"]

        [[tenant]]
        name = "acme"
        clients = ["acme-corp"]

        [[tenant]]
        name = "beta"
        api_key_file = "keys/beta"
        user_id = "user-1"
        rate = "premium"

        [[tenant]]
        name = "gamma"
        api_key_file = "~/gamma"
        user_id_env = "GAMMA_USER"
        """,
    )
    fields = ["id", "email"]
    beta = str(tmp_path / "keys" / "beta")
    assert found == [
        Tenant(name="acme", profile="agency", rate=600, fields=fields, clients=["acme-corp"]),
        Tenant(name="beta", api_key_file=beta, user_id="user-1", rate="premium", fields=fields),
        Tenant(
            name="gamma", api_key_file="~/gamma", user_id_env="GAMMA_USER", rate=600, fields=fields
        ),
    ]


ACME = '[[tenant]]\nname = "acme"\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no tenant"),
        ("[[tenant]", r"tenants\.toml: .*line 1"),
        ('[tenant]\nname = "acme"', r"write \[\[tenant\]\], once for each"),
        ("tenant = [1]", "tenant 1 is to be a table"),
        ("defaults = 1\n" + ACME, "defaults is to be a table"),
        ('[[tenants]]\nname = "acme"', "the file has tenants, .*did you mean tenant"),
        ('[[tenant]]\nprofile = "a"', "tenant 1, which has no name: "),
        (ACME + 'profil = "a"', "tenant 'acme' has profil, .*did you mean profile"),
        (ACME + "xyz = 1", "tenant 'acme' has xyz, .*it may have name, profile, "),
        (ACME + "profile = 1", "tenant 'acme': Expected `str"),
        ('[[tenant]]\nnam = "acme"', "tenant 1, which has no name has nam, .*did you mean name"),
        (ACME + 'profile = "a"\n[[tenant]]\nname = "Acme"\nprofile = "b"', "'Acme': .*twice"),
        (ACME, "tenant 'acme': give one of profile"),
        (f'{ACME}api_key = "{MISPLACED}"', "tenant 'acme' has api_key: a key does not belong here"),
        (f'{ACME}Password = "{MISPLACED}"', "tenant 'acme' has Password: a key does not"),
        (f'[defaults]\napi_key = "{MISPLACED}"\n{ACME}', "defaults has api_key: a key does not"),
        (
            f'{ACME}api_key_env = "{MISPLACED}"\nuser_id = "u"',
            "'acme': api_key_env: a key does not",
        ),
        (f"{ACME}{MISPLACED} = 1", "tenant 'acme' has a key for a name: a key does not"),
        (f"{MISPLACED} = 1", "the file has a key for a name: a key does not"),
        (f'{ACME}profile = "a"\nclients = ["{MISPLACED}"]', "clients: a key does not belong here"),
        (f'[[tenant]]\nname = "{MISPLACED}"\nnam = 1', "tenant 1, which has a key for its name"),
        ('[defaults]\nname = "a"\n' + ACME, "defaults has name, which means nothing here"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, says: str) -> None:
    """The message has the tenant's name and the remedy, and no key."""
    with pytest.raises(errors.ConfigurationError, match=says) as caught:
        read(tmp_path, text)
    assert MISPLACED not in str(caught.value)


def test_a_mark_of_the_byte_order(tmp_path: Path) -> None:
    """Editors of Windows put one first, in the file and in that of a key."""
    (tmp_path / "tenants.toml").write_bytes(
        b"\xef\xbb\xbf" + b'[[tenant]]\nname = "acme"\n'
        b'api_key_file = "ready-mark.json"\nuser_id = "u"\n'
    )
    marked, plain = tmp_path / NAME.format("mark"), tmp_path / NAME.format("plain")
    marked.write_bytes(b"\xef\xbb\xbf" + KEY.encode() + b"\r\n")
    plain.write_text(KEY)
    [acme] = read_tenants(tmp_path / "tenants.toml")
    assert acme.account() == Tenant(name="b", api_key_file=str(plain), user_id="u").account()


def test_the_file_in_the_documentation(tmp_path: Path) -> None:
    """It can be read as it stands."""
    page = Path(__file__).parent.parent / "docs" / "integrations" / "tenants.md"
    [block] = re.findall(r"```toml [^\n]*\n(.*?)```", page.read_text(), re.DOTALL)
    acme, beta, gamma = read(tmp_path, block)
    assert (acme.profile, beta.clients, gamma.rate) == ("acme", ["beta-inc"], 100)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Its path is told."""
    with pytest.raises(errors.ConfigurationError, match=r"none\.toml: cannot be read: No such"):
        read_tenants(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff")
    with pytest.raises(errors.ConfigurationError, match=r"odd\.toml: cannot be read: no UTF-8"):
        read_tenants(tmp_path / "odd.toml")
