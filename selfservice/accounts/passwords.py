"""Hashing passwords with argon2id, on a few threads with low priority; and storing the hashes."""

import base64
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from selfservice.accounts.password_policy import normalise_password
from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.metrics import METERS

MEMORY_KIB = 19_456  # with two passes and one lane: OWASP Password Storage Cheat Sheet, argon2id
PASSES = 2
LANES = 1
# In each process of the server, of which there is one a core: with one, a core stands still whenever the log-ins of a
# moment came to another process (docs/why.md).
CONCURRENT = 2
_HASH_BYTES = 32
_SALT_BYTES = 16

ResultT = TypeVar("ResultT")


class HasherBusyError(Exception):
    """Too many passwords are being hashed right now; nothing was done. Try again in a moment."""


class Hasher:
    """Hashes and verifies passwords on at most `concurrent` threads of their own.

    A call that waits longer than `wait_seconds` for a thread raises HasherBusyError. `calls` counts hash computations,
    for tests. The threads have low priority, so that pages are served while passwords are hashed.
    """

    def __init__(
        self,
        *,
        concurrent: int = 1,
        wait_seconds: float = 5.0,
        memory_kib: int = MEMORY_KIB,
        passes: int = PASSES,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=LANES,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
            type=Type.ID,
        )
        self._wait_seconds = wait_seconds
        self._pool = ThreadPoolExecutor(concurrent, "hash", initializer=_lower_priority)
        self._dummy_hash = make_unusable_hash(memory_kib, passes)
        self.calls = 0

    def hash(self, password: str) -> str:
        """The hash of a password that `password_policy.rejection_reason` accepted. Raises HasherBusyError."""
        return self._run(self._argon2.hash, _bytes(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password matches the hash. Raises HasherBusyError.

        None, for an unknown person or one without a password, gives False after exactly as much work.
        """
        try:
            return self._run(self._argon2.verify, hashed or self._dummy_hash, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's: then hash the password again after a login."""
        return self._argon2.check_needs_rehash(hashed)

    def _run(self, work: Callable[..., ResultT], *args: str | bytes) -> ResultT:
        METERS.hashes.inc()
        # The threads take them in the order in which they came, so that nobody is overtaken until they are refused.
        task = self._pool.submit(work, *args)
        try:
            wait((task,), self._wait_seconds)
            if task.cancel():
                raise HasherBusyError("all threads for hashing passwords are in use")
            self.calls += 1
            return task.result()
        finally:
            METERS.hashes.dec()


def _bytes(password: str) -> bytes:
    # A broken client can send half a surrogate pair, which UTF-8 has no room for.
    return normalise_password(password).encode("utf-8", "surrogatepass")


def _lower_priority() -> None:
    # Linux gives each thread its own niceness; elsewhere this is not possible and does no harm.
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def make_unusable_hash(memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> str:
    """A hash that matches no password but costs as much to verify; random, since computing one would take time."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={LANES}${salt}${digest}"


def find_hash(conn: Connection, person_id: int | None) -> str | None:
    """The person's password hash for `Hasher.verify`, or None. One query, also without a person."""
    row = conn.execute("SELECT hash FROM passwords WHERE person_id = :id", {"id": person_id}).fetchone()
    return None if row is None else str(row["hash"])


def store_hash(conn: Connection, person_id: int, hashed: str, now: datetime) -> None:
    """Store a new password hash (of `Hasher.hash`). The caller ends the person's sessions in the same transaction."""
    conn.execute(
        """INSERT INTO passwords (person_id, hash, changed_at) VALUES (:person_id, :hash, :now)
           ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at""",
        {"person_id": person_id, "hash": hashed, "now": to_text(now)},
    )


def delete_newer(conn: Connection, person_id: int, since: datetime) -> None:
    """Delete the person's password if it was set since then; an earlier one stays."""
    conn.execute(
        "DELETE FROM passwords WHERE person_id = :person_id AND changed_at >= :since",
        {"person_id": person_id, "since": to_text(since)},
    )
