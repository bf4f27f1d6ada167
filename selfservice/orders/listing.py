"""A query's orders in the query's order, forwards or backwards from any of them: which walk gives them.

By date: a walk; with words, one walk a product, merged. By product: one walk a product, one after the other. By
amount: a walk along the amounts, unless the sums say that few come into question: then those are gathered and sorted.
So the first page of anything is found without reading much more than it shows (docs/why.md).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from selfservice.db import Connection, Row
from selfservice.orders import matching
from selfservice.orders.amounts import Amount, Amounts
from selfservice.orders.models import Query
from selfservice.orders.walks import Key, Walk

# Sorting so many takes about a millisecond. Walking is quicker only where what is looked for is spread evenly, which
# it is not when products are chosen, since a product has a price: then sorting pays for longer.
FEW = 2_000
FEW_OF_PRODUCTS = 30_000


@dataclass(frozen=True)
class Place:
    """Where an order stands in every sort."""

    key: Key
    cents: int
    product: tuple[str, str]

    @property
    def amount(self) -> Amount:
        """Where it stands by amount."""
        return Amount(self.cents, *self.key)


@dataclass(frozen=True)
class Listing:
    """The orders of a query."""

    conn: Connection
    query: Query

    @cached_property
    def words(self) -> list[str]:
        """The words to look for, if any."""
        return matching.split(self.query.words)

    @cached_property
    def single(self) -> Row | None:
        """The one order that the words are the number of, if there is one in the scope and the period."""
        row = matching.numbered(self.conn, self.query) if self.words else None
        since, until = self.query.period.seconds
        return row if row is not None and since <= row["ordered_at"] < until else None

    @cached_property
    def products(self) -> list[matching.Product]:
        """The products in question, by name."""
        return matching.products(self.conn, self.query)

    def place(self, number: str) -> Place | None:
        """Where the order with this number stands, or None when the scope has no such order."""
        row = matching.locate(self.conn, self.query.scope, number)
        if row is None:
            return None
        name = row["name_nl"] if self.query.language == "nl" else row["name_en"]
        return Place(Key(row["ordered_at"], row["number"]), row["cents"], (matching.fold(name), row["code"]))

    def keys(self, after: Place | None = None, *, backwards: bool = False, step: int = 500) -> Iterator[Key]:
        """The keys of the orders after this place, or before it (the nearest first) when `backwards`.

        `step` is how many are asked for at a time. An order named by its number is the whole list.
        """
        if self.single is not None:
            return iter([Key(self.single["ordered_at"], self.single["number"])] if after is None else [])
        sort = self.query.sort.removeprefix("-")
        descending = self.query.sort.startswith("-") != backwards
        if sort == "amount":
            return self._by_amount(after, descending=descending, step=step)
        if sort == "product":
            return self._by_product(after, descending=descending, step=step)
        return self._by_date(after, descending=descending, step=step)

    def _by_date(self, after: Place | None, *, descending: bool, step: int) -> Iterator[Key]:
        walk = self._walk(descending=descending, step=step)
        key = after.key if after else None
        if not self.words:
            return walk.by_date(key)
        return heapq.merge(*(walk.by_product(each.id, key) for each in self.products), reverse=descending)

    def _by_product(self, after: Place | None, *, descending: bool, step: int) -> Iterator[Key]:
        # Within a product the newest come first, and so, in the reverse of this, the oldest.
        walk = self._walk(descending=not descending, step=step)
        ordered = self.products[::-1] if descending else self.products
        if after is None:
            return chain.from_iterable(walk.by_product(each.id) for each in ordered)
        rest = [each for each in ordered if each.place == after.product or (each.place > after.product) != descending]
        return chain.from_iterable(
            walk.by_product(each.id, after.key if each.place == after.product else None) for each in rest
        )

    def _by_amount(self, after: Place | None, *, descending: bool, step: int) -> Iterator[Key]:
        amounts = Amounts(self.conn, self.query.scope, *self.query.period.seconds, descending, step)
        products = [each.id for each in self.products]
        place = after.amount if after else None
        if sum(each.orders for each in self.products) <= (FEW_OF_PRODUCTS if self.words else FEW):
            return (each.key for each in amounts.gather(products, place))
        return (each.key for each in amounts.walk(products if self.words else None, place))

    def _walk(self, *, descending: bool, step: int) -> Walk:
        return Walk(self.conn, self.query.scope, *self.query.period.seconds, descending, step)
