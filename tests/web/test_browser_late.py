"""htmx comes when it is needed: whatever is done before it is there, or when it does not come at all, is done."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect

from selfservice.web.cookies import MARKER
from tests.access_code_helpers import KVK as NUMBER
from tests.access_code_helpers import NAME
from tests.live_server import path, wait_until
from tests.password_form_page import CODE, EMAIL, SUBMIT, SUMMARY
from tests.visitors import Visitor, VisitorFactory

SCRIPT = "**/htmx-*.js"
KVK = "#access-code-kvk_number"
CHOICES, CHOICE = "#which-situation", "#which-situation a[data-hx-get]"
LATER = "window.isTheSamePage = true"
IS_SAME_PAGE = "!!window.isTheSamePage"


def delayed(visitor: Visitor) -> list[Route]:
    """Keep back htmx; the requests for it, to be let through."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    visitor.page.route(SCRIPT, hold)
    return held


def come(page: Page, held: list[Route]) -> None:
    """Let htmx come at last; it was asked for once."""
    page.wait_for_timeout(300)
    [route] = held
    with page.expect_response(SCRIPT):
        route.continue_()


def test_pressed_before(visit: VisitorFactory) -> None:
    """A form that is sent before htmx is there, however often, is sent once when it is, and the page stays."""
    visitor = visit()
    held = delayed(visitor)
    page = visitor.go(path("en", "cannot-log-in"))
    page.evaluate(LATER)
    page.fill(CODE, "abcd")
    page.fill(EMAIL, "jip@")
    page.click(SUBMIT)
    page.press(EMAIL, "Enter")
    sent = [address for address in visitor.requests if address.endswith("/replacement-password")]
    assert ([], 0) == (sent, page.locator(SUMMARY).count())
    come(page, held)
    expect(page.locator(SUMMARY)).to_be_focused()
    sent = [address for address in visitor.requests if address.endswith("/replacement-password")]
    assert (True, 1) == (page.evaluate(IS_SAME_PAGE), len(sent))


def test_left_before(visit: VisitorFactory) -> None:
    """What was pressed on a page that somebody left before htmx was there is not sent when they come back to it."""
    visitor = visit()
    held = delayed(visitor)
    page = visitor.go(path("en", "cannot-log-in"))
    page.fill(CODE, "abcd")
    page.click(SUBMIT)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    come(page, held)
    page.wait_for_timeout(300)
    sent = [address for address in visitor.requests if address.endswith("/replacement-password")]
    assert ([], 0) == (sent, page.locator(SUMMARY).count())


def test_link_pressed_before(visit: VisitorFactory) -> None:
    """So is a link whose answer comes into the page; pressed with a key for another tab it is the browser's affair."""
    visitor = visit()
    held = delayed(visitor)
    page = visitor.go(path("en", "cannot-log-in"))
    page.evaluate(LATER)
    before = page.locator(CHOICES).inner_text()
    with visitor.context.expect_page() as opened:
        page.locator(CHOICE).first.click(modifiers=["ControlOrMeta"])
    opened.value.close()
    page.locator(CHOICE).first.click()
    assert before == page.locator(CHOICES).inner_text()
    come(page, held)
    expect(page.locator(CHOICES)).not_to_have_text(before)
    assert page.evaluate(IS_SAME_PAGE)


def test_changed_before(visit: VisitorFactory) -> None:
    """A number that is typed before htmx is there is looked up when it is."""
    visitor = visit()
    held = delayed(visitor)
    page = visitor.go("/en/self-service/access-code")
    page.check("#access-code [value=business]")
    page.fill(KVK, NUMBER)
    page.press(KVK, "Tab")
    come(page, held)
    expect(page.locator("#access-code-organisation")).to_contain_text(NAME)


def test_typed_before(visit: VisitorFactory) -> None:
    """What is typed in the search field before htmx is there is looked for when it is."""
    visitor = visit()
    held = delayed(visitor)
    page = visitor.go(path("nl", "contact"))
    page.locator("#q").press_sequentially("factuur")
    come(page, held)
    expect(page.locator(".drop #search-results li").first).to_be_visible()


@pytest.mark.parametrize("how", ["refused", "silent"])
def test_it_never_comes(visit: VisitorFactory, how: str) -> None:
    """When htmx does not come a form is sent, and a link followed, in the plain way."""
    visitor = visit()
    page = visitor.page
    if how == "refused":
        page.route(SCRIPT, lambda route: route.abort())
    else:
        delayed(visitor)
    visitor.go(path("en", "cannot-log-in"))
    page.fill(CODE, "abcd")
    page.click(SUBMIT)
    page.wait_for_url("**/self-service/replacement-password")
    expect(page.locator(SUMMARY)).to_be_visible()
    visitor.go(path("en", "cannot-log-in"))
    address = page.locator(CHOICE).first.get_attribute("href")
    page.locator(CHOICE).first.click()
    page.wait_for_url(f"**{address}")
    visitor.complaints[:] = [one for one in visitor.complaints if "ERR_FAILED" not in one]


def test_own_state_is_asked_for_with_the_mark(visit: VisitorFactory) -> None:
    """A log-in form asks whether somebody is logged in only where the mark says that somebody may be; then at once."""
    visitor = visit()
    page = visitor.go(path("en", "orders"))
    page.focus("#orders-password")
    wait_until(lambda: page.evaluate("Boolean(window.htmx)"))
    page.wait_for_load_state("networkidle")
    assert [] == [address for address in visitor.requests if address.endswith("/mine")]
    visitor.context.add_cookies([{"name": MARKER, "value": "business", "url": visitor.base}])
    with page.expect_response("**/orders/mine"):
        visitor.go(path("en", "orders"))
    expect(page.locator("#orders-password")).to_be_visible()
