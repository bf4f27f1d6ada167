"""Every address outside this site that a visitor is led to, and where: for an editor to try. Nothing is fetched here:
whether a page of others is there today is no reason to build or not, and a list can be pressed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.facts.rights import Rights
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.reading.page_file import page_files
from selfservice.publish.rules.usage import sources
from selfservice.web.pages import fill_facts

# An address as a link is written in markdown and HTML, or the name of a fact; with the words that are the link.
_LINK = re.compile(
    r"(?:\[(?P<words>[^\]\n]*)\]\()?(?:\{\{\s*)?"
    r"""(?:\bfact\.(?P<fact>\w+\.\w+)|(?:(?<=\]\()|(?<=<)|(?<=\]: )|(?<=href="))(?P<address>https?://[^\s)"'<>]+))"""
)
_WHERE = re.compile(r'^\[(?P<key>\w+)\]|^where = "(?P<fact>\w+\.\w+)"', re.MULTILINE)
_OF_A_LANGUAGE = re.compile(rf"\b({'|'.join(LANGUAGES)}) = ")


@dataclass(frozen=True, order=True)
class Place:
    """Where an address stands: the file and line, the name of the fact or the words of the link, in which languages."""

    file: str
    line: int
    words: str
    languages: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {', '.join(self.languages)}" + (f": {self.words}" if self.words else "")


def outside_links(config: Config, facts: Facts, rights: Rights) -> dict[str, list[Place]]:
    """Each address once, in order, with its places."""
    found: dict[str, dict[tuple[str, int, str], list[str]]] = {}
    for lang in LANGUAGES:
        with using_language(lang):
            for address, file, line, words in _in_language(config, facts, rights, lang):
                places = found.setdefault(address, {}).setdefault((file, line, words), [])
                places += [] if lang in places else [lang]
    return {
        address: sorted(Place(*place, tuple(languages)) for place, languages in found[address].items())
        for address in sorted(found)
    }


def _in_language(config: Config, facts: Facts, rights: Rights, lang: str) -> Iterator[tuple[str, str, int, str]]:
    for fact in facts:
        if fact.kind == "url":
            yield str(fact.href), "content/facts.toml", fact.line, fact.name
    titles = {right.key: right.titles.get(lang, "") for right in rights.all}
    key, text = "", (config.content / "rights.toml").read_text("utf-8")
    for match in _WHERE.finditer(text):
        key = match["key"] or key
        if match["fact"]:
            line = text.count("\n", 0, match.start()) + 1
            yield str(facts.get(match["fact"]).href), "content/rights.toml", line, titles[key]
    for file, text in _texts(config, lang):
        for match in _LINK.finditer(text):
            before = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
            if (languages := _OF_A_LANGUAGE.findall(before)) and languages[-1] != lang:
                continue
            line = text.count("\n", 0, match.start()) + 1
            words = fill_facts(match["words"] or "", facts)
            if match["address"]:
                yield match["address"], file, line, words
            elif match["fact"] in facts and (fact := facts.get(match["fact"])).kind == "url":
                yield str(fact.href), file, line, words


def _texts(config: Config, lang: str) -> Iterator[tuple[str, str]]:
    """The pages of the language and what all languages share, by place."""
    for path in (*page_files(config.content / lang), config.content / "site.toml"):
        yield f"content/{path.relative_to(config.content).as_posix()}", path.read_text("utf-8", "replace")
    for place, text in sources(config):
        if Path(place).suffix != ".py":
            yield place, text
