"""Every domain's schema, in the order in which their tables need each other.

Retention of the two tables made here: events a year (`audit.clean`); heartbeats need none (heartbeats.py).
"""

from collections.abc import Callable

import sqlite_utils
from sqlite_utils import Migrations

from selfservice import clock, plain_secrets, seeds
from selfservice.accounts.migrations import migrations as members
from selfservice.accounts.session_migrations import migrations as visits
from selfservice.crypto import Keys
from selfservice.db import Database
from selfservice.db import migrations as ledger
from selfservice.feedback.migrations import migrations as feedback
from selfservice.jobs.migrations import migrations as jobs
from selfservice.letters.migrations import migrations as letters
from selfservice.limits.migrations import migrations as limits
from selfservice.mail.outbox_migrations import migrations as outbox
from selfservice.mail.verification_migrations import migrations as messages
from selfservice.orders.migrations import migrations as orders
from selfservice.requests.migrations import migrations as requests

# Two tables of modules that every process imports, and few of them sqlite-utils.
EVENTS = Migrations("events")


@EVENTS()
def create_events(db: sqlite_utils.Database) -> None:
    """The audit log (audit.py), which triggers keep from being changed."""
    db.executescript("""
        CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z'),
            who TEXT NOT NULL DEFAULT '' CHECK (length(who) IN (0, 64)),
            what TEXT NOT NULL CHECK (what NOT GLOB '*[^a-z_.]*' AND what <> ''),
            on_what TEXT NOT NULL DEFAULT '' CHECK (on_what NOT GLOB '*[^a-z0-9_:]*'),
            result TEXT NOT NULL CHECK (result NOT GLOB '*[^a-z_]*' AND result <> ''),
            source TEXT NOT NULL DEFAULT '' CHECK (length(source) IN (0, 64))
        ) STRICT;
        CREATE INDEX events_at ON events (at);
        CREATE TRIGGER events_never_change BEFORE UPDATE ON events BEGIN
            SELECT raise(ABORT, 'the event log is only added to');
        END;
        CREATE TRIGGER events_keep_a_year BEFORE DELETE ON events
        WHEN old.at > strftime('%Y-%m-%dT%H:%M:%S', 'now', '-365 days') BEGIN
            SELECT raise(ABORT, 'the event log keeps a year');
        END;
    """)


@EVENTS()
def index_events_by_person(db: sqlite_utils.Database) -> None:
    """So that a person's own events are found among everybody's."""
    db.executescript("CREATE INDEX events_who ON events (who, at) WHERE who <> '';")


HEARTBEATS = Migrations("heartbeats")


@HEARTBEATS()
def create_heartbeats(db: sqlite_utils.Database) -> None:
    """The moment of the last of each (heartbeats.py)."""
    db.executescript("""
        CREATE TABLE heartbeats (
            name TEXT PRIMARY KEY CHECK (name <> ''),
            at TEXT NOT NULL CHECK (at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
    """)


LANGUAGES = Migrations("languages")


@LANGUAGES()
def allow_any_language(db: sqlite_utils.Database) -> None:
    """Which languages there are is the site's to say (content/site.toml), no longer the tables'."""
    for table in ("people", "requests", "letters", "outbox", "messages"):
        ledger.rebuild(db, table, "CHECK (language IN ('en', 'nl'))", "CHECK (language <> '')")


ORGANISATION_NUMBERS = Migrations("organisation_numbers")


@ORGANISATION_NUMBERS()
def allow_any_number_of_digits(db: sqlite_utils.Database) -> None:
    """How many digits an organisation's number has is the site's to say (content/site.toml), no longer the table's."""
    ledger.rebuild(db, "organisations", "length(kvk_number) = 8 AND", "kvk_number <> '' AND")


MESSAGE_CODES = Migrations("message_codes")


@MESSAGE_CODES()
def allow_codes_of_twelve_digits(db: sqlite_utils.Database) -> None:
    """Codes of messages have a shape of their own (`values.message_code`); those sent before keep theirs."""
    for table in ("messages", "letters"):
        ledger.rebuild(db, table, "CHECK (length(check_code) = 8)", "CHECK (length(check_code) IN (8, 12))")


