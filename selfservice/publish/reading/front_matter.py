"""The front matter of a page: which names may stand in it, what a right value of each looks like, and what is said of
another. What is read here is right: a value that is not, or a name that nobody knows, becomes a fault and is left out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import yaml

from selfservice.problems import Problem
from selfservice.publish.reading.yaml_mistakes import ENTRY, FENCE, cause, name_on, shortened, shown_end
from selfservice.site_config import did_you_mean
from selfservice.web.pages import SECTIONS, TREE
from selfservice.web.publication import STATUSES

DESCRIPTION_LENGTH = (50, 170)  # characters; what search engines show
MAX_TITLE = 90  # characters
SEE = "front-matter"
_Loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_NEEDED = "the title, description, section and days of the page"


@dataclass(frozen=True)
class Fault:
    """Something wrong in the front matter: the line of the file, what, and what to do."""

    line: int
    message: str
    see: str = SEE
    error: bool = True


@dataclass
class FrontMatter:
    """What the front matter of a page says, where each name stands, and the text below it.

    Of the names in `told` something was said already, so that nothing is said of their being missing too.
    """

    meta: dict[str, Any] = field(default_factory=dict)
    body: str = ""
    body_line: int = 1
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    told: frozenset[str] = frozenset()


class WithFrontMatter(Protocol):
    """A page of which the front matter was read."""

    meta: dict[str, Any]
    lines: Mapping[str, int]
    told: frozenset[str]


class _WrongError(Exception):
    """A value is not of its kind. The line is that of the value unless another is given."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Key:
    """A name of the front matter: how its value is read, from name and node, and the section that explains it."""

    read: Callable[[str, yaml.Node], Any]
    required: bool = False
    see: str = SEE


def _text(name: str, node: yaml.Node) -> str:
    """A text, as it was written: also where YAML would make something else of it, as of No, 007 and 1e3."""
    if not isinstance(node, yaml.ScalarNode):
        raise _WrongError(f"'{name}:' must be one text: write it between double quotes, {name}: \"…\"")
    return " ".join(str(node.value).split())


def _slug(name: str, node: yaml.Node) -> str:
    slug = _text(name, node)
    if not re.fullmatch("[a-z0-9-]*", slug):
        raise _WrongError(f"'{name}:' is a part of an address: use small letters, digits and dashes")
    if slug == "self-service":
        raise _WrongError("the forms stand at 'self-service': choose another slug")
    return slug


def _texts(name: str, node: yaml.Node) -> list[str]:
    return [_text(name, each) for each in _items(name, node)]


def _items(name: str, node: yaml.Node, example: str = "") -> Sequence[yaml.Node]:
    if isinstance(node, yaml.ScalarNode):
        example = example or f"[{shortened(_text(name, node)) or '…'}]"
        raise _WrongError(f"'{name}:' must be a list, also of one: write '{name}: {example}'")
    if not isinstance(node, yaml.SequenceNode):
        raise _WrongError(f"'{name}:' must be a list: write '{name}: {example or '[…, …]'}'")
    return list(node.value)


def _pages(name: str, node: yaml.Node) -> list[str]:
    """Names of pages, with or without the .md of their files."""
    return [_text(name, each).removesuffix(".md") for each in _items(name, node)]


