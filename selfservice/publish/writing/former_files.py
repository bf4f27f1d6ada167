"""Hashed files of builds before this one. A page that is open somewhere asks for those that it was made with, and so
does a cache on the way: they stay for a while.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

from selfservice.builds import SITE, notes_of
from selfservice.web.theme import HASHED_NAME, THEME_PREFIX

DAYS = 30
_COMPRESSED = ("", ".br", ".gz")


def keep_former_files(former: Path, fresh: Path, now: dt.datetime) -> dict[str, str]:
    """Link the hashed files of the build that is served, and those that it kept itself, into the one that will be,
    where that has none of that name; not those out of use for 30 days. Returns since when each is, by its path.
    """
    known = notes_of(former).former
    since = {name: known.get(name, now.isoformat()) for name in hashed_files(former)}
    own = hashed_files(fresh)
    kept = {}
    for name, moment in since.items():
        if name in own or now - dt.datetime.fromisoformat(moment) >= dt.timedelta(days=DAYS):
            continue
        kept[name] = moment
        for ending in _COMPRESSED:
            source, target = former / SITE / (name + ending), fresh / SITE / (name + ending)
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                link_or_copy(source, target)
    return kept


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """A second name for a file. A copy where there can be none: not every file system has links, nor may everyone make
    one to a file of another account, such as whoever published before.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def hashed_files(build: Path) -> set[str]:
    """The files of a build with a hash in their names, by path in the site; without their compressed copies."""
    site = build / SITE
    found = (path for path in (site / THEME_PREFIX.strip("/")).rglob("*") if HASHED_NAME.search(path.name))
    return {path.relative_to(site).as_posix() for path in found if path.suffix not in _COMPRESSED}
