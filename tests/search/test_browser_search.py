"""Searching as visitors do it: while typing, by keyboard, without scripts; and what a page fetches before that."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.live_server import path
from tests.visitors import VisitorFactory

DROP = ".drop #search-results"


@pytest.mark.parametrize(
    ("typed", "expected"), [("facturen", "facturen"), ("toegangscoed", "toegangscode"), ("inlogc", "inlog")]
)
def test_while_typing(visit: VisitorFactory, typed: str, expected: str) -> None:
    """Results open below the field while somebody types; the page, its title and its address stay as they are."""
    page = visit().go(path("nl", "contact"))
    before = (page.title(), page.url)
    page.locator("#q").press_sequentially(typed, delay=30)
    expect(page.locator(f"{DROP} li").filter(has_text=expected).first).to_be_visible()
    assert before == (page.title(), page.url)


def test_typed_while_loading(visit: VisitorFactory) -> None:
    """Who types before the page is complete, on a slow line, still gets results as soon as it is."""
    visitor = visit()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route("**/*.woff2", hold)
    visitor.page.goto(f"{visitor.base}{path('nl', 'contact')}", wait_until="domcontentloaded")
    visitor.page.locator("#q").press_sequentially("factuur")
    visitor.page.wait_for_timeout(500)
    for route in held:
        route.continue_()
    expect(visitor.page.locator(f"{DROP} li").first).to_be_visible()


def test_by_keyboard(visit: VisitorFactory) -> None:
    """Escape closes the results; typing opens them again; Tab and Enter lead to the question."""
    page = visit().go(path("en", "contact"))
    page.focus("#q")
    page.keyboard.type("invoice")
    results = page.locator(f"{DROP} li a")
    expect(results.first).to_be_visible()
    page.keyboard.press("Escape")
    # Chromium empties the field too, which is an input like any other: time for what would come of that.
    page.wait_for_timeout(600)
    expect(page.locator(".drop")).to_have_text("")
    expect(page.locator("#q")).to_be_focused()
    with page.expect_response(lambda answer: answer.url.endswith("?q=invoices")):
        page.fill("#q", "invoices")
    expect(results.first).to_be_visible()
    address = results.first.get_attribute("href")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(results.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.partition('/en/')[0]}{address}")


def test_enter_leads_to_all_results(visit: VisitorFactory) -> None:
    """Enter in the field leads to the page of results, which has an address to keep."""
    page = visit().go(path("nl", "contact"))
    page.locator("#q").press_sequentially("factuur")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.partition('/nl/')[0]}/nl/self-service/search?q=factuur")
    expect(page.locator("main #search-results a").first).to_be_visible()


def test_without_scripts(visit: VisitorFactory) -> None:
    """Without scripts the form leads to the page of results, and a result to its question."""
    page = visit(scripts=False).go("/nl/")
    page.fill("#q", "factuur")
    page.click(".search button")
    assert "/nl/self-service/search?q=factuur" in page.url
    page.locator("main #search-results li a").first.click()
    target = page.locator(f"[id='{urlsplit(page.url).fragment}']")
    expect(target).to_be_in_viewport()


def fetched(requests: list[str], base: str) -> list[str]:
    """The files that were asked for, in alphabetical order, without hashes; the icon is the browser's affair."""
    paths = [request.removeprefix(base) for request in requests if not request.endswith(".svg")]
    return sorted(".".join(part for part in name.split(".") if len(part) != 10) for name in paths)


def test_first_view_without_a_form(visit: VisitorFactory) -> None:
    """A help page fetches itself, one stylesheet, one script and one font; htmx only comes when searching begins."""
    visitor = visit(own_address=False)
    page = visitor.go(path("en", "contact"))
    page.wait_for_load_state("networkidle")
    first = ["/en/contact/", "/theme/css/loket.css", "/theme/fonts/atkinson-next.woff2", "/theme/js/loket.js"]
    assert first == fetched(visitor.requests, visitor.base)
    page.focus("#q")
    page.wait_for_function("window.htmx")
    assert "/theme/js/htmx-2.0.11.min.js" in fetched(visitor.requests, visitor.base)[len(first) - 1 :]


def test_first_view_with_a_form(visit: VisitorFactory) -> None:
    """A page with a form fetches htmx besides, and nothing more."""
    visitor = visit(own_address=False)
    visitor.go(path("nl", "cannot-log-in")).wait_for_load_state("networkidle")
    names = [name.rpartition("/")[2] for name in fetched(visitor.requests, visitor.base)]
    assert ["", "atkinson-next.woff2", "htmx-2.0.11.min.js", "loket.css", "loket.js"] == sorted(names)
