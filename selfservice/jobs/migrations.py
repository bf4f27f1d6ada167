"""The table of jobs.

Retention: a job goes with its session; else as `queue.KEPT` says after it ended, and when a session would be forgotten
in any case.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("jobs")


@migrations()
def create_jobs(db: Database) -> None:
    """Jobs, at most one unfinished for a session. `attempts` counts the leases given, and tells one from the next."""
    db.executescript("""
        CREATE TABLE jobs (
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE CHECK (length(name) = 32),
            kind TEXT NOT NULL CHECK (kind <> ''),
            session_id INTEGER REFERENCES sessions (id) ON DELETE CASCADE,
            payload TEXT NOT NULL CHECK (length(payload) <= 16384),
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed')),
            steps INTEGER NOT NULL CHECK (steps > 0),
            done INTEGER NOT NULL DEFAULT 0 CHECK (done BETWEEN 0 AND steps),
            attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
            started_at TEXT CHECK (started_at LIKE '____-__-__T__:__:__.______Z'),
            lease_until TEXT CHECK (lease_until LIKE '____-__-__T__:__:__.______Z'),
            created_at TEXT NOT NULL CHECK (created_at LIKE '____-__-__T__:__:__.______Z'),
            ended_at TEXT CHECK (ended_at LIKE '____-__-__T__:__:__.______Z'),
            CHECK ((state = 'running') = (lease_until IS NOT NULL)),
            CHECK ((state IN ('done', 'failed')) = (ended_at IS NOT NULL))
        ) STRICT;
        CREATE UNIQUE INDEX jobs_unfinished ON jobs (session_id) WHERE state IN ('waiting', 'running');
        CREATE INDEX jobs_session ON jobs (session_id);
        CREATE INDEX jobs_state ON jobs (state, id);
    """)
