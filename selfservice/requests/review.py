"""Review of requests by staff: start, approve or reject. Nobody can review their own request."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from selfservice.accounts import people
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import using_language
from selfservice.letters.characters import unprintable
from selfservice.mail import outbox
from selfservice.requests import letter_delivery, mail_payloads, states
from selfservice.requests.fulfilment import extend_delivery_window, fulfil, organisation_name
from selfservice.requests.records import Request, find_by_reference
from selfservice.values.email import email_key
from selfservice.values.organisation_number import register_name

# Few, so that each can be mailed in any language.
ORGANISATION_ENDED = "organisation_ended"
REJECTION_REASONS = ("not_authorised", "details_differ", ORGANISATION_ENDED, "unclear")


class UnknownReferenceError(LookupError):
    """No request has this reference."""


class UnprintableLetterError(Exception):
    """Our letters cannot print the name or the address. The message is the characters that they lack."""


class SelfApprovalError(Exception):
    """The approver is the requester, by name or by e-mail address."""


def start_review(conn: Connection, ctx: Context, reference: str, by: str, now: datetime) -> Request:
    """Mark the request as being reviewed. Call inside `write()`.

    Raises UnknownReferenceError, SelfApprovalError, or WrongStateError when it is not waiting; a private one never is.
    """
    request = _request_of_another(conn, reference, by)
    if request.kind == "private" or request.state != "received":
        raise states.WrongStateError(request.state)
    request = states.change_state(conn, request, "checking", now)
    record(conn, ctx.keys, now, "request.check", "ok", who=_staff_name(by), on_what=request.audit_object)
    return request


def approve(conn: Connection, ctx: Context, reference: str, by: str, now: datetime) -> Request:
    """Approve the request and fulfil it at once. Call inside `write()`.

    The returned request is 'sent' (by e-mail), 'approved' (a letter is ready, or has to wait if `letter_id` is None) or
    'duplicate' (the person already has such a code). A private request cannot be approved by staff: it is confirmed by
    its link. Raises UnknownReferenceError, SelfApprovalError, WrongStateError, UnprintableLetterError.
    """
    request = _request_of_another(conn, reference, by)
    # A request whose code was sent can go back to 'approved' too, but only its owner can report that as not received.
    if request.kind == "private" or request.state not in ("received", "checking"):
        raise states.WrongStateError(request.state)
    if missing := unprintable_in_letter(request):
        raise UnprintableLetterError(missing)
    request = states.change_state(conn, request, "approved", now, approved_by=" ".join(by.split()))
    record(conn, ctx.keys, now, "request.approve", "ok", who=_staff_name(by), on_what=request.audit_object)
    return fulfil(conn, ctx, extend_delivery_window(conn, ctx, request, now), now)


def reject(conn: Connection, ctx: Context, reference: str, by: str, reason: str, now: datetime) -> Request:
    """Reject the request and mail the reason, in its language. Call inside `write()`.

    Raises KeyError for a reason that is not in REJECTION_REASONS, UnknownReferenceError, SelfApprovalError,
    WrongStateError.
    """
    request = _request_of_another(conn, reference, by)
    if reason not in REJECTION_REASONS:
        raise KeyError(reason)
    # What is approved has a code, and ends with its organisation only (`end_with_organisation`).
    if request.state not in ("received", "checking"):
        raise states.WrongStateError(request.state)
    request = states.change_state(conn, request, "rejected", now, reason=reason)
    _send_rejection(conn, ctx, request, now)
    record(conn, ctx.keys, now, "request.reject", reason, who=_staff_name(by), on_what=request.audit_object)
    return request


def end_with_organisation(conn: Connection, ctx: Context, request: Request, now: datetime, *, mails: bool) -> None:
    """Reject an open request, or a duplicate, because its organisation was closed; with `mails` its requester hears
    why. An unprinted letter is withdrawn with its code. Call inside `write()`.
    """
    if request.state == "approved":
        letter_delivery.withdraw_letter_and_code(conn, request, now)
    request = states.change_state(conn, request, "rejected", now, reason=ORGANISATION_ENDED)
    if mails:
        _send_rejection(conn, ctx, request, now)
    record(conn, ctx.keys, now, "request.reject", ORGANISATION_ENDED, on_what=request.audit_object)


def _send_rejection(conn: Connection, ctx: Context, request: Request, now: datetime) -> None:
    with using_language(request.language):
        why = rejection_text(request.reason or "")
    # Anybody can ask with anybody's address and be rejected: that uses up nothing of what its owner earned.
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=f"rejected {email_key(request.email)}", earned=True)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"request-rejected:{request.id}",
        kind="access_code.rejected",
        recipient=request.email,
        language=request.language,
        payload=mail_payloads.request_progress(
            request.language,
            name=request.given_name,
            reference=request.reference,
            organisation=organisation_name(conn, request.organisation_id),
        )
        | {"reason": why},
        slot=slot,
    )


def unprintable_in_letter(request: Request) -> str:
    """The characters of name and address that the letter of this request could not print; empty for an e-mail."""
    return unprintable("".join(request.letter_lines))


def rejection_text(reason: str) -> str:
    """The reason as a sentence in the current language. Raises KeyError for one not in REJECTION_REASONS."""
    return {
        "not_authorised": gettext("We could not confirm that you may act for this organisation."),
        "details_differ": gettext("The details you gave differ from those in %(register)s.", register=register_name()),
        "organisation_ended": gettext("This organisation is no longer in %(register)s.", register=register_name()),
        "unclear": gettext(
            "We have questions about your request and would like to talk about them. Please contact us."
        ),
    }[reason]


def record_refused_review(conn: Connection, ctx: Context, request: Request, by: str, now: datetime) -> None:
    """Record that somebody tried to decide about a request of their own; in a transaction after the failed one."""
    record(conn, ctx.keys, now, "request.decide", "refused", who=_staff_name(by), on_what=request.audit_object)


def _request_of_another(conn: Connection, reference: str, by: str) -> Request:
    request = find_by_reference(conn, reference)
    if request is None:
        raise UnknownReferenceError(reference)
    if not is_other_person(conn, request, by):
        raise SelfApprovalError(by)
    return request


def is_other_person(conn: Connection, request: Request, by: str) -> bool:
    """Whether this name (or e-mail address) is not the requester's, by the request and by the person's record.

    Case, accents, order and punctuation do not make another person; a name of one word is compared too.
    """
    person = people.get(conn, request.person_id)
    own = {
        _name_key(request.name),
        _name_key(f"{person.given_name} {person.family_name}"),
        _name_key(request.email),
        _name_key(person.email),
        _name_key(request.email.partition("@")[0]),
    }
    return bool(_name_key(by)) and _name_key(by) not in own and email_key(by) != email_key(request.email)


def _name_key(text: str) -> str:
    """The words of a text in order of the alphabet, so that 'De Wit, Jan' is 'Jan de Wit'."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char if char.isalnum() else " " for char in spread if not unicodedata.combining(char))
    return " ".join(sorted(plain.split()))


def _staff_name(by: str) -> str:
    return f"staff:{' '.join(by.split()).casefold()}"
