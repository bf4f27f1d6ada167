"""Retention: just before its time is over what is kept of a person is there; a day after it nothing is left of it, in
any table, in any byte of any file, or in any backup once its weeks are over too.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from selfservice import audit, backups, clock, restore, retention
from selfservice.accounts import (
    access_codes,
    account_links,
    anonymous_sessions,
    invoice_addresses,
    login_throttle,
    mandates,
    organisations,
    passwords,
    people,
    sessions,
    tokens,
    user_accounts,
)
from selfservice.accounts.saved_forms import SavedForm
from selfservice.context import Context
from selfservice.db import Database
from selfservice.facts.kept import Kept
from selfservice.feedback import answers, searches
from selfservice.feedback.answers import Place
from selfservice.i18n.languages import TIMEZONE
from selfservice.jobs import queue
from selfservice.letters import batches, pending
from selfservice.limits import sliding_window, table
from selfservice.limits.rate_limit import LimitSet, RateLimit, allow
from selfservice.limits.sliding_window import SlidingWindowLimit
from selfservice.mail import delivery, outbox
from selfservice.orders import api_keys
from selfservice.orders.models import OrderRow
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import day_of
from selfservice.requests import scheduled, submission
from selfservice.seeds import new_seed
from selfservice.values.reference import new_reference
from selfservice.web.downloads import DownloadFolder, delete_expired
from tests.domain_helpers import CONTEXT, FACTS, KEYS, add_person, dump, new_code, new_database, rows
from tests.request_helpers import HASH, IBAN, KVK, PRIVATE

# Long ago: the log's own trigger keeps a year by the real clock.
THEN = datetime(2015, 6, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROWS = (*retention.kept(), *backups.KEPT)
# What `fill` makes ends so much later, and only then the time begins. A trace of an internet address is told with the
# hour in which it is removed.
ENDS_LATER = {
    "email_changes": timedelta(hours=FACTS.get("account.undo_hours").value),
    "limits": -HOUR,
    "sessions": timedelta(minutes=FACTS.get("sign_in.idle_minutes").value),
    "tokens": timedelta(hours=FACTS.get("invoices.link_hours").value),
}
NAME, FAMILY, PHONE, STREET, COMPANY = "Xanthippe", "Quackenbush", "687654321", "Plantedlaan", "Quackenkites"
DOMAIN, ORDER, TYPED, SOUGHT, MISSED = (
    "quackmail.example",
    "PLANTED-1",
    "plantedtyped",
    "plantedsought",
    "plantedmissed",
)
PLANTED = (NAME, FAMILY, PHONE, STREET, COMPANY, DOMAIN, ORDER, TYPED, SOUGHT, MISSED, IBAN)
CODE = new_code()
PLACE = Place("nl", "orders", "")


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def fill(db: Database, then: datetime = THEN, ctx: Context = CONTEXT) -> None:
    """Something of a person in every table, as if it were made, sent, used or ended at that moment."""
    with db.write() as conn:
        its = organisations.add(
            conn,
            then,
            kvk_number=KVK,
            name=COMPANY,
            email=f"info@{DOMAIN}",
            street=STREET,
            house_number="7",
            postcode="0012 ZZ",
            city="Zandhoven",
        )
        closed = {"now": clock.to_text(then), "day": then.date().isoformat()}
        conn.execute("UPDATE organisations SET closed_on = :day, closed_at = :now", closed)
        who = people.add(conn, then, given_name=NAME, family_name=FAMILY, email=f"x@{DOMAIN}", language="nl")
        code = access_codes.add(conn, KEYS, then, code=CODE, person_id=who)
        passwords.store_hash(conn, who, HASH, then)
        user_accounts.add(conn, who, HASH, then)
        made = {"who": who, "email": f"x@{DOMAIN}", "now": clock.to_text(then), "day": clock.to_text(then + DAY)}
        made["undo"] = clock.to_text(then + timedelta(hours=ctx.fact("account.undo_hours")))
        account_links.send(
            conn,
            ctx,
            "create",
            {"given_name": NAME, "family_name": FAMILY, "email": f"new@{DOMAIN}", "language": "nl"},
            "192.0.2.7",
            "nl",
            then,
        )
        for number, state in enumerate(("asked", "confirmed")):
            conn.execute(
                """INSERT INTO email_changes (person_id, old_email, old_key, new_email, confirm_hash, state, asked_at,
                                              expires_at, confirmed_at)
                   VALUES (:who, :email, :email, :email, printf('%064d', :number), :state, :now,
                           iif(:state = 'confirmed', :undo, :day), iif(:state = 'confirmed', :now, NULL))""",
                {**made, "number": number, "state": state},
            )
        tokens.issue(conn, KEYS, "password", who, 1, then)
        invoice_addresses.add(conn, ctx, organisation_id=its, person_id=who, email=f"bill@{DOMAIN}", now=then)
        visit, _ = anonymous_sessions.start(conn, then)
        SavedForm(visit, "form").save(conn, {"name": TYPED * 500}, then)
        sessions.start(conn, who, code, "cookie", then, "a device")
        queue.enqueue(conn, "test", 1, {"search": TYPED}, 1, then)
        login_throttle.admit(conn, ctx, CODE, "192.0.2.7", then)
        mandates.add(
            conn, then, person_id=who, organisation_id=None, iban=IBAN, holder=FAMILY, effective_on=then.date()
        )
        mandates.end(conn, who, None, then)
        pending.enqueue(
            conn,
            ctx,
            access_code_id=code,
            reference=new_reference(),
            language="nl",
            lines=(f"{NAME} {FAMILY}", f"{STREET} 7", "0012 AB Zandhoven"),
            seed=new_seed(KEYS, "code"),
            valid_until=then.date(),
            now=then,
        )
        batch = batches.create_batch(conn, Path("letters"), 10, then)
        assert batch
        batches.mark_printed(conn, batch, batches.letters_to_print(conn, batch), (), then)
        batches.mark_released(conn, batch, then)
        batches.mark_posted(conn, batch.id, (), then)
        access_codes.revoke(conn, code, then)
        request = replace(
            PRIVATE, given_name=NAME, family_name=FAMILY, email=f"request@{DOMAIN}", telephone=f"0{PHONE}"
        )
        debit = replace(request, payment_method="direct_debit", iban=IBAN, holder=FAMILY, mandate=True)
        submission.submit(conn, ctx, debit, "submission", "192.0.2.7", then)
        key = api_keys.create(conn, "test", "orders:write", then)[1]
        api_keys.revoke(conn, key.public_id, then)
        allow(conn, KEYS, RateLimit("test", 1, 3600), "me", then)
        sliding_window.allow_in_window(conn, KEYS, SlidingWindowLimit("test", 3, 10), "me", then)
        audit.record(conn, KEYS, then, "test", "ok")
        searches.count(conn, "nl", SOUGHT, then)
        answers.count(conn, PLACE, then, useful=True)
        answers.add_remark(conn, PLACE, MISSED, then)
        outbox.enqueue(
            conn,
            ctx,
            then,
            idempotency_key="a",
            kind="test.link",
            recipient=f"x@{DOMAIN}",
            language="nl",
            payload={"name": NAME * 500},
            seed=new_seed(KEYS, "token"),
        )
    job = queue.claim(db, then)
    assert job
    queue.finish(db, job, then)
    order(db, ORDER, int(then.timestamp()), who)


def order(db: Database, number: str, seconds: int, person: int) -> None:
    """An order of that moment, with a redelivery asked of it."""
    with db.write() as conn:
        holder, account = OrderStore(conn).add_holder(person, None)
        product = OrderStore(conn).add_product("extract")
        OrderStore(conn).upsert(
            [OrderRow(account, seconds, number, day_of(seconds), holder, product, "credit", 285, None, "delivered")]
        )
        conn.execute(
            "INSERT INTO order_redeliveries (number, person_id, asked_at) VALUES (:number, :person, :now)",
            {"number": number, "person": person, "now": clock.to_text(THEN)},
        )


def clean(db: Database, now: datetime) -> None:
    """Clean as in two hours of the worker's: a person goes after what they had, an organisation after them."""
    for _ in range(2):
        delivery.fail_overdue(db, now)
        retention.clean(db, CONTEXT, now)


