"""`loket keys`: shown once, kept as a hash, for one thing, until revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from selfservice.clock import to_text
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.orders import api_keys
from tests.domain_helpers import NOW, dump, new_database, rows
from tests.sign_in_helpers import database


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def create(
    db: Database, name: str = "The shop", scope: api_keys.KeyScope = "orders:write"
) -> tuple[str, api_keys.ApiKey]:
    with db.write() as conn:
        return api_keys.create(conn, name, scope, NOW)


def test_create(db: Database) -> None:
    """A key has 256 random bits behind a prefix that tells what it is; the database has its hash and not itself."""
    first, second = create(db, "  The   shop "), create(db)
    assert [True, True] == [bool(re.fullmatch(r"loket_[A-Za-z0-9_-]{43}", plain)) for plain, _ in (first, second)]
    assert (2, "The shop", "orders:write", to_text(NOW), None, None) == (
        len({first[0], second[0]}),
        first[1].name,
        first[1].scope,
        first[1].created_at,
        first[1].revoked_at,
        first[1].last_used_on,
    )
    assert [] == [secret for secret in (first[0], first[0].removeprefix("loket_")) if secret in dump(db)]


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\x1b[2J"])
def test_wrong_name(db: Database, name: str) -> None:
    """A name is one line of 1 to 60 signs."""
    with pytest.raises(ValueError, match="a key's name is one line of 1 to 60 signs"):
        create(db, name)
    assert [] == rows(db, "delivery_keys")


def test_find(db: Database) -> None:
    """A key is found by itself and by nothing like it."""
    plain, made = create(db)
    create(db)
    strange = ["", plain[:-1], plain + "a", plain.lower() + "x", made.public_id, plain.removeprefix("loket_"), "\ud800"]
    assert [made, *[None] * len(strange)] == [api_keys.find(db.read(), each) for each in (plain, *strange)]


def test_note_use(db: Database) -> None:
    """On which day a key was used last is written once a day."""
    plain, made = create(db)
    days = [date(2026, 11, 21), date(2026, 11, 21), date(2026, 11, 22)]
    seen = []
    for day in days:
        with db.write() as conn:
            before = conn.total_changes
            found = api_keys.find(conn, plain)
            assert found is not None
            api_keys.record_use(conn, found, day)
            seen.append(conn.total_changes - before)
    assert ([1, 0, 1], [days[2]]) == (seen, [each.last_used_on for each in api_keys.all_keys(db.read())])
    assert made.last_used_on is None


def test_revoke(db: Database) -> None:
    """A revoked key is found no more; it stays listed, and cannot be revoked twice."""
    plain, made = create(db)
    other, _ = create(db)
    with db.write() as conn:
        done = [api_keys.revoke(conn, each, NOW) for each in (made.public_id, made.public_id, "nothing", other)]
    assert ([True, False, False, False], None, True) == (
        [each is not None for each in done],
        api_keys.find(db.read(), plain),
        api_keys.find(db.read(), other) is not None,
    )
    assert [to_text(NOW), None] == [each.revoked_at for each in api_keys.all_keys(db.read())]


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(cli.commands["keys"], list(arguments))


def test_commands(app: Flask) -> None:
    """The key itself goes to standard output, alone; the list has its number, scope, name and use; all is logged."""
    made = run(app, "create", "--name", "Shop", "--scope", "redeliveries")
    plain = made.stdout.strip()
    found = api_keys.find(database(app).read(), plain)
    assert found is not None
    assert (0, "Shop", "redeliveries", True) == (
        made.exit_code,
        found.name,
        found.scope,
        found.public_id in made.stderr,
    )
    listed = run(app, "list")
    assert (1, "1 key\n", False) == (len(listed.stdout.splitlines()), listed.stderr, plain in listed.output)
    assert [found.public_id, "redeliveries", "never", "used", "Shop"] == [
        word for word in listed.stdout.split() if not word.startswith("20")
    ]
    revoked, again = run(app, "revoke", found.public_id), run(app, "revoke", found.public_id)
    assert (0, f"Key {found.public_id} (Shop) is revoked\n", None) == (
        revoked.exit_code,
        revoked.stdout,
        api_keys.find(database(app).read(), plain),
    )
    assert (1, f"loket: no key that works has the number {found.public_id}. Nothing was changed\n") == (
        again.exit_code,
        again.output,
    )
    assert "revoked 20" in run(app, "list").stdout
    events = [
        (row["what"], row["result"], row["on_what"])
        for row in rows(database(app), "events")
        if row["what"].startswith("key.")
    ]
    thing = f"delivery_key:{found.id}"
    assert [("key.create", "ok", thing), ("key.revoke", "ok", thing)] == events


def test_command_refuses(app: Flask) -> None:
    """Without a name that can be one, or with another scope, no key is made."""
    wrong = [run(app, "create", "--name", " "), run(app, "create", "--name", "a", "--scope", "everything")]
    assert ([1, 2], []) == ([each.exit_code for each in wrong], rows(database(app), "delivery_keys"))
