"""Addresses that the last publication had and this one would not: what an editor has to write so that who has them
still gets somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from selfservice.builds import CONTENT
from selfservice.facts.facts import Facts
from selfservice.problems import Problem
from selfservice.publish.reading.addresses import FILE, SECTION, Addresses, Page, addresses_of
from selfservice.web.moved import canonical, old_addresses
from selfservice.web.page_list import pages_of
from selfservice.web.pages import PageInfo

Place = tuple[str, str]  # a page's language and key


def lost_addresses(published: Path, facts: Facts, pages: Mapping[Place, Page], addresses: Addresses) -> list[Problem]:
    """What is lost since this build, when `pages` are all that the content has now, also those that nobody sees."""
    former = _published_pages(published, facts)
    shown = {place: page for place, page in pages.items() if page.state == "shown"}
    here = {canonical(path) for page in shown.values() for path in addresses_of(page.info)}
    left = sum(place in pages for place in former)
    if left * 2 < len(former):
        message = (
            f"{len(former) - left} of the {len(former)} pages that were published are not there any more: if this is "
            f"the same site, put their addresses below [gone] in content/{FILE}, or in 'formerly:' of other pages"
        )
        return [Problem("content", 1, message, error=False, see=SECTION)]
    found: list[Problem] = []
    for place, info in former.items():
        page = pages.get(place)
        is_lost = canonical(info.path) not in here and not addresses.knows(info.path)
        if page is None:
            found += _gone(info) if is_lost else ()
        elif page.state != "shown":
            found += _kept_back(info, page) if is_lost else ()
        elif not {"slug", "formerly"} & page.document.told:  # of its address something else must be mended first
            found += _renamed(info, page) if is_lost else ()
            found += _lost_questions(info, page)
    found += _lost_redirects(published, shown, addresses, here)
    return found


@lru_cache(2)
def _published_pages(published: Path, facts: Facts) -> dict[Place, PageInfo]:
    """The pages of a build, which stay as they are."""
    return pages_of(published / CONTENT, facts)


def _gone(info: PageInfo) -> Iterator[Problem]:
    """A page that is not there any more, nor another at its address."""
    message = (
        f"the page {info.path} is not there any more: write '{_formerly(info.path, info.lang)}' in the page that "
        f'took its place, or "{info.path}" = "" below [gone] in content/{FILE}'
    )
    yield Problem(f"content/{info.lang}/{info.key}.md", 1, message, see=SECTION)


def _kept_back(info: PageInfo, page: Page) -> Iterator[Problem]:
    """A page that visitors saw and would not see any more: a draft, or one that is planned."""
    key = next((name for name in ("status", "publish") if name in page.document.lines), "")
    mend = f"take '{key}:' away" if key else "take 'status:' or 'publish:' away in the page in another language"
    message = (
        f"visitors see {info.path} now, and would not any more: {mend}, and work on in a copy, "
        f'or write "{info.path}" = "" below [gone] in content/{FILE}'
    )
    yield Problem(page.file, page.document.lines.get(key, 1), message, see=SECTION)


def _renamed(info: PageInfo, page: Page) -> Iterator[Problem]:
    """A page that has another address."""
    line = page.document.lines.get("slug", 1)
    others = page.document.meta.get("formerly")
    message = (
        f"the address was {info.path} and is {page.info.path} now: who has the old one gets there when you write "
        f"'{_formerly(info.path, info.lang, others)}'"
    )
    yield Problem(page.file, line, message, see=SECTION)


def _formerly(path: str, lang: str, others: list[str] | None = None) -> str:
    """The line of the front matter that keeps an old address."""
    slug = path.removeprefix(f"/{lang}/").strip("/")
    return f"formerly: [{', '.join([*(others or ()), slug or path])}]"


def _lost_questions(info: PageInfo, page: Page) -> Iterator[Problem]:
    """Questions whose id is not there any more, nor as an old one."""
    now = {id_: title for _, id_, title in page.document.headings if id_}
    before = {question.id: question.title for question in info.questions}
    fresh = [id_ for id_ in now if id_ not in before]
    for id_, title in before.items():
        if id_ in now or id_ in page.document.former_ids:
            continue
        same = next((new for new in fresh if now[new] == title), fresh[0] if len(fresh) == 1 else None)
        line = page.document.line_of("{#" + same) if same else 1
        heading = (
            f"if '{now[same]}' is that question now, write {{#{same} .was-{id_}}}"
            if same
            else (f"if another question took its place, write .was-{id_} behind the id of that one")
        )
        message = f"the question '{title}' {{#{id_}}} is not there any more: {heading}"
        yield Problem(page.file, line, message, error=False, see=SECTION)


def _lost_redirects(
    published: Path, pages: Mapping[Place, Page], addresses: Addresses, here: set[str]
) -> Iterator[Problem]:
    """Old addresses that led somewhere, and would not any more."""
    former = old_addresses(published).moved
    by_path = {page.info.path: page for page in pages.values()}
    for old, by_language in former.items():
        # What stood below an old address of a tree goes with that.
        if addresses.knows(old) or old in here or old.rpartition("/")[0] in former:
            continue
        url = next(iter(by_language.values()))
        page = by_path.get(url.partition("#")[0])
        path = f"{old}/"
        file = f"content/{FILE}"
        if len(by_language) == 1 and page is not None:
            file = page.file
            line = _formerly(path, page.info.lang, page.document.meta.get("formerly"))
            mend = f"write '{line}' in {page.file}"
        else:
            mend = f'write "{path}" = "…" below [moved] in {file}, with the page that it leads to'
        message = f'the old address {path} led to {url}, and leads nowhere now: {mend}; or "{path}" = "" below [gone]'
        yield Problem(file, 1, message, see=SECTION)
