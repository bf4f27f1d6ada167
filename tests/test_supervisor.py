"""What runs beside the web server: started again when it ends, said so, seen by /health, and never left behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from selfservice import clock, supervisor
from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.heartbeats import INTERVAL_SECONDS, STALE_SECONDS, WORKER
from selfservice.supervisor import Supervisor
from tests.live_server import processes, running, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("real_clock")]


def health(base: str) -> dict[str, Any]:
    """What /health says."""
    try:
        with urllib.request.urlopen(f"{base}/health", timeout=10) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        text = error.read()
    found: dict[str, Any] = json.loads(text)
    return found


def started(command: list[str]) -> Callable[[], subprocess.Popen[bytes]]:
    """What starts it."""
    return lambda: subprocess.Popen(command)


def is_running(process: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text("utf-8")
    except OSError:
        return False


def is_another(folder: Path, before: int) -> bool:
    """Whether a worker with another process id runs."""
    return [before] != processes(folder, "worker") != []


def test_worker_is_started_again(tmp_path: Path) -> None:
    """A worker killed without warning is there again soon, the log says so, and stopping leaves nobody behind."""
    with running(tmp_path, None) as base:
        for _ in range(2):
            killed = wait_until(lambda: processes(tmp_path, "worker"))
            os.kill(killed[0], signal.SIGKILL)
            wait_until(partial(is_another, tmp_path, killed[0]))
        wait_until(lambda: health(base)["ok"])
        (last,) = processes(tmp_path, "worker")
        # Stopped while it waits to start the next one, or just does so.
        os.kill(last, signal.SIGKILL)
    lines = [
        json.loads(line) for line in (tmp_path / "var" / "serve.log").read_text("utf-8").splitlines() if line[:1] == "{"
    ]
    told = [(line["process"], line["status"]) for line in lines if line["what"] == "ended"]
    assert [("worker", -9)] * 2 == told[:2]
    assert ([], []) == (processes(tmp_path, "worker"), processes(tmp_path, "serve"))


def test_worker_that_hangs(tmp_path: Path) -> None:
    """A worker whose loop no longer turns, though its process is there, is noticed, also when no mail waits: it goes
    unheard for longer than there is between two signs of life. Then it is heard again.
    """
    with running(tmp_path, None) as base:
        found = wait_until(lambda: processes(tmp_path, "worker"))
        wait_until(lambda: health(base)["ok"])
        db = Database(tmp_path / "var" / "loket.db")
        with db.write() as conn:
            # Not while it writes itself: it would keep the lock.
            os.kill(found[0], signal.SIGSTOP)
            # So long ago that it would be heard again before that is too long, did its loop turn.
            heard = clock.now() - timedelta(seconds=STALE_SECONDS - INTERVAL_SECONDS - 1)
            conn.execute("UPDATE heartbeats SET at = ? WHERE name = ?", (clock.to_text(heard), WORKER))
        db.close()
        wait_until(lambda: "worker" in health(base)["wrong"])
        seen = health(base)["worker"]["seen_seconds_ago"]
        os.kill(found[0], signal.SIGCONT)
        wait_until(lambda: health(base)["ok"])
    assert STALE_SECONDS <= seen < STALE_SECONDS + INTERVAL_SECONDS


def test_worker_apart(tmp_path: Path) -> None:
    """Without its own worker the server is not well until `loket worker` runs beside it."""
    with running(tmp_path, None, "--no-worker") as base:
        assert (["worker"], []) == (health(base)["wrong"], processes(tmp_path, "worker"))
        own = {"LOKET_DEMO": "1", "LOKET_VAR": str(tmp_path / "var")}
        others = {name: value for name, value in os.environ.items() if not name.startswith("LOKET_")}
        command = [sys.executable, "-m", "selfservice", "worker"]
        with subprocess.Popen(command, cwd=ROOT, env=others | own) as worker:
            wait_until(lambda: health(base)["ok"])
            worker.terminate()


def test_growing_waits(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """What ends at once is started less and less often."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_SECONDS", 0.25)
    # What ran longer than this begins anew with the first wait: a busy machine may take its time to start one.
    monkeypatch.setattr(supervisor, "LONGEST_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(logging.getLogger("loket"), "propagate", True)
    watched = Supervisor("false", started(["false"]))
    with caplog.at_level(logging.ERROR, "loket"):
        watched.start()
        wait_until(lambda: len(caplog.records) >= 4)
        watched.stop()
    fields = [vars(record)["fields"] for record in caplog.records[:4]]
    assert [0.25, 0.5, 1.0, 1.0] == [each["again_after_seconds"] for each in fields]
    assert {("false", 1)} == {(each["process"], each["status"]) for each in fields}


def test_no_orphan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped at any moment of a start or a new start, nothing it started runs on."""
    monkeypatch.setattr(supervisor, "FIRST_WAIT_SECONDS", 0.001)
    monkeypatch.setattr(supervisor, "LONGEST_WAIT_SECONDS", 0.002)
    log = tmp_path / "started"
    # Half of them end at once and are started again, the others stay.
    command = ["sh", "-c", 'echo $$ >> "$0"; [ $(($$ % 2)) = 0 ] || exec sleep 600', str(log)]
    for number in range(40):
        watched = Supervisor("sleep", started(command))
        watched.start()
        time.sleep(number / 1000)
        watched.stop()
    found = [int(line) for line in log.read_text("utf-8").splitlines()]
    assert ([], True) == ([one for one in found if is_running(one)], len(found) > 1)


def test_one_that_does_not_listen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What does not end when it is asked to is killed."""
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.1)
    ready = tmp_path / "ready"
    code = f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(ready)!r}, 'w').close(); time.sleep(600)"
    watched = Supervisor("deaf", started([sys.executable, "-c", code]))
    watched.start()
    wait_until(ready.exists)
    watched.stop()
    assert watched._process is not None
    assert -signal.SIGKILL == watched._process.returncode
