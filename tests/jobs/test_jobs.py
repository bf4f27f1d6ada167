"""Jobs: one at a time under a lease, begun anew when a process dies, given up visibly; and the worker's child."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from selfservice import clock
from selfservice.accounts import sessions
from selfservice.db import Database
from selfservice.jobs import queue
from selfservice.jobs.queue import Job, LeaseLostError, UnfinishedJobError
from selfservice.jobs.runner import JobRunner
from tests.domain_helpers import NOW, add_person, new_database, run_processes

LATER = NOW + timedelta(seconds=queue.LEASE_SECONDS)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """With sessions 1, 2 and 3 of one person."""
    with new_database(tmp_path) as made:
        person, _ = add_person(made)
        with made.write() as conn:
            for number in range(3):
                sessions.start(conn, person, 1, f"cookie {number}", NOW, "a device")
        yield made


def ask(db: Database, session: int = 1, what: str = "a", steps: int = 10) -> tuple[Job, bool]:
    with db.write() as conn:
        return queue.enqueue(conn, "test", session, {"what": what}, steps, NOW)


def state(db: Database, job: Job) -> str:
    assert job.session_id
    found = queue.find(db.read(), job.name, job.session_id)
    return "gone" if found is None else found.state


def test_twice_is_once(db: Database) -> None:
    """The same asked for again is the same job, until it failed or what it is of has grown; another is refused while
    the first is not finished, and another session's is none of its business.
    """
    first, is_new = ask(db)
    assert (True, (first, False)) == (is_new, ask(db))
    with pytest.raises(UnfinishedJobError) as refused:
        ask(db, what="b")
    assert first == refused.value.job
    assert ask(db, session=2)[1]
    claimed = queue.claim(db, NOW)
    assert claimed is not None
    assert first.name == ask(db)[0].name == claimed.name
    queue.finish(db, claimed, NOW)
    assert (first.name, False) == (ask(db)[0].name, ask(db)[1])
    assert ask(db, steps=11)[1]


def test_another_sessions(db: Database) -> None:
    """Only its own session finds a job."""
    job = ask(db)[0]
    assert (job, None, None) == (
        queue.find(db.read(), job.name, 1),
        queue.find(db.read(), job.name, 2),
        queue.find(db.read(), "0" * 32, 1),
    )


def test_one_at_a_time(db: Database) -> None:
    """While one is being done no other is begun; the one that waited longest is next."""
    first, second = ask(db)[0], ask(db, session=2)[0]
    one = queue.claim(db, NOW)
    assert one is not None
    assert (first.name, None) == (one.name, queue.claim(db, NOW))
    queue.finish(db, one, NOW)
    two = queue.claim(db, NOW)
    assert two is not None
    assert (second.name, "done", "running") == (two.name, state(db, first), state(db, second))


def claim_in(path: Path) -> str:
    db = Database(path)
    job = queue.claim(db, NOW)
    db.close()
    return "" if job is None else job.name


def test_workers_share(db: Database) -> None:
    """Of several workers one gets the job."""
    job = ask(db)[0]
    assert ["", "", "", job.name] == sorted(run_processes(claim_in, [(db.path,)] * 4))


def test_progress_keeps_the_lease(db: Database) -> None:
    """Who tells how far it is keeps the job; who does not loses it, hears so, and changes nothing any more."""
    ask(db)
    first = queue.claim(db, NOW)
    assert first is not None
    half = NOW + timedelta(seconds=queue.LEASE_SECONDS // 2)
    queue.report_progress(db, first, 4, half)
    assert (True, None) == (queue.holds_lease(db.read(), first, LATER), queue.claim(db, LATER))
    second = queue.claim(db, half + timedelta(seconds=queue.LEASE_SECONDS))
    assert second is not None
    assert (first.name, 2, 0) == (second.name, second.attempts, second.done)
    with pytest.raises(LeaseLostError):
        queue.report_progress(db, first, 9, LATER)
    with pytest.raises(LeaseLostError):
        queue.finish(db, first, LATER)
    assert queue.fail(db, first, LATER) is None
    assert "running" == state(db, first)


def test_given_up(db: Database) -> None:
    """After three failures, or three leases that ran out, a job has failed, and is not begun again; asked for again it
    is a new one.
    """
    job, now = ask(db)[0], NOW
    for wanted in ("waiting", "waiting", "failed"):
        claimed = queue.claim(db, now)
        assert claimed is not None
        assert wanted == queue.fail(db, claimed, now) == state(db, job)
    other = ask(db)[0]
    assert other.name != job.name
    for _ in range(3):
        claimed = queue.claim(db, now)
        assert claimed is not None
        now += timedelta(seconds=queue.LEASE_SECONDS)
    assert (None, "failed") == (queue.claim(db, now), state(db, other))


def test_a_worker_that_stops_does_not_count(db: Database) -> None:
    """However often a worker is stopped half-way, the job is not given up for that."""
    ask(db)
    for _ in range(5):
        job = queue.claim(db, NOW)
        assert job is not None
        assert 1 == job.attempts
        queue.release(db, job)
        assert "waiting" == state(db, job)


def test_late(db: Database) -> None:
    """A job that nobody begins is late, unless another is being done; one that is finished never is."""
    job, soon = ask(db)[0], NOW + timedelta(seconds=queue.OVERDUE_SECONDS)
    assert [False, True] == [queue.is_overdue(db.read(), job, moment) for moment in (NOW, soon)]
    claimed = queue.claim(db, soon)
    second = ask(db, session=2)[0]
    assert claimed is not None
    assert not queue.is_overdue(db.read(), second, soon)
    assert queue.is_overdue(db.read(), claimed, soon + timedelta(seconds=queue.LEASE_SECONDS))
    queue.finish(db, claimed, soon)
    found = queue.find(db.read(), claimed.name, 1)
    assert found is not None
    assert not queue.is_overdue(db.read(), found, LATER)


# Children of the runner, by what they do; each is given database, name and attempt.
CHILDREN = {
    "done": "job = queue.find_leased(db.read(), name, int(attempt)); queue.finish(db, job, clock.now())",
    "failing": "sys.exit(1)",
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "hanging": "time.sleep(600)",
}
CHILD = """
import os, signal, sys, time
from selfservice import clock
from selfservice.db import Database
from selfservice.jobs import queue
path, name, attempt = sys.argv[1:]
db = Database(path)
"""


def runner(db: Database, what: str) -> JobRunner:
    return JobRunner(db, [sys.executable, "-c", CHILD + CHILDREN[what], str(db.path)])


def until(made: JobRunner, db: Database, job: Job, wanted: set[str]) -> str:
    """Turn until the job is so; what it is then."""
    deadline = time.monotonic() + 60
    while state(db, job) not in wanted:
        assert time.monotonic() < deadline, f"the job is {state(db, job)}"
        made.turn(clock.now())
        time.sleep(0.01)
    return state(db, job)


@pytest.mark.parametrize(("what", "wanted"), [("done", "done"), ("failing", "failed"), ("killed", "failed")])
def test_child(db: Database, what: str, wanted: str) -> None:
    """A child does the job; one that fails or is killed is started again, until the job has failed the third time."""
    job, made = ask(db)[0], runner(db, what)
    assert wanted == until(made, db, job, {"done", "failed"})
    row = db.read().execute("SELECT attempts, lease_until FROM jobs").fetchone()
    assert (1 if wanted == "done" else 3, None) == (row["attempts"], row["lease_until"])
    made.stop()


@pytest.mark.parametrize("why", ["hangs", "is deleted", "is stopped"])
def test_child_that_must_end(db: Database, why: str) -> None:
    """A child whose lease runs out, whose job is deleted, or whose worker stops, is ended; no turn waits for it."""
    job, made = ask(db)[0], runner(db, "hanging")
    until(made, db, job, {"running"})
    assert made._running is not None
    child = made._running[1]
    assert child.poll() is None
    if why == "is stopped":
        made.stop()
        assert "waiting" == state(db, job)
    else:
        with db.write() as conn:
            if why == "is deleted":
                queue.delete_of_session(conn, 1)
            else:
                conn.execute("UPDATE jobs SET lease_until = created_at")
        made.turn(clock.now())
    assert -signal.SIGKILL == child.poll()
    made.stop()
