"""What content/site.toml says of the owner's site.

An app reads it when it is made. Languages, time zone and country of holidays are known from the start on, and as they
were then: one process serves one site, SITE.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from selfservice.config import ROOT, ConfigError, content_folder

FILE = "site.toml"
KEYS = ("name", "languages", "default_language", "time_zone", "holidays")


@dataclass(frozen=True)
class SiteConfig:
    """The owner's site. Texts are by language code."""

    name: Mapping[str, str]
    languages: tuple[str, ...]
    default_language: str
    time_zone: ZoneInfo
    holidays: str


class _Reader:
    """The values of one site.toml, each checked; what is wrong is a ConfigError with its line."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        try:
            self._table = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            message, _, place = str(error).partition(" (at line ")
            # At the end of the document there is no number.
            raise ConfigError(f"{FILE}:{place.partition(',')[0] or 1}: not well-formed TOML: {message}") from None
        for key in self._table:
            if key not in KEYS:
                self.fail(key, f"there is no setting '{key}'{did_you_mean(key, KEYS)}")

    def fail(self, key: str, message: str) -> NoReturn:
        """Say what is wrong with a key, and on which line it stands."""
        starts = re.compile(rf"\s*\[?{re.escape(key)}\b")
        line = next((number for number, text in enumerate(self._lines, 1) if starts.match(text)), 1)
        raise ConfigError(f"{FILE}:{line}: {message}")

    def value(self, key: str, kind: type | tuple[type, ...], what: str) -> Any:
        """The value of a key that must be there, and of this type."""
        if key not in self._table:
            self.fail(key, f"'{key}' is missing: {what}")
        if not isinstance(value := self._table[key], kind) or not value:
            self.fail(key, f"'{key}' must be {what}")
        return value

    def languages(self) -> tuple[str, ...]:
        """The codes of the languages, in order."""
        codes = self.value("languages", list, 'a list of codes, such as ["en", "nl"]')
        if not all(isinstance(code, str) and re.fullmatch(r"[a-z]{2,3}", code) for code in codes):
            self.fail("languages", "a language is its code in small letters, such as nl")
        if len(set(codes)) != len(codes):
            self.fail("languages", "a language stands here twice")
        return tuple(codes)

    def default_language(self, languages: tuple[str, ...]) -> str:
        """The one for who asks for none of them."""
        code: str = self.value("default_language", str, f"one of {', '.join(languages)}")
        if code not in languages:
            self.fail("default_language", f"'default_language' must be one of {', '.join(languages)}")
        return code

    def texts(self, key: str, languages: tuple[str, ...]) -> Mapping[str, str]:
        """A text in each of the languages."""
        texts = self.value(key, (str, dict), f"a text, or one in each of {', '.join(languages)}")
        if isinstance(texts, str):
            return dict.fromkeys(languages, texts)
        if set(texts) != set(languages) or not all(isinstance(text, str) and text for text in texts.values()):
            self.fail(key, f"'{key}' must be a text in each of {', '.join(languages)}")
        return dict(texts)

    def time_zone(self) -> ZoneInfo:
        """The time zone."""
        name = self.value("time_zone", str, "the name of a time zone, such as Europe/Amsterdam")
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.fail("time_zone", f"there is no time zone '{name}'; its name is as in Europe/Amsterdam")

    def holidays(self) -> str:
        """The code of a country. Whether there is one is seen where it is used: all countries take long to read."""
        country: str = self.value("holidays", str, "the two letters of a country, such as NL")
        if not re.fullmatch(r"[A-Z]{2}", country):
            self.fail("holidays", f"'{country}' is not the two letters of a country, such as NL")
        return country


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What to add to an error: the nearest of what is known; nothing when none is near."""
    from difflib import get_close_matches  # not at each start

    near = get_close_matches(word, list(known), 1)
    return f"; did you mean '{near[0]}'?" if near else ""


def load_site(content: Path) -> SiteConfig:
    """Read the site.toml of a content folder.

    Raises ConfigError, one line with the line in the file, when something is missing or not as it must be.
    """
    path = content / FILE
    if not path.is_file():
        raise ConfigError(f"there is no {path}; is LOKET_SITE or LOKET_CONTENT right?")
    reader = _Reader(path.read_text("utf-8"))
    languages = reader.languages()
    return SiteConfig(
        name=reader.texts("name", languages),
        languages=languages,
        default_language=reader.default_language(languages),
        time_zone=reader.time_zone(),
        holidays=reader.holidays(),
    )


def load_site_again(content: Path) -> SiteConfig:
    """The same, for an app of this process. Raises ConfigError too when what is known from the start on has changed."""
    site = load_site(content)
    for key in ("languages", "default_language", "time_zone", "holidays"):
        if getattr(site, key) != getattr(SITE, key):
            raise ConfigError(f"{FILE}: '{key}' is no longer what it was when Loket was started: start it again")
    return site


def _here() -> SiteConfig:
    """The site of the folder where we stand; where there is none, the demonstration's, so that `loket --help` works
    anywhere (an app is refused there).
    """
    content = content_folder(os.environ)
    return load_site(content if (content / FILE).is_file() else ROOT / "content")


SITE = _here()
