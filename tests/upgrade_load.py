"""Visitors and programs before a running Loket, for as long as something is done to it: each answer is looked at.

Nothing of Loket is used here but its pages, its API and at last its tables, so that one load can be put on two versions
in turn.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import socket
import sqlite3
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

SECONDS = 60  # for one answer
PAGES = ("/en/", "/nl/", "/en/orders/", "/nl/bestellingen/", "/en/self-service/access-code", "/nl/self-service/sign-in")
LINK = re.compile(r"https?://[^/\s]+(/\S+/link/\S+)")
_STYLES = re.compile(r'(?:href|src)="(/theme/[^"]+)"')


class Unexpected(Exception):  # noqa: N818 (an answer that should have been another)
    """An answer that is not what it should be; the message says which."""


class Connection(http.client.HTTPConnection):
    """To this machine, whatever its name there, from an address of this machine."""

    def __init__(self, base: str, source: str) -> None:
        where = urlsplit(base)
        self._context = ssl._create_unverified_context() if where.scheme == "https" else None
        self.default_port, self._source = 443 if self._context else 80, (source, 0)
        super().__init__(where.hostname or "", where.port)

    def connect(self) -> None:
        """As the base class does."""
        self.sock = socket.create_connection(("127.0.0.1", self.port), SECONDS, self._source)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)


class Forms(HTMLParser):
    """The forms of a page: by action, what each would send as it stands."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, or what one sends."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((given.get("action", ""), {}))
        picked = given.get("type") not in ("radio", "checkbox") or "checked" in given
        if tag == "input" and self.found and given.get("name") and picked:
            self.found[-1][1][given["name"]] = given.get("value", "")


@dataclass
class Browser:
    """Somebody at a browser without scripts, at an address of their own (limits go by address)."""

    base: str
    load: Load
    source: str
    cookies: dict[str, str] = field(default_factory=dict)
    page: str = ""

    def ask(self, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, str]:
        """One request: the status, and the body or for 303 where it leads. Counted, and the body is whole."""
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}
        if data is not None:
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        connection = Connection(self.base, self.source)
        began = time.monotonic()
        try:
            connection.request("GET" if data is None else "POST", path, data, sent | dict(headers or {}))
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")  # fonts too
        finally:
            connection.close()
        self.load.note(path, time.monotonic() - began)
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        if answer.status == 303:
            return 303, answer.getheader("Location") or ""
        is_page = (answer.getheader("Content-Type") or "").startswith("text/html")
        if is_page and not body.rstrip().endswith("</html>"):
            raise Unexpected(f"{path} is cut off after {len(body)} characters")
        return answer.status, body

    def get(self, path: str) -> str:
        """Go to a page, and on to where it leads."""
        status, body = self.ask(path)
        for _ in range(3):
            if status == 303:
                status, body = self.ask(body)
        if status != 200:
            raise Unexpected(f"{path} answers {status}: {_title(body)}")
        self.page = body
        return body

    def send(self, action: str, typed: Mapping[str, str]) -> str:
        """Send the form of the page with this action, with this typed into it; the page it leads to."""
        shown = [values for each, values in Forms(self.page).found if each == action]
        if not shown:
            raise Unexpected(f"there is no form for {action} on the page {_title(self.page)!r}")
        status, where = self.ask(action, urlencode(shown[0] | dict(typed)).encode())
        if status != 303:
            raise Unexpected(f"{action} answers {status}: {_title(where)}")
        return self.get(where)


def _title(page: str) -> str:
    found = re.search(r"<title>([^<]*)", page)
    return found[1] if found else page[:200]


