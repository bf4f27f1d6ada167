"""What orders come to: to the cent what Python adds up, for every period, sight and search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings

from selfservice.orders.models import Month, Total
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from tests.orders.oracle import ASKED, DAYS, MOMENTS, Asked, Book, Sold, new_book, solds


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with new_book(tmp_path_factory.mktemp("book")) as made:
        yield made


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=solds("A", 30, 12), asked=ASKED)
def test_totals(book: Book, sold: list[Sold], asked: Asked) -> None:
    """Number and cents are those of the orders that the list shows, whole months, edges and single days alike."""
    book.clear()
    book.add(sold)
    found = asked.of(sold)
    assert Total(len(found), sum(each.cents for each in found)) == OrderStore(book.db.read()).total(asked.query(book))


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=solds("A", 30, 12), asked=ASKED)
def test_months(book: Book, sold: list[Sold], asked: Asked) -> None:
    """Month by month from the first with orders to the last, those without any in between."""
    book.clear()
    book.add(sold)
    found = asked.of(sold)
    firsts = [each.on.replace(day=1) for each in found]
    wanted = []
    month = min(firsts, default=date.max)
    while month <= max(firsts, default=date.min):
        cents = [each.cents for each in found if each.on.replace(day=1) == month]
        wanted.append(Month(month, len(cents), sum(cents)))
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    query = asked.query(book)
    assert (OrderStore(book.db.read()).total(query), wanted) == OrderStore(book.db.read()).totals(query)


@pytest.mark.parametrize("who", [None, 0])
def test_every_period(book: Book, who: int | None) -> None:
    """From any day to any day, with open ends too, backwards too: the days around the ends of months are in or out."""
    book.clear()
    sold = [Sold(f"A{n}", moment, n % 2, "extract", 1 << n) for n, moment in enumerate(MOMENTS)]
    book.add(sold)
    for first in (None, *DAYS):
        for last in (None, *DAYS):
            asked = Asked(who, Period(first, last), "en", "-date", "")
            found = [each.cents for each in asked.of(sold)]
            assert (asked.period, Total(len(found), sum(found))) == (
                asked.period,
                OrderStore(book.db.read()).total(asked.query(book)),
            )


def test_most_months(book: Book) -> None:
    """Of more than ten years the latest ten are given, and all of them count in the total."""
    book.clear()
    book.add([Sold(f"A{year}", datetime(year, 5, 5, tzinfo=UTC), 0, "extract", 100) for year in (2010, 2014, 2024)])
    query = Asked(None, Period(), "en", "-date", "").query(book)
    total, months = OrderStore(book.db.read()).totals(query)
    assert (120, date(2014, 6, 1), date(2024, 5, 1)) == (len(months), months[0].first, months[-1].first)
    assert Total(3, 300) == total == OrderStore(book.db.read()).total(query)


def test_no_orders(book: Book) -> None:
    """Nothing comes to nothing."""
    book.clear()
    query = Asked(1, Period(date(2024, 2, 3), date(2024, 9, 9)), "en", "-date", "").query(book)
    assert (Total(0, 0), []) == OrderStore(book.db.read()).totals(query)


def test_period_backwards(book: Book) -> None:
    """A period that ends before it begins has no orders, not even in the months at its ends."""
    book.clear()
    book.add([Sold(f"A{n}", moment, 0, "extract", 100) for n, moment in enumerate(MOMENTS)])
    for first, last in ((date(2024, 10, 27), date(2024, 4, 1)), (date(2024, 3, 31), date(2024, 3, 1))):
        query = Asked(None, Period(first, last), "en", "-date", "").query(book)
        assert (Total(0, 0), []) == OrderStore(book.db.read()).totals(query)
