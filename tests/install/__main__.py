"""Follows docs/install.md on an empty Debian, and looks whether what it says is so (`make install-test`)."""

from __future__ import annotations

import subprocess
import sys
import time
import tomllib
from pathlib import Path

from selfservice.config import ROOT
from tests.install.page import follow
from tests.install.tree import Tree, TreeError, empty_debian

PAGE = ROOT / "docs" / "install.md"
# Of the tree's loopback: Caddy gives a name that ends so a certificate of its own.
HOST = "help.local"
SMTP_PORT = 2525
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


def put_source(tree: Tree, commit: str = "HEAD", *, version: str) -> None:
    """Put this repository in the tree, as SOURCE, with a commit as the release of this version."""
    source = tree.root / "root" / "loket.git"
    if not source.exists():
        _git("clone", "--quiet", "--bare", "--no-hardlinks", ROOT, source)
    _git("-C", source, "tag", "--force", f"v{version}", _git("-C", ROOT, "rev-parse", commit).strip())


def _git(*words: str | Path) -> str:
    return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, text=True).stdout


def prepare(tree: Tree) -> dict[str, str]:
    """Boot it, with a name for HOST and the repository in it; the values of the page's variables here."""
    put_source(tree, version=VERSION)
    (tree.root / "etc" / "hosts").write_text(f"127.0.0.1 localhost {HOST}\n", "ascii")
    tree.boot()
    return {
        "HOST": HOST,
        "SMTP_URL": f"smtp://127.0.0.1:{SMTP_PORT}",
        "MAIL_FROM": f"noreply@{HOST}",
        "SECURITY": f"security@{HOST}",
        "SOURCE": "/root/loket.git",
        "VERSION": VERSION,
    }


def main() -> None:
    """Do it, with a line for each step."""
    begun = time.monotonic()
    try:
        with empty_debian(keep="--keep" in sys.argv) as tree:
            follow(tree, PAGE, prepare(tree))
    except TreeError as error:
        sys.exit(f"install-test: {error}")
    sys.stderr.write(f"Installed in {time.monotonic() - begun:.0f} seconds\n")


if __name__ == "__main__":
    main()
