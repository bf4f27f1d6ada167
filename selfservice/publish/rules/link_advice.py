"""What had better be looked at in the links of a page: where they lead, and whether their words say so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from selfservice.publish.reading.body import LINKED, NOT_TEXT, Body, Link, body_of
from selfservice.publish.reading.markdown import Document
from selfservice.publish.rules.plain_words import Words

Found = tuple[int, str]
_BARE = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]]*[^\s<>()\[\].,;:!?'\"’”]")
_SHOWN = re.compile(r"(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]{2,}(?:[/?#]\S*)?", re.IGNORECASE)
_WRAPPED = re.compile(
    r"\.safelinks\.protection\.outlook\.com|//urldefense\.|//(?:www\.)?google\.[a-z.]+/url\?|//l\.facebook\."
)
_TRACKING = re.compile(
    r"[?&](utm_\w+|fbclid|gclid|mc_[ce]id|msclkid|jsessionid)=|;(jsessionid)=|(#:~:text=)", re.IGNORECASE
)
_FORM_LINE = re.compile(r"\s*\[[^\[\]\n]+\]\(selfservice:[^()\n]*\)([.,;:!?]?)\s*")


def advice(document: Document, words: Words) -> Iterator[tuple[str, Found]]:
    """What had better be looked at, with the section of docs/editing.md that explains it."""
    body = body_of(document)
    for link in body.links:
        if message := next(_of_one(link, document, words), ""):
            yield "links", (body.line(link.start), message)
    for found in (*_same_words(body, words), *_in_headings(body), *_bare(body), *_unused_references(body)):
        yield "links", found
    for found in _forms(body):
        yield "forms", found


def _said(link: Link) -> str:
    return " ".join(NOT_TEXT.sub("", link.text).split())


def _of_one(link: Link, document: Document, words: Words) -> Iterator[str]:
    said, dest = _said(link), link.dest
    if said.lower().strip(" .:!»→>") in words.vague:
        yield f"the link '{said}' does not say where it leads: name that in its words"
    if dest in (f"{document.key}.md", f"./{document.key}.md"):
        yield "this link leads to the page on which it stands: take it away, or lead to a question"
    if dest.startswith("http://"):
        yield f"'{dest}' can be read by others on the way: write https://"
    elif dest.startswith("//"):
        yield f"'{dest}': write https: before it"
    if _WRAPPED.search(dest):
        yield "the address leads through another's counter: open it, and write the address at which you come out"
    elif match := _TRACKING.search(dest):
        yield f"the address holds '{next(filter(None, match.groups()))}', of no use to others: take that part away"
    if _SHOWN.fullmatch(said) and not link.is_fact and dest.startswith("http") and _host(said) != _host(dest):
        yield f"the link says '{said}' and leads to '{dest}': make them the same"


def _host(address: str) -> str:
    return urlsplit(address if "//" in address else f"//{address}").netloc.lower().removeprefix("www.")


def _same_words(body: Body, words: Words) -> Iterator[Found]:
    first: dict[str, Link] = {}
    for link in body.links:
        said = _said(link).lower()
        if not said or said in words.vague or link.is_fact or link in body.alone:
            continue
        other = first.setdefault(said, link)
        if other.dest != link.dest and not {"TableCell"} & {*other.inside, *link.inside}:
            there = f"'{other.dest}' on line {body.line(other.start)}"
            yield (
                body.line(link.start),
                f"the link '{_said(link)}' leads to '{link.dest}' here, and to {there}: say in its words what differs",
            )


def _in_headings(body: Body) -> Iterator[Found]:
    for block in body.blocks:
        if block.inside[-1:] == ("Heading",) and LINKED in block.prose:
            yield body.line(block.start), "a heading with a link in it: put the link in the text below"


def _bare(body: Body) -> Iterator[Found]:
    for block in body.blocks:
        for match in _BARE.finditer(block.prose):
            yield body.line(block.place(match.start())), f"'{match[0]}' cannot be clicked: write [words](address)"


def _unused_references(body: Body) -> Iterator[Found]:
    used = {link.id.lower() for link in body.links}
    for name, place in body.references.items():
        if name.lower() not in used:
            yield body.line(place), f"no link uses '[{name}]:': write [words][{name}], or take it away"


def _forms(body: Body) -> Iterator[Found]:
    """Links to forms that were meant to be the forms."""
    lines = body.source.split("\n")
    for link in body.links:
        if not link.dest.startswith("selfservice:") or link in body.alone or link.inside != ("Paragraph",):
            continue
        line = body.line(link.start)
        if match := _FORM_LINE.fullmatch(lines[line - body.first_line]):
            what = f"take '{match[1]}' away" if match[1] else "put an empty line above and below it"
            yield line, f"the form is not shown here, since its link does not stand alone in a paragraph: {what}"
