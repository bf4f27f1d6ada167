"""The life of an access code once somebody has it: that it was used, and when it lapses.

A code sent by letter lapses when it is not used in time (`access_codes.valid_until`); once used it stays.
"""

from datetime import datetime

from selfservice.clock import to_text
from selfservice.db import Connection


def note_use(conn: Connection, access_code_id: int, now: datetime) -> None:
    """Write down that the code was signed in with, the first time; later times change nothing."""
    conn.execute(
        "UPDATE access_codes SET first_used_at = :now WHERE id = :id AND first_used_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    )


def note_hand_over(conn: Connection, access_code_id: int, now: datetime) -> None:
    """Write down that the code left us, by mail or on paper; later times change nothing."""
    conn.execute(
        "UPDATE access_codes SET handed_over_at = :now WHERE id = :id AND handed_over_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    )


def set_valid_until(conn: Connection, access_code_id: int, moment: datetime) -> None:
    """Set until when the code must have been used for the first time."""
    conn.execute(
        "UPDATE access_codes SET valid_until = :moment WHERE id = :id",
        {"id": access_code_id, "moment": to_text(moment)},
    )


def active_code(conn: Connection, person_id: int | None, organisation_id: int | None) -> int | None:
    """The row of the person's active code, private or for an organisation, or None. One query, also for nobody."""
    row = conn.execute(
        """SELECT id FROM access_codes
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND revoked_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return None if row is None else int(row["id"])
