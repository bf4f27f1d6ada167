"""What only some settings change about the headers; what holds for every answer is in house.py."""

from __future__ import annotations

import dataclasses

import pytest

from selfservice.config import Config
from selfservice.web.request import local_path
from selfservice.web.security import CSP, HSTS
from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import new_app


@pytest.fixture
def secure(config: Config) -> Config:
    """Settings of a site over https."""
    return dataclasses.replace(config, demo=False, base_url="https://help.example.org")


def test_https(secure: Config) -> None:
    """Over https every answer asks for https for a year."""
    answers = [new_app(secure).test_client().get(path) for path in ("/en/self-service/search", "/en/nothing", "/")]
    assert [HSTS] * 3 == [answer.headers.get("Strict-Transport-Security") for answer in answers]


def test_http(client: HouseClient) -> None:
    """A demonstration over http does not."""
    assert "Strict-Transport-Security" not in client.get("/en/self-service/search").headers


def test_secure_cookie(secure: Config, client: HouseClient) -> None:
    """Over https the cookie is bound to the host and to https; over http on loopback it has a plain name."""
    data = {"access_code": "2222222222222222", "email": "jip@bakkerij.example"}
    path = "/en/self-service/replacement-password"
    answers = [new_app(secure).test_client().post(path, data=data), client.post(path, data=data)]
    cookies = [answer.headers["Set-Cookie"] for answer in answers]
    assert [True, False] == [cookie.startswith("__Host-loket=") for cookie in cookies]
    assert [["HttpOnly", "Path=/", "SameSite=Lax", "Secure"], ["HttpOnly", "Path=/", "SameSite=Lax"]] == [
        sorted(cookie.split("; ")[1:]) for cookie in cookies
    ]


def test_policy() -> None:
    """The content security policy allows our own files and nothing else, and no unsafe anything."""
    assert [] == [word for word in ("unsafe", "*", "http", "data:", "blob:") if word in CSP]


def test_vary(client: HouseClient) -> None:
    """Page and fragment have one address: nothing that caches may mix them up."""
    answers = [client.get("/en/self-service/search", headers=headers) for headers in ({}, HTMX_HEADERS)]
    assert [("HX-Request", "no-store")] * 2 == [(a.headers["Vary"], a.headers["Cache-Control"]) for a in answers]


@pytest.mark.parametrize(
    ("accepted", "place"),
    [
        ("en", "/en/"),
        ("nl", "/nl/"),
        ("en-GB,nl;q=0.5", "/en/"),
        ("de,nl;q=0.5", "/nl/"),
        ("de", "/nl/"),
        ("en;q=0", "/nl/"),
        ("", "/nl/"),
    ],
)
def test_home(client: HouseClient, accepted: str, place: str) -> None:
    """The address of the site itself leads to the visitor's language, Dutch when there is no telling."""
    answer = client.get("/", headers={"Accept-Language": accepted})
    found = (answer.status_code, answer.headers["Location"], "Accept-Language" in answer.headers["Vary"])
    assert (302, place, True) == found


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_language_of_address(client: HouseClient, lang: str) -> None:
    """The address says the language, whatever the browser would rather have."""
    other = {"en": "nl", "nl": "en"}[lang]
    answer = client.get(f"/{lang}/self-service/search", headers={"Accept-Language": other})
    assert lang == answer.headers["Content-Language"]


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("/en/", True),
        ("/en/?a=b#c", True),
        ("//elsewhere.example", False),
        ("/\\elsewhere.example", False),
        ("/en/\\..\\elsewhere.example", False),
        ("https://elsewhere.example/", False),
        ("javascript:alert(1)", False),
        ("en/", False),
        ("", False),
        ("/en/\n//elsewhere.example", False),
        ("/\t/elsewhere.example", False),
        # What Python's own parser refuses with an error.
        ("//[", False),
        ("https://elsewhere.example]/", False),
    ],
)
def test_path_only(address: str, *, safe: bool) -> None:
    """Only a path of this site may be gone on to."""
    assert (address if safe else None) == local_path(address)


@pytest.mark.parametrize(("accepted", "lang"), [("nl-NL,en;q=0.5", "nl"), ("en-GB", "en"), ("fr", "nl")])
def test_well_known_change_password(client: HouseClient, accepted: str, lang: str) -> None:
    """Programs that keep passwords find the form to change one, in the language that their user likes best."""
    answer = client.get("/.well-known/change-password", headers={"Accept-Language": accepted})
    form = f"/{lang}/self-service/change-password"
    assert (302, form) == (answer.status_code, answer.headers["Location"])
    assert "Accept-Language" in answer.headers["Vary"]
    assert 'name="password"' in client.get(form).text
