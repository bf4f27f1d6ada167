"""Keyset pagination: a query's orders in the query's order, forwards or backwards from any of them.

By date: a scan along an index; with words, one scan a product, merged. By product: one scan a product, one after the
other. By amount: a scan along the amounts, unless the sums say that few come into question: then those are fetched and
sorted. No scan sorts, and where it begins is found in the index; so the first page of anything is found without reading
much more than it shows, among ten orders and among a million (docs/why.md).
"""

from __future__ import annotations

import heapq
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Any, NamedTuple

from selfservice.db import Connection, Row
from selfservice.orders.models import Order, Page, Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.product_names import product_name
from selfservice.orders.store.sqlite.base import OnConnection

# Sorting so many takes about a millisecond. Scanning is quicker only where what is looked for is spread evenly, which
# it is not when products are chosen, since a product has a price: then sorting pays for longer.
FEW = 2_000
FEW_OF_PRODUCTS = 30_000
_NUMBER = re.compile(r"[A-Z0-9-]{1,32}")
# What stands around a number that was copied: the apostrophe of our own CSV files, quotation marks, a full stop.
_AROUND = "'’‘`\"“”„.,;:#()"
# Beyond any amount and any moment.
_FAR = 1 << 60

# The columns that an order of the list goes by: (ordered_at, number), or (cents, ordered_at, number).
Position = tuple[Any, ...]


class Cursor(NamedTuple):
    """Where an order stands in every sort. No number is empty, so one with none stands before all of its second."""

    ordered_at: int
    number: str
    cents: int
    product: tuple[str, str]


class Product(NamedTuple):
    """A product (its name without case and accents), and how many orders of it a scope has in the months that a period
    touches: at least as many as in the period itself. `text` is what words are looked for in.
    """

    name: str
    code: str
    id: int
    orders: int
    text: str

    @property
    def position(self) -> tuple[str, str]:
        """Where it stands by name."""
        return self.name, self.code


