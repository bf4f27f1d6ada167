"""The front that `loket front` configures: a real Caddy before a real `loket serve`."""

from __future__ import annotations

import dataclasses
import gzip
import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlencode, urljoin

import brotli
import pytest

from selfservice import clock, front
from selfservice.api.request_body import MAX_BYTES
from selfservice.app import MAX_BODY_BYTES
from selfservice.config import ROOT, Config, ConfigError
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.demo import accounts, many_orders
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.migrations import migrate
from selfservice.static_files import MOVED_SUFFIX
from selfservice.web.error_pages import RETRY_SECONDS, title_and_paragraphs
from selfservice.web.security import HSTS, NO_TRANSFORM, SECURITY_HEADERS
from tests import caddy, house
from tests.clients import HTMX_HEADERS
from tests.conftest import SECRET, Site, new_app
from tests.domain_helpers import CONTEXT
from tests.live_server import free_port, running, wait_until
from tests.slow_clients import half_sent_forms, unread_downloads

pytestmark = pytest.mark.slow

FORM = "/en/self-service/replacement-password"
SIGN_IN = "/en/self-service/sign-in"
ORDERS = 30_000  # of which a tenth are the demonstration's
SECONDS = 5  # within which everybody is answered while others hold connections open


@dataclass(frozen=True)
class Answer:
    """What came back; headers by name in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> bytes:
        """The body as it was before it was compressed."""
        match self.headers.get("content-encoding"):
            case "br":
                return bytes(brotli.decompress(self.body))
            case "gzip":
                return gzip.decompress(self.body)
        return self.body

    @property
    def text(self) -> str:
        """The body, read."""
        return self.plain.decode()


def ask(
    port: int,
    path: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    *,
    data: bytes | None = None,
    wait: float = 60,
) -> Answer:
    """One request to 127.0.0.1; `wait` is in seconds."""
    sent = dict(headers or {})
    if method == "POST":
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"} | sent
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=wait)
    try:
        connection.request(method, path, data, sent)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    # Of two cookies the first: that of the session.
    first = (answer.getheader("set-cookie") or "").partition(",")[0]
    return Answer(answer.status, found | ({"set-cookie": first} if first else {}), body)


def send(port: int, data: bytes, *, end: bool = False, wait: float = 60) -> bytes:
    """Send these bytes as they are, and with `end` nothing after them; all that comes back until it ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        parts = []
        # Who refuses a body may close before all of it was sent.
        with suppress(ConnectionError):
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := connection.recv(65536):
                parts.append(part)
    return b"".join(parts)


def is_error_of_ours(answer: Answer, method: str) -> bool:
    """Whether the front's own answer is a page of ours, with our headers."""
    return {} == missing(answer) and ("<html" in answer.text or method == "HEAD")


def missing(answer: Answer) -> dict[str, str | None]:
    """The security headers that are not there, or not right."""
    found = {name: answer.headers.get(name.lower()) for name in SECURITY_HEADERS}
    return {name: value for name, value in found.items() if value != SECURITY_HEADERS[name]}


