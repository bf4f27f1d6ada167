"""Asking the person with the main code, which sees all orders of an organisation: who that is, and a mail to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.limits.rate_limit import RateLimit, allow
from selfservice.mail import outbox
from selfservice.orders.redelivery import Requester
from selfservice.values.email import mask_email


@dataclass(frozen=True)
class MainCodeHolder:
    """The person with the main code of an organisation, as a colleague may see them: `name` and `email` are masked."""

    person_id: int
    name: str
    email: str


def mask_name(name: str) -> str:
    """A name as colleagues will recognise it and a stranger cannot use it: J••• van d••• Z•••."""
    return " ".join(f"{part[0]}•••" for part in name.split())


def holder(conn: Connection, organisation_id: int) -> MainCodeHolder | None:
    """Who has the main code; None when nobody has, or no longer a code that works."""
    row = working(conn, organisation_id)
    if row is None:
        return None
    return MainCodeHolder(row["id"], mask_name(f"{row['given_name']} {row['family_name']}"), mask_email(row["email"]))


def ask_holder(conn: Connection, ctx: Context, organisation_id: int, requester: Requester, now: datetime) -> int:
    """Mail the person with the main code that a colleague asks about it, in their own language.

    0 when the mail is queued, else the seconds to wait: each colleague once in so many hours (fact
    `orders.ask_main_hours`), and one person is asked at most so often a day (fact `orders.ask_main_per_day`), so that
    colleagues cannot use up the mails that may go to them. Raises LookupError when nobody has the main code. Call
    inside `write()`.
    """
    row = working(conn, organisation_id)
    if row is None:
        raise LookupError("nobody has the main code of this organisation")
    each = RateLimit("orders-ask-main", 1, ctx.fact("orders.ask_main_hours") * 3600)
    all_ = RateLimit("orders-main-asked", ctx.fact("orders.ask_main_per_day"), 24 * 3600)
    decision = allow(conn, ctx.keys, each, f"{requester.person_id}:{organisation_id}", now)
    if decision.allowed:
        decision = allow(conn, ctx.keys, all_, f"{row['id']}:{organisation_id}", now)
    if decision.allowed:
        outbox.enqueue(
            conn,
            ctx,
            now,
            idempotency_key=f"orders-main:{requester.person_id}:{organisation_id}:{now.isoformat()}",
            kind="orders.main",
            recipient=row["email"],
            language=row["language"],
            payload={
                "name": row["given_name"],
                "asker": requester.name,
                "asker_email": requester.email,
                "organisation": row["organisation"],
                "hint": row["hint"],
            },
            # So rare by then that it may wait its turn, and whoever asks is told that it goes.
            earned=True,
        )
    record(
        conn,
        ctx.keys,
        now,
        "orders.ask_main",
        "ok" if decision.allowed else "limited",
        who=f"person:{requester.person_id}",
        on_what=f"organisation:{organisation_id}",
        address=requester.address,
    )
    return decision.retry_after_seconds


def working(conn: Connection, organisation_id: int) -> Row | None:
    """The person with the main code, the code, and their organisation; None unless that code works."""
    found: Row | None = conn.execute(
        """SELECT p.id, p.given_name, p.family_name, p.email, p.language, o.name AS organisation, c.hint,
                  c.id AS access_code_id
           FROM organisations o JOIN people p ON p.id = o.main_person_id
                JOIN access_codes c ON c.person_id = p.id AND c.organisation_id = o.id AND c.revoked_at IS NULL
           WHERE o.id = :organisation_id""",
        {"organisation_id": organisation_id},
    ).fetchone()
    return found
