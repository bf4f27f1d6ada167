"""Only our own pages may change anything: every address and every unsafe method, by what the browser says of itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.clients import HTMX_HEADERS, HouseClient
from tests.conftest import new_app, new_config

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
OWN = "http://127.0.0.1:8000"
FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": OWN},
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Origin": OWN + ".elsewhere.example"},
    {"Origin": "http://127.0.0.1:8001"},
    {"Referer": OWN + "/en/"},
    {},
]
# What goes into the gaps of addresses, where not anything does.
FILLING: dict[str, str | int] = {"lang": "en", "step": "details", "number": 1}
OURS = [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": OWN}]


@pytest.fixture
def stranger(client: HouseClient) -> HouseClient:
    """A browser that says nothing of where it comes from."""
    client.own_site = False
    return client


def addresses(app: Flask) -> Iterator[str]:
    """Every address of the app, with something in its gaps."""
    for rule in app.url_map.iter_rules():
        values = {name: FILLING.get(name, "x") for name in rule.arguments}
        yield _built(rule, values)


def _built(rule: Rule, values: dict[str, str | int]) -> str:
    made = rule.build(values)
    assert made is not None
    return made[1]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_foreign(app: Flask, stranger: HouseClient, headers: dict[str, str]) -> None:
    """Every unsafe method on every address is refused when it comes from elsewhere, whether it would answer or not.

    For the API that is because it takes a key and no cookie (test_api.py): without one it is 401, or a wrong method.
    """
    got = {
        (method, address): stranger.open(address, method=method, headers=headers).status_code
        for address in addresses(app)
        for method in UNSAFE
    }
    refused = {key: {401, 405} if key[1].startswith("/api/") else {403} for key in got}
    assert {} == {key: status for key, status in got.items() if status not in refused[key]}


@pytest.mark.parametrize("headers", OURS, ids=str)
def test_own(stranger: HouseClient, headers: dict[str, str]) -> None:
    """A form that was sent from our own pages is looked at."""
    sent = stranger.post("/en/self-service/replacement-password", headers=headers, data={})
    assert 422 == sent.status_code


def test_foreign_form_changes_nothing(stranger: HouseClient, statements: list[str]) -> None:
    """A refused form reaches no database, as a page and as a fragment."""
    data = {"access_code": "AAAA", "email": "a@b.example"}
    for headers in ({"Sec-Fetch-Site": "cross-site"}, HTMX_HEADERS | {"Sec-Fetch-Site": "cross-site"}):
        stranger.post("/nl/self-service/replacement-password", headers=headers, data=data)
    assert [] == statements


def test_safe_methods_are_free(stranger: HouseClient) -> None:
    """Links from elsewhere work."""
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
    assert 200 == stranger.get("/en/self-service/search", headers=headers).status_code


def test_no_get_changes_anything(app: Flask, client: HouseClient, statements: list[str]) -> None:
    """GET writes nothing on any address (with nothing but a made-up token), but that /health tries whether it can."""
    for address in addresses(app):
        if address != "/health":
            client.get(address)
    assert [] == writes(statements)
    client.get("/health")
    changed = [one for one in writes(statements) if one.split()[0].upper() not in ("BEGIN", "COMMIT")]
    assert [True] == [one.split()[:3] == ["INSERT", "INTO", "heartbeats"] for one in changed]


def writes(statements: list[str]) -> list[str]:
    """The statements that are not reads."""
    return [one for one in statements if one.split()[0].upper() not in ("SELECT", "PRAGMA")]


def test_app_is_told_its_own_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Origin is held against the configured address, not against what the request says of itself."""
    app = new_app(new_config(tmp_path_factory.mktemp("own")))
    visitor = app.test_client()
    assert isinstance(visitor, HouseClient)
    visitor.own_site = False
    forged = {"Host": "localhost:8000", "Origin": "http://localhost:8000"}
    sent = visitor.post("/en/self-service/replacement-password", headers=forged, base_url="http://localhost:8000")
    assert 403 == sent.status_code


@pytest.mark.parametrize("path", ["/%09/evil.example", "/%0A/evil.example", "/%5Cevil.example"])
@pytest.mark.parametrize("cookie", ["", "anything"])
def test_mark_of_a_first_cookie_leads_nowhere_else(client: HouseClient, path: str, cookie: str) -> None:
    """Only an address of ours is answered without its mark: any other could be read as another host."""
    if cookie:
        client.set_cookie("loket", cookie, domain="127.0.0.1")
    answer = client.get(f"{path}?begun=1")
    assert (404, None) == (answer.status_code, answer.headers.get("Location"))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/en/self-service/my?begun=1", "/en/self-service/my"),
        ("/en/self-service/my?paper=&begun=1&begun=1&a=1&a=%26", "/en/self-service/my?paper=&a=1&a=%26"),
        ("/en/self-service/access-code/link/a%0Ab%3Fc?begun=1", "/en/self-service/access-code/link/a%0Ab%3Fc"),
    ],
)
def test_mark_of_a_first_cookie_is_taken_off(client: HouseClient, path: str, expected: str) -> None:
    """The address stays as it was but for the mark."""
    client.set_cookie("loket", "anything", domain="127.0.0.1")
    answer = client.get(path)
    assert (303, expected) == (answer.status_code, answer.headers["Location"])


@pytest.mark.parametrize("path", ["/health", "/api/redeliveries/1/done", "/en/nothing"])
def test_mark_of_a_first_cookie_elsewhere(client: HouseClient, path: str) -> None:
    """What asks for no cookie does not say that one is needed."""
    assert client.get(path).status_code == client.get(f"{path}?begun=1").status_code
