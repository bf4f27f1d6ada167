"""`loket orders import`: what goes in, what is refused and why, and that it can be stopped and run again."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from selfservice import clock, retention
from selfservice.accounts import access_codes
from selfservice.commands import cli
from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.importing.parsing import FileError
from selfservice.importing.results import ImportCounts, RejectedLine
from selfservice.migrations import migrate
from selfservice.orders import importer
from selfservice.orders.importer import import_file
from selfservice.orders.models import OrderRow
from selfservice.orders.store import OrderStore
from selfservice.orders.timestamps import to_microseconds
from selfservice.orders.validation import COLUMNS
from selfservice.values.access_code import group_code, with_check_character
from selfservice.web.services import Services
from tests.conftest import SECRET
from tests.domain_helpers import CONTEXT, KEYS, NOW, add_person, new_database, rows
from tests.kill_helpers import kill_and_repeat

CODE = with_check_character("23456789ABCDEFG")
GOOD = {
    "number": "A1",
    "ordered_at": "2026-03-01T14:05:00+01:00",
    "access_code": group_code(CODE),
    "product": "extract",
    "payment": "credit",
    "state": "delivered",
    "amount": "12.50",
}
NOT_JSON = "it is not JSON in UTF-8, or names something twice"
NOT_A_MOMENT = "ordered_at is not a moment such as 2026-03-01T14:05:00+01:00"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made, code=CODE)
        yield made


def line(**values: str) -> str:
    """A line of orders: the good one, with these values in place of its own."""
    known = GOOD | values
    return ",".join(known.get(column, "") for column in COLUMNS)


def text(*lines: str, head: str = ",".join(COLUMNS)) -> bytes:
    return "\n".join([head, *lines, ""]).encode()


def bring(
    db: Database, content: bytes, *, strict: bool = False, name: str = ""
) -> tuple[tuple[int, int, int, int], list[RejectedLine]]:
    """Bring a file in: how many were new, changed, the same and refused, and the refusals."""
    refused: list[RejectedLine] = []
    found = import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=refused.append, strict=strict, name=name)
    return (found.new, found.changed, found.same, found.refused), refused


def known(db: Database) -> list[dict[str, Any]]:
    return rows(db, "orders ORDER BY number")


def test_invisible(db: Database) -> None:
    """What cannot be seen and means nothing is taken out, of a line of CSV and of JSON alike."""
    marked = {
        "number": "\u200bA1\u00a0",
        "product": "\ufeffextract",
        "product_en": "Ex\u00adtract\u00a0\u200f!",
        "amount": "\u202a12.50\u202c",
    }
    assert ((1, 0, 0, 0), []) == bring(db, text(line(**marked)))
    assert ((0, 0, 1, 0), []) == bring(db, json.dumps(GOOD | marked).encode(), name="orders.jsonl")
    assert [("A1", 1250)] == [(row["number"], row["cents"]) for row in known(db)]
    assert "Extract !" in str(rows(db, "order_products"))


def test_columns_go_in(db: Database) -> None:
    """All that a line says is in the database, each value in its one form, and the sums with it."""
    content = text(line(invoice="F-1", product_en="Extract", product_nl="Uittreksel"))
    assert ((1, 0, 0, 0), []) == bring(db, content)
    expected = {
        "account": -1, "ordered_at": 1772370300, "number": "A1", "ordered_on": "2026-03-01", "holder_id": 1,
        "product_id": 1, "payment": "credit", "cents": 1250, "invoice": "F-1", "state": "delivered",
        "updated_at": to_microseconds(NOW), "stored_at": to_microseconds(clock.now()),
    }  # fmt: skip
    assert [expected] == known(db)
    assert [{"id": 1, "code": "extract", "names": '{"en": "Extract", "nl": "Uittreksel"}'}] == rows(
        db, "order_products"
    )
    assert [{"id": 1, "person_id": 1, "organisation_id": None, "account": -1}] == rows(db, "order_holders")
    assert [] == OrderStore(db.read()).check()


@pytest.mark.parametrize(
    ("moment", "seconds", "day"),
    [
        ("2026-03-01T14:05:00+01:00", 1772370300, "2026-03-01"),
        ("2026-03-01 13:05:00Z", 1772370300, "2026-03-01"),
        ("2026-03-01T14:05", 1772370300, "2026-03-01"),
        ("2026-03-01T14:05:00.999", 1772370300, "2026-03-01"),
        ("2026-03-01T18:35+0530", 1772370300, "2026-03-01"),
        ("2025-12-31T23:00:00Z", 1767222000, "2026-01-01"),  # midnight in Amsterdam
        ("2025-12-31T22:59:59Z", 1767221999, "2025-12-31"),
        ("2026-06-30T22:00:00Z", 1782856800, "2026-07-01"),  # the same in summer
        ("2024-02-29T23:59:59", 1709247599, "2024-02-29"),
        ("2026-03-29T01:59:59", 1774745999, "2026-03-29"),  # a second before the clock goes forward
        ("2026-03-29T03:00:00", 1774746000, "2026-03-29"),
        ("2026-10-25T02:30:00", 1792888200, "2026-10-25"),  # it comes twice: the first
        ("2026-10-25T02:30:00+01:00", 1792891800, "2026-10-25"),
    ],
)
def test_moments(db: Database, moment: str, seconds: int, day: str) -> None:
    """A moment with or without offset is the right second, and lies on the right day in Amsterdam."""
    assert datetime.fromtimestamp(seconds, NOW.tzinfo) < NOW
    bring(db, text(line(ordered_at=moment)))
    assert [(seconds, day)] == [(row["ordered_at"], row["ordered_on"]) for row in known(db)]


@pytest.mark.parametrize(
    ("amount", "cents"),
    [("12.50", 1250), ("12.5", 1250), ("12", 1200), ("-12.50", -1250), ("-0.05", -5), ("0", 0), ("1000000", 10**8)],
)
def test_amounts(db: Database, amount: str, cents: int) -> None:
    """An amount in euros, or in cents, becomes whole cents."""
    bring(db, text(line(amount=amount), line(number="A2", amount="", cents=str(cents))))
    assert [cents, cents] == [row["cents"] for row in known(db)]


def test_optional_columns(db: Database) -> None:
    """What need not be there may be missing, in any order, with either sign between, in capitals, between quotes."""
    columns = ("cents", "state", "extra", "payment", "product", "access_code", "ordered_at", "number")
    values = GOOD | {"cents": "-250", "extra": '"x;""y"'}
    content = text(";".join(values[column] for column in columns), head=";".join(columns).upper())
    assert ((1, 0, 0, 0), []) == bring(db, b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))
    assert [(-250, None)] == [(row["cents"], row["invoice"]) for row in known(db)]
    assert [("extract", "{}")] == [(row["code"], row["names"]) for row in rows(db, "order_products")]


@pytest.mark.parametrize("sign", [",", ";"])
def test_all_between_quotes(db: Database, sign: str) -> None:
    """A file of which every field stands between quotation marks, the names of the columns too, goes in."""
    heads = sign.join(f'"{column}"' for column in COLUMNS)
    content = text(sign.join(f'"{GOOD.get(column, "")}"' for column in COLUMNS), head=heads)
    assert ((1, 0, 0, 0), []) == bring(db, b"\xef\xbb\xbf" + content)


def test_only_spaces(db: Database) -> None:
    """Spaces are nothing: no invoice, and no amount beside cents."""
    assert ((1, 0, 0, 0), []) == bring(db, text(line(amount=" ", cents=" 5 ", invoice="  ")))
    assert [(5, None)] == [(row["cents"], row["invoice"]) for row in known(db)]


def test_code_as_typed(db: Database) -> None:
    """An access code counts however it is grouped, and a revoked one too: orders stay with the person."""
    with db.write() as conn:
        access_codes.revoke(conn, 1, NOW)
        other = with_check_character("3456789ABCDEFGH")
        access_codes.add(conn, KEYS, NOW, code=other, person_id=1)
    written = [CODE, CODE.lower(), group_code(CODE), f" {group_code(CODE)} ", other]
    assert (5, 0, 0, 0) == bring(db, text(*(line(number=f"A{n}", access_code=w) for n, w in enumerate(written))))[0]
    assert [1] * 5 == [row["holder_id"] for row in known(db)]


def test_again_writes_nothing(db: Database) -> None:
    """The same file again changes nothing."""
    content = text(line(), line(number="A2"))
    bring(db, content)
    before = db.read().execute("SELECT total_changes()").fetchone()[0], known(db)
    assert ((0, 0, 2, 0), []) == bring(db, content)
    assert before[1] == known(db)


def test_changed(db: Database) -> None:
    """A line that says something else updates its order, also when it moves to another person and moment."""
    _, other = add_person(db, "other@a.example")
    bring(db, text(line(), line(number="A2")))
    moved = line(access_code=other, ordered_at="2025-12-31T23:30:00+01:00", amount="-1", state="cancelled")
    assert ((0, 1, 1, 0), []) == bring(db, text(moved, line(number="A2")))
    assert [(-2, "2025-12-31", -100, "cancelled"), (-1, "2026-03-01", 1250, "delivered")] == [
        (row["account"], row["ordered_on"], row["cents"], row["state"]) for row in known(db)
    ]
    assert [] == OrderStore(db.read()).check()


def test_last_of_a_number_counts(db: Database) -> None:
    """Of lines with one number the last counts, also when others lie between; run again nothing else comes of it."""
    content = text(line(amount="1"), line(number="A2"), line(amount="2"), line(amount="2"), line(amount="3"))
    assert (2, 2, 1, 0) == bring(db, content)[0]
    first = known(db)
    assert ([300, 1250], (0, 2, 3, 0)) == ([row["cents"] for row in first], bring(db, content)[0])
    assert first == known(db)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"number": ""}, "number is empty"),
        ({"number": "A_1"}, "number is not 1 to 32 letters, digits and hyphens"),
        ({"number": "ß"}, "number is not 1 to 32 letters, digits and hyphens"),
        ({"number": "A" * 33}, "number is not 1 to 32 letters, digits and hyphens"),
        ({"ordered_at": ""}, "ordered_at is empty"),
        ({"ordered_at": "2026-03-01"}, NOT_A_MOMENT),
        ({"ordered_at": "2026-02-29T12:00:00"}, NOT_A_MOMENT),
        ({"ordered_at": "2026-03-01T24:00:00"}, NOT_A_MOMENT),
        ({"ordered_at": "٢٠٢٦-03-01T12:00:00"}, NOT_A_MOMENT),
        ({"ordered_at": "2026-03-01T12:00:00+25:00"}, NOT_A_MOMENT),
        ({"ordered_at": "2026-03-01T12:00:00+01:60"}, NOT_A_MOMENT),
        ({"ordered_at": "9999-12-31T12:00:00Z"}, "ordered_at is in the future"),
        ({"ordered_at": "9999-12-31T23:00:00-23:59"}, NOT_A_MOMENT),
        ({"ordered_at": "0001-01-01T00:00:00+23:59"}, NOT_A_MOMENT),
        ({"ordered_at": "1969-12-31T23:59:59Z"}, "ordered_at is before 1970"),
        (
            {"ordered_at": "2026-03-29T02:30:00"},
            "ordered_at is in an hour that the clock skipped; write the offset with it",
        ),
        (
            {"ordered_at": "2018-12-31T23:59:59"},
            "ordered_at is so long ago that the order may not be kept any more",
        ),
        ({"ordered_at": "2026-11-22T12:00:01Z"}, "ordered_at is in the future"),
        ({"access_code": " "}, "access_code is empty, and the order is not known"),
        ({"access_code": "2222-2222-2222-2222"}, "access_code is not one that we gave out"),
        ({"product": ""}, "product is empty"),
        ({"product": "a b"}, "product is not 1 to 64 letters, digits, dots, hyphens and underscores"),
        ({"payment": "cash"}, "payment is not one of credit, direct_debit, ideal, credit_card"),
        ({"state": ""}, "state is empty"),
        ({"amount": ""}, "amount is empty, and so is cents"),
        ({"amount": "1,50"}, "it has 13 fields, the first line has 12"),
        ({"amount": '"1,50"'}, "amount is not euros with a point, such as 12.50"),
        ({"amount": "1.505"}, "amount is not euros with a point, such as 12.50"),
        ({"amount": "1e3"}, "amount is not euros with a point, such as 12.50"),
        ({"amount": "1000000.01"}, "amount is over a million euros"),
        ({"amount": "1000000000"}, "amount is over a million euros"),
        ({"amount": "", "cents": "-10000000000"}, "amount is over a million euros"),
        ({"cents": "1250"}, "amount stands there, and cents too; one of the two is enough"),
        ({"amount": "", "cents": "12.5"}, "cents is not a whole number"),
        ({"invoice": "F 1"}, "invoice is not 1 to 32 letters, digits and hyphens"),
        ({"product_en": "x" * 121}, "product_en is not one line of at most 120 signs"),
        ({"product_nl": "a\x1b[2J"}, "product_nl has a character that cannot be seen (U+001B) at place 2"),
        ({"product_en": '"' + "x" * 100_000 + '"'}, "it is longer than 100,000 bytes"),
        ({"number": "", "payment": "x", "amount": "x"}, None),
    ],
    ids=lambda value: str(value)[:80],
)
def test_refused(db: Database, wrong: dict[str, str], reason: str | None) -> None:
    """A line that cannot go in is refused with its number and every reason; those around it go in."""
    reason = reason or (
        "number is empty; payment is not one of credit, direct_debit, ideal, credit_card; "
        "amount is not euros with a point, such as 12.50"
    )
    content = text(line(number="B1"), "", line(**wrong), line(number="B2"))
    assert ((2, 0, 0, 1), [RejectedLine(4, reason)]) == bring(db, content)
    assert ["B1", "B2"] == [row["number"] for row in known(db)]


class Endless(io.RawIOBase):
    """A file whose second line is of so many bytes, of which no more are made than somebody asks for at once."""

    def __init__(self, head: bytes, size: int) -> None:
        self.head, self.left, self.most = head, size, 0

    def readline(self, size: int | None = -1, /) -> bytes:
        if self.head:
            line, _, self.head = self.head.partition(b"\n")
            return line + b"\n"
        most = self.left if size is None or size < 0 else min(size, self.left)
        self.most, self.left = max(self.most, most), self.left - most
        return b"x" * most


@pytest.mark.parametrize(("head", "line"), [(text(line()), 3), (json.dumps(GOOD).encode() + b"\n", 2)])
def test_a_line_without_end(db: Database, head: bytes, line: int) -> None:
    """A line of 20 MB is refused without being read whole; what stood before it goes in."""
    file, refused, told = Endless(head, 20_000_000), list[RejectedLine](), list[ImportCounts]()
    import_file(db, CONTEXT, file, NOW, refuse=refused.append, progress=told.append)  # type: ignore[arg-type]
    assert [RejectedLine(line, "it is longer than 100,000 bytes")] == refused
    assert (True, 1, 1) == (file.most < 200_000, told[-1].new, told[-1].refused)
    assert 20_000_000 <= told[-1].bytes


def test_a_first_line_without_end(db: Database) -> None:
    """A file that is one line of 20 MB is no CSV, which its beginning shows."""
    file = Endless(b"", 20_000_000)
    with pytest.raises(FileError, match="not found: number"):
        import_file(db, CONTEXT, file, NOW, refuse=print)  # type: ignore[arg-type]
    assert 200_000 > 20_000_000 - file.left


def test_little_is_remembered(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more access codes and products than are remembered all orders go in, each with its own."""
    monkeypatch.setattr(importer, "RUN", 4)
    monkeypatch.setattr(importer, "_KEPT_OWNERS", 2)
    monkeypatch.setattr(importer, "_KEPT_PRODUCTS", 2)
    people = [add_person(db, f"p{number}@a.example") for number in range(5)]
    content = text(
        *(
            line(number=f"A{at:02d}", access_code=people[at % 5][1], product=f"p{at % 7}", product_en=f"Product {at}")
            for at in range(20)
        )
    )
    assert ((20, 0, 0, 0), []) == bring(db, content)
    assert [-people[at % 5][0] for at in range(20)] == [row["account"] for row in known(db)]
    names = {row["code"]: json.loads(row["names"]) for row in rows(db, "order_products")}
    assert {f"p{at % 7}": {"en": f"Product {at}"} for at in range(20)} == names
    assert [] == OrderStore(db.read()).check()