def _rows(*names: str) -> Callable[[str, yaml.Node], list[dict[str, str]]]:
    """A reader of a list of rows that have these names, each a text."""
    others = " and ".join(f"'{name}: …'" for name in names[1:])
    shape = f"'- {names[0]}: …' with {others} below it"

    def read(name: str, node: yaml.Node) -> list[dict[str, str]]:
        if not isinstance(node, yaml.SequenceNode):
            raise _WrongError(f"'{name}:' must be a list, each as {shape}")
        return [row(name, each) for each in node.value]

    def row(name: str, node: yaml.Node) -> dict[str, str]:
        line = _line(node)
        if not isinstance(node, yaml.MappingNode):
            raise _WrongError(f"each of '{name}:' is written as {shape}", line)
        found: dict[str, str] = {}
        for key, value in node.value:
            if key.value not in names:
                raise _WrongError(f"there is no '{key.value}:' in '{name}:': each is written as {shape}", _line(key))
            try:
                found[key.value] = _text(key.value, value)
            except _WrongError as error:
                raise _WrongError(str(error), _line(value)) from None
        if missing := [each for each in names if not found.get(each)]:
            raise _WrongError(f"one of '{name}:' has no '{missing[0]}:': each is written as {shape}", line)
        return found

    return read


def _choice(values: Sequence[str], message: str, *, guess: bool = False) -> Callable[[str, yaml.Node], str]:
    """A reader of one of these values; the message may name the `{value}` that is there and the `{values}`."""

    def read(name: str, node: yaml.Node) -> str:
        value = _text(name, node)
        if value not in values:
            near = did_you_mean(value, values) if guess else ""
            raise _WrongError(message.format(value=shortened(value), values=", ".join(values)) + near)
        return value

    return read


def _whole(name: str, node: yaml.Node) -> int:
    value = _text(name, node)
    if not re.fullmatch(r"-?[0-9]{1,6}", value):
        raise _WrongError(f"'{name}:' must be a whole number such as 30")
    return int(value)


def _months(name: str, node: yaml.Node) -> int:
    value = _text(name, node)
    if not re.fullmatch(r"[1-9][0-9]?", value):
        raise _WrongError(f"'{name}:' is a number of months, 1 to 99, such as 6")
    return int(value)


def _owner(name: str, node: yaml.Node) -> str:
    value = _text(name, node)
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", value):
        raise _WrongError(f"'{name}:' is a name in small letters, digits and dashes, such as team-register")
    return value


def _truth(name: str, node: yaml.Node) -> bool:
    value = _text(name, node).lower()
    if value not in ("true", "yes", "on", "false", "no", "off"):
        raise _WrongError(f"'{name}:' must be true, or be left out")
    return value in ("true", "yes", "on")


def _day(name: str, node: yaml.Node) -> dt.date:
    value = _text(name, node)
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            return dt.date.fromisoformat(value)
    except ValueError:
        raise _WrongError(f"there is no day {value}: look in a calendar") from None
    message = f"'{name}:' must be a date such as 2026-11-21: year, month, day"
    if meant := _meant(value):
        message = f"'{name}:' must be a date written as year-month-day: write {meant.isoformat()}"
    raise _WrongError(message)


def _meant(value: str) -> dt.date | None:
    """The day that is meant by a date written in another way, if that can be only one."""
    if re.fullmatch("[0-9]{8}", value):
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    digits = [int(part) for part in re.split(r"\D+", value.strip()) if part][:3]
    if len(digits) != 3 or re.search(r"[^\W\d_]", value.partition("T")[0]):
        return None
    year, month, day = digits if digits[0] > 999 else (digits[2], digits[1], digits[0])
    if digits[0] <= 999 and (month > 12 or (day <= 12 and "/" in value)):  # 03/04/2026 is one day here, another there
        return None
    try:
        return dt.date(year, month, day) if year > 999 else None
    except ValueError:
        return None


