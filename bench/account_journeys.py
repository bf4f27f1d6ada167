"""Accounts before the shipped server: how long others wait while people log in, and 200 people at once from creating an
account to logging out, through the front.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.load_generator import Client, combined, get, post, run_clients
from bench.sign_in import bare
from bench.timing import table
from selfservice import clock, front
from selfservice.accounts import people, sessions, user_accounts
from selfservice.accounts.passwords import Hasher
from selfservice.app import create_app
from selfservice.config import load as load_config
from selfservice.db import Database
from tests import caddy
from tests.live_server import MailServer, free_port, running
from tests.upgrade_load import LINK, Browser, Load, Unexpected

PEOPLE, SECONDS = 200, 60.0
HAMMERS, PROBE_PAUSE = 4, 0.005
MAIL_SECONDS = 120
PASSWORD = "laarzen fluiten zacht zeven keer"
COOKIE = "somebody-who-looks-at-their-settings"
FORM = "/en/self-service"
PROBES = {
    "a help page": (get("/en/orders/"), 200),
    "a form": (get(f"{FORM}/account-create"), 200),
    "a form with wrong input": (post(f"{FORM}/account-create", {"email": "nobody"}), 422),
    "one's settings": (get(f"{FORM}/account/mine", {"Cookie": f"loket={COOKIE}"}), 200),
    "a search": (get(f"{FORM}/search?q=access+code"), 200),
}
NOTES = """
`loket serve` with two web processes, its worker, and a mail server that takes every mail; clients and servers share the
processors. First table: one client asks for each page in turn, alone and while four clients log in to accounts without
a pause. Second: through the front (Caddy, as `loket front` configures it) each of the people has an address of their
own and goes from one journey to the next for so long, each as somebody new: asks for an account, waits for the mail,
follows its link, chooses a password, logs in, sees the settings, downloads their data, changes their address by the
mailed link, logs out, logs in with the new address, and logs out. What was answered is counted afterwards in the
database and in the mails. Each journey hashes a password five times.
""".strip()
HASHES = 5


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """Both tables, as markdown."""
    number, seconds = (40, 10.0) if quick else (PEOPLE, SECONDS)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as scratch,
        MailServer() as mail,
        _shipped(Path(scratch), mail) as (base, app),
    ):
        database = Path(scratch) / "var" / "loket.db"
        waits = _waits(app, database, 2.0 if quick else 6.0, progress)
        progress(f"{number} people at once, for {seconds:.0f} s and as long as it takes to finish")
        everybody = Everybody(base, mail)
        before = time.perf_counter()
        everybody.go(number, seconds)
        took = time.perf_counter() - before
        found = everybody.differences(database)
    failures = everybody.load.failures
    if found or failures:
        sys.exit("bench: " + "\n".join([f"{len(failures)} errors", *failures[:20], *found]))
    done = everybody.finished
    counts = table(
        ["people", "journeys", "answers", "mails", "a second", "hashes a second", "bare argon2, 2 threads", "errors"],
        [[
            str(number), f"{done:,}", f"{everybody.load.requests:,}", f"{len(mail.messages):,}", f"{done / took:.1f}",
            f"{done * HASHES / took:.0f}", f"{bare(2, 3.0):.0f}", "0",
        ]],
    )  # fmt: skip
    head = ["p99 ms of", "alone", f"while {HAMMERS} log in without a pause", "log-ins a second"]
    return f"## Accounts before the shipped server\n\n{table(head, waits)}\n\n{counts}\n\n{NOTES}\n"


@contextmanager
def _shipped(folder: Path, mail: MailServer) -> Iterator[tuple[str, int]]:
    """`loket serve` behind the front: the front's address, and the port of the app."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(folder, mail, "--workers", "2", base_url=base) as served:
        app = int(served.rpartition(":")[2])
        config = load_config(
            {"LOKET_DEMO": "1", "LOKET_VAR": str(folder / "var"), "LOKET_OUTPUT": str(folder / "output")}
            | {"LOKET_BASE_URL": base, "LOKET_PROXIES": "1"}
        )
        file = folder / "Caddyfile"
        file.write_text(front.caddyfile(create_app(config), config, f"127.0.0.1:{app}"), "utf-8")
        with caddy.serving(file, folder / "caddy.log"):
            yield base, app


def _waits(port: int, database: Path, seconds: float, progress: Callable[[str], None]) -> list[list[str]]:
    requests, rows = _log_ins(database, 400), []
    hammers = [Client(requests[at::HAMMERS]) for at in range(HAMMERS)]
    for name, (request, status) in PROBES.items():
        progress(f"{name}, alone and while others log in")
        probe = Client([request], pause=PROBE_PAUSE)
        alone = run_clients(port, [probe], seconds)[0]
        beside, *busy = run_clients(port, [probe, *hammers], seconds)
        entered = combined(busy)
        if {status} != set(alone.statuses) | set(beside.statuses) or set(entered.statuses) != {204}:
            sys.exit(f"bench: {name} answered {beside.statuses}, logging in {entered.statuses}")
        rows.append([name, f"{alone.percentile(99):.1f}", f"{beside.percentile(99):.1f}", f"{entered.per_second:.0f}"])
    return rows


