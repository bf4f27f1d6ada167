"""Access codes: 15 random symbols and a check symbol, written in groups of four.

The symbols leave out 0, 1, I and O, which are misread. 15 of 32 symbols are 75 random bits. The check symbol
is a totally anti-symmetric sum over the field of 32 elements (H. M. Damm, 2004). ISO 7064 MOD 37,36 carried
over to 32 symbols was tried first: it needs one more than the symbol count to be prime, 33 is not, and it let
through some swapped neighbours (1 in 1,000) and swaps across one symbol (1 in 90); this sum lets through
none.
"""

import unicodedata

from selfservice import seeds
from selfservice.crypto import Keys
from selfservice.i18n.catalogs import gettext

CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RANDOM_LENGTH = 15
CODE_LENGTH = RANDOM_LENGTH + 1
_FIELD = 0b100101  # x^5 + x^2 + 1, irreducible over two elements


def derive_code(keys: Keys, seed: seeds.Seed) -> str:
    """The access code that belongs to a seed, the same each time. Raises MissingKeyError.

    Each symbol is a byte of the HMAC modulo 32, which divides 256: all are equally likely.
    """
    drawn = seeds.derive(keys, seed)[:RANDOM_LENGTH]
    return with_check_character("".join(CHARACTERS[byte % len(CHARACTERS)] for byte in drawn))


def with_check_character(symbols: str) -> str:
    """The symbols with their check symbol behind them. Raises ValueError for a symbol that is not one of
    ours.
    """
    return symbols + CHARACTERS[_double(_sum(symbols))]


def normalise_code(text: str) -> str:
    """A typed code in its one form: upper case, full-width made narrow, without spaces, punctuation or invisible
    signs.
    """
    narrow = unicodedata.normalize("NFKC", text).upper()
    return "".join(sign for sign in narrow if not _is_separator(sign))


def is_valid_code(code: str) -> bool:
    """Whether a normalised code has the right length, only our symbols, and the right check symbol."""
    return len(code) == CODE_LENGTH and all(sign in CHARACTERS for sign in code) and _sum(code) == 0


def code_error(text: str) -> str:
    """Why what was typed cannot be an access code, for who typed it; empty when it can be one, given out or not."""
    code = normalise_code(text)
    if not code:
        return gettext("Fill in your access code. It is in the e-mail or letter we sent you.")
    if len(code) != CODE_LENGTH:
        return gettext(
            "This code has %(count)s letters and digits; an access code has %(length)s. "
            "Compare it with your e-mail or letter.",
            count=len(code),
            length=CODE_LENGTH,
        )
    if not is_valid_code(code):
        return gettext("There is a mistake in this code. Compare it letter by letter with your e-mail or letter.")
    return ""


def group_code(code: str) -> str:
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
        total = _double(total) ^ CHARACTERS.index(sign)
    return total


def _double(element: int) -> int:
    doubled = element << 1
    return doubled ^ _FIELD if doubled & 0b100000 else doubled


# Of one access code, under the first of our keys and under the old one.
Hashes = tuple[str, str]


def hash_code(keys: Keys, code: str) -> str:
    """What a new row keeps of an access code, however it was typed: its hash under the first of the keys."""
    return keys.keyed_hash("access-code", normalise_code(code))


def lookup_hashes(keys: Keys, code: str) -> Hashes:
    """What rows can hold of an access code, however it was typed: its hash under each of the keys. For look-ups."""
    return keys.keyed_hashes("access-code", normalise_code(code))
