"""What `make quick` runs."""

from __future__ import annotations

from pathlib import Path

from tests import changed

PACKAGE = changed.ROOT / "selfservice"


def test_every_file_has_tests() -> None:
    """Whichever file of the program changes, there are tests to run for it."""
    files = [file.relative_to(changed.ROOT) for file in sorted(PACKAGE.rglob("*.py")) if file.stat().st_size]
    assert [] == [str(file) for file in files if not any(test.exists() for test in changed.tests_of(file))]


def test_own_tests_come_first() -> None:
    """A package has the tests in the folder of its name, a module and a form those in files of its name; what others
    lean on, those that lean on it.
    """
    found = {
        file: sorted(str(test.relative_to(changed.TESTS)) for test in changed.tests_of(Path(file)))
        for file in (
            "selfservice/limits/table.py",
            "selfservice/health.py",
            "selfservice/fragments/direct_debit/form.py",
            "tests/limits/test_limits.py",
            "tests/caddy.py",
            "README.md",
        )
    }
    assert [
        ["limits"],
        ["test_health.py"],
        ["fragments/test_direct_debit.py", "test_contract.py", "test_matrix.py", "test_stale_pages.py"],
        ["limits/test_limits.py"],
        ["test_front.py", "test_publication.py"],
        ["docs"],
    ] == list(found.values())
