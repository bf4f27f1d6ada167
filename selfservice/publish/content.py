"""The pages of a content folder, read once, and what is wrong with them: `loket check` and the build go by the same."""

from __future__ import annotations

import datetime as dt
import html
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from flask import Flask

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.publish.inputs import Stamp, digest, scan
from selfservice.publish.page_cache import FactValues, PageCache, ParsedPage, page_key, sure_stamp
from selfservice.publish.reading import front_matter, markdown, schedule, trees
from selfservice.publish.reading.addresses import Addresses, read_addresses
from selfservice.publish.reading.embed import FormStarts
from selfservice.publish.reading.links import Links, is_own
from selfservice.publish.reading.markdown import EMBED, HREF, Document, Problem
from selfservice.publish.reading.outside_addresses import is_outside
from selfservice.publish.reading.page_file import PageFile, misplaced_files, read_page_file
from selfservice.publish.reading.pictures import Pictures
from selfservice.publish.reading.search_entries import Site
from selfservice.publish.reading.tables import page_tables
from selfservice.publish.rules import body_checks, plain_words, review, site_checks, twins
from selfservice.publish.rules.collisions import duplicate_addresses
from selfservice.publish.rules.lost_addresses import lost_addresses
from selfservice.publish.rules.staleness import Translations, compare
from selfservice.publish.rules.usage import demo_contacts, facts_in, mentions, missing_for_code, unused_facts
from selfservice.publish.shares import shared
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


class ContentPage:
    """A page as it was read and, once all are, with what refers to others."""

    def __init__(self, parsed: ParsedPage) -> None:
        self.parsed = parsed
        self.info = parsed.info
        self.document = parsed.document
        self.ids = parsed.ids  # of its questions
        self.problems: list[Problem] = []  # besides those of its document: seen from today, and from other pages
        self.html = ""  # with the addresses of links, and the forms in it
        self.forms: dict[str, str] = {}  # those in it, by name: what their links say
        self.related: list[PageInfo] = []
        self.tasks: list[dict[str, Any]] = []
        self.wants: list[dict[str, Any]] = []
        self.publication: Publication = ALWAYS
        self.state: State = "shown"
        self.is_forgiven = False  # whether what is wrong with it stops nothing

    def all_problems(self) -> list[Problem]:
        """What is wrong with it."""
        found = [*self.document.problems, *self.problems]
        return [replace(problem, error=False) for problem in found] if self.is_forgiven else found

    @property
    def place(self) -> Place:
        """Its language and key."""
        return self.info.lang, self.info.key

    @property
    def related_keys(self) -> list[str]:
        """The keys of the pages that it says are near to it."""
        return _listed(self.document, "related", str)

    @property
    def file(self) -> str:
        """Its file, as problems name it."""
        return file_of(*self.place)


@dataclass
class Content:
    """All that was read. What is wrong with a page is among its problems and those of its document, the rest in
    `problems`.

    `pages` are those that are shown; in a preview, also those that visitors do not see, which else are `unseen`.
    """

    pages: dict[Place, ContentPage]
    links: Links
    starts: FormStarts
    pictures: Pictures
    problems: list[Problem]
    stamps: dict[str, Stamp]  # of all files of the content folder, before they were read
    is_resolved: bool = True
    unseen: dict[Place, ContentPage] = field(default_factory=dict)
    addresses: Addresses = field(default_factory=Addresses)
    translations: Translations = field(default_factory=lambda: Translations([], {}))

    def advised(self) -> list[ContentPage]:
        """The pages that are shown, and those that will be by themselves."""
        return [*self.pages.values(), *(page for page in self.unseen.values() if page.state in _WHOLE)]

    def resolve(self, pages: Iterable[ContentPage]) -> None:
        """Fill in what refers to other pages, of those that lack it."""
        for page in pages:
            if not page.html:
                with using_language(page.info.lang):
                    _resolve(page, self)

    def address(self, lang: str, link: str) -> str:
        """Where a link of a page in this language leads; empty when it leads nowhere."""
        try:
            return self.links.target(lang, link)
        except KeyError:
            return ""

    def looks_at_others(self, page: ContentPage) -> bool:
        """Whether what is wrong with a page, or what it shows, depends on more of others than where its links lead."""
        if page.parsed.has_other_links or page.publication != ALWAYS:
            return True
        keys = (link.partition("#")[0].removesuffix(".md") for link in page.parsed.links)
        return any(self.links.has_ends(page.info.lang, key) for key in (*keys, *page.related_keys))

    def in_order(self) -> list[ContentPage]:
        """The pages as menus have them."""
        return sorted(self.pages.values(), key=lambda page: _sort_key(page.info))

    def all_problems(self) -> list[Problem]:
        """What is wrong, each thing once, by file and line."""
        pages = (*self.pages.values(), *self.unseen.values())
        found = {*self.problems, *(problem for page in pages for problem in page.all_problems())}
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


