"""One origin: the built site's files, with the right headers, and the app behind them, on the real server."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

import brotli
import pytest

from selfservice.builds import Builds
from selfservice.config import Config
from selfservice.server import RESPAWN_SECONDS
from selfservice.web.security import HSTS, SECURITY_HEADERS
from tests import house
from tests.conftest import Site
from tests.live_server import Answer, ask, server, wait_until

Ask = Callable[..., Answer]
STAMP = 1_790_000_000


@pytest.fixture(scope="module")
def get(site: Site) -> Iterator[Ask]:
    """Ask the real server, with site and app behind it."""
    with server(site.config) as port:
        yield partial(ask, port)


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


def test_security_headers(get: Ask, files: list[str]) -> None:
    """Files have the same security headers as the app's answers."""
    for path in files:
        answer = get(path)
        found = {name: answer.headers.get(name) for name in SECURITY_HEADERS}
        assert (200, SECURITY_HEADERS, None) == (answer.status, found, answer.headers.get("Set-Cookie"))


def test_no_other_origin(get: Ask, files: list[str]) -> None:
    """No file is offered to other sites, and none says which version of what serves it."""
    for path in files:
        found = get(path).headers
        assert (None, "granian") == (found.get("Access-Control-Allow-Origin"), found["Server"])


def test_hashed_names_stay(get: Ask, site: Site) -> None:
    """What has its content's hash in its name is kept for a year or more without asking."""
    for pattern in ("*.css", "*.js", "*.woff2", "*.svg"):
        control = get(asset(site, pattern)).headers["Cache-Control"]
        ages = [int(part.partition("=")[2]) for part in control.split(", ") if part.startswith("max-age=")]
        assert ("immutable" in control, True) == (True, ages[0] >= 31_536_000), control


def test_pages_revalidate(get: Ask) -> None:
    """Pages are asked for again each time, and not sent again when they are the same."""
    for path in ("/en/", "/nl/digid/", "/sitemap.xml", "/robots.txt"):
        first = get(path)
        assert "no-cache" in first.headers["Cache-Control"]
        by_tag = get(path, If_None_Match=first.headers["ETag"])
        by_date = get(path, If_Modified_Since=first.headers["Last-Modified"])
        assert [(304, b"")] * 2 == [(one.status, one.data) for one in (by_tag, by_date)]


def test_compressed(get: Ask, site: Site) -> None:
    """Who takes brotli gets the copy that was made at the build, and caches keep the two apart."""
    for path in ("/en/", "/nl/digid/", asset(site, "*.css")):
        plain, small = get(path), get(path, Accept_Encoding="gzip, br")
        assert ("br", plain.data) == (small.headers["Content-Encoding"], brotli.decompress(small.data))
        assert (None, "Accept-Encoding") == (plain.headers.get("Content-Encoding"), small.headers["Vary"])


def test_gzip(get: Ask) -> None:
    """Who takes gzip only gets that."""
    assert "gzip" == get("/en/", Accept_Encoding="gzip").headers["Content-Encoding"]


@pytest.mark.parametrize("path", ["/en/self-service/search?q=x", "/en/self-service/mailbox", "/health"])
def test_no_compression_of_answers(get: Ask, path: str) -> None:
    """What the app answers is not compressed: it may hold what somebody typed beside a secret."""
    assert None is get(path, Accept_Encoding="gzip, br").headers.get("Content-Encoding")


@pytest.mark.parametrize(("accepted", "place"), [("en", "/en/"), ("nl", "/nl/"), ("fr", "/nl/")])
@pytest.mark.parametrize("path", ["/", "/index.html"])
def test_home(get: Ask, path: str, accepted: str, place: str) -> None:
    """The site's address leads to the visitor's language, though there is a file for hosts that only serve files."""
    answer = get(path, Accept_Language=accepted)
    assert (302, place) == (answer.status, answer.headers["Location"])


