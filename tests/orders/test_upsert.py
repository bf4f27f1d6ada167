"""The only writer of orders: what it adds, changes and leaves, and that its sums are those of Python, to the cent."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfservice.db import Database, IntegrityError
from selfservice.orders.models import OrderRow, UpsertCounts
from selfservice.orders.product_names import product_name
from selfservice.orders.store import OrderStore
from selfservice.orders.store.sqlite import upsert
from selfservice.orders.timestamps import day_of
from tests.domain_helpers import NOW, add_person, new_database, rows

SUMS = (("account", "order_account_months"), ("holder_id", "order_holder_months"))


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        prepare(made)
        yield made


def prepare(db: Database) -> None:
    """Holders 1 and 2 of one organisation's account, holder 3 of a private one; three products."""
    people = [add_person(db, f"p{number}@a.example")[0] for number in range(3)]
    with db.write() as conn:
        conn.execute(
            """INSERT INTO organisations (id, kvk_number, name, email, street, house_number, postcode, city, created_at)
               VALUES (7, '00012345', 'n', 'a@b.example', 's', '1', 'p', 'c', '2026-01-01T00:00:00.000000Z')"""
        )
        made = [OrderStore(conn).add_holder(person, 7 if place < 2 else None) for place, person in enumerate(people)]
        products = [OrderStore(conn).add_product(code) for code in ("a", "b", "c")]
    assert ([(1, 7), (2, 7), (3, -people[2])], [1, 2, 3]) == (made, products)


def row(number: str = "A1", holder: int = 1, at: datetime = NOW, **values: Any) -> OrderRow:
    seconds = int(at.timestamp())
    account = 7 if holder < 3 else -3
    made = OrderRow(account, seconds, number, day_of(seconds), holder, 1, "credit", 285, None, "delivered")
    return made._replace(**values)


def write(db: Database, *given: OrderRow) -> UpsertCounts:
    with db.write() as conn:
        return OrderStore(conn).upsert(given)


def stored(db: Database) -> dict[str, OrderRow]:
    """Each order by its number, but for when it was written."""
    found = [{name: each[name] for name in OrderRow._fields} for each in rows(db, "orders")]
    return {each["number"]: OrderRow(**each) for each in found}


def test_new_changed_same(db: Database) -> None:
    """Each order is added, updated or left alone by its number, and counted so; what became of each can be asked."""
    a, b, c = row("A1"), row("B1", 2), row("C1", 3)
    assert UpsertCounts(3, 0, 0) == write(db, a, b, c)
    changed, added = b._replace(cents=-500), row("D1")
    with db.write() as conn:
        written, each = OrderStore(conn).upsert([a, changed, added]), OrderStore(conn).results()
    assert (UpsertCounts(1, 1, 1), {"A1": "same", "B1": "changed", "D1": "new"}) == (written, each)
    assert {"A1": a, "B1": changed, "C1": c, "D1": added} == stored(db)


def test_a_number_twice(db: Database) -> None:
    """Of two rows with one number it is not known which one counts: nothing is written."""
    with pytest.raises(IntegrityError):
        write(db, row("B1"), row(cents=1), row(cents=2))
    assert ({}, []) == (stored(db), rows(db, "order_account_months"))


@pytest.mark.parametrize(
    ("before", "then", "result", "kept"),
    [
        # Each is an amount and an `updated_at`, 0 when that is not said: then it counts as of 50.
        ((1, 10), (2, 9), "outdated", (1, 10)),
        ((1, 10), (1, 9), "outdated", (1, 10)),
        ((1, 10), (2, 10), "changed", (2, 10)),
        ((1, 10), (2, 11), "changed", (2, 11)),
        ((1, 10), (1, 10), "same", (1, 10)),
        ((1, 10), (1, 11), "same", (1, 11)),
        ((1, 10), (2, 0), "changed", (2, 50)),
        ((1, 10), (1, 0), "same", (1, 10)),
        ((1, 60), (2, 0), "outdated", (1, 60)),
        ((1, 0), (2, 49), "outdated", (1, 50)),
        ((1, 0), (2, 0), "changed", (2, 50)),
    ],
)
def test_the_newest_counts(
    db: Database, before: tuple[int, int], then: tuple[int, int], result: str, kept: tuple[int, int]
) -> None:
    """An order that is older than what is stored is left alone; one as new or newer is written, and one that says the
    same moves the stored moment on when it says one. The neighbours and the sums stay right.
    """
    given_rows = [row(cents=cents, updated_at=at) for cents, at in (before, then)]
    with db.write() as conn:
        OrderStore(conn).upsert([given_rows[0], row("B1", 2, updated_at=7)], 50)
        counts = OrderStore(conn).upsert([given_rows[1], row("B1", 2, updated_at=8, cents=9)], 50)
        results = OrderStore(conn).results()
    expected = Counter([result, "changed"])
    assert (UpsertCounts(0, expected["changed"], expected["same"], expected["outdated"]), result, "changed") == (
        counts,
        results["A1"],
        results["B1"],
    )
    assert (row(cents=kept[0], updated_at=kept[1]), []) == (stored(db)["A1"], OrderStore(db.read()).check())


