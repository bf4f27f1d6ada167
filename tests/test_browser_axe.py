"""Accessibility as axe-core sees it: nothing to complain of on any page, in any state of a form, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page

from selfservice.demo import accounts
from selfservice.i18n.languages import LANGUAGES
from selfservice.web.pages import PageInfo
from tests.clients import HouseClient
from tests.live_server import Live, every_page, path, running
from tests.password_form_page import CODE, CORRECT, EMAIL, GOOD, PASSWORD, SUBMIT, SUMMARY, link_in, send
from tests.sign_in_helpers import PASSWORD as PASSWORD_OF_ALL
from tests.sign_in_helpers import prepare, sign_in
from tests.visitors import VisitorFactory

AXE = Axe().axe_script
PHONE = 390
both = pytest.mark.parametrize("lang", LANGUAGES)
sizes = pytest.mark.parametrize("width", [PHONE, 1280])


def broken(page: Page) -> list[str]:
    """What axe complains of, a line each: everything in light, and in dark what colours can change."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    page.emulate_media(color_scheme="dark")
    found = _violations(page, "dark", "runOnly: ['color-contrast', 'link-in-text-block'], ")
    page.emulate_media(color_scheme="light")
    return found + _violations(page, "light")


def _violations(page: Page, scheme: str, only: str = "") -> list[str]:
    # Of all else that axe found nothing is told: passing that on takes most of the time.
    found = page.evaluate(f"axe.run({{{only}resultTypes: ['violations']}}).then((all) => all.violations)")
    return [_line(violation, scheme) for violation in found]


def _line(violation: dict[str, object], scheme: str) -> str:
    nodes = violation["nodes"]
    assert isinstance(nodes, list)
    return f"{scheme}: {violation['id']}: {violation['help']}: {[node['html'] for node in nodes]}"


def test_it_finds_something(visit: VisitorFactory) -> None:
    """The tests below can fail: grey on grey in the dark and a field without a label are found."""
    page = visit().go("/en/")
    page.evaluate(
        """() => {
            const main = document.querySelector("main"), field = document.createElement("input");
            main.prepend("grey", field);
            main.style.color = "light-dark(#000, #222)";
        }"""
    )
    found = {tuple(line.split(": ")[:2]) for line in broken(page)}
    assert {("light", "label"), ("dark", "color-contrast")} <= found


@pytest.mark.parametrize("info", every_page(), ids=lambda info: info.path)
def test_page(visit: VisitorFactory, info: PageInfo) -> None:
    """A help page has no violation."""
    assert [] == broken(visit().go(info.path))


@both
@pytest.mark.parametrize("key", ["index", "cannot-log-in", "access-code"])
def test_page_on_a_phone(visit: VisitorFactory, lang: str, key: str) -> None:
    """A help page has no violation on a phone, with its list of questions open."""
    page = visit(width=PHONE).go(path(lang, key))
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    assert [] == broken(page)


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("nl", PHONE)])
def test_form_in_every_state(live: Live, visit: VisitorFactory, lang: str, width: int) -> None:
    """No state of the form has a violation, from empty to done."""
    code, email = live.login()
    visitor = visit(width=width)
    page = visitor.go(f"/{lang}/self-service/replacement-password")
    states = {"start": broken(page)}
    send(page, "abcd", "jip@")
    page.wait_for_selector(SUMMARY)
    states["wrong"] = broken(page)
    send(page, code, email)
    page.click("#replacement-password details summary")
    states["sent"] = broken(page)
    page.fill(EMAIL, "nobody@")
    page.click(f"{CORRECT} button")
    page.wait_for_selector(SUMMARY)
    states["wrong address"] = broken(page)
    visitor.go(link_in(live.mails(email, 1)[0]))
    states["new password"] = broken(page)
    page.fill(PASSWORD, "welkom")
    page.click(SUBMIT)
    page.wait_for_selector(SUMMARY)
    states["weak password"] = broken(page)
    page.fill(PASSWORD, GOOD)
    page.click(SUBMIT)
    page.wait_for_selector(PASSWORD, state="detached")
    states["done"] = broken(page)
    visitor.go(f"/{lang}/self-service/replacement-password/expired")
    states["expired"] = broken(page)
    assert {} == {state: found for state, found in states.items() if found}


