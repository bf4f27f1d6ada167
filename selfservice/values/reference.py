"""References that people read aloud and copy by hand: seven random characters and a check character, as K7RM-4X92.

The alphabet leaves out what is misheard or misread: I, O, Q, Z, 0 and 1. The check character is Luhn's over the 30
characters that remain, as python-stdnum computes it: it finds every mistyped character, and swapped neighbours.
A reference is no secret (35 bits): what it opens asks for an e-mail address too.
"""

import secrets

from stdnum import luhn

from selfservice.i18n.catalogs import gettext
from selfservice.values.access_code import CODE_LENGTH, group_code, normalise_code
from selfservice.values.message_code import looks_like_message_code

REFERENCE_CHARACTERS = "23456789ABCDEFGHJKLMNPRSTUVWXY"
REFERENCE_RANDOM_LENGTH = 7
REFERENCE_LENGTH = REFERENCE_RANDOM_LENGTH + 1


def new_reference() -> str:
    """A new random reference, 8 characters without a dash."""
    return reference_with_check_character(
        "".join(secrets.choice(REFERENCE_CHARACTERS) for _ in range(REFERENCE_RANDOM_LENGTH))
    )


def reference_with_check_character(characters: str) -> str:
    """The characters followed by their check character. Raises ValueError for one not in REFERENCE_CHARACTERS."""
    return characters + str(luhn.calc_check_digit(characters, alphabet=REFERENCE_CHARACTERS))


def normalise_reference(text: str) -> str:
    """A typed reference in canonical form: upper case, without spaces, punctuation or invisible characters."""
    return normalise_code(text)


def is_valid_reference(reference: str) -> bool:
    """Whether a normalised reference has the right length, only characters of its alphabet and the right check one."""
    return (
        len(reference) == REFERENCE_LENGTH
        and all(char in REFERENCE_CHARACTERS for char in reference)
        and luhn.checksum(reference, alphabet=REFERENCE_CHARACTERS) == 0
    )


def reference_error(text: str) -> str:
    """The error message for a typed reference; empty if it is well-formed, whether or not it exists."""
    reference = normalise_reference(text)
    if not reference:
        return gettext("Fill in the reference. It is in our e-mail about your request.")
    if len(reference) == CODE_LENGTH:
        return gettext("This looks like an access code, which you log in with. Fill in the reference here.")
    if looks_like_message_code(reference):
        return gettext("This looks like the code of a message. Fill in the reference here, such as K7RM-4X9T.")
    if not is_valid_reference(reference):
        return gettext("There is a mistake in this reference. It has 8 letters and digits, such as K7RM-4X92.")
    return ""


def group_reference(reference: str) -> str:
    """A reference as people read it: K7RM-4X92."""
    return group_code(reference)
