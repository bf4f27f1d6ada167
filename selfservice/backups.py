"""A folder of copies of the database: one more each night, and those that are too old go.

Retention: a copy holds what was there when it was made, also what is removed since, so none is kept longer than the
privacy page says (fact backup.keep_weeks).
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from selfservice import db
from selfservice.facts.facts import Facts
from selfservice.facts.kept import Kept
from selfservice.i18n.catalogs import lazy_gettext

# Copies that are not older than so many days that have one: one for each such day.
DAYS = 14
# The same in weeks, where no fact says another number; longer than so many weeks none is kept.
WEEKS = 8
KEPT = (
    Kept(
        what=lazy_gettext("A backup, with all of this as it was then"),
        until=lazy_gettext("%(time)s after the backup was made"),
        tables=(),
        fact="backup.keep_weeks",
    ),
)
_NAME = "loket-%Y-%m-%dT%H%M.db"
_OURS = re.compile(r"loket-\d{4}-\d\d-\d\dT\d{4}\.db")
_UNFINISHED = re.compile(r"\.loket-\d{4}-\d\d-\d\dT\d{4}\.db(\.part)?")


class BackupError(Exception):
    """No copy was made, or an old one could not be removed; the message says which."""


def add(source: db.Database, folder: Path, now: datetime) -> Path:
    """Copy the database into the folder, under a name with the time (UTC), once it is whole; returns its path.

    What a copy that was broken off left there is removed. Raises BackupError, db.Error or OSError; there is then no new
    file.
    """
    target = folder / f"{now:{_NAME}}"
    with _alone(folder) as descriptor:
        for left in _matching(folder, _UNFINISHED):
            left.unlink()
        if target.exists():
            raise BackupError(f"{target} was made this minute already; nothing was written")
        unfinished = folder / f".{target.name}"
        db.backup(source, unfinished)
        unfinished.replace(target)
        os.fsync(descriptor)
    return target


def keep_weeks(facts: Facts) -> int:
    """For how many weeks copies are kept, by the fact; a site of an earlier version may have none."""
    return int(facts.get("backup.keep_weeks").value) if "backup.keep_weeks" in facts else WEEKS


def prune(folder: Path, now: datetime, *, weeks: int) -> tuple[list[Path], list[Path]]:
    """Remove copies that are too old, and return the paths of those that are kept and of those that went, in order.

    Files with other names are not touched, nor are folders and links. Raises OSError.
    """
    copies = {path: moment for path in _matching(folder, _OURS) if (moment := _made_at(path)) is not None}
    keep = kept(copies.values(), now, weeks=weeks)
    gone = [path for path, moment in copies.items() if moment not in keep]
    for path in gone:
        path.unlink()
    return [path for path in copies if path not in gone], gone


def kept(moments: Iterable[datetime], now: datetime, *, weeks: int) -> set[datetime]:
    """Which of the copies made at these moments (UTC) stay: the last of each of the 14 most recent days that have one,
    and the last of each of the most recent ISO weeks that have one, as many as `weeks`; none older than so many weeks.

    The newest stays however old it is, and so does one of a time to come, whose age nobody can know: the clock was set
    back, or was wrong.
    """
    ordered = sorted(moments)
    past = [moment for moment in ordered if moment <= now]
    # Of the same day, or week, the later one takes the place of the earlier.
    days = {moment.date(): moment for moment in past}
    of_weeks = {moment.isocalendar()[:2]: moment for moment in past}
    oldest = now - timedelta(weeks=weeks)
    recent = [*list(days.values())[-DAYS:], *list(of_weeks.values())[-weeks:]]
    return {moment for moment in recent if moment >= oldest} | set(past[-1:]) | {at for at in ordered if at > now}


def _made_at(path: Path) -> datetime | None:
    with suppress(ValueError):  # no such day
        return datetime.strptime(path.name, _NAME).replace(tzinfo=UTC)
    return None


def _matching(folder: Path, names: re.Pattern[str]) -> list[Path]:
    """The files with such names. A folder is none: it cannot be removed, and would keep all after it from going."""
    found = (path for path in folder.iterdir() if names.fullmatch(path.name))
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """Nobody else adds a copy to the folder meanwhile; its descriptor. Raises BackupError when somebody does."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    except BlockingIOError:
        raise BackupError(f"another backup to {folder} is being made; nothing was written") from None
    finally:
        os.close(descriptor)
