"""A page's markdown with its facts, questions and marks, as HTML. No Pelican here: the checks use it too."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import pyromark

from selfservice.facts.facts import Facts
from selfservice.facts.kinds import FactError
from selfservice.problems import Problem
from selfservice.publish.reading.front_matter import FrontMatter, read_front_matter
from selfservice.web.labels import LABEL_REFERENCE, LabelError, label_of
from selfservice.web.pages import FACT_REFERENCE, fill_facts

__all__ = ["Problem"]

WORDS_A_MINUTE = 200
_Options = pyromark.Options
MARKDOWN = pyromark.Markdown(
    options=_Options.ENABLE_TABLES
    | _Options.ENABLE_FOOTNOTES
    | _Options.ENABLE_DEFINITION_LIST
    | _Options.ENABLE_HEADING_ATTRIBUTES
    | _Options.ENABLE_STRIKETHROUGH
    | _Options.ENABLE_SMART_PUNCTUATION
)
EMBED = re.compile(r'<p><a href="selfservice:([^"]*)"(?: title="[^"]*")?>((?:(?!</a>).)*)</a></p>', re.DOTALL)
HREF = re.compile(r'href="([^"]+)"')
HEADING = re.compile(r'<h2(?: id="([^"]*)")?>(.*?)</h2>', re.DOTALL)
# Headings with anything but an id: a class says nothing here, but for a former id.
_HEADING_OPENING = re.compile(r'<h([1-6])((?: [\w-]+="[^"]*")+)>')
_OTHER_OPENING = re.compile(r'<h[1-6] (?!id="[^"]*">)')
_ANY_HEADING = re.compile(r'<h([1-6])(?: id="([^"]*)")?>(.*?)</h\1>', re.DOTALL)
_FORMER_ID = re.compile(r"was-([a-z0-9-]+)")
_TAG = re.compile(r"<[^>]+>")
# These stand inside words and sentences: without them the text closes up, without others it falls apart.
_INLINE = re.compile(r"</?(?:a|em|strong|code|del|sup|sub|abbr)\b[^>]*>")
ANY_FACT = re.compile(r"\{\{(.*?)}}")
_SIGN = re.compile(r"[!-/:-@\[-`{-~]")
_COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


@dataclass(frozen=True)
class Question:
    """A heading that answers a question of a visitor, and the text below it. The page's own opening has no id."""

    id: str
    title: str
    text: str


@dataclass
class Document:
    """A page as read: HTML in which links to pages and forms are not yet resolved."""

    meta: dict[str, Any]
    html: str
    questions: list[Question]
    minutes: int
    source: str
    body_line: int
    key: str = ""
    problems: list[Problem] = field(default_factory=list)
    headings: list[tuple[int, str, str]] = field(default_factory=list)  # level, id (may be empty) and text
    former_ids: dict[str, str] = field(default_factory=dict)  # of its questions, with those that they have now
    body: Any = field(default=None, repr=False, compare=False)  # what stands where, once it was asked for (body.py)
    lines: Mapping[str, int] = field(default_factory=dict)  # of each name in the front matter
    told: frozenset[str] = frozenset()  # the names of which something was said already (front_matter.py)

    def line_of(self, needle: str) -> int:
        """The line of the file on which a text first stands (1 when it does not)."""
        at = self.source.find(needle)
        return self.source.count("\n", 0, at) + 1 if at >= 0 else 1


def plain_text(fragment: str) -> str:
    """The text of a piece of HTML."""
    if "<" in fragment:
        fragment = _TAG.sub(" ", _INLINE.sub("", fragment))
    return " ".join(html.unescape(fragment).split())


def read(source: str, file: str, facts: Facts, tables: Mapping[str, Callable[[], str]] | None = None) -> Document:
    """Read a page in the language in force; `tables` are those it may take from data, by name.

    Never raises for what an editor wrote: that becomes problems.
    """
    front = read_front_matter(source)
    problems = [Problem(file, fault.line, fault.message, fault.error, fault.see) for fault in front.faults]
    meta, body, body_line = front.meta, front.body, front.body_line
    _fill_front_matter(front, file, facts, problems)
    body = _fill_labels(body, body_line, file, problems)
    body = _fill(body, body_line, file, facts, tables or {}, problems)
    rendered = MARKDOWN.html(body)
    if "<!--" in rendered:  # a note among editors; one in code reads &lt;!--
        rendered = _COMMENT.sub("", rendered)
    rendered, former_ids = _former_ids(rendered)
    found = list(headings(rendered))
    opening, questions = _questions(rendered, found)
    words = len(_TAG.sub(" ", rendered).split())
    return Document(
        meta=meta,
        html=rendered,
        questions=[Question("", str(meta.get("title", "")), opening), *questions],
        minutes=max(1, math.ceil(words / WORDS_A_MINUTE)),
        source=source,
        body_line=body_line,
        key=PurePosixPath(file).stem,
        problems=problems,
        headings=found,
        former_ids=former_ids,
        lines=front.lines,
        told=front.told,
    )


