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
from selfservice.facts.file import read_text
from selfservice.i18n.languages import LANGUAGES, TIMEZONE, using_language
from selfservice.publish import markdown, pictures, plain_words, trees
from selfservice.publish.collisions import duplicate_addresses
from selfservice.publish.embed import FormStarts
from selfservice.publish.links import Links
from selfservice.publish.markdown import Document, Problem
from selfservice.publish.search_entries import Site
from selfservice.publish.searches import check_searches
from selfservice.publish.tables import page_tables
from selfservice.publish.usage import missing_for_code, unused_facts
from selfservice.site_config import FILE, SITE, line_of
from selfservice.web import theme
from selfservice.web.pages import FACT_REFERENCE, SECTIONS, page_info

DESCRIPTION_LENGTH = (50, 170)  # characters; what search engines show
REVIEW_DAYS = 366
# What stands on what: links and headings of links, and buttons.
CONTRASTS = (
    ("accent", "paper"),
    ("accent", "surface"),
    ("accent", "tint"),
    ("on-accent", "accent"),
    ("on-accent", "press"),
    ("white", "hero"),
    ("brass", "hero"),
)
LEAST_CONTRAST = 4.5
# What stands on the first block of the home page.
ON_HERO = {"white": ("#ffffff", "#ffffff"), "brass": ("#f0d583", "#f0d583")}
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
    if missing := missing_for_code(config, facts, app.extensions["layout"].pages()):
        return missing
    today = today or clock.now().astimezone(TIMEZONE).date()
    pages = read_documents(app, config)
    found = _resolve(app, pages, facts, today)
    for (lang, key), document in pages.items():
        found += document.problems
        for rule in RULES:
            found += rule(document, _file(lang, key), today)
    found += _missing_translations(pages)
    found += misplaced_files(config.content)
    found += unknown_country(config.content)
    found += low_contrast(config)
    found += duplicate_addresses(config.content, app.extensions["layout"].pages().values())
    found += unused_facts(config, facts)
    found += trees.problems(pages)
    found += plain_words.problems(pages, config.content, facts)
    # Some rules hold for any page, and for a tree when it is built too.
    return sorted(set(found), key=lambda problem: (problem.file, problem.line, problem.message))


def read_documents(app: Flask, config: Config) -> Pages:
    """All pages of the content folder, by language and key."""
    pages: Pages = {}
    for lang in LANGUAGES:
        with using_language(lang):
            for path in sorted((config.content / lang).glob("*.md")):
                facts: Facts = app.extensions["layout"].facts
                text = read_text(path)
                pages[lang, path.stem] = markdown.read(text, _file(lang, path.stem), facts, page_tables(app))
    return pages


def _file(lang: str, key: str) -> str:
    return f"content/{lang}/{key}.md"


def _resolve(app: Flask, pages: Pages, facts: Facts, today: dt.date) -> list[Problem]:
    """Add what is wrong with the links of pages to their problems; returns what is wrong with those of site.toml, and
    with the searches.
    """
    infos = {}
    for lang, key in pages:
        with using_language(lang):
            infos[lang, key] = page_info(lang, key, pages[lang, key].meta, facts)
    paths = {place: info.path for place, info in infos.items()}
    anchors = {
        place: {id_ for _, id_, _ in markdown.headings(document.html) if id_} for place, document in pages.items()
    }
    tree_pages = {place for place, document in pages.items() if trees.is_tree(document)}
    starts = FormStarts(app)
    content: Path = app.extensions["layout"].config.content
    shown = pictures.Pictures(content)
    links = Links(paths, anchors, app.extensions["fragments"], starts, tree_pages, shown)
    for (lang, key), document in pages.items():
        links.resolve(document, lang, _file(lang, key))
        for name in ("tasks", "wants"):
            for entry in document.meta.get(name) or ():
                links.check(document, lang, _file(lang, key), str(entry.get("link", "")))
        for match in re.finditer(r'href="#([^"]+)"', document.html):
            # Of a tree that is one of its own rules.
            if match[1] not in anchors[lang, key] and not match[1].startswith("fn") and (lang, key) not in tree_pages:
                line = document.line_of(f"](#{match[1]})")
                message = f"there is no question '#{match[1]}' on this page; check its spelling"
                document.problems.append(Problem(_file(lang, key), line, message))
        for other in document.meta.get("related") or ():
            if (lang, other) not in pages:
                line = document.line_of("related:")
                document.problems.append(Problem(_file(lang, key), line, f"there is no page '{other}' to relate to"))
    found = [*links.broken_roles(content), *shown.problems()]
    if any(problem.error for problem in found) or any(
        problem.error for document in pages.values() for problem in document.problems
    ):
        return found  # what is searched is not known before the pages are right
    read = [(infos[place], document) for place, document in pages.items()]
    site = Site(read, links.target, app.extensions["fragments"], starts, app.extensions["rights"], facts)
    return check_searches(content, site, today)


