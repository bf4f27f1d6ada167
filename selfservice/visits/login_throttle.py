"""Who may try a password how often, wherever one is asked for: the limits, and the wait that failed tries make.

A `name` is what is tried: the hash of a typed access code, also one that nobody has, or `person` of whose link it is.
"""

from datetime import datetime

from selfservice.db import Connection
from selfservice.limits import table
from selfservice.secrets import Keys
from selfservice.visits import failures


def person(person_id: int) -> str:
    """The name under which the tries of somebody count who is known by a link, not by a code."""
    return f"person:{person_id}"


def admit(conn: Connection, keys: Keys, name: str, address: str, now: datetime) -> int:
    """Count a try as failed, before any password is hashed; 0, or the seconds to wait when it may not be made.

    The same statements run for any name. Call inside `write()`.
    """
    decision = table.SIGN_IN.admit(conn, keys, address, now, name)
    return failures.admit(conn, _key(keys, name), now) if decision.allowed else decision.retry_after_seconds


def release(conn: Connection, keys: Keys, name: str) -> None:
    """The try was not made after all, so it did not fail. Call inside `write()`."""
    failures.undo(conn, _key(keys, name))


def forget(conn: Connection, keys: Keys, name: str) -> int:
    """The password was right: forget what failed; returns how many tries before this one had. Inside `write()`."""
    return failures.forget(conn, _key(keys, name))


def _key(keys: Keys, name: str) -> str:
    return keys.keyed_hash("sign-in-failures", name)
