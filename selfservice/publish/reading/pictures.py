"""The pictures of pages: content/img/, from `![what is seen](img/form.png)` to an address that may be kept for ever."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import imagesize

from selfservice.i18n.languages import LANGUAGES
from selfservice.publish.reading.markdown import Document, Problem
from selfservice.publish.reading.svg import svg_size, unsafe_svg
from selfservice.web.theme import THEME_PREFIX

FOLDER = "img"
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".svg")
WARNED_BYTES = 200 * 1000
MAX_BYTES = 1000 * 1000
IMAGE = re.compile(r'<img src="([^"]*)" alt="([^"]*)"( title="[^"]*")? />')
_NAME = re.compile(rf"[a-z0-9-]+(?:\.(?:{'|'.join(LANGUAGES)}))?\.[a-z]+")
# What the others begin with: what begins otherwise would be sent as what it is not.
_BEGINNINGS = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"RIFF")


@dataclass(frozen=True)
class Picture:
    """A picture as it is served: its address holds a hash of what it shows; width and height in pixels."""

    path: str
    content: bytes
    width: int
    height: int


class Pictures:
    """The pictures of a content folder. Reads those that are used, once."""

    def __init__(self, content: Path) -> None:
        self._folder = content / FOLDER
        self._read: dict[str, Picture | str] = {}
        self.used: set[str] = set()  # files
        self.published: set[str] = set()  # those of them that pages which visitors see show
        self._missing = False

    @cached_property
    def names(self) -> list[str]:
        """The files in the folder; what begins with a dot is none."""
        if not self._folder.is_dir():
            return []
        found = (path.relative_to(self._folder).as_posix() for path in self._folder.rglob("*") if path.is_file())
        return sorted(name for name in found if not Path(name).name.startswith("."))

    def files(self) -> dict[str, bytes]:
        """What is served of them: content by path, relative to the site's root."""
        shown = (self._picture(name) for name in sorted(self.published))
        return {one.path.lstrip("/"): one.content for one in shown if isinstance(one, Picture)}

    def resolve(self, document: Document, lang: str, file: str) -> str:
        """The page's HTML, in which the pictures have their addresses and sizes. What is wrong with one is added to the
        document's problems.
        """
        shown, text = 0, document.html

        def write(match: re.Match[str]) -> str:
            nonlocal shown
            source = html.unescape(match[1]).replace("%5C", "\\")
            name = source.removeprefix("../").removeprefix(f"{FOLDER}/")
            if name == source.removeprefix("../"):
                self._tell(document, file, source, _elsewhere(source))
                return match[0]
            picture = self._of_language(name, lang)
            if isinstance(picture, str):
                self._tell(document, file, source, picture)
                return match[0]
            shown += 1
            # The first may be seen at once; the others wait until they come near.
            later = ' loading="lazy"' if shown > 1 else ""
            size = f'width="{picture.width}" height="{picture.height}"'
            return f'<img src="{picture.path}" alt="{match[2]}"{match[3] or ""} {size}{later} decoding="async">'

        return IMAGE.sub(write, text) if "<img" in text else text

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the files themselves, and those that no page shows. After all pages were resolved."""
        for name in self.names:
            file = f"content/{FOLDER}/{name}"
            if isinstance(self._read.get(name), str):
                continue  # its page says so
            if not _NAME.fullmatch(name) or Path(name).suffix not in SUFFIXES:
                kinds = ", ".join(SUFFIXES)
                message = (
                    f"a picture's name has small letters, digits and dashes, and ends in one of {kinds}: rename it"
                )
                yield Problem(file, 1, message, see="pictures")
            elif name not in self.used:
                # A name that is not right may have been meant for this one.
                if self._missing:
                    continue
                yield Problem(file, 1, "no page shows this picture: show it or remove it", error=False, see="pictures")
            elif isinstance(picture := self._picture(name), Picture) and len(picture.content) > WARNED_BYTES:
                message = (
                    f"the picture has {len(picture.content) // 1000} kB, which is slow on a phone: make it smaller "
                    f"than {WARNED_BYTES // 1000} kB"
                )
                yield Problem(file, 1, message, error=False, see="pictures")

    def _of_language(self, name: str, lang: str) -> Picture | str:
        """The picture of this name, that of the language where there is one; or what is wrong with it."""
        stem, _, suffix = name.rpartition(".")
        for each in (f"{stem}.{lang}.{suffix}", name):
            if each in self.names:
                self.used.add(each)
                return self._picture(each)
        self._missing = True
        near = get_close_matches(name, self.names, 1)
        hint = f"; did you mean '{FOLDER}/{near[0]}'?" if near else f": put it in content/{FOLDER}/"
        return f"there is no picture content/{FOLDER}/{name}{hint}"

    def _picture(self, name: str) -> Picture | str:
        if name not in self._read:
            try:
                self._read[name] = _read(self._folder / name, name)
            except OSError as error:
                self._read[name] = f"the picture '{FOLDER}/{name}' cannot be read: {error.strerror}"
        return self._read[name]

    def _tell(self, document: Document, file: str, source: str, message: str) -> None:
        document.problems.append(Problem(file, document.line_of(source), message, see="pictures"))


def _read(path: Path, name: str) -> Picture | str:
    """A picture, or what is wrong with it."""
    suffix, shown = path.suffix, f"'{FOLDER}/{name}'"
    if suffix not in SUFFIXES:
        return f"the picture {shown} must be one of {', '.join(SUFFIXES)}"
    size = path.stat().st_size
    if size > MAX_BYTES:
        return f"the picture {shown} has {size // 1000} kB; make it smaller than {WARNED_BYTES // 1000} kB"
    content = path.read_bytes()
    if suffix == ".svg":
        if wrong := unsafe_svg(content):
            return f"the picture {shown} {wrong}"
        width, height = svg_size(content)
    else:
        width, height = imagesize.get(path) if content.startswith(_BEGINNINGS) else (0, 0)
    if width <= 0 or height <= 0:
        return f"the picture {shown} is no {suffix[1:].upper()} file that can be read, or has no size: save it again"
    digest = hashlib.sha256(content).hexdigest()[:10]
    stem = name.removesuffix(suffix)
    return Picture(f"{THEME_PREFIX}pictures/{stem}.{digest}{suffix}", content, round(width), round(height))


def _elsewhere(source: str) -> str:
    if "\\" in source:
        return f"the picture '{source}' is not found: write / for \\"
    if "//" in source:
        return f"the picture '{source}' is on another site: put it in content/{FOLDER}/ and write {FOLDER}/its-name.png"
    return f"the picture '{source}' must be in content/{FOLDER}/: put it there and write {FOLDER}/its-name.png"
