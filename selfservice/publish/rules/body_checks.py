"""What must be mended in the text of a page by itself, whatever other pages say.

That a page has no faults is seen from its HTML, in which some things never stand; only of another it is looked up what
stands where (body.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from selfservice.problems import Problem
from selfservice.publish.reading import markdown
from selfservice.publish.reading.body import LINKED, NOT_TEXT, Heading, body_of
from selfservice.publish.reading.markdown import EMBED, Document
from selfservice.publish.rules import html_checks
from selfservice.site_config import did_you_mean
from selfservice.web.pages import TREE

Found = tuple[int, str]  # the line, and what is said of it
# What a reader never sees in a page without faults: marks that were meant to be a link, a fact, a heading or a table.
_RESIDUE = re.compile(
    r"\]\s?\(|\)\[|\]\[|\[\[|\[\^|[{}]|&lt;(?:!|/?[a-z]\w*:)|<p>\|(?![^\n]*</p>)|(?:<p>|\n)#{1,6}\w|<p>(?:#+|[-*+]|\d+[.)])\xa0"
)
_MARKS = ("[", "]", "{", "}", "&lt;", "<p>|", "<p>#", "\n#", "\xa0")  # one of them is in all of these
_EMPTY_LINK = re.compile(r'<a href="[^"]*"(?: title="[^"]*")?>\s*</a>')
_OWN_QUESTION = re.compile(r'<a href="#([^"]+)"')
_FORM_IN_BLOCK = re.compile(r'<(?:li|blockquote|dd|div[^>]*)>\s*(?:<sup.*</sup>\s*)?<p><a href="selfservice:')
_LINK_IN_CODE = re.compile(r"<code[^>]*>[^<]*&lt;a href=")
_ID = re.compile(r"[a-z0-9-]+")
_SETEXT = re.compile(r"\n {0,3}(?:-+|=+)\s*$")
_ADDRESS = r"(?:[\w./-]+\.md\b|https?:|mailto:|tel:|selfservice:|#[\w-]|/[a-z])"
_BROKEN_LINK = re.compile(r"(?:\[[^\]\n]*)?\](\([^()\n]*\)?)")
_CELL = re.compile(r"(?<!\\)\|")
_IN_BLOCK = {
    "Item": "a list", "BlockQuote": "a quote", "DefinitionListDefinition": "a list", "FootnoteDefinition": "a footnote",
}  # fmt: skip


def errors(document: Document, file: str) -> Iterator[Problem]:
    """What must be mended in the text of a page, in the order in which it stands there."""
    found = [(see, *one) for see, rule in RULES for one in rule(document)]
    found += [(see, line, message) for line, message, see in _residue(document)]
    # The question that a link means may be the one that is not read.
    if not any(see in ("questions", "html") for see, _, _ in found):
        found += [("links", *one) for one in own_questions(document)]
    for see, line, message in found:
        yield Problem(file, line, message, see=see)


def _at(document: Document, place: int, message: str) -> Found:
    return body_of(document).line(place), message


def headings(document: Document) -> Iterator[Found]:
    """Levels, and the ids of questions."""
    if _right_headings(document):
        return
    level, seen = 1, set()
    body = body_of(document)
    for heading in body.headings:
        message = _heading(document, heading, level)
        if not message and heading.id in seen:
            message = f"the id '{heading.id}' is used twice on this page"
        if message:
            yield body.line(heading.start), message
        level = heading.level
        seen |= {heading.id} - {""}


def _heading(document: Document, heading: Heading, above: int) -> str:
    """What is wrong with a heading by itself, below one of a level."""
    title = markdown.plain_text(NOT_TEXT.sub("", heading.text))
    marks = "#" * heading.level
    if not title:
        return f"the heading says nothing: write its words behind {marks}, or take it away"
    if wrong := _underlined(heading) or _wrong_level(heading.level, above, title):
        return wrong
    if heading.level == 2 and not heading.id:
        return _without_id(heading, title)
    # Of a tree that is one of its own rules.
    if heading.id and not _ID.fullmatch(heading.id) and document.meta.get("kind") != TREE:
        return f"the id '{heading.id}' is a part of an address: use small letters, digits and dashes"
    return ""


def _wrong_level(level: int, above: int, title: str) -> str:
    if level == 1:
        return f"'{title}' is a first-level heading; the title is that already: use ##"
    return f"'{title}' skips a heading level: use {'#' * (above + 1)}" if level > above + 1 else ""


def _right_headings(document: Document) -> bool:
    """Whether the HTML shows no fault in a heading."""
    level, seen = 1, set()
    for now, id_, text in document.headings:
        if now == 1 or now > level + 1 or not text or id_ in seen:
            return False
        if not _ID.fullmatch(id_) if id_ else now == 2:
            return False
        level = now
        if id_:
            seen.add(id_)
    return True


def _underlined(heading: Heading) -> str:
    """What is said of a paragraph that became a heading by a line of dashes below it."""
    if not _SETEXT.search(heading.raw):
        return ""
    first = heading.raw.strip().split("\n")[0]
    return (
        f"'{_short(first)}' became a heading, since a line of {heading.raw.rstrip()[-1] * 3} stands right below it: "
        "put an empty line between them"
    )


def _without_id(heading: Heading, title: str) -> str:
    if match := re.search(r"\{\s*#?\s*([\w-]+)", heading.raw):
        title = title.partition("{")[0].strip()
        return f"the id of '{title}' is not read: end the line with {{#{match[1]}}}"
    return f"the question '{title}' has no id: add {{#a-short-name}}, the same in every language"


def images(document: Document) -> Iterator[Found]:
    """Pictures that cannot be heard."""
    if 'alt=""' in document.html:
        for image in body_of(document).images:
            if not image.alt.strip():
                message = "the image has no description: write it between the [ ] of ![…](…)"
                yield _at(document, image.start, message)


def links(document: Document) -> Iterator[Found]:
    """Links without words, or without an address."""
    if 'href=""' in document.html or 'href="#"' in document.html or _EMPTY_LINK.search(document.html):
        for link in body_of(document).links:
            if link.dest in ("", "#"):
                message = f"the link '{_short(link.text)}' leads nowhere: write between ( and ) where it leads"
                yield _at(document, link.start, message)
            elif not link.text.strip():
                message = f"the link to '{link.dest}' has no words: write them between [ and ]"
                yield _at(document, link.start, message)


def own_questions(document: Document) -> Iterator[Found]:
    """Links to questions of the page itself that are not there; in a tree that is one of its own rules."""
    if document.meta.get("kind") == TREE:
        return
    ids = {id_ for _, id_, _ in document.headings if id_}
    if any(id_ not in ids for id_ in _OWN_QUESTION.findall(document.html)):
        for link in body_of(document).links:
            id_ = link.dest.removeprefix("#")
            if link.dest[:1] == "#" and id_ and id_ not in ids:
                near = did_you_mean(f"#{id_}", [f"#{known}" for known in ids]) or "; check its spelling"
                yield _at(document, link.start, f"there is no question '{link.dest}' on this page{near}")


def forms(document: Document) -> Iterator[Found]:
    """Forms that stand where they cannot, or twice."""
    names = [match[1] for match in EMBED.finditer(document.html)] if "selfservice:" in document.html else []
    if len(names) == len(set(names)) and not (names and _FORM_IN_BLOCK.search(document.html)):
        return
    first: dict[str, int] = {}
    for link in body_of(document).alone:
        name = link.dest.removeprefix("selfservice:")
        if name == link.dest:
            continue
        line = body_of(document).line(link.start)
        if inside := next((_IN_BLOCK[block] for block in link.inside if block in _IN_BLOCK), ""):
            message = f"a form cannot stand in {inside}: put its link in a paragraph of its own, or in a sentence"
            yield (line, message)
        elif name in first and document.meta.get("kind") != TREE:
            message = f"the form '{name}' is on line {first[name]} already: lead there in a sentence"
            yield (line, message)
        first.setdefault(name, line)


def characters(document: Document) -> Iterator[Found]:
    """What another encoding left of a character."""
    for match in re.finditer("\ufffd", document.source):
        message = "a character was lost here (\ufffd), so this file was not kept in UTF-8: write it again"
        yield document.source.count("\n", 0, match.start()) + 1, message


def tables(document: Document) -> Iterator[Found]:
    """Rows with more cells than the head of their table: the last are not shown."""
    if "<table>" not in document.html or _are_even(document.source):
        return
    body = body_of(document)
    for table in body.tables:
        for start, end in table.rows:
            if (count := cells(body.slice(start, end))) > table.columns:
                message = (
                    f"the row has {count} cells and the head of the table {table.columns}: what is more is not shown"
                )
                yield _at(document, start, f"{message}; a | that is text is written \\|")


def _are_even(source: str) -> bool:
    """Whether each line of a table has as many marks as the one below its head, as nearly all tables have."""
    for block in source.split("\n\n"):
        if "|" in block:
            lines = [line.strip() for line in block.strip("\n").split("\n")]
            marks = lines[0].count("|")
            if "\\" in block or any(line.count("|") != marks for line in lines):
                return False
            if not all(line.startswith("|") and line.endswith("|") for line in lines):
                return False
    return True


def cells(row: str) -> int:
    """How many cells a row of a table has, as it is written."""
    row = row.strip().removeprefix("|")
    return len(_CELL.findall(row)) + (0 if row.endswith("|") and not row.endswith("\\|") else 1)


def facts_in_code(document: Document) -> Iterator[Found]:
    """Facts that are links, in code, where their HTML would be seen."""
    if "&lt;a href=" in document.html and _LINK_IN_CODE.search(document.html):
        for start, end in body_of(document).code:
            raw = document.source.split("\n")
            first, last = body_of(document).line(start), body_of(document).line(end)
            if match := re.search(r"\{\{.*?}}", "\n".join(raw[first - 1 : last])):
                yield (first, f"'{match[0]}' is a link, which code cannot hold: take the ` around it away")


def _residue(document: Document) -> Iterator[tuple[int, str, str]]:
    """Marks that would be seen by readers, since they are not written as they must be: one a line, the cause first."""
    # Looking for single marks takes a tenth of the time; most pages have none.
    if not any(mark in document.html for mark in _MARKS) or not _RESIDUE.search(document.html):
        return
    body = body_of(document)
    for block in body.blocks:
        if "CodeBlock" in block.inside:
            continue
        told: set[int] = set()
        for see, pattern, say in _RESIDUES:
            for match in pattern.finditer(block.text):
                if block.inside[-1:] == ("Heading",) and "{" in match[0] and "fact" not in match[0]:
                    continue  # it is told of the heading
                line = body.line(block.place(match.start()))
                nested = pattern is _BROKEN_LINK and LINKED in block.prose[match.start() : match.end()]
                message = f"'{_short(match[0])}' is a link in a link: make them two" if nested else say(match)
                if message and line not in told:
                    told.add(line)
                    yield line, message, see


def _short(text: str, most: int = 60) -> str:
    text = " ".join(NOT_TEXT.sub("", text).split())
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _broken_link(match: re.Match[str]) -> str:
    shown = f"'{_short(match[0])}'"
    if not match[1].endswith(")"):
        return f"{shown} is no link: close it with )"
    return f"{shown} is no link: an address has no spaces"


_RESIDUES: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (
        "facts",
        re.compile(r"\{\{[^{}]*\}{0,2}|(?<!\})\}\}"),
        lambda match: f"'{_short(match[0])}' is no fact that can be read: write {{{{ fact.group.name }}}}, on one line",
    ),
    (
        "facts",
        re.compile(r"\{\s*[Ff]acts?\b[^{}\n]*\}?"),
        lambda match: f"'{_short(match[0])}' is no fact: write {{{{ fact.group.name }}}}, two brackets at both ends",
    ),
    (
        "facts",
        re.compile(r"\{%[^\n]*"),
        lambda match: f"'{_short(match[0])}' does nothing in a page, and is shown as it stands: take it away",
    ),
    (
        "links",
        re.compile(r"\[\[([^\[\]\n]*)\]\]"),
        lambda match: f"'{_short(match[0])}' is no link here: write [words](page.md)",
    ),
    (
        "links",
        re.compile(r"\[\^([^\]\n]+)\]"),
        lambda match: f"the footnote '{match[0]}' has no text: write '{match[0]}: …' at the end of the page",
    ),
    ("links", _BROKEN_LINK, _broken_link),
    (
        "links",
        re.compile(rf"\[[^\[\]\n]+\]\s\(({_ADDRESS}[^()\n]*)\)"),
        lambda match: f"'{_short(match[0])}' is no link: put ( right behind ]",
    ),
    (
        "links",
        re.compile(rf"\(([^()\n]+)\)\[({_ADDRESS}[^\[\]\n]*)\]"),
        lambda match: f"'{_short(match[0])}' is a link the wrong way round: write [{_short(match[1])}]({match[2]})",
    ),
    (
        "links",
        re.compile(r"\[[^\[\]\n]+\]\[([^\[\]\n]*)\]"),
        lambda match: f"'{_short(match[0])}' leads nowhere: no line begins with '[{match[1]}]:'",
    ),
    (
        "html",
        re.compile(r"\{:?\s*\.[^{}\n]*\}?"),
        lambda match: f"'{_short(match[0])}' is shown as it stands: take it away",
    ),
    (
        "questions",
        re.compile(r"(?:\A|(?<=\n))(#{1,6})(?=[^\W\d_])([^\n]*)"),
        lambda match: (
            f"'{_short(match[0])}' is no heading: put a space behind {match[1]}"
            if len(match[1]) > 1 or "{" in match[2]
            else ""
        ),
    ),
    (
        "tables",
        re.compile(r"\A\|[^\n]*\n[^\n]*\|"),
        lambda _: "this is no table: its second line is |---|---|, with as many parts as the first",
    ),
    (
        "questions",
        re.compile(r"\A(#{1,6}|[-*+]|\d+[.)])\xa0"),
        lambda match: f"the space behind {match[1]} is a special one, so this is no list or heading: type a space",
    ),
    (
        "questions",
        re.compile(r"\{\s*#[^{}\n]*\}?"),
        lambda match: f"'{_short(match[0])}' is shown as it stands: an id stands at the end of a line with ##",
    ),
    (
        "html",
        re.compile(r"</?[a-z]\w*:\w+ ?/?>"),
        lambda match: f"{match[0]} came along from a text processor: take it away",
    ),
    (
        "html",
        re.compile(r"<![-–—]"),
        lambda _: "a comment begins here and does not end: close it with -->",
    ),
)

# With the section of docs/editing.md that explains it.
RULES: tuple[tuple[str, Callable[[Document], Iterator[Found]]], ...] = (
    ("questions", headings),
    ("pictures", images),
    ("links", links),
    ("forms", forms),
    ("tables", tables),
    ("html", html_checks.tags),
    ("facts", facts_in_code),
    ("files", characters),
)
