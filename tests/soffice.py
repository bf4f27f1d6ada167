"""A real LibreOffice for the tests: found, or fetched by `python -m tests.soffice`.

It says what becomes of our files in a spreadsheet. Without one those tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

NAMES = ("soffice", "libreoffice")
INSTALL = ("install", "-y", "--no-install-recommends", "libreoffice-calc")
SECONDS = 180


class NoLibreOfficeError(Exception):
    """No LibreOffice could be had; the message says what to do."""


def find() -> Path:
    """The LibreOffice to use: $LOKET_SOFFICE, else one on PATH. Raises NoLibreOfficeError when there is none."""
    if chosen := os.environ.get("LOKET_SOFFICE"):
        if shutil.which(chosen) is None:
            raise NoLibreOfficeError(f"LOKET_SOFFICE names {chosen}, which is no program")
        return Path(chosen)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise NoLibreOfficeError("there is no LibreOffice: install libreoffice-calc, or let LOKET_SOFFICE name yours")


def install() -> Path:
    """Make sure that there is one: Debian's package when we may. Raises NoLibreOfficeError when that did not work."""
    try:
        return find()
    except NoLibreOfficeError:
        apt = shutil.which("apt-get")
        if "LOKET_SOFFICE" in os.environ or os.geteuid() != 0 or apt is None:
            raise
    for way in ([apt, "update"], [apt, *INSTALL]):
        sys.stderr.write(f"No LibreOffice yet: {' '.join(way)}\n")
        subprocess.run(way, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    return find()


def convert(files: Sequence[Path], to: Path, *, infilter: str = "") -> list[Path]:
    """Open these files and save each as XLSX in the folder `to`, in one start of LibreOffice.

    Its settings are its own, kept in the folder above, and not those of whoever runs the tests. `infilter` says how to
    read the files (LibreOffice's filter options). Raises CalledProcessError, TimeoutExpired.
    """
    options = [f"-env:UserInstallation={(to.parent / 'settings').as_uri()}", "--headless", "--convert-to", "xlsx"]
    if infilter:
        options.append(f"--infilter={infilter}")
    command = [str(find()), *options, "--outdir", str(to), *map(str, files)]
    done = subprocess.run(command, check=True, timeout=SECONDS, capture_output=True, text=True)
    made = [to / file.with_suffix(".xlsx").name for file in files]
    assert [] == [file for file in made if not file.exists()], done.stderr
    return made


def main() -> None:
    """Find or fetch it, and say which it is, or that its tests will be skipped, and why."""
    try:
        path = install()
    except NoLibreOfficeError as error:
        sys.stdout.write(f"Tests of files in a spreadsheet will be skipped: {error}\n")
        return
    sys.stdout.write(f"Tests of files in a spreadsheet use {path}\n")


if __name__ == "__main__":
    main()
