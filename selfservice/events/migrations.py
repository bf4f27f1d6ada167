"""The event log. Rows are added and never changed.

Retention: 365 days. The trigger itself knows the limit and lets only older rows be deleted, so the hourly job
(`events.model.clean`) needs no switch that somebody else could use. Who and from where are keyed hashes.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("events")


@migrations()
def create_events(db: Database) -> None:
    """The event log, which triggers keep from being changed."""
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
