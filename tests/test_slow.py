"""Clients that are slow, silent, cut off or send too much: each gets its answer, and nobody else waits for them."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest

from selfservice.config import Config
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.fragments import FRAGMENTS
from tests import house
from tests.conftest import Site, new_config
from tests.live_server import ask, every_page, server, wait_until
from tests.slow_clients import FORM, half_form, half_sent_forms, unread_downloads

pytestmark = pytest.mark.slow

CLIENT_SECONDS = 2
WITHIN = 5.0  # seconds; asked of every page and form, whatever the others do
LARGE = 8 * 1024 * 1024
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\n"
)


@dataclasses.dataclass(frozen=True)
class Served:
    """A running server, and what it works with."""

    port: int
    config: Config

    def mails(self) -> int:
        """How many mails were ever queued."""
        db = Database(self.config.database)
        count: int = db.read().execute("SELECT count(*) FROM outbox").fetchone()[0]
        db.close()
        return count

    def send(self, *parts: bytes, end: bool = False) -> bytes:
        """Send these parts, a moment apart, and with `end` no more; all that comes back until the server hangs up."""
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
            if end:
                connection.shutdown(socket.SHUT_WR)
            found = b""
            while data := connection.recv(65536):
                found += data
            return found


@pytest.fixture(scope="module")
def served(site: Site, filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of the real site with a large file in it, that waits two seconds for a client."""
    folder = tmp_path_factory.mktemp("slow")
    shutil.copy(filled, folder / "loket.db")
    config = new_config(folder)
    shutil.copytree(site.output, config.site)
    (config.site / "large.bin").write_bytes(bytes(LARGE))
    (folder / "download.csv").write_bytes(bytes(LARGE))
    own = {"LOKET_CLIENT_SECONDS": str(CLIENT_SECONDS), "LOKET_TEST_FILE": str(folder / "download.csv")}
    with server(config, target="tests.echo_server:application", **own) as port:
        yield Served(port, config)


def everything() -> list[str]:
    """Each help page, and each form by itself."""
    forms = [f"/{lang}/self-service/{name}" for lang in ("en", "nl") for name in FRAGMENTS]
    return [page.path for page in every_page()] + forms


def slow_ones(served: Served) -> dict[str, float]:
    """The pages and forms that took longer than they may, four asked for at once."""

    def seconds(path: str) -> float:
        begun = time.monotonic()
        assert 500 > ask(served.port, path).status
        return time.monotonic() - begun

    with ThreadPoolExecutor(4) as pool:
        taken = dict(zip(everything(), pool.map(seconds, everything()), strict=True))
    return {path: took for path, took in taken.items() if took > WITHIN}


def test_half_sent_forms(served: Served) -> None:
    """200 forms sent by halves, begun anew when the server ends them, hold up no page and no form."""
    with half_sent_forms(served.port, 200):
        assert {} == slow_ones(served)
        data = {"access_code": "ABC", "email": "nobody"}
        sent = ask(served.port, FORM, "POST", body=urlencode(data).encode(), Sec_Fetch_Site="same-origin")
        assert 422 == sent.status


@pytest.mark.parametrize("path", ["/large.bin", "/file"])
def test_unread_downloads(served: Served, path: str) -> None:
    """50 large files that nobody reads, of the site or made by the app, hold up no page and no form."""
    with unread_downloads(served.port, path, 50):
        assert {} == slow_ones(served)


def test_silent_connections(served: Served) -> None:
    """Who says nothing, or only half of a head, is hung up on."""
    for said in (b"", b"GET / HTTP/1.1\r\nHo", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"):
        assert b"200" not in served.send(said)[:20]


def test_a_late_body(served: Served) -> None:
    """A body that does not come in time: 408, in the language of the form, and the connection is closed."""
    answer = served.send(half_form("/nl/self-service/replacement-password", "127.0.0.1"))
    head, _, page = answer.partition(b"\r\n\r\n")
    assert (True, True) == (head.startswith(b"HTTP/1.1 408"), b"connection: close" in head.lower())
    assert [] == house.broken_html(page.decode(), lang="nl", status=408, fragment=False)


def a_request_for_mail(end: str = "") -> bytes:
    """A form that has a mail sent to a known address."""
    code, email = accounts.DEMO_LOGIN
    return urlencode({"access_code": code, "email": email}).encode() + end.encode()


def test_the_form_that_is_cut_off_below(served: Served) -> None:
    """Sent whole, by length or in pieces, the form of the following tests has a mail sent."""
    whole = a_request_for_mail()
    for body in (whole, [whole[:20], whole[20:]]):
        before = served.mails()
        assert (
            303
            == ask(
                served.port,
                FORM,
                "POST",
                body=body,
                Sec_Fetch_Site="same-origin",
                Content_Type="application/x-www-form-urlencoded",
            ).status
        )
        assert before + 1 == served.mails()


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("Content-Length: {more}\r\n\r\n", b""),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n", b""),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n", b"\r\n"),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n", b"\r\nzz\r\n"),
        ("Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n", b"\r\n5\r\n&a"),
        ("Transfer-Encoding: chunked\r\n\r\n{less:x}\r\n", b"\r\n0\r\n\r\n"),
    ],
)
def test_cut_off_or_broken(served: Served, head: str, tail: bytes) -> None:
    """A body shorter than announced, or with a broken chunk: 400, and nothing was done."""
    body, before = a_request_for_mail(), served.mails()
    said = (HEAD.format(path=FORM) + head.format(size=len(body), more=len(body) + 9, less=len(body) - 9)).encode()
    answer = served.send(said, body + tail, end=True)
    first, _, page = answer.partition(b"\r\n\r\n")
    assert (b"HTTP/1.1 400 Bad Request", True) == (first.split(b"\r\n")[0], b"connection: close" in first.lower())
    assert [] == house.broken_html(page.decode(), lang="en", status=400, fragment=False)
    assert before == served.mails()


