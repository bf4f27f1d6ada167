"""Putting a mail in the outbox, and looking at what is there. Sending is in queue.py and worker.py."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from selfservice.clock import from_text, to_text
from selfservice.db import Database, sqlite3
from selfservice.limits.caps import Cap, book, take
from selfservice.members.model import email_key
from selfservice.messages import model as messages
from selfservice.outbox import addresses
from selfservice.secrets import Keys

GIVE_UP_HOURS = 24
KEPT_DAYS = 30
STUCK_MINUTES = 15


@dataclass(frozen=True)
class Queued:
    """What became of an enqueued mail: its row, its Message-ID, and waiting, held, void (or, if repeated,
    later).
    """

    id: int
    message_id: str
    state: str


@dataclass(frozen=True)
class Outbox:
    """How mail is queued: the domain its Message-IDs end in, and the cap per recipient over all kinds of
    mail.

    One for the whole app: `Outbox(keys, "example.org", Cap("mail", facts' mail.per_hour, mail.per_day))`.
    """

    keys: Keys
    domain: str
    cap: Cap

    def enqueue(
        self,
        conn: "sqlite3.Connection",
        *,
        idempotency_key: str,
        kind: str,
        recipient: str,
        language: str,
        payload: Mapping[str, Any],
        now: datetime,
        void: bool = False,
        defer: bool = False,
        give_up_after: timedelta = timedelta(hours=GIVE_UP_HOURS),
    ) -> Queued:
        """Queue one mail inside the caller's `write()`, so it leaves if and only if the change is kept.

        The same idempotency key gives the row that is there already. `payload` holds the variables of the
        mail's template (JSON), a link's token included: it is blanked when the mail is sent or given up. The mail's
        check code (`messages.model`) is added to it as `check_code`.
        `void` is for a recipient whom nothing may be sent: the same statements run, and nothing is kept of
        address or payload. Void mails count against a cap of their own, so nobody can use up another's by
        typing wrong codes. Over the recipient's cap a mail is held for good, unless `defer` says that it waits for
        its turn: for a mail that nobody but its owner or our staff can cause. Pass `give_up_after` when a late mail
        would be of no use, for example because its link has expired.
        """
        known = conn.execute(
            "SELECT id, message_id, state FROM outbox WHERE idempotency_key = :key", {"key": idempotency_key}
        ).fetchone()
        if known is not None:
            return Queued(**dict(known))
        key = f"{'void' if void else 'mail'}:{email_key(recipient)}"
        at = book(conn, self.keys, self.cap, key, now) if defer else now
        fits = defer or take(conn, self.keys, self.cap, key, now)
        state = "void" if void else "waiting" if fits else "held"
        masked = addresses.mask(recipient) if state == "waiting" else ""
        filled = {**payload, "check_code": messages.register(conn, kind, masked, language, now)}
        row = conn.execute(
            """INSERT INTO outbox (idempotency_key, message_id, kind, recipient, recipient_key, language,
                                   payload, state, created_at, next_at, give_up_at)
               VALUES (:idempotency_key, :message_id, :kind, :recipient, :recipient_key, :language, :payload,
                       :state, :now, :next_at, :give_up_at)
               RETURNING id, message_id, state""",
            {
                "idempotency_key": idempotency_key,
                "message_id": self.message_id(idempotency_key),
                "kind": kind,
                "recipient": recipient if state == "waiting" else "",
                "recipient_key": self.keys.keyed_hash("mail-recipient", email_key(recipient)),
                "language": language,
                "payload": json.dumps(filled, ensure_ascii=False) if state == "waiting" else "{}",
                "state": state,
                "now": to_text(now),
                "next_at": to_text(at),
                "give_up_at": to_text(at + give_up_after),
            },
        ).fetchone()
        return Queued(**dict(row))

    def message_id(self, idempotency_key: str) -> str:
        """The Message-ID that belongs to an idempotency key: a mail sent twice is recognised as one by the
        receiver.
        """
        return f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:40]}@{self.domain}>"


def waiting_until(conn: "sqlite3.Connection", now: datetime) -> list[datetime]:
    """When each mail that may not go yet will go: those over their recipient's cap, and those to be tried again."""
    rows = conn.execute(
        "SELECT next_at FROM outbox WHERE state = 'waiting' AND next_at > :now ORDER BY next_at", {"now": to_text(now)}
    )
    return [from_text(row["next_at"]) for row in rows]


def hurry(conn: "sqlite3.Connection", now: datetime) -> int:
    """Let every mail that waits go now; returns how many. For a demonstration, whose mail reaches nobody."""
    return conn.execute(
        "UPDATE outbox SET next_at = :now WHERE state = 'waiting' AND next_at > :now", {"now": to_text(now)}
    ).rowcount


def status(db: Database, now: datetime) -> dict[str, Any]:
    """For /health: counts by state, the oldest unsent mail's age in seconds, the last error, and whether mail
    is stuck.

    `stuck` means that a mail has been waiting for over 15 minutes: SMTP is down, or no worker runs. A mail over its
    recipient's cap waits from the moment at which it may go.
    """
    conn = db.read()
    rows = conn.execute("SELECT state, count(*) AS n FROM outbox GROUP BY state")
    counts = {row["state"]: row["n"] for row in rows}
    # What was never tried yet may wait for its turn under the cap: it cannot be late before that.
    oldest = conn.execute(
        """SELECT min(CASE attempts WHEN 0 THEN next_at ELSE created_at END) AS since
           FROM outbox WHERE state IN ('waiting', 'leased')"""
    ).fetchone()["since"]
    error = conn.execute(
        "SELECT error FROM outbox WHERE error <> '' AND state IN ('waiting', 'leased', 'failed') "
        "ORDER BY coalesce(finished_at, next_at) DESC, id DESC LIMIT 1"
    ).fetchone()
    age = 0 if oldest is None else max(0, int((now - from_text(oldest)).total_seconds()))
    return {
        **{state: counts.get(state, 0) for state in ("waiting", "leased", "sent", "failed", "held")},
        "oldest_seconds": age,
        "stuck": age > STUCK_MINUTES * 60,
        "last_error": "" if error is None else error["error"],
    }


def clean(conn: "sqlite3.Connection", now: datetime) -> int:
    """Remove finished rows older than 30 days (see migrations.py); returns how many went."""
    return conn.execute(
        "DELETE FROM outbox WHERE state NOT IN ('waiting', 'leased') AND created_at < :before",
        {"before": to_text(now - timedelta(days=KEPT_DAYS))},
    ).rowcount
