"""Fulfilment: making the access code of an approved request and sending it, by mail or letter."""

from __future__ import annotations

from datetime import datetime, timedelta

from selfservice import seeds, workdays
from selfservice.accounts import access_codes, mandates, organisations, people, user_accounts
from selfservice.accounts.mandate_mails import mandate_mails
from selfservice.accounts.mandates import Mandate
from selfservice.audit import record
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.i18n.languages import using_language
from selfservice.letters.characters import unprintable
from selfservice.letters.pending import OpenLetterError, UnprintableError
from selfservice.mail import outbox
from selfservice.requests import letter_delivery, mail_payloads, states
from selfservice.requests.records import Request, RequestState, find_by_reference, get, to_request
from selfservice.values.access_code import derive_code


def fulfil(conn: Connection, ctx: Context, request: Request, now: datetime, *, replaced: bool = False) -> Request:
    """Make a new code for an approved request and send it; returns the updated request.

    By mail the request is then sent. By letter it stays approved until the letter is printed; also when no letter may
    be sent to that address yet, or none can be printed (an earlier version let such names in): then `letter_id` is
    None, and `fulfil_waiting` tries again. If the person already has an active code of that kind, the request becomes
    a duplicate. Call inside `write()`.
    """
    if access_codes.active_code_id(conn, request.person_id, request.organisation_id) is not None:
        return _record_result(conn, ctx, states.change_state(conn, request, "duplicate", now), now)
    seed = seeds.new_seed(ctx.keys, "code")
    conn.execute("SAVEPOINT hand_out")
    try:
        request = _issue_code(conn, ctx, request, seed, now, replaced)
    except (OpenLetterError, UnprintableError):
        conn.execute("ROLLBACK TO hand_out")
        request = get(conn, request.id)
    except BaseException:
        conn.execute("ROLLBACK TO hand_out")
        raise
    finally:
        conn.execute("RELEASE hand_out")
    return _record_result(conn, ctx, request, now)


def _record_result(conn: Connection, ctx: Context, request: Request, now: datetime) -> Request:
    waits = request.state == "approved" and request.letter_id is None
    result = "waits" if waits else request.state
    record(
        conn,
        ctx.keys,
        now,
        "access_code.issue",
        result,
        who=f"person:{request.person_id}",
        on_what=request.audit_object,
    )
    return request


def _issue_code(
    conn: Connection, ctx: Context, request: Request, seed: seeds.Seed, now: datetime, replaced: bool
) -> Request:
    _update_person(conn, request)
    made = access_codes.add(
        conn,
        ctx.keys,
        now,
        code=derive_code(ctx.keys, seed),
        person_id=request.person_id,
        organisation_id=request.organisation_id,
    )
    states.update(conn, request.id, access_code_id=made)
    _apply_payment_method(conn, ctx, request, now)
    if request.delivery == "letter":
        last = workdays.today(now) + timedelta(days=ctx.fact("access_code.letter_valid_days"))
        access_codes.set_valid_until(conn, made, workdays.end_of_day(last))
        letter = letter_delivery.enqueue(conn, ctx, request, made, seed, last, now)
        states.update(conn, request.id, letter_id=letter)
        return get(conn, request.id)
    access_codes.record_fulfilment(conn, made, now)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=mail_key(made),
        kind="access_code.code",
        recipient=request.delivery_email or request.email,
        language=request.language,
        payload=mail_payloads.access_code(
            name=request.given_name,
            organisation=organisation_name(conn, request.organisation_id),
            replaced=replaced,
        ),
        seed=seed,
        earned=True,
    )
    return states.change_state(conn, get(conn, request.id), "sent", now)


def mail_key(access_code_id: int) -> str:
    """The idempotency key of the mail with this code."""
    return f"access-code:{access_code_id}"


def code_sent_before(conn: Connection, reference: str, now: datetime) -> datetime | None:
    """The whole minute before which the mail with a request's code is sent; None if it does not wait for its limit
    (fact mail.earned_per_day), or there is no such mail. Only reads.
    """
    request = find_by_reference(conn, reference)
    if request is None or request.access_code_id is None:
        return None
    return outbox.sent_before(conn, mail_key(request.access_code_id), now)


def organisation_name(conn: Connection, organisation_id: int | None) -> str:
    """The organisation's name; empty for a private code."""
    return "" if organisation_id is None else organisations.get(conn, organisation_id).name


def _update_person(conn: Connection, request: Request) -> None:
    """Take a person's names from their first fulfilled request: earlier requests may be anybody's. Who has an account
    keeps those that they gave there, unless letters for the organisation cannot print them.
    """
    person = people.get(conn, request.person_id)
    has_account = user_accounts.find_hash(conn, person.id) is not None
    conn.execute(
        """UPDATE people SET given_name = CASE WHEN :keeps_name THEN given_name ELSE :given_name END,
                             family_name = CASE WHEN :keeps_name THEN family_name ELSE :family_name END,
                             language = CASE WHEN :has_account THEN language ELSE :language END,
                             telephone = coalesce(:telephone, telephone)
           WHERE id = :id AND NOT EXISTS (SELECT 1 FROM access_codes WHERE person_id = :id)""",
        {
            "id": person.id,
            "has_account": has_account,
            "keeps_name": has_account and (request.organisation_id is None or not unprintable(person.full_name)),
            "given_name": request.given_name,
            "family_name": request.family_name,
            "language": request.language,
            "telephone": request.telephone,
        },
    )


