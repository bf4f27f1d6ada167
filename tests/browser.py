"""A real Chromium for the tests: found, or fetched by `python -m tests.browser`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It must ask nobody for anything: whatever it fetches is then our pages' doing.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
INSTALL = ("install", "-y", "--no-install-recommends", "chromium")


class NoBrowserError(Exception):
    """No Chromium could be had; the message says what to do."""


def find() -> Path:
    """The Chromium to use: $LOKET_CHROMIUM, else one on PATH, else the one Playwright installed.

    Raises NoBrowserError when there is none.
    """
    if chosen := os.environ.get("LOKET_CHROMIUM"):
        if shutil.which(chosen) is None:
            raise NoBrowserError(f"LOKET_CHROMIUM names {chosen}, which is no program")
        return Path(chosen)
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    if (own := _playwrights_own()).exists():
        return own
    raise NoBrowserError("there is no Chromium: `python -m tests.browser` gets one, or let LOKET_CHROMIUM name yours")


def launch(playwright: Playwright) -> Browser:
    """Start it, without a window. Raises NoBrowserError when there is none."""
    # Chromium's sandbox refuses to run as root, as in many containers.
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    return playwright.chromium.launch(executable_path=find(), headless=True, args=[*ARGUMENTS, *as_root])


def install() -> Path:
    """Make sure that there is one: Debian's package when we may, else Playwright's own download.

    Raises NoBrowserError when neither worked.
    """
    try:
        return find()
    except NoBrowserError:
        if "LOKET_CHROMIUM" in os.environ:
            raise
    ways = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if os.geteuid() == 0 and (apt := shutil.which("apt-get")):
        ways[:0] = [[apt, "update"], [apt, *INSTALL]]
    for way in ways:
        sys.stderr.write(f"No Chromium yet: {' '.join(way)}\n")
        done = subprocess.run(way, check=False, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
        if done.returncode == 0 and "install" in way:
            return find()
    raise NoBrowserError("no Chromium could be installed: install one, or let LOKET_CHROMIUM name yours")


def _playwrights_own() -> Path:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path)


def main() -> None:
    """Find or fetch it, start it once, and say which it is; exit status 1 when there is none that runs."""
    try:
        path = install()
        with sync_playwright() as playwright:
            browser = launch(playwright)
            version = browser.version
            browser.close()
    except (NoBrowserError, Error) as error:
        sys.exit(f"Browser tests cannot run: {str(error).splitlines()[0]}")
    sys.stdout.write(f"Browser tests use {path} ({version})\n")


if __name__ == "__main__":
    main()
