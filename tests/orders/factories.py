"""Orders of people of the demonstration, made for one test: nothing in them is by chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from flask import Flask

from selfservice import clock
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.i18n.languages import TIMEZONE
from selfservice.orders.models import OrderRow
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import day_of
from tests.sign_in_helpers import database

_NUMBERS = count(1)


def clear(app: Flask) -> None:
    """Take the demonstration's own orders away."""
    with database(app).write() as conn:
        conn.execute("DELETE FROM order_redeliveries")
        conn.execute("DELETE FROM orders")
        conn.execute("DELETE FROM order_account_months")
        conn.execute("DELETE FROM order_holder_months")
        conn.execute("DELETE FROM order_holders")


def buy(app: Flask, who: int, when: str | datetime | None = None, **fields: Any) -> str:
    """As `add`, in the app's database."""
    return add(database(app), who, when, **fields)


def add(
    db: Database,
    who: int,
    when: str | datetime | None = None,
    *,
    product: str = "extract",
    cents: int = 285,
    payment: str = "direct_debit",
    state: str = "delivered",
    invoice: str | None = None,
    number: str = "",
) -> str:
    """One order of this person of the demonstration, with the code they have; its number. `when` is a moment, or a day
    and time in Amsterdam; without one, now.
    """
    moment = when if isinstance(when, datetime) else clock.now()
    if isinstance(when, str):
        moment = datetime.fromisoformat(when).replace(tzinfo=TIMEZONE)
    number = number or f"T{next(_NUMBERS):06d}"
    with db.write() as conn:
        code = conn.execute(
            """SELECT c.person_id, c.organisation_id FROM access_codes c JOIN people p ON p.id = c.person_id
               WHERE p.email = :email ORDER BY c.revoked_at IS NOT NULL, c.id LIMIT 1""",
            {"email": accounts.email(who)},
        ).fetchone()
        holder_id, account = OrderStore(conn).add_holder(code["person_id"], code["organisation_id"])
        day = moment.astimezone(TIMEZONE).date().isoformat()
        product_id = OrderStore(conn).add_product(product, product.capitalize(), f"{product.capitalize()} (nl)")
        seconds = int(moment.astimezone(UTC).timestamp())
        OrderStore(conn).upsert(
            [OrderRow(account, seconds, number, day, holder_id, product_id, payment, cents, invoice, state)]
        )
    return number


def days_ago(days: int) -> datetime:
    """So many days before now: a day that is over."""
    return clock.now() - timedelta(days=days)


def add_many(db: Database, who: int, count: int) -> None:
    """So many orders of this person, a minute apart, the last of them a day ago: a file of them takes a while."""
    add(db, who, days_ago(2), number="M0000000")
    first = int(days_ago(1).timestamp()) - 60 * count
    with db.write() as conn:
        row = conn.execute("SELECT * FROM orders WHERE number = 'M0000000'").fetchone()
        one = OrderRow(*(row[name] for name in OrderRow._fields))
        moments = ((number, first + 60 * number) for number in range(1, count))
        OrderStore(conn).upsert(
            [one._replace(number=f"M{number:07d}", ordered_at=at, ordered_on=day_of(at)) for number, at in moments]
        )
