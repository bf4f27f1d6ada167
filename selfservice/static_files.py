"""The files of a build as answers."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache
from mimetypes import MimeTypes
from pathlib import Path
from typing import IO
from urllib.parse import quote

from werkzeug.http import parse_accept_header, parse_date, parse_range_header
from werkzeug.sansio.http import is_resource_modified

from selfservice.web.theme import HASHED_NAME, THEME_PREFIX

Headers = list[tuple[str, str]]
HeaderGetter = Callable[[str], str | None]  # a header of the request, by its name in small letters
INDEX = "index.html"
# Beside the page that stands at an old address for hosts that only serve files, an empty file with this ending more:
# the app leads on from there.
MOVED_SUFFIX = ".moved"
COMPRESSED_SUFFIXES = {"br": ".br", "gzip": ".gz"}  # made beside the file by the build (publish/writing/files.py)
IMMUTABLE = "max-age=315360000, public, immutable"
# Pages are asked for again each time: with an ETag that is a 304 and no body.
REVALIDATE = "no-cache, public"
CACHED_FILES = 512  # in memory, of at most CACHED_BYTES each; longer ones are sent from the disk
CACHED_BYTES = 128 * 1024
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
class RawResponse:
    """An answer to GET or HEAD. Its body is `content`, or these bytes of an open `file` (from, up to)."""

    status: int
    headers: Headers
    content: bytes = b""
    file: IO[bytes] | None = None
    byte_range: tuple[int, int] = (0, 0)


class StaticFiles:
    """The files below a folder, each with these headers besides its own."""

    def __init__(self, root: Path, headers: Mapping[str, str]) -> None:
        self._root = str(root)
        self.headers = list(headers.items())
        self._described = lru_cache(CACHED_FILES)(self._describe)

    def find(self, path: str) -> StaticFile | Redirect | None:
        """The file at this address (decoded), the way to it from one that is not quite its own, or None; None also for
        an old address.
        """
        *folders, name = path.split("/")
        if folders[:1] != [""] or not {"", ".", ".."}.isdisjoint([*folders[1:], name or INDEX]) or "\\" in path:
            return None
        file = self._root + path + ("" if name else INDEX)
        try:
            # Not by Path, which takes a tenth of a help page's time.
            found = os.stat(file)  # noqa: PTH116
            if stat.S_ISDIR(found.st_mode):
                is_page = Path(file, INDEX).is_file() and not Path(file, INDEX + MOVED_SUFFIX).exists()
                return Redirect(f"{quote(name)}/", self.headers) if is_page else None
        except (OSError, ValueError):  # ValueError: a NUL in the address
            return None
        if name == INDEX:
            return Redirect("./", self.headers)
        is_copy = file[-3:] in COMPRESSED_SUFFIXES.values() and Path(file[:-3]).is_file()
        if is_copy or not stat.S_ISREG(found.st_mode) or file.endswith(MOVED_SUFFIX):
            return None
        return self._described(path, file, found.st_mtime_ns, found.st_size, found.st_ino)

    def _describe(self, path: str, file: str, mtime_ns: int, size: int, _inode: int) -> StaticFile | None:
        if Path(file + MOVED_SUFFIX).exists():
            return None
        copies: list[tuple[int, str, str | None]] = [(size, file, None)]
        for encoding, ending in COMPRESSED_SUFFIXES.items():
            with suppress(OSError):
                copies.append((Path(file + ending).stat().st_size, file + ending, encoding))
        own = [
            ("Content-Type", content_type(file)),
            ("Cache-Control", IMMUTABLE if path.startswith(THEME_PREFIX) and HASHED_NAME.search(path) else REVALIDATE),
            ("Last-Modified", formatdate(mtime_ns // 10**9, usegmt=True)),
            # Not of the second alone: the site builds in less.
            ("ETag", f'"{mtime_ns:x}-{size:x}"'),
            *([("Vary", "Accept-Encoding")] if len(copies) > 1 else []),
        ]
        return StaticFile(own, self.headers, sorted(copies, key=lambda copy: copy[0]))


@dataclass(frozen=True)
class Redirect:
    """The way to a page, by a relative address: nothing here knows the address of the site."""

    location: str
    shared: Headers

    def respond(self, _get_header: HeaderGetter) -> RawResponse:
        """The answer to any request."""
        return RawResponse(302, [("Location", self.location), ("Cache-Control", "max-age=0, public"), *self.shared])


class StaticFile:
    """A file of the site as it is now, with its compressed copies (size, path, encoding), smallest first."""

    def __init__(self, own: Headers, shared: Headers, copies: Sequence[tuple[int, str, str | None]]) -> None:
        self._headers, self._shared, self._copies = dict(own), shared, copies
        self._cached: dict[str | None, RawResponse] = {}

    def respond(self, get_header: HeaderGetter) -> RawResponse:
        """The answer to a request with these headers.

        What is read is whole, as it was or as it is, whatever happens to the file meanwhile. Raises OSError when it
        has just gone.
        """
        if self._is_not_modified(get_header):
            return RawResponse(304, [each for each in self._headers.items() if each[0] in _SENT_WITH_304])
        accepted = _accepted_encodings(get_header("accept-encoding") or "")
        size, path, encoding = next(copy for copy in self._copies if copy[2] is None or copy[2] in accepted)
        whole = self._cached.get(encoding) or self._full_response(path, encoding, is_short=size <= CACHED_BYTES)
        return whole if get_header("range") is None else self._range_response(get_header, whole)

    def _is_not_modified(self, get_header: HeaderGetter) -> bool:
        """Whether the client says that it has this version."""
        tags, date = get_header("if-none-match"), get_header("if-modified-since")
        if tags is None:
            # Not 'or earlier': after going back to a former build, what a client has is of a later one.
            return date is not None and parse_date(date) == parse_date(self._headers["Last-Modified"])
        return not is_resource_modified(http_if_none_match=tags, etag=self._headers["ETag"])

    def _full_response(self, path: str, encoding: str | None, *, is_short: bool) -> RawResponse:
        headers = [*self._headers.items(), *self._shared, *([("Content-Encoding", encoding)] if encoding else [])]
        if is_short:
            content = Path(path).read_bytes()
            headers.append(("Content-Length", str(len(content))))
            return self._cached.setdefault(encoding, RawResponse(200, headers, content, byte_range=(0, len(content))))
        file = Path(path).open("rb")  # noqa: SIM115 (whoever sends it closes it)
        size = os.fstat(file.fileno()).st_size
        return RawResponse(200, [*headers, ("Content-Length", str(size))], file=file, byte_range=(0, size))

    def _range_response(self, get_header: HeaderGetter, whole: RawResponse) -> RawResponse:
        """The part that was asked for, or all of it."""
        wanted, (_, size) = parse_range_header(get_header("range")), whole.byte_range
        if wanted is None or wanted.units != "bytes" or len(wanted.ranges) > 1:
            return whole
        if (has := get_header("if-range")) and is_resource_modified(
            "bytes",
            has,
            etag=self._headers["ETag"],
            last_modified=self._headers["Last-Modified"],
            ignore_if_range=False,
        ):
            # Its other parts are of another version.
            return whole
        part = (0, size) if wanted.ranges[0][0] < -size else wanted.range_for_length(size)
        if part is None:
            if whole.file:
                whole.file.close()
            return RawResponse(416, [("Content-Range", f"bytes */{size}"), *self._shared])
        start, end = part
        headers = [each for each in whole.headers if each[0] != "Content-Length"]
        headers += [("Content-Range", f"bytes {start}-{end - 1}/{size}"), ("Content-Length", str(end - start))]
        return RawResponse(206, headers, whole.content[start:end], whole.file, part)


@lru_cache(CACHED_FILES)
def _accepted_encodings(header: str) -> frozenset[str]:
    """The encodings that an Accept-Encoding header takes, in small letters."""
    return frozenset(name.lower() for name, quality in parse_accept_header(header) if quality > 0)