def test_a_code_with_much_around_it(db: Database) -> None:
    """Signs around an access code are left out, but not thousands of them: each would be remembered."""
    content = text(line(access_code=f"{CODE} {' ' * 1000}"))
    assert [RejectedLine(2, "access_code is not one that we gave out")] == bring(db, content)[1]


def told(db: Database, content: bytes, *, strict: bool = False) -> list[str]:
    """What is told of a file that goes in whole."""
    notices: list[str] = []
    found = import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=print, notice=notices.append, strict=strict)
    assert 0 == found.refused
    return notices


@pytest.mark.parametrize("strict", [False, True])
def test_unknown_columns(db: Database, *, strict: bool) -> None:
    """A column that is not known is told once, with the nearest that is, as no mistake; one without a name is not."""
    content = text(line() + ",a,b,,", head=",".join((*COLUMNS, "Invoce", "b\x1b", "", "")))
    expected = [
        "column invoce is not known: not looked at; did you mean 'invoice'?",
        r"column b\x1b is not known: not looked at",
    ]
    assert expected == told(db, content, strict=strict)


def test_unknown_members(db: Database) -> None:
    """Of lines of JSON a name that is not known is told at the end, with how many have it; of many names, twenty."""
    content = "\n".join(as_json(number=f"A{at}", invoce="", **{f"x{at}": 1}) for at in range(30))
    found = told(db, content.encode())
    assert (20, "on 30 lines: invoce is not known: not looked at; did you mean 'invoice'?") == (len(found), found[0])
    assert "on 1 lines: x18 is not known: not looked at" == found[-1]


