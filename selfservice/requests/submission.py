"""Submitting a request: the payment methods to choose from, how the code is delivered, and storing it once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from selfservice import workdays
from selfservice.accounts import organisations, people, tokens
from selfservice.accounts.organisations import Organisation
from selfservice.audit import record
from selfservice.clock import to_text
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES
from selfservice.letters.characters import unprintable
from selfservice.limits import table
from selfservice.mail import outbox
from selfservice.requests import mail_payloads, states
from selfservice.requests.records import TOKEN_KIND_PREFIX
from selfservice.values.email import check_email, email_key, normalise_email
from selfservice.values.error import FieldError
from selfservice.values.iban import check_holder, normalise_iban
from selfservice.values.name import check_names, full_name
from selfservice.values.organisation_number import check_organisation_number
from selfservice.values.phone import check_phone
from selfservice.values.reference import new_reference


@dataclass(frozen=True)
class Answers:
    """The answers of the form. `language` is that of mails and letters; `iban` and `holder` go with direct debit
    where somebody still has to agree to it; `mandate` is that agreement.
    """

    kind: Literal["business", "private"]
    given_name: str
    family_name: str
    email: str
    language: str
    payment_method: str
    telephone: str = ""
    kvk_number: str = ""
    iban: str = ""
    holder: str = ""
    mandate: bool = False


@dataclass(frozen=True)
class Delivery:
    """How a code will be delivered: by email with an address, or by letter with the lines of its envelope."""

    channel: Literal["email", "letter"]
    email: str | None = None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class SubmitResult:
    """The result of `submit`: the reference, and before when its mail is sent if that is not at once; or the seconds to
    wait if a rate limit refused it.
    """

    reference: str = ""
    retry_after: int = 0
    sent_before: datetime | None = None


class InvalidAnswersError(ValueError):
    """Invalid answers, which the form would have rejected. The message says which."""


def find_organisation(conn: Connection, kvk_number: str) -> Organisation | None:
    """The organisation with this number, in any spelling, or None."""
    try:
        return organisations.find_by_number(conn, check_organisation_number(kvk_number))
    except FieldError:
        return None


def payment_options(facts: Facts, kind: str, organisation: Organisation | None) -> list[str]:
    """The payment methods that may be chosen (facts payment.methods); only its own for an organisation that has one.
    Where nothing is paid there is no such fact, and it is credit, of which nothing is taken.
    """
    if organisation is not None and organisation.payment_method is not None:
        return [organisation.payment_method]
    if "payment.methods" not in facts:
        return ["credit"]
    return list(facts.get(f"payment.methods.{kind}").value)


def choose_delivery(answers: Answers, organisation: Organisation | None) -> Delivery:
    """How the code will come: for an organisation by e-mail only to the address that the register has for it, else
    by letter to its registered address; privately by e-mail.
    """
    if organisation is None or email_key(answers.email) == email_key(organisation.email):
        return Delivery("email", normalise_email(answers.email))
    return Delivery("letter", lines=organisation.letter_lines(full_name(answers.given_name, answers.family_name)))


def needs_mandate(answers: Answers, organisation: Organisation | None) -> bool:
    """Whether the answers need an account and a mandate: for direct debit, unless it was arranged before."""
    arranged = organisation is not None and organisation.payment_method == "direct_debit"
    return answers.payment_method == "direct_debit" and not arranged


def submit(
    conn: Connection,
    ctx: Context,
    answers: Answers,
    submission: str,
    address: str,
    now: datetime,
    *,
    proof: str = "",
) -> SubmitResult:
    """Store a request and queue the mail about it. Call inside `write()`.

    `submission` names this one sending (a random word in the saved form): sent again, it gives the same reference and
    changes nothing. Known and unknown people cost the same statements and get the same answer; who has such a code
    already hears so by mail alone. `address` is the client's. `proof` is the hash of the token in a link about a
    request that was opened where this one is sent from: when it was mailed to the same e-mail address, what others ask
    with that address neither refuses nor delays this. Raises InvalidAnswersError.
    """
    known = conn.execute("SELECT reference FROM requests WHERE idempotency_key = :key", {"key": submission}).fetchone()
    if known is not None:
        return SubmitResult(known["reference"])
    registered = find_organisation(conn, answers.kvk_number) if answers.kind == "business" else None
    answers = _canonical_answers(ctx, answers, registered)
    proven = _is_proven(conn, answers, proof)
    decision = table.request(ctx, proven=proven).allow(conn, ctx.keys, address, now, email_key(answers.email))
    if not decision.allowed:
        return SubmitResult(retry_after=decision.retry_after_seconds)
    person, has_password, has_code = _find_or_add_person(conn, answers, registered, now)
    # Privately nothing goes on without it; for an organisation it is for choosing a first password.
    wants_link = not has_code and (answers.kind == "private" or not has_password)
    hours = ctx.fact("access_code.link_hours")
    slot = outbox.reserve_slot(conn, ctx, now, limit_key=email_key(answers.email), earned=proven)
    reference = new_reference()
    way = choose_delivery(answers, registered)
    state: Literal["duplicate", "received"] = "duplicate" if has_code else "received"
    since, until = workdays.delivery_window(workdays.today(now), ctx.fact("access_code.delivery_working_days"))
    row = conn.execute(
        """INSERT INTO requests (reference, idempotency_key, person_id, organisation_id, kind, given_name, family_name,
                                 email, telephone, language, payment_method, iban, holder, delivery, delivery_email,
                                 letter_lines, state, link_until, expected_from, expected_until, created_at)
           VALUES (:reference, :key, :person_id, :organisation_id, :kind, :given_name, :family_name,
                   :email, :telephone, :language, :payment_method, :iban, :holder, :delivery, :delivery_email,
                   :letter_lines, :state, :link_until, :since, :until, :now) RETURNING id""",
        {
            "reference": reference,
            "key": submission,
            "person_id": person,
            "organisation_id": registered.id if registered else None,
            "kind": answers.kind,
            "given_name": answers.given_name,
            "family_name": answers.family_name,
            "email": answers.email,
            "telephone": answers.telephone or None,
            "language": answers.language,
            "payment_method": answers.payment_method,
            "iban": None if has_code else answers.iban or None,
            "holder": None if has_code else answers.holder or None,
            "delivery": way.channel,
            "delivery_email": way.email,
            "letter_lines": json.dumps(way.lines, ensure_ascii=False) if way.lines else None,
            "state": state,
            # Also for who gets none, so that it tells nothing.
            "link_until": to_text(slot.at + timedelta(hours=hours)),
            "since": since.isoformat(),
            "until": until.isoformat(),
            "now": to_text(now),
        },
    ).fetchone()
    states.add_to_history(conn, row["id"], state, now)
    kind = f"{TOKEN_KIND_PREFIX}{row['id']}"
    issued = tokens.issue(conn, ctx.keys, kind, person if wants_link else None, hours, slot.at)
    outbox.enqueue(
        conn,
        ctx,
        now,
        idempotency_key=f"request-received:{reference}",
        kind="access_code.already" if has_code else "access_code.received",
        recipient=answers.email,
        language=answers.language,
        payload=mail_payloads.request_received(
            answers.language,
            name=answers.given_name,
            reference=reference,
            organisation=registered.name if registered else "",
            channel=way.channel,
            delivery_window=(since, until),
            letter_lines=way.lines,
        ),
        slot=slot,
        seed=issued.seed if wants_link else None,
        give_up_after=timedelta(hours=hours),
    )
    record(
        conn, ctx.keys, now, "request.submit", state, who=answers.email, on_what=f"request:{row['id']}", address=address
    )
    return SubmitResult(reference, sent_before=slot.sent_before(now))


def _canonical_answers(ctx: Context, answers: Answers, registered: Organisation | None) -> Answers:
    """The answers in canonical form. Raises InvalidAnswersError, also for a POST that bypassed the form."""
    if answers.kind not in ("business", "private") or answers.language not in LANGUAGES:
        raise InvalidAnswersError("kind or language")
    if answers.kind == "business" and registered is None:
        raise InvalidAnswersError("kvk_number")
    if answers.payment_method not in payment_options(ctx.facts, answers.kind, registered):
        raise InvalidAnswersError("payment_method")
    debit = needs_mandate(answers, registered)
    if debit and not answers.mandate:
        raise InvalidAnswersError("mandate")
    try:
        given_name, family_name = check_names(answers.given_name, answers.family_name)
        if answers.kind == "business" and unprintable(full_name(given_name, family_name)):
            raise InvalidAnswersError("a name that letters cannot print")
        return Answers(
            kind=answers.kind,
            given_name=given_name,
            family_name=family_name,
            email=check_email(answers.email),
            language=answers.language,
            payment_method=answers.payment_method,
            telephone=check_phone(answers.telephone) or "",
            kvk_number=registered.kvk_number if registered else "",
            iban=normalise_iban(answers.iban) if debit else "",
            holder=check_holder(answers.holder) if debit else "",
            mandate=debit,
        )
    except ValueError as error:
        raise InvalidAnswersError(str(error)) from error


def _is_proven(conn: Connection, answers: Answers, proof: str) -> bool:
    """Whether the link with this token's hash was mailed about a request to the same address, whatever became of it."""
    row = conn.execute(
        """SELECT t.kind FROM tokens t JOIN people p ON p.id = t.person_id
           WHERE t.token_hash = :proof AND p.email_key = :email_key""",
        {"proof": proof, "email_key": email_key(answers.email)},
    ).fetchone()
    return row is not None and row["kind"].startswith(TOKEN_KIND_PREFIX)


