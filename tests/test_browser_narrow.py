"""Letters twice as large on the narrowest screen (WCAG 2.2, 1.4.4 and 1.4.10 at once): nobody has to scroll sideways,
on any page or in any step of a form.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from selfservice.i18n.languages import LANGUAGES
from tests.every_state import Walker, open_forms, pages, personal_forms
from tests.live_server import running
from tests.visitors import VisitorFactory

NARROW = 320
# The walks through the forms take longest, and Dutch has the longest words.
FORMS_IN = "nl"
# By how much the page is too wide, and what sticks out of it; what scrolls within its own box does not.
TOO_WIDE = """() => {
    document.documentElement.style.fontSize = "200%";
    const width = document.documentElement.clientWidth, wide = document.documentElement.scrollWidth - width;
    const sticksOut = (e) => e.getBoundingClientRect().right > width + 1;
    const isHeld = (e) => e && (getComputedStyle(e).overflowX !== "visible" || isHeld(e.parentElement));
    const found = [...document.querySelectorAll("main *, header *, footer *")].filter((e) => sticksOut(e) &&
        e.checkVisibility() && !e.closest(".skip, .unseen") && ![...e.children].some(sticksOut) && !isHeld(e));
    return [...(wide > 0 ? [`the page, by ${wide}`] : []), ...found.map((e) => e.outerHTML.slice(0, 90))];
}"""
SMALL = "document.documentElement.style.fontSize = ''"


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[VisitorFactory]:
    """Visitors of a demonstration, whose mailbox opens to this machine only."""
    folder: Path = tmp_path_factory.mktemp("narrow")
    with running(folder, None) as base:
        opened = VisitorFactory(chromium, base)
        yield opened
        assert [] == opened.close()


def too_wide(page: Page, states: Iterator[str]) -> tuple[int, dict[str, list[str]]]:
    """How many states there were, and what is too wide in which."""
    count, found = 0, {}
    for state in states:
        count += 1
        if what := page.evaluate(TOO_WIDE):
            found[state] = what
        page.evaluate(SMALL)
    return count, found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages(visit: VisitorFactory, lang: str) -> None:
    """No help page, no step of a question tree, and no page that says that there is none."""
    walker = Walker(visit(width=NARROW, own_address=False), lang)
    count, found = too_wide(walker.page, pages(walker, lang))
    assert (True, {}) == (count > 50, found)


def test_open_forms(visit: VisitorFactory) -> None:
    """No step of a form that is for everybody, with mistakes in it too."""
    walker = Walker(visit(width=NARROW, own_address=False), FORMS_IN)
    count, found = too_wide(walker.page, open_forms(walker, FORMS_IN))
    assert (True, {}) == (count > 35, found)


def test_personal_forms(visit: VisitorFactory) -> None:
    """Nothing that one logs in for: orders with their total, chart and table, files, forms."""
    walker = Walker(visit(width=NARROW, own_address=False), FORMS_IN)
    count, found = too_wide(walker.page, personal_forms(walker))
    assert (True, {}) == (count > 18, found)


def test_it_finds_something(visit: VisitorFactory) -> None:
    """The measurement can fail: a word that cannot be broken is found."""
    page = visit(width=NARROW, own_address=False).go("/en/")
    page.evaluate(
        """() => {
            const word = Object.assign(document.createElement("p"), {textContent: "x".repeat(60)});
            word.style.width = "500px";
            document.querySelector("main").prepend(word);
        }"""
    )
    assert 1 < len(page.evaluate(TOO_WIDE))