@pytest.mark.parametrize(
    "host",
    [
        *("elsewhere.example", "127.0.0.1.elsewhere.example", "127.0.0.1:1", "localhost:81", "127.0.0.1:", ""),
        *("someone@127.0.0.1", "127.0.0.1, elsewhere.example", "[::1]", "127.0.0.1."),
    ],
)
def test_forged_host(get: Ask, host: str) -> None:
    """A forged Host or a foreign port gets 400, from the app and instead of a file."""
    for path in ("/", "/en/self-service/search", "/en/", "/robots.txt", "/nothing"):
        assert (400, host) == (get(path, Host=host).status, host)
    assert 200 == get("/live", Host=host).status


@pytest.mark.parametrize("host", ["LOCALHOST", "LocalHost:{port}", "127.0.0.1"])
def test_our_hosts(get: Ask, host: str) -> None:
    """A Host is compared without regard to case, with our port or without one."""
    port = get.args[0]  # type: ignore[attr-defined]
    answers = [get(path, Host=host.format(port=port)).status for path in ("/en/self-service/search", "/en/")]
    assert [200, 200] == answers


def test_not_found(get: Ask) -> None:
    """What is neither file nor address is a page of ours that says so, in the language of its address."""
    for path, lang in (("/en/nothing/", "en"), ("/nl/niets", "nl"), ("/theme/nothing.css", "nl")):
        answer = get(path)
        assert (404, lang) == (answer.status, answer.headers["Content-Language"])


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
def test_nothing_else_is_served(get: Ask, path: str) -> None:
    """Only the site's own files: nothing beside the folder, and no compressed copy by its own name."""
    answer = get(path)
    assert answer.status in (302, 308, 404), answer.status


def test_slash_is_added(get: Ask) -> None:
    """A page's address without its slash leads to the one with it."""
    answer = get("/en/digid")
    assert (302, "/en/digid/") == (answer.status, urljoin("/en/digid", answer.headers["Location"]))


