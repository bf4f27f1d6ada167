"""Tokens and access codes that no row holds, and the keys that rows were made with.

A row keeps a `Seed`: a random nonce and the id of a key. The worker that mails a link or a code, and the printer of a
letter, derive the text from it (`token`, and `values.access_code.derive_code`), the same at each try; so neither the
database nor its journal or a backup ever holds one.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from selfservice.clock import to_text
from selfservice.crypto import Keys
from selfservice.db import Connection


class MissingKeyError(Exception):
    """Rows need a secret that is not set; the message says which, and what to do."""


@dataclass(frozen=True)
class Seed:
    """What a row keeps of a token or access code until it is sent or printed. `kind` is also the name under which the
    mail's template knows it.
    """

    kind: Literal["token", "code"]
    nonce: str
    key_id: str


def new_seed(keys: Keys, kind: Literal["token", "code"]) -> Seed:
    """The seed of a new token or access code: 256 random bits, to be used with the first of the keys."""
    return Seed(kind, secrets.token_hex(32), keys.id)


def derive(keys: Keys, seed: Seed) -> bytes:
    """The 32 bytes that belong to a seed (HMAC-SHA256), the same each time. Raises MissingKeyError."""
    for each in keys.all:
        if each.id == seed.key_id:
            return hmac.digest(each.derive(f"derived-{seed.kind}"), bytes.fromhex(seed.nonce), "sha256")
    raise MissingKeyError(f"the secret with key {seed.key_id} is not set; `loket secrets status` says what needs it")


def derive_token(keys: Keys, seed: Seed) -> str:
    """The 256-bit token that belongs to a seed, as it stands in a link. Raises MissingKeyError."""
    return base64.urlsafe_b64encode(derive(keys, seed)).rstrip(b"=").decode()


def are_keys_registered(conn: Connection, keys: Keys) -> bool:
    """Whether the database knows all these keys, so that rows can name them."""
    known = {row["id"] for row in conn.execute("SELECT id FROM secret_keys")}
    return known.issuperset(each.id for each in keys.all)


def register_keys(conn: Connection, keys: Keys, now: datetime) -> None:
    """Let the database know these keys by their fingerprints. Call inside `write()`."""
    for each in keys.all:
        conn.execute(
            "INSERT INTO secret_keys (id, created_at) VALUES (:id, :now) ON CONFLICT (id) DO NOTHING",
            {"id": each.id, "now": to_text(now)},
        )


def missing_keys(conn: Connection, keys: Keys) -> list[str]:
    """The ids of the keys that rows still need and whose secret is not set; empty when all is well. Only reads.

    A row needs its key when it is an access code that works, or a mail or letter with a link or a code that waits. A
    key that nothing needs is not missed.
    """
    rows = conn.execute(
        """SELECT id FROM secret_keys k WHERE id NOT IN (:first, :second)
           AND (EXISTS (SELECT 1 FROM access_codes c WHERE c.key_id = k.id AND c.revoked_at IS NULL)
                OR EXISTS (SELECT 1 FROM outbox o WHERE o.key_id = k.id)
                OR EXISTS (SELECT 1 FROM letters l WHERE l.key_id = k.id))
           ORDER BY created_at, id""",
        {"first": keys.all[0].id, "second": keys.all[-1].id},
    )
    return [row["id"] for row in rows]


@dataclass(frozen=True)
class KeyUsage:
    """What was made with one key: active access codes, and mails and letters that wait, need its secret. Revoked codes
    need it only to recognise orders that a shop still delivers under them.
    """

    key_id: str
    created_at: str
    codes: int
    revoked: int
    mails: int
    letters: int

    @property
    def is_needed(self) -> bool:
        """Whether anything would be lost without the secret."""
        return bool(self.codes or self.mails or self.letters)


def key_usages(conn: Connection) -> list[KeyUsage]:
    """What needs each key that the database knows, the oldest first. Only reads."""
    rows = conn.execute(
        """SELECT id AS key_id, created_at,
                  (SELECT count(*) FROM access_codes c WHERE c.key_id = k.id AND c.revoked_at IS NULL) AS codes,
                  (SELECT count(*) FROM access_codes c WHERE c.key_id = k.id AND c.revoked_at IS NOT NULL) AS revoked,
                  (SELECT count(*) FROM outbox o WHERE o.key_id = k.id) AS mails,
                  (SELECT count(*) FROM letters l WHERE l.key_id = k.id) AS letters
           FROM secret_keys k ORDER BY created_at, id"""
    )
    return [KeyUsage(**dict(row)) for row in rows]


def missing_keys_error(conn: Connection, keys: Keys) -> str:
    """What is wrong with the secrets that are set, in one line for the operator; empty when nothing is. Only reads."""
    missing = missing_keys(conn, keys)
    if not missing:
        return ""
    return (
        f"what is in the database was made with another secret than those set (key {', '.join(missing)}; set: "
        f"{', '.join(each.id for each in keys.all)}): give that one as LOKET_SECRET_KEY, or as LOKET_SECRET_KEY_OLD "
        "beside the new one; `loket secrets status` says what needs it"
    )


def require_keys(conn: Connection, keys: Keys) -> None:
    """Raise MissingKeyError when rows need a secret that is not set."""
    if line := missing_keys_error(conn, keys):
        raise MissingKeyError(line)
