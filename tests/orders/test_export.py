"""Orders as files: the screen's rows in the screen's order, each cell what it is, and no cell that calculates."""

from __future__ import annotations

import csv
import io
import json
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl.cell import Cell

from selfservice.db import Database, OperationalError
from selfservice.orders import export
from selfservice.orders.export import workbook
from selfservice.orders.export.cell_escaping import CALCULATING, guard, identifier, plain, quoted
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from tests.orders.oracle import ASKED, DAYS, MOMENTS, NAME, PRODUCTS, Asked, Book, Sold, new_book, solds

EVERYTHING = Asked(None, Period(), "en", "-date", "")
SOLD = [
    Sold("0012345678", datetime(2026, 2, 28, 23, 30, tzinfo=UTC), 0, "extract", 123450, "credit", "F-1"),
    Sold("B-1", datetime(2026, 3, 29, 1, 0, tzinfo=UTC), 1, "cafe", -5, "direct_debit", "0012", "cancelled"),
    Sold("MAR-26", datetime(2026, 12, 31, 23, 0, tzinfo=UTC), 2, "history", -1250, "credit_card", None, "failed"),
]
NUMBERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-", min_size=1, max_size=32)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with new_book(tmp_path_factory.mktemp("book")) as made:
        yield made


def content(book: Book, asked: Asked, kind: str) -> bytes:
    """The whole file."""
    path = book.db.path.with_name("file")
    export.write(book.db, asked.query(book), kind, path)
    return path.read_bytes()


def table(data: bytes, delimiter: str = ",") -> list[list[str]]:
    """A CSV file's cells, read as strictly as can be."""
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter, strict=True))


def test_sheet_in_dutch(book: Book) -> None:
    """Semicolons, decimal commas, days first, Dutch words; UTF-8 with its mark; apostrophes where numbers would change;
    no total row.
    """
    book.clear()
    book.add(SOLD)
    one, two, three = book.hints[:3]
    wanted = (
        '"Bestelnummer";"Datum";"Product";"Organisatie";"KVK-nummer";"Besteld door";"Toegangscode";"Betaalwijze";'
        '"Bedrag";"Factuurnummer";"Status"\r\n'
        '\'MAR-26;01-01-2027;"Historisch uittreksel";"Bakkerij ""De Korst"", Zoon";\'00012345;"Thijs Jansen";'
        f'"…{three}";"creditcard";-12,50;;"mislukt"\r\n'
        'B-1;29-03-2026;"Een rapport over cafés";"Bakkerij ""De Korst"", Zoon";\'00012345;"Amira Jansen";'
        f'"…{two}";"automatische incasso";-0,05;\'0012;"geannuleerd"\r\n'
        '\'0012345678;01-03-2026;"Uittreksel";"Bakkerij ""De Korst"", Zoon";\'00012345;"Jip Jansen";'
        f'"…{one}";"tegoed";1234,50;F-1;"geleverd"\r\n'
    )
    assert b"\xef\xbb\xbf" + wanted.encode() == content(book, replace(EVERYTHING, language="nl"), "csv")


def test_sheet_in_english(book: Book) -> None:
    """Commas, decimal points, ISO dates, English words."""
    book.clear()
    book.add(SOLD[:1])
    wanted = (
        '"Order number","Date","Product","Organisation","KVK number","Ordered by","Access code","Payment method",'
        '"Amount","Invoice number","Status"\r\n'
        '\'0012345678,2026-03-01,"Extract","Bakkerij ""De Korst"", Zoon",\'00012345,"Jip Jansen",'
        f'"…{book.hints[0]}","credit",1234.50,F-1,"delivered"\r\n'
    )
    assert b"\xef\xbb\xbf" + wanted.encode() == content(book, EVERYTHING, "csv")


