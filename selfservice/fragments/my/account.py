"""What `my` shows of an access code: for which organisation it is, and how is paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from selfservice.accounts import payment_methods
from selfservice.accounts.sessions import Session
from selfservice.db import Connection


@dataclass(frozen=True)
class Account:
    """An access code and what it is for. `payment` is 'credit', 'direct_debit' or None."""

    code_hint: str
    organisation: str | None
    kvk_number: str | None
    is_main: bool
    payment: str | None
    debit_from: date | None
    debit_until: date | None


def load_account(conn: Connection, session: Session, today: date) -> Account | None:
    """What there is to show of the code of whoever is signed in, on this day; None for who did so without. Raises
    LookupError when the code is gone.
    """
    if session.access_code_id is None:
        return None
    row = conn.execute(
        """SELECT c.hint, o.name, o.kvk_number, o.main_person_id
           FROM access_codes c LEFT JOIN organisations o ON o.id = c.organisation_id
           WHERE c.id = :id AND c.person_id = :person_id""",
        {"id": session.access_code_id, "person_id": session.person_id},
    ).fetchone()
    if row is None:
        raise LookupError("the access code of this session is gone")
    paying = payment_methods.current(conn, session.person_id, session.organisation_id, today)
    return Account(
        code_hint=row["hint"],
        organisation=row["name"],
        kvk_number=row["kvk_number"],
        is_main=row["main_person_id"] == session.person_id,
        payment=paying.method,
        debit_from=paying.direct_debit_from,
        debit_until=paying.direct_debit_until,
    )
