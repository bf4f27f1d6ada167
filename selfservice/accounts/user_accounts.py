"""Accounts: a person's second log-in, by their e-mail address, with a password of its own."""

from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.values.email import email_key


@dataclass(frozen=True)
class AccountHolder:
    """A person with an account, and the hash of its password."""

    person_id: int
    given_name: str
    family_name: str
    email: str
    language: str
    password_hash: str


def find_by_email(conn: Connection, email: str) -> AccountHolder | None:
    """Whose account has this e-mail address, in any spelling, or None. One query, found or not."""
    row = conn.execute(
        """SELECT p.id AS person_id, p.given_name, p.family_name, p.email, p.language, a.password_hash
           FROM people p JOIN user_accounts a ON a.person_id = p.id WHERE p.email_key = :email_key""",
        {"email_key": email_key(email)},
    ).fetchone()
    return None if row is None else AccountHolder(**dict(row))


def find_hash(conn: Connection, person_id: int | None) -> str | None:
    """The hash of the password of the person's account, for `Hasher.verify`; None without an account. One query, also
    without a person.
    """
    row = conn.execute("SELECT password_hash FROM user_accounts WHERE person_id = :id", {"id": person_id}).fetchone()
    return None if row is None else str(row["password_hash"])


def add(conn: Connection, person_id: int, hashed: str, now: datetime) -> None:
    """Give a person an account with this password hash (of `Hasher.hash`). Raises IntegrityError if they have one."""
    conn.execute(
        """INSERT INTO user_accounts (person_id, password_hash, password_changed_at, created_at)
           VALUES (:person_id, :hash, :now, :now)""",
        {"person_id": person_id, "hash": hashed, "now": to_text(now)},
    )


def store_hash(conn: Connection, person_id: int, hashed: str, now: datetime) -> None:
    """Store a new password hash. The caller ends the person's sessions in the same transaction."""
    conn.execute(
        """UPDATE user_accounts SET password_hash = :hash, password_changed_at = :now WHERE person_id = :person_id""",
        {"person_id": person_id, "hash": hashed, "now": to_text(now)},
    )


def record_use(conn: Connection, person_id: int, rehashed: str | None, now: datetime) -> None:
    """Store when somebody last logged in with the account; `rehashed` replaces a hash of weaker parameters."""
    conn.execute(
        """UPDATE user_accounts SET used_at = :now, password_hash = coalesce(:hash, password_hash)
           WHERE person_id = :person_id""",
        {"person_id": person_id, "hash": rehashed, "now": to_text(now)},
    )


def delete(conn: Connection, person_id: int) -> bool:
    """Delete the person's account, and with it its sessions; False if there was none. The person stays."""
    conn.execute(
        "DELETE FROM sessions WHERE person_id = :person_id AND credential = 'account'", {"person_id": person_id}
    )
    return bool(conn.execute("DELETE FROM user_accounts WHERE person_id = :id", {"id": person_id}).rowcount)
