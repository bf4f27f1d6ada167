"""`loket check` for editors: what must be mended in the pages, and what had better be looked at, in plain words."""

from __future__ import annotations

import datetime as dt

from flask import Flask

from selfservice import clock
from selfservice.config import Config
from selfservice.i18n.languages import TIMEZONE
from selfservice.publish.content import Content, in_order, read_content
from selfservice.publish.reading.markdown import Problem
from selfservice.publish.reading.searches import check_searches
from selfservice.publish.rules import body_advice, plain_words


def check(app: Flask, config: Config, today: dt.date | None = None) -> list[Problem]:
    """Everything found in the content, by file and line. Changes nothing."""
    today = today or clock.now().astimezone(TIMEZONE).date()
    content = read_content(app, config, today)
    found = content.all_problems()
    if content.is_resolved:
        found += advice(app, config, content, today)
    return in_order(set(found))


def advice(app: Flask, config: Config, content: Content, today: dt.date) -> list[Problem]:
    """What takes too long to look for in each build."""
    facts = app.extensions["layout"].facts
    found: list[Problem] = []
    if not content.errors():  # what is searched is not known before the pages are right
        found += check_searches(config.content, content.site(app), today)
    words = plain_words.words_by_language(config.content)
    for page in content.advised():
        found += body_advice.advice(page.document, page.file, words.get(page.info.lang))
    found += plain_words.problems({page.place: page.document for page in content.advised()}, config.content, facts)
    return found
