"""Characters that cannot be seen, which clipboards, telephones and spreadsheets bring along: one policy for all values.

What means nothing is taken out: zero-width spaces, byte order marks, direction marks, soft hyphens, and letters and
marks that show nothing (BLANK). Every kind of space is a space. A zero-width joiner or non-joiner stays where it
changes how a word is written: inside words of Arabic, Indic and the like (Unicode Standard Annex 31, section 2.3).
Control characters stay, for a check to refuse.
"""

from __future__ import annotations

import re
import unicodedata

NON_JOINER, JOINER = "\u200c", "\u200d"
# Letters, marks and a sign that show nothing, alone or anywhere: fillers of Korean and Khmer, empty Braille, selectors.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0" + "".join(map(chr, range(0xFE00, 0xFE10))))
# NFC makes a semicolon of it, which would cut a line of a file in two fields.
GREEK_QUESTION_MARK = "\u037e"
_RUN = re.compile(f"([{NON_JOINER}{JOINER}])[{NON_JOINER}{JOINER}]+")
# Of the scripts between U+0600 and U+18AF some join their letters; Latin, Greek, Cyrillic and Hebrew stand elsewhere.
_JOINING = re.compile("[\u0600-\u18af]")
# Category Cf but for those that show: the signs around Arabic and Syriac numbers.
_SHOWN_FORMATS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2")


def remove_invisible(text: str) -> str:
    """The text in NFC without invisible characters, each space (and tab) a plain one; all else as it is."""
    if text.isascii():
        return text.replace("\t", " ")
    seen = unicodedata.normalize("NFC", "".join(map(_visible, text)))
    if NON_JOINER not in seen and JOINER not in seen:
        return seen
    seen = _RUN.sub(r"\1", seen)
    kept = (char for place, char in enumerate(seen) if char not in NON_JOINER + JOINER or _joins(seen, place))
    return unicodedata.normalize("NFC", "".join(kept))


def one_line(text: str) -> str:
    """The text without invisible characters, in one line, with single spaces and none around it."""
    return " ".join(remove_invisible(text).split())


def find_invisible(text: str) -> int | None:
    """The place of the first character that cannot be seen and that `remove_invisible` leaves: a control character."""
    if text.isprintable():
        return None
    return next((place for place, char in enumerate(text) if not remove_invisible(char).isprintable()), None)


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Zs" or char == "\t":
        return " "
    if char in BLANK:
        return ""
    if char == GREEK_QUESTION_MARK:
        return "?"
    return "" if category == "Cf" and char not in _SHOWN_FORMATS and char not in NON_JOINER + JOINER else char


def _joins(text: str, place: int) -> bool:
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    # A consonant without its vowel may end a word on a joiner (the chillus of Malayalam).
    ends = text[place] == JOINER and unicodedata.category(before or " ") == "Mn"
    return _is_part(before) and (_is_part(after) or ends)


def _is_part(char: str) -> bool:
    return bool(_JOINING.match(char)) and unicodedata.category(char)[0] in "LM"