def fold(text: str) -> str:
    """The text without case, accents and compatibility forms."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))


@lru_cache(8192)
def product_text(names: str, code: str) -> str:
    """What words are looked for in: the names of a product in all languages, and its code, folded."""
    return fold(" ".join((*json.loads(names).values(), code)))


def search_terms(words: str) -> list[str]:
    """The words to look for, folded."""
    return fold(words).split()


def is_table_order(query: Query) -> bool:
    """Whether the list is one stretch of the table itself, which is in the order of accounts and moments."""
    return query.sort == "-date" and not search_terms(query.words) and query.scope.holder_id is None


def as_number(words: str) -> str | None:
    """The words as an order number is written, without what stands around it; None when they cannot be one."""
    plain = "".join(unicodedata.normalize("NFKC", words).upper().split()).strip(_AROUND)
    return plain if _NUMBER.fullmatch(plain) else None


def _months(period: Period) -> tuple[str, str]:
    """The first and the last month that a period touches, as the sums write them; an open end has any."""
    first = f"{period.first:%Y-%m}" if period.first else "0000-00"
    return first, f"{period.last:%Y-%m}" if period.last else "9999-99"


@dataclass(frozen=True)
class Listing:
    """The orders of a query."""

    conn: Connection
    query: Query

    @cached_property
    def terms(self) -> list[str]:
        """The words to look for, if any."""
        return search_terms(self.query.words)

    @cached_property
    def single(self) -> Cursor | None:
        """The one order that the words are the number of, if there is one in the scope and the period."""
        number = as_number(self.query.words) if self.terms else None
        found = self.cursor(number) if number else None
        since, until = self.query.period.seconds
        return found if found is not None and since <= found.ordered_at < until else None

    @cached_property
    def products(self) -> list[Product]:
        """The products ordered in the period's months in which all words occur (in a name or the code), by name."""
        first, last = _months(self.query.period)
        rows = self.conn.execute(_PRODUCTS[self._is_own], {**self._bound, "first": first, "last": last})
        found = (
            Product(self._name(row), row["code"], row["id"], row["orders"], product_text(row["names"], row["code"]))
            for row in rows
        )
        return sorted(each for each in found if all(term in each.text for term in self.terms))

    def cursor(self, number: str) -> Cursor | None:
        """Where the order with this number stands, or None when the scope has no such order."""
        row = self.conn.execute(
            """SELECT o.ordered_at, o.number, o.cents, p.code, p.names
               FROM orders o JOIN order_products p ON p.id = o.product_id
               WHERE o.number = :number AND o.account = :account AND (:holder IS NULL OR o.holder_id = :holder)""",
            {**self._bound, "number": number},
        ).fetchone()
        if row is None:
            return None
        return Cursor(row["ordered_at"], row["number"], row["cents"], (self._name(row), row["code"]))

    def contains(self, cursor: Cursor) -> bool:
        """Whether the order at this cursor is in the list itself, not only visible."""
        since, until = self.query.period.seconds
        if not since <= cursor.ordered_at < until:
            return False
        return not self.terms or any(each.position == cursor.product for each in self.products)

    def has_more(self, number: str, *, backwards: bool) -> bool:
        """Whether any order follows the one with this number, or precedes it when `backwards`."""
        cursor = self.cursor(number)
        return cursor is not None and next(self.numbers(cursor, backwards=backwards, step=1), None) is not None

    def numbers(self, after: Cursor | None = None, *, backwards: bool = False, step: int = 500) -> Iterator[str]:
        """The numbers of the orders after this cursor, or before it (the nearest first) when `backwards`.

        `step` is how many are asked of the database at a time. An order named by its number is the whole list.
        """
        if self.single is not None:
            return iter([self.single.number] if after is None else [])
        sort = self.query.sort.removeprefix("-")
        scan = {"date": self._by_date, "amount": self._by_amount, "product": self._by_product}[sort]
        descending = self.query.sort.startswith("-") != backwards
        return (position[-1] for position in scan(after, descending=descending, step=step))

    def _by_date(self, after: Cursor | None, *, descending: bool, step: int) -> Iterator[Position]:
        if not self.terms:
            return self._along_dates(None, after, descending=descending, step=step)
        scans = (self._along_dates(each.id, after, descending=descending, step=step) for each in self.products)
        return heapq.merge(*scans, reverse=descending)

    def _by_product(self, after: Cursor | None, *, descending: bool, step: int) -> Iterator[Position]:
        products = self.products[::-1] if descending else self.products
        place = after.product if after is not None else None
        if place is not None:
            products = [each for each in products if each.position == place or (each.position > place) != descending]
        # Within a product the newest come first, and so, in the reverse of this, the oldest.
        scans = (
            self._along_dates(each.id, after if each.position == place else None, descending=not descending, step=step)
            for each in products
        )
        return chain.from_iterable(scans)

    def _along_dates(
        self, product: int | None, after: Cursor | None, *, descending: bool, step: int
    ) -> Iterator[Position]:
        """The orders (of one product) from this cursor on, in the order of an index."""
        since, until = self.query.period.seconds
        edge = (until, "") if descending else (since, "")
        start = edge if after is None else (min if descending else max)(edge, after[:2])
        kind = self._is_own, descending
        bound = {**self._bound, "since": since, "until": until, "product": product, "step": step}

        def fetch(place: Position) -> list[Row]:
            at, number = place
            more = {**bound, "at": at, "number": number}
            if product is None:
                return self.conn.execute(_BY_DATE[kind], more).fetchall()
            return self.conn.execute(_BY_PRODUCT[kind], more).fetchall()

        return _scan(fetch, start, step)

    def _by_amount(self, after: Cursor | None, *, descending: bool, step: int) -> Iterator[Position]:
        """Along the amounts, past whatever is of another period or of other products; or, of few, all sorted."""
        since, until = self.query.period.seconds
        is_few = sum(each.orders for each in self.products) <= (FEW_OF_PRODUCTS if self.terms else FEW)
        products = json.dumps([each.id for each in self.products]) if is_few or self.terms else None
        bound = {**self._bound, "since": since, "until": until, "products": products, "step": step}
        kind = self._is_own, descending

        def fetch(place: Position) -> list[Row]:
            cents, at, number = place
            more = {**bound, "cents": cents, "at": at, "number": number}
            if is_few:
                return self.conn.execute(_BY_AMOUNT_OF_FEW[kind], more).fetchall()
            return self.conn.execute(_BY_AMOUNT[kind], more).fetchall()

        edge = (_FAR if descending else -_FAR, 0, "")
        return _scan(fetch, edge if after is None else (after.cents, after.ordered_at, after.number), step)

    @property
    def _is_own(self) -> bool:
        return self.query.scope.holder_id is not None

    @property
    def _bound(self) -> dict[str, Any]:
        return {"account": self.query.scope.account, "holder": self.query.scope.holder_id}

    def _name(self, row: Row) -> str:
        return fold(product_name(row["names"], row["code"], self.query.language))


