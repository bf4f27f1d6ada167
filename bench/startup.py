"""Starting: time of the processor and memory of a worker that has just started, and of `loket --help`, beside bare
Flask.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.build import demo_settings
from bench.timing import ratio, table
from selfservice.config import ROOT

ROUNDS, QUICK_ROUNDS = 21, 7
NOTE = """
## Starting

A worker as it starts, up to its first request, and after a request for each of four pages that many ask for, beside an
app of one route on bare Flask: processor time of the whole process, and the most memory it held. Byte code is kept.
"""
# A process says itself at its end how much memory it held: what the system tells the parent counts the parent's too.
PROBE = """
import atexit, sys, time
def _say():
    held = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(time.process_time(), held, file=sys.stderr)
atexit.register(_say)
"""
BARE = """
from flask import Flask
app = Flask("bare")
app.add_url_rule("/", "hello", lambda: "hello")
"""
OURS = """
from selfservice import config
from selfservice.app import create_app
app = create_app(config.load())
"""
FIRST_REQUEST = """
client = app.test_client()
for name in ("replacement-password", "sign-in", "access-code", "which-situation"):
    assert client.get(f"/nl/self-service/{name}", base_url=app.config["BASE_URL"]).status_code == 200
"""
HELP = """
import sys
sys.argv = ["loket", "--help"]
from selfservice.commands import main
main()
"""


def run(*, quick: bool, progress: Callable[[str], None]) -> str:
    """Measure, and return the table with its note."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**demo_settings(Path(folder)), "PYTHONDONTWRITEBYTECODE": ""}
        codes = {
            "bare Flask": BARE,
            "Loket": OURS,
            "Loket, after first requests": OURS + FIRST_REQUEST,
            "loket --help": HELP,
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in codes}
        for number in range((QUICK_ROUNDS if quick else ROUNDS) + 1):
            progress(f"round {number}" if number else "warming up")
            for name, code in codes.items():
                cost = _cost(code, settings)
                if number:
                    found[name].append(cost)
    (peer_seconds, peer_mib) = zip(*found["bare Flask"], strict=True)
    lines = []
    for name, costs in found.items():
        seconds, mib = zip(*costs, strict=True)
        lines.append(
            [
                name,
                f"{1000 * median(seconds):.0f}",
                f"{median(mib):.1f}",
                f"{ratio(seconds, peer_seconds):.2f}",
                f"{ratio(mib, peer_mib):.2f}",
            ]
        )
    return NOTE + "\n" + table(["", "processor ms", "MiB", "processor / bare", "memory / bare"], lines) + "\n"


def _cost(code: str, settings: dict[str, str]) -> tuple[float, float]:
    """Seconds of the processor, and MiB at most, of a fresh interpreter that runs the code."""
    command = [sys.executable, "-c", PROBE + code]
    environment = {**os.environ, **settings}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    seconds, kib = ended.stderr.splitlines()[-1].split()
    return float(seconds), int(kib) / 1024
