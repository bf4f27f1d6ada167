"""The wheel holds all that Loket needs, and nothing is written where it was installed."""

from __future__ import annotations

import gettext
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import urllib.request
import zipfile
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
FILES = ("setup.py", "pyproject.toml", "pelicanconf.py", "requirements.in", "LICENSE", "MANIFEST.in")
PIP = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
# Rights are by capability to root, who may otherwise write anywhere.
POWERLESS = ["setpriv", "--bounding-set", "-all", "--inh-caps", "-all"] if os.geteuid() == 0 else []


def put_source(folder: Path) -> Path:
    """A copy of what wheels are made from, as a clone has it."""
    leave_out = shutil.ignore_patterns("__pycache__", "*.mo")
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=leave_out)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    return folder


def build_wheel(source: Path, folder: Path) -> Path:
    """The wheel of a source, made as of one moment."""
    build = [*PIP, "wheel", str(source), "--no-deps", "--no-build-isolation", "--no-index", "-w", str(folder)]
    subprocess.run(build, env=os.environ | {"SOURCE_DATE_EPOCH": "1796000000"}, umask=0o022, check=True)
    (wheel,) = folder.glob("loket-*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source."""
    folder = tmp_path_factory.mktemp("wheel")
    return build_wheel(put_source(folder / "source"), folder)


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """An environment of its own, with the wheel in it and nothing of the clone; the libraries are this one's."""
    environment = wheel.with_name("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    subprocess.run([*PIP, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)], check=True)
    # A folder in a .pth file is only searched: what .pth files in it say of the clone does not count.
    (site_packages,) = environment.glob("lib/*/site-packages")
    (site_packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment


@contextmanager
def serving(installed: Path, folder: Path, *words: str, **settings: str) -> Iterator[str]:
    """`loket serve` of the wheel, started in a folder, by default without a setting but its port; its address."""
    base = f"http://127.0.0.1:{free_port()}"
    serve = ["serve", "--workers", "1", "--port", base.rpartition(":")[2], *words]
    command = [*(POWERLESS if settings else []), str(installed / "bin" / "loket"), *serve]
    log = folder / "serve.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stdout=file, stderr=subprocess.STDOUT
        )

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


def environment(**settings: str) -> dict[str, str]:
    """Those settings and nothing else of ours; without any, demo mode, and no byte code beside the code, which the
    interpreter may write at any time.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LOKET_", "PYTHON"))}
    return clean | (settings or {"LOKET_DEMO": "1", "PYTHONDONTWRITEBYTECODE": "1"})


def get(address: str, **headers: str) -> str:
    """What a GET answers."""
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=5) as answer:
        return str(answer.read().decode("utf-8"))


def loket(installed: Path, folder: Path, *words: str, **settings: str) -> str:
    """What a command of the wheel prints."""
    command = [*(POWERLESS if settings else []), str(installed / "bin" / "loket"), *words]
    run = subprocess.run(command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=False)
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


@pytest.mark.slow
def test_a_site_of_an_owner_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    """A folder with the owner's content, and settings from the environment, are all that a site needs. Code that was
    compiled when it was installed, and that may not be written, stays as it was.
    """
    site, state = tmp_path / "site", tmp_path / "state"
    state.mkdir()
    loket(installed, tmp_path, "new", "site", str(site))
    for path in (site / "content").rglob("*.*"):
        if path.suffix in {".toml", ".md"}:
            path.write_text(path.read_text("utf-8").replace("waterveen.example", "waterveen.nl"), "utf-8")
    settings = {
        "LOKET_BASE_URL": "https://help.waterveen.nl",
        "LOKET_SECRET_KEY": "0123456789abcdef" * 4,
        "LOKET_SMTP_URL": "smtp://127.0.0.1:2525?starttls=never",
        "LOKET_MAIL_FROM": "noreply@waterveen.nl",
        "LOKET_SITE": str(site),
        "LOKET_DATABASE": str(state / "loket.db"),
        "LOKET_OUTPUT": str(state / "output"),
    }
    python = installed / "bin" / "python"
    subprocess.run([python, "-m", "compileall", "-q", installed / "lib"], check=True)
    before = state_of(installed)
    (installed / "bin" / "probe").write_text("")  # so that this test cannot pass for want of rights being looked at
    with read_only(installed):
        unwritable = [*POWERLESS, "sh", "-c", 'echo >"$0"', str(installed / "bin" / "probe")]
        assert 0 != subprocess.run(unwritable, stderr=subprocess.DEVNULL, check=False).returncode
        loket(installed, tmp_path, "check", **settings)
        loket(installed, tmp_path, "build", **settings)
        loket(installed, tmp_path, "migrate", **settings)
        with serving(installed, tmp_path, "--no-worker", **settings) as base:
            pages = [get(f"{base}/{lang}/", Host="help.waterveen.nl") for lang in ("en", "nl")]
    names = ("Waterveen Help", "Waterveen Hulp")
    assert [True, True] == [name in page for name, page in zip(names, pages, strict=True)]
    (installed / "bin" / "probe").unlink()
    assert before == state_of(installed)


def state_of(folder: Path) -> dict[Path, tuple[int, int]]:
    """The files in a folder, with their sizes and the moments at which they were last written."""
    found = {path: path.lstat() for path in folder.rglob("*") if not path.is_dir()}
    return {path: (status.st_size, status.st_mtime_ns) for path, status in found.items()}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write in that folder meanwhile."""
    subprocess.run(["chmod", "-R", "a-w", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)


@pytest.mark.slow
def test_a_wheel_can_be_made_again(wheel: Path, tmp_path: Path) -> None:
    """Another build of the same source, in another folder, at another time and by way of a source distribution, is the
    same to the byte.
    """
    source = put_source(tmp_path / "elsewhere")
    make = "import sys; from setuptools.build_meta import build_sdist; print(build_sdist(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", make, tmp_path], cwd=source, stdout=subprocess.DEVNULL, check=True)
    (archive,) = tmp_path.glob("loket-*.tar.gz")
    (tmp_path / "again").mkdir()
    again = build_wheel(archive, tmp_path / "again")
    assert (wheel.name, contents(wheel)) == (again.name, contents(again))
    assert wheel.read_bytes() == again.read_bytes()
    # The one moment that is in no file's date, and to the minute only.
    with zipfile.ZipFile(wheel) as files, files.open("selfservice/translations/nl/LC_MESSAGES/messages.mo") as file:
        assert "1970-01-01 00:00+0000" == gettext.GNUTranslations(file).info()["pot-creation-date"]


def contents(wheel: Path) -> list[str]:
    """The names of the files in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.slow
def test_the_wheel_has_its_licences(wheel: Path) -> None:
    """Of Loket, of the fonts and of htmx."""
    names = {name.partition("/licenses/")[2] for name in contents(wheel)} - {""}
    assert {
        "LICENSE",
        "selfservice/letters/fonts/NOTO.txt",
        "selfservice/letters/fonts/OFL.txt",
        "site/static/fonts/OFL.txt",
        "site/static/js/htmx-LICENSE.txt",
    } == names
