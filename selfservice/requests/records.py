"""Requests in the database, and ways to find them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from selfservice.clock import from_text
from selfservice.db import Connection, Row
from selfservice.values.email import email_key
from selfservice.values.name import full_name
from selfservice.values.reference import normalise_reference

RequestState = Literal[
    "received", "checking", "approved", "sent", "printed", "posted", "withdrawn", "rejected", "duplicate"
]
# A token's kind includes the request id, so that redeeming one revokes the other links for that request only.
TOKEN_KIND_PREFIX = "request:"  # noqa: S105 (a kind of token)
OPEN_STATES: tuple[RequestState, ...] = ("received", "checking", "approved")


@dataclass(frozen=True)
class Request:
    """One request. `letter_lines` is empty when it is delivered by e-mail; `confirmed_at` is set once the link that
    was mailed for this very request has been used; `link_until` is when that link stops working, or would (None for a
    request that no link goes with).
    """

    id: int
    reference: str
    person_id: int
    organisation_id: int | None
    kind: Literal["business", "private"]
    given_name: str
    family_name: str
    email: str
    telephone: str | None
    language: str
    payment_method: str
    iban: str | None
    holder: str | None
    delivery: Literal["email", "letter"]
    delivery_email: str | None
    letter_lines: tuple[str, ...]
    corrected_at: datetime | None
    state: RequestState
    reason: str | None
    approved_by: str | None
    confirmed_at: datetime | None
    access_code_id: int | None
    letter_id: int | None
    expected_from: date
    expected_until: date
    link_until: datetime | None
    created_at: datetime

    @property
    def name(self) -> str:
        """First and last name, or the only name, as typed in the request."""
        return full_name(self.given_name, self.family_name)

    @property
    def link_kind(self) -> str:
        """The kind of the token in the link that was mailed for it (`accounts.tokens`)."""
        return f"{TOKEN_KIND_PREFIX}{self.id}"

    @property
    def audit_object(self) -> str:
        """Its name in the audit log."""
        return f"request:{self.id}"


def get(conn: Connection, request_id: int) -> Request:
    """The request with this id. Raises LookupError when there is none."""
    row = conn.execute("SELECT * FROM requests WHERE id = :id", {"id": request_id}).fetchone()
    if row is None:
        raise LookupError("no request has this row number")
    return to_request(row)


def find_by_reference(conn: Connection, reference: str) -> Request | None:
    """The request with this reference, in any spelling, or None."""
    row = conn.execute(
        "SELECT * FROM requests WHERE reference = :reference", {"reference": normalise_reference(reference)}
    ).fetchone()
    return None if row is None else to_request(row)


def find_of_requester(conn: Connection, reference: str, email: str) -> Request | None:
    """The request with this reference and the e-mail address it was made with, or None."""
    request = find_by_reference(conn, reference)
    return request if request is not None and email_key(request.email) == email_key(email) else None


def list_in_state(conn: Connection, state: str | None = None) -> list[Request]:
    """The requests in one state, or all open ones, oldest first."""
    rows = conn.execute(
        """SELECT * FROM requests
           WHERE state = :state OR (:state IS NULL AND state IN ('received', 'checking', 'approved'))
           ORDER BY created_at, id""",
        {"state": state},
    )
    return [to_request(row) for row in rows]


def list_of_person(conn: Connection, person_id: int) -> list[Request]:
    """All requests of one person, newest first."""
    rows = conn.execute(
        "SELECT * FROM requests WHERE person_id = :person_id ORDER BY created_at DESC, id DESC",
        {"person_id": person_id},
    )
    return [to_request(row) for row in rows]


def to_request(row: Row) -> Request:
    """The Request of a row of the table."""
    values = {name: row[name] for name in Request.__dataclass_fields__}
    for name in ("corrected_at", "confirmed_at", "link_until", "created_at"):
        values[name] = None if row[name] is None else from_text(row[name])
    for name in ("expected_from", "expected_until"):
        values[name] = date.fromisoformat(row[name])
    values["letter_lines"] = tuple(json.loads(row["letter_lines"] or "[]"))
    return Request(**values)
