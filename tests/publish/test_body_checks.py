"""What is wrong in the text of a page: each mistake is told in one line, at its line; what is right is not."""

from __future__ import annotations

import pytest

from selfservice.config import ROOT
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.reading.markdown import Document, read
from selfservice.publish.rules import body_checks

FACTS = Facts.load(ROOT / "content" / "facts.toml")
FILE = "content/en/x.md"


def page(body: str) -> Document:
    """A page with this text, whose first line is line 4 of its file."""
    with using_language("en"):
        return read(f"---\ntitle: T\n---\n{body}", FILE, FACTS)


def told(body: str) -> list[str]:
    """What must be mended, without the file: of its facts, and of the rest of its text."""
    document = page(body)
    problems = [*document.problems, *body_checks.errors(document, FILE)]
    return [f"{one.line}: {one.message}" for one in problems]


TWO = "two brackets at both ends"
BAD = [
    # Headings
    ("Hi\n\n## Where?\n", "6: the question 'Where?' has no id: add {#a-short-name}, the same in every language"),
    ("## A {#a}\n\n## B {#a}\n", "6: the id 'a' is used twice on this page"),
    ("## A {#a}\n\n## B {#b}\n\n### A {#a}\n", "8: the id 'a' is used twice on this page"),
    ("## {#a}\n", "4: the heading says nothing: write its words behind ##, or take it away"),
    ("## A {#a}\n\n###\n", "6: the heading says nothing: write its words behind ###, or take it away"),
    ("# A\n", "4: 'A' is a first-level heading; the title is that already: use ##"),
    ("x\n\n#### A\n", "6: 'A' skips a heading level: use ##"),
    ("## A {#a}\n\n#### B\n", "6: 'B' skips a heading level: use ###"),
    ("## A {#My-id}\n", "4: the id 'My-id' is a part of an address: use small letters, digits and dashes"),
    ("## A {a-b}\n", "4: the id of 'A' is not read: end the line with {#a-b}"),
    ("## A {#a-b\n", "4: the id of 'A' is not read: end the line with {#a-b}"),
    ("## A {#a-b}.\n", "4: the id of 'A' is not read: end the line with {#a-b}"),
    ("##Where? {#a}\n", "4: '##Where? {#a}' is no heading: put a space behind ##"),
    ("Hi\n##Where?\n", "5: '##Where?' is no heading: put a space behind ##"),
    ("Where? {#a}\n", "4: '{#a}' is shown as it stands: an id stands at the end of a line with ##"),
    ("Hi\n\nOne line\n---\n",
     "6: 'One line' became a heading, since a line of --- stands right below it: put an empty line between them"),
    ("##\u00a0Where? {#a}\n", "4: the space behind ## is a special one, so this is no list or heading: type a space"),
    ("-\u00a0One\n", "4: the space behind - is a special one, so this is no list or heading: type a space"),
    # Links
    ("x\n\n[a]()\n", "6: the link 'a' leads nowhere: write between ( and ) where it leads"),
    ("[a](#)\n", "4: the link 'a' leads nowhere: write between ( and ) where it leads"),
    ("[](page.md)\n", "4: the link to 'page.md' has no words: write them between [ and ]"),
    ("[ ](page.md)\n", "4: the link to 'page.md' has no words: write them between [ and ]"),
    ("## A {#lost-code}\n\n[a](#lost-cod)\n",
     "6: there is no question '#lost-cod' on this page; did you mean '#lost-code'?"),
    ("[a](#x) and [b](#y)\n\n## Y {#y}\n", "4: there is no question '#x' on this page; check its spelling"),
    ("See [the page](my page.md).\n", "4: '[the page](my page.md)' is no link: an address has no spaces"),
    ("See [the page](page.md\n", "4: '[the page](page.md' is no link: close it with )"),
    ("See [the page] (page.md).\n", "4: '[the page] (page.md)' is no link: put ( right behind ]"),
    ("See (the page)[page.md].\n",
     "4: '(the page)[page.md]' is a link the wrong way round: write [the page](page.md)"),
    ("See [[page]].\n", "4: '[[page]]' is no link here: write [words](page.md)"),
    ("See [the page][there].\n", "4: '[the page][there]' leads nowhere: no line begins with '[there]:'"),
    ("[a [b](page.md) c](page.md)\n", "4: '[a b c](page.md)' is a link in a link: make them two"),
    ("A claim.[^1]\n", "4: the footnote '[^1]' has no text: write '[^1]: …' at the end of the page"),
    # Forms
    ("[A](selfservice:orders)\n\nx\n\n[B](selfservice:orders)\n",
     "8: the form 'orders' is on line 4 already: lead there in a sentence"),
    ("- One\n\n- [A](selfservice:orders)\n",
     "6: a form cannot stand in a list: put its link in a paragraph of its own, or in a sentence"),
    ("> [A](selfservice:orders)\n",
     "4: a form cannot stand in a quote: put its link in a paragraph of its own, or in a sentence"),
    # Facts
    ("Within {{ fact.main_code.offer_hours days.\n",
     "4: '{{ fact.main_code.offer_hours days.' is no fact that can be read: write {{ fact.group.name }}, on one line"),
    ("Within {{ fact.main_code.offer_hours } days.\n",
     "4: '{{ fact.main_code.offer_hours }' is no fact that can be read: write {{ fact.group.name }}, on one line"),
    ("Within {{ fact.access_code.\ndelivery }} days.\n",
     "4: '{{ fact.access_code. delivery }}' is no fact that can be read: write {{ fact.group.name }}, on one line"),
    ("x\n\nWithin { fact.main_code.offer_hours } days.\n",
     f"6: '{{ fact.main_code.offer_hours }}' is no fact: write {{{{ fact.group.name }}}}, {TWO}"),
    ("Within {fact.main_code.offer_hours}.\n",
     f"4: '{{fact.main_code.offer_hours}}' is no fact: write {{{{ fact.group.name }}}}, {TWO}"),
    ("Within {{fact:main_code.offer_hours}}.\n",
     "4: '{{fact:main_code.offer_hours}}' is not a fact; write {{ fact.group.name }}"),
    ("Within {{ Fact.main_code.offer_hours }}.\n",
     "4: '{{ Fact.main_code.offer_hours }}' is not a fact; write {{ fact.group.name }}"),
    ("{% if x %}\n", "4: '{% if x %}' does nothing in a page, and is shown as it stands: take it away"),
    ("Call `{{ fact.phone.appointments }}`.\n",
     "4: '{{ fact.phone.appointments }}' is a link, which code cannot hold: take the ` around it away"),
    # Pictures
    ("![a](img/a.png)\n\n![](img/a.png)\n",
     "6: the image has no description: write it between the [ ] of ![…](…)"),
    # Tables
    ("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n",
     "6: the row has 3 cells and the head of the table 2: what is more is not shown; a | that is text is written \\|"),
    ("x\n\n| a | b |\n|---|\n| 1 | 2 |\n",
     "6: this is no table: its second line is |---|---|, with as many parts as the first"),
    # HTML
    ("x\n\n<script>alert(1)</script>\n", "6: <script> does not work on this site: take it away"),
    ("<iframe src='https://example.org'></iframe>\n", "4: <iframe> does not work on this site: take it away"),
    ("<div style='color: red'>x</div>\n", "4: 'style=' of <div> does nothing on this site: take it away"),
    ("<p onclick='x()'>x</p>\n", "4: 'onclick=' of <p> does nothing on this site: take it away"),
    ("Fill in <your name> here.\n",
     "4: '<your name>' is not shown, since it looks like a tag: write &lt;your name&gt;"),
    ("A <b>word</b>.\n", "4: <b> is not used here: write **words**"),
    ("<img src='img/a.png' alt='a'>\n", "4: <img> is not used here: write ![what is seen](img/its-name.png)"),
    ("<a href='x'>y</a>\n", "4: <a> is not used here: write [words](address)"),
    ("<o:p>x</o:p>\n", "4: <o:p> came along from a text processor: take it away"),
    ('<p class="MsoNormal">x</p>\n', "4: <p class=MsoNormal> came along from a text processor: take it away"),
    ("<div>\n\nx\n", "4: <div> is not closed: write </div> where it ends"),
    ("A <kbd>word.\n\nx\n", "4: <kbd> is not closed: write </kbd> where it ends"),
    ("A <kbd><em>x</kbd></em>\n", "4: <em> is not closed before </kbd>: what was opened last is closed first"),
    ("A word</kbd>.\n", "4: </kbd> closes nothing: take it away"),
    ("x</br>\n", "4: </br> is no tag: write <br>"),
    ("x\n\n<!-- a note\n\nmore\n",
     "6: a comment begins here and does not end, so nothing below it is shown: close it with -->"),
    ("x <!-- a note\n\nmore\n", "4: a comment begins here and does not end: close it with -->"),
    ("<span style='a'>x</span> <span style='b'>y</span>\n",
     "4: 'style=' of <span> does nothing on this site: take it away (2 times on this page)"),
    ("Text{.red}\n", "4: '{.red}' is shown as it stands: take it away"),
    # Files
    ("x\ny\ufffdz\n", "5: a character was lost here (\ufffd), so this file was not kept in UTF-8: write it again"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "line"), BAD)
