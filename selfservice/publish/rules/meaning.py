"""What a page says, as far as its twins must say it too, and what of that changed from one version to the next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from babel.dates import get_month_names

from selfservice.i18n.languages import language_of
from selfservice.publish.reading.front_matter import read_front_matter
from selfservice.publish.reading.markdown import ANY_FACT

FEW_WORDS = 5  # so many, or one in twenty of a short page, are more than a few
LEAST_WORDS = 2
NEAR = 0.75  # how like each other two spellings of a word are (difflib)
MOST_NAMED = 3
_QUESTION = re.compile(r"^#{2,6} .*\{[^{}\n]*#([a-z0-9-]+)[^{}\n]*\}\s*$", re.MULTILINE)
_TARGET = re.compile(r"\]\(([^)\s]*)[^)]*\)|^\[[^\]]+\]:\s*(\S+).*$", re.MULTILINE)
_NO_WORDS = re.compile(r"<!--.*?-->|<[^>]+>|\{[#.][^{}\n]*\}|^\s*\d+[.)]\s", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


@dataclass(frozen=True)
class Meaning:
    """What a page says: its questions, facts, labels, forms and links to pages; its words, and which always count."""

    named: dict[str, frozenset[str]]
    words: Counter[str]
    exact: Counter[str]


@dataclass(frozen=True)
class Change:
    """What changed: said in words, by how many words, and whether that is more than a mended mistake."""

    said: tuple[str, ...]
    words: int
    is_meant: bool

    def answers(self, other: Change) -> bool:
        """Whether this change may be what the other led to: languages differ in how many words they need."""
        return self.is_meant or (self.words > 0 and self.words * 3 >= other.words)

    def __str__(self) -> str:
        words = f"{self.words} word{'s' if self.words > 1 else ''}"
        named = [*self.said[:MOST_NAMED], *("…" for _ in self.said[MOST_NAMED:][:1]), *([words] if self.words else [])]
        return "; ".join(named)


def change(lang: str, before: str, now: str) -> Change:
    """What changed between two versions of a page's file."""
    if before == now:
        return Change((), 0, is_meant=False)
    one, two = _meaning(lang, before), _meaning(lang, now)
    said = [text for what in one.named for text in _differences(what, one.named[what], two.named[what])]
    gone, new = list((one.exact - two.exact).elements()), list((two.exact - one.exact).elements())
    if gone or new:
        was, now_is = _quoted(gone), _quoted(new)
        said.append(f"{was} became {now_is}" if gone and new else f"{was} is gone" if gone else f"{now_is} is new")
    words = _changed_words(one.words, two.words)
    is_more = words >= FEW_WORDS or (words >= LEAST_WORDS and words * 20 >= two.words.total())
    return Change(tuple(said), words, bool(said) or is_more)


def _differences(what: str, before: frozenset[str], now: frozenset[str]) -> Iterator[str]:
    for names, how in ((sorted(now - before), "more"), (sorted(before - now), "less")):
        if names:
            many = f"a {what}" if len(names) == 1 else f"{len(names)} {what}s"
            yield f"{many} {how}: {_quoted(names)}"


def _quoted(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:MOST_NAMED])


def _changed_words(before: Counter[str], now: Counter[str]) -> int:
    """How many words are others, wherever they stand; one that is spelt nearly as another was mended."""
    gone, new = list((before - now).elements()), list((now - before).elements())
    for word in list(gone):
        if near := get_close_matches(word, new, 1, NEAR):
            gone.remove(word)
            new.remove(near[0])
    return max(len(gone), len(new))


@lru_cache(256)
def _meaning(lang: str, source: str) -> Meaning:
    front = read_front_matter(source)
    rows = [row for name in ("tasks", "wants") for row in front.meta.get(name, ())]
    texts = [str(front.meta.get(name, "")) for name in ("title", "lead")]
    texts += [text for row in rows for name, text in row.items() if name != "link"]
    text = "\n".join([*texts, front.body])
    targets = [match[1] or match[2] for match in _TARGET.finditer(front.body)] + [str(row.get("link")) for row in rows]
    links = [target.removeprefix("./") for target in targets if target]
    prose = _NO_WORDS.sub(" ", _TARGET.sub("] ", ANY_FACT.sub(" ", text)))
    words = [word.casefold() for word in _WORD.findall(prose)]
    known = language_of(lang)
    names = [name.strip() for name in ANY_FACT.findall(text)]
    return Meaning(
        {
            "question": frozenset(_QUESTION.findall(front.body)),
            "fact": frozenset(name.removeprefix("fact.") for name in names if not name.startswith("label.")),
            "label": frozenset(name.removeprefix("label.") for name in names if name.startswith("label.")),
            "form": frozenset(link.removeprefix("selfservice:") for link in links if link.startswith("selfservice:")),
            "link": frozenset(
                [link for link in links if re.match(r"[a-z0-9-]+\.md\b", link)]
                + [f"{key}.md" for key in front.meta.get("related", ())]
            ),
        },
        Counter(words),
        Counter(_exact(words, _months(known.locale), known.negations)),
    )


def _exact(words: list[str], months: frozenset[str], negations: frozenset[str]) -> Iterator[str]:
    """The words of which one makes another text: numbers, the months of days, and what says no."""
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        has_number = any(character.isdigit() for character in word)
        is_month = word in months and (before[:1].isdigit() or after[:1].isdigit())
        if has_number or is_month or word in negations:
            yield word


@lru_cache(16)
def _months(locale: str) -> frozenset[str]:
    return frozenset(name.casefold() for name in get_month_names("wide", locale=locale).values())