IDS = Migrations("ids")


@IDS()
def use_no_id_twice(db: sqlite_utils.Database) -> None:
    """Whoever comes after somebody who was deleted is not taken for them: the log, idempotency keys and what was typed
    know people and requests by their ids, files know sessions, and links changes of an address; and not all of that
    goes with them.
    """
    for table in ("people", "requests", "sessions", "email_changes"):
        ledger.rebuild(db, table, "id INTEGER PRIMARY KEY", "id INTEGER PRIMARY KEY AUTOINCREMENT")


# Noted when the file was written anew after the rest, so that it is pending as long as that did not succeed.
AFTERWARDS = Migrations("afterwards")


@AFTERWARDS()
def overwrite_plain_secrets(db: sqlite_utils.Database) -> None:
    """The links and codes that earlier versions kept in plain are gone from the file's unused parts too (VACUUM)."""


@AFTERWARDS()
def overwrite_rebuilt_tables(db: sqlite_utils.Database) -> None:
    """What rebuilt tables had in the file before (`allow_any_language`) is gone from its unused parts too."""


@AFTERWARDS()
def overwrite_rebuilt_letters(db: sqlite_utils.Database) -> None:
    """What `allow_codes_of_twelve_digits` left of both tables in the file is gone from its unused parts too."""


@AFTERWARDS()
def overwrite_freed_pages(db: sqlite_utils.Database) -> None:
    """What was deleted before deleted pages were overwritten too (secure_delete) is gone from the file."""


MIGRATIONS: tuple[Migrations, ...] = (
    *(members, visits, limits, messages, outbox, EVENTS, letters, requests, orders),
    HEARTBEATS,
    jobs,
    LANGUAGES,
    ORGANISATION_NUMBERS,
    MESSAGE_CODES,
    IDS,
    feedback,
    AFTERWARDS,
)


def pending(db: Database, sets: tuple[Migrations, ...] = MIGRATIONS) -> list[str]:
    """The migrations still to be run, as 'set:name', in order. Changes nothing."""
    return ledger.pending(db, sets)


def unknown(db: Database) -> list[str]:
    """The migrations that ran on this database and that this program does not have, as 'set:name': it is a newer one's.
    Raises db.Error when none ever ran.
    """
    return ledger.unknown(db, MIGRATIONS)


def migrate(
    db: Database,
    keys: Keys,
    sets: tuple[Migrations, ...] = MIGRATIONS,
    *,
    progress: Callable[[str], object] = lambda _: None,
) -> list[str]:
    """Run what is pending, all or nothing, and return what was run as 'set:name'. The database knows these keys then.
    `progress` is called with the name of each step.

    Safe to run again, and from several processes at once: one of them does the work, the others wait for it.
    Raises MissingKeyError, and changes nothing, when rows need a secret that is not set; MigrationError, and changes
    nothing, when the database holds what this version cannot.
    """
    if not pending(db, sets) and seeds.are_keys_registered(db.read(), keys):
        seeds.require_keys(db.read(), keys)
        return []
    with db.write_schema() as connection:
        # Asked again inside the lock: another process may have done the work while this one waited.
        todo = pending(db, sets)
        is_new = db.is_empty()
        for each in sets:
            if each is not AFTERWARDS or is_new:
                progress(f"Migrating {each.name}")
                ledger.apply(connection, (each,))
        progress("Looking whether every row refers to one that is there")
        seeds.require_keys(connection, keys)
        seeds.register_keys(connection, keys, clock.now())
        if "members:add_key_ids" in todo:
            plain_secrets.replace_plain_secrets(connection, keys)
    # What was overwritten or deleted is still in the file's unused parts. Not while it is being read: it stays pending
    # then, which /health says, until this is run again.
    progress("Writing the file anew")
    if AFTERWARDS in sets and pending(db, (AFTERWARDS,)) and db.vacuum():
        with db.write() as connection:
            ledger.apply(connection, (AFTERWARDS,))
    return todo
