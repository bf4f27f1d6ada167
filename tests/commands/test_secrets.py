"""The secret: the database knows which it was filled with, and nothing runs on another one unseen."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock, mailer, seeds
from selfservice.accounts import access_codes
from selfservice.accounts.password_policy import new_password_error
from selfservice.config import ROOT, Config
from selfservice.crypto import Keys
from selfservice.db import Database, IntegrityError
from selfservice.demo import accounts
from selfservice.letters import pending
from selfservice.migrations import migrate
from selfservice.orders.importer import Importer
from selfservice.values.access_code import hash_code
from selfservice.web.services import Services
from tests.conftest import SECRET, new_app
from tests.domain_helpers import CONTEXT, KEYS, NOW, add_person, new_code, new_database, rows, run_processes, verbs
from tests.letter_helpers import LAST, LINES, enqueue
from tests.password_form_helpers import AppInside, PasswordForm, location
from tests.sign_in_helpers import COLLEAGUE, MAIN, PASSWORD, browser, prepare, sign_in

OTHER = b"another secret of the tests, long"
ROTATED = Keys(OTHER, SECRET)


def health(config: Config) -> tuple[int, str]:
    """The status of /health with these settings, and what it says of the secret."""
    answer = new_app(config).test_client().get("/health")
    return answer.status_code, answer.get_json().get("secret", "")


def loket(config: Config, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run a command of a demonstration on this database: its exit status, and its last line on standard error."""
    status, _, errors = said(config, *arguments, **settings)
    return status, (errors.strip().splitlines() or [""])[-1]


