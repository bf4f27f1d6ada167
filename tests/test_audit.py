"""The event log: complete, unchangeable, and without a name or a secret in it."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice import audit, clock
from selfservice.audit import record
from selfservice.db import Database, Error
from selfservice.logs import JsonFormatter
from tests.domain_helpers import CONTEXT, KEYS, NOW, dump, new_database, rows, undo


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def write(db: Database, **changes: object) -> None:
    values = {
        "what": "password.change",
        "result": "ok",
        "who": "person:12",
        "on_what": "access_code:7",
        "address": "192.0.2.7",
        "now": NOW,
    }
    with db.write() as conn:
        record(conn, KEYS, **{**values, **changes})  # type: ignore[arg-type]


def test_row(db: Database) -> None:
    """An event says who (hashed), what, on what, with which result, from where (hashed) and when in UTC."""
    write(db)
    (row,) = rows(db, "events")
    kept = [row[name] for name in ("at", "what", "on_what", "result")]
    assert ["2026-11-21T12:00:00.000000Z", "password.change", "access_code:7", "ok"] == kept
    assert (KEYS.keyed_hash("event-who", "person:12"), 64) == (row["who"], len(row["source"]))


def test_nobody_is_named(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the row nor the log line holds a person or a network address."""
    with caplog.at_level(logging.INFO, "loket.events"):
        write(db, who="jan@example.org")
    text = dump(db) + "".join(JsonFormatter().format(each) for each in caplog.records)
    assert [False, False] == [secret in text for secret in ("jan@", "192.0.2")]


def test_source_is_a_network(db: Database) -> None:
    """Addresses of one household's network (IPv6, /64) are one source; another network's is another."""
    for address in ("2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1"):
        write(db, address=address)
    first, second, other = (row["source"] for row in rows(db, "events"))
    assert (True, True) == (first == second, first != other)


def test_log_line(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """An event is one line of JSON in the log, with the row's values."""
    with caplog.at_level(logging.INFO, "loket.events"):
        write(db)
    (line,) = [JsonFormatter().format(each) for each in caplog.records]
    (row,) = rows(db, "events")
    row.pop("id")
    assert (1, row) == (len(line.splitlines()), {name: json.loads(line)[name] for name in row})


@pytest.mark.parametrize(
    "changes",
    [
        {"what": "jan@example.org"},
        {"what": ""},
        {"what": "K5UF-838V-UJCT-M4GP"},
        {"result": "it went wrong"},
        {"on_what": "K5UF838VUJCTM4GP"},
        {"on_what": "access_code:K5UF"},
        {"on_what": "organisation:7:20260101:20260331:5"},
        {"on_what": "organisation:7:"},
    ],
)
def test_secrets_do_not_fit(db: Database, changes: dict[str, str]) -> None:
    """A value that could be a secret or an address is refused, and nothing is written."""
    with pytest.raises(ValueError, match="plain words"):
        write(db, **changes)
    assert [] == rows(db, "events")


@pytest.mark.parametrize("statement", ["UPDATE events SET result = 'ok'", "DELETE FROM events"])
def test_nothing_is_changed(db: Database, statement: str) -> None:
    """Whoever tries to change or remove an event of this year gets an error, and the event stays."""
    write(db, now=clock.now() - timedelta(days=364))
    before = dump(db)
    with pytest.raises(Error, match="the event log"), db.write() as conn:
        conn.execute(statement)
    assert before == dump(db)


def test_clean(db: Database) -> None:
    """After a year an event goes, and only then."""
    now = clock.now()
    for days in (366, 365.1, 364.9, 0):
        write(db, now=now - timedelta(days=days))
    with db.write() as conn:
        gone = audit.clean(conn, CONTEXT, now)
    assert (2, 2) == (gone, len(rows(db, "events")))


def test_clean_within_a_second(db: Database) -> None:
    """An event that is a year old by a part of a second does not stop the cleaning; it stays until the next."""
    now = clock.now().replace(microsecond=999_999)
    for part in (timedelta(microseconds=1), timedelta(seconds=2)):
        write(db, now=now - timedelta(days=audit.LEAST_DAYS) - part)
    with db.write() as conn:
        gone = audit.clean(conn, CONTEXT, now)
    assert (1, 1) == (gone, len(rows(db, "events")))


def test_rollback(db: Database) -> None:
    """An event in a transaction that fails is not in the table."""
    undo(db, lambda conn: record(conn, KEYS, NOW, "password.change", "ok"))
    assert [] == rows(db, "events")
