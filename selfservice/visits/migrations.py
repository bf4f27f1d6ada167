"""The tables of visits, drafts and sessions.

Retention (`visits.model.clean`): a visit and its drafts go 24 hours after the visit was last used; a draft
goes 24 hours after it was last saved; a session goes one day after it ended or could not be used any more.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("visits")


@migrations()
def create_visits(db: Database) -> None:
    """Visits behind a cookie, and the drafts of their forms."""
    db.executescript("""
        CREATE TABLE visits (
            id INTEGER PRIMARY KEY,
            cookie_hash TEXT NOT NULL UNIQUE CHECK (length(cookie_hash) = 64),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            used_at TEXT NOT NULL CHECK (used_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX visits_used ON visits (used_at);
        CREATE TABLE drafts (
            visit_id INTEGER NOT NULL REFERENCES visits (id) ON DELETE CASCADE,
            fragment TEXT NOT NULL CHECK (fragment <> ''),
            content TEXT NOT NULL CHECK (length(content) <= 16384),
            saved_at TEXT NOT NULL CHECK (saved_at LIKE '____-__-__T__:__:__.______Z'),
            PRIMARY KEY (visit_id, fragment)
        ) STRICT;
    """)


@migrations()
def create_sessions(db: Database) -> None:
    """Sessions of signed-in people."""
    db.executescript("""
        CREATE TABLE sessions (
            id INTEGER PRIMARY KEY,
            session_hash TEXT NOT NULL UNIQUE CHECK (length(session_hash) = 64),
            person_id INTEGER NOT NULL REFERENCES people (id) ON DELETE CASCADE,
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            used_at TEXT NOT NULL CHECK (used_at LIKE '____-__-__T__:__:__.______Z'),
            ended_at TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z')
        ) STRICT;
        CREATE INDEX sessions_person ON sessions (person_id);
        CREATE INDEX sessions_used ON sessions (used_at);
    """)
