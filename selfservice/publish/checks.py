"""`loket check` for editors: what must be mended in the pages, and what had better be looked at, in plain words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from flask import Flask

from selfservice import clock
from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, TIMEZONE, using_language
from selfservice.publish import markdown
from selfservice.publish.collisions import duplicate_addresses
from selfservice.publish.embed import form_renderer
from selfservice.publish.links import Links
from selfservice.publish.markdown import Document, Problem
from selfservice.publish.tables import page_tables
from selfservice.publish.usage import unused_facts
from selfservice.web.pages import FACT_REFERENCE, SECTIONS, page_info

DESCRIPTION_LENGTH = (50, 170)  # characters; what search engines show
REVIEW_DAYS = 366
_IMAGE = re.compile(r"<img\b[^>]*>")
_ID = re.compile(r'\bid="([^"]+)"')
_FACT_LIKE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w/=.-])(?!\d\d-\d\d-\d{4}\b)(?:\+31|0)[\d ()-]{7,}\d(?!\w)"), "a telephone number"),
    (re.compile(r"(?:€|\bEUR\b)\s?\d|\b\d+(?:[.,]\d\d)? euro\b", re.IGNORECASE), "a price"),
    (re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.]+\b"), "an e-mail address"),
)

Pages = dict[tuple[str, str], Document]


def check(app: Flask, config: Config, today: dt.date | None = None) -> list[Problem]:
    """Everything found in the content, by file and line. Changes nothing."""
    facts: Facts = app.extensions["layout"].facts
    today = today or clock.now().astimezone(TIMEZONE).date()
    pages: Pages = {}
    for lang in LANGUAGES:
        with using_language(lang):
            for path in sorted((config.content / lang).glob("*.md")):
                pages[lang, path.stem] = markdown.read(
                    path.read_text("utf-8"), _file(lang, path.stem), facts, page_tables(app)
                )
    found: list[Problem] = []
    _resolve(app, pages, facts)
    for (lang, key), document in pages.items():
        found += document.problems
        for rule in RULES:
            found += rule(document, _file(lang, key), today)
    found += _missing_translations(pages)
    found += _misplaced_files(config.content)
    found += duplicate_addresses(config.content, app.extensions["layout"].pages().values())
    found += unused_facts(config, facts)
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.message))


def _file(lang: str, key: str) -> str:
    return f"content/{lang}/{key}.md"


def _resolve(app: Flask, pages: Pages, facts: Facts) -> None:
    paths = {}
    for lang, key in pages:
        with using_language(lang):
            paths[lang, key] = page_info(lang, key, pages[lang, key].meta, facts).path
    anchors = {
        place: {id_ for _, id_, _ in markdown.headings(document.html) if id_} for place, document in pages.items()
    }
    links = Links(paths, anchors, app.extensions["fragments"], form_renderer(app))
    for (lang, key), document in pages.items():
        links.resolve(document, lang, _file(lang, key))
        for name in ("tasks", "wants"):
            for entry in document.meta.get(name) or ():
                links.check(document, lang, _file(lang, key), str(entry.get("link", "")))
        for match in re.finditer(r'href="#([^"]+)"', document.html):
            if match[1] not in anchors[lang, key] and not match[1].startswith("fn"):
                line = document.line_of(f"](#{match[1]})")
                message = f"there is no question '#{match[1]}' on this page; check its spelling"
                document.problems.append(Problem(_file(lang, key), line, message))
        for other in document.meta.get("related") or ():
            if (lang, other) not in pages:
                line = document.line_of("related:")
                document.problems.append(Problem(_file(lang, key), line, f"there is no page '{other}' to relate to"))


def _front_matter(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    meta = document.meta
    for name in ("title", "description"):
        if not str(meta.get(name) or "").strip():
            yield Problem(file, 1, f"the page has no {name}: add '{name}: …' between the --- lines")
    description = str(meta.get("description") or "")
    low, high = DESCRIPTION_LENGTH
    if description and not low <= len(description) <= high:
        message = f"the description has {len(description)} characters; search engines show {low} to {high}"
        yield Problem(file, document.line_of("description:"), message, error=False)
    if str(meta.get("section")) not in SECTIONS:
        line = document.line_of("section:")
        yield Problem(file, line, f"the section must be one of {', '.join(SECTIONS)}")
    if not isinstance(meta.get("order", 0), int):
        yield Problem(file, document.line_of("order:"), "'order:' must be a whole number such as 30")
    if not re.fullmatch(r"[a-z0-9-]*", str(meta.get("slug") or "")):
        message = "'slug:' is a part of an address: use small letters, digits and dashes"
        yield Problem(file, document.line_of("slug:"), message)


def _dates(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    meta = document.meta
    for name in ("updated", "reviewed"):
        value = meta.get(name)
        if type(value) is not dt.date:
            yield Problem(file, document.line_of(f"{name}:"), f"'{name}:' must be a date such as {today.isoformat()}")
        elif value > today:
            yield Problem(file, document.line_of(f"{name}:"), f"'{name}:' lies in the future", error=False)
    reviewed = meta.get("reviewed")
    if type(reviewed) is dt.date and (today - reviewed).days > REVIEW_DAYS:
        message = f"not reviewed since {reviewed.isoformat()}: read it again and set 'reviewed:' to that day"
        yield Problem(file, document.line_of("reviewed:"), message, error=False)


def _headings(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    level, seen = 1, set()
    for now, id_, text in markdown.headings(document.html):
        line = document.line_of(f"{'#' * now} {text}") if text else 1
        line = line if line > 1 else document.line_of("{#" + id_ + "}") if id_ else 1
        if now == 1:
            yield Problem(file, line, f"'{text}' is a first-level heading; the title is that already: use ##")
        elif now > level + 1:
            yield Problem(file, line, f"'{text}' skips a heading level: use {'#' * (level + 1)}")
        level = max(now, 1)
        if now == 2 and not id_:
            yield Problem(
                file, line, f"the question '{text}' has no id: add {{#a-short-name}}, the same in every language"
            )
        if id_ in seen:
            at = document.source.rfind("{#" + id_ + "}")
            yield Problem(file, document.source.count("\n", 0, at) + 1, f"the id '{id_}' is used twice on this page")
        seen.add(id_)


def _images(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    for match in _IMAGE.finditer(document.html):
        if not re.search(r'\balt="[^"]+"', match[0]):
            source = re.search(r'src="([^"]*)"', match[0])
            line = document.line_of(source[1] if source else "![")
            yield Problem(file, line, "the image has no description: write it between the [ ] of ![…](…)")


def _bare_values(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    for number, text in enumerate(document.source.splitlines(), 1):
        if number < document.body_line and not text.startswith(("title:", "description:", "lead:")):
            continue
        prose = FACT_REFERENCE.sub("", text)
        for pattern, what in _FACT_LIKE:
            if match := pattern.search(prose):
                message = (
                    f"'{match[0].strip()}' looks like {what}: put it in content/facts.toml and write {{{{ fact.… }}}}"
                )
                yield Problem(file, number, message, error=False)


RULES: tuple[Callable[[Document, str, dt.date], Iterator[Problem]], ...] = (
    _front_matter,
    _dates,
    _headings,
    _images,
    _bare_values,
)


def _missing_translations(pages: Pages) -> Iterator[Problem]:
    """Every page and every question exists in every language."""
    for ((lang, key), document), other in product(pages.items(), LANGUAGES):
        if other == lang:
            continue
        if (other, key) not in pages:
            yield Problem(_file(lang, key), 1, f"this page has no twin: write content/{other}/{key}.md")
            continue
        twins = {id_ for _, id_, _ in markdown.headings(pages[other, key].html)}
        for _, id_, text in markdown.headings(document.html):
            if id_ and id_ not in twins:
                line = document.line_of("{#" + id_ + "}")
                yield Problem(_file(lang, key), line, f"'{text}' ({{#{id_}}}) has no twin in content/{other}/{key}.md")


def _misplaced_files(content: Path) -> Iterator[Problem]:
    """Files that would silently not become a page."""
    folders = " or ".join(f"content/{code}" for code in LANGUAGES)
    for path in sorted(content.rglob("*.md")):
        place = path.relative_to(content)
        if len(place.parts) != 2 or place.parts[0] not in LANGUAGES:
            yield Problem(f"content/{place}", 1, f"pages stand in {folders}: move it there")
        elif not re.fullmatch(r"[a-z0-9-]+", path.stem):
            yield Problem(f"content/{place}", 1, "a file name has only small letters, digits and dashes: rename it")
