"""What had better be looked at in a page: each thing is a warning at its line; what is right is passed over."""

from __future__ import annotations

import pytest

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.reading.markdown import read
from selfservice.publish.rules.body_advice import advice
from selfservice.publish.rules.plain_words import read_words

FACTS = Facts.load(ROOT / "content" / "facts.toml")
WORDS = read_words(ROOT / "content")


def told(body: str, lang: str = "en") -> list[str]:
    """What is said of a page with this text, whose first line is line 4 of its file."""
    file = f"content/{lang}/x.md"
    with using_language(lang):
        document = read(f"---\ntitle: T\n---\n{body}", file, FACTS)
    found = list(advice(document, file, WORDS[lang]))
    assert {(file, False)} >= {(one.file, one.error) for one in found}
    assert all(one.see for one in found)
    return [f"{one.line}: {one.message}" for one in found]


FACT = "put it in content/facts.toml and write {{ fact.… }}"
NOT_SHOWN = "the form is not shown here, since its link does not stand alone in a paragraph"
BELOW = "text below a table needs an empty line above it"
ADVISED = [
    # Facts
    ("Within five working days.\n", f"4: 'five working days' looks like a term or a price: {FACT}"),
    ("x\n\n- Within 14 days.\n", f"6: '14 days' looks like a term or a price: {FACT}"),
    ("That costs ten euros.\n", f"4: 'ten euros' looks like a term or a price: {FACT}"),
    ("Write to info@kvk please.\n", "4: 'info@kvk' is no e-mail address that can be right"),
    # Links
    ("x\n\nSee [here](a.md).\n", "6: the link 'here' does not say where it leads: name that in its words"),
    ("[Click here!](a.md)\n", "4: the link 'Click here!' does not say where it leads: name that in its words"),
    ("[Link](x.md)\n", "4: the link 'Link' does not say where it leads: name that in its words"),
    ("See [Questions](x.md).\n",
     "4: this link leads to the page on which it stands: take it away, or lead to a question"),
    ("See https://example.org/a.\n", "4: 'https://example.org/a' cannot be clicked: write [words](address)"),
    ("x\n\nSee www.example.org, please.\n", "6: 'www.example.org' cannot be clicked: write [words](address)"),
    ("[a](http://example.org)\n", "4: 'http://example.org' can be read by others on the way: write https://"),
    ("[a](//example.org)\n", "4: '//example.org': write https: before it"),
    ("[www.example.org](https://example.com/)\n",
     "4: the link says 'www.example.org' and leads to 'https://example.com/': make them the same"),
    ("[a](https://eur01.safelinks.protection.outlook.com/?url=x)\n",
     "4: the address leads through another's counter: open it, and write the address at which you come out"),
    ("[a](https://example.org/?a=b&utm_source=mail)\n",
     "4: the address holds 'utm_source', of no use to others: take that part away"),
    ("[Costs](a.md) or\n[costs](b.md)\n",
     "5: the link 'costs' leads to 'b.md' here, and to 'a.md' on line 4: say in its words what differs"),
    ("## See [the costs](a.md) {#a}\n", "4: a heading with a link in it: put the link in the text below"),
    ("x\n\n[costs]: a.md\n", "6: no link uses '[costs]:': write [words][costs], or take it away"),
    ("[A](selfservice:orders).\n",
     f"4: {NOT_SHOWN}: take '.' away"),
    ("Log in:\n[A](selfservice:orders)\n",
     f"5: {NOT_SHOWN}: put an empty line above and below it"),
    # Text
    ("**All of this is important.**\n",
     "4: a whole paragraph in bold: make a heading of it (### …), or stress a word"),
    ("x\n\nPLEASE DO NOT FORGET THIS.\n", "6: words in capitals are hard to read: write them in small letters"),
    ("a ha\u00adlf word\n",
     "4: a character that cannot be seen (soft hyphen) stands behind 'a ha': type it again without"),
    ("x\n\na\u200bb\n",
     "6: a character that cannot be seen (zero width space) stands behind 'a': type it again without"),
    ("a \uf0b7 b\n",
     "4: a character that cannot be seen (of a font of its own) stands behind 'a': type it again without"),
    ("a&nbsp;&nbsp;b\n", "4: spaces that do not break (&nbsp;) make no room on a page: type one space"),
    ("x\na\u00a0 b\n", "5: spaces that do not break (&nbsp;) make no room on a page: type one space"),
    ("a  b\n\nc   d\n", "4: two spaces between words: type one (2 times on this page)"),
    ("a cafÃ© here\n", "4: 'Ã©' seems to be a letter from another encoding: type it again"),
    ("x\n\nTODO: ask the lawyers\n", "6: 'TODO' is still there: finish the text, or take it away"),
    ("Lorem ipsum dolor.\n", "4: 'Lorem ipsum' is still there: finish the text, or take it away"),
    ("a ** b** c\n", "4: '**' is shown as it stands: close it, without a space on its inside"),
    ("a `b c\n", "4: '`' is shown as it stands: close it, without a space on its inside"),
    ("• one\n• two\n", "4: '•' makes no list: write - and a space before each of its lines"),
    ("-one\n-two\n", "4: '-' makes no list: put a space behind it"),
    ("1.Log in\n2.Log out\n", "4: '1.' makes no list: put a space behind it"),
    ("- [ ] one\n", "4: '[ ]' is shown as it stands, since there are no boxes to tick: take it away"),
    ("## A {#a}\n\n: What it means.\n", "6: what is explained stands right above the line with ':': write it there"),
    ("x\n\n2. one\n3. two\n", "6: the list begins with 2: let it begin with 1"),
    ("2026. That was it.\n", "4: '2026.' at the beginning of a line makes a list of it: write 2026\\."),
    ("x\n\n    four spaces\n",
     "6: four spaces or a tab at the beginning make code of this: take them away, or put ``` above and below it"),
    ("This is the the end.\n", "4: 'the' stands here twice"),
    # Tables, questions, footnotes, pictures, HTML
    ("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 |\n",
     f"7: the row has 1 cell and the head of the table 2: the last are empty; {BELOW}"),
    ("## Where? {#a}\n\nx\n\n## Where? {#b}\n", "8: the question 'Where?' is on line 4 too: say what differs"),
    ("x\n\n[^1]: y\n",
     "6: nothing in the text leads to the footnote '[^1]': write [^1] where it belongs"),
    ("![form.png](img/form.png)\n", "4: 'form.png' is the name of a file: say what is seen on the picture"),
    ("a <span>word</span>\n", "4: <span> does nothing by itself: take it and its </span> away"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "line"), ADVISED)
