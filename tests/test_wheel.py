"""The wheel holds all that Loket needs, and nothing is written where it was installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from selfservice.config import ROOT
from selfservice.letters.text import letter_text
from tests.letter_helpers import MOMENT, letter, site
from tests.live_server import START_SECONDS, free_port, wait_until

pytestmark = pytest.mark.slow

SOURCES = ("selfservice", "site", "content", "examples", "translations")
FILES = ("setup.py", "pyproject.toml", "pelicanconf.py", "requirements.in", "LICENSE")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own, with the wheel in it and nothing of the clone; the libraries are this one's."""
    folder = tmp_path_factory.mktemp("wheel")
    source, environment = folder / "source", folder / "environment"
    leave_out = shutil.ignore_patterns("__pycache__", "*.mo")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=leave_out)
    for name in FILES:
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    build = [*pip, "wheel", str(source), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run(build, check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    (wheel,) = folder.glob("loket-*.whl")
    python = environment / "bin" / "python"
    subprocess.run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # A folder in a .pth file is only searched: what .pth files in it say of the clone does not count.
    (site_packages,) = environment.glob("lib/*/site-packages")
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


@contextmanager
def serving(installed: Path, folder: Path) -> Iterator[str]:
    """`loket serve` of the wheel, started in a folder, without a setting but its port; its address."""
    base = f"http://127.0.0.1:{free_port()}"
    command = [str(installed / "bin" / "loket"), "serve", "--workers", "1", "--port", base.rpartition(":")[2]]
    log = folder / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=folder, env=environment(), stdout=file, stderr=subprocess.STDOUT)

    def answers() -> bool:
        assert process.poll() is None, log.read_text("utf-8")
        try:
            return bool(get(base + "/live"))
        except OSError:
            return False

    try:
        wait_until(answers, START_SECONDS)
        yield base
    finally:
        process.terminate()
        process.wait(20)


def environment() -> dict[str, str]:
    """Nothing of ours but demo mode; and no byte code beside the code, which the interpreter may write at any time."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LOKET_", "PYTHON"))}
    return clean | {"LOKET_DEMO": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def get(address: str) -> str:
    """What a GET answers."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        return str(answer.read().decode("utf-8"))


def loket(installed: Path, folder: Path, *words: str) -> str:
    """What a command of the wheel prints."""
    command = [str(installed / "bin" / "loket"), *words]
    run = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.slow
def test_the_wheel_serves_the_demonstration(installed: Path, tmp_path: Path) -> None:
    """In an empty folder it shows pages, forms, styles, the API's description and letters, in both languages; it writes
    in that folder only.
    """
    before = sorted(installed.rglob("*"))
    with serving(installed, tmp_path) as base:
        page = get(f"{base}/nl/")
        sheet = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        assert ("Zoeken" in page, True) == (True, "@font-face" in get(base + sheet))
        assert "Toegangscode" in get(f"{base}/nl/self-service/access-code")
        assert "Access code" in get(f"{base}/en/self-service/access-code")
        assert '"openapi"' in get(f"{base}/api/openapi.json")
    loket(installed, tmp_path, "check")
    written = {path.name for path in tmp_path.iterdir()} - {"serve.log"}
    assert {".cache", "output", "var"} == written
    assert before == sorted(installed.rglob("*"))


@pytest.mark.slow
def test_the_wheel_makes_letters(installed: Path, tmp_path: Path) -> None:
    """The layout of the letter and its fonts are in it."""
    text = json.dumps(letter_text(letter(), "C9YHLGW5PQ3N7KXM", MOMENT.date(), site()))
    code = """
import datetime, json, sys
from selfservice import config
from selfservice.letters.pdf import PdfCompiler
print(config.ROOT, PdfCompiler().compile_letter(json.load(sys.stdin), datetime.datetime.now(datetime.UTC))[:4])"""
    command = [str(installed / "bin" / "python"), "-c", code]
    run = subprocess.run(
        command, cwd=tmp_path, env=environment(), input=text, capture_output=True, text=True, check=True
    )
    (package,) = installed.glob("lib/*/site-packages/selfservice")
    assert [str(package), "b'%PDF'"] == run.stdout.split()
