"""What may have been meant by words that no order fits: a product with another spelling, or a number with a slip in it.

Only what the query's scope sees is looked at, so nobody is led to another's words (docs/why.md).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from string import ascii_uppercase, digits

from selfservice.i18n.languages import LANGUAGES, language_of
from selfservice.orders.models import Query
from selfservice.orders.store.sqlite.base import OnConnection
from selfservice.orders.store.sqlite.pagination import Listing, as_number
from selfservice.search.spelling import Vocabulary
from selfservice.search.tokens import tokens

MOST = 5
MOST_DIGITS = 32
_SMALL = frozenset().union(*(language_of(code).stop_words for code in LANGUAGES))
_LIKE = str.maketrans("OIL", "011")


class Spelling(OnConnection):
    """The nearest that there is to what was typed."""

    def nearest_words(self, query: Query) -> list[str]:
        """Words that have orders in the query's place, where its own have none: of a product one at most, of order
        numbers up to five that are equally likely.
        """
        number = as_number(query.words)
        if number is not None and any(map(str.isdigit, number)) and (found := self._numbers(query, number)):
            return found
        words = self._product(query)
        has_orders = words and next(Listing(self.conn, replace(query, words=words)).numbers(step=1), None)
        return [words] if has_orders else []

    def _product(self, query: Query) -> str:
        """The words of a product, in any language, that these are nearest to; empty when one is near to none."""
        products = Listing(self.conn, replace(query, words="")).products
        counts = Counter[str]()
        for product in products:
            counts.update(dict.fromkeys(tokens(product.text), product.orders))
        vocabulary = Vocabulary(counts.items())
        typed = tokens(query.words)
        meant = []
        for word in [word for word in typed if word not in _SMALL] or typed:
            is_known = any(word in product.text for product in products)
            near = word if is_known else vocabulary.nearest(word) or vocabulary.nearest_start(word)
            if near is None:
                return ""
            meant.append(near)
        return " ".join(meant) if any(all(word in each.text for word in meant) for each in products) else ""

    def _numbers(self, query: Query, number: str) -> list[str]:
        groups = list(_slips(number))
        since, until = query.period.seconds
        rows = self.conn.execute(
            """SELECT o.number FROM json_each(:numbers) k CROSS JOIN orders o ON o.number = k.value
               WHERE o.account = :account AND (:holder IS NULL OR o.holder_id = :holder)
                     AND o.ordered_at >= :since AND o.ordered_at < :until""",
            {
                "numbers": json.dumps(sorted(set().union(*groups))),
                "account": query.scope.account, "holder": query.scope.holder_id, "since": since, "until": until,
            },
        )  # fmt: skip
        known = {row["number"] for row in rows}
        return next((sorted(group & known)[:MOST] for group in groups if group & known), [])


def _slips(number: str) -> Iterator[set[str]]:
    """Numbers that may have been meant, the likeliest slips first: how it is written, two digits swapped, one that is
    missing, too many or another.
    """
    plain = number.translate(_LIKE).replace("-", "")
    bare = plain.lstrip("0")
    yield {plain, *(bare.zfill(length) for length in range(len(bare), min(len(bare) + 9, MOST_DIGITS)))}
    cuts = [(number[:place], number[place:]) for place in range(len(number) + 1)]
    yield {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    signs = digits if number.isdigit() else digits + ascii_uppercase
    one_less = {left + right[1:] for left, right in cuts if right}
    one_more = {left + sign + right for left, right in cuts for sign in signs}
    yield one_less | one_more | {left + sign + right[1:] for left, right in cuts if right for sign in signs}
