"""Single-use tokens in mailed links. The database keeps only their SHA-256, and a seed until they are mailed
(seeds.py).

A view hashes the token immediately (`crypto.hash_token`) and passes on the hash, so the token itself is in the mail
and in one request line, and nowhere else.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from selfservice import crypto, seeds
from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection


class IssuedToken(NamedTuple):
    """A new token: the seed to mail it by (`outbox.enqueue`), and the hash by which it is redeemed."""

    seed: seeds.Seed
    token_hash: str


class LinkResult(NamedTuple):
    """The result of asking for a link: the seconds to wait if it was refused, else before when its mail is sent if that
    is not at once.
    """

    retry_after: int = 0
    sent_before: datetime | None = None


def issue(conn: Connection, keys: Keys, kind: str, person_id: int | None, hours: int, now: datetime) -> IssuedToken:
    """Create a token of a kind that is valid for `hours`. It is only derived when the worker writes the mail.

    `person_id` None makes a void token that can never be redeemed: for a code and address that do not match,
    so that known and unknown cost the same writes (OWASP ASVS 5.0, 6.3.8).
    """
    seed = seeds.new_seed(keys, "token")
    issued = IssuedToken(seed, crypto.hash_token(seeds.derive_token(keys, seed)))
    conn.execute(
        """INSERT INTO tokens (token_hash, kind, person_id, created_at, expires_at)
           VALUES (:token_hash, :kind, :person_id, :now, :expires_at)""",
        {
            "token_hash": issued.token_hash,
            "kind": kind,
            "person_id": person_id,
            "now": to_text(now),
            "expires_at": to_text(now + timedelta(hours=hours)),
        },
    )
    return issued


def find(conn: Connection, kind: str, token_hash: str, now: datetime) -> int | None:
    """The person id of a token that can still be redeemed, else None. Only reads: for showing the linked page."""
    row = conn.execute(
        """SELECT person_id FROM tokens
           WHERE token_hash = :token_hash AND kind = :kind AND used_at IS NULL AND expires_at > :now""",
        {"token_hash": token_hash, "kind": kind, "now": to_text(now)},
    ).fetchone()
    return None if row is None else row["person_id"]


def redeem(conn: Connection, kind: str, token_hash: str, now: datetime) -> int | None:
    """Redeem a token and return its person's id; None if it is used, expired, void, of another kind or unknown.

    One statement decides, so of concurrent requests one wins. It also revokes the person's other tokens of the kind.
    """
    row = conn.execute(
        """UPDATE tokens SET used_at = :now
           WHERE token_hash = :token_hash AND kind = :kind AND used_at IS NULL AND expires_at > :now
                 AND person_id IS NOT NULL
           RETURNING person_id""",
        {"token_hash": token_hash, "kind": kind, "now": to_text(now)},
    ).fetchone()
    if row is None:
        return None
    revoke_all(conn, kind, row["person_id"], now)
    return int(row["person_id"])


def revoke_all(conn: Connection, kind: str, person_id: int, now: datetime) -> int:
    """Revoke all unused tokens of a kind of this person; returns how many."""
    return conn.execute(
        "UPDATE tokens SET used_at = :now WHERE person_id = :person_id AND kind = :kind AND used_at IS NULL",
        {"person_id": person_id, "kind": kind, "now": to_text(now)},
    ).rowcount


def revoke_all_of_person(conn: Connection, person_id: int, now: datetime, but: Sequence[str] = ()) -> int:
    """Revoke all unused tokens of this person but those of the kinds `but`; returns how many."""
    return conn.execute(
        """UPDATE tokens SET used_at = :now WHERE person_id = :person_id AND used_at IS NULL
           AND kind NOT IN (SELECT value FROM json_each(:but))""",
        {"person_id": person_id, "now": to_text(now), "but": json.dumps(but)},
    ).rowcount


def extend(conn: Connection, kind: str, person_id: int, until: datetime) -> None:
    """Have the unused tokens of a kind of this person be valid until then."""
    conn.execute(
        "UPDATE tokens SET expires_at = :until WHERE person_id = :person_id AND kind = :kind AND used_at IS NULL",
        {"person_id": person_id, "kind": kind, "until": to_text(until)},
    )


def revoke_kind(conn: Connection, kind: str, now: datetime) -> int:
    """Revoke all unused tokens of a kind, whoever they were mailed to; returns how many."""
    return conn.execute(
        "UPDATE tokens SET used_at = :now WHERE kind = :kind AND used_at IS NULL", {"kind": kind, "now": to_text(now)}
    ).rowcount


def revoke_every_token(conn: Connection, now: datetime) -> int:
    """Revoke all unused tokens of all people, so that no mailed link works any more; returns how many."""
    return conn.execute("UPDATE tokens SET used_at = :now WHERE used_at IS NULL", {"now": to_text(now)}).rowcount
