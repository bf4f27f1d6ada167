"""The real thing, running: built site, web server, mail worker and a mail server, for tests that look from outside."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, sync_playwright

from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.facts import Facts
from selfservice.members import codes, demo
from selfservice.pages import PageInfo, scan
from tests import browser
from tests.domain_helpers import AnyPort, Post

T = TypeVar("T")
START_SECONDS = 60
WAIT_SECONDS = 20.0
PAGES = scan(ROOT / "content", Facts.load(ROOT / "content" / "facts.toml"))
# The browser's own remark on an answer that we give on purpose. (Pieces of a page are looked at one by one.)
_EXPECTED = re.compile(r"the server responded with a status of (404|410|422) ")


def path(lang: str, key: str) -> str:
    """The address of a help page."""
    return PAGES[lang, key].path


def every_page() -> list[PageInfo]:
    """All help pages, in both languages."""
    return list(PAGES.values())


def wait_until(look: Callable[[], T], seconds: float = WAIT_SECONDS) -> T:
    """The first answer that is not empty or false; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"nothing came within {seconds} seconds"
        time.sleep(0.05)
    return found


class MailServer(Post):
    """A mail server that can also be down for a while."""

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody answers at its port."""
        port = self.port
        self._controller.stop()
        yield
        self._controller = AnyPort(self, hostname="127.0.0.1", port=port)
        self._controller.start()

    def sent_to(self, email: str) -> list[EmailMessage]:
        """What it took for this address, in order."""
        return [message for message in self.messages if message["To"] == email]


@dataclass
class Live:
    """One running Loket. Each call of `login` gives another person, so that tests do not use up each other's limits."""

    base: str
    database: Path
    mail: MailServer
    _people: Iterator[int] = field(default_factory=lambda: iter(range(1, demo.PEOPLE)))

    def login(self) -> tuple[str, str]:
        """Access code and e-mail address of a person that no other test has."""
        number = next(self._people)
        return codes.grouped(demo.code(number)), demo.email(number)

    def mails(self, email: str, number: int) -> list[EmailMessage]:
        """Wait for this many mails to an address; all that arrived."""
        return wait_until(lambda: found if len(found := self.mail.sent_to(email)) >= number else [])

    def health(self) -> dict[str, Any]:
        """What /health says, well or not."""
        try:
            with urllib.request.urlopen(f"{self.base}/health", timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
        found: dict[str, Any] = json.loads(text)
        return found

    def hurry(self) -> None:
        """Let what waits for another try be due now."""
        db = Database(self.database)
        with db.write() as conn:
            conn.execute("UPDATE outbox SET next_at = created_at WHERE state = 'waiting'")
        db.close()


@contextmanager
def running(folder: Path, mail: MailServer | None, *arguments: str, content: Path | None = None) -> Iterator[str]:
    """`loket serve` in a process of its own, with everything that it writes in one folder; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    settings = {
        "LOKET_DEMO": "1",
        "PORT": str(port),
        "LOKET_VAR": str(folder / "var"),
        "LOKET_OUTPUT": str(folder / "output"),
        # Each visitor below comes from an address of its own, as through a proxy.
        "LOKET_PROXIES": "1",
    }
    if mail is not None:
        settings["LOKET_SMTP_URL"] = f"smtp://127.0.0.1:{mail.port}"
    if content is not None:
        settings["LOKET_CONTENT"] = str(content)
    others = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    command = [sys.executable, "-m", "selfservice", "serve", "--port", str(port), "--workers", "1", *arguments]
    log = folder / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=others | settings, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _answers(base, process, log), START_SECONDS)
        yield base
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def _answers(base: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, f"it did not start:\n{log.read_text('utf-8')}"
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One running Loket for all tests of this process, with a mail server."""
    folder = tmp_path_factory.mktemp("live")
    with MailServer() as mail, running(folder, mail) as base:
        yield Live(base, folder / "var" / "loket.db", mail)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process. No browser is a failure: its tests are not optional."""
    with sync_playwright() as playwright:
        started = browser.launch(playwright)
        yield started
        started.close()


@dataclass
class Visitor:
    """Somebody at a browser of their own, and everything that went wrong there."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, context: BrowserContext, base: str) -> Self:
        """Open a page, and listen to all that it says."""
        visitor = cls(context, context.new_page(), base)
        visitor.page.on("console", visitor._hear)
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
        visitor.page.on("response", visitor._see)
        return visitor

    def go(self, address: str) -> Page:
        """Open an address of ours."""
        self.page.goto(address if address.startswith("http") else self.base + address)
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not _EXPECTED.search(message.text):
            self.complaints.append(f"console: {message.text} ({self.page.url})")

    def _see(self, response: Response) -> None:
        self.requests.append(response.url)
        if not response.url.startswith(self.base + "/"):
            self.complaints.append(f"another host: {response.url}")
        is_ours = response.request.resource_type in ("document", "fetch", "xhr")
        if response.status >= 500 or (response.status >= 400 and not is_ours):
            self.complaints.append(f"{response.status}: {response.url}")


class Visit:
    """Opens browsers. `own_address=False` leaves out the header that gives the visitor an address of its own."""

    numbers = count(1)

    def __init__(self, chromium: Browser, base: str) -> None:
        self.chromium = chromium
        self.base = base
        self.visitors: list[Visitor] = []

    def __call__(
        self,
        *,
        scripts: bool = True,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        own_address: bool = True,
        **options: Any,
    ) -> Visitor:
        """A new visitor, with nothing remembered."""
        number = next(self.numbers)
        if own_address:
            options["extra_http_headers"] = {"X-Forwarded-For": f"10.{os.getpid() % 256}.{number // 256}.{number % 256}"}
        context = self.chromium.new_context(
            java_script_enabled=scripts, viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        context.set_default_timeout(WAIT_SECONDS * 1000)
        visitor = Visitor.at(context, self.base)
        self.visitors.append(visitor)
        return visitor

    def close(self) -> list[str]:
        """Send everybody home; what went wrong."""
        for visitor in self.visitors:
            visitor.context.close()
        return [complaint for visitor in self.visitors for complaint in visitor.complaints]


@pytest.fixture
def visit(chromium: Browser, live: Live) -> Iterator[Visit]:
    """Visitors of the running Loket. A script error, a console error or a request elsewhere fails the test."""
    opened = Visit(chromium, live.base)
    yield opened
    assert [] == opened.close()
