"""The rows of the list: each order in words, with where a press beside it leads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from selfservice.db import Connection
from selfservice.facts import Facts
from selfservice.fragments.orders import texts
from selfservice.fragments.orders.view import Person
from selfservice.orders import redelivery, visibility
from selfservice.orders.models import Order

Step = Literal["again", "asked", "problem"]


@dataclass(frozen=True)
class Links:
    """Where a row leads: to a step with an order's number, and to the orders of the colleague with an ordinal."""

    step: Callable[[str, str], str]
    of: Callable[[int], str]


@dataclass(frozen=True)
class Row:
    """An order in words. `step` is what can be done about it, at `href`; `asked_at` when it was asked for again, if it
    was; `by` leads to the orders of whoever made it, where there are others'.
    """

    order: Order
    day: str
    hour: str
    amount: str
    step: Step
    href: str
    asked_at: str
    by: str


def rows(
    conn: Connection, orders: Sequence[Order], person: Person, facts: Facts, now: datetime, links: Links
) -> list[Row]:
    """The orders of a page, with what can be done about each."""
    asked_at = redelivery.requested_at(conn, [order.number for order in orders])
    # By holder: the orders of a page are of a few people.
    theirs = {holder: links.of(ordinal) for holder, ordinal in _ordinals(conn, orders, person).items()}
    found = []
    for order in orders:
        step: Step = "problem"
        if order.number in asked_at:
            step = "asked"
        elif redelivery.is_allowed(order, facts, now):
            step = "again"
        found.append(
            Row(
                order,
                texts.day(order.ordered_on),
                texts.hour(order.ordered_at),
                texts.euros(order.cents),
                step,
                links.step("problem" if step == "problem" else "again", order.number),
                texts.hour(asked_at[order.number]) if step == "asked" else "",
                theirs.get(order.holder_id, ""),
            )
        )
    return found


def _ordinals(conn: Connection, orders: Sequence[Order], person: Person) -> dict[int, int]:
    """By which number each orderer stands in an address; nothing where only one person's orders are shown."""
    if person.shown.holder_id is not None:
        return {}
    holders = {order.holder_id for order in orders}
    if person.colleagues is not None:
        return {each.id: each.ordinal for each in person.colleagues if each.id in holders}
    return visibility.ordinals(conn, person.scope, holders)
