"""The request for an access code: how long each of its steps takes, beside bare Flask on the same server."""

from __future__ import annotations

import http.client
import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

from bench.bare_form import VARIABLE
from bench.build import demo_settings
from bench.load_generator import Answers, Client, combined, get, post, run_clients
from bench.server import BARE, OURS, PLAIN, serving
from bench.timing import table
from selfservice import clock
from selfservice.accounts import anonymous_sessions, organisations
from selfservice.accounts.saved_forms import SavedForm
from selfservice.config import load as load_config
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.fragments.access_code.routes import NAME
from selfservice.migrations import migrate

FORM = f"/en/self-service/{NAME}"
KVK = "12345678"
VISITORS = 500  # below the form's own limit of 600 requests handed in a minute
CLIENTS = 2
SECONDS = 60.0
PERSON = {"need": "business", "kvk_number": KVK, "given_name": "Wil", "family_name": "Peeters", "telephone": ""}
NOTES = """
A business request that ends in direct debit and a letter: the longest way there is. Each visitor has a cookie, answers
that are kept and an address of their own, and takes the steps in this order with right input; two clients, one worker
with one thread, clients and server on the same machine; medians of the rounds, and of the ratios, round by round (above
1.0 is slower). 'bare Flask' is one route with a text and nothing else; 'with a row' is bare Flask that keeps one row a
visitor in the same SQLite, equally safe: a GET reads it and renders five fields, a POST writes it and answers 303. It
has no limiter, session, language, layout of the site, checks or security headers.""".strip()


@dataclass(frozen=True)
class Step:
    """One request of the way: its name in the table, its method and path, what is sent, and the right answer."""

    name: str
    path: str
    sent: Mapping[str, str] | None = None
    cookie: bool = True

    @property
    def status(self) -> int:
        """What a right answer is: a page, or on to the next."""
        return 200 if self.sent is None else 204

    def request(self, number: int, cookie: str, about: str) -> bytes:
        """This step as the visitor with this number sends it, from a page that says `about`."""
        headers = {"X-Forwarded-For": address(number)}
        if self.cookie:
            headers["Cookie"] = f"loket={cookie}"
        if self.sent is None:
            return get(self.path, headers)
        return post(self.path, {**self.sent, **self._own(number), "about": about}, headers)

    def _own(self, number: int) -> dict[str, str]:
        return {"email": f"visitor{number}@loket.example"} if "given_name" in (self.sent or {}) else {}


STEPS = (
    Step("GET need (the start)", FORM, cookie=False),
    Step("GET the organisation, in place", f"{FORM}/organisation?kvk_number={KVK}"),
    Step("GET organisations by name", f"{FORM}/organisations?organisation_name=kite"),
    Step("POST need, a new session", f"{FORM}/need", PERSON, cookie=False),
    Step("GET need", f"{FORM}/need"),
    Step("POST need", f"{FORM}/need", PERSON),
    Step("GET preferences", f"{FORM}/preferences"),
    Step("POST preferences", f"{FORM}/preferences", {}),
    Step("GET direct debit", f"{FORM}/mandate"),
    Step(
        "POST direct debit", f"{FORM}/mandate", {"iban": "NL91ABNA0417164300", "holder": "W. Peeters", "mandate": "yes"}
    ),
    Step("GET check", f"{FORM}/check"),
    Step("POST check: sent", f"{FORM}/check", {}),
    Step("GET done", f"{FORM}/done"),
)


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The benchmark of the steps, as markdown."""
    rounds, visitors = (1, 100) if quick else (3, VISITORS)
    found: dict[str, list[tuple[Answers, Answers, Answers]]] = {step.name: [] for step in STEPS}
    for number in range(rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            progress(f"the steps of a request: round {number + 1} of {rounds}")
            _round(Path(scratch), visitors, found)
    head = ["request", "p50 ms", "p99 ms", "bare Flask p99 ms", "p99 / bare", "with a row p99 ms", "p99 / with a row"]
    lines = [_row(name, answers) for name, answers in found.items()]
    return f"## The steps of a request\n\n{table(head, lines)}\n\n{NOTES}\n"


def _round(scratch: Path, visitors: int, found: dict[str, list[tuple[Answers, Answers, Answers]]]) -> None:
    environment = demo_settings(scratch) | {"LOKET_PROXIES": "1"}
    cookies = _cookies(environment, visitors)
    plain = {VARIABLE: str(scratch / "plain.db")}
    with (
        serving(BARE, {}, 1, 1) as bare,
        serving(PLAIN, plain, 1, 1) as row,
        serving(OURS, environment, 1, 1) as ours,
    ):
        for port, path in ((bare, "/"), (row, "/"), (ours, FORM)):
            run_clients(port, [Client([get(path)])], 0.3)
        for step in STEPS:
            numbers = range(visitors)
            asks = step.sent is not None and step.cookie
            about = abouts(ours, step.path, cookies) if asks else [""] * visitors
            requests = [step.request(number, cookies[number], about[number]) for number in numbers]
            theirs = [_peer(step, number) for number in numbers]
            found[step.name].append(
                (
                    send_all(ours, requests, step.status),
                    send_all(bare, theirs, 200),
                    send_all(row, theirs, 200 if step.sent is None else 303),
                )
            )


def address(number: int) -> str:
    """The visitor's own."""
    return f"10.1.{number >> 8}.{number & 255}"


