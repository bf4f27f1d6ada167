"""The file of a page as text, whatever an editor's program made of it; and files of which nothing becomes a page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from selfservice.i18n.languages import LANGUAGES
from selfservice.problems import Problem
from selfservice.publish.reading import pictures
from selfservice.publish.reading.front_matter import Fault

SEE = "files"
_NAME = re.compile("[a-z0-9-]+")
MAX_BYTES = 1_000_000
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: .*)?$", re.MULTILINE)
# What editors' programs leave behind them: of no page, and of no harm.
_LEFT_BEHIND = re.compile(r"(?:^[.#~].*|.*(?:~|\.(?:bak|orig|rej|swp|swo|tmp|new)))$")


@dataclass
class PageFile:
    """The text of a page's file. With `is_unread` what stands in it is not known, so that nothing follows from it."""

    source: str
    faults: list[Fault] = field(default_factory=list)
    is_unread: bool = False


def page_files(folder: Path) -> list[Path]:
    """The files of pages in a folder, in order."""
    found = sorted(folder.glob("*.md"))
    return [path for path in found if not _LEFT_BEHIND.match(path.name) and (path.is_symlink() or not path.is_dir())]


def read_page_file(path: Path, content: Path) -> PageFile:
    """Read the file of a page in the content folder. Never raises for what an editor did."""
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(content.resolve()):
            return _unread("this is a link to a file elsewhere: put the file itself here")
        size = path.stat().st_size
        if size > MAX_BYTES:
            return _unread(f"the file has {size / 1e6:.1f} MB: a page is text, of 1 MB at most")
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it is not there").lower()
        return _unread(f"the file cannot be read ({reason}): let Loket read it, or take it away")
    if raw.startswith(_UTF16):
        return PageFile("", [Fault(1, "the file is in UTF-16: save it as UTF-8", SEE)], is_unread=True)
    try:
        text, faults = raw.decode("utf-8-sig"), []
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        # What most programs of Windows meant by it, so that the rest can be read.
        text = raw.decode("cp1252", "replace")
        shown = text[error.start]
        faults = [Fault(line, f"'{shown}' is not written in UTF-8 here: save the file as UTF-8", SEE)]
    return _clean(text.replace("\r\n", "\n").replace("\r", "\n"), faults)


def _clean(text: str, faults: list[Fault]) -> PageFile:
    """Without what cannot be seen; a file in which git left a conflict is not read."""
    if conflict := _CONFLICT.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        message = f"git left two versions here: choose one, and take the lines with {conflict[0][:7]}, ======= and "
        message += "<<<<<<< away" if conflict[0][0] == ">" else ">>>>>>> away"
        return PageFile("", [Fault(line, message, SEE)], is_unread=True)
    if not faults and (unseen := _UNSEEN.search(text)):
        line = text.count("\n", 0, unseen.start()) + 1
        faults = [Fault(line, f"a character that cannot be seen (U+{ord(unseen[0]):04X}): type this line again", SEE)]
    return PageFile(_UNSEEN.sub(" ", text), faults)


def _unread(message: str) -> PageFile:
    return PageFile("", [Fault(1, message, SEE)], is_unread=True)


def misplaced_files(content: Path, names: Iterable[str]) -> Iterator[Problem]:
    """Files (by their place) and folders of which nothing would become a page, without a word."""
    for path in sorted(content.iterdir()):
        if path.is_dir() and path.name not in (*LANGUAGES, pictures.FOLDER) and not path.name.startswith("."):
            message = f"'{path.name}' is no language of this site: add it to the languages in site.toml, or remove it"
            yield Problem(f"content/{path.name}", 1, message, see=SEE)
    for lang in LANGUAGES:
        with os.scandir(content / lang) if (content / lang).is_dir() else nullcontext(()) as entries:
            folders = sorted(entry.name for entry in entries if entry.name.endswith(".md") and entry.is_dir())
        for name in folders:
            yield Problem(f"content/{lang}/{name}", 1, "this is a folder: a page is a file", see=SEE)
    for place in names:
        folder, _, name = place.rpartition("/")
        if message := _misplaced(folder, name):
            yield Problem(f"content/{place}", 1, message, see=SEE)


def _misplaced(folder: str, name: str) -> str:
    """What is wrong with where a file stands, or with its name."""
    key, dot, suffix = name.rpartition(".")
    is_page = suffix in ("md", "markdown", "txt") and bool(dot)
    if _LEFT_BEHIND.match(name) or (folder and folder.partition("/")[0] not in LANGUAGES):
        return ""
    if folder not in LANGUAGES:
        folders = " or ".join(f"content/{code}" for code in LANGUAGES)
        return f"pages stand in {folders}: move it there" if is_page else ""
    if f".{suffix.lower()}" in pictures.SUFFIXES:
        return "pictures stand in content/img: move it there"
    if suffix != "md":
        named = re.sub("[^a-z0-9-]+", "-", (key or name).lower()).strip("-")
        return f"of this file nothing becomes a page: the name of a page ends in .md, such as {named or 'page'}.md"
    return "" if _NAME.fullmatch(key) else "a file name has only small letters, digits and dashes: rename it"
