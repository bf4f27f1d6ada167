"""What goes wrong in docs/operations.md: each section's trouble, made in a demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

from selfservice import clock, db
from selfservice.db import Database
from selfservice.heartbeats import WORKER, beat
from tests.live_server import free_port

Settings = dict[str, str]
# A disk with 120 MB free cannot be had everywhere: what Python says of disks is another then.
_NEARLY_FULL = """
import shutil
shutil.disk_usage = lambda path: shutil._ntuple_diskusage(10**10, 10**10 - 12 * 10**7, 12 * 10**7)
"""


@contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    """A copy of the demonstration's database, which nothing else has open, and whose worker was at work just now."""
    file = folder.parent / "trouble.db"
    source = Database(folder / "var" / "loket.db")
    db.backup(source, file)
    source.close()
    try:
        with _opened(file) as copy:
            beat(copy, WORKER, clock.now())
        yield file
    finally:
        for each in file.parent.glob(f"{file.name}*"):
            each.unlink()


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    database = Database(file)
    yield database
    database.close()


@contextmanager
def _no_mail(_folder: Path) -> Iterator[Settings]:
    yield {"LOKET_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}


@contextmanager
def _full(folder: Path) -> Iterator[Settings]:
    patch = folder.parent / "nearly-full"
    patch.mkdir()
    (patch / "sitecustomize.py").write_text(_NEARLY_FULL, "utf-8")
    yield {"PYTHONPATH": f"{patch}:{folder}"}


@contextmanager
def _busy(folder: Path) -> Iterator[Settings]:
    with _copied(folder) as file, _opened(file) as database, database.write():
        yield {"LOKET_DATABASE": str(file)}


@contextmanager
def _no_worker(folder: Path) -> Iterator[Settings]:
    with _copied(folder) as file:
        with _opened(file) as database:
            beat(database, WORKER, clock.now() - timedelta(minutes=10))
        yield {"LOKET_DATABASE": str(file)}


@contextmanager
def _mistake(folder: Path) -> Iterator[Settings]:
    page = folder / "content" / "en" / "contact.md"
    text = page.read_text("utf-8")
    page.write_text(text.replace("{{ fact.phone.appointments", "{{ fact.phne.appointments"), "utf-8")
    try:
        yield {}
    finally:
        page.write_text(text, "utf-8")


@contextmanager
def _another_secret(folder: Path) -> Iterator[Settings]:
    with _copied(folder) as file:
        yield {"LOKET_DATABASE": str(file), "LOKET_SECRET_KEY": "another secret, of the tests, long enough"}


@contextmanager
def _migration(folder: Path) -> Iterator[Settings]:
    with _copied(folder) as file:
        with _opened(file) as database, database.write() as conn:
            conn.execute("DELETE FROM _sqlite_migrations WHERE name = 'create_events'")
        yield {"LOKET_DATABASE": str(file)}


@contextmanager
def _damaged(folder: Path) -> Iterator[Settings]:
    with _copied(folder) as file:
        with file.open("r+b") as raw:
            raw.write(b"this is no database any more" * 100)
        yield {"LOKET_DATABASE": str(file)}


_OF: dict[str, Callable[[Path], AbstractContextManager[Settings]]] = {
    "Mail does not go": _no_mail,
    "The disk is full": _full,
    "The database is busy": _busy,
    "The worker is gone": _no_worker,
    "A publication fails": _mistake,
    "Another secret": _another_secret,
    "A migration waits": _migration,
    "The database is damaged": _damaged,
}


def of(heading: str, folder: Path) -> AbstractContextManager[Settings]:
    """The trouble of a section of the page, while the context lasts; what to set for commands that are to meet it. Of a
    section that tells of none, nothing.
    """
    return _OF[heading](folder) if heading in _OF else nullcontext({})
