"""Work on many pages, shared with copies of this process, so that all processors have a part of it."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

FROM = 400  # pages; for fewer the copies cost more than they save
MOST = 4
T = TypeVar("T")
R = TypeVar("R")


def shared(items: Sequence[T], work: Callable[[Iterator[T]], R], most: int | None = None) -> list[R]:
    """Do the work on all items, here and in copies of this process; returns what it gave in the copies, which must bear
    pickling. What it changes in memory there is lost.

    Raises what the work raised, ChildProcessError when a copy was killed. No copy outlives this call.
    """
    count = processes(len(items)) if most is None else most
    children: list[tuple[int, int]] = []
    try:
        children += [_start(items[number::count], work) for number in range(1, count)]
        work(iter(items[::count]))
        return [_result(children) for _ in range(1, count)]
    finally:
        for pid, end in children:
            os.close(end)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def processes(count: int) -> int:
    """How many processes to use for so many items. A copy of a process has only one of its threads, whatever the others
    were about to do: of one that has several no copy is made.
    """
    if count < FROM or sys.platform != "linux" or len(os.listdir("/proc/self/task")) > 1:  # noqa: PTH208
        return 1
    return min(len(os.sched_getaffinity(0)), MOST)


def _start(items: Sequence[T], work: Callable[[Iterator[T]], R]) -> tuple[int, int]:
    """Begin a copy; returns its number, and where to read what it has to say."""
    ours, theirs = os.pipe()
    parent = os.getpid()
    if pid := os.fork():
        os.close(theirs)
        return pid, ours
    try:
        # It is ended by the one who waits for it, who says why.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(ours)
        try:
            outcome: tuple[Any, Exception | None] = work(_while_wanted(items, parent)), None
            said = pickle.dumps(outcome, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # noqa: BLE001 (it is raised in the process that waits)
            error.add_note("".join(traceback.format_exception(error)))
            said = pickle.dumps((None, error))
        with os.fdopen(theirs, "wb") as file:
            file.write(said)
    finally:
        # Nothing that the other process has open is ours to close.
        os._exit(0)


def _while_wanted(items: Sequence[T], parent: int) -> Iterator[T]:
    for item in items:
        if os.getppid() != parent:
            os._exit(1)
        yield item


def _result(children: list[tuple[int, int]]) -> Any:
    """What the first of the copies has to say, when it is done."""
    pid, end = children[0]
    with os.fdopen(end, "rb", closefd=False) as file:
        said = file.read()
    children.pop(0)
    os.close(end)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if not said or status:
        raise ChildProcessError(
            f"a process that worked on a part of the pages ended with {status} (-9 is often want of memory); "
            "the site is as it was: build again"
        )
    result, error = pickle.loads(said)  # noqa: S301 (it comes from a copy of this process)
    if error:
        raise error
    return result