def test_sheet_in_another_language(book: Book) -> None:
    """Days are as a spreadsheet of that language writes them, and the product is called as in the first language that
    has a name for it; the words are the default's, since the site does not have the language.
    """
    book.clear()
    book.add(SOLD[:1])
    wanted = (
        '\'0012345678;01.03.2026;"Extract";"Bakkerij ""De Korst"", Zoon";\'00012345;"Jip Jansen";'
        f'"…{book.hints[0]}";"tegoed";1234,50;F-1;"geleverd"'
    )
    assert wanted == content(book, replace(EVERYTHING, language="de"), "csv").decode().splitlines()[1]


def test_for_programs(book: Book) -> None:
    """Codes, moments in UTC, points, no mark; the same bytes whatever the language of the page."""
    book.clear()
    book.add(SOLD[1:])
    wanted = (
        "number,ordered_at,ordered_on,product,product_en,product_nl,organisation,kvk_number,ordered_by,code_end,payment,"
        "amount,invoice,state\r\n"
        'MAR-26,2026-12-31T23:00:00Z,2027-01-01,"history","extract with history","Historisch uittreksel",'
        f'"Bakkerij ""De Korst"", Zoon",00012345,"Thijs Jansen",{book.hints[2]},credit_card,-12.50,,failed\r\n'
        'B-1,2026-03-29T01:00:00Z,2026-03-29,"cafe","Café report","Een rapport over cafés",'
        f'"Bakkerij ""De Korst"", Zoon",00012345,"Amira Jansen",{book.hints[1]},direct_debit,-0.05,0012,cancelled\r\n'
    )
    assert wanted.encode() == content(book, EVERYTHING, "programs")
    assert wanted.encode() == content(book, replace(EVERYTHING, language="nl"), "programs")


def test_json(book: Book) -> None:
    """A list of objects with the amount as text and in cents, and null where there is nothing; the same in Dutch."""
    book.clear()
    book.add([Sold("P1", MOMENTS[2], 3, "cafe", -5, "ideal", None, "ordered")])
    wanted = {
        "number": "P1",
        "ordered_at": "2024-02-29T23:00:00Z",
        "ordered_on": "2024-03-01",
        "product": "cafe",
        "product_en": "Café report",
        "product_nl": "Een rapport over cafés",
        "organisation": None,
        "kvk_number": None,
        "ordered_by": "Oona Jansen",
        "code_end": book.hints[3],
        "payment": "ideal",
        "amount": "-0.05",
        "cents": -5,
        "invoice": None,
        "state": "ordered",
    }
    found = [json.loads(content(book, replace(EVERYTHING, who=3, language=lang), "json")) for lang in ("en", "nl")]
    assert [[wanted], [wanted]] == found


@pytest.mark.parametrize("kind", ["csv", "programs", "json", "xlsx"])
def test_nothing(book: Book, kind: str) -> None:
    """A file without orders is whole all the same."""
    book.clear()
    found = content(book, EVERYTHING, kind)
    if kind == "xlsx":
        rows = list(openpyxl.load_workbook(io.BytesIO(found)).worksheets[0].values)
        assert (2, "Total", 0) == (len(rows), rows[1][0], rows[1][8])
    else:
        assert ([] if kind == "json" else 1) == (json.loads(found) if kind == "json" else len(table(found)))


def test_unknown_kind(book: Book) -> None:
    """Another kind of file is refused before anything is sent."""
    path = book.db.path.with_name("none")
    with pytest.raises(ValueError, match="kinds of file"):
        export.write(book.db, EVERYTHING.query(book), "pdf", path)
    assert not path.exists()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=st.one_of(solds("A", 2), solds("A", 30, 8)), asked=ASKED, step=st.integers(1, 7))
