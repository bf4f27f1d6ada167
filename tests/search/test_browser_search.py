"""Searching as visitors do it: while typing, by keyboard, without scripts; and what a page fetches before that."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route, expect

from tests.live_server import path, wait_until
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
    """Escape closes the results, and then empties the field; typing opens them again; Tab and Enter lead to the
    question.
    """
    page = visit().go(path("en", "contact"))
    page.focus("#q")
    page.keyboard.type("invoice")
    results = page.locator(f"{DROP} li a")
    expect(results.first).to_be_visible()
    for left in ("invoice", ""):
        page.keyboard.press("Escape")
        # Time for what would come of it.
        page.wait_for_timeout(600)
        expect(page.locator(".drop")).to_have_text("")
        expect(page.locator("#q")).to_be_focused()
        expect(page.locator("#q")).to_have_value(left)
    with page.expect_response(lambda answer: answer.url.endswith("?q=invoices")):
        page.fill("#q", "invoices")
    expect(results.first).to_be_visible()
    address = results.first.get_attribute("href")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(results.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.partition('/en/')[0]}{address}")


def test_arrows(visit: VisitorFactory) -> None:
    """The arrows go from the field through the results and back to the field; Escape closes them from there too."""
    page = visit().go(path("en", "contact"))
    page.focus("#q")
    page.keyboard.type("invoice")
    results, field = page.locator(f"{DROP} a"), page.locator("#q")
    expect(results.nth(1)).to_be_visible()
    for key, expected in (("Down", 0), ("Down", 1), ("Up", 0)):
        page.keyboard.press(f"Arrow{key}")
        expect(results.nth(expected)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(field).to_be_focused()
    for _ in range(results.count() + 1):
        page.keyboard.press("ArrowDown")
    expect(results.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".drop")).to_have_text("")
    expect(field).to_be_focused()
    expect(field).to_have_value("invoice")


def test_results_above_the_keyboard(visit: VisitorFactory) -> None:
    """On a phone of which the keyboard takes the lower half, results come into view under the field, as wide as it."""
    for address in ("/nl/", path("nl", "contact")):
        page = visit(width=390, has_touch=True, is_mobile=True).go(address)
        page.set_viewport_size({"width": 390, "height": 420})
        page.tap("#q")
        page.keyboard.type("factuur")
        expect(page.locator(f"{DROP} a").first).to_be_in_viewport(ratio=1)
        expect(page.locator("#q")).to_be_in_viewport(ratio=1)
        widths = page.evaluate("['.search', '.drop'].map((one) => document.querySelector(one).offsetWidth)")
        assert (widths[0], True) == (widths[1], widths[0] > 0.85 * 390 or address == "/nl/")


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
    wait_until(lambda: page.evaluate("Boolean(window.htmx)"))
    assert "/theme/js/htmx-2.0.11.min.js" in fetched(visitor.requests, visitor.base)[len(first) - 1 :]


def test_first_view_with_a_form(visit: VisitorFactory) -> None:
    """A page with a form fetches what forms need besides; htmx only comes when a field has the focus, once."""
    visitor = visit(own_address=False)
    page = visitor.go(path("nl", "cannot-log-in"))
    page.wait_for_load_state("networkidle")
    names = [name.rpartition("/")[2] for name in fetched(visitor.requests, visitor.base)]
    assert ["", "atkinson-next.woff2", "forms.css", "forms.js", "loket.css", "loket.js"] == sorted(names)
    for field in ("#replacement-password-email", "#q"):
        page.focus(field)
        wait_until(lambda: page.evaluate("Boolean(window.htmx)"))
    assert 1 == len([name for name in fetched(visitor.requests, visitor.base) if "htmx" in name])
