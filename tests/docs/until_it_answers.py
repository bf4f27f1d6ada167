"""Run a command that serves a site until it answers, and end it: `python until_it_answers.py COMMAND …`.

It serves at PORT. Ends with status 0 when it answered and then ended by itself when it was told to.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request

START_SECONDS = 120
STOP_SECONDS = 30


def main() -> int:
    """Start, ask, and stop."""
    address = f"http://127.0.0.1:{os.environ['PORT']}/live"
    # A group of its own, as on a terminal: Ctrl-C reaches make and what it started.
    with subprocess.Popen(sys.argv[1:], start_new_session=True) as process:
        try:
            answered = _answers(address, process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
    return 0 if answered else 1


def _answers(address: str, process: subprocess.Popen[bytes]) -> bool:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return True
        except OSError:
            time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
