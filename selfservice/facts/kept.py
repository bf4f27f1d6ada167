"""What is kept of people, and until when: a domain says so beside what removes it, and the privacy page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from selfservice.clock import to_text
from selfservice.facts.facts import Facts


class Text(Protocol):
    """A text that is translated when it is shown (`lazy_gettext`)."""

    def __str__(self) -> str: ...


@dataclass(frozen=True)
class Kept:
    """A kind of data of people, as visitors would call it: which tables have it, and until when they do.

    With a fact `until` has its value as %(time)s and says from when that is counted: '%(time)s after the link ended'.
    """

    what: Text
    until: Text
    tables: Sequence[str]
    fact: str = ""

    def before(self, facts: Facts, now: datetime) -> str:
        """What is of before this moment may be kept no longer, by the fact: the moment as a table has it."""
        fact = facts.get(self.fact)
        return to_text(now - timedelta(**{fact.kind: fact.value}))

    def until_text(self, facts: Facts) -> str:
        """Until when it is kept, in the language in force."""
        return str(self.until) % {"time": facts.get(self.fact)} if self.fact else str(self.until)
