"""Our files in a real spreadsheet: LibreOffice opens each, in Dutch and in English, and we look at what it made of it.

It is told separator and language, which on somebody's computer come from the settings and the question that it asks at
a double click, and may be another separator than the file's; it is told to find dates and numbers wherever it can and
to calculate whatever looks like a formula, which is as eager as any spreadsheet. Skipped where there is no LibreOffice
(`python -m tests.soffice` fetches one).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from openpyxl.cell import Cell

from selfservice.i18n.languages import LANGUAGES
from selfservice.orders import export
from selfservice.orders.export.cell_escaping import identifier, plain
from selfservice.orders.models import Order, Query
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from tests import soffice
from tests.orders.oracle import MOMENTS, Asked, Book, Sold, new_book

pytestmark = pytest.mark.slow  # it starts LibreOffice five times

# Separator; quotation mark; UTF-8; first line; columns as found; language; quoted numbers are numbers too; find dates;
# (for writing only: as shown, formulas); keep spaces; first sheet; calculate.
OPTIONS = {
    "nl": "CSV:59,34,76,1,,1043,false,true,false,false,false,0,true",
    "en": "CSV:44,34,76,1,,2057,false,true,false,false,false,0,true",
}
NAMES = (
    "=1+1", "＝1+1", " =1+1", "\N{NO-BREAK SPACE}=1+1", "+1", "-1", "@SUM(1)", '=HYPERLINK("http://x.example";"x")',
    "Extract, certified; with 'quotes' and \"quotes\"", "1-2-2026", "007", "1E5", "Café ½ €", "line\nbreak", "TRUE",
    # What another separator than the file's own would cut into cells.
    "a;=1+1;b", "a,=1+1,b", "a\t=1+1\tb", "a\n=1+1\nb", "a; =1+1;b", 'a;"=1+1";b', 'a,"=1+1",b', "1;=1+1", "a;b,=1+1",
    'a;"",=1+1', "a,,=1+1", "a;-1+1;", "a;＝1+1",
)  # fmt: skip
NUMBERS = ("0012345678", "1E5", "12-3", "2026-01-02", "MAR-26", "DEC1", "TRUE", "-5", "-1E5", "B-1", "00", "1", "F0012")
SEPARATORS = ",;\t"
AMOUNTS = (-1250, 0, 5, -5, 285, 100_000_000, -100_000_000, 123_456, 1, 100)


@dataclass(frozen=True)
class Opened:
    """A file as a spreadsheet has it, beside what it was made from."""

    rows: list[tuple[Cell, ...]]
    orders: list[Order]
    cents: int


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """Orders with everything in them that a spreadsheet likes to change."""
    with new_book(tmp_path_factory.mktemp("book")) as made:
        with made.db.write() as conn:
            for place, name in enumerate(NAMES):
                made.products[name] = OrderStore(conn).add_product(f"p{place}", name, name)
            conn.execute("UPDATE people SET given_name = '=1+1' WHERE id = :id", {"id": made.people[1]})
            conn.execute("UPDATE organisations SET name = '＝2+2; \"Zonen\"'")
        payments = ("credit", "direct_debit", "ideal", "credit_card")
        states = ("ordered", "delivered", "failed", "cancelled")
        made.add(
            [
                Sold(
                    NUMBERS[n] if n < len(NUMBERS) else f"{n:010d}",
                    MOMENTS[n % len(MOMENTS)] + timedelta(seconds=n),
                    n % 3,
                    NAMES[n % len(NAMES)],
                    AMOUNTS[n % len(AMOUNTS)],
                    payments[n % 4],
                    [None, *NUMBERS][n % (len(NUMBERS) + 1)],
                    states[n // 4 % 4],
                )
                for n in range(60)
            ]
        )
        yield made


def query(book: Book, lang: str) -> Query:
    return Asked(None, Period(), lang, "-date", "").query(book)


@pytest.fixture(scope="module")
def opened(book: Book, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Opened]:
    """Each file by kind and language, opened by LibreOffice: it starts three times, which takes a second each."""
    try:
        soffice.find()
    except soffice.NoLibreOfficeError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("sheets")
    made: dict[tuple[str, str], Path] = {}
    for lang in LANGUAGES:
        for kind in ("csv", "xlsx"):
            made[kind, lang] = folder / f"{lang}.{kind}"
            export.write(book.db, query(book, lang), kind, made[kind, lang])
    found = {}
    for lang in LANGUAGES:
        found["csv", lang] = soffice.convert([made["csv", lang]], folder / f"csv-{lang}", infilter=OPTIONS[lang])[0]
    workbooks = soffice.convert([made["xlsx", lang] for lang in LANGUAGES], folder / "xlsx")
    found |= {("xlsx", lang): path for lang, path in zip(LANGUAGES, workbooks, strict=True)}
    conn = book.db.read()
    result = {}
    for (kind, lang), path in found.items():
        asked = query(book, lang)
        numbers = [each.number for each in OrderStore(conn).page(asked, size=1000).orders]
        rows = list(openpyxl.load_workbook(path).worksheets[0].iter_rows())
        orders = OrderStore(conn).orders(asked.scope, numbers, lang)
        result[kind, lang] = Opened(rows, orders, OrderStore(conn).total(asked).cents)  # type: ignore[arg-type]
    return result


@pytest.fixture(scope="module")
def cut(book: Book, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], list[tuple[Cell, ...]]]:
    """Each CSV file by kind, language and separator, opened by LibreOffice with that separator, its own or another."""
    try:
        soffice.find()
    except soffice.NoLibreOfficeError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("cut")
    made = {(kind, lang): folder / f"{kind}-{lang}.csv" for kind in ("csv", "programs") for lang in LANGUAGES}
    for (kind, lang), file in made.items():
        export.write(book.db, query(book, lang), kind, file)
    found = {}
    for separator in SEPARATORS:
        infilter = OPTIONS["en"].replace("44", str(ord(separator)), 1)
        opened = soffice.convert(list(made.values()), folder / f"by-{ord(separator)}", infilter=infilter)
        for (kind, lang), path in zip(made, opened, strict=True):
            found[kind, lang, separator] = list(openpyxl.load_workbook(path).worksheets[0].iter_rows())
    return found  # type: ignore[return-value]


CSV = [("csv", lang) for lang in LANGUAGES]
XLSX = [("xlsx", lang) for lang in LANGUAGES]


def column(sheet: Opened, place: int) -> list[Cell]:
    """The cells of the orders in a column, without heading and total."""
    return [row[place] for row in sheet.rows[1 : len(sheet.orders) + 1]]


@pytest.mark.parametrize("file", CSV + XLSX)
def test_columns(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """Eleven columns, a heading, a row an order, and only in the workbook a total."""
    sheet = opened[file]
    wanted = len(sheet.orders) + (2 if file[0] == "xlsx" else 1)
    assert ({11}, wanted, 60) == ({len(row) for row in sheet.rows}, len(sheet.rows), len(sheet.orders))


@pytest.mark.parametrize("file", CSV + XLSX)
def test_nothing_calculates(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """Dates are dates, amounts numbers and all else text: no cell is a formula, or became what it was not."""
    rows = opened[file].rows[1 : len(opened[file].orders) + 1]
    kinds = [{row[place].data_type for row in rows if row[place].value is not None} for place in range(11)]
    assert [{"s"}, {"d"}, *[{"s"}] * 6, {"n"}, {"s"}, {"s"}] == kinds
    assert {"s"} == {cell.data_type for cell in opened[file].rows[0]}


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("file", [*CSV, *(("programs", lang) for lang in LANGUAGES)])
def test_nothing_calculates_behind_any_separator(
    cut: dict[tuple[str, str, str], list[tuple[Cell, ...]]], file: tuple[str, str], separator: str
) -> None:
    """Told any separator, the file's own or not, the spreadsheet finds no formula in any cell."""
    cells = [cell for row in cut[*file, separator] for cell in row if cell.value is not None]
    assert (True, []) == (len(cells) > 60, [cell.value for cell in cells if cell.data_type == "f"])


