"""References that people read out and type over: seven random symbols and a check symbol, as K7RM-4X9T.

The symbols leave out what is misheard or misread: I, O, Q, Z, 0 and 1. The check symbol is Luhn's over the 30
symbols that are left, as python-stdnum computes it: it finds every mistyped symbol, and swapped neighbours.
A reference is no secret (35 bits): what it opens asks for an e-mail address too.
"""

import secrets

from stdnum import luhn

from selfservice.members import codes

SYMBOLS = "23456789ABCDEFGHJKLMNPRSTUVWXY"
RANDOM_LENGTH = 7
LENGTH = RANDOM_LENGTH + 1


def new() -> str:
    """A new random reference, 8 symbols without a dash."""
    return with_check("".join(secrets.choice(SYMBOLS) for _ in range(RANDOM_LENGTH)))


def with_check(symbols: str) -> str:
    """The symbols with their check symbol behind them. Raises ValueError for a symbol that is not one of ours."""
    return symbols + str(luhn.calc_check_digit(symbols, alphabet=SYMBOLS))


def normalise(text: str) -> str:
    """A typed reference in its one form: upper case, without spaces, punctuation or invisible signs."""
    return codes.normalise(text)


def valid(reference: str) -> bool:
    """Whether a normalised reference has the right length, only our symbols, and the right check symbol."""
    return (
        len(reference) == LENGTH
        and all(sign in SYMBOLS for sign in reference)
        and luhn.checksum(reference, alphabet=SYMBOLS) == 0
    )


def grouped(reference: str) -> str:
    """A reference as people read it: K7RM-4X9T."""
    return codes.grouped(reference)
