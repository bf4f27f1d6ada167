"""Invented orders: believable, of nobody, and as many as asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from flask import Flask

from selfservice import clock, retention
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.demo import accounts, many_orders, order_times
from selfservice.demo.orders import ORDERS_TODAY, PRODUCTS, TOTAL_ORDERS
from selfservice.i18n.languages import TIMEZONE
from selfservice.migrations import migrate
from selfservice.orders.models import OrderRow
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import day_of
from tests.conftest import SECRET
from tests.domain_helpers import CONTEXT, KEYS, add_person, new_database, rows
from tests.kill_helpers import kill_and_repeat

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        yield made


def test_the_modest_set(db: Database) -> None:
    """Some 600 orders, most of the first organisation, whose main code has colleagues and one who left; some are of
    today; somebody has none.
    """
    accounts.fill(db, CONTEXT)
    today = day_of(int(clock.now().timestamp()))
    found = rows(db, "orders")
    account = Counter(row["account"] for row in found)
    assert (TOTAL_ORDERS, True, []) == (len(found), account[1] > TOTAL_ORDERS // 2, OrderStore(db.read()).check())
    people = {row["person_id"]: row["id"] for row in rows(db, "order_holders")}
    assert (3, False) == (len({row["holder_id"] for row in found if row["account"] == 1}), 4 in people)
    assert ORDERS_TODAY <= sum(row["ordered_on"] == today for row in found)
    assert [] == [row for row in found if row["invoice"] and row["ordered_on"][:7] == today[:7]]
    main = db.read().execute("SELECT main_person_id FROM organisations WHERE id = 1").fetchone()[0]
    assert accounts.email(0) == db.read().execute("SELECT email FROM people WHERE id = ?", (main,)).fetchone()[0]


def test_orders_of_a_revoked_code(db: Database) -> None:
    """Somebody who left ordered until their code was revoked; a second person had another code before."""
    accounts.fill(db, CONTEXT)
    revoked = [row for row in rows(db, "access_codes") if row["revoked_at"]]
    former = next(row for row in rows(db, "people") if row["given_name"] == "Bregje")
    holder = next(row for row in rows(db, "order_holders") if row["person_id"] == former["id"])
    theirs = [row["ordered_on"] for row in rows(db, "orders") if row["holder_id"] == holder["id"]]
    assert (2, {former["id"], 2}) == (len(revoked), {row["person_id"] for row in revoked})
    assert (True, True) == (len(theirs) > 20, max(theirs) <= revoked[0]["revoked_at"][:10])


@pytest.mark.parametrize(
    "now", [NOW, datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2024, 2, 29, 23, 0, tzinfo=UTC)]
)
def test_seasons(now: datetime) -> None:
    """Moments lie in the five years up to now, in order; few at weekends, fewer in August, more when accounts are due;
    as many today as asked for.
    """
    found = order_times.timestamps(Random(1), 20_000, now, 30)
    last = now.astimezone(TIMEZONE).date()
    days = Counter(date.fromisoformat(day) for _, day in found)
    months, weekdays = Counter[int](), Counter[int]()
    for day, count in days.items():
        months[day.month] += count
        weekdays[day.weekday()] += count
    assert (20_000, True, 30) == (len(found), found == sorted(found), days[last])
    assert (True, last) == (min(days) >= last - timedelta(days=365 * 5), max(days))
    assert found[-1][0] <= now.timestamp()
    assert [] == [each for each in found if each[1] != day_of(each[0])]
    assert {8} == {month for month, count in months.items() if count == min(months.values())}
    assert {12, 7} == {month for month, _ in months.most_common(2)}
    assert {5, 6} == {day for day, _ in weekdays.most_common()[-2:]}


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[int]]]:
    """The demonstration with the smallest crowd, and what progress was told."""
    with new_database(tmp_path_factory.mktemp("crowd")) as made:
        accounts.fill(made, CONTEXT)
        told: list[int] = []
        assert many_orders.fill(made, many_orders.MIN_ORDERS, clock.now(), told.append)
        yield made, told


def test_crowd(crowded: tuple[Database, list[int]]) -> None:
    """So many orders of a fifth as many codes; a tenth are of one organisation, whose main code is one to try; sums,
    references and all are right, and a second crowd is not made.
    """
    db, told = crowded
    account = Counter(row["account"] for row in rows(db, "orders"))
    codes = rows(db, "access_codes")
    assert (5000, 500, 1000, 1000) == (
        sum(account.values()),
        account[1],
        len(codes),
        len({c["code_hash"] for c in codes}),
    )
    assert (500, 5000) == (account.most_common(1)[0][1], told[-1])
    assert ([], []) == (OrderStore(db.read()).check(), db.read().execute("PRAGMA foreign_key_check").fetchall())
    assert not many_orders.fill(db, many_orders.MIN_ORDERS, clock.now())
    assert 5000 == len(rows(db, "orders"))


def test_crowd_where_orders_are(tmp_path: Path) -> None:
    """Where there are as many orders as asked for, or more, nobody is added."""
    with new_database(tmp_path) as other:
        accounts.fill(other, CONTEXT)
        with other.write() as conn:
            many = [
                OrderRow(1, 1_760_000_000 + n, f"M{n}", "2025-10-09", 1, 1, "credit", 5, None, "delivered")
                for n in range(4400)
            ]
            OrderStore(conn).upsert(many)
        people = len(rows(other, "people"))
        assert (False, people, 5000) == (
            many_orders.fill(other, many_orders.MIN_ORDERS, clock.now()),
            len(rows(other, "people")),
            len(rows(other, "orders")),
        )


def test_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may no longer be kept is cleared away, and people get an access code, before each transaction in which it is
    made: all of it is made.
    """
    monkeypatch.setattr(many_orders, "BATCH_SIZE", 300)
    monkeypatch.setattr(many_orders, "SORTED_ORDERS", 2_000)
    added: list[int] = []

    def meanwhile(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            retention.clean(beside, CONTEXT, clock.now())
            added.append(add_person(beside, f"{len(added)}@late.example")[0])

    with new_database(tmp_path) as beside:
        accounts.fill(beside, CONTEXT)
        db = Database(beside.path, meanwhile)
        assert many_orders.fill(db, many_orders.MIN_ORDERS, clock.now())
        db.close()
        store = OrderStore(beside.read())
        assert (many_orders.MIN_ORDERS, []) == (store.count(), store.check())
        assert (True, True) == (len(rows(beside, "access_codes")) >= 1000, len(added) > 10)


@pytest.mark.slow
@pytest.mark.parametrize(("table", "after"), [("people", 100), ("orders", 601)])
def test_killed(tmp_path: Path, table: str, after: int) -> None:
    """Killed while it makes people or orders, it goes on when it is run again, says so, and ends with as many, no
    number twice and all sums right.
    """
    (tmp_path / "var").mkdir()
    db = Database(tmp_path / "var" / "loket.db")
    migrate(db, KEYS)
    accounts.fill(db, CONTEXT)
    people = len(rows(db, "people"))
    enough = after + (people if table == "people" else 0)
    half, told = kill_and_repeat(
        tmp_path / "var",
        ["demo", "--orders", "45000"],
        lambda: int(db.read().execute(f"SELECT count(*) FROM {table}").fetchone()[0]),
        enough,
        LOKET_SECRET_KEY=SECRET.decode(),
    )
    found = db.read().execute(
        """SELECT count(*) AS orders, count(DISTINCT number) AS numbers, count(*) FILTER (WHERE account = 1) AS own
           FROM orders"""
    )
    assert (True, (45_000, 45_000, 4_500)) == (half >= enough, tuple(found.fetchone())), told
    assert 9_000 == db.read().execute("SELECT count(DISTINCT code_hash) FROM access_codes").fetchone()[0]
    assert (True, []) == ("Going on: " in told and told.endswith("Demo data added\n"), OrderStore(db.read()).check())
    assert [] == db.read().execute("PRAGMA foreign_key_check").fetchall()
    db.close()


def test_invoices(crowded: tuple[Database, list[int]]) -> None:
    """An invoice is one account's, of one month; what was paid at once has none."""
    db, _ = crowded
    found = [row for row in rows(db, "orders") if row["invoice"]]
    whose = {(row["invoice"], row["account"], row["ordered_on"][:7]) for row in found}
    assert len({invoice for invoice, _, _ in whose}) == len(whose)
    assert {"credit", "direct_debit"} == {row["payment"] for row in found}


def test_crowd_is_invented(crowded: tuple[Database, list[int]]) -> None:
    """Nobody in a crowd can exist: reserved e-mail domains, impossible KVK numbers and postcodes."""
    db, _ = crowded
    organisations, people = rows(db, "organisations"), rows(db, "people")
    assert {"example"} == {row["email"].rpartition(".")[2] for row in organisations + people}
    assert ({"000"}, {"00"}) == (
        {row["kvk_number"][:3] for row in organisations},
        {row["postcode"][:2] for row in organisations},
    )
    assert [] == [row["id"] for row in organisations if row["main_person_id"] is None]


def test_crowd_is_believable(crowded: tuple[Database, list[int]]) -> None:
    """Every product, payment and state occurs; money comes back now and then; what was cancelled or failed costs
    nothing; only a certified extract is paid at once.
    """
    db, _ = crowded
    found = rows(db, "orders")
    certified = next(row["id"] for row in rows(db, "order_products") if row["code"] == "certified-extract")
    assert len(PRODUCTS) == len({row["product_id"] for row in found})
    assert {"credit", "direct_debit", "ideal", "credit_card"} == {row["payment"] for row in found}
    assert {"ordered", "delivered", "failed", "cancelled"} == {row["state"] for row in found}
    assert {certified} == {row["product_id"] for row in found if row["payment"] in ("ideal", "credit_card")}
    assert {0} == {row["cents"] for row in found if row["state"] in ("failed", "cancelled")}
    assert 0 < sum(row["cents"] < 0 for row in found) < len(found) // 20
    assert [] == [row for row in found if row["ordered_at"] > clock.now().timestamp()]


def test_command(app: Flask) -> None:
    """`loket demo --orders N` adds up to N, says how it goes, and the second time that there is a crowd already."""
    run = app.test_cli_runner()
    first = run.invoke(cli.commands["demo"], ["--orders", "5000"])
    second = run.invoke(cli.commands["demo"], ["--orders", "5000"])
    few = run.invoke(cli.commands["demo"], ["--orders", "10"])
    code, email = accounts.DEMO_LOGIN
    says = f"Access code {code}, e-mail address {email}, password {accounts.DEMO_PASSWORD}\n"
    assert ([0, 0, 2], [says, says]) == (
        [each.exit_code for each in (first, second, few)],
        [first.stdout, second.stdout],
    )
    assert ("Demo data added\n", "There is data already; nothing was added\n") == (first.stderr[-16:], second.stderr)
    assert 5000 == len(rows(app.extensions["services"].db, "orders"))
