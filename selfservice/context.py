"""The context of domain functions: keys, facts and mail domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from selfservice.crypto import Keys
from selfservice.facts.facts import Facts


@dataclass(frozen=True)
class Context:
    """Passed to domain functions after the connection. `mail_domain` is the domain of our Message-IDs."""

    keys: Keys
    facts: Facts
    mail_domain: str

    def fact(self, name: str) -> Any:
        """The raw value of a fact. Raises FactError."""
        return self.facts.get(name).value
