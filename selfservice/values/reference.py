"""References that people read out and type over: seven random symbols and a check symbol, as K7RM-4X9T.

The symbols leave out what is misheard or misread: I, O, Q, Z, 0 and 1. The check symbol is Luhn's over the 30
symbols that are left, as python-stdnum computes it: it finds every mistyped symbol, and swapped neighbours.
A reference is no secret (35 bits): what it opens asks for an e-mail address too.
"""

import secrets

from stdnum import luhn

from selfservice.values.access_code import group_code, normalise_code

REFERENCE_CHARACTERS = "23456789ABCDEFGHJKLMNPRSTUVWXY"
REFERENCE_RANDOM_LENGTH = 7
REFERENCE_LENGTH = REFERENCE_RANDOM_LENGTH + 1


def new_reference() -> str:
    """A new random reference, 8 symbols without a dash."""
    return reference_with_check("".join(secrets.choice(REFERENCE_CHARACTERS) for _ in range(REFERENCE_RANDOM_LENGTH)))


def reference_with_check(symbols: str) -> str:
    """The symbols with their check symbol behind them. Raises ValueError for a symbol that is not one of ours."""
    return symbols + str(luhn.calc_check_digit(symbols, alphabet=REFERENCE_CHARACTERS))


def normalise_reference(text: str) -> str:
    """A typed reference in its one form: upper case, without spaces, punctuation or invisible signs."""
    return normalise_code(text)


def is_valid_reference(reference: str) -> bool:
    """Whether a normalised reference has the right length, only our symbols, and the right check symbol."""
    return (
        len(reference) == REFERENCE_LENGTH
        and all(sign in REFERENCE_CHARACTERS for sign in reference)
        and luhn.checksum(reference, alphabet=REFERENCE_CHARACTERS) == 0
    )


def group_reference(reference: str) -> str:
    """A reference as people read it: K7RM-4X9T."""
    return group_code(reference)
