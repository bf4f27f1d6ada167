"""Codes of messages: eleven random digits and a check digit, as 482 193 175 224, so that no one takes one for an access
code (ABCD-EFGH-JKLM-NPQR) or for the reference of a request (K7RM-4X9T).

The first digit is no 0, or it would look like a telephone number. The check digit is that of Damm: it finds every
mistyped digit, and swapped neighbours. A code is no secret (36 bits): who knows one can ask us what it was about. Until
30 November 2026 a message had a code of the shape of a reference.
"""

import secrets

from stdnum import damm

from selfservice.values.access_code import normalise_code

MESSAGE_CODE_LENGTH = 12


def new_message_code() -> str:
    """A new random code, twelve digits."""
    digits = str(10**10 + secrets.randbelow(9 * 10**10))
    return digits + damm.calc_check_digit(digits)


def looks_like_message_code(text: str) -> bool:
    """Whether a typed text has the shape of a message's code, with a mistake in it or without."""
    code = normalise_code(text)
    return len(code) == MESSAGE_CODE_LENGTH and code.isdecimal()


def is_valid_message_code(code: str) -> bool:
    """Whether a normalised code has twelve digits, the last of which checks the others."""
    return code.isascii() and looks_like_message_code(code) and bool(damm.is_valid(code))


def group_message_code(code: str) -> str:
    """A code as people read it: 482 193 175 224, with spaces at which no line is broken."""
    return "\N{NO-BREAK SPACE}".join(code[start : start + 3] for start in range(0, len(code), 3))