def test_rows_and_order(book: Book, monkeypatch: pytest.MonkeyPatch, sold: list[Sold], asked: Asked, step: int) -> None:
    """Each kind of file has exactly the rows of the screen, in its order, wherever one piece ends and the next begins,
    and amounts that add up to the screen's total.
    """
    monkeypatch.setattr(OrderStore, "LINES_A_PIECE", step)
    monkeypatch.setattr(OrderStore, "NUMBERS_AT_ONCE", step)
    book.clear()
    book.add(sold)
    wanted = asked.of(sold)
    objects = json.loads(content(book, asked, "json"))
    programs = list(csv.DictReader(io.StringIO(content(book, asked, "programs").decode(), newline="")))
    sheet = table(content(book, asked, "csv"), ";" if asked.language == "nl" else ",")[1:]
    assert [(each.number, each.cents) for each in wanted] == [(one["number"], one["cents"]) for one in objects]
    for one, row, cells, each in zip(objects, programs, sheet, wanted, strict=True):
        assert {**row, "cents": each.cents} == {key: "" if value is None else value for key, value in one.items()}
        assert [identifier(each.number), day(each.on, asked.language)] == cells[:2]
        assert (f"{each.cents / 100:.2f}", row["amount"]) == (cells[8].replace(",", "."), cells[8].replace(",", "."))
        assert (identifier(each.invoice) if each.invoice else "") == cells[9]
    assert (
        OrderStore(book.db.read()).total(asked.query(book)).cents
        == sum(Decimal(row["amount"]) for row in programs) * 100
    )


@pytest.mark.parametrize("sort", ["-date", "date"])
def test_periods(book: Book, sort: str) -> None:
    """From any day to any day a file has the orders of those days, also in its own quick way for the newest first."""
    book.clear()
    sold = [Sold(f"A{n}", moment, n % 2, "extract", 1) for n, moment in enumerate(MOMENTS)]
    book.add(sold)
    for first in (None, *DAYS):
        for last in (None, *DAYS):
            asked = Asked(None, Period(first, last), "en", sort, "")
            found = [one["number"] for one in json.loads(content(book, asked, "json"))]
            assert (asked.period, [each.number for each in asked.of(sold)]) == (asked.period, found)


def day(value: date, language: str) -> str:
    return f"{value:%d-%m-%Y}" if language == "nl" else value.isoformat()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=20, unique_by=lambda pair: pair[0]))
@example(
    [(text, text) for text in ("-1", "0", "9A", "A", "JAN", "JANX", "TRUE", "FALSE-1", "WAAR", "ONW1", "Z9", "1E5")]
)
def test_apostrophes_in_sql(book: Book, numbers: list[tuple[str, str]]) -> None:
    """The database puts an apostrophe before the same order and invoice numbers as `cells.identifier` does; for
    programs only before those that begin with a dash.
    """
    book.clear()
    book.add([Sold(number, MOMENTS[0], 0, "extract", 1, "credit", invoice) for number, invoice in numbers])
    wanted = sorted(numbers, reverse=True)
    sheet = [(cells[0], cells[9]) for cells in table(content(book, EVERYTHING, "csv"))[1:]]
    assert [(identifier(number), identifier(invoice)) for number, invoice in wanted] == sheet
    programs = [(cells[0], cells[12]) for cells in table(content(book, EVERYTHING, "programs"))[1:]]
    assert [(guard(number), guard(invoice)) for number, invoice in wanted] == programs


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+31", "-1", "@x", "\tx", "\rx", "\nx", "\0x", " =1", "\N{NO-BREAK SPACE}=1", "\N{IDEOGRAPHIC SPACE}=1",
        "\N{ZERO WIDTH SPACE}=1", "\ufeff=1", "\u200e=1", "\u2060 =1", "\x0b=1", "＝1", "＋1", "－1", "＠1", " ＝1",
        "﹦1", " \t", " ", "\u3164=1", "\ufe0f=1", "\U000e0020=1", "⩵1", '"=1', ' ""=1',
    ],
)  # fmt: skip
def test_guarded(text: str) -> None:
    """What a spreadsheet could calculate from, or what hides that, gets an apostrophe."""
    assert f"'{text}" == guard(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "Jip",
        "1",
        "é=",
        "a=1",
        "'",
        "'=1",
        '"1',
        "…2K7",
        "½",
        " x",
        "x\n1",
        "x\r\n\r\ny",
        "(1)",
        "a; b, c\t1",
        "a,",
    ],
)
def test_not_guarded(text: str) -> None:
    """Any other text stays as it is."""
    assert text == guard(text)


