"""A database that an earlier version filled: this version migrates it, opens it and loses nothing.

Each file in fixtures/ is the SQL of a demonstration as a commit of that day (of 29 November: the one before the modules
moved; of 30 November: 0.1.0) made and used it: people and orders, requests in each state, letters and mails that wait,
forms half filled in, somebody logged in.
"""

from __future__ import annotations

import gzip
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from selfservice import clock, migrations
from selfservice.commands import cli
from selfservice.config import ROOT
from selfservice.crypto import Keys, hash_token
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.orders.product_names import product_name
from selfservice.requests import confirmation, records, scheduled
from tests.clients import HouseClient
from tests.conftest import SECRET, new_app, new_config
from tests.domain_helpers import filled
from tests.live_server import free_port
from tests.sign_in_helpers import COLLEAGUE, MAIN, OTHER, PRIVATE, database, sign_in

FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").glob("*.sql.gz"))
# Of what each demonstration has: so that a fixture that was made empty cannot pass.
FILLED = {
    *("access_codes", "caps", "delivery_keys", "drafts", "events", "failures", "letters", "limits", "mandates"),
    *("messages", "order_account_months", "order_holder_months", "order_holders", "order_products", "orders"),
    *("organisations", "outbox", "passwords", "people", "request_states", "requests", "sessions", "tokens", "visits"),
}
# What the older had not yet.
SINCE_29 = {"heartbeats", "jobs", "letter_batches", "order_redeliveries", "secret_keys"}
FEEDBACK = {"page_answers", "page_remarks", "unanswered_searches"}
FILLED_SINCE = {"2026-11-29": SINCE_29, "2026-11-30": SINCE_29 | FEEDBACK | {"invoice_addresses", "organisation_names"}}


