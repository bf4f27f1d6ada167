"""A database that an earlier version filled: this version migrates it, opens it and loses nothing.

Each file in fixtures/ is the SQL of a demonstration as the last commit of that day made and used it: people and orders,
requests in each state, letters and mails that wait, forms half filled in, somebody logged in.
"""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from selfservice.commands import cli
from selfservice.members import demo
from tests.clients import HouseClient
from tests.conftest import new_app, new_config
from tests.people import COLLEAGUE, MAIN, OTHER, PRIVATE, database, enter

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("*.sql.gz"))
# Of what each demonstration has: so that a fixture that was made empty cannot pass.
FILLED = {
    *("access_codes", "caps", "delivery_keys", "drafts", "events", "failures", "letters", "limits", "mandates"),
    *("messages", "order_account_months", "order_holder_months", "order_holders", "order_products", "orders"),
    *("organisations", "outbox", "passwords", "people", "request_states", "requests", "sessions", "tokens", "visits"),
}


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


def test_nothing_is_lost(app: Flask, old: Path) -> None:
    """Every table is still there with every row, and a second run finds nothing to do."""
    before = counts(old)
    migrate(app)
    after = counts(old)
    assert FILLED == {name for name, count in before.items() if count} & FILLED
    assert before == {name: after.get(name) for name in before}
    again = migrate(app)
    assert after == counts(old), again


@pytest.mark.parametrize("number", [MAIN, COLLEAGUE, OTHER, PRIVATE])
def test_codes_and_passwords_still_open(app: Flask, client: HouseClient, number: int) -> None:
    """Who had a code and a password logs in with them, and sees whose code it is."""
    migrate(app)
    answer = enter(client, number, demo.DEMO_PASSWORD)
    assert 303 == answer.status_code
    shown = client.get(answer.headers["Location"])
    assert (200, True) == (shown.status_code, demo.code(number)[-3:] in shown.text)


def test_a_wrong_password_still_does_not(app: Flask, client: HouseClient) -> None:
    """Another password opens nothing."""
    migrate(app)
    assert 422 == enter(client, MAIN, demo.DEMO_PASSWORD + "!").status_code


def test_the_fixture_of_before_is_here() -> None:
    """The database of 22 November 2026 is among them."""
    assert "2026-11-22.sql.gz" in [file.name for file in FIXTURES]
