"""Seeds, from which tokens and access codes are derived, and the keys that rows were made with.

A row keeps a `Seed`: a random nonce and the id of a key. The worker that mails a link or a code, and the printing of a
letter, derive the token or code from it (`derive_token`, `access_code.derive_code`), the same each time; so neither the
database nor its journal or a backup ever contains one.
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
    """What a row stores of a token or access code until it is sent or printed. `kind` is also its name in the payload
    of the mail's template.
    """

    kind: Literal["token", "code"]
    nonce: str
    key_id: str


def new_seed(keys: Keys, kind: Literal["token", "code"]) -> Seed:
    """The seed of a new token or access code: 256 random bits, for the current secret."""
    return Seed(kind, secrets.token_hex(32), keys.id)


def derive(keys: Keys, seed: Seed) -> bytes:
    """The 32 bytes derived from a seed (HMAC-SHA256); deterministic. Raises MissingKeyError."""
    for each in keys.all:
        if each.id == seed.key_id:
            return hmac.digest(each.derive(f"derived-{seed.kind}"), bytes.fromhex(seed.nonce), "sha256")
    raise MissingKeyError(f"the secret with key {seed.key_id} is not set; `loket secrets status` says what needs it")


def derive_token(keys: Keys, seed: Seed) -> str:
    """The 256-bit token derived from a seed, as in a link. Raises MissingKeyError."""
    return base64.urlsafe_b64encode(derive(keys, seed)).rstrip(b"=").decode()


def are_keys_registered(conn: Connection, keys: Keys) -> bool:
    """Whether all these keys are in the database, so that rows can refer to them."""
    known = {row["id"] for row in conn.execute("SELECT id FROM secret_keys")}
    return known.issuperset(each.id for each in keys.all)


def register_keys(conn: Connection, keys: Keys, now: datetime) -> None:
    """Store the fingerprints of these keys. Call inside `write()`."""
    for each in keys.all:
        conn.execute(
            "INSERT INTO secret_keys (id, created_at) VALUES (:id, :now) ON CONFLICT (id) DO NOTHING",
            {"id": each.id, "now": to_text(now)},
        )


def missing_keys(conn: Connection, keys: Keys) -> list[str]:
    """The ids of the keys that rows still need and whose secret is not set. Only reads.

    A row needs its key if it is an active access code, or a waiting mail or letter with a link or a code.
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
    """The number of rows made with one key: active access codes, and waiting mails and letters, need its secret.
    Revoked codes need it only to recognise orders that a shop still delivers under them.
    """

    key_id: str
    created_at: str
    codes: int
    revoked: int
    mails: int
    letters: int

    @property
    def is_needed(self) -> bool:
        """Whether anything would stop working without the secret."""
        return bool(self.codes or self.mails or self.letters)


def key_usages(conn: Connection) -> list[KeyUsage]:
    """The usage of each key in the database, the oldest first. Only reads."""
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
    """One line for the operator about secrets that are missing; empty if none are. Only reads."""
    missing = missing_keys(conn, keys)
    if not missing:
        return ""
    return (
        f"what is in the database was made with another secret than those set (key {', '.join(missing)}; set: "
        f"{', '.join(each.id for each in keys.all)}): give that one as LOKET_SECRET_KEY, or as LOKET_SECRET_KEY_OLD "
        "beside the new one; `loket secrets status` says what needs it"
    )


def require_keys(conn: Connection, keys: Keys) -> None:
    """Raise MissingKeyError if rows need a secret that is not set."""
    if line := missing_keys_error(conn, keys):
        raise MissingKeyError(line)
