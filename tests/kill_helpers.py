"""A command that is killed half-way, for tests of what can be run again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from selfservice.config import ROOT


def kill_and_repeat(
    folder: Path, arguments: list[str], count: Callable[[], int], after: int, **settings: str
) -> tuple[int, str]:
    """Run `loket` as a demonstration that keeps all in the folder, kill it without warning as soon as `count` is
    `after`, and run it again. What the count was in between, and the second run's standard error.
    """
    command = [sys.executable, "-m", "selfservice", *arguments]
    given = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
    own = {"LOKET_DEMO": "1", "LOKET_VAR": str(folder), "PYTHONPATH": str(ROOT)}
    environment = {**given, **own, **settings}
    running = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline and count() < after:
        time.sleep(0.001)
    running.send_signal(signal.SIGKILL)
    running.wait()
    half = count()
    again = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    return half, again.stderr
