"""Orders by amount: a walk along the amounts, or, where only a few come into question, those gathered and sorted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from selfservice.db import Connection
from selfservice.orders.models import Scope
from selfservice.orders.walks import Key

# Beyond any amount and any moment.
_FAR = 1 << 60


class Amount(NamedTuple):
    """Where an order stands by amount: equal amounts by date."""

    cents: int
    ordered_at: int
    number: str

    @property
    def key(self) -> Key:
        """Where it stands by date."""
        return Key(self.ordered_at, self.number)


@dataclass(frozen=True)
class Amounts:
    """The orders of a scope from second `since` until before `until`, `step` at a time; the highest amount first, and
    of equal ones the newest, when `descending`.
    """

    conn: Connection
    scope: Scope
    since: int
    until: int
    descending: bool
    step: int

    def walk(self, products: Sequence[int] | None, after: Amount | None) -> Iterator[Amount]:
        """Along the index, past whatever is of another period or of other products (None: any)."""
        place = after
        while True:
            bound = self._bind(None if products is None else json.dumps(products), place)
            found = self.conn.execute(_WALK[self._kind], bound).fetchall()
            for row in found:
                place = Amount(*row)
                yield place
            if len(found) < self.step:
                return

    def gather(self, products: Sequence[int], after: Amount | None) -> Iterator[Amount]:
        """All there are of these products, sorted: for when they are few among many."""
        place = after
        while True:
            found = self.conn.execute(_GATHER[self._kind], self._bind(json.dumps(products), place)).fetchall()
            for row in found:
                place = Amount(*row)
                yield place
            if len(found) < self.step:
                return

    @property
    def _kind(self) -> tuple[bool, bool]:
        return self.scope.holder_id is not None, self.descending

    def _bind(self, products: str | None, place: Amount | None) -> dict[str, int | str | None]:
        place = place or Amount(_FAR if self.descending else -_FAR, 0, "")
        return {
            "account": self.scope.account,
            "holder": self.scope.holder_id,
            "since": self.since,
            "until": self.until,
            "products": products,
            "cents": place.cents,
            "at": place.ordered_at,
            "number": place.number,
            "step": self.step,
        }


# By whether it is one holder's, and whether the highest comes first.
_WALK = {
    (False, True): """
        SELECT cents, ordered_at, number FROM orders
        WHERE account = :account AND (cents, ordered_at, number) < (:cents, :at, :number)
              AND ordered_at >= :since AND ordered_at < :until
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        ORDER BY cents DESC, ordered_at DESC, number DESC LIMIT :step""",
    (False, False): """
        SELECT cents, ordered_at, number FROM orders
        WHERE account = :account AND (cents, ordered_at, number) > (:cents, :at, :number)
              AND ordered_at >= :since AND ordered_at < :until
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        ORDER BY cents, ordered_at, number LIMIT :step""",
    (True, True): """
        SELECT cents, ordered_at, number FROM orders
        WHERE holder_id = :holder AND (cents, ordered_at, number) < (:cents, :at, :number)
              AND ordered_at >= :since AND ordered_at < :until
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        ORDER BY cents DESC, ordered_at DESC, number DESC LIMIT :step""",
    (True, False): """
        SELECT cents, ordered_at, number FROM orders
        WHERE holder_id = :holder AND (cents, ordered_at, number) > (:cents, :at, :number)
              AND ordered_at >= :since AND ordered_at < :until
              AND (:products IS NULL OR product_id IN (SELECT value FROM json_each(:products)))
        ORDER BY cents, ordered_at, number LIMIT :step""",
}
_GATHER = {
    (False, True): """
        SELECT o.cents, o.ordered_at, o.number FROM json_each(:products) p CROSS JOIN orders o
        WHERE o.account = :account AND o.product_id = p.value AND o.ordered_at >= :since AND o.ordered_at < :until
              AND (o.cents, o.ordered_at, o.number) < (:cents, :at, :number)
        ORDER BY o.cents DESC, o.ordered_at DESC, o.number DESC LIMIT :step""",
    (False, False): """
        SELECT o.cents, o.ordered_at, o.number FROM json_each(:products) p CROSS JOIN orders o
        WHERE o.account = :account AND o.product_id = p.value AND o.ordered_at >= :since AND o.ordered_at < :until
              AND (o.cents, o.ordered_at, o.number) > (:cents, :at, :number)
        ORDER BY o.cents, o.ordered_at, o.number LIMIT :step""",
    (True, True): """
        SELECT o.cents, o.ordered_at, o.number FROM json_each(:products) p CROSS JOIN orders o
        WHERE o.holder_id = :holder AND o.product_id = p.value AND o.ordered_at >= :since AND o.ordered_at < :until
              AND (o.cents, o.ordered_at, o.number) < (:cents, :at, :number)
        ORDER BY o.cents DESC, o.ordered_at DESC, o.number DESC LIMIT :step""",
    (True, False): """
        SELECT o.cents, o.ordered_at, o.number FROM json_each(:products) p CROSS JOIN orders o
        WHERE o.holder_id = :holder AND o.product_id = p.value AND o.ordered_at >= :since AND o.ordered_at < :until
              AND (o.cents, o.ordered_at, o.number) > (:cents, :at, :number)
        ORDER BY o.cents, o.ordered_at, o.number LIMIT :step""",
}
