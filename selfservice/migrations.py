"""Every domain's schema, in the order in which their tables need each other."""

import sqlite_utils
from sqlite_utils import Migrations

from selfservice import clock, crypto
from selfservice.db import Database
from selfservice.events.migrations import migrations as events
from selfservice.heartbeats import migrations as heartbeats
from selfservice.letters.migrations import migrations as letters
from selfservice.limits.migrations import migrations as limits
from selfservice.members.migrations import migrations as members
from selfservice.messages.migrations import migrations as messages
from selfservice.orders.migrations import migrations as orders
from selfservice.outbox.migrations import migrations as outbox
from selfservice.requests.migrations import migrations as requests
from selfservice.secrets import Keys
from selfservice.visits.migrations import migrations as visits

MIGRATIONS: tuple[Migrations, ...] = (
    *(members, visits, limits, messages, outbox, events, letters, requests, orders),
    heartbeats,
)


def pending(db: Database, sets: tuple[Migrations, ...] = MIGRATIONS) -> list[str]:
    """The migrations still to be run, as 'set:name', in order. Changes nothing."""
    wrapped = _wrap(db.read())
    return [f"{each.name}:{step.name}" for each in sets for step in each.pending(wrapped)]


def migrate(db: Database, keys: Keys, sets: tuple[Migrations, ...] = MIGRATIONS) -> list[str]:
    """Run what is pending, all or nothing, and return what was run as 'set:name'. The database knows these keys then.

    Safe to run again, and from several processes at once: one of them does the work, the others wait for it.
    Raises MissingKeyError, and changes nothing, when rows need a secret that is not set.
    """
    if not pending(db, sets) and crypto.is_registered(db.read(), keys):
        crypto.check(db.read(), keys)
        return []
    with db.write() as connection:
        # Asked again inside the lock: another process may have done the work while this one waited.
        todo = pending(db, sets)
        wrapped = _wrap(connection)
        for each in sets:
            # Inside our transaction sqlite-utils uses savepoints, not the deferred BEGIN it would send by
            # itself.
            each.apply(wrapped)
        crypto.check(connection, keys)
        crypto.register(connection, keys, clock.now())
        if "members:add_key_ids" in todo:
            crypto.adopt(connection, keys)
    return todo


def _wrap(connection: object) -> sqlite_utils.Database:
    return sqlite_utils.Database(connection, recursive_triggers=False, execute_plugins=False)  # type: ignore[arg-type]
