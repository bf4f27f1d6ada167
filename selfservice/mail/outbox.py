"""Putting a mail in the outbox, and looking at what is there. Sending is in delivery.py and worker.py."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.limits.sliding_window import SlidingWindowLimit, reserve_in_window
from selfservice.mail import verification
from selfservice.seeds import Seed
from selfservice.values.email import email_key, mask_email

GIVE_UP_HOURS = 24
KEPT_DAYS = 30
STUCK_MINUTES = 15


@dataclass(frozen=True)
class OutboxEntry:
    """What became of an enqueued mail: its row, its Message-ID, and waiting or void (or, if repeated, later)."""

    id: int
    message_id: str
    state: str


@dataclass(frozen=True)
class SendingSlot:
    """When a mail may leave under its cap, and the mail (by its row) that waits for that moment and gives way."""

    at: datetime
    topic_key: str | None = None
    replaces: int | None = None

    def sent_before(self, now: datetime) -> datetime | None:
        """The whole minute before which the mail leaves, to be said to who asked for it; None when it leaves at once.

        It depends on what was typed and asked before, not on whether anything is really sent.
        """
        return None if self.at <= now else self.at.replace(second=0, microsecond=0) + timedelta(minutes=2)


def reserve_slot(
    conn: Connection,
    ctx: Context,
    now: datetime,
    *,
    limit_key: str,
    earned: bool = False,
    topic: str = "",
) -> SendingSlot:
    """Count a mail and say when it may leave: at once, or as soon as its cap has room. Call inside `write()`.

    An `earned` mail follows from a secret (a code, a used link, a session) or from our staff, and has a cap of its own
    (fact mail.earned_per_day); the other (facts mail.per_hour and mail.per_day) is for what anybody can cause by typing
    an address.

    `counted_on` is what shares a count: the address, as `email_key` writes it, or for a mail that
    only leaves when an address and a secret belong together both as they were typed. Void mails count like any
    other, so that the moment is the same whether or not something is sent; and since nobody can count on another's
    secret, nobody can use up what took one.
    Of a mail with the same `topic` and count that still waits for its turn this one gets the place (as in RFC 8030,
    5.4), so that asking again and again makes no queue. Without a topic a mail replaces none and is replaced by
    none.
    """
    cap = _mail_limit(ctx, earned=earned)
    key = ctx.keys.keyed_hash("mail-topic", f"{cap.name}:{limit_key}:{topic}") if topic else None
    # What was tried before waits for the mail server, not for its turn; it may be on its way.
    waiting = conn.execute(
        """SELECT id, next_at FROM outbox
           WHERE topic_key = :key AND state IN ('waiting', 'void') AND attempts = 0 AND next_at > :now""",
        {"key": key, "now": to_text(now)},
    ).fetchone()
    if waiting is not None:
        return SendingSlot(from_text(waiting["next_at"]), key, waiting["id"])
    return SendingSlot(reserve_in_window(conn, ctx.keys, cap, limit_key, now), key)


def enqueue(
    conn: Connection,
    ctx: Context,
    now: datetime,
    *,
    idempotency_key: str,
    kind: str,
    recipient: str,
    language: str,
    payload: Mapping[str, Any],
    seed: Seed | None = None,
    void: bool = False,
    earned: bool = False,
    topic: str = "",
    slot: SendingSlot | None = None,
    give_up_after: timedelta = timedelta(hours=GIVE_UP_HOURS),
) -> OutboxEntry:
    """Queue one mail inside the caller's `write()`, so it leaves if and only if the change is kept.

    The same idempotency key gives the row that is there already. `payload` holds the variables of the
    mail's template (JSON) and never a token or access code: that is derived from `seed` when the mail is written.
    Both are blanked when the mail is sent or given up. The mail's check code (`messages.model`) is added to the
    payload as `check_code`.
    `void` is for a recipient whom nothing may be sent: the same statements run, and nothing is kept of
    address or payload. What is over the cap waits for its turn, and none is dropped but for a newer one on its
    topic (`reserve`). Pass the `slot` when the mail's content depends on when it leaves, such as a link that works
    for some hours; else one is reserved for the recipient. Pass `give_up_after`, from its turn on, when a late mail
    would be of no use, for example because its link has expired.
    """
    known = conn.execute(
        "SELECT id, message_id, state FROM outbox WHERE idempotency_key = :key", {"key": idempotency_key}
    ).fetchone()
    if known is not None:
        return OutboxEntry(**dict(known))
    if slot is None:
        slot = reserve_slot(conn, ctx, now, limit_key=email_key(recipient), earned=earned, topic=topic)
    gone = conn.execute("DELETE FROM outbox WHERE id = :id RETURNING payload", {"id": slot.replaces}).fetchone()
    verification.delete(conn, json.loads(gone["payload"]).get("check_code", "") if gone else "")
    masked = "" if void else mask_email(recipient)
    filled = {**payload, "check_code": verification.register(conn, kind, masked, language, now)}
    kept = None if void else seed
    row = conn.execute(
        """INSERT INTO outbox (idempotency_key, message_id, kind, recipient, recipient_key, language,
                               payload, secret, nonce, key_id, state, created_at, next_at, give_up_at,
                               topic_key)
           VALUES (:idempotency_key, :message_id, :kind, :recipient, :recipient_key, :language, :payload,
                   :secret, :nonce, :key_id, :state, :now, :next_at, :give_up_at, :topic_key)
           RETURNING id, message_id, state""",
        {
            "idempotency_key": idempotency_key,
            "message_id": make_message_id(ctx, idempotency_key),
            "kind": kind,
            "recipient": "" if void else recipient,
            "recipient_key": ctx.keys.keyed_hash("mail-recipient", email_key(recipient)),
            "language": language,
            "payload": "{}" if void else json.dumps(filled, ensure_ascii=False),
            "secret": kept.kind if kept else None,
            "nonce": kept.nonce if kept else None,
            "key_id": kept.key_id if kept else None,
            "state": "void" if void else "waiting",
            "now": to_text(now),
            "next_at": to_text(slot.at),
            "give_up_at": to_text(slot.at + give_up_after),
            "topic_key": slot.topic_key,
        },
    ).fetchone()
    return OutboxEntry(**dict(row))


def make_message_id(ctx: Context, idempotency_key: str) -> str:
    """The Message-ID that belongs to an idempotency key: a mail sent twice is recognised as one by the
    receiver.
    """
    return f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:40]}@{ctx.mail_domain}>"


def _mail_limit(ctx: Context, *, earned: bool) -> SlidingWindowLimit:
    if earned:
        return SlidingWindowLimit("mail-earned", ctx.fact("mail.earned_per_day"), ctx.fact("mail.earned_per_day"))
    return SlidingWindowLimit("mail", ctx.fact("mail.per_hour"), ctx.fact("mail.per_day"))


def sent_before(conn: Connection, idempotency_key: str, now: datetime) -> datetime | None:
    """The whole minute before which the mail with this key leaves (`Slot.before`); None when it does not wait for its
    turn under a cap, or there is none. Only reads.
    """
    row = conn.execute(
        "SELECT next_at FROM outbox WHERE idempotency_key = :key AND state = 'waiting' AND attempts = 0",
        {"key": idempotency_key},
    ).fetchone()
    return None if row is None else SendingSlot(from_text(row["next_at"])).sent_before(now)


def waiting_times(conn: Connection, now: datetime) -> list[datetime]:
    """When each mail that may not go yet will go: those over their recipient's cap, and those to be tried again."""
    rows = conn.execute(
        "SELECT next_at FROM outbox WHERE state = 'waiting' AND next_at > :now ORDER BY next_at", {"now": to_text(now)}
    )
    return [from_text(row["next_at"]) for row in rows]


