"""The states of a request and their transitions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from selfservice.accounts import tokens
from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.requests.records import Request, RequestState, get

# sent, printed and posted go back to approved when the code was not received and a new one is made. Approved and
# duplicate become rejected when the organisation is closed.
TRANSITIONS: dict[RequestState, tuple[RequestState, ...]] = {
    "received": ("checking", "approved", "withdrawn", "rejected", "duplicate"),
    "checking": ("approved", "withdrawn", "rejected", "duplicate"),
    "approved": ("checking", "sent", "printed", "withdrawn", "rejected", "duplicate"),
    "sent": ("approved",),
    "printed": ("posted", "approved"),
    "posted": ("approved",),
    "duplicate": ("withdrawn", "rejected"),
    "withdrawn": (),
    "rejected": (),
}
CLOSED_STATES: tuple[RequestState, ...] = ("withdrawn", "rejected", "duplicate")


class WrongStateError(Exception):
    """The action is not possible in the request's current `state`."""

    def __init__(self, state: str) -> None:
        super().__init__(f"the request is {state}")
        self.state = state


def change_state(
    conn: Connection,
    request: Request,
    state: RequestState,
    now: datetime,
    *,
    reason: str | None = None,
    approved_by: str | None = None,
) -> Request:
    """Bring a request into its next state and record the time; returns it as it is then.

    What is closed forgets the account to collect from, and the link that was mailed for it opens nothing. Raises
    WrongStateError when that state may not follow, also when the request has changed since it was read.
    """
    if state not in TRANSITIONS[request.state]:
        raise WrongStateError(request.state)
    changed = conn.execute(
        """UPDATE requests SET state = :state, reason = coalesce(:reason, reason),
                               approved_by = coalesce(:approved_by, approved_by)
           WHERE id = :id AND state = :before""",
        {
            "id": request.id,
            "before": request.state,
            "state": state,
            "reason": reason,
            "approved_by": approved_by,
        },
    ).rowcount
    if changed != 1:
        raise WrongStateError(get(conn, request.id).state)
    add_to_history(conn, request.id, state, now)
    if state in CLOSED_STATES:
        update(conn, request.id, iban=None, holder=None)
        tokens.revoke_all(conn, request.link_kind, request.person_id, now)
    return get(conn, request.id)


def add_to_history(conn: Connection, request_id: int, state: RequestState, now: datetime) -> None:
    """Add a state and its time to the request's history."""
    conn.execute(
        "INSERT INTO request_states (request_id, state, at) VALUES (:request_id, :state, :now)",
        {"request_id": request_id, "state": state, "now": to_text(now)},
    )


def history(conn: Connection, request_id: int) -> list[tuple[RequestState, str]]:
    """Each state of the request with its time (in the format of `clock.to_text`), oldest first."""
    rows = conn.execute(
        "SELECT state, at FROM request_states WHERE request_id = :id ORDER BY at, id", {"id": request_id}
    )
    return [(row["state"], row["at"]) for row in rows]


_UPDATES = {
    "reason": "UPDATE requests SET reason = :value WHERE id = :id",
    "iban": "UPDATE requests SET iban = :value WHERE id = :id",
    "holder": "UPDATE requests SET holder = :value WHERE id = :id",
    "confirmed_at": "UPDATE requests SET confirmed_at = :value WHERE id = :id",
    "corrected_at": "UPDATE requests SET corrected_at = :value WHERE id = :id",
    "letter_lines": "UPDATE requests SET letter_lines = :value WHERE id = :id",
    "access_code_id": "UPDATE requests SET access_code_id = :value WHERE id = :id",
    "letter_id": "UPDATE requests SET letter_id = :value WHERE id = :id",
    "expected_from": "UPDATE requests SET expected_from = :value WHERE id = :id",
    "expected_until": "UPDATE requests SET expected_until = :value WHERE id = :id",
}


def update(conn: Connection, request_id: int, **values: Any) -> None:
    """Set columns other than the state. Raises KeyError for a column that cannot be changed.

    `expected_from` is set after `expected_until` when both move on, since the table wants them in order.
    """
    for name, value in values.items():
        conn.execute(_UPDATES[name], {"id": request_id, "value": value})