@dataclass
class Load:
    """What goes on at once: one thread each, until `stop`. A failure is a line that says who was doing what."""

    base: str
    codes: list[tuple[str, str]]  # access codes, and their password
    key: str  # with which orders are delivered
    order: Mapping[str, object]  # one, but for its number
    failures: list[str] = field(default_factory=list)
    requests: int = 0
    longest: dict[str, float] = field(default_factory=dict)  # answer, by first part of the address
    done: Counter[str] = field(default_factory=Counter)  # errands, by name
    references: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    _ends: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _threads: list[threading.Thread] = field(default_factory=list)

    def note(self, path: str, seconds: float) -> None:
        """An answer came."""
        with self._lock:
            self.requests += 1
            self.longest[path] = max(self.longest.get(path, 0), seconds)

    def browser(self) -> Browser:
        """Somebody new."""
        with self._lock:
            number = next(self._numbers)
        return Browser(self.base, self, f"127.{number // 60000 + 1}.{number // 250 % 240 + 1}.{number % 250 + 1}")

    def start(self) -> None:
        """Begin all errands, over and over."""
        for errand in (self.read, self.read, self.find_useful, self.request_code, self.log_in, self.deliver):
            self._threads.append(threading.Thread(target=self._repeat, args=(errand,)))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let each errand end that has begun."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, errand: Callable[[], None]) -> None:
        while not self._ends.is_set():
            self.attempt(errand)

    def attempt(self, errand: Callable[..., None], *given: object) -> None:
        """One errand; what goes wrong is noted."""
        try:
            errand(*given)
        except (Unexpected, OSError, http.client.HTTPException, ValueError) as error:
            with self._lock:
                self.failures.append(f"{errand.__name__}: {type(error).__name__}: {error}")
            time.sleep(0.2)
        else:
            with self._lock:
                self.done[errand.__name__] += 1

    def read(self) -> None:
        """Pages in each language, with all that they show."""
        browser = self.browser()
        for path in PAGES:
            for style in set(_STYLES.findall(browser.get(path))):
                status, _ = browser.ask(style)
                if status != 200:
                    raise Unexpected(f"{style} of {path} answers {status}")
            time.sleep(0.02)

    def find_useful(self) -> None:
        """Say that a page was useful: counted once."""
        browser = self.browser()
        status, where = browser.ask("/en/self-service/useful", b"page=orders&question=&useful=yes")
        if status != 303:
            raise Unexpected(f"useful answers {status}")
        browser.get(where)
        time.sleep(0.1)

    def begin_request(self, lang: str = "en") -> Browser:
        """Fill in the first step of a request for a private access code."""
        browser, base = self.browser(), f"/{lang}/self-service/access-code"
        browser.get(base)
        person = {"given_name": "Oona", "family_name": "Veld", "email": f"{browser.source}@example.org"}
        browser.send(f"{base}/need", {"need": "private", "telephone": "", **person})
        return browser

    def finish_request(self, browser: Browser, lang: str = "en", pause: float = 0.2) -> None:
        """Fill in the rest, and send it."""
        base = f"/{lang}/self-service/access-code"
        browser.send(f"{base}/preferences", {"payment_method": "credit"})
        time.sleep(pause)
        found = re.search(r"[2-9A-Y]{4}-[2-9A-Y]{4}", browser.send(f"{base}/check", {}))
        if found is None:
            raise Unexpected(f"a request has no reference: {_title(browser.page)}")
        with self._lock:
            self.references.append(found[0])

    def request_code(self) -> None:
        """A form of several steps, in each language."""
        for lang in ("en", "nl"):
            browser = self.begin_request(lang)
            time.sleep(0.2)
            self.finish_request(browser, lang)

    def open_link(self, messages: Sequence[Message]) -> None:
        """Open the link in the last mail that has one."""
        parts = (part for each in reversed(messages) for part in each.walk() if part.get_content_type() == "text/plain")
        texts = (str(part.get_payload(decode=True), "utf-8") for part in parts)  # type: ignore[arg-type]
        found = next(filter(None, (LINK.search(text) for text in texts)), None)
        if found is None:
            raise Unexpected("no mail has a link")
        self.browser().get(found[1])

    def begin_session(self) -> Browser:
        """Log in, and stay."""
        browser = self.browser()
        code, password = self.codes[self.done["log_in"] % len(self.codes)]
        browser.get("/en/self-service/sign-in")
        browser.send("/en/self-service/sign-in", {"access_code": code, "password": password})
        return browser

    def log_in(self) -> None:
        """Log in, look at orders, download them, log out."""
        browser = self.begin_session()
        browser.get("/en/self-service/orders/mine")
        self.download(browser)
        browser.send("/en/self-service/sign-in/out", {})
        time.sleep(0.5)

    def download(self, browser: Browser) -> None:
        """All orders as CSV: each line ends."""
        status, text = browser.ask("/en/self-service/orders.csv")
        if status != 200 or not text.endswith("\r\n"):
            raise Unexpected(f"a download answers {status}: {text[-50:]!r}")

    def deliver(self) -> None:
        """An order of the shop, by the API."""
        with self._lock:
            number = f"UP-{next(self._numbers)}"
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        status, text = self.browser().ask("/api/orders", json.dumps({**self.order, "number": number}).encode(), headers)
        if status != 200 or json.loads(text)["orders"][0]["result"] != "new":
            raise Unexpected(f"a delivery answers {status}: {text[:200]}")
        with self._lock:
            self.orders.append(number)
        time.sleep(0.25)

    def differences(self, database: Path, messages: Sequence[Message]) -> list[str]:
        """A line for each thing that was answered and is not there, or is there twice; after `stop`. `messages` is
        what the mail server took; what waits is waited for.
        """
        with closing(sqlite3.connect(database)) as conn:
            end = time.monotonic() + SECONDS
            while (waiting := conn.execute("SELECT count(*) FROM outbox WHERE state <> 'sent'").fetchone()[0]) and (
                time.monotonic() < end
            ):
                time.sleep(0.5)
            requests = dict(conn.execute("SELECT reference, email FROM requests WHERE email LIKE '127.%'").fetchall())
            orders = [number for (number,) in conn.execute("SELECT number FROM orders WHERE number LIKE 'UP-%'")]
        mailed = Counter(str(message["To"]) for message in messages if str(message["To"]).startswith("127."))
        ids = Counter(str(message["Message-ID"]) for message in messages)
        found = [f"{waiting} mails wait"] if waiting else []
        found += [f"the mail {each} came {count} times" for each, count in ids.items() if count > 1]
        for what, answered, kept in (
            ("requests", {each.replace("-", "") for each in self.references}, requests.keys()),
            ("orders", set(self.orders), set(orders)),
            ("mails", set(requests.values()), mailed.keys()),
        ):
            if answered != kept:
                found.append(f"{what}: {answered - kept!s:.300} are lost, {kept - answered!s:.300} were not answered")
        return found
