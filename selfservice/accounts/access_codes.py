"""Access codes in the database: adding, finding and revoking them.

A code sent by letter expires unless it is used before `access_codes.valid_until`; once used it stays valid.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.values.access_code import CodeHashes, hash_code, is_valid_code, normalise_code
from selfservice.values.email import email_key

CodeKind = Literal["business", "private"]
# The columns of `CodeHolder`, for active access codes only.
_SELECT_HOLDER = """SELECT p.id AS person_id, c.id AS access_code_id, p.given_name, p.family_name, p.email, p.language,
                          c.kind, c.hint AS code_hint, o.name AS organisation
                   FROM access_codes c JOIN people p ON p.id = c.person_id
                        LEFT JOIN organisations o ON o.id = c.organisation_id
                   WHERE c.code_hash IN (:new_hash, :old_hash) AND c.revoked_at IS NULL AND {which}"""


@dataclass(frozen=True)
class CodeHolder:
    """A person together with one of their access codes: for an organisation, or private (`organisation` is None)."""

    person_id: int
    access_code_id: int
    given_name: str
    family_name: str
    email: str
    language: str
    kind: CodeKind
    code_hint: str
    organisation: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Words a password of this person must not contain."""
        return (self.given_name, self.family_name, *((self.organisation,) if self.organisation else ()))


def find(conn: Connection, hashes: CodeHashes, email: str) -> CodeHolder | None:
    """The holder of this access code (`lookup_hashes`) with this e-mail address, or None. One query, found or not."""
    row = conn.execute(
        _SELECT_HOLDER.format(which="p.email_key = :email_key"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "email_key": email_key(email)},
    ).fetchone()
    return None if row is None else CodeHolder(**dict(row))


def find_usable(conn: Connection, hashes: CodeHashes, now: datetime) -> CodeHolder | None:
    """The holder of this access code (`lookup_hashes`), or None if it cannot be used to log in now. One query."""
    row = conn.execute(
        _SELECT_HOLDER.format(which="(c.first_used_at IS NOT NULL OR c.valid_until IS NULL OR c.valid_until > :now)"),
        {"new_hash": hashes[0], "old_hash": hashes[1], "now": to_text(now)},
    ).fetchone()
    return None if row is None else CodeHolder(**dict(row))


def active_hashes(conn: Connection, person_id: int) -> frozenset[str]:
    """The keyed hashes of the person's active access codes, to check that a new password contains none of them."""
    rows = conn.execute(
        "SELECT code_hash FROM access_codes WHERE person_id = :person_id AND revoked_at IS NULL",
        {"person_id": person_id},
    )
    return frozenset(row["code_hash"] for row in rows)


def labels(conn: Connection, person_id: int | None) -> list[dict[str, str]]:
    """How the person's active access codes are told apart, the private one first: `organisation` (empty for that one)
    and `hint`, how the code ends. One query, also without a person.
    """
    rows = conn.execute(
        """SELECT coalesce(o.name, '') AS organisation, c.hint
           FROM access_codes c LEFT JOIN organisations o ON o.id = c.organisation_id
           WHERE c.person_id = :person_id AND c.revoked_at IS NULL ORDER BY organisation, c.id""",
        {"person_id": person_id},
    )
    return [dict(row) for row in rows]


def add(
    conn: Connection,
    keys: Keys,
    now: datetime,
    *,
    code: str,
    person_id: int,
    organisation_id: int | None = None,
) -> int:
    """Give a person an access code, private or for an organisation; returns its id. The first code of an organisation
    becomes its main code, and so does one where nobody else has a code while nobody has the main code.

    Raises ValueError for a code with a wrong check character, IntegrityError if the person already has an active
    one.
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
           WHERE id = :organisation_id AND main_person_id IS NULL
                 AND NOT EXISTS (SELECT 1 FROM access_codes c WHERE c.organisation_id = organisations.id
                                 AND c.revoked_at IS NULL AND c.person_id <> :person_id)""",
        {"person_id": person_id, "organisation_id": organisation_id},
    )
    return int(row["id"])


def renew_hash(conn: Connection, keys: Keys, access_code_id: int, code_hash: str) -> None:
    """Replace a code's hash by one made with the current secret (`hash_code`), so that one code less needs the old
    secret. Called when somebody logs in with the code.
    """
    conn.execute(
        "UPDATE access_codes SET code_hash = :code_hash, key_id = :key_id WHERE id = :id AND code_hash <> :code_hash",
        {"code_hash": code_hash, "key_id": keys.id, "id": access_code_id},
    )


def revoke(conn: Connection, access_code_id: int, now: datetime) -> bool:
    """Revoke an access code. Returns False, and changes nothing, if it was not active."""
    changed = conn.execute(
        "UPDATE access_codes SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    ).rowcount
    return changed == 1


def record_use(conn: Connection, access_code_id: int, now: datetime, today: date) -> None:
    """Record a login with the code: the moment of the first, and of the last only the day."""
    conn.execute(
        """UPDATE access_codes SET first_used_at = coalesce(first_used_at, :now), last_used_on = :today
           WHERE id = :id""",
        {"id": access_code_id, "now": to_text(now), "today": today.isoformat()},
    )


def record_fulfilment(conn: Connection, access_code_id: int, now: datetime) -> None:
    """Record when the code was sent, by mail or letter; later calls change nothing."""
    conn.execute(
        "UPDATE access_codes SET handed_over_at = :now WHERE id = :id AND handed_over_at IS NULL",
        {"id": access_code_id, "now": to_text(now)},
    )


def set_valid_until(conn: Connection, access_code_id: int, valid_until: datetime) -> None:
    """Set the time before which the code must be used for the first time."""
    conn.execute(
        "UPDATE access_codes SET valid_until = :moment WHERE id = :id",
        {"id": access_code_id, "moment": to_text(valid_until)},
    )


def active_code_id(conn: Connection, person_id: int | None, organisation_id: int | None) -> int | None:
    """The id of the person's active code, private or for an organisation, or None. One query, also without a person."""
    row = conn.execute(
        """SELECT id FROM access_codes
           WHERE person_id = :person_id AND coalesce(organisation_id, 0) = coalesce(:organisation_id, 0)
                 AND revoked_at IS NULL""",
        {"person_id": person_id, "organisation_id": organisation_id},
    ).fetchone()
    return None if row is None else int(row["id"])
