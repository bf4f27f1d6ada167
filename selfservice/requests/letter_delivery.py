"""The letters of requests: queueing them, and withdrawing them while they are not printed."""

from __future__ import annotations

from datetime import date, datetime

from selfservice.accounts import access_codes, sessions
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.letters import pending
from selfservice.requests import states
from selfservice.requests.records import Request, to_request
from selfservice.seeds import Seed


def enqueue(
    conn: Connection, ctx: Context, request: Request, access_code_id: int, seed: Seed, last: date, now: datetime
) -> int:
    """Queue the letter with the code of a request; returns its id. Raises `pending.OpenLetterError` and
    `pending.UnprintableError`.
    """
    return pending.enqueue(
        conn,
        ctx,
        access_code_id=access_code_id,
        reference=request.reference,
        language=request.language,
        lines=request.letter_lines,
        seed=seed,
        valid_until=last,
        now=now,
    )


def withdraw_letter_and_code(conn: Connection, request: Request, now: datetime) -> None:
    """Withdraw a request's unprinted letter and revoke its code. Raises LetterPrintedError."""
    if request.letter_id is not None:
        pending.withdraw(conn, request.letter_id, now)
    if request.access_code_id is not None:
        access_codes.revoke(conn, request.access_code_id, now)
    states.update(conn, request.id, letter_id=None, access_code_id=None)


def revoke_code(conn: Connection, access_code_id: int, now: datetime) -> bool:
    """Revoke a code and end its sessions; an unprinted letter with it is withdrawn too, with its request. Returns
    False, and changes nothing, if it was not active.
    """
    if not access_codes.revoke(conn, access_code_id, now):
        return False
    sessions.end_all_of_code(conn, access_code_id, now)
    row = conn.execute(
        "SELECT * FROM requests WHERE access_code_id = :id AND state = 'approved'", {"id": access_code_id}
    ).fetchone()
    if row is not None:
        request = to_request(row)
        withdraw_letter_and_code(conn, request, now)
        states.change_state(conn, request, "withdrawn", now, reason="revoked")
    return True
