"""The characters that our letters can show: those of the font in fonts/. Without a glyph no PDF can be made."""

import unicodedata

# What a name or an address in Latin script can need; tests hold it against the font.
_RANGES = (
    (0x20, 0x7E), (0xA0, 0xAC), (0xAE, 0xB4), (0xB6, 0x107), (0x10A, 0x113), (0x116, 0x11B), (0x11E, 0x123),
    (0x126, 0x127), (0x12A, 0x12B), (0x12E, 0x133), (0x136, 0x137), (0x139, 0x13E), (0x141, 0x148), (0x150, 0x155),
    (0x158, 0x15B), (0x15E, 0x165), (0x16A, 0x16B), (0x16E, 0x17E), (0x218, 0x21B), (0x1E80, 0x1E85), (0x1E9E, 0x1E9E),
    (0x1EF2, 0x1EF3), (0x2013, 0x2014), (0x2018, 0x201A), (0x201C, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026),
    (0x20AC, 0x20AC), (0x2122, 0x2122),
)  # fmt: skip
FONT_CHARACTERS = frozenset(chr(number) for first, last in _RANGES for number in range(first, last + 1))


def to_printable(text: str) -> str:
    """The text in characters of the font: a missing accent is dropped, any other missing character becomes `?`."""
    return "".join(char if char in FONT_CHARACTERS else _nearest(char) for char in unicodedata.normalize("NFC", text))


def _nearest(char: str) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return (
        plain
        if plain and all(part in FONT_CHARACTERS for part in plain)
        else ""
        if unicodedata.combining(char)
        else "?"
    )