def test_edges_of_time(db: Database) -> None:
    """The oldest day that is kept, and a day ahead for a shop whose clock is fast, go in."""
    content = text(line(ordered_at="2019-01-01T00:00:00"), line(number="A2", ordered_at="2026-11-22T12:00:00Z"))
    assert ((2, 0, 0, 0), []) == bring(db, content)


def as_json(**values: Any) -> str:
    return json.dumps({name: value for name, value in (GOOD | values).items() if value is not ...})


def test_json(db: Database) -> None:
    """Lines of JSON say the same with the same names; what is null or missing is not there, other names are not looked
    at, and cents are a number.
    """
    content = "\n".join(
        [as_json(x=1), as_json(number="A2", amount=..., cents=-5, invoice=None), "", as_json(number="A3")]
    )
    assert ((3, 0, 0, 0), []) == bring(db, content.encode())
    assert [1250, -5, 1250] == [row["cents"] for row in known(db)]
    assert ((0, 0, 3, 0), []) == bring(db, b"\xef\xbb\xbf" + content.encode())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("{", NOT_JSON),
        ("[" * 90_000, NOT_JSON),
        (as_json(x=1)[:-1] + ', "x": 2}', NOT_JSON),
        (as_json(x=math.nan), NOT_JSON),
        (as_json(x="x" * 100_000), "it is longer than 100,000 bytes"),
        ("[]", "it is not a JSON object"),
        (as_json(amount=12.5), "amount is not a text"),
        (as_json(cents=True), "cents is not a whole number"),
        (as_json(amount=..., cents=10**400), "amount is over a million euros"),
        (as_json(product_en="a\ud800"), "product_en has a character that cannot be seen (U+D800) at place 2"),
    ],
)
def test_json_refused(db: Database, wrong: str, reason: str) -> None:
    """A line that is not such an object is refused with its number; the others go in. The name says what it is, when
    the first line does not.
    """
    content = f"{wrong}\n{as_json(number='B1')}\n".encode()
    assert ((1, 0, 0, 1), [RejectedLine(1, reason)]) == bring(db, content, name="orders.JSONL")


