"""A folder of backups: which copies stay, and that nothing else there is touched."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from selfservice.backups import DAYS, WEEKS, BackupError, add, keep_weeks, kept, prune
from selfservice.db import Database, Error
from selfservice.facts.facts import Facts
from tests.domain_helpers import new_database

DAY = timedelta(days=1)
NIGHT = datetime(2026, 11, 30, 2, 10, tzinfo=UTC)  # a Monday


def nights(first: datetime, count: int, *, every: timedelta = DAY) -> list[datetime]:
    """Moments one after another."""
    return [first + number * every for number in range(count)]


def simulate(moments: list[datetime], weeks: int = WEEKS) -> list[datetime]:
    """What is left after a copy was made, and the old ones removed, at each of these moments."""
    there: set[datetime] = set()
    for now in moments:
        there = kept(there | {now}, now, weeks=weeks)
        assert now in there
    return sorted(there)


def test_year() -> None:
    """After a year of nights there are those of the last 14 days, and before them the Sundays of the weeks to the
    eighth.
    """
    last = NIGHT + 365 * DAY  # a Tuesday
    daily = nights(last - 13 * DAY, DAYS)
    sundays = [last - days * DAY for days in (44, 37, 30, 23, 16)]
    assert [*sundays, *daily] == simulate(nights(NIGHT, 366))
    assert {6} == {sunday.weekday() for sunday in sundays}


def test_each_night_of_a_year() -> None:
    """On no night of a year is there a copy older than eight weeks, and from then on there are always eight weeks."""
    there: set[datetime] = set()
    for now in nights(NIGHT, 366):
        there = kept(there | {now}, now, weeks=WEEKS)
        assert now - min(there) <= timedelta(weeks=WEEKS)
        made = (now - NIGHT).days + 1
        assert min(made, DAYS) == len({moment.date() for moment in there if moment > now - 14 * DAY})
        if made >= 56:
            assert WEEKS == len({moment.isocalendar()[:2] for moment in there})


def test_several_a_day() -> None:
    """Of a day with several the last one stays."""
    hourly = nights(NIGHT, 49, every=timedelta(hours=1))
    assert [NIGHT.replace(hour=23), NIGHT.replace(hour=23) + DAY, NIGHT + 2 * DAY] == simulate(hourly)


def test_missed_days() -> None:
    """Days without one do not count: fourteen that have one stay, as long as none is too old."""
    every_third = nights(NIGHT, 30, every=3 * DAY)
    assert every_third[-DAYS:] == [moment for moment in simulate(every_third) if moment >= every_third[-DAYS]]


def test_after_a_long_time() -> None:
    """After half a year without one the old ones go, once there is a new one."""
    later = NIGHT + 200 * DAY
    assert [later] == simulate([*nights(NIGHT, 20), later])


def test_the_newest_stays() -> None:
    """However old it is, the newest is not removed."""
    assert {NIGHT} == kept([NIGHT - DAY, NIGHT], NIGHT + 1000 * DAY, weeks=WEEKS)


def test_clock_set_back() -> None:
    """Copies of a time to come stay, and take no place of those that are made now."""
    ahead = nights(NIGHT + 100 * DAY, 20)
    before = kept(ahead, ahead[-1], weeks=WEEKS)
    now = nights(NIGHT, 20)
    left = simulate([*ahead, *now])
    assert [*simulate(now), *sorted(before)] == left


def test_the_fact_decides() -> None:
    """With two weeks none is older than that."""
    assert nights(NIGHT + 46 * DAY, DAYS) == simulate(nights(NIGHT, 60), weeks=2)
    assert 8 == len(simulate(nights(NIGHT, 60), weeks=1))


def test_no_fact() -> None:
    """A site of an earlier version, whose facts do not say, keeps eight weeks."""
    assert (WEEKS, 8) == (keep_weeks(Facts({}, NIGHT.date())), WEEKS)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Database]:
    """A database to copy."""
    with new_database(tmp_path) as db:
        yield db


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder for copies."""
    made = tmp_path / "backups"
    made.mkdir()
    return made


def test_files(source: Database, folder: Path) -> None:
    """A copy has its time in its name and is whole; the old one goes, and nothing that only looks like one, folders
    neither, which stop nothing.
    """
    others = ["loket.db", "loket-2026-13-01T0000.db", "loket-2020-01-01T0000.db.gz", "old-loket-2020-01-01T0000.db"]
    for name in others:
        (folder / name).write_bytes(b"x")
    (folder / "loket-2019-01-01T0000.db").symlink_to("loket.db")
    others += ["loket-2018-01-01T0000.db", ".loket-2018-01-01T0000.db"]
    for name in others[-2:]:
        (folder / name).mkdir()
    old = add(source, folder, NIGHT - 400 * DAY)
    new = add(source, folder, NIGHT)
    assert ([new], [old]) == prune(folder, NIGHT, weeks=WEEKS)
    assert "loket-2026-11-30T0210.db" == new.name
    assert sorted([new.name, "loket-2019-01-01T0000.db", *others]) == sorted(path.name for path in folder.iterdir())
    copy = Database(new)
    assert "" == copy.find_damage()
    copy.close()


def test_same_minute(source: Database, folder: Path) -> None:
    """A second copy in the same minute is refused, and the first stays as it was."""
    first = add(source, folder, NIGHT)
    before = first.read_bytes()
    with pytest.raises(BackupError, match="this minute already"):
        add(source, folder, NIGHT)
    assert before == first.read_bytes()


def test_broken_off(source: Database, folder: Path) -> None:
    """What a copy that was broken off left is no copy, and goes with the next."""
    for name in (".loket-2026-11-29T0210.db", ".loket-2026-11-29T0210.db.part"):
        (folder / name).write_bytes(b"half")
    made = add(source, folder, NIGHT)
    assert [made] == list(folder.iterdir())


def test_failed(folder: Path, source: Database, tmp_path: Path) -> None:
    """A database that cannot be read leaves the copies that are there, and adds none."""
    made = add(source, folder, NIGHT)
    (tmp_path / "broken.db").write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(Error):
        add(Database(tmp_path / "broken.db"), folder, NIGHT + DAY)
    assert [made] == list(folder.iterdir())


def test_two_at_once(source: Database, folder: Path) -> None:
    """While one is being made another one is refused."""
    descriptor = os.open(folder, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(BackupError, match="another backup"):
        add(source, folder, NIGHT)
    os.close(descriptor)
    assert [] == list(folder.iterdir())
