"""What a release says of itself agrees: version, changelog, and how it is found in catalogues of public software."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from selfservice.config import ROOT
from selfservice.i18n.languages import LANGUAGES

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


# What the standard (0.4) demands at each place, and the values that it takes there.
MANDATORY = {
    "": {"publiccodeYmlVersion", "name", "url", "platforms", "softwareType", "developmentStatus", "description"}
    | {"categories", "legal", "maintenance", "localisation"},
    "legal": {"license"},
    "maintenance": {"type"},
    "localisation": {"localisationReady", "availableLanguages"},
}
STATES = {"concept", "development", "beta", "stable", "obsolete"}


def test_catalogues_can_read_what_it_is() -> None:
    """publiccode.yml keeps the rules of its standard (yml.publiccode.tools, 0.4), in each language of the site, and
    says what pyproject.toml and the changelog say.
    """
    said = yaml.safe_load((ROOT / "publiccode.yml").read_text("utf-8"))
    assert {} == {place: missing for place, keys in MANDATORY.items() if (missing := keys - set(in_(said, place)))}
    assert ("0.4", "standalone/web", True) == (
        said["publiccodeYmlVersion"],
        said["softwareType"],
        said["developmentStatus"] in STATES,
    )
    assert PROJECT["version"] == said["softwareVersion"]
    assert PROJECT["license"].split(" AND ")[0] == said["legal"]["license"]
    day = HEADING.match(headings()[0])
    assert day is not None
    assert {"unreleased": None}.get(day[4], day[4]) == said.get("releaseDate")
    # A contact must be a person (Contact, in the standard), so either both or neither.
    assert (said["maintenance"]["type"] in {"internal", "community"}) == ("contacts" in said["maintenance"])
    assert set(LANGUAGES) == set(said["description"]) == set(said["localisation"]["availableLanguages"])
    for texts in said["description"].values():
        assert len(texts["shortDescription"]) <= 150
        assert "\n" not in texts["shortDescription"].strip()
        assert 150 <= len(texts["longDescription"]) <= 10_000
        assert 5 <= len(texts["features"]) <= 20


def in_(said: dict[str, Any], place: str) -> dict[str, Any]:
    """The section of that name, or the whole."""
    section: dict[str, Any] = said[place] if place else said
    return section
