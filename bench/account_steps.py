"""Creating an account and using it: how long each step takes, beside bare Flask on the same server."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from unittest.mock import patch

from bench.access_code_steps import abouts, address, send_all
from bench.build import demo_settings
from bench.load_generator import Answers, Client, get, post, run_clients
from bench.server import BARE, HASHING, OURS, serving
from bench.timing import table
from selfservice import clock
from selfservice.accounts import account_links, anonymous_sessions, people, sessions, user_accounts
from selfservice.accounts.passwords import Hasher
from selfservice.accounts.saved_forms import SavedForm
from selfservice.config import load as load_config
from selfservice.context import Context
from selfservice.crypto import Keys, hash_token
from selfservice.db import Connection, Database
from selfservice.facts.facts import Facts
from selfservice.migrations import migrate
from selfservice.seeds import derive_token

BASE = "/en/self-service"
VISITORS = 300  # below the limit of 800 links a minute
PASSWORD = "laarzen fluiten zacht zeven keer"
NOTES = """
Each visitor has an address, cookie and mailed link of their own, and takes the steps in this order with right input;
two clients, one worker with one thread, clients and server on the same machine; medians of the rounds, and of the
ratios, round by round (above 1.0 is slower). 'bare' is Flask with one route and a text; for a step in which a password
is hashed (argon2id, 19 MiB, two passes) it verifies one too, and does nothing else.
""".strip()


@dataclass(frozen=True)
class Step:
    """One request of the way: its name, its path, and what is sent from which page. `cookie` is which of a visitor's it
    comes with; {…} in path and fields are the visitor's own.
    """

    name: str
    path: str
    status: int = 200
    cookie: str = ""
    sent: Mapping[str, str] | None = None
    page: str = ""
    hashes: bool = False

    def request(self, number: int, visitor: Mapping[str, str], about: str) -> bytes:
        """This step as this visitor sends it, from a page that says `about`."""
        headers = {"X-Forwarded-For": address(number)}
        if self.cookie:
            headers["Cookie"] = f"loket={visitor[self.cookie]}"
        path = BASE + self.path.format(**visitor)
        if self.sent is None:
            return get(path, headers)
        return post(path, {"about": about, **{key: text.format(**visitor) for key, text in self.sent.items()}}, headers)


NEW = {"given_name": "Wil", "family_name": "Peeters", "email": "{asking}", "language": "en"}
STEPS = (
    Step("GET create an account", "/account-create"),
    Step("POST create an account: the link is mailed", "/account-create", 303, sent=NEW),
    Step("GET look in your e-mail", "/account-create/sent", cookie="sent"),
    Step("GET the mailed link", "/account-password/link/{token}", 303, "fresh"),
    Step("GET choose a password", "/account-password/new-password", cookie="opened"),
    Step(
        "POST choose a password", "/account-password/new-password", 204, "opened", {"new_password": PASSWORD},
        "/account-password/new-password", hashes=True,
    ),
    Step("GET log in", "/sign-in"),
    Step("POST log in", "/sign-in", 204, sent={"access_code": "{new}", "password": PASSWORD}, hashes=True),
    Step("GET settings", "/account/mine", cookie="session"),
    Step("GET change the address", "/account-email/mine", cookie="session"),
    Step(
        "POST change the address", "/account-email", 303, "session", {"email": "{wanted}", "password": PASSWORD},
        "/account-email", hashes=True,
    ),
    Step("POST log out", "/sign-in/out", 204, "session", {}),
)  # fmt: skip


Found = list[tuple[Step, list[tuple[Answers, Answers]]]]


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """The benchmark of the steps, as markdown."""
    rounds, visitors = (1, 60) if quick else (3, VISITORS)
    found: Found = [(step, []) for step in STEPS]
    for number in range(rounds):
        progress(f"the steps of an account: round {number + 1} of {rounds}")
        with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
            _round(Path(scratch), visitors, found)
    head = ["request", "p50 ms", "p99 ms", "bare p99 ms", "p99 / bare"]
    return f"## The steps of an account\n\n{table(head, [_row(*each) for each in found])}\n\n{NOTES}\n"


def _round(scratch: Path, count: int, found: Found) -> None:
    environment = demo_settings(scratch) | {"LOKET_PROXIES": "1"}
    visitors = _visitors(environment, count)
    with (
        serving(BARE, {}, 1, 1) as bare,
        serving(HASHING, {}, 1, 1) as hashing,
        serving(OURS, environment, 1, 1) as ours,
    ):
        for port, path in ((bare, "/"), (hashing, "/"), (ours, f"{BASE}/sign-in")):
            run_clients(port, [Client([get(path)])], 0.3)
        for step, answers in found:
            cookies = [visitor[step.cookie] if step.cookie else "" for visitor in visitors]
            about = abouts(ours, BASE + step.page, cookies) if step.page else cookies
            requests = [step.request(*each, about[each[0]]) for each in enumerate(visitors)]
            theirs = [get("/") if step.sent is None else post("/", step.sent)] * count
            peer = hashing if step.hashes else bare
            answers.append((send_all(ours, requests, step.status), send_all(peer, theirs, 200)))


def _visitors(environment: Mapping[str, str], count: int) -> list[dict[str, str]]:
    """For each visitor addresses, a link, and cookies: of a browser that asked for a link, that opened one, that did
    neither, and of one that is logged in.
    """
    with patch.dict(os.environ, environment):
        config = load_config()
    db, keys, now = Database(config.database), Keys(config.secret), clock.now()
    ctx = Context(keys, Facts.load(config.content / "facts.toml"), "loket.example")
    migrate(db, keys)
    hashed, made = Hasher().hash(PASSWORD), []
    with db.write() as conn:
        for number in range(count):
            names = {each: f"{each}{number}@loket.example" for each in ("asking", "new", "member", "wanted")}
            token = derive_token(keys, account_links.issue(
                conn, ctx, "create", names["new"], "en", now, given_name="Wil", family_name="Peeters"
            ))  # fmt: skip
            member = people.add(
                conn, now, given_name="Wil", family_name="Peeters", email=names["member"], language="en"
            )
            user_accounts.add(conn, member, hashed, now)
            sessions.start(conn, member, None, f"session-{number}", now, "")
            asked = {**NEW, "email": names["asking"], "before": "", "id": str(number)}
            made.append({
                **names, "token": token, "session": f"session-{number}",
                "sent": _browser(conn, "account-create", asked),
                "opened": _browser(conn, "account-password-link", {"token_hash": hash_token(token)}),
                "fresh": _browser(conn, "account-password", {}),
            })  # fmt: skip
    db.close()
    return made


def _browser(conn: Connection, form: str, saved: Mapping[str, str]) -> str:
    session_id, cookie = anonymous_sessions.start(conn, clock.now())
    SavedForm(session_id, form).save(conn, saved, clock.now())
    return cookie


def _row(step: Step, found: list[tuple[Answers, Answers]]) -> list[str]:
    ours, bare = ([one[at].percentile(99) for one in found] for at in range(2))
    return [
        step.name,
        f"{median(one[0].percentile(50) for one in found):.1f}",
        f"{median(ours):.1f}",
        f"{median(bare):.1f}",
        f"{median(one / two for one, two in zip(ours, bare, strict=True)):.1f}",
    ]
