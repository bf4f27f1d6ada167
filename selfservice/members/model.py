"""Who a code and an e-mail address belong to, and what can be changed about them."""

import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.members import codes, mandates
from selfservice.outbox import addresses
from selfservice.secrets import Keys

REVOKED_DAYS = 365
TOKEN_DAYS = 1

Kind = Literal["business", "private"]
# Whose active access code this is, as `Member`.
_SELECT_MEMBER = """SELECT p.id AS person_id, c.id AS access_code_id, p.given_name, p.family_name, p.email, p.language,
                          c.kind, c.hint AS code_hint, o.name AS organisation
                   FROM access_codes c JOIN people p ON p.id = c.person_id
                        LEFT JOIN organisations o ON o.id = c.organisation_id
                   WHERE c.code_hash IN (:new_hash, :old_hash) AND c.revoked_at IS NULL AND {which}"""
# Of one access code, under the first of our keys and under the old one.
Hashes = tuple[str, str]


@dataclass(frozen=True)
class Member:
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


def email_key(email: str) -> str:
    """What two spellings of one e-mail address have in common: case, composed letters and the ASCII form of a domain do
    not count.
    """
    if not email.isascii():
        # As it is kept; what is no address is nobody's key either, and stays as it is.
        with suppress(addresses.AddressError):
            email = addresses.check(email)
    return unicodedata.normalize("NFC", email.strip()).casefold()


def hash_code(keys: Keys, code: str) -> str:
    """What a new row keeps of an access code, however it was typed: its hash under the first of the keys."""
    return keys.keyed_hash("access-code", codes.normalise(code))


def hashes_of(keys: Keys, code: str) -> Hashes:
    """What rows can hold of an access code, however it was typed: its hash under each of the keys. For look-ups."""
    return keys.keyed_hashes("access-code", codes.normalise(code))


def find_by_hashes(conn: Connection, hashes: Hashes, email: str) -> Member | None:
    """The member with this access code (`hashes_of`) and e-mail address, or None. One query, whatever the answer."""
    row = conn.execute(
        _SELECT_MEMBER.format(which="p.email_key = :email_key"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "email_key": email_key(email)},
    ).fetchone()
    return None if row is None else Member(**dict(row))


def find_usable(conn: Connection, hashes: Hashes, now: datetime) -> Member | None:
    """Whose access code this is (`hashes_of`) if one can sign in with it now, else None. One query."""
    row = conn.execute(
        _SELECT_MEMBER.format(which="(c.first_used_at IS NOT NULL OR c.valid_until IS NULL OR c.valid_until > :now)"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "now": to_text(now)},
    ).fetchone()
    return None if row is None else Member(**dict(row))


def code_hashes(conn: Connection, person_id: int) -> frozenset[str]:
    """The keyed hashes of the person's active access codes, so that a password can be held against them."""
    rows = conn.execute(
        "SELECT code_hash FROM access_codes WHERE person_id = :person_id AND revoked_at IS NULL",
        {"person_id": person_id},
    )
    return frozenset(row["code_hash"] for row in rows)


def add_organisation(
    conn: Connection,
    now: datetime,
    *,
    kvk_number: str,
    name: str,
    email: str,
    street: str,
    house_number: str,
    postcode: str,
    city: str,
) -> int:
    """Add an organisation with its registered e-mail and visiting address; returns its id.

    Raises IntegrityError when the KVK number is not eight digits or is taken.
    """
    row = conn.execute(
        """INSERT INTO organisations
               (kvk_number, name, email, street, house_number, postcode, city, created_at)
           VALUES (:kvk_number, :name, :email, :street, :house_number, :postcode, :city, :now)
           RETURNING id""",
        {
            "kvk_number": kvk_number,
            "name": name,
            "email": email,
            "street": street,
            "house_number": house_number,
            "postcode": postcode,
            "city": city,
            "now": to_text(now),
        },
    ).fetchone()
    return int(row["id"])


def add_person(conn: Connection, now: datetime, *, given_name: str, family_name: str, email: str, language: str) -> int:
    """Add a person and return their id. The address is expected to have passed `outbox.addresses.check`.

    Raises IntegrityError when somebody has this address, in whichever spelling.
    """
    row = conn.execute(
        """INSERT INTO people (given_name, family_name, email, email_key, language, created_at)
           VALUES (:given_name, :family_name, :email, :email_key, :language, :now) RETURNING id""",
        {
            "given_name": given_name,
            "family_name": family_name,
            "email": email,
            "email_key": email_key(email),
            "language": language,
            "now": to_text(now),
        },
    ).fetchone()
    return int(row["id"])


def add_access_code(
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
    plain = codes.normalise(code)
    if not codes.valid(plain):
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


def revoke_access_code(conn: Connection, access_code_id: int, now: datetime) -> bool:
    """Withdraw an access code; it finds nobody from now on. False, and nothing changed, when it was not active."""
    changed = conn.execute(
        "UPDATE access_codes SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def password_hash(conn: Connection, person_id: int | None) -> str | None:
    """The person's password hash for `Hasher.verify`, or None. One query, also for nobody."""
    row = conn.execute("SELECT hash FROM passwords WHERE person_id = :id", {"id": person_id}).fetchone()
    return None if row is None else str(row["hash"])


def set_password(conn: Connection, person_id: int, hashed: str, now: datetime) -> None:
    """Keep a new password hash (of `Hasher.hash`). The caller ends the person's sessions in the same
    transaction.
    """
    conn.execute(
        """INSERT INTO passwords (person_id, hash, changed_at) VALUES (:person_id, :hash, :now)
           ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at""",
        {"person_id": person_id, "hash": hashed, "now": to_text(now)},
    )


def clean(conn: Connection, now: datetime) -> int:
    """Remove what retention no longer allows (see migrations.py); returns how many rows went."""
    tokens = conn.execute(
        "DELETE FROM tokens WHERE expires_at < :before", {"before": to_text(now - timedelta(days=TOKEN_DAYS))}
    ).rowcount
    revoked = conn.execute(
        "DELETE FROM access_codes WHERE revoked_at < :before",
        {"before": to_text(now - timedelta(days=REVOKED_DAYS))},
    ).rowcount
    return tokens + revoked + mandates.clean(conn, now)
