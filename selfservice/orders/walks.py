"""Walks: the orders of a scope, one after the other in the order of an index, from any place on.

No walk sorts, and where it begins is found in the index, so it costs the same among ten orders and among a million.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from selfservice.db import Connection, Row
from selfservice.orders.models import Scope


class Key(NamedTuple):
    """Where an order stands by date. No number is empty, so a key with none stands before all of its second."""

    ordered_at: int
    number: str


@dataclass(frozen=True)
class Walk:
    """The orders of a scope from second `since` until before `until`; newest first when `descending`.

    `step` is how many are asked of the database at a time: a page, or a piece of a download.
    """

    conn: Connection
    scope: Scope
    since: int
    until: int
    descending: bool
    step: int

    def by_date(self, after: Key | None = None) -> Iterator[Key]:
        """The orders after this place."""
        return self._go(lambda place: self.conn.execute(_BY_DATE[self._kind], self._bind(place)).fetchall(), after)

    def by_product(self, product_id: int, after: Key | None = None) -> Iterator[Key]:
        """The orders of one product after this place."""
        more = {"product": product_id}
        return self._go(
            lambda place: self.conn.execute(_BY_PRODUCT[self._kind], self._bind(place) | more).fetchall(), after
        )

    @property
    def _kind(self) -> tuple[bool, bool]:
        return self.scope.holder_id is not None, self.descending

    def _bind(self, place: Key) -> dict[str, int | str | None]:
        return {
            "account": self.scope.account,
            "holder": self.scope.holder_id,
            "since": self.since,
            "until": self.until,
            "at": place.ordered_at,
            "number": place.number,
            "step": self.step,
        }

    def _go(self, take: Callable[[Key], Sequence[Row]], after: Key | None) -> Iterator[Key]:
        edge = Key(self.until if self.descending else self.since, "")
        place = edge if after is None else min(edge, after) if self.descending else max(edge, after)
        while True:
            found = take(place)
            for row in found:
                place = Key(*row)
                yield place
            if len(found) < self.step:
                return


# By whether it is one holder's, and whether newest first.
_BY_DATE = {
    (False, True): """
        SELECT ordered_at, number FROM orders
        WHERE account = :account AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
        ORDER BY ordered_at DESC, number DESC LIMIT :step""",
    (False, False): """
        SELECT ordered_at, number FROM orders
        WHERE account = :account AND (ordered_at, number) > (:at, :number) AND ordered_at < :until
        ORDER BY ordered_at, number LIMIT :step""",
    (True, True): """
        SELECT ordered_at, number FROM orders
        WHERE holder_id = :holder AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
        ORDER BY ordered_at DESC, number DESC LIMIT :step""",
    (True, False): """
        SELECT ordered_at, number FROM orders
        WHERE holder_id = :holder AND (ordered_at, number) > (:at, :number) AND ordered_at < :until
        ORDER BY ordered_at, number LIMIT :step""",
}
_BY_PRODUCT = {
    (False, True): """
        SELECT ordered_at, number FROM orders
        WHERE account = :account AND product_id = :product
              AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
        ORDER BY ordered_at DESC, number DESC LIMIT :step""",
    (False, False): """
        SELECT ordered_at, number FROM orders
        WHERE account = :account AND product_id = :product
              AND (ordered_at, number) > (:at, :number) AND ordered_at < :until
        ORDER BY ordered_at, number LIMIT :step""",
    (True, True): """
        SELECT ordered_at, number FROM orders
        WHERE holder_id = :holder AND product_id = :product
              AND (ordered_at, number) < (:at, :number) AND ordered_at >= :since
        ORDER BY ordered_at DESC, number DESC LIMIT :step""",
    (True, False): """
        SELECT ordered_at, number FROM orders
        WHERE holder_id = :holder AND product_id = :product
              AND (ordered_at, number) > (:at, :number) AND ordered_at < :until
        ORDER BY ordered_at, number LIMIT :step""",
}
