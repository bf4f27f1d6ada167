"""Self-service actions on a request, for its owner, who knows its reference and e-mail address."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from selfservice.accounts import access_codes, sessions
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.letters.characters import unprintable
from selfservice.mail import outbox
from selfservice.requests import letter_delivery, mail_payloads, progress, states
from selfservice.requests.fulfilment import fulfil, organisation_name, renew_delivery_window
from selfservice.requests.records import Request, find_of_requester, get
from selfservice.values.address import Address, check_address, split_envelope
from selfservice.values.error import FieldError

ActionResult = Literal["ok", "unknown", "impossible"]


def withdraw(conn: Connection, ctx: Context, reference: str, email: str, address: str, now: datetime) -> ActionResult:
    """Withdraw a request whose code was not sent yet, with its unprinted letter.

    'impossible' when it is too late, 'unknown' when there is no such request. Call inside `write()`.
    """
    request, done = _find_and_check(conn, ctx, "withdraw", reference, email, address, now)
    if request is None or done != "ok":
        return done
    if "withdrawn" not in states.TRANSITIONS[request.state]:
        # Shown as 'received', but closed or sent long ago (progress.py): it must look as withdrawn as any other.
        states.update(conn, request.id, reason="withdrawn")
        states.add_to_history(conn, request.id, "withdrawn", now)
        return done
    letter_delivery.withdraw_letter_and_code(conn, request, now)
    states.change_state(conn, request, "withdrawn", now)
    return done


def correct_address(
    conn: Connection,
    ctx: Context,
    reference: str,
    email: str,
    corrected: Address,
    address: str,
    now: datetime,
) -> ActionResult:
    """Change the address of a letter that is not printed yet. Call inside `write()`.

    Since the registered address proves that somebody may act for the organisation, staff must approve it again: an
    approved request goes back to review, and its code is revoked. Raises FieldError for an invalid address.
    """
    lines = check_address(corrected).lines()
    if unprintable("".join(lines)):
        raise FieldError("wrong")
    request, done = _find_and_check(conn, ctx, "correct_address", reference, email, address, now)
    if request is None or done != "ok":
        return done
    letter_delivery.withdraw_letter_and_code(conn, request, now)
    if request.state == "approved":
        request = states.change_state(conn, request, "checking", now)
    text = json.dumps([*split_envelope(request.letter_lines)[0], *lines], ensure_ascii=False)
    states.update(conn, request.id, letter_lines=text, corrected_at=to_text(now))
    renew_delivery_window(conn, ctx, request, now)
    return done


def report_not_received(
    conn: Connection, ctx: Context, reference: str, email: str, address: str, now: datetime
) -> ActionResult:
    """Report, after the last promised day, that the code was not received: revoke it and send a new one the same way.

    Only if the code was never used. A letter may have to wait (`fulfil`). The owner is mailed. Inside `write()`.
    """
    request, done = _find_and_check(conn, ctx, "never_came", reference, email, address, now)
    if request is None or done != "ok":
        return done
    if request.access_code_id is not None:
        access_codes.revoke(conn, request.access_code_id, now)
        sessions.end_all_of_code(conn, request.access_code_id, now)
    states.update(conn, request.id, letter_id=None)
    request = states.change_state(conn, get(conn, request.id), "approved", now)
    renew_delivery_window(conn, ctx, request, now)
    request = fulfil(conn, ctx, get(conn, request.id), now, replaced=True)
    if request.delivery == "letter":
        send_replaced_mail(conn, ctx, request, now)
    return done


def send_replaced_mail(conn: Connection, ctx: Context, request: Request, now: datetime) -> None:
    """Mail the owner that the old code is revoked and a letter with a new one will come: between which days, unless it
    has to wait for another letter first.
    """
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"code-replaced:{request.id}:{to_text(now)}",
        kind="lost_access_code.replaced",
        recipient=request.email,
        language=request.language,
        payload=mail_payloads.request_progress(
            request.language,
            name=request.given_name,
            reference=request.reference,
            organisation=organisation_name(conn, request.organisation_id),
            delivery_window=None if request.letter_id is None else (request.expected_from, request.expected_until),
            letter_lines=request.letter_lines,
        ),
        earned=True,
    )


def _find_and_check(
    conn: Connection,
    ctx: Context,
    action: str,
    reference: str,
    email: str,
    address: str,
    now: datetime,
) -> tuple[Request | None, ActionResult]:
    request = find_of_requester(conn, reference, email)
    done: ActionResult = "unknown"
    if request is not None:
        done = "ok" if action in progress.allowed_actions(conn, request, now) else "impossible"
    on_what = request.audit_object if request else ""
    record(conn, ctx.keys, now, f"request.{action}", done, who=email, on_what=on_what, address=address)
    return request, done