@dataclass(frozen=True)
class Front:
    """Caddy at `port`, the app at `app`; what they write is in `folder`."""

    port: int
    app: int
    folder: Path
    config: Config

    def both(self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None) -> tuple[Answer, Answer]:
        """What the front answers, and what the app's server does."""
        sent = {"Host": f"127.0.0.1:{self.port}"} | dict(headers or {})
        return ask(self.port, path, method, sent), ask(self.app, path, method, sent)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        db = Database(self.config.database)
        found: int = db.read().execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        db.close()
        return found

    def caddyfile(self, config: Config, listening: str) -> str:
        """As `loket front` makes it."""
        return front.caddyfile(new_app(config), config, listening)

    @contextmanager
    def another(self, *, hold: int = front.HOLD_SECONDS) -> Iterator[Front]:
        """A front of the same site, before an app that is not there (yet)."""
        port, app = free_port(), free_port()
        config = dataclasses.replace(self.config, base_url=f"http://127.0.0.1:{port}")
        folder = self.folder / f"front-{port}"
        folder.mkdir()
        text = self.caddyfile(config, f"127.0.0.1:{app}")
        waits = f"lb_try_duration {front.HOLD_SECONDS}s"
        assert waits in text
        (folder / "Caddyfile").write_text(text.replace(waits, f"lb_try_duration {hold}s"), "utf-8")
        with caddy.serving(folder / "Caddyfile", folder / "caddy.log"):
            yield Front(port, app, folder, config)


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory, config_of: Config) -> Iterator[Front]:
    """One of each for all tests of this file."""
    try:
        caddy.find()
    except caddy.NoCaddyError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("front")
    port = free_port()
    config = dataclasses.replace(
        config_of,
        output=folder / "output",
        database=folder / "var" / "loket.db",
        base_url=f"http://127.0.0.1:{port}",
        proxies=1,
    )
    _fill(config)
    with running(folder, None, base_url=config.base_url) as served:
        made = Front(port, int(served.rpartition(":")[2]), folder, config)
        (folder / "Caddyfile").write_text(made.caddyfile(config, f"127.0.0.1:{made.app}"), "utf-8")
        with caddy.serving(folder / "Caddyfile", folder / "caddy.log"):
            yield made


def _fill(config: Config) -> None:
    """A demonstration's data and many orders, before anything runs beside it."""
    config.database.parent.mkdir()
    (config.database.parent / "demo-secret").write_bytes(config.secret)
    db = Database(config.database)
    keys = Keys(config.secret)
    migrate(db, keys)
    accounts.fill(db, dataclasses.replace(CONTEXT, keys=keys), accounts.DEMO_PASSWORD)
    many_orders.fill(db, ORDERS, clock.now())
    db.close()


@pytest.fixture(scope="module")
def config_of(site: Site) -> Config:
    """Settings to change."""
    return site.config


def addresses(built: Path) -> list[str]:
    """The address of each file of the site, but for those at old addresses."""
    files = [file for file in sorted(built.rglob("*")) if file.is_file() and file.suffix not in (".br", ".gz")]
    old = {file for file in files if file.suffix == MOVED_SUFFIX}
    files = [file for file in files if file not in old and file.with_name(file.name + MOVED_SUFFIX) not in old]
    paths = [f"/{file.relative_to(built).as_posix()}" for file in files]
    return [re.sub(r"/index\.html$", "/", path) for path in paths if path != "/index.html"]


def test_accepted(behind: Front, config: Config, tmp_path: Path) -> None:
    """Caddy takes what is printed, for a demonstration and over https, and would lay nothing out differently."""
    secure = dataclasses.replace(config, demo=False, base_url="https://help.example.org", proxies=1)
    (tmp_path / "secure").write_text(behind.caddyfile(secure, "127.0.0.1:8000"), "utf-8")
    assert ([], []) == (caddy.check(behind.folder / "Caddyfile"), caddy.check(tmp_path / "secure"))


def test_printed(behind: Front) -> None:
    """`loket front` prints the Caddyfile for the settings in the environment."""
    settings = {
        "PATH": str(Path(sys.executable).parent),
        "LOKET_BASE_URL": "https://help.example.org",
        "LOKET_SECRET_KEY": SECRET.decode(),
        "LOKET_OUTPUT": str(behind.folder / "output"),
        "LOKET_VAR": str(behind.folder / "var2"),
    }
    command = [sys.executable, "-m", "selfservice", "front", "--app", "127.0.0.1:8100"]
    wrong, right = (
        subprocess.run(
            command, cwd=ROOT, env=settings | {"LOKET_PROXIES": n}, capture_output=True, text=True, check=False
        )
        for n in ("0", "1")
    )
    lines = [line.strip() for line in right.stdout.splitlines()]
    wanted = [
        "https://help.example.org {",
        f'root * "{behind.folder / "output" / "current" / "site"}"',
        "reverse_proxy 127.0.0.1:8100 {",
        f'Strict-Transport-Security "{HSTS}"',
    ]
    assert (0, [True] * 4) == (right.returncode, [line in lines for line in wanted])
    assert (1, "LOKET_PROXIES") == (wrong.returncode, wrong.stderr.split()[1])


