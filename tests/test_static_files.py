"""How files are answered. The tables were recorded from WhiteNoise 6.12 behind the former server; where they differ
from that, a comment says so.
"""

from __future__ import annotations

import dataclasses
import gzip
import os
from collections.abc import Callable, Iterator
from functools import partial

import brotli
import pytest

from selfservice.web.security import SECURITY_HEADERS
from tests.conftest import Site, new_config
from tests.live_server import Answer, ask, server

STAMP = 1_790_000_000
BEFORE, THEN, AFTER = (f"Mon, 21 Sep 2026 14:13:{second} GMT" for second in (19, 20, 21))
PAGE = b"<!doctype html><title>A page</title>" + b"<p>All the same.</p>" * 40
LARGE = bytes(range(256)) * 4096 * 3
# The former ones were of the second; a site builds in less.
TAG = f'"{STAMP * 10**9:x}-{len(PAGE):x}"'
LARGE_TAG = f'"{STAMP * 10**9:x}-{len(LARGE):x}"'
ANEW, FOREVER = "no-cache, public", "max-age=315360000, public, immutable"

COMPRESSED = {
    **dict.fromkeys(("index.html", "en/index.html", "en/page/index.html", "en/404.html"), PAGE),
    **dict.fromkeys(("theme/plain.css", "theme/site.0123456789.css", "other/site.0123456789.css"), b"p {color: red}\n"),
    "theme/htmx.0123456789.js": b"let x;\n" * 40,
    "theme/sign.0123456789.svg": b"<svg/>" * 40,
    "sitemap.xml": b"<urlset/>" * 40,
}
PLAIN = {
    "theme/font.0123456789.woff2": b"font",
    "robots.txt": b"User-agent: *\n",
    ".well-known/security.txt": b"Contact: x\n",
    "files/empty.txt": b"",
    "files/only.gz": b"only",
    "files/é b.txt": b"named",
    "files/large.bin": LARGE,
}
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "text/xml; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "pdf": "application/pdf",
    "zip": "application/zip",
    "mp4": "video/mp4",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "unknown": "application/octet-stream",
    "": "application/octet-stream",
    # Formerly application/octet-stream, and application/font-woff.
    "csv": "text/csv; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "webmanifest": "application/manifest+json",
    "woff": "font/woff",
}
CACHED = [
    ("/en/", ANEW, "Accept-Encoding"),
    ("/en/page/", ANEW, "Accept-Encoding"),
    ("/en/404.html", ANEW, "Accept-Encoding"),
    ("/sitemap.xml", ANEW, "Accept-Encoding"),
    ("/robots.txt", ANEW, None),
    ("/.well-known/security.txt", ANEW, None),
    ("/files/large.bin", ANEW, None),
    ("/theme/plain.css", ANEW, "Accept-Encoding"),
    ("/theme/site.0123456789.css", FOREVER, "Accept-Encoding"),
    ("/theme/htmx.0123456789.js", FOREVER, "Accept-Encoding"),
    ("/theme/sign.0123456789.svg", FOREVER, "Accept-Encoding"),
    ("/theme/font.0123456789.woff2", FOREVER, None),
    # Formerly max-age=0, which says the same.
    ("/other/site.0123456789.css", ANEW, "Accept-Encoding"),
]
ENCODED = {
    "": None,
    "identity": None,
    "deflate": None,
    "*": None,
    "gzip": "gzip",
    "br": "br",
    "gzip, deflate, br, zstd": "br",
    "gzip;q=0, br": "br",
    # Formerly br, gzip and None: not what the client says.
    "br;q=0": None,
    "x-gzip": None,
    "GZIP": "gzip",
}
CONDITIONS = [
    ({"If_None_Match": TAG}, 304),
    ({"If_None_Match": TAG, "Accept_Encoding": "br"}, 304),
    ({"If_None_Match": TAG, "Range": "bytes=0-3"}, 304),
    ({"If_None_Match": TAG, "If_Modified_Since": BEFORE}, 304),
    ({"If_None_Match": '"other"'}, 200),
    ({"If_None_Match": '"other"', "If_Modified_Since": THEN}, 200),
    ({"If_Modified_Since": BEFORE}, 200),
    ({"If_Modified_Since": THEN}, 304),
    # Formerly 304. As nginx does it: what was gone back to is older than what the client has.
    ({"If_Modified_Since": AFTER}, 200),
    ({"If_Modified_Since": "nonsense"}, 200),
    # Formerly 200, against RFC 9110, section 13.1.2. A front that compresses makes tags weak.
    ({"If_None_Match": f"W/{TAG}"}, 304),
    ({"If_None_Match": f'"other", {TAG}'}, 304),
    ({"If_None_Match": "*"}, 304),
]
SIZE = len(LARGE)
RANGES = [
    ({"Range": "bytes=0-3"}, 206, (0, 4)),
    ({"Range": "bytes=5-"}, 206, (5, SIZE)),
    ({"Range": "bytes=-4"}, 206, (SIZE - 4, SIZE)),
    ({"Range": "bytes=0-9999999"}, 206, (0, SIZE)),
    ({"Range": "bytes=-9999999"}, 206, (0, SIZE)),
    ({"Range": "bytes=9999999-"}, 416, (0, 0)),
    ({"Range": "bytes=0-1,4-5"}, 200, (0, SIZE)),
    ({"Range": "items=0-3"}, 200, (0, SIZE)),
    ({"Range": "bytes=x-"}, 200, (0, SIZE)),
    ({"Range": "bytes=0-3", "If_Range": LARGE_TAG}, 206, (0, 4)),
    ({"Range": "bytes=0-3", "If_Range": THEN}, 206, (0, 4)),
    # Formerly 416, 416, 206 of all, and 206 of another version, against RFC 9110, sections 14.1.2 and 13.1.5.
    ({"Range": "bytes=3-3"}, 206, (3, 4)),
    ({"Range": "bytes=4-2"}, 200, (0, SIZE)),
    ({"Range": "bytes=-0"}, 200, (0, SIZE)),
    ({"Range": "bytes=0-3", "If_Range": '"other"'}, 200, (0, SIZE)),
]
WAYS = {
    "/en": (302, "en/"),
    "/en/page": (302, "page/"),
    "/en/page?a=b": (302, "page/"),
    "/en/page/index.html": (302, "./"),
    "/en/page%2F": (200, None),
    **dict.fromkeys(
        [
            *("/theme", "/theme/", "/en/page/index.html.br", "/en/page/../page/", "/en//page/", "/en/./page/"),
            *("/EN/page/", "/robots.txt/", "/en/page/x", "/en%00/", "/%ff/", "/" + "x" * 300, "//en/page/"),
            *("/en\\page/", "/en/page/..", "/../output/robots.txt", "/..%2foutput/robots.txt", "/en/page/."),
        ],
        (404, None),
    ),
}
Get = Callable[..., Answer]