def _apply_payment_method(conn: Connection, ctx: Context, request: Request, now: datetime) -> None:
    """Set the payment method, or add the mandate and mail it, and delete the account from the request.

    An organisation pays as the register says or by a mandate, never because a code was issued for it.
    """
    if request.organisation_id is None:
        conn.execute(
            "UPDATE people SET payment_method = coalesce(payment_method, :method) WHERE id = :id",
            {"id": request.person_id, "method": request.payment_method},
        )
    if request.iban and request.holder:
        if not has_payment_method(conn, request):
            _add_mandate(conn, ctx, request, request.iban, request.holder, now)
        states.update(conn, request.id, iban=None, holder=None)


def has_payment_method(conn: Connection, request: Request) -> bool:
    """Whether the organisation of a request has a payment method by now: the account in the request is then not used.
    For a private request a later mandate replaces the earlier one.
    """
    number = request.organisation_id
    return number is not None and organisations.get(conn, number).payment_method is not None


def _add_mandate(conn: Connection, ctx: Context, request: Request, iban: str, holder: str, now: datetime) -> None:
    person, organisation = request.person_id, request.organisation_id
    effective = workdays.add(workdays.today(now), 1)
    made = mandates.add(
        conn, now, person_id=person, organisation_id=organisation, iban=iban, holder=holder, effective_on=effective
    )
    mandate = Mandate(made, person, organisation, iban, holder, effective)
    # Who waits for a letter has no code to log in with before that day.
    can_undo = request.delivery == "email"
    with using_language(request.language):
        mails = list(
            mandate_mails(
                conn, mandate, given_name=request.given_name, name=request.name, email=request.email, can_undo=can_undo
            )
        )
    for number, notice in enumerate(mails):
        outbox.enqueue(
            conn,
            ctx,
            now,
            idempotency_key=f"direct-debit:{made}:{number}",
            kind="direct_debit.agreed",
            recipient=notice.recipient,
            language=request.language,
            payload=notice.payload,
            earned=True,
        )


def fulfil_waiting(db: Database, ctx: Context, now: datetime) -> int:
    """Retry approved requests whose letter had to wait; returns how many were queued. For the worker."""
    waiting = db.read().execute(
        """SELECT id FROM requests WHERE state = 'approved' AND delivery = 'letter' AND letter_id IS NULL
           ORDER BY id"""
    )
    done = 0
    for row in waiting.fetchall():
        with db.write() as conn:
            request = get(conn, row["id"])
            if request.state == "approved" and request.letter_id is None:
                renew_delivery_window(conn, ctx, request, now)
                done += fulfil(conn, ctx, get(conn, request.id), now, replaced=True).letter_id is not None
    return done


def renew_delivery_window(conn: Connection, ctx: Context, request: Request, now: datetime) -> None:
    """Set the promised delivery days anew, counted from today."""
    days = ctx.fact("access_code.delivery_working_days")
    since, until = workdays.delivery_window(workdays.today(now), days)
    if until >= request.expected_until:
        states.update(conn, request.id, expected_until=until.isoformat(), expected_from=since.isoformat())


def extend_delivery_window(conn: Connection, ctx: Context, request: Request, now: datetime) -> Request:
    """Renew the delivery days of what is sent on the last promised day or later; returns the updated request.

    Otherwise it could be reported as not received (progress.py) while the code is on its way.
    """
    if workdays.today(now) >= request.expected_until:
        renew_delivery_window(conn, ctx, request, now)
    return get(conn, request.id)


def mark_letter_printed(conn: Connection, ctx: Context, letter_id: int, now: datetime) -> None:
    """Mark the request of a letter as printed; its code can no longer be derived. For `loket letters print`."""
    _mark_letter(conn, ctx, letter_id, "printed", now)


def mark_letter_posted(conn: Connection, ctx: Context, letter_id: int, now: datetime) -> None:
    """Mark the request of a letter as posted. For `loket letters posted`."""
    _mark_letter(conn, ctx, letter_id, "posted", now)


def _mark_letter(conn: Connection, ctx: Context, letter_id: int, state: RequestState, now: datetime) -> None:
    row = conn.execute("SELECT * FROM requests WHERE letter_id = :id", {"id": letter_id}).fetchone()
    if row is None:
        return
    request = extend_delivery_window(conn, ctx, states.change_state(conn, to_request(row), state, now), now)
    if request.access_code_id is not None:
        access_codes.record_fulfilment(conn, request.access_code_id, now)
    record(conn, ctx.keys, now, "letter", state, on_what=request.audit_object)