def _log_ins(database: Path, count: int) -> list[bytes]:
    """People with accounts, each of whom logs in from an address of their own; the first is logged in already."""
    db, hashed, made = Database(database), Hasher().hash(PASSWORD), []
    now = clock.now()
    with db.write() as conn:
        for number in range(count):
            email = f"{number}@loket.example"
            person = people.add(conn, now, given_name="Wil", family_name="Peeters", email=email, language="en")
            user_accounts.add(conn, person, hashed, now)
            address = {"X-Forwarded-For": f"10.0.{number >> 8}.{number & 255}"}
            made.append(post(f"{FORM}/sign-in", {"access_code": email, "password": PASSWORD}, address))
            if number == 0:
                sessions.start(conn, person, None, COOKIE, now, "")
    db.close()
    return made


@dataclass
class Post:
    """The mails that came, by address: each is looked at once, however many wait for theirs."""

    mail: MailServer
    links: dict[str, list[str]] = field(default_factory=dict)
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def link(self, email: str, number: int) -> str:
        """The path of the link in the mail with this number, among those to this address that have one."""
        end = time.monotonic() + MAIL_SECONDS
        while time.monotonic() < end:
            self._sort()
            if len(found := self.links.get(email, [])) > number:
                return found[number]
            time.sleep(0.2)
        raise Unexpected(f"no mail with a link came to {email}")

    def _sort(self) -> None:
        with self._lock:
            new = self.mail.messages[self._seen :]
            self._seen += len(new)
            for message in new:
                body = message.get_body(("plain",))
                found = LINK.search(body.get_content() if body is not None else "")
                if found:
                    self.links.setdefault(str(message["To"]), []).append(found[1])


@dataclass
class Everybody:
    """People who each go from one journey to the next."""

    base: str
    mail: MailServer
    emails: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.load, self.post = Load(self.base, [], "", {}), Post(self.mail)

    @property
    def finished(self) -> int:
        """How many journeys ended well."""
        return self.load.done["journey"]

    def go(self, number: int, seconds: float) -> None:
        """Let so many people begin journeys for so long; each is finished."""
        end = time.monotonic() + seconds

        def repeat() -> None:
            while time.monotonic() < end:
                self.load.attempt(self.journey)

        threads = [threading.Thread(target=repeat) for _ in range(number)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def journey(self) -> None:
        """From somebody whom nobody knows to somebody who has logged out."""
        one = self.load.browser()
        lang = ("en", "nl")[int(one.source.rpartition(".")[2]) % 2]
        base, email, later = f"/{lang}/self-service", f"{one.source}@people.example", f"{one.source}@moved.example"
        one.get(f"/{lang}/")
        one.get(f"{base}/account-create")
        person = {"given_name": "Oona", "family_name": "Veld", "email": email, "language": lang}
        one.send(f"{base}/account-create", person)
        one.get(self.post.link(email, 0))
        one.send(f"{base}/account-password/new-password", {"new_password": PASSWORD})
        self._log_in(one, base, email)
        one.get(f"{base}/account/mine")
        one.get(f"{base}/account-data/mine")
        one.send(f"{base}/account-data", {"password": PASSWORD})
        status, _ = one.ask(f"{base}/account-data/download")
        if status != 200:
            raise Unexpected(f"a download answers {status}")
        one.get(f"{base}/account-email/mine")
        one.send(f"{base}/account-email", {"email": later, "password": PASSWORD})
        one.get(self.post.link(later, 0))
        one.send(f"{base}/account-email/confirm", {})
        one.send(f"{base}/sign-in/out", {})
        self._log_in(one, base, later)
        one.send(f"{base}/sign-in/out", {})
        self.emails[later] = email

    def _log_in(self, one: Browser, base: str, email: str) -> None:
        one.get(f"{base}/sign-in")
        one.send(f"{base}/sign-in", {"access_code": email, "password": PASSWORD})

    def differences(self, database: Path) -> list[str]:
        """A line for each thing that was answered and is not there, or is there twice or too much."""
        with closing(sqlite3.connect(database)) as conn:

            def count(query: str) -> int:
                return int(conn.execute(query).fetchone()[0])

            end = time.monotonic() + MAIL_SECONDS
            while count("SELECT count(*) FROM outbox WHERE state <> 'sent'") and time.monotonic() < end:
                time.sleep(0.5)
            ids = Counter(str(message["Message-ID"]) for message in self.mail.messages)
            theirs = "people p ON p.id = x.person_id AND p.email LIKE '127.%'"
            queries = {
                "accounts": (f"user_accounts x JOIN {theirs}", 1),
                "addresses changed": ("people WHERE email LIKE '127.%@moved.example'", 1),
                "links used": ("account_openings WHERE used_at IS NOT NULL", 1),
                "changes confirmed": ("email_changes WHERE state = 'confirmed'", 1),
                "sessions": (f"sessions x JOIN {theirs}", 2),
                "sessions that were left": (f"sessions x JOIN {theirs} WHERE ended_at IS NOT NULL", 2),
            }
            found = [
                f"{what}: {there} and not {each * self.finished}"
                for what, (query, each) in queries.items()
                if (there := count(f"SELECT count(*) FROM {query}")) != each * self.finished
            ]
            sent = count("SELECT count(*) FROM outbox WHERE state = 'sent'")
            if sent != len(self.mail.messages) or len(ids) != sent or count("SELECT count(*) FROM outbox") != sent:
                found.append(f"mails: {sent} were sent, {len(self.mail.messages)} came, {len(ids)} of them different")
        return found
