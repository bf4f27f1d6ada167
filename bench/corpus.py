"""An invented help site of any size: two languages, about 700 words a page, always the same for the same size."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate

LANGUAGES = ("en", "nl")
SECTIONS = ("log-in", "register", "account", "about")
QUESTIONS = 6
WORDS_A_PAGE = 700
_COMMON = {
    "en": "the a of to and you is in for your with on it that we can this by or from not when as be at have "
    "code letter account password invoice order extract register business address form mail pay file change request",
    "nl": "de het een van je en is op met voor in dat niet aan te we kunt deze bij of als om uit er nog "
    "code brief account wachtwoord factuur bestelling uittreksel register bedrijf adres formulier mail betalen",
}
_SYLLABLES = {
    "en": "re con de pro ter ing ment tion al ver ly ness able form port der lo ma si ca per in un out way side work",
    "nl": "be ver ge ont aan uit op lijk heid ing schap baar ter den lo ma si ka per in huis werk dag lijn straat",
}

Link = Callable[[str, str], str]
"""Gives the target of a link in one's own notation, of a page's key and a question's id (or "")."""


@dataclass(frozen=True)
class Page:
    """A page without its syntax. `pieces` are markdown with places for links and facts: text, and (kind, value)."""

    lang: str
    key: str
    title: str
    description: str
    slug: str
    section: str
    order: int
    related: tuple[str, ...]
    pieces: tuple[tuple[str, str], ...]

    @property
    def path(self) -> str:
        """The address, with a slash at both ends."""
        return f"/{self.lang}/{self.slug}/" if self.slug else f"/{self.lang}/"

    def body(self, link: Link, fact: Callable[[str], str]) -> str:
        """The markdown in some system's own notation."""
        written = []
        for kind, value in self.pieces:
            if kind == "link":
                key, _, anchor = value.partition("#")
                written.append(link(key, anchor))
            else:
                written.append(fact(value) if kind == "fact" else value)
        return "".join(written)


def pages(count: int, facts: list[str]) -> Iterator[Page]:
    """`count` pages, half of them in each language. Each fact stands somewhere, as our build demands."""
    keys = ["index", "contact", *(f"page-{number:05d}" for number in range(2, count // 2))]
    endless = itertools.cycle(facts)
    # A small site has few pages for all the facts.
    each = max(1, -(-len(facts) // count))
    for lang in LANGUAGES:
        words = WordSource(lang, 4000 if count < 1000 else 30_000)
        for number in range(len(keys)):
            yield _page(words, lang, number, keys, [next(endless) for _ in range(each)])


class WordSource:
    """A language's invented words, some much more common than others, as in real text (Zipf's law)."""

    def __init__(self, lang: str, size: int) -> None:
        self._random = random.Random(f"{lang} {size}")
        syllables = _SYLLABLES[lang].split()
        made = {"".join(self._random.choices(syllables, k=self._random.randint(2, 4))) for _ in range(size)}
        rare = sorted(made)
        self._random.shuffle(rare)
        self._words = [*_COMMON[lang].split(), *rare]
        self._weights = list(accumulate(1 / (rank + 3) for rank in range(len(self._words))))

    def some(self, low: int, high: int | None = None) -> str:
        """So many words."""
        count = self._random.randint(low, high or low)
        return " ".join(self._random.choices(self._words, cum_weights=self._weights, k=count))

    def sentence(self, low: int = 7, high: int = 16) -> str:
        """A sentence, with its capital and full stop."""
        return self.some(low, high).capitalize() + "."

    def paragraph(self) -> str:
        """Three to five sentences."""
        return " ".join(self.sentence() for _ in range(self._random.randint(3, 5)))

    def pick(self, choices: list[str]) -> str:
        """One of these."""
        return self._random.choice(choices)


def _page(words: WordSource, lang: str, number: int, keys: list[str], facts: list[str]) -> Page:
    title = f"{words.some(3, 6).capitalize()} {number}"
    key = keys[number]
    waiting = list(facts)
    pieces: list[tuple[str, str]] = [("text", f"{words.paragraph()}\n")]
    for question in range(1, QUESTIONS + 1):
        pieces.append(
            ("text", f"\n## {words.some(5, 9).capitalize()}? {{#question-{question}}}\n\n{words.paragraph()} ")
        )
        if waiting:
            share = -(-len(waiting) // (QUESTIONS + 1 - question))
            for fact in (waiting.pop() for _ in range(share)):
                pieces += [("text", f"{words.some(4).capitalize()} "), ("fact", fact), ("text", ". ")]
        target = words.pick(keys)
        anchor = f"question-{words.pick(list('123456'))}" if question % 2 else ""
        pieces += [("text", f"{words.some(3).capitalize()} [{words.some(2, 4)}]("), ("link", f"{target}#{anchor}")]
        pieces.append(("text", f") **{words.some(2)}**.\n\n{_block(words, number + question)}"))
    return Page(
        lang=lang,
        key=key,
        title=title,
        description=words.sentence(12, 14),
        slug="" if key == "index" else f"{key}-{'answers' if lang == 'en' else 'antwoorden'}",
        section="about" if number < 2 else SECTIONS[number % 4],
        order=number,
        related=tuple(dict.fromkeys(words.pick(keys[1:]) for _ in range(3))),
        pieces=tuple(pieces),
    )


def _block(words: WordSource, turn: int) -> str:
    """A list, numbered or not, a table now and then, or one more paragraph."""
    if turn % 7 == 0:
        rows = "\n".join(f"| {words.some(2)} | {words.some(1, 3)} | {words.some(2, 5)} |" for _ in range(5))
        return f"| {words.some(1)} | {words.some(1)} | {words.some(1)} |\n| --- | --- | --- |\n{rows}\n"
    if turn % 3 == 0:
        mark = "1." if turn % 2 else "-"
        return "\n".join(f"{mark} {words.sentence(6, 10)}" for _ in range(4)) + "\n"
    return f"{words.paragraph()}\n"
