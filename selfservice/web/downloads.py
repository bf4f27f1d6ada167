"""Downloads: made whole in a file first, then sent with their length by whoever serves.

The files lie in a folder of their own that only we can read, under names that nobody guesses. They go when
they are old (fact orders.file_keep_hours) and with their session, never because they were sent: a server may still be
reading (docs/why.md).
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask, Response, current_app, send_file

from selfservice import clock
from selfservice.accounts import sessions
from selfservice.context import Context
from selfservice.db import Connection, Database
from selfservice.i18n.catalogs import gettext
from selfservice.jobs import queue
from selfservice.site_config import SITE
from selfservice.web import error_pages
from selfservice.web.services import Services, services

# Of what is free on the disk, with what the files have of it already.
MAX_DISK_SHARE = 0.2
# A session's older files make place for a new one. Whoever is still being sent one has it open, and keeps it.
MAX_FILES = 3
MAX_CONCURRENT = 2
RETRY_SECONDS = 5
# What takes longer than this to make is a job of the worker.
MAX_REQUEST_SECONDS = 3.0


# Writes a file to where it is told.
FileWriter = Callable[[Path], object]


class DownloadBusyError(Exception):
    """A file is being made for this session already, or as many for others as this process makes at once."""


class QuotaError(Exception):
    """The files together would take more of the disk than they may; `seconds` until the oldest of them goes."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"no room for {seconds} seconds")
        self.seconds = seconds


@dataclass(frozen=True)
class DownloadFolder:
    """All sessions' files, in the folder at `path`, which is made when it is first needed; each is kept for `keep`."""

    path: Path
    keep: timedelta

    def find(self, session_id: int, name: str) -> Path | None:
        """The session's whole file of this name, or None."""
        file = self.path / f"{session_id}-{name}"
        return file if file.is_file() else None

    def make(self, session_id: int, name: str, room: int, write: FileWriter, slot: str = "") -> Path:
        """The session's file of this name, written by `write`: there whole, or, when that raises, not at all.

        `room` is about how many bytes it takes while it is made. Raises QuotaError when there are not so many, and
        DownloadBusyError while another is made in the same `slot` of this session, whichever process does it.
        """
        self.check_quota(session_id, room)
        part = self.path / f"{session_id}-{slot or name}.part"
        with self._locked(part):
            try:
                write(part)
                return part.rename(self.path / f"{session_id}-{name}")
            except BaseException as error:
                part.unlink(missing_ok=True)
                if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                    raise QuotaError(round(self.keep.total_seconds())) from error
                raise

    @contextmanager
    def _locked(self, part: Path) -> Iterator[None]:
        """Hold the place of a file that is being made. A process that dies lets go of it."""
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = os.path.samestat(os.fstat(descriptor), part.stat())
            except (BlockingIOError, FileNotFoundError):
                is_ours = False
            if not is_ours:
                # It is held, or was finished and has its own name now.
                raise DownloadBusyError
            yield
        finally:
            os.close(descriptor)

    def check_quota(self, session_id: int, room: int) -> None:
        """Raise QuotaError when so many bytes more would be too much. The session's own oldest files go first."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        own = sorted(_stats(self._session_entries(session_id, whole=True)), key=lambda each: each[1].st_mtime)
        for file, _ in own[: max(0, len(own) - MAX_FILES + 1)]:
            file.unlink(missing_ok=True)
        found = [stat for _, stat in _stats(self._entries())]
        used = sum(stat.st_size for stat in found)
        if used + room > MAX_DISK_SHARE * (used + shutil.disk_usage(self.path).free):
            oldest = min((stat.st_mtime for stat in found), default=0.0)
            raise QuotaError(max(60, int(oldest + self.keep.total_seconds() - clock.now().timestamp())))

    def delete_expired(self, now: datetime, is_open: Callable[[set[int]], Collection[int]]) -> int:
        """Delete what was made longer ago than it is kept, and what belongs to a session that is open no more, of which
        `is_open` tells; returns how many files went.
        """
        entries = [(entry, _session_of(entry)) for entry in self._entries()]
        still_open = is_open({session for _, session in entries}) if entries else ()
        since = (now - self.keep).timestamp()
        old = {entry for entry, stat in _stats(self._entries()) if stat.st_mtime <= since}
        gone = [entry for entry, session in entries if entry in old or session not in still_open]
        for entry in gone:
            _delete(entry)
        return len(gone)

    def delete_session_files(self, session_id: int) -> None:
        """Delete all the session's files, those that are being made too."""
        for entry in self._session_entries(session_id, whole=False):
            _delete(entry)

    def delete(self, session_id: int, name: str) -> None:
        """Delete the session's file of this name."""
        (self.path / f"{session_id}-{name}").unlink(missing_ok=True)

    def _session_entries(self, session_id: int, *, whole: bool) -> list[Path]:
        own = self.path.glob(f"{session_id}-*")
        return [entry for entry in own if not whole or (entry.suffix == "" and entry.is_file())]

    def _entries(self) -> list[Path]:
        return list(self.path.iterdir()) if self.path.is_dir() else []


