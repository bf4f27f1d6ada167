"""What a build is made from, by what can be told without reading it: so that nothing is done when nothing changed.

No Flask or Pelican here: to find that out must take less time than to import them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
import sysconfig
import time
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from hashlib import blake2b
from pathlib import Path

from selfservice import clock
from selfservice.builds import NOTES, Builds, notes_of
from selfservice.config import PACKAGE, Config, site_folder
from selfservice.site_config import SITE

# A file's size, time of change (ns), inode, and the time at which anything about it changed (ns): it can be given back
# the time it had, but not this one.
Stamp = tuple[int, int, int, int]
IGNORED = ("__pycache__",)
INPUTS = "inputs.json"  # in a build: what it was made from
STAMPS = "stamps.json"  # and the files of the content folder, as they were then
# A file may be saved twice within one tick of its clock: so soon after a change its time says nothing.
TICK = 100_000_000  # ns
_STARTED = time.time_ns()


def digest(*values: object) -> str:
    """A short name for these values, the same in every process."""
    return blake2b("\x1f".join(map(str, values)).encode(), digest_size=12).hexdigest()


def digest_bytes(content: bytes) -> str:
    """A short name for what is in a file."""
    return blake2b(content, digest_size=12).hexdigest()


def scan(folder: Path) -> dict[str, Stamp]:
    """The files in a folder and those below it, by their place in it, without those that begin with a dot."""
    return dict(sorted(_scan(str(folder), "")))


def _scan(folder: str, prefix: str) -> Iterator[tuple[str, Stamp]]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in IGNORED:
            continue
        if entry.is_dir():
            yield from _scan(entry.path, f"{prefix}{entry.name}/")
        else:
            try:
                yield prefix + entry.name, stamp(entry.stat())
            except FileNotFoundError:  # a link that leads nowhere, or just removed
                continue


def stamp(found: os.stat_result) -> Stamp:
    """What tells a file from what it was."""
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def content_stamps(build: Path) -> dict[str, Stamp]:
    """The files of the content folder as they were when the build was made; nothing when it does not say."""
    try:
        return {name: tuple(each) for name, each in json.loads((build / STAMPS).read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def program_key(config: Config) -> str:
    """The program with its templates, texts and parts, and the settings that pages show."""
    stamps = [(name, *found[:2]) for folder in _program_folders(config) for name, found in scan(folder).items()]
    try:
        parts = Path(sysconfig.get_path("purelib")).stat().st_mtime_ns  # changes with each package that is installed
    except OSError:
        parts = 0
    pelican = bytes_of(config.root / "pelicanconf.py")
    return digest(stamps, sys.version, parts, pelican, config.root, config.base_url, config.demo, config.preview)


def _program_folders(config: Config) -> tuple[Path, ...]:
    return PACKAGE, config.root / "site", config.root / "translations", site_folder(os.environ) / "translations"


def settings_key(config: Config) -> str:
    """What any page may depend on: the program, and site.toml and rights.toml as they are."""
    texts = [bytes_of(config.content / name) for name in ("site.toml", "rights.toml")]
    return digest(program_key(config), *texts)


def bytes_of(path: Path) -> bytes:
    """What is in a file, nothing when it is not there."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


@dataclass(frozen=True)
class Inputs:
    """What a build was made from (`key`), how its files are known to be as they were made (`files`), of how many pages
    it is, and what could be better in them; None when nobody looked for that.
    """

    key: str
    files: str
    pages: int
    warnings: list[str] | None

    def write(self, build: Path) -> None:
        """Write it into the build, in one move: it may be the one that is served."""
        fresh = build / f"{INPUTS}.new"
        fresh.write_text(json.dumps(astuple(self)), "utf-8")
        fresh.replace(build / INPUTS)


def inputs_key(config: Config, content: dict[str, Stamp], scanned_at: int, day: dt.date, *, compress: bool) -> str:
    """All that a build of this day is made from, with the content as it was scanned at this moment (ns). Empty when the
    program changed since this process was started, or something was saved just before that moment: what was saved after
    it need not show.
    """
    program = [found for folder in _program_folders(config) for found in scan(folder).values()]
    for stamps, moment in ((program, _STARTED), (content.values(), scanned_at)):
        if any(found[1] > moment - TICK for found in stamps):
            return ""
    return _key(config, content, day, compress=compress)


def _key(config: Config, content: dict[str, Stamp], day: dt.date, *, compress: bool) -> str:
    return digest(program_key(config), list(content.items()), day, compress, config.content)


def files_key(build: Path) -> str:
    """All files of a build, but for what is known of it: as they are on the disk, unless they were changed."""
    found = blake2b(digest_size=12)
    folders = [str(build)]
    while folders:
        folder = folders.pop()
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=_name):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                    found.update(f"{entry.name}/".encode(errors="surrogateescape"))
                elif not (entry.name in (NOTES, INPUTS, f"{INPUTS}.new") and folder == str(build)):
                    stat = entry.stat()
                    line = f"{entry.name}/{stat.st_size}/{stat.st_mtime_ns}/{stat.st_ino}\0"
                    found.update(line.encode(errors="surrogateescape"))
        found.update(b"//")
    return found.hexdigest()


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def inputs_of(build: Path) -> Inputs | None:
    """What a build was made from; None when it does not say."""
    try:
        return Inputs(*json.loads((build / INPUTS).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def is_as_made(build: Path) -> bool:
    """Whether the files of a build are as they were when it was made, as far as is known."""
    known = inputs_of(build)
    return known is None or known.files == files_key(build)


def unchanged(config: Config, *, compress: bool) -> tuple[Path, Inputs] | None:
    """The build that is served, when another one would be no different. None when that is not known."""
    builds, now = Builds(config.output), clock.now()
    build = builds.current()
    if build is None or builds.holding(config.content) not in (None, build):
        return None
    known, change = inputs_of(build), notes_of(build).next_change
    if known is None or (change and now >= dt.datetime.fromisoformat(change)):
        return None
    day = now.astimezone(SITE.time_zone).date()
    try:
        is_same = known.key == _key(config, scan(config.content), day, compress=compress)
        return (build, known) if is_same and known.files == files_key(build) else None
    except OSError:  # it has just been removed
        return None


def unharmed(folder: Path, files: Iterable[tuple[str, int, int]]) -> bool:
    """Whether these files (path, size, time of change) are in the folder as they were written."""
    for path, size, changed in files:
        try:
            found = os.stat(f"{folder}/{path}")  # noqa: PTH116 (thousands of them)
        except OSError:
            return False
        if (found.st_size, found.st_mtime_ns) != (size, changed):
            return False
    return True
