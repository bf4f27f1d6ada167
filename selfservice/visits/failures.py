"""Failed sign-ins on one submitted name: a wait that grows to 15 minutes, and never more (OWASP ASVS 5.0, 6.3.1).

A try counts as failed before its password is looked at, and the count goes when it was right: so of many tries
at once no more get through than one after the other would.
"""

from datetime import datetime

from selfservice.clock import to_microseconds
from selfservice.db import Connection

FREE = 3
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 900
KEPT_SECONDS = 24 * 3600
WORRYING = 5
_SECOND = 1_000_000


def admit(conn: Connection, key: str, now: datetime) -> int:
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


def forget(conn: Connection, key: str) -> int:
    """The password was right: forget the count; returns how many tries before this one had failed."""
    row = conn.execute("DELETE FROM failures WHERE key = :key RETURNING count", {"key": key}).fetchone()
    return 0 if row is None else int(row["count"]) - 1


def undo(conn: Connection, key: str) -> None:
    """The try that `admit` counted was not made after all."""
    conn.execute("UPDATE failures SET count = count - 1, free_at = 0 WHERE key = :key AND count > 1", {"key": key})


def clean(conn: Connection, now: datetime) -> int:
    """Remove counts that count no more; returns how many went."""
    return conn.execute("DELETE FROM failures WHERE forgotten_at <= :now", {"now": to_microseconds(now)}).rowcount
