"""What a start brings into memory: a worker and the command line take only what they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice import commands
from selfservice.config import ROOT

# Only the build, a migration, an import or export, or a single field of a form needs these.
HEAVY = {
    *("pelican", "pyromark", "brotli", "typst", "granian", "sqlite_utils", "xlsxwriter", "prometheus_client"),
    *("holidays", "dateutil", "phonenumbers", "email_validator", "smtplib", "statistics", "pluggy"),
}


def modules_after(code: str, folder: Path) -> set[str]:
    """The packages that a fresh interpreter has after running the code."""
    environment = {**os.environ, "LOKET_DEMO": "1", "LOKET_VAR": str(folder)}
    code += "\nimport json, sys; print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", code]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_app_starts_light(tmp_path: Path) -> None:
    """Making the app imports nothing that most requests do without."""
    code = "from selfservice import config; from selfservice.app import create_app; create_app(config.load())"
    found = modules_after(code, tmp_path)
    assert (set(), True) == (found & HEAVY, "flask" in found)


def test_help_imports_no_command(tmp_path: Path) -> None:
    """`loket --help` shows what there is without importing it, or the app."""
    code = "from selfservice import commands\ntry: commands.main()\nexcept SystemExit: pass"
    found = modules_after(f"import sys; sys.argv = ['loket', '--help']\n{code}", tmp_path)
    assert set() == found & (HEAVY | {"flask", "jinja2", "babel"})


@pytest.mark.parametrize("name", sorted(commands.HELP))
def test_help_says_what_each_command_says(name: str) -> None:
    """The list shows a command's own words, and leaves out the hidden ones."""
    command = commands.cli.commands[name]
    words = " ".join((command.help or "").split())
    assert (True, command.hidden) == (words.startswith(commands.HELP[name]), not commands.HELP[name])


def test_every_command_is_listed() -> None:
    """A module that holds a command can be called by its name."""
    folder = ROOT / "selfservice" / "commands"
    holding = {file.stem for file in folder.glob("*.py") if "\ndef command(" in file.read_text("utf-8")}
    assert holding == set(commands.HELP)
