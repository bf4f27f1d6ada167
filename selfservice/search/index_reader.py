"""Reading the search index in one language: its words, synonyms and matches."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from selfservice.db import connect
from selfservice.i18n.languages import LANGUAGES
from selfservice.search import schema
from selfservice.search.highlighting import FoldedText
from selfservice.search.spelling import Vocabulary

# Later than any character of a word: what begins with `a` lies between `a` and `a` + LAST.
LAST_CHARACTER = "\U0010ffff"
# More than a site of some hundred pages has; each is as large as its text.
KEPT_ENTRIES = 2000

WORDS = """SELECT word FROM word WHERE word = :word AND count > 0
UNION ALL SELECT word FROM word WHERE count > 0 AND stem IN (SELECT value FROM json_each(:stems))
UNION ALL SELECT word FROM part WHERE stem IN (SELECT value FROM json_each(:stems))
UNION ALL SELECT word FROM word WHERE count > 0 AND word >= :word AND word < :until"""
AT = "SELECT id FROM question WHERE url = ? AND wording_of IS NULL"
HAS_QUESTION = "SELECT 1 FROM question WHERE page_key = ? AND anchor = ? LIMIT 1"
STEMS = "SELECT DISTINCT stem FROM ending WHERE form IN (SELECT value FROM json_each(?))"
MEANINGS = """SELECT DISTINCT meaning FROM synonym
  WHERE (stems = :stems OR words >= :words AND words < :until)"""

WORDINGS = "SELECT id, wording_of FROM question WHERE wording_of IS NOT NULL"
TWIN = "SELECT id FROM question WHERE kind = ? AND page_key = ? AND anchor = ? AND wording_of IS NULL"
ENTRIES = """SELECT id, wording_of, kind, url, lift, names, page_key, anchor, page_title, title, title_words, text,
  text_words FROM question WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"""


class MatchedQuestion(NamedTuple):
    """An entry of the index, or another wording of the entry with the id `wording_of`. `names` are its other titles, in
    folded words, one a line.
    """

    id: int
    wording_of: int | None
    kind: str
    url: str
    lift: float
    names: str
    page_key: str
    anchor: str
    page_title: str
    title: FoldedText
    text: FoldedText


class OtherVersionError(FileNotFoundError):
    """The index is of another version of Loket: it is as if there were none."""


class IndexReader:
    """The index of a language in a folder, for one thread. `entries` are those that were read, which threads share."""

    def __init__(self, folder: Path, lang: str, entries: dict[int, MatchedQuestion] | None = None) -> None:
        self.folder, self.lang = folder, lang
        # A word is looked at alone and in each phrase it may belong to.
        self._words = lru_cache(maxsize=1024)(self._read_words)
        self._entries = {} if entries is None else entries
        # A new index is another file with this name, so an open file never changes.
        path = schema.file(folder, lang)
        self._db = connect(path, is_immutable=True)
        if self._column("PRAGMA user_version", ()) != [schema.VERSION]:
            self.close()
            raise OtherVersionError(f"{path} is of another version of Loket: `loket build` makes it anew")
        self._db.execute(schema.OPEN_OCCURRENCES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def stems(self, forms: tuple[str, ...]) -> list[str]:
        """The stems in the index of these forms of a word; the first form if it has none."""
        return self._column(STEMS, (json.dumps(forms),)) or [forms[0]]

    def words(self, word: str, stems: Iterable[str], *, prefix: bool) -> frozenset[str]:
        """The words of the pages that this one finds: itself, of one stem, compounds, what begins with it."""
        return self._words(word, tuple(stems), word + LAST_CHARACTER if prefix else word)

    def _read_words(self, word: str, stems: tuple[str, ...], until: str) -> frozenset[str]:
        asked = {"word": word, "stems": json.dumps(stems), "until": until}
        return frozenset(self._column(WORDS, asked))

    def meanings(self, stems: str, words: str, *, prefix: bool) -> list[str]:
        """The synonyms of this word, or of words separated by spaces."""
        until = words + LAST_CHARACTER if prefix else words
        return self._column(MEANINGS, {"stems": stems, "words": words, "until": until})

    def usual_spelling(self, word: str) -> str:
        """How the word is usually spelt on the pages."""
        return str(self._column("SELECT shown FROM word WHERE word = ?", (word,))[0])

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """All words of the pages and the synonyms; read once, as only a misspelt query needs it."""
        return Vocabulary(self._db.execute("SELECT word, count FROM word"))

    @cached_property
    def size(self) -> int:
        """How many entries and other wordings there are."""
        return int(self._column("SELECT count(*) FROM question", ())[0])

    @cached_property
    def wordings(self) -> dict[int, int]:
        """The ids of the other wordings, each with that of its entry."""
        return dict(self._db.execute(WORDINGS))

    def phone(self, digits: str) -> str | None:
        """The telephone number of the pages that ends in these digits."""
        ending = "SELECT digits FROM phone WHERE substr(digits, -length(?)) = ?"
        return next(iter(self._column(ending, (digits, digits))), None)

    def pinned(self, words: str, today: dt.date) -> list[str]:
        """The addresses of what comes first for these words today."""
        sql = "SELECT url FROM pin WHERE words = ? AND until >= ?"
        return self._column(sql, (words, today.isoformat()))

    def candidates(self, match: str, limit: int) -> dict[int, float]:
        """The best matches by bm25, the best first, each with how well it matches."""
        return {rowid: -rank for rowid, rank in self._db.execute(schema.SELECT_CANDIDATES, (match, limit))}

    def entries(self, ids: Collection[int]) -> list[MatchedQuestion]:
        """The entries with these ids, in the order of the index."""
        # Every search looks at a hundred or two, and reading them took a fifth of its time.
        if len(self._entries) > KEPT_ENTRIES:
            self._entries.clear()
        known = {one: entry for one in ids if (entry := self._entries.get(one))}
        rows = self._db.execute(ENTRIES, (json.dumps([one for one in ids if one not in known]),))
        for one, of, kind, url, lift, names, key, anchor, page, *texts in rows:
            known[one] = self._entries[one] = MatchedQuestion(
                one, of, kind, url, lift, names, key, anchor, page, FoldedText(*texts[:2]), FoldedText(*texts[2:])
            )
        return [known[one] for one in sorted(known)]

    def twin(self, entry: MatchedQuestion) -> MatchedQuestion | None:
        """The entry in this language of one in another."""
        found = self._column(TWIN, (entry.kind, entry.page_key, entry.anchor))
        return next(iter(self.entries(found[:1])), None)

    def at(self, url: str) -> list[int]:
        """The ids of the entries at an address."""
        return self._column(AT, (url,))

    def ids(self, match: str) -> list[int]:
        """Which questions match, in no order."""
        return self._column(schema.SELECT_IDS, (match,))

    def columns(self, word: str, stems: Sequence[str]) -> list[tuple[str, int]]:
        """The columns in which an entry has this word, or one of these stems, each with the entry's id."""
        return self._db.execute(schema.SELECT_COLUMNS, {"word": word, "stems": json.dumps(stems)}).fetchall()

    def has_question(self, page_key: str, anchor: str) -> bool:
        """Whether this page has a question with this id."""
        return bool(self._column(HAS_QUESTION, (page_key, anchor)))

    def _column(self, sql: str, parameters: Any) -> list[Any]:
        return [row[0] for row in self._db.execute(sql, parameters)]


_readers = threading.local()
# By language, with the file that they were read from, as it was then.
_entries: dict[str, tuple[object, dict[int, MatchedQuestion]]] = {}


def open_index(folder: Path, lang: str) -> IndexReader:
    """This thread's reader of the index in this folder. It has one a language: that of a former build is closed for
    that of the next.

    Raises FileNotFoundError when there is no index: the site was not built yet, or by another version; KeyError for a
    language that the site does not have.
    """
    if lang not in LANGUAGES:
        raise KeyError(lang)
    path = schema.file(folder, lang)
    stat = path.stat()
    stamp = (path, stat.st_ino, stat.st_mtime_ns, stat.st_size)
    readers: dict[str, tuple[object, IndexReader]] = _readers.__dict__.setdefault("readers", {})
    held = readers.get(lang)
    if held and held[0] == stamp:
        return held[1]
    if held:
        del readers[lang]
        held[1].close()
    shared = _entries.get(lang)
    if shared is None or shared[0] != stamp:
        shared = _entries[lang] = (stamp, {})
    fresh = IndexReader(folder, lang, shared[1])
    readers[lang] = (stamp, fresh)
    return fresh
