"""E-mail addresses: as people paste them, checking, masking, and the key that all spellings of one address share."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from difflib import get_close_matches
from urllib.parse import unquote

from selfservice.i18n.catalogs import gettext
from selfservice.values.characters import find_invisible, remove_invisible
from selfservice.values.error import FieldError, error_reason

# Addresses that are canonical already, which most are; all of email_validator's rules take 30 times as long.
_PLAIN = re.compile(
    r"(?!.{255})(?=.{1,64}@)[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*@"
    r"(?:[a-z0-9]{1,40}(?:-[a-z0-9]{1,20})?\.){1,3}(?:com|eu|example|net|nl|org)"
)
# Full-width ASCII, as Chinese and Japanese keyboards give it, and the full stops of those.
_FULL_WIDTH = {number: number - 0xFEE0 for number in range(0xFF01, 0xFF5F)} | {0x3002: ".", 0xFF61: "."}
_MAILTO = re.compile(r"mailto:([^?]*)(?:\?.*)?", re.IGNORECASE)
# Where very many have their address, and what looks like one of these but is a provider of its own.
_PROVIDERS = (
    "gmail.com", "hotmail.com", "hotmail.nl", "outlook.com", "icloud.com", "yahoo.com", "ziggo.nl", "kpnmail.nl",
    "xs4all.nl", "hetnet.nl", "upcmail.nl", "casema.nl", "protonmail.com",
)  # fmt: skip
_LOOK_ALIKES = ("mail.com", "email.com", "ymail.com", "mailo.com", "protonmail.ch")
_BRACKETS = re.compile(r"([^<>]*)<([^<>]*)>")


def check_email(text: str) -> str:
    """The canonical address: what was pasted around it taken off, its domain in ASCII. No DNS query is made.

    Around it may stand spaces, `mailto:` with a subject, `<…>` with a name before it, and a comma, semicolon or full
    stop behind. Raises FieldError ('empty' or 'wrong') for anything that is not exactly one address: a line end or
    other control character, a second address, a domain without a dot.
    """
    if _PLAIN.fullmatch(text):
        return text
    from email_validator import EmailNotValidError, validate_email  # heavy: it compiles its grammar when imported

    address = _unwrap(text)
    if not address:
        raise FieldError("empty")
    try:
        # Without quoted local parts, display names and bracketed domains, since those are not asked for.
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise FieldError("wrong") from error
    return str(found.ascii_email or found.normalized)


def normalise_email(text: str) -> str:
    """The canonical address; what is no address, as it is but for the spaces around it."""
    with suppress(FieldError):
        return check_email(text)
    return text.strip()


def email_error(text: str) -> str:
    """The error message for a typed e-mail address; empty if mail can be sent to it."""
    return {
        "empty": gettext("Fill in your e-mail address."),
        "wrong": gettext("This e-mail address is not complete. An e-mail address looks like name@example.org."),
    }.get(error_reason(check_email, text), "")


def likely_email(address: str) -> str:
    """What was probably meant by an address with a slip in the domain of a large provider; empty for any other."""
    local, _, domain = address.rpartition("@")
    near = get_close_matches(domain.lower(), _PROVIDERS, 1, 0.87)
    return f"{local}@{near[0]}" if near and domain.lower() not in (*near, *_LOOK_ALIKES) else ""


def mask_email(address: str) -> str:
    """A masked address, which its owner recognises and nobody else can use: j•••@example.org."""
    local, at, domain = normalise_email(address).rpartition("@")
    return f"{local[:1]}•••{at}{domain}" if at else "•••"


def email_key(email: str) -> str:
    """A key that all spellings of one address share: of the canonical form, without case. What is no address has a key
    that is nobody's.
    """
    return unicodedata.normalize("NFC", normalise_email(email)).casefold()


def _unwrap(text: str) -> str:
    """What is left without that which clipboards and mail programs put around an address. Raises FieldError for what
    holds a line end, or more than an address with a name.
    """
    if find_invisible(remove_invisible(text)) is not None:
        raise FieldError("wrong")
    address, name = _strip(remove_invisible(text).translate(_FULL_WIDTH)), ""
    if brackets := _BRACKETS.fullmatch(address):
        name, address = brackets[1].strip(), _strip(brackets[2])
    if mailto := _MAILTO.fullmatch(address):
        address = _strip(unquote(mailto[1]))
    # Mail programs write `a@b.nl <mailto:a@b.nl>`; any other address in the name is a second one.
    if "@" in name and name.casefold() != address.casefold():
        raise FieldError("wrong")
    return address


def _strip(text: str) -> str:
    return text.strip().rstrip(" ,;.")