def test_one_proxy(config: Config) -> None:
    """Without LOKET_PROXIES=1 there is no configuration: the app would take the front for every visitor."""
    with pytest.raises(ConfigError, match="LOKET_PROXIES"):
        front.caddyfile(new_app(config), config, "127.0.0.1:8000")


@pytest.mark.parametrize("accepted", ["", "gzip", "br, gzip"])
def test_files(behind: Front, accepted: str) -> None:
    """Every file of the site is answered as by the app's server: same bytes, same headers."""
    for path in addresses(behind.config.site):
        mine, apps = behind.both(path, headers={"Accept-Encoding": accepted})
        names = ("content-type", "cache-control", "content-encoding", "x-frame-options", "set-cookie")
        assert (path, 200, apps.plain) == (path, mine.status, mine.plain)
        kept, wanted = ([str(one.headers.get(name)).replace('"', "") for name in names] for one in (mine, apps))
        assert (path, wanted) == (path, kept)
        assert (path, {}, set()) == (path, missing(mine), {"server", "via"} & set(mine.headers))


SPECIAL = [
    "/",
    "/index.html",
    "/en",
    "/en/digid",
    "/en/index.html",
    "/en/nothing",
    "/nl/niets/",
    "/nothing",
    "/theme/",
    "/theme",
    "/.well-known/",
    "/en//digid/",
    "//en/digid/",
    "/en/./digid/",
    "/en/../nl/",
    "/EN/digid/",
    "/en/digid/index.html.br",
    "/en/404.html.gz",
    "/../loket.db",
    "/%2e%2e/var/loket.db",
    "/output.search.db",
    "/en/digid/%00",
    "/metrics",
    "/METRICS",
    "/metrics/x",
    "/live",
    "/en/self-service/search?q=code",
    "/nl/inloggen/",
    "/nl/inloggen?a=b",
    "/NL/Inloggen/?a=b",
    "/nl/inloggen/index.html",
    "/nl/inloggen/index.html.moved",
    "/nl/inloggen/index.html.gz",
    "/faq",
    "/EN/DigiD",
    f"{FORM}/",
    FORM,
    f"{FORM}/link/nothing",
    "/api/openapi.json",
    "/api/nothing",
    "/api/redeliveries",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT"])
def test_special_addresses(behind: Front, method: str) -> None:
    """What is no file is the app's to answer, and comes through as the app gave it."""
    for path in SPECIAL:
        mine, apps = behind.both(path, method, {"Accept-Language": "en"})
        if path.lower().startswith("/metrics"):
            assert (path, 404, True) == (path, mine.status, is_error_of_ours(mine, method))
            continue
        place, wanted = (urljoin(f"http://x{path}", one.headers.get("location", "")) for one in (mine, apps))
        assert (path, apps.status, wanted) == (path, mine.status, place)
        assert (path, apps.text) == (path, mine.text)
        both = [
            {name: one.headers.get(name) for name in ("content-type", "cache-control", "allow")} for one in (mine, apps)
        ]
        assert (path, both[1]) == (path, both[0])
        is_server_named = {"server", "via"} & set(mine.headers)
        assert (path, missing(apps), set()) == (path, missing(mine), is_server_named)


@pytest.mark.parametrize(
    ("path", "status", "place"),
    [
        ("/nl/inloggen/", 301, "/nl/kies-je-inlog/"),
        ("/nl/inloggen?a=b&c=d", 301, "/nl/kies-je-inlog/?a=b&c=d"),
        ("/NL/Inloggen", 301, "/nl/kies-je-inlog/"),
        ("/faq/", 302, "/en/"),
        ("/EN/DigiD/", 301, "/en/digid/"),
        (f"{FORM}/?x=1", 301, f"{FORM}?x=1"),
    ],
)
def test_old_addresses(behind: Front, path: str, status: int, place: str) -> None:
    """Server and front lead on from an old address, in one step; the page there is for who serves files only."""
    for method in ("GET", "HEAD"):
        both = behind.both(path, method, {"Accept-Language": "en"})
        assert [(status, place)] * 2 == [(one.status, one.headers["location"]) for one in both]


def test_old_addresses_without_the_app(behind: Front) -> None:
    """While the app does not answer, the front serves the page that stands at an old address."""
    with behind.another(hold=0) as alone:
        answer = ask(alone.port, "/nl/inloggen/?a=b")
        assert (200, {}) == (answer.status, missing(answer))
        assert [] == house.broken_html(answer.text, lang="nl")
        assert '<a href="/nl/kies-je-inlog/"' in answer.text


def test_pages_take_no_post(behind: Front) -> None:
    """A page cannot be posted to, and the app's page says so."""
    mine, apps = behind.both("/en/digid/", "POST")
    assert (405, apps.text) == (mine.status, mine.text)


def test_revalidated(behind: Front) -> None:
    """Pages are not sent again when they are the same, and HEAD says what GET would."""
    for path in ("/en/", "/nl/digid/", "/sitemap.xml", "/robots.txt"):
        first = ask(behind.port, path)
        by_tag = ask(behind.port, path, headers={"If-None-Match": first.headers["etag"]})
        by_date = ask(behind.port, path, headers={"If-Modified-Since": first.headers["last-modified"]})
        head = ask(behind.port, path, "HEAD")
        assert (304, b"", {}) == (by_tag.status, by_tag.body, missing(by_tag))
        assert (200, first.body) == (by_date.status, by_date.body)
        kept = ("content-type", "content-length", "cache-control", "etag", "last-modified")
        assert (200, b"", [first.headers.get(name) for name in kept]) == (
            head.status, head.body, [head.headers.get(name) for name in kept]
        )  # fmt: skip
        assert first.headers["cache-control"] == by_tag.headers["cache-control"]


@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1.elsewhere.example"])
def test_foreign_host(behind: Front, host: str) -> None:
    """A host that is not ours gets the app's 400, for files too."""
    for path in ("/", "/en/", "/robots.txt", FORM):
        mine, apps = behind.both(path, headers={"Host": host})
        assert (400, 400, apps.text, {}) == (mine.status, apps.status, mine.text, missing(mine))


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip", "gzip"), ("zstd, gzip", "zstd"), ("", None)])
def test_answers_are_compressed(behind: Front, accepted: str, encoding: str | None) -> None:
    """The app compresses nothing; the front does."""
    for path in (FORM, "/en/self-service/search?q=code"):
        mine, apps = behind.both(path, headers={"Accept-Encoding": accepted})
        assert (200, encoding, None) == (
            mine.status, mine.headers.get("content-encoding"), apps.headers.get("content-encoding")
        )  # fmt: skip
        assert "Accept-Encoding" in mine.headers.get("vary", "") if encoding else True
        assert encoding is None or len(mine.body) < len(apps.body) / 2


def test_secrets_are_not_compressed(behind: Front, session: str) -> None:
    """What says no-transform (a mail with a code or link, a file, what was typed) comes as it is."""
    form = urlencode({"access_code": "2222222222222222", "email": "nobody"}).encode()
    taken = {"Accept-Encoding": "gzip, zstd"}
    answers = [
        ask(behind.port, "/en/self-service/mailbox", headers=taken),
        ask(behind.port, "/en/self-service/orders.csv", headers={"Cookie": session, **taken}),
        ask(behind.port, FORM, "POST", taken, data=form),
    ]
    found = [(one.status, one.headers.get("content-encoding"), one.headers["cache-control"]) for one in answers]
    assert [(200, None, NO_TRANSFORM)] * 2 + [(422, None, NO_TRANSFORM)] == found
    assert all(len(one.body) > 2000 for one in answers)


@pytest.fixture(scope="module")
def session(behind: Front) -> str:
    """The cookie of somebody with many orders."""
    code, _email = accounts.DEMO_LOGIN
    data = urlencode({"access_code": code, "password": accounts.DEMO_PASSWORD}).encode()
    answer = ask(behind.port, SIGN_IN, "POST", data=data)
    assert 303 == answer.status, answer.text
    return answer.headers["set-cookie"].partition(";")[0]


def head(behind: Front, path: str, *lines: str) -> bytes:
    """The head of a POST."""
    host = f"Host: 127.0.0.1:{behind.port}"
    kind = "Content-Type: application/x-www-form-urlencoded"
    return "\r\n".join(
        [f"POST {path} HTTP/1.1", host, "Sec-Fetch-Site: same-origin", "Connection: close", kind, *lines, "", ""]
    ).encode()


def status(answer: bytes) -> int:
    """The status of an answer as it came."""
    return int(answer.split(b" ", 2)[1])


def pieces(body: bytes, size: int = 4096) -> bytes:
    """A body in chunks, without the end."""
    parts = (body[start : start + size] for start in range(0, len(body), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def test_body_cut_off(behind: Front) -> None:
    """A body that is shorter than announced does nothing: 400."""
    body, before = password_form(), behind.count("outbox")
    answer = send(behind.port, head(behind, FORM, f"Content-Length: {len(body) + 9}") + body, end=True)
    whole = send(behind.port, head(behind, FORM, f"Content-Length: {len(body)}") + body)
    with using_language("en"):
        assert (400, True) == (status(answer), title_and_paragraphs(400)[0].encode() in answer)
    assert (303, before + 1) == (status(whole), behind.count("outbox"))


def test_chunks_cut_off(behind: Front) -> None:
    """A body with a broken chunk, or without its last one, does nothing: 400."""
    body, before = password_form(), behind.count("outbox")
    in_pieces = head(behind, FORM, "Transfer-Encoding: chunked") + pieces(body)
    broken = send(behind.port, in_pieces + b"zz\r\n")
    # Who said that no more comes may be told anything; what counts is that it came to nothing.
    send(behind.port, in_pieces, end=True)
    whole = send(behind.port, in_pieces + b"0\r\n\r\n")
    with using_language("en"):
        assert (400, True) == (status(broken), title_and_paragraphs(400)[0].encode() in broken)
    assert (303, before + 1) == (status(whole), behind.count("outbox"))


def password_form() -> bytes:
    """A request for a replacement password, filled in."""
    code, email = accounts.DEMO_LOGIN
    return urlencode({"access_code": code, "email": email}).encode()


def test_body_too_large(behind: Front) -> None:
    """A body over the limit is refused, in whole or in pieces; of the API too, whose limit is its own."""
    for path, limit, kind in (
        (FORM, MAX_BODY_BYTES, "text/html"),
        ("/api/orders", MAX_BYTES, "application/problem+json"),
    ):
        fits = send(behind.port, head(behind, path, f"Content-Length: {limit}") + b"a" * limit)
        large = send(behind.port, head(behind, path, f"Content-Length: {limit + 1}"))
        assert (path, False, 413) == (path, status(fits) == 413, status(large))
        assert f"content-type: {kind}".encode() in large.lower()
    large = head(behind, FORM, "Transfer-Encoding: chunked") + pieces(b"a" * (MAX_BODY_BYTES + 9000)) + b"0\r\n\r\n"
    assert 413 == status(send(behind.port, large))


def test_body_is_late(behind: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that does not arrive in time is ended, with a page that says so."""
    monkeypatch.setattr(front, "BODY_SECONDS", 4)
    with behind.another() as alone:
        began = time.monotonic()
        answer = send(alone.port, head(alone, FORM, "Content-Length: 500") + b"access_code=A")
        assert (408, True) == (status(answer), time.monotonic() - began >= 3)
    with using_language("en"):
        assert title_and_paragraphs(408)[0].encode() in answer


def test_head_is_late(behind: Front) -> None:
    """A request whose head does not arrive in time is ended."""
    assert b"" == send(behind.port, b"GET /en/ HTTP/1.1\r\nHost: x\r\n")


def test_address_cannot_be_forged(behind: Front) -> None:
    """Only the front says where a visitor is. (The mailbox is for who is at this machine.)"""
    path = "/en/self-service/mailbox"
    forged = {"X-Forwarded-For": "192.0.2.1"}
    direct = ask(behind.app, path, headers={"Host": f"127.0.0.1:{behind.port}", **forged})
    through = [ask(behind.port, path, headers=forged)]
    for name in ("X_Forwarded_For", "x_forwarded-for"):
        lines = (
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{behind.port}\r\nConnection: close\r\n{name}: 192.0.2.1\r\n\r\n"
        )
        through.append(Answer(status(send(behind.port, lines.encode())), {}, b""))
    assert (404, [200] * 3) == (direct.status, [one.status for one in through])


def test_htmx_gets_a_piece(behind: Front) -> None:
    """An error of the front's own is a piece of a page for htmx, in the language of the address."""
    for lang in LANGUAGES:
        path = f"/{lang}/self-service/replacement-password"
        answer = ask(behind.port, path, "POST", HTMX_HEADERS, data=b"a" * (MAX_BODY_BYTES + 1))
        assert (413, lang, {}) == (answer.status, answer.headers["content-language"], missing(answer))
        assert [] == house.broken_html(answer.text, lang=lang, status=413, fragment=True)
        with using_language(lang):
            assert title_and_paragraphs(413)[0] in answer.text


def test_others_wait_for_nobody(behind: Front, session: str) -> None:
    """While others hold half-sent forms or unread downloads, every page and form is answered in time."""
    forms = [f"/{lang}/self-service/replacement-password" for lang in LANGUAGES]
    pages = [path for path in addresses(behind.config.site) if path.endswith("/")]
    large = "/en/self-service/orders.csv"
    held = (
        half_sent_forms(behind.port, 200),
        unread_downloads(behind.port, large, 50, headers={"Cookie": session}),
    )
    for holding in held:
        with holding:
            time.sleep(1)
            answers = [ask(behind.port, path, wait=SECONDS).status for path in [*pages, *forms * 5]]
            sent = ask(behind.port, FORM, "POST", data=b"access_code=&email=", wait=SECONDS)
        assert ({200}, 422) == (set(answers), sent.status)


def everywhere(port: int, asked: list[tuple[str, str, dict[str, str]]]) -> list[Answer]:
    """All these (path, method, headers) at once."""
    with ThreadPoolExecutor(len(asked)) as pool:
        return list(pool.map(lambda one: ask(port, *one), asked))


def test_app_is_down(behind: Front) -> None:
    """Help pages stay up; the rest says what is the matter, in the language of its address."""
    pages = [path for path in addresses(behind.config.site) if path.endswith("/")]
    with behind.another(hold=1) as alone:
        assert {200} == {ask(alone.port, path).status for path in pages}
        home, file, slash, nothing, niets, other, form, formulier, sent, piece, program, cached = everywhere(
            alone.port,
            [
                ("/", "GET", {}),
                ("/index.html", "HEAD", {}),
                ("/en/digid", "GET", {}),
                ("/en/nothing", "GET", {}),
                ("/nl/niets/", "GET", {}),
                ("//elsewhere.example", "GET", {}),
                (FORM, "GET", {}),
                ("/nl/self-service/my", "GET", {}),
                (FORM, "POST", {}),
                (FORM, "POST", HTMX_HEADERS),
                ("/api/orders", "POST", {}),
                ("/en/nothing", "GET", {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT", "Range": "bytes=0-9"}),
            ],
        )
        log = (alone.folder / "caddy.log").read_text("utf-8")
    assert (200, 200, True) == (home.status, file.status, 'href="/nl/"' in home.text)
    assert (302, "/en/digid/") == (slash.status, slash.headers["location"])
    assert [(404, "en"), (404, "nl"), (404, "nl"), (404, "en")] == [
        (one.status, one.headers["content-language"]) for one in (nothing, niets, other, cached)
    ]
    assert nothing.text == cached.text
    assert [(503, "en"), (503, "nl"), (503, "en"), (503, "en"), (503, "en")] == [
        (one.status, one.headers["content-language"]) for one in (form, formulier, sent, piece, program)
    ]
    for one in (form, formulier, sent, piece, program):
        assert (str(RETRY_SECONDS), "no-store", {}) == (
            one.headers["retry-after"], one.headers["cache-control"], missing(one)
        )  # fmt: skip
    for lang, one in (("en", form), ("nl", formulier), ("en", sent)):
        assert [] == house.broken_html(one.text, lang=lang, status=503)
        with using_language(lang):
            assert all(text in one.text for text in title_and_paragraphs(503)[1])
    assert [] == house.broken_html(piece.text, lang="en", status=503, fragment=True)
    assert (503, "application/problem+json") == (json.loads(program.text)["status"], program.headers["content-type"])
    assert FORM not in log


class Stub:
    """An app that takes one request after another, and answers each with these bytes; `bodies` is what it was sent."""

    def __init__(self, port: int, answer: bytes) -> None:
        self.bodies: list[bytes] = []
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", port), backlog=128)
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listening.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection:
                    received = b""
                    while (end := received.find(b"\r\n\r\n")) < 0:
                        received += connection.recv(65536)
                    length = re.search(rb"(?i)content-length: (\d+)", received[:end])
                    while length and len(received) < end + 4 + int(length[1]):
                        received += connection.recv(65536)
                    self.bodies.append(received[end + 4 :])
                    connection.sendall(self._answer)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def test_upgrade_is_held(behind: Front) -> None:
    """Who sends a form while the app is being started again is answered by it; each form arrives once, unchanged."""
    with behind.another() as alone, ThreadPoolExecutor(20) as pool:
        sent = [f"number={number}&".encode() * 300 for number in range(40)]
        waiting = [pool.submit(ask, alone.port, FORM, "POST", data=body) for body in sent]
        time.sleep(2)
        assert not any(one.done() for one in waiting)
        with Stub(alone.app, OK) as app:
            assert {(200, b"ok")} == {(one.result().status, one.result().body) for one in waiting}
        assert sorted(sent) == sorted(app.bodies)


def test_nothing_is_sent_twice(behind: Front) -> None:
    """A form that the app took but did not answer is not sent again, and the page does not say that it was not sent."""
    with behind.another() as alone, Stub(alone.app, b"") as app:
        answer = ask(alone.port, FORM, "POST", data=b"a=b")
        assert [b"a=b"] == app.bodies
    with using_language("en"):
        title, parts = title_and_paragraphs(500)
    assert (500, True, True) == (answer.status, title in answer.text, parts[-1] in answer.text)
    assert {} == missing(answer)


def test_a_part_is_not_the_whole(behind: Front) -> None:
    """An answer that the app breaks off is broken off for the visitor too. What the front logs of that holds neither
    the address, which may be a mailed link, nor who asked.
    """
    part = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nCache-Control: no-store, no-transform\r\n\r\nhello"
    with behind.another() as alone, Stub(alone.app, part):
        with pytest.raises((http.client.IncompleteRead, OSError)):
            ask(alone.port, f"{FORM}/link/very-secret-token", headers={"User-Agent": "somebody"})
        log = alone.folder / "caddy.log"
        wait_until(lambda: "EOF" in log.read_text("utf-8"))
    assert [] == [word for word in ("very-secret-token", "somebody", "remote_ip") if word in log.read_text("utf-8")]