def _stats(entries: Iterable[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """Each with its size and time, unless another process deleted it meanwhile."""
    for entry in entries:
        with suppress(FileNotFoundError):
            yield entry, entry.stat()


def _session_of(entry: Path) -> int:
    number = entry.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0


def _delete(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        entry.unlink(missing_ok=True)


def folder_of(wired: Services) -> DownloadFolder:
    """The folder of this app's downloads. Where no form makes any there is no fact, and none is kept."""
    hours = wired.context.fact("orders.file_keep_hours") if queue.FORMS.intersection(SITE.forms) else 0
    return DownloadFolder(wired.config.downloads, timedelta(hours=hours))


def delete_expired(folder: DownloadFolder, db: Database, ctx: Context, now: datetime) -> int:
    """Delete files and jobs that are too old, or whose session has ended; returns how many files went."""
    with_jobs = queue.sessions_with_jobs(db.read())
    ended = with_jobs - sessions.open_ids(db.read(), ctx, with_jobs, now) if with_jobs else ()
    if ended:
        with db.write() as conn:
            for session_id in ended:
                queue.delete_of_session(conn, session_id)
    return folder.delete_expired(now, lambda ids: sessions.open_ids(db.read(), ctx, ids, now))


def delete_session_files(conn: Connection, session_id: int) -> None:
    """Delete all files and jobs of this session, inside the caller's `write()`: it ends."""
    queue.delete_of_session(conn, session_id)
    folder_of(services()).delete_session_files(session_id)


def make(session_id: int, room: int, write: FileWriter, name: str = "") -> Path:
    """A file for this session, made now: one at a time for a session, and a few for this process, whose other threads
    then answer everybody else. With a `name` the session can be sent it later (`DownloadFolder.find`), and has one of
    that name. Raises DownloadBusyError, QuotaError, and what `write` raises.
    """
    wired, found = services(), _semaphore()
    if not found.acquire(blocking=False):
        raise DownloadBusyError
    try:
        folder = folder_of(wired)
        delete_expired(folder, wired.db, wired.context, clock.now())
        return folder.make(session_id, name or secrets.token_hex(16), room, write, slot="now")
    finally:
        found.release()


def send(file: Path, mimetype: str, name: str) -> Response:
    """The file as a download under a name of ours (plain letters, digits, dots and dashes), whole and with its length.

    Whoever serves may recognise the file and send it by itself (`wsgi.file_wrapper`); nothing keeps or changes it.
    """
    response = send_file(
        file, mimetype=mimetype, as_attachment=True, download_name=name, conditional=False, etag=False, max_age=None
    )
    del response.headers["Last-Modified"]
    return response


def _semaphore() -> threading.BoundedSemaphore:
    found: threading.BoundedSemaphore = current_app.extensions["downloads"]
    return found


def init_app(app: Flask) -> None:
    """Have every view answer in the same way when no file can be made now."""

    def busy(_: DownloadBusyError) -> Response:
        text = (
            gettext("Another file is being made"),
            [
                gettext(
                    "We make one file at a time for each person who is logged in. For everybody together we make only "
                    "a few."
                ),
                gettext("Nothing is lost. Go back, and choose your file again in a few seconds."),
            ],
        )
        return error_pages.error_response(429, retry_after=RETRY_SECONDS, text=text)

    def no_room(error: QuotaError) -> Response:
        text = (
            gettext("There is no room for this file now"),
            [
                gettext(
                    "We keep each file for %(hours)s. Those that we keep now take up all the room that we have.",
                    hours=services().facts.get("orders.file_keep_hours"),
                ),
                gettext("Nothing is lost. Try again later. A file with the orders of a shorter period is smaller."),
            ],
        )
        return error_pages.error_response(503, retry_after=error.seconds, text=text)

    app.register_error_handler(DownloadBusyError, busy)
    app.register_error_handler(QuotaError, no_room)
