"""What a start brings into memory: a worker and the command line take only what they need."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

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
    code = "from selfservice import create_app, config; create_app(config.load())"
    found = modules_after(code, tmp_path)
    assert (set(), True) == (found & HEAVY, "flask" in found)
