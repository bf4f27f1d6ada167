"""Cells of a sheet that stay what they are: text never becomes a formula, a number with leading zeros never a number.

The rule (OWASP, 'CSV injection'): a text that begins with a character that a spreadsheet calculates from gets an
apostrophe before it, also when spaces or other invisible characters stand first, and also with the full-width and small
forms of those characters. So does each part of a text behind a character at which a spreadsheet may be told to cut,
whatever the file's own separator is: it then begins a cell. Amounts and dates are not text, and never get one.
"""

import re
import unicodedata

from selfservice.values.characters import BLANK

CALCULATING = "=+-@"
BREAKING = "\t\r\n\0"
# Behind each of these a text may be cut, by a separator that somebody chose or at a line's end that no quotation marks
# keep together any more, since those count only where a cell begins.
_CUTS = re.compile(r"(?<=[,;|\t\n\0])|(?<=\r)(?!\n)")
# By Unicode's categories: spaces, joiners and marks of direction, control characters.
_INVISIBLE = {"Zs", "Zl", "Zp", "Cf", "Cc"}
# What a spreadsheet takes for a month, or for true and false, in either language: `MAR-26`, `DEC1` and `TRUE` become
# something else. By three letters, so `MARKT-1` gets an apostrophe too, which does no harm.
WORDLIKE = (
    "JAN", "FEB", "MAR", "MAA", "MRT", "APR", "MAY", "MEI", "JUN", "JUL", "AUG", "SEP", "OCT", "OKT", "NOV", "DEC",
    "TRU", "FAL", "WAA", "ONW",
)  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_TRUTHS = {"true", "false", "waar", "onwaar"}
# Which words a number, a day or a time may have in it, in either language.
_IN_NUMBERS = {
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "januari", "februari", "maart", "mei", "juni", "juli", "augustus", "oktober", "jan", "feb", "mar",
    "mrt", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "okt", "nov", "dec", "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "maandag",
    "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag", "ma", "di", "wo", "do", "vr", "za", "zo",
    "e", "am", "pm", "a", "p", "t", "z", "st", "nd", "rd", "th", "eur", "euro", "usd", "gbp",
}  # fmt: skip


def guard(text: str) -> str:
    """A text as it may stand in a sheet: with an apostrophe before it if a spreadsheet could calculate from it, and
    before each part of it that could become a cell of its own and be calculated from.
    """
    # Also when nothing in it can be seen.
    first = _first(text)
    return _mark(text, is_marked=bool(text) and (first is None or first in BREAKING or _calculates(first)))


def plain(text: str) -> str:
    """A text as it may stand in a sheet that is opened by a double click: also no number, date or truth value.

    `1E5` and `1-2-2026`, as names, would become something else; `24/7 Taxi` would not.
    """
    known = unicodedata.normalize("NFKC", text).casefold()
    numberlike = any(character.isdigit() for character in known) and all(
        word in _IN_NUMBERS for word in _WORD.findall(known)
    )
    return _mark(text, is_marked=True) if numberlike or known.strip() in _TRUTHS else guard(text)


def _mark(text: str, *, is_marked: bool) -> str:
    """The text with its apostrophes: before all of it if `is_marked`, and before each later part that calculates."""
    first, *rest = _CUTS.split(text)
    marked = [f"'{part}" if _calculates(_first(part) or "") else part for part in rest]
    return "".join([f"'{first}" if is_marked else first, *marked])


def _first(text: str) -> str | None:
    """The first character that can be seen, or that breaks a cell or line; None when there is none.

    Quotation marks do not count: to whoever cuts before them they are the cell's own, what they hold its content.
    """
    for character in text:
        if character in BREAKING or _calculates(character):
            return character
        if unicodedata.category(character) not in _INVISIBLE and character not in BLANK and character != '"':
            return character
    return None


def _calculates(character: str) -> bool:
    return character != "" and unicodedata.normalize("NFKC", character)[0] in CALCULATING


def quoted(text: str) -> str:
    """The text as a cell between quotation marks (RFC 4180), so any separator may stand in it."""
    return '"' + text.replace('"', '""') + '"'


def identifier(text: str) -> str:
    """A number by which something is known (of an order, an invoice, an organisation: A-Z, 0-9 and dashes) as a cell.

    With an apostrophe if a spreadsheet could take it for a number, a date, an exponent or a truth value. `lines` says
    the same in SQL.
    """
    return f"'{text}" if text < "A" or text[:3] in WORDLIKE else text
