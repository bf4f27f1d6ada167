"""When pages are shown: what is wrong with `status:`, `publish:`, `until:` and `see:`, and the next moment at which the
built site is no longer what it should be.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

from selfservice.facts.facts import Facts
from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading.markdown import Document
from selfservice.site_config import FILE, SITE
from selfservice.web.publication import STATUSES, Place, Publication, publication_of
from selfservice.workdays import start_of_day

SECTION = "drafts-and-days"  # of docs/editing.md
HOME = "index"
# A site that nobody builds is built by itself before its security.txt expires (publish/writing/files.py).
LONGEST = dt.timedelta(days=300)
FAR_AHEAD = dt.timedelta(days=366)
_KEYS = ("status", "publish", "until")
_TOGETHER = "a page is shown in all languages or in none"


def next_change(pages: Iterable[Publication], facts: Facts) -> dt.datetime:
    """The moment (UTC) from which on a site built on the day of these facts is no longer what it should be: another day
    on which a page or a fact changes has begun. The pins of searches end by themselves (search/index_reader.py).
    """
    days = {day for page in pages for day in page.changes() if day > facts.day}
    return start_of_day(min({facts.day + LONGEST, *days, *facts.changes}))


def problems(documents: Mapping[Place, Document], day: dt.date) -> Iterator[Problem]:
    """What is wrong with when pages are shown, as far as it concerns no links."""
    for (lang, key), document in documents.items():
        yield from _of_one(document, f"content/{lang}/{key}.md", day)
    twins: dict[str, dict[str, Document]] = defaultdict(dict)
    for lang, key in sorted(documents, key=lambda place: (place[1], LANGUAGES.index(place[0]))):
        twins[key][lang] = documents[lang, key]
    for key, by_language in twins.items():
        yield from _differences(key, by_language, day)


def _of_one(document: Document, file: str, day: dt.date) -> Iterator[Problem]:
    page = publication_of(document.meta)
    if page.first and page.last and page.last < page.first:
        message = f"the page would never be shown: 'until: {page.last}' lies before 'publish: {page.first}'"
        yield _problem(document, file, "until", message)
    elif page.first and page.first - day > FAR_AHEAD:
        message = f"'publish: {page.first}' is more than a year from now: is the year right?"
        yield _problem(document, file, "publish", message, error=False)
    if page.draft and page.first:
        message = "a draft does not appear on its 'publish:' day either: take 'status: draft' away for that"
        yield _problem(document, file, "status", message, error=False)
    if page.see and "until" not in (document.meta | dict.fromkeys(document.told)):
        message = "'see:' is for when the page has ended, and it never ends: add 'until:', or take 'see:' away"
        yield _problem(document, file, "see", message)
    elif page.see and page.see.partition("#")[0] == file.rpartition("/")[2]:
        yield _problem(document, file, "see", "'see:' leads to this page, which is not there then: name another")


def _problem(document: Document, file: str, key: str, message: str, *, error: bool = True) -> Problem:
    return Problem(file, document.lines.get(key, 1), message, error, SECTION)


def _differences(key: str, by_language: Mapping[str, Document], day: dt.date) -> Iterator[Problem]:
    """A line for each of the keys that is not the same in all languages."""
    (lang, first), *others = by_language.items()
    for (other, document), name in product(others, _KEYS):
        one, two = _value(first, name, day), _value(document, name, day)
        if one == two or name in first.told | document.told:
            continue
        # Told where the line stands, or where the second of them does.
        here, there, place, elsewhere = (document, lang, other, one) if two else (first, other, lang, two)
        what = f"'{name}: {elsewhere}'" if elsewhere else f"no '{name}:'"
        message = f"{_TOGETHER}, and content/{there}/{key}.md has {what}: write the same in both"
        yield _problem(here, f"content/{place}/{key}.md", name, message)


def _value(document: Document, name: str, day: dt.date) -> str | None:
    """What keeps the page back, or ends it; None for a line that does not, such as a day to publish on that is over."""
    value = document.meta.get(name)
    is_over = name == "publish" and value is not None and value <= day
    return None if value is None or is_over or value == STATUSES[-1] else str(value)


def missing_always(documents: Mapping[Place, Document], day: dt.date) -> Iterator[Problem]:
    """A problem for the home page, or one that site.toml names, that is not or will not be there."""
    roles = {link.partition(".md")[0]: role for role, link in reversed([*SITE.pages.items()])}
    for (lang, key), document in documents.items():
        name = next((name for name in _KEYS if _value(document, name, day)), None)
        if name and (key == HOME or key in roles):
            why = "it is the home page" if key == HOME else f"forms and mails lead to it ('{roles[key]}' in {FILE})"
            message = f"this page must always be there, since {why}: take '{name}:' away"
            yield _problem(document, f"content/{lang}/{key}.md", name, message)


def why_not(target: str, page: Publication, source: Publication, day: dt.date) -> str:
    """Why a page of `source` may not lead to this one, which is not there then; nothing when it may."""
    if source.state(day) in ("draft", "ended"):
        return ""
    if page.draft:
        return f"'{target}' is a draft, which visitors do not see: publish it too, or take what leads there away"
    if page.first and page.first > max(day, source.first or day):
        return (
            f"'{target}' is not there before {page.first}: take what leads there away until then, "
            f"or write 'publish: {page.first}' in this page too"
        )
    return ""


def ended(target: str, page: Publication, source: Publication, day: dt.date) -> str:
    """What to look at where a page leads to one that has ended; nothing when it has not."""
    if page.state(day) != "ended" or source.state(day) in ("draft", "ended"):
        return ""
    return f"'{target}' ended on {page.last}: lead to another page, or take what leads there away"


def wrong_stand_ins(
    documents: Mapping[Place, Document],
    pages: Mapping[Place, Publication],
    target: Callable[[str, str, Publication], str],
    day: dt.date,
) -> Iterator[Problem]:
    """A problem for each page under `see:` that is not there when the page that names it has ended."""
    for (lang, key), page in pages.items():
        if not page.see or not page.last or page.draft or page.see.partition("#")[0] == f"{key}.md":
            continue
        file, document = f"content/{lang}/{key}.md", documents[lang, key]
        after = max(day, page.last + dt.timedelta(1)) if page.last < dt.date.max else page.last
        try:
            target(lang, page.see, Publication(first=after))
        except KeyError as error:
            yield _problem(document, file, "see", str(error.args[0]))
            continue
        other = pages[lang, page.see.partition("#")[0].removesuffix(".md")]
        if other.state(after) == "ended":
            yield _problem(
                document, file, "see", f"'{page.see}' has ended on {other.last} too: name another", error=False
            )
