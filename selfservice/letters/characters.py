"""The characters that our letters can print: those of the fonts in fonts/. Without a glyph no PDF can be made."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import JOINER, NON_JOINER, remove_invisible

FONTS = Path(__file__).parent / "fonts"


@lru_cache(1)
def font_characters() -> frozenset[str]:
    """Every character for which one of the fonts has a glyph. Reads the fonts, once a process."""
    return frozenset(char for path in FONTS.glob("*-Regular.ttf") for char in _characters(path.read_bytes()))


def unprintable(text: str) -> str:
    """The characters that no letter can print, each once, in their order; empty when all of the text can be printed."""
    return "".join(dict.fromkeys(char for char in to_printable(text) if char not in font_characters()))


def printing_error(text: str) -> str:
    """The error message for a name or address with characters that no letter can print; empty if there are none."""
    if not (missing := unprintable(text)):
        return ""
    return gettext(
        "Our letters cannot print this: %(characters)s. Use Latin letters. Write a name as it is in your passport.",
        characters=missing,
    )


def to_printable(text: str) -> str:
    """The text without invisible characters, with what fonts lack but another character is the same as (ligatures,
    full-width letters) written that way. Control characters become spaces.
    """
    seen = "".join(
        char if char.isprintable() or char in NON_JOINER + JOINER else " " for char in remove_invisible(text)
    )
    return "".join(char if char in font_characters() else _same(char) for char in seen)


def _same(char: str) -> str:
    spelled = unicodedata.normalize("NFKC", char)
    return spelled if font_characters().issuperset(spelled) else char


def _characters(font: bytes) -> Iterator[str]:
    """What a font's `cmap` table maps to a glyph, of the Basic Multilingual Plane (OpenType 1.9, cmap format 4)."""
    count = struct.unpack_from(">H", font, 4)[0]
    tables = {font[at : at + 4]: struct.unpack_from(">L", font, at + 8)[0] for at in range(12, 12 + 16 * count, 16)}
    cmap = tables[b"cmap"]
    table = cmap + int(struct.unpack_from(">L", font, cmap + 8)[0])
    form, segments = struct.unpack_from(">H4xH", font, table)
    if form != 4:
        raise ValueError("this font has another kind of table of characters")
    ends = struct.unpack_from(f">{segments // 2}H", font, table + 14)
    starts = struct.unpack_from(f">{segments // 2}H", font, table + 16 + segments)
    for first, last in zip(starts, ends, strict=True):
        yield from (chr(number) for number in range(first, min(last, 0xFFFE) + 1))
