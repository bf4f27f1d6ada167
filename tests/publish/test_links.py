"""Links between pages and to forms: resolved in their language, or named with file, line and what may be meant."""

from __future__ import annotations

import pytest

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.reading.links import Links
from selfservice.publish.reading.markdown import read

FACTS = Facts.load(ROOT / "content" / "facts.toml")
PATHS = {
    ("en", "access-code"): "/en/access-code/",
    ("nl", "access-code"): "/nl/toegangscode/",
    ("en", "index"): "/en/",
}
ANCHORS = {("en", "access-code"): {"lost-code"}, ("nl", "access-code"): {"lost-code"}, ("en", "index"): set[str]()}
LINKS = Links(PATHS, ANCHORS, {"replacement-password", "order"}, lambda lang, name: f"<section>{lang} {name}</section>")


def resolve(body: str, lang: str = "en") -> tuple[str, dict[str, str], list[str]]:
    """HTML, embedded forms and problems of a page with this body."""
    with using_language(lang):
        document = read(f"---\ntitle: T\n---\n{body}", f"content/{lang}/x.md", FACTS)
    html, forms = LINKS.resolve(document, lang, f"content/{lang}/x.md")
    return (
        html.strip(),
        forms,
        [f"{one.file}:{one.line}: {'' if one.error else 'warning: '}{one.message}" for one in document.problems],
    )


def test_a_question_called_as_its_form() -> None:
    """A question with the id of a form on the same page is named: the script would take the one for the other."""
    _, forms, problems = resolve("## Order {#order}\n\n[Order](selfservice:order)\n")
    said = "content/en/x.md:4: the id 'order' is that of the form on this page; choose another for the question"
    assert ({"order": "Order"}, [said]) == (forms, problems)


@pytest.mark.parametrize(
    ("lang", "body", "href"),
    [
        ("en", "[a](access-code.md)", "/en/access-code/"),
        ("nl", "[a](access-code.md)", "/nl/toegangscode/"),
        ("nl", "[a](access-code.md#lost-code)", "/nl/toegangscode/#lost-code"),
        ("en", "[a](index.md)", "/en/"),
        ("en", "So [a](selfservice:order) here", "/en/self-service/order"),
        ("en", "[a](https://www.example.org/b.md)", "https://www.example.org/b.md"),
        ("en", "[a](#here)", "#here"),
        ("en", "[a](https://www.example.org/?a=1&b=2)", "https://www.example.org/?a=1&amp;b=2"),
    ],
)
def test_links(lang: str, body: str, href: str) -> None:
    """A link to a page leads to that page in its own language; others stay as they are."""
    html, _, problems = resolve(body, lang)
    assert (True, []) == (f'href="{href}"' in html, problems)


def test_form() -> None:
    """A form's link alone in a paragraph is the live form."""
    assert ("<p>A</p>\n<section>nl order</section>\n<p>B</p>", {"order": "Order"}, []) == resolve(
        "A\n\n[Order](selfservice:order)\n\nB", "nl"
    )


def test_form_with_a_title() -> None:
    """So is one with a title, which nobody needs; and two links in a paragraph are links."""
    html, forms, _ = resolve("[Order](selfservice:order 'Now')\n\n[a](selfservice:order) [b](index.md)")
    link = '<p><a href="/en/self-service/order">a</a> <a href="/en/">b</a></p>'
    assert (f"<section>en order</section>\n{link}", {"order": "Order"}) == (html, forms)


def test_form_in_a_sentence() -> None:
    """Inside a sentence it is a link to the form's page."""
    assert ('<p>A <a href="/en/self-service/order">form</a></p>', {}, []) == resolve("A [form](selfservice:order)")


def test_links_around_a_form() -> None:
    """Addresses before and after a form are resolved, those in the form are the app's own."""
    html, _, _ = resolve("[a](index.md)\n\n[F](selfservice:order)\n\n[b](access-code.md)")
    assert '<p><a href="/en/">a</a></p>\n<section>en order</section>\n<p><a href="/en/access-code/">b</a></p>' == html


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("x\n\n[a](acces-code.md)", "6: the link to 'acces-code.md' leads nowhere; did you mean 'access-code.md'?"),
        ("[a](zzz.md)", "4: the link to 'zzz.md' leads nowhere"),
        ("[a](access-code.md#lost)", "4: 'access-code.md' has no question '#lost'; did you mean '#lost-code'?"),
        (
            "\n[Do it](selfservice:replacement)",
            "5: there is no form 'selfservice:replacement'; did you mean 'replacement-password'?",
        ),
        ("So [it](selfservice:) is", "4: there is no form 'selfservice:'; the forms are order, replacement-password"),
    ],
)
def test_broken(body: str, problem: str) -> None:
    """What leads nowhere is named with file, line and what there is."""
    assert [f"content/en/x.md:{problem}"] == resolve(body)[2]


HOST = "is no whole address: write https:// and then a name, such as https://www.example.org/"
OWN = "is a computer of your own, which visitors cannot open: give the address that they use"
DISK = "is a place on a computer, which visitors cannot open: give an address that begins with https://"
DOES_NOTHING = "does nothing on this site: give an address that begins with https://"


