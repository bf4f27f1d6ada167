"""Running jobs from the worker: one child process at a time, polled, so that the worker never waits for it."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Sequence
from datetime import datetime

from selfservice.db import Database
from selfservice.jobs import queue
from selfservice.jobs.queue import Job

LOGGER = logging.getLogger("loket.jobs")


class JobRunner:
    """Runs `command NAME ATTEMPT` for one job after the other."""

    def __init__(self, db: Database, command: Sequence[str]) -> None:
        self._db, self._command = db, command
        self._running: tuple[Job, subprocess.Popen[bytes]] | None = None

    def turn(self, now: datetime) -> None:
        """Poll the running job, or start the next. Never waits.

        When a child fails or loses its lease, its job starts again, or has failed after the third attempt.
        """
        if self._running is not None:
            job, child = self._running
            code = child.poll()
            if code is None and queue.holds_lease(self._db.read(), job, now):
                return
            self._kill()
            if code != 0 and (state := queue.fail(self._db, job, now)) is not None:
                LOGGER.error("job", extra={"fields": {"kind": job.kind, "attempt": job.attempts, "state": state}})
        claimed = queue.claim(self._db, now)
        if claimed is not None:
            command = [*self._command, claimed.name, str(claimed.attempts)]
            self._running = (claimed, subprocess.Popen(command))  # noqa: S603 (our own)

    def stop(self) -> None:
        """Kill the child, if there is one; the next worker starts its job again."""
        if self._running is not None:
            job, child = self._running
            is_cut_off = child.poll() is None
            self._kill()
            if is_cut_off:
                queue.release(self._db, job)

    def _kill(self) -> None:
        assert self._running is not None
        child = self._running[1]
        self._running = None
        child.kill()
        child.wait()
