"""Processes that a build starts end with it, and do not hear Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from selfservice.config import ROOT
from selfservice.publish.children import end_with_parent, without_interrupts
from tests.live_server import wait_until

PARENT = """
from multiprocessing import get_context
from tests.publish.test_children import wait_for_end
if __name__ == "__main__":
    child = get_context("spawn").Process(target=wait_for_end, daemon=True)
    child.start()
    print(child.pid, flush=True)
    child.join()
"""


def send_blocked(outcome: Connection) -> None:
    """Send which signals this process does not hear."""
    outcome.send(signal.pthread_sigmask(signal.SIG_BLOCK, ()))


def wait_for_end() -> None:
    """Wait longer than any test."""
    end_with_parent()
    time.sleep(600)


def test_child_does_not_hear_interrupts_and_its_parent_does() -> None:
    """From its first moment, when nothing of ours runs in it."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    process = spawn.Process(target=send_blocked, args=(theirs,))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with without_interrupts():
        process.start()
    assert (signal.SIGINT in ours.recv(), before) == (True, signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    process.join()


def test_child_ends_with_its_parent_that_was_killed(tmp_path: Path) -> None:
    """It could not end it then."""
    script = tmp_path / "parent.py"
    script.write_text(PARENT, "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, str(script)], env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        parent.kill()
    wait_until(lambda: not _runs(child))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[:1]
    except (ProcessLookupError, FileNotFoundError):
        return False
