"""What a page looks like where it is hardest: narrow, magnified, printed, without a mouse, in forced colours."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from selfservice.i18n.languages import LANGUAGES
from tests.live_server import Live, every_page, path
from tests.password_form_page import CODE, EMAIL, GOOD, PASSWORD, SUBMIT, SUMMARY, link_in, send
from tests.visitors import Visitor, VisitorFactory

NARROW = 320  # CSS pixels: also 1280 magnified four times (WCAG 2.2, 1.4.10)
both = pytest.mark.parametrize("lang", LANGUAGES)

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# WCAG 2.2, 2.5.8: 24 by 24, but for links in a sentence, and unless a circle of 24 around it touches no other target.
TOO_SMALL = """() => {
    const boxes = [...document.querySelectorAll("a[href], button, input, summary")]
        .filter((e) => e.checkVisibility() && !e.closest(".skip, p, dd, li:not(nav li, .results li, .cards li)"))
        .map((e) => ({name: e.outerHTML.slice(0, 90), box: e.getBoundingClientRect()}));
    const middle = (a) => [a.x + a.width / 2, a.y + a.height / 2];
    const near = (a, b) => Math.hypot(middle(a)[0] - middle(b)[0], middle(a)[1] - middle(b)[1]) < 24;
    return boxes.filter((one) => (one.box.width < 24 || one.box.height < 24) &&
        boxes.some((other) => other !== one && near(one.box, other.box))).map((one) => one.name);
}"""
SHIFT = """() => new Promise((done) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((e) => { sum += e.value }))
        .observe({type: "layout-shift", buffered: true});
    setTimeout(() => done(sum), 100);
})"""
FOCUS = """() => {
    const e = document.activeElement, style = getComputedStyle(e);
    return {html: e.outerHTML.slice(0, 90), seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2};
}"""


def states(visitor: Visitor, live: Live, lang: str) -> Iterator[str]:
    """Bring the visitor's page into every state of the form, one by one."""
    code, email = live.login()
    page = visitor.go(path(lang, "cannot-log-in"))
    yield "start"
    send(page, "abcd", "jip@")
    page.wait_for_selector(SUMMARY)
    yield "wrong"
    send(page, code, email)
    page.click("#replacement-password details summary")
    yield "sent"
    visitor.go(link_in(live.mails(email, 1)[0]))
    yield "new password"
    page.fill(PASSWORD, GOOD)
    page.click(SUBMIT)
    page.wait_for_selector(PASSWORD, state="detached")
    yield "done"
    visitor.go(f"/{lang}/self-service/replacement-password/expired")
    yield "expired"
    for q in ("", "toegangscode", "xyzzyq"):
        visitor.go(f"/{lang}/self-service/search?q={q}")
        yield f"search {q}"
    visitor.go(f"/{lang}/nowhere")
    yield "404"


@both
def test_pages_are_narrow_and_still(visit: VisitorFactory, lang: str) -> None:
    """At 320 pixels no page scrolls sideways or moves while it loads, and everything is large enough to hit."""
    visitor = visit(width=NARROW, own_address=False)
    found = {}
    for info in every_page():
        if info.lang == lang:
            page = visitor.go(info.path)
            page.evaluate("document.fonts.ready")
            found[info.path] = (page.evaluate(TOO_WIDE), page.evaluate(TOO_SMALL), page.evaluate(SHIFT))
    assert {} == {address: what for address, what in found.items() if what != (0, [], 0)}


@both
def test_states_are_narrow(live: Live, visit: VisitorFactory, lang: str) -> None:
    """Nor does any state of the form or the search scroll sideways at 320 pixels, or have a target too small to hit."""
    visitor = visit(width=NARROW)
    found = {
        state: (visitor.page.evaluate(TOO_WIDE), visitor.page.evaluate(TOO_SMALL))
        for state in states(visitor, live, lang)
    }
    assert {} == {state: what for state, what in found.items() if what != (0, [])}


def test_wide_pages_are_still(visit: VisitorFactory) -> None:
    """On a wide screen nothing moves either, where the list of questions stands beside the page."""
    visitor = visit(own_address=False)
    moved = {key: visitor.go(path("nl", key)).evaluate(SHIFT) for key in ("index", "cannot-log-in", "access-code")}
    assert {"index": 0, "cannot-log-in": 0, "access-code": 0} == moved


def test_it_finds_something(visit: VisitorFactory) -> None:
    """The measurements above can fail: what is too wide, too small or moves is found."""
    page = visit(width=NARROW, own_address=False).go("/en/")
    page.wait_for_timeout(600)
    page.evaluate(
        """() => {
            const small = () => Object.assign(document.createElement("button"), {textContent: "x"});
            const box = Object.assign(document.createElement("div"), {id: "box"});
            box.append(small(), small());
            document.querySelector("main").prepend(box);
            for (const one of box.children) one.style.cssText = "all: unset; width: 9px; display: inline-block";
            box.style.cssText = "width: 400px; height: 200px";
        }"""
    )
    wide, small, shift = (page.evaluate(script) for script in (TOO_WIDE, TOO_SMALL, SHIFT))
    assert (True, 2, True) == (wide > 0, len(small), shift > 0)


