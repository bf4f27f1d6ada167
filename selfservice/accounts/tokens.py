"""One-use tokens that travel in a mailed link. The database knows them only by their SHA-256, and by a seed until
they are mailed (crypto.py).

A fragment hashes the token as soon as it sees it (`secrets.hash_token`) and passes the hash on, so the token
itself stands in the mail and in one request line, and nowhere else.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from selfservice import crypto, seeds
from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection


class Issued(NamedTuple):
    """A new token: the seed to mail it by (`outbox.enqueue`), and the hash by which it is redeemed."""

    seed: seeds.Seed
    token_hash: str


def issue(conn: Connection, keys: Keys, kind: str, person_id: int | None, hours: int, now: datetime) -> Issued:
    """A new token of a kind that works for `hours`. Nobody learns it before the worker writes it into the mail.

    `person_id` None makes a void token that opens nothing: for a code and address that do not belong
    together, so that known and unknown cost the same writes (OWASP ASVS 5.0, 6.3.8).
    """
    seed = seeds.new_seed(keys, "token")
    issued = Issued(seed, crypto.hash_token(seeds.token(keys, seed)))
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


def name(keys: Keys, token_hash: str) -> str:
    """What a page calls the link that it stands behind, so that its form acts on no other that was opened since in the
    same browser. It opens nothing.
    """
    return keys.keyed_hash("link-name", token_hash)[:32]


def find(conn: Connection, kind: str, token_hash: str, now: datetime) -> int | None:
    """Whose token this is if it still works, else None. Changes nothing: for showing the page behind the
    link.
    """
    row = conn.execute(
        """SELECT person_id FROM tokens
           WHERE token_hash = :token_hash AND kind = :kind AND used_at IS NULL AND expires_at > :now""",
        {"token_hash": token_hash, "kind": kind, "now": to_text(now)},
    ).fetchone()
    return None if row is None else row["person_id"]


def redeem(conn: Connection, kind: str, token_hash: str, now: datetime) -> int | None:
    """Use a token up and return its person's id; None when it is used, expired, void, of another kind or
    unknown.

    One statement decides, so of any number of racers one wins. The person's other tokens of the kind stop
    working too.
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
    """Stop every unused token of a kind of this person; returns how many."""
    return conn.execute(
        "UPDATE tokens SET used_at = :now WHERE person_id = :person_id AND kind = :kind AND used_at IS NULL",
        {"person_id": person_id, "kind": kind, "now": to_text(now)},
    ).rowcount


def end_all(conn: Connection, now: datetime) -> int:
    """Stop every unused token of everybody, so that no link works any more; returns how many."""
    return conn.execute("UPDATE tokens SET used_at = :now WHERE used_at IS NULL", {"now": to_text(now)}).rowcount