def _front_matter(document: Document, file: str, today: dt.date) -> Iterator[Problem]:
    meta = document.meta
    for name in ("title", "description"):
        if not str(meta.get(name) or "").strip():
            yield Problem(file, 1, f"the page has no {name}: add '{name}: …' between the --- lines")
        elif not isinstance(meta[name], str):
            yield Problem(
                file, document.line_of(f"{name}:"), f"'{name}:' must be a text: write it between double quotes"
            )
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
    if meta.get("slug") == "self-service":
        yield Problem(file, document.line_of("slug:"), "the forms stand at 'self-service': choose another slug")
    if not isinstance(meta.get("about_this_site", False), bool):
        yield Problem(file, document.line_of("about_this_site:"), "'about_this_site:' must be true, or be left out")


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


def unknown_country(content: Path) -> Iterator[Problem]:
    """The country of site.toml, when nothing is known of its holidays."""
    import holidays  # heavy, and known nowhere else but where days are counted

    if SITE.holidays not in holidays.list_supported_countries():
        message = (
            f"of the holidays of '{SITE.holidays}' nothing is known: give the two letters of a country, such as NL"
        )
        yield Problem(f"content/{FILE}", line_of(content, "holidays"), message)


def low_contrast(config: Config) -> Iterator[Problem]:
    """The colours of site.toml on which text cannot be read well (WCAG 2.2, 1.4.3)."""
    tokens = {**theme.colours(config.root / "site" / "static"), **ON_HERO, **SITE.colours}
    for text, ground in CONTRASTS:
        if ground not in tokens:
            continue
        for shade, on, under in zip(("light", "dark"), tokens[text], tokens[ground], strict=True):
            ratio = contrast(on, under)
            if ratio < LEAST_CONTRAST and (key := next((key for key in (text, ground) if key in SITE.colours), "")):
                message = (
                    f"{text} on {ground}, {shade}, has a contrast of {ratio:.1f}; it must be {LEAST_CONTRAST} at least"
                )
                yield Problem(f"content/{FILE}", line_of(config.content, key, "colours"), message)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours such as #0e4d3a, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def misplaced_files(content: Path) -> Iterator[Problem]:
    """Files and folders of which nothing would become a page, without a word."""
    folders = " or ".join(f"content/{code}" for code in LANGUAGES)
    for path in sorted(content.iterdir()):
        if path.is_dir() and path.name not in (*LANGUAGES, pictures.FOLDER) and not path.name.startswith("."):
            message = f"'{path.name}' is no language of this site: add it to the languages in site.toml, or remove it"
            yield Problem(f"content/{path.name}", 1, message)
    for path in sorted(content.rglob("*.md")):
        place = path.relative_to(content)
        if len(place.parts) > 1 and place.parts[0] not in LANGUAGES:
            continue
        if len(place.parts) != 2:
            yield Problem(f"content/{place}", 1, f"pages stand in {folders}: move it there")
        elif not re.fullmatch(r"[a-z0-9-]+", path.stem):
            yield Problem(f"content/{place}", 1, "a file name has only small letters, digits and dashes: rename it")
