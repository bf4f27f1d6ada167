"""Rate limits: `count` at once, then one more each `period_seconds / count`.

The generic cell rate algorithm (ITU-T I.371): a row holds one number, the time at which everything admitted
so far is paid off ('theoretical arrival time', tat). One statement decides and counts, so any number of
processes admit exactly as many as one would. For 'never more than N in any hour' see sliding_window.py.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import to_microseconds
from selfservice.context import Context
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext
from selfservice.limits import sliding_window
from selfservice.metrics import METERS

_SECOND = 1_000_000
KEPT = (
    Kept(
        what=lazy_gettext("How often something was tried from your internet address (scrambled)"),
        until=lazy_gettext("%(time)s after the last try"),
        tables=("limits",),
        fact="visit.trace_hours",
    ),
    Kept(
        what=lazy_gettext("How often you changed something or we wrote to you (scrambled)"),
        until=lazy_gettext("A day after the last time"),
        tables=("limits", "caps"),
    ),
)
# One network may use at most 1/MIN_NETWORKS of the limit for everybody, which must be enough for PEOPLE_AT_ONCE people
# who do the same thing at the same time, each TRIES_PER_PERSON times.
MIN_NETWORKS = 20
PEOPLE_AT_ONCE = 200
TRIES_PER_PERSON = 3


@dataclass(frozen=True)
class RateLimit:
    """A named limit. The name is part of every key, so two limits never share a count."""

    name: str
    count: int
    period_seconds: int

    def __post_init__(self) -> None:
        if self.count < 1 or self.period_seconds < 1:
            raise ValueError(f"limit {self.name!r}: count and period must be at least 1")


@dataclass(frozen=True)
class LimitSet:
    """The limits of one action that is open to anybody: `network` for each client network, `submitted` for each value
    submitted (a code, an address, a reference), and `everybody` for all together, against many networks at once.

    Raises ValueError if one network could use more than a twentieth of the limit for everybody, at once or over time,
    or if too little would remain for other people at that moment.
    """

    network: RateLimit
    everybody: RateLimit
    submitted: RateLimit | None = None

    def __post_init__(self) -> None:
        one, all_ = self.network, self.everybody
        at_once = one.count * MIN_NETWORKS <= all_.count
        in_the_long_run = one.count * all_.period_seconds * MIN_NETWORKS <= all_.count * one.period_seconds
        if not (at_once and in_the_long_run):
            raise ValueError(f"limit {one.name!r}: one network can fill more than 1/{MIN_NETWORKS} of {all_.name!r}")
        if all_.count - one.count < PEOPLE_AT_ONCE * TRIES_PER_PERSON:
            raise ValueError(f"limit {all_.name!r}: too few for {PEOPLE_AT_ONCE} people at once")

    def allow(self, conn: Connection, keys: Keys, address: str, now: datetime, submitted: str = "") -> "Decision":
        """Count a try from this client address (and with this submitted name), and say whether it may be made.

        What one limit refuses is not counted by the next: a network that keeps trying does not use up the limit for
        everybody.
        """
        tries = [(self.network, limited_network(address)), (self.everybody, "")]
        if self.submitted is not None:
            tries.insert(1, (self.submitted, submitted))
        return allow_each(conn, keys, tries, now)


@dataclass(frozen=True)
class Decision:
    """Whether a try is allowed, how many more are at this moment, and after how many whole seconds (at least 1) one
    more than that. Of several limits at once the last two are not told when all allow it.
    """

    allowed: bool
    wait_seconds: int = 0
    remaining: int = 0

    @property
    def retry_after_seconds(self) -> int:
        """After how many seconds the try will be allowed; 0 when it is."""
        return 0 if self.allowed else self.wait_seconds


def allow(conn: Connection, keys: Keys, limit: RateLimit, key: str, now: datetime) -> Decision:
    """Count one try on `key` and say whether it is admitted; a refused try is not counted.

    `key` is what is limited, in plain text (an address from `network`, a submitted name, '' for everybody);
    only a keyed hash is stored. Outside a transaction the count stands by itself; inside one it is undone
    with it.
    """
    microseconds = to_microseconds(now)
    period = limit.period_seconds * _SECOND
    step = period // limit.count
    values = {
        "key": keys.keyed_hash(f"limit:{limit.name}", key),
        "now": microseconds,
        "first": microseconds + step,
        "step": step,
        "room": period - step,
    }
    row = conn.execute(
        """INSERT INTO limits (key, tat) VALUES (:key, :first)
           ON CONFLICT (key) DO UPDATE
           SET tat = CASE WHEN limits.tat > :now THEN limits.tat ELSE :now END + :step
           WHERE limits.tat - :now <= :room
           RETURNING tat""",
        values,
    ).fetchone()
    allowed = row is not None
    if not allowed:
        METERS.refusals.labels(limit.name).inc()
        row = conn.execute("SELECT tat FROM limits WHERE key = :key", {"key": values["key"]}).fetchone()
    # What is not paid off yet takes room; the clock may have gone back since.
    taken = 0 if row is None else max(0, row["tat"] - microseconds)
    remaining = max(0, period - taken) // step if allowed else 0
    wait = taken + (remaining + 1) * step - period
    return Decision(allowed, max(1, -(-wait // _SECOND)), remaining)


def allow_each(conn: Connection, keys: Keys, tries: Iterable[tuple[RateLimit, str]], now: datetime) -> Decision:
    """Count one try on each pair of limit and key, in order, and return the first refusal, if any.

    Narrow limits come first, so that what they refuse does not count for the wider ones after them.
    """
    for limit, key in tries:
        decision = allow(conn, keys, limit, key, now)
        if not decision.allowed:
            return decision
    return Decision(True)


def limited_network(address: str) -> str:
    """The network of a client's address that is limited: an IPv4 address, or the /64 of an IPv6 address.

    An IPv4-mapped IPv6 address counts as IPv4. Anything that is no address counts as one shared 'unknown'.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is None:
            return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
        parsed = parsed.ipv4_mapped
    return f"{parsed}/32"


def clean(conn: Connection, _: Context, now: datetime) -> int:
    """Delete the rows that limit nothing any more; returns how many."""
    microseconds = {"now": to_microseconds(now)}
    return conn.execute("DELETE FROM limits WHERE tat < :now", microseconds).rowcount + sliding_window.clean(conn, now)