def counts(path: Path) -> dict[str, int]:
    """How many rows each table has, but for the list of migrations; fails where a row refers to none."""
    conn = sqlite3.connect(path)
    assert [] == conn.execute("PRAGMA foreign_key_check").fetchall()
    names = [str(name) for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()]
    found = {name: int(conn.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}
    conn.close()
    return {name: count for name, count in found.items() if not name.startswith(("sqlite_", "_sqlite_"))}


@pytest.fixture(params=FIXTURES, ids=lambda file: file.name.partition(".")[0])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database as that version left it."""
    path = tmp_path / "loket.db"
    conn = sqlite3.connect(path)
    conn.executescript(gzip.decompress(request.param.read_bytes()).decode("utf-8"))
    conn.close()
    return path


def of(*days: str) -> pytest.MarkDecorator:
    """For a test of what only databases of these days need."""
    files = [file for file in FIXTURES if file.name.startswith(days)]
    return pytest.mark.parametrize("old", files, ids=days, indirect=True)


@pytest.fixture
def app(old: Path) -> Iterator[Flask]:
    """This version's app on that database, before it was migrated."""
    made = new_app(new_config(old.parent))
    yield made
    database(made).close()


def migrate(app: Flask) -> str:
    """Run `loket migrate`, which does what `loket serve` begins with; what it says."""
    done = app.test_cli_runner().invoke(cli.commands["migrate"], [])
    assert 0 == done.exit_code, done.output
    return done.output


def test_nothing_is_lost(app: Flask, old: Path, request: pytest.FixtureRequest) -> None:
    """Every table is still there with every row, and a second run finds nothing to do."""
    tables = FILLED | FILLED_SINCE.get(request.node.callspec.id, set())
    before = counts(old)
    migrate(app)
    after = counts(old)
    assert tables == {name for name, count in before.items() if count} & tables
    assert before == {name: after.get(name) for name in before}
    again = migrate(app)
    assert after == counts(old), again


@of("2026-11-30")
def test_file_that_is_read_meanwhile(app: Flask, old: Path) -> None:
    """It is not written anew then, and what was deleted stays in it: that is said, and done by the next run."""
    with Database(old).separate_connection() as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM people").fetchone()
        assert "run this again" in migrate(app)
        assert ["afterwards:overwrite_freed_pages"] == migrations.pending(database(app))
    assert "run this again" not in migrate(app)
    assert [] == migrations.pending(database(app))


@of("2026-11-22", "2026-11-29")
def test_any_language(app: Flask, old: Path) -> None:
    """No table says which languages there are, and what products were called is what they are called."""
    with closing(sqlite3.connect(old)) as conn:
        called = conn.execute("SELECT code, name_en, name_nl FROM order_products ORDER BY code").fetchall()
        indexes = set(conn.execute("SELECT name FROM sqlite_schema WHERE type = 'index'"))
    migrate(app)
    with closing(sqlite3.connect(old)) as conn:
        assert indexes <= set(conn.execute("SELECT name FROM sqlite_schema WHERE type = 'index'"))
        conn.execute("INSERT INTO unanswered_searches VALUES ('2026-11-29', 'nl', 'a', 1)")
        conn.execute("INSERT INTO page_answers VALUES ('2026-11-29', 'nl', 'a', '', 1, 0)")
        conn.execute("INSERT INTO page_remarks VALUES (1, '2026-11-29', 'nl', 'a', '', 'b')")
        moment = "2026-11-29T12:00:00.000000Z"
        conn.execute(
            "INSERT INTO account_openings VALUES (?, 'create', 'a', 'b', 'a@b', 'a@b', 'nl', 0, ?, ?, NULL)",
            ("0" * 64, moment, moment),
        )
        for (table,) in conn.execute("SELECT tbl_name FROM sqlite_schema WHERE sql LIKE '% language %'").fetchall():
            assert conn.execute(f"UPDATE {table} SET language = 'fy'").rowcount > 0, table
        rows = conn.execute("SELECT code, names FROM order_products ORDER BY code").fetchall()
    assert called == [(code, *(product_name(names, code, each) for each in ("en", "nl"))) for code, names in rows]


def migrate_until(path: Path, statement: str) -> None:
    """Migrate in a process that is killed when this statement is about to run."""

    def kill(text: str) -> None:
        if text.startswith(statement):
            os.kill(os.getpid(), signal.SIGKILL)

    migrations.migrate(Database(path, kill), Keys(SECRET))


@of("2026-11-22", "2026-11-29")
@pytest.mark.parametrize(
    "statement",
    ['INSERT INTO "people_rebuilt"', 'DROP TABLE "people"', 'ALTER TABLE "messages_rebuilt"', "COMMIT"],
)
def test_a_crash_changes_nothing(old: Path, statement: str) -> None:
    """A migration that is killed at any moment leaves the database as it was; run again, it is done."""
    with closing(sqlite3.connect(old)) as conn:
        before, whole = counts(old), list(conn.iterdump())
    process = multiprocessing.get_context("forkserver").Process(target=migrate_until, args=(old, statement))
    process.start()
    process.join()
    with closing(sqlite3.connect(old)) as conn:
        assert (-signal.SIGKILL, whole) == (process.exitcode, list(conn.iterdump()))
    migrations.migrate(Database(old), Keys(SECRET))
    after = counts(old)
    assert before == {name: after[name] for name in before}


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE, OTHER, PRIVATE])
def test_codes_and_passwords_still_open(app: Flask, client: HouseClient, number: int) -> None:
    """Who had a code and a password logs in with them, and sees whose code it is."""
    migrate(app)
    answer = sign_in(client, number, accounts.DEMO_PASSWORD)
    assert 303 == answer.status_code
    shown = client.follow(answer)
    assert (200, True) == (shown.status_code, accounts.code(number)[-3:] in shown.text)


def test_a_wrong_password_still_does_not(app: Flask, client: HouseClient) -> None:
    """Another password opens nothing."""
    migrate(app)
    assert 422 == sign_in(client, MAIN, accounts.DEMO_PASSWORD + "!").status_code


