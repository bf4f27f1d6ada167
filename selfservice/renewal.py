"""The clockwork: a site changes by itself on the days that pages and facts name. At that moment what is served is built
anew, from what it was made from: an editor may be typing in content/.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from selfservice.builds import CONTENT, Builds, notes_of
from selfservice.i18n.languages import TIMEZONE

LOGGER = logging.getLogger("loket.renewal")
COMMAND = (sys.executable, "-m", "selfservice", "build", "--quiet")
STATE, LOCK = ".renewal.json", ".renewal.lock"  # beside the builds
PRIORITY = 10  # as of `nice`: visitors come first
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 60, 3600
# So long a build may take before it counts as late.
LATE = timedelta(minutes=10)
STOP_SECONDS = 10
MAX_LINE = 300  # characters


@dataclass(frozen=True)
class Failure:
    """How a build could not be made anew: its name, how often that was tried, when last, and the line that says why."""

    build: str
    attempts: int
    at: str
    error: str

    def next_try(self) -> datetime:
        """When it is tried again: each time after twice as long, an hour at most."""
        seconds = min(FIRST_PAUSE_SECONDS << min(self.attempts - 1, 10), LONGEST_PAUSE_SECONDS)
        return datetime.fromisoformat(self.at) + timedelta(seconds=seconds)


def due_at(build: Path) -> datetime | None:
    """When a build is no longer what it should be; None when that is not known."""
    try:
        return datetime.fromisoformat(notes_of(build).next_change)
    except ValueError:
        return None


def failure_of(builds: Builds, build: Path) -> Failure | None:
    """How this build could last not be made anew; None when that did not go wrong."""
    try:
        found = Failure(**json.loads((builds.folder / STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return found if found.build == build.name else None


def problem(output: Path, now: datetime) -> str:
    """What is wrong with what is served, in one line: it should have been built anew, and was not. Else nothing."""
    builds = Builds(output)
    build = builds.current()
    due = due_at(build) if build else None
    if build is None or due is None or now < due:
        return ""
    should = f"the site should have changed on {due.astimezone(TIMEZONE):%Y-%m-%d}, and"
    if failure := failure_of(builds, build):
        return f"{should} cannot be built: {failure.error}"
    return f"{should} was not built since" if now - due > LATE else ""


class Renewal:
    """Builds what is served anew when its time has come, in a child process. Of several workers one does.

    `command` gets the content of the build as LOKET_CONTENT, and switches to what it made, unless another build is
    served by then (publish/build.py).
    """

    def __init__(self, output: Path, command: Sequence[str] = COMMAND, env: Mapping[str, str] = os.environ) -> None:
        self._builds, self._command, self._env = Builds(output), command, env
        self._seen: Path | None = None
        self._due: datetime | None = None
        self._child: tuple[Path, subprocess.Popen[bytes], IO[bytes], int] | None = None

    def turn(self, now: datetime) -> None:
        """Look at the clock, or at the child. To be called often; never waits."""
        if self._child is not None:
            self._end_of_child(now)
            return
        build = self._builds.current()
        if build != self._seen:
            self._seen, self._due = build, due_at(build) if build else None
        if build is None or self._due is None or now < self._due:
            return
        failure = failure_of(self._builds, build)
        if failure is None or now >= failure.next_try():
            self._start(build, now)

    def _start(self, build: Path, now: datetime) -> None:
        lock = os.open(self._builds.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)  # another worker is at it
            return
        failure = failure_of(self._builds, build)
        if self._builds.current() != build or (failure and now < failure.next_try()):
            os.close(lock)  # another worker was
            return
        said = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the child has ended)
        env = {**self._env, "LOKET_CONTENT": str(build / CONTENT)}
        # It holds the lock too: if this process is killed, no other begins before it has ended.
        child = subprocess.Popen(self._command, env=env, stdout=said, stderr=said, pass_fds=[lock])  # noqa: S603 (ours)
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, child.pid, PRIORITY)
        self._child = (build, child, said, lock)

    def _end_of_child(self, now: datetime) -> None:
        assert self._child is not None
        build, child, said, lock = self._child
        code = child.poll()
        if code is None:
            return
        self._child = None
        with said:
            said.seek(0)
            lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if line.strip()]
        try:
            # What was published meanwhile, or gone back to, has a time of its own.
            if self._builds.current() == build:
                error = lines[0] if code and lines else f"exit status {code}" if code else "the build changed nothing"
                self._note(build, error.strip()[:MAX_LINE], now)
            else:
                (self._builds.folder / STATE).unlink(missing_ok=True)
                LOGGER.info("renewal", extra={"fields": {"build": build.name, "result": "ok"}})
        finally:
            os.close(lock)

    def _note(self, build: Path, error: str, now: datetime) -> None:
        former = failure_of(self._builds, build)
        failure = Failure(build.name, former.attempts + 1 if former else 1, now.isoformat(), error)
        fresh = self._builds.folder / f"{STATE}.{os.getpid()}"
        fresh.write_text(json.dumps(asdict(failure)), "utf-8")
        fresh.replace(self._builds.folder / STATE)
        fields = {"build": build.name, "attempt": failure.attempts, "error": error}
        LOGGER.error("renewal", extra={"fields": {**fields, "next_try": failure.next_try().isoformat()}})

    def stop(self) -> None:
        """End the child, if there is one: it leaves what is served as it is, and the next worker starts it again."""
        if self._child is not None:
            _, child, said, lock = self._child
            self._child = None
            child.terminate()
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            said.close()
            os.close(lock)
