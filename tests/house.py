"""The house rules: what holds for every page and fragment that any test looks at."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Protocol
from xml.etree.ElementTree import Element

import html5lib
from werkzeug.datastructures import Headers

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.languages import using_language
from selfservice.values.access_code import CHARACTERS, CODE_LENGTH, is_valid_code, normalise_code
from selfservice.web.cookies import MARKER
from selfservice.web.security import NO_STORE, NO_TRANSFORM, SECURITY_HEADERS

RESOURCES = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
UNNAMED_INPUTS = {"hidden", "submit", "button", "reset", "image"}
REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls", "form")
# An access code however it was typed, the path of a mailed link, or a file: their answers are not to be compressed.
CODES = re.compile(rf"(?<![\w-])(?:[{CHARACTERS}][ -]?){{{CODE_LENGTH}}}(?![\w-])", re.IGNORECASE)
# The code that a hint gives as an example is nobody's.
EXAMPLE = "ABCDEFGHJKLMNPQH"
# With the word before it ("Aanvraag K7RM-4X9T") one in 32 references would look like a code.
REFERENCE = re.compile(r"(?<![\w-])\w{4}-\w{4}(?![\w-])")
# An access code or a reference; an IBAN; an e-mail address. Of a masked one too.
EXACT = re.compile(
    r"(?<![\w-])(?=[\w-]*\d)[A-Z2-9]{4}(?:-[A-Z2-9]{4})+(?![\w-])"
    r"|\b[A-Z]{2}\d\d(?: ?[A-Z0-9•]{2,4}){2,}"
    r"|[\w.+•-]+@[\w-]+\.\w+"
)
UNTRANSLATED = ("head", "pre", "script", "style", "textarea", "option")
LINKS = re.compile(r"/link/[\w-]{20}")
LEFTOVERS = re.compile(r"\{\{|\}\}|\{%|%\(\w+\)|>None<|Undefined")


def parse(text: str, *, fragment: bool = False) -> Element:
    """The tree of a page (or of a piece of one). Raises html5lib's ParseError for invalid HTML."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    tree = parser.parseFragment(text) if fragment else parser.parse(text)
    assert isinstance(tree, Element)
    return tree


def elements(tree: Element, *names: str) -> Iterator[Element]:
    """The elements with one of these names (all of them when none is given), in order."""
    for element in tree.iter():
        # A comment's tag is a function.
        if isinstance(element.tag, str) and (not names or element.tag in names):
            yield element


def text_of(element: Element) -> str:
    """What is read: the text in an element, white space made one."""
    return " ".join("".join(element.itertext()).split())


def title_of(tree: Element) -> str:
    """The title, or nothing."""
    return next((text_of(element) for element in elements(tree, "title")), "")


class Rule(Protocol):
    """Yields a line for everything that breaks it."""

    def __call__(self, tree: Element) -> Iterator[str]: ...


def ids(tree: Element) -> Iterator[str]:
    """Each id stands once, and what is referred to is there."""
    counts = Counter(element.get("id") for element in elements(tree) if element.get("id") is not None)
    yield from (f"the id {name!r} stands {count} times" for name, count in counts.items() if count > 1 or not name)
    for element in elements(tree):
        for attribute in REFERENCES:
            for name in element.get(attribute, "").split():
                if name not in counts:
                    yield f"{element.tag} {attribute}={name!r} refers to nothing"
        for attribute in ("href", "data-hx-target"):
            value = element.get(attribute, "")
            if value.startswith("#") and value[1:] not in counts:
                yield f"{element.tag} {attribute}={value!r} leads nowhere"


def labels(tree: Element) -> Iterator[str]:
    """Each field has a label, each link and button a name, each image a description."""
    labelled = {element.get("for") for element in elements(tree, "label")}
    for element in elements(tree, "input", "select", "textarea"):
        named = element.get("id") in labelled or element.get("aria-label")
        if element.get("type", "text") not in UNNAMED_INPUTS and not named:
            yield f"the field {element.get('name')!r} has no label"
    for element in elements(tree, "a", "button"):
        is_place = element.tag == "a" and "href" not in element.attrib  # a former id of a question
        if not (is_place or text_of(element) or element.get("aria-label")):
            yield f"a {element.tag} has no text: {element.attrib}"
    for element in elements(tree, "img"):
        if "alt" not in element.attrib:
            yield f"an image has no alt: {element.attrib}"


