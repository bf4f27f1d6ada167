"""The login throttle: limits on password attempts, and a growing wait after failed ones, wherever a password is asked.

The wait grows to fact sign_in.longest_wait_minutes, and never more (OWASP ASVS 5.0, 6.3.1).
"""

from datetime import datetime

from selfservice.clock import to_microseconds
from selfservice.context import Context
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.limits import table

FREE_ATTEMPTS = 3
FIRST_WAIT_SECONDS = 30
NOTABLE_ATTEMPTS = 5
_SECOND = 1_000_000
KEPT = (
    Kept(
        what=lazy_gettext("How often logging in failed with a code or address (scrambled)"),
        until=lazy_gettext("%(time)s after the last try"),
        tables=("failures",),
        fact="sign_in.failures_keep_hours",
    ),
)


def admit(conn: Connection, ctx: Context, name: str, address: str, now: datetime) -> int:
    """Count an attempt as failed, before any password is hashed; 0, or the seconds to wait if it may not be made.

    The same statements run for any name. Call inside `write()`.
    """
    decision = table.SIGN_IN.allow(conn, ctx.keys, address, now, name)
    return _count_attempt(conn, ctx, _key(ctx, name), now) if decision.allowed else decision.retry_after_seconds


def cancel(conn: Connection, ctx: Context, name: str) -> None:
    """Uncount an admitted attempt that was not made after all. Call inside `write()`."""
    conn.execute(
        "UPDATE failures SET count = count - 1, free_at = 0 WHERE key = :key AND count > 1", {"key": _key(ctx, name)}
    )


def reset(conn: Connection, ctx: Context, name: str) -> int:
    """Delete the count after a right password; returns how many attempts before it failed. Call inside `write()`."""
    row = conn.execute("DELETE FROM failures WHERE key = :key RETURNING count", {"key": _key(ctx, name)}).fetchone()
    return 0 if row is None else int(row["count"]) - 1


def person_name(person_id: int) -> str:
    """The name under which attempts count of a person identified by a mailed link, not by an access code."""
    return f"person:{person_id}"


def clean(conn: Connection, now: datetime) -> int:
    """Delete expired counts; returns how many."""
    return conn.execute("DELETE FROM failures WHERE forgotten_at <= :now", {"now": to_microseconds(now)}).rowcount


def _count_attempt(conn: Connection, ctx: Context, key: str, now: datetime) -> int:
    """Count an attempt as failed; returns 0, or the seconds to wait if it may not be made yet.

    The first three may follow at once, then the wait is 30 seconds and doubles up to the longest. An attempt during the
    wait is not counted, so it does not make the wait longer.
    """
    microseconds = to_microseconds(now)
    longest = ctx.fact("sign_in.longest_wait_minutes") * 60
    row = conn.execute(
        """INSERT INTO failures (key, count, free_at, forgotten_at) VALUES (:key, 1, :now, :forgotten)
           ON CONFLICT (key) DO UPDATE
           SET count = CASE WHEN failures.forgotten_at <= :now THEN 1 ELSE failures.count + 1 END,
               free_at = :now + CASE WHEN failures.forgotten_at <= :now OR failures.count + 1 <= :free THEN 0
                                     WHEN failures.count - :free >= :doublings THEN :longest
                                     ELSE :first << (failures.count - :free) END,
               forgotten_at = :forgotten
           WHERE failures.free_at <= :now
           RETURNING count""",
        {
            "key": key,
            "now": microseconds,
            "forgotten": microseconds + ctx.fact("sign_in.failures_keep_hours") * 3600 * _SECOND,
            "free": FREE_ATTEMPTS,
            "first": FIRST_WAIT_SECONDS * _SECOND,
            "longest": longest * _SECOND,
            # After so many the first wait has become longer than the longest.
            "doublings": (-(-longest // FIRST_WAIT_SECONDS) - 1).bit_length(),
        },
    ).fetchone()
    if row is not None:
        return 0
    held = conn.execute("SELECT free_at FROM failures WHERE key = :key", {"key": key}).fetchone()
    return max(1, -(-(held["free_at"] - microseconds) // _SECOND)) if held is not None else 1


def _key(ctx: Context, name: str) -> str:
    return ctx.keys.keyed_hash("sign-in-failures", name)
