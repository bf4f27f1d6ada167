"""Was this page useful, in a browser: in its place, without a script, and where nothing answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import LANGUAGES, using_language
from tests.live_server import path
from tests.visitors import VisitorFactory

USEFUL = "#useful"
YES, NO = f"{USEFUL} [value=yes]", f"{USEFUL} [value=no]"
LATER, IS_SAME_PAGE = "window.isTheSamePage = true", "!!window.isTheSamePage"


def said(lang: str, text: str) -> str:
    with using_language(lang):
        return gettext(text)


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_in_its_place(visit: VisitorFactory, lang: str, width: int) -> None:
    """The first press on a page that had no htmx yet asks in its place what was missing; the answer takes the focus and
    is in view, and the page, its title and its address stay.
    """
    visitor = visit(width=width)
    page = visitor.go(path(lang, "digid"))
    page.evaluate(LATER)
    title, address = page.title(), page.url
    page.click(NO)
    expect(page.locator("section#useful")).to_be_focused()
    expect(page.locator("section#useful")).to_be_in_viewport()
    page.fill("#useful-text", "More about codes")
    page.click(f"{USEFUL} button")
    thanks = said(lang, "Thank you. It helps us to make this page better.")
    expect(page.locator(USEFUL)).to_have_text(thanks)
    expect(page.locator(USEFUL)).to_be_focused()
    assert (True, title, address) == (page.evaluate(IS_SAME_PAGE), page.title(), page.url)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_script(visit: VisitorFactory, lang: str) -> None:
    """Without a script a press leads to a page that says thanks, and from there back."""
    page = visit(scripts=False).go(path(lang, "digid"))
    page.click(NO)
    page.click(f"{USEFUL} button")
    expect(page.locator(USEFUL)).to_contain_text(said(lang, "Thank you. It helps us to make this page better."))
    page.click(f"{USEFUL} a")
    page.wait_for_url(f"**{path(lang, 'digid')}")
    page.click(YES)
    expect(page.locator(f"{USEFUL} a")).to_be_visible()


@pytest.mark.parametrize("status", [405, 503, None], ids=["files alone", "down", "no connection"])
def test_nothing_answers(visit: VisitorFactory, status: int | None) -> None:
    """Where only files are served, or nothing answers, a press says so, and the question stays."""

    def refuse(route: Route) -> None:
        if status is None:
            route.abort()
        else:
            route.fulfill(
                status=status, content_type="text/html", body="<html><title>x</title><h1>Not here</h1></html>"
            )

    visitor = visit()
    visitor.page.route("**/self-service/useful", refuse)
    page = visitor.go(path("en", "digid"))
    page.click(YES)
    expect(page.locator("#say")).to_contain_text("There was no answer.")
    expect(page.locator(NO)).to_be_visible()
    visitor.complaints.clear()
