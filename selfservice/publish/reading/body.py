"""What stands in the text of a page, and where: its markdown read once more, with the place of everything in the file.

Each fact stands as a word of the same length, so that places are those of the file.
"""

from __future__ import annotations

import re
from bisect import bisect
from dataclasses import dataclass, field
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

from selfservice.publish.reading.markdown import ANY_FACT, MARKDOWN, Document

# In the text of a block: what is not read as text there, one for each character.
LINKED, CODE, PICTURE, TAG = "\ue0f0", "\ue0f1", "\ue0f2", "\ue0f3"
NOT_TEXT = re.compile(f"[{LINKED}{CODE}{PICTURE}{TAG}]")
_FACT = "fact:"
# Blocks with a text of their own.
_BLOCKS = frozenset(
    {
        *("Paragraph", "Heading", "List", "Item", "Table", "TableHead", "TableRow", "TableCell", "BlockQuote"),
        *("DefinitionList", "DefinitionListTitle", "DefinitionListDefinition"),
        *("CodeBlock", "HtmlBlock", "FootnoteDefinition"),
    }
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


class Link(NamedTuple):
    """A link, with the place of its first and last character; `alone` in its paragraph, inside these blocks."""

    start: int
    end: int
    kind: str
    dest: str
    title: str
    text: str
    inside: tuple[str, ...]
    id: str = ""  # the name of its line '[id]: address', where it has one

    @property
    def is_fact(self) -> bool:
        """Whether a fact says where it leads."""
        return self.dest.startswith(_FACT)


class Image(NamedTuple):
    """A picture, and what is said of it."""

    start: int
    dest: str
    alt: str


class Heading(NamedTuple):
    """A heading; `raw` is as it stands in the file."""

    start: int
    level: int
    id: str
    text: str
    raw: str


class Table(NamedTuple):
    """A table: how many cells its head has, and the places of its rows."""

    columns: int
    rows: list[tuple[int, int]]


@dataclass
class Block:
    """A paragraph, item, cell or heading: its text as it is seen, and where that stands in the file."""

    inside: tuple[str, ...]
    start: int
    text: str = ""  # with the words of links
    prose: str = ""  # of the same length, without them
    strong: int = 0  # characters in bold
    places: list[tuple[int, int]] = field(default_factory=list)

    def place(self, at: int) -> int:
        """Where in the file a character of the text stands."""
        found = bisect(self.places, at, key=itemgetter(0)) - 1
        first, place = self.places[max(0, found)]
        return place + at - first


class Body:
    """What stands in the text of a page, by kind and in its order."""

    def __init__(self, document: Document) -> None:
        lines = document.source.split("\n")
        self.source = ANY_FACT.sub(_as_word, "\n".join(lines[document.body_line - 1 :]))
        self.first_line = document.body_line
        self._raw = self.source.encode()
        self._is_ascii = len(self._raw) == len(self.source)
        self.blocks: list[Block] = []
        self.headings: list[Heading] = []
        self.links: list[Link] = []
        self.alone: list[Link] = []  # those that are all of their paragraph
        self.images: list[Image] = []
        self.tables: list[Table] = []
        self.lists: list[tuple[int, int]] = []  # place and first number of those that have numbers
        self.html: list[tuple[int, str]] = []
        self.code: list[tuple[int, int]] = []  # where it begins and ends
        self.indented: list[int] = []  # where code begins that is none but for the spaces before it
        self.footnotes: list[tuple[int, str]] = []
        self.footnote_marks: set[str] = set()
        _Reading(self)

    def line(self, place: int) -> int:
        """The line of the file with this place."""
        return self.first_line + self._raw.count(b"\n", 0, place)

    def slice(self, start: int, end: int) -> str:
        """What stands between two places."""
        return self.source[start:end] if self._is_ascii else self._raw[start:end].decode("utf-8", "replace")

    @cached_property
    def references(self) -> dict[str, int]:
        """Where the lines '[name]: address' stand, by name."""
        found: Any = MARKDOWN.reference_definitions(self.source)
        return {name: one["span"]["start"] for name, one in found.items()}

    @cached_property
    def shown(self) -> str:
        """`source` with spaces in the place of code and comments."""
        raw = bytearray(self._raw)
        for start, end in self.code:
            raw[start:end] = bytes(byte if byte == ord("\n") else ord(" ") for byte in raw[start:end])
        return _COMMENT.sub(_blank, raw.decode("utf-8", "replace"))


class _Reading:
    """Fills in a Body from the events of its markdown."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._stack: list[str] = []
        self._block = Block((), 0)
        self._links: list[tuple[int, Any, list[str]]] = []  # those that have begun, with what is said there, and words
        self._images: list[tuple[int, Any, list[str]]] = []
        self._heading: dict[str, Any] = {}
        self._strong = 0
        self._read()
        self._end_block()

    def _read(self) -> None:
        body = self._body
        value: Any
        events: Any = MARKDOWN.events_with_range(body.source)
        for event, place in events:
            start, end = place["start"], place["end"]
            ((kind, value),) = ((event, "\n"),) if event.__class__ is str else event.items()
            if kind in ("Start", "End"):
                name = value if value.__class__ is str else next(iter(value))
                if name in _BLOCKS:
                    self._edge(kind, name, value, start, end)
                else:
                    self._inline(kind, name, value, start, end)
            elif kind in ("Text", "SoftBreak", "HardBreak"):
                if self._stack[-1:] != ["CodeBlock"]:
                    self._add(value, start)
            elif kind == "Code":
                body.code.append((start, end))
                self._add(CODE * max(1, len(value)), start)
            elif kind in ("Html", "InlineHtml"):
                body.html.append((start, value))
                if kind == "InlineHtml":
                    self._add(TAG, start)
            elif kind == "FootnoteReference":
                body.footnote_marks.add(value)

    def _edge(self, kind: str, name: str, value: Any, start: int, end: int) -> None:
        """A block begins or ends."""
        block = self._end_block()
        if kind == "Start":
            self._stack.append(name)
            self._begin(name, value, start, end)
        else:
            if name == "Heading":
                self._end_heading(block, start, end)
            elif name == "Paragraph":
                self._body.alone += self._only_link(start, end)
            self._stack.pop()
        self._block = Block(tuple(self._stack), start if kind == "Start" else end)

    def _end_block(self) -> Block:
        if self._block.text:
            self._body.blocks.append(self._block)
        return self._block

    def _begin(self, name: str, value: Any, start: int, end: int) -> None:
        body = self._body
        if name == "Heading":
            self._heading = value["Heading"]
        elif name == "CodeBlock":
            body.code.append((start, end))
            if value["CodeBlock"] == "Indented":
                body.indented.append(start)
        elif name == "Table":
            body.tables.append(Table(len(value["Table"]), []))
        elif name == "TableRow":
            body.tables[-1].rows.append((start, end))
        elif name == "List" and value["List"] is not None:
            body.lists.append((start, value["List"]))
        elif name == "FootnoteDefinition":
            body.footnotes.append((start, value["FootnoteDefinition"]))

    def _end_heading(self, block: Block, start: int, end: int) -> None:
        text = block.text if block.inside == tuple(self._stack) else ""
        level, id_ = int(self._heading["level"][1:]), self._heading["id"] or ""
        self._body.headings.append(Heading(start, level, id_, text, self._body.slice(start, end)))

    def _only_link(self, start: int, end: int) -> list[Link]:
        links = self._body.links[-1:]
        return [link for link in links if link.start == start and not self._body.slice(link.end, end).strip()]

    def _inline(self, kind: str, name: str, value: Any, start: int, end: int) -> None:
        """Something in a block begins or ends."""
        if name == "Strong":
            self._strong += 1 if kind == "Start" else -1
        elif name in ("Link", "Image"):
            begun = self._links if name == "Link" else self._images
            if kind == "Start":
                begun.append((start, value[name], []))
                return
            at, said, words = begun.pop()
            if name == "Image":
                self._body.images.append(Image(at, said["dest_url"], "".join(words)))
                self._add(PICTURE, at)
            else:
                values = said["link_type"], said["dest_url"], said["title"], "".join(words), tuple(self._stack)
                self._body.links.append(Link(at, end, *values, said["id"]))

    def _add(self, text: str, place: int) -> None:
        if self._images:
            self._images[-1][2].append(text)
            return
        block = self._block
        block.places.append((len(block.text), place))
        block.text += text
        block.prose += LINKED * len(text) if self._links else text
        block.strong += len(text) if self._strong else 0
        if self._links:
            self._links[-1][2].append(text)


def _as_word(match: re.Match[str]) -> str:
    return _FACT.ljust(len(match[0]), "0")[: len(match[0])]


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def body_of(document: Document) -> Body:
    """The text of a page, read once."""
    if document.body is None:
        document.body = Body(document)
    found: Body = document.body
    return found
