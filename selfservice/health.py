"""How it is, for who runs Loket: /health, /live, /metrics and what they say. To the outside /health says only whether
all is well; the particulars are for who has the key, for `loket health` and for a demonstration.
"""

from __future__ import annotations

import hmac
import ipaddress
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask, Response, abort, current_app, jsonify, request

from selfservice import clock, db, heartbeats, metrics, seeds
from selfservice.config import Config
from selfservice.mail import outbox
from selfservice.web.services import Services, services

LATE_SECONDS = 300  # a mail that waits longer means that mail does not get out
LEAST_FREE_BYTES = 200_000_000  # below it the database's log, a backup or a download may find no room
WRITE_EVERY_SECONDS = 5


@dataclass
class WriteTest:
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


def report() -> tuple[bool, dict[str, Any]]:
    """Whether all is well, and the particulars. Raises nothing: what cannot be asked is reported as such."""
    parts: dict[str, Any] = {"version": _version()}
    wired, now = services(), clock.now()
    wrong: list[str] = []
    try:
        _database(wired, now, parts, wrong)
    except db.Error as error:
        parts["database"] = f"cannot be used: {type(error).__name__}"
        wrong.append("database")
    free = _free(wired)
    parts["disk"] = {"free_bytes": free}
    if free < LEAST_FREE_BYTES:
        wrong.append("disk")
    today = now.date()
    if stale := [day for day in wired.facts.changes if day <= today]:
        parts["facts"] = f"changed on {stale[0].isoformat()}: build and restart"
        wrong.append("facts")
    return not wrong, {"ok": not wrong, "wrong": wrong, **parts}


def _database(wired: Services, now: datetime, parts: dict[str, Any], wrong: list[str]) -> None:
    from selfservice.migrations import pending  # brings sqlite-utils, which no visitor's request needs

    database = wired.db
    parts["database"] = database.status_line() or "well"
    if waiting := pending(database):
        # Nothing below can be asked of tables that are not there.
        parts["migrations"] = f"{len(waiting)} waiting"
        wrong.append("migrations")
        return
    parts["migrations"] = "up to date"
    if line := seeds.missing_keys_error(database.read(), wired.keys):
        parts["secret"] = line
        wrong.append("secret")
    test: WriteTest = current_app.extensions["write_test"]
    if error := test.error(database, now):
        parts["database"] = f"cannot be written: {error}"
        wrong.append("database")
    worker = heartbeats.age_seconds(database.read(), heartbeats.WORKER, now)
    parts["worker"] = {"seen_seconds_ago": worker}
    # Below zero: the clock was set back, and nobody has written since.
    if worker is None or abs(worker) > heartbeats.STALE_SECONDS:
        wrong.append("worker")
    parts["outbox"] = outbox.status(database, now)
    if parts["outbox"]["oldest_seconds"] >= LATE_SECONDS:
        wrong.append("outbox")
    parts["backup"] = {"made_seconds_ago": heartbeats.age_seconds(database.read(), heartbeats.BACKUP, now)}


def _free(wired: Services) -> int:
    return shutil.disk_usage(wired.db.path.parent).free


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("loket")
    except PackageNotFoundError:
        return "unknown"


def has_key(config: Config) -> bool:
    """Whether this request brings the key for monitoring (LOKET_MONITOR_KEY)."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    if config.monitor_key is None or kind.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), config.monitor_key)


def _is_local() -> bool:
    """Whether the request comes from this machine and through no front: what a front passes on says for whom."""
    names = [name for name, _ in request.headers]
    if any(name.startswith("X-Forwarded-") or name in ("Forwarded", "Via") for name in names):
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _gauges(wired: Services, now: datetime) -> Iterator[tuple[str, str, dict[str, float]]]:
    """What is asked for at the moment of looking. What cannot be asked, or never was, is left out."""
    yield "loket_disk_free_bytes", "Room on the database's disk.", {"": _free(wired)}
    try:
        conn, mails = wired.db.read(), outbox.status(wired.db, now)
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


def init_app(app: Flask, config: Config) -> None:
    """Answer /health with 200 or 503, /live with 200 as long as the app answers at all, and /metrics where they are
    on to who may see them.
    """

    @app.get("/health")
    def health() -> Response:
        well, parts = report()
        response = jsonify(parts if config.demo or has_key(config) else {"ok": well})
        response.status_code = 200 if well else 503
        return response

    @app.get("/live")
    def live() -> Response:
        return Response("ok\n", mimetype="text/plain")

    if metrics.METERS.on:

        @app.get("/metrics")
        def numbers() -> Response:
            if not (has_key(config) or _is_local()):
                abort(404)
            text, content_type = metrics.exposition(_gauges(services(), clock.now()))
            return Response(text, content_type=content_type)
