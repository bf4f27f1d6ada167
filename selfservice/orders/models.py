"""What is asked of the orders: whose, of which days, in what order, with which words. All parts hold only codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal

from selfservice.i18n import TIMEZONE

Sort = Literal["-date", "date", "-amount", "amount", "product", "-product"]
SORTS: tuple[Sort, ...] = ("-date", "date", "-amount", "amount", "product", "-product")


@dataclass(frozen=True)
class Scope:
    """Whose orders: of one holder, or with `holder_id` None of every holder of the account (the main code's sight)."""

    account: int
    holder_id: int | None

    def only(self, holder_id: int) -> Scope:
        """The orders of one holder of this account. Whoever asks sees to it that it is one (`scopes.holders`)."""
        return replace(self, holder_id=holder_id)


@dataclass(frozen=True)
class Period:
    """Days in Amsterdam, both included; None is open at that end."""

    first: date | None = None
    last: date | None = None

    @property
    def seconds(self) -> tuple[int, int]:
        """From which second since 1970 (UTC) until before which, whatever the clock did in between."""
        since = _midnight(self.first) if self.first else 0
        until = _midnight(self.last + timedelta(days=1)) if self.last and self.last < date.max else 1 << 40
        return since, until


@dataclass(frozen=True)
class Query:
    """One list of orders. `language` decides the product names that words are looked for in and sorted by."""

    scope: Scope
    period: Period
    language: str
    sort: Sort = "-date"
    words: str = ""


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(), TIMEZONE).timestamp())
