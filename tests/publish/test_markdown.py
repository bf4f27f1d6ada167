"""A page's markdown: facts filled in as fits where they stand, questions, reading time, and mistakes by line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.reading.markdown import Document, Question, headings, plain_text, read

FACTS = Facts.load(ROOT / "content" / "facts.toml")
HEAD = "---\ntitle: T\n---\n"


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Pages are read in the language in force."""
    with using_language("en"):
        yield


def page(body: str) -> Document:
    return read(HEAD + body, "content/en/x.md", FACTS)


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("Call {{ fact.phone.appointments }}.", '<p>Call <a href="tel:+31885851585">088 585 15 85</a>.</p>'),
        ("[call]({{ fact.phone.appointments }})", '<p><a href="tel:+31885851585">call</a></p>'),
        ("[{{ fact.phone.appointments }}](contact.md)", '<p><a href="contact.md">088 585 15 85</a></p>'),
        ("## Call {{ fact.phone.appointments }} {#call}", '<h2 id="call">Call 088 585 15 85</h2>'),
        ("[site]({{ fact.organisation.website }})", '<p><a href="https://www.kvk.nl/">site</a></p>'),
        ("{{fact.access_code.delivery_working_days}}", "<p>3 to 5 working days</p>"),
    ],
)
def test_facts(body: str, html: str) -> None:
    """A fact is a link in prose, an address in a link, and plain text in a heading or a link's own text."""
    assert html == page(body).html.strip()


def test_facts_in_dutch() -> None:
    """The same page source gives each language's own way of writing."""
    with using_language("nl"):
        assert "<p>€\xa00,90</p>" == page("{{ fact.phone.register_price }}").html.strip()


def test_unknown_fact() -> None:
    """An unknown fact is a problem at its line, with the one that may have been meant; the page is read on."""
    found = page("One\n\nTwo {{ fact.phone.apointments }}\n\n## Q {#q}\n")
    line = "content/en/x.md:6: there is no fact 'phone.apointments'; did you mean 'phone.appointments'?"
    assert ([line], ["", "q"]) == ([one.line_alone for one in found.problems], [q.id for q in found.questions])


@pytest.mark.parametrize("text", ["{{ phone.appointments }}", "{{ fact.phone.appointments | upper }}", "{{}}"])
def test_not_a_fact(text: str) -> None:
    """Anything else between double braces is a problem, not text on the page."""
    meant = "fact.phone.appointments" if text == "{{ phone.appointments }}" else "fact.group.name"
    problem = f"content/en/x.md:4: '{text}' is not a fact; write {{{{ {meant} }}}}"
    assert [problem] == [one.line_alone for one in page(text).problems]


def test_unknown_fact_in_title() -> None:
    """In the front matter too, at the line of the title."""
    found = read("---\nslug: x\ntitle: Call {{ fact.a.b }}\n---\n", "content/en/x.md", FACTS)
    assert ["content/en/x.md:3: there is no fact 'a.b'"] == [one.line_alone for one in found.problems]


def test_bad_front_matter() -> None:
    """Front matter that cannot be read is a problem at its line."""
    found = read("---\ntitle: T\nslug: a: b\n---\nText", "content/en/x.md", FACTS)
    start = "content/en/x.md:3: the value of 'slug:' has a colon: write it between double quotes"
    assert [True] == [one.line_alone.startswith(start) for one in found.problems]


def test_questions() -> None:
    """Each second-level heading is a question with what stands below it; the opening belongs to the page."""
    found = page("Intro *a*.\n\n## One? {#one}\n\nFirst.\n\n### Sub {#sub}\n\nMore.\n\n## Two? {#two}\n\n- x\n- y\n")
    assert [
        Question("", "T", "Intro a."),
        Question("one", "One?", "First. Sub More."),
        Question("two", "Two?", "x y"),
    ] == [Question(q.id, q.title, q.text) for q in found.questions]


def test_forms_are_not_in_the_text() -> None:
    """A form's marker is no part of the opening that search and readers see."""
    assert "Before. After." == page("Before.\n\n[Do it](selfservice:x)\n\nAfter.").questions[0].text


@pytest.mark.parametrize(("words", "minutes"), [(0, 1), (1, 1), (200, 1), (201, 2), (1000, 5)])
def test_minutes(words: int, minutes: int) -> None:
    """Reading takes a minute for each 200 words, at least one."""
    assert minutes == page("word " * words).minutes


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("| a | b |\n|---|---|\n| 1 | 2 |", "<table><thead>"),
        ("Term\n: Meaning", "<dt>Term</dt>"),
        ("A[^1]\n\n[^1]: Note", 'class="footnote-reference"'),
        ("## Q {#q}", '<h2 id="q">'),
        ('"quoted" -- so', "<p>“quoted” – so</p>"),
        ("~~gone~~", "<del>gone</del>"),
    ],
)
def test_markdown(body: str, part: str) -> None:
    """Tables, definition lists, footnotes, heading ids and typographic quotes work."""
    assert part in page(body).html


def test_plain() -> None:
    """HTML as the text that is read."""
    assert "a & b c" == plain_text("<p>a &amp; <b>b</b>\n</p><p>c</p>")


def test_headings() -> None:
    """Level, id and text of each heading."""
    assert [(2, "a", "A b"), (3, "", "C")] == list(headings('<h2 id="a">A <em>b</em></h2><p>x</p><h3>C</h3>'))


def test_line_of() -> None:
    """Where a text stands in the file."""
    document = page("one\n\ntwo")
    assert [(4, 6, 1)] == [(document.line_of("one"), document.line_of("two"), document.line_of("nowhere"))]


@pytest.mark.parametrize(
    ("heading", "html", "former"),
    [
        ("## A? {#new .was-old}", '<h2 id="new"><a id="old"></a>A?</h2>', {"old": "new"}),
        ("## A? {.was-old #new .x .was-older k=v}", '<h2 id="new"><a id="old"></a><a id="older"></a>A?</h2>',
         {"old": "new", "older": "new"}),
        ("### A {#new .was-old}", '<h3 id="new"><a id="old"></a>A</h3>', {"old": "new"}),
        ("## A? {#new .class}", '<h2 id="new">A?</h2>', {}),
        ("## A? {.was-old}", "<h2>A?</h2>", {}),
    ],
)  # fmt: skip
def test_former_ids(heading: str, html: str, former: dict[str, str]) -> None:
    """A question is found under its former ids too; other classes say nothing."""
    document = page(f"{heading}\n\nB.")
    assert (f"{html}\n<p>B.</p>", former) == (document.html.strip(), document.former_ids)
    assert ["A?"] * heading.startswith("## ") == [question.title for question in document.questions[1:]]
