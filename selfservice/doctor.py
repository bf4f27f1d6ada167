"""What is looked at before a site is opened, and whenever something is wrong with it: one line each."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from selfservice import clock, heartbeats, mailer, renewal, seeds, workdays
from selfservice.builds import Builds
from selfservice.clock import from_text
from selfservice.config import ConfigError
from selfservice.db import Error
from selfservice.health import MIN_FREE_BYTES
from selfservice.i18n.languages import TIMEZONE
from selfservice.mail.transport import PermanentMailError, TemporaryMailError
from selfservice.migrations import pending
from selfservice.orders import api_keys
from selfservice.settings import FROM_FILE, SETTINGS
from selfservice.web.services import Services

BACKUP_HOURS = 26  # a nightly one, and some time for it to be made
EXPIRES_DAYS = 30
AHEAD_SECONDS = 60
ENV_FILE = "/etc/loket/loket.env"  # where docs/install.md has the settings
_CLOCK_UNSYNCHRONISED = 5  # TIME_ERROR, adjtimex(2)


class Finding(NamedTuple):
    """One line: what was looked at, what is wrong with it and what to do ("" when nothing is), or else what it is."""

    name: str
    problem: str
    detail: str = ""


class _ProblemError(Exception):
    """What is wrong, and what to do."""


def examine(wired: Services, recipient: str | None = None) -> Iterator[Finding]:
    """Look at everything, in an order in which what comes first explains what comes after. `recipient` is whom the mail
    server is asked about (fact organisation.security when it is None); no mail is sent.
    """
    now = clock.now()
    looks: dict[str, Callable[[], str]] = {
        "settings": lambda: _settings(wired),
        "database": lambda: _database(wired),
        "migrations": lambda: _migrations(wired),
        "secret": lambda: _secret(wired),
        "clock": lambda: _clock(wired, now),
        "disk": lambda: _disk(wired),
        "mail": lambda: _mail(wired, recipient or str(wired.facts.get("organisation.security").value)),
        "worker": lambda: _worker(wired, now),
        "renewal": lambda: _renewal(wired, now),
        "backup": lambda: _backup(wired, now),
        "security.txt": lambda: _security(wired, now),
        "keys": lambda: _keys(wired, now),
        "files": lambda: _files(wired),
    }
    for name, look in looks.items():
        try:
            yield Finding(name, "", look())
        except (_ProblemError, ConfigError) as error:
            yield Finding(name, str(error))
        except Error as error:
            yield Finding(name, f"the database cannot be asked ({error}): see the line about it")


def _settings(wired: Services) -> str:
    config = wired.config
    if config.secure and not config.proxies:
        raise _ProblemError(
            "LOKET_PROXIES is 0, but https comes from a web server in front: set how many there are, else all visitors "
            "seem to be one, and share one limit"
        )
    return f"{config.base_url}{', a demonstration' if config.demo else ''}"


def _database(wired: Services) -> str:
    try:
        said = wired.db.find_damage(quickly=True)
        if not said:
            return f"{wired.db.path}, {wired.db.status_line()}"
    except Error as error:
        said = str(error)
    raise _ProblemError(f"{wired.db.path}: {said}; stop Loket, and `loket restore` a copy")


def _migrations(wired: Services) -> str:
    if waiting := pending(wired.db):
        raise _ProblemError(f"{len(waiting)} wait: run `loket migrate`")
    return "up to date"


def _secret(wired: Services) -> str:
    if line := seeds.missing_keys_error(wired.db.read(), wired.keys):
        raise _ProblemError(line)
    return "the one that the database knows"


def _clock(wired: Services, now: datetime) -> str:
    row = wired.db.read().execute(
        """SELECT max(at) FROM (SELECT max(at) AS at FROM events UNION ALL SELECT max(at) FROM heartbeats) AS newest"""
    )
    newest = row.fetchone()[0]
    if newest and (ahead := (from_text(newest) - now).total_seconds()) > AHEAD_SECONDS:
        raise _ProblemError(
            f"it is {_duration(ahead)} behind what the database has seen: set it right, and let NTP keep it right"
        )
    kept = {None: "", True: ", kept right by NTP", False: "; nothing keeps it right: compare it, and use NTP"}
    return f"{now:%Y-%m-%d %H:%M:%S} UTC{kept[_is_synchronised()]}"


def _is_synchronised() -> bool | None:
    """What the kernel says of its clock; None where it cannot be asked."""
    # struct timex, all zero: only look. It has 208 bytes on 64-bit Linux, and less elsewhere.
    state = getattr(ctypes.CDLL(None), "adjtimex", lambda _: -1)(ctypes.create_string_buffer(512))
    return None if state < 0 else state != _CLOCK_UNSYNCHRONISED


def _disk(wired: Services) -> str:
    found = []
    for what, path in (("database", wired.db.path.parent), ("site", wired.config.output.parent)):
        free = shutil.disk_usage(path).free
        if free < MIN_FREE_BYTES:
            raise _ProblemError(f"{free / 1e6:,.0f} MB are free below {path}: make room")
        found.append(f"{free / 1e9:,.1f} GB free for the {what}")
    return ", ".join(found)


def _mail(wired: Services, recipient: str) -> str:
    try:
        return f"{mailer.probe_smtp(wired, recipient)} takes mail for {recipient}"
    except (PermanentMailError, TemporaryMailError) as error:
        raise _ProblemError(f"no mail to {recipient}: {error}; look at LOKET_SMTP_URL and LOKET_MAIL_FROM") from None


def _worker(wired: Services, now: datetime) -> str:
    age = heartbeats.age_seconds(wired.db.read(), heartbeats.WORKER, now)
    if age is None:
        raise _ProblemError("it never ran here: start `loket serve`, or loket-worker.service")
    if age < -heartbeats.STALE_SECONDS:
        raise _ProblemError("heard of at a time that is still to come: see the line about the clock")
    if age > heartbeats.STALE_SECONDS:
        raise _ProblemError(f"not heard of for {_duration(age)}: look at its log, and start it again")
    return f"heard of {age:.0f} seconds ago"


def _renewal(wired: Services, now: datetime) -> str:
    if line := renewal.problem(wired.config.output, now):
        raise _ProblemError(f"{line}; `loket check` says what to mend, and `loket publish` builds it")
    build = Builds(wired.config.output).current()
    due = renewal.due_at(build) if build else None
    return f"by itself on {due.astimezone(TIMEZONE):%Y-%m-%d %H:%M}" if due else "there is no build yet"


def _backup(wired: Services, now: datetime) -> str:
    age = heartbeats.age_seconds(wired.db.read(), heartbeats.BACKUP, now)
    if age is not None and age <= BACKUP_HOURS * 3600:
        return f"made {_duration(age)} ago"
    if wired.config.demo:
        return "none is needed for a demonstration"
    raise _ProblemError(
        ("none was ever made" if age is None else f"the last one was made {_duration(age)} ago")
        + ": `loket backup FILE`, each night by loket-backup.timer"
    )


def _security(wired: Services, now: datetime) -> str:
    file = wired.config.site / ".well-known" / "security.txt"
    try:
        found = re.search(r"^Expires: (\S+)$", file.read_text("utf-8"), re.MULTILINE)
    except OSError:
        raise _ProblemError(f"there is no {file}: run `loket build`") from None
    expires = datetime.fromisoformat(found[1]) if found else datetime.min.replace(tzinfo=UTC)
    if expires - now < timedelta(days=EXPIRES_DAYS):
        raise _ProblemError(f"it expires on {expires:%Y-%m-%d}: run `loket build`")
    return f"until {expires:%Y-%m-%d}"


def _keys(wired: Services, now: datetime) -> str:
    today = workdays.today(now)
    found = [key for key in api_keys.all_keys(wired.db.read()) if not (key.revoked_at or key.has_expired(today))]
    if ending := [f"{key.public_id} ({key.name}) on {key.last_day}" for key in found if key.expires_soon(today)]:
        raise _ProblemError(
            f"soon ends {', '.join(ending)}: make a new one with `loket keys create`, and revoke this one when the new "
            "one is in use"
        )
    return f"{len(found)} for the API"


def _files(wired: Services) -> str:
    folder, database = wired.db.path.parent, wired.db.path
    own = [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm")] + [folder / "demo-secret"]
    wrong = [f"chmod 600 {path}" for path in own if _mode(path) & 0o077]
    wrong += [f"chmod 700 {folder}"] if _mode(folder) & 0o007 else []
    secret = [os.environ.get(name + FROM_FILE) for name, setting in SETTINGS.items() if setting.secret]
    # Files that a container is given below /run are for all in it.
    given = [path for path in (os.environ.get("LOKET_ENV_FILE", ENV_FILE), *secret) if path and path[:5] != "/run/"]
    wrong += [f"chmod o= {path}" for path in given if _mode(Path(path)) & 0o007]
    if wrong:
        raise _ProblemError(f"others on this machine may read what is private: {'; '.join(wrong)}")
    return "private ones are"


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _duration(seconds: float) -> str:
    """A duration in the largest unit of which there are two or more."""
    seconds = round(seconds)
    for unit, size in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds} seconds"
