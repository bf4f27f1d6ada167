"""Starting: time of the processor and memory of a worker that has just started, and of `loket --help`, beside bare
Flask.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.build import demo_settings
from bench.timing import Contestant, interleave, middle, ratio, table
from selfservice.config import ROOT

ROUNDS, QUICK_ROUNDS = 21, 7
NOTE = """
## Starting

A worker as it starts, up to its first request, and after a request for each of four pages that many ask for, beside an
app of one route on bare Flask: processor time of the whole process, and the most memory it held. Byte code is kept.
"""
BARE = """
from flask import Flask
app = Flask("bare")
app.add_url_rule("/", "hello", lambda: "hello")
"""
OURS = """
from selfservice import create_app, config
app = create_app(config.load())
"""
FIRST = """
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


def run(*, quick: bool, tell: Callable[[str], None]) -> str:
    """Measure, and return the table with its note."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {**demo_settings(Path(folder)), "PYTHONDONTWRITEBYTECODE": ""}
        codes = {
            "bare Flask": BARE,
            "Loket": OURS,
            "Loket, after first requests": OURS + FIRST,
            "loket --help": HELP,
        }
        contestants = [Contestant(name, [sys.executable, "-c", code], ROOT, settings) for name, code in codes.items()]
        costs = interleave(contestants, QUICK_ROUNDS if quick else ROUNDS, tell)
    peer = costs["bare Flask"]
    lines = [
        [
            name,
            f"{1000 * middle(each.cpu for each in found):.0f}",
            f"{middle(each.memory for each in found):.1f}",
            f"{ratio([each.cpu for each in found], [each.cpu for each in peer]):.2f}",
            f"{ratio([each.memory for each in found], [each.memory for each in peer]):.2f}",
        ]
        for name, found in costs.items()
    ]
    return NOTE + "\n" + table(["", "processor ms", "MiB", "processor / bare", "memory / bare"], lines) + "\n"
