"""The copy of the content that a build holds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from selfservice.builds import CONTENT

Stamps = set[tuple[str, int, int]]  # path, size, and when it was saved, of each file


def content_files(content: Path) -> Stamps:
    """The files of a content folder, but for those that editing programs and version control hide."""
    found = set()
    for folder, folders, names in os.walk(content, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith("."):
                path = Path(folder, name)
                stat = path.stat()
                found.add((path.relative_to(content).as_posix(), stat.st_size, stat.st_mtime_ns))
    return found


def copy_content(content: Path, target: Path, former: Path | None) -> Stamps:
    """Copy them; what the former build has as it is, is linked. Returns what was copied."""
    found = content_files(content)
    for name, size, _ in sorted(found):
        source, copy = content / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        kept = former / CONTENT / name if former else None
        if kept and kept.is_file() and kept.stat().st_size == size and kept.read_bytes() == source.read_bytes():
            os.link(kept, copy)
        else:
            shutil.copyfile(source, copy)
    return found
