"""How Loket is, for who runs it: the report of /health and `loket health`, and the gauges of /metrics."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from selfservice import clock, db, heartbeats, renewal, seeds
from selfservice.builds import Builds
from selfservice.config import Config
from selfservice.crypto import Keys
from selfservice.mail import outbox

MAIL_LATE_SECONDS = 300  # a mail that waits longer means that mail does not get out
MIN_FREE_BYTES = 200_000_000  # below it the database's log, a backup or a download may find no room
WRITE_EVERY_SECONDS = 5
# A process serves what was published within a second; those that are started for it come one after the other.
FOLLOWS_SECONDS = 300


@dataclass
class WriteProbe:
    """Tries whether the database can be written, at most every 5 seconds however many ask.

    While it can, that counts over all processes, since the row says when it was; while it cannot, for each process.
    """

    _busy: threading.Lock = field(default_factory=threading.Lock)
    _tried: float = float("-inf")
    _error: str = ""

    def error(self, database: db.Database, now: datetime) -> str:
        """The kind of error with which the last try failed, or nothing. Raises db.Error when it cannot be read."""
        # Who comes while another tries hears what is known: a database that is locked must not hold every thread.
        if self._busy.acquire(blocking=False):
            try:
                if time.monotonic() - self._tried >= WRITE_EVERY_SECONDS:
                    self._try(database, now)
            finally:
                self._busy.release()
        return self._error

    def _try(self, database: db.Database, now: datetime) -> None:
        age = heartbeats.age_seconds(database.read(), heartbeats.WRITE, now)
        if age is not None and 0 <= age < WRITE_EVERY_SECONDS:
            self._error = ""
            return
        self._tried = time.monotonic()
        try:
            heartbeats.beat(database, heartbeats.WRITE, now)
        except db.Error as error:
            self._error = type(error).__name__
        else:
            self._error = ""


def report(config: Config, database: db.Database, keys: Keys, probe: WriteProbe) -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the particulars. Raises nothing: what cannot be asked is reported as such."""
    parts: dict[str, Any] = {"version": _version()}
    now = clock.now()
    wrong: list[str] = []
    try:
        _report_database(database, keys, probe, now, parts, wrong)
    except db.Error as error:
        parts["database"] = f"cannot be used: {type(error).__name__}"
        wrong.append("database")
    free = _free_bytes(database)
    parts["disk"] = {"free_bytes": free}
    if free < MIN_FREE_BYTES:
        wrong.append("disk")
    if line := renewal.problem(config.output, now):
        parts["renewal"] = line
        wrong.append("renewal")
    _report_build(config, parts, wrong)
    return not wrong, {"ok": not wrong, "wrong": wrong, **parts}


def _report_build(config: Config, parts: dict[str, Any], wrong: list[str]) -> None:
    """Which build this process serves, and for how long another one has been there that it should serve."""
    published = Builds(config.output)
    current = published.current()
    if current is None:
        parts["build"] = None
        return
    served = config.build or current
    parts["build"] = {"served": served.name, "current": current.name}
    if served != current and time.time() - published.moved() > FOLLOWS_SECONDS:
        wrong.append("build")


def _report_database(
    database: db.Database, keys: Keys, probe: WriteProbe, now: datetime, parts: dict[str, Any], wrong: list[str]
) -> None:
    from selfservice.migrations import pending, unknown  # bring sqlite-utils, which no visitor's request needs

    parts["database"] = database.status_line() or "well"
    if waiting := pending(database):
        # Nothing below can be asked of tables that are not there.
        parts["migrations"] = f"{len(waiting)} waiting"
        wrong.append("migrations")
        return
    # After going back to this version, or while it is being replaced: migrations leave it able to read and write.
    newer = len(unknown(database))
    parts["migrations"] = f"{newer} of a newer version, beside which this one goes on" if newer else "up to date"
    if line := seeds.missing_keys_error(database.read(), keys):
        parts["secret"] = line
        wrong.append("secret")
    if error := probe.error(database, now):
        parts["database"] = f"cannot be written: {error}"
        wrong.append("database")
    worker = heartbeats.age_seconds(database.read(), heartbeats.WORKER, now)
    parts["worker"] = {"seen_seconds_ago": worker}
    # Below zero: the clock was set back, and nobody has written since.
    if worker is None or abs(worker) > heartbeats.STALE_SECONDS:
        wrong.append("worker")
    parts["outbox"] = outbox.status(database, now)
    if parts["outbox"]["oldest_seconds"] >= MAIL_LATE_SECONDS:
        wrong.append("outbox")
    parts["backup"] = {"made_seconds_ago": heartbeats.age_seconds(database.read(), heartbeats.BACKUP, now)}


def _free_bytes(database: db.Database) -> int:
    return shutil.disk_usage(database.path.parent).free


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("loket")
    except PackageNotFoundError:
        return "unknown"


def gauges(database: db.Database, now: datetime) -> Iterator[tuple[str, str, dict[str, float]]]:
    """What /metrics measures when it is asked: name, help text, and the value by state. What cannot be measured, or
    never was, is left out.
    """
    yield "loket_disk_free_bytes", "Room on the database's disk.", {"": _free_bytes(database)}
    try:
        conn, mails = database.read(), outbox.status(database, now)
        ages = {name: heartbeats.age_seconds(conn, name, now) for name in (heartbeats.WORKER, heartbeats.BACKUP)}
    except db.Error:
        return
    for name, what in ((heartbeats.WORKER, "the mail worker was heard of"), (heartbeats.BACKUP, "a backup was made")):
        if (age := ages[name]) is not None:
            yield f"loket_{name}_age_seconds", f"How long ago {what}.", {"": age}
    states = {state: float(mails[state]) for state in ("waiting", "leased", "failed", "held")}
    yield "loket_outbox_mails", "Mails in the outbox, by state.", states
    oldest = {"": float(mails["oldest_seconds"])}
    yield "loket_outbox_oldest_seconds", "How long the mail that is due longest has been due.", oldest
