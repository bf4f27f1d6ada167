"""The files of a site in the making. What is the same as in the former build is taken over from it: the same file,
with the same time of change and its compressed copies.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selfservice.builds import SITE
from selfservice.publish.inputs import digest_bytes, unharmed
from selfservice.publish.writing.compression import COMPRESSORS, is_compressible

FILE = "outputs.json"  # in a build
# A file that is served has the mode of a file that is served, whoever makes it (builds.py).
FILE_MODE, FOLDER_MODE = 0o644, 0o755


@dataclass
class Output:
    """A file as it was written. `key` says what it was made from, besides the values of `facts`, which `values` says;
    `content` says what is in it. Size and time of change by ending: "" is its own, the others are of its copies.
    """

    key: str
    facts: list[str]
    values: str
    content: str
    files: dict[str, list[int]] = field(default_factory=dict)

    def named(self, path: str) -> Iterator[tuple[str, int, int]]:
        """Its files."""
        for ending, (size, changed) in self.files.items():
            yield path + ending, size, changed


def read_outputs(build: Path | None) -> dict[str, Output]:
    """What a build says of its files, by path; nothing when it says nothing that can be read."""
    if build is None:
        return {}
    try:
        read: dict[str, list[Any]] = json.loads((build / FILE).read_bytes())
        return {path: Output(*each) for path, each in read.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


class Outputs:
    """The files of one build, in the folder `build`. Those of the build `former` are taken over where they can be.

    `known` is what the former build says of its own, when that was read already.
    """

    def __init__(
        self,
        build: Path,
        former: Path | None,
        *,
        compress: bool,
        known: dict[str, Output] | None = None,
    ) -> None:
        self.site, self._former_site = build / SITE, former / SITE if former else None
        self._build = build
        self._compress = compress
        self._former = known or read_outputs(former)
        self.made: dict[str, Output] = {}
        self._folders: set[str] = set()
        self._pool = ThreadPoolExecutor(os.cpu_count())
        self._waiting: list[Future[None]] = []
        self.written: set[str] = set()

    def former(self, path: str) -> Output | None:
        """What is known of the file of the former build."""
        return self._former.get(path)

    def keep(self, path: str, key: str, values: str = "") -> bool:
        """Take the file over when it was made from the same, and is still as it was written."""
        former = self._former.get(path)
        if former is None or former.key != key or former.values != values:
            return False
        return self._take_over(path, former, former)

    def write(self, path: str, content: bytes, key: str = "", facts: list[str] | None = None, values: str = "") -> None:
        """Write the file; the same content as in the former build is that build's file."""
        made = Output(key, facts or [], values, digest_bytes(content))
        former = self._former.get(path)
        if former and former.content == made.content and self._take_over(path, former, made):
            return
        self.written.add(path)
        target = f"{self.site}/{path}"
        self._make_folder(path)
        made.files[""] = _write(target, content)
        self.made[path] = made
        self._squeeze(path, content, made)

    def copy(self, path: str, other: str) -> None:
        """Write at another place what was written at this one."""
        made = self.made[path]
        if not self.keep(other, made.content):
            self.write(other, Path(f"{self.site}/{path}").read_bytes(), made.content)

    def paths(self) -> frozenset[str]:
        """The files that were made."""
        return frozenset(self.made)

    def made_since(self, before: frozenset[str]) -> tuple[dict[str, Output], set[str]]:
        """The files beside these, for another process, with their copies; and which are written."""
        for each in self._waiting:
            each.result()
        made = {path: one for path, one in self.made.items() if path not in before}
        return made, self.written & made.keys()

    def take_in(self, made: dict[str, Output], written: set[str]) -> None:
        """Know of files that another process made in the folder."""
        self.made |= made
        self.written |= written

    def finish(self) -> set[str]:
        """All is written, but what waits for its compressed copies. Returns what differs from the former build."""
        for each in self._waiting:
            each.result()
        self._pool.shutdown()
        listed = {path: [o.key, o.facts, o.values, o.content, o.files] for path, o in sorted(self.made.items())}
        _write(str(self._build / FILE), json.dumps(listed, separators=(",", ":")).encode())
        return self.written | (self.made.keys() ^ self._former.keys())

    def close(self) -> None:
        """Leave nothing running."""
        self._pool.shutdown(cancel_futures=True)

    def _take_over(self, path: str, former: Output, made: Output) -> bool:
        endings = [ending for ending in former.files if self._compress or not ending]
        if self._former_site is None or not unharmed(self._former_site, former.named(path)):
            return False
        self._make_folder(path)
        try:
            for ending in endings:
                os.link(f"{self._former_site}/{path}{ending}", f"{self.site}/{path}{ending}")
        except OSError:
            # Not every file system has links.
            for ending in endings:
                Path(f"{self.site}/{path}{ending}").unlink(missing_ok=True)
            return False
        kept = Output(
            made.key, made.facts, made.values, made.content, {ending: former.files[ending] for ending in endings}
        )
        self.made[path] = kept
        if self._compress and len(endings) == 1 and is_compressible(path, former.files[""][0]):
            self._squeeze(path, Path(f"{self.site}/{path}").read_bytes(), kept)
        return True

    def _squeeze(self, path: str, content: bytes, made: Output) -> None:
        if self._compress and is_compressible(path, len(content)):
            # The compressors let other threads run.
            self._waiting += [
                self._pool.submit(self._write_copy, path, ending, content, made) for ending in COMPRESSORS
            ]

    def _write_copy(self, path: str, ending: str, content: bytes, made: Output) -> None:
        made.files[ending] = _write(f"{self.site}/{path}{ending}", COMPRESSORS[ending](path, content))

    def _make_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            make_folder(f"{self.site}/{folder}")
            self._folders.add(folder)


def make_folder(folder: str) -> None:
    """Make a folder that may be served, and those above it. Another process may do the same at this moment."""
    try:
        os.mkdir(folder, FOLDER_MODE)  # noqa: PTH102 (thousands of them)
    except FileExistsError:
        return
    except FileNotFoundError:
        make_folder(folder.rpartition("/")[0])
        make_folder(folder)
    else:
        os.chmod(folder, FOLDER_MODE)  # noqa: PTH101


def _write(path: str, content: bytes) -> list[int]:
    """Write a new file; returns its size and time of change."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fchmod(descriptor, FILE_MODE)
        return [len(content), os.fstat(descriptor).st_mtime_ns]
