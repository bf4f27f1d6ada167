"""The whole life of an account, as its help page says it: somebody reads that page and does each step, with a browser
and the demonstration's mailbox alone, in both languages, with scripts and without.

A step presses and fills in what it names, between ‘ and ’, and follows its links; one that names nothing is an e-mail
to open. So a step that names what is not there, or leaves out what must be done, fails with its line and its words.
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, expect

from selfservice.db import Database
from tests.domain_helpers import CONTENT
from tests.live_server import path, running, wait_until
from tests.visitors import Visitor, VisitorFactory

PAGE = "kvk-account"
# What a step names, in the order in which it stands: a control, or a link.
NAMED = re.compile(r'‘(?P<control>[^’]+)’|<a href="(?P<link>[^"]+)"')
# The steps of a question, and the form that stands with it.
STEPS = """(id) => {
    const found = { steps: [], form: "" };
    let at = document.getElementById(id).nextElementSibling;
    for (; at && at.tagName !== "H2"; at = at.nextElementSibling) {
        if (at.tagName === "OL") found.steps.push(...[...at.children].map((step) => step.innerHTML));
        if (at.matches(".panel")) found.form = at.id;
    }
    return found;
}"""
# A mailed link that is for one person.
TOKEN = re.compile(r"/[\w-]{20,}$")
SECONDS = 60
FIRST, SECOND, THIRD = (
    "violet ladder eats seven spoons", "quiet gravel sings behind clouds", "nine kettles borrow a canoe"
)  # fmt: skip
LOG_IN = {"en": "Log in", "nl": "Inloggen"}


@dataclass
class Reader:
    """Somebody who reads the page, and does what it says with what they know: `values`, by the names of fields."""

    visitor: Visitor
    lang: str
    values: dict[str, str]
    scripts: bool = True
    by_tap: bool = False
    _read: set[str] = field(default_factory=set)

    @property
    def page(self) -> Page:
        """Where they do it."""
        return self.visitor.page

    def follow(self, question: str, *mail_to: str) -> None:
        """Do the steps of a question, with mail to these addresses, in order."""
        page, mails = self.visitor.go(path(self.lang, PAGE)), iter(mail_to)
        found = page.evaluate(STEPS, question)
        assert found["steps"], f"{PAGE} has no steps at #{question}"
        for number, step in enumerate(found["steps"]):
            is_here = found["form"] and page.url.endswith(path(self.lang, PAGE))
            try:
                self._do(step, page.locator(f"#{found['form']}" if is_here else "main"), mails)
            except (Error, AssertionError) as error:
                words = html.unescape(re.sub("<[^>]+>", "", step))
                raise AssertionError(f"{place(self.lang, question, number)}: {words}\n{error} ({page.url})") from error

    def _do(self, step: str, here: Locator, mails: Iterator[str]) -> None:
        named = [match.groupdict() for match in NAMED.finditer(step)]
        if not named:
            self.page.goto(self.mailed_link(next(mails)))
        for each in named:
            if each["control"]:
                self._use(control(here, html.unescape(each["control"])))
            elif each["link"].startswith("#"):
                self.follow(each["link"][1:])
            else:
                self.visitor.go(html.unescape(each["link"]))

    def _use(self, found: Locator) -> None:
        if found.evaluate("(e) => e.matches('input')"):
            name = found.get_attribute("name") or ""
            assert name in self.values, f"who knows what to fill in at {name!r}?"
            found.fill(self.values[name])
            return
        is_button = found.evaluate("(e) => e.matches('button')")
        pressed = found.element_handle()
        (pressed.tap if self.by_tap else pressed.click)()
        if is_button:
            # It goes with what comes in the place of its form, or with the page.
            with suppress(Error):
                pressed.wait_for_element_state("hidden")

    def mailed_link(self, email: str) -> str:
        """The link in the newest mail to this address that has one, once it has come: read in the mailbox, in a tab of
        its own.
        """
        tab = self.visitor.context.new_page()

        def unread() -> list[str]:
            tab.goto(f"{self.visitor.base}/{self.lang}/self-service/mailbox")
            mails = tab.locator(".mails li").filter(has_text=email).locator("a")
            addresses = [str(each) for each in mails.evaluate_all("(all) => all.map((link) => link.href)")]
            return [each for each in addresses if each not in self._read]

        def link() -> str:
            for address in unread():
                tab.goto(address)
                links = tab.locator(".mail a").evaluate_all("(all) => all.map((link) => link.href)")
                if found := [str(each) for each in links if TOKEN.search(each)]:
                    assert 1 == len(found), f"{found}: which of these?"
                    return found[0]
            return ""

        found = wait_until(link)
        self._read.update(unread())
        tab.close()
        return found

    def sees(self, name: str = "") -> None:
        """The header says who is logged in, in this tab and in another one, on pages the same for all and on one
        that is not. Without scripts only the last can.
        """
        other = self.visitor.context.new_page()
        for address in (path(self.lang, "index"), path(self.lang, PAGE), f"/{self.lang}/self-service/my"):
            is_known = name and (self.scripts or address.endswith("/my"))
            for tab in (self.page, other):
                tab.goto(f"{self.visitor.base}{address}")
                header = tab.locator("header .account")
                expect(header).to_contain_text(name if is_known else LOG_IN[self.lang])
        other.close()


def control(here: Locator, words: str, seconds: float = SECONDS) -> Locator:
    """The field, button or link with these words. Raises AssertionError when there is none to be seen in time."""
    found = here.get_by_label(words, exact=True).and_(here.locator("input"))
    for role in ("button", "link"):
        found = found.or_(here.get_by_role(role, name=words, exact=True))
    seen = found.locator("visible=true").first
    try:
        seen.wait_for(timeout=seconds * 1000)
    except Error:
        raise AssertionError(f"there is no field, button or link ‘{words}’ to be seen") from None
    return seen


def place(lang: str, question: str, number: int) -> str:
    """Where a step stands: its file and line."""
    lines = (CONTENT / lang / f"{PAGE}.md").read_text("utf-8").splitlines()
    start = next(at for at, line in enumerate(lines) if line.endswith(f"{{#{question}}}"))
    steps = [at for at, line in enumerate(lines) if at > start and re.match(r"\d+\. ", line)]
    return f"content/{lang}/{PAGE}.md:{steps[number] + 1}"


@pytest.fixture(scope="module")
def loket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A demonstration as it starts, with its mailbox: its address, and its database."""
    folder = tmp_path_factory.mktemp("account")
    with running(folder, None) as base:
        yield base, folder / "var" / "loket.db"


