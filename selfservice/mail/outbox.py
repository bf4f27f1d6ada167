"""The outbox: queueing mails and their status. Sending is in delivery.py and worker.py."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.limits.sliding_window import SlidingWindowLimit, reserve_in_window
from selfservice.mail import verification
from selfservice.seeds import Seed
from selfservice.values.email import email_key, mask_email

KEPT = (
    Kept(
        what=lazy_gettext("The text of an e-mail to you, with your address"),
        until=lazy_gettext("Until it is sent, or at most %(time)s when that does not work"),
        tables=(),
        fact="mail.give_up_hours",
    ),
    Kept(
        what=lazy_gettext("That there was an e-mail to an address (scrambled)"),
        until=lazy_gettext("%(time)s after the e-mail was made"),
        tables=("outbox",),
        fact="mail.keep_days",
    ),
)
STUCK_MINUTES = 15


@dataclass(frozen=True)
class OutboxEntry:
    """An enqueued mail: its id, Message-ID and state (waiting or void; another one for a repeated idempotency key)."""

    id: int
    message_id: str
    state: str


@dataclass(frozen=True)
class SendingSlot:
    """The time at which a mail may be sent under its limit, and the waiting mail (by id) that it replaces."""

    at: datetime
    topic_key: str | None = None
    replaces: int | None = None

    def sent_before(self, now: datetime) -> datetime | None:
        """The whole minute before which the mail is sent, to tell the requester; None if it is sent at once.

        It depends on what was typed and requested before, not on whether a mail is really sent.
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
    """Count a mail and return when it may be sent: at once, or as soon as its limit allows. Call inside `write()`.

    An `earned` mail follows from a secret (a code, a used link, a session) or from our staff, and has its own limit
    (fact mail.earned_per_day); the other (facts mail.per_hour and mail.per_day) is for what anybody can cause by typing
    an address.

    `counted_on` is what shares a count: the address, as `email_key` writes it, or for a mail that
    only leaves when an address and a secret belong together both as they were typed. Void mails count like any
    other, so that the time is the same whether or not something is sent; and since nobody can count on another's
    secret, nobody can use up what took one.
    Of a mail with the same `topic` and count that still waits for its turn this one gets the place (as in RFC 8030,
    5.4), so that asking again and again makes no queue. Without a topic a mail replaces none and is replaced by
    none.
    """
    limit = _mail_limit(ctx, earned=earned)
    key = ctx.keys.keyed_hash("mail-topic", f"{limit.name}:{limit_key}:{topic}") if topic else None
    # A mail that was attempted before waits for the mail server, not for its limit; it may already be on its way.
    waiting = conn.execute(
        """SELECT id, next_at FROM outbox
           WHERE topic_key = :key AND state IN ('waiting', 'void') AND attempts = 0 AND next_at > :now""",
        {"key": key, "now": to_text(now)},
    ).fetchone()
    if waiting is not None:
        return SendingSlot(from_text(waiting["next_at"]), key, waiting["id"])
    return SendingSlot(reserve_in_window(conn, ctx.keys, limit, limit_key, now), key)


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
    give_up_after: timedelta | None = None,
) -> OutboxEntry:
    """Queue one mail inside the caller's `write()`, so it is sent if and only if the change is committed.

    The same idempotency key returns the existing row. `payload` holds the variables of the
    mail's template (JSON) and never a token or access code: that is derived from `seed` when the mail is written.
    Both are deleted when the mail is sent or has failed. The mail's check code (`verification`) is added to the
    payload as `check_code`.
    `void` is for a recipient to whom nothing may be sent: the same statements run, and neither address nor payload
    is stored. A mail over the limit waits, and is only dropped for a newer one on its topic (`reserve_slot`).
    Pass the `slot` when the mail's content depends on when it is sent, such as a link that is valid for some hours;
    else one is reserved for the recipient. Pass `give_up_after`, counted from the slot, when a late mail would be
    useless, for example because its link has expired; else it is fact mail.give_up_hours.
    """
    give_up_after = give_up_after or timedelta(hours=ctx.fact("mail.give_up_hours"))
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
    """The Message-ID of an idempotency key, by which receivers recognise a mail that was sent twice."""
    return f"<{hashlib.sha256(idempotency_key.encode()).hexdigest()[:40]}@{ctx.mail_domain}>"


