"""The access codes of an organisation, for whoever has its main code: whose they are, and withdrawing one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from selfservice import workdays
from selfservice.accounts.sessions import Session
from selfservice.audit import record
from selfservice.clock import from_text
from selfservice.context import Context
from selfservice.db import Connection, Row
from selfservice.limits import table
from selfservice.limits.rate_limit import allow
from selfservice.mail import outbox
from selfservice.orders.visibility import is_main
from selfservice.requests import letter_delivery
from selfservice.values.email import mask_email
from selfservice.values.name import full_name

PAGE = 50
# The columns of `OrganisationCode`, of codes that work, in the order of the list.
_SELECT = """SELECT c.id, c.hint, c.person_id, c.created_at, c.handed_over_at, c.first_used_at, c.last_used_on,
                    p.given_name, p.family_name, p.email, p.language, o.name AS organisation,
                    o.main_person_id IS p.id AS is_main
             FROM access_codes c JOIN people p ON p.id = c.person_id JOIN organisations o ON o.id = c.organisation_id
             WHERE c.organisation_id = :organisation_id AND c.revoked_at IS NULL AND {which}
             ORDER BY is_main DESC, p.given_name COLLATE NOCASE, p.family_name COLLATE NOCASE, c.id
             LIMIT :most OFFSET :before"""


@dataclass(frozen=True)
class OrganisationCode:
    """A code that works, and whose it is. `last_used_on` is the day of the last login here, when it is known."""

    id: int
    hint: str
    person_id: int
    given_name: str
    name: str
    email: str
    language: str
    organisation: str
    is_main: bool
    since: date
    is_sent: bool
    is_used: bool
    last_used_on: date | None

    @property
    def masked_email(self) -> str:
        """Enough of the address for a colleague to recognise it."""
        return mask_email(self.email)


def list_codes(conn: Connection, organisation_id: int, page: int = 1) -> list[OrganisationCode]:
    """The codes on this page of the list: the main code first, then by name."""
    rows = conn.execute(
        _SELECT.format(which="TRUE"),
        {"organisation_id": organisation_id, "most": PAGE, "before": (page - 1) * PAGE},
    )
    return [_code(row) for row in rows]


def count_codes(conn: Connection, organisation_id: int) -> int:
    """How many codes of the organisation work."""
    row = conn.execute(
        "SELECT count(*) AS codes FROM access_codes WHERE organisation_id = :id AND revoked_at IS NULL",
        {"id": organisation_id},
    ).fetchone()
    return int(row["codes"])


def count_requests(conn: Connection, organisation_id: int) -> int:
    """How many requests for a code of the organisation our staff still look at. Whose they are is told to nobody:
    anybody can send one.
    """
    row = conn.execute(
        "SELECT count(*) AS requests FROM requests WHERE organisation_id = :id AND state IN ('received', 'checking')",
        {"id": organisation_id},
    ).fetchone()
    return int(row["requests"])


def find_of_colleague(conn: Connection, session: Session, access_code_id: int) -> OrganisationCode | None:
    """A colleague's code that works, for whoever has the main code; else None, whatever the reason."""
    if session.organisation_id is None or not is_main(conn, session.person_id, session.organisation_id):
        return None
    row = conn.execute(
        _SELECT.format(which="c.id = :id AND o.main_person_id <> p.id"),
        {"organisation_id": session.organisation_id, "id": access_code_id, "most": 1, "before": 0},
    ).fetchone()
    return None if row is None else _code(row)


def withdraw(
    conn: Connection, ctx: Context, session: Session, code: OrganisationCode, address: str, now: datetime
) -> int:
    """Withdraw a colleague's code (`find_of_colleague`), end its sessions, and mail its owner and whoever did it.

    0, or the seconds to wait when there were too many. Call inside `write()`.
    """
    wait = allow(conn, ctx.keys, table.WITHDRAW_CODE, str(session.person_id), now).retry_after_seconds
    if wait:
        return wait
    letter_delivery.revoke_code(conn, code.id, now)
    told = {"organisation": code.organisation, "hint": code.hint}
    mine = {"name": session.given_name, "colleague": code.name}
    theirs = {"name": code.given_name, "colleague": session.name}
    send_mail(conn, ctx, "withdrawn", code.id, code.person_id, told | theirs, now)
    send_mail(conn, ctx, "withdrew", code.id, session.person_id, told | mine, now)
    who, on_what = f"person:{session.person_id}", f"access_code:{code.id}"
    record(conn, ctx.keys, now, "access_code.withdraw", "ok", who=who, on_what=on_what, address=address)
    return 0


def send_mail(
    conn: Connection,
    ctx: Context,
    name: str,
    record_id: int,
    person_id: int,
    payload: Mapping[str, Any],
    now: datetime,
) -> None:
    """Mail a person about a code or an offer of this row, in their own language."""
    to = conn.execute("SELECT email, language FROM people WHERE id = :id", {"id": person_id}).fetchone()
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"organisation-codes:{name}:{record_id}:{now.isoformat()}",
        kind=f"organisation_codes.{name}",
        recipient=to["email"],
        language=to["language"],
        payload=payload,
        earned=True,
    )


def _code(row: Row) -> OrganisationCode:
    return OrganisationCode(
        id=row["id"],
        hint=row["hint"],
        person_id=row["person_id"],
        given_name=row["given_name"],
        name=full_name(row["given_name"], row["family_name"]),
        email=row["email"],
        language=row["language"],
        organisation=row["organisation"],
        is_main=bool(row["is_main"]),
        since=workdays.today(from_text(row["created_at"])),
        is_sent=row["handed_over_at"] is not None,
        is_used=row["first_used_at"] is not None,
        last_used_on=date.fromisoformat(row["last_used_on"]) if row["last_used_on"] else None,
    )
