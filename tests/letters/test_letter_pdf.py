"""The letter on paper: its address in the window and nothing else, its code once, and a PDF that can be read aloud."""

from __future__ import annotations

import json
import unicodedata
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from selfservice.i18n.catalogs import gettext
from selfservice.i18n.formats import format_date
from selfservice.i18n.languages import LANGUAGES, using_language
from selfservice.letters.characters import font_characters, printing_error, to_printable, unprintable
from selfservice.letters.pdf import FOLDER, PdfCompiler
from selfservice.letters.text import LetterContext, letter_text
from selfservice.values.access_code import group_code
from selfservice.values.name import name_error
from tests.letter_helpers import CODE, DAY, LAST, LINES, MOMENT, letter, pieces, site, text

PRESS = PdfCompiler()
LONG = ("Stichting tot Bevordering van Zeer Lange Namen " * 5)[:199]
ADDRESSES = [
    LINES,
    ("Jip de Jonge", "Meelstraat 3", "0012 AB  TARWEDAM"),
    (LONG, "Wietske van der Zonnestraal-Winterbourne", "Burgemeester van Lantaarnstraat 256-1 hs", LINES[-1]),
    ("W" * 200, "W" * 60, "M" * 60, "0012 AB  " + "M" * 40),
    ("Brot GmbH", "Jip de Jonge", "Hauptstraße 5 a", "10115  BERLIN", "GERMANY"),
]
# Windows of 90 × 45 mm, 20 mm from the left and 15 mm from below (DIN 680), give or take 1 mm, in envelopes of
# DL and C6/5; the sheet, 210 mm wide and folded at 105 mm (DIN 5008, form B), can lie anywhere in them.
ENVELOPES = [(220, 110), (229, 114)]
WINDOW = (20, 15, 90, 45)


def windows() -> list[tuple[float, float, float, float]]:
    """Left, right, top and bottom of the window on the sheet, for each envelope and each way that the sheet can lie."""
    left, below, width, height = WINDOW
    return [
        (left - x + dx, left + width - x + dx, 105 - below - height + y + dy, 105 - below + y + dy)
        for across, high in ENVELOPES
        for x in (0, across - 210)
        for y in (0, high - 105)
        for dx in (-1, 1)
        for dy in (-1, 1)
    ]


def make(language: str = "nl", lines: tuple[str, ...] = LINES, at: LetterContext | None = None) -> bytes:
    """The PDF of a letter."""
    return PRESS.compile_letter(letter_text(letter(language, lines), CODE, DAY, at or site()), MOMENT)


@pytest.mark.parametrize("lines", ADDRESSES)
def test_address_in_window(lines: tuple[str, ...]) -> None:
    """All of the address shows in the window, whichever the envelope and however the sheet lies in it."""
    address = [piece for piece in pieces(make(lines=lines)) if piece.left < 100 and 58 < piece.top < 100]
    assert "".join(lines).replace(" ", "") == "".join(piece.text for piece in address).replace(" ", "")
    for left, right, top, bottom in windows():
        assert left < min(piece.left for piece in address)
        assert right > max(piece.right for piece in address)
        assert top < min(piece.top for piece in address)
        assert bottom > max(piece.bottom for piece in address)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", ADDRESSES)