def _find_or_add_person(
    conn: Connection, answers: Answers, registered: Organisation | None, now: datetime
) -> tuple[int, bool, bool]:
    """The id of the person with this address, added if new, and whether they have a password, and such a code.

    A person is identified by an e-mail address: two people who share one share a code. One that somebody changed away
    from is still theirs as long as they can undo that.
    """
    key = email_key(answers.email)
    conn.execute(
        """INSERT INTO people (given_name, family_name, email, email_key, language, created_at)
           SELECT :given_name, :family_name, :email, :email_key, :language, :now
           WHERE NOT EXISTS (SELECT 1 FROM email_changes
                             WHERE old_key = :email_key AND state = 'confirmed' AND expires_at > :now)
           ON CONFLICT (email_key) DO NOTHING""",
        {
            "given_name": answers.given_name,
            "family_name": answers.family_name,
            "email": answers.email,
            "email_key": key,
            "language": answers.language,
            "now": to_text(now),
        },
    )
    row = conn.execute(
        """SELECT p.id, w.person_id IS NOT NULL AS has_password, EXISTS (
                      SELECT 1 FROM access_codes c
                      WHERE c.person_id = p.id AND c.revoked_at IS NULL
                            AND coalesce(c.organisation_id, 0) = coalesce(:organisation_id, 0)) AS has_code
           FROM people p LEFT JOIN passwords w ON w.person_id = p.id
           WHERE p.id = :id""",
        {
            "id": people.find_holder(conn, answers.email, now),
            "organisation_id": registered.id if registered else None,
        },
    ).fetchone()
    return int(row["id"]), bool(row["has_password"]), bool(row["has_code"])
