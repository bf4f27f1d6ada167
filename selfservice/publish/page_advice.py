"""What could be better in the pages of a preview: looked for in those that changed, and kept of the others."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Flask

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.problems import Problem
from selfservice.publish.content import Content
from selfservice.publish.inputs import bytes_of
from selfservice.publish.page_cache import FactValues
from selfservice.publish.reading.searches import check_searches
from selfservice.publish.rules import body_advice, plain_words
from selfservice.web.publication import Place

# Besides pages and facts advice depends on these.
_FILES = ("site.toml", "rights.toml", plain_words.OWN_WORDS)
_SETTINGS = tuple(f"content/{name}" for name in _FILES)
AT_ONCE = 50  # pages; between two lots an edit is listened for


class PageAdvice:
    """What `loket check` advises, some pages at a time, by which (and site.toml) a language is formal or not."""

    def __init__(self) -> None:
        self._around: object = None
        self._kept: dict[Place, tuple[str, list[Problem]]] = {}
        self._of_settings: list[Problem] = []
        self._of_searches: tuple[bytes, list[Problem]] = b"", []

    def find(
        self, app: Flask, config: Config, content: Content, today: dt.date, wait: Callable[[], object]
    ) -> list[Problem]:
        """What there is to advise now. `wait` is called now and then; what it raises ends that."""
        facts: Facts = app.extensions["layout"].facts
        around = [bytes_of(config.content / name) for name in _FILES], FactValues(facts).all()
        if around != self._around:
            self._around, self._kept = around, {}
        words = plain_words.words_by_language(config.content)
        pages = content.advised()
        changed = [page for page in pages if self._kept.get(page.place, ("", []))[0] != page.parsed.key]
        for start in range(0, len(changed), AT_ONCE):
            wait()
            some = changed[start : start + AT_ONCE]
            found = [*plain_words.problems({page.place: page.document for page in some}, config.content, facts)]
            self._of_settings = [problem for problem in found if problem.file in _SETTINGS]
            for page in some:
                own = [problem for problem in found if problem.file == page.file]
                own += body_advice.advice(page.document, page.file, words.get(page.info.lang))
                self._kept[page.place] = page.parsed.key, own
        searches = bytes_of(config.content / "searches.toml")
        if searches != self._of_searches[0]:
            self._of_searches = searches, check_searches(config.content, content.site(app), today)
        of_pages = [problem for page in pages for problem in self._kept[page.place][1]]
        return [*of_pages, *self._of_settings, *self._of_searches[1]]
