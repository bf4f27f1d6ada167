"""The house rules themselves: each finds what it is there for, so that no test passes for want of looking."""

import pytest
from html5lib.html5parser import ParseError
from werkzeug.datastructures import Headers

from selfservice.web.security import SECURITY_HEADERS
from tests import house

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>T</title></head><body><main><h1>T</h1>{}</main></body></html>"""
FORM = (
    '<form id="x" method="post" action="/x" data-hx-post="/x" data-hx-target="#x" data-switches>{}'
    "<button>Go</button></form>"
)
PANEL = '<section id="p" class="panel">{}</section>'
HEADERS = Headers({**SECURITY_HEADERS, "Cache-Control": "no-store", "Vary": "HX-Request"})


def test_good_page() -> None:
    """A page that keeps the rules breaks none."""
    good = FORM.format('<label for="a">A</label><input id="a" name="a">') + '<h2 id="b">B</h2><a href="#b">b</a>'
    assert [] == house.broken_html(PAGE.format(good), lang="en")


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ('<p id="a"></p><p id="a"></p>', "the id 'a' stands 2 times"),
        ('<p aria-describedby="nobody">a</p>', "p aria-describedby='nobody' refers to nothing"),
        ('<a href="#nowhere">a</a>', "a href='#nowhere' leads nowhere"),
        (FORM.format('<input name="a">'), "the field 'a' has no label"),
        (
            FORM.replace(" data-switches", "").format('<label for="a">A</label><input id="a" name="a">'),
            "the form '/x' loses what was typed when the language is switched: use forms.form",
        ),
        (
            FORM.replace(' data-hx-target="#x"', "").format(""),
            "the answer to '/x' comes into the form itself (data-hx-target)",
        ),
        (
            PANEL.format(FORM.replace("#x", "#p").format("")),
            "a form that asks for '/x' nests the panel 'p' in itself: use forms.form",
        ),
        ('<a href="/x"></a>', "a a has no text: {'href': '/x'}"),
        ('<img src="/x.png">', "an image has no alt: {'src': '/x.png'}"),
        ('<form method="post" data-hx-post="" data-switches><button>Go</button></form>', "a form has the action ''"),
        (
            FORM.replace('data-hx-post="/x"', 'data-hx-post="/y"').format(""),
            "a form's data-hx-post is '/y', its action '/x'",
        ),
        ('<form action="/x" data-hx-get="/x"></form>', "the form '/x' has no button"),
        ('<a href="/x" data-hx-get="/y">a</a>', "a link's data-hx-get is '/y', its href '/x'"),
        ('<p style="color: red">a</p>', "p has the attribute style"),
        ('<p onclick="go()">a</p>', "p has the attribute onclick"),
        ('<a href="/x" hx-get="/x">a</a>', "a has the attribute hx-get"),
        ('<img alt="" src="https://elsewhere.example/x.png">', "img fetches 'https://elsewhere.example/x.png'"),
        ('<script src="//elsewhere.example/x.js"></script>', "script fetches '//elsewhere.example/x.js'"),
        ("<script>go()</script>", "there is an inline script"),
        ('<p tabindex="1">a</p>', "p has tabindex 1"),
        ("<p autofocus>a</p><p autofocus>b</p>", "several elements want the focus"),
        ("<h1>Again</h1>", "there are 2 h1"),
        ("<h3>Too deep</h3>", "h3 follows h1"),
    ],
)
def test_bad_page(html: str, complaint: str) -> None:
    """Each thing that breaks a rule is found, and nothing else is complained of."""
    assert [complaint] == house.broken_html(PAGE.format(html), lang="en")


@pytest.mark.parametrize(
    "html", ["<p><ul></ul></p>", "<b><i></b></i>", "<p></b></p>", '<p a="1" a="2"></p>', "&nosuch;"]
)
def test_invalid_html(html: str) -> None:
    """What is not valid HTML does not pass."""
    with pytest.raises(ParseError):
        house.parse(PAGE.format(html))


def test_wrong_frame() -> None:
    """The page's language and title are looked at."""
    page = PAGE.format("").replace("<title>T</title>", "<title></title>")
    assert ["lang is 'en', not 'nl'", "there is no title"] == house.broken_html(page, lang="nl")


def test_wrong_title() -> None:
    """Wrong input says so in the title, right input does not."""
    wrong = PAGE.format("").replace("<title>T", "<title>Error: T")
    found = [house.broken_html(PAGE.format(""), lang="en", status=422), house.broken_html(wrong, lang="en")]
    assert [["the title of a 422 is 'T'"], ["the title of a 200 is 'Error: T'"]] == found


def test_wrong_fragment() -> None:
    """A fragment is no page."""
    found = house.broken_html("<title>T</title><h1>T</h1>", lang="en", fragment=True)
    assert ["a fragment has what only a page may have"] == found


@pytest.mark.parametrize("name", [*SECURITY_HEADERS, "Cache-Control", "Vary"])
def test_headers(name: str) -> None:
    """Each header that must be there is missed."""
    without = Headers([(key, value) for key, value in HEADERS if key != name])
    assert ([], [f"{name} is None"]) == (
        house.broken_headers(200, HEADERS, []),
        house.broken_headers(200, without, []),
    )


def test_cookies() -> None:
    """A cookie comes with a redirect only, and is closed to scripts and other sites; the mark only to other sites."""
    good = "loket=x; HttpOnly; Path=/; SameSite=Lax"
    found = [house.broken_headers(303, HEADERS, [good]), house.broken_headers(200, HEADERS, [good])]
    found.append(house.broken_headers(303, HEADERS, ["loket=x; Path=/"]))
    found.append(house.broken_headers(200, HEADERS, ["loket-in=x; Path=/; SameSite=Lax"]))
    found.append(house.broken_headers(200, HEADERS, ["loket-in=x; Path=/"]))
    free = ["a cookie is too free:  Path=/"]
    assert [[], ["a 200 sets a cookie"], free, [], free] == found