KEYS: Mapping[str, Key] = {
    "title": Key(_text, required=True),
    "description": Key(_text, required=True),
    "section": Key(_choice(SECTIONS, "the section must be one of {values}", guess=True), required=True),
    "slug": Key(_slug),
    "order": Key(_whole),
    "lead": Key(_text),
    "updated": Key(_day, required=True, see="dates"),
    "reviewed": Key(_day, required=True, see="dates"),
    "related": Key(_pages),
    "tasks": Key(_rows("title", "text", "link")),
    "wants": Key(_rows("want", "how", "link")),
    "kind": Key(
        _choice([TREE], "there is no kind of page '{value}': write 'kind: {values}', or leave it out"), see="trees"
    ),
    "template": Key(_choice(["home", "page"], "there is no template '{value}': only the home page has one, 'home'")),
    "about_this_site": Key(_truth),
    "formerly": Key(_texts, see="old-addresses"),
    "same-as": Key(_day, see="translations"),
    "status": Key(
        _choice(STATUSES, "there is no status '{value}': write 'status: draft', or leave it out", guess=True),
        see="drafts-and-days",
    ),
    "publish": Key(_day, see="drafts-and-days"),
    "until": Key(_day, see="drafts-and-days"),
    "see": Key(_text, see="drafts-and-days"),
    "owner": Key(_owner, see="owner-and-review"),
    "review_every": Key(_months, see="owner-and-review"),
}
_ALMOST_FENCE = re.compile("(?!---[ \t]*$)[ \t]*[-\u2013\u2014]{1,9}[ \t]*")  # dashes, but not those three


def read_front_matter(source: str) -> FrontMatter:
    """Read the front matter of a page, with the text below it. Never raises for what an editor wrote."""
    lines = source.split("\n")
    if not source.strip():
        return _unread(source, "the file is empty: write the page, or remove the file", "files")
    first = next(at for at, line in enumerate(lines) if line.strip())
    found = FrontMatter()
    if _ALMOST_FENCE.fullmatch(lines[first]):
        found.faults.append(
            Fault(first + 1, f"the first line of a page is ---: write that for '{lines[first].strip()}'")
        )
    elif not FENCE.fullmatch(lines[first]):
        if not (name := name_on(lines[first])) or name.lower() not in KEYS:
            return _unread(source, f"the page has no front matter: begin it with ---, {_NEEDED}, and ---")
        found.faults.append(Fault(first + 1, f"the first line of a page is ---: write it above '{name}:'"))
        first -= 1
    elif first:
        found.faults.append(Fault(1, "the first line of a page is ---: take away what stands above it"))
    begin = first + 1
    node, below = _compose_front_matter(found, lines, begin)
    found.body, found.body_line = "\n".join(lines[below:]), min(below + 1, len(lines))
    if isinstance(node, yaml.MappingNode):
        _read_entries(found, node, lines[begin:below], begin)
        return found
    found.told = frozenset(KEYS)
    if not found.faults:
        found.faults.append(Fault(begin + 1, f"the front matter is empty: write {_NEEDED} in it"))
    return found


def _unread(source: str, message: str, see: str = SEE) -> FrontMatter:
    return FrontMatter(body=source, faults=[Fault(1, message, see)], told=frozenset(KEYS))


def _compose_front_matter(found: FrontMatter, lines: Sequence[str], begin: int) -> tuple[yaml.Node | None, int]:
    """The front matter as YAML, None when it cannot be read, and the line on which the text of the page begins. What is
    wrong becomes a fault, unless one says already where it does not begin or end.
    """
    end = next((at for at in range(begin, len(lines)) if FENCE.fullmatch(lines[at])), len(lines))
    below = end + 1
    if end == len(lines):
        end = below = shown_end(lines, begin, end, KEYS)
        if not found.faults:
            message = "the front matter is not closed: write --- on a line of its own"
            where = f" above '{shortened(lines[end])}'" if end < len(lines) and lines[end].strip() else ""
            found.faults.append(Fault(min(end, len(lines) - 1) + 1, message + where))
    try:
        return _compose(lines[begin:end]), below
    except yaml.YAMLError as error:
        if not found.faults:
            at, message = cause(lines[begin:end], error, KEYS)
            found.faults.append(Fault(at + begin + 1, message))
        return None, below


def _compose(head: Sequence[str]) -> yaml.Node | None:
    """YAML in which all values are texts. Raises yaml.YAMLError."""
    node: yaml.Node | None = yaml.compose("\n".join(head) + "\n", Loader=_Loader)
    if node is not None and not isinstance(node, yaml.MappingNode):
        raise yaml.YAMLError
    return node


