"""Old addresses in the app: led on, or said to be gone; and addresses that are nearly ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from selfservice.config import Config
from selfservice.i18n.languages import using_language
from selfservice.web import error_pages, moved
from selfservice.web.problem_details import MIMETYPE
from tests.clients import HTMX_HEADERS, HouseClient

MOVED = {
    "/nl/oud": {"nl": "/nl/bestellingen/"},
    "/nl/één oud": {"nl": "/nl/bestellingen/#place"},
    "/faq": {"en": "/en/", "nl": "/nl/"},
    "/en/tool.php": {"en": "https://example.org/tool?a=1"},
    "/en/self-service/old-form": {"en": "/en/self-service/sign-in"},
}
GONE = {
    "/nl/fax": {"nl": ["/nl/contact/", "Contact & meer"]},
    "/en/fax": {},
    "/api/fax": {},
}


@pytest.fixture(autouse=True)
def build(config: Config) -> Path:
    """A build with old addresses."""
    config.published.mkdir(parents=True)
    path = config.published / moved.FILE
    path.write_text(json.dumps({"moved": MOVED, "gone": GONE}), "utf-8")
    return path


@pytest.mark.parametrize(
    ("asked", "status", "place"),
    [
        ("/nl/oud/", 301, "/nl/bestellingen/"),
        ("/nl/oud", 301, "/nl/bestellingen/"),
        ("/NL/Oud/", 301, "/nl/bestellingen/"),
        ("/nl/oud/?a=b&c=%26", 301, "/nl/bestellingen/?a=b&c=%26"),
        ("/nl/oud?a=b%0d%0aX: y", 301, "/nl/bestellingen/?a=b%0d%0aX:%20y"),
        ("/nl/%C3%A9%C3%A9n%20oud", 301, "/nl/bestellingen/#place"),
        ("/nl/e\u0301e\u0301n oud/?q=1", 301, "/nl/bestellingen/?q=1#place"),
        ("/en/tool.php?secret=1", 301, "https://example.org/tool?a=1"),
        ("/en/self-service/old-form/", 301, "/en/self-service/sign-in"),
        ("/en/self-service/sign-in/", 301, "/en/self-service/sign-in"),
        ("/EN/Self-Service/Sign_In?x=1", 301, "/en/self-service/sign-in?x=1"),
        ("/en/self-service/request-status/link/aB_c/", 301, "/en/self-service/request-status/link/aB_c"),
        ("/en/Self-service/request-status/link/aB_c", 404, None),
        ("/EN/Digid", 301, "/en/digid/"),
        ("/en/Cannot_Log_In/", 301, "/en/cannot-log-in/"),
        ("/NL", 301, "/nl/"),
        ("/en/choose-log-in/Have-DigiD/", 301, "/en/choose-log-in/have-digid/"),
        ("/en/choose-log-in/ALL", 301, "/en/choose-log-in/all/"),
        ("/en/digid/Have-DigiD/", 404, None),
        ("/nl/oud/x", 404, None),
        ("/nl/oudx", 404, None),
        ("/oud", 404, None),
        ("/en/oud/", 404, None),
        ("/evil.example/nl/oud", 404, None),
        ("/\\evil.example", 404, None),
    ],
)  # fmt: skip
def test_led_on(client: HouseClient, asked: str, status: int, place: str | None) -> None:
    """An old address, or one of ours with capitals, underscores or a slash, leads to the right one with its query."""
    for method in ("GET", "HEAD"):
        answer = client.open(asked, method=method)
        assert (status, place) == (answer.status_code, answer.headers.get("Location"))


@pytest.mark.parametrize(
    "path", ["//evil.example", "//evil.example/nl/oud/", "//nl/oud", "/%2f%2fevil.example", "/nl//oud"]
)
def test_no_other_host(client: HouseClient, path: str) -> None:
    """However an address is written, nobody is led to another site by it."""
    place = client.get(path).headers.get("Location", "/")
    assert not place.removeprefix("http://127.0.0.1:8000").startswith(("//", "http", "/\\")), place


@pytest.mark.parametrize(("accepted", "place"), [("en", "/en/"), ("nl,en;q=0.5", "/nl/"), ("fr", "/nl/")])
def test_without_a_language(client: HouseClient, accepted: str, place: str) -> None:
    """An address that names no language leads to the visitor's own, and not for good."""
    answer = client.get("/FAQ/", headers={"Accept-Language": accepted})
    assert (302, place) == (answer.status_code, answer.headers["Location"])
    assert "Accept-Language" in answer.headers["Vary"]