# Each language and each browser once: the other two pairs took as long again, and found nothing that these did not.
@pytest.mark.parametrize(("lang", "on"), [("nl", "phone"), ("en", "desktop")])
def test_whole_life(loket: tuple[str, Path], chromium: Browser, lang: str, on: str) -> None:
    """Create, log in, forget, change the address and undo it, download, delete: all by what the page says; and the
    header is right all the while.
    """
    # The mailbox is for who sits at the machine itself.
    visit = VisitorFactory(chromium, loket[0])
    scripts = on == "phone"
    options: dict[str, Any] = {"width": 390, "has_touch": True, "is_mobile": True} if on == "phone" else {}
    visitor = visit(scripts=scripts, own_address=False, **options)
    mine, other = f"{lang}-{on}@wisp.example", f"{lang}-{on}@ember.example"
    values = {"given_name": "Wilmer", "family_name": "Nachtegaal", "email": mine, "new_password": FIRST}
    reader = Reader(visitor, lang, values, scripts, by_tap=on == "phone")
    reader.sees()

    reader.follow("create", mine)
    values |= {"access_code": mine, "password": FIRST}
    reader.sees()
    reader.follow("log-in")
    reader.sees("Wilmer")

    values["new_password"] = SECOND
    reader.follow("forgotten-password", mine)
    values["password"] = SECOND
    reader.sees()

    values["email"] = other
    reader.follow("change-email", other)
    reader.sees("Wilmer")
    values |= {"new_password": THIRD}
    reader.follow("undo-change", mine, mine)
    values["password"] = THIRD
    reader.sees()

    with reader.page.expect_download() as download:
        reader.follow("download-data")
    with zipfile.ZipFile(download.value.path()) as packed:
        assert mine in packed.read("data.html").decode()
    reader.sees("Wilmer")
    end_sessions(loket[1])
    reader.sees()

    reader.follow("delete")
    reader.sees()
    with pytest.raises(AssertionError, match=r"content/.*: "):
        reader.follow("download-data")
    assert [] == visit.close()


def end_sessions(database: Path) -> None:
    """Every session was last used so long ago that it is over."""
    db = Database(database)
    with db.write() as conn:
        conn.execute("UPDATE sessions SET used_at = '2026-01-01T00:00:00.000000Z'")
    db.close()


def test_a_step_that_names_nothing(chromium: Browser) -> None:
    """What a step names must be there, to be seen, in those very words."""
    page = chromium.new_page()
    page.set_content("<main><button>Send it</button><button hidden>Send</button></main>")
    here = page.locator("main")
    assert "Send it" == control(here, "Send it").inner_text()
    for words in ("Send", "send it", "Send it now"):
        with pytest.raises(AssertionError, match=f"‘{words}’"):
            control(here, words, 0.2)
    page.close()
