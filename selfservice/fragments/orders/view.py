"""What the list of orders shows: its links, rows, chart, files and, when there is nothing, why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from selfservice.db import Connection
from selfservice.fragments.orders import chart, texts
from selfservice.fragments.orders.asked import Asked
from selfservice.i18n import gettext
from selfservice.orders import labels, periods, visibility
from selfservice.orders.models import Query, Scope, Sort
from selfservice.orders.periods import Period
from selfservice.orders.store import OrderStore
from selfservice.orders.visibility import Holder

Empty = Literal["", "none_yet", "none_in_period", "none_found"]
# A choice among more people than this is no choice any more; who ordered is then chosen in the list itself.
MOST_PEOPLE = 100


@dataclass(frozen=True)
class Person:
    """Who is signed in, and whose orders they may see. `scope` is all of them; `shown` those asked for, which are
    those of `colleague` when one was chosen. `colleagues` is None when they are too many to choose from.
    """

    id: int
    organisation_id: int | None
    scope: Scope
    shown: Scope
    colleague: Holder | None
    colleagues: Sequence[Holder] | None

    @property
    def is_main(self) -> bool:
        """Whether they see the orders of the whole organisation."""
        return self.scope.holder_id is None


def person(conn: Connection, id_: int, organisation_id: int | None, by: int = 0) -> Person:
    """Who is signed in, looking at the orders of the colleague with this ordinal, or with 0 at all in sight.

    Raises LookupError when nobody in sight has the ordinal.
    """
    scope = visibility.visible_to(conn, id_, organisation_id)
    is_main = scope.holder_id is None
    everybody: Sequence[Holder] | None = visibility.holders_if_few(conn, scope, MOST_PEOPLE) if is_main else ()
    chosen = visibility.holder_by_ordinal(conn, scope, by) if by else None
    if by and chosen is None:
        raise LookupError("nobody in sight has this ordinal")
    return Person(id_, organisation_id, scope, scope.only(chosen.id) if chosen else scope, chosen, everybody)


def sorts(asked: Asked) -> dict[str, tuple[str, Sort, str]]:
    """By column that can be sorted: what it is called, the order that a press leads to, and its `aria-sort`."""
    found = {}
    for column, title, first, second in _sortable():
        now = "ascending" if asked.sort == column else "descending" if asked.sort == f"-{column}" else ""
        found[column] = (title, second if asked.sort == first else first, now)
    return found


def _sortable() -> tuple[tuple[str, str, Sort, Sort], ...]:
    heads = labels.columns()
    return (
        ("date", heads["date"], "-date", "date"),
        ("product", heads["product"], "product", "-product"),
        ("amount", heads["amount"], "-amount", "amount"),
    )


def order_names() -> dict[Sort, str]:
    """What each order of the list is called."""
    return {
        "-date": gettext("Newest first"),
        "date": gettext("Oldest first"),
        "-amount": gettext("Highest amount first"),
        "amount": gettext("Lowest amount first"),
        "product": gettext("Product, A to Z"),
        "-product": gettext("Product, Z to A"),
    }


def why_empty(conn: Connection, query: Query, asked: Asked, scope: Scope) -> Empty:
    """Why a list has no orders: none fit the words, none in the period, or there are none at all."""
    if OrderStore(conn).total(Query(scope, Period(), query.language)).orders == 0:
        return "none_yet"
    return "none_found" if asked.words else "none_in_period"


def listed(
    conn: Connection,
    person: Person,
    asked: Asked,
    lang: str,
    at: tuple[str, str],
    link: Callable[[Period], str],
) -> dict[str, Any]:
    """The numbers and rows for a list: `at` is the place in it, after or before a cursor; `link` leads to a period."""
    query = Query(person.shown, asked.period, lang, asked.sort, asked.words)
    total, months = OrderStore(conn).totals(query)
    page = OrderStore(conn).page(query, after=at[0], before=at[1])
    return {
        "query": query,
        "total": total,
        "page": page,
        "chart": chart.draw(months, link) if total.orders else None,
        "empty": "" if total.orders else why_empty(conn, query, asked, person.scope),
        "earlier": visibility.previous_code(conn, person.id, person.organisation_id),
        "elsewhere": visibility.other_accounts(conn, person.id, person.organisation_id),
    }


def choices(asked: Asked, link: Callable[[Asked], str]) -> list[dict[str, Any]]:
    """The presets as links, the one in force marked."""
    names = texts.presets()
    return [
        {"title": names[name], "href": link(asked.in_period(name)), "current": asked.preset == name}
        for name in periods.PRESETS
    ]
