"""Retention: a day after its limit nothing is left, and before it nothing is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfservice import clock, retention
from selfservice.accounts import (
    access_codes,
    anonymous_sessions,
    invoice_addresses,
    login_throttle,
    mandates,
    sessions,
    tokens,
)
from selfservice.accounts.saved_forms import SavedForm
from selfservice.audit import record
from selfservice.db import Database
from selfservice.feedback import answers, searches
from selfservice.feedback.answers import Place
from selfservice.jobs import queue
from selfservice.letters import pending
from selfservice.limits import sliding_window
from selfservice.limits.rate_limit import RateLimit, allow
from selfservice.limits.sliding_window import SlidingWindowLimit
from selfservice.mail import delivery, outbox
from selfservice.orders import api_keys
from selfservice.orders.models import OrderRow
from selfservice.orders.periods import first_kept_day
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import day_of
from selfservice.requests import scheduled, submission
from selfservice.seeds import new_seed
from selfservice.values.reference import new_reference
from tests.domain_helpers import CONTEXT, KEYS, add_person, new_database, rows
from tests.request_helpers import IBAN, PRIVATE, add_organisation

# The hours after which each table must be empty, from the retention lines of each domain's migrations.py.
HOURS = {
    "access_codes": 365 * 24,
    "caps": 24,
    "delivery_keys": 90 * 24,
    "drafts": 24,
    "events": 365 * 24,
    "failures": 24,
    "invoice_addresses": 24 + 24,
    "jobs": 24,
    "letters": 365 * 24,
    "mandates": 425 * 24,
    "messages": 365 * 24,
    "limits": 1,
    "outbox": 30 * 24,
    "page_answers": 90 * 24,
    "page_remarks": 90 * 24,
    "request_states": 365 * 24,
    "requests": 365 * 24,
    "sessions": 0.25 + 24,
    "tokens": 1 + 24,
    "unanswered_searches": 90 * 24,
    "visits": 24,
}
# A person goes with the last code, request or mandate; a batch with its last letter; fingerprints of secrets stay.
FOR_LIFE = {"organisations", "people", "passwords", "letter_batches", "secret_keys", "heartbeats"}
# An index of names and places goes with the organisation.
FOR_LIFE |= {f"organisation_names{part}" for part in ("", "_config", "_data", "_idx")}
# Orders go seven years after the end of their year in Amsterdam, and what hangs on them with them (below);
# the few products stay.
BY_YEAR = {
    "order_account_months",
    "order_holder_months",
    "order_holders",
    "order_products",
    "order_redeliveries",
    "orders",
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def fill(db: Database, hours_ago: float) -> None:
    """A row in every table, as if it were made that long ago."""
    then = clock.now() - timedelta(hours=hours_ago)
    person, _ = add_person(db)
    number = add_organisation(db)
    with db.write() as conn:
        access_codes.revoke(conn, 1, then)
        tokens.issue(conn, KEYS, "password", person, 1, then)
        invoice_addresses.add(conn, CONTEXT, organisation_id=number, person_id=person, email="a@b.example", now=then)
        session_id, _ = anonymous_sessions.start(conn, then)
        SavedForm(session_id, "form").save(conn, {}, then)
        sessions.start(conn, person, 1, "cookie", then, "a device")
        queue.enqueue(conn, "test", 1, {}, 1, then)
        login_throttle._count_attempt(conn, CONTEXT, "k" * 64, then)
        mandates.add(
            conn, then, person_id=person, organisation_id=None, iban=IBAN, holder="A. Holder", effective_on=then.date()
        )
        mandates.end(conn, person, None, then)
        letter = pending.enqueue(
            conn,
            CONTEXT,
            access_code_id=1,
            reference=new_reference(),
            language="nl",
            lines=("Kites", "Duinpad 7a", "0012 AB Zandhoven"),
            seed=new_seed(KEYS, "code"),
            valid_until=then.date(),
            now=then,
        )
        pending.withdraw(conn, letter, then)
        submission.submit(conn, CONTEXT, PRIVATE, "submission", "192.0.2.7", then)
        made = api_keys.create(conn, "test", "orders:write", then)[1]
        api_keys.revoke(conn, made.public_id, then)
        allow(conn, KEYS, RateLimit("test", 1, 3600), "me", then)
        sliding_window.allow_in_window(conn, KEYS, SlidingWindowLimit("test", 3, 10), "me", then)
        record(conn, KEYS, then, "test", "ok")
        searches.count(conn, "nl", "parkeren", then)
        answers.count(conn, Place("nl", "orders", ""), then, useful=True)
        answers.add_remark(conn, Place("nl", "orders", ""), "parkeren", then)
        outbox.enqueue(
            conn,
            CONTEXT,
            then,
            idempotency_key="a",
            kind="test.link",
            recipient="jan@example.org",
            language="nl",
            payload={},
            void=True,
        )


def test_every_table_has_a_rule(db: Database) -> None:
    """No table is without a rule for how long its rows are kept."""
    tables = db.read().execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'"
    )
    assert set(HOURS) | FOR_LIFE | BY_YEAR == {row["name"] for row in tables}


@pytest.mark.parametrize("table", sorted(HOURS))
def test_nothing_is_left(db: Database, table: str) -> None:
    """A day after its limit a row is gone."""
    fill(db, HOURS[table] + 24)
    delivery.fail_overdue(db, clock.now())
    retention.clean(db, CONTEXT, clock.now())
    assert [] == rows(db, table)


@pytest.mark.parametrize("table", sorted(HOURS))
def test_nothing_goes_early(db: Database, table: str) -> None:
    """A minute before its limit a row is there."""
    fill(db, HOURS[table] - 1 / 60)
    retention.clean(db, CONTEXT, clock.now())
    assert [] != rows(db, table)


def test_expired_keys_go(db: Database) -> None:
    """90 days after its last day a key is gone; a key without one stays."""
    now = clock.now()
    with db.write() as conn:
        for days in (92, 88):
            api_keys.create(conn, str(days), "orders:write", now, until=(now - timedelta(days=days)).date())
        api_keys.create(conn, "no end", "orders:write", now)
    retention.clean(db, CONTEXT, now)
    assert ["88", "no end"] == [row["name"] for row in rows(db, "delivery_keys")]


def order(db: Database, number: str, seconds: int) -> None:
    """An order of that moment, of the first person, with a redelivery asked of it."""
    with db.write() as conn:
        holder, account = OrderStore(conn).add_holder(1, None)
        product = OrderStore(conn).add_product("extract")
        OrderStore(conn).upsert(
            [OrderRow(account, seconds, number, day_of(seconds), holder, product, "credit", 285, None, "delivered")]
        )
        conn.execute(
            "INSERT INTO order_redeliveries (number, person_id, asked_at) VALUES (:number, 1, :now)",
            {"number": number, "now": clock.to_text(clock.now())},
        )


def test_orders_go_by_year(db: Database) -> None:
    """Seven years after the end of its year an order goes with its sums, its redelivery and, with the last, its holder;
    not a moment earlier; and only then may its person go.
    """
    add_person(db)
    last, first = datetime(2018, 12, 31, 22, 59, 59, tzinfo=UTC), datetime(2018, 12, 31, 23, 0, tzinfo=UTC)
    order(db, "A1", int(last.timestamp()))
    order(db, "B1", int(first.timestamp()))
    with db.write() as conn:
        conn.execute("DELETE FROM access_codes")
    left = []
    for now in (
        datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
    ):
        with db.write() as conn:
            scheduled.clean(conn, CONTEXT, now)
            OrderStore(conn).retain(first_kept_day(CONTEXT, now), now)
        tables = sorted(BY_YEAR - {"order_products"} | {"people"})
        left.append([len(rows(db, table)) for table in tables])
    with db.write() as conn:
        scheduled.clean(conn, CONTEXT, now)
    # Tables in the order of their names: account months, holder months, holders, redeliveries, orders, people.
    assert [[2, 2, 1, 2, 2, 1], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]] == left
    assert [] == rows(db, "people")


def test_clean_says_what_went(db: Database) -> None:
    """Cleaning tells how many rows went in each domain, and the second time none."""
    fill(db, 400 * 24)
    first, second = retention.clean(db, CONTEXT, clock.now()), retention.clean(db, CONTEXT, clock.now())
    gone = {
        "events": 2,
        "feedback": 3,
        "jobs": 1,
        "letters": 1,
        "limits": 7,
        "members": 4,
        "messages": 3,
        "orders": 1,
        "outbox": 1,
        "register": 0,
        "requests": 2,
        "visits": 3,
    }
    assert gone == first
    assert dict.fromkeys(gone, 0) == second


@pytest.mark.parametrize(("hours", "left"), [(23.9, ("waiting", "jan@example.org", True)), (24, ("failed", "", False))])
def test_nothing_personal_outlives_sending(db: Database, hours: float, left: tuple[str, str, bool]) -> None:
    """A mail that waits too long is given up and forgotten, long before its row is old enough to go."""
    then = clock.now() - timedelta(hours=hours)
    with db.write() as conn:
        outbox.enqueue(
            conn,
            CONTEXT,
            then,
            idempotency_key="late",
            kind="test.link",
            recipient="jan@example.org",
            language="nl",
            payload={"name": "secret"},
            seed=new_seed(KEYS, "token"),
        )
    delivery.fail_overdue(db, clock.now())
    [row] = rows(db, "outbox")
    assert left == (row["state"], row["recipient"], "secret" in row["payload"])
    assert left[2] == all(row[name] for name in ("secret", "nonce", "key_id"))