def start(old: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run `loket` on this database, as the demonstration that made it."""
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(old.parent), "LOKET_SECRET_KEY": SECRET.decode()}
    run = [sys.executable, "-m", "selfservice", *command]
    return subprocess.run(run, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
@of("2026-11-22", "2026-11-29")
@pytest.mark.parametrize("command", [("migrate",), ("serve", "--port", str(free_port()))], ids=["migrate", "serve"])
def test_people_with_one_address(old: Path, command: tuple[str, ...]) -> None:
    """A database that holds people with one address is refused, in one line with their row numbers, before anything in
    it changes; once each has an address of their own, it is migrated.
    """
    with closing(sqlite3.connect(old)) as conn:
        conn.executescript("""
            INSERT INTO people (id, given_name, family_name, email, email_key, language, created_at)
                SELECT 900 + id, given_name, family_name, email, email_key, language, created_at FROM people
                WHERE id IN (1, 4);
        """)
        before = list(conn.iterdump())
    done = start(old, *command)
    with closing(sqlite3.connect(old)) as conn:
        assert before == list(conn.iterdump())
        conn.executescript("UPDATE people SET email = id || email, email_key = id || email_key WHERE id > 900;")
    said = "loket: people 1 and 901, 4 and 904 have one e-mail address, "
    told = [line for line in done.stderr.splitlines() if not line.startswith("  ")]  # but for progress
    assert (1, 1, said) == (done.returncode, len(told), told[0][: len(said)])
    assert 0 == start(old, "migrate").returncode


@pytest.mark.slow
@of("2026-11-30")
@pytest.mark.parametrize(
    "words", [("list",), ("create", "--name", "x"), ("revoke", "00000000")], ids=lambda each: each[0]
)
def test_keys_before_migrate(old: Path, words: tuple[str, ...]) -> None:
    """A command that needs what is not there yet says in one line that `loket migrate` makes it."""
    done = start(old, "keys", *words)
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert "`loket migrate` makes it" in done.stderr


def test_the_fixtures_of_before_are_here() -> None:
    """The databases of 22, 29 and 30 November 2026 are among them."""
    names = ["2026-11-22.sql.gz", "2026-11-29.sql.gz", "2026-11-30.sql.gz"]
    assert names == [file.name for file in FIXTURES[:3]]


def add_request(path: Path, number: int, **values: str | None) -> int:
    """A private request as an earlier version took it down an hour ago, of a person of its own; that person's row."""
    made, later = (clock.to_text(clock.now() + timedelta(hours=hours)) for hours in (-1, 23))
    email, secret = f"old{number}@example.org", hash_token(f"old{number}")
    request = {"state": "received", "reason": None, "token_hash": secret} | values
    conn = sqlite3.connect(path)
    person = conn.execute(
        """INSERT INTO people (given_name, family_name, email, email_key, language, created_at)
           VALUES ('Oona', 'Old', ?, ?, 'en', ?)""",
        (email, email, made),
    ).lastrowid
    conn.execute(
        """INSERT INTO requests (reference, idempotency_key, person_id, kind, given_name, family_name, email, language,
                                 payment_method, delivery, delivery_email, state, reason, token_hash, expected_from,
                                 expected_until, created_at)
           VALUES (?, ?, ?, 'private', 'Oona', 'Old', ?, 'en', 'credit', 'email', ?, ?, ?, ?, '2026-12-01',
                   '2026-12-03', ?)""",
        (f"AAAAAA2{number}", email, person, email, email, *request.values(), made),
    )
    conn.execute(
        """INSERT INTO tokens (token_hash, kind, person_id, created_at, expires_at)
           VALUES (?, 'password', ?, ?, ?)""",
        (secret, person, made, later),
    )
    conn.commit()
    conn.close()
    return int(person or 0)


def opened(client: HouseClient, number: int) -> tuple[int, str]:
    """What the link that the earlier version mailed leads to at last: the status, and the address."""
    where = f"/en/self-service/replacement-password/link/old{number}"
    while (answer := client.get(where)).status_code == 303:
        where = answer.headers["Location"]
    return answer.status_code, where.removeprefix("/en/self-service/")


# Of the version of 22 November, whose links for requests were of the kind that replaces a password.
@of("2026-11-22")
def test_links_of_requests(app: Flask, old: Path, client: HouseClient) -> None:
    """The link that was mailed for an open request leads to its confirmation; that of a withdrawn one opens nothing;
    a link to replace a password still does that.
    """
    add_request(old, 2)
    add_request(old, 3, state="withdrawn", token_hash=None)
    add_request(old, 4, state="withdrawn", token_hash=None)
    soon = clock.to_text(clock.now() + timedelta(minutes=1))
    conn = sqlite3.connect(old)
    conn.execute("UPDATE tokens SET expires_at = ? WHERE token_hash = ?", (soon, hash_token("old4")))
    conn.commit()
    conn.close()
    migrate(app)
    assert [
        (200, "access-code/confirm"),
        (410, "replacement-password/expired"),
        (200, "replacement-password/new-password"),
    ] == [opened(client, number) for number in (2, 3, 4)]


@of("2026-11-22")
def test_requests_without_a_link(app: Flask, old: Path) -> None:
    """Who had a password got no link for a private request, since it was handed out without: it stays open, and one
    link is mailed, that works for a day; the code comes only by that.
    """
    person = add_request(old, 2, token_hash=None)
    migrate(app)
    wired = app.extensions["services"]
    now = clock.now()
    scheduled.run_hourly(wired.db, wired.context, now)
    scheduled.run_hourly(wired.db, wired.context, now)
    sent = database(app).read().execute("SELECT * FROM outbox WHERE recipient = 'old2@example.org'").fetchall()
    assert ["access_code.received"] == [row["kind"] for row in sent]
    link = hash_token(filled(dict(sent[0]))["token"])
    states = [confirmation.load_link(database(app).read(), link, now + timedelta(hours=h)).state for h in (0, 23, 24)]
    [request] = records.list_of_person(database(app).read(), person)
    assert (["open", "open", "lapsed"], "received") == (states, request.state)
