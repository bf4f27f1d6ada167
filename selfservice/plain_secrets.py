"""Replaces plain-text secrets of waiting mails and letters, stored by earlier versions. Used by `migrations.migrate`
only.

Until November 2026 a waiting letter contained its access code, and a waiting mail its token or code. Each gets a new,
derived one, and its stored hash is replaced: nothing is dropped, and what was sent before keeps working.
"""

import hashlib
import json
from typing import Any

from selfservice import seeds
from selfservice.crypto import Keys, hash_token
from selfservice.db import Connection, Row
from selfservice.seeds import MissingKeyError, Seed
from selfservice.values.access_code import derive_code, hash_code


def replace_plain_secrets(conn: Connection, keys: Keys) -> None:
    """Note with which secret the rows were made that name none, and give what waits in plain a derived code or link.

    When two secrets are set, what is there was made with the old one. Raises MissingKeyError when a waiting code shows
    that it was another. Call inside `write()`, in which the columns for it were added.
    """
    conn.execute("UPDATE access_codes SET key_id = :id WHERE key_id IS NULL", {"id": keys.all[-1].id})
    for row in conn.execute("SELECT id, access_code_id, nonce FROM letters WHERE state = 'ready'").fetchall():
        seed = _new_code(conn, keys, row["access_code_id"], row["nonce"])
        conn.execute(
            "UPDATE letters SET nonce = :nonce, key_id = :key_id WHERE id = :id",
            {"nonce": seed.nonce, "key_id": seed.key_id, "id": row["id"]},
        )
    waiting = conn.execute(
        "SELECT id, idempotency_key, message_id, payload FROM outbox WHERE state IN ('waiting', 'leased')"
    )
    for row in waiting.fetchall():
        payload = json.loads(row["payload"])
        if payload.get("token"):
            _change(conn, row, payload | {"token": ""}, _new_token(conn, keys, payload["token"]))
        elif payload.get("code"):
            made = row["idempotency_key"].removeprefix("access-code:")
            seed = _new_code(conn, keys, int(made) if made.isdigit() else None, payload.pop("code"))
            _change(conn, row, payload, seed)


def _new_token(conn: Connection, keys: Keys, plain: str) -> Seed:
    seed = seeds.new_seed(keys, "token")
    hashes = {"new": hash_token(seeds.derive_token(keys, seed)), "old": hash_token(plain)}
    conn.execute("UPDATE tokens SET token_hash = :new WHERE token_hash = :old", hashes)
    return seed


def _new_code(conn: Connection, keys: Keys, access_code_id: int | None, plain: str) -> Seed:
    seed = seeds.new_seed(keys, "code")
    known = conn.execute("SELECT code_hash FROM access_codes WHERE id = :id", {"id": access_code_id}).fetchone()
    if known is not None and known["code_hash"] != hash_code(keys.all[-1], plain):
        raise MissingKeyError(
            "the access codes in the database were made with another secret than the one that is set: give that one as "
            "LOKET_SECRET_KEY, or as LOKET_SECRET_KEY_OLD beside a new one. Nothing was changed"
        )
    code = derive_code(keys, seed)
    conn.execute(
        "UPDATE access_codes SET code_hash = :code_hash, key_id = :key_id, hint = :hint WHERE id = :id",
        {"code_hash": hash_code(keys, code), "key_id": keys.id, "hint": code[-3:], "id": access_code_id},
    )
    return seed


def _change(conn: Connection, row: Row, payload: dict[str, Any], seed: Seed) -> None:
    """A worker that has the mail at this moment loses its lease, so that it goes out again with what works now; as
    another mail, since a receiver may throw away a second one with the same Message-ID.
    """
    domain = row["message_id"].rpartition("@")[2]
    fresh = hashlib.sha256(f"{row['message_id']} {seed.nonce}".encode()).hexdigest()[:40]
    conn.execute(
        """UPDATE outbox SET payload = :payload, secret = :secret, nonce = :nonce, key_id = :key_id,
                             message_id = :message_id, state = 'waiting', lease = NULL, lease_until = NULL
           WHERE id = :id""",
        {
            "payload": json.dumps(payload, ensure_ascii=False),
            "secret": seed.kind,
            "nonce": seed.nonce,
            "key_id": seed.key_id,
            "message_id": f"<{fresh}@{domain}",
            "id": row["id"],
        },
    )
