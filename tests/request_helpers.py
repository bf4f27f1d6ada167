"""What the tests of requests share: a db, an organisation, answers, and what was mailed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

from selfservice.accounts import organisations, passwords
from selfservice.clock import to_text
from selfservice.db import Database
from selfservice.requests import confirmation, fulfilment, records, review, submission
from selfservice.values.access_code import normalise_code
from tests.domain_helpers import CONTEXT, NOW, filled, rows

ADDRESS = "192.0.2.7"
PERSON = "oona@kites.example"
REGISTERED = "info@kites.example"
KVK = "00010007"
IBAN = "NL91ABNA0417164300"
HASH = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g"

PRIVATE = submission.Answers("private", "Oona", "Applegarth", PERSON, "en", "credit")
BUSINESS = submission.Answers(
    "business",
    "Oona",
    "Applegarth",
    PERSON,
    "en",
    "direct_debit",
    kvk_number=KVK,
    iban=IBAN,
    holder="Kites",
    mandate=True,
)


def add_organisation(db: Database, number: str = KVK, house_number: str = "7a") -> int:
    """An organisation that nobody has a code for."""
    with db.write() as conn:
        return organisations.add(
            conn,
            NOW,
            kvk_number=number,
            name="Northsea Kite Repairs",
            email=REGISTERED,
            street="Duinpad",
            house_number=house_number,
            postcode="0012 ZZ",
            city="Zandhoven",
        )


def hand_in(
    db: Database, answers: submission.Answers, now: datetime = NOW, submission_id: str = "", **changes: Any
) -> str:
    """Hand a request in; its reference."""
    with db.write() as conn:
        made = submission.submit(
            conn, CONTEXT, replace(answers, **changes), submission_id or str(uuid4()), ADDRESS, now
        )
    assert made.retry_after == 0
    return made.reference


def token_hash(db: Database, reference: str) -> str:
    """The hash of the token in the link that was mailed for a request."""
    request = records.find_by_reference(db.read(), reference)
    assert request
    row = db.read().execute("SELECT token_hash FROM tokens WHERE kind = ?", (request.link_kind,)).fetchone()
    return str(row["token_hash"])


def confirm(db: Database, reference: str, now: datetime = NOW) -> records.Request | None:
    """Follow the link in the mail about a request and confirm it, as the form does: with the password that its person
    has, or with a first one.
    """
    with db.write() as conn:
        request = records.find_by_reference(conn, reference)
        assert request
        known = passwords.find_hash(conn, request.person_id)
        chosen = None if known else HASH
        link = token_hash(db, reference)
        return confirmation.confirm(conn, CONTEXT, link, ADDRESS, now, verified_hash=known, new_hash=chosen)


def approve(db: Database, reference: str, now: datetime = NOW, by: str = "Kim Voorbeeld") -> records.Request:
    """Approve as staff."""
    with db.write() as conn:
        return review.approve(conn, CONTEXT, reference, by, now)


def request_now(db: Database, reference: str) -> records.Request:
    """A request as it is now."""
    request = records.find_by_reference(db.read(), reference)
    assert request
    return request


def mails(db: Database) -> list[str]:
    """The kinds of the mails that were queued, in order."""
    return [row["kind"] for row in rows(db, "outbox")]


def payload(db: Database, number: int = -1) -> dict[str, Any]:
    """What a queued mail is filled in with; the last one's, unless another is asked for."""
    return filled(rows(db, "outbox")[number])


def mailed_code(db: Database) -> str:
    """The access code in the last mail."""
    return normalise_code(payload(db)["code"])


def active_codes(db: Database) -> int:
    """How many codes work."""
    return sum(row["revoked_at"] is None for row in rows(db, "access_codes"))


def print_letters(db: Database, now: datetime, *, posted: bool = False) -> None:
    """Print (and post) what is ready, as far as requests and letters hear of it."""
    with db.write() as conn:
        for row in conn.execute("SELECT id FROM letters WHERE state = 'ready'").fetchall():
            batch = conn.execute(
                "INSERT INTO letter_batches (folder, created_at) VALUES ('x', ?) RETURNING id", (to_text(now),)
            ).fetchone()["id"]
            conn.execute(
                """UPDATE letters SET state = 'printed', nonce = '', key_id = NULL, batch_id = ?, printed_at = ?
                   WHERE id = ?""",
                (batch, to_text(now), row["id"]),
            )
            conn.execute(
                "UPDATE letter_batches SET printed_at = ?, released_at = ? WHERE id = ?",
                (to_text(now), to_text(now), batch),
            )
            fulfilment.mark_letter_printed(conn, CONTEXT, row["id"], now)
        if posted:
            for row in conn.execute("SELECT id FROM letters WHERE state = 'printed'").fetchall():
                fulfilment.mark_letter_posted(conn, CONTEXT, row["id"], now)
                conn.execute(
                    "UPDATE letters SET state = 'posted', address_lines = '[]', posted_at = ? WHERE id = ?",
                    (to_text(now), row["id"]),
                )


def organisation(db: Database) -> organisations.Organisation:
    """The organisation as it is now."""
    known = organisations.find_by_number(db.read(), KVK)
    assert known
    return known