def read_content(
    app: Flask,
    config: Config,
    today: dt.date | None = None,
    *,
    cache: PageCache | None = None,
    starts: FormStarts | None = None,
) -> Content:
    """Read all pages of the content folder, and resolve what refers to others. Never raises for what an editor wrote.

    Nothing is resolved when pages or facts are missing that the program needs: no form can be shown then. With a cache
    pages are resolved by who asks for it: what the cache has may have been resolved before.
    """
    facts: Facts = app.extensions["layout"].facts
    today = today or facts.day
    stamps = scan(config.content)
    every = read_pages(app, config, stamps, cache)
    publications = in_all_languages({place: publication_of(page.document.meta) for place, page in every.items()})
    for place, page in every.items():
        page.publication, page.state = publications[place], publications[place].state(today)
    pages, unseen = _seen(every, preview=config.preview)
    infos = {place: page.info for place, page in pages.items()}
    starts, pictures = starts or FormStarts(app), Pictures(config.content)
    links = Links(
        {place: page.info.path for place, page in every.items()} | _missing_twins(every),
        {place: page.ids for place, page in every.items() if twins.are_questions_known(page.document)},
        app.extensions["fragments"],
        starts,
        {place for place, page in every.items() if page.info.is_tree},
        pictures,
        publications,
        today,
    )
    documents = {place: page.document for place, page in every.items()}
    content = Content(pages, links, starts, pictures, [], stamps, unseen=unseen)
    named = cache.once("mentions", lambda: mentions(config)) if cache else mentions(config)
    if missing := [*missing_for_code(config, facts, every, named), *schedule.missing_always(documents, today)]:
        return Content({}, links, starts, pictures, missing, stamps, is_resolved=False)
    app.extensions["layout"].set_pages(infos)
    for page in every.values():
        for rule in DAY_RULES:
            page.problems += rule(page.document, page.file, today)
    content.resolve(page for page in pages.values() if cache is None or content.looks_at_others(page))
    pictures.published = set(pictures.used)
    content.resolve(unseen.values())
    content.problems += links.broken_roles(config.content)
    content.problems += pictures.problems()
    content.problems += twins.missing_translations({p: one.document for p, one in every.items() if one.state in _WHOLE})
    content.problems += misplaced_files(config.content, stamps)
    content.problems += cache.once("site", lambda: _site_problems(config)) if cache else _site_problems(config)
    content.problems += _duplicates(config, every.values(), today)
    content.problems += trees.problems(documents)
    content.problems += unused_facts(config, facts, (page.parsed.facts_named for page in every.values()), named)
    content.problems += demo_contacts(config, facts)
    content.problems += plain_words.broken_words(config.content)
    if not config.preview:
        _forgive(content)
    content.problems += schedule.problems(documents, today)
    content.problems += schedule.wrong_stand_ins(documents, publications, links.target, today)
    content.addresses = read_addresses(app, config.content, pages, links, starts)
    content.problems += content.addresses.problems
    # Which addresses are lost is known once all pages are there and can be read.
    is_whole = not _missing_twins(every) and not any(
        "slug" in document.told or not twins.are_questions_known(document) for document in documents.values()
    )
    if (published := config.last_publication) and not content.addresses.problems and is_whole:
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
        page.is_forgiven = True
    content.problems = [replace(one, error=False) if one.file in unfinished else one for one in content.problems]


def _duplicates(config: Config, pages: Iterable[ContentPage], today: dt.date) -> list[Problem]:
    """Two pages with one address on the same day, today or on a later one on which something changes."""
    found = list(pages)
    days = {today, *(day for page in found for day in page.publication.changes() if day > today)}
    together = (
        [page.info for page in found if page.publication.draft or page.publication.is_shown(day)] for day in days
    )
    return list(dict.fromkeys(problem for infos in together for problem in duplicate_addresses(config.content, infos)))


def _site_problems(config: Config) -> list[Problem]:
    return [*site_checks.unknown_country(config.content), *site_checks.low_contrast(config)]


def read_pages(
    app: Flask, config: Config, stamps: dict[str, Stamp] | None = None, cache: PageCache | None = None
) -> dict[Place, ContentPage]:
    """All pages of the content folder, by language and key, each by itself."""
    stamps = scan(config.content) if stamps is None else stamps
    reader = PageReader(app, config, cache)
    parsed: dict[str, ParsedPage | None] = {}
    for lang in LANGUAGES:
        for name in stamps:
            folder, _, file = name.partition("/")
            if folder == lang and file.endswith(".md") and "/" not in file:
                parsed[name] = reader.find(name, stamps[name])

    def read(share: Iterator[str]) -> dict[str, ParsedPage]:
        found = {}
        for name in share:
            with using_language(name.partition("/")[0]):
                found[name] = reader.read(name, stamps[name])
        parsed.update(found)
        return found

    for found in shared([name for name, page in parsed.items() if page is None], read):
        parsed.update(found)
    pages = {name: page for name, page in parsed.items() if page}
    reader.finish(pages)
    return {(page.info.lang, page.info.key): ContentPage(page) for page in pages.values()}


