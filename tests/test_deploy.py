"""What stands in deploy/: units that systemd takes as they are, and commands that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from selfservice.commands import cli
from selfservice.config import ROOT

PROGRAM = "/opt/loket/current/bin/loket"
UNITS = sorted(path for path in (ROOT / "deploy").iterdir() if path.suffix in (".service", ".timer"))


def test_units() -> None:
    """Server, worker, backup and its timer have a unit each."""
    names = ["loket-backup.service", "loket-backup.timer", "loket-worker.service", "loket.service"]
    assert names == [unit.name for unit in UNITS]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_takes_them(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about them, once the program stands where they look for it."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


def test_commands() -> None:
    """Each unit runs a command of ours with options that it has."""
    for unit in UNITS:
        for name, words in re.findall(
            rf"^Exec\w+=.*?{PROGRAM} --env-file /etc/loket/loket.env ([a-z]+)(.*)$",
            unit.read_text("utf-8"),
            re.MULTILINE,
        ):
            known = {
                one for parameter in cli.commands[name].params for one in (*parameter.opts, *parameter.secondary_opts)
            }
            assert set(re.findall(r"--[a-z-]+", words)) <= known, unit.name