def test_htmx_is_sent_to_the_place(client: HouseClient) -> None:
    """htmx loads the page there, rather than putting it into a panel."""
    answer = client.fragment("/nl/oud/?a=b")
    assert (204, "/nl/bestellingen/?a=b") == (answer.status_code, answer.headers["HX-Redirect"])
    boosted = client.get("/nl/oud/", headers=HTMX_HEADERS | {"HX-Boosted": "true"})
    assert (301, "/nl/bestellingen/") == (boosted.status_code, boosted.headers["Location"])


@pytest.mark.parametrize("path", ["/nl/oud/", "/en/self-service/sign-in/", "/nl/fax/"])
def test_reading_only(client: HouseClient, path: str) -> None:
    """What is sent is not led on: it would arrive empty."""
    assert 404 == client.post(path).status_code


def test_gone(client: HouseClient) -> None:
    """A page that is gone for good says so in the visitor's language, and what to see instead."""
    page, part = client.get("/nl/Fax"), client.fragment("/nl/fax/")
    with using_language("nl"):
        title, parts = error_pages.title_and_paragraphs(410)
    link = '<a href="/nl/contact/">Contact &amp; meer</a>'
    for answer in (page, part):
        assert (410, []) == (answer.status_code, [text for text in (title, *parts, link) if text not in answer.text])
    assert 'role="search"' in page.text
    assert page.text.index(parts[0]) < page.text.index(link) < page.text.index(parts[1])
    assert (410, b"") == (client.head("/nl/fax").status_code, client.head("/nl/fax").data)


def test_gone_without_another(client: HouseClient) -> None:
    """Where nothing took its place, the page says that it is gone."""
    answer = client.get("/en/fax/")
    with using_language("en"):
        assert (410, True) == (answer.status_code, error_pages.title_and_paragraphs(410)[0] in answer.text)
    assert "See instead" not in answer.text


def test_gone_for_programs(client: HouseClient) -> None:
    """A program gets a problem in JSON."""
    answer = client.get("/api/fax")
    found: dict[str, Any] = json.loads(answer.data)
    assert (410, MIMETYPE, 410) == (answer.status_code, answer.mimetype, found["status"])


def test_another_build(client: HouseClient, build: Path) -> None:
    """What the next build says holds from then on, and no more of what the former did."""
    assert 301 == client.get("/nl/oud").status_code
    fresh = build.with_name("fresh")
    fresh.write_text(json.dumps({"moved": {"/nl/ander": {"nl": "/nl/"}}, "gone": {}}), "utf-8")
    fresh.replace(build)
    assert (404, 301) == (client.get("/nl/oud").status_code, client.get("/nl/ander").status_code)


@pytest.mark.parametrize(
    "damage", ["", '{"moved": {', "[]", '{"moved": 1, "gone": {}}', '{"moved": {}, "gone": {"/x": 3}}']
)
def test_damaged(client: HouseClient, build: Path, damage: str) -> None:
    """Where a list cannot be read, there is nothing at an address, and no error."""
    build.unlink()
    build.write_text(damage, "utf-8")
    assert 404 == client.get("/nl/oud").status_code


def test_before_the_first_build(app: Flask, client: HouseClient, build: Path) -> None:
    """Without a build there are no old addresses; a page that has no file yet leads nowhere."""
    build.unlink()
    assert [404, 404] == [client.get(path).status_code for path in ("/nl/oud", "/en/digid/")]