@both
def test_print(visit: VisitorFactory, lang: str) -> None:
    """Paper gets the answers and where links lead, and nothing that only a screen can use."""
    page = visit().go(path(lang, "cannot-log-in"))
    page.emulate_media(media="print")
    for selector in (
        ".search",
        ".switch",
        ".contents",
        ".here",
        ".skip",
        ".anchor >> nth=0",
        ".foot a >> nth=0",
        ".useful",
        SUBMIT,
    ):
        expect(page.locator(selector)).to_be_hidden()
    for selector in ("h1", "#lost-password", "#no-mail ~ p >> nth=0"):
        expect(page.locator(selector)).to_be_visible()
    # On paper as wide as a screen nothing keeps a column for the contents.
    assert page.locator("#lost-password").bounding_box()["x"] == page.locator("h1").bounding_box()["x"]  # type: ignore[index]
    after = page.locator(".text > p a:not([href^='#'])").first.evaluate("(e) => getComputedStyle(e, '::after').content")
    assert "(" in after
    page.goto(page.url.replace(path(lang, "cannot-log-in"), path(lang, "who-can-get-digid")))
    answer = page.locator(".answers a").first
    assert "static" == answer.evaluate("(e) => getComputedStyle(e, '::after').position")
    page.goto(page.url.replace(path(lang, "who-can-get-digid"), path(lang, "contact")))
    for address in ("mailto:", "tel:"):
        link = page.locator(f".text a[href^='{address}']").first
        assert "none" == link.evaluate("(e) => getComputedStyle(e, '::after').content")


def test_reduced_motion(visit: VisitorFactory) -> None:
    """Who wants no motion gets none, not even while a search is under way."""
    page = visit(reduced_motion="reduce").go(path("nl", "contact"))
    page.locator("#q").press_sequentially("fac")
    page.evaluate("document.querySelector('.search').classList.add('htmx-request')")
    assert ("auto", 0) == (
        page.evaluate("getComputedStyle(document.documentElement).scrollBehavior"),
        page.evaluate("document.getAnimations().length"),
    )


def test_forced_colours(visit: VisitorFactory) -> None:
    """In forced colours, buttons and the counter keep an edge, since their backgrounds are gone."""
    page = visit(forced_colors="active").go(path("en", "cannot-log-in"))
    page.fill(CODE, "x")
    page.click(SUBMIT)
    page.wait_for_selector(SUMMARY)
    style = "(e) => getComputedStyle(e).borderTopStyle !== 'none' && parseFloat(getComputedStyle(e).borderTopWidth) > 0"
    edges = {
        one: page.locator(one).first.evaluate(style) for one in (".panel", SUBMIT, SUMMARY, CODE, ".search button")
    }
    assert dict.fromkeys(edges, True) == edges


def tab_to(page: Page, selector: str) -> list[str]:
    """Press Tab until this has the focus; fails when a stop on the way cannot be seen to have it."""
    unseen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if not focus["seen"]:
            unseen.append(focus["html"])
        if page.evaluate("(s) => document.activeElement.matches(s)", selector):
            return unseen
    raise AssertionError(f"Tab never came to {selector}")


@both
def test_keyboard(visit: VisitorFactory, lang: str) -> None:
    """The first Tab is the way past the header; and the form can be found, filled in and sent without a mouse."""
    page = visit().go(path(lang, "cannot-log-in"))
    assert [] == tab_to(page, ".skip")
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    assert [] == tab_to(page, CODE)
    page.keyboard.type("abcd")
    page.keyboard.press("Tab")
    expect(page.locator(EMAIL)).to_be_focused()
    page.keyboard.type("jip@")
    page.keyboard.press("Enter")
    expect(page.locator(SUMMARY)).to_be_focused()
    assert [] == tab_to(page, f"{SUMMARY} a")
    page.keyboard.press("Enter")
    expect(page.locator(CODE)).to_be_focused()


def test_focus_is_seen_in_the_dark(visit: VisitorFactory) -> None:
    """Every stop from the top of a page to its foot shows that it has the focus, in the dark too."""
    page = visit(scheme="dark").go("/nl/")
    assert [] == tab_to(page, ".foot li:last-child a")


def test_show_password(live: Live, visit: VisitorFactory) -> None:
    """A new password can be looked at while it is typed, and covered again."""
    code, email = live.login()
    visitor = visit()
    page = visitor.go(path("en", "cannot-log-in"))
    send(page, code, email)
    visitor.go(link_in(live.mails(email, 1)[0]))
    page.fill(PASSWORD, "quiet")
    kinds = []
    for _ in range(2):
        page.click(".show")
        kinds.append((page.get_attribute(PASSWORD, "type"), page.inner_text(".show")))
    assert [("text", "Hide"), ("password", "Show")] == kinds