def _mail_limit(ctx: Context, *, earned: bool) -> SlidingWindowLimit:
    if earned:
        return SlidingWindowLimit("mail-earned", ctx.fact("mail.earned_per_day"), ctx.fact("mail.earned_per_day"))
    return SlidingWindowLimit("mail", ctx.fact("mail.per_hour"), ctx.fact("mail.per_day"))


def sent_before(conn: Connection, idempotency_key: str, now: datetime) -> datetime | None:
    """The whole minute before which the mail with this key is sent (`SendingSlot.sent_before`); None if it does not
    wait for its limit, or does not exist. Only reads.
    """
    row = conn.execute(
        "SELECT next_at FROM outbox WHERE idempotency_key = :key AND state = 'waiting' AND attempts = 0",
        {"key": idempotency_key},
    ).fetchone()
    return None if row is None else SendingSlot(from_text(row["next_at"])).sent_before(now)


def waiting_times(conn: Connection, now: datetime) -> list[datetime]:
    """When each waiting mail will be sent: those over their recipient's limit, and those to be retried."""
    rows = conn.execute(
        "SELECT next_at FROM outbox WHERE state = 'waiting' AND next_at > :now ORDER BY next_at", {"now": to_text(now)}
    )
    return [from_text(row["next_at"]) for row in rows]


def send_waiting_now(conn: Connection, now: datetime) -> int:
    """Make every waiting mail due now; returns how many. For a demonstration, whose mail reaches nobody."""
    bound = {"now": to_text(now)}
    # Void ones too, so that a later mail on the same topic finds known and unknown alike.
    conn.execute("UPDATE outbox SET next_at = :now WHERE state = 'void' AND next_at > :now", bound)
    return conn.execute("UPDATE outbox SET next_at = :now WHERE state = 'waiting' AND next_at > :now", bound).rowcount


def cancel(conn: Connection, idempotency_keys: Sequence[str], now: datetime) -> None:
    """Cancel the mails with these keys that were not sent yet (`delivery.fail_overdue` then closes them). One that is
    on its way at this moment goes.
    """
    conn.execute(
        """UPDATE outbox SET give_up_at = :now, error = 'dropped'
           WHERE +state = 'waiting' AND idempotency_key IN (SELECT value FROM json_each(:keys))""",
        {"keys": json.dumps(idempotency_keys), "now": to_text(now)},
    )


def cancel_to(conn: Connection, ctx: Context, email: str, now: datetime, *, about_account: bool) -> None:
    """Cancel the mails to this address that were not sent yet, those about an account or all others, but for what says
    that something was deleted. One that is on its way at this moment goes, or is not tried again.
    """
    keys = ctx.keys.keyed_hashes("mail-recipient", email_key(email))
    conn.execute(
        """UPDATE outbox SET give_up_at = :now, error = 'dropped'
           WHERE state IN ('waiting', 'leased') AND recipient_key IN (:new_key, :old_key)
                 AND (kind LIKE 'account.%') = :about_account AND kind <> 'account.deleted'""",
        {"new_key": keys[0], "old_key": keys[1], "about_account": about_account, "now": to_text(now)},
    )


def cancel_waiting(conn: Connection, now: datetime, *, links_only: bool) -> int:
    """Cancel every mail that was not sent yet, or only those with a link (`delivery.fail_overdue` then closes them);
    returns how many.
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
    recipient's limit counts as waiting from the time at which it may be sent.
    """
    conn = db.read()
    rows = conn.execute("SELECT state, count(*) AS n FROM outbox GROUP BY state")
    counts = {row["state"]: row["n"] for row in rows}
    # A mail that was never attempted may wait for its limit: it cannot be late before that.
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


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete finished rows older than fact mail.keep_days (see outbox_migrations.py); returns how many."""
    return conn.execute(
        "DELETE FROM outbox WHERE state NOT IN ('waiting', 'leased') AND created_at < :before",
        {"before": KEPT[1].before(ctx.facts, now)},
    ).rowcount