def _scan(fetch: Callable[[Position], list[Row]], position: Position, step: int) -> Iterator[Position]:
    while True:
        rows = fetch(position)
        for row in rows:
            position = tuple(row)
            yield position
        if len(rows) < step:
            return


class Pagination(OnConnection):
    """Orders to be looked at: a page of them, or one by its number."""

    def page(self, query: Query, *, after: str = "", before: str = "", size: int = 25) -> Page:
        """The orders after, or before, the cursor that another page named; without one, or with one that means nothing
        here, the first.

        A cursor is the number of an order, so nothing is skipped or shown twice while orders arrive. What is left of
        less than a page before a cursor is filled up to the first page.
        """
        listing = Listing(self.conn, query)
        if before and (cursor := listing.cursor(before)):
            found = list(islice(listing.numbers(cursor, backwards=True, step=size + 1), size + 1))
            if len(found) >= size:
                shown = found[size - 1 :: -1]
                more_after = listing.contains(cursor) or listing.has_more(shown[-1], backwards=False)
                return self._page(query, shown, has_before=len(found) > size, has_after=more_after)
        elif after and (cursor := listing.cursor(after)):
            found = list(islice(listing.numbers(cursor, step=size + 1), size + 1))
            if found:
                shown = found[:size]
                more_before = listing.contains(cursor) or listing.has_more(shown[0], backwards=True)
                return self._page(query, shown, has_before=more_before, has_after=len(found) > size)
        found = list(islice(listing.numbers(step=size + 1), size + 1))
        return self._page(query, found[:size], has_before=False, has_after=len(found) > size)

    def get(self, scope: Scope, number: str, language: str) -> Order | None:
        """The order with this number (exactly as it is written), or None when the scope has no such order."""
        found = self.orders(scope, [number], language)
        return found[0] if found and scope.holder_id in (None, found[0].holder_id) else None

    def orders(self, scope: Scope, numbers: Sequence[str], language: str) -> list[Order]:
        """The account's orders with these numbers, in their order."""
        rows = self.conn.execute(
            """SELECT o.number, o.ordered_at, o.ordered_on, p.names, p.code, g.name AS organisation, g.kvk_number,
                      trim(q.given_name || ' ' || q.family_name) AS ordered_by, c.hint, o.holder_id, o.payment,
                      o.cents, o.invoice, o.state
               FROM json_each(:numbers) k CROSS JOIN orders o ON o.number = k.value
                    CROSS JOIN order_products p ON p.id = o.product_id
                    CROSS JOIN order_holders h ON h.id = o.holder_id CROSS JOIN people q ON q.id = h.person_id
                    LEFT JOIN organisations g ON g.id = h.organisation_id
                    LEFT JOIN access_codes c ON c.person_id = h.person_id AND c.revoked_at IS NULL
                         AND coalesce(c.organisation_id, 0) = coalesce(h.organisation_id, 0)
               WHERE o.account = :account""",
            {"numbers": json.dumps(numbers), "account": scope.account},
        )
        return [_order(row, language) for row in rows]

    def _page(self, query: Query, numbers: list[str], *, has_before: bool, has_after: bool) -> Page:
        return Page(
            self.orders(query.scope, numbers, query.language),
            numbers[0] if has_before else None,
            numbers[-1] if has_after else None,
        )


def _order(row: Row, language: str) -> Order:
    return Order(
        number=row["number"],
        ordered_at=datetime.fromtimestamp(row["ordered_at"], UTC),
        ordered_on=date.fromisoformat(row["ordered_on"]),
        product=product_name(row["names"], row["code"], language),
        product_code=row["code"],
        organisation=row["organisation"],
        kvk_number=row["kvk_number"],
        ordered_by=row["ordered_by"],
        code_hint=row["hint"],
        holder_id=row["holder_id"],
        payment=row["payment"],
        cents=row["cents"],
        invoice=row["invoice"],
        state=row["state"],
    )


