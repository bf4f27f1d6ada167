"""What the tables of orders say of one person: their own orders, and those that they had again."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any

from selfservice.accounts.personal_data import code_end
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import current_language
from selfservice.orders import labels
from selfservice.orders.export import formats
from selfservice.orders.models import Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.personal_sections import Choice, Section, Value, choice, moment

# A browser shows so many at once, and a second is enough to write them (docs/why.md). The list of orders has all.
MOST_ORDERS = 10_000


def sections(db: Database, _: Context, person_id: int, __: datetime) -> list[Section]:
    """The person's own orders, with whichever code they made them, and never those of a colleague."""
    conn = db.read()
    queries = [
        Query(Scope(row["account"], row["id"]), Period(), current_language())
        for row in conn.execute("SELECT id, account FROM order_holders WHERE person_id = :id", {"id": person_id})
    ]
    total = sum(OrderStore(conn).total(query).orders for query in queries)
    newest = [order for query in queries for order in _newest(db, query)]
    newest.sort(key=itemgetter("ordered_at", "number"), reverse=True)
    heads = labels.columns()
    columns = {
        "number": heads["number"],
        "ordered_at": heads["date"],
        "product": heads["product"],
        "organisation": heads["organisation"],
        "kvk_number": heads["kvk_number"],
        "code_end": heads["access_code"],
        "payment": heads["payment"],
        "amount": heads["amount"],
        "invoice": heads["invoice"],
        "state": heads["state"],
    }
    more = gettext(
        "These are the newest %(some)s of your %(all)s orders. You find all of them in your list of orders.",
        some=labels.format_count(MOST_ORDERS),
        all=labels.format_count(total),
    )
    orders = Section(
        "orders",
        gettext("Your orders"),
        columns,
        _records(newest[:MOST_ORDERS]),
        is_table=True,
        more=more if total > MOST_ORDERS else "",
        link=f"/{current_language()}/self-service/orders?period=all" if total > MOST_ORDERS else "",
    )
    return [orders, _redeliveries(conn, person_id)]


def _newest(db: Database, query: Query) -> list[dict[str, Any]]:
    """The newest orders of a query, as the JSON file of orders has them."""
    found: list[dict[str, Any]] = []
    with db.separate_connection() as conn:
        for piece in OrderStore(conn).export_text(query, formats.array().form):
            found += json.loads(b"[" + piece + b"]")
            if len(found) >= MOST_ORDERS:
                break
    return found


def _records(orders: list[dict[str, Any]]) -> list[dict[str, Value]]:
    payments, states, named = labels.payments(), labels.states(), f"product_{current_language()}"
    return [
        {
            "number": order["number"],
            "ordered_at": datetime.fromisoformat(order["ordered_at"]),
            "product": Choice(order["product"], order[named]),
            "organisation": order["organisation"],
            "kvk_number": order["kvk_number"],
            "code_end": code_end(order["code_end"]),
            "payment": choice(order["payment"], payments),
            "amount": Decimal(order["amount"]),
            "invoice": order["invoice"],
            "state": choice(order["state"], states),
        }
        for order in orders
    ]


def _redeliveries(conn: Connection, person_id: int) -> Section:
    rows = conn.execute(
        """SELECT number, asked_at, done_at FROM order_redeliveries WHERE person_id = :id
           ORDER BY asked_at DESC, id DESC""",
        {"id": person_id},
    )
    records = [
        {"number": row["number"], "asked_at": moment(row["asked_at"]), "sent_at": moment(row["done_at"])}
        for row in rows
    ]
    columns = {
        "number": gettext("Order number"),
        "asked_at": gettext("You asked for it"),
        "sent_at": gettext("Sent again"),
    }
    title = gettext("Orders that you asked for again")
    return Section("redeliveries", title, columns, records, is_table=True)
