"""Access codes: 15 random characters and a check character, written in groups of four.

The alphabet leaves out 0, 1, I and O, which are misread. 15 of 32 characters are 75 random bits. The check character
is a totally anti-symmetric sum over the field of 32 elements (H. M. Damm, 2004). ISO 7064 MOD 37,36 carried
over to 32 characters was tried first: it needs one more than the character count to be prime, 33 is not, and it let
through some swapped neighbours (1 in 1,000) and swaps across one character (1 in 90); this sum lets through
none.
"""

import unicodedata

from selfservice import seeds
from selfservice.crypto import Keys
from selfservice.i18n.catalogs import gettext

CHARACTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
RANDOM_LENGTH = 15
CODE_LENGTH = RANDOM_LENGTH + 1
# Of what is typed in its place: values/reference.py and values/message_code.py, which build on this file.
_REFERENCE_LENGTH, _MESSAGE_CODE_LENGTH = 8, 12
_FIELD_POLYNOMIAL = 0b100101  # x^5 + x^2 + 1, irreducible over two elements


def derive_code(keys: Keys, seed: seeds.Seed) -> str:
    """The access code derived from a seed; deterministic. Raises MissingKeyError.

    Each character is a byte of the HMAC modulo 32, which divides 256: all are equally likely.
    """
    drawn = seeds.derive(keys, seed)[:RANDOM_LENGTH]
    return with_check_character("".join(CHARACTERS[byte % len(CHARACTERS)] for byte in drawn))


def with_check_character(characters: str) -> str:
    """The characters followed by their check character. Raises ValueError for one that is not in CHARACTERS."""
    return characters + CHARACTERS[_double(_checksum(characters))]


def normalise_code(text: str) -> str:
    """A typed code in canonical form: NFKC, upper case, without spaces, punctuation or invisible characters."""
    narrow = unicodedata.normalize("NFKC", text).upper()
    return "".join(char for char in narrow if not _is_separator(char))


def is_valid_code(code: str) -> bool:
    """Whether a normalised code has the right length, only characters of CHARACTERS and the right check character."""
    return len(code) == CODE_LENGTH and all(char in CHARACTERS for char in code) and _checksum(code) == 0


def is_misplaced_code(code: str) -> bool:
    """Whether a normalised code has the shape of another code of ours: a reference, or the code of a message."""
    return len(code) == _REFERENCE_LENGTH or (len(code) == _MESSAGE_CODE_LENGTH and code.isdecimal())


def access_code_error(text: str) -> str:
    """The error message for a typed access code; empty if it is well-formed, whether or not it exists."""
    code = normalise_code(text)
    if not code:
        return gettext("Fill in your access code. It is in the e-mail or letter we sent you.")
    if len(code) == _REFERENCE_LENGTH:
        return gettext(
            "This looks like the reference of a request. Fill in your access code here: it has %(length)s letters and "
            "digits.",
            length=CODE_LENGTH,
        )
    if is_misplaced_code(code):
        return gettext(
            "This looks like the code of a message. You cannot log in with it. Fill in your access code here: it has "
            "%(length)s letters and digits.",
            length=CODE_LENGTH,
        )
    if len(code) != CODE_LENGTH:
        return gettext(
            "This code has %(count)s letters and digits, and an access code has %(length)s. Compare it with your "
            "e-mail or letter.",
            count=len(code),
            length=CODE_LENGTH,
        )
    if not is_valid_code(code):
        return gettext(
            "There is a mistake in this code. Compare it with your e-mail or letter, one character at a time."
        )
    return ""


def group_code(code: str) -> str:
    """A code as people read it: ABCD-EFGH-JKLM-NPQH."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _is_separator(char: str) -> bool:
    # Z*: spaces of every width; P*: dashes, dots and the quotation marks that a pasted code brings along; Cf: soft
    # hyphens and joiners; Cc: tabs and line ends; and the minus sign, which is a mathematical symbol (Sm) to Unicode.
    category = unicodedata.category(char)
    return category[0] in "ZP" or category in ("Cf", "Cc") or char == "\N{MINUS SIGN}"


def _checksum(characters: str) -> int:
    total = 0
    for char in characters:
        total = _double(total) ^ CHARACTERS.index(char)
    return total


def _double(element: int) -> int:
    doubled = element << 1
    return doubled ^ _FIELD_POLYNOMIAL if doubled & 0b100000 else doubled


# The hashes of one access code with the current secret and with the old one.
CodeHashes = tuple[str, str]


def hash_code(keys: Keys, code: str) -> str:
    """The hash to store of an access code, in any spelling: with the current secret."""
    return keys.keyed_hash("access-code", normalise_code(code))


def lookup_hashes(keys: Keys, code: str) -> CodeHashes:
    """The hashes to look up an access code by, in any spelling: with the current secret and with the old one."""
    return keys.keyed_hashes("access-code", normalise_code(code))
