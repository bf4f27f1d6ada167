"""A workbook of 100,000 orders, beside XlsxWriter's own constant-memory mode with the same cells ready in memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from statistics import median

import xlsxwriter

from bench.order_accounts import open_database
from bench.timing import table
from selfservice.db import Database
from selfservice.i18n.languages import set_language
from selfservice.orders import export
from selfservice.orders.models import Order, Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore

# A tenth of five years of orders: 100,000 of a million.
PERIOD = Period(date(2025, 7, 1), date(2025, 12, 30))


def workbook(environment: Mapping[str, str], rounds: int) -> str:
    """The comparison, as a table."""
    set_language("en")
    ours, theirs = [], []
    with open_database(environment) as (db, _):
        query = Query(Scope(1, None), PERIOD, "en")
        orders = list(_orders(db, query))
        for _ in range(rounds):
            theirs.append(_plain(orders))
            path = db.path.with_name("ours.xlsx")
            begun = time.perf_counter()
            export.write(db, query, "xlsx", path)
            ours.append(time.perf_counter() - begun)
    ratio = median(one / two for one, two in zip(ours, theirs, strict=True))
    head = [f"workbook of {len(orders):,} rows", "seconds", "rows a second", "time / XlsxWriter"]
    lines = [
        ["XlsxWriter, constant memory", f"{median(theirs):.2f}", f"{len(orders) / median(theirs):,.0f}", "1.00"],
        ["ours, from the database on", f"{median(ours):.2f}", f"{len(orders) / median(ours):,.0f}", f"{ratio:.2f}"],
    ]
    return table(head, lines)


def _orders(db: Database, query: Query) -> list[Order]:
    store = OrderStore(db.read())
    page = store.page(query, size=500)
    found = page.orders
    while page.after:
        page = store.page(query, after=page.after, size=500)
        found += page.orders
    return found


def _plain(orders: Sequence[Order]) -> float:
    """Seconds for the rows alone, in the types that ours have."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        begun = time.perf_counter()
        book = xlsxwriter.Workbook(str(Path(folder) / "plain.xlsx"), {"constant_memory": True})
        sheet = book.add_worksheet()
        day, money = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0.00"})
        for row, order in enumerate(orders):
            sheet.write_string(row, 0, order.number)
            sheet.write_datetime(row, 1, datetime(*order.ordered_on.timetuple()[:3]), day)  # noqa: DTZ001 (a day)
            texts = (order.product, order.organisation, order.kvk_number, order.ordered_by, order.code_hint)
            for column, text in enumerate((*texts, order.payment), start=2):
                sheet.write_string(row, column, text or "")
            sheet.write_number(row, 8, order.cents / 100, money)
            sheet.write_string(row, 9, order.invoice or "")
            sheet.write_string(row, 10, order.state)
        book.close()
        return time.perf_counter() - begun
