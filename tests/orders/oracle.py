"""A book of orders to look up: an organisation with three people, somebody private, and what Python says of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import strategies as st

from selfservice.accounts import access_codes, people
from selfservice.clock import to_text
from selfservice.db import Database
from selfservice.i18n.languages import TIMEZONE
from selfservice.orders.models import SORTS, OrderRow, Query, Scope
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.values.access_code import with_check_character
from tests.domain_helpers import KEYS, NOW, new_database

ORGANISATION = 7
NAME = 'Bakkerij "De Korst", Zoon'
# Not in the order of their names: in either language another comes first.
PRODUCTS = {
    "extract": ("Extract", "Uittreksel"),
    "accounts": ("Annual accounts", "Jaarrekening"),
    "cafe": ("Café report", "Een rapport over cafés"),
    "history": ("extract with history", "Historisch uittreksel"),
}
# Around the moments at which days, months, years and clocks change in Amsterdam.
MOMENTS = [
    datetime(2024, 2, 28, 23, 30, tzinfo=UTC),  # 29 February there
    datetime(2024, 2, 29, 12, 0, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 0, tzinfo=UTC),  # 1 March, to the second
    datetime(2024, 3, 31, 0, 59, 59, tzinfo=UTC),  # summer time comes a second later
    datetime(2024, 3, 31, 1, 0, 0, tzinfo=UTC),
    datetime(2024, 3, 31, 21, 59, 59, tzinfo=UTC),  # the last second of March, in summer time
    datetime(2024, 3, 31, 22, 0, 0, tzinfo=UTC),
    datetime(2024, 10, 27, 0, 30, tzinfo=UTC),  # half past two
    datetime(2024, 10, 27, 1, 30, tzinfo=UTC),  # half past two again
    datetime(2024, 12, 31, 22, 59, 59, tzinfo=UTC),
    datetime(2024, 12, 31, 23, 0, 0, tzinfo=UTC),  # 2025
    datetime(2025, 1, 15, 9, 0, tzinfo=UTC),
]
DAYS = sorted({each.astimezone(TIMEZONE).date() for each in MOMENTS} | {date(2024, 2, 1), date(2024, 4, 30)})
AMOUNTS = [285, 285, 0, -1250, -5, 795, 100_000_000]


@dataclass(frozen=True)
class Sold:
    """An order as Python keeps it. `who` counts from 0; the last one is private."""

    number: str
    at: datetime
    who: int
    product: str
    cents: int
    payment: str = "direct_debit"
    invoice: str | None = None
    state: str = "delivered"

    @property
    def on(self) -> date:
        """The day in Amsterdam."""
        return self.at.astimezone(TIMEZONE).date()


class Book:
    """The database, and who is in it: three people of an organisation, of whom the first is the main one; and a
    private person.
    """

    def __init__(self, db: Database) -> None:
        self.db = db
        with db.write() as conn:
            conn.execute(
                """INSERT INTO organisations (id, kvk_number, name, email, street, house_number, postcode, city,
                                              created_at)
                   VALUES (:id, '00012345', :name, 'a@b.example', 's', '1', '0012AB', 'c', :now)""",
                {"id": ORGANISATION, "name": NAME, "now": to_text(NOW)},
            )
            self.people = [
                people.add(conn, NOW, given_name=given, family_name="Jansen", email=f"{given}@b.example", language="nl")
                for given in ("Jip", "Amira", "Thijs", "Oona")
            ]
            self.hints = []
            for place, person in enumerate(self.people):
                organisation = ORGANISATION if place < 3 else None
                code = with_check_character(f"23456789ABCDEF{place + 2}")
                self.hints.append(code[-3:])
                access_codes.add(conn, KEYS, NOW, code=code, person_id=person, organisation_id=organisation)
            places = zip(self.people, (ORGANISATION, ORGANISATION, ORGANISATION, None), strict=True)
            self.holders = [OrderStore(conn).add_holder(person, organisation) for person, organisation in places]
            self.products = {code: OrderStore(conn).add_product(code, *names) for code, names in PRODUCTS.items()}

    def add(self, sold: Sequence[Sold]) -> None:
        """Put these orders in, or over what has their numbers."""
        with self.db.write() as conn:
            OrderStore(conn).upsert([self.row(each) for each in sold])

    def row(self, sold: Sold) -> OrderRow:
        """The order as its table has it."""
        holder_id, account = self.holders[sold.who]
        return OrderRow(
            account,
            int(sold.at.timestamp()),
            sold.number,
            sold.on.isoformat(),
            holder_id,
            self.products[sold.product],
            sold.payment,
            sold.cents,
            sold.invoice,
            sold.state,
        )

    def clear(self) -> None:
        """Take all orders out."""
        with self.db.write() as conn:
            conn.execute("DELETE FROM orders")
            conn.execute("DELETE FROM order_account_months")
            conn.execute("DELETE FROM order_holder_months")

    def scope(self, who: int | None) -> Scope:
        """What the person with this number sees of the account; None: the main code's sight of the organisation."""
        return Scope(ORGANISATION, None) if who is None else Scope(*reversed(self.holders[who]))


