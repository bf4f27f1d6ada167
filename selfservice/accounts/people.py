"""People, with or without an access code."""

from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.values.email import email_key
from selfservice.values.name import full_name

# What stands in the place of a name and an address of somebody who is forgotten. No typed address has such a key.
NAMELESS, NO_EMAIL, NO_EMAIL_KEY = "–", "forgotten@loket.invalid", "forgotten:"


@dataclass(frozen=True)
class Person:
    """A person, and the names of the organisations for which they have an active access code."""

    id: int
    given_name: str
    family_name: str
    email: str
    language: str
    organisations: tuple[str, ...]
    has_password: bool

    @property
    def full_name(self) -> str:
        """First and last name, or the only name."""
        return full_name(self.given_name, self.family_name)

    @property
    def names(self) -> tuple[str, ...]:
        """Words a password of this person must not contain."""
        return (self.given_name, self.family_name, *self.organisations)


def get(conn: Connection, person_id: int) -> Person:
    """The person with this id. Raises LookupError when there is none."""
    row = conn.execute(
        """SELECT p.id, p.given_name, p.family_name, p.email, p.language, w.person_id IS NOT NULL AS has_password
           FROM people p LEFT JOIN passwords w ON w.person_id = p.id WHERE p.id = :id""",
        {"id": person_id},
    ).fetchone()
    if row is None:
        raise LookupError("no person has this row number")
    names = conn.execute(
        """SELECT o.name FROM access_codes c JOIN organisations o ON o.id = c.organisation_id
           WHERE c.person_id = :id AND c.revoked_at IS NULL ORDER BY o.id""",
        {"id": person_id},
    )
    organisations = tuple(each["name"] for each in names)
    return Person(**{**dict(row), "has_password": bool(row["has_password"]), "organisations": organisations})


def is_named(conn: Connection, person_id: int | None) -> bool:
    """Whether a person's names are their own. Before there is an access code or an account, anybody may have typed them
    in a request. One query, also without a person.
    """
    query = (
        "SELECT 1 FROM access_codes WHERE person_id = :id UNION ALL SELECT 1 FROM user_accounts WHERE person_id = :id"
    )
    return conn.execute(query, {"id": person_id}).fetchone() is not None


def find_by_email(conn: Connection, email: str) -> Person | None:
    """The person with this e-mail address, in any spelling, or None."""
    row = conn.execute("SELECT id FROM people WHERE email_key = :key", {"key": email_key(email)}).fetchone()
    return None if row is None else get(conn, row["id"])


def find_holder(conn: Connection, email: str, now: datetime) -> int | None:
    """Whose this address is: of the person who has it, or who changed away from it and can still undo that
    (`email_changes`). One query, found or not.
    """
    row = conn.execute(
        """SELECT id FROM people WHERE email_key = :email_key
           UNION ALL
           SELECT person_id FROM email_changes WHERE old_key = :email_key AND state = 'confirmed' AND expires_at > :now
           LIMIT 1""",
        {"email_key": email_key(email), "now": to_text(now)},
    ).fetchone()
    return None if row is None else int(row["id"])


def add(conn: Connection, now: datetime, *, given_name: str, family_name: str, email: str, language: str) -> int:
    """Add a person and return their id. `email` has passed `check_email`.

    Raises IntegrityError if somebody has this address, in any spelling (`email_key`).
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


def store_email(conn: Connection, person_id: int, email: str) -> None:
    """Give a person another e-mail address. Raises IntegrityError if somebody else has it."""
    conn.execute(
        "UPDATE people SET email = :email, email_key = :email_key WHERE id = :id",
        {"email": email, "email_key": email_key(email), "id": person_id},
    )


def forget(conn: Connection, person_id: int, *, keeps_name: bool) -> None:
    """Take out by what a person could be reached, so that whoever has the address is somebody new; and, unless it
    `keeps_name`, their name.
    """
    conn.execute(
        """UPDATE people SET email = :email, email_key = :email_key, telephone = NULL, payment_method = NULL,
                             given_name = CASE WHEN :keeps_name THEN given_name ELSE :nameless END,
                             family_name = CASE WHEN :keeps_name THEN family_name ELSE '' END
           WHERE id = :id""",
        {
            "id": person_id,
            "email": NO_EMAIL,
            "email_key": f"{NO_EMAIL_KEY}{person_id}",
            "keeps_name": keeps_name,
            "nameless": NAMELESS,
        },
    )


def change_name(conn: Connection, person_id: int, given_name: str, family_name: str) -> None:
    """Give a person another name, which has passed `check_names`."""
    conn.execute(
        "UPDATE people SET given_name = :given_name, family_name = :family_name WHERE id = :id",
        {"given_name": given_name, "family_name": family_name, "id": person_id},
    )


def change_language(conn: Connection, person_id: int, language: str) -> None:
    """Write to a person in another language of the site."""
    conn.execute("UPDATE people SET language = :language WHERE id = :id", {"language": language, "id": person_id})
