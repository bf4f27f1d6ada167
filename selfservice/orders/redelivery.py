"""Getting an order again without paying: the same day, once (facts `orders.again_until`, `orders.again_methods`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal

from selfservice.audit import record
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import TIMEZONE
from selfservice.mail import outbox
from selfservice.orders.models import Order

Outcome = Literal["asked", "asked_before", "impossible"]


@dataclass(frozen=True)
class Requester:
    """Who asks, and where their mail goes."""

    person_id: int
    name: str
    email: str
    language: str
    address: str


def deadline(order: Order, facts: Facts) -> datetime:
    """Until when an order can be had again: fact `orders.again_until` on its own day in Amsterdam, where 00:00 is the
    midnight at the end of that day.
    """
    until: time = facts.get("orders.again_until").value
    day = order.ordered_on if until > time() else order.ordered_on + timedelta(days=1)
    return datetime.combine(day, until, TIMEZONE)


def is_allowed(order: Order, facts: Facts, now: datetime) -> bool:
    """Whether this order can be had again for nothing: made today, with an access code that pays by one of fact
    `orders.again_methods`, delivered, and not money back.
    """
    # No deadline is later. Nearly all orders of a list are older, and need no further look.
    if not order.ordered_at <= now < order.ordered_at + timedelta(days=2):
        return False
    methods = facts.get("orders.again_methods").value
    return now < deadline(order, facts) and order.payment in methods and order.state == "delivered" and order.cents >= 0


def requested_at(conn: Connection, numbers: Sequence[str]) -> dict[str, datetime]:
    """When each of these orders was asked for again (UTC); those that never were are not in it."""
    rows = conn.execute(
        """SELECT number, asked_at FROM order_redeliveries
           WHERE number IN (SELECT value FROM json_each(:numbers))""",
        {"numbers": json.dumps(list(numbers))},
    )
    return {row["number"]: from_text(row["asked_at"]) for row in rows}


def delivered_at(conn: Connection, number: str) -> datetime | None:
    """When the shop said that this order was delivered again; None while it did not, or when nobody asked."""
    row = conn.execute("SELECT done_at FROM order_redeliveries WHERE number = :number", {"number": number}).fetchone()
    return from_text(row["done_at"]) if row and row["done_at"] else None


def request(conn: Connection, ctx: Context, order: Order, requester: Requester, now: datetime) -> Outcome:
    """Ask for this order again, which the requester is known to see, and tell them by mail that it is on its way.

    However often it is asked there is one redelivery and one mail: `asked_before` says that it was there already, also
    when by now it would be too late. Call inside `write()`.
    """
    if order.number in requested_at(conn, [order.number]):
        return _note(conn, ctx, requester, "asked_before", "", now)
    if not is_allowed(order, ctx.facts, now):
        return _note(conn, ctx, requester, "impossible", "", now)
    row = conn.execute(
        """INSERT INTO order_redeliveries (number, person_id, asked_at) VALUES (:number, :person_id, :now)
           RETURNING id""",
        {"number": order.number, "person_id": requester.person_id, "now": to_text(now)},
    ).fetchone()
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"orders-again:{row['id']}:{order.number}",
        kind="orders.again",
        recipient=requester.email,
        language=requester.language,
        payload={"name": requester.name, "number": order.number, "product": order.product, "moment": now.isoformat()},
        earned=True,
        topic="orders.again",
    )
    return _note(conn, ctx, requester, "asked", f"redelivery:{row['id']}", now)


def _note(conn: Connection, ctx: Context, requester: Requester, outcome: Outcome, thing: str, now: datetime) -> Outcome:
    record(
        conn,
        ctx.keys,
        now,
        "orders.again",
        outcome,
        who=f"person:{requester.person_id}",
        on_what=thing,
        address=requester.address,
    )
    return outcome


MOST = 100


@dataclass(frozen=True)
class Redelivery:
    """An order to be delivered once more: which, of what product (its code), and since when. `done_at` when the shop
    said that it was.
    """

    id: int
    number: str
    product: str
    asked_at: datetime
    done_at: datetime | None


def pending(conn: Connection, after: int) -> list[Redelivery]:
    """The first 100 that were not delivered yet and have a greater id than `after`, in the order of asking."""
    rows = conn.execute(
        """SELECT r.id, r.number, p.code AS product, r.asked_at, r.done_at
           FROM order_redeliveries r JOIN orders o ON o.number = r.number JOIN order_products p ON p.id = o.product_id
           WHERE r.done_at IS NULL AND r.id > :after ORDER BY r.id LIMIT 100""",
        {"after": after},
    )
    return [_redelivery(row) for row in rows]


def mark_delivered(conn: Connection, redelivery_id: int, now: datetime) -> Redelivery | None:
    """Write down that it was delivered, the first time; None when there is none with this id. Call inside `write()`."""
    values = {"id": redelivery_id, "now": to_text(now)}
    conn.execute("UPDATE order_redeliveries SET done_at = :now WHERE id = :id AND done_at IS NULL", values)
    row = conn.execute(
        """SELECT r.id, r.number, p.code AS product, r.asked_at, r.done_at
           FROM order_redeliveries r JOIN orders o ON o.number = r.number JOIN order_products p ON p.id = o.product_id
           WHERE r.id = :id""",
        values,
    ).fetchone()
    return None if row is None else _redelivery(row)


def _redelivery(row: Row) -> Redelivery:
    return Redelivery(
        id=row["id"],
        number=row["number"],
        product=row["product"],
        asked_at=from_text(row["asked_at"]),
        done_at=from_text(row["done_at"]) if row["done_at"] else None,
    )