def end_of(kept: Kept) -> datetime:
    """When the time is over for which this is kept, of what `fill` made."""
    fact = FACTS.get(kept.fact)
    if fact.kind == "years":
        return datetime(THEN.year + fact.value + 1, 1, 1, tzinfo=TIMEZONE)
    return THEN + ENDS_LATER.get(next(iter(kept.tables), ""), timedelta()) + timedelta(**{fact.kind: fact.value})


def tables_of(db: Database) -> set[str]:
    """The tables of the database, without those that SQLite and the ledger of migrations keep for themselves."""
    found = db.read().execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow'")
    return {row["name"] for row in found if not row["name"].startswith(("_", "sqlite_"))}


def test_every_table_is_told(db: Database) -> None:
    """No table is without a row that says how long a person's data in it are kept, and no row without its table."""
    told = {name for kept in ROWS for name in kept.tables}
    assert set() == tables_of(db) - told - retention.IMPERSONAL, (
        "for each of these tables: say what is kept in it and how long, with a fact `….keep_…`, in `KEPT` beside the "
        "`clean` of its domain (selfservice/facts/kept.py), which removes it, and have `fill` of this test put a row "
        "in it; or, where no visitor's data can be in it, name it in `retention.IMPERSONAL`"
    )
    assert set() == (told | retention.IMPERSONAL) - tables_of(db)
    assert set() == told & retention.IMPERSONAL