@contextmanager
def new_book(folder: Path) -> Iterator[Book]:
    """A book without orders, in a file of its own."""
    with new_database(folder) as db:
        yield Book(db)


@dataclass(frozen=True)
class Asked:
    """A query before there are row numbers: `who` is None for the main code's sight."""

    who: int | None
    period: Period
    language: str
    sort: str
    words: str

    def query(self, book: Book) -> Query:
        """The query in this book."""
        sort = next(each for each in SORTS if each == self.sort)
        return Query(book.scope(self.who), self.period, self.language, sort, self.words)

    def of(self, sold: Sequence[Sold]) -> list[Sold]:
        """What Python finds: filtered line by line, then sorted whole."""
        seen = [each for each in sold if (each.who < 3 if self.who is None else each.who == self.who)]
        seen = [each for each in seen if self._in_period(each.on)]
        words = self.words.split()
        if any(each.number == "".join(words).upper() for each in seen):
            seen = [each for each in seen if each.number == "".join(words).upper()]
        elif words:
            seen = [each for each in seen if all(plain(word) in self._text(each) for word in words)]
        return sorted(seen, key=self._key, reverse=self.sort.startswith("-"))

    def beside(self, sold: Sequence[Sold], place: Sold) -> tuple[list[Sold], list[Sold]]:
        """What comes before a place, the nearest last, and after it: an order that need not be in the list itself."""
        found, back, own = self.of(sold), self.sort.startswith("-"), self._key(place)
        before = [each for each in found if (self._key(each) > own if back else self._key(each) < own)]
        after = [each for each in found if (self._key(each) < own if back else self._key(each) > own)]
        return before, after

    def _in_period(self, day: date) -> bool:
        return (self.period.first or date.min) <= day <= (self.period.last or date.max)

    def _text(self, sold: Sold) -> str:
        return plain(" ".join((*PRODUCTS[sold.product], sold.product)))

    def _name(self, sold: Sold) -> str:
        return PRODUCTS[sold.product][self.language == "nl"]

    def _key(self, sold: Sold) -> tuple[object, ...]:
        if self.sort.endswith("date"):
            return sold.at, sold.number
        if self.sort.endswith("amount"):
            return sold.cents, sold.at, sold.number
        # Of one product the newest first: by product backwards they come oldest first.
        return plain(self._name(sold)), sold.product, -sold.at.timestamp(), [-ord(sign) for sign in sold.number]


def plain(text: str) -> str:
    """Small letters without accents."""
    return unicodedata.normalize("NFD", text.lower()).encode("ascii", "ignore").decode()


def solds(prefix: str, most: int, least: int = 0) -> st.SearchStrategy[list[Sold]]:
    """Orders, many of the same moment and amount, with numbers of their own that do not follow the moments; left to
    itself Hypothesis mostly makes a few.
    """
    one = st.builds(
        Sold, st.just(""), st.sampled_from(MOMENTS), st.integers(0, 3), st.sampled_from(sorted(PRODUCTS)),
        st.sampled_from(AMOUNTS), st.sampled_from(["credit", "direct_debit", "ideal", "credit_card"]),
        st.sampled_from([None, "F-1", "0012"]), st.sampled_from(["ordered", "delivered", "failed", "cancelled"]),
    )  # fmt: skip
    numbers = st.permutations([f"{prefix}{number:02d}" for number in range(most)])
    return st.tuples(st.lists(one, min_size=least, max_size=most), numbers).map(
        lambda found: [replace(each, number=number) for each, number in zip(found[0], found[1], strict=False)]
    )


_DAY = st.one_of(st.none(), st.sampled_from(DAYS))
ASKED = st.builds(
    Asked,
    st.sampled_from([None, None, 0, 1, 3]),
    st.builds(Period, _DAY, _DAY),
    st.sampled_from(["en", "nl"]),
    st.sampled_from(SORTS),
    st.sampled_from(["", "", "  ", "EXTRACT", "uittreksel", "cafe", "cafés rapport", "hist", "nothing", "a01", "A 02"]),
)
