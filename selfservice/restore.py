"""Putting a copy of the database in its place: made ready beside it first, and swapped in one move.

A copy is the past: whoever logged out since is logged in again in it, a used link works again, and mail that has long
been sent waits. So all sessions and links end, and the operator says what becomes of the mail.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from selfservice import audit, heartbeats
from selfservice.accounts import account_links, anonymous_sessions, tokens
from selfservice.crypto import Keys
from selfservice.db import FILE_SUFFIXES, Database, Error, LockedError, MigrationError, exclusive_access
from selfservice.mail import outbox
from selfservice.mail.delivery import fail_overdue
from selfservice.migrations import migrate, unknown


class RestoreError(Exception):
    """The copy cannot take the database's place, which is as it was; the message says why."""


@dataclass(frozen=True)
class PreparedCopy:
    """A copy that was made ready, in the database's folder. `held` is how many rows it has of what matters, `waiting`
    how many mails wait in it, `ready` how many letters are to be printed, `sessions` and `links` how many were ended,
    `dead` how many mails wait with such a link in them, and are dropped whatever is asked.
    """

    path: Path
    row_counts: dict[str, int]
    newest: str
    waiting_mails: int
    ready_letters: int
    ended_sessions: int
    ended_links: int
    dropped_mails: int


@contextmanager
def prepared_copy(file: Path, database: Path, keys: Keys, now: datetime, *, drop_mail: bool) -> Iterator[PreparedCopy]:
    """A checked copy of `file` beside the database, brought up to this version, with sessions and links ended and, when
    asked, its waiting mail dropped. It is removed at the end, unless it was put in place.

    Raises RestoreError when it is damaged or of a newer version, MissingKeyError when its secret is not set.
    """
    ready = database.with_name(f"{database.name}.restore")
    _remove(ready)
    try:
        for ending in ("", "-wal"):
            with suppress(FileNotFoundError):
                shutil.copyfile(f"{file}{ending}", f"{ready}{ending}")
        ready.chmod(0o600)
        copy = Database(ready)
        try:
            _check(copy)
            migrate(copy, keys)
            # A copy says nothing of itself; the restored site has one backup at least, as old as this file.
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            heartbeats.beat(copy, heartbeats.BACKUP, min(written, now))
            made = _prepare(copy, keys, now, drop_mail=drop_mail)
        except (Error, MigrationError) as error:
            raise RestoreError(f"{file} cannot be used: {error}") from None
        finally:
            copy.close()
        yield made
    finally:
        _remove(ready)


def _remove(file: Path) -> None:
    for ending in FILE_SUFFIXES:
        Path(f"{file}{ending}").unlink(missing_ok=True)


def _check(copy: Database) -> None:
    if said := copy.find_damage():
        raise RestoreError(f"the copy is damaged: {said}")
    if copy.read().execute("SELECT 1 FROM sqlite_master WHERE name = 'access_codes'").fetchone() is None:
        raise RestoreError("this is no database of Loket's")
    if newer := unknown(copy):
        raise RestoreError(f"the copy is of a newer version of Loket ({', '.join(newer)}): use that version")


def _prepare(copy: Database, keys: Keys, now: datetime, *, drop_mail: bool) -> PreparedCopy:
    conn = copy.read()
    waiting = conn.execute("SELECT count(*) FROM outbox WHERE state IN ('waiting', 'leased')").fetchone()[0]
    row = conn.execute(
        """SELECT (SELECT count(*) FROM people) AS people, (SELECT count(*) FROM organisations) AS organisations,
                  (SELECT count(*) FROM access_codes WHERE revoked_at IS NULL) AS "access codes",
                  (SELECT count(*) FROM requests) AS requests, (SELECT count(*) FROM orders) AS orders"""
    ).fetchone()
    ready = conn.execute("SELECT count(*) FROM letters WHERE state = 'ready'").fetchone()[0]
    newest = conn.execute("SELECT coalesce(max(at), '') FROM events").fetchone()[0]
    with copy.write() as writing:
        sessions = anonymous_sessions.end_every_session(writing, now)
        links = tokens.revoke_every_token(writing, now) + account_links.revoke_every_link(writing, now)
        dead = outbox.cancel_waiting(writing, now, links_only=True)
        if drop_mail:
            outbox.cancel_waiting(writing, now, links_only=False)
        audit.record(writing, keys, now, "database.restore", "ok")
    fail_overdue(copy, now)
    return PreparedCopy(copy.path, dict(row), newest, waiting, ready, sessions, links, dead)


@contextmanager
def while_stopped(database: Path) -> Iterator[None]:
    """Nobody has the database open, or can open it meanwhile. Raises RestoreError when somebody has."""
    try:
        with exclusive_access(database):
            yield
    except LockedError:
        raise RestoreError(f"Loket is running on {database}: stop its server and its worker first") from None


def put_in_place(copy: PreparedCopy, database: Path, now: datetime) -> Path | None:
    """Let the copy be the database, and the one before it stand beside it, named by the time; where, or None when it
    was empty. At each moment one of the two is whole and in its place. Raises RestoreError when the database is in use.
    """
    aside = database.with_name(f"{database.name}.{now:%Y%m%dT%H%M%SZ}")
    # As `Database` makes it where there was none.
    was_empty = database.stat().st_size == 0
    # What is only in its log goes into the old database first, so that one move is enough. A damaged one keeps its log.
    old = Database(database)
    with suppress(Error):
        old.checkpoint()
    old.close()
    with while_stopped(database):
        status = database.stat()
        with suppress(PermissionError):
            os.chown(copy.path, status.st_uid, status.st_gid)
        for ending in () if was_empty else FILE_SUFFIXES:
            with suppress(FileNotFoundError):
                os.link(f"{database}{ending}", f"{aside}{ending}")
        for ending in FILE_SUFFIXES[1:]:
            Path(f"{database}{ending}").unlink(missing_ok=True)
        with copy.path.open("rb") as file:
            os.fsync(file.fileno())
        copy.path.replace(database)
    folder = os.open(database.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return None if was_empty else aside
