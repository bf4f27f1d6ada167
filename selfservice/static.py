"""The built site's files as answers: looked up anew for each request, so that a build beside a running server shows."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from mimetypes import MimeTypes
from pathlib import Path
from typing import IO
from urllib.parse import quote

from werkzeug.http import parse_accept_header, parse_range_header
from werkzeug.sansio.http import is_resource_modified

from selfservice.theme import HASHED, PREFIX

Headers = list[tuple[str, str]]
Asked = Callable[[str], str | None]  # a header of the request, by its name in small letters
INDEX = "index.html"
COPIES = {"br": ".br", "gzip": ".gz"}  # made beside the file by the build (publish/files.py)
FOREVER = "max-age=315360000, public, immutable"
# Pages are asked for again each time: with an ETag that is a 304 and no body.
ANEW = "no-cache, public"
KEPT_FILES = 512  # in memory, of at most KEPT_BYTES each; longer ones are sent from the disk
KEPT_BYTES = 128 * 1024
_SENT_WITH_304 = {"Cache-Control", "ETag", "Vary"}  # RFC 9110, section 15.4.5
# Python's own table, the same on every machine, and what it lacks or calls by an older name.
_TYPES = MimeTypes()
for _ending, _type in {
    ".js": "text/javascript", ".mjs": "text/javascript", ".md": "text/markdown", ".ico": "image/x-icon",
    ".webp": "image/webp", ".woff": "font/woff", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
    ".ogg": "audio/ogg", ".m4a": "audio/x-m4a", ".m4v": "video/x-m4v", ".xhtml": "application/xhtml+xml",
    ".rss": "application/rss+xml", ".atom": "application/atom+xml", ".rtf": "application/rtf",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet", ".odt": "application/vnd.oasis.opendocument.text",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}.items():  # fmt: skip
    _TYPES.add_type(_type, _ending)


def content_type(name: str) -> str:
    """The Content-Type of a file with this name."""
    kind = _TYPES.guess_type(name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


@dataclass(frozen=True)
class Answer:
    """An answer to GET or HEAD. Its body is `content`, or these bytes of an open `file` (from, up to)."""

    status: int
    headers: Headers
    content: bytes = b""
    file: IO[bytes] | None = None
    part: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class _Copy:
    """A file as it lies on the disk, compressed or not, with the headers that only this form of it has."""

    path: str
    mtime_ns: int
    size: int
    inode: int
    encoding: str | None


class Files:
    """The files below a folder, each with these headers besides its own."""

    def __init__(self, root: Path, headers: Mapping[str, str]) -> None:
        self._root = str(root)
        self.headers = list(headers.items())
        self._described = lru_cache(KEPT_FILES)(self._describe)

    def find(self, path: str) -> File | Redirect | None:
        """The file at this address (decoded), the way to it from one that is not quite its own, or None."""
        *folders, name = path.split("/")
        if folders[:1] != [""] or not {"", ".", ".."}.isdisjoint([*folders[1:], name or INDEX]) or "\\" in path:
            return None
        file = Path(self._root + path + ("" if name else INDEX))
        try:
            found = file.stat()
            if stat.S_ISDIR(found.st_mode):
                return Redirect(f"{quote(name)}/", self.headers) if (file / INDEX).is_file() else None
        except (OSError, ValueError):  # ValueError: a NUL in the address
            return None
        if name == INDEX:
            return Redirect("./", self.headers)
        if not stat.S_ISREG(found.st_mode) or (file.suffix in COPIES.values() and file.with_suffix("").is_file()):
            return None
        return self._described(path, _Copy(str(file), found.st_mtime_ns, found.st_size, found.st_ino, None))

    def _describe(self, path: str, plain: _Copy) -> File:
        copies = [plain]
        for encoding, ending in COPIES.items():
            beside = Path(plain.path + ending)
            try:
                found = beside.stat()
            except OSError:
                continue
            copies.append(_Copy(str(beside), found.st_mtime_ns, found.st_size, found.st_ino, encoding))
        own = [
            ("Content-Type", content_type(plain.path)),
            ("Cache-Control", FOREVER if path.startswith(PREFIX) and HASHED.search(path) else ANEW),
            ("Last-Modified", formatdate(plain.mtime_ns // 10**9, usegmt=True)),
            # Not of the second alone: the site builds in less.
            ("ETag", f'"{plain.mtime_ns:x}-{plain.size:x}"'),
            *([("Vary", "Accept-Encoding")] if len(copies) > 1 else []),
        ]
        return File(own + self.headers, self.headers, tuple(sorted(copies, key=lambda copy: copy.size)))


@dataclass(frozen=True)
class Redirect:
    """The way to a page, by a relative address: nothing here knows the address of the site."""

    location: str
    shared: Headers

    def answer(self, _asked: Asked) -> Answer:
        """The answer to any request."""
        return Answer(302, [("Location", self.location), ("Cache-Control", "max-age=0, public"), *self.shared])


@dataclass(frozen=True)
class File:
    """A file of the site as it is now, with its compressed copies, smallest first."""

    headers: Headers
    shared: Headers
    copies: tuple[_Copy, ...]

    def answer(self, asked: Asked) -> Answer:
        """The answer to a request with these headers.

        What is read is whole, as it was or as it is, whatever happens to the file meanwhile. Raises OSError when it
        has just gone.
        """
        if self._is_known(asked):
            return Answer(304, [each for each in self.headers if each[0] in _SENT_WITH_304])
        accepted = _accepted(asked("accept-encoding") or "")
        copy = next(each for each in self.copies if each.encoding is None or each.encoding in accepted)
        headers = [*self.headers, ("Content-Encoding", copy.encoding)] if copy.encoding else self.headers
        if copy.size <= KEPT_BYTES:
            content = _read(copy)
            return self._part(asked, headers, len(content), content, None)
        file = Path(copy.path).open("rb")  # noqa: SIM115 (whoever sends it closes it)
        return self._part(asked, headers, os.fstat(file.fileno()).st_size, b"", file)

    def _is_known(self, asked: Asked) -> bool:
        """Whether the client says that it has this version."""
        tags, date = asked("if-none-match"), asked("if-modified-since")
        if tags is None and date is None:
            return False
        known = dict(self.headers)
        return not is_resource_modified(
            http_if_none_match=tags,
            http_if_modified_since=date,
            etag=known["ETag"],
            last_modified=known["Last-Modified"],
        )

    def _part(self, asked: Asked, headers: Headers, size: int, content: bytes, file: IO[bytes] | None) -> Answer:
        """The part that was asked for, or all of it."""
        whole = Answer(200, [*headers, ("Content-Length", str(size))], content, file, (0, size))
        wanted = parse_range_header(asked("range"))
        if wanted is None or wanted.units != "bytes" or len(wanted.ranges) > 1:
            return whole
        known = dict(headers)
        if (has := asked("if-range")) and is_resource_modified(
            "bytes", has, etag=known["ETag"], last_modified=known["Last-Modified"], ignore_if_range=False
        ):
            # Its other parts are of another version.
            return whole
        part = (0, size) if wanted.ranges[0][0] < -size else wanted.range_for_length(size)
        if part is None:
            if file:
                file.close()
            return Answer(416, [("Content-Range", f"bytes */{size}"), *self.shared])
        start, end = part
        said = [("Content-Range", f"bytes {start}-{end - 1}/{size}"), ("Content-Length", str(end - start))]
        return Answer(206, headers + said, content[start:end], file, part)


@lru_cache(KEPT_FILES)
def _read(copy: _Copy) -> bytes:
    """The whole of a file, kept as long as it is the same one on the disk."""
    return Path(copy.path).read_bytes()


@lru_cache(KEPT_FILES)
def _accepted(header: str) -> frozenset[str]:
    """The encodings that an Accept-Encoding header takes, in small letters."""
    return frozenset(name.lower() for name, quality in parse_accept_header(header) if quality > 0)