def test_advised(body: str, line: str) -> None:
    """Each thing is one warning."""
    assert [line] == told(body)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("Binnen vijf werkdagen.\n", f"4: 'vijf werkdagen' looks like a term or a price: {FACT}"),
        ("Dat kost tien euro.\n", f"4: 'tien euro' looks like a term or a price: {FACT}"),
        ("Klik [hier](a.md).\n", "4: the link 'hier' does not say where it leads: name that in its words"),
        ("Dat is de de code.\n", "4: 'de' stands here twice"),
    ],
)
def test_in_dutch(body: str, line: str) -> None:
    """The words are those of the page's language."""
    assert [line] == told(body, "nl")


@pytest.mark.parametrize(
    "body",
    [
        "Within {{ fact.main_code.offer_hours }}, or on one day. In 2026 we had 14 pages of five kinds.\n",
        "[Here you order](a.md) and [what it costs here](b.md)\n",
        "[Costs](a.md), and the [costs](a.md) again; [A](x.md#a)\n",
        "<https://example.org>, [example.org](https://www.example.org/), `https://example.org` and example.org\n",
        "[a](https://example.org/?id=3#part)\n",
        "[Order](selfservice:orders)\n\nor [order](orders.md), or [log in](selfservice:orders).\n",
        "- [A](selfservice:orders)\n- **bold**\n",
        "**Note:** this.\n\nDIGID and KVK, BV or NV.\n",
        "nr.\u00a05, dr.\u00a0X, a&nbsp;b\n",
        "a  \nb\n\n| a  | b |\n|----|---|\n| 1  | 2 |\n",
        "café, Ãrhus, a*b, snake_case, ____ to fill in, 2 \\* 3\n",
        "– a dash, -5 degrees, 1.5 metres, 3.4.\n",
        "1. one\n\nText.\n\n2. two\n",
        "0. nought\n1. one\n",
        "1. a\n\n    more of a\n\n- b\n\t- c\n",
        "Term\n: What it means.\n",
        "He said that that had had an effect.\n",
        "## A {#a}\n\n### Where?\n\n## B {#b}\n\n### Where?\n",
        '<span lang="nl">woorden</span>\n',
        "```\nTODO  the the https://example.org ** 5 days\n```\n\n<!-- TODO  the the https://example.org -->\n",
        "![A form with the code in a frame](img/form.png)\n",
    ],
)  # fmt: skip
def test_not_advised(body: str) -> None:
    """What is right is passed over in silence."""
    assert [] == told(body)


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_our_pages(lang: str) -> None:
    """Our own pages have nothing of the kind."""
    for path in sorted((ROOT / "content" / lang).glob("*.md")):
        with using_language(lang):
            document = read(path.read_text("utf-8"), f"content/{lang}/{path.name}", FACTS)
        assert [] == [str(one) for one in advice(document, path.name, WORDS[lang])]
