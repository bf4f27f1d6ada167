"""One origin: the built site's files, with the right headers, and the app behind them."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from urllib.parse import urljoin

import brotli
import pytest
from werkzeug.test import Client, TestResponse

from selfservice.config import Config
from selfservice.server import serve
from selfservice.web import HSTS, SECURITY_HEADERS
from tests.conftest import Site, new_app

BASE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def browser(site: Site) -> Client:
    """A browser of site and app together."""
    return Client(serve(new_app(site.config), site.config), TestResponse)


def get(browser: Client, path: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.get(path, base_url=BASE, headers=named, buffered=True)


def asset(site: Site, pattern: str) -> str:
    """The address of a file of the theme."""
    return "/" + next((site.output / "theme").rglob(pattern)).relative_to(site.output).as_posix()


@pytest.fixture
def files(site: Site) -> list[str]:
    """One address of each kind of file."""
    return [
        "/en/",
        "/nl/digid/",
        "/en/404.html",
        "/sitemap.xml",
        "/robots.txt",
        "/.well-known/security.txt",
        asset(site, "*.css"),
        asset(site, "*.woff2"),
        asset(site, "htmx*.js"),
    ]


def test_security_headers(browser: Client, files: list[str]) -> None:
    """Files have the same security headers as the app's answers."""
    for path in files:
        answer = get(browser, path)
        found = {name: answer.headers.get(name) for name in SECURITY_HEADERS}
        assert (200, SECURITY_HEADERS, None) == (answer.status_code, found, answer.headers.get("Set-Cookie"))


def test_no_other_origin(browser: Client, files: list[str]) -> None:
    """No file is offered to other sites, and none says what serves it."""
    for path in files:
        assert set() == {"Access-Control-Allow-Origin", "Server"} & set(get(browser, path).headers.keys())


def test_hashed_names_stay(browser: Client, site: Site) -> None:
    """What has its content's hash in its name is kept for a year or more without asking."""
    for pattern in ("*.css", "*.js", "*.woff2", "*.svg"):
        control = get(browser, asset(site, pattern)).headers["Cache-Control"]
        ages = [int(part.partition("=")[2]) for part in control.split(", ") if part.startswith("max-age=")]
        assert ("immutable" in control, True) == (True, ages[0] >= 31_536_000), control


def test_pages_revalidate(browser: Client) -> None:
    """Pages are asked for again each time, and not sent again when they are the same."""
    for path in ("/en/", "/nl/digid/", "/sitemap.xml", "/robots.txt"):
        first = get(browser, path)
        assert "no-cache" in first.headers["Cache-Control"]
        by_tag = get(browser, path, If_None_Match=first.headers["ETag"])
        by_date = get(browser, path, If_Modified_Since=first.headers["Last-Modified"])
        assert [(304, b"")] * 2 == [(one.status_code, one.data) for one in (by_tag, by_date)]


def test_compressed(browser: Client, site: Site) -> None:
    """Who takes brotli gets the copy that was made at the build, and caches keep the two apart."""
    for path in ("/en/", "/nl/digid/", asset(site, "*.css")):
        plain, small = get(browser, path), get(browser, path, Accept_Encoding="gzip, br")
        assert ("br", plain.data) == (small.headers["Content-Encoding"], brotli.decompress(small.data))
        assert (None, "Accept-Encoding") == (plain.headers.get("Content-Encoding"), small.headers["Vary"])


def test_gzip(browser: Client) -> None:
    """Who takes gzip only gets that."""
    assert "gzip" == get(browser, "/en/", Accept_Encoding="gzip").headers["Content-Encoding"]


@pytest.mark.parametrize("path", ["/en/self-service/search?q=x", "/en/self-service/mailbox", "/health"])
def test_no_compression_of_answers(browser: Client, path: str) -> None:
    """What the app answers is not compressed: it may hold what somebody typed beside a secret."""
    assert None is get(browser, path, Accept_Encoding="gzip, br").headers.get("Content-Encoding")


