"""E-mail addresses: one address, nothing else; its key, which two spellings share; its mask."""

import unicodedata
from contextlib import suppress


class EmailError(ValueError):
    """This is not one e-mail address that mail can be sent to."""


def check_email(text: str) -> str:
    """The address in the form mail is sent to: trimmed, its domain in ASCII. Nothing is looked up.

    Raises AddressError for anything that is not exactly one address: a line end or other control character, a
    second address, a display name, a domain without a dot.
    """
    from email_validator import EmailNotValidError, validate_email  # heavy: it compiles its grammar when imported

    try:
        # Without quoted local parts, display names and bracketed domains, since those are not asked for.
        found = validate_email(text.strip(" "), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise EmailError("not an e-mail address") from error
    return str(found.ascii_email or found.normalized)


def mask_email(address: str) -> str:
    """An address as its owner will recognise it and nobody else can use it: j•••@example.org."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def email_key(email: str) -> str:
    """What two spellings of one e-mail address have in common: case, composed letters and the ASCII form of a domain do
    not count.
    """
    if not email.isascii():
        # As it is kept; what is no address is nobody's key either, and stays as it is.
        with suppress(EmailError):
            email = check_email(email)
    return unicodedata.normalize("NFC", email.strip()).casefold()
