"""What the words of a query mean: one order by its number, or the products whose names they stand in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from selfservice.db import Connection, Row
from selfservice.orders.models import Period, Query, Scope

_NUMBER = re.compile(r"[A-Z0-9-]{1,32}")
# What stands around a number that was copied: the apostrophe of our own CSV files, quotation marks, a full stop.
_AROUND = "'’‘`\"“”„.,;:#()"


@dataclass(frozen=True)
class Product:
    """A product, and how many orders of it a scope has in the months that a period touches (at least as many as in
    the period itself). `place` is where it stands by name.
    """

    id: int
    code: str
    name: str
    orders: int

    @property
    def place(self) -> tuple[str, str]:
        """By name without regard to case and accents, then by code."""
        return fold(self.name), self.code


def fold(text: str) -> str:
    """The text without case, accents and compatibility forms."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))


def split(words: str) -> list[str]:
    """The words to look for, folded."""
    return fold(words).split()


def number(words: str) -> str | None:
    """The words as an order number is written, without what stands around it; None when they cannot be one."""
    plain = "".join(unicodedata.normalize("NFKC", words).upper().split()).strip(_AROUND)
    return plain if _NUMBER.fullmatch(plain) else None


def months(period: Period) -> tuple[str, str]:
    """The first and the last month that a period touches, as the sums write them; an open end has any."""
    first = f"{period.first:%Y-%m}" if period.first else "0000-00"
    return first, f"{period.last:%Y-%m}" if period.last else "9999-99"


def products(conn: Connection, query: Query) -> list[Product]:
    """The products ordered in the period's months in which all words occur (in name or code), by name."""
    first, last = months(query.period)
    bound = {"account": query.scope.account, "holder": query.scope.holder_id, "first": first, "last": last}
    rows = conn.execute(_PRODUCTS[query.scope.holder_id is not None], bound)
    name = "name_nl" if query.language == "nl" else "name_en"
    found = [Product(row["id"], row["code"], row[name], row["orders"]) for row in rows]
    wanted = split(query.words)
    return sorted((each for each in found if _has(each, wanted)), key=lambda each: each.place)


def numbered(conn: Connection, query: Query) -> Row | None:
    """`locate` of the order that the words are the number of."""
    plain = number(query.words)
    return locate(conn, query.scope, plain) if plain else None


def locate(conn: Connection, scope: Scope, plain: str) -> Row | None:
    """Where the order of the scope with this number stands in every sort; None when the scope has no such order."""
    row: Row | None = conn.execute(
        """SELECT o.ordered_at, o.ordered_on, o.number, o.cents, p.code, p.name_en, p.name_nl
           FROM orders o JOIN order_products p ON p.id = o.product_id
           WHERE o.number = :number AND o.account = :account AND (:holder IS NULL OR o.holder_id = :holder)""",
        {"number": plain, "account": scope.account, "holder": scope.holder_id},
    ).fetchone()
    return row


def _has(product: Product, wanted: list[str]) -> bool:
    text = f"{fold(product.name)} {fold(product.code)}"
    return all(word in text for word in wanted)


# By whether it is one holder's.
_PRODUCTS = {
    False: """
        SELECT p.id, p.code, p.name_en, p.name_nl, sum(s.orders) AS orders
        FROM order_account_months s JOIN order_products p ON p.id = s.product_id
        WHERE s.account = :account AND s.month BETWEEN :first AND :last GROUP BY p.id""",
    True: """
        SELECT p.id, p.code, p.name_en, p.name_nl, sum(s.orders) AS orders
        FROM order_holder_months s JOIN order_products p ON p.id = s.product_id
        WHERE s.holder_id = :holder AND s.month BETWEEN :first AND :last GROUP BY p.id""",
}