def forms(tree: Element) -> Iterator[str]:
    """Each form works without a script, and does the same with one. (`get` is a form's method when none is named.)

    A `get` form may leave it at that: then what it asks for stands in the address of the page that it leads to. So may
    logging out, which is on pages of which the script is not fetched for that.
    """
    for form in elements(tree, "form"):
        method, action = form.get("method", "get"), form.get("action", "")
        if not action.startswith("/"):
            yield f"a form has the action {action!r}"
        may_be_plain = method == "get" or action.endswith("/self-service/sign-in/out")
        is_plain = may_be_plain and not {"data-hx-get", "data-hx-post"} & form.attrib.keys()
        if form.get(f"data-hx-{method}") != action and not is_plain:
            yield f"a form's data-hx-{method} is {form.get(f'data-hx-{method}')!r}, its action {action!r}"
        if not [one for one in elements(form, "button") if one.get("type", "submit") == "submit"]:
            yield f"the form {action!r} has no button"
        if method == "post" and "data-switches" not in form.attrib and any(map(_is_typed_in, elements(form, "input"))):
            yield f"the form {action!r} loses what was typed when the language is switched: use forms.form"
    yield from _swaps(tree)
    for link in elements(tree, "a"):
        if "data-hx-get" in link.attrib and link.get("data-hx-get") != link.get("href"):
            yield f"a link's data-hx-get is {link.get('data-hx-get')!r}, its href {link.get('href')!r}"


def _is_typed_in(field: Element) -> bool:
    return field.get("type", "text") not in UNNAMED_INPUTS | {"password"}


def _swaps(tree: Element) -> Iterator[str]:
    """What is asked for comes in the place of the panel, not into it: there it would be nested in itself."""
    panels = {element.get("id") for element in elements(tree) if "panel" in element.get("class", "").split()}
    for element in elements(tree):
        asks = element.get("data-hx-post") or element.get("data-hx-get")
        own = element.get("id") if element.get("id") in panels else None
        target = element.get("data-hx-target", "").removeprefix("#") or own
        if asks and target in panels and not element.get("data-hx-swap", "").startswith("outerHTML"):
            yield f"a {element.tag} that asks for {asks!r} nests the panel {target!r} in itself: use forms.form"
        if element.get("data-hx-post") and not target:
            yield f"the answer to {asks!r} comes into the form itself (data-hx-target)"


def policy(tree: Element) -> Iterator[str]:
    """Nothing that the content security policy would stop, and nothing from elsewhere."""
    for element in elements(tree):
        for name in element.attrib:
            if name == "style" or name.startswith(("on", "hx-")):
                yield f"{element.tag} has the attribute {name}"
        source = element.get("src") or (element.get("href") if _is_resource(element) else None)
        if source and (not source.startswith("/") or source.startswith("//")):
            yield f"{element.tag} fetches {source!r}"
        if element.tag == "style" or (element.tag == "script" and (text_of(element) or not element.get("src"))):
            yield f"there is an inline {element.tag}"
        if int(element.get("tabindex", "0")) > 0:
            yield f"{element.tag} has tabindex {element.get('tabindex')}"
    if len([element for element in elements(tree) if "autofocus" in element.attrib]) > 1:
        yield "several elements want the focus"


def _is_resource(element: Element) -> bool:
    return element.tag == "link" and bool(RESOURCES & set(element.get("rel", "").split()))


def untranslated(tree: Element) -> Iterator[str]:
    """Codes, references, account numbers and e-mail addresses, whole or masked, are left alone when a browser
    translates the page. What a mail says (a demonstration's mailbox) is one text; a link is to be pressed.
    """
    for text in _translated(tree):
        for match in EXACT.finditer(text):
            yield f"{match[0]!r} may be translated: use the filter `codes`"


