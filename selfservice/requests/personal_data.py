"""What the tables of requests say of one person."""

from __future__ import annotations

from datetime import datetime

from selfservice.accounts.personal_data import code_kinds, payment_words
from selfservice.context import Context
from selfservice.db import Database
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGE_NAMES
from selfservice.personal_sections import Choice, Section, Value, choice
from selfservice.requests import progress, records, review
from selfservice.requests.progress import RequestStatus
from selfservice.requests.records import Request
from selfservice.values.iban import group_iban
from selfservice.values.reference import group_reference


def sections(db: Database, ctx: Context, person_id: int, now: datetime) -> list[Section]:
    """The requests of this person, and what happened with each: what their status page shows. Who decided is not in it.

    Anybody can type somebody's address in a request. So who it is for, and how they pay, is in it once the request
    turned out to be this person's: confirmed by its own link, or answered with a code.
    """
    conn, made, history = db.read(), [], []
    for request in records.list_of_person(conn, person_id):
        status = progress.find_status(conn, ctx, request.reference, request.email, now)
        assert status is not None, "it is found by its own reference and address"
        made.append(_record(request, status))
        history += [
            {"reference": status.reference, "state": choice(state, _states()), "at": moment}
            for state, moment in reversed(status.timeline)
        ]
    return [
        Section("requests", gettext("Your requests for an access code"), _columns(), made),
        Section(
            "request_history",
            gettext("What happened with your requests"),
            {"reference": gettext("Reference"), "state": gettext("Status"), "at": gettext("When")},
            history,
            is_table=True,
        ),
    ]


def _record(request: Request, status: RequestStatus) -> dict[str, Value]:
    is_theirs = request.confirmed_at is not None or request.access_code_id is not None
    reason = status.reason
    return {
        "reference": group_reference(request.reference),
        "kind": choice(request.kind, code_kinds()),
        "organisation": status.organisation or None,
        "state": choice(status.state, _states()),
        "reason": Choice(reason, review.rejection_text(reason)) if reason in review.REJECTION_REASONS else None,
        "name": request.name if is_theirs else None,
        "email": request.email,
        "telephone": request.telephone if is_theirs else None,
        "language": choice(request.language, LANGUAGE_NAMES),
        "payment_method": choice(request.payment_method, payment_words()) if is_theirs else None,
        "iban": group_iban(request.iban) if is_theirs and request.iban else None,
        "holder": request.holder if is_theirs else None,
        "delivery": choice(request.delivery, {"email": gettext("by e-mail"), "letter": gettext("by letter")}),
        "address": status.letter_lines if is_theirs else None,
        "expected_from": status.expected_from,
        "expected_until": status.expected_until,
        "asked_at": request.created_at,
        "confirmed_at": request.confirmed_at,
    }


def _columns() -> dict[str, str]:
    return {
        "reference": gettext("Reference"),
        "kind": gettext("For"),
        "organisation": gettext("Organisation"),
        "state": gettext("Status"),
        "reason": gettext("Why not"),
        "name": gettext("Name"),
        "email": gettext("E-mail address"),
        "telephone": gettext("Telephone number"),
        "language": gettext("Language of our e-mails"),
        "payment_method": gettext("Payment method"),
        "iban": gettext("Account number (IBAN)"),
        "holder": gettext("Name of the account holder"),
        "delivery": gettext("How the code comes"),
        "address": gettext("Address of the letter"),
        "expected_from": gettext("Promised from"),
        "expected_until": gettext("Promised until"),
        "asked_at": gettext("Requested"),
        "confirmed_at": gettext("Confirmed by you"),
    }


def _states() -> dict[str, str]:
    return {
        "received": gettext("Received"),
        "checking": gettext("We check your request"),
        "approved": gettext("Approved"),
        "sent": gettext("Sent by e-mail"),
        "printed": gettext("Printed"),
        "posted": gettext("Posted"),
        "withdrawn": gettext("Withdrawn"),
        "rejected": gettext("Not approved"),
    }