def test_form_in_a_page(visit: VisitorFactory) -> None:
    """The form has no violation where a help page holds it, with errors too."""
    page = visit(width=PHONE).go(path("nl", "cannot-log-in"))
    page.fill(CODE, "x")
    page.click(SUBMIT)
    page.wait_for_selector(SUMMARY)
    assert [] == broken(page)


@pytest.mark.parametrize(("lang", "q"), [("en", ""), ("en", "invoices"), ("nl", "toegangscoed"), ("nl", "xyzzyq")])
def test_search(visit: VisitorFactory, lang: str, q: str) -> None:
    """The page of results has no violation, found or not."""
    assert [] == broken(visit().go(f"/{lang}/self-service/search?q={q}"))


@sizes
@pytest.mark.parametrize("key", ["contact", "index"])
def test_live_search(visit: VisitorFactory, width: int, key: str) -> None:
    """Nor have results that open below the search field, also on the dark block of the home page."""
    page = visit(width=width).go(path("nl", key))
    page.locator("#q").press_sequentially("factuur", delay=20)
    page.wait_for_selector(".drop #search-results a.button")
    assert [] == broken(page)


@both
@pytest.mark.parametrize("address", ["/nowhere/", "/self-service/nowhere", "/404.html"])
def test_error_page(visit: VisitorFactory, lang: str, address: str) -> None:
    """Nor has a page that does not exist."""
    assert [] == broken(visit().go(f"/{lang}{address}"))


def test_choose_language(visit: VisitorFactory) -> None:
    """Nor has the choice of a language that stands at / where only files are served."""
    assert [] == broken(visit().go("/choose-language"))


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Loket without a mail server: only then is there a mailbox."""
    folder: Path = tmp_path_factory.mktemp("demonstration")
    with running(folder, None) as base:
        yield base


def test_mailbox(demonstration: str, chromium: Browser) -> None:
    """A demonstration's mailbox has no violation, empty, filled, or with a mail open; and its link works."""
    visit = VisitorFactory(chromium, demonstration)
    # The mailbox opens to this machine only.
    visitor = visit(own_address=False)
    mailbox = "/en/self-service/mailbox"
    page = visitor.go(mailbox)
    states = {"empty": broken(page)}
    visitor.go(path("en", "cannot-log-in"))
    send(page, *accounts.DEMO_LOGIN)
    page.wait_for_selector(CORRECT, state="attached")
    visitor.go(mailbox)
    while page.locator(".mails a").count() == 0:
        page.wait_for_timeout(100)
        visitor.go(mailbox)
    states["filled"] = broken(page)
    page.click(".mails a")
    page.wait_for_selector("pre.mail")
    states["mail"] = broken(page)
    page.click("pre.mail a[href*='/link/']")
    page.wait_for_selector(PASSWORD)
    assert {} == {state: found for state, found in states.items() if found}
    assert [] == visit.close()


@both
@sizes
def test_ones_own_data(
    app: Flask, client: HouseClient, chromium: Browser, tmp_path: Path, lang: str, width: int
) -> None:
    """The page in the file with one's data has no violation, asks for nothing, and fits in the window; on paper
    each table shows all of its columns.
    """
    prepare(app)
    sign_in(client)
    answer = client.send(f"/{lang}/self-service/account-data", {"password": PASSWORD_OF_ALL})
    assert 303 == answer.status_code
    with ZipFile(BytesIO(client.get(f"/{lang}/self-service/account-data/download").data)) as both_files:
        both_files.extract("data.html", tmp_path)
    asked: list[str] = []
    page = chromium.new_page(viewport={"width": width, "height": 800})
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"file://{tmp_path}/data.html")
    assert ([f"file://{tmp_path}/data.html"], width) == (asked, page.evaluate("document.documentElement.scrollWidth"))
    assert [] == broken(page)
    page.emulate_media(media="print")
    tables = page.locator(".wide").evaluate_all("found => found.map(each => each.scrollWidth <= each.clientWidth)")
    assert [True] == [*{*tables}]
    page.close()
