"""Looking orders up: every list against Python's own, pages that hold while orders arrive, and how the work is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from selfservice.db import Database
from selfservice.orders import export, visibility
from selfservice.orders.export import formats
from selfservice.orders.models import SORTS, Order, Page, Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.orders.store.sqlite import pagination
from selfservice.orders.store.sqlite.export import Lines
from tests.orders.oracle import ASKED, MOMENTS, NAME, ORGANISATION, PRODUCTS, Asked, Book, Sold, new_book, solds

EVERYTHING = Asked(None, Period(), "en", "-date", "")
MANY = 3_000


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    with new_book(tmp_path_factory.mktemp("book")) as made:
        yield made


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A book of 3,000 orders in a year, so many that lists are walked and not gathered."""
    with new_book(tmp_path_factory.mktemp("full")) as made:
        begin = datetime(2025, 1, 1, tzinfo=UTC)
        made.add(
            [
                Sold(f"A{n:05d}", begin + timedelta(hours=3 * n), n % 3, sorted(PRODUCTS)[n % 4], n * 7 % 1000)
                for n in range(MANY)
            ]
        )
        yield made


def forwards(book: Book, query: Query, size: int) -> list[Page]:
    """Every page, by its 'after'."""
    pages = [OrderStore(book.db.read()).page(query, size=size)]
    while pages[-1].after:
        pages.append(OrderStore(book.db.read()).page(query, after=pages[-1].after, size=size))
        assert len(pages) < 100
    return pages


def numbers(pages: list[Page]) -> list[str]:
    return [order.number for page in pages for order in page.orders]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sold=st.one_of(solds("A", 3), solds("A", 30, 10)),
    asked=ASKED,
    size=st.integers(1, 7),
    few=st.sampled_from([0, 2, 1000]),
)
def test_pages(
    book: Book, monkeypatch: pytest.MonkeyPatch, sold: list[Sold], asked: Asked, size: int, few: int
) -> None:
    """Page after page, and back again, a list is what Python finds, in every sort, period, sight and search; whether
    it was walked or gathered makes no difference.
    """
    monkeypatch.setattr(pagination, "FEW", few)
    monkeypatch.setattr(pagination, "FEW_OF_PRODUCTS", few)
    book.clear()
    book.add(sold)
    query = asked.query(book)
    there = forwards(book, query, size)
    back = [there[-1]]
    while back[-1].before:
        back.append(OrderStore(book.db.read()).page(query, before=back[-1].before, size=size))
    wanted = [each.number for each in asked.of(sold)]
    assert (wanted, there) == (numbers(there), back[::-1])


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=solds("A", 20, 8), asked=ASKED, size=st.integers(1, 4), few=st.sampled_from([-1, 1000]), data=st.data())
def test_any_place(
    book: Book,
    monkeypatch: pytest.MonkeyPatch,
    sold: list[Sold],
    asked: Asked,
    size: int,
    few: int,
    data: st.DataObject,
) -> None:
    """From any order in sight, in the list or not, the page after it and the page before it are Python's, and say
    rightly whether there is more; from another's order the first page comes.
    """
    monkeypatch.setattr(pagination, "FEW", few)
    monkeypatch.setattr(pagination, "FEW_OF_PRODUCTS", few)
    book.clear()
    book.add(sold)
    place = data.draw(st.sampled_from(sold))
    found, query = asked.of(sold), asked.query(book)
    # A number to look for is the whole list, and has no places.
    assume(not asked.words.strip().lower().startswith("a0") and asked.words != "A 02")
    before, after = asked.beside(sold, place)
    in_sight = place.who < 3 if asked.who is None else place.who == asked.who
    first = (found[:size], False, len(found) > size)
    there = (after[:size], bool(before) or place in found, len(after) > size) if in_sight and after else first
    back = (before[-size:], len(before) > size, bool(after) or place in found)
    back = back if in_sight and len(before) >= size else first
    for wanted, page in (
        (there, OrderStore(book.db.read()).page(query, after=place.number, size=size)),
        (back, OrderStore(book.db.read()).page(query, before=place.number, size=size)),
    ):
        shown = [order.number for order in page.orders]
        assert [each.number for each in wanted[0]] == shown
        assert (wanted[1] and shown[0], wanted[2] and shown[-1]) == (page.before or False, page.after or False)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sold=solds("A", 20, 5), arriving=solds("B", 20, 5), asked=ASKED, size=st.integers(1, 5), data=st.data())
