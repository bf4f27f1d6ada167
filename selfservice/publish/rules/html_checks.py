"""HTML in a page: few tags, for which markdown has nothing, closed in their order. Browsers refuse or hide the rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from selfservice.publish.reading.body import Body, body_of
from selfservice.publish.reading.markdown import MARKDOWN, Document

_BEGIN = re.compile(r"<[A-Za-z/!?]")
_TAG = re.compile(
    r"<!--(?P<comment>.*?(?P<ends>-->)|.*)"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>"
    r"|(?P<other><[!?][^>]*>?|<[A-Za-z/][^<>\n]*)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"([^\s=\"'/<>]+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?")
_VOID = frozenset(("br", "hr", "wbr", "col"))
_SHOWN = frozenset(
    re.findall(
        r"\w+",
        "abbr bdi bdo blockquote br caption cite code col colgroup dd del details dfn div dl dt em "
        "figcaption figure hr ins kbd li mark ol p pre q rp rt ruby s samp section small span strong sub "
        "summary sup table tbody td tfoot th thead time tr ul var wbr a",
    )
)
_REFUSED = frozenset(
    re.findall(
        r"\w+",
        "script style iframe object embed applet frame frameset link meta base form input button select "
        "textarea option svg math video audio canvas portal template noscript head body html title "
        "marquee blink dialog slot map area",
    )
)
_INSTEAD = {
    "b": "**words**", "i": "*words*", "u": "**words**", "font": "the words alone", "center": "the words alone",
    "big": "the words alone", "strike": "~~words~~", "tt": "`words`", "img": "![what is seen](img/its-name.png)",
    "h1": "## …", "h2": "## … {#a-short-name}", "h3": "### …", "h4": "#### …", "h5": "##### …", "h6": "###### …",
}  # fmt: skip
_SCRIPTED = ("javascript:", "data:", "vbscript:")
_BARRIERS = frozenset(
    {
        *("Paragraph", "Heading", "Item", "TableCell", "BlockQuote", "FootnoteDefinition"),
        *("DefinitionListTitle", "DefinitionListDefinition"),
    }
)


def tags(document: Document) -> Iterator[tuple[int, str]]:
    """Tags that do nothing here, are refused, or are not closed in their order: each kind once, where it is first."""
    if not _BEGIN.search(document.source):
        return
    body = body_of(document)
    if not body.html:
        return
    found: dict[str, list[int]] = {}
    for place, message in _problems(body):
        found.setdefault(message, []).append(body.line(place))
    for message, lines in found.items():
        more = f" ({len(lines)} times on this page)" if len(lines) > 1 else ""
        yield lines[0], message + more


def _problems(body: Body) -> Iterator[tuple[int, str]]:
    open_tags: list[tuple[str, int]] = []  # and in their midst, as "", where a block begins
    value: Any
    events: Any = MARKDOWN.events_with_range(body.source)
    for event, place in events:
        if event.__class__ is str:
            continue
        ((kind, value),) = event.items()
        name = "" if kind not in ("Start", "End") else value if isinstance(value, str) else next(iter(value))
        if kind == "InlineHtml" or (kind == "Start" and name == "HtmlBlock"):
            yield from _piece(body.slice(place["start"], place["end"]), place["start"], open_tags)
        elif name in _BARRIERS:
            if kind == "Start":
                open_tags.append(("", place["start"]))
            else:
                yield from _close_block(open_tags)
    yield from _close_block(open_tags)


def _close_block(open_tags: list[tuple[str, int]]) -> Iterator[tuple[int, str]]:
    while open_tags:
        name, place = open_tags.pop()
        if not name:
            return
        if name[0] == "?":
            continue
        yield place, f"<{name}> is not closed: write </{name}> where it ends"


def _piece(text: str, start: int, open_tags: list[tuple[str, int]]) -> Iterator[tuple[int, str]]:
    for match in _TAG.finditer(text):
        place = start + len(text[: match.start()].encode())
        if match["comment"] is not None:
            if not match["ends"]:
                yield place, "a comment begins here and does not end, so nothing below it is shown: close it with -->"
        elif match["other"]:
            yield place, _no_tag(match["other"])
        elif match["name"].lower() not in _SHOWN:
            if not match["close"]:
                yield place, _not_shown(match[0], match["name"].lower())
        elif match["close"]:
            yield from _close(match["name"].lower(), place, open_tags)
        else:
            yield from ((place, message) for message in _attributes(match["name"], match["attributes"]))
            if match["name"].lower() not in _VOID:
                open_tags.append((match["name"].lower(), place))


def _close(name: str, place: int, open_tags: list[tuple[str, int]]) -> Iterator[tuple[int, str]]:
    if name in _VOID:
        yield place, f"</{name}> is no tag: write <{name}>"
    elif open_tags and open_tags[-1][0] == name:
        open_tags.pop()
    elif name in _of_block(open_tags):
        inner, at = open_tags.pop()
        yield at, f"<{inner}> is not closed before </{name}>: what was opened last is closed first"
        while open_tags.pop()[0] != name:
            pass
        open_tags.append(("?" + inner, at))  # its own end comes still, and was told
    elif ("?" + name) in _of_block(open_tags):
        open_tags[:] = [each for each in open_tags if each[0] != "?" + name]
    elif not any(name == each for each, _ in open_tags):
        yield place, f"</{name}> closes nothing: take it away"


def _of_block(open_tags: list[tuple[str, int]]) -> list[str]:
    names = [name for name, _ in open_tags]
    return names[len(names) - names[::-1].index("") :] if "" in names else names


def _no_tag(text: str) -> str:
    shown = " ".join(text.split())[:30]
    if text.startswith(("<!", "<?")):
        return f"'{shown}' does nothing in a page: take it away"
    return f"'{shown}' is not shown, since it looks like a tag: close it with >, or write &lt; for <"


def _not_shown(tag: str, name: str) -> str:
    if name in _INSTEAD:
        return f"<{name}> is not used here: write {_INSTEAD[name]}"
    if name in _REFUSED:
        return f"<{name}> does not work on this site: take it away"
    if ":" in name:
        return f"<{name}> came along from a text processor: take it away"
    inner = " ".join(tag[1:-1].split())
    return f"'<{inner}>' is not shown, since it looks like a tag: write &lt;{inner}&gt;"


def _attributes(name: str, attributes: str) -> Iterator[str]:
    for match in _ATTRIBUTE.finditer(attributes):
        key, value = match[1].lower(), (match[2] or "").strip("\"' ")
        if key == "style":
            yield f"'style=' of <{name}> does nothing on this site: take it away"
        elif key.startswith("on"):
            yield f"'{key}=' of <{name}> does nothing on this site: take it away"
        elif key in ("href", "src"):
            if value.lower().startswith(_SCRIPTED):
                yield f"'{key}=' of <{name}> may not hold a program: take it away"
            else:
                yield "<a> is not used here: write [words](address)"
        elif key == "class" and value.startswith("Mso"):
            yield f"<{name} class={value}> came along from a text processor: take it away"