def test_told(body: str, line: str) -> None:
    """Each mistake is one line."""
    assert [line] == told(body)


@pytest.mark.parametrize(
    "body",
    [
        "## A {#a .b}\n\n[x](#a)\n",
        "## A {#a .was-b}\n\n### B\n\n### B2 {#c}\n",
        "## What is `{#a}`? {#b}\n",
        "Text\n\n---\n\nText\n",
        "We are #1, and #one of many.\n",
        "`##Where?`, `{{`, `[[x]]`, `<b>`, `](`\n\n```\n##Where? {{ <script> [x] (y.md) {#a}\n<!--\n```\n",
        "[r][ref], [ref], [ref][]\n\n[ref]: page.md\n",
        "[sic] and [one] (two) and (one) [two]\n",
        "[![seen](img/a.png)](page.md)\n",
        "[a](page.md 'title') [b](<page.md>) [c](https://example.org/a_(b))\n",
        "A claim.[^1] Another.[^n]\n\n[^1]: Text.\n[^n]: Text.\n",
        '[A](selfservice:orders "Orders")\n',
        "- [A](selfservice:orders)\n- [B](selfservice:orders)\n",
        "[A](selfservice:orders)\n\nSee [A](selfservice:orders).\n",
        "Call {{ fact.phone.appointments }}, within {{ fact.main_code.offer_hours }}.\n",
        "`{{ fact.main_code.offer_hours }}`\n",
        "| a | b |\n|---|:-:|\n| 1 | `2` |\n| 3 \\| 4 | 5 |\n",
        "a | b\n--|--\n1 | 2\n",
        "| is a mark\n",
        "1 < 2 and a<b, c > d; x &lt;y&gt;\n",
        "<details>\n<summary>More</summary>\n\nA <abbr title='x'>y</abbr>,<br>z and <kbd>A</kbd>.\n\n</details>\n",
        '<span lang="en">words</span> <https://example.org> <a.b@example.org>\n',
        "x <!-- a note --> y\n\n<!-- {#a}\n\n<b> -->\n",
        "‘Smart’ “quotes” – and — dashes…\n",
        "- a\n\t- b\n",
        "Text\n- a\n- b\n",
        "a  \nb\r\nc\n",
        "=======\n",
    ],
)  # fmt: skip
def test_right(body: str) -> None:
    """What is right is passed over in silence."""
    assert [] == told(body)


def test_comment_not_shown() -> None:
    """A note among editors is not published; one in code is what it is about."""
    html = page("a <!-- b -->c\n\n<!-- d\n\ne -->\n\n`<!-- f -->`\n").html
    assert "<p>a c</p>\n<p><code>&lt;!-- f --&gt;</code></p>" == html.strip()