@pytest.mark.parametrize("size", [64 * 1024 + 1, 300_000, 5_000_000])
@pytest.mark.parametrize("pieces", [True, False])
def test_too_large(served: Served, size: int, *, pieces: bool) -> None:
    """More than 64 KB, by length or in pieces: 413, and a page that says so."""
    body = b"a=" + b"x" * (size - 2)
    given = (body[at : at + 10_000] for at in range(0, size, 10_000)) if pieces else body
    try:
        answer = ask(served.port, FORM, "POST", body=given, Sec_Fetch_Site="same-origin")
    except ConnectionError:
        # Of what is far too large not all is taken in; who then still sends may miss the answer.
        assert size > 1024 * 1024
        return
    assert (413, "close") == (answer.status, answer.headers["Connection"])
    assert [] == house.broken_html(answer.text, lang="en", status=413, fragment=False)


@pytest.mark.parametrize("pieces", [True, False])
def test_the_interface_takes_more(served: Served, *, pieces: bool) -> None:
    """Programs may send a megabyte, and get their errors as JSON."""
    for size, status in ((64 * 1024, 401), (1024 * 1024, 401), (1024 * 1024 + 1, 413)):
        body = b"x" * size
        answer = ask(
            served.port,
            "/api/orders",
            "POST",
            body=[body[:1000], body[1000:]] if pieces else body,
            Content_Type="application/json",
        )
        assert (status, status) == (answer.status, json.loads(answer.data)["status"])


def test_one_connection(served: Served) -> None:
    """Requests one after the other on one connection, all sent at once, are answered in turn, errors too."""
    wrong = HEAD.format(path=FORM) + "Content-Length: 3\r\n\r\na=b"
    gets = ["/en/", "/en/self-service/search", "/en/nothing", "/large.bin"]
    said = "".join(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for path in gets[:3])
    said += wrong + HEAD.format(path="/en/digid/") + "Content-Length: 3\r\n\r\na=b"
    said += f"GET {gets[3]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    found = served.send(said.encode())
    answered = re.findall(rb"HTTP/1.1 (\d+) [A-Z]", found)
    assert [b"200", b"200", b"404", b"422", b"405", b"200"] == answered
    assert found.endswith(bytes(LARGE))


def test_what_the_app_is_told(served: Served) -> None:
    """The app gets the request as it was sent."""
    answer = ask(
        served.port,
        "/echo/%C3%A9%20b?q=%C3%A9&r=%ff",
        Cookie="a=1; b=2",
        X_One="1",
    )
    expected = {
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": f"127.0.0.1:{served.port}",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_ONE": "1",
        "CONTENT_LENGTH": None,
        "CONTENT_TYPE": "",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "path": "é b",
        "query": {"q": "é", "r": "%FF"},
        "body": 0,
    }
    assert expected == json.loads(answer.data)


def test_headers_with_underscores(served: Served) -> None:
    """A header whose name has an underscore passes for no other."""
    said = (
        b"GET /echo/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX_One: forged\r\nX-One: 1\r\nX-One: 2\r\nConnection: close\r\n\r\n"
    )
    assert "1,2" == json.loads(served.send(said).partition(b"\r\n\r\n")[2])["HTTP_X_ONE"]


def test_downloads(served: Served) -> None:
    """A view's send_file is sent with its length, whole or in part, also when it is deleted right away."""
    whole = ask(served.port, "/file")
    assert (200, LARGE) == (whole.status, len(whole.data))
    assert str(LARGE) == whole.headers["Content-Length"]
    head = ask(served.port, "/file", "HEAD")
    assert (200, str(LARGE), b"") == (head.status, head.headers["Content-Length"], head.data)
    part = ask(served.port, "/file", Range="bytes=10-19")
    assert (206, 10, f"bytes 10-19/{LARGE}") == (part.status, len(part.data), part.headers["Content-Range"])
    again = ask(served.port, "/file", If_None_Match=whole.headers["ETag"])
    assert (304, b"") == (again.status, again.data)
    gone = ask(served.port, "/file?gone=1")
    assert (200, LARGE) == (gone.status, len(gone.data))


def test_no_file_stays_open(served: Served) -> None:
    """Files that were sent, read or not, are closed when the connection has ended."""
    (served.config.database.parent / "download.csv").write_bytes(bytes(LARGE))
    with unread_downloads(served.port, "/file", 20):
        time.sleep(0.5)
    assert LARGE == len(ask(served.port, "/file").data)

    def held() -> list[str]:
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            # One that ends meanwhile holds nothing.
            with suppress(OSError):
                for link in (process / "fd").iterdir():
                    with suppress(OSError):
                        found.append(str(link.readlink()))
        return [name for name in found if "download.csv" in name]

    wait_until(lambda: not held())


def test_an_answer_that_fails_half_way(served: Served) -> None:
    """A part of an answer is never taken for the whole: when the rest fails, the answer is an error page."""
    answer = ask(served.port, "/fails")
    assert (500, "nl") == (answer.status, answer.headers["Content-Language"])
