"""What a build is made from, by what can be told without reading it: so that nothing is done when nothing changed.

No Flask or Pelican here: to find that out must take less time than to import them.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path

from selfservice import clock
from selfservice.config import PACKAGE, Config, site_folder
from selfservice.site_config import SITE

Stamp = tuple[int, int, int]  # a file's size, time of change (ns) and inode
IGNORED = ("__pycache__",)
INPUTS = "inputs.json"  # in a build: what it was made from


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
    return found.st_size, found.st_mtime_ns, found.st_ino


def program_key(config: Config) -> str:
    """The program with its templates, texts and parts, and the settings that pages show."""
    folders = (PACKAGE, config.root / "site", config.root / "translations", site_folder(os.environ) / "translations")
    stamps = [(name, *found[:2]) for folder in folders for name, found in scan(folder).items()]
    try:
        parts = Path(sysconfig.get_path("purelib")).stat().st_mtime_ns  # changes with each package that is installed
    except OSError:
        parts = 0
    return digest(stamps, sys.version, parts, config.root, config.base_url, config.demo, config.preview)


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


def inputs_key(config: Config, content: dict[str, Stamp], *, compress: bool) -> str:
    """All that a build is made from, today."""
    today = clock.now().astimezone(SITE.time_zone).date()
    return digest(program_key(config), list(content.items()), today, compress, config.content)


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