def test_arrivals(
    book: Book, sold: list[Sold], arriving: list[Sold], asked: Asked, size: int, data: st.DataObject
) -> None:
    """While orders arrive between two pages, nothing that was there before is skipped or shown twice."""
    book.clear()
    book.add(sold)
    query = asked.query(book)
    pages = [OrderStore(book.db.read()).page(query, size=size)]
    while pages[-1].after:
        count = data.draw(st.integers(0, len(arriving)))
        book.add(arriving[:count])
        arriving = arriving[count:]
        pages.append(OrderStore(book.db.read()).page(query, after=pages[-1].after, size=size))
    shown = numbers(pages)
    old = [number for number in shown if number.startswith("A")]
    assert ([each.number for each in asked.of(sold)], len(shown)) == (old, len(set(shown)))


def test_arrivals_on_the_way_back(book: Book) -> None:
    """Going back to newer pages shows what arrived meanwhile, and the newest page is full again."""
    book.clear()
    sold = [Sold(f"A{n}", MOMENTS[n], 0, "extract", 285) for n in range(6)]
    book.add(sold)
    query = EVERYTHING.query(book)
    last = forwards(book, query, 3)[-1]
    book.add([Sold("B1", MOMENTS[7], 0, "extract", 285)])
    back = OrderStore(book.db.read()).page(query, before=last.before or "", size=3)
    first = OrderStore(book.db.read()).page(query, before=back.before or "", size=3)
    assert [["A5", "A4", "A3"], ["B1", "A5", "A4"]] == [[o.number for o in page.orders] for page in (back, first)]
    assert (None, "A4") == (first.before, first.after)


@pytest.mark.parametrize("place", ["", "nonsense", "A9999", "Z1", "'", "\0", "a0"])
def test_bad_places(book: Book, place: str) -> None:
    """A place that means nothing here, or is somebody else's order, gives the first page."""
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n], 0, "extract", 285) for n in range(4)])
    book.add([Sold("Z1", MOMENTS[2], 3, "extract", 285)])
    query = EVERYTHING.query(book)
    first = OrderStore(book.db.read()).page(query, size=2)
    assert ["A3", "A2"] == [order.number for order in first.orders]
    for given_place in ({"after": place}, {"before": place}):
        assert first == OrderStore(book.db.read()).page(query, size=2, **given_place)


def test_places_outside(book: Book) -> None:
    """A place that is no longer in the list, since period or words changed in the address, is still a place."""
    book.clear()
    book.add([Sold(f"A{n}", MOMENTS[n], 0, "extract" if n % 2 else "accounts", n) for n in range(8)])
    query = replace(EVERYTHING.query(book), words="extract")
    page = OrderStore(book.db.read()).page(query, after="A4", size=1)
    assert (["A3"], "A3", "A3") == ([each.number for each in page.orders], page.before, page.after)
    page = OrderStore(book.db.read()).page(query, before="A4", size=1)
    assert (["A5"], "A5", "A5") == ([each.number for each in page.orders], page.before, page.after)


def test_get(book: Book) -> None:
    """One order has all that is shown of it, each in its own type."""
    book.clear()
    book.add([Sold("A1", MOMENTS[0], 1, "cafe", -1250, "ideal", "F-1", "cancelled")])
    assert Order(
        number="A1",
        ordered_at=MOMENTS[0],
        ordered_on=date(2024, 2, 29),
        product="Een rapport over cafés",
        product_code="cafe",
        organisation=NAME,
        kvk_number="00012345",
        ordered_by="Amira Jansen",
        code_hint=book.hints[1],
        holder_id=book.holders[1][0],
        payment="ideal",
        cents=-1250,
        invoice="F-1",
        state="cancelled",
    ) == OrderStore(book.db.read()).get(book.scope(None), "A1", "nl")


def test_get_private(book: Book) -> None:
    """A private order has no organisation, and a person without a code now has no hint."""
    book.clear()
    book.add([Sold("P1", MOMENTS[0], 3, "extract", 285)])
    with book.db.write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = created_at WHERE organisation_id IS NULL")
    found = OrderStore(book.db.read()).get(book.scope(3), "P1", "en")
    with book.db.write() as conn:
        conn.execute("UPDATE access_codes SET revoked_at = NULL WHERE organisation_id IS NULL")
    assert found
    assert (None, None, None, "Extract") == (found.organisation, found.kvk_number, found.code_hint, found.product)


