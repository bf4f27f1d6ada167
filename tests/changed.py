"""`make quick`: the tests of what changed since main, and those that hold the house together."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = ROOT / "tests"
# Schemathesis takes over a second to load, and is of use to a slow test only.
OPTIONS = ("-m", "not slow and not browser", "-p", "no:schemathesis")
# Quick, and about every file there is: who imports whom, what is tidy, the translations.
ALWAYS = ("test_imports.py", "test_house.py", "i18n/test_catalogs.py")
# What has no test of its name, and what has more: by the beginning of its path.
MORE = {
    "content/": ("publish", "facts", "search", "test_contract.py"),
    "CONTRIBUTING.md": ("docs",),
    "Makefile": ("docs",),
    "README.md": ("docs",),
    "deploy/": ("test_deploy.py",),
    "docs/": ("docs", "publish/test_editing_guide.py"),
    "selfservice/commands/": ("docs",),
    "selfservice/__main__.py": ("commands",),
    "selfservice/app.py": ("web", "test_contract.py", "test_startup.py"),
    "selfservice/context.py": ("mail", "requests"),
    "selfservice/fragments/": ("test_contract.py", "test_matrix.py", "test_stale_pages.py"),
    "selfservice/setting_kinds.py": ("test_config.py", "test_settings.py"),
    "site/": ("publish", "web", "test_contract.py"),
}


def changed() -> set[Path]:
    """What differs from where this branch left main, committed or not; paths from the top of the repository."""
    base = _git("merge-base", "HEAD", "main") or ["HEAD"]
    names = _git("diff", "--name-only", base[0]) + _git("ls-files", "--others", "--exclude-standard")
    return {Path(name) for name in names}


def tests_of(path: Path) -> set[Path]:
    """The test files and folders for a file of the repository. A package has a folder of its name in tests/, a module
    a file, a form the files that begin with its name, or else those that name its address. Code without any, and what
    tests share, has the test files that import it.
    """
    more = {TESTS / name for begin, names in MORE.items() if str(path).startswith(begin) for name in names}
    top, *rest = path.parts
    if top not in ("selfservice", "tests") or not rest:
        return more
    if top == "tests" and (path.name.startswith("test_") or len(rest) > 1):
        return {ROOT / path if path.name.startswith("test_") else TESTS / rest[0]}
    if rest[0] == "fragments" and len(rest) > 2:
        return more | _of_form(rest[1])
    name = Path(rest[0]).stem
    own = {TESTS / name, TESTS / f"test_{name}.py"} if top == "selfservice" else set()
    found = {test for test in own if test.exists()}
    importing = rf"^from {top}\.{name}[. ]|^from {top} import .*\b{name}\b"
    return more | found or _containing(importing)


def _of_form(name: str) -> set[Path]:
    own = {*TESTS.glob(f"fragments/test_{name}*.py"), *TESTS.glob(name)}
    return own or _containing(rf"/{name.replace('_', '-')}\b")


def _containing(pattern: str) -> set[Path]:
    return {file for file in TESTS.rglob("test_*.py") if re.search(pattern, file.read_text("utf-8"), re.MULTILINE)}


def chosen(paths: Iterable[Path]) -> list[str]:
    """The test files and folders for these files, and those for any."""
    found = {TESTS / name for name in ALWAYS} | {test for path in paths for test in tests_of(path)}
    return sorted(str(test.relative_to(ROOT)) for test in found if test.exists())


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.split("\n")[:-1] if done.returncode == 0 else []


def main() -> None:
    """Run them, but for the slow ones and those in a browser; more arguments go to pytest."""
    tests = chosen(changed())
    sys.stdout.write(f"Tests of what changed: {' '.join(tests)}\n")
    sys.stdout.flush()
    sys.exit(pytest.main([*OPTIONS, *sys.argv[1:], *tests]))


if __name__ == "__main__":
    main()
