"""The ledger of migrations: which of a set ran on a database, by the set's name and the migration's."""

from collections.abc import Iterable

import sqlite_utils
from sqlite_utils import Migrations

from selfservice.db.errors import MigrationError
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
    """Apply the pending migrations of these sets, in order. Call inside `write_schema()`: all or nothing, since
    sqlite-utils uses savepoints there, not the deferred BEGIN that it would send by itself.
    """
    wrapped = _wrap(conn)
    for each in sets:
        each.apply(wrapped)


def rebuild(db: sqlite_utils.Database, table: str, old: str, new: str) -> None:
    """Write a table anew with `new` for `old` in its definition, for what ALTER TABLE cannot change; its columns, rows,
    indexes and triggers stay. Only in a migration: with foreign keys enforced, other tables would lose their rows.

    Raises MigrationError when not every row went along, and ValueError when the definition does not say `old`.
    """
    made = db.execute("SELECT type, sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL", (table,)).fetchall()
    _, bracket, body = next(sql for kind, sql in made if kind == "table").partition("(")
    if old not in body:
        raise ValueError(f"{table} is defined without {old!r}")
    rebuilt, count = f"{table}_rebuilt", db.table(table).count
    db.execute(f'CREATE TABLE "{rebuilt}" {bracket}{body.replace(old, new)}')
    db.execute(f'INSERT INTO "{rebuilt}" SELECT * FROM "{table}"')  # noqa: S608 (names of our own tables)
    if db.table(rebuilt).count != count:
        raise MigrationError(f"{table} would not have all its rows any more, so nothing was changed")
    db.table(table).drop()
    db.rename_table(rebuilt, table)
    for kind, sql in made:
        if kind != "table":
            db.execute(sql)


def _wrap(conn: Connection) -> sqlite_utils.Database:
    return sqlite_utils.Database(conn, recursive_triggers=False, execute_plugins=False)
