"""The pages of a content folder, read once, and what is wrong with them: `loket check` and the build go by the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask import Flask

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.facts.file import read_text
from selfservice.facts.kinds import FactError
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish import body_checks, front_matter, markdown, review, schedule, site_checks, trees, twins
from selfservice.publish.addresses import Addresses, read_addresses
from selfservice.publish.collisions import duplicate_addresses
from selfservice.publish.embed import FormStarts
from selfservice.publish.links import Links
from selfservice.publish.lost_addresses import lost_addresses
from selfservice.publish.markdown import Document, Problem
from selfservice.publish.pictures import Pictures
from selfservice.publish.search_entries import Site
from selfservice.publish.staleness import Translations, compare
from selfservice.publish.tables import Tables, page_tables
from selfservice.publish.usage import demo_contacts, missing_for_code, unused_facts
from selfservice.web.pages import SECTIONS, PageInfo, page_info
from selfservice.web.publication import ALWAYS, Place, Publication, State, in_all_languages, publication_of

# Of a page by itself. What they find is kept with the page, so they may look at nothing else, nor take long.
PAGE_RULES: tuple[Callable[[Document, str], Iterator[Problem]], ...] = (
    front_matter.values,
    body_checks.errors,
)
# Of a page as it is seen on a day.
DAY_RULES: tuple[Callable[[Document, str, dt.date], Iterator[Problem]], ...] = (front_matter.dates, review.overdue)
# Visitors see these pages, or will by themselves: what they hold must be right.
_WHOLE = ("shown", "planned")


@dataclass
class ContentPage:
    """A page as it was read and, once all are, with what refers to others."""

    info: PageInfo
    document: Document
    html: str = ""  # with the addresses of links, and the forms in it
    forms: dict[str, str] = field(default_factory=dict)  # those in it, by name: what their links say
    related: list[PageInfo] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    wants: list[dict[str, Any]] = field(default_factory=list)
    publication: Publication = ALWAYS
    state: State = "shown"

    @property
    def place(self) -> Place:
        """Its language and key."""
        return self.info.lang, self.info.key

    @property
    def file(self) -> str:
        """Its file, as problems name it."""
        return file_of(*self.place)


@dataclass
class Content:
    """All that was read. What is wrong with a page is among the problems of its document, the rest in `problems`.

    `pages` are those that are shown; in a preview, also those that visitors do not see, which else are `unseen`.
    """

    pages: dict[Place, ContentPage]
    links: Links
    starts: FormStarts
    pictures: Pictures
    problems: list[Problem]
    is_resolved: bool = True
    unseen: dict[Place, ContentPage] = field(default_factory=dict)
    addresses: Addresses = field(default_factory=Addresses)
    translations: Translations = field(default_factory=lambda: Translations([], {}))

    def advised(self) -> list[ContentPage]:
        """The pages that are shown, and those that will be by themselves."""
        return [*self.pages.values(), *(page for page in self.unseen.values() if page.state in _WHOLE)]

    def in_order(self) -> list[ContentPage]:
        """The pages as menus have them."""
        return sorted(self.pages.values(), key=lambda page: _sort_key(page.info))

    def all_problems(self) -> list[Problem]:
        """What is wrong, each thing once, by file and line."""
        pages = (*self.pages.values(), *self.unseen.values())
        found = {*self.problems, *(problem for page in pages for problem in page.document.problems)}
        return in_order(found)

    def errors(self) -> list[Problem]:
        """What must be mended."""
        return [problem for problem in self.all_problems() if problem.error]

    def site(self, app: Flask) -> Site:
        """What the search's entries are made from."""
        read = [(page.info, page.document) for page in self.in_order()]
        facts: Facts = app.extensions["layout"].facts
        return Site(read, self.links.target, app.extensions["fragments"], self.starts, app.extensions["rights"], facts)


def _sort_key(info: PageInfo) -> tuple[str, int, int, str]:
    section = SECTIONS.index(info.section) if info.section in SECTIONS else len(SECTIONS)
    return info.lang, section, info.order, info.key


def file_of(lang: str, key: str) -> str:
    """The file of a page, as problems name it."""
    return f"content/{lang}/{key}.md"


def in_order(problems: set[Problem] | list[Problem]) -> list[Problem]:
    """Problems by file and line."""
    return sorted(problems, key=lambda problem: (problem.file, problem.line, problem.message))


