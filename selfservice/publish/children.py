"""Processes that a build starts: they end when it ends, however it does, and say nothing of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker
from threading import Thread


@contextmanager
def without_interrupts() -> Iterator[None]:
    """What is started inside this does not hear Ctrl-C, which reaches all processes of a terminal: its parent does, and
    ends it.
    """
    # Multiprocessing starts this one first otherwise, and lets interrupts through again when it has.
    resource_tracker.ensure_running()
    # Blocked, not ignored: one that comes meanwhile reaches us afterwards.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_with_parent() -> None:
    """Called in a child of multiprocessing: end it at once when its parent has gone, which may have been killed."""
    if parent := parent_process():
        Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(wait: Callable[[], object]) -> None:
    wait()
    os._exit(1)
