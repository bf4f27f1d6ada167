"""Sliding-window limits: never more than so many in *any* hour, nor in any day.

A rate limit refills while time passes, so a burst and its refill can add up to nearly twice the count within one
period. For 'at most 3 an hour' the row keeps the last timestamps themselves (16 digits each, oldest first), and
one statement compares two of them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from selfservice.clock import to_microseconds
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.metrics import METERS

HOUR = 3_600_000_000
DAY = 24 * HOUR


@dataclass(frozen=True)
class SlidingWindowLimit:
    """At most `per_hour` in any hour and `per_day` in any 24 hours. `per_hour` must not be over `per_day`."""

    name: str
    per_hour: int
    per_day: int

    def __post_init__(self) -> None:
        if not 1 <= self.per_hour <= self.per_day:
            raise ValueError(f"cap {self.name!r}: 1 <= per_hour <= per_day does not hold")


def allow_in_window(conn: Connection, keys: Keys, limit: SlidingWindowLimit, key: str, now: datetime) -> bool:
    """Count one on `key` and return whether the limit allows it; a refused one is not counted. One statement."""
    microseconds = to_microseconds(now)
    row = conn.execute(
        """INSERT INTO caps (key, times, free_at) VALUES (:key, :stamp, :free_at)
           ON CONFLICT (key) DO UPDATE
           SET times = CASE WHEN length(caps.times) >= 16 * :per_day
                            THEN substr(caps.times, length(caps.times) - 16 * :per_day + 17)
                            ELSE caps.times END || :stamp,
               free_at = :free_at
           WHERE (length(caps.times) < 16 * :per_hour
                  OR substr(caps.times, length(caps.times) - 16 * :per_hour + 1, 16) <= :hour_ago)
             AND (length(caps.times) < 16 * :per_day
                  OR substr(caps.times, length(caps.times) - 16 * :per_day + 1, 16) <= :day_ago)
           RETURNING key""",
        {
            "key": keys.keyed_hash(f"cap:{limit.name}", key),
            "stamp": f"{microseconds:016d}",
            "free_at": microseconds + DAY,
            "hour_ago": f"{microseconds - HOUR:016d}",
            "day_ago": f"{microseconds - DAY:016d}",
            "per_hour": limit.per_hour,
            "per_day": limit.per_day,
        },
    ).fetchone()
    if row is None:
        METERS.refusals.labels(limit.name).inc()
    return row is not None


def reserve_in_window(conn: Connection, keys: Keys, limit: SlidingWindowLimit, key: str, now: datetime) -> datetime:
    """Count one on `key` at the first time, now or later, at which the limit allows it; returns that time.

    Call inside `write()`, since it reads before it counts. Times stay in order: one that was reserved ahead delays
    those after it.
    """
    row = conn.execute(
        "SELECT times FROM caps WHERE key = :key", {"key": keys.keyed_hash(f"cap:{limit.name}", key)}
    ).fetchone()
    times = [] if row is None else [int(row["times"][i : i + 16]) for i in range(0, len(row["times"]), 16)]
    microseconds = to_microseconds(now)
    for count, period in ((limit.per_hour, HOUR), (limit.per_day, DAY)):
        if len(times) >= count:
            microseconds = max(microseconds, times[-count] + period)
    at = now + timedelta(microseconds=microseconds - to_microseconds(now))
    if not allow_in_window(conn, keys, limit, key, at):
        raise AssertionError("the limit refused a time that fits")
    return at


def clean(conn: Connection, now: datetime) -> int:
    """Delete the rows whose last timestamp is over a day old; returns how many."""
    return conn.execute("DELETE FROM caps WHERE free_at < :now", {"now": to_microseconds(now)}).rowcount
