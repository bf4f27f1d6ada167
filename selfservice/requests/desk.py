"""The desk at which requests are handled: what its work needs, and the mail it sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from selfservice.crypto import Seed
from selfservice.db import Connection, Database
from selfservice.events.model import record
from selfservice.facts import Facts
from selfservice.outbox.model import Outbox, Slot
from selfservice.secrets import Keys


@dataclass(frozen=True)
class Desk:
    """What every function here gets after the connection. `mail_domain` ends our Message-IDs."""

    db: Database
    keys: Keys
    facts: Facts
    mail_domain: str

    def fact(self, name: str) -> Any:
        """The raw value of a fact. Raises FactError."""
        return self.facts.get(name).value

    @property
    def outbox(self) -> Outbox:
        """Where mail is queued."""
        return Outbox.wire(self.keys, self.facts, self.mail_domain)

    def mail(
        self,
        conn: Connection,
        now: datetime,
        *,
        key: str,
        kind: str,
        recipient: str,
        language: str,
        payload: Mapping[str, Any],
        seed: Seed | None = None,
        void: bool = False,
        earned: bool = False,
        topic: str = "",
        slot: Slot | None = None,
        give_up_after: timedelta = timedelta(hours=24),
    ) -> None:
        """Queue a mail in this transaction (`Outbox.enqueue`). An `earned` one follows from a used link or from our
        staff, not from what anybody can type, and has a cap of its own.
        """
        self.outbox.enqueue(
            conn,
            idempotency_key=key,
            kind=kind,
            recipient=recipient,
            language=language,
            payload=payload,
            seed=seed,
            now=now,
            void=void,
            earned=earned,
            topic=topic,
            slot=slot,
            give_up_after=give_up_after,
        )

    def record(
        self,
        conn: Connection,
        now: datetime,
        what: str,
        result: str,
        *,
        who: str = "",
        on_what: str = "",
        address: str = "",
    ) -> None:
        """Write an event down in this transaction (`events.model.record`)."""
        record(conn, self.keys, what=what, result=result, now=now, who=who, on_what=on_what, address=address)
