"""What stands in deploy/ and in docs/install.md: units that systemd takes as they are and that are closed enough,
commands, options and settings that exist, and one place for each thing. `make install-test` runs all of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from selfservice.commands import cli
from selfservice.config import ROOT
from selfservice.settings import SETTINGS
from tests.install.checks import MOST_EXPOSED
from tests.install.page import blocks

PROGRAM = "/opt/loket/current/bin/loket"
CALL = f"{PROGRAM} --env-file /etc/loket/loket.env"
UNITS = sorted(path for path in (ROOT / "deploy").iterdir() if path.suffix in (".service", ".timer"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PAGE = ROOT / "docs" / "install.md"
# What a service may do of its own.
OWN = {
    "loket": {"IPAddressAllow", "IPAddressDeny", "RestrictAddressFamilies"},
    "loket-worker": {"RestrictAddressFamilies"},
    "loket-backup": {"IPAddressDeny", "PrivateNetwork", "RestrictAddressFamilies"},
}
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")


def test_units() -> None:
    """Server, worker, backup and its timer have a unit each."""
    names = ["loket-backup.service", "loket-backup.timer", "loket-worker.service", "loket.service"]
    assert names == [unit.name for unit in UNITS]


@needs_systemd
def test_systemd_takes_them(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about them, once the program stands where they look for it."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, "/bin/true"), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())], capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stderr)


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_exposure(unit: Path) -> None:
    """`systemd-analyze security` finds each service closed enough."""
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd looks at running units only")
    [exposure] = re.findall(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert float(exposure) <= MOST_EXPOSED, done.stdout


def test_closed_alike() -> None:
    """What one service may not do no other may, but for the network."""
    found = []
    for unit in SERVICES:
        _, _, text = unit.read_text("utf-8").partition("# Nothing of the machine but what it needs")
        lines = [line for line in text.partition("[Install]")[0].splitlines()[1:] if line and not line.startswith("#")]
        found.append([line for line in lines if line.partition("=")[0] not in OWN[unit.stem]])
    assert len(found[0]) > 20
    assert found[0] == found[1] == found[2]


def options(words: str) -> set[str]:
    """The long options in a line of shell."""
    return set(re.findall(r"(?<!\S)--[a-z-]+", words))


def known_options(name: str) -> set[str]:
    """Those that a command has."""
    return {one for parameter in cli.commands[name].params for one in (*parameter.opts, *parameter.secondary_opts)}


def test_unit_commands() -> None:
    """Each unit runs our program with the settings of the page, a command of ours and options that it has."""
    for unit in SERVICES:
        for line in re.findall(r"^Exec\w+=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
            assert line.startswith(f"{CALL} "), unit.name
            name, _, words = line.removeprefix(f"{CALL} ").partition(" ")
            assert options(words) <= known_options(name), unit.name


def test_command_of_others() -> None:
    """Who is not root hears that they must be, with what they meant."""
    user = 65534 if os.geteuid() == 0 else None
    script = (ROOT / "deploy" / "loket").read_text("utf-8")
    words = ["sh", "-s", "publish", "--undo"]
    done = subprocess.run(words, input=script, capture_output=True, text=True, check=False, user=user)
    said = "loket: this needs root, to become Loket's account: sudo loket publish --undo\n"
    assert (1, "", said) == (done.returncode, done.stdout, done.stderr)


def test_readable_by_the_account() -> None:
    """What root makes by a page can be read by Loket's account, whatever root's umask is: the page sets it."""
    for page in (PAGE, ROOT / "docs" / "upgrade.md"):
        assert "umask 022" in blocks(page)[0].script.splitlines(), page.name


def test_page_commands() -> None:
    """Each command of ours that the page runs is there, with its options; so is each file of the release."""
    script = "\n".join(block.script for block in blocks(PAGE))
    for name, words in re.findall(r"^loket ([a-z]+)(.*)$", script, re.MULTILINE):
        assert options(words) <= known_options(name), name
    files = re.findall(r"/usr/local/src/loket-\$VERSION/([\w./*-]+)", script)
    assert ["requirements.txt", "deploy/loket", "content", "deploy/loket*.service", "deploy/loket*.timer"] == files
    assert all(list(ROOT.glob(file)) for file in files)


def test_page_variables() -> None:
    """The page's first block sets each variable that the others use, and no other."""
    first, *others = (block.script for block in blocks(PAGE))
    assert set(re.findall(r"^(\w+)=", first, re.MULTILINE)) == set(re.findall(r"\$([A-Z_]+)", "\n".join(others)))


def test_page_settings() -> None:
    """The settings that the page writes are known ones, and its folders are those that it makes."""
    script = "\n".join(block.script for block in blocks(PAGE))
    settings = dict(re.findall(r"^(LOKET_\w+)=(.*)$", script, re.MULTILINE))
    assert settings.keys() <= set(SETTINGS)
    folders = set(re.findall(r"/(?:opt|srv|etc|var/lib|var/cache|var/backups)/loket\b", script))
    made = {word for line in re.findall(r"^install -d (.*)$", script, re.MULTILINE) for word in line.split()}
    assert folders == {word for word in made if word.startswith("/")}
    assert all(any(path.startswith(folder) for folder in folders) for path in settings.values() if path[0] == "/")


def test_one_place() -> None:
    """Units and the command for root name no folder that the page does not make."""
    made = set(re.findall(r"/(?:opt|srv|etc|var/lib|var/cache|var/backups)/loket\b", PAGE.read_text("utf-8")))
    for file in [*UNITS, ROOT / "deploy" / "loket"]:
        text = file.read_text("utf-8")
        assert set(re.findall(r"/(?:opt|srv|etc|var/\w+)/[\w.-]+", text)) <= made, file.name
    assert f"{CALL} " in (ROOT / "deploy" / "loket").read_text("utf-8")