@pytest.fixture(scope="module")
def get(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Get]:
    """Ask a server with the files above."""
    folder = tmp_path_factory.mktemp("files")
    output = new_config(folder).site
    for name, content in (COMPRESSED | PLAIN | {f"files/a.{end}".rstrip("."): b"content" for end in TYPES}).items():
        file = output / name
        file.parent.mkdir(parents=True, exist_ok=True)
        forms = {"": content}
        if name in COMPRESSED:
            forms |= {".br": brotli.compress(content), ".gz": gzip.compress(content)}
        for ending, data in forms.items():
            form = file.with_name(file.name + ending)
            form.write_bytes(data)
            os.utime(form, (STAMP, STAMP))
    config = dataclasses.replace(new_config(folder), database=site.config.database)
    with server(config) as port:
        yield partial(ask, port)


def test_types(get: Get) -> None:
    """A file says what it is, by its name."""
    found = {end: get(f"/files/a.{end}".rstrip(".")).headers["Content-Type"] for end in TYPES}
    assert found == TYPES


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_headers(get: Get, method: str) -> None:
    """What may be kept, and for how long; the tag, the length and the headers of every answer."""
    for path, cached, vary in CACHED:
        answer, data = get(path, method), (COMPRESSED | PLAIN)[path[1:] + ("index.html" if path[-1] == "/" else "")]
        assert (200, data if method == "GET" else b"") == (answer.status, answer.data)
        expected = {
            "Cache-Control": cached,
            "Vary": vary,
            "ETag": f'"{STAMP * 10**9:x}-{len(data):x}"',
            "Last-Modified": THEN,
            "Content-Length": str(len(data)),
            "Content-Encoding": None,
            "Transfer-Encoding": None,
            **SECURITY_HEADERS,
        }
        assert expected == {name: answer.headers[name] for name in expected}, path


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("accepted", ENCODED)
def test_compressed(get: Get, method: str, accepted: str) -> None:
    """The smallest form that the client takes, made at the build."""
    answer = get("/en/page/", method, Accept_Encoding=accepted)
    undo = {None: bytes, "br": brotli.decompress, "gzip": gzip.decompress}
    encoding = answer.headers["Content-Encoding"]
    assert (200, ENCODED[accepted], TAG) == (answer.status, encoding, answer.headers["ETag"])
    if method == "GET":
        assert (PAGE, len(answer.data)) == (undo[encoding](answer.data), int(answer.headers["Content-Length"]))
    else:
        assert b"" == answer.data
        assert get("/en/page/", Accept_Encoding=accepted).headers["Content-Length"] == answer.headers["Content-Length"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("headers", "status"), CONDITIONS)