def read_content(app: Flask, config: Config, today: dt.date | None = None) -> Content:
    """Read all pages of the content folder, and resolve what refers to others. Never raises for what an editor wrote.

    Nothing is resolved when pages or facts are missing that the program needs: no form can be shown then.
    """
    facts: Facts = app.extensions["layout"].facts
    today = today or facts.day
    every = read_pages(app, config)
    publications = in_all_languages({place: publication_of(page.document.meta) for place, page in every.items()})
    for place, page in every.items():
        page.publication, page.state = publications[place], publications[place].state(today)
    pages, unseen = _seen(every, preview=config.preview)
    infos = {place: page.info for place, page in pages.items()}
    starts, pictures = FormStarts(app), Pictures(config.content)
    links = Links(
        {place: page.info.path for place, page in every.items()},
        {place: _ids(one.document) for place, one in every.items() if twins.are_questions_known(one.document)},
        app.extensions["fragments"],
        starts,
        {place for place, page in every.items() if page.info.is_tree},
        pictures,
        publications,
        today,
    )
    documents = {place: page.document for place, page in every.items()}
    content = Content(pages, links, starts, pictures, [], unseen=unseen)
    if missing := [*missing_for_code(config, facts, every), *schedule.missing_always(documents, today)]:
        return Content({}, links, starts, pictures, missing, is_resolved=False)
    app.extensions["layout"].set_pages(infos)
    _complete(pages, links, infos, today)
    pictures.published = set(pictures.used)
    _complete(unseen, links, infos, today)
    content.problems += links.broken_roles(config.content)
    content.problems += pictures.problems()
    content.problems += twins.missing_translations({p: one.document for p, one in every.items() if one.state in _WHOLE})
    content.problems += site_checks.misplaced_files(config.content)
    content.problems += site_checks.unknown_country(config.content)
    content.problems += site_checks.low_contrast(config)
    content.problems += _duplicates(config, every.values(), today)
    content.problems += trees.problems(documents)
    content.problems += unused_facts(config, facts, (document.source for document in documents.values()))
    content.problems += demo_contacts(config, facts)
    if not config.preview:
        _forgive(content)
    content.problems += schedule.problems(documents, today)
    content.problems += schedule.wrong_stand_ins(documents, publications, links.target, today)
    content.addresses = read_addresses(app, config.content, pages, links, starts)
    content.problems += content.addresses.problems
    if (published := config.last_publication) and not content.addresses.problems:
        content.problems += lost_addresses(published, facts, every, content.addresses)
    content.translations = compare(config.last_publication, config.content, pages, today)
    content.problems += content.translations.problems
    return content


def _seen(
    every: dict[Place, ContentPage], *, preview: bool
) -> tuple[dict[Place, ContentPage], dict[Place, ContentPage]]:
    """The pages that are written, and the others. In a preview one that visitors do not see stands back for one that
    they see, with the same address.
    """
    shown = {place: page for place, page in every.items() if page.state == "shown"}
    paths = {page.info.path for page in shown.values()}
    if preview:
        shown |= {place: page for place, page in every.items() if page.state != "shown" and page.info.path not in paths}
    # In the order in which they were read.
    return {p: one for p, one in every.items() if p in shown}, {p: one for p, one in every.items() if p not in shown}


def _forgive(content: Content) -> None:
    """What is wrong with a draft, or a page that has ended, stops no publication of others. (A preview shows it.)"""
    unfinished = {page.file: page for page in content.unseen.values() if page.state not in _WHOLE}
    for page in unfinished.values():
        page.document.problems = [replace(problem, error=False) for problem in page.document.problems]
    content.problems = [replace(one, error=False) if one.file in unfinished else one for one in content.problems]


def _duplicates(config: Config, pages: Iterable[ContentPage], today: dt.date) -> list[Problem]:
    """Two pages with one address on the same day, today or on a later one on which something changes."""
    found = list(pages)
    days = {today, *(day for page in found for day in page.publication.changes() if day > today)}
    together = (
        [page.info for page in found if page.publication.draft or page.publication.is_shown(day)] for day in days
    )
    return list(dict.fromkeys(problem for infos in together for problem in duplicate_addresses(config.content, infos)))


def read_pages(app: Flask, config: Config) -> dict[Place, ContentPage]:
    """All pages of the content folder, by language and key, each by itself."""
    facts: Facts = app.extensions["layout"].facts
    tables = page_tables(app)
    pages = {}
    for lang in LANGUAGES:
        with using_language(lang):
            for path in sorted((config.content / lang).glob("*.md")):
                pages[lang, path.stem] = _read_page(path, lang, facts, tables)
    return pages


def _read_page(path: Path, lang: str, facts: Facts, tables: Tables) -> ContentPage:
    file, unreadable = file_of(lang, path.stem), []
    try:
        source = read_text(path)
    except FactError as error:
        _, line, message = str(error).split(":", 2)
        source, unreadable = "", [Problem(file, int(line), message.strip())]
    document = markdown.read(source, file, facts, tables)
    if unreadable:
        # Whatever else is missing follows from that.
        document.problems = unreadable
    else:
        for rule in PAGE_RULES:
            document.problems += rule(document, file)
    return ContentPage(page_info(lang, path.stem, document.meta, facts, document.source), document)


def _ids(document: Document) -> set[str]:
    return {id_ for _, id_, _ in markdown.headings(document.html) if id_}


def _complete(pages: dict[Place, ContentPage], links: Links, infos: dict[Place, PageInfo], today: dt.date) -> None:
    for page in pages.values():
        for rule in DAY_RULES:
            page.document.problems += rule(page.document, page.file, today)
        with using_language(page.info.lang):
            _resolve(page, links, infos)


def _resolve(page: ContentPage, links: Links, infos: dict[Place, PageInfo]) -> None:
    """Fill in what refers to other pages; what leads nowhere is added to the document's problems."""
    document, lang = page.document, page.info.lang
    page.html, page.forms = links.resolve(document, lang, page.file)
    for name, entries in (("tasks", page.tasks), ("wants", page.wants)):
        for entry in _listed(document, name, dict):
            path = links.check(document, lang, page.file, str(entry.get("link", "")))
            entries.append(entry | {"path": path})
    for key in _listed(document, "related", str):
        line = document.line_of("related:")
        if not links.has_page(lang, key):
            document.problems.append(Problem(page.file, line, f"there is no page '{key}' to relate to"))
        elif links.check(document, lang, page.file, f"{key}.md") and (lang, key) in infos:
            page.related.append(infos[lang, key])


def _listed(document: Document, name: str, kind: type) -> list[Any]:
    """The values of a list in the front matter that are of this kind; the others are told by its rules."""
    values = document.meta.get(name)
    return [value for value in values if isinstance(value, kind)] if isinstance(values, list) else []