def abouts(port: int, path: str, cookies: list[str]) -> list[str]:
    """For each visitor what the page at this address says that its form is about; not measured."""
    connection, found = http.client.HTTPConnection("127.0.0.1", port, timeout=60), []
    for number, cookie in enumerate(cookies):
        headers = {"Host": "127.0.0.1", "Cookie": f"loket={cookie}", "X-Forwarded-For": address(number)}
        connection.request("GET", path, headers=headers)
        about = re.search(rb'name="about" value="([^"]+)"', connection.getresponse().read())
        found.append(about[1].decode() if about else "")
    connection.close()
    return found


def _cookies(environment: Mapping[str, str], visitors: int) -> list[str]:
    """An anonymous session for each visitor, with an empty saved form, and one organisation; their cookies."""
    with patch.dict(os.environ, environment):
        config = load_config()
    db = Database(config.database)
    migrate(db, Keys(config.secret))
    now, made = clock.now(), []
    with db.write() as conn:
        organisations.add(
            conn, now, kvk_number=KVK, name="Northsea Kite Repairs", email="info@kites.example", street="Duinpad",
            house_number="7a", postcode="0012 ZZ", city="Zandhoven",
        )  # fmt: skip
        for _ in range(visitors):
            session_id, cookie = anonymous_sessions.start(conn, now)
            SavedForm(session_id, NAME).save(conn, {}, now)
            made.append(cookie)
    db.close()
    return made


def _peer(step: Step, number: int) -> bytes:
    """The comparable request to a bare Flask."""
    headers = {"Cookie": f"plain={number}"}
    return get("/", headers) if step.sent is None else post("/", step.sent, headers)


def send_all(port: int, requests: list[bytes], status: int) -> Answers:
    """Each request once. An error is answered fast too; anything but the right answer is no result."""
    clients = [Client(requests[at::CLIENTS], once=True) for at in range(CLIENTS)]
    answers = combined(run_clients(port, clients, SECONDS))
    if answers.statuses != {status: len(requests)}:
        sys.exit(f"bench: expected only {status} but got {dict(answers.statuses)} for {requests[0]!r}")
    return answers


def _row(name: str, found: list[tuple[Answers, Answers, Answers]]) -> list[str]:
    ours, bare, row = ([one[at].percentile(99) for one in found] for at in range(3))
    return [
        name,
        f"{median(one[0].percentile(50) for one in found):.1f}",
        f"{median(ours):.1f}",
        f"{median(bare):.1f}",
        f"{median(one / two for one, two in zip(ours, bare, strict=True)):.1f}",
        f"{median(row):.1f}",
        f"{median(one / two for one, two in zip(ours, row, strict=True)):.1f}",
    ]
