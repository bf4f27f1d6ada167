"""The folder of builds. Each build is a folder that holds all that was published, and `current` is a link to the one
that is served: it moves by one rename. A build stays as it was made.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CURRENT = "current"
# What a build holds.
SITE = "site"  # the files that are served
CONTENT = "content"  # what they were made from: pages, facts, rights, site.toml
SEARCH = "search"  # the search index, a file a language
NOTES = "build.json"
PAGES = "pages.json"  # what the pages say of themselves
KEPT = 5  # builds, the current one among them
_UNFINISHED = ".new-"


@dataclass(frozen=True)
class Notes:
    """What is known of a build beside what it holds."""

    moment: str = ""  # when it was made
    program: str = ""  # the version of Loket that made it
    day: str = ""  # whose facts and pages it has
    # The build to go back to, by name: what was served before this was published. "" when there is none.
    before: str = ""
    went_back: bool = False  # whether it was put here by going back to it
    next_change: str = ""  # the moment at which it becomes untrue by itself; "" when there is none
    # Files that pages of builds before it, open somewhere, still ask for: since when no page does any more, by path.
    former: Mapping[str, str] = field(default_factory=dict)


def notes_of(build: Path) -> Notes:
    """What is known of a build; nothing when it says nothing that can be read."""
    try:
        given: dict[str, Any] = json.loads((build / NOTES).read_text("utf-8"))
        notes = Notes(**{name: given[name] for name in Notes.__dataclass_fields__ if name in given})
        for moment in filter(None, (notes.moment, notes.day, notes.next_change, *notes.former.values())):
            dt.datetime.fromisoformat(moment)
    except (OSError, ValueError, TypeError, AttributeError):
        return Notes()
    is_text = all(isinstance(each, str) for each in (notes.program, notes.before))
    return notes if is_text else Notes()


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

    def named(self, name: str) -> Path | None:
        """The build of this name, None when there is none any more."""
        found = self.folder / name
        return found if name and found.is_dir() else None

    def holding(self, content: Path) -> Path | None:
        """The build that this folder is the content of, None when it is what editors work on."""
        build = content.resolve().parent
        return self.folder / build.name if build.parent == self.folder.resolve() else None

    @contextmanager
    def lock(self, waiting: Callable[[], object] = lambda: None) -> Iterator[None]:
        """Hold the folder for whoever builds or switches: one at a time, who comes second waits and is told so. What an
        earlier one left, which was killed, is removed.
        """
        if not self.folder.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o755)  # the front reads it as an account of its own (its units' UMask)
        held = os.open(self.folder, os.O_RDONLY)
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(held, fcntl.LOCK_EX)
            for left in self.folder.glob(f"{_UNFINISHED}*"):
                shutil.rmtree(left, ignore_errors=True)
            yield
        finally:
            os.close(held)

    def start(self) -> Path:
        """A new folder to build in, which is none of the builds until `finish`. All that follows asks for the lock."""
        return Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.folder))

    def finish(self, unfinished: Path, now: dt.datetime, notes: Notes | None = None) -> Path:
        """Make it a build, whose name says when that was (UTC)."""
        text = json.dumps(asdict(notes or Notes()), indent=1, sort_keys=True)
        (unfinished / NOTES).write_text(text + "\n", "utf-8")
        # The front reads it as an account of its own, whatever else of Loket's may be read (its units' UMask).
        # What is in these folders was made so.
        others = [each for each in unfinished.iterdir() if each.name not in (SITE, CONTENT)]
        for path in (unfinished, *others, *(inside for each in others for inside in each.rglob("*"))):
            path.chmod(0o755 if path.is_dir() else 0o644)
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
        """Remove all but the last builds, and those that can be gone back to, one after the other."""
        kept, build = self.all()[-KEPT:], self.current()
        for _ in range(KEPT):
            if build is not None:
                kept.append(build)
                build = self.named(notes_of(build).before)
        for build in self.all():
            if build not in kept and not _is_held(build):
                shutil.rmtree(build, ignore_errors=True)


class Hold:
    """Keeps a build from being removed for as long as this lives, such as for a process that cannot go on to a newer
    one. Raises OSError when it is not there.
    """

    def __init__(self, build: Path) -> None:
        self._number = os.open(build / NOTES, os.O_RDONLY)
        fcntl.flock(self._number, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __del__(self) -> None:
        with suppress(AttributeError, OSError):
            os.close(self._number)


def _is_held(build: Path) -> bool:
    try:
        with (build / NOTES).open("rb") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # it says nothing of itself
        return False
    return False