@pytest.mark.parametrize(("accepted", "place"), [("en", "/en/"), ("nl", "/nl/"), ("fr", "/nl/")])
@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_home(browser: Client, path: str, accepted: str, place: str) -> None:
    """The site's address leads to the visitor's language, though there is a file for hosts that only serve files."""
    answer = get(browser, path, Accept_Language=accepted)
    assert (302, place) == (answer.status_code, answer.headers["Location"])


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example"])
def test_forged_host(browser: Client, host: str) -> None:
    """A forged Host gets 400, from the app and instead of a file."""
    for path in ("/", "/en/self-service/search", "/health", "/en/", "/robots.txt", "/nothing"):
        assert 400 == get(browser, path, Host=host).status_code


def test_not_found(browser: Client) -> None:
    """What is neither file nor address is a page of ours that says so, in the language of its address."""
    for path, lang in (("/en/nothing/", "en"), ("/nl/niets", "nl"), ("/theme/nothing.css", "nl")):
        answer = get(browser, path)
        assert (404, lang) == (answer.status_code, answer.headers["Content-Language"])


@pytest.mark.parametrize(
    "path",
    [
        "/en/../../loket.db",
        "/%2e%2e/loket.db",
        "/..%2floket.db",
        "//etc/passwd",
        "/output.search.db",
        "/en/index.html.br",
    ],
)
def test_nothing_else_is_served(browser: Client, path: str) -> None:
    """Only the site's own files: nothing beside the folder, and no compressed copy by its own name."""
    answer = get(browser, path)
    assert answer.status_code in (302, 308, 404), answer.status_code


def test_slash_is_added(browser: Client) -> None:
    """A page's address without its slash leads to the one with it."""
    answer = get(browser, "/en/digid")
    assert (302, f"{BASE}/en/digid/") == (answer.status_code, urljoin(f"{BASE}/en/digid", answer.headers["Location"]))


def test_files_take_no_post(browser: Client) -> None:
    """Pages cannot be posted to."""
    assert browser.post("/en/digid/", base_url=BASE).status_code in (403, 405)


def test_fragment_through_the_server(browser: Client) -> None:
    """The app's fragments come through with their own headers."""
    answer = get(browser, "/en/self-service/replacement-password", HX_Request="true")
    assert (200, "no-store", True) == (answer.status_code, answer.headers["Cache-Control"], "<html" not in answer.text)


def test_https(site: Site, config: Config) -> None:
    """Over https files ask for https for a year too; over http they do not."""
    secure = dataclasses.replace(config, output=site.output, demo=False, base_url="https://help.example.org")
    answers = [get(Client(serve(new_app(one), one), TestResponse), "/en/") for one in (secure, site.config)]
    assert [HSTS, None] == [one.headers.get("Strict-Transport-Security") for one in answers]


def test_without_a_site(config: Config) -> None:
    """Before the first build the app answers all the same."""
    browser = Client(serve(new_app(config), config), TestResponse)
    answers = [get(browser, path).status_code for path in ("/en/", "/en/self-service/search", "/live")]
    assert [404, 200, 200] == answers


def test_preview_sees_edits(site: Site, config: Config, tmp_path: Path) -> None:
    """In preview a file that changes is served as it is now."""
    shutil.copytree(site.output, tmp_path / "output")
    preview = dataclasses.replace(config, preview=True)
    browser = Client(serve(new_app(preview), preview), TestResponse)
    before = get(browser, "/en/digid/").text
    (tmp_path / "output" / "en" / "digid" / "index.html").write_text("changed", "utf-8")
    (tmp_path / "output" / "en" / "new.txt").write_text("new", "utf-8")
    assert (True, "changed") == ("<h1" in before, get(browser, "/en/digid/").text)
    assert "new" == get(browser, "/en/new.txt").text