@pytest.mark.parametrize("name", ["_COMPARE", "_UPDATE", "_MOVE_ON"])
def test_what_is_stored_is_looked_up(db: Database, name: str) -> None:
    """A batch looks up the orders that it speaks of by their number, and never walks along all that are stored."""
    write(db, row())
    plan = (
        db.read().execute(f"EXPLAIN QUERY PLAN {getattr(upsert, name)}", {"received_at": 1, "stored_at": 1}).fetchall()
    )
    steps = [step["detail"] for step in plan]
    assert ([], 1) == (
        [step for step in steps if step.startswith(("SCAN o ", "SCAN orders "))],
        sum("INDEX sqlite_autoindex_orders_1 (number=?)" in step for step in steps),
    )


@pytest.mark.parametrize(
    "other",
    [
        {"cents": 286}, {"product_id": 2}, {"payment": "ideal"}, {"state": "failed"}, {"invoice": "F1"},
        {"ordered_at": int(NOW.timestamp()) + 1}, {"holder_id": 2}, {"holder_id": 3, "account": -3},
    ],
    ids=str,
)  # fmt: skip
def test_each_column_counts(db: Database, other: dict[str, Any]) -> None:
    """An order of which one thing differs is changed, and the sums go with it, also to another account and back."""
    write(db, row(invoice="F2"), row("B1", 2))
    changed = row(invoice="F2")._replace(**other)
    assert UpsertCounts(0, 1, 1) == write(db, changed, row("B1", 2))
    assert (changed, []) == (stored(db)["A1"], OrderStore(db.read()).check())
    assert UpsertCounts(0, 1, 0) == write(db, row(invoice="F2"))
    assert (row(invoice="F2"), []) == (stored(db)["A1"], OrderStore(db.read()).check())


def test_a_redelivery_stays(db: Database) -> None:
    """An order that changes, even to another account and moment, keeps the redelivery that was asked of it."""
    write(db, row())
    with db.write() as conn:
        conn.execute(
            """INSERT INTO order_redeliveries (number, person_id, asked_at)
               VALUES ('A1', 1, '2026-11-21T12:00:00.000000Z')"""
        )
    write(db, row(holder=3, at=NOW - timedelta(days=40)))
    assert ["A1"] == [each["number"] for each in rows(db, "order_redeliveries")]


def test_all_or_nothing(db: Database) -> None:
    """A row that the tables refuse undoes the whole transaction: orders and sums stay as they were."""
    write(db, row())
    before = [rows(db, table) for table in ("orders", "order_account_months", "order_holder_months")]
    with pytest.raises(IntegrityError):
        write(db, row("B1"), row(cents=1), row("C1", state="lost"))
    assert before == [rows(db, table) for table in ("orders", "order_account_months", "order_holder_months")]


def test_check_finds(db: Database) -> None:
    """A sum that was changed, one that went, and an order under another account are named; a right book has none."""
    write(db, row(), row("B1", 3, NOW - timedelta(days=60)))
    store = OrderStore(db.read())
    right = store.check()
    with db.write() as conn:
        conn.execute("UPDATE order_account_months SET cents = cents + 1 WHERE account = 7")
        conn.execute("DELETE FROM order_holder_months WHERE holder_id = 3")
        conn.execute("UPDATE orders SET account = 8 WHERE number = 'B1'")
    wrong = store.check()
    assert ([], 2) == (right, store.count())
    assert [
        "account -3, 2026-09, a: kept 1 orders and 285 cents, counted 0 and 0",
        "account 7, 2026-11, a: kept 1 orders and 286 cents, counted 1 and 285",
        "account 8, 2026-09, a: kept 0 orders and 0 cents, counted 1 and 285",
        "holder 3, 2026-09, a: kept 0 orders and 0 cents, counted 1 and 285",
        "order B1 stands under account 8, not -3",
    ] == wrong


