"""Access codes: 15 random symbols and a check symbol, written in groups of four.

The symbols leave out 0, 1, I and O, which are misread. 15 of 32 symbols are 75 random bits. The check symbol
is a totally anti-symmetric sum over the field of 32 elements (H. M. Damm, 2004). ISO 7064 MOD 37,36 carried
over to 32 symbols was tried first: it needs one more than the symbol count to be prime, 33 is not, and it let
through some swapped neighbours (1 in 1,000) and swaps across one symbol (1 in 90); this sum lets through
none.
"""

import unicodedata

from selfservice import crypto
from selfservice.i18n import gettext
from selfservice.secrets import Keys

SYMBOLS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RANDOM_LENGTH = 15
LENGTH = RANDOM_LENGTH + 1
_FIELD = 0b100101  # x^5 + x^2 + 1, irreducible over two elements


def derive(keys: Keys, seed: crypto.Seed) -> str:
    """The access code that belongs to a seed, the same each time. Raises MissingKeyError.

    Each symbol is a byte of the HMAC modulo 32, which divides 256: all are equally likely.
    """
    drawn = crypto.derive(keys, seed)[:RANDOM_LENGTH]
    return with_check("".join(SYMBOLS[byte % len(SYMBOLS)] for byte in drawn))


def with_check(symbols: str) -> str:
    """The symbols with their check symbol behind them. Raises ValueError for a symbol that is not one of
    ours.
    """
    return symbols + SYMBOLS[_double(_sum(symbols))]


def normalise(text: str) -> str:
    """A typed code in its one form: upper case, full-width made narrow, without spaces, punctuation or invisible
    signs.
    """
    narrow = unicodedata.normalize("NFKC", text).upper()
    return "".join(sign for sign in narrow if not _is_separator(sign))


def valid(code: str) -> bool:
    """Whether a normalised code has the right length, only our symbols, and the right check symbol."""
    return len(code) == LENGTH and all(sign in SYMBOLS for sign in code) and _sum(code) == 0


def problem(text: str) -> str:
    """Why what was typed cannot be an access code, for who typed it; empty when it can be one, given out or not."""
    code = normalise(text)
    if not code:
        return gettext("Fill in your access code. It is in the e-mail or letter we sent you.")
    if len(code) != LENGTH:
        return gettext(
            "This code has %(count)s letters and digits; an access code has %(length)s. "
            "Compare it with your e-mail or letter.",
            count=len(code),
            length=LENGTH,
        )
    if not valid(code):
        return gettext("There is a mistake in this code. Compare it letter by letter with your e-mail or letter.")
    return ""


def grouped(code: str) -> str:
    """A code as people read it: ABCD-EFGH-JKLM-NPQR."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _is_separator(sign: str) -> bool:
    # Z*: spaces of every width; P*: dashes, dots and the quotation marks that a pasted code brings along; Cf: soft
    # hyphens and joiners; Cc: tabs and line ends; and the minus sign, which is a mathematical symbol (Sm) to Unicode.
    category = unicodedata.category(sign)
    return category[0] in "ZP" or category in ("Cf", "Cc") or sign == "\N{MINUS SIGN}"


def _sum(symbols: str) -> int:
    total = 0
    for sign in symbols:
        total = _double(total) ^ SYMBOLS.index(sign)
    return total


def _double(element: int) -> int:
    doubled = element << 1
    return doubled ^ _FIELD if doubled & 0b100000 else doubled