@pytest.mark.parametrize("lang", ["en", "nl"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_files_take_nothing(get: Ask, method: str, lang: str) -> None:
    """A page that is posted to answers 405 with a page of ours, in its language and with all headers; to htmx with a
    fragment.
    """
    for path in (f"/{lang}/digid/", f"/{lang}/digid"):
        page = get(path, method, Sec_Fetch_Site="same-origin", body=b"a=b")
        part = get(path, method, Sec_Fetch_Site="same-origin", HX_Request="true", body=b"a=b")
        assert [(405, "GET, HEAD", lang)] * 2 == [
            (one.status, one.headers["Allow"], one.headers["Content-Language"]) for one in (page, part)
        ]
        assert [] == house.broken_html(page.text, lang=lang, status=405, fragment=False)
        assert [] == house.broken_html(part.text, lang=lang, status=405, fragment=True)
        assert SECURITY_HEADERS == {name: page.headers[name] for name in SECURITY_HEADERS}


def test_fragment_through_the_server(get: Ask) -> None:
    """The app's fragments come through with their own headers."""
    answer = get("/en/self-service/replacement-password", HX_Request="true")
    assert (200, "no-store", True) == (answer.status, answer.headers["Cache-Control"], "<html" not in answer.text)


@pytest.mark.slow
def test_https(site: Site, get: Ask) -> None:
    """Over https files ask for https for a year too; over http they do not."""
    settings = {"LOKET_DEMO": "", "LOKET_BASE_URL": "https://help.example.org"}
    with server(site.config, **settings) as port:
        answers = [ask(port, path, Host="Help.Example.org") for path in ("/en/", "/en/digid", "/health")]
    assert [HSTS] * 3 == [one.headers.get("Strict-Transport-Security") for one in answers]
    assert None is get("/en/").headers.get("Strict-Transport-Security")


@pytest.mark.slow
def test_builds_show(site: Site, config: Config) -> None:
    """Before the first build the app answers all the same; what is published beside a running server shows soon, whole:
    new pages, longer and shorter ones, and none that is gone. Going back shows what there was, and no browser keeps
    what it had from the later build.
    """
    builds, page = Builds(config.output), "/en/digid/"
    with server(config) as port:
        answers = [ask(port, path).status for path in (page, "/en/self-service/search", "/live")]
        assert [404, 200, 200] == answers
        shutil.copytree(site.config.published, config.output / "0", copy_function=os.link)
        made = {"0": site.text(page), "short": "short", "long": "<p>again</p>" * 1000, "same": "<p>Again</p>" * 1000}
        for number, name in enumerate(list(made)[1:], 1):
            shutil.copytree(config.output / "0", config.output / name, copy_function=os.link)
            file = config.output / name / "site" / page[1:] / "index.html"
            for each in file.parent.glob("index.html*"):
                each.unlink()
            file.write_text(made[name], "utf-8")
            os.utime(file, (STAMP + number, STAMP + number))
        gone = config.output / "short" / "site" / "en" / "privacy"
        shutil.rmtree(gone)
        seen = []
        for name in (*made, "long", "0"):
            builds.switch(config.output / name)
            wait_until(lambda name=name: ask(port, page).text == made[name])  # type: ignore[misc]
            assert (404 if name == "short" else 200) == ask(port, "/en/privacy/").status
            first = ask(port, page)
            seen.append(first)
            for had in seen:
                by_tag = ask(port, page, If_None_Match=had.headers["ETag"])
                by_date = ask(port, page, If_Modified_Since=had.headers["Last-Modified"])
                expected = [304] if had.text == made[name] else [200]
                assert expected * 2 == [by_tag.status, by_date.status], (name, had.text[:20])


@pytest.mark.slow
def test_another_site_toml(site: Site, config: Config) -> None:
    """A build with another site.toml replaces the processes, once, and nobody who reads meanwhile is turned away."""
    builds, form = Builds(config.output), "/en/self-service/replacement-password"
    for name in ("0", "1"):
        shutil.copytree(site.config.published, config.output / name, copy_function=os.link)
    file = config.output / "1" / "content" / "site.toml"
    text = file.read_text("utf-8")
    file.unlink()
    file.write_text(text.replace('name = "KVK Help"', 'name = "Another Name"'), "utf-8")
    builds.switch(config.output / "0")
    stop, statuses = threading.Event(), Counter[int]()
    with server(config, LOKET_CONTENT=str(config.output / "current" / "content")) as port:

        def read() -> None:
            while not stop.is_set():
                for path in (form, "/en/digid/"):
                    statuses[ask(port, path).status] += 1

        with ThreadPoolExecutor(3) as threads:
            reading = [threads.submit(read) for _ in range(3)]
            try:
                assert "KVK Help" in ask(port, form).text
                former = workers_of(port)
                builds.switch(config.output / "1")
                # Both answer for a while; then only those that were started for it.
                wait_until(lambda: not set(former) & set(workers_of(port)), 60)
                started = workers_of(port)
                assert "Another Name" in ask(port, form).text
                time.sleep(RESPAWN_SECONDS + 2)
            finally:
                stop.set()
            for each in reading:
                each.result()
        assert (started, [200]) == (workers_of(port), list(statuses))


def workers_of(port: int) -> list[int]:
    """The ids of the processes that listen at a port."""
    at = f"{port:04X}"
    listening = {
        line.split()[9] for line in Path("/proc/net/tcp").read_text("utf-8").splitlines()[1:]
        if line.split()[1].endswith(f":{at}") and line.split()[3] == "0A"
    }  # fmt: skip
    names = {f"socket:[{inode}]" for inode in listening}
    found = set()
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with suppress(OSError):  # closed meanwhile
            if str(link.readlink()) in names:
                found.add(int(link.parts[2]))
    return sorted(found)