@pytest.mark.parametrize(
    "text",
    [
        "007", "1E5", "12-3", "1-2-2026", "2026-01-02", "1 maart 2026", "Mar 26", "March 1st, 2026", "12:30",
        "1.000,50", "€ 5", "5 EUR", "50%", "(5)", "½", "１２", "3 pm", "za 3 mei", "TRUE", "waar", " Onwaar ",
        "=1", "＝1",
    ],
)  # fmt: skip
def test_not_plain(text: str) -> None:
    """A name that a spreadsheet would read as a number, a day, a time or a truth value gets an apostrophe there."""
    assert f"'{text}" == plain(text)


@pytest.mark.parametrize("text", ["24/7 Taxi", "2BHIP", "Extract 2026", "May", "True North", "3 extracts", "Jip"])
def test_plain(text: str) -> None:
    """A name with a number in it stays as it is."""
    assert text == plain(text)


def test_signs_like_them() -> None:
    """Every sign of Unicode that is one of these in another form counts as that one."""
    alike = [chr(code) for code in range(sys.maxunicode) if unicodedata.normalize("NFKC", chr(code))[:1] in CALCULATING]
    missed = [sign for sign in alike if sign and guard(sign + "1")[0] != "'"]
    assert (True, []) == (len(alike) > 15, missed)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a;=1+1;b", "a;'=1+1;b"), ("x,=1,-1", "x,'=1,'-1"), ("x\t@x", "x\t'@x"), ("x\n=1", "x\n'=1"),
        ("x\r\n=1", "x\r\n'=1"), ("x\r=1", "x\r'=1"), ("x; =1", "x;' =1"), ("x|＝1", "x|'＝1"),
        ('a;"=1";b', "a;'\"=1\";b"), ("=1;=2", "'=1;'=2"), ("1;=1", "1;'=1"), ("tel, +31 6", "tel,' +31 6"),
    ],
)  # fmt: skip
def test_guarded_behind_separators(text: str, wanted: str) -> None:
    """Each part that another separator, or a line's end, would make a cell of its own is guarded by itself; a number is
    still a number to whoever reads texts as such.
    """
    assert (wanted, wanted if text[0] != "1" else f"'{wanted}") == (guard(text), plain(text))


@given(text=st.text(st.sampled_from("=+-@\t\r\n\0 \u3000＝'\";,|1aé\u200b")))
def test_guard_and_quote(text: str) -> None:
    """A cell comes out of a CSV reader as it went in, save for apostrophes; whichever separator it is read by, no cell
    begins with what calculates.
    """
    text = text.replace("\0", "")  # Python's reader cannot have it
    for rule in (guard, plain):
        row = f"B-1,{quoted(rule(text))},{quoted(rule(text))}\r\n"
        assert [["B-1", rule(text), rule(text)]] == list(csv.reader(io.StringIO(row, newline=""), strict=True))
        assert rule(text).replace("'", "") == text.replace("'", "")
        for separator in ",;\t|":
            cells = [cell for line in csv.reader(io.StringIO(row, newline=""), delimiter=separator) for cell in line]
            seen = [unicodedata.normalize("NFKC", cell).lstrip(' \u200b"') for cell in cells]
            assert [] == [cell for cell in seen if cell.startswith(tuple(CALCULATING))]