def test_every_domain_tells(db: Database) -> None:
    """What removes something says what."""
    assert [] == [name for name, domain in retention.DOMAINS.items() if not domain.KEPT]


TIMED = [kept for kept in ROWS if kept.fact and kept.tables]


@pytest.mark.parametrize("kept", TIMED, ids=lambda kept: f"{kept.tables[0]}-{kept.fact}")
def test_time_is_kept(db: Database, kept: Kept) -> None:
    """A minute before the time is over a row is there in each of its tables, a day after it in none."""
    fill(db)
    clean(db, end_of(kept) - MINUTE)
    for name in kept.tables:
        assert [] != rows(db, name), (
            f"{name}: let `fill` put something in it, or say in ENDS_LATER when its time begins"
        )
    clean(db, end_of(kept) + DAY)
    assert {} == {name: left for name in kept.tables if (left := rows(db, name))}


def test_counts_go_in_a_day(db: Database) -> None:
    """What counts mails and changes is gone a day after the last of them, as its row says."""
    fill(db)
    clean(db, THEN + DAY + HOUR)
    assert ([], []) == (rows(db, "limits"), rows(db, "caps"))


def test_traces_of_addresses() -> None:
    """No limit counts an internet address for longer than is told, with the hour in which it is removed."""
    sets = [each for each in vars(table).values() if isinstance(each, LimitSet)]
    sets += [table.request(CONTEXT, proven=False), table.lost_code(CONTEXT), table.account_link(CONTEXT, "create")]
    longest = max(timedelta(seconds=each.network.period_seconds) for each in sets)
    assert longest + HOUR == timedelta(hours=FACTS.get("visit.trace_hours").value)


def in_bytes(folder: Path) -> set[str]:
    """The planted values that stand in any byte of any file there."""
    found = b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file()).lower()
    return {value for value in (*PLANTED, CODE) if value.lower().encode() in found}


@pytest.mark.slow
def test_nothing_is_left_anywhere(db: Database, tmp_path: Path) -> None:
    """When all times are over nothing is left of anybody, in any table or byte; when the weeks of backups are over too,
    neither in the oldest of them.
    """
    weeks = FACTS.get("backup.keep_weeks").value
    folder, files = tmp_path / "backups", DownloadFolder(tmp_path / "downloads", HOUR)
    folder.mkdir()
    fill(db)
    made = files.make(1, "orders.csv", 0, lambda part: part.write_text(TYPED))
    os.utime(made, (THEN.timestamp(), THEN.timestamp()))
    db.checkpoint()
    assert set(PLANTED) == in_bytes(tmp_path)
    with db.write() as conn:
        for row in rows(db, "user_accounts"):
            user_accounts.delete(conn, row["person_id"])
    ends = sorted({end_of(kept) for kept in TIMED})
    for now in ends:
        with suppress(backups.BackupError):
            backups.add(db, folder, now - HOUR)
        scheduled.run_hourly(db, CONTEXT, now)
        clean(db, now + DAY)
        delete_expired(files, db, CONTEXT, now + DAY)
        backups.prune(folder, now + DAY, weeks=weeks)
    assert {} == {name: left for name in tables_of(db) - retention.IMPERSONAL if (left := rows(db, name))}
    assert [] == rows(db, "delivery_keys")
    assert {ORDER} <= in_bytes(folder)
    night = ends[-1] + DAY
    while night <= ends[-1] + timedelta(weeks=weeks):
        backups.add(db, folder, night)
        backups.prune(folder, night, weeks=weeks)
        night += DAY
    assert set() == in_bytes(tmp_path)
    [oldest, *_] = sorted(folder.iterdir())
    with restore.prepared_copy(oldest, tmp_path / "restored.db", KEYS, night, drop_mail=False) as copy:
        held = dump(Database(copy.path)).lower()
    assert [] == [value for value in PLANTED if value.lower() in held]


def test_emptied_pages_are_overwritten(db: Database, tmp_path: Path) -> None:
    """What filled pages of its own is gone from the file with its rows, though nothing was written there since."""
    with db.write() as conn:
        visit, _ = anonymous_sessions.start(conn, THEN)
        for number in range(20):
            SavedForm(visit, f"form{number}").save(conn, {"name": TYPED * 1000}, THEN)
    db.checkpoint()
    before = in_bytes(tmp_path)
    retention.clean(db, CONTEXT, THEN + 2 * DAY)
    [freed] = db.read().execute("PRAGMA freelist_count").fetchone()
    assert ({TYPED}, True, set()) == (before, freed > 20, in_bytes(tmp_path))


