"""Orders in words and as a drawing: amounts, counts, sizes, file names; bars, marks; colleagues by number."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from selfservice.fragments.orders import chart
from selfservice.i18n.formats import format_money
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.orders import labels, visibility
from selfservice.orders.models import Month, Scope
from tests import house
from tests.clients import HouseClient
from tests.orders.factories import buy, clear
from tests.sign_in_helpers import COLLEAGUE, MAIN, database, prepare, sign_in

ORDERS = "/en/self-service/orders"
both = pytest.mark.parametrize("lang", LANGUAGES)


@both
@given(cents=st.integers(-(10**12), 10**12))
def test_euros(lang: str, cents: int) -> None:
    """An amount is written as all other amounts on the site are, to the cent."""
    with using_language(lang):
        assert format_money(Decimal(cents) / 100) == labels.format_euros(cents)


@pytest.mark.parametrize(("lang", "expected"), [("en", "1,234,567"), ("nl", "1.234.567")])
def test_count(lang: str, expected: str) -> None:
    """Large numbers have thousands."""
    with using_language(lang):
        assert ("7", expected) == (labels.format_count(7), labels.format_count(1234567))


@pytest.mark.parametrize(
    ("size", "en", "nl"),
    [
        (1, "1\N{NO-BREAK SPACE}KB", "1\N{NO-BREAK SPACE}KB"),
        (12_400, "12\N{NO-BREAK SPACE}KB", "12\N{NO-BREAK SPACE}KB"),
        (999_400, "999\N{NO-BREAK SPACE}KB", "999\N{NO-BREAK SPACE}KB"),
        (3_449_999, "3.4\N{NO-BREAK SPACE}MB", "3,4\N{NO-BREAK SPACE}MB"),
        (130_000_000, "130.0\N{NO-BREAK SPACE}MB", "130,0\N{NO-BREAK SPACE}MB"),
    ],
)
def test_size(size: int, en: str, nl: str) -> None:
    """A size is about right, and short."""
    found = []
    for lang in LANGUAGES:
        with using_language(lang):
            found.append(labels.format_size(size))
    assert [en, nl] == found


def months(*cents: int) -> list[Month]:
    """Months from January 2020 on with these amounts."""
    return [Month(dt.date(2020 + place // 12, place % 12 + 1, 1), 1, each) for place, each in enumerate(cents)]


def test_drawing() -> None:
    """The highest bar fills the height, the zero line stands where it must, bars below it hang from it."""
    with using_language("en"):
        drawn = chart.draw(months(300, 0, -100, 1), lambda period: f"{period.first}/{period.last}")
    assert drawn is not None
    assert [
        "M1 0h8v750h-8z", "M11 750h8v0h-8z", "M21 750h8v250h-8z", "M31 742h8v8h-8z",
    ] == [bar.shape for bar in drawn.bars]  # fmt: skip
    assert (750, 300, -100) == (drawn.zero, drawn.highest, drawn.lowest)
    assert ["2020-02-01/2020-02-29", "2020-03-01/2020-03-31"] == [bar.href for bar in drawn.bars[1:3]]
    assert [False, False, True, False] == [bar.is_below for bar in drawn.bars]


@pytest.mark.parametrize(
    ("count", "marks"),
    [
        (2, ["Jan", "Feb", "", "", "", ""]),
        (7, ["J", "F", "M", "A", "M", "J", "J"]),
        (26, ["2020", *[""] * 11, "2021", *[""] * 11, "2022", ""]),
        (61, ["’20", *[""] * 11] * 1),
    ],
)
def test_marks(count: int, marks: list[str]) -> None:
    """A name below each of a few months, a letter below each of some more, and of many the years."""
    with using_language("en"):
        drawn = chart.draw(months(*[1] * count))
    assert drawn is not None
    assert marks == list(drawn.marks[: len(marks)])
    assert len(drawn.marks) == max(6, count)


@pytest.mark.parametrize("cents", [(), (5,)])
def test_nothing_to_compare(cents: tuple[int, ...]) -> None:
    """One month is no drawing."""
    assert chart.draw(months(*cents)) is None


@both
def test_all_zero(lang: str) -> None:
    """Months that cost nothing can be drawn."""
    with using_language(lang):
        drawn = chart.draw(months(0, 0))
    assert drawn is not None
    assert (0, 0) == (drawn.highest, drawn.zero)


def test_many_colleagues(app: Flask, client: HouseClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many colleagues to choose from, each row still leads to those of who ordered it."""
    prepare(app)
    clear(app)
    mine, theirs = buy(app, MAIN), buy(app, COLLEAGUE)
    monkeypatch.setattr(visibility, "MOST_PEOPLE", 1)
    sign_in(client)
    page = house.parse(client.get(ORDERS).text)
    links = {
        house.text_of(one): one.get("href", "") for one in house.elements(page, "a") if "by=" in one.get("href", "")
    }
    assert [] == [one for one in house.elements(page, "select") if one.get("name") == "by"]
    assert {
        "Jip van der Zonnestraal": f"{ORDERS}?by=1#orders-found",
        "Amira Merrywind": f"{ORDERS}?by=2#orders-found",
    } == links
    chosen = client.get(f"{ORDERS}?by=2").text
    assert (True, False, True) == (theirs in chosen, mine in chosen, "Everything, Amira Merrywind" in chosen)
    assert [400, 400] == [client.get(f"{ORDERS}?by={number}").status_code for number in (3, 10**8)]


def test_ordinals(app: Flask) -> None:
    """Numbers in addresses count within the account, in the order in which people first ordered."""
    clear(app)
    for who in (2, MAIN, 3, COLLEAGUE):
        buy(app, who)
    conn = database(app).read()
    scope = Scope(1, None)
    ids = [row["id"] for row in conn.execute("SELECT id FROM order_holders WHERE account = 1 ORDER BY id")]
    assert {ids[0]: 1, ids[1]: 2} == visibility.ordinals(conn, scope, ids)
    assert {ids[1]: 2} == visibility.ordinals(conn, scope, [ids[1]])
    found = [visibility.holder_by_ordinal(conn, scope, number) for number in (1, 2, 3, 0)]
    assert [ids[0], ids[1], None, None] == [each.id if each else None for each in found]
    assert visibility.holder_by_ordinal(conn, Scope(1, ids[0]), 1) is None
    assert (None, 2) == (
        visibility.holders_if_few(conn, scope, 1),
        len(visibility.holders_if_few(conn, scope, 2) or ()),
    )