def test_nothing_else_in_window(language: str, lines: tuple[str, ...]) -> None:
    """Besides the address only the line with the sender's can show in the window: no date, no reference, no code."""
    shown = {
        piece.text
        for piece in pieces(make(language, lines))
        for left, right, top, bottom in windows()
        if piece.left < right and piece.right > left and piece.top < bottom and piece.bottom > top
    }
    with using_language(language):
        sender = letter_text(letter(language, lines), CODE, DAY, site())["return_line"]
    assert {sender} == {one for one in shown if one.replace(" ", "") not in "".join(lines).replace(" ", "")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_code_once(language: str) -> None:
    """The code stands in the letter once, in groups of four, as it is typed; and nowhere else in the file."""
    made = make(language)
    assert [group_code(CODE)] == [piece.text for piece in pieces(made) if CODE[:4] in piece.text]
    assert 1 == text(made).count(group_code(CODE))
    assert group_code(CODE) not in str(PdfReader(BytesIO(made)).metadata)


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_the_language(language: str) -> None:
    """Text, dates and addresses are in the person's language; so says the file."""
    made = make(language)
    reader = PdfReader(BytesIO(made))
    root: Any = reader.trailer["/Root"]
    with using_language(language):
        title, day = gettext("Your access code"), format_date(LAST)
    assert (language, title) == (root["/Lang"], reader.metadata and reader.metadata.title)
    assert {"en": "Your access code", "nl": "Je toegangscode"}[language] == title
    said = text(made)
    for expected in (
        title,
        day,
        f"help.loket.example/{language}/self-service/request-status",
        "K7RM-4X9T",
        "C9YH-LGW5",
    ):
        assert expected in said


@pytest.mark.parametrize("form", ["sign-in", "request-status", "replacement-password", "lost-access-code"])
def test_addresses(form: str) -> None:
    """The letter says where to log in, to follow the request, to get a password and to replace a lost code."""
    assert f"help.loket.example/nl/self-service/{form}" in text(make())


def test_greeting_abroad() -> None:
    """Also above an address with a country the letter greets the person, not the street."""
    assert "Dear Jip de Jonge," in text(make("en", ADDRESSES[-1]))


def test_tagged() -> None:
    """The file says that it is PDF/UA-1, shows its title, and is tagged: one first heading, then the rest in order."""
    reader = PdfReader(BytesIO(make("en")))
    root: Any = reader.trailer["/Root"]
    assert (True, True) == (root["/MarkInfo"]["/Marked"], root["/ViewerPreferences"]["/DisplayDocTitle"])
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    tags = [tag for tag in walk(root["/StructTreeRoot"]["/K"]) if tag != "/Strong"]
    assert ["/H1", "/H2", "/H2", "/H2", "/H2"] == [tag for tag in tags if tag.startswith("/H")]
    assert {"/Document", "/P", "/H1", "/H2", "/L", "/LI", "/Lbl", "/LBody"} == set(tags)


def walk(node: Any) -> list[str]:
    """The kinds of a structure tree's elements, in order."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [tag for each in node for tag in walk(each)]
    return [str(node["/S"]), *walk(node.get("/K", []))] if isinstance(node, dict) and "/S" in node else []


def test_reading_order() -> None:
    """Read aloud, it goes from sender and address by title and code to the rest."""
    said = text(make("en"))
    wanted = [
        "KVK",
        "Jip van der Zonnestraal",
        "Our reference",
        "Your access code",
        group_code(CODE),
        "How to log in",
    ]
    assert wanted == sorted(wanted, key=said.index)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("lines", ADDRESSES)
def test_one_page(language: str, lines: tuple[str, ...]) -> None:
    """A letter is one sheet, also with the longest names and a long address of the site."""
    far = site()
    far = LetterContext(far.facts, "https://toegang.dienstverlening.gemeente-lang.example", far.page_path)
    reader = PdfReader(BytesIO(make(language, lines, far)))
    assert 1 == len(reader.pages)
    assert [595, 841] == [int(side) for side in reader.pages[0].mediabox[2:]]


def test_same_bytes() -> None:
    """The same letter gives the same file, in another process too; another moment gives another."""
    made = make()
    assert made == PdfCompiler().compile_letter(letter_text(letter(), CODE, DAY, site()), MOMENT)
    assert made != PRESS.compile_letter(letter_text(letter(), CODE, DAY, site()), MOMENT + timedelta(days=1))


def test_only_our_font() -> None:
    """Only the font that comes with Loket is used, and it is in the file."""
    page: Any = PdfReader(BytesIO(make())).pages[0]
    fonts = page["/Resources"]["/Font"]
    names = {str(font.get_object()["/BaseFont"]).split("+")[1].split("-")[0] for font in fonts.values()}
    assert {"AtkinsonHyperlegibleNext"} == names


def test_characters() -> None:
    """What we say we can print is what the fonts have a glyph for, neither more nor less."""
    files = (FOLDER / "fonts").glob("*-Regular.ttf")
    assert font_characters() == {chr(number) for file in files for number in TTFont(file).getBestCmap()}


# One of each script that can be printed, with what is hard in it: marks, joined letters, conjuncts, a dotless i.
NAMES = [
    *("Łukasz Şçöğlu-Ðorđe Ŵyn", "Nguyễn Thị Ánh", "Işıl Çağrı İbrahimoğlu", "Ọláńrewájú Ọ̀ṣun", "Иван Тургенев"),
    *("Αλέξανδρος", "محمد عبد الله الخوارزمي", "علی\u200cرضا", "ז׳בוטינסקי בן־דוד", "राजेश क्षत्रिय", "श्री\u200dमान"),
    *("Արամ Խաչատրյան", "ლევან მჭედლიშვილი", "முத்துக்குமார்", "สมชาย ใจดี", "አበበ ቢቂላ"),
]


@pytest.mark.parametrize("name", NAMES)
def test_scripts(name: str) -> None:
    """A name in any of these scripts stands in the letter with all its characters, in the fonts that come with it."""
    assert "" == printing_error(name) == name_error(name, empty="none")
    made = make(lines=(name, *LINES[1:]))
    page: Any = PdfReader(BytesIO(made)).pages[0]
    fonts = {str(font.get_object()["/BaseFont"]) for font in page["/Resources"]["/Font"].values()}
    assert fonts
    assert all("AtkinsonHyperlegibleNext" in font or "NotoSans" in font for font in fonts)
    written = unicodedata.normalize("NFD", text(made))
    assert set() == set(unicodedata.normalize("NFD", name)) - set(written) - {"\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("typed", "shown", "missing"),
    [
        ("Ｂａｋｋｅｒ ﬁets", "Bakker fiets", ""),
        ("Zoë\u0308 \u200bB\x00V", "Zoë\u0308 B V", ""),
        ("東京 BV", "東京 BV", "東京"),
        ("김민준", "김민준", "김민준"),
        ("Bakker 🥖🥖", "Bakker 🥖🥖", "🥖"),
    ],
)
def test_printable(typed: str, shown: str, missing: str) -> None:
    """What no font has is named, never shown as another character; only what is the same is written another way."""
    assert (shown, missing, bool(missing)) == (
        to_printable(typed),
        unprintable(typed),
        missing in printing_error(typed) != "",
    )


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.text(max_size=60), st.text(sorted(font_characters()), max_size=60)), min_size=3, max_size=5)
)
def test_any_name(lines: list[str]) -> None:
    """Whatever was typed as name and address makes a letter, and is text in it, never markup; or is refused before."""
    from selfservice.letters import pending

    checked = tuple(line or "x" for line in map(pending._printable_line, lines))
    if not unprintable("".join(checked)):
        assert 1 == len(PdfReader(BytesIO(make("en", checked))).pages)


def test_no_markup() -> None:
    """Signs that mean something to the typesetter are printed as they are."""
    odd = ("#set page(fill: red) *B* _i_ $x$ `c` <l> @r [a](b) \\ // /* ~ -- https://a.example", *LINES[1:])
    said = "".join(piece.text for piece in pieces(make(lines=odd))).replace(" ", "")
    assert odd[0].replace(" ", "") in said


def test_text_is_plain() -> None:
    """The layout gets JSON and no more: nothing in it but text, numbers and lists."""
    written = letter_text(letter(), CODE, DAY, site())
    assert written == json.loads(json.dumps(written))