def test_json_in_another_encoding(db: Database) -> None:
    """No line of a file in UTF-16 goes in, also not those that could be read as such by themselves."""
    content = "\n".join(as_json(number=f"A{place}") for place in range(4)).encode("utf-16")
    assert (0, 0, 0, 4) == bring(db, content, name="orders.jsonl")[0]
    assert [] == known(db)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (text(line(), line(number="A2")).replace(b"\n", b"\r"), "its lines end in a way that is not known here"),
        (b"", "the first line must name the columns; not found: number, ordered_at,"),
        (text(head=",".join(COLUMNS[1:])), "not found: number"),
        (text(head=",".join(column for column in COLUMNS if column not in ("amount", "cents"))), "amount"),
        (text(head=",".join((*COLUMNS, "cents"))), "names a column twice: cents"),
    ],
)
def test_unusable(db: Database, content: bytes, says: str) -> None:
    """Without the right first line nothing goes in."""
    with pytest.raises(FileError, match=says):
        bring(db, content)
    assert [] == known(db)


class Pipe(io.BytesIO):
    """What comes through a pipe can be read only once."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: Any) -> int:
        raise io.UnsupportedOperation


@pytest.mark.parametrize("kind", [io.BytesIO, Pipe])
def test_strict(db: Database, kind: type[io.BytesIO]) -> None:
    """When strict, all wrong lines are told and nothing goes in; without wrong lines everything does."""
    refused: list[RejectedLine] = []
    wrong = text(line(), line(number=""), line(number="A2"), line(access_code="x"))
    with pytest.raises(FileError, match="2 of 4 lines cannot be used"):
        import_file(db, CONTEXT, kind(wrong), NOW, refuse=refused.append, strict=True)
    assert ([3, 5], [], []) == ([each.line for each in refused], known(db), rows(db, "order_holders"))
    seen: list[ImportCounts] = []
    right = text(line(), line(number="A2"))
    done = import_file(db, CONTEXT, kind(right), NOW, refuse=refused.append, progress=seen.append, strict=True)
    assert (2, 2) == (done.new, len(known(db)))
    assert [(len(right) // 2, len(right) // 2 * 2)] == [(seen[1].bytes, seen[-1].bytes)]


def test_others_write_in_between(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock is held while lines are read; each batch is on the disk by itself, in the order of the table."""
    monkeypatch.setattr(importer, "RUN", 30)
    monkeypatch.setattr(importer, "BATCH", 20)
    other = Database(db.path)
    seen: list[int] = []

    def progress(_: ImportCounts) -> None:
        with other.write() as conn:
            seen.append(conn.execute("SELECT count(*) FROM orders").fetchone()[0])

    content = text(*(line(number=f"A{number:03d}") for number in range(70)))
    found = import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=print, progress=progress)
    other.close()
    assert ([20, 30, 30, 50, 60, 60, 70, 70], 70, 71) == (seen, found.new, found.last)