def _translated(element: Element) -> Iterator[str]:
    is_left_alone = element.get("translate") == "no" or element.get("href", "").startswith("mailto:")
    if isinstance(element.tag, str) and element.tag not in UNTRANSLATED and not is_left_alone:
        yield element.text or ""
        for child in element:
            yield from _translated(child)
            yield child.tail or ""


RULES: tuple[Rule, ...] = (ids, labels, forms, policy, untranslated)


@lru_cache(maxsize=1000)
def broken_html(text: str, *, lang: str, status: int = 200, fragment: bool = False) -> list[str]:
    """Every house rule that this page or fragment breaks, one line each. Many tests get the very same answers."""
    tree = parse(text, fragment=fragment)
    found = [line for rule in RULES for line in rule(tree)]
    found += [
        f"something was not filled in: {text[max(0, m.start() - 30) : m.end() + 30]!r}"
        for m in LEFTOVERS.finditer(text)
    ]
    found += list(_frame(tree, lang) if not fragment else _piece(tree))
    title = title_of(tree)
    with using_language(lang):
        prefix = gettext("Error: %(title)s", title="")
    # An error answer without a title (a fragment's) leaves the page's own title in force.
    if not title and not (fragment and status >= 400):
        found.append("there is no title")
    if title and title.startswith(prefix) != (status in (409, 422, 429)) and status != 429:
        found.append(f"the title of a {status} is {title!r}")
    return found


def _frame(tree: Element, lang: str) -> Iterator[str]:
    if tree.get("lang") != lang:
        yield f"lang is {tree.get('lang')!r}, not {lang!r}"
    if len(list(elements(tree, "h1"))) != 1:
        yield f"there are {len(list(elements(tree, 'h1')))} h1"
    if len(list(elements(tree, "main"))) != 1:
        yield "there is not exactly one main"
    levels = [int(one.tag[1]) for one in elements(tree, *(f"h{n}" for n in range(1, 7)))]
    yield from (f"h{high} follows h{low}" for low, high in pairwise(levels) if high > low + 1)


def _piece(tree: Element) -> Iterator[str]:
    if list(elements(tree, "h1", "html", "main")):
        yield "a fragment has what only a page may have"


def must_stay_uncompressed(headers: Headers, text: str) -> bool:
    """Whether this answer holds an access code or a mailed link, or is a file (security.md, BREACH)."""
    typed = (normalise_code(match[0]) for match in CODES.finditer(REFERENCE.sub("-", text)))
    has_code = any(is_valid_code(code) and code != EXAMPLE for code in typed)
    return "Content-Disposition" in headers or bool(LINKS.search(text)) or has_code


def broken_headers(status: int, headers: Headers, cookies: list[str]) -> list[str]:
    """Every rule for headers that an answer of the app breaks, one line each."""
    found = [
        f"{name} is {headers.get(name)!r}" for name, value in SECURITY_HEADERS.items() if headers.get(name) != value
    ]
    if headers.get("Cache-Control") not in (NO_STORE, NO_TRANSFORM):
        found.append(f"Cache-Control is {headers.get('Cache-Control')!r}")
    if "HX-Request" not in headers.get("Vary", ""):
        found.append(f"Vary is {headers.get('Vary')!r}")
    if {"Server", "X-Powered-By"} & set(headers.keys()):
        found.append("the answer says what it runs on")
    for cookie in cookies:
        # Only who sent something, or followed a mailed link, has anything to be remembered; both are sent on.
        # The mark that scripts may read is worth nothing, so it may also be put right.
        is_mark = cookie.startswith(f"{MARKER}=")
        if not is_mark and status != 303 and "HX-Redirect" not in headers:
            found.append(f"a {status} sets a cookie")
        if not {"HttpOnly", "SameSite=Lax", "Path=/"} <= {*cookie.split("; "), "HttpOnly" * is_mark}:
            found.append(f"a cookie is too free: {cookie.partition('=')[2].partition(';')[2]}")
    return found
