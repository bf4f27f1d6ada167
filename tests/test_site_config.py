"""content/site.toml: what it gives, and one clear line for what is missing or wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from selfservice.config import ROOT, ConfigError
from selfservice.site_config import load_site, require_same

TEXT = (ROOT / "content" / "site.toml").read_text("utf-8")


def written(folder: Path, text: str) -> Path:
    """A content folder with this site.toml."""
    (folder / "site.toml").write_text(text, "utf-8")
    return folder


def changed(pattern: str, replacement: str) -> str:
    """The site.toml of the demonstration, with one place changed."""
    text, count = re.subn(pattern, replacement, TEXT, flags=re.MULTILINE)
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
        (r"^name = ", "nam = ", "7: there is no setting 'nam'; did you mean 'name'?"),
        (r"^name = .*", "name = ", "7: not well-formed TOML: Invalid value"),
        (r"^languages = .*", "languages = []", '10: \'languages\' must be a list of codes, such as ["en", "nl"]'),
        (r"^languages = .*", 'languages = ["Dutch"]', "10: a language is its code in small letters, such as nl"),
        (r"^languages = .*", 'languages = ["nl", "nl"]', "10: a language stands here twice"),
        (r"^default_language = .*", 'default_language = "de"', "11: 'default_language' must be one of en, nl"),
        ("Europe/Amsterdam", "Mars/Olympus", "14: there is no time zone 'Mars/Olympus'"),
        (r"^holidays = .*", 'holidays = "Holland"', "17: 'Holland' is not the two letters of a country"),
    ],
)
def test_wrong(tmp_path: Path, pattern: str, replacement: str, message: str) -> None:
    """A mistake is one line, with its place."""
    with pytest.raises(ConfigError, match=f"^site.toml:{re.escape(message)}[^\n]*$"):
        load_site(written(tmp_path, changed(pattern, replacement)))


def test_changed_meanwhile(tmp_path: Path) -> None:
    """What a process knows from its start on cannot change under it."""
    require_same(written(tmp_path, TEXT))
    with pytest.raises(ConfigError, match=r"site\.toml has changed since Loket was started: start it again"):
        require_same(written(tmp_path, changed(r"^languages = .*", 'languages = ["nl", "en"]')))


@pytest.mark.slow
def test_anywhere(tmp_path: Path) -> None:
    """Without a site there is help, and no site of somebody else's; a wrong site.toml is one line."""

    def loket(*arguments: str) -> tuple[int, str]:
        settings = {"LOKET_SITE": str(tmp_path), "LOKET_BASE_URL": "https://help.example.org"}
        command = [sys.executable, "-m", "selfservice", *arguments]
        done = subprocess.run(
            command, env=settings | {"LOKET_SECRET_KEY": "x" * 32}, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    missing = f"loket: there is no {tmp_path}/content/site.toml; is LOKET_SITE or LOKET_CONTENT right?\n"
    assert [(0, ""), (1, missing)] == [loket("--help"), loket("check")]
    (tmp_path / "content").mkdir()
    written(tmp_path / "content", "nam = 3")
    wrong = "loket: site.toml:1: there is no setting 'nam'; did you mean 'name'?\n"
    assert [(0, ""), (1, wrong)] == [loket("--help"), loket("check")]
