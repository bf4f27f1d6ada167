"""`loket job`: what the worker starts for one job; not for people, so it is not listed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

import click
from flask.cli import with_appcontext

from selfservice import clock, logs
from selfservice.jobs import queue
from selfservice.jobs.queue import Job, LeaseLostError
from selfservice.orders import export
from selfservice.web import downloads
from selfservice.web.services import Services, services

REPORT_SECONDS = 1.0
# Requests for pages come first.
NICE = 10

ProgressFunction = Callable[[int], None]


def _orders_file(wired: Services, job: Job, report: ProgressFunction) -> None:
    query, kind = export.from_payload(job.payload)
    assert job.session_id is not None, "a file is always somebody's"
    folder = downloads.folder_of(wired)
    folder.make(
        job.session_id,
        job.name,
        export.estimated_room(job.steps, kind),
        lambda path: export.write(wired.db, query, kind, path, report),
    )


# What is done for each kind of job.
KINDS: dict[str, Callable[[Services, Job, ProgressFunction], None]] = {export.JOB: _orders_file}


@click.command("job", hidden=True)
@click.argument("name")
@click.argument("attempt", type=int)
@with_appcontext
def command(name: str, attempt: int) -> None:
    """Do the job of this name, under the lease of this attempt."""
    logs.to_stderr()
    os.nice(NICE)
    wired = services()
    job = queue.find_leased(wired.db.read(), name, attempt)
    if job is None:
        return
    reported_at = time.monotonic()

    def report(done: int) -> None:
        nonlocal reported_at
        if time.monotonic() - reported_at >= REPORT_SECONDS:
            reported_at = time.monotonic()
            queue.report_progress(wired.db, job, done, clock.now())

    try:
        KINDS[job.kind](wired, job, report)
        queue.finish(wired.db, job, clock.now())
    except LeaseLostError:
        assert job.session_id is not None
        downloads.folder_of(wired).delete(job.session_id, job.name)
    except Exception:  # noqa: BLE001 (a trace on standard error would hold what people typed)
        logs.LOGGER.exception("job")
        sys.exit(1)
