"""What the rules work with besides the database, wired once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selfservice.crypto import Keys
from selfservice.facts.facts import Facts


@dataclass(frozen=True)
class Context:
    """What a function of a domain gets after the connection. `mail_domain` ends our Message-IDs."""

    keys: Keys
    facts: Facts
    mail_domain: str

    def fact(self, name: str) -> Any:
        """The raw value of a fact. Raises FactError."""
        return self.facts.get(name).value
