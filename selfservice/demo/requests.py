"""Invented requests for a demonstration: one or more in each state, made so many days before now."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from selfservice import workdays
from selfservice.accounts import access_codes, organisations, passwords, people, tokens
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.languages import DEFAULT_LANGUAGE, LANGUAGES
from selfservice.requests import states
from selfservice.requests.records import RequestState, get
from selfservice.values.access_code import CHARACTERS, RANDOM_LENGTH, with_check_character
from selfservice.values.reference import REFERENCE_CHARACTERS, reference_with_check_character

# Days ago, its organisation's row (0: private), the states it went through and after how many hours each came.
StateHistory = tuple[tuple[RequestState, int], ...]
HISTORIES: tuple[tuple[int, int, StateHistory], ...] = (
    (1, 3, (("received", 0),)),
    (1, 5, (("received", 0),)),
    (2, 7, (("received", 0), ("checking", 20))),
    (3, 9, (("received", 0), ("checking", 30), ("approved", 44))),
    (5, 11, (("received", 0), ("checking", 22), ("approved", 40), ("printed", 66))),
    (13, 12, (("received", 0), ("checking", 25), ("approved", 46), ("printed", 70), ("posted", 74))),
    (13, 4, (("received", 0), ("checking", 26), ("approved", 47), ("sent", 47))),
    (6, 14, (("received", 0), ("checking", 21), ("rejected", 45))),
    (4, 15, (("received", 0), ("withdrawn", 3))),
    (2, 1, (("duplicate", 0),)),
    (0, 0, (("received", 0),)),
    (3, 0, (("received", 0), ("approved", 1), ("sent", 1))),
    (8, 0, (("received", 0), ("approved", 2), ("sent", 2))),
)
# Past their last day, whatever holidays there are, and not so long ago that somebody was reminded of the code: of these
# it can be said that it never came. One went by letter, one by e-mail.
NOT_RECEIVED = (5, 6)
REQUESTERS = (
    ("Bo", "Sterrenveld"), ("Ilse", "Tandwiel"), ("Ravi", "Moonfield"), ("Guus", "Appelscha"), ("Nadia", "Kompas"),
    ("Owen", "Bramblewick"), ("Lieke", "Zilverspar"), ("Teun", "Roodborst"), ("Sara", "Windwijzer"),
    ("Milo", "Ottersgat"), ("Femke", "Lantaarn"), ("Hugo", "Pebbleworth"), ("Zoë", "Maanzaad"),
)  # fmt: skip


def fill(conn: Connection, ctx: Context, now: datetime, password: str | None = None) -> int:
    """Add the requests; returns how many. The organisations must exist.

    A fulfilled request has an unused code, and its owner the password with this hash, if one is given.
    """
    for number, (days, row, story) in enumerate(HISTORIES):
        made = now - timedelta(days=days, hours=1)
        request, person = _add_request(conn, ctx, number, row, story, made)
        sent = [made + timedelta(hours=hours) for state, hours in story if state in ("sent", "printed")]
        if sent:
            _add_code(conn, ctx, number, request, sent[0])
        if sent and password:
            passwords.store_hash(conn, person, password, made)
    return len(HISTORIES)


def email(number: int) -> str:
    """The e-mail address with which the demo request of this number, from 0, was made."""
    return f"{REQUESTERS[number][0].lower().replace('ë', 'e')}@sterrenpost.example"


def language(number: int) -> str:
    """The language of the demo person or requester of this number: the default, then the site's others, in turn."""
    order = sorted(LANGUAGES, key=lambda code: code != DEFAULT_LANGUAGE)
    return order[number % len(order)]


def reference(number: int) -> str:
    """The reference of the demo request of this number, from 0: always the same, so that it can be tried."""
    digest = hashlib.sha256(f"loket request {number}".encode()).digest()
    return reference_with_check_character("".join(REFERENCE_CHARACTERS[byte % 30] for byte in digest[:7]))


def code(number: int) -> str:
    """The access code issued for the demo request of this number: always the same."""
    digest = hashlib.sha256(f"loket request code {number}".encode()).digest()
    return with_check_character("".join(CHARACTERS[byte % 32] for byte in digest[:RANDOM_LENGTH]))


def _add_code(conn: Connection, ctx: Context, number: int, request_id: int, sent: datetime) -> None:
    """Add the code of a fulfilled request, sent at this time and unused."""
    request = get(conn, request_id)
    made = access_codes.add(
        conn, ctx.keys, sent, code=code(number), person_id=request.person_id, organisation_id=request.organisation_id
    )
    access_codes.record_fulfilment(conn, made, sent)
    if request.delivery == "letter":
        last = workdays.today(sent) + timedelta(days=ctx.fact("access_code.letter_valid_days"))
        access_codes.set_valid_until(conn, made, workdays.end_of_day(last))
    states.update(conn, request_id, access_code_id=made)


def _add_request(
    conn: Connection, ctx: Context, number: int, organisation_row: int, story: StateHistory, made: datetime
) -> tuple[int, int]:
    """Add one request; its id and its person's."""
    given, family = REQUESTERS[number]
    found = organisations.get(conn, organisation_row) if organisation_row else None
    state = story[-1][0]
    by_email = found is None or state == "sent"
    lines = None if by_email or found is None else found.letter_lines(f"{given} {family}")
    since, until = workdays.delivery_window(workdays.today(made), ctx.fact("access_code.delivery_working_days"))
    person = people.add(
        conn, made, given_name=given, family_name=family, email=email(number), language=language(number)
    )
    row = conn.execute(
        """INSERT INTO requests (reference, idempotency_key, person_id, organisation_id, kind, given_name, family_name,
                                 email, language, payment_method, delivery, delivery_email, letter_lines, state, reason,
                                 approved_by, confirmed_at, expected_from, expected_until, created_at)
           VALUES (:reference, :key, :person_id, :organisation_id, :kind, :given, :family, :email, :language, :method,
                   :delivery, :delivery_email, :lines, :state, :reason, :approved_by, :confirmed_at,
                   :since, :until, :made) RETURNING id""",
        {
            "reference": reference(number),
            "key": f"demo:{number}",
            "person_id": person,
            "organisation_id": found.id if found else None,
            "kind": "business" if found else "private",
            "given": given,
            "family": family,
            "email": email(number),
            "language": language(number),
            "method": "direct_debit" if found else "credit",
            "delivery": "email" if by_email else "letter",
            "delivery_email": email(number) if by_email else None,
            "lines": json.dumps(lines, ensure_ascii=False) if lines else None,
            "state": state,
            "reason": "details_differ" if state == "rejected" else None,
            "approved_by": "Kim Voorbeeld" if found and any(name == "approved" for name, _ in story) else None,
            "confirmed_at": to_text(made + timedelta(hours=1)) if state == "sent" else None,
            "since": since.isoformat(),
            "until": until.isoformat(),
            "made": to_text(made),
        },
    ).fetchone()
    if found is None and state == "received":
        # Its mail has long arrived.
        hours = ctx.fact("access_code.link_hours")
        tokens.issue(conn, ctx.keys, get(conn, row["id"]).link_kind, person, hours, made)
    for each, hours in story:
        states.add_to_history(conn, row["id"], each, made + timedelta(hours=hours))
    return int(row["id"]), person