def _fill_front_matter(front: FrontMatter, file: str, facts: Facts, problems: list[Problem]) -> None:
    """Put the facts into the texts of the front matter that visitors read."""

    def filled(text: str, line: int) -> str:
        if "{{" not in text and "}}" not in text:
            return text
        try:
            text = fill_facts(text, facts)
            if wrong := re.search(r"\{\{.*?(?:}}|$)|}}", text):
                message = f"'{wrong[0]}' is not a fact; write {{{{ fact.group.name }}}}"
                problems.append(Problem(file, line, message, see="facts"))
        except FactError as error:
            problems.append(Problem(file, line, str(error), see="facts"))
        except LabelError as error:
            problems.append(Problem(file, line, str(error), see="labels"))
        return text

    for key, value in front.meta.items():
        line = front.lines[key]
        if key in ("title", "description", "lead"):
            front.meta[key] = filled(value, line)
        elif isinstance(value, list):
            rows = [row for row in value if isinstance(row, dict)]
            for row in rows:
                row |= {name: filled(text, line) for name, text in row.items() if name != "link"}


def _former_ids(rendered: str) -> tuple[str, dict[str, str]]:
    """The HTML in which a heading with `{#new .was-old}` is found under its old id too; and the old ids with the new.

    The old one stands in the heading, where it shifts nothing on the page and belongs to no question above.
    """
    found: dict[str, str] = {}
    if not _OTHER_OPENING.search(rendered):
        return rendered, found

    def write(match: re.Match[str]) -> str:
        given: dict[str, str] = dict(re.findall(r'([\w-]+)="([^"]*)"', match[2]))
        id_ = given.get("id", "")
        former = [str(old[1]) for name in given.get("class", "").split() if (old := _FORMER_ID.fullmatch(name)) and id_]
        found.update(dict.fromkeys(former, id_))
        anchors = "".join(f'<a id="{old}"></a>' for old in former)
        return f"<h{match[1]}" + (f' id="{id_}"' if id_ else "") + f">{anchors}"

    return _HEADING_OPENING.sub(write, rendered), found


def _fill(
    body: str,
    first: int,
    file: str,
    facts: Facts,
    tables: Mapping[str, Callable[[], str]],
    problems: list[Problem],
) -> str:
    """Put the facts in, each as it is written where it stands: a link in prose, an address inside a link."""
    if "{{" not in body:
        return body

    def write(match: re.Match[str]) -> str:
        if (table := match[1].strip()) in tables:
            return tables[table]()
        line = first + body.count("\n", 0, match.start())
        if not FACT_REFERENCE.fullmatch(match[0]):
            name = match[1].strip(" {}")
            meant = f"fact.{name}" if name in facts else "fact.group.name"
            message = f"'{match[0]}' is not a fact; write {{{{ {meant} }}}}"
            problems.append(Problem(file, line, message, see="facts"))
            return match[0]
        try:
            fact = facts.get(match[0].strip("{ }").removeprefix("fact."))
        except FactError as error:
            problems.append(Problem(file, line, str(error), see="facts"))
            return match[0]
        before = body[: match.start()]
        if before.endswith("]("):
            if not fact.href:
                message = f"the fact '{fact.name}' is no address or telephone number: no link can lead there"
                problems.append(Problem(file, line, message, see="facts"))
            return fact.href or "#"
        begin = before.rfind("\n") + 1
        in_label = before.rfind("[", begin) > before.rfind("]", begin)
        return str(fact) if in_label or before[begin:].startswith("#") else str(fact.link())

    return ANY_FACT.sub(write, body)


def _fill_labels(body: str, first: int, file: str, problems: list[Problem]) -> str:
    """Put the labels in, as they stand on the screen."""

    def write(match: re.Match[str]) -> str:
        text, message = match[1], ""
        if body[: match.start()].endswith("]("):
            message = f"'{match[0]}' is a label: no link can lead there"
        else:
            try:
                text = label_of(match[1])
            except LabelError as error:
                message = str(error)
        if message:
            problems.append(Problem(file, first + body.count("\n", 0, match.start()), message, see="labels"))
        return _as_it_is(text)

    return LABEL_REFERENCE.sub(write, body) if "{{" in body else body


def _as_it_is(text: str) -> str:
    """A text in markdown none of whose signs is a mark, of a table either, or becomes another."""
    return _SIGN.sub(lambda sign: f"&#{ord(sign[0])};", text)


def _questions(rendered: str, found: list[tuple[int, str, str]]) -> tuple[str, list[Question]]:
    """The text before the first question, and the questions, which are among the headings that were found."""
    parts = HEADING.split(rendered)
    titles = [text for level, _, text in found if level == 2]
    if len(titles) * 3 + 1 != len(parts):  # headings in each other, of HTML
        titles = [plain_text(part) for part in parts[2::3]]
    opening = EMBED.sub("", parts[0]) if "selfservice:" in parts[0] else parts[0]
    return plain_text(opening), [
        Question(id_ or "", title, plain_text(text))
        for id_, title, text in zip(parts[1::3], titles, parts[3::3], strict=True)
    ]


def headings(rendered: str) -> Iterator[tuple[int, str, str]]:
    """Each heading's level, id (may be empty) and text, in order."""
    for match in _ANY_HEADING.finditer(rendered):
        yield int(match[1]), match[2] or "", plain_text(match[3])