def test_told_how_far(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """After each batch it is told how much of the file is dealt with, so that the time left can be: batches of equal
    size come at equal parts of the file. A first look tells of no line as dealt with.
    """
    monkeypatch.setattr(importer, "RUN", 40)
    monkeypatch.setattr(importer, "BATCH", 20)
    content = "".join(as_json(number=f"A{number:03d}") + "\n" for number in range(80)).encode()
    quarter = len(content) // 4
    once: list[ImportCounts] = []
    twice: list[ImportCounts] = []
    import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=print, progress=once.append)
    assert [1, 2, 2, 3, 4, 4] == [told.bytes // quarter for told in once]
    import_file(db, CONTEXT, io.BytesIO(content), NOW, refuse=print, progress=twice.append, strict=True)
    assert [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4] == [told.bytes // quarter for told in twice]


def test_command_with_much(app: Flask, tmp_path: Path) -> None:
    """So many lines of JSON that it is told how far it is go in."""
    file = tmp_path / "orders.jsonl"
    file.write_text(
        "".join(as_json(number=f"A{place}", access_code=accounts.code(0)) + "\n" for place in range(10_000))
    )
    done = app.test_cli_runner().invoke(cli.commands["orders"], ["import", str(file)])
    first, _, last = done.stderr.partition("\n")
    assert (0, "10,000 lines: 10,000 new, 0 changed, 0 the same, 0 refused\n") == (done.exit_code, last)
    assert (True, True) == (first.startswith("100%  10,000 lines  "), first.endswith("  0:00 left"))


def test_command_stopped(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped with Ctrl-C, or by a full disk, it says what was kept and what to do."""
    file = tmp_path / "orders.csv"
    file.write_bytes(text(line(access_code=accounts.code(0))))
    says = []
    for error in (KeyboardInterrupt(), OSError("no space left")):

        def stop(*_: Any, error: BaseException = error, **__: Any) -> None:
            raise error

        monkeypatch.setattr(importer, "import_file", stop)
        done = app.test_cli_runner().invoke(cli.commands["orders"], ["import", str(file)])
        says.append((done.exit_code, done.output))
    kept = "What went in stays; run it again for the rest\n"
    assert [(1, f"loket: stopped. {kept}"), (1, f"loket: stopped: no space left. {kept}")] == says


def test_command(app: Flask, tmp_path: Path) -> None:
    """Refused lines go to standard output, how many of each to standard error; the log has begin and end."""
    run = app.test_cli_runner()
    file = tmp_path / "orders.csv"
    own = {"access_code": accounts.code(0)}
    file.write_bytes(text(line(**own), line(**own, number="")))
    wired: Services = app.extensions["services"]
    first = run.invoke(cli.commands["orders"], ["import", str(file)])
    assert (1, "line 3: number is empty\n", "2 lines: 1 new, 0 changed, 0 the same, 1 refused\n") == (
        first.exit_code,
        first.stdout,
        first.stderr,
    )
    again = run.invoke(cli.commands["orders"], ["import", "-"], input=text(line(**own)))
    assert (0, "", "1 lines: 0 new, 0 changed, 1 the same, 0 refused\n") == (
        again.exit_code,
        again.stdout,
        again.stderr,
    )
    strict = run.invoke(cli.commands["orders"], ["import", "--strict", str(file)])
    says = "line 3: number is empty\nloket: 1 of 2 lines cannot be used. Nothing was changed\n"
    assert (1, says) == (strict.exit_code, strict.output)
    logged = [row["result"] for row in rows(wired.db, "events") if row["what"] == "orders.import"]
    assert ["begun", "partly", "begun", "ok", "begun", "refused"] == logged


def test_check_command(app: Flask) -> None:
    """`loket orders check` finds nothing in a right book, and names each wrong sum with exit status 1."""
    run, wired = app.test_cli_runner(), app.extensions["services"]
    right = run.invoke(cli.commands["orders"], ["check"])
    with wired.db.write() as conn:
        conn.execute("DELETE FROM order_holder_months WHERE holder_id = 1 AND month = '2025-12'")
    wrong = run.invoke(cli.commands["orders"], ["check"])
    assert (0, "", "600 orders: 0 sums are wrong\n") == (right.exit_code, right.stdout, right.stderr)
    assert (1, True) == (wrong.exit_code, wrong.stdout.startswith("holder 1, 2025-12, "))


def test_beside_the_retention(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders of somebody whose last one is cleared away while the file is brought in go in all the same."""
    other, _ = add_person(db, "owen@sterrenpost.example", with_check_character("23456789ABCDEFH"))
    seconds = int(datetime(2018, 12, 30, tzinfo=UTC).timestamp())
    with db.write() as conn:
        holder, account = OrderStore(conn).add_holder(1, None)
        product = OrderStore(conn).add_product("extract")
        OrderStore(conn).upsert(
            [OrderRow(account, seconds, "OLD", "2018-12-30", holder, product, "credit", 285, None, "delivered")]
        )
    monkeypatch.setattr(importer, "BATCH", 1)
    content = text(line(), line(number="B1", access_code=group_code(with_check_character("23456789ABCDEFH"))))
    import_file(
        db,
        CONTEXT,
        io.BytesIO(content),
        NOW,
        refuse=lambda _: None,
        progress=lambda _: retention.clean(db, CONTEXT, NOW) and None,
    )
    assert [("A1", -1), ("B1", -other)] == [(row["number"], row["account"]) for row in known(db)]
    assert [] == OrderStore(db.read()).check()


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 60,000 orders of the demonstration's people, one line of which is refused."""
    file = tmp_path_factory.mktemp("orders") / "orders.csv"
    start = datetime.fromisoformat("2022-01-01T08:00:00+00:00")
    made = (
        line(
            number=f"K{number:06d}",
            ordered_at=(start + timedelta(minutes=number * 37)).isoformat(),
            access_code=accounts.code(number % 37),
            product=f"p{number % 7}",
            amount=f"{number % 50}.25",
            updated_at=(start + timedelta(minutes=number * 37, microseconds=number)).isoformat(),
        )
        for number in range(60_000)
    )
    file.write_bytes(text(*made).replace(b"K011000,", b"K_11000,"))
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, filled: Path, orders: Path) -> Iterator[Database]:
    """What is there when nothing was killed."""
    db = fresh(filled, tmp_path_factory.mktemp("imported") / "whole")
    with orders.open("rb") as file:
        import_file(db, CONTEXT, file, datetime.now(NOW.tzinfo), refuse=lambda _: None)
    yield db
    db.close()


@pytest.mark.slow
@pytest.mark.parametrize("after", [1, 30_000])
def test_killed(tmp_path: Path, filled: Path, orders: Path, whole: Database, after: int) -> None:
    """Killed half-way and run again, the database is as after one run, row by row, and its sums are right."""
    db = fresh(filled, tmp_path / "var")
    half, told = kill_and_repeat(
        db.path.parent, ["orders", "import", str(orders)], lambda: _count(db), after, LOKET_SECRET_KEY=SECRET.decode()
    )
    assert (True, True) == (after <= half < 59_999, half % 20_000 in (0, 19_999))
    assert f"60,000 lines: {59_999 - half:,} new, 0 changed, {half:,} the same, 1 refused" in told
    for table in ("orders", "order_holders", "order_products", "order_account_months", "order_holder_months"):
        found = [[dict(row, stored_at=0) for row in rows(each, table)] for each in (whole, db)]
        assert found[0] == found[1]
    assert ([], []) == (OrderStore(db.read()).check(), db.read().execute("PRAGMA foreign_key_check").fetchall())
    db.close()


def fresh(filled: Path, folder: Path) -> Database:
    """A database with the demonstration's people and none of its orders."""
    folder.mkdir()
    db = Database(folder / "loket.db")
    db.path.write_bytes(filled.read_bytes())
    migrate(db, KEYS)
    with db.write() as conn:
        for statement in ("DELETE FROM orders", "DELETE FROM order_account_months", "DELETE FROM order_holders"):
            conn.execute(statement)
        conn.execute("DELETE FROM order_products WHERE NOT EXISTS (SELECT 1 FROM order_holder_months)")
    return db


def _count(db: Database) -> int:
    return int(db.read().execute("SELECT count(*) FROM orders").fetchone()[0])
