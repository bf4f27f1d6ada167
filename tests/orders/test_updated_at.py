"""`updated_at`: an older message never overwrites a newer one, in whatever order, batch or process they come."""

from __future__ import annotations

import gzip
import io
import json
import multiprocessing
import random
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.commands import cli
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.migrations import migrate
from selfservice.orders import importer
from selfservice.orders.importer import Importer, import_file
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import parse_microseconds, to_microseconds
from selfservice.orders.validation import STATES, values_of_object
from tests.conftest import SECRET
from tests.domain_helpers import CONTEXT, NOW, add_person, new_database, rows
from tests.orders.test_importer import CODE, GOOD, bring, known, line, text

DAY = "2026-03-01T{}+01:00"
FIXTURE = Path(__file__).parent.parent / "fixtures" / "2026-11-29.sql.gz"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made, code=CODE)
        yield made


def state(db: Database) -> list[tuple[str, int]]:
    """The state and moment of each order."""
    return [(row["state"], row["updated_at"]) for row in known(db)]


@pytest.mark.parametrize(
    ("written", "microseconds"),
    [
        ("2026-03-01T14:05:00+01:00", 1772370300000000),
        ("2026-03-01 13:05:00.1Z", 1772370300100000),
        ("2026-03-01T14:05:00.000001", 1772370300000001),
        ("2026-03-01T14:05:00.0000019+01:00", 1772370300000001),
        ("1970-01-01T00:00:00.000001Z", 1),
    ],
)
def test_to_the_microsecond(db: Database, written: str, microseconds: int) -> None:
    """It is written as `ordered_at` is, and kept to the microsecond."""
    assert microseconds == parse_microseconds(written)
    bring(db, text(line(updated_at=written)))
    assert [("delivered", microseconds)] == state(db)


def test_delivered_stays_delivered(db: Database) -> None:
    """A message that comes late changes nothing and is counted by itself; a newer one is written."""
    newer, older = DAY.format("15:00:00"), DAY.format("14:59:59.999999")
    bring(db, text(line(updated_at=newer)))
    before = known(db)
    found = import_file(
        db, CONTEXT, io.BytesIO(text(line(updated_at=older, state="ordered"), line(number="A2"))), NOW, refuse=print
    )
    assert ((1, 0, 0, 0, 1), 2) == (
        (found.new, found.changed, found.same, found.refused, found.outdated),
        found.lines,
    )
    assert before == known(db)[:1]
    assert (0, 1, 0, 0) == bring(db, text(line(updated_at=DAY.format("15:00:00.000001"), state="failed")))[0]
    assert "failed" == known(db)[0]["state"]


def test_without_it_counts_as_of_now(db: Database) -> None:
    """A message that does not say it counts as of the moment at which it came in; one that says the same as what is
    stored writes nothing, also not that moment.
    """
    marked = DAY.format("15:00:00")
    bring(db, text(line(updated_at=marked)))
    assert (0, 0, 1, 0) == bring(db, text(line()))[0]
    assert [("delivered", parse_microseconds(marked))] == state(db)
    assert (0, 1, 0, 0) == bring(db, text(line(state="failed")))[0]
    assert [("failed", to_microseconds(NOW))] == state(db)
    assert (0, 0, 0, 0) == bring(db, text(line(updated_at=marked)))[0]
    assert [("failed", to_microseconds(NOW))] == state(db)


def test_correction_without_a_code(db: Database) -> None:
    """An order that is known is corrected without an access code, also when that is gone, and stays whose it is; one
    that is not known needs it, but for what stands below it in the file.
    """
    bring(db, text(line()))
    before = known(db)
    with db.write() as conn:
        conn.execute("DELETE FROM access_codes")
    result, refused = bring(db, text(line(access_code="", state="failed"), line(number="A2", access_code="")))
    assert ((0, 1, 0, 1), ["access_code is empty, and the order is not known"]) == (result, [r.reason for r in refused])
    assert [dict(row, state="failed", updated_at=to_microseconds(NOW)) for row in before] == [
        dict(row) for row in known(db)
    ]


def test_correction_in_the_same_file(db: Database) -> None:
    """A line without an access code corrects one above it with the same number."""
    result, refused = bring(db, text(line(), line(access_code="", state="failed")))
    assert ([], ["failed"]) == (refused, [row["state"] for row in known(db)])
    assert result[0] == 1


def test_a_clock_that_is_fast(db: Database) -> None:
    """Five minutes ahead goes in, a microsecond more is refused; what is known then is newer than what says nothing."""
    soon = (NOW + timedelta(minutes=5)).isoformat()
    later = (NOW + timedelta(minutes=5, microseconds=1)).isoformat()
    result, refused = bring(db, text(line(updated_at=soon), line(number="A2", updated_at=later)))
    assert ((1, 0, 0, 1), ["updated_at is in the future"]) == (result, [each.reason for each in refused])
    bring(db, text(line(state="ordered")))
    assert [("delivered", to_microseconds(NOW + timedelta(minutes=5)))] == state(db)


@pytest.mark.parametrize("run", [1, 100])
def test_of_two_in_a_file(db: Database, monkeypatch: pytest.MonkeyPatch, run: int) -> None:
    """Of lines with one number in one file the newest counts, and of two as new the last, whether they are written
    together or not.
    """
    monkeypatch.setattr(importer, "RUN", run)
    at = [DAY.format(f"15:00:0{second}") for second in range(3)]
    content = text(
        line(updated_at=at[1], state="ordered"),
        line(updated_at=at[2], state="cancelled"),
        line(updated_at=at[2], state="delivered"),
        line(updated_at=at[0], state="failed"),
    )
    found = import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=print)
    assert (1, 2, 0, 1) == (found.new, found.changed, found.same, found.outdated)
    assert [("delivered", parse_microseconds(at[2]))] == state(db)


