"""The real thing, running: built site, web server, mail worker and a mail server, for tests that look from outside."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any, TypeVar

import pytest

from selfservice.config import ROOT, Config
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.facts.facts import Facts
from selfservice.values.access_code import group_code
from selfservice.web.pages import PageInfo, read_pages
from tests.domain_helpers import CONTENT, FreePortController, SmtpServer

T = TypeVar("T")
START_SECONDS = 60
WAIT_SECONDS = 20.0
PAGES = read_pages(CONTENT, Facts.load(CONTENT / "facts.toml"))


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


class MailServer(SmtpServer):
    """A mail server that can also be down for a while."""

    @contextmanager
    def down(self) -> Iterator[None]:
        """Nobody answers at its port."""
        port = self.port
        self._controller.stop()
        try:
            yield
        finally:
            self._controller = FreePortController(self, hostname="127.0.0.1", port=port)
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
    _people: Iterator[int] = field(default_factory=lambda: iter(range(1, accounts.PEOPLE)))

    def login(self) -> tuple[str, str]:
        """Access code and e-mail address of a person that no other test has."""
        number = next(self._people)
        return group_code(accounts.code(number)), accounts.email(number)

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

    def put_off(self, email: str) -> bool:
        """Whether a mail to this address was tried and waits for another try."""
        db = Database(self.database)
        found = db.read().execute(
            "SELECT 1 FROM outbox WHERE state = 'waiting' AND attempts > 0 AND recipient = :email", {"email": email}
        )
        is_put_off = found.fetchone() is not None
        db.close()
        return is_put_off

    def settle(self) -> None:
        """Let all that other tests left go first, so that what a test sees waiting is its own."""
        wait_until(self._is_settled)

    def _is_settled(self) -> bool:
        # A mail that is being sent waits again if that fails, so it counts too.
        self.hurry()
        outbox = self.health()["outbox"]
        return not (outbox["waiting"] or outbox["leased"])

    def hurry(self) -> None:
        """Let what waits for another try be due now."""
        db = Database(self.database)
        with db.write() as conn:
            conn.execute("UPDATE outbox SET next_at = created_at WHERE state = 'waiting'")
        db.close()


def free_port() -> int:
    """A port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    folder: Path, mail: MailServer | None, *arguments: str, content: Path | None = None, base_url: str | None = None
) -> Iterator[str]:
    """`loket serve` in a process of its own, with everything that it writes in one folder; its address.

    `base_url` is where visitors come, when that is not the server itself.
    """
    port = free_port()
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
    if base_url is not None:
        settings["LOKET_BASE_URL"] = base_url
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


def processes(folder: Path, word: str) -> list[int]:
    """The ids of the running `loket WORD` processes that keep their data in the folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words, settings = ((entry / name).read_bytes().split(b"\0") for name in ("cmdline", "environ"))
        except OSError:
            continue
        is_ours = f"LOKET_VAR={folder / 'var'}".encode() in settings
        if is_ours and b"selfservice" in words and word.encode() in words:
            found.append(int(entry.name))
    return found


def started_by(process: int) -> int:
    """The id of the process that started this one (numbers begin anew at some time, so the higher is not the later)."""
    stat = Path(f"/proc/{process}/stat").read_text("utf-8", "replace")
    return int(stat.rpartition(")")[2].split()[1])


def _answers(base: str, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, f"it did not start:\n{log.read_text('utf-8')}"
    try:
        with urllib.request.urlopen(f"{base}/live", timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """One running Loket for all tests of this process, with a mail server."""
    folder = tmp_path_factory.mktemp("live")
    with MailServer() as mail, running(folder, mail) as base:
        yield Live(base, folder / "var" / "loket.db", mail)


@contextmanager
def server(config: Config, *, target: str = "", **settings: str) -> Iterator[int]:
    """The web server alone, for a site and a database that are there; its port. `target` names another application."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    own = {
        "LOKET_DEMO": "1",
        "PORT": str(port),
        "LOKET_OUTPUT": str(config.output),
        "LOKET_DATABASE": str(config.database),
        "LOKET_SECRET_KEY": config.secret.decode(),
    }
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    call = f"from selfservice import server; server.run('127.0.0.1', {port}, 1, target={target!r} or server.TARGET)"
    process = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, env=given | own | settings)
    try:
        wait_until(lambda: _listens(port, process), START_SECONDS)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _listens(port: int, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it did not start"
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    data: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.data.decode("utf-8")


def ask(
    port: int, path: str, method: str = "GET", *, body: bytes | Iterable[bytes] | None = None, **headers: str
) -> Answer:
    """One request to a server on this machine; `User_Agent="x"` gives the header User-Agent."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.putrequest(method, path, skip_host="Host" in named, skip_accept_encoding=True)
        if isinstance(body, bytes):
            named.setdefault("Content-Length", str(len(body)))
        elif body is not None:
            named["Transfer-Encoding"] = "chunked"
        for name, value in named.items():
            connection.putheader(name, value)
        connection.endheaders(body, encode_chunked=body is not None and not isinstance(body, bytes))
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()
