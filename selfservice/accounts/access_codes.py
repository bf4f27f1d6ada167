"""Access codes in the database: whose they are, whether they open, and how they end.

A code sent by letter lapses when it is not used in time (`access_codes.valid_until`); once used it stays.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.values.access_code import Hashes, hash_code, is_valid_code, normalise_code
from selfservice.values.email import email_key

Kind = Literal["business", "private"]
# Whose active access code this is, as `Member`.
_SELECT_MEMBER = """SELECT p.id AS person_id, c.id AS access_code_id, p.given_name, p.family_name, p.email, p.language,
                          c.kind, c.hint AS code_hint, o.name AS organisation
                   FROM access_codes c JOIN people p ON p.id = c.person_id
                        LEFT JOIN organisations o ON o.id = c.organisation_id
                   WHERE c.code_hash IN (:new_hash, :old_hash) AND c.revoked_at IS NULL AND {which}"""


@dataclass(frozen=True)
class CodeHolder:
    """A person as one access code shows them: for an organisation, or privately (`organisation` is None)."""

    person_id: int
    access_code_id: int
    given_name: str
    family_name: str
    email: str
    language: str
    kind: str
    code_hint: str
    organisation: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Words a password of this person must not contain."""
        return (self.given_name, self.family_name, *((self.organisation,) if self.organisation else ()))


def find(conn: Connection, hashes: Hashes, email: str) -> CodeHolder | None:
    """The member with this access code (`hashes_of`) and e-mail address, or None. One query, whatever the answer."""
    row = conn.execute(
        _SELECT_MEMBER.format(which="p.email_key = :email_key"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "email_key": email_key(email)},
    ).fetchone()
    return None if row is None else CodeHolder(**dict(row))


def find_usable(conn: Connection, hashes: Hashes, now: datetime) -> CodeHolder | None:
    """Whose access code this is (`hashes_of`) if one can sign in with it now, else None. One query."""
    row = conn.execute(
        _SELECT_MEMBER.format(which="(c.first_used_at IS NOT NULL OR c.valid_until IS NULL OR c.valid_until > :now)"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "now": to_text(now)},
    ).fetchone()
    return None if row is None else CodeHolder(**dict(row))


def hashes_of_person(conn: Connection, person_id: int) -> frozenset[str]:
    """The keyed hashes of the person's active access codes, so that a password can be held against them."""
    rows = conn.execute(
        "SELECT code_hash FROM access_codes WHERE person_id = :person_id AND revoked_at IS NULL",
        {"person_id": person_id},
    )
    return frozenset(row["code_hash"] for row in rows)


def add(
    conn: Connection,
    keys: Keys,
    now: datetime,
    *,
    code: str,
    person_id: int,
    organisation_id: int | None = None,
) -> int:
    """Give a person an access code: private, or for an organisation; returns its id. An organisation's first is its
    main code, and stays so.

    Raises ValueError for a code with a wrong check symbol, IntegrityError when the person has an active one
    already.
    """
    plain = normalise_code(code)
    if not is_valid_code(plain):
        raise ValueError("this is not an access code: its check symbol does not fit")
    row = conn.execute(
        """INSERT INTO access_codes (code_hash, key_id, hint, person_id, organisation_id, kind, created_at)
           VALUES (:code_hash, :key_id, :hint, :person_id, :organisation_id, :kind, :now) RETURNING id""",
        {
            "code_hash": hash_code(keys, plain),
            "key_id": keys.id,
            "hint": plain[-3:],
            "person_id": person_id,
            "organisation_id": organisation_id,
            "kind": "private" if organisation_id is None else "business",
            "now": to_text(now),
        },
    ).fetchone()
    conn.execute(
        """UPDATE organisations SET main_person_id = :person_id
           WHERE id = :organisation_id AND main_person_id IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id},
    )
    return int(row["id"])


def renew_hash(conn: Connection, keys: Keys, access_code_id: int, code_hash: str) -> None:
    """Keep a code's hash under the first of the keys (`hash_code`) from now on: the old secret is then needed for one
    code less. For somebody who has just logged in with the code.
    """
    conn.execute(
        "UPDATE access_codes SET code_hash = :code_hash, key_id = :key_id WHERE id = :id AND code_hash <> :code_hash",
        {"code_hash": code_hash, "key_id": keys.id, "id": access_code_id},
    )


def revoke(conn: Connection, access_code_id: int, now: datetime) -> bool:
    """Withdraw an access code; it finds nobody from now on. False, and nothing changed, when it was not active."""
    changed = conn.execute(
        "UPDATE access_codes SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def record_use(conn: Connection, access_code_id: int, now: datetime) -> None:
    """Write down that the code was signed in with, the first time; later times change nothing."""
    conn.execute(
        "UPDATE access_codes SET first_used_at = :now WHERE id = :id AND first_used_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    )


def record_fulfilment(conn: Connection, access_code_id: int, now: datetime) -> None:
    """Write down that the code left us, by mail or on paper; later times change nothing."""
    conn.execute(
        "UPDATE access_codes SET handed_over_at = :now WHERE id = :id AND handed_over_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    )


def set_valid_until(conn: Connection, access_code_id: int, moment: datetime) -> None:
    """Set until when the code must have been used for the first time."""
    conn.execute(
        "UPDATE access_codes SET valid_until = :moment WHERE id = :id",
        {"id": access_code_id, "moment": to_text(moment)},
    )


def active_code(conn: Connection, person_id: int | None, organisation_id: int | None) -> int | None:
    """The row of the person's active code, private or for an organisation, or None. One query, also for nobody."""
    row = conn.execute(
        """SELECT id FROM access_codes
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND revoked_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return None if row is None else int(row["id"])
