"""Rate limits: `count` at once, then one more each `period_seconds / count`.

The generic cell rate algorithm (ITU-T I.371): a row holds one number, the moment at which everything admitted
so far is paid off ('theoretical arrival time', tat). One statement decides and counts, so any number of
processes admit exactly as many as one would. For 'never more than N in any hour' see sliding_window.py.
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from selfservice.clock import to_microseconds
from selfservice.crypto import Keys
from selfservice.db import Connection
from selfservice.limits import sliding_window
from selfservice.metrics import METERS

_SECOND = 1_000_000
# No network can fill more than one of so many parts of what there is for everybody, which has to be enough for so many
# people who do the same thing at the same moment, each so often.
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
    """The limits of one thing that anybody can try: `network` for each client's network, `name` for each name that is
    submitted (a code, an address, a reference), and `everybody` for all together, which stops many networks at once.

    Raises ValueError when one network could fill more than a twentieth of what there is for everybody, at once or in
    the long run, or when it is too few for people who come at the same time as such a network.
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

        What is refused on the way is not counted further on: a network that tries on and on uses up nothing of what
        there is for everybody.
        """
        tries = [(self.network, limited_network(address)), (self.everybody, "")]
        if self.submitted is not None:
            tries.insert(1, (self.submitted, submitted))
        return allow_each(conn, keys, tries, now)


@dataclass(frozen=True)
class Decision:
    """Whether it may happen now, and if not, after how many whole seconds (at least 1) it may."""

    allowed: bool
    retry_after_seconds: int = 0


def allow(conn: Connection, keys: Keys, limit: RateLimit, key: str, now: datetime) -> Decision:
    """Count one try on `key` and say whether it is admitted; a refused try is not counted.

    `key` is what is limited, in plain text (an address from `network`, a submitted name, '' for everybody);
    only a keyed hash is stored. Outside a transaction the count stands by itself; inside one it is undone
    with it.
    """
    moment = to_microseconds(now)
    period = limit.period_seconds * _SECOND
    values = {
        "key": keys.keyed_hash(f"limit:{limit.name}", key),
        "now": moment,
        "first": moment + period // limit.count,
        "step": period // limit.count,
        "room": period - period // limit.count,
    }
    row = conn.execute(
        """INSERT INTO limits (key, tat) VALUES (:key, :first)
           ON CONFLICT (key) DO UPDATE
           SET tat = CASE WHEN limits.tat > :now THEN limits.tat ELSE :now END + :step
           WHERE limits.tat - :now <= :room
           RETURNING tat""",
        values,
    ).fetchone()
    if row is not None:
        return Decision(True)
    METERS.refusals.labels(limit.name).inc()
    held = conn.execute("SELECT tat FROM limits WHERE key = :key", {"key": values["key"]}).fetchone()
    wait = 0 if held is None else held["tat"] - moment - values["room"]
    return Decision(False, max(1, -(-wait // _SECOND)))


def allow_each(conn: Connection, keys: Keys, tries: Iterable[tuple[RateLimit, str]], now: datetime) -> Decision:
    """Count one try on each pair of limit and key, in this order up to the first that refuses; its wait is told.

    Narrow limits come first, so that what they refuse does not fill the wider ones behind them.
    """
    for limit, key in tries:
        decision = allow(conn, keys, limit, key, now)
        if not decision.allowed:
            return decision
    return Decision(True)


def limited_network(address: str) -> str:
    """What of a client's address is limited: an IPv4 address whole, of IPv6 the /64 that one household holds.

    An IPv4 address written as IPv6 counts as IPv4. Anything that is no address counts as one shared
    'unknown'.
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


def clean(conn: Connection, now: datetime) -> int:
    """Remove the rows that limit nothing any more; returns how many went."""
    moment = {"now": to_microseconds(now)}
    return conn.execute("DELETE FROM limits WHERE tat < :now", moment).rowcount + sliding_window.clean(conn, now)
