"""What the shop is told of an order, and where a list of orders goes on.

An order is told with the members with which it is sent, so that it can be sent again; but for the access code, of which
only a hash is kept. A product has its own names only: one that stands in for another would come back as its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from selfservice import clock
from selfservice.db import Row
from selfservice.orders.product_names import PRODUCT_LANGUAGES

# Of a list that was asked for from a moment on, the next begins so long before this one began: this machine's clock may
# have been set back meanwhile.
OVERLAP = timedelta(hours=1)
_CURSOR = re.compile(r"([0-9]{1,18})\.([A-Z0-9-]{0,32})\.([0-9]{1,18})")


@dataclass(frozen=True)
class Cursor:
    """A place in the list of all orders by `stored_at` (microseconds since 1970) and number, and when whoever goes
    along it began. As text it can be read by anybody, and says nothing that its reader was not told.
    """

    stored_at: int
    number: str
    began_at: datetime

    @classmethod
    def parse(cls, text: str) -> Cursor | None:
        """The place that `str` wrote; None for another text."""
        found = _CURSOR.fullmatch(text) if text.isascii() else None
        if found is None:
            return None
        try:
            return cls(int(found[1]), found[2], clock.from_microseconds(int(found[3])))
        except OverflowError:
            return None

    def __str__(self) -> str:
        return f"{self.stored_at}.{self.number}.{clock.to_microseconds(self.began_at)}"

    def next_updated_since(self) -> str:
        """From when on to ask the next time, so that nothing is missed."""
        return clock.to_text(self.began_at - OVERLAP)


def order_members(row: Row) -> dict[str, Any]:
    """An order of `OrderStore.delivered`, for an answer."""
    names = json.loads(row["names"])
    ordered_at = clock.from_microseconds(row["ordered_at"] * 1_000_000)
    return {
        "number": row["number"],
        "ordered_at": f"{ordered_at:%Y-%m-%dT%H:%M:%SZ}",
        "product": row["product"],
        **{f"product_{code}": names.get(code) for code in PRODUCT_LANGUAGES},
        "payment": row["payment"],
        "cents": row["cents"],
        "invoice": row["invoice"],
        "state": row["state"],
        "updated_at": clock.to_text(clock.from_microseconds(row["updated_at"])) if row["updated_at"] else None,
    }