def test_conditions(get: Get, method: str, headers: dict[str, str], status: int) -> None:
    """What the client has already is not sent again."""
    answer = get("/en/page/", method, **headers)
    assert (status, ANEW, TAG, "Accept-Encoding") == (
        answer.status,
        *(answer.headers[name] for name in ("Cache-Control", "ETag", "Vary")),
    )
    if status == 304:
        assert (b"", None, None) == (answer.data, answer.headers["Content-Type"], answer.headers["Content-Length"])


@pytest.mark.parametrize(("headers", "status", "part"), RANGES)
def test_ranges(get: Get, headers: dict[str, str], status: int, part: tuple[int, int]) -> None:
    """A part of a file, from the disk or from memory."""
    start, end = part
    for method in ("GET", "HEAD"):
        answer = get("/files/large.bin", method, **headers)
        said = {206: f"bytes {start}-{end - 1}/{SIZE}", 200: None, 416: f"bytes */{SIZE}"}[status]
        assert (status, said) == (answer.status, answer.headers["Content-Range"])
        assert (LARGE[start:end] if method == "GET" else b"") == answer.data
        assert (str(end - start) if status != 416 or method == "GET" else None) == answer.headers["Content-Length"]


@pytest.mark.parametrize("accepted", ["", "br"])
def test_range_of_a_page(get: Get, accepted: str) -> None:
    """A part of a small file, in the form that is asked for."""
    data = brotli.compress(PAGE) if accepted else PAGE
    answer = get("/en/page/", Range="bytes=2-9", Accept_Encoding=accepted)
    assert (206, data[2:10], f"bytes 2-9/{len(data)}") == (answer.status, answer.data, answer.headers["Content-Range"])


@pytest.mark.parametrize("path", WAYS)
def test_ways(get: Get, path: str) -> None:
    """An address that is nearly a page's leads to it; nothing but the site's own files is served."""
    answer = get(path)
    assert WAYS[path] == (answer.status, answer.headers["Location"])
    # A redirect had none of these before.
    assert SECURITY_HEADERS == {name: answer.headers[name] for name in SECURITY_HEADERS}
