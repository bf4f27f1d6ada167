"""Hashing passwords with argon2id, a few at a time and out of the way of everything else; and keeping the hashes."""

import base64
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from selfservice.accounts.password_policy import Refusal, normalise, refusal
from selfservice.clock import to_text
from selfservice.db import Connection
from selfservice.metrics import METERS

__all__ = ["Hasher", "HasherBusy", "Refusal", "normalise", "refusal"]

MEMORY_KIB = 19_456  # with two passes and one lane: OWASP Password Storage Cheat Sheet, argon2id
PASSES = 2
LANES = 1
_HASH_BYTES = 32
_SALT_BYTES = 16

T = TypeVar("T")


class HasherBusy(Exception):  # noqa: N818 (a state that passes, not a mistake)
    """Too many passwords are being hashed right now; nothing was done, trying again in a moment is fine."""


class Hasher:
    """Hashes and verifies passwords on at most `concurrent` threads of their own.

    Who waits longer than `wait_seconds` for a thread gets Busy. `calls` counts hash computations, for tests.
    The threads have low priority, so that pages are served while passwords are hashed.
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
        self._free = threading.BoundedSemaphore(concurrent)
        self._pool = ThreadPoolExecutor(concurrent, "hash", initializer=_lower_priority)
        self._nobody = _hash_of_nothing(memory_kib, passes)
        self.calls = 0

    def hash(self, password: str) -> str:
        """The hash to keep of a password that `rules.refuse` let through. Raises Busy."""
        return self._run(self._argon2.hash, _bytes(password))

    def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. Raises Busy.

        None, for somebody unknown or without a password, is False after exactly as much work.
        """
        try:
            return self._run(self._argon2.verify, hashed or self._nobody, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, hashed: str) -> bool:
        """Whether the hash was made with weaker parameters than today's: after a sign-in, hash and keep it
        anew.
        """
        return self._argon2.check_needs_rehash(hashed)

    def _run(self, work: Callable[..., T], *args: str | bytes) -> T:
        METERS.hashes.inc()
        try:
            if not self._free.acquire(timeout=self._wait_seconds):
                raise HasherBusy("all places for hashing passwords are taken")
            try:
                self.calls += 1
                return self._pool.submit(work, *args).result()
            finally:
                self._free.release()
        finally:
            METERS.hashes.dec()


def _bytes(password: str) -> bytes:
    # A broken client can send half a surrogate pair, which UTF-8 has no room for.
    return normalise(password).encode("utf-8", "surrogatepass")


def _lower_priority() -> None:
    # Linux gives each thread its own niceness; elsewhere this is not possible and does no harm.
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _hash_of_nothing(memory_kib: int, passes: int) -> str:
    """A hash that no password has but that costs as much to verify; made up, since computing it would cost
    time.
    """
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).rstrip(b"=").decode() for size in (_SALT_BYTES, _HASH_BYTES)
    )
    return f"$argon2id$v=19$m={memory_kib},t={passes},p={LANES}${salt}${digest}"


def stored_hash(conn: Connection, person_id: int | None) -> str | None:
    """The person's password hash for `Hasher.verify`, or None. One query, also for nobody."""
    row = conn.execute("SELECT hash FROM passwords WHERE person_id = :id", {"id": person_id}).fetchone()
    return None if row is None else str(row["hash"])


def store(conn: Connection, person_id: int, hashed: str, now: datetime) -> None:
    """Keep a new password hash (of `Hasher.hash`). The caller ends the person's sessions in the same
    transaction.
    """
    conn.execute(
        """INSERT INTO passwords (person_id, hash, changed_at) VALUES (:person_id, :hash, :now)
           ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at""",
        {"person_id": person_id, "hash": hashed, "now": to_text(now)},
    )
