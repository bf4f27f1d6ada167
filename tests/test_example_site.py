"""Another owner: the example of a municipality, begun with `loket new site`, is checked, built and held to the same
tests as the demonstration's site, so that nothing of one owner is in the code.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice.config import ROOT
from tests.domain_helpers import CONTENT
from tests.test_private_request import NOT_THEIRS

pytestmark = pytest.mark.slow
# What holds for any site.
TESTS = ["tests/test_contract.py", "tests/publish/test_site.py", "tests/test_private_request.py"]


def run(*command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run something of ours in a process of its own, as a demonstration; one process serves one site."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LOKET_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=clean | {"LOKET_DEMO": "1"} | settings,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site that was just begun."""
    folder = tmp_path_factory.mktemp("other") / "my site"
    done = run("selfservice", "new", "site", str(folder))
    assert (0, True) == (done.returncode, f"LOKET_DEMO=1 LOKET_SITE='{folder}' loket serve" in done.stdout), done.stderr
    return folder


def test_nothing_to_mend(begun: Path) -> None:
    """The copy is whole: `loket check` finds nothing, not even to look at."""
    done = run("selfservice", "check", LOKET_SITE=str(begun))
    assert (0, "", "Nothing to mend\n") == (done.returncode, done.stdout, done.stderr)


def test_built(begun: Path) -> None:
    """All its pages are built, beside its content, and say nothing that is another owner's."""
    done = run("selfservice", "build", "--no-compress", LOKET_SITE=str(begun))
    assert 0 == done.returncode, done.stderr
    files = [
        path
        for path in (begun / "output" / "current" / "site").rglob("*")
        if path.suffix in {".html", ".xml", ".txt", ".json"}
    ]
    found = {
        path.relative_to(begun).as_posix(): [match[0] for match in NOT_THEIRS.finditer(path.read_text("utf-8"))]
        for path in files
    }
    assert {} == {place: words for place, words in found.items() if words}
    pages = [path for path in files if path.name == "index.html" and path.parent.name != "site"]
    sources = list((begun / "content").rglob("*.md"))
    home = (begun / "output" / "current" / "site" / "en" / "index.html").read_text("utf-8")
    assert (len(sources), True) == (len(pages), "Waterveen Help" in home)
    assert (True, True) == (
        "/theme/img/logo." in home,
        any(".hero{background:light-dark(#1c4587,#1b3157)}" in css(path) for path in begun.rglob("*.css")),
    )


def test_with_accounts(begun: Path, tmp_path: Path) -> None:
    """With accounts, which it calls otherwise, it is checked and built too; the form to create one has its own name."""
    content = tmp_path / "content"
    shutil.copytree(begun / "content", content)
    forms = '"account", "account-create", "account-password", "account-email", '
    change(content / "site.toml", '"devices", ', f'"devices", {forms}')
    ours = {name: (CONTENT / name).read_text("utf-8") for name in ("facts.toml", "rights.toml")}
    facts = "\n".join(table(ours["facts.toml"], f"account.{each}") for each in ("name", "link_hours"))
    facts = facts.replace("KVK account", "Waterveen account").replace("KVK-account", "Waterveen-account")
    change(content / "facts.toml", "[visit.keep_hours]", f"{facts}\n[visit.keep_hours]")
    own = f"{table(ours['rights.toml'], 'account')}\n{table(ours['rights.toml'], 'account_email')}\n[my]"
    change(content / "rights.toml", "[my]", own)
    rights = (content / "rights.toml").read_text("utf-8")
    for name in ("my", "devices", "change_password"):
        rights = rights.replace(f'[{name}]\nkinds = ["private"]', f'[{name}]\nkinds = ["private", "account"]')
    (content / "rights.toml").write_text(rights, "utf-8")
    change(content / "en" / "contact.md", "\n## ", "\n[Create an account](selfservice:account-create)\n\n## ")
    change(content / "nl" / "contact.md", "\n## ", "\n[Maak een account](selfservice:account-create)\n\n## ")
    checked = run("selfservice", "check", LOKET_SITE=str(tmp_path))
    assert (0, "Nothing to mend\n") == (checked.returncode, checked.stderr), checked.stderr
    built = run("selfservice", "build", "--no-compress", LOKET_SITE=str(tmp_path))
    assert 0 == built.returncode, built.stderr
    text = (tmp_path / "output" / "current" / "site" / "en" / "contact" / "index.html").read_text("utf-8")
    assert (True, None) == ("you have a Waterveen account" in text, NOT_THEIRS.search(text))


