"""The forms for access codes as people use them: both languages, with scripts and without, phone and desk."""

from __future__ import annotations

import re
from email.message import EmailMessage
from itertools import count

import pytest
from playwright.sync_api import Page, expect

from selfservice.db import Database
from selfservice.demo import accounts
from selfservice.i18n.languages import LANGUAGES
from tests.access_code_helpers import KVK, NAME
from tests.live_server import Live, path, wait_until
from tests.password_form_page import GOOD, link_in
from tests.test_browser_axe import broken
from tests.visitors import VisitorFactory

A, S, L, W = "#access-code", "#request-status", "#lost-access-code", "#which-situation"
GO_ON = "{} .buttons .button:not(.quiet)"
OTHER = {"en": "nl", "nl": "en"}
ERROR = {"en": "Error: ", "nl": "Fout: "}
NARROW = 320
# Until the page has not moved for a while.
STILL = """() => new Promise((done) => {
    let at = -1, frames = 0;
    const look = () => {
        frames = scrollY == at ? frames + 1 : 0; at = scrollY;
        frames < 20 ? requestAnimationFrame(look) : done();
    };
    look();
})"""
# Of an organisation for which nobody in these tests logs in and arranges direct debit, so that the request asks it.
NOT_ARRANGED = "00034747"
_numbers = count(1)

both = pytest.mark.parametrize("lang", LANGUAGES)
with_and_without = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def new_address() -> str:
    """An e-mail address that no other test has."""
    return f"kim{next(_numbers)}@example.org"


def at(page: Page, step: str) -> None:
    """Wait until this step is there."""
    page.wait_for_selector(f"{A}[data-switch$='/{step}']")


def go_on(page: Page, step: str, form: str = A) -> None:
    """Press the button that goes on, and wait for the step it leads to."""
    page.click(GO_ON.format(form))
    page.wait_for_selector(f"{form}[data-switch$='/{step}']")


def start(visit: VisitorFactory, lang: str, *, scripts: bool = True, width: int = 1280) -> Page:
    """The form, in its help page."""
    page = visit(scripts=scripts, width=width).go(path(lang, "access-code"))
    page.wait_for_selector(f"{A}-need")
    return page


def choose(page: Page, kind: str) -> None:
    """Answer the first question; without a script too, what it asks then is shown."""
    page.check(f"{A} [value={kind}]")
    expect(page.locator(f"{A}-given_name")).to_be_visible()


def fill_in(page: Page, email: str) -> None:
    """Say who it is for, and go on."""
    page.fill(f"{A}-given_name", "Kim")
    page.fill(f"{A}-family_name", "van 't Hek")
    page.fill(f"{A}-email", email)
    go_on(page, "preferences")


def ask_privately(page: Page, email: str) -> str:
    """Go all the way; the reference."""
    choose(page, "private")
    fill_in(page, email)
    page.check(f"{A} [value=credit]")
    go_on(page, "check")
    go_on(page, "done")
    return page.inner_text(f"{A} strong")


def counted(live: Live, query: str, email: str) -> int:
    """What a query counts for this address."""
    db = Database(live.database)
    found = db.read().execute(query, (email,)).fetchone()[0]
    db.close()
    return int(found)


def codes_in(mail: EmailMessage) -> list[str]:
    """The access codes in a mail."""
    part = mail.get_body(("plain",))
    assert part is not None
    return re.findall(r"(?:[2-9A-HJ-NP-Z]{4}-){3}[2-9A-HJ-NP-Z]{4}", part.get_content())


def code_in(mail: EmailMessage) -> str:
    """The access code in a mail."""
    return codes_in(mail)[0]


