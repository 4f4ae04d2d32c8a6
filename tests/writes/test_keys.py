"""By what a row is known again: the e-mail address, else the LinkedIn profile, else nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from leadgenius_async._writes.keys import Key, canonical_email, canonical_profile, match_key


def test_the_address_comes_first() -> None:
    """Case, width and blanks do not count; the client does."""
    row = {"client_id": "acme", "email": " ADA@Sample.Example ", "linkedinUrl": "linkedin.com/in/a"}
    assert match_key(row) == Key("acme", "email", "ada@sample.example")
    assert match_key({**row, "email": "ａｄａ@sample.example"}) == match_key(row)  # noqa: RUF001
    assert match_key({**row, "client_id": "other"}) != match_key(row)
    assert match_key({**row, "email": " "}) == Key("acme", "linkedin", "linkedin.com/in/a")


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"email": "ada@sample.example"},
        {"client_id": "", "email": "ada@sample.example"},
        {"client_id": "acme"},
        {"client_id": "acme", "email": 7, "linkedinUrl": ["x"]},
        {"client_id": "acme", "linkedinUrl": "https://www.linkedin.com/company/sample"},
    ],
)
def test_no_key(row: dict[str, object]) -> None:
    """Such a row cannot be looked for."""
    assert match_key(row) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://www.linkedin.com/in/ada-sample",
        "http://de.linkedin.com/in/Ada-Sample/",
        "linkedin.com/in/ada-sample?trk=people",
        " //www.linkedin.com/in/ada%2Dsample/de#top",
        "HTTPS://WWW.LINKEDIN.COM/IN/ADA-SAMPLE",
    ],
)
def test_one_profile_in_many_spellings(url: str) -> None:
    """Scheme, country, language, query and case do not count."""
    assert canonical_profile(url) == "linkedin.com/in/ada-sample"


def test_ids_of_the_sales_navigator_have_their_case() -> None:
    """Two that differ in case alone are two people; what follows the comma is the search."""
    url = "https://www.linkedin.com/sales/lead/ACwAAb,NAME_SEARCH,x1?_ntb=1"
    assert canonical_profile(url) == "linkedin.com/sales/lead/ACwAAb"
    assert canonical_profile(url.replace("lead/", "people/")) == canonical_profile(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ada-sample",
        "https://notlinkedin.com/in/ada",
        "https://linkedin.com/in/",
        "linkedin.com/in/%20",
        "//[",
    ],
)
def test_no_profile(url: str) -> None:
    """Another site, a company, or nothing."""
    assert canonical_profile(url) is None


@given(st.text())
def test_one_spelling_is_its_own(text: str) -> None:
    """Whatever is put into one spelling stays in it, and nothing raises."""
    assert canonical_email(canonical_email(text)) == canonical_email(text)
    canonical_profile(f"linkedin.com/in/{text}")