@pytest.mark.parametrize(("who", "seen"), [(None, "A1 A2"), (0, "A1"), (1, "A2"), (2, ""), (3, "P1")])
def test_get_in_sight(book: Book, who: int | None, seen: str) -> None:
    """Another's order is as one that does not exist; the main code sees those of the whole organisation, no private."""
    book.clear()
    book.add([Sold("A1", MOMENTS[0], 0, "extract", 1), Sold("A2", MOMENTS[0], 1, "extract", 1)])
    book.add([Sold("P1", MOMENTS[0], 3, "extract", 1)])
    found = [OrderStore(book.db.read()).get(book.scope(who), number, "nl") for number in ("A1", "A2", "P1", "X1")]
    assert seen.split() == [each.number for each in found if each]


def test_scopes(book: Book) -> None:
    """The main person sees all of the organisation, a colleague what is theirs, somebody else nothing at all."""
    conn = book.db.read()
    main, colleague, _, private = book.people
    ids = [holder_id for holder_id, _ in book.holders]
    assert Scope(ORGANISATION, None) == visibility.visible_to(conn, main, ORGANISATION)
    assert Scope(ORGANISATION, ids[1]) == visibility.visible_to(conn, colleague, ORGANISATION)
    assert Scope(-private, ids[3]) == visibility.visible_to(conn, private, None)
    assert Scope(ORGANISATION, visibility.NOBODY) == visibility.visible_to(conn, private, ORGANISATION)
    assert Scope(-main, visibility.NOBODY) == visibility.visible_to(conn, main, None)


def test_holders(book: Book) -> None:
    """The main code's filter names everybody with their place in the account; somebody else's only themselves."""
    conn = book.db.read()
    everybody = visibility.visible_holders(conn, book.scope(None))
    assert [(1, "Jip Jansen"), (2, "Amira Jansen"), (3, "Thijs Jansen")] == [(h.ordinal, h.name) for h in everybody]
    assert [everybody[1]] == visibility.visible_holders(conn, book.scope(1))
    assert [] == visibility.visible_holders(conn, Scope(ORGANISATION, visibility.NOBODY))


def every_query(book: Book) -> Iterator[Query]:
    """All kinds of query there are."""
    for who in (None, 1):
        for sort in SORTS:
            for words in ("", "extract", "history", "A00007"):
                for period in (Period(), Period(date(2025, 2, 10), date(2025, 11, 20))):
                    yield Query(book.scope(who), period, "en", sort, words)


@pytest.mark.parametrize("few", [-1, MANY])
def test_plans(full: Book, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Every statement behind pages, totals, months and files finds orders by an index; none sorts orders but where few
    of them were gathered.
    """
    monkeypatch.setattr(pagination, "FEW", few)
    monkeypatch.setattr(pagination, "FEW_OF_PRODUCTS", few)
    statements: list[str] = []
    watched = Database(full.db.path, on_statement=statements.append)
    for query in every_query(full):
        page = OrderStore(watched.read()).page(query, size=5)
        OrderStore(watched.read()).page(query, after=page.after or "", size=5)
        OrderStore(watched.read()).page(query, before=page.after or "", size=2)
        OrderStore(watched.read()).totals(query)
        list(export.pieces(watched, query, "programs"))
    watched.close()
    asked = {each for each in statements if "orders" in each or "lines" in each if each.lstrip().startswith("SELECT")}
    assert {True} == {len(asked) > 100}
    with full.db.separate_connection() as conn:
        Lines(conn, ORGANISATION, formats.programs().form)
        for statement in asked:
            plan = [row["detail"] for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
            scans = [step for step in plan if re.match(r"SCAN (o|orders|s|order_\w+)\b", step)]
            gathers = "json_each" in statement and "CROSS JOIN orders\n    WHERE" in statement and few > 0
            sorts = [step for step in plan if "TEMP B-TREE" in step and "order_products" not in statement]
            assert ([], []) == (scans, [] if gathers else sorts), statement


def test_work_is_bounded(full: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first page takes the database at most so many steps, whatever is asked: it never goes through all orders."""
    monkeypatch.setattr(pagination, "FEW", 100)
    monkeypatch.setattr(pagination, "FEW_OF_PRODUCTS", 100)
    conn = full.db.read()
    counted = []
    for query in every_query(full):
        ticks: list[None] = []
        conn.set_progress_handler(partial(ticks.append, None), 100)
        OrderStore(conn).page(query, size=25)
        conn.set_progress_handler(None, 0)
        counted.append(len(ticks))
    # In hundreds of steps of SQLite's machine. To sort all orders takes more than 400, four times as many orders 1,600.
    assert [] == [count for count in counted if count > 60]
