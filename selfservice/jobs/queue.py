"""The job queue: a job is queued once, run under a lease, and failed after three attempts.

A lease reserves a job for one process for a while, and is renewed with each progress report. When a process dies its
lease expires, and the job starts again; reports of a process that lost its lease are rejected.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from selfservice.clock import from_text, to_text
from selfservice.context import Context
from selfservice.db import Connection, Database, Row
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext

# The forms that make files.
FORMS = frozenset({"account-data", "orders"})
# A workbook of a million orders is closed for a quarter of this time without telling a step.
LEASE_SECONDS = 120
MAX_ATTEMPTS = 3
# A job that nobody begins in this time, while no other is being done, waits for a worker that is not there.
OVERDUE_SECONDS = 20
KEPT = (
    Kept(
        what=lazy_gettext("A file of your orders, or of all that we have of you, that you had made"),
        until=lazy_gettext("%(time)s after the file is ready, or until you log out"),
        tables=("jobs",),
        fact="orders.file_keep_hours",
    ),
)

JobState = Literal["waiting", "running", "done", "failed"]


class LeaseLostError(Exception):
    """This process lost the job: it was deleted, or its lease expired. The process must delete its output."""


class UnfinishedJobError(Exception):
    """Another job of the same session is not finished yet: `job`."""

    def __init__(self, job: Job) -> None:
        super().__init__("another job of this session is not finished")
        self.job = job


@dataclass(frozen=True)
class Job:
    """A job. `name` (128 random bits) identifies it in URLs; `done` of its `steps` are done."""

    id: int
    name: str
    kind: str
    session_id: int | None
    payload: Mapping[str, Any]
    state: JobState
    steps: int
    done: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def is_unfinished(self) -> bool:
        """Whether it is waiting or running."""
        return self.state in ("waiting", "running")


def enqueue(
    conn: Connection, kind: str, session_id: int, payload: Mapping[str, Any], steps: int, now: datetime
) -> tuple[Job, bool]:
    """Queue a job of a session; returns it, and whether it is new: the same payload gives the same job unless it
    failed.

    Call inside `write()`. Raises UnfinishedJobError while another job of the session is not finished.
    """
    text = json.dumps(payload, ensure_ascii=False, sort_keys=True)
    bound = {"kind": kind, "session_id": session_id, "payload": text, "steps": steps}
    same = conn.execute(
        """SELECT * FROM jobs WHERE session_id = :session_id AND kind = :kind AND payload = :payload
                  AND (state IN ('waiting', 'running') OR (state = 'done' AND steps = :steps))
           ORDER BY id DESC LIMIT 1""",
        bound,
    ).fetchone()
    if same is not None:
        return _job(same), False
    row = conn.execute(
        """INSERT INTO jobs (name, kind, session_id, payload, steps, created_at)
           VALUES (:name, :kind, :session_id, :payload, :steps, :now) ON CONFLICT DO NOTHING RETURNING *""",
        {**bound, "name": secrets.token_hex(16), "now": to_text(now)},
    ).fetchone()
    if row is not None:
        return _job(row), True
    other = conn.execute(
        "SELECT * FROM jobs WHERE session_id = :session_id AND state IN ('waiting', 'running')", bound
    ).fetchone()
    raise UnfinishedJobError(_job(other))


def find(conn: Connection, name: str, session_id: int) -> Job | None:
    """The session's job with this name, or None; also for a job of another session."""
    row = conn.execute(
        "SELECT * FROM jobs WHERE name = :name AND session_id = :session_id", {"name": name, "session_id": session_id}
    ).fetchone()
    return None if row is None else _job(row)


def find_leased(conn: Connection, name: str, attempts: int) -> Job | None:
    """The job with this name if it is running in this attempt, else None."""
    row = conn.execute(
        "SELECT * FROM jobs WHERE name = :name AND attempts = :attempts AND state = 'running'",
        {"name": name, "attempts": attempts},
    ).fetchone()
    return None if row is None else _job(row)


def claim(db: Database, now: datetime) -> Job | None:
    """Lease the job that has waited longest, or whose lease expired; None if there is none or one is running."""
    conn, bound = db.read(), {"now": to_text(now), "most": MAX_ATTEMPTS}
    # A look first, so that an idle worker never takes the write lock.
    if conn.execute(
        "SELECT 1 FROM jobs WHERE state = 'waiting' OR (state = 'running' AND lease_until <= :now) LIMIT 1", bound
    ).fetchone() is None:  # fmt: skip
        return None
    with db.write() as conn:
        conn.execute(
            """UPDATE jobs SET state = 'failed', lease_until = NULL, ended_at = :now
               WHERE state = 'running' AND lease_until <= :now AND attempts >= :most""",
            bound,
        )
        row = conn.execute(
            """UPDATE jobs SET state = 'running', attempts = attempts + 1, done = 0, started_at = :now,
                               lease_until = :until
               WHERE id = (SELECT id FROM jobs
                           WHERE state = 'waiting' OR (state = 'running' AND lease_until <= :now)
                           ORDER BY id LIMIT 1)
                     AND NOT EXISTS (SELECT 1 FROM jobs WHERE state = 'running' AND lease_until > :now)
               RETURNING *""",
            {**bound, "until": _lease_until(now)},
        ).fetchone()
    return None if row is None else _job(row)


