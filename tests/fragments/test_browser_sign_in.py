"""Logging in, in a browser: it leads to a page that begins at its top, and the header follows, on static pages too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.web.cookies import MARKER
from tests.live_server import path, running
from tests.test_browser_axe import broken
from tests.test_browser_layout import SHIFT, TOO_WIDE
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


def end_sessions(database: Path) -> None:
    """Every session was last used so long ago that it is over."""
    db = Database(database)
    with db.write() as conn:
        conn.execute("UPDATE sessions SET used_at = '2026-01-01T00:00:00.000000Z'")
    db.close()


def is_seen(page: Page) -> None:
    """The visitor comes back to this tab."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


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
    expect(header).to_have_text("Log in")
    log_in(page)
    expect(header).to_contain_text(PERSON)
    assert (f"{loket[0]}{BASE}/direct-debit", 0) == (page.url, page.evaluate("scrollY"))
    assert [] == broken(page)
    visitor.go(path("en", "credit-and-invoices"))
    expect(header).to_contain_text(PERSON)
    page.click("header .account button")
    page.wait_for_url(f"**{BASE}/sign-in/out")
    expect(header).to_have_text("Log in")
    visitor.go(path("en", "credit-and-invoices"))
    expect(page.locator("#direct-debit-password")).to_be_visible()
    expect(header).to_have_text("Log in")
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
    end_sessions(loket[1])
    page.fill("#direct-debit-iban", "NL91ABNA0417164300")
    page.fill("#direct-debit-holder", "Kim")
    page.click("#direct-debit-form .button")
    expect(page.locator("#direct-debit-password")).to_be_visible()
    expect(page.locator("header .account")).to_have_text("Log in")
    assert [] == visit.close()


def test_header_names_nobody_once_it_is_over(loket: tuple[str, Path], chromium: Browser) -> None:
    """A page that says that the session is over no longer names who was logged in, and offers to log in again."""
    visit = VisitorFactory(chromium, loket[0])
    page = visit().go(f"{BASE}/direct-debit")
    log_in(page)
    expect(page.locator("header .account")).to_contain_text(PERSON)
    end_sessions(loket[1])
    page.evaluate("""() => {
        const old = document.querySelector("[data-session]:not(script)"), bar = old.cloneNode(true);
        bar.dataset.session = 0;
        old.replaceWith(bar);
    }""")
    expect(page.locator("#direct-debit-session")).to_contain_text("You are logged out now")
    expect(page.locator("header .account")).to_have_text("Log in")
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


STATIC = ("index", "contact", "access-code")
ASKED = "/self-service/sign-in/header"


def test_every_page_says_who_is_logged_in(loket: tuple[str, Path], chromium: Browser) -> None:
    """Pages that are the same for all name who is logged in too, in each language, and log out; nothing moves when the
    name comes. Who is not logged in has nothing asked for them.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    page, header = visitor.page, visitor.page.locator("header .account")
    for lang, expected in (("en", "Log in"), ("nl", "Inloggen")):
        for key in STATIC:
            visitor.go(path(lang, key)).wait_for_load_state("networkidle")
            expect(header).to_have_text(expected)
    assert [] == [address for address in visitor.requests if ASKED in address]
    log_in(visitor.go(f"{BASE}/direct-debit"))
    for lang, expected in (("en", "Log out"), ("nl", "Uitloggen")):
        for key in STATIC:
            visitor.go(path(lang, key))
            expect(header).to_contain_text(PERSON)
            expect(header.locator("button")).to_have_text(expected)
            assert 0 == page.evaluate(SHIFT)
    header.locator("button").click()
    page.wait_for_url("**/nl/self-service/sign-in/out")
    visitor.go(path("en", "contact"))
    expect(header).to_have_text("Log in")
    assert [] == [one["name"] for one in visitor.context.cookies() if one["name"] == MARKER]
    assert [] == visit.close()


def test_another_tab(loket: tuple[str, Path], chromium: Browser) -> None:
    """Whoever logs in or out in one tab finds that in the header of the other when they come back to it."""
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    first, second = visitor.go(path("en", "contact")), visitor.context.new_page()
    second.goto(f"{loket[0]}{BASE}/direct-debit")
    log_in(second)
    header = first.locator("header .account")
    first.focus("header .account a")
    is_seen(first)
    expect(header).to_contain_text(PERSON)
    expect(header.locator("a")).to_be_focused()
    second.click("header .account button")
    second.wait_for_url("**/sign-in/out")
    is_seen(first)
    expect(header).to_have_text("Log in")
    assert [] == visit.close()


def test_logged_out_in_another_tab(loket: tuple[str, Path], chromium: Browser) -> None:
    """Whoever logs out in one tab finds no page of theirs in the other when they come back to it, and is told so where
    they were filling in a form, which stays as it is.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    form, shown, third = visitor.page, visitor.context.new_page(), visitor.context.new_page()
    log_in(visitor.go(f"{BASE}/direct-debit"))
    form.fill("#direct-debit-holder", "Kim")
    shown.goto(f"{loket[0]}{BASE}/my")
    expect(shown.locator("#my-session")).to_contain_text(PERSON)
    third.goto(f"{loket[0]}{path('en', 'contact')}")
    third.click("header .account button")
    third.wait_for_url("**/sign-in/out")
    is_seen(shown)
    shown.wait_for_selector("#my-access_code")
    expect(shown.locator("body")).not_to_contain_text(PERSON)
    is_seen(form)
    expect(form.locator("#direct-debit-session")).to_contain_text("You are logged out now.")
    expect(form.locator("body")).not_to_contain_text(PERSON)
    expect(form.locator("#direct-debit-holder")).to_have_value("Kim")
    assert [] == visit.close()


