"""content/site.toml: what it gives, and one clear line for what is missing or wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice.config import ROOT, ConfigError
from selfservice.site_config import SITE, load_site, require_same
from tests.conftest import SECRET

TEXT = (ROOT / "content" / "site.toml").read_text("utf-8")


def written(folder: Path, text: str) -> Path:
    """A content folder with this site.toml."""
    (folder / "site.toml").write_text(text, "utf-8")
    return folder


def changed(pattern: str, replacement: str) -> str:
    """The site.toml of the demonstration, with the first such place changed."""
    text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


def test_site(tmp_path: Path) -> None:
    """What stands there, with a text once or in each language."""
    site = load_site(written(tmp_path, changed(r"^name = .*", 'name = {nl = "Hulp", en = "Help"}')))
    assert ({"nl": "Hulp", "en": "Help"}, ("en", "nl"), "NL") == (site.name, site.languages, site.holidays)
    assert {"nl": "KVK Help", "en": "KVK Help"} == load_site(ROOT / "content").name


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        (r"^name = .*\n", "", "1: 'name' is missing: a text, or one in each of en, nl"),
        (r"^name = .*", 'name = {nl = "Hulp"}', "7: 'name' must be a text in each of en, nl"),
        (r"^name = .*", "name = 3", "7: 'name' must be a text, or one in each of en, nl"),
        (
            r"^name = .*",
            'name = "A\\\\u0007"',
            "7: 'name' must be one line of text",
        ),
        (r"^name = .*", 'name = " "', "7: 'name' must be one line of text"),
        (r"^name = ", "nam = ", "7: there is no setting 'nam'; did you mean 'name'?"),
        (r"^name = .*", "name = ", "7: not well-formed TOML: Invalid value"),
        (r"^languages = .*", "languages = []", "10: 'languages' must be a list of codes of languages, such as"),
        (r"^languages = .*", 'languages = ["Dutch"]', "10: 'languages' must be a list of codes of languages"),
        (r"^languages = .*", 'languages = ["nl", "nl"]', "10: one of 'languages' stands here twice"),
        (
            r"^default_language = .*",
            'default_language = "de"',
            "11: 'default_language' must be one of en, nl, not 'de'",
        ),
        ("Europe/Amsterdam", "Mars/Olympus", "14: there is no time zone 'Mars/Olympus'"),
        (r"^holidays = .*", 'holidays = "Holland"', "17: 'holidays' must be the two letters of a country"),
        (r"^forms = ", 'forms = ["My"]\nform = ', "21: there is no setting 'form'; did you mean 'forms'?"),
        (r"^register = .*", 'register = ""', "29: 'register' must be a text, or one in each of en, nl"),
        (r"contact\.md", "contact", "35: 'contact' must be a page, or a question of one, such as contact.md or"),
        (r'^contact = ".*"', 'contact = "contact.md#phone"', "35: 'contact' must be a whole page"),
        (r"^digits = 8", "digits = true", "52: 'digits' must be how many digits the number has"),
        (r"^digits = 8", "digits = -8", "52: 'digits' must be 1 to 20"),
        (r"^digits = 8", "digits = 99999999999", "52: 'digits' must be 1 to 20"),
        (r"^digits = 8", "digits = 9", "53: 'example' must be 9 digits, not '12345678'"),
        (r"^hint = .*\n", "", "57: 'hint' is missing: a text, or one in each of en, nl"),
        (r"\Z", '\n[colours]\naccents = "red"', "66: there is no colour 'accents'; did you mean 'accent'?"),
        (r"\Z", '\n[colours]\naccent = {light = "red"}', "66: 'accent' must be two colours, such as"),
        (r"^name = ", 'logo = "a.svg"\nname = ', "7: there is no picture content/a.svg, in SVG or PNG"),
    ],
)
def test_wrong(tmp_path: Path, pattern: str, replacement: str, message: str) -> None:
    """A mistake is one line, with its place."""
    with pytest.raises(ConfigError, match=f"^content/site.toml:{re.escape(message)}[^\n]*$"):
        load_site(written(tmp_path, changed(pattern, replacement)))


def test_in_another_encoding(tmp_path: Path) -> None:
    """What is not UTF-8 is said in one line; a byte order mark in front of it does no harm."""
    folder = written(tmp_path, TEXT)
    (folder / "site.toml").write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    assert SITE == load_site(folder)
    (folder / "site.toml").write_bytes(b"# caf\xe9\n" + TEXT.encode())
    with pytest.raises(ConfigError, match=r"^content/site.toml:1: not in UTF-8: save it as that \("):
        load_site(folder)


def test_logo_elsewhere(tmp_path: Path) -> None:
    """A link to a file of this machine is not published as the logo."""
    (tmp_path / "logo.svg").symlink_to(ROOT / "content" / "site.toml")
    with pytest.raises(ConfigError, match=r"there is no picture content/logo\.svg"):
        load_site(written(tmp_path, changed(r"^name = ", 'logo = "logo.svg"\nname = ')))


def test_changed_meanwhile(tmp_path: Path) -> None:
    """What a process knows from its start on cannot change under it."""
    require_same(written(tmp_path, TEXT))
    with pytest.raises(
        ConfigError, match=r"site\.toml:1: this file has changed since Loket was started: start it again"
    ):
        require_same(written(tmp_path, changed(r"^languages = .*", 'languages = ["nl", "en"]')))


@pytest.mark.slow
def test_anywhere(tmp_path: Path) -> None:
    """Without a site there is help, and no site of somebody else's; a wrong site.toml is one line."""

    def loket(*arguments: str) -> tuple[int, str]:
        settings = {"LOKET_SITE": str(tmp_path), "LOKET_BASE_URL": "https://help.example.org"}
        command = [sys.executable, "-m", "selfservice", *arguments]
        done = subprocess.run(
            command,
            env=settings | {"LOKET_SECRET_KEY": SECRET.decode()},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    missing = f"loket: there is no {tmp_path}/content/site.toml; is LOKET_SITE or LOKET_CONTENT right?\n"
    assert [(0, ""), (1, missing)] == [loket("--help"), loket("check")]
    (tmp_path / "content").mkdir()
    written(tmp_path / "content", "nam = 3")
    wrong = "content/site.toml:1: there is no setting 'nam'; did you mean 'name'? (docs/editing.md#site)\n"
    assert [(0, ""), (1, wrong)] == [loket("--help"), loket("check")]