def report_progress(db: Database, job: Job, done: int, now: datetime) -> None:
    """Record the progress of the job, and renew its lease. Raises LeaseLostError."""
    with db.write() as conn:
        changed = conn.execute(
            """UPDATE jobs SET done = CASE WHEN steps < :done THEN steps ELSE :done END, lease_until = :until
               WHERE id = :id AND attempts = :attempts AND state = 'running'""",
            {"id": job.id, "attempts": job.attempts, "done": done, "until": _lease_until(now)},
        ).rowcount
    if not changed:
        raise LeaseLostError


def finish(db: Database, job: Job, now: datetime) -> None:
    """Close the job as done. Raises LeaseLostError."""
    with db.write() as conn:
        changed = conn.execute(
            """UPDATE jobs SET state = 'done', done = steps, lease_until = NULL, ended_at = :now
               WHERE id = :id AND attempts = :attempts AND state = 'running'""",
            {"id": job.id, "attempts": job.attempts, "now": to_text(now)},
        ).rowcount
    if not changed:
        raise LeaseLostError


def fail(db: Database, job: Job, now: datetime) -> JobState | None:
    """Record a failed attempt: the job waits for the next one, or has failed. Returns its new state; None if the lease
    was lost.
    """
    state: JobState = "failed" if job.attempts >= MAX_ATTEMPTS else "waiting"
    with db.write() as conn:
        changed = conn.execute(
            """UPDATE jobs SET state = :state, done = 0, lease_until = NULL, ended_at = :ended
               WHERE id = :id AND attempts = :attempts AND state = 'running'""",
            {
                "id": job.id,
                "attempts": job.attempts,
                "state": state,
                "ended": to_text(now) if state == "failed" else None,
            },
        ).rowcount
    return state if changed else None


def release(db: Database, job: Job) -> None:
    """Return the job to the queue because the worker stops; the attempt does not count."""
    with db.write() as conn:
        conn.execute(
            """UPDATE jobs SET state = 'waiting', done = 0, attempts = attempts - 1, lease_until = NULL
               WHERE id = :id AND attempts = :attempts AND state = 'running'""",
            {"id": job.id, "attempts": job.attempts},
        )


def holds_lease(conn: Connection, job: Job, now: datetime) -> bool:
    """Whether the job still runs under the lease that it was claimed with."""
    row = conn.execute(
        """SELECT 1 FROM jobs WHERE id = :id AND attempts = :attempts AND state = 'running' AND lease_until > :now""",
        {"id": job.id, "attempts": job.attempts, "now": to_text(now)},
    ).fetchone()
    return row is not None


def is_overdue(conn: Connection, job: Job, now: datetime) -> bool:
    """Whether the job should have started by now: it waits although nothing is running."""
    if not job.is_unfinished or now - job.created_at < timedelta(seconds=OVERDUE_SECONDS):
        return False
    row = conn.execute(
        "SELECT 1 FROM jobs WHERE state = 'running' AND lease_until > :now LIMIT 1", {"now": to_text(now)}
    ).fetchone()
    return row is None


def sessions_with_jobs(conn: Connection) -> set[int]:
    """The ids of the sessions that have jobs."""
    return {row["session_id"] for row in conn.execute("SELECT session_id FROM jobs WHERE session_id IS NOT NULL")}


def delete_of_session(conn: Connection, session_id: int) -> None:
    """Delete the session's jobs; a running one stops at its next progress report."""
    conn.execute("DELETE FROM jobs WHERE session_id = :session_id", {"session_id": session_id})


def clean(conn: Connection, ctx: Context, now: datetime) -> int:
    """Delete jobs that ended this long ago, and those that nobody ran before their session is forgotten; how many."""
    return conn.execute(
        "DELETE FROM jobs WHERE ended_at <= :ended OR (ended_at IS NULL AND created_at <= :created)",
        {
            "ended": KEPT[0].before(ctx.facts, now),
            "created": to_text(now - timedelta(hours=ctx.fact("visit.keep_hours"))),
        },
    ).rowcount


def _lease_until(now: datetime) -> str:
    return to_text(now + timedelta(seconds=LEASE_SECONDS))


def _job(row: Row) -> Job:
    values = {name: row[name] for name in row.keys() if name != "lease_until"}  # noqa: SIM118 (a Row has no items)
    timestamps = {name: row[name] and from_text(row[name]) for name in ("created_at", "started_at", "ended_at")}
    return Job(**values | timestamps | {"payload": json.loads(row["payload"])})
