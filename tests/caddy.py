"""A real Caddy for the tests: found, or fetched by `python -m tests.caddy`.

It is the front that `loket front` configures. Without one those tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfservice.config import ROOT

# Debian's package, unpacked: installed, it would start a server on port 80.
OWN = ROOT / ".cache" / "caddy"
CONFIG = ("--adapter", "caddyfile", "--config")
SECONDS = 60


class NoCaddyError(Exception):
    """No Caddy could be had; the message says what to do."""


def find() -> Path:
    """The Caddy to use: $LOKET_CADDY, else one on PATH, else the one fetched.

    Raises NoCaddyError when there is none.
    """
    if chosen := os.environ.get("LOKET_CADDY"):
        if shutil.which(chosen) is None:
            raise NoCaddyError(f"LOKET_CADDY names {chosen}, which is no program")
        return Path(chosen)
    if found := shutil.which("caddy", path=f"{os.environ.get('PATH', '')}{os.pathsep}{OWN / 'usr' / 'bin'}"):
        return Path(found)
    raise NoCaddyError("there is no Caddy: `python -m tests.caddy` gets one, or let LOKET_CADDY name yours")


def install() -> Path:
    """Make sure that there is one: what Debian's package holds. Raises NoCaddyError when that did not work."""
    try:
        return find()
    except NoCaddyError:
        if "LOKET_CADDY" in os.environ or not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise
    with tempfile.TemporaryDirectory() as folder:
        ways = [["apt-get", "download", "caddy"]]
        if os.geteuid() == 0:
            ways[:0] = [["apt-get", "update"]]
        for way in ways:
            sys.stderr.write(f"No Caddy yet: {' '.join(way)}\n")
            subprocess.run(way, check=False, cwd=folder)
        OWN.mkdir(parents=True, exist_ok=True)
        for package in Path(folder).glob("caddy_*.deb"):
            subprocess.run(["dpkg-deb", "--extract", package, OWN], check=True)
    return find()


def check(file: Path) -> list[str]:
    """What Caddy finds wrong with a Caddyfile: its error, and each line that it would lay out differently."""
    validated = _run("validate", *CONFIG, str(file))
    errors = [] if validated.returncode == 0 else validated.stderr.splitlines()[-1:]
    return errors + [line for line in _run("fmt", "--diff", str(file)).stdout.splitlines() if line[:1] in ("+", "-")]


@contextmanager
def serving(file: Path, log: Path) -> Iterator[None]:
    """Caddy with this Caddyfile, in a process of its own; what it says goes into `log`."""
    from tests.live_server import wait_until

    with log.open("wb") as out:
        process = subprocess.Popen([find(), "run", *CONFIG, file], stdout=out, stderr=out, env=_environ(file.parent))
    try:
        wait_until(lambda: process.poll() is not None or b"serving initial configuration" in log.read_bytes(), SECONDS)
        assert process.poll() is None, log.read_text("utf-8")
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([find(), *arguments], check=False, capture_output=True, text=True, timeout=SECONDS)


def _environ(folder: Path) -> dict[str, str]:
    """Its own folders, not those of whoever runs the tests."""
    return os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def main() -> None:
    """Find or fetch it, and say which it is, or that its tests will be skipped, and why."""
    try:
        path = install()
    except (NoCaddyError, subprocess.CalledProcessError) as error:
        sys.stdout.write(f"Tests of the front will be skipped: {error}\n")
        return
    sys.stdout.write(f"Tests of the front use {path} ({_run('version').stdout.split()[0]})\n")


if __name__ == "__main__":
    main()
