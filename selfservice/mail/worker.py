"""The mail worker: sends the mails that are due, and runs other periodic work."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from selfservice import clock
from selfservice.db import Database, Error
from selfservice.heartbeats import INTERVAL_SECONDS, WORKER, beat
from selfservice.mail.delivery import LEASE_SECONDS, Render, send_next
from selfservice.mail.transport import MailTransport

LOGGER = logging.getLogger("loket.outbox")
HOURLY = timedelta(hours=1)
# Not so long that it looks dead.
MAX_PAUSE_SECONDS = INTERVAL_SECONDS


@dataclass
class Worker:
    """Any number of workers may run, in any number of processes; killing one at any moment loses no mail.

    `every_hour` is called once an hour with the database and the time: `retention.clean` and other hourly work.
    `every_turn` is called at each turn and between two mails, with the time: what should not wait, such as jobs.
    Every 10 seconds, between two mails too, this loop itself notes that it is alive (selfservice/heartbeats.py).
    """

    db: Database
    render: Render
    transport: MailTransport
    every_hour: Callable[[Database, datetime], object]
    now: Callable[[], datetime] = clock.now
    poll_seconds: float = 1.0
    lease_seconds: int = LEASE_SECONDS
    every_turn: Callable[[datetime], object] = lambda _: None
    _hourly_at: datetime | None = field(default=None, init=False)
    _beat_at: float = field(default=float("-inf"), init=False)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a mail that is being sent then is finished first.

        A database that cannot be used for a while is waited for, each time longer, up to ten seconds: the error is
        logged and nothing is lost. What goes wrong in one part of the work stops none of the others.
        """
        pause = self.poll_seconds
        while not stop.is_set():
            # Each has its turn, also after one that failed.
            done = [
                self._try(part)
                for part in (self._beat, self._run_every_turn, lambda: self._send_due(stop), self._run_every_hour)
            ]
            # What does not mend itself must not fill the log and the disk.
            pause = self.poll_seconds if all(done) else min(2 * pause, MAX_PAUSE_SECONDS)
            stop.wait(pause)

    def _try(self, part: Callable[[], object]) -> bool:
        try:
            part()
        except Error as error:
            LOGGER.warning("database", extra={"fields": {"error": type(error).__name__}})
        except Exception:
            LOGGER.exception("work")
        else:
            return True
        return False

    def _beat(self) -> None:
        if time.monotonic() - self._beat_at >= INTERVAL_SECONDS:
            self._beat_at = time.monotonic()
            beat(self.db, WORKER, self.now())

    def _send_due(self, stop: threading.Event) -> None:
        while not stop.is_set() and self.send_one():
            self._try(self._beat)
            self._try(self._run_every_turn)

    def _run_every_turn(self) -> None:
        self.every_turn(self.now())

    def _run_every_hour(self) -> None:
        now = self.now()
        if self._hourly_at is None or now - self._hourly_at >= HOURLY:
            self._hourly_at = now
            self.every_hour(self.db, now)

    def send_one(self) -> bool:
        """Send one mail; False when none was due."""
        state = send_next(self.db, self.render, self.transport, self.now, self.lease_seconds)
        if state is not None:
            LOGGER.info("mail", extra={"fields": {"state": state}})
        return state is not None
