"""Keeping a process running beside the web server: one that ends is started again, after a wait that grows."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable

from selfservice.logs import LOGGER

FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 60.0
STOP_SECONDS = 10.0


class Supervisor:
    """Keeps running what `start` starts, until `stop`. When it ends by itself, or is killed, a line in the log says so.

    The wait before it is started again doubles from one second to a minute, and begins anew once it ran for a minute.
    """

    def __init__(self, name: str, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._name, self._start = name, start
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=f"supervisor of {name}", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self) -> None:
        """End it, however far it is, and start it no more: asked first, killed after ten seconds."""
        self._stopping.set()
        # One that is being started just now is there once the lock is free.
        with self._starting:
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._thread.join()

    def _run(self) -> None:
        wait = FIRST_WAIT_SECONDS
        while True:
            with self._starting:
                if self._stopping.is_set():
                    return
                self._process = process = self._start()
            started = time.monotonic()
            status = process.wait()
            # Ctrl-C reaches all of us: what ended for that reason is no news.
            if self._stopping.wait(FIRST_WAIT_SECONDS):
                return
            if time.monotonic() - started >= LONGEST_WAIT_SECONDS:
                wait = FIRST_WAIT_SECONDS
            fields = {"process": self._name, "status": status, "again_after_seconds": wait}
            LOGGER.error("ended", extra={"fields": fields})
            if self._stopping.wait(wait):
                return
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)