def test_command_tells_it(app: Flask, tmp_path: Path) -> None:
    """`loket orders import` says how many were outdated; that is no mistake."""
    file, own = tmp_path / "orders.csv", {"access_code": accounts.code(0)}
    file.write_bytes(text(*(line(**own, updated_at=DAY.format(f"15:00:0{second}")) for second in (2, 1, 1))))
    done = app.test_cli_runner().invoke(cli.commands["orders"], ["import", str(file)])
    assert (0, "3 lines: 1 new, 0 changed, 0 the same, 0 refused, 2 outdated\n") == (done.exit_code, done.stderr)


# A message of one of three orders: which, when it was updated, and what it says. No two of one order at one moment.
MESSAGES = st.lists(
    st.tuples(st.sampled_from("ABC"), st.integers(1, 30), st.sampled_from(STATES), st.integers(0, 3)),
    min_size=1,
    max_size=14,
    unique_by=lambda message: message[:2],
)


def order(message: tuple[str, int, str, int]) -> dict[str, Any]:
    """The order that a message speaks of, as it is sent."""
    number, at, says, euros = message
    moment = (NOW - timedelta(days=1) + timedelta(microseconds=at)).isoformat()
    return GOOD | {"number": number, "updated_at": moment, "state": says, "amount": str(euros)}


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(MESSAGES, st.randoms(use_true_random=False), st.booleans())
def test_any_order_ends_in_the_newest(
    messages: list[tuple[str, int, str, int]], chance: random.Random, by_file: bool
) -> None:
    """In whatever order and batches messages come, each of them once or more, by file or as the API takes them, each
    order ends as its newest says, and the sums with it.
    """
    sent = messages + chance.choices(messages, k=chance.randrange(4))
    chance.shuffle(sent)
    newest = {message[0]: message for message in sorted(messages, key=lambda message: message[1])}
    with tempfile.TemporaryDirectory() as folder, new_database(Path(folder)) as db:
        add_person(db, code=CODE)
        while sent:
            size = chance.randint(1, 5)
            deliver(db, [order(message) for message in sent[:size]], by_file=by_file)
            sent = sent[size:]
        told = [(row["number"], row["state"], row["cents"], row["updated_at"] % 100) for row in known(db)]
        check = OrderStore(db.read()).check()
    assert [(number, says, 100 * euros, at) for _, (number, at, says, euros) in sorted(newest.items())] == told
    assert [] == check


def deliver(db: Database, orders: Sequence[dict[str, Any]], *, by_file: bool = False) -> None:
    """Bring orders in at once: as a file, or as the API does."""
    if by_file:
        import_file(db, CONTEXT, io.BytesIO("\n".join(map(json.dumps, orders)).encode()), NOW, refuse=print)
        return
    adding = Importer(CONTEXT, NOW)
    with db.write() as conn:
        for each in orders:
            adding.add(conn, values_of_object(each))
        for batch in adding.batches(1000):
            adding.write(conn, batch)


def deliver_all(path: Path, seed: int) -> None:
    """Deliver messages of three orders one by one, in an order of this process's own."""
    db, chance = Database(path), random.Random(seed)
    numbered = [("ABC"[at % 3], at, STATES[at % 4], at) for at in range(60)]
    for message in chance.sample(numbered, 60):
        deliver(db, [order(message)])
    db.close()


@pytest.mark.slow
def test_several_at_once(db: Database) -> None:
    """Processes that deliver at one time, each in its own order, leave the newest of each."""
    context = multiprocessing.get_context("forkserver")
    processes = [context.Process(target=deliver_all, args=(db.path, seed)) for seed in range(3)]
    for each in processes:
        each.start()
    for each in processes:
        each.join(60)
    assert [0, 0, 0] == [each.exitcode for each in processes]
    assert [("A", 5700, 57), ("B", 5800, 58), ("C", 5900, 59)] == [
        (row["number"], row["cents"], row["updated_at"] % 100) for row in known(db)
    ]
    assert [] == OrderStore(db.read()).check()


def test_orders_from_before(tmp_path: Path) -> None:
    """A database that the former version filled keeps its orders and their place in the table, of unknown moment; what
    that version writes meanwhile goes in, and any message counts over it.
    """
    path = tmp_path / "loket.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.executescript(gzip.decompress(FIXTURE.read_bytes()).decode("utf-8"))
        before = conn.execute("SELECT * FROM orders").fetchall()
    db = Database(path)
    migrate(db, Keys(SECRET))
    assert (True, [(*row, 0, 0) for row in before]) == (len(before) > 500, [tuple(row) for row in table(db)])
    first = before[0]
    with db.write() as conn:
        conn.execute(
            """INSERT INTO orders (account, ordered_at, number, ordered_on, holder_id, product_id, payment, cents,
                                   invoice, state)
               SELECT account, ordered_at, 'LATER', ordered_on, holder_id, product_id, payment, 0, invoice, state
               FROM orders WHERE number = :number""",
            {"number": first[2]},
        )
    assert 0 == next(row["updated_at"] for row in rows(db, "orders") if row["number"] == "LATER")
    plan = db.read().execute(
        """EXPLAIN QUERY PLAN SELECT number FROM orders WHERE (stored_at, number) > (5, 'A')
           ORDER BY stored_at, number LIMIT 100"""
    )
    assert ["SEARCH orders USING COVERING INDEX orders_stored ((stored_at,number)>(?,?))"] == [
        row["detail"] for row in plan
    ]
    db.close()


def table(db: Database) -> list[Any]:
    return db.read().execute("SELECT * FROM orders").fetchall()