def test_shared_computer(loket: tuple[str, Path], chromium: Browser) -> None:
    """A tab of who was logged in before names who is so now; and nobody when the time is over."""
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    first, second = visitor.page, visitor.context.new_page()
    log_in(visitor.go(f"{BASE}/direct-debit"))
    visitor.go(path("en", "contact"))
    expect(first.locator("header .account")).to_contain_text(PERSON)
    second.goto(f"{loket[0]}{BASE}/my")
    second.click("header .account button")
    second.wait_for_url("**/sign-in/out")
    second.goto(f"{loket[0]}{BASE}/sign-in")
    second.fill("#sign-in-access_code", accounts.code(4))
    second.fill("#sign-in-password", accounts.DEMO_PASSWORD)
    second.click("#sign-in-form .button:not(.show)")
    second.wait_for_url("**/my")
    is_seen(first)
    expect(first.locator("header .account")).to_contain_text(f"{accounts.GIVEN_NAMES[4]} ")
    end_sessions(loket[1])
    is_seen(first)
    expect(first.locator("header .account")).to_have_text("Log in")
    assert [] == [one["name"] for one in visitor.context.cookies() if one["name"] == MARKER]
    assert [] == visit.close()


def test_forged_mark(loket: tuple[str, Path], chromium: Browser) -> None:
    """A mark that somebody made up has the header asked for once, which takes it away."""
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    visitor.context.add_cookies([{"name": MARKER, "value": "business", "url": loket[0]}])
    for _ in range(2):
        visitor.go(path("en", "contact")).wait_for_load_state("networkidle")
        expect(visitor.page.locator("header .account")).to_have_text("Log in")
    assert 1 == len([address for address in visitor.requests if ASKED in address])
    assert [] == visit.close()


def test_header_without_scripts(loket: tuple[str, Path], chromium: Browser) -> None:
    """Without scripts the header's link leads to a page that says who is logged in, and has the way out."""
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit(scripts=False)
    page = visitor.go(f"{BASE}/sign-in")
    page.fill("#sign-in-access_code", accounts.code(5))
    page.fill("#sign-in-password", accounts.DEMO_PASSWORD)
    page.click("#sign-in-form .button")
    visitor.go(path("en", "contact"))
    page.click("header .account >> text=Log in")
    expect(page.locator("header .account")).to_contain_text(f"{accounts.GIVEN_NAMES[5]} ")
    page.click("header .account button")
    expect(page.locator("h1")).to_have_text("You are logged out")
    assert [] == visit.close()


STEPS = ("my", "account", "account/name", "account/language", "devices", "change-password")


def log_in_to_account(page: Page) -> None:
    page.fill("#sign-in-access_code", accounts.ACCOUNT_LOGINS[0])
    page.fill("#sign-in-password", accounts.ACCOUNT_PASSWORD)
    page.click("#sign-in-form .button:not(.show)")
    page.wait_for_url("**/my")


@pytest.mark.parametrize("width", [390, 1280])
def test_header_of_an_account(loket: tuple[str, Path], chromium: Browser, width: int) -> None:
    """Who is logged in to an account finds their name, the way to their settings and the way out on every page: those
    that are the same for all, and each step. A phone has no room for the settings, which the personal page leads to.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit(width=width)
    page, header = visitor.page, visitor.page.locator("header .account")
    log_in_to_account(visitor.go(f"{BASE}/sign-in"))
    for lang, settings in (("en", "Settings"), ("nl", "Instellingen")):
        places = [path(lang, key) for key in STATIC] + [f"/{lang}/self-service/{step}" for step in STEPS]
        for place in places:
            visitor.go(place)
            expect(header).to_contain_text("Nova")
            link = header.get_by_text(settings, exact=True)
            expect(link).to_be_visible(visible=width > 736)
            assert (place, 0) == (place, page.evaluate(TOO_WIDE))
            if "self-service" not in place:
                assert 0 == page.evaluate(SHIFT)
            if width > 736:
                assert link.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1")
    assert [] == visit.close()


def test_settings_by_keyboard(loket: tuple[str, Path], chromium: Browser) -> None:
    """The name is changed with the keys alone: from the header of a page that is the same for all to what was saved,
    where the header has the new name too.
    """
    visit = VisitorFactory(chromium, loket[0])
    visitor = visit()
    page = visitor.page
    log_in_to_account(visitor.go(f"{BASE}/sign-in"))
    visitor.go(path("en", "contact"))
    press_until(page, "header .account .settings")
    page.wait_for_url("**/account")
    press_until(page, "main a[href$='/account/name']")
    page.wait_for_url("**/account/name")
    while not page.evaluate("document.activeElement.matches('#account-given_name')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Control+A")
    page.keyboard.type("Noor")
    page.keyboard.press("Enter")
    page.wait_for_url("**/account?saved=name")
    expect(page.locator("#account .notice.good")).to_have_text("Saved. We call you Noor Ochtendster from now on.")
    expect(page.locator("header .account")).to_contain_text("Noor Ochtendster")
    assert [] == broken(page)
    visitor.go(f"{BASE}/account/name")
    page.fill("#account-given_name", "Nova")
    page.click("#account-form .button")
    page.wait_for_url("**/account?saved=name")
    assert [] == visit.close()


def press_until(page: Page, selector: str) -> None:
    """Tab to an element, and press Enter there."""
    page.wait_for_selector(selector)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return page.keyboard.press("Enter")
    raise AssertionError(f"no Tab leads to {selector}")