def _read_entries(found: FrontMatter, node: yaml.MappingNode, head: Sequence[str], begin: int) -> None:
    """Take in each name with its value."""
    told = set(found.told)
    for key, value in node.value:
        line = key.start_mark.line + begin + 1
        name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
        if name not in KEYS:
            near = did_you_mean(name.lower(), KEYS)
            told |= {known for known in KEYS if f"'{known}'" in near}
            if name.lower() in KEYS:
                message = f"names of the front matter have small letters: write '{name.lower()}:'"
            elif name:
                message = f"there is no '{shortened(name)}:' in front matter" + (near or ": take it away")
            else:
                message = "this is no line of 'name: value'"
            found.faults.append(Fault(line, message))
        elif name in found.lines:
            message = f"'{name}:' stands here twice, also on line {found.lines[name]}: keep one of them"
            found.faults.append(Fault(line, message))
        else:
            found.lines[name] = line
            try:
                found.meta[name] = KEYS[name].read(name, value)
            except _WrongError as error:
                at = error.line + begin + 1 if error.line else line
                found.faults.append(Fault(at, str(error), KEYS[name].see))
                told.add(name)
            else:
                found.faults += _lost(name, value, head, line)
    found.told = frozenset(told)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line)


def _lost(name: str, value: yaml.Node, head: Sequence[str], line: int) -> Iterator[Fault]:
    """What YAML leaves out of a text: what stands behind ' #', and a first word with & or !."""
    if KEYS[name].read is not _text or not isinstance(value, yaml.ScalarNode) or value.style:
        return
    entry = ENTRY.fullmatch(head[value.start_mark.line]) if value.start_mark.line < len(head) else None
    if entry and (entry[3] or "")[:1] in ("&", "!"):
        yield Fault(line, f"'{name}:' begins with {entry[3][0]}: write it between double quotes")
    elif entry and value.start_mark.line == value.end_mark.line and re.search(r"\s#", entry[3] or ""):
        message = f"what stands behind # is no part of '{name}:'; to keep it, write the whole between double quotes"
        yield Fault(line, message, error=False)


def values(document: WithFrontMatter, file: str) -> Iterator[Problem]:
    """What is missing, and texts that are longer or shorter than they are shown."""
    for name, key in KEYS.items():
        value = document.meta.get(name, "")
        if key.required and key.read is not _day and name not in document.told and not value:
            what = f"one of {', '.join(SECTIONS)}" if name == "section" else ""
            message = f"the page has no {name}: add '{name}: …'{' with ' if what else ''}{what} between the --- lines"
            yield Problem(file, document.lines.get(name, 1), message, see=key.see)
    if description := str(document.meta.get("description", "")):
        low, high = DESCRIPTION_LENGTH
        if not low <= len(description) <= high:
            message = f"the description has {len(description)} characters; search engines show {low} to {high}"
            yield Problem(file, document.lines.get("description", 1), message, error=False, see=SEE)
    if (length := len(str(document.meta.get("title", "")))) > MAX_TITLE:
        message = f"the title has {length} characters: say it in {MAX_TITLE} at most"
        yield Problem(file, document.lines.get("title", 1), message, error=False, see=SEE)


def dates(document: WithFrontMatter, file: str, today: dt.date) -> Iterator[Problem]:
    """The days on which the page was changed and looked at, seen from today."""
    for name in ("updated", "reviewed"):
        value = document.meta.get(name)
        if value is None and name not in document.told:
            message = f"the page has no '{name}:': add '{name}: {today.isoformat()}' between the --- lines"
            yield Problem(file, document.lines.get(name, 1), message, see="dates")
        elif value is not None and value > today:
            yield Problem(file, document.lines[name], f"'{name}:' lies in the future", error=False, see="dates")
