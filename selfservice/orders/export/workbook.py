"""Orders as an Excel workbook (XLSX): real dates and amounts, text that stays text, a heading that stays in sight.

Written in constant memory: the rows wait in temporary files beside the workbook until they are packed into it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from selfservice.db import Database, Row
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import language_of, using_language
from selfservice.orders import labels
from selfservice.orders.models import Query
from selfservice.orders.product_names import product_name
from selfservice.orders.store import OrderStore

if TYPE_CHECKING:
    import xlsxwriter
    from xlsxwriter.worksheet import Worksheet

# What a sheet holds (Excel specifications and limits), less the heading and the total.
MOST_ROWS = 1_048_576 - 2
STEP = 250
_WIDTHS = {
    "number": 16,
    "date": 12,
    "product": 36,
    "organisation": 32,
    "kvk_number": 12,
    "ordered_by": 28,
    "access_code": 12,
    "payment": 18,
    "amount": 12,
    "invoice": 16,
    "state": 12,
}
(_NUMBER, _DAY, _PRODUCT, _ORGANISATION, _KVK, _BY, _CODE, _PAYMENT, _AMOUNT, _INVOICE, _STATE) = range(11)
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def write(db: Database, query: Query, path: Path, tell: Callable[[int], object]) -> None:
    """Write the workbook to `path`, and call `tell` with each few rows. What `tell` raises leaves no rows behind."""
    import xlsxwriter  # heavy, and for this one kind of file

    with using_language(query.language):
        texts = _Texts()
    # Rows are as private as the workbook: they wait where it does, under its name, and go with this.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.stem}-") as rows, db.separate_connection() as conn:
        book = xlsxwriter.Workbook(str(path), {**_OPTIONS, "tmpdir": rows})
        store, done = OrderStore(conn), 0
        sheets = _Sheets(store, book, query.language, texts)
        for found in store.export_rows(query, STEP):
            sheets.add(found)
            done += len(found)
            tell(done)
        sheets.finish()
        # Not by `with`, which would pack a workbook that failed half-way too.
        book.close()


class _Texts:
    """The texts of a workbook in the language in force."""

    def __init__(self) -> None:
        self.columns = labels.columns()
        self.payments = labels.payments()
        self.states = labels.states()
        self.title = gettext("Orders")
        self.total = gettext("Total")


class _Sheets:
    """The sheets of a workbook: one, and another each time that one is full."""

    def __init__(self, store: OrderStore, book: xlsxwriter.Workbook, language: str, texts: _Texts) -> None:
        self._store, self._book, self._texts = store, book, texts
        self._language = language
        self._products: dict[int, str] = {}
        self._holders: dict[int, list[tuple[int, str]]] = {}
        self._bold = book.add_format({"bold": True})
        self._date = book.add_format({"num_format": language_of(language).file_date})
        self._money = book.add_format({"num_format": "#,##0.00"})
        self._bold_money = book.add_format({"num_format": "#,##0.00", "bold": True})
        self._cents = 0
        self._sheet, self._row = self._start(), 0

    def add(self, rows: Sequence[Row]) -> None:
        """Write orders (of `OrderStore.export_rows`) on the next rows."""
        self._meet(rows)
        for number, day, product_id, holder_id, payment, cents, invoice, state in rows:
            if self._row == MOST_ROWS:
                self._sheet, self._row = self._start(), 0
            self._row += 1
            self._cents += cents
            row, text, amount = self._row, self._sheet.write_string, self._sheet.write_number
            text(row, _NUMBER, number)
            amount(row, _DAY, day, self._date)
            text(row, _PRODUCT, self._products[product_id])
            for column, known in self._holders[holder_id]:
                text(row, column, known)
            text(row, _PAYMENT, self._texts.payments[payment])
            amount(row, _AMOUNT, _euros(cents), self._money)
            if invoice is not None:
                text(row, _INVOICE, invoice)
            text(row, _STATE, self._texts.states[state])

    def _meet(self, rows: Sequence[Row]) -> None:
        """Look up the products and holders that no row before had."""
        for each in self._store.products({row["product_id"] for row in rows} - self._products.keys()):
            self._products[each["id"]] = product_name(each["names"], each["code"], self._language)
        for each in self._store.holders({row["holder_id"] for row in rows} - self._holders.keys()):
            hint = f"…{each['hint']}" if each["hint"] else None
            texts = (
                (_ORGANISATION, each["organisation"]),
                (_KVK, each["kvk_number"]),
                (_BY, each["name"]),
                (_CODE, hint),
            )
            self._holders[each["id"]] = [(column, text) for column, text in texts if text]

    def finish(self) -> None:
        """Write the total below the last row: as a number, since nothing here may be calculated from."""
        self._sheet.write_string(self._row + 1, 0, self._texts.total, self._bold)
        self._sheet.write_number(self._row + 1, _AMOUNT, _euros(self._cents), self._bold_money)

    def _start(self) -> Worksheet:
        number = len(self._book.worksheets()) + 1
        sheet = self._book.add_worksheet(self._texts.title if number == 1 else f"{self._texts.title} {number}")
        for place, (column, heading) in enumerate(self._texts.columns.items()):
            sheet.set_column(place, place, _WIDTHS[column])
            sheet.write_string(0, place, heading, self._bold)
        sheet.freeze_panes(1, 0)
        return sheet


def _euros(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
