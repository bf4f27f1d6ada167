"""What a release says of itself agrees: version, changelog, and how it is found in catalogues of public software."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

from selfservice.config import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
HEADING = re.compile(r"^## (\d+)\.(\d+)\.(\d+) \((unreleased|\d{4}-\d\d-\d\d)\)$")


def headings() -> list[str]:
    """The headings of the changelog, from above."""
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("## ")]


def test_the_command_says_its_version(tmp_path: Path) -> None:
    """`loket --version` needs no setting and no site."""
    command = [str(Path(sys.executable).with_name("loket")), "--version"]
    run = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=True)
    assert f"loket {PROJECT['version']}\n" == run.stdout


def test_the_installed_version_is_that_of_the_source() -> None:
    """What builds and /health name is the version in pyproject.toml: an editable install is made anew for another."""
    assert PROJECT["version"] == version("loket"), "`make quick` installs it anew"


def test_the_changelog_has_a_section_for_each_version() -> None:
    """The newest first, the program's own above all; only that one may be unreleased."""
    found = [HEADING.match(line) for line in headings()]
    assert all(found), headings()
    numbers = [tuple(map(int, match.groups()[:3])) for match in found if match]
    days = [match[4] for match in found if match]
    assert tuple(map(int, PROJECT["version"].split("."))) == numbers[0]
    assert sorted(set(numbers), reverse=True) == numbers
    assert "unreleased" not in days[1:]
    assert sorted(days[1:], reverse=True) == days[1:]
