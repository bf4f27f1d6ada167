"""What had better be looked at in the text of a page, by itself. It may be right: nothing is stopped by it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import PurePosixPath

from selfservice.i18n.languages import using_language
from selfservice.problems import Problem
from selfservice.publish.reading.body import NOT_TEXT, Body, body_of
from selfservice.publish.reading.markdown import Document, plain_text
from selfservice.publish.rules import link_advice
from selfservice.publish.rules.body_checks import cells
from selfservice.publish.rules.plain_words import Words
from selfservice.web.labels import labels_of
from selfservice.web.pages import FACT_REFERENCE

Found = tuple[int, str]  # the line, and what is said of it
_FACT_LIKE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w/=.-])(?!\d\d-\d\d-\d{4}\b)(?:\+31|0)[\d ()-]{7,}\d(?!\w)"), "a telephone number"),
    (re.compile(r"(?:€|\bEUR\b)\s?\d(?:[\d.,]*\d)?|\b\d+(?:[.,]\d\d)? euro\b", re.IGNORECASE), "a price"),
    (re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.]+\b"), "an e-mail address"),
)
_NO_MAIL = re.compile(r"(?<![\w.@/])[\w.+-]+@[a-z][\w-]+(?![\w@-]|\.\w)")
_HIDDEN = re.compile("[\u00ad\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ue000-\uf8ff]")
_PRIVATE = "\ue000"
_HARD_SPACES = re.compile(
    r"(?:(?:&nbsp;|\xa0)[ \xa0]*){2,}|(?: (?:&nbsp;|\xa0)|(?:&nbsp;|\xa0) )(?! )|^(?:&nbsp;|\xa0)+", re.MULTILINE
)
_OTHER_ENCODING = re.compile("[ÃÂ][\x80-\xbf]|â(?:€[\x80-\xbf™œž“”˜]?|\x80[\x80-\xbf])")
_LEFT_OVER = re.compile(r"\b(?:TODO|FIXME|XXX|TBD)\b|\b[Ll]orem ipsum\b|\?\?\?")
_DOUBLE_SPACE = re.compile(r"(?<=[^\s|])  +(?=[^\s|])")
_MARKS = re.compile(r"\*\*|~~|(?<!_)__(?!_)|`")
_BULLET = re.compile(r"(?:\A|(?<=\n))[•●▪◦‣·○■◆➢✓]\s*(?=\S)")
_NO_SPACE = re.compile(r"\A(?:[-+*](?=[^\W\d_])|\d{1,2}[.)](?=[^\W\d_]))")
_BOX = re.compile(r"\A\[[ xX]\]\s")
_CAPITALS = re.compile(r"(?:(?<![\w])[^\W\d_a-z]{2,}(?![\w])[ ,]+){3,}[^\W\d_a-z]{2,}(?!\w)")
_FILE_NAME = re.compile(r"[\w-]+\.(?:png|jpe?g|webp|svg|gif)", re.IGNORECASE)
_TWICE = re.compile(r"(?<![\w-])([^\W\d_]{2,})\s+\1(?![\w-])", re.IGNORECASE)
_QUOTED = re.compile("[‘“]([^‘’“”]+)[’”]")
_FORM = "selfservice:"
_USELESS = re.compile(r"<(span|div|section|p)>")


def advice(document: Document, file: str, words: Words | None = None) -> Iterator[Problem]:
    """What had better be looked at in a page; `words` are those of its language."""
    words = words or Words()
    body = body_of(document)
    found = [(see, one) for see, rule in RULES for one in rule(body, words)]
    found += [("facts", one) for one in _bare_values(document)]
    with using_language(PurePosixPath(file).parent.name):
        found += [("labels", one) for one in _copied_labels(body)]
    found += link_advice.advice(document, words)
    # What is told of the same line may be the cause.
    mistaken = {problem.line for problem in document.problems if problem.error}
    for see, (line, message) in found:
        if line in mistaken:
            continue
        yield Problem(file, line, message, error=False, see=see)


def _bare_values(document: Document) -> Iterator[Found]:
    """Values that had better be facts."""
    for number, text in enumerate(document.source.splitlines(), 1):
        if number < document.body_line and not text.startswith(("title:", "description:", "lead:")):
            continue
        prose = FACT_REFERENCE.sub("", text)
        for pattern, what in _FACT_LIKE:
            if match := pattern.search(prose):
                yield (
                    number,
                    f"'{match[0].strip()}' looks like {what}: put it in content/facts.toml and write {{{{ fact.… }}}}",
                )


def _copied_labels(body: Body) -> Iterator[Found]:
    """What is between quotation marks and is called so in a form that the page has or leads to."""
    quoted = [(match[1], block.place(match.start())) for block in body.blocks for match in _QUOTED.finditer(block.text)]
    forms = {link.dest.removeprefix(_FORM) for link in body.links if link.dest.startswith(_FORM)} if quoted else ()
    names = {text(): f"{form}.{name}" for form in sorted(forms) for name, text in labels_of(form).items()}
    for said, place in quoted:
        if said in names:
            yield body.line(place), f"‘{said}’ is what a form calls it: write {{{{ label.{names[said]} }}}}"


def _counted(body: Body, words: Words) -> Iterator[Found]:
    """Terms and prices in words or digits."""
    pattern = _amounts(words.numbers, words.units)
    for block in body.blocks if pattern else ():
        for match in pattern.finditer(block.prose) if pattern else ():
            shown = " ".join(match[0].split())
            message = f"'{shown}' looks like a term or a price: put it in content/facts.toml and write {{{{ fact.… }}}}"
            yield body.line(block.place(match.start())), message


@cache
def _amounts(numbers: frozenset[str], units: frozenset[str]) -> re.Pattern[str] | None:
    if not numbers or not units:
        return None
    one, other = ("|".join(map(re.escape, sorted(each, key=len, reverse=True))) for each in (numbers, units))
    return re.compile(rf"(?<![\w.,-])(?:{one}|\d+(?:[.,]\d+)?)\s+(?:[^\W\d_]+\s+)?(?:{other})(?![\w-])", re.IGNORECASE)


def _wrong_mail(body: Body, words: Words) -> Iterator[Found]:
    yield from _each(body, _NO_MAIL, lambda shown: f"'{shown}' is no e-mail address that can be right")


def _each(body: Body, pattern: re.Pattern[str], say: Callable[[str], str]) -> Iterator[Found]:
    """What is said of each place in the prose that is as the pattern says, once a line."""
    for block in body.blocks:
        found = [(body.line(block.place(match.start())), match[0].strip()) for match in pattern.finditer(block.prose)]
        for line, matches in groupby(found, key=lambda one: one[0]):
            yield line, say(next(matches)[1])


def _hidden(body: Body, words: Words) -> Iterator[Found]:
    """Characters that nobody sees, and spaces that do not break."""
    for number, text in enumerate(body.shown.split("\n"), body.first_line):
        if match := _HIDDEN.search(text):
            name = "of a font of its own" if match[0] >= _PRIVATE and match[0] != "\ufeff" else ""
            name = name or unicodedata.name(match[0], "").lower()
            where = text[max(0, match.start() - 12) : match.start()].strip()
            yield number, f"a character that cannot be seen ({name}) stands behind '{where}': type it again without"
        elif _HARD_SPACES.search(text):
            yield number, "spaces that do not break (&nbsp;) make no room on a page: type one space"


def _other_encoding(body: Body, words: Words) -> Iterator[Found]:
    yield from _each(
        body, _OTHER_ENCODING, lambda shown: f"'{shown}' seems to be a letter from another encoding: type it again"
    )


def _left_over(body: Body, words: Words) -> Iterator[Found]:
    yield from _each(body, _LEFT_OVER, lambda shown: f"'{shown}' is still there: finish the text, or take it away")


def _double_spaces(body: Body, words: Words) -> Iterator[Found]:
    places = [block.place(match.start()) for block in body.blocks for match in _DOUBLE_SPACE.finditer(block.prose)]
    if places:
        many = f" ({len(places)} times on this page)" if len(places) > 1 else ""
        yield body.line(places[0]), f"two spaces between words: type one{many}"


def _marks(body: Body, words: Words) -> Iterator[Found]:
    yield from _each(
        body, _MARKS, lambda shown: f"'{shown}' is shown as it stands: close it, without a space on its inside"
    )


def _lists(body: Body, words: Words) -> Iterator[Found]:
    """What was meant to be a list, or became one."""
    for block in body.blocks:
        line = body.line(block.place(0))
        if match := _BULLET.search(block.prose):
            place = body.line(block.place(match.start()))
            yield place, f"'{match[0].strip()}' makes no list: write - and a space before each of its lines"
        elif match := _NO_SPACE.match(block.prose):
            yield line, f"'{match[0]}' makes no list: put a space behind it"
        elif _BOX.match(block.prose) and "Item" in block.inside:
            yield line, f"'{block.prose[:3]}' is shown as it stands, since there are no boxes to tick: take it away"
        elif block.prose.startswith(": ") and block.inside == ("Paragraph",):
            yield line, "what is explained stands right above the line with ':': write it there"
    for place, first in body.lists:
        if first > 31:
            message = f"'{first}.' at the beginning of a line makes a list of it: write {first}\\."
            yield body.line(place), message
        elif first > 1 and not re.search(rf"^\s*{first - 1}[.)]\s", body.slice(0, place), re.MULTILINE):
            yield body.line(place), f"the list begins with {first}: let it begin with 1"


def _bold(body: Body, words: Words) -> Iterator[Found]:
    for block in body.blocks:
        text = NOT_TEXT.sub("", block.text).strip()
        if block.inside == ("Paragraph",) and len(text) > 1 and block.strong >= len(block.text.rstrip(" .:!?")):
            yield body.line(block.place(0)), "a whole paragraph in bold: make a heading of it (### …), or stress a word"


def _capitals(body: Body, words: Words) -> Iterator[Found]:
    yield from _each(body, _CAPITALS, lambda _: "words in capitals are hard to read: write them in small letters")


def _twice(body: Body, words: Words) -> Iterator[Found]:
    for block in body.blocks:
        for match in _TWICE.finditer(block.prose):
            if match[1].lower() not in words.twice and "TableCell" not in block.inside:
                yield body.line(block.place(match.start())), f"'{match[1]}' stands here twice"


def _indented(body: Body, words: Words) -> Iterator[Found]:
    for place in body.indented:
        message = (
            "four spaces or a tab at the beginning make code of this: take them away, or put ``` above and below it"
        )
        yield body.line(place), message


def _short_rows(body: Body, words: Words) -> Iterator[Found]:
    for table in body.tables:
        for start, end in table.rows:
            if (count := cells(body.slice(start, end))) < table.columns:
                has = "1 cell" if count == 1 else f"{count} cells"
                message = f"the row has {has} and the head of the table {table.columns}: the last are empty"
                yield body.line(start), f"{message}; text below a table needs an empty line above it"


def _same_titles(body: Body, words: Words) -> Iterator[Found]:
    first: dict[tuple[int, str], int] = {}
    for heading in body.headings:
        title = " ".join(NOT_TEXT.sub("", heading.text).split())
        line = first.setdefault((heading.level, title.lower()), body.line(heading.start))
        if heading.level == 2 and title and line != body.line(heading.start):
            yield (
                body.line(heading.start),
                f"the question '{plain_text(title)}' is on line {line} too: say what differs",
            )


def _footnotes(body: Body, words: Words) -> Iterator[Found]:
    for place, name in body.footnotes:
        if name not in body.footnote_marks:
            yield (
                body.line(place),
                f"nothing in the text leads to the footnote '[^{name}]': write [^{name}] where it belongs",
            )


def _pictures(body: Body, words: Words) -> Iterator[Found]:
    for image in body.images:
        if _FILE_NAME.fullmatch(image.alt.strip()):
            yield body.line(image.start), f"'{image.alt}' is the name of a file: say what is seen on the picture"


def _useless_tags(body: Body, words: Words) -> Iterator[Found]:
    for place, text in body.html:
        if match := _USELESS.search(text):
            yield body.line(place), f"<{match[1]}> does nothing by itself: take it and its </{match[1]}> away"


RULES: tuple[tuple[str, Callable[[Body, Words], Iterator[Found]]], ...] = (
    ("facts", _counted),
    ("facts", _wrong_mail),
    ("text", _hidden),
    ("files", _other_encoding),
    ("text", _left_over),
    ("text", _double_spaces),
    ("text", _marks),
    ("text", _lists),
    ("text", _bold),
    ("text", _capitals),
    ("text", _twice),
    ("text", _indented),
    ("tables", _short_rows),
    ("questions", _same_titles),
    ("text", _footnotes),
    ("pictures", _pictures),
    ("html", _useless_tags),
)
