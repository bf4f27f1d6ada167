"""The tables of anonymous sessions (`visits`), saved forms (`drafts`), sessions and login attempts (`failures`).

Retention (`anonymous_sessions.KEPT`): an anonymous session and its saved forms go by fact visit.keep_hours after it was
last used; a saved form as long after it was last saved, and a session after it ended or timed out.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("visits")


@migrations()
def create_visits(db: Database) -> None:
    """Anonymous sessions, each known by a cookie, and their saved forms."""
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
    """Sessions of logged-in people."""
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


@migrations()
def add_session_details(db: Database) -> None:
    """The access code and device of a session, and a public id by which its owner can end it."""
    db.executescript("""
        ALTER TABLE sessions ADD COLUMN access_code_id INTEGER REFERENCES access_codes (id) ON DELETE CASCADE;
        ALTER TABLE sessions ADD COLUMN device TEXT NOT NULL DEFAULT '' CHECK (length(device) <= 60);
        ALTER TABLE sessions ADD COLUMN public_id TEXT CHECK (length(public_id) = 16);
        CREATE UNIQUE INDEX sessions_public ON sessions (public_id);
        CREATE INDEX sessions_access_code ON sessions (access_code_id);
    """)


@migrations()
def create_failures(db: Database) -> None:
    """Failed logins by submitted name, which may be unknown; times in microseconds, as in the limits tables."""
    db.executescript("""
        CREATE TABLE failures (
            key TEXT PRIMARY KEY CHECK (length(key) = 64),
            count INTEGER NOT NULL CHECK (count > 0),
            free_at INTEGER NOT NULL,
            forgotten_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX failures_forgotten ON failures (forgotten_at);
    """)


@migrations()
def add_session_network(db: Database) -> None:
    """The internet connection that a session began from, unreadable: only whether two are the same can be told."""
    db.executescript("""
        ALTER TABLE sessions ADD COLUMN network TEXT NOT NULL DEFAULT '' CHECK (length(network) IN (0, 64));
    """)


@migrations()
def add_session_credential(db: Database) -> None:
    """What somebody logged in with: an access code, or their account, and then there is no access code."""
    db.executescript("""
        ALTER TABLE sessions ADD COLUMN credential TEXT NOT NULL DEFAULT 'access_code'
            CHECK (credential IN ('access_code', 'account'));
    """)