# Each statement four times: of an account or of one holder, descending or ascending.
_ACCOUNT = {"whose": "account = :account", "sums": "order_account_months"}
_HOLDER = {"whose": "holder_id = :holder", "sums": "order_holder_months"}
_DOWN = {
    "beyond": "<", "edge": "ordered_at >= :since", "dates": "ordered_at DESC, number DESC",
    "amounts": "cents DESC, ordered_at DESC, number DESC",
}  # fmt: skip
_UP = {
    "beyond": ">", "edge": "ordered_at < :until", "dates": "ordered_at, number",
    "amounts": "cents, ordered_at, number",
}  # fmt: skip
_ALONG_DATES = """
    SELECT ordered_at, number FROM orders
    WHERE {whose} AND (ordered_at, number) {beyond} (:at, :number) AND {edge}
    ORDER BY {dates} LIMIT :step"""
_ALONG_DATES_OF_PRODUCT = """
    SELECT ordered_at, number FROM orders
    WHERE {whose} AND product_id = :product AND (ordered_at, number) {beyond} (:at, :number) AND {edge}
    ORDER BY {dates} LIMIT :step"""
_ALONG_AMOUNTS = """
    SELECT cents, ordered_at, number FROM orders
    WHERE {whose} AND (cents, ordered_at, number) {beyond} (:cents, :at, :number)
          AND ordered_at >= :since AND ordered_at < :until
          AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
    ORDER BY {amounts} LIMIT :step"""
_OF_PRODUCTS = """
    SELECT cents, ordered_at, number FROM json_each(:products) p CROSS JOIN orders
    WHERE {whose} AND product_id = p.value AND ordered_at >= :since AND ordered_at < :until
          AND (cents, ordered_at, number) {beyond} (:cents, :at, :number)
    ORDER BY {amounts} LIMIT :step"""
_PRODUCTS_OF = """
    SELECT p.id, p.code, p.names, sum(s.orders) AS orders
    FROM {sums} s JOIN order_products p ON p.id = s.product_id
    WHERE s.{whose} AND s.month BETWEEN :first AND :last GROUP BY p.id"""
_BY_DATE = {
    (False, True): _ALONG_DATES.format(**_ACCOUNT, **_DOWN),
    (False, False): _ALONG_DATES.format(**_ACCOUNT, **_UP),
    (True, True): _ALONG_DATES.format(**_HOLDER, **_DOWN),
    (True, False): _ALONG_DATES.format(**_HOLDER, **_UP),
}
_BY_PRODUCT = {
    (False, True): _ALONG_DATES_OF_PRODUCT.format(**_ACCOUNT, **_DOWN),
    (False, False): _ALONG_DATES_OF_PRODUCT.format(**_ACCOUNT, **_UP),
    (True, True): _ALONG_DATES_OF_PRODUCT.format(**_HOLDER, **_DOWN),
    (True, False): _ALONG_DATES_OF_PRODUCT.format(**_HOLDER, **_UP),
}
_BY_AMOUNT = {
    (False, True): _ALONG_AMOUNTS.format(**_ACCOUNT, **_DOWN),
    (False, False): _ALONG_AMOUNTS.format(**_ACCOUNT, **_UP),
    (True, True): _ALONG_AMOUNTS.format(**_HOLDER, **_DOWN),
    (True, False): _ALONG_AMOUNTS.format(**_HOLDER, **_UP),
}
_BY_AMOUNT_OF_FEW = {
    (False, True): _OF_PRODUCTS.format(**_ACCOUNT, **_DOWN),
    (False, False): _OF_PRODUCTS.format(**_ACCOUNT, **_UP),
    (True, True): _OF_PRODUCTS.format(**_HOLDER, **_DOWN),
    (True, False): _OF_PRODUCTS.format(**_HOLDER, **_UP),
}
_PRODUCTS = {False: _PRODUCTS_OF.format(**_ACCOUNT), True: _PRODUCTS_OF.format(**_HOLDER)}
