"""E-mail addresses: one address, nothing else, and a way to show it without giving it away."""

import unicodedata

from email_validator import EmailNotValidError, validate_email

MAX_LENGTH = 254  # RFC 5321, 4.5.3.1.3, as erratum 1690 to RFC 3696 counts it


class AddressError(ValueError):
    """This is not one e-mail address that mail can be sent to."""


def check(text: str) -> str:
    """The address in the form mail is sent to: trimmed, its domain in ASCII. Nothing is looked up.

    Raises AddressError for anything that is not exactly one address: a line end or other control character, a
    second address, a display name, a domain without a dot.
    """
    trimmed = text.strip(" ")
    hidden = any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in trimmed)
    if hidden or len(trimmed) > MAX_LENGTH:
        raise AddressError("not an e-mail address")
    # Some of these may stand in a quoted local part. Nobody has such an address, and mail headers are made of
    # them.
    if any(sign in trimmed for sign in ',;:<>()[]\\"` '):
        raise AddressError("not one plain e-mail address")
    try:
        found = validate_email(trimmed, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise AddressError("not an e-mail address") from error
    return str(found.ascii_email or found.normalized)


def mask(address: str) -> str:
    """An address as its owner will recognise it and nobody else can use it: j•••@example.org."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"