def said(config: Config, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command of a demonstration on this database: its exit status, standard output and standard error."""
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(config.database.parent), "LOKET_SECRET_KEY": SECRET.decode()}
    done = subprocess.run(
        [sys.executable, "-m", "selfservice", *arguments],
        env={**given, **own, "PYTHONPATH": str(ROOT), **settings}, cwd=ROOT, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.usefixtures("worker")
def test_health_with_another_secret(config: Config) -> None:
    """/health is not ok on a secret with which no access code can be found, and says which one is missing."""
    right, (status, said) = health(config), health(dataclasses.replace(config, secret=OTHER))
    assert ((200, ""), 503) == (right, status)
    assert [True] * 3 == [part in said for part in (KEYS.id, Keys(OTHER).id, "LOKET_SECRET_KEY_OLD")]


@pytest.mark.slow
@pytest.mark.parametrize("command", [("serve", "--port", "1"), ("migrate",)])
def test_start_with_another_secret(config: Config, command: tuple[str, ...]) -> None:
    """`loket serve` and `loket migrate` refuse another secret in one line, and change nothing."""
    before = config.database.read_bytes()
    status, said = loket(config, *command, LOKET_SECRET_KEY=OTHER.decode(), LOKET_THREADS="1")
    assert (1, True, before) == (status, KEYS.id in said, config.database.read_bytes())
    assert said.startswith("loket: ")


@pytest.mark.slow
@pytest.mark.usefixtures("worker")
def test_the_old_secret_beside_the_new(config: Config) -> None:
    """With the old secret beside the new one all is well, and the database knows both."""
    rotated = dataclasses.replace(config, secret=OTHER, old_secret=SECRET)
    status, _ = loket(config, "migrate", LOKET_SECRET_KEY=OTHER.decode(), LOKET_SECRET_KEY_OLD=SECRET.decode())
    db = Database(config.database)
    known = {row["id"] for row in rows(db, "secret_keys")}
    db.close()
    assert (0, (200, ""), {KEYS.id, ROTATED.id}) == (status, health(rotated), known)


def test_a_key_that_nothing_needs_is_not_missed(tmp_path: Path) -> None:
    """As long as no code was given out, the secret may be chosen anew."""
    with new_database(tmp_path) as db:
        migrate(db, Keys(OTHER))
        add = [seeds.missing_keys(db.read(), keys) for keys in (KEYS, Keys(OTHER), ROTATED)]
        add_person(db)
        with pytest.raises(seeds.MissingKeyError):
            migrate(db, Keys(OTHER))
    assert [[]] * 3 == add


def test_rows_are_made_with_known_keys_only(tmp_path: Path) -> None:
    """A code cannot be kept under a secret that the database does not know, also where nobody looked at the start."""
    with new_database(tmp_path) as db:
        person, _ = add_person(db)
        with db.write() as conn:
            access_codes.revoke(conn, 1, NOW)
        with pytest.raises(IntegrityError, match="FOREIGN KEY"), db.write() as conn:
            access_codes.add(conn, Keys(OTHER), NOW, code=new_code(), person_id=person)


def first_start(path: Path) -> list[str]:
    db = Database(path)
    migrate(db, KEYS)
    known = [row["id"] for row in rows(db, "secret_keys")]
    db.close()
    return known


@pytest.mark.slow
def test_first_starts_at_once(tmp_path: Path) -> None:
    """Several processes that start on a new file at once agree on its one key."""
    assert [[KEYS.id]] * 4 == run_processes(first_start, [(tmp_path / "loket.db",)] * 4)


def test_key_id() -> None:
    """A key's id is the secret's fingerprint: the same each time, another for another secret, and no part of it."""
    assert (Keys(SECRET).id, False, False) == (KEYS.id, KEYS.id == Keys(OTHER).id, KEYS.id in SECRET.hex())


@pytest.fixture
def rotated(config: Config) -> Iterator[Flask]:
    """The demonstration, started anew with another secret and the old one beside it."""
    made = new_app(dataclasses.replace(config, secret=OTHER, old_secret=SECRET))
    wired: Services = made.extensions["services"]
    migrate(wired.db, wired.keys)
    prepare(made)
    yield made
    wired.db.close()


def held(app: Flask, number: int) -> tuple[str, str]:
    """Under which key the code of a demo person is kept, and its hash."""
    code = accounts.code(number)
    for row in AppInside(app).rows("access_codes"):
        if row["code_hash"] in ROTATED.keyed_hashes("access-code", code):
            return row["key_id"], row["code_hash"]
    raise LookupError(number)


def test_log_in_after_the_change(rotated: Flask) -> None:
    """A code of before logs in after the change, and is kept under the new secret from then on; others are not."""
    before = held(rotated, MAIN)
    answers = [sign_in(browser(rotated), MAIN, PASSWORD).status_code for _ in range(2)]
    assert ((KEYS.id, hash_code(KEYS, accounts.code(MAIN))), [303, 303]) == (before, answers)
    assert (ROTATED.id, hash_code(ROTATED, accounts.code(MAIN))) == held(rotated, MAIN)
    assert KEYS.id == held(rotated, COLLEAGUE)[0]


def test_a_refused_log_in_changes_no_hash(rotated: Flask) -> None:
    """Only who has the password moves a code to the new secret."""
    assert 422 == sign_in(browser(rotated), MAIN, PASSWORD + "!").status_code
    assert KEYS.id == held(rotated, MAIN)[0]


@pytest.mark.parametrize("secrets", [(SECRET, None), (OTHER, SECRET)], ids=["one", "two"])
def test_known_and_unknown_cost_the_same(config: Config, secrets: tuple[bytes, bytes | None]) -> None:
    """With one secret or two, somebody's and nobody's code run the same statements, and are hashed as often."""
    settings = dataclasses.replace(config, secret=secrets[0], old_secret=secrets[1])
    seen = []
    for code in (accounts.code(MAIN), "2222-2222-2222-2222"):
        statements: list[str] = []
        app = new_app(settings, statements)
        wired: Services = app.extensions["services"]
        counting = CountingKeys(*secrets)
        app.extensions["services"] = dataclasses.replace(wired, keys=counting)
        migrate(wired.db, wired.keys)
        statements.clear()
        answer = PasswordForm(browser(app)).ask(code, accounts.email(MAIN))
        seen.append((answer.status_code, verbs(statements), counting.made))
        wired.db.close()
    assert seen[0] == seen[1]
    assert (1 if secrets[1] is None else 2) == seen[0][2].count("access-code")


class CountingKeys(Keys):
    """Keys that note each purpose for which they hash, the old ones included."""

    def __init__(self, secret: bytes, old: bytes | None = None) -> None:
        self.made: list[str] = []
        super().__init__(secret, old)
        if old is not None:
            self.old = counted = CountingKeys(old)
            counted.made = self.made

    def keyed_hash(self, purpose: str, text: str) -> str:
        self.made.append(purpose)
        return super().keyed_hash(purpose, text)


def test_orders_under_a_code_of_before(rotated: Flask, tmp_path: Path) -> None:
    """A shop's orders find the codes of before, also revoked ones."""
    wired: Services = rotated.extensions["services"]
    delivery = Importer(wired.context, clock.now())
    found = [delivery._find(wired.db.read(), accounts.code(number)).person_id for number in (MAIN, accounts.PEOPLE)]
    assert 2 == len(set(found))


def test_own_code_is_no_password_after_the_change(rotated: Flask) -> None:
    """Nobody may choose their own code as a password, under whichever secret it is kept."""
    wired: Services = rotated.extensions["services"]
    refused = new_password_error(wired.db.read(), wired.context, 1, f"xx {accounts.code(MAIN)} xx", demo=True)
    assert refused is not None


def test_one_letter_an_address_after_the_change(tmp_path: Path) -> None:
    """An open letter of before is found after the change, so that no second one goes to its address."""
    with new_database(tmp_path) as db:
        enqueue(db, lines=LINES)
        migrate(db, ROTATED)
        add_person(db, "another@bakkerij.example")
        with pytest.raises(pending.OpenLetterError), db.write() as conn:
            pending.enqueue(
                conn, dataclasses.replace(CONTEXT, keys=ROTATED), access_code_id=2, reference="K7RM4X9T",
                language="nl", lines=LINES, seed=seeds.new_seed(ROTATED, "code"), valid_until=LAST, now=NOW,
            )  # fmt: skip


def test_what_waits_is_sent_after_the_change(config: Config) -> None:
    """A link that was asked for before the change is mailed after it, and works; without its secret it waits."""
    app = new_app(config)
    location(PasswordForm(browser(app)).ask())
    office = AppInside(app)
    promised = office.token()
    AppInside(new_app(dataclasses.replace(config, secret=OTHER))).deliver()
    [row] = office.rows("outbox")
    assert ("waiting", "could not be written: MissingKeyError") == (row["state"], row["error"])
    office.change("UPDATE outbox SET next_at = created_at")
    both = new_app(dataclasses.replace(config, secret=OTHER, old_secret=SECRET))
    AppInside(both).deliver()
    visitor = PasswordForm(browser(both))
    sent = mailer.demo_mailbox(config).list()[0].text
    assert (["sent"], True) == (office.states(), promised in sent)
    visitor.follow(promised)
    assert 200 == visitor.see("new-password").status_code


@pytest.mark.slow
def test_status_and_replace(config: Config) -> None:
    """`loket secrets` counts what needs the old secret, replaces the codes that do, and says when it may go: then
    Loket starts without it, and who had a code has a new one.
    """
    new = {"LOKET_SECRET_KEY": OTHER.decode()}
    both = {**new, "LOKET_SECRET_KEY_OLD": SECRET.decode()}
    loket(config, "migrate", **both)
    status, shown, _ = said(config, "secrets", "status", **both)
    assert (0, True, True) == (status, f"{KEYS.id}  LOKET_SECRET_KEY_OLD" in shown, "is still needed" in shown)
    assert (1, True) == (loket(config, "migrate", **new)[0], "not set" in said(config, "secrets", "status", **new)[1])
    db = Database(config.database)
    before = [row for row in rows(db, "access_codes") if row["revoked_at"] is None]
    assert f"{len(before)} codes would be" in said(config, "secrets", "replace", "--by", "Kim Test", **both)[1]
    assert before == [row for row in rows(db, "access_codes") if row["revoked_at"] is None]
    said(config, "secrets", "replace", "--by", "Kim Test", "--yes", **both)
    after = [row for row in rows(db, "access_codes") if row["revoked_at"] is None]
    waiting = [row for row in rows(db, "requests") if row["state"] == "approved" and row["letter_id"] is None]
    assert {ROTATED.id} == {row["key_id"] for row in after}
    # Two people at one address: the second one's letter goes when the first one's code was used, or after 14 days.
    assert len(before) == len(after) + len([row for row in waiting if row["idempotency_key"].startswith("replace:")])
    assert (0, True) == (
        loket(config, "migrate", **new)[0],
        "is not needed" in said(config, "secrets", "status", **both)[1],
    )
    db.close()


@pytest.mark.slow
def test_a_secret_that_is_lost(config: Config) -> None:
    """When the old secret is lost for good, replacing the codes opens the site again; mails that need it end."""
    app = new_app(config)
    location(PasswordForm(browser(app)).ask())
    new = {"LOKET_SECRET_KEY": OTHER.decode()}
    assert 1 == loket(config, "migrate", **new)[0]
    status, shown, _ = said(config, "secrets", "replace", "--by", "Kim Test", "--yes", **new)
    assert (0, True) == (status, "1 mails given up" in shown)
    assert (0, 0) == (loket(config, "migrate", **new)[0], said(config, "secrets", "status", **new)[0])