def send_waiting_now(conn: Connection, now: datetime) -> int:
    """Let every mail that waits go now; returns how many. For a demonstration, whose mail reaches nobody."""
    moment = {"now": to_text(now)}
    # Void ones too, so that a later mail on the same topic finds known and unknown alike.
    conn.execute("UPDATE outbox SET next_at = :now WHERE state = 'void' AND next_at > :now", moment)
    return conn.execute("UPDATE outbox SET next_at = :now WHERE state = 'waiting' AND next_at > :now", moment).rowcount


def cancel_waiting(conn: Connection, now: datetime, *, links_only: bool) -> int:
    """Let every mail that was not sent yet, or only those with a link in them, be given up at once (`queue.give_up`
    does it); returns how many.
    """
    return conn.execute(
        """UPDATE outbox SET state = 'waiting', lease = NULL, lease_until = NULL, give_up_at = :now, error = 'dropped'
           WHERE state IN ('waiting', 'leased') AND (secret = 'token' OR NOT :links_only)""",
        {"now": to_text(now), "links_only": links_only},
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


def clean(conn: Connection, now: datetime) -> int:
    """Remove finished rows older than 30 days (see migrations.py); returns how many went."""
    return conn.execute(
        "DELETE FROM outbox WHERE state NOT IN ('waiting', 'leased') AND created_at < :before",
        {"before": to_text(now - timedelta(days=KEPT_DAYS))},
    ).rowcount
