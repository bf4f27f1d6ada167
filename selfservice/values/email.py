"""E-mail addresses: checking, masking, and the key that all spellings of one address share."""

import unicodedata
from contextlib import suppress

from selfservice.i18n.catalogs import gettext
from selfservice.values.error import FieldError, error_reason


def check_email(text: str) -> str:
    """The canonical address: trimmed, its domain in ASCII. No DNS query is made.

    Raises FieldError for anything that is not exactly one address: a line end or other control character, a
    second address, a display name, a domain without a dot.
    """
    from email_validator import EmailNotValidError, validate_email  # heavy: it compiles its grammar when imported

    try:
        # Without quoted local parts, display names and bracketed domains, since those are not asked for.
        found = validate_email(text.strip(" "), check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise FieldError("wrong") from error
    return str(found.ascii_email or found.normalized)


def email_error(text: str) -> str:
    """The error message for a typed e-mail address; empty if mail can be sent to it."""
    if not text.strip():
        return gettext("Fill in your e-mail address.")
    if error_reason(check_email, text):
        return gettext("This is not a complete e-mail address. It looks like name@example.org.")
    return ""


def mask_email(address: str) -> str:
    """A masked address, which its owner recognises and nobody else can use: j•••@example.org."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def email_key(email: str) -> str:
    """A key that all spellings of one address share: ignores case, Unicode composition and the form of the domain."""
    if not email.isascii():
        # As it is stored; what is no address matches nobody, and stays as it is.
        with suppress(FieldError):
            email = check_email(email)
    return unicodedata.normalize("NFC", email.strip()).casefold()