def test_a_name_that_calculates(book: Book) -> None:
    """Names that people and products have are guarded in both CSVs, and are themselves in JSON."""
    book.clear()
    evil = '=HYPERLINK("http://x.example";"y")'
    with book.db.write() as conn:
        book.products["evil"] = OrderStore(conn).add_product("evil", evil, "＝1+1")
        conn.execute("UPDATE people SET given_name = '@sum' WHERE id = :id", {"id": book.people[0]})
    book.add([Sold("A1", MOMENTS[0], 0, "evil", 1)])
    sheet, programs = (table(content(book, EVERYTHING, kind))[1] for kind in ("csv", "programs"))
    dutch = table(content(book, replace(EVERYTHING, language="nl"), "csv"), ";")[1]
    plain = json.loads(content(book, EVERYTHING, "json"))[0]
    with book.db.write() as conn:
        conn.execute("UPDATE people SET given_name = 'Jip' WHERE id = :id", {"id": book.people[0]})
    assert ["'" + evil, "'@sum Jansen", "'＝1+1"] == [sheet[2], sheet[5], dutch[2]]
    assert ["'" + evil, "'＝1+1", "'@sum Jansen"] == [programs[4], programs[5], programs[8]]
    assert [evil, "＝1+1", "@sum Jansen"] == [plain["product_en"], plain["product_nl"], plain["ordered_by"]]


def cells(book: Book, asked: Asked) -> list[list[Sequence[Cell]]]:
    """The cells of each sheet of a workbook, row by row."""
    loaded = openpyxl.load_workbook(io.BytesIO(content(book, asked, "xlsx")))
    return [list(sheet.iter_rows()) for sheet in loaded.worksheets]  # type: ignore[arg-type]


def test_workbook(book: Book) -> None:
    """Real dates and amounts, numbers with their zeros as text and no apostrophes, the language's heading; the total
    below; the heading stays in sight.
    """
    book.clear()
    book.add(SOLD)
    loaded = openpyxl.load_workbook(io.BytesIO(content(book, replace(EVERYTHING, language="nl"), "xlsx")))
    sheet = loaded.worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert ("Bestellingen", "A2", "Bestelnummer") == (sheet.title, sheet.freeze_panes, rows[0][0])
    first = ("MAR-26", datetime(2027, 1, 1), "Historisch uittreksel", NAME, "00012345", "Thijs Jansen")  # noqa: DTZ001
    assert (*first, f"…{book.hints[2]}", "creditcard", -12.5, None, "mislukt") == rows[1]
    assert ("0012345678", 1234.5, "0012") == (rows[3][0], rows[3][8], rows[2][9])
    assert ("Totaal", 1221.95) == (rows[4][0], rows[4][8])
    assert {False} == {cell.data_type == "f" for row in sheet.iter_rows() for cell in row}
    assert {"dd-mm-yyyy", "#,##0.00"} == {sheet["B2"].number_format, sheet["I2"].number_format}
    assert {True} == {width.width > 10 for width in sheet.column_dimensions.values()}


def test_workbook_of_formulas(book: Book) -> None:
    """A text that looks like a formula, an address or a number stays that text in a workbook, as it was."""
    book.clear()
    names = ["=1+1", "{=1+1}", "https://x.example", "0012", "＝1+1", "mailto:a@b.example", "internal:A1"]
    with book.db.write() as conn:
        for place, name in enumerate(names):
            book.products[f"w{place}"] = OrderStore(conn).add_product(f"w{place}", name, name)
    book.add([Sold(f"A{place}", MOMENTS[0], 0, f"w{place}", 1) for place in range(len(names))])
    found = [row[2] for row in cells(book, replace(EVERYTHING, sort="date"))[0][1:-1]]
    assert (names, {"s"}) == ([cell.value for cell in found], {cell.data_type for cell in found})
    assert {None} == {cell.hyperlink for cell in found}