def table(toml: str, name: str) -> str:
    """A table of a file, with its heading."""
    return next(f"[{each}" for each in f"\n{toml}".split("\n[") if each.startswith(f"{name}]"))


def change(file: Path, old: str, new: str) -> None:
    """Replace the first of these words in a file."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


def css(path: Path) -> str:
    """A style sheet."""
    return path.read_text("utf-8")


def test_same_contract(begun: Path) -> None:
    """What holds for any site holds for this one: contract, house rules on each page, from a request to a code."""
    done = run("pytest", "-n", "0", "-p", "no:cacheprovider", *TESTS, LOKET_SITE=str(begun))
    assert 0 == done.returncode, done.stdout[-5000:]


def test_not_over_something(tmp_path: Path) -> None:
    """A folder that is not empty is left as it is, with one line."""
    (tmp_path / "mine.md").write_text("mine", "utf-8")
    done = run("selfservice", "new", "site", str(tmp_path))
    message = f"Error: {tmp_path} is not empty: choose another folder\n"
    assert (1, message, ["mine.md"]) == (done.returncode, done.stderr, [path.name for path in tmp_path.iterdir()])


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"my", ', "", "21: the form 'access-code' leads to 'my', which is off: have both, or neither"),
        ('"my", ', '"my", "oders", ', "21: there is no form 'oders' to choose; did you mean 'orders'?"),
        ('"my", ', '"my", "orders", ', "nothing says who may open the form 'orders'"),
        ('"access-code", ', '"access-code", "search", ', "21: there is no form 'search' to choose"),
    ],
)
def test_forms_that_cannot_be(begun: Path, tmp_path: Path, old: str, new: str, line: str) -> None:
    """A form that is not there, or that needs one that is off, is one line."""
    content = tmp_path / "content"
    content.mkdir()
    for path in (begun / "content").glob("*.*"):
        (content / path.name).write_bytes(path.read_bytes())
    text = (content / "site.toml").read_text("utf-8")
    (content / "site.toml").write_text(text.replace(old, new, 1), "utf-8")
    done = run("selfservice", "check", LOKET_SITE=str(tmp_path))
    assert (1, 1, True) == (done.returncode, len(done.stderr.splitlines()), line in done.stderr), done.stderr


def test_a_page_with_a_form_that_is_off(begun: Path, tmp_path: Path) -> None:
    """A page with a form that is off in it is named with its line; without any it is a help site."""
    done = run("selfservice", "new", "site", str(tmp_path / "site"))
    assert 0 == done.returncode
    content = tmp_path / "site" / "content"
    text = (content / "site.toml").read_text("utf-8")
    start, end = text.index("forms = ["), text.index("]", text.index("forms = ["))
    (content / "site.toml").write_text(text[:start] + text[end + 1 :], "utf-8")
    (content / "rights.toml").write_text("", "utf-8")
    failed = run("selfservice", "build", LOKET_SITE=str(tmp_path / "site"))
    line = "content/en/access-code.md:21: the form 'access-code' is off in site.toml: take what leads to it away, or"
    label = "content/en/cannot-log-in.md:17: there is no label 'replacement-password.submit': no form"
    assert (1, True, True) == (failed.returncode, line in failed.stderr, label in failed.stderr), failed.stderr
    for path in content.rglob("*.md"):
        kept = [row for row in path.read_text("utf-8").splitlines() if "](selfservice:" not in row]
        path.write_text(re.sub(r"\{\{ (?:rights|label\.\S+) }}", "", "\n".join(kept)) + "\n", "utf-8")
    searches = (content / "searches.toml").read_text("utf-8").splitlines()
    kept = [row for row in searches if "selfservice:" not in row]
    (content / "searches.toml").write_text("\n".join(kept) + "\n", "utf-8")
    facts = (content / "facts.toml").read_text("utf-8").split("\n[")
    of_codes = ("access_code.", "letter.", "mail.", "password.", "sign_in.")
    needed = [fact for fact in facts if not fact.startswith(of_codes) or fact.startswith("access_code.request_keep")]
    (content / "facts.toml").write_text("\n[".join(needed), "utf-8")
    built = run("selfservice", "build", "--no-compress", LOKET_SITE=str(tmp_path / "site"))
    assert 0 == built.returncode, built.stderr
    assert "self-service/my" not in (tmp_path / "site" / "output" / "current" / "site" / "en" / "index.html").read_text(
        "utf-8"
    )
