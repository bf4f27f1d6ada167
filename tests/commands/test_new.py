"""`loket new form`: what it makes works as it stands, in a copy of the source."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice.config import ROOT

TITLES = ["--title", "en", "Opening hours", "--title", "nl", "Openingstijden"]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The source, as somebody has it who begins a form."""
    target = tmp_path / "clone"
    kept_out = shutil.ignore_patterns(".*", "__pycache__", "output", "var", "build", "*.egg-info")
    shutil.copytree(ROOT, target, ignore=kept_out)
    return target


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python there, on the source there."""
    environ = {**os.environ, "PYTHONPATH": str(folder), "LOKET_DEMO": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def new(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`loket new form` there."""
    return run(folder, "-c", "from selfservice.commands import main; main()", "new", "form", *arguments)


@pytest.mark.slow
def test_a_new_form_works(clone: Path) -> None:
    """Style, texts in both languages, its own test and the contract of every form hold for what was made."""
    made = new(clone, "opening-hours", *TITLES)
    assert (0, True) == (made.returncode, "not translated" not in made.stdout), made.stdout + made.stderr
    files = ["selfservice/fragments/opening_hours", "tests/fragments/test_opening_hours.py"]
    style = [run(clone, "-m", "ruff", *rule, *files) for rule in (["check"], ["format", "--check"])]
    assert [0, 0] == [each.returncode for each in style], [each.stdout for each in style]
    tests = [
        "tests/fragments/test_opening_hours.py",
        "tests/test_contract.py",
        "tests/test_matrix.py",
        "tests/test_stale_pages.py",
    ]
    wanted = "opening or routes or names or declared or tried"
    tested = run(clone, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *tests, "-k", wanted)
    assert 0 == tested.returncode, tested.stdout
    catalog = (clone / "translations" / "nl" / "LC_MESSAGES" / "messages.po").read_text("utf-8")
    assert 'msgstr "Openingstijden"' in catalog


def test_refused(clone: Path) -> None:
    """What cannot be made is one line, and nothing is written."""
    before = sorted(clone.rglob("*"))
    for arguments, said in {
        ("Opening",): "small letters and dashes",
        ("../x",): "small letters and dashes",
        ("my", *TITLES): "is there already",
        ("opening-hours",): "say what it is called: --title en TEXT",
    }.items():
        answer = new(clone, *arguments)
        assert (1, True, 1) == (answer.returncode, said in answer.stderr, answer.stderr.count("\n")), answer.stderr
    assert before == [path for path in sorted(clone.rglob("*")) if "__pycache__" not in path.parts]
