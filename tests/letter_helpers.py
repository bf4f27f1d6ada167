"""What the tests of letters share: a letter that waits, a site to point to, and a reader of where text stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from fontTools.ttLib import TTFont
from pypdf import PdfReader

from selfservice.config import ROOT
from selfservice.db import Database
from selfservice.facts.facts import Facts
from selfservice.letters import pending
from selfservice.letters.pdf import FOLDER
from selfservice.letters.pending import Letter
from selfservice.letters.text import LetterContext
from selfservice.seeds import Seed, new_seed
from selfservice.values.access_code import derive_code
from tests.domain_helpers import CONTEXT, KEYS, NOW, add_person

LINES = ("Bakkerij De Gouden Korst", "Jip van der Zonnestraal", "Meelstraat 3", "0012 AB  TARWEDAM")
SEED = new_seed(KEYS, "code")
CODE = derive_code(KEYS, SEED)
LAST = date(2027, 1, 20)
DAY = date(2026, 11, 23)
MOMENT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PAGES = {
    "en": {"message-code": "/en/recognise-a-message/#message-code", "contact": "/en/contact/"},
    "nl": {"message-code": "/nl/is-dit-van-ons/#message-code", "contact": "/nl/contact/"},
}
POINTS_PER_MM = 72 / 25.4
A4_HEIGHT = 297


def site() -> LetterContext:
    """What letters point to."""
    from selfservice.i18n.languages import current_language

    facts = Facts.load(ROOT / "content" / "facts.toml")
    return LetterContext(facts, "https://help.loket.example", lambda key: PAGES[current_language()][key])


def letter(language: str = "nl", lines: tuple[str, ...] = LINES) -> Letter:
    """A letter to be printed."""
    return Letter(1, "K7RM4X9T", "C9YHLGW5", language, lines, SEED, LAST)


def enqueue(db: Database, number: int = 0, *, now: datetime = NOW, lines: tuple[str, ...] | None = None) -> int:
    """Queue a letter to a person of its own, at an address of its own; its row number."""
    seed = new_seed(KEYS, "code")
    person, _ = add_person(db, f"person{number}@bakkerij.example", derive_code(KEYS, seed))
    with db.write() as conn:
        made = conn.execute("SELECT id FROM access_codes WHERE person_id = :id", {"id": person}).fetchone()["id"]
        return pending.enqueue(
            conn,
            CONTEXT,
            access_code_id=made,
            reference="K7RM4X9T",
            language="en" if number % 2 else "nl",
            lines=lines or (f"Jip {'de ' * number}Jonge", f"Meelstraat {number + 1}", "0012 AB  TARWEDAM"),
            seed=seed,
            valid_until=LAST,
            now=now,
        )


def waiting_codes(db: Database) -> list[str]:
    """The codes of the letters that wait, as they will be printed, in order."""
    found = db.read().execute("SELECT nonce, key_id FROM letters WHERE state = 'ready' ORDER BY id")
    return [derive_code(KEYS, Seed("code", row["nonce"], row["key_id"])) for row in found]


@dataclass(frozen=True)
class Piece:
    """A piece of text on the page, with the box that it fills, in millimetres from the page's upper left corner."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


def pieces(pdf: bytes) -> list[Piece]:
    """The pieces of text of the first page. Their width is reckoned with the font's own widths."""
    fonts = {bold: TTFont(FOLDER / "fonts" / f"AtkinsonHyperlegibleNext-{bold}.ttf") for bold in ("Regular", "Bold")}
    found: list[Piece] = []

    def visit(text: str, matrix: list[float], line: list[float], font: Any, size: float) -> None:
        if not text.strip():
            return
        shown = text.replace("\u200b", "").strip("\n").rstrip()
        ttf = fonts["Bold" if "Bold" in str(font["/BaseFont"]) else "Regular"]
        widths, names, em = ttf["hmtx"], ttf.getBestCmap(), ttf["head"].unitsPerEm
        points = size * abs(line[0] * matrix[0])
        x = (line[4] * matrix[0] + matrix[4]) / POINTS_PER_MM
        y = A4_HEIGHT - (line[5] * matrix[3] + matrix[5]) / POINTS_PER_MM
        width = sum(widths[names[ord(sign)]][0] for sign in shown if ord(sign) in names)
        width *= points / em / POINTS_PER_MM
        found.append(Piece(shown, x, x + width, y - 0.8 * points / POINTS_PER_MM, y + 0.25 * points / POINTS_PER_MM))

    PdfReader(BytesIO(pdf)).pages[0].extract_text(visitor_text=visit)
    return found


def text(pdf: bytes) -> str:
    """All the text of all pages, each run of white space one space."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path in it."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
