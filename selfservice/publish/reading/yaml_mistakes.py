"""Front matter that cannot be read as YAML: on which line, and what an editor most often did there."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Sequence

import yaml

FENCE = re.compile(r"---[ \t]*")
ENTRY = re.compile(r"(\s*(?:- +)?)([A-Za-z_][\w-]*)[ \t]*:(?:\s+(.*\S))?\s*")
_WITHOUT_SPACE = re.compile(r"\s*(?:- +)?([A-Za-z_][\w-]*):\S")
_SHORT = 60  # characters of a text that a message repeats
_SIGNS = "@`%*&!|>{}],?"  # with a meaning where a value begins


def shortened(text: str) -> str:
    """As much of a text as a message repeats."""
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def name_on(line: str) -> str:
    """The name of a line of 'name: value'; empty when it is none."""
    entry, close = ENTRY.fullmatch(line), _WITHOUT_SPACE.match(line)
    return entry[2] if entry else close[1] if close else ""


def shown_end(lines: Sequence[str], begin: int, end: int, known: Container[str]) -> int:
    """Where front matter ends by the look of it: behind the last known name, and what belongs to that."""
    last = max((at for at in range(begin, end) if name_on(lines[at]).lower() in known), default=begin - 1)
    return next((at for at in range(last + 1, end) if not re.match(r"\s+\S|- ", lines[at])), end)


def cause(head: Sequence[str], error: yaml.YAMLError, known: Container[str]) -> tuple[int, str]:
    """The first line, from 0, that is wrong by its look, and what to do; else that of the error."""
    for at, line in enumerate(head):
        before = head[at - 1] if at else ""
        for mistake in _MISTAKES:
            if message := mistake(line, before, known):
                return at, message
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = "this cannot be read: write lines of 'name: value', and between double quotes a value with : # [ or {"
    return (max(0, min(mark.line, len(head) - 1)) if mark else 0), message


def _tab(line: str, before: str, known: Container[str]) -> str:
    return "a tab stands in this line: write spaces in its place" if "\t" in line else ""


def _no_space(line: str, before: str, known: Container[str]) -> str:
    match = _WITHOUT_SPACE.match(line)
    return f"write a space behind '{match[1]}:'" if match and match[1].lower() in known else ""


def _no_entry(line: str, before: str, known: Container[str]) -> str:
    opened = ENTRY.fullmatch(before)
    goes_on = bool(opened and (opened[3] or "")[:1] in tuple("|>\"'["))
    if ENTRY.fullmatch(line) or not line.strip() or goes_on or re.match(r"[\s#-]", line):
        return ""
    return f"'{shortened(line)}' is no line of 'name: value'"


def _indented(line: str, before: str, known: Container[str]) -> str:
    entry, earlier = ENTRY.fullmatch(line), ENTRY.fullmatch(before)
    at_top = not before or bool(earlier and not earlier[1] and earlier[3])
    if entry and entry[1] and not entry[1].strip() and entry[2] in known and at_top:
        return f"take away the spaces before '{entry[2]}:'"
    return ""


def _value(line: str, before: str, known: Container[str]) -> str:
    entry = ENTRY.fullmatch(line)
    if not entry or not (value := entry[3] or ""):
        return ""
    name, between = entry[2], value.replace("\\", "").replace('"', "'")
    # Words between quotes at the beginning keep them; else the quotes are those of the value, of which one is missing.
    if between.count("'") != 2 or between.endswith("'"):
        between = between.strip("'")
    quoted = f'{name}: "{shortened(between)}"'
    if value[0] in "\"'":
        right = r'"(?:[^"\\]|\\.)*"\s*(?:#.*)?' if value[0] == '"' else r"'(?:[^']|'')*'\s*(?:#.*)?"
        return "" if re.fullmatch(right, value) else f"the quotes of '{name}:' do not match: write {quoted}"
    if value[0] == "[" and value.count("[") != value.count("]"):
        return f"'{name}:' has no ] at its end: write {name}: {shortened(value.rstrip(','))}]"
    if value[0] in _SIGNS:
        return f"'{name}:' begins with {value[0]}: write it between double quotes, {quoted}"
    if re.search(r":(?:\s|$)", value):
        return f"the value of '{name}:' has a colon: write it between double quotes, {quoted}"
    return ""


_MISTAKES: tuple[Callable[[str, str, Container[str]], str], ...] = (_tab, _no_space, _no_entry, _indented, _value)
