"""Links between pages and to forms: resolved in their language, or named with file, line and what may be meant."""

from __future__ import annotations

import pytest

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.links import Links
from selfservice.publish.markdown import read

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
    return html.strip(), forms, [str(problem) for problem in document.problems]


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
            "5: there is no form 'selfservice:replacement'; the forms are order, replacement-password",
        ),
        ("So [it](selfservice:) is", "4: there is no form 'selfservice:'; the forms are order, replacement-password"),
    ],
)
def test_broken(body: str, problem: str) -> None:
    """What leads nowhere is named with file, line and what there is."""
    assert [f"content/en/x.md:{problem}"] == resolve(body)[2]
