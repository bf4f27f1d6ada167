"""Invented orders for a demonstration: products of the register at invented prices, over the last five years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from math import inf
from random import Random
from typing import NamedTuple

from selfservice.db import Connection
from selfservice.demo import order_times
from selfservice.orders.models import OrderRow
from selfservice.orders.store import OrderStore

FIRST_NUMBER = 4_100_000
TOTAL_ORDERS, ORDERS_TODAY = 600, 8


class Product(NamedTuple):
    """What can be ordered: its code, names, price in cents, and how many of a thousand orders are for it."""

    code: str
    name_en: str
    name_nl: str
    cents: int
    share: int


PRODUCTS = (
    Product("extract", "Extract from the Business Register", "Uittreksel Handelsregister", 285, 430),
    Product("certified-extract", "Certified extract", "Gewaarmerkt uittreksel", 1895, 110),
    Product("annual-accounts", "Annual accounts", "Jaarrekening", 365, 190),
    Product("company-profile", "Company profile", "Bedrijfsprofiel", 310, 80),
    Product("ubo-extract", "Extract from the UBO register", "Uittreksel UBO-register", 295, 70),
    Product("concern-relations", "Relations within the group", "Concernrelaties", 1440, 30),
    Product("history", "Extract with history", "Historisch uittreksel", 620, 35),
    Product("deed", "Copy of a deed filed", "Kopie van een gedeponeerde akte", 455, 25),
    Product("filings", "Overview of what was filed", "Overzicht van deponeringen", 0, 20),
    Product("english-extract", "Extract in English", "Engelstalig uittreksel", 345, 10),
)
_CERTIFIED, _ACCOUNTS = 1, 2
# Before they are due, annual accounts are asked for more than anything else.
_DUE = ("-07-", "-12-")


class Buyer(NamedTuple):
    """Somebody who orders: the holder, the account, how they pay, how much of all orders is theirs, and until which
    second since 1970.
    """

    holder_id: int
    account: int
    payment: str
    weight: float
    until: float = inf


def fill(
    conn: Connection,
    uses: Sequence[tuple[int, int | None]],
    now: datetime,
    left: Mapping[int, datetime] | None = None,
) -> int:
    """Put some 600 orders in; returns how many. Call inside `write()`.

    `uses` are a person and an organisation (or None) each. The more of the first, the more orders: the first three
    have half of them, the fourth has none, so that it can be seen what that looks like. `left` says of a person until
    when they ordered; what comes after that is the first one's.
    """
    weights = [30, 20, 12, 0, 12, *[1] * len(uses)]
    found = []
    for place, (person, organisation) in enumerate(uses):
        if weights[place]:
            payment = "credit" if organisation is None else "direct_debit"
            until = left[person].timestamp() if left and person in left else inf
            found.append(Buyer(*OrderStore(conn).add_holder(person, organisation), payment, weights[place], until))
    random = Random(20261121)  # noqa: S311 (the same orders for everybody, not a secret)
    who = random.choices(found, cum_weights=list(accumulate(buyer.weight for buyer in found)), k=TOTAL_ORDERS)
    times = order_times.timestamps(random, TOTAL_ORDERS, now, ORDERS_TODAY)
    first = found[0]
    who = [buyer if seconds < buyer.until else first for buyer, (seconds, _) in zip(who, times, strict=True)]
    made = make_orders(random, add_products(conn), zip(times, who, strict=True), times[-1][1])
    return OrderStore(conn).upsert(list(made)).new


def add_products(conn: Connection) -> list[int]:
    """The row numbers of PRODUCTS, which are made when they are not there: call inside `write()`."""
    return [OrderStore(conn).add_product(each.code, each.name_en, each.name_nl) for each in PRODUCTS]


def make_orders(
    random: Random,
    numbers: Sequence[int],
    sales: Iterable[tuple[tuple[int, str], Buyer]],
    today: str,
    first: int = FIRST_NUMBER,
) -> Iterator[OrderRow]:
    """An order for each moment and buyer, numbered on from `first`; `numbers` are those of `products`, `today` is as
    2026-11-21.
    """
    places = range(len(PRODUCTS))
    shares = list(accumulate(each.share for each in PRODUCTS))
    due = list(accumulate(each.share * (3 if place == _ACCOUNTS else 1) for place, each in enumerate(PRODUCTS)))
    for number, ((seconds, day), buyer) in enumerate(sales, first):
        chance = random.random()
        place = random.choices(places, cum_weights=due if day[4:8] in _DUE else shares)[0]
        payment, state, char = buyer.payment, "delivered", 1
        if chance < 0.02 and payment == "credit":
            # A certified extract can be paid at once; the shop sometimes knows whose it is all the same.
            payment, place = ("ideal" if chance < 0.013 else "credit_card"), _CERTIFIED
        elif chance < 0.03:
            char = -1
        elif chance < 0.042:
            state, char = "cancelled" if chance < 0.037 else "failed", 0
        elif chance > 0.8 and day == today:
            state = "ordered"
        # One a month for each account, a private one's beginning with 9; what was paid at once is not on it.
        payer = buyer.account if buyer.account > 0 else 9_000_000 - buyer.account
        later = day[:7] == today[:7] or payment not in ("credit", "direct_debit")
        invoice = None if later else f"{day[2:4]}{day[5:7]}{payer:07d}"
        yield OrderRow(
            buyer.account, seconds, f"{number:010d}", day, buyer.holder_id, numbers[place], payment,
            char * PRODUCTS[place].cents, invoice, state, seconds * 1_000_000,
        )  # fmt: skip
