"""Sending the mails of the outbox one by one, each under a lease, and recording the result.

A lease reserves a row for one worker for a while. When a worker dies its lease expires, and the mail is claimed
again: it may then arrive twice, with the same Message-ID, but is never lost.
"""

import json
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection, Database, Row
from selfservice.mail.transport import MailTransport, PermanentMailError, TemporaryMailError
from selfservice.seeds import Seed, derive_token
from selfservice.values.access_code import derive_code, group_code

# Longer than a patient SMTP conversation, so that a slow server does not look like a dead worker.
LEASE_SECONDS = 300
FIRST_RETRY_SECONDS = 15
MAX_RETRY_SECONDS = 3600
_MAX_ERROR_LENGTH = 300

_DUE = "(state = 'waiting' AND next_at <= :now) OR (state = 'leased' AND lease_until <= :now)"
_OVERDUE = "give_up_at <= :now AND (state = 'waiting' OR (state = 'leased' AND lease_until <= :now))"
_EXISTS = "SELECT 1 FROM outbox WHERE {which} LIMIT 1"
_CLAIM = """UPDATE outbox SET state = 'leased', attempts = attempts + 1, lease = :lease, lease_until = :until
            WHERE id = (SELECT id FROM outbox WHERE {which} ORDER BY next_at, id LIMIT 1)
            RETURNING id, message_id, kind, recipient, language, payload, attempts, lease, secret, nonce, key_id"""
# Recipient, payload and seed are deleted.
_CLOSE = """UPDATE outbox SET state = :state, finished_at = :now, error = {error}, recipient = '', payload = '{{}}',
                              secret = NULL, nonce = NULL, key_id = NULL, lease = NULL, lease_until = NULL
            WHERE {which}"""


@dataclass(frozen=True)
class LeasedMail:
    """A mail to be sent: what `enqueue` was given, and the lease with which this worker holds it."""

    id: int
    message_id: str
    kind: str
    recipient: str
    language: str
    payload: dict[str, Any]
    attempts: int
    lease: str
    seed: Seed | None = None

    def payload_with_secret(self, keys: Keys) -> dict[str, Any]:
        """The payload, with the token or access code derived from the seed. Raises MissingKeyError."""
        if self.seed is None:
            return self.payload
        if self.seed.kind == "token":
            return {**self.payload, "token": derive_token(keys, self.seed)}
        return {**self.payload, "code": group_code(derive_code(keys, self.seed))}


Render = Callable[[LeasedMail], EmailMessage]


def send_next(
    db: Database,
    render: Render,
    transport: MailTransport,
    now: Callable[[], datetime],
    lease_seconds: int = LEASE_SECONDS,
) -> str | None:
    """Send one due mail and return its state after that (sent, waiting or failed); None when none is due.

    A temporary error of the transport, and a template that fails, is retried with growing delays. A permanent error,
    and a mail that could not be sent before its `give_up_at`, becomes failed.
    """
    fail_overdue(db, now())
    item = claim(db, now(), lease_seconds)
    if item is None:
        return None
    try:
        # Outside any transaction: the network may take its time.
        transport.send(render(item))
    except PermanentMailError as error:
        return finish(db, item, "failed", now(), str(error))
    except TemporaryMailError as error:
        return retry_later(db, item, now(), str(error))
    except Exception as error:  # noqa: BLE001 (a template that fails today may be mended before the mail is too late)
        # Only the error's type: its text may quote the token.
        return retry_later(db, item, now(), f"could not be written: {type(error).__name__}")
    return finish(db, item, "sent", now())


def claim(db: Database, now: datetime, lease_seconds: int = LEASE_SECONDS) -> LeasedMail | None:
    """Lease the mail that has been due longest, or None. One statement, so two workers never get the same."""
    if not is_due(db.read(), now):
        # A look first, so that an idle worker never takes the write lock.
        return None
    until = now + timedelta(seconds=lease_seconds)
    with db.write() as conn:
        row = conn.execute(
            _CLAIM.format(which=_DUE),
            {"lease": secrets.token_hex(16), "now": to_text(now), "until": to_text(until)},
        ).fetchone()
    return None if row is None else to_leased_mail(row)


def to_leased_mail(row: Row | Mapping[str, Any]) -> LeasedMail:
    """The LeasedMail of a row of the outbox."""
    seed = Seed(row["secret"], row["nonce"], row["key_id"]) if row["nonce"] else None
    kept = ("id", "message_id", "kind", "recipient", "language", "attempts", "lease")
    return LeasedMail(**{name: row[name] for name in kept}, payload=json.loads(row["payload"]), seed=seed)


def is_due(conn: Connection, now: datetime) -> bool:
    """Whether any mail is due. Only reads."""
    row = conn.execute(
        _EXISTS.format(which=_DUE),
        {"now": to_text(now)},
    ).fetchone()
    return row is not None


def finish(db: Database, item: LeasedMail, state: str, now: datetime, error: str = "") -> str:
    """Close the row as sent or failed, and delete recipient, payload and seed.

    Changes nothing if the lease has expired and another worker holds the mail.
    """
    with db.write() as conn:
        conn.execute(
            _CLOSE.format(error=":error", which="id = :id AND lease = :lease"),
            {
                "state": state,
                "now": to_text(now),
                "error": _redact_error(error, item.recipient),
                "id": item.id,
                "lease": item.lease,
            },
        )
    return state


def retry_later(db: Database, item: LeasedMail, now: datetime, error: str) -> str:
    """Let the mail wait for a retry: 15 seconds after the first attempt, doubling up to an hour."""
    with db.write() as conn:
        conn.execute(
            """UPDATE outbox SET state = 'waiting', next_at = :next_at, error = :error,
                                 lease = NULL, lease_until = NULL
               WHERE id = :id AND lease = :lease""",
            {
                "next_at": to_text(now + timedelta(seconds=retry_delay_seconds(item.attempts))),
                "error": _redact_error(error, item.recipient),
                "id": item.id,
                "lease": item.lease,
            },
        )
    return "waiting"


def retry_delay_seconds(attempts: int) -> float:
    """The delay after so many attempts, with a jitter of a fifth, so that not all mails are retried at once."""
    seconds = min(MAX_RETRY_SECONDS, FIRST_RETRY_SECONDS << min(attempts - 1, 20))
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 (spreads load, hides nothing)


def fail_overdue(db: Database, now: datetime) -> int:
    """Close as failed the mails that could not be sent in time; returns how many. Keeps the last error."""
    late = {"now": to_text(now)}
    if db.read().execute(_EXISTS.format(which=_OVERDUE), late).fetchone() is None:
        return 0
    with db.write() as conn:
        return conn.execute(
            _CLOSE.format(error="CASE WHEN error = '' THEN 'not sent in time' ELSE error END", which=_OVERDUE),
            {**late, "state": "failed"},
        ).rowcount


def fail_without_key(conn: Connection, keys: Keys, now: datetime) -> int:
    """Close as failed the mails whose link or code can no longer be derived because the secret is lost; returns how
    many. Call inside `write()`.
    """
    return conn.execute(
        _CLOSE.format(error="'its secret is lost'", which="key_id NOT IN (:first, :second)"),
        {"state": "failed", "now": to_text(now), "first": keys.all[0].id, "second": keys.all[-1].id},
    ).rowcount


def _redact_error(error: str, recipient: str) -> str:
    """An error message to store: one line, truncated, and without the recipient's address."""
    shown = " ".join(error.split())
    for secret in {recipient, recipient.lower()} - {""}:
        shown = shown.replace(secret, "•••")
    return shown[:_MAX_ERROR_LENGTH]
