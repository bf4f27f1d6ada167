"""The whole way to a new password, as people go it: in both languages, with scripts and without, with a real mail."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from selfservice.i18n.languages import LANGUAGES
from tests.live_server import Live, path, wait_until
from tests.password_form_page import AGAIN, CODE, CORRECT, EMAIL, FORM, GOOD, PASSWORD, SUBMIT, SUMMARY, link_in, send
from tests.visitors import VisitorFactory

ERROR = {"en": "Error: ", "nl": "Fout: "}
OTHER = {"en": "nl", "nl": "en"}

both = pytest.mark.parametrize("lang", LANGUAGES)
with_and_without = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def sent_text(page: Page) -> str:
    """What the page says after the form was sent, without the address."""
    page.wait_for_selector(CORRECT, state="attached")
    return re.sub(r"\S•••\S+", "•", page.inner_text("#replacement-password"))


@both
@with_and_without
def test_journey(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """Wrong, then right, a mail, its link, a weak password, a good one; and the link works no second time."""
    code, email = live.login()
    visitor = visit(scripts=scripts)
    start = path(lang, "cannot-log-in")
    page = visitor.go(start)

    send(page, "abcd", "jip@")
    expect(page.locator(SUMMARY)).to_be_focused()
    expect(page).to_have_title(re.compile(f"^{ERROR[lang]}"))
    assert ("abcd", "jip@") == (page.input_value(CODE), page.input_value(EMAIL))
    # With scripts the help page stays where it is; without, the form goes on at its own address.
    assert start == page.url.removeprefix(live.base) if scripts else "/self-service/" in page.url
    page.locator(SUMMARY).get_by_role("link").first.click()
    expect(page.locator(CODE)).to_be_focused()

    send(page, code.lower().replace("-", " "), email)
    expect(page.locator("#replacement-password strong")).to_have_text(re.compile(rf"^{email[0]}•••@"))
    expect(page.locator("#replacement-password")).to_be_focused()

    mail = live.mails(email, 1)[0]
    assert (lang, email) == (mail["Content-Language"], mail["To"])
    link = link_in(mail)
    token = link.rpartition("/")[2]
    visitor.go(link)
    assert f"/{lang}/self-service/replacement-password/new-password" == page.url.removeprefix(live.base)
    assert token not in page.content()

    page.fill(PASSWORD, "Welkom2026Welkom2026")
    page.click(SUBMIT)
    expect(page.locator(SUMMARY)).to_be_focused()
    expect(page).to_have_title(re.compile(f"^{ERROR[lang]}"))
    assert "" == page.input_value(PASSWORD)

    page.fill(PASSWORD, GOOD)
    page.click(SUBMIT)
    page.wait_for_url(f"**/{lang}/self-service/replacement-password/done")
    expect(page.locator(FORM)).to_have_count(0)
    expect(page).not_to_have_title(re.compile(f"^{ERROR[lang]}"))
    assert 2 == len(live.mails(email, 2))
    assert GOOD not in str(live.mail.sent_to(email)[1])

    again = visitor.page.goto(link)
    assert again is not None
    assert 410 == again.status
    page.click("#replacement-password .button")
    expect(page.locator(CODE)).to_be_visible()


@both
@with_and_without
def test_by_tap(live: Live, visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """On a phone what follows on a press shows its heading: where the form stood, or at the top of a place of its own;
    and going back from there offers no form whose link was used.
    """
    code, email = live.login()
    visitor = visit(scripts=scripts, width=390, has_touch=True, is_mobile=True)
    page = visitor.go(path(lang, "cannot-log-in"))
    heading = page.locator("#replacement-password-heading")
    page.fill(CODE, code)
    page.fill(EMAIL, email)
    page.tap(SUBMIT)
    page.wait_for_selector(CORRECT, state="attached")
    expect(heading).to_be_in_viewport()
    visitor.go(link_in(live.mails(email, 1)[0]))
    page.fill(PASSWORD, GOOD)
    page.tap(SUBMIT)
    page.wait_for_url("**/done")
    expect(heading).to_be_in_viewport()
    assert 0 == page.evaluate("scrollY")
    page.go_back()
    expect(page.locator(FORM)).to_have_count(0)


@both
@with_and_without
def test_switch_keeps_errors(visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """Who switches language at an error finds the same values and the same errors in the other language."""
    page = visit(scripts=scripts).go(path(lang, "cannot-log-in"))
    send(page, "abcd", "jip@")
    page.wait_for_selector(SUMMARY)
    problems = page.locator(f"{SUMMARY} li").count()
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", OTHER[lang])
    expect(page).to_have_title(re.compile(f"^{ERROR[OTHER[lang]]}"))
    assert ("abcd", "jip@", problems) == (
        page.input_value(CODE),
        page.input_value(EMAIL),
        page.locator(f"{SUMMARY} li").count(),
    )


@both
@with_and_without
def test_switch_keeps_what_was_typed(visit: VisitorFactory, lang: str, scripts: bool) -> None:
    """Who switches language halfway finds what was typed, also after switching back, and is not told of errors in what
    was never sent.
    """
    # Without scripts only the form's own page can take along what was typed.
    page = visit(scripts=scripts).go(
        path(lang, "cannot-log-in") if scripts else f"/{lang}/self-service/replacement-password"
    )
    page.fill(EMAIL, "jip@")
    for now in (OTHER[lang], lang):
        page.click(".switch")
        expect(page.locator("html")).to_have_attribute("lang", now)
        assert ("jip@", 0) == (page.input_value(EMAIL), page.locator(SUMMARY).count())


def test_back_to_what_was_switched(visit: VisitorFactory) -> None:
    """Who switched language halfway, and went on, finds the form on the way back, where the browser would refuse it."""
    page = visit().go("/en/self-service/replacement-password")
    page.fill(EMAIL, "jip@")
    page.click(".switch")
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    page.click(".mark")
    expect(page.locator(FORM)).to_have_count(0)
    page.go_back()
    expect(page.locator(FORM)).to_have_count(1)


@with_and_without
def test_again_and_correct(live: Live, visit: VisitorFactory, scripts: bool) -> None:
    """The mail can be sent again, and to a corrected address; the newest link works, and using it ends the other."""
    code, email = live.login()
    page = visit(scripts=scripts).go(path("en", "cannot-log-in"))
    send(page, code, f"wrong.{email}")
    page.wait_for_selector(AGAIN)
    page.click("#replacement-password details summary")
    page.fill(EMAIL, "nobody@")
    page.click(f"{CORRECT} button")
    expect(page.locator(SUMMARY)).to_be_focused()
    assert "nobody@" == page.input_value(EMAIL)
    page.fill(EMAIL, email)
    page.click(f"{CORRECT} button")
    expect(page.locator("#replacement-password strong")).to_have_text(re.compile(rf"^{email[0]}•••@"))
    first = link_in(live.mails(email, 1)[0])
    page.click(AGAIN)
    second = link_in(live.mails(email, 2)[1])
    assert first != second
    assert [] == live.mail.sent_to(f"wrong.{email}")

    page.goto(second)
    page.fill(PASSWORD, GOOD)
    page.click(SUBMIT)
    expect(page.locator(FORM)).to_have_count(0)
    used = page.goto(first)
    assert used is not None
    assert 410 == used.status


def test_unknown_sees_the_same(live: Live, visit: VisitorFactory) -> None:
    """A code and an address that do not belong together get the same page, and no mail."""
    (known, email), (other, _) = live.login(), live.login()
    pages = [visit().go(path("en", "cannot-log-in")) for _ in range(2)]
    send(pages[0], other, "somebody@example.org")
    unknown = sent_text(pages[0])
    send(pages[1], known, email)
    assert unknown == sent_text(pages[1])
    # Mails leave in the order in which they were asked for.
    live.mails(email, 1)
    assert [] == live.mail.sent_to("somebody@example.org")


@pytest.mark.parametrize("answer", ["451 4.3.0 later", "drop"])
def test_mail_server_falters(live: Live, visit: VisitorFactory, answer: str) -> None:
    """When the mail server puts us off or hangs up the visitor sees the same; the mail waits, then arrives once."""
    live.settle()
    code, email = live.login()
    live.mail.answers.append(answer)
    page = visit().go(path("en", "cannot-log-in"))
    send(page, code, email)
    sent_text(page)
    wait_until(lambda: live.put_off(email))
    # At least: the worker may have something of another test to send.
    assert live.health()["outbox"]["waiting"] >= 1
    live.hurry()
    live.mails(email, 1)
    wait_until(lambda: live.health()["outbox"]["waiting"] == 0)
    assert 1 == len(live.mail.sent_to(email))


def test_mail_server_down(live: Live, visit: VisitorFactory) -> None:
    """When there is no mail server at all the visitor sees the same; the mail waits, and arrives when it is back."""
    live.settle()
    code, email = live.login()
    page = visit().go(path("nl", "cannot-log-in"))
    with live.mail.down():
        send(page, code, email)
        sent_text(page)
        wait_until(lambda: live.put_off(email))
        waiting = live.health()["outbox"]
        assert (True, True) == (waiting["waiting"] >= 1, "could not be used" in waiting["last_error"])
    live.hurry()
    assert "nl" == live.mails(email, 1)[0]["Content-Language"]


def test_mail_refused(live: Live, visit: VisitorFactory) -> None:
    """An address that the mail server refuses for good is given up, visibly to the operator, not to the visitor."""
    live.settle()
    code, email = live.login()
    failed = live.health()["outbox"]["failed"]
    live.mail.answers.append("550 5.1.1 no such user")
    page = visit().go(path("en", "cannot-log-in"))
    send(page, code, email)
    sent_text(page)
    wait_until(lambda: live.health()["outbox"]["failed"] == failed + 1)
    assert live.health()["outbox"]["last_error"].startswith("550")
    assert [] == live.mail.sent_to(email)