def test_full_sheets(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a sheet holds no more rows another one follows, with a heading; the total of all is on the last."""
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n], 0, "extract", 100 + n) for n in range(5)])
    sheets = [[[cell.value for cell in row] for row in rows] for rows in cells(book, replace(EVERYTHING, sort="date"))]
    assert [["A0", "A1"], ["A2", "A3"], ["A4", "Total"]] == [[row[0] for row in rows[1:]] for rows in sheets]
    assert ({"Order number"}, 5.1) == ({rows[0][0] for rows in sheets}, sheets[2][-1][8])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=solds("A", 20), asked=ASKED)
def test_workbook_rows(book: Book, sold: list[Sold], asked: Asked) -> None:
    """A workbook has the rows of the screen in its order, and their total."""
    book.clear()
    book.add(sold)
    rows = cells(book, asked)[0][1:]
    wanted = asked.of(sold)
    assert [each.number for each in wanted] == [row[0].value for row in rows[:-1]]
    assert [each.cents for each in wanted] == [round(Decimal(str(row[8].value)) * 100) for row in rows[:-1]]
    assert sum(each.cents for each in wanted) == round(Decimal(str(rows[-1][8].value)) * 100)


def test_arrivals(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders that arrive while a file is sent, from people and of products that it has not met yet, neither disturb it
    nor double or skip what was there.
    """
    monkeypatch.setattr(OrderStore, "LINES_A_PIECE", 2)
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n], 0, "extract", 1) for n in range(8)])
    pieces = export.pieces(book.db, EVERYTHING.query(book), "json")
    found = next(pieces) + next(pieces)
    with book.db.write() as conn:
        book.products["late"] = OrderStore(conn).add_product("late", "Late", "Laat")
    book.add([Sold("B1", MOMENTS[11], 1, "late", 1), Sold("B2", MOMENTS[1], 2, "late", 1)])
    shown = [one["number"] for one in json.loads(found + b"".join(pieces))]
    assert ["A7", "A6", "A5", "A4", "A3", "A2", "B2", "A1", "A0"] == shown


def test_a_stop_half_way(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails in the middle raises, after less than the whole; nothing is made to look like an end."""
    monkeypatch.setattr(OrderStore, "LINES_A_PIECE", 1)
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n], 0, "extract", 1) for n in range(5)])
    for kind in ("csv", "programs", "json"):
        pieces = export.pieces(book.db, EVERYTHING.query(book), kind)
        found = [next(pieces), next(pieces)]
        with book.db.write() as conn:
            conn.execute("ALTER TABLE orders RENAME TO gone")
        try:
            with pytest.raises(OperationalError):
                found.extend(pieces)
        finally:
            with book.db.write() as conn:
                conn.execute("ALTER TABLE gone RENAME TO orders")
        assert (2, False) == (len(found), found[-1].endswith((b"\n", b"]")))


def test_nothing_is_held(book: Book) -> None:
    """Between two pieces a download holds no lock and no old state of the database: the log can be emptied."""
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n % 9], 0, "extract", 1) for n in range(60)])
    pieces = export.pieces(book.db, EVERYTHING.query(book), "csv")
    assert b"A59" in next(pieces) + next(pieces)
    book.add([Sold("B1", MOMENTS[1], 0, "extract", 1)])
    row = book.db.read().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    pieces.close()  # type: ignore[attr-defined]
    assert [0, 0, 0] == list(row)


def test_statements_a_piece(book: Book) -> None:
    """A piece of a file is one row of SQL, and one to find its end; nothing is asked for each order."""
    book.clear()
    book.add([Sold(f"A{n:04d}", MOMENTS[n % 9], n % 3, "extract", 1) for n in range(1200)])
    statements: list[str] = []
    watched = Database(book.db.path, on_statement=statements.append)
    pieces = list(export.pieces(watched, EVERYTHING.query(book), "csv"))
    watched.close()
    # The heading; 1,000 and 200 orders; the end. Each person and product met once, which asks for one piece again.
    assert (4, True) == (len(pieces), len([each for each in statements if "PRAGMA" not in each]) < 25)


@pytest.mark.parametrize("kind", export.KINDS)
def test_about_bytes(book: Book, kind: str) -> None:
    """The size said beforehand is right within a factor of two, for many orders."""
    book.clear()
    book.add([Sold(f"{n:010d}", MOMENTS[n % 9], n % 3, sorted(PRODUCTS)[n % 4], n, "credit", "1") for n in range(2000)])
    real = len(content(book, EVERYTHING, kind))
    assert (kind, True) == (kind, real / 2 < export.estimated_bytes(2000, kind) < real * 2)
