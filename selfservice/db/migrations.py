"""The ledger of migrations: which of a set ran on a database, by the set's name and the migration's."""

from collections.abc import Iterable

import sqlite_utils
from sqlite_utils import Migrations

from selfservice.db.sqlite import Connection, Database, connect


def pending(db: Database, sets: Iterable[Migrations]) -> list[str]:
    """The pending migrations of these sets, as 'set:name', in order. Only reads."""
    wrapped = _wrap(db.read())
    return [f"{each.name}:{step.name}" for each in sets for step in each.pending(wrapped)]


def unknown(db: Database, sets: Iterable[Migrations]) -> list[str]:
    """The migrations applied to this database that are in none of these sets, as 'set:name'. Raises Error if none was
    ever applied.
    """
    empty = _wrap(connect(":memory:"))
    ours = {(each.name, step.name) for each in sets for step in each.pending(empty)}
    ran = db.read().execute("SELECT migration_set, name FROM _sqlite_migrations ORDER BY id")
    return [f"{row['migration_set']}:{row['name']}" for row in ran if tuple(row) not in ours]


def apply(conn: Connection, sets: Iterable[Migrations]) -> None:
    """Apply the pending migrations of these sets, in order. Call inside `write()`: all or nothing, since sqlite-utils
    uses savepoints there, not the deferred BEGIN that it would send by itself.
    """
    wrapped = _wrap(conn)
    for each in sets:
        each.apply(wrapped)


def _wrap(conn: Connection) -> sqlite_utils.Database:
    return sqlite_utils.Database(conn, recursive_triggers=False, execute_plugins=False)
