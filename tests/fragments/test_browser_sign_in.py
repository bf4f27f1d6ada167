"""Logging in, in a browser: it leads to a page that begins at its top, and the header follows, on static pages too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from selfservice.db import Database
from selfservice.demo import accounts
from tests.live_server import path, running
from tests.test_browser_axe import broken
from tests.visitors import VisitorFactory

PERSON = f"{accounts.GIVEN_NAMES[2]} "
BASE = "/en/self-service"


@pytest.fixture(scope="module")
def loket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A Loket, with personal forms on its help pages: its address, and its database."""
    folder = tmp_path_factory.mktemp("signin")
    with running(folder, None) as base:
        yield base, folder / "var" / "loket.db"


def log_in(page: Page) -> None:
    page.fill("#direct-debit-access_code", accounts.code(2))
    page.fill("#direct-debit-password", accounts.DEMO_PASSWORD)
    page.click("#direct-debit-form .button:not(.show)")
    expect(page.locator("#direct-debit-iban")).to_be_visible()


@pytest.mark.parametrize("where", ["page", "app"])
def test_header_follows(loket: tuple[str, Path], chromium: Browser, where: str) -> None:
    """Who logs in comes to the page of the form in whose place that was, at its top, with their name in the header and
    a way out that works. A help page that is opened later says so too.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    address = path("en", "credit-and-invoices") if where == "page" else f"{BASE}/direct-debit"
    page = visitor.go(address)
    header = page.locator("header .account")
    expect(header).to_have_text("My access code")
    log_in(page)
    expect(header).to_contain_text(PERSON)
    assert (f"{loket[0]}{BASE}/direct-debit", 0) == (page.url, page.evaluate("scrollY"))
    assert [] == broken(page)
    visitor.go(path("en", "credit-and-invoices"))
    expect(header).to_contain_text(PERSON)
    page.click("header .account button")
    page.wait_for_url(f"**{BASE}/sign-in/out")
    expect(header).to_have_text("My access code")
    visitor.go(path("en", "credit-and-invoices"))
    expect(page.locator("#direct-debit-password")).to_be_visible()
    expect(header).to_have_text("My access code")
    assert [] == visit.close()


@pytest.mark.parametrize("key", ["orders", "credit-and-invoices"])
def test_by_tap(loket: tuple[str, Path], chromium: Browser, key: str) -> None:
    """On a phone a wrong password is told where one is, and a right one leads to the top of the form's page."""
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit(width=390, has_touch=True, is_mobile=True)
    page = visitor.go(path("en", key))
    panel = {"orders": "#orders", "credit-and-invoices": "#direct-debit"}[key]
    page.fill(f"{panel}-access_code", accounts.code(3))
    page.fill(f"{panel}-password", "wrong")
    page.tap(f"{panel}-form .button:not(.show)")
    expect(page.locator(f"{panel} .summary")).to_be_in_viewport()
    page.fill(f"{panel}-password", accounts.DEMO_PASSWORD)
    page.tap(f"{panel}-form .button:not(.show)")
    page.wait_for_url(f"**{BASE}/{panel[1:]}")
    expect(page.locator(f"{panel} h2.state")).to_be_in_viewport()
    assert 0 == page.evaluate("scrollY")
    assert [] == visit.close()


def test_header_follows_the_time_out(loket: tuple[str, Path], chromium: Browser) -> None:
    """Who sends something after the time-out gets the log-in form in its place, and a header that names nobody."""
    visit = VisitorFactory(chromium, loket[0])
    page = visit().go(f"{BASE}/direct-debit")
    log_in(page)
    db = Database(loket[1])
    with db.write() as conn:
        conn.execute("UPDATE sessions SET used_at = '2026-01-01T00:00:00.000000Z'")
    db.close()
    page.fill("#direct-debit-iban", "NL91ABNA0417164300")
    page.fill("#direct-debit-holder", "Kim")
    page.click("#direct-debit-form .button")
    expect(page.locator("#direct-debit-password")).to_be_visible()
    expect(page.locator("header .account")).to_have_text("My access code")
    assert [] == visit.close()


def test_header_names_nobody_once_it_is_over(loket: tuple[str, Path], chromium: Browser) -> None:
    """A page that says that the session is over no longer names who was logged in."""
    visit = VisitorFactory(chromium, loket[0])
    page = visit().go(f"{BASE}/direct-debit")
    log_in(page)
    expect(page.locator("header .account")).to_contain_text(PERSON)
    page.evaluate("""() => {
        const old = document.querySelector("[data-session]:not(script)"), bar = old.cloneNode(true);
        bar.dataset.session = 0;
        old.replaceWith(bar);
    }""")
    expect(page.locator("#direct-debit-session")).to_contain_text("You are logged out now")
    expect(page.locator("header .account")).to_have_count(0)
    assert [] == visit.close()


def test_two_tabs(loket: tuple[str, Path], chromium: Browser) -> None:
    """What is done in one tab keeps the session alive for the other too: that one takes its warning back, and does not
    say that it is over.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    first = visitor.go(f"{BASE}/direct-debit")
    log_in(first)
    # As if this page had been there for nearly a quarter of an hour.
    first.evaluate("""() => {
        const old = document.querySelector("[data-session]:not(script)"), bar = old.cloneNode(true);
        bar.dataset.session = 3;
        old.replaceWith(bar);
    }""")
    warning = first.locator("#direct-debit-session .notice")
    expect(warning).to_be_visible()
    expect(warning).to_be_in_viewport()
    second = visitor.context.new_page()
    second.goto(f"{loket[0]}{BASE}/my")
    expect(warning).to_be_hidden()
    first.wait_for_timeout(4000)
    expect(first.locator("#direct-debit-session")).to_contain_text(PERSON)
    assert [] == visit.close()