@pytest.mark.parametrize("file", CSV + XLSX)
def test_amounts(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """Amounts are numbers, negative ones too, each to the cent, and add up to the total on the screen."""
    found = [(cell.data_type, round(Decimal(str(cell.value)) * 100)) for cell in column(opened[file], 8)]
    assert [("n", order.cents) for order in opened[file].orders] == found
    assert opened[file].cents == sum(cents for _, cents in found)


@pytest.mark.parametrize("file", CSV + XLSX)
def test_dates(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """Dates are dates, day and month not exchanged."""
    wanted = [datetime.combine(order.ordered_on, time()) for order in opened[file].orders]
    assert wanted == [cell.value for cell in column(opened[file], 1)]


@pytest.mark.parametrize("file", CSV)
def test_texts_in_csv(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """Texts are what the screen shows, with an apostrophe where the spreadsheet would have made something else of it;
    leading zeros are there.
    """
    sheet = opened[file]
    assert [plain(order.product) for order in sheet.orders] == [cell.value for cell in column(sheet, 2)]
    assert [plain(order.ordered_by) for order in sheet.orders] == [cell.value for cell in column(sheet, 5)]
    assert [identifier(order.number) for order in sheet.orders] == [cell.value for cell in column(sheet, 0)]
    invoices = [identifier(order.invoice) if order.invoice else None for order in sheet.orders]
    assert (invoices, {"'00012345"}) == ([c.value for c in column(sheet, 9)], {c.value for c in column(sheet, 4)})


@pytest.mark.parametrize("file", XLSX)
def test_texts_in_workbook(opened: dict[tuple[str, str], Opened], file: tuple[str, str]) -> None:
    """In a workbook every text and number is itself, without apostrophes, and the total stands below."""
    sheet = opened[file]
    assert [order.product for order in sheet.orders] == [cell.value for cell in column(sheet, 2)]
    assert [order.number for order in sheet.orders] == [cell.value for cell in column(sheet, 0)]
    assert [order.invoice for order in sheet.orders] == [cell.value for cell in column(sheet, 9)]
    assert {"00012345"} == {cell.value for cell in column(sheet, 4)}
    assert sheet.cents == round(Decimal(str(sheet.rows[-1][8].value)) * 100)


def test_it_would_have_calculated(tmp_path: Path) -> None:
    """The same texts without our apostrophes are calculated, and numbers lose their zeros: LibreOffice does look."""
    try:
        soffice.find()
    except soffice.NoLibreOfficeError as error:
        pytest.skip(str(error))
    file = tmp_path / "bare.csv"
    file.write_text('a,b,c,d\r\n"=1+1",007,1E5,12-3\r\n', "utf-8")
    row = list(
        openpyxl.load_workbook(soffice.convert([file], tmp_path / "to", infilter=OPTIONS["en"])[0]).worksheets[0]
    )[1]
    assert ("f", 7, 100_000) == (row[0].data_type, row[1].value, row[2].value)
