"""Pictures in pages: their addresses, sizes and languages, and what is told of one that is wrong."""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from selfservice.config import Config
from selfservice.facts.facts import Facts
from selfservice.i18n.languages import using_language
from selfservice.publish.build import BuildError, build
from selfservice.publish.reading.markdown import Document, read
from selfservice.publish.reading.pictures import MAX_BYTES, WARNED_BYTES, Pictures
from selfservice.web.theme import HASHED_NAME
from tests.conftest import Site, new_app_unshared
from tests.domain_helpers import CONTENT

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20">%s</svg>'


def png(width: int, height: int, padding: int = 0) -> bytes:
    """A picture of this size in pixels, with so many bytes that nobody sees."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    parts = chunk(b"IHDR", head), chunk(b"teXt", bytes(padding)), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.fixture
def shown(tmp_path: Path) -> Callable[..., tuple[str, list[str]]]:
    """Shows a text with these pictures there: its HTML, and what is told, of the page and then of the files."""
    (tmp_path / "img").mkdir()

    def show(text: str, lang: str = "en", **files: bytes) -> tuple[str, list[str]]:
        for name, content in files.items():
            (tmp_path / "img" / name.replace("__", ".")).write_bytes(content)
        pictures = Pictures(tmp_path)
        with using_language(lang):
            document: Document = read(f"---\ntitle: T\n---\n{text}\n", "p.md", Facts.load(CONTENT / "facts.toml"))
        html = pictures.resolve(document, lang, "p.md")
        return html, [problem.line_alone for problem in [*document.problems, *pictures.problems()]]

    return show


Show = Callable[..., tuple[str, list[str]]]


def test_picture_has_an_address_for_ever_its_size_and_waits_when_it_is_not_the_first(shown: Show) -> None:
    """So nothing moves when it comes."""
    html, told = shown(
        '![One](img/a.png)\n\n![Two “quoted”](../img/b.svg "Title")', a__png=png(31, 17), b__svg=(SVG % "").encode()
    )
    one, two = re.findall(r"<img[^>]*>", html)
    assert (re.sub(r"\.\w{10}\.", ".HASH.", one), told) == (
        '<img src="/theme/pictures/a.HASH.png" alt="One" width="31" height="17" decoding="async">',
        [],
    )
    assert re.sub(r"\.\w{10}\.", ".HASH.", two) == (
        '<img src="/theme/pictures/b.HASH.svg" alt="Two “quoted”" title="Title" width="30" height="20" loading="lazy" '
        'decoding="async">'
    )
    assert HASHED_NAME.search(one.split('"')[1])


def test_picture_of_the_language_is_shown_in_it_and_the_common_one_in_the_others(shown: Show) -> None:
    """`form.nl.png` beside `form.png`."""
    html, told = shown("![Form](img/form.png)", "nl", form__png=png(2, 2), form__nl__png=png(3, 3))
    assert ("/theme/pictures/form.nl." in html, 'width="3"' in html, len(told)) == (True, True, 1)
    assert told == ["content/img/form.png:1: warning: no page shows this picture: show it or remove it"]
    assert 'width="2"' in shown("![Form](img/form.png)", "en")[0]


@pytest.mark.parametrize(
    ("text", "files", "line"),
    [
        ("![A](img/fom.png)", {"form__png": png(2, 2)}, "p.md:4: there is no picture content/img/fom.png; did"),
        ("![A](img/x.png)", {}, "p.md:4: there is no picture content/img/x.png: put it in content/img/"),
        ("![A](x.png)", {}, "p.md:4: the picture 'x.png' must be in content/img/: put it there"),
        ("![A](https://a.example/x.png)", {}, "p.md:4: the picture 'https://a.example/x.png' is on another site"),
        ("![A](img/../../secret.png)", {}, "p.md:4: there is no picture content/img/../../secret.png"),
        ("![A](img/a.png)", {"a__png": b"no picture"}, "p.md:4: the picture 'img/a.png' is no PNG file"),
        ("![A](img/a.png)", {"a__png": png(1, 1, MAX_BYTES)}, "p.md:4: the picture 'img/a.png' has 1000 kB; make"),
        ("![A](img/a.png)", {"a__png": png(1, 1, WARNED_BYTES)}, "content/img/a.png:1: warning: the picture has"),
        ("![A](img/a.gif)", {"a__gif": b"GIF89a"}, "p.md:4: the picture 'img/a.gif' must be one of .png"),
        ("", {"Big Form__png": png(1, 1)}, "content/img/Big Form.png:1: a picture's name has small letters"),
        ("", {"a__png": png(1, 1)}, "content/img/a.png:1: warning: no page shows this picture: show it or remove it"),
        *(
            ("![A](img/a.svg)", {"a__svg": (SVG % inside).encode()}, f"p.md:4: the picture 'img/a.svg' {line}")
            for inside, line in {
                "<script>1</script>": "has a <script>, which may not be in a picture: take it away",
                "<foreignObject/>": "has a <foreignobject>",
                '<rect onclick="x()"/>': "has 'onclick'",
                '<image href="https://a.example/x.png"/>': "fetches something from elsewhere (href)",
                '<use href="other.svg#a"/>': "fetches something from elsewhere (href)",
                '<rect fill="url(//a.example/x)"/>': "fetches something from elsewhere (fill)",
                "<style>@import 'x.css'</style>": "fetches something from elsewhere (style)",
                "<style>@\\69mport 'x.css'</style>": "fetches something from elsewhere (style)",
                "<style>a{}<g/>@import 'x.css'</style>": "fetches something from elsewhere (style)",
                '<rect style="fill:u\\72l(x)"/>': "fetches something from elsewhere (style)",
                '<use href="data:image/svg+xml,x#a"/>': "fetches something from elsewhere (href)",
                '<g xml:base="https:a.example"/>': "fetches something from elsewhere (base)",
                '<meta xmlns="http://www.w3.org/1999/xhtml" http-equiv="refresh" content="0;url=/x"/>': "has a <meta>",
                '<stylesheet xmlns="http://www.w3.org/1999/XSL/Transform"/>': "has a <stylesheet>",
                '<?xml-stylesheet href="x.css"?>': "has a <?…?> besides <?xml …?>: take it away",
                "<g>": "is no SVG that can be read",
            }.items()
        ),
        *(
            ("![A](img/a.svg)", {"a__svg": content}, f"p.md:4: the picture 'img/a.svg' {line}")
            for content, line in (
                (b'<!DOCTYPE x [<!ENTITY a "b">]>' + (SVG % "").encode(), "has a <!DOCTYPE>"),
                (('<!DOCTYPE x [<!ENTITY a "b">]>' + SVG % "").encode("utf-16"), "is not in UTF-8: save it again"),
                (b'<?xml version="1.0" encoding="none"?>' + (SVG % "").encode(), "is no SVG that can be read"),
                (b'<?xml version="1.0" encoding="utf-7"?>' + (SVG % "").encode(), "is no SVG that can be read"),
                (b'<html xmlns="http://www.w3.org/1999/xhtml" width="1" height="1"/>', "is no SVG: it must begin"),
                (SVG.replace("0 0 30 20", "- - - -").encode() % b"", "is no SVG file that can be read, or has no size"),
                (SVG.replace("viewBox", 'width="1.2.3" height="." x').encode() % b"", "is no SVG file that can be"),
                (SVG.replace("viewBox", f'width="{"9" * 400}" height="1" x').encode() % b"", "is no SVG file that"),
            )
        ),
        ("![A](img/a.png)", {"a__png": (SVG % "").encode()}, "p.md:4: the picture 'img/a.png' is no PNG file"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_picture_is_told_in_one_line(
    shown: Show, text: str, files: dict[str, bytes], line: str
) -> None:
    """Where it is shown, or else of the file."""
    told = shown(text, **files)[1]
    assert (1, line) == (len(told), told[0][: len(line)])


def test_svg_may_use_what_is_in_itself(shown: Show) -> None:
    """A gradient, a part that is drawn twice, a photograph."""
    inside = (
        '<use href="#a"/><rect fill="url(#g)"/><rect fill="url( &quot;#g&quot;)"/>'
        '<image href="data:image/png;base64,AA//"/>'
        '<g xmlns:d="urn:d" d:file="C:\\x//y"><d:view d:onx="1"/></g>'
    )
    assert [] == shown("![A](img/a.svg)", a__svg=(SVG % inside).encode())[1]


def test_site_shows_its_picture_in_each_language_and_serves_it(site: Site) -> None:
    """The letter of the demonstration."""
    for lang in ("en", "nl"):
        page = site.app.extensions["layout"].page("recognise-a-message", lang)
        found = re.findall(
            r'<img src="(/theme/pictures/letter[^"]+)" alt="[^"]+" width="560" height="420"', site.text(page.path)
        )
        assert [True] == [(site.output / path[1:]).is_file() for path in found]
        assert (lang == "nl") == (".nl." in found[0])


def test_missing_picture_stops_a_build(copied: Config) -> None:
    """A page with a hole in it is not published."""
    page = copied.content / "en" / "digid.md"
    page.write_text(page.read_text("utf-8") + "\n![Nothing](img/nothing.png)\n", "utf-8")
    with pytest.raises(BuildError, match=r"content/en/digid\.md:\d+: there is no picture content/img/nothing\.png"):
        build(new_app_unshared(copied), copied, compress=False)
