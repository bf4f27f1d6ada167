"""The status of a request, for people who know its reference and e-mail address.

Anybody can make a request with another's address and then knows both. So the status does not reveal whether that
address has a code or a password already: a private request stays 'received' until the link in *its own* mail was
used, and a duplicate looks like a request that waits and is then rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from selfservice import workdays
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.limits import table
from selfservice.mail.outbox import SendingSlot
from selfservice.requests import states
from selfservice.requests.fulfilment import code_sent_before, organisation_name
from selfservice.requests.records import Request, RequestState, find_of_requester
from selfservice.values.address import goes_abroad
from selfservice.values.email import mask_email
from selfservice.values.reference import group_reference, normalise_reference

MEDIAN_SAMPLE = 50


@dataclass(frozen=True)
class RequestStatus:
    """The status of a request as shown to its owner.

    `timeline` has its states and their times, in order, `queue_position` its position among those that wait for review
    (1 is next), `median_wait` how long the last 50 of its kind took. `allowed_actions` are withdraw, correct_address
    and never_came. `letter_waits` is true when no letter may go to that address yet, `mail_sent_before` is before when
    the mail with the link or the code is sent if it waits for its limit, `is_late` whether the last promised day is
    over.
    """

    reference: str
    kind: str
    state: RequestState
    language: str
    organisation: str
    delivery: str
    masked_email: str
    letter_lines: tuple[str, ...]
    created_at: datetime
    link_until: datetime | None
    timeline: tuple[tuple[str, datetime], ...]
    expected_from: date
    expected_until: date
    queue_position: int | None
    median_wait: timedelta | None
    reason: str | None
    letter_waits: bool
    mail_sent_before: datetime | None
    is_late: bool
    allowed_actions: frozenset[str]

    @property
    def goes_abroad(self) -> bool:
        """Whether it is a letter to another country, for which no days can be promised."""
        return goes_abroad(self.letter_lines)

    @property
    def version(self) -> str:
        """Another text once anything has changed that an action depends on: made of what is shown, so that it tells no
        more than that.
        """
        return "\n".join([self.state, str(len(self.timeline)), *sorted(self.allowed_actions), *self.letter_lines])


def admit(conn: Connection, ctx: Context, reference: str, address: str, now: datetime) -> int:
    """Count a look-up of a request; returns 0, or the seconds to wait. Call inside `write()`."""
    return table.STATUS.allow(conn, ctx.keys, address, now, normalise_reference(reference)).retry_after_seconds


def find_status(conn: Connection, ctx: Context, reference: str, email: str, now: datetime) -> RequestStatus | None:
    """The status of the request with this reference and e-mail address, in any spelling, or None. Only reads."""
    request = find_of_requester(conn, reference, email)
    if request is None:
        return None
    state = shown_state(request, now)
    hidden = state != request.state
    return RequestStatus(
        reference=group_reference(request.reference),
        kind=request.kind,
        state=state,
        language=request.language,
        organisation=organisation_name(conn, request.organisation_id),
        delivery=request.delivery,
        masked_email=mask_email(request.delivery_email or request.email),
        letter_lines=request.letter_lines,
        created_at=request.created_at,
        link_until=request.link_until,
        timeline=_timeline(conn, request, state),
        expected_from=request.expected_from,
        expected_until=request.expected_until,
        queue_position=_queue_position(conn, request, now)
        if request.kind == "business" and state in ("received", "checking")
        else None,
        median_wait=median_wait(conn, request.kind),
        reason=request.reason if state == "rejected" and not hidden else None,
        letter_waits=state == "approved" and request.delivery == "letter" and request.letter_id is None,
        mail_sent_before=_mail_sent_before(conn, ctx, request, state, now),
        is_late=_is_late(request, now),
        allowed_actions=frozenset(allowed_actions(conn, request, now)),
    )


def shown_state(request: Request, now: datetime) -> RequestState:
    """The state shown to the owner (see the module docstring)."""
    if request.kind == "private" and request.confirmed_at is None:
        by_owner = request.state == "withdrawn" and request.reason != "unconfirmed"
        return "withdrawn" if by_owner or request.reason == "withdrawn" else "received"
    if request.state == "duplicate":
        return "rejected" if _is_late(request, now) and request.kind == "business" else "received"
    return request.state


def _mail_sent_before(
    conn: Connection, ctx: Context, request: Request, state: RequestState, now: datetime
) -> datetime | None:
    if state == "sent":
        return code_sent_before(conn, request.reference, now)
    if state != "received" or request.link_until is None:
        return None
    # By the time alone, which is the same for who gets no link.
    return SendingSlot(request.link_until - timedelta(hours=ctx.fact("access_code.link_hours"))).sent_before(now)


def allowed_actions(conn: Connection, request: Request, now: datetime) -> list[str]:
    """The actions open to its owner, by the state that is shown."""
    shown = shown_state(request, now)
    actions = []
    if shown in ("received", "checking", "approved"):
        actions.append("withdraw")
        if request.delivery == "letter":
            actions.append("correct_address")
    if shown in ("sent", "printed", "posted") and _is_late(request, now) and _is_unused(conn, request):
        actions.append("never_came")
    return actions


def median_wait(conn: Connection, kind: str) -> timedelta | None:
    """The median time from request to sending or posting, of the last 50 requests of a kind; None without any."""
    from statistics import median  # heavy, and for this one figure

    rows = conn.execute(
        """SELECT r.created_at, min(s.at) AS done_at
           FROM request_states s JOIN requests r ON r.id = s.request_id
           WHERE s.state IN ('sent', 'posted') AND r.kind = :kind
           GROUP BY r.id ORDER BY done_at DESC LIMIT :last""",
        {"kind": kind, "last": MEDIAN_SAMPLE},
    )
    waits = [from_text(row["done_at"]) - from_text(row["created_at"]) for row in rows]
    return median(waits) if waits else None  # type: ignore[type-var]


def _queue_position(conn: Connection, request: Request, now: datetime) -> int:
    # A duplicate counts as long as it is shown as waiting (visible_state): else the next in the queue could see from
    # its place whether the address before it has a code.
    row = conn.execute(
        """SELECT count(*) AS before FROM requests
           WHERE kind = 'business'
                 AND (state IN ('received', 'checking') OR (state = 'duplicate' AND expected_until >= :today))
                 AND (created_at < :created_at OR (created_at = :created_at AND id < :id))""",
        {
            "created_at": to_text(request.created_at),
            "id": request.id,
            "today": workdays.today(now).isoformat(),
        },
    ).fetchone()
    return int(row["before"]) + 1


def _timeline(conn: Connection, request: Request, shown: RequestState) -> tuple[tuple[str, datetime], ...]:
    """The states of the request and their times. If the shown state differs from the real one (or did, before it was
    withdrawn), only what its owner did: that it was a duplicate, or expired, would reveal a code.
    """
    reached = [(state, from_text(at)) for state, at in states.history(conn, request.id)]
    is_unconfirmed = request.kind == "private" and request.confirmed_at is None
    if shown == request.state and not is_unconfirmed and all(state != "duplicate" for state, _ in reached):
        return tuple(reached)
    ended = [each for each in reached if each[0] == shown] if shown in ("withdrawn", "rejected") else []
    return (("received", request.created_at), *ended[-1:])


def _is_late(request: Request, now: datetime) -> bool:
    return workdays.today(now) > request.expected_until


def _is_unused(conn: Connection, request: Request) -> bool:
    row = conn.execute(
        "SELECT first_used_at, revoked_at FROM access_codes WHERE id = :id", {"id": request.access_code_id}
    ).fetchone()
    return row is not None and row["first_used_at"] is None and row["revoked_at"] is None