class PageReader:
    """Reads pages, or takes them from the cache when they, and the facts in them, did not change."""

    def __init__(self, app: Flask, config: Config, cache: PageCache | None) -> None:
        self._content = config.content
        self._facts: Facts = app.extensions["layout"].facts
        self._values = FactValues(self._facts)
        self._tables = page_tables(app)
        self._cache = cache

    def find(self, name: str, stamp: Stamp) -> ParsedPage | None:
        """The page in this file of the content folder, if it was read before."""
        return self._cache.find(name, stamp, self._values) if self._cache else None

    def read(self, name: str, stamp: Stamp) -> ParsedPage:
        """The page in this file of the content folder, in its language, which is in force."""
        sure = sure_stamp(stamp)
        lang, _, file = name.partition("/")
        read = read_page_file(self._content / name, self._content)
        source = read.source
        text_key = digest(lang, source)
        if self._cache and not read.faults and (page := self._cache.find_text(name, text_key, self._values)):
            return replace(page, stamp=sure)
        used, self._facts.used = self._facts.used, set()
        try:
            info, document = self._parse(lang, file.removesuffix(".md"), read)
            facts = tuple(sorted(self._facts.used))
        finally:
            self._facts.used |= used
        if any(problem.error for problem in document.problems):
            # What was wrong may be mended elsewhere.
            text_key, sure = "", None
        hrefs = [html.unescape(link) for link in HREF.findall(document.html)]
        forms = EMBED.findall(document.html) if "selfservice:" in document.html else []
        key = page_key(text_key or digest(lang, source), facts, self._values)
        return ParsedPage(
            sure, text_key, key, facts, facts_in(source), info, document, frozenset(_ids(document)),
            _links(document, hrefs), tuple(name for name, _ in forms), _has_other_links(document, hrefs),
        )  # fmt: skip

    def _parse(self, lang: str, key: str, read: PageFile) -> tuple[PageInfo, Document]:
        file = file_of(lang, key)
        document = markdown.read(read.source, file, self._facts, self._tables)
        problems = [Problem(file, fault.line, fault.message, fault.error, fault.see) for fault in read.faults]
        if read.is_unread:
            # Whatever else is missing follows from that.
            document.problems = problems
        else:
            document.problems += problems
            for rule in PAGE_RULES:
                document.problems += rule(document, file)
        return page_info(lang, key, document.meta, self._facts, document.source), document

    def finish(self, parsed: dict[str, ParsedPage]) -> None:
        """All were read."""
        if self._cache:
            self._cache.keep(parsed)
        for page in parsed.values():
            self._facts.used.update(page.facts)


def _links(document: Document, hrefs: list[str]) -> tuple[str, ...]:
    """Where a page with these links leads on this site, as it stands in it, and in its front matter."""
    found = [link for link in hrefs if is_own(link)]
    for name in ("tasks", "wants"):
        found += [str(entry.get("link", "")) for entry in _listed(document, name, dict)]
    return tuple(dict.fromkeys(found))


def _has_other_links(document: Document, hrefs: list[str]) -> bool:
    """Whether there are pictures, or links to this site that are written otherwise than best."""
    return "<img" in document.html or any(
        not (is_own(link) or link.startswith("#") or is_outside(link)) for link in hrefs
    )


def _missing_twins(pages: dict[Place, ContentPage]) -> dict[Place, str]:
    """The pages that must be written yet in a language, which is told once, with the addresses that they may get."""
    keys = {key for (_, key), page in pages.items() if page.state in _WHOLE}
    return {(lang, key): f"/{lang}/{key}/" for lang, key in product(LANGUAGES, keys) if (lang, key) not in pages}


def _ids(document: Document) -> set[str]:
    return {id_ for _, id_, _ in document.headings if id_}


def _resolve(page: ContentPage, content: Content) -> None:
    """Fill in what refers to other pages; what leads nowhere is added to the page's problems."""
    document, lang, links = page.document, page.info.lang, content.links
    # The document is kept, and what is wrong seen from other pages is not.
    kept, document.problems = document.problems, []
    page.html, page.forms = links.resolve(document, lang, page.file)
    for name, entries in (("tasks", page.tasks), ("wants", page.wants)):
        for entry in _listed(document, name, dict):
            path = links.check(document, lang, page.file, str(entry.get("link", "")))
            entries.append(entry | {"path": path})
    for key in page.related_keys:
        if not links.has_page(lang, key):
            line = document.line_of("related:")
            document.problems.append(
                Problem(page.file, line, f"there is no page '{key}' to relate to", see="front-matter")
            )
        elif links.check(document, lang, page.file, f"{key}.md") and (related := content.pages.get((lang, key))):
            page.related.append(related.info)
    page.problems += document.problems
    document.problems = kept


def _listed(document: Document, name: str, kind: type) -> list[Any]:
    """The values of a list in the front matter that are of this kind; the others are told by its rules."""
    values = document.meta.get(name)
    return [value for value in values if isinstance(value, kind)] if isinstance(values, list) else []
