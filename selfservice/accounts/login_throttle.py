"""Who may try a password how often, wherever one is asked for: the limits, and the wait that failed tries make.

The wait grows to 15 minutes, and never more (OWASP ASVS 5.0, 6.3.1).
"""

from datetime import datetime

from selfservice.clock import to_microseconds
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.limits import table

FREE = 3
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 900
KEPT_SECONDS = 24 * 3600
WORRYING = 5
_SECOND = 1_000_000


def _admit(conn: Connection, key: str, now: datetime) -> int:
    """Count a try on this name as failed; returns 0, or the seconds to wait when it may not be tried yet.

    The first three may follow at once, then the wait is 30 seconds and doubles up to 15 minutes. What is not
    admitted is not counted, so trying during a wait does not make it longer.
    """
    moment = to_microseconds(now)
    row = conn.execute(
        """INSERT INTO failures (key, count, free_at, forgotten_at) VALUES (:key, 1, :now, :forgotten)
           ON CONFLICT (key) DO UPDATE
           SET count = CASE WHEN failures.forgotten_at <= :now THEN 1 ELSE failures.count + 1 END,
               free_at = :now + CASE WHEN failures.forgotten_at <= :now OR failures.count + 1 <= :free THEN 0
                                     WHEN failures.count + 1 > :free + 5 THEN :longest
                                     ELSE :first << (failures.count - :free) END,
               forgotten_at = :forgotten
           WHERE failures.free_at <= :now
           RETURNING count""",
        {
            "key": key,
            "now": moment,
            "forgotten": moment + KEPT_SECONDS * _SECOND,
            "free": FREE,
            "first": FIRST_WAIT_SECONDS * _SECOND,
            "longest": LONGEST_WAIT_SECONDS * _SECOND,
        },
    ).fetchone()
    if row is not None:
        return 0
    held = conn.execute("SELECT free_at FROM failures WHERE key = :key", {"key": key}).fetchone()
    return max(1, -(-(held["free_at"] - moment) // _SECOND)) if held is not None else 1


def _forget(conn: Connection, key: str) -> int:
    """The password was right: forget the count; returns how many tries before this one had failed."""
    row = conn.execute("DELETE FROM failures WHERE key = :key RETURNING count", {"key": key}).fetchone()
    return 0 if row is None else int(row["count"]) - 1


def _release(conn: Connection, key: str) -> None:
    """The try that `admit` counted was not made after all."""
    conn.execute("UPDATE failures SET count = count - 1, free_at = 0 WHERE key = :key AND count > 1", {"key": key})


def clean(conn: Connection, now: datetime) -> int:
    """Remove counts that count no more; returns how many went."""
    return conn.execute("DELETE FROM failures WHERE forgotten_at <= :now", {"now": to_microseconds(now)}).rowcount


def person(person_id: int) -> str:
    """The name under which the tries of somebody count who is known by a link, not by a code."""
    return f"person:{person_id}"


def admit(conn: Connection, keys: Keys, name: str, address: str, now: datetime) -> int:
    """Count a try as failed, before any password is hashed; 0, or the seconds to wait when it may not be made.

    The same statements run for any name. Call inside `write()`.
    """
    decision = table.SIGN_IN.admit(conn, keys, address, now, name)
    return _admit(conn, _throttle_key(keys, name), now) if decision.allowed else decision.retry_after_seconds


def release(conn: Connection, keys: Keys, name: str) -> None:
    """The try was not made after all, so it did not fail. Call inside `write()`."""
    _release(conn, _throttle_key(keys, name))


def forget(conn: Connection, keys: Keys, name: str) -> int:
    """The password was right: forget what failed; returns how many tries before this one had. Inside `write()`."""
    return _forget(conn, _throttle_key(keys, name))


def _throttle_key(keys: Keys, name: str) -> str:
    return keys.keyed_hash("sign-in-failures", name)
