"""The documentation as its readers see it: headings, links, blocks of code, and the commands that a text names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
# What is typed in a shell, without and with what it prints.
SHELL, CONSOLE = "sh", "console"
_FENCE = re.compile(r"^ *(```+)(\w*)")
_NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
_HEADING = re.compile(r"#{1,6} +(.+?)(?: *\{#([\w-]+)[^}]*})?")
_LINK = re.compile(r"\[(?:[^\[\]]|!?\[[^\]]*])*]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A block of code: where it stands, under which heading and in which section (`##`), and why it is not run when it
    says so.
    """

    page: str
    line: int
    heading: str
    section: str
    language: str
    text: str
    not_run: str = ""

    def __str__(self) -> str:
        """Its place."""
        return f"{self.page}:{self.line}"


def name(page: Path) -> str:
    """Its path from the top of the repository."""
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    """The blocks of code of a page, fenced or indented; one that is only indented has the language ""."""
    return list(_blocks(name(page), page.read_text("utf-8").splitlines()))


def _blocks(page: str, lines: list[str]) -> Iterator[Block]:
    heading = section = not_run = ""
    number = 0
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence or (line.startswith("    ") and line.strip() and (not number or not lines[number - 1].strip())):
            start, own = number, []
            number += bool(fence)
            while number < len(lines) and _goes_on(lines[number], fence):
                own.append(lines[number])
                number += 1
            indent = len(line) - len(line.lstrip())
            text = "".join(f"{each[indent:]}\n" for each in own)
            language = fence[2] if fence else ""
            yield Block(page, start + 1, heading, section, language, text.rstrip("\n") + "\n", not_run)
            not_run = ""
        elif found := _HEADING.fullmatch(line):
            heading = found[1]
            section = heading if line.startswith("## ") else section
        elif mark := _NOT_RUN.fullmatch(line.strip()):
            not_run = mark[1]
        number += 1


def _goes_on(line: str, fence: re.Match[str] | None) -> bool:
    return not line.strip().startswith(fence[1]) if fence else line.startswith("    ") or not line.strip()


def _prose(page: Path) -> str:
    """A page's text without its fenced blocks."""
    return re.sub(r"^ *```.*?^ *```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What a link may have behind its `#`: the headings, as git hosts make them, and ids that stand there."""
    headings = [_HEADING.fullmatch(line) for line in _prose(page).splitlines()]
    plain = [re.sub(r"[^\w\- ]", "", found[1].lower()).replace(" ", "-") for found in headings if found]
    return set(plain)


def links(page: Path) -> list[str]:
    """Where a page leads, outside its code."""
    return _LINK.findall(re.sub(r"`[^`]*`", "``", _prose(page)))


def commands(page: Path, program: str) -> Iterator[str]:
    """Every use of a program on a page, in a block or between backticks: what stands behind its name, up to the end of
    the command. `program` is a pattern.
    """
    texts = [block.text for block in blocks(page) if block.language in ("", SHELL, CONSOLE)]
    texts += re.findall(r"`([^`\n]+)`", _prose(page))
    begin = r"(?:^|[|;&(]|\$ |\b(?:sudo|exec)) *(?:[A-Z_]+=\S+ +)*(?:\S*/)?"
    for text in texts:
        joined = text.replace("\\\n", " ")
        uses = re.finditer(rf"{begin}{program}(?![\w/.:-])([^\n|;&#>)]*)", joined, re.MULTILINE)
        yield from (found[1].strip() for found in uses)
