"""E-mail addresses for an organisation's invoices that wait for the link that was mailed there.

An organisation has at most one. It goes with its link: used, revoked or deleted.
"""

from dataclasses import dataclass
from datetime import datetime

from selfservice.accounts import tokens
from selfservice.accounts.tokens import IssuedToken
from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Row

# With the organisation's id, so that using the link for one leaves that for another.
TOKEN_KIND_PREFIX = "invoices_email:"  # noqa: S105 (a kind of token)

# Only while who asked has a code of the organisation: they ask nothing more for it after that.
_SELECT = """SELECT a.organisation_id, a.person_id, a.email, a.token_hash,
                    o.name AS organisation, t.expires_at
             FROM invoice_addresses a JOIN organisations o ON o.id = a.organisation_id
                  JOIN tokens t ON t.token_hash = a.token_hash AND t.used_at IS NULL AND t.expires_at > :now
                  JOIN access_codes c ON c.person_id = a.person_id AND c.organisation_id = a.organisation_id
                                         AND c.revoked_at IS NULL
             WHERE {which}"""


@dataclass(frozen=True)
class WaitingAddress:
    """An address that waits for its link to be used, and who asked for it."""

    organisation_id: int
    organisation: str
    person_id: int
    email: str
    token_hash: str
    expires_at: datetime


def add(
    conn: Connection, ctx: Context, *, organisation_id: int, person_id: int, email: str, now: datetime
) -> IssuedToken:
    """Have an address wait for its link, in the place of any other; `now` is when the link is mailed. Returns its
    token. `email` has passed `check_email`. Call inside `write()`.
    """
    remove(conn, organisation_id, now)
    hours = ctx.fact("invoices.link_hours")
    issued = tokens.issue(conn, ctx.keys, f"{TOKEN_KIND_PREFIX}{organisation_id}", person_id, hours, now)
    conn.execute(
        """INSERT INTO invoice_addresses (organisation_id, person_id, email, token_hash)
           VALUES (:organisation_id, :person_id, :email, :token_hash)""",
        {
            "organisation_id": organisation_id,
            "person_id": person_id,
            "email": email,
            "token_hash": issued.token_hash,
        },
    )
    return issued


def mail_key(token_hash: str) -> str:
    """The idempotency key of the mail with that link."""
    return f"invoices-link:{token_hash}"


def mail_keys(conn: Connection, person_id: int) -> list[str]:
    """Those of all such mails that this person had sent, whichever address waits by now. Only reads."""
    rows = conn.execute(
        "SELECT token_hash FROM tokens WHERE person_id = :id AND kind LIKE :prefix || '%'",
        {"id": person_id, "prefix": TOKEN_KIND_PREFIX},
    )
    return [mail_key(row["token_hash"]) for row in rows]


def remove(conn: Connection, organisation_id: int, now: datetime) -> None:
    """Have no address of an organisation wait any more: its link opens nothing from now on."""
    row = conn.execute(
        "DELETE FROM invoice_addresses WHERE organisation_id = :id RETURNING person_id", {"id": organisation_id}
    ).fetchone()
    if row is not None:
        tokens.revoke_all(conn, f"{TOKEN_KIND_PREFIX}{organisation_id}", row["person_id"], now)


def waiting(conn: Connection, organisation_id: int, now: datetime) -> WaitingAddress | None:
    """The address of an organisation that waits, if any. Only reads."""
    bound = {"id": organisation_id, "now": to_text(now)}
    return _waiting(conn.execute(_SELECT.format(which="a.organisation_id = :id"), bound).fetchone())


def find(conn: Connection, token_hash: str, now: datetime) -> WaitingAddress | None:
    """The address that the link with this token is for, while it can be used. Only reads."""
    bound = {"token_hash": token_hash, "now": to_text(now)}
    return _waiting(conn.execute(_SELECT.format(which="a.token_hash = :token_hash"), bound).fetchone())


def redeem(conn: Connection, token_hash: str, now: datetime) -> WaitingAddress | None:
    """Use the link up, and return the address that it was for; None if it is used, expired, replaced or unknown. Of
    concurrent calls one wins. Call inside `write()`.
    """
    found = find(conn, token_hash, now)
    if found is None:
        return None
    if tokens.redeem(conn, f"{TOKEN_KIND_PREFIX}{found.organisation_id}", token_hash, now) is None:
        return None
    remove(conn, found.organisation_id, now)
    return found


def _waiting(row: Row | None) -> WaitingAddress | None:
    return None if row is None else WaitingAddress(**{**dict(row), "expires_at": from_text(row["expires_at"])})