def test_journal_is_left_to_its_readers(db: Database) -> None:
    """While somebody reads, cleaning waits for nobody; what it removed leaves the journal the next time."""
    fill(db)
    reader = Database(db.path)
    reader.read().execute("BEGIN")
    reader.read().execute("SELECT * FROM people").fetchall()
    began = datetime.now(UTC)
    retention.clean(db, CONTEXT, THEN + 2 * DAY)
    assert datetime.now(UTC) - began < timedelta(seconds=2)
    reader.read().execute("COMMIT")
    assert db.checkpoint_if_free()
    reader.close()


def test_changes_of_address(db: Database) -> None:
    """A change that waits goes a day after its link has ended, one that was confirmed a day after it can be undone."""
    fill(db)
    left = []
    for hours in (47, 49, 72 + 23, 72 + 25):
        retention.clean(db, CONTEXT, THEN + timedelta(hours=hours))
        left.append([row["state"] for row in rows(db, "email_changes")])
    assert [["asked", "confirmed"], ["confirmed"], ["confirmed"], []] == left


def test_jobs_that_nobody_ran(db: Database) -> None:
    """A job that no worker began is gone when a session would be forgotten."""
    now = {"now": clock.to_text(THEN)}
    with db.write() as conn:
        conn.execute(
            "INSERT INTO jobs (name, kind, payload, steps, created_at) VALUES (:now || 'test.', 'a', '', 1, :now)", now
        )
    left = []
    for hours in (23.9, 24):
        retention.clean(db, CONTEXT, THEN + timedelta(hours=hours))
        left.append(len(rows(db, "jobs")))
    assert [1, 0] == left


def test_expired_keys_go(db: Database) -> None:
    """So many days after its last day, or after it was withdrawn, a key is gone; a key without one stays."""
    keep = FACTS.get("api_key.keep_days").value
    now = clock.now()
    with db.write() as conn:
        for days in (keep + 2, keep - 2):
            last: date = (now - timedelta(days=days)).date()
            api_keys.create(conn, str(days), "orders:write", now, until=last)
            api_keys.revoke(conn, api_keys.create(conn, f"r{days}", "orders:write", now)[1].public_id, now - days * DAY)
        api_keys.create(conn, "no end", "orders:write", now)
    retention.clean(db, CONTEXT, now)
    assert [str(keep - 2), f"r{keep - 2}", "no end"] == [row["name"] for row in rows(db, "delivery_keys")]


def test_orders_go_by_year(db: Database) -> None:
    """Seven years after the end of its year an order goes with its sums, its redelivery and, with the last, its holder;
    not a moment earlier; and only then may its person go.
    """
    person, _ = add_person(db)
    last, first = datetime(2018, 12, 31, 22, 59, 59, tzinfo=UTC), datetime(2018, 12, 31, 23, 0, tzinfo=UTC)
    order(db, "A1", int(last.timestamp()), person)
    order(db, "B1", int(first.timestamp()), person)
    with db.write() as conn:
        conn.execute("DELETE FROM access_codes")
    tables = ["order_account_months", "order_holder_months", "order_holders", "order_redeliveries", "orders", "people"]
    left = []
    for now in (
        datetime(2025, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2025, 12, 31, 23, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 0, tzinfo=UTC),
    ):
        with db.write() as conn:
            retention.DOMAINS["requests"].clean(conn, CONTEXT, now)
            retention.DOMAINS["orders"].clean(conn, CONTEXT, now)
        left.append([len(rows(db, table)) for table in tables])
    with db.write() as conn:
        scheduled.clean(conn, CONTEXT, now)
    assert [[2, 2, 1, 2, 2, 1], [1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]] == left
    assert [] == rows(db, "people")


def test_clean_says_what_went(db: Database) -> None:
    """Cleaning tells how many rows went in each domain, and in the end none."""
    fill(db)
    later = THEN + 430 * DAY
    delivery.fail_overdue(db, later)
    first = retention.clean(db, CONTEXT, later)
    assert set(retention.DOMAINS) == {name for name, gone in first.items() if gone} | {
        "jobs"
    }  # which went with their session
    retention.clean(db, CONTEXT, later)
    assert dict.fromkeys(first, 0) == retention.clean(db, CONTEXT, later)


@pytest.mark.parametrize(("hours", "left"), [(23.9, ("waiting", "jan@example.org", True)), (24, ("failed", "", False))])
def test_nothing_personal_outlives_sending(db: Database, hours: float, left: tuple[str, str, bool]) -> None:
    """A mail that waits too long (fact mail.give_up_hours) is given up and forgotten, long before its row may go."""
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
