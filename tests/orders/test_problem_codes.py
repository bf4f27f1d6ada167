"""The codes by which programs know what is wrong with an order: each has a meaning, each comes, and none is without."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from selfservice.db import Database
from selfservice.importing.parsing import FieldProblem, LineError, read_header, read_json
from selfservice.orders.importer import Importer
from selfservice.orders.validation import COLUMNS, OPTIONAL, PROBLEM_CODES, unknown_fields, values_of_object
from tests.domain_helpers import CONTEXT, NOW, add_person, new_database
from tests.orders.test_importer import CODE, GOOD

# By what is sent in the place of a good order's member: the code, and the field that it is about.
MEMBERS: list[tuple[dict[str, Any], str, str]] = [
    ({"number": ""}, "number-missing", "number"),
    ({"number": "A_1"}, "number-invalid", "number"),
    ({"ordered_at": " "}, "ordered-at-missing", "ordered_at"),
    ({"ordered_at": "2026-03-01"}, "ordered-at-invalid", "ordered_at"),
    ({"ordered_at": "2026-03-29T02:30:00"}, "ordered-at-skipped", "ordered_at"),
    ({"ordered_at": "1969-12-31T23:59:59Z"}, "ordered-at-too-old", "ordered_at"),
    ({"ordered_at": "2018-12-31T23:59:59"}, "ordered-at-too-old", "ordered_at"),
    ({"ordered_at": "2026-11-22T12:00:01Z"}, "ordered-at-in-the-future", "ordered_at"),
    ({"access_code": " "}, "access-code-missing", "access_code"),
    ({"access_code": "2222-2222-2222-2222"}, "access-code-unknown", "access_code"),
    ({"product": None}, "product-missing", "product"),
    ({"product": "a b"}, "product-invalid", "product"),
    ({"payment": ""}, "payment-missing", "payment"),
    ({"payment": "cash"}, "payment-invalid", "payment"),
    ({"state": ""}, "state-missing", "state"),
    ({"state": "lost"}, "state-invalid", "state"),
    ({"amount": ""}, "amount-missing", "amount"),
    ({"cents": 1250}, "amount-and-cents", "amount"),
    ({"amount": "1,50"}, "amount-invalid", "amount"),
    ({"amount": "1000000.01"}, "amount-too-large", "amount"),
    ({"amount": "", "cents": "12.5"}, "cents-invalid", "cents"),
    ({"amount": None, "cents": True}, "cents-invalid", "cents"),
    ({"invoice": "F 1"}, "invoice-invalid", "invoice"),
    ({"updated_at": "yesterday"}, "updated-at-invalid", "updated_at"),
    ({"updated_at": "2026-03-29T02:30:00"}, "updated-at-skipped", "updated_at"),
    ({"updated_at": "1969-12-31T23:59:59Z"}, "updated-at-too-old", "updated_at"),
    ({"updated_at": "2026-11-21T12:05:00.000001Z"}, "updated-at-in-the-future", "updated_at"),
    ({"product_nl": "x" * 121}, "product-name-invalid", "product_nl"),
    ({"amount": 12.5}, "field-not-text", "amount"),
    ({"product_en": "a\x1b"}, "character-not-allowed", "product_en"),
]
# By a line of a file of CSV (or, where it begins with {, of JSON).
LINES = [
    (b'"' + b"x" * 100_000 + b'"', "line-too-long"),
    (b"\xff", "line-not-utf-8"),
    (b'"', "line-quotation-mark"),
    (b"a,b", "line-field-count"),
    (b"{", "line-not-json"),
    (b'{"a": 1, "a": 2}', "line-not-json"),
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with new_database(tmp_path) as made:
        add_person(made, code=CODE)
        yield made


def problems(db: Database, order: object) -> list[tuple[str, str]]:
    """The code and field of each problem of an order, as JSON brings it."""
    with pytest.raises(LineError) as caught:
        Importer(CONTEXT, NOW).add(db.read(), values_of_object(order))
    assert "; ".join(each.message for each in caught.value.problems) == str(caught.value)
    return [(each.code, each.field) for each in caught.value.problems]


@pytest.mark.parametrize(("wrong", "code", "field"), MEMBERS, ids=lambda value: str(value)[:60])
def test_members(db: Database, wrong: dict[str, Any], code: str, field: str) -> None:
    """What is wrong with a member has its own code, and names the field."""
    assert [(code, field)] == problems(db, json.loads(json.dumps(GOOD | wrong)))


@pytest.mark.parametrize(("line", "code"), LINES, ids=lambda value: str(value)[:60])
def test_lines(line: bytes, code: str) -> None:
    """What is wrong with a whole line has its own code, and names no field."""
    header = read_header(",".join(COLUMNS).encode(), COLUMNS, OPTIONAL)
    with pytest.raises(LineError) as caught:
        read_json(line) if line.startswith(b"{") else header.parse_line(line)
    assert [(code, "")] == [(each.code, each.field) for each in caught.value.problems]


def test_all_at_once(db: Database) -> None:
    """An order of which several things are wrong has a problem for each, in the order of the columns; no object has
    one.
    """
    wrong = GOOD | {"number": "", "payment": "x", "product_en": "x" * 121}
    expected = [("number-missing", "number"), ("payment-invalid", "payment"), ("product-name-invalid", "product_en")]
    assert expected == problems(db, wrong)
    assert [("field-not-text", "number"), ("character-not-allowed", "state")] == problems(
        db, GOOD | {"number": 1, "state": "a\x00"}
    )
    assert [("not-an-object", "")] == problems(db, [])


def test_each_code_comes() -> None:
    """The table has exactly the codes that come."""
    seen = {code for _, code, _ in MEMBERS} | {code for _, code in LINES}
    assert set(PROBLEM_CODES) == seen | {"not-an-object", "unknown-field", "line-invalid"}


def test_plain_text() -> None:
    """An error with only a text is one problem of the whole line."""
    assert (FieldProblem("line-invalid", "", "it is wrong"),) == LineError("it is wrong").problems


def test_unknown_fields() -> None:
    """A name that is not known is told with the nearest that is; what cannot be shown is escaped, what is long cut."""
    told = unknown_fields(["invoce", "number", "x\x1b[2J", "y" * 100_000])
    assert [
        ("unknown-field", "invoce", "invoce is not known: not looked at; did you mean 'invoice'?"),
        ("unknown-field", r"x\x1b[2J", r"x\x1b[2J is not known: not looked at"),
        ("unknown-field", "y" * 64, f"{'y' * 64} is not known: not looked at"),
    ] == told
