"""The pages that come nearest to an address that is not there: by how it is written, then by its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from selfservice.db import Error
from selfservice.search.query import SearchHit, search
from selfservice.search.spelling import edit_distance, letter_bits
from selfservice.search.tokens import tokens
from selfservice.web.pages import PageInfo

MOST = 5
# Of a longer address only the beginning counts, of its words the first, and none that is longer than words are:
# programs ask for anything.
MAX_LENGTH = 120
MAX_WORDS = 8
# A hyphen in an address is a space: no "e-mail".
_SEPARATORS = re.compile(r"[-_]")
MAX_WORD_LENGTH = 30
# How many letters may be wrong: one in four, but not more than these.
MAX_EDITS = 3

_LANGUAGE = re.compile(r"[a-z]{2}([-_][a-z]{2})?", re.IGNORECASE)
_PAGE_ENDING = re.compile(r"\.html?$", re.IGNORECASE)
_letter_bits = lru_cache(maxsize=1 << 14)(letter_bits)


class NearPage(NamedTuple):
    """A page, or a question of one."""

    url: str
    title: str


def nearest_pages(path: str, pages: Mapping[tuple[str, str], PageInfo], index: Path, lang: str) -> list[NearPage]:
    """At most five pages in this language: those whose address is nearly this one, in whichever language, and then what
    search finds for its words. None for the address of a file that is no page.
    """
    folders = [folder for folder in path[:MAX_LENGTH].split("/") if folder]
    if folders and _LANGUAGE.fullmatch(folders[0]):
        del folders[0]
    if not folders or "." in (last := _PAGE_ENDING.sub("", folders[-1])):
        return []
    folders = [folder for folder in (*folders[:-1], last) if folder.lower() not in ("self-service", "index")]
    found: dict[str, str] = {}
    for key in _keys_nearly(folders[-1], pages) if folders else ():
        if (lang, key) in pages:
            found.setdefault(pages[lang, key].path, pages[lang, key].title)
    typed = [word for word in tokens(_SEPARATORS.sub(" ", " ".join(folders))) if len(word) <= MAX_WORD_LENGTH]
    words = " ".join(typed[:MAX_WORDS])
    for url, title in _with_words(words, index, lang) if words and len(found) < MOST else ():
        if title not in found.values():
            found.setdefault(url, title)
    return [NearPage(*each) for each in found.items()][:MOST]


def _keys_nearly(folder: str, pages: Mapping[tuple[str, str], PageInfo]) -> list[str]:
    """The pages whose address in some language, or whose file, has nearly this name; the nearest first."""
    name = "-".join(tokens(folder.replace("_", " ")))
    limit, bits = min(MAX_EDITS, len(name) // 4), _letter_bits(name)
    found: dict[str, int] = {}
    for (_, key), page in pages.items():
        for other in {page.path.strip("/").partition("/")[2], key} - {"", "index"}:
            # Length and letters alone rule out nearly all, at a fraction of what the distance costs.
            if abs(len(other) - len(name)) > limit or (bits ^ _letter_bits(other)).bit_count() > 2 * limit:
                continue
            edits = edit_distance(name, other, limit)
            if edits <= limit:
                found[key] = min(edits, found.get(key, edits))
    return sorted(found, key=lambda key: (found[key], key))


def _with_words(words: str, index: Path, lang: str) -> Iterator[tuple[str, str]]:
    """What search finds; it also reads what is typed in another language."""
    for hit in _search(index, lang, words):
        yield hit.url, "".join(text for text, _ in hit.title)


def _search(index: Path, lang: str, words: str) -> list[SearchHit]:
    try:
        return search(index, lang, words, MOST).hits
    except (FileNotFoundError, Error):  # there is none before the first build, or one of another version
        return []