def test_question_link(visit: VisitorFactory) -> None:
    """Over a question, 'Copy link' copies the address of the question, and says that it did; else it is not seen."""
    page = visit(permissions=["clipboard-read", "clipboard-write"]).go(path("en", "cannot-log-in"))
    expect(page.locator("#no-mail .anchor")).to_be_hidden()
    page.hover("#no-mail")
    page.get_by_role("link", name="Copy link to ‘").click()
    expect(page.locator("#say")).to_have_text(re.compile("copied"))
    address = f"{page.url.partition('#')[0]}#no-mail"
    assert (address, address) == (page.evaluate("navigator.clipboard.readText()"), page.url)


def test_question_link_without_scripts(visit: VisitorFactory) -> None:
    """Where nothing can be copied nothing says so."""
    page = visit(scripts=False).go(path("en", "cannot-log-in"))
    page.hover("#no-mail")
    expect(page.locator("#no-mail .anchor")).to_be_hidden()


def test_current_question(visit: VisitorFactory) -> None:
    """The contents mark the question that is being read, and no other: also one that cannot come to the top."""
    page = visit(reduced_motion="reduce").go(path("en", "digid-problems"))
    current = page.locator(".contents [aria-current=true]")
    expect(current).to_have_count(0)
    for question in ("blocked", "expired", "still-not-working", "disconnected"):
        page.click(f".contents a[href='#{question}']")
        expect(current).to_have_count(1)
        expect(current).to_have_attribute("href", f"#{question}")
    page.mouse.wheel(0, 600)
    expect(page.locator(".contents [href='#disconnected']")).to_have_attribute("aria-current", "false")


@both
def test_phone(visit: VisitorFactory, lang: str) -> None:
    """On a phone a page's first sentence begins well above its middle, the row of its forms is on the first
    screen, and what stands below its text is shorter than the text.
    """
    visitor = visit(own_address=False)
    visitor.page.set_viewport_size({"width": 390, "height": 844})
    found = {}
    for info in every_page():
        if info.lang == lang and info.key != "index" and not info.is_tree:
            page = visitor.go(info.path)
            first, deed, text, foot = page.evaluate(
                """() => {
                    const box = (name) => document.querySelector(name)?.getBoundingClientRect();
                    const text = box(".text");
                    const foot = document.documentElement.scrollHeight - scrollY - text.bottom;
                    return [box(".head .meta + p").top, box(".here li")?.bottom ?? 0, text.height, foot];
                }"""
            )
            found[info.key] = (first < 400, deed < 844, foot < text)
    assert dict.fromkeys(found, (True, True, True)) == found


@both
def test_switch_keeps_the_question(visit: VisitorFactory, lang: str) -> None:
    """Who reads a question and switches language reads the same question."""
    page = visit().go(path(lang, "cannot-log-in"))
    page.click(".contents a[href='#no-mail']")
    page.click(".switch")
    other = "en" if lang == "nl" else "nl"
    expect(page).to_have_url(re.compile(f"{path(other, 'cannot-log-in')}#no-mail$"))
    expect(page.locator("#no-mail")).to_be_in_viewport()


def test_nothing_dead_without_scripts(visit: VisitorFactory) -> None:
    """A button that only the script makes work is not there without it."""
    shown = [visit(scripts=scripts).go("/en/self-service/sign-in").locator(".show") for scripts in (True, False)]
    expect(shown[0]).to_be_visible()
    expect(shown[1]).to_be_hidden()


HEIGHT = "document.querySelector('#sign-in .tab').offsetTop"


def test_failure_takes_the_place_of_errors(live: Live, visit: VisitorFactory) -> None:
    """After too many tries the panel says that alone, above what stays, and its tab stays where it was."""
    code, _ = live.login()
    page = visit().go("/en/self-service/sign-in")
    page.fill("#sign-in-access_code", code)
    tab = page.evaluate(HEIGHT)
    while not page.locator(".failure").count():
        page.fill("#sign-in-password", "not the right one at all")
        with page.expect_response("**/sign-in"):
            page.click("#sign-in-form .button")
        expect(page.locator("#sign-in [autofocus]").first).to_be_focused()
    expect(page.locator("#sign-in .summary")).to_have_count(1)
    expect(page.locator("#sign-in .summary")).to_be_hidden()
    assert tab == page.evaluate(HEIGHT)


def test_password_with_an_error_in_large_letters(visit: VisitorFactory) -> None:
    """On a narrow screen, with letters twice as large, a wrong password's field and its button stay within it."""
    page = visit(width=NARROW).go("/en/self-service/sign-in")
    page.click("#sign-in-form .button")
    page.wait_for_selector("#sign-in .summary")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert 0 == page.evaluate(TOO_WIDE)