@pytest.mark.parametrize(
    ("link", "message"),
    [
        # Pages, written otherwise
        ("access-code", "'access-code' is no link to a page: write 'access-code.md'"),
        ("access-code#lost-code", "'access-code#lost-code' is no link to a page: write 'access-code.md#lost-code'"),
        ("access-code/", "'access-code/' is no link to a page: write 'access-code.md'"),
        ("access-code.html", "'access-code.html' is no link to a page: write 'access-code.md'"),
        ("../nl/access-code.md", "'../nl/access-code.md' is no link to a page: write 'access-code.md'"),
        ("Access-Code.MD", "'Access-Code.MD' is no link to a page: write 'access-code.md'"),
        ("acces-code", "the link to 'acces-code' leads nowhere; did you mean 'access-code.md'?"),
        ("order", "'order' is no link to a form: write 'selfservice:order'"),
        # Addresses of the site itself
        ("/en/nothing-here/",
         "there is no page '/en/nothing-here/': a page is linked by its file, such as 'contact.md'"),
        ("/en/acces-code/", "there is no page '/en/acces-code/'; did you mean 'access-code.md'?"),
        ("/en/access-code/#lost", "'access-code.md' has no question '#lost'; did you mean '#lost-code'?"),
        ("/en/self-service/oder", "there is no form 'selfservice:oder'; did you mean 'order'?"),
        ("/en/access-code/", "warning: '/en/access-code/' may become another address: write 'access-code.md'"),
        ("/en/access-code#lost-code",
         "warning: '/en/access-code#lost-code' may become another address: write 'access-code.md#lost-code'"),
        ("/nl/toegangscode/", "warning: '/nl/toegangscode/' may become another address: write 'access-code.md'"),
        ("/en/self-service/order",
         "warning: '/en/self-service/order' may become another address: write 'selfservice:order'"),
        # Forms, misspelt
        ("self-service:order", "'self-service:order' is no form: write selfservice:order"),
        ("SelfService:Order", "'SelfService:Order' is no form: write selfservice:order"),
        ("self_service:replacement_password",
         "'self_service:replacement_password' is no form: write selfservice:replacement-password"),
        # Addresses of others
        ("htps://example.org", "'htps://example.org' is no address that browsers know; did you mean 'https:'?"),
        ("http:/example.org", f"'http:/example.org' {HOST}"),
        ("https:example.org", f"'https:example.org' {HOST}"),
        ("https://", f"'https://' {HOST}"),
        ("https://orders", "'https://orders' has no name of a website behind //, such as www.example.org"),
        ("www.example.org", "'www.example.org' is no whole address: write 'https://www.example.org'"),
        ("kvk.nl/orders", "'kvk.nl/orders' is no whole address: write 'https://kvk.nl/orders'"),
        ("http://localhost:8000/en/", f"'http://localhost:8000/en/' {OWN}"),
        ("http://192.168.1.10/", f"'http://192.168.1.10/' {OWN}"),
        ("file:///home/me/form.pdf", f"'file:///home/me/form.pdf' {DISK}"),
        ("C:/Users/me/form.pdf", f"'C:/Users/me/form.pdf' {DISK}"),
        ("mailto:", "'mailto:' has no e-mail address that can be right: write mailto:name@example.org"),
        ("mailto:me@example",
         "'mailto:me@example' has no e-mail address that can be right: write mailto:name@example.org"),
        ("me@example.org", "'me@example.org' is no address: write 'mailto:me@example.org'"),
        ("tel:call-us", "'tel:call-us' is no telephone number: write tel:+31 and digits"),
        ("javascript:alert(1)", f"'javascript:alert(1)' {DOES_NOTHING}"),
        ("form.pdf",
         "there is no file 'form.pdf': only pages and pictures are published; give its whole address, https://…"),
    ],
)  # fmt: skip
def test_wrong_address(link: str, message: str) -> None:
    """Each address that cannot be right is named with what to write, on each line on which it stands."""
    _, _, problems = resolve(f"## About {link} {{#about}}\n\nSee [a]({link}).\n\nAnd\n[b]({link}).")
    assert [f"content/en/x.md:{line}: {message}" for line in (6, 9)] == problems


@pytest.mark.parametrize(
    "link",
    [
        "https://example.org", "http://www.example.org/a?b=c#d", "//example.org/", "https://xn--caf-dma.example/",
        "https://example.org:8443/", "mailto:a.b@example.org?subject=x", "tel:+31881234567", "sms:+31612345678",
        "/sitemap.xml", "/.well-known/security.txt", "/", "https://localhost.example.org/", "https://10.example.org/",
    ],
)  # fmt: skip
def test_right_address(link: str) -> None:
    """What leads out of the site, as it should, stays as it is."""
    html, _, problems = resolve(f"[a]({link})")
    assert (f'<p><a href="{link}">a</a></p>', []) == (html, problems)


def test_mail_address() -> None:
    """An e-mail address between < and > is looked at too."""
    said = "'mailto:me@example' has no e-mail address that can be right: write mailto:name@example.org"
    assert [f"content/en/x.md:4: {said}"] == resolve("<me@example> <me@example.org>")[2]


def test_fact_that_is_no_address() -> None:
    """A fact in the place of an address has one."""
    said = (
        "content/en/x.md:4: the fact 'main_code.offer_hours' is no address or telephone number: no link can lead there"
    )
    assert [said] == resolve("[a]({{ fact.main_code.offer_hours }}) [b]({{ fact.phone.appointments }})")[2]
