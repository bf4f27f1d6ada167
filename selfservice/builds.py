"""The folder of builds. Each build is a folder that holds all that was published, and `current` is a link to the one
that is served: it moves by one rename.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

CURRENT = "current"
# What a build holds.
SITE = "site"  # the files that are served
CONTENT = "content"  # what they were made from: pages, facts, rights, site.toml
SEARCH = "search"  # the search index, a file a language
KEPT = 5  # builds, the current one among them
_UNFINISHED = ".new-"


class Builds:
    """The builds in a folder, which need not be there yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current(self) -> Path | None:
        """The build that is served, None before the first."""
        link = self.folder / CURRENT
        try:
            name = os.readlink(link)  # noqa: PTH115 (what it says, not where it leads)
        except OSError:
            return None
        found = self.folder / name
        return found if found.is_dir() else None

    def moved(self) -> float:
        """When another build became current for the last time, in seconds since 1970. Raises OSError before the first
        time.
        """
        return (self.folder / CURRENT).lstat().st_mtime

    def all(self) -> list[Path]:
        """All builds, the oldest first."""
        if not self.folder.is_dir():
            return []
        found = (path for path in self.folder.iterdir() if not path.is_symlink() and path.is_dir())
        return sorted(path for path in found if not path.name.startswith("."))

    def start(self) -> Path:
        """A new folder to build in, which is none of the builds until `finish`."""
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o755)  # the front reads it as an account of its own (its units' UMask)
        return Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))

    def finish(self, unfinished: Path, now: dt.datetime) -> Path:
        """Make it a build, whose name says when that was (UTC)."""
        name = now.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")
        while (build := self.folder / name).exists():  # a clock that stands still, or goes back
            name += "0"
        return unfinished.rename(build)

    def switch(self, build: Path) -> None:
        """Serve this build, by one rename."""
        fresh = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder)) / CURRENT
        fresh.symlink_to(build.name)
        fresh.replace(self.folder / CURRENT)
        fresh.parent.rmdir()

    def prune(self) -> None:
        """Remove all but the last builds, never the current one."""
        current = self.current()
        for build in self.all()[:-KEPT]:
            if build != current:
                shutil.rmtree(build, ignore_errors=True)
