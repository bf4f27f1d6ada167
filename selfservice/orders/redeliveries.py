"""Orders that were asked for again, for the shop that delivers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import from_text, to_text
from selfservice.db import Connection, Row

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


def waiting(conn: Connection, after: int) -> list[Redelivery]:
    """The first 100 that were not delivered yet and have a greater id than `after`, in the order of asking."""
    rows = conn.execute(
        """SELECT r.id, r.number, p.code AS product, r.asked_at, r.done_at
           FROM order_redeliveries r JOIN orders o ON o.number = r.number JOIN order_products p ON p.id = o.product_id
           WHERE r.done_at IS NULL AND r.id > :after ORDER BY r.id LIMIT 100""",
        {"after": after},
    )
    return [_redelivery(row) for row in rows]


def done(conn: Connection, redelivery_id: int, now: datetime) -> Redelivery | None:
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
