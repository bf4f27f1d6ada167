"""The copy of the content that a build holds."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from selfservice.builds import CONTENT
from selfservice.publish.inputs import Stamp, content_stamps, scan
from selfservice.publish.writing.outputs import FILE_MODE, make_folder


def copy_content(content: Path, stamps: dict[str, Stamp], build: Path, former: Path | None) -> set[str]:
    """Copy these files into the build; those that did not change are the former build's. Returns which did, and which
    are gone.

    Never a link to the content itself: an editor's program may write into the file that is there.
    """
    copies, known = (scan(former / CONTENT), content_stamps(former)) if former else ({}, {})
    target = build / CONTENT
    changed = set(copies.keys() - stamps.keys())
    folders: set[str] = set()
    make_folder(str(target))
    for name, now in stamps.items():
        copy, folder = f"{target}/{name}", f"{target}/{name}".rpartition("/")[0]
        if folder not in folders:
            make_folder(folder)
            folders.add(folder)
        if name in copies and copies[name][:2] == now[:2]:
            # Another text of the same length may have been given the same time.
            there = f"{former}/{CONTENT}/{name}"
            if known.get(name) == now or Path(there).read_bytes() == (content / name).read_bytes():
                with suppress(OSError):  # not every file system has links
                    os.link(there, copy)
                    continue
        changed.add(name)
        shutil.copyfile(content / name, copy)
        os.utime(copy, ns=(now[1], now[1]))
        os.chmod(copy, FILE_MODE)  # noqa: PTH101
    return changed


def first_difference(one: dict[str, Stamp], other: dict[str, Stamp]) -> str | None:
    """The first file that is in one only, or is not the same in both."""
    # Links to what a build holds change what its last stamp says, and nothing in it.
    changed = (name for name in one.keys() | other.keys() if one.get(name, ())[:3] != other.get(name, ())[:3])
    return min(changed, default=None)