@both
@with_and_without
def test_journey(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """From the help page to a private code and in: a request, a link for the password, the code, signed in."""
    email = new_address()
    page = start(visit, lang, scripts=scripts)
    ask_privately(page, email)
    expect(page.locator(A)).to_be_focused()
    assert f"/{lang}/self-service/access-code/done" == page.url.removeprefix(live.base)
    first = live.mails(email, 1)[0]
    assert lang == first["Content-Language"]
    page.goto(link_in(first))
    page.fill(f"{A}-new_password", GOOD)
    page.click(f"{A}-form .button")
    at(page, "confirmed")
    code = code_in(live.mails(email, 2)[1])
    page.goto(f"{live.base}/{lang}/self-service/sign-in")
    page.fill("#sign-in-access_code", code)
    page.fill("#sign-in-password", GOOD)
    page.click("#sign-in-form .button")
    expect(page.locator("#sign-in-password")).to_have_count(0)
    page.goto(f"{live.base}/{lang}/self-service/my")
    expect(page.locator(".account")).to_contain_text("Kim")


@both
def test_organisation_in_place(visit: VisitorFactory, lang: str) -> None:
    """Whoever has typed the last digit sees whose number it is, and stays in the field, under the same title."""
    page = start(visit, lang)
    choose(page, "business")
    title = page.title()
    page.type(f"{A}-kvk_number", KVK[:-1])
    page.wait_for_timeout(600)
    expect(page.locator(f"{A}-organisation .notice")).to_have_count(0)
    page.type(f"{A}-kvk_number", KVK[-1])
    expect(page.locator(f"{A}-organisation")).to_contain_text(NAME)
    expect(page.locator(f"{A}-kvk_number")).to_be_focused()
    assert title == page.title()


@both
@with_and_without
def test_organisation_by_name(visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """Whoever knows the name only types that and presses the organisation; without a script after going on."""
    page = start(visit, lang, scripts=scripts)
    choose(page, "business")
    page.click(f"{A} .for-organisation summary")
    page.fill(f"{A}-given_name", "Kim")
    page.type(f"{A}-organisation_name", "gouden kor")
    if not scripts:
        page.click(GO_ON.format(A))
    page.click(f"{A} [name=picked]")
    expect(page.locator(f"{A}-kvk_number")).to_have_value(KVK)
    expect(page.locator(f"{A}-organisation")).to_contain_text(NAME)
    assert "Kim" == page.input_value(f"{A}-given_name")


@both
def test_only_what_applies(visit: VisitorFactory, lang: str) -> None:
    """Before anything was chosen only that is asked, of private use no number, and of no code nothing else."""
    page = start(visit, lang)
    shown = []
    for kind in ("", "business", "private", "extract"):
        if kind:
            page.check(f"{A} [value={kind}]")
        shown.append([page.is_visible(f"{A}-{name}") for name in ("kvk_number", "given_name")])
    assert [[False, False], [True, True], [False, True], [False, False]] == shown


@both
@with_and_without
def test_switch(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """At any step the language switch keeps the step, the answers, what was typed but not sent, and the errors. In a
    help page that takes a script.
    """
    page = start(visit, lang, scripts=scripts)
    if not scripts:
        page.goto(f"{live.base}/{lang}/self-service/access-code")
    choose(page, "private")
    page.fill(f"{A}-email", "half")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    assert ("half", 0) == (page.input_value(f"{A}-email"), page.locator(f"{A} .summary").count())
    page.click(GO_ON.format(A))
    page.wait_for_selector(f"{A} .summary")
    problems = page.locator(f"{A} .summary li").count()
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", lang)
    expect(page).to_have_title(re.compile(f"^{ERROR[lang]}"))
    assert ("half", problems) == (page.input_value(f"{A}-email"), page.locator(f"{A} .summary li").count())
    fill_in(page, new_address())
    page.check(f"{A} [value=credit]")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    assert page.is_checked(f"{A} [value=credit]")
    go_on(page, "check")
    page.click(".switch")
    at(page, "check")
    go_on(page, "done")
    reference = page.inner_text(f"{A} strong")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    assert reference == page.inner_text(f"{A} strong")


@both
def test_switch_in_the_help_page(visit: VisitorFactory, lang: str) -> None:
    """In a help page the switch keeps a choice not sent yet, and a step that was reached without anything new typed."""
    page = start(visit, lang)
    page.check(f"{A} [value=business]")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    assert page.is_checked(f"{A} [value=business]")
    page = start(visit, lang)
    choose(page, "private")
    fill_in(page, new_address())
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    at(page, "preferences")


def begins_at_its_top(page: Page, step: str, *read_first: str) -> None:
    """The step is there, its heading in the upper half of the screen, and what must be read first in sight."""
    page.wait_for_url(f"**/access-code/{step}")
    expect(page.locator(A)).to_be_focused()
    top = page.evaluate(
        "id => document.getElementById(id).getBoundingClientRect().top / innerHeight", f"{A[1:]}-heading"
    )
    assert 0 <= top < 1 / 2
    for selector in read_first:
        expect(page.locator(selector).first).to_be_in_viewport(ratio=1)


@both
def test_by_tap(live: Live, visit: VisitorFactory, lang: str) -> None:
    """On a phone each step begins at its top: the last with the answers, and done with the reference. Back, forward and
    reload show what was filled in.
    """
    page = visit(width=390, has_touch=True, is_mobile=True).go(path(lang, "access-code"))
    page.tap(f"{A} [value=business]")
    page.fill(f"{A}-kvk_number", NOT_ARRANGED)
    page.fill(f"{A}-given_name", "Kim")
    page.fill(f"{A}-email", new_address())
    page.tap(GO_ON.format(A))
    begins_at_its_top(page, "preferences", f"{A} p strong")
    page.tap(GO_ON.format(A))
    begins_at_its_top(page, "mandate", f"{A}-iban")
    page.fill(f"{A}-iban", "NL91ABNA0417164300")
    page.fill(f"{A}-holder", "Kim")
    page.tap(f"{A}-mandate")
    page.tap(GO_ON.format(A))
    for look in (lambda: None, page.reload):
        look()
        begins_at_its_top(page, "check", f"{A} dd")
    page.go_back()
    page.wait_for_url("**/mandate")
    assert ("Kim", True) == (page.input_value(f"{A}-holder"), page.is_checked(f"{A}-mandate"))
    page.go_back()
    page.wait_for_url("**/preferences")
    page.go_back()
    page.wait_for_url(f"**{path(lang, 'access-code')}")
    page.goto(f"{live.base}/{lang}/self-service/access-code/need")
    assert NOT_ARRANGED == page.input_value(f"{A}-kvk_number")
    page.goto(f"{live.base}/{lang}/self-service/access-code/preferences")
    page.tap(GO_ON.format(A))
    begins_at_its_top(page, "check", f"{A} dd")
    page.tap(GO_ON.format(A))
    begins_at_its_top(page, "done", f"{A} strong")


def test_pressed_at_once(live: Live, visit: VisitorFactory) -> None:
    """Who goes to the button by keyboard and presses it at once sees what is wrong, and the page stays where that is: a
    page with a form glides nowhere.
    """
    page = visit().go("/en/self-service/access-code")
    choose(page, "business")
    for _ in range(2):
        page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
        page.focus(GO_ON.format(A))
        with page.expect_response("**/access-code/need"):
            page.keyboard.press("Enter")
        summary = page.locator(f"{A} .summary")
        expect(summary).to_be_focused()
        page.evaluate(STILL)
        expect(summary).to_be_in_viewport(ratio=0.9)


@both
@with_and_without
def test_two_tabs(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """In a second tab one goes on with the request, or starts another; the first tab then hands in neither."""
    page = start(visit, lang, scripts=scripts)
    email = new_address()
    choose(page, "private")
    fill_in(page, email)
    page.check(f"{A} [value=credit]")
    go_on(page, "check")
    other = page.context.new_page()
    other.goto(live.base + path(lang, "access-code"))
    other.check(f"{A} [value=business]")
    other.fill(f"{A}-kvk_number", NOT_ARRANGED)
    other.fill(f"{A}-given_name", "Other")
    other.fill(f"{A}-email", new_address())
    other.click(GO_ON.format(A))
    expect(other.locator(A)).to_contain_text(email)
    other.click(".switch")
    expect(other.locator("html")).to_have_attribute("lang", OTHER[lang])
    other.click(f"{A} button.quiet")
    at(other, "preferences")
    page.bring_to_front()
    page.click(GO_ON.format(A))
    expect(page.locator(f"{A} .notice.bad")).to_be_visible()
    expect(page.locator(A)).not_to_contain_text(email)
    assert 0 == counted(live, "SELECT count(*) FROM requests WHERE email = ?", email)


@with_and_without
def test_back_and_change(visit: VisitorFactory, scripts: bool) -> None:
    """Back keeps what was typed; Change leads back to all answers."""
    page = start(visit, "en", scripts=scripts)
    choose(page, "private")
    fill_in(page, new_address())
    page.check(f"{A} [value=credit]")
    page.click(f"{A} [name=back]")
    at(page, "need")
    assert page.is_checked(f"{A} [value=private]")
    assert "Kim" == page.input_value(f"{A}-given_name")
    go_on(page, "check")
    page.click(f"{A} .steps a[href$=preferences]")
    at(page, "preferences")
    assert page.is_checked(f"{A} [value=credit]")
    go_on(page, "check")
    page.click(f"{A} dd a[href$=need] >> nth=0")
    at(page, "need")
    page.fill(f"{A}-family_name", "Anders")
    go_on(page, "check")
    assert "Kim Anders" in page.inner_text(A)


@with_and_without
def test_sent_once(live: Live, visit: VisitorFactory, scripts: bool) -> None:
    """A double click, the browser's back button and another tab make one request."""
    email = new_address()
    page = start(visit, "en", scripts=scripts)
    choose(page, "private")
    fill_in(page, email)
    page.check(f"{A} [value=credit]")
    go_on(page, "check")
    other = page.context.new_page()
    other.goto(f"{live.base}/en/self-service/access-code/check")
    page.dblclick(GO_ON.format(A))
    at(page, "done")
    reference = page.inner_text(f"{A} strong")
    go_on(other, "done")
    assert reference == other.inner_text(f"{A} strong")
    if scripts:
        other.reload()
    else:
        other.go_back()
    at(other, "done")
    assert 1 == counted(live, "SELECT count(*) FROM requests WHERE email = ?", email)


def test_keyboard(visit: VisitorFactory) -> None:
    """With the keyboard alone: Enter goes on from any field, also where another button stands before."""
    page = start(visit, "en")
    page.focus(f"{A}-need")
    page.keyboard.press("Space")
    tab_to(page, f"{A}-kvk_number")
    page.keyboard.type(NOT_ARRANGED)
    for text in (None, "Kim", "Hek", new_address()):
        page.keyboard.press("Tab")
        page.keyboard.type(text or "")
    page.keyboard.press("Enter")
    at(page, "preferences")
    tab_to(page, GO_ON.format(A))
    page.keyboard.press("Enter")
    at(page, "mandate")


def test_which_situation(visit: VisitorFactory) -> None:
    """An answer leads to its form, at an address of its own; the short list comes in the place of the question."""
    page = visit().go(path("en", "cannot-log-in"))
    page.click(f"{W} a[href$=checklist]")
    expect(page.locator(f"{W} a[href$=replacement-password]")).to_be_visible()
    page.click(f"{W} a[href$=replacement-password]")
    page.wait_for_url("**/en/self-service/replacement-password")
    page = visit(scripts=False).go(path("en", "cannot-log-in"))
    page.click(f"{W} a[href$=checklist]")
    assert page.url.endswith("/en/self-service/which-situation/checklist")


@with_and_without
def test_lost(live: Live, visit: VisitorFactory, scripts: bool) -> None:
    """A lost private code is replaced over a mailed link, and the new one comes by mail."""
    email = new_address()
    page = start(visit, "nl", scripts=scripts)
    ask_privately(page, email)
    page.goto(link_in(live.mails(email, 1)[0]))
    page.fill(f"{A}-new_password", GOOD)
    page.click(f"{A}-form .button")
    at(page, "confirmed")
    old = code_in(live.mails(email, 2)[1])
    page.goto(live.base + path("nl", "access-code"))
    page.fill(f"{L}-email", email)
    page.click(f"{L}-form .button")
    page.wait_for_selector(f"{L}[data-switch$='/sent']")
    page.goto(link_in(live.mails(email, 3)[2]))
    page.click(f"{L} .button")
    page.wait_for_url("**/lost-access-code/done")
    expect(page.locator(f"{L}-heading")).to_be_in_viewport()
    assert old not in page.content()
    codes = "SELECT count(*) FROM access_codes c JOIN people p ON p.id = c.person_id WHERE p.email = ?"
    assert (2, 1) == (counted(live, codes, email), counted(live, f"{codes} AND c.revoked_at IS NULL", email))


def tab_to(page: Page, selector: str) -> None:
    """Go to it with the Tab key."""
    goal = page.locator(selector)
    goal.wait_for()
    for _ in range(99):
        if goal.evaluate("e => e == document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not come to {selector}")


def type_in(page: Page, **fields: str) -> None:
    """Fill in a form's fields with the keyboard alone, and press Enter in the last. A name begins with the form's."""
    for name, text in fields.items():
        tab_to(page, f"[id='{name.replace('__', '-')}']")
        page.keyboard.type(text)
    page.keyboard.press("Enter")


@with_and_without
def test_whole_journey_with_the_keyboard(live: Live, visit: VisitorFactory, scripts: bool) -> None:
    """In Dutch, with the keyboard alone: asked for, password chosen, logged in, lost, replaced, and in with the new
    code.
    """
    email = new_address()
    visitor = visit(scripts=scripts)
    page = visitor.go("/nl/self-service/access-code")
    tab_to(page, f"{A}-need")
    page.keyboard.press("ArrowDown")
    type_in(page, **{f"access-code-{name}": text for name, text in
                     {"given_name": "Kim", "family_name": "Hek", "email": email}.items()})  # fmt: skip
    at(page, "preferences")
    tab_to(page, f"{A} [value=credit]")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    at(page, "check")
    tab_to(page, GO_ON.format(A))
    page.keyboard.press("Enter")
    at(page, "done")
    visitor.go(link_in(live.mails(email, 1)[0]))
    type_in(page, **{"access-code-new_password": GOOD})
    at(page, "confirmed")
    old = code_in(live.mails(email, 2)[1])
    log_in(visitor.go("/nl/self-service/sign-in"), old)
    visitor.go("/nl/self-service/lost-access-code")
    type_in(page, **{"lost-access-code-email": email})
    page.wait_for_selector(f"{L}[data-switch$='/sent']")
    visitor.go(link_in(live.mails(email, 3)[2]))
    tab_to(page, f"{L} .button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lost-access-code/done")
    visitor.go("/nl/self-service/my")
    expect(page.locator("#my-access_code")).to_be_visible()

    def received() -> set[str]:
        # So many mails in so short a time: the next waits for its turn.
        live.hurry()
        return {found for mail in live.mail.sent_to(email) for found in codes_in(mail)} - {old}

    new = wait_until(received).pop()
    log_in(visitor.go("/nl/self-service/sign-in"), new)


def log_in(page: Page, code: str, password: str = GOOD) -> None:
    """Log in with the keyboard alone, and see whose code it is."""
    type_in(page, **{"sign-in-access_code": code, "sign-in-password": password})
    page.wait_for_selector("#my dl")


def test_link_for_who_has_a_password(live: Live, visit: VisitorFactory) -> None:
    """Nor has any state behind the link of a request for who has a password and no code: known, wrong, forgotten."""
    lang, width = "en", 1280
    email = new_address()
    page = start(visit, lang, width=width)
    states: dict[str, list[str]] = {}

    def look(name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        states[name] = broken(page) + (["wider than the screen"] if wide else [])

    choose(page, "business")
    page.fill(f"{A}-kvk_number", NOT_ARRANGED)
    fill_in(page, email)
    go_on(page, "mandate")
    page.fill(f"{A}-iban", "NL91ABNA0417164300")
    page.fill(f"{A}-holder", "Kim")
    page.check(f"{A}-mandate")
    go_on(page, "check")
    go_on(page, "done")
    page.goto(link_in(live.mails(email, 1)[0]))
    look("choose, for an organisation")
    page.fill(f"{A}-new_password", GOOD)
    page.click(f"{A}-form .button")
    at(page, "confirmed")
    look("saved, for an organisation")
    page.goto(f"{live.base}{path(lang, 'access-code')}")
    ask_privately(page, email)
    page.goto(link_in(live.mails(email, 2)[1]))
    look("known password")
    page.fill(f"{A}-password", "not this one")
    page.click(f"{A}-form .button")
    page.wait_for_selector(f"{A} .summary")
    look("wrong password")
    page.click(f"{A} form:not([id]) button")
    page.wait_for_selector(f"{A} .notice.good")
    expect(page.locator(A)).to_be_focused()
    look("link sent")
    page.fill(f"{A}-password", GOOD)
    page.click(f"{A}-form .button")
    at(page, "confirmed")
    look("confirmed")
    assert {} == {name: found for name, found in states.items() if found}


def test_every_personal_state(live: Live, visit: VisitorFactory) -> None:
    """Nor has any state that comes after logging in, or after a mailed link, or is about logging in."""
    lang, width = "nl", NARROW
    visitor = visit(width=width)
    states: dict[str, list[str]] = {}

    def look(name: str, address: str = "") -> None:
        if address:
            visitor.go(f"/{lang}/self-service/{address}")
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        states[name] = broken(page) + (["wider than the screen"] if wide else [])

    def press(name: str, button: str, then: str) -> None:
        page.click(button)
        page.wait_for_selector(then)
        look(name)

    email = new_address()
    page = start(visit, lang)
    ask_privately(page, email)
    page = visitor.go(link_in(live.mails(email, 1)[0]))
    submit = f"{A}-form .button"
    look("first password")
    press("weak password", submit, f"{A} .summary")
    page.fill(f"{A}-new_password", GOOD)
    press("confirmed", submit, f"{A}[data-switch$='/confirmed']")
    look("expired", "replacement-password/new-password")
    live.mails(email, 2)
    visitor.go(f"/{lang}/self-service/lost-access-code")
    page.fill(f"{L}-email", email)
    page.click(f"{L}-form .button")
    visitor.go(link_in(live.mails(email, 3)[2]))
    look("lost confirm")
    page.click(f"{L} .button")
    page.wait_for_url("**/lost-access-code/done")
    look("lost done")

    code, _ = live.login()
    look("my, not logged in", "my")
    look("sign in", "sign-in")
    press("nothing filled in", "#sign-in-form .button", "#sign-in .summary a")
    page.fill("#sign-in-access_code", code)
    page.fill("#sign-in-password", GOOD)
    press("wrong password", "#sign-in-form .button", "#sign-in .summary:not(:has(a))")
    page.fill("#sign-in-password", accounts.DEMO_PASSWORD)
    press("my", "#sign-in-form .button", "#my dl")
    look("already", "sign-in")
    log_in(visit().go(f"/{lang}/self-service/sign-in"), code, accounts.DEMO_PASSWORD)
    look("devices", "devices")
    look("password", "change-password")
    press("password wrong", "#change-password-form .button:not(.show)", "#change-password .summary")
    look("direct debit", "direct-debit")
    press("direct debit wrong", "#direct-debit-form .button", "#direct-debit .summary")
    page.fill("#direct-debit-iban", "nl91abna0417164300")
    page.fill("#direct-debit-holder", "Kim")
    page.check("#direct-debit-mandate")
    press("direct debit agreed", "#direct-debit-form .button", "#direct-debit .good")
    look("digital invoices", "digital-invoices")
    if page.locator("#digital-invoices-form").count():
        press("digital invoices wrong", "#digital-invoices-form .button", "#digital-invoices .summary")
        page.fill("#digital-invoices-email", "invoices@example.org")
        press("digital invoices on", "#digital-invoices-form .button", "#digital-invoices .good")
    visitor.go(f"/{lang}/self-service/change-password")
    page.fill("#change-password-password", accounts.DEMO_PASSWORD)
    page.fill("#change-password-new_password", GOOD)
    press("password changed", "#change-password-form .button", "#change-password .quiet:not(.session *)")
    press("logged out", ".session .quiet", "#sign-in a.quiet")
    assert {} == {name: found for name, found in states.items() if found}


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("nl", NARROW)])
def test_every_state(live: Live, visit: VisitorFactory, lang: str, width: int) -> None:
    """No state of any of these forms has a violation, light or dark, or is wider than the screen."""
    page = start(visit, lang, width=width)
    states: dict[str, list[str]] = {}

    def look(name: str) -> None:
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        states[name] = broken(page) + (["wider than the screen"] if wide else [])

    def wrong(name: str, form: str = A, button: str = GO_ON) -> None:
        page.click(button.format(form))
        page.wait_for_selector(f"{form} .summary")
        expect(page.locator(f"{form} .summary")).to_be_focused()
        look(name)

    look("need")
    wrong("need wrong")
    page.check(f"{A} [value=extract]")
    go_on(page, "no-code")
    look("no code")
    page.click(f"{A} a[href$='/access-code']")
    page.wait_for_selector(f"{A}-need")
    choose(page, "business")
    look("need, for an organisation")
    wrong("nothing filled in")
    page.click(f"{A} .for-organisation summary")
    page.type(f"{A}-organisation_name", "de")
    page.type(f"{A}-organisation_name", " gou")
    page.wait_for_selector(f"{A} [name=picked]")
    look("found by name")
    page.fill(f"{A}-organisation_name", "")
    page.fill(f"{A}-kvk_number", NOT_ARRANGED)
    page.wait_for_selector(f"{A}-organisation .good")
    page.fill(f"{A}-given_name", "Kim")
    page.fill(f"{A}-email", "kim@gmial.com")
    page.click(GO_ON.format(A))
    page.wait_for_selector(f"{A} [name=email_meant]")
    look("a slip in the address")
    fill_in(page, new_address())
    look("preferences")
    go_on(page, "mandate")
    wrong("mandate wrong")
    page.fill(f"{A}-iban", "nl91abna0417164300")
    page.fill(f"{A}-holder", "Kim")
    page.check(f"{A}-mandate")
    go_on(page, "check")
    look("check")
    email = page.locator(f"{A} dd", has_text="@example.org").first.inner_text().split()[0]
    go_on(page, "done")
    look("done")
    reference = page.inner_text(f"{A} strong")
    page.goto(f"{live.base}/{lang}/self-service/request-status")
    wrong("status wrong", S, "{}-form .button")
    for typed, state in (("no@example.org", "unknown"), (email, "received")):
        page.fill(f"{S}-reference", reference)
        page.fill(f"{S}-email", typed)
        page.click(f"{S}-form .button")
        page.wait_for_selector(f"{S}[data-switch$='/status']")
        look(state)
        if state == "unknown":
            page.click(f"{S} .button")
            page.wait_for_selector(f"{S}-reference")
    page.click(f"{S} a[href$=address]")
    page.wait_for_selector(f"{S}-street")
    wrong("address wrong", S)
    page.click(f"{S} .quiet")
    page.click(f"{S} li a[href$=withdraw]")
    page.wait_for_url("**/request-status/withdraw")
    look("withdraw")
    page.click(f"{S} .button:not(.quiet)")
    page.wait_for_selector(f"{S}[data-switch$='/status']")
    look("withdrawn")
    page.goto(f"{live.base}/{lang}/self-service/lost-access-code")
    wrong("lost wrong", L, "{}-form .button")
    page.fill(f"{L}-email", email)
    page.click(f"{L}-form .button")
    page.wait_for_selector(f"{L}[data-switch$='/sent']")
    look("lost sent")
    page.goto(f"{live.base}/{lang}/self-service/lost-access-code/confirm")
    look("lost expired")
    page.goto(f"{live.base}/{lang}/self-service/which-situation")
    look("which situation")
    page.goto(f"{live.base}/{lang}/self-service/which-situation/checklist")
    look("checklist")
    assert {} == {name: found for name, found in states.items() if found}
