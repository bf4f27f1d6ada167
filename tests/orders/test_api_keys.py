"""`loket keys`: shown once, kept as a hash, for one thing, until revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from selfservice import clock, workdays
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


@pytest.mark.parametrize(
    ("last_day", "expired", "soon"),
    [
        (None, False, False),
        (date(2026, 11, 20), True, False),
        (date(2026, 11, 21), False, True),
        (date(2026, 12, 21), False, True),
        (date(2026, 12, 22), False, False),
    ],
)
def test_last_day(db: Database, last_day: date | None, *, expired: bool, soon: bool) -> None:
    """A key works through its last day, and 30 days before it is said that it ends. Without one it never does."""
    today = date(2026, 11, 21)
    with db.write() as conn:
        plain, made = api_keys.create(conn, "The shop", "orders:write", NOW, until=last_day)
    assert (made, expired, soon) == (api_keys.find(db.read(), plain), made.has_expired(today), made.expires_soon(today))


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
    assert [found.public_id, "redeliveries", "no", "end", "never", "used", "Shop"] == [
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


def test_command_until(app: Flask) -> None:
    """A key may have a last day, which the list shows and warns of 30 days before; one in the past is refused."""
    today = workdays.today(clock.now())
    soon, late, past = (today + timedelta(days=days) for days in (30, 31, -1))
    made = [run(app, "create", "--name", "Shop", "--until", day.isoformat()) for day in (soon, late, past)]
    assert ([0, 0, 1], f"loket: --until {past} has passed; give a day to come. Nothing was changed\n") == (
        [each.exit_code for each in made],
        made[2].output,
    )
    listed = run(app, "list")
    first, second = api_keys.all_keys(database(app).read())
    assert (True, [f"until {soon}", f"until {late}"]) == (
        f"and works until {soon} inclusive" in made[0].stderr,
        [line[36:52] for line in listed.stdout.splitlines()],
    )
    assert f"2 keys\nKey {first.public_id} (Shop) ends on {soon}: make a new one in time\n" == listed.stderr
    assert [soon, late] == [first.last_day, second.last_day]


def test_command_refuses(app: Flask) -> None:
    """Without a name that can be one, or with another scope, no key is made."""
    wrong = [run(app, "create", "--name", " "), run(app, "create", "--name", "a", "--scope", "everything")]
    assert ([1, 2], []) == ([each.exit_code for each in wrong], rows(database(app), "delivery_keys"))