# Around midnights at which months, years and clocks change in Amsterdam.
EDGES = [
    datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC), datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
    datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC), datetime(2026, 3, 31, 22, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 22, 59, 59, tzinfo=UTC), datetime(2024, 2, 29, 23, 0, tzinfo=UTC),
]  # fmt: skip
ROWS = st.builds(
    lambda number, holder, at, values: row(number, holder, at, **values),
    st.sampled_from([f"N{number}" for number in range(12)]),
    st.integers(1, 3),
    st.sampled_from(EDGES),
    st.fixed_dictionaries(
        {
            "product_id": st.integers(1, 3),
            "cents": st.sampled_from([0, 285, -285, 100_000_000, -100_000_000, 1]),
            "payment": st.sampled_from(["credit", "ideal"]),
            "invoice": st.sampled_from([None, "F1"]),
            "updated_at": st.sampled_from([0, 0, 1, 2, 3, 4, 5]),
        }
    ),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(ROWS, max_size=15), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_sums_are_pythons(puts: list[list[OrderRow]], again: random.Random) -> None:
    """After any series of new, changed, moved and repeated orders the book holds what Python holds, each put counts as
    Python counts, and the sums by month, of accounts and of holders, are Python's own to the cent.
    """
    with tempfile.TemporaryDirectory() as folder, new_database(Path(folder)) as db:
        prepare(db)
        known: dict[str, OrderRow] = {}
        for received_at, given_rows in enumerate([*puts, again.choice(puts)], 2):
            last = {each.number: each for each in given_rows}
            results = {number: put(known, each, received_at) for number, each in last.items()}
            counts = Counter(results.values())
            with db.write() as conn:
                written = OrderStore(conn).upsert(list(last.values()), received_at)
                assert results == OrderStore(conn).results()
            assert UpsertCounts(*(counts[each] for each in ("new", "changed", "same", "outdated"))) == written
            assert known == stored(db)
            for column, table in SUMS:
                assert sums(known, column) == {
                    (each[column], each["month"], each["product_id"]): (each["orders"], each["cents"])
                    for each in rows(db, table)
                }


def put(known: dict[str, OrderRow], given: OrderRow, received_at: int) -> str:
    """What Python makes of an order, and how that is called."""
    before, stamp = known.get(given.number), given.updated_at or received_at
    if before is None:
        known[given.number] = given._replace(updated_at=stamp)
        return "new"
    if before.updated_at > stamp:
        return "outdated"
    is_same = before._replace(updated_at=given.updated_at) == given
    if not is_same or given.updated_at:
        known[given.number] = given._replace(updated_at=stamp)
    return "same" if is_same else "changed"


def sums(known: dict[str, OrderRow], column: str) -> dict[tuple[int, str, int], tuple[int, int]]:
    """How many orders and cents Python counts, by whose they are, month and product."""
    orders, cents = Counter[tuple[int, str, int]](), Counter[tuple[int, str, int]]()
    for each in known.values():
        key = (getattr(each, column), each.ordered_on[:7], each.product_id)
        orders[key] += 1
        cents[key] += each.cents
    return {key: (orders[key], cents[key]) for key in orders}


@pytest.mark.parametrize(
    ("given_names", "expected"),
    [
        ([("", "")], ("code", "code")),
        ([("E", "")], ("E", "E")),
        ([("", "N")], ("N", "N")),
        ([("E", "N"), ("", "")], ("E", "N")),
        ([("E", "N"), ("F", "")], ("F", "N")),
        ([("E", "N"), ("", "M")], ("E", "M")),
        ([("E", ""), ("F", "")], ("F", "F")),
        ([("E", ""), ("F", ""), ("", "N")], ("F", "N")),
        ([("", ""), ("", "N"), ("E", "")], ("E", "N")),
    ],
)
def test_names(db: Database, given_names: list[tuple[str, str]], expected: tuple[str, str]) -> None:
    """The newest name of a language counts; until one was given the other's, or else the code, stands in."""
    for names in given_names:
        with db.write() as conn:
            made = OrderStore(conn).add_product("code", *names)
    found = next(each for each in rows(db, "order_products") if each["id"] == made)
    shown = [product_name(found["names"], found["code"], language) for language in ("en", "nl")]
    assert (4, *expected) == (len(rows(db, "order_products")), *shown)
