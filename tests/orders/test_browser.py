"""Orders as people look at them: on the help page and whole, with scripts and without, on a phone, by keyboard."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from playwright.sync_api import Page, PdfMargins, expect
from pypdf import PdfReader

from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.i18n.catalogs import pgettext
from selfservice.i18n.languages import LANGUAGES, using_language
from tests.live_server import Live, path, wait_until
from tests.orders.factories import add, add_many
from tests.test_browser_axe import broken
from tests.test_browser_layout import FOCUS, NARROW, TOO_SMALL, TOO_WIDE, tab_to
from tests.visitors import Visitor, VisitorFactory

# The demonstration's first person has the main code; the other two are no other test's: a colleague, and one privately.
MAIN, COLLEAGUE, PRIVATE = 0, 33, 34
# Nor this one, whose workbook takes over three seconds.
MANY, LARGE = 36, 40_000
OTHER = {"en": "nl", "nl": "en"}
PANEL, SUM, ROWS = "#orders", "#orders .sum", "#orders-list tbody tr"
PERIODS = "#orders .periods a"
SEND_AGAIN = "#orders form[action$='/again'] .button"
# WCAG 2.2, 2.5.8, Equivalent: a bar can be as narrow as a month among many, since the table below has the same links.
TOO_SMALL_HERE = TOO_SMALL.replace('.closest(".skip, ', '.closest(".skip, .unseen, svg, ')

NUMBERS = count(1)
SignedIn = Callable[..., Visitor]

both = pytest.mark.parametrize("lang", LANGUAGES)
with_and_without = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def place(lang: str, more: str = "") -> str:
    return f"/{lang}/self-service/orders{more}"


def enter(page: Page, number: int = MAIN) -> None:
    """Sign in where the form stands, which leads to the page of the list."""
    page.fill(f"{PANEL} [name=access_code]", accounts.code(number))
    page.fill(f"{PANEL} [name=password]", accounts.DEMO_PASSWORD)
    page.click("#orders-form .button:not(.show)")
    page.wait_for_url(re.compile("/self-service/orders"))
    page.wait_for_selector(f"{PANEL} .session form")


@pytest.fixture(scope="module")
def sessions() -> dict[tuple[str, int], list[Any]]:
    """Cookies by person: nobody may sign in as often as these tests would."""
    return {}


@pytest.fixture
def signed_in(live: Live, visit: VisitorFactory, sessions: dict[tuple[str, int], list[Any]]) -> SignedIn:
    """Somebody who looks at their orders."""

    def come(lang: str, number: int = MAIN, *, scripts: bool = True, width: int = 1280) -> Visitor:
        visitor = visit(scripts=scripts, width=width)
        if (live.base, number) not in sessions:
            enter(visitor.go(place(lang)), number)
            sessions[live.base, number] = visitor.context.cookies()
        visitor.context.add_cookies(sessions[live.base, number])
        visitor.go(place(lang))
        return visitor

    return come


def saved(page: Page, ending: str) -> tuple[str, bytes]:
    """Download the file that ends so; its name and content."""
    with page.expect_download() as waiting:
        page.click(f".files a[href*='{ending}']")
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def bought(live: Live) -> str:
    """An order of just now, that can be had again; its number."""
    db = Database(live.database)
    number = add(db, MAIN, number=f"B{next(NUMBERS):05d}")
    db.close()
    return number


def number_of(page: Page) -> int:
    """How many orders the list says there are."""
    return int(re.sub(r"\D", "", page.locator(f"{SUM} strong").first.inner_text()))


@both
@with_and_without
def test_journey(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """Sign in on the help page, look at last year, go back, come again, and download what the screen shows.
    The help page then leads to the list.
    """
    visitor = visit(scripts=scripts)
    start = path(lang, "orders")
    page = visitor.go(start)
    enter(page)
    assert (place(lang), 0) == (page.url.removeprefix(live.base), page.evaluate("scrollY") if scripts else 0)
    expect(page.locator(PERIODS)).to_have_count(7)
    expect(page.locator(f"{PERIODS}[aria-current]")).to_have_attribute("href", f"{place(lang)}#orders")
    everything = number_of(page)

    page.click(f"{PERIODS}[href*='last-year']")
    expect(page).to_have_url(f"{live.base}{place(lang)}?period=last-year#orders")
    expect(page.locator(f"{PERIODS}[aria-current]")).to_have_attribute("href", re.compile("last-year"))
    last_year = number_of(page)
    assert 0 < last_year < everything
    expect(page.locator(".chart svg a")).to_have_count(12)
    assert min(last_year, 25) == page.locator(ROWS).count()
    page.reload()
    assert last_year == number_of(page)
    page.go_back()
    assert everything == number_of(page)
    page.go_back()
    assert start in page.url
    if scripts:
        expect(page.locator(f"{PANEL} .session")).to_contain_text(accounts.GIVEN_NAMES[MAIN])
        page.click(f"{PANEL} a.button")
        expect(page).to_have_url(f"{live.base}{place(lang)}")
        page.go_back()
    page.go_forward()
    visitor.go(f"{place(lang)}?period=last-year")
    assert last_year == number_of(page)

    name, content = saved(page, "orders-programs.csv")
    rows = list(csv.reader(io.StringIO(content.decode())))
    year = re.search(r"\d{4}", page.locator(f"{SUM} span").inner_text())
    assert year
    with using_language(lang):
        assert f"{pgettext('file name', 'orders')}-{year[0]}-01-01--{year[0]}-12-31-programs.csv" == name
    shown = [each.strip() for each in page.locator("#orders-list .number").all_inner_texts()]
    assert last_year == len(rows) - 1
    assert len(shown) == sum(any(number in cell for cell in row for number in shown) for row in rows[1:])


@both
@with_and_without
def test_bars_and_pages(signed_in: SignedIn, lang: str, scripts: bool) -> None:
    """A bar leads to its month; the list goes on page by page, and both have an address."""
    page = signed_in(lang, scripts=scripts).page
    first = page.locator("#orders-list .number").all_inner_texts()
    page.click("#orders .turn [rel=next]")
    expect(page).to_have_url(re.compile("after="))
    second = page.locator("#orders-list .number").all_inner_texts()
    assert set() == set(first) & set(second)
    page.click("#orders .turn [rel=prev]")
    expect(page).to_have_url(re.compile("before="))
    assert first == page.locator("#orders-list .number").all_inner_texts()
    bar = page.locator(".chart svg a").last
    expect(bar).to_have_accessible_name(re.compile(r"20\d\d: "))
    bar.locator(".bar").click()
    expect(page).to_have_url(re.compile(r"from=20\d\d-\d\d-01&to="))
    assert number_of(page) >= page.locator(ROWS).count() > 0


@both
@with_and_without
def test_switch_keeps_the_state(signed_in: SignedIn, lang: str, scripts: bool) -> None:
    """The language switch keeps period, search, order and page, and what was typed but not sent."""
    visitor = signed_in(lang, scripts=scripts)
    page = visitor.go(place(lang, "?period=all&words=a&sort=date"))
    page.click("#orders .turn [rel=next]")
    numbers = page.locator("#orders-list .number").all_inner_texts()
    query = page.url.partition("?")[2].partition("#")[0]
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    assert sorted(query.split("&")) == sorted(page.url.partition("?")[2].partition("#")[0].split("&"))
    assert numbers == page.locator("#orders-list .number").all_inner_texts()
    page.fill("#orders-from", "31-2-2026")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page.locator("#orders-from")).to_have_value("31-2-2026")
    expect(page.locator(f"{PANEL} .summary")).to_have_count(0)
    page.click("#orders-form .button")
    expect(page.locator(f"{PANEL} .summary")).to_be_focused()
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    expect(page.locator(f"{PANEL} .summary li")).to_have_count(1)


@both
@with_and_without
def test_again(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """An order of today is asked for again by its link and a button; a mail says that it comes; the list remembers."""
    number = bought(live)
    visitor = visit(scripts=scripts)
    page = visitor.go(path(lang, "orders"))
    enter(page)
    page.click(f"#orders-list tr:has-text('{number}') .help a")
    page.click(SEND_AGAIN)
    page.wait_for_selector(f"{PANEL} .good")
    assert "/orders/again?" in page.url
    expect(page.locator(PANEL)).to_contain_text(number)
    # At most three an hour go to one address, and others wait: here nobody does.
    live.hurry()
    found = wait_until(
        lambda: [one for one in live.mail.sent_to(accounts.email(MAIN)) if number in str(one["Subject"])]
    )
    assert [lang] == [mail["Content-Language"] for mail in found]
    visitor.go(place(lang, f"?words={number}"))
    page.click(f"{ROWS} .help a")
    page.wait_for_selector(f"{PANEL} .good")
    expect(page.locator(SEND_AGAIN)).to_have_count(0)


@both
@with_and_without
def test_again_and_back(live: Live, signed_in: SignedIn, lang: str, scripts: bool) -> None:
    """From the list an order is asked for again, and the way back leads to that list, as the address says."""
    number = bought(live)
    visitor = signed_in(lang, scripts=scripts)
    page = visitor.go(place(lang, f"?words={number}#orders"))
    page.click("#orders-list .help a")
    page.click(SEND_AGAIN)
    page.wait_for_selector(f"{PANEL} .good")
    page.click(f"{PANEL} p a[href*='orders?']")
    expect(page.locator(ROWS)).to_have_count(1)
    expect(page).to_have_url(f"{live.base}{place(lang)}?words={number}#orders")


@both
@with_and_without
def test_file_after_the_session(signed_in: SignedIn, lang: str, scripts: bool) -> None:
    """Who asks for a file when the session is over gets the page to log in, to look at and not as a file."""
    visitor = signed_in(lang, scripts=scripts)
    page = visitor.go(place(lang, "?period=last-year"))
    visitor.context.clear_cookies()
    page.click(".files a[href*='.xlsx']")
    expect(page.locator(f"{PANEL} [name=next]")).to_have_value(f"{place(lang)}?period=last-year")


@pytest.fixture(scope="module")
def many(live: Live) -> None:
    """A person with so many orders that a workbook of them takes a while."""
    db = Database(live.database)
    add_many(db, MANY, LARGE)
    db.close()


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(("lang", "scripts", "width"), [("en", True, 1280), ("nl", False, 390)])
def test_large_file(live: Live, visit: VisitorFactory, lang: str, scripts: bool, width: int) -> None:
    """A large file has a page that shows how far it is, by itself or by its link, through a reload, the language switch
    and a second tab; then the file is there, and stays.
    """
    visitor = visit(scripts=scripts, width=width)
    page = visitor.go(place(lang))
    enter(page, MANY)
    visitor.go(place(lang))
    expect(page.locator(".files .wait")).to_have_count(1)
    count_shown = number_of(page)
    page.click(".files a[href*='.xlsx']")
    expect(page).to_have_url(re.compile(r"/orders/file\?id=[0-9a-f]{32}$"))
    address = page.url
    bar, ready = page.locator(f"{PANEL} progress"), page.locator(f"{PANEL} a[href*='/download?']")
    expect(bar.or_(ready)).to_be_visible()
    assert (0, []) == (page.evaluate(TOO_WIDE), page.evaluate(TOO_SMALL_HERE)) if scripts else True
    assert not scripts or [] == broken(page)
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    expect(bar.or_(ready)).to_be_visible()
    visitor.go(address)
    if scripts:
        expect(ready).to_be_visible(timeout=120_000)
        # In a place of its own that stayed, so that it was read out.
        expect(page.locator("#orders-said")).to_have_text(re.compile("ready"))
    else:
        end = time.monotonic() + 120
        while not ready.count():
            assert time.monotonic() < end
            page.click(f"{PANEL} a[href*='/file?']")
    assert address == page.url
    second = visitor.context.new_page()
    second.goto(address)
    for each in (page, second):
        with each.expect_download() as waiting:
            each.click(f"{PANEL} a[href*='/download?']")
        file = waiting.value
        assert file.suggested_filename.endswith(".xlsx")
        sheet = openpyxl.load_workbook(io.BytesIO(Path(file.path()).read_bytes()), read_only=True).worksheets[0]
        assert count_shown + 2 == sheet.max_row
    second.close()


def states(visitor: Visitor, live: Live, lang: str) -> Iterator[str]:
    """Bring the page into every state of the form, one by one."""
    page = visitor.go(place(lang))
    yield "start"
    enter(page)
    visitor.go(place(lang))
    page.evaluate("document.querySelectorAll('#orders details').forEach((e) => { e.open = true })")
    yield "list"
    for more in (
        "?period=last-year&sort=-amount", "?from=x&to=1-1-2026", "?words=zebra", "?from=1-1-1999&to=2-1-1999",
        "/problem?number=none",
    ):  # fmt: skip
        visitor.go(place(lang, more))
        yield more
    visitor.go(place(lang))
    page.click("#orders-list .help > a >> nth=-1")
    yield "problem"
    number = bought(live)
    visitor.go(place(lang, f"?words={number}"))
    page.click("#orders-list .help a")
    page.click(SEND_AGAIN)
    page.wait_for_selector(f"{PANEL} .good")
    yield "again"


def colleague(visitor: Visitor, live: Live, lang: str) -> Iterator[str]:
    """The states that only somebody without the main code sees."""
    page = visitor.go(place(lang))
    enter(page, COLLEAGUE)
    visitor.go(place(lang))
    yield "a colleague's list"
    page.click(".where a[href*='/main']")
    page.wait_for_selector(f"{PANEL} .order")
    yield "main"
    if page.locator("form[action*='/main'] .button").count():
        page.click("form[action*='/main'] .button")
    page.wait_for_selector(f"{PANEL} .notice")
    yield "main asked"


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("nl", 390)])
def test_axe(live: Live, visit: VisitorFactory, lang: str, width: int) -> None:
    """No state has a violation, light or dark, as a table or as cards, chart and all."""
    found: dict[str, list[str]] = {}
    for way in (states, colleague):
        visitor = visit(width=width)
        found |= {state: broken(visitor.page) for state in way(visitor, live, lang)}
    assert {} == {state: what for state, what in found.items() if what}
    assert 12 == len(found)


@both
def test_narrow(live: Live, visit: VisitorFactory, lang: str) -> None:
    """At 320 pixels no state scrolls sideways or has a target too small to hit; nor does the help page."""
    found = {}
    for way in (states, colleague):
        visitor = visit(width=NARROW)
        for state in way(visitor, live, lang):
            found[state] = (visitor.page.evaluate(TOO_WIDE), visitor.page.evaluate(TOO_SMALL_HERE))
    visitor = visit(width=NARROW)
    enter(visitor.go(path(lang, "orders")), PRIVATE)
    page = visitor.go(path(lang, "orders"))
    page.wait_for_selector(f"{PANEL} .session form")
    found["on the help page"] = (page.evaluate(TOO_WIDE), page.evaluate(TOO_SMALL_HERE))
    assert {} == {state: what for state, what in found.items() if what != (0, [])}


@pytest.mark.parametrize("width", [600, 900, 1100, 1280, 1600])
def test_table_fits(signed_in: SignedIn, width: int) -> None:
    """Cards or table, at no width does the list stick out of its panel."""
    page = signed_in("nl", width=width).page
    script = """() => document.querySelector('#orders-list').getBoundingClientRect().right
                      - document.querySelector('#orders').getBoundingClientRect().right"""
    assert page.evaluate(script) < 0


def test_table_stays_a_table(signed_in: SignedIn) -> None:
    """As cards too, the list is a table to a screen reader: rows with a heading of their own, and cells."""
    page = signed_in("en", width=390).page
    row = page.get_by_role("table").last.get_by_role("row").nth(1)
    assert (1, 7) == (row.get_by_role("rowheader").count(), row.get_by_role("cell").count())


@both
def test_keyboard(signed_in: SignedIn, lang: str) -> None:
    """Without a mouse: a period, past the chart, the dates; and every stop shows that it has the focus."""
    page = signed_in(lang).page
    assert [] == tab_to(page, f"{PERIODS}[href*='last-year']")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("last-year"))
    # The address leads to the panel, so the next stop is in it.
    assert [] == tab_to(page, f"{PERIODS}[href*='this-month']")
    assert [] == tab_to(page, "#orders-from")
    page.keyboard.type("1-1-2020")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from=1-1-2020|from=2020-01-01"))
    assert [] == tab_to(page, ".chart .skip")
    page.keyboard.press("Enter")
    expect(page.locator("#orders-files")).to_be_focused()
    assert [] == tab_to(page, "#orders-list a")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_search_is_open_where_there_is_room(signed_in: SignedIn, *, scripts: bool) -> None:
    """On a wide screen one can search at once; on a phone it is folded, and open as long as something was searched."""
    words = signed_in("en", scripts=scripts).page.locator("#orders-words")
    expect(words).to_be_visible()
    visitor = signed_in("en", scripts=scripts, width=390)
    words = visitor.page.locator("#orders-words")
    expect(words).to_be_hidden()
    visitor.page.click(".find summary")
    expect(words).to_be_visible()
    visitor.go(place("en", "?words=extract"))
    expect(words).to_be_visible()


@both
@with_and_without
def test_found_orders_are_in_view(signed_in: SignedIn, lang: str, scripts: bool) -> None:
    """After a search on a phone one sees how many were found and the first of them, not the form. A screen reader
    begins at the number, and is told of a slip with it.
    """
    page = signed_in(lang, scripts=scripts, width=390).page
    page.click(".find summary")
    page.fill("#orders-words", "uitreksel")
    page.click("#orders-form .button")
    expect(page).to_have_url(re.compile("words=uitreksel.*#orders-found$"))
    expect(page.locator(f"{PANEL} #orders-typed")).to_contain_text(re.compile("[‘“]uittreksel[’”]"))
    expect(page.locator(SUM)).to_be_in_viewport()
    expect(page.locator(ROWS).first).to_be_in_viewport()
    expect(page.locator("#orders-form .button")).not_to_be_in_viewport()
    if scripts:
        expect(page.locator(SUM)).to_be_focused()
        expect(page.locator(SUM)).to_have_accessible_description(re.compile("[‘“]uittreksel[’”]"))


@both
def test_two_lines(signed_in: SignedIn, lang: str) -> None:
    """On a phone an order is two lines: product and amount, and below them the rest. A long name takes one more."""
    page = signed_in(lang, width=390).go(place(lang, "?by=1&to=1-10-2026"))
    found = page.eval_on_selector_all(
        ROWS,
        """(rows) => rows.map((row) => {
            const box = (name) => row.querySelector(name).getBoundingClientRect();
            const [product, amount, date, help] = [".product", ".amount", ".date", ".help"].map(box);
            return [Math.abs(product.top - amount.top) < 3, date.top >= product.bottom - 1,
                    product.height < 1.5 * amount.height && Math.abs(date.bottom - help.bottom) < 12];
        })""",
    )
    assert (25, {(True, True)}) == (len(found), {tuple(each[:2]) for each in found})
    assert 15 <= sum(in_two for _, _, in_two in found)


@both
def test_one_sheet_of_paper(signed_in: SignedIn, lang: str) -> None:
    """A page of 25 orders is printed on one sheet, with whose they are, of which period and as of when."""
    page = signed_in(lang).page
    assert 25 == page.locator(ROWS).count()
    margins: PdfMargins = {"top": "15mm", "bottom": "15mm", "left": "15mm", "right": "15mm"}
    assert 1 == len(PdfReader(io.BytesIO(page.pdf(format="A4", margin=margins))).pages)
    page.emulate_media(media="print")
    expect(page.locator(".paper").first).to_contain_text(re.compile(r"Bakkerij De Gouden Korst\. .*\d{4}"))
    expect(page.locator(f"{SUM} span")).to_be_visible()


@both
def test_names_below_the_chart(signed_in: SignedIn, lang: str) -> None:
    """No name below the chart lies over another or out of it, also with large letters on the narrowest screen."""
    page = signed_in(lang, width=NARROW).page
    script = """() => {
        const marks = [...document.querySelectorAll(".marks span")].filter((e) => e.textContent && e.checkVisibility());
        const range = document.createRange(), edge = document.querySelector(".chart").getBoundingClientRect();
        const boxes = marks.map((e) => range.selectNodeContents(e) || range.getBoundingClientRect());
        const isOut = (box) => box.left < edge.left - 1 || box.right > edge.right + 1;
        return boxes.filter((box, place) => isOut(box) || (place && box.left < boxes[place - 1].right)).length;
    }"""
    assert 0 == page.evaluate(script)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert 0 == page.evaluate(script)


def test_bars_show_the_focus(signed_in: SignedIn) -> None:
    """A bar is a stop of the keyboard, shows it, and Enter opens its month."""
    page = signed_in("en").page
    assert [] == tab_to(page, ".chart svg a")
    assert page.evaluate(FOCUS)["seen"]
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from="))


def test_paper(signed_in: SignedIn) -> None:
    """Paper gets whose orders they are, the numbers and the orders, and nothing to press."""
    page = signed_in("nl").page
    expect(page.locator(".paper").first).to_be_hidden()
    page.emulate_media(media="print")
    for selector in (PERIODS, ".find", ".chart", ".orders .help a"):
        expect(page.locator(selector).first).to_be_hidden()
    for selector in (SUM, ROWS, ".paper"):
        expect(page.locator(selector).first).to_be_visible()
    # Of a list of many pages one is printed, and it says so.
    expect(page.locator(".paper").last).to_contain_text(re.compile(rf"\b25\b.*\b{number_of(page)}\b"))


def test_logged_out_and_back(signed_in: SignedIn, live: Live) -> None:
    """Whoever goes back after logging out, to a page that the browser kept as it was, sees no orders there."""
    visitor = signed_in("en")
    page = visitor.page
    page.wait_for_selector(ROWS)
    visitor.context.clear_cookies()
    # As Chromium shows a page again that it kept; the browser of the tests keeps none.
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.locator(f"{PANEL} [name=password]")).to_be_visible()
    expect(page.locator(ROWS)).to_have_count(0)


def test_logged_in_and_back(signed_in: SignedIn, live: Live) -> None:
    """Whoever goes back after logging in, to a help page that the browser kept as it was, finds no password in it, but
    the way to the orders.
    """
    visitor = signed_in("en")
    cookies: list[Any] = [*visitor.context.cookies()]
    visitor.context.clear_cookies()
    page = visitor.go(path("en", "orders"))
    page.fill(f"{PANEL} [name=password]", accounts.DEMO_PASSWORD)
    visitor.context.add_cookies(cookies)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    expect(page.locator(f"{PANEL} a.button")).to_have_attribute("href", place("en"))
    expect(page.locator(f"{PANEL} [name=password]")).to_have_count(0)


@pytest.mark.parametrize("typed", ["", "extract"])
def test_orders_leave_the_screen(signed_in: SignedIn, typed: str) -> None:
    """When the session is over, orders that were left on the screen make place for the log-in form, which leads back to
    the same list; but not while something stands there that was typed and not sent.
    """
    visitor = signed_in("en")
    page = visitor.go(place("en", "?period=last-year"))
    page.fill("#orders-words", typed)
    visitor.context.clear_cookies()
    # As if this page had been there for a quarter of an hour.
    page.evaluate("""() => {
        const old = document.querySelector("[data-session]:not(script)"), bar = old.cloneNode(true);
        bar.dataset.session = 1;
        old.replaceWith(bar);
    }""")
    if typed:
        over = page.locator("#orders-session > p")
        expect(over).to_contain_text("You are logged out now")
        said = over.element_handle()
        page.wait_for_timeout(5000)
        expect(page.locator(SUM)).to_be_visible()
        # Said once: a line that is made anew each second is read out each second.
        assert said is not None
        assert said.evaluate("p => p.isConnected")
    else:
        expect(page.locator(f"{PANEL} [name=password]")).to_be_visible()
        enter(page)
        expect(page.locator(SUM)).to_be_visible()
        assert "period=last-year" in page.url


def test_style_sheet(visit: VisitorFactory) -> None:
    """The style sheet of the list comes with the list, and not with a help page."""
    visitor = visit()
    page = visitor.go(path("en", "orders"))
    assert [] == [one for one in visitor.requests if "/css/orders." in one]
    enter(page)
    assert 1 == len([one for one in visitor.requests if "/css/orders." in one])


@both
def test_two_people(live: Live, visit: VisitorFactory, lang: str) -> None:
    """A page of one person, pressed when another has logged in in another tab: the button and the file do nothing, and
    it says so, with the list of who is logged in now.
    """
    number = bought(live)
    visitor = visit()
    first = visitor.go(place(lang))
    enter(first)
    visitor.go(place(lang, f"?words={number}"))
    file = first.locator(".files a").first.get_attribute("href")
    first.click("#orders-list .help a")
    second = visitor.context.new_page()
    second.goto(f"{live.base}{place(lang)}")
    second.click("header .account button")
    second.wait_for_url("**/sign-in/out")
    second.goto(f"{live.base}{place(lang)}")
    enter(second, PRIVATE)
    first.click(SEND_AGAIN)
    expect(first.locator(f"{PANEL} .notice.bad [role=alert]")).to_be_focused()
    expect(first.locator(PANEL)).to_have_count(1)
    expect(first.locator("header .account")).not_to_contain_text(accounts.GIVEN_NAMES[MAIN])
    expect(first.locator(f"{ROWS}:has-text('{number}')")).to_have_count(0)
    assert [] == broken(first)
    visitor.go(file or "")
    expect(first.locator(f"{PANEL} .notice.bad [role=alert]")).to_be_visible()
    expect(first.locator(".files")).to_have_count(1)
