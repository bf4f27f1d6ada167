"""Follows docs/install.md on an empty Debian, and looks whether it ends in a site that works (`make install-test`)."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selfservice.config import ROOT
from tests.domain_helpers import SmtpServer
from tests.install.checks import Checks
from tests.install.page import follow
from tests.install.tree import Tree, TreeError, empty_debian
from tests.live_server import wait_until

PAGE = ROOT / "docs" / "install.md"
HOST = "help.local"  # for such a name Caddy is its own authority
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
SOURCE = "/usr/local/src/loket.git"


def put_source(tree: Tree, commit: str = "HEAD", *, version: str = VERSION) -> None:
    """Put this repository in the tree, at SOURCE, with a commit as the release of this version."""
    repository = tree.root / SOURCE.lstrip("/")
    if not repository.exists():
        _git("clone", "--quiet", "--bare", "--no-hardlinks", ROOT, repository)
    _git("-C", repository, "tag", "--force", f"v{version}", _git("-C", ROOT, "rev-parse", commit).strip())


def _git(*words: str | Path) -> str:
    return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def booted(tree: Tree, *, version: str = VERSION) -> Iterator[tuple[SmtpServer, dict[str, str]]]:
    """The tree, running, with a mail server in its network; that, and the values of the page's variables here."""
    (tree.root / "etc" / "hosts").write_text(f"127.0.0.1 localhost {HOST}\n", "ascii")
    tree.boot()
    with tree.network():
        mail = SmtpServer()
        mail.__enter__()
    try:
        yield (
            mail,
            {
                "HOST": HOST,
                "SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
                "MAIL_FROM": f"noreply@{HOST}",
                "SECURITY": f"security@{HOST}",
                "SOURCE": SOURCE,
                "VERSION": version,
            },
        )
    finally:
        mail.__exit__()


def main() -> None:
    """Do it, with a line for each step."""
    begun = time.monotonic()
    # As Ctrl-C: what was begun is stopped and removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("install-test: stopped"))
    if _git("-C", ROOT, "status", "--porcelain"):
        sys.stderr.write("  what is not committed is not installed\n")
    try:
        with empty_debian(keep="--keep" in sys.argv) as tree:
            put_source(tree)
            with booted(tree) as (mail, variables):
                follow(tree, PAGE, variables)
                say_time("installed", begun)
                checks = Checks(tree, mail)
                for check in (
                    *(checks.units, checks.files, checks.pages, checks.request, checks.letters),
                    *(checks.publication, checks.backups),
                ):
                    check()
            tree.shut_down()
            tree.boot()
            wait_until(checks.answers, 60)
            checks.units()
            checks.pages()
    except (TreeError, AssertionError) as error:
        sys.exit(f"install-test: {error}")
    except KeyboardInterrupt:
        sys.exit("install-test: stopped")
    say_time("all is well", begun)


def say_time(what: str, begun: float) -> None:
    """A line with how long it took until now."""
    sys.stderr.write(f"  {what} after {time.monotonic() - begun:.0f} seconds\n")


if __name__ == "__main__":
    main()
