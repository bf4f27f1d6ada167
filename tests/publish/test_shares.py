"""Work shared with copies of this process: all of it is done, and a copy that ends is told."""

from __future__ import annotations

import os
import signal
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.publish import shares
from selfservice.publish.shares import FROM, processes, shared
from selfservice.publish.writing.outputs import make_folder
from tests.publish.test_incremental import clean

ITEMS = list(range(10))


def test_all_is_done() -> None:
    """Each item once, here or there."""
    here: list[int] = []

    def work(share: Iterator[int]) -> tuple[int, list[int]]:
        here.extend(share)
        return os.getpid(), here

    there = shared(ITEMS, work, 3)
    assert sorted([*here, *(item for _, items in there for item in items)]) == ITEMS
    assert len({os.getpid(), *(pid for pid, _ in there)}) == 3


def test_one_error() -> None:
    """What went wrong in a copy is raised here."""

    def work(share: Iterator[int]) -> None:
        if 1 in share:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        shared(ITEMS, work, 2)


def test_a_folder_that_another_copy_makes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, and that is all that was wanted."""
    mkdir = os.mkdir

    def slower(path: str | Path, mode: int) -> None:
        if not Path(path).parent.exists():
            mkdir(Path(path).parent, mode)
            mkdir(path, mode)
            raise FileNotFoundError(path)
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", slower)
    make_folder(f"{tmp_path}/en/page")
    assert (tmp_path / "en" / "page").is_dir()


def none_is_left(pids: int) -> None:
    """Each of the copies that wrote their number there has ended, and was waited for."""
    copies = struct.unpack("i" * (len(found := os.read(pids, 1024)) // 4), found)
    assert copies
    for copy in copies:
        with pytest.raises(ChildProcessError):
            os.waitpid(copy, os.WNOHANG)


def test_a_copy_is_killed() -> None:
    """One line says so, and none is left."""
    own, pids = os.getpid(), os.pipe()

    def work(share: Iterator[int]) -> None:
        if os.getpid() != own:
            os.write(pids[1], struct.pack("i", os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(ChildProcessError, match=r"ended with -9 .* the site is as it was: build again$"):
        shared(ITEMS, work, 3)
    none_is_left(pids[0])


def test_interrupted() -> None:
    """At Ctrl-C the copies end too, whatever they do."""
    own, pids, begun = os.getpid(), os.pipe(), os.pipe()

    def work(share: Iterator[int]) -> None:
        if os.getpid() == own:
            os.read(begun[0], 1)
            os.kill(own, signal.SIGINT)
        else:
            os.write(pids[1], struct.pack("i", os.getpid()))
            os.write(begun[1], b".")
            signal.pause()

    # Begun in the background this process ignores it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            shared(ITEMS, work, 2)
    finally:
        signal.signal(signal.SIGINT, before)
    none_is_left(pids[0])


def test_alone() -> None:
    """No copies for few items, nor of a process with several threads."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert processes(FROM) == 1
    finally:
        done.set()
        thread.join()
    assert processes(FROM - 1) == 1


def test_the_same_site(copied: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site that several processes made is the one that a single process makes, byte for byte."""
    alone = clean(copied, tmp_path / "alone")
    monkeypatch.setattr(shares, "processes", lambda count: min(count, 3))
    assert clean(copied, tmp_path / "shared") == alone
